#!/bin/sh
# Channels that declare relations to each other (CEP 42): followed when asked for, told, and refused when they
# run in a circle.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
site=$scratch/site

# channel NAME PACKAGE [RELATIONS]: a channel with version 1 of one package.
channel() {
	mkdir -p "$site/$1/noarch"
	printf '{"info": {"channel_relations": {%s}}, "packages.conda": {"%s-1-0.conda": {"name": "%s", "version": "1",
		"build": "0", "build_number": 0, "size": 10, "sha256": "%064d"%s}}}' \
		"${3:-}" "$2" "$2" 1 "${4:-}" >"$site/$1/noarch/repodata.json"
}
# from CHANNEL OPTION...
from() {
	first=$1
	shift
	rm -f o.lock
	lockenv solve --override-channels -c "$site/$first" --platform linux-64 --glibc 2.28 -o o.lock "$@"
}
# order NAME...: the lock's channels.
order() {
	is "$(sed -n '/^channels:/,/^channel-priority/s/^- name: //p' o.lock | tr '\n' ' ')" "$* "
}
channel forge tool
channel bio app '"base": "../forge"' ', "depends": ["tool"]'
channel mine mine '"base": "../bio", "overrides": "../spare"' ', "depends": ["app"]'
channel spare spare

# Not unless asked for.
runs 3 from bio app
err_has tool
runs 0 from bio --channel-relations app
err_has "channel file://$site/forge is added: bio builds upon it"
order forge bio
# The lock holds them: it needs no more asking.
cp o.lock kept.lock
runs 0 lockenv solve --locked -o kept.lock
runs 0 from mine --channel-relations mine spare
err_has "channel file://$site/spare is added: mine overrides it"
order forge bio mine spare
runs 0 from bio -c "$site/forge" --channel-relations app
order bio forge
err_lacks 'is added'

# Also from an index of shards.
mkshards "$site/bio/noarch" >/dev/null
rm "$site/bio/noarch/repodata.json"
runs 0 from bio --channel-relations app
order forge bio

# How deep, and by configuration.
printf 'channel_relations_max_depth: 1\n' >"$LOCKENV_CONFIG"
runs 0 from bio app
order forge bio
runs 4 from mine mine
err_has 'more than 1 deep'
printf 'channels: []\n' >"$LOCKENV_CONFIG"

channel circle x '"base": "../round"'
channel round y '"base": "../circle"'
runs 4 from circle --channel-relations x
err_has 'run in a circle'
channel both x '"base": "../forge", "overrides": "../forge"'
runs 4 from both --channel-relations x
err_has 'to build upon and to override'
channel away x '"base": "https://example.org/forge"'
runs 4 from away --channel-relations x
err_has 'which is no channel beside it'
channel lost x '"base": "../nowhere"'
runs 4 from lost --channel-relations x
err_has "$site/nowhere"

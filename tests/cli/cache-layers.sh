#!/bin/sh
# A cache above others that are only read: what they hold is used, what they lack is made above them.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o env.lock
site=$scratch/site
own=$scratch/own
lockenv fetch -q --cache "$site" env.lock
runs 0 lockenv install --json --cache "$scratch/alone" --from "$site" env.lock -p env
digest=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out")
rm -rf env

# Archives below, trees above; nothing is fetched, nothing below changes.
before=$(digest "$site")
runs 0 lockenv fetch --json --cache "$own:$site" env.lock
json 'd["downloaded"], d["present"]' '(0, 3)'
runs 0 lockenv install --json --cache "$own:$site" env.lock -p env
json 'd["tree_digest"], d["link_mode"]' "('$digest', 'hardlink')"
is "$(digest "$site")" "$before"
is "$(find "$own/trees" -mindepth 1 -maxdepth 1 | wc -l)" 3
is "$(find "$own/archives" -type f | wc -l)" 0

# Trees below serve too, in the order of the layers; the environment says the same.
runs 0 lockenv install -q --cache "$site" env.lock -p extracted
rm -rf env "$own"
runs 0 env "LOCKENV_CACHE=$own:/nowhere/at/all::$site" lockenv install --json env.lock -p env
err_has "warning: there is no cache at '/nowhere/at/all': passed over"
json 'd["tree_digest"], d["link_mode"]' "('$digest', 'hardlink')"
is "$(find "$own/trees" -mindepth 1 | wc -l)" 0

# Layers alone: what they hold can be installed, nothing can be fetched.
rm -rf env
runs 0 lockenv install --json --cache ":$site" env.lock -p env
json 'd["tree_digest"]' "$digest"
runs 2 lockenv fetch --cache ":$site" env.lock
err_has 'no folder that may be written'
mkdir "$scratch/bare"
cp -R "$site/archives" "$scratch/bare"
runs 0 lockenv install --cache ":$scratch/bare" env.lock -p other
runs 6 lockenv install --cache ":/nowhere" env.lock -p none
absent none
is "$(ls "$scratch/bare")" archives

# A damaged tree below is passed over and left; a damaged archive is fetched again into the own one.
rm -rf env
find "$site"/trees/hello-1.1-h0_0-* -name only-1.1.txt -exec sh -c 'echo more >>"$1"' sh {} \;
before=$(digest "$site")
runs 0 lockenv install --json --cache "$own:$site" env.lock -p env
err_has "the tree of 'hello-1.1-h0_0.conda' in the cache '$site' is passed over"
json 'd["tree_digest"]' "$digest"
rm -rf env
runs 0 lockenv install --json --cache "$own:$site" env.lock -p env
err_lacks 'passed over'
is "$(digest "$site")" "$before"

bad=$(find "$site/archives" -name 'oldtool-*')
chmod u+w "$bad"
printf X | dd of="$bad" bs=1 seek=100 conv=notrunc status=none
before=$(digest "$site")
rm -rf "$own" env
mv "$site/trees" "$site/no-trees"
runs 5 lockenv install --cache "$own:$site" env.lock -p env
err_has "in the cache '$site' has sha256"
err_has 'fetch --verify'
runs 0 lockenv fetch --json --cache "$own:$site" env.lock
json 'd["downloaded"]' 0
runs 0 lockenv fetch --json --verify --cache "$own:$site" env.lock
json 'd["downloaded"], d["present"]' '(1, 2)'
mv "$site/no-trees" "$site/trees"
is "$(digest "$site")" "$before"
runs 0 lockenv install -q --cache "$own:$site" env.lock -p env

# Nobody can write there, be it so by its mode or as a read-only mount.
if [ "$(id -u)" -ne 0 ]; then
	chmod -R a-w "$site"
	rm -rf env "$own"
	runs 0 lockenv install --json --cache "$own:$site" env.lock -p env
	json 'd["tree_digest"]' "$digest"
elif unshare -m true 2>/dev/null; then
	rm -rf env "$own"
	# shellcheck disable=SC2016 # expanded by the inner shell
	runs 0 unshare -m sh -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"' \
		"$site" lockenv install --json --cache "$own:$site" env.lock -p env
	json 'd["tree_digest"]' "$digest"
else
	part 'no mount namespaces here'
fi

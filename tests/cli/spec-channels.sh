#!/bin/sh
# Channels that only a spec or pin names: they come last, and their credentials are used, but neither stored nor shown.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
site=$scratch/site

# channel NAME VERSION: a channel with x VERSION.
channel() {
	mkdir -p "$site/$1/noarch"
	printf '{"packages.conda": {"x-%s-0.conda": {"name": "x", "version": "%s", "build": "0", "build_number": 0,
		"size": 10, "sha256": "%064d"}}}' "$2" "$2" 1 >"$site/$1/noarch/repodata.json"
}
# from_first ARGUMENT...
from_first() {
	rm -f o.lock
	lockenv solve --override-channels -c "$site/first" --platform linux-64 --glibc 2.28 -o o.lock "$@"
}
channel first 1.0
channel second 2.0

for spec in "file://$site/second::x" "$site/second::x" "x[channel='$site/second']"; do
	runs 0 from_first "$spec"
	is 'first second ' "$(sed -n '/^channels:/,/^channel-priority/s/^- name: //p' o.lock | tr '\n' ' ')"
	has o.lock 'from: second/noarch/x-2.0-0.conda'
	runs 0 lockenv solve --locked -o o.lock
done

[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || skip 'no nginx'
mkdir -p "$site/t/secret"
cp -r "$site/second" "$site/t/secret/second"
serve "$site"
for spec in "http://who:secret@${url#http://}/second::x" "$url/t/secret/second::x"; do
	runs 0 from_first "$spec"
	err_lacks secret
	has o.lock "- $url/second::x"
	has o.lock 'from: second/noarch/x-2.0-0.conda'
	is 0 "$(grep -c secret o.lock || true)"
done
runs 0 from_first x --pin "http://who:secret@${url#http://}/second::x"
has o.lock "- $url/second::x"
has o.lock 'from: second/noarch/x-2.0-0.conda'
is 0 "$(grep -c secret o.lock || true)"
runs 3 from_first "http://who:secret@${url#http://}/second::x >=3"
err_lacks secret
# Written with an escape, in the address of a pin, and in specs that warn or are wrong.
runs 0 from_first "x[channel=\"http://who:se\\\"cret@${url#http://}/second\"]"
err_lacks 'cret'
is 0 "$(grep -c 'cret' o.lock || true)"
has o.lock 'from: second/noarch/x-2.0-0.conda'
runs 0 lockenv solve -c "$url/first" --override-channels x --pin "http://who:secret@${url#http://}/first/noarch/x-1.0-0.conda" -o o.lock
is 0 "$(grep -c secret o.lock || true)"
runs 0 from_first "http://who:secret@${url#http://}/second::x >=1.*"
err_has "'.*' after an order operator is ignored"
err_lacks secret
runs 2 from_first "http://who:secret@${url#http://}/t/secret/second::x[nokey=1]"
err_has "http://**********@${url#http://}/t/******/second"
err_lacks secret
lockenv solve --json -c "$site/first" "http://who:secret@h/second::x[nokey=1]" >o.json 2>&1 || true
has o.json '@h/second::x'
is 0 "$(grep -c secret o.json || true)"
unserve

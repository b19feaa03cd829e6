#!/bin/sh
# Specs that are the URL or path of an archive: that artifact and no other, whatever the channels' order; and
# no credentials of a spec where they would be stored or shown.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
site=$scratch/site

# channel NAME PACKAGE VERSION [DEPENDS]: a channel of one noarch package.
channel() {
	mkdir -p "$site/$1/noarch"
	printf '{"packages.conda": {"%s-%s-0.conda": {"name": "%s", "version": "%s", "build": "0", "build_number": 0,
		"size": 10, "sha256": "%064d", "depends": [%s]}}}' "$2" "$3" "$2" "$3" 1 "${4:-}" \
		>"$site/$1/noarch/repodata.json"
}
# from CHANNEL ARGUMENT...
from() {
	first=$1
	shift
	rm -f o.lock
	lockenv solve --override-channels -c "$site/$first" --platform linux-64 --glibc 2.28 -o o.lock "$@"
}
channel first x 1.0
channel second x 2.0 '"y"'
mkdir -p "$site/second/linux-64"
printf '{"packages.conda": {"y-1-0.conda": {"name": "y", "version": "1", "build": "0", "build_number": 0,
	"size": 10, "sha256": "%064d"}}}' 2 >"$site/second/linux-64/repodata.json"

# The first channel has the name, and strict priority would hide the second's.
runs 0 from first x -c "$site/second"
has o.lock 'from: first/noarch/x-1.0-0.conda'
runs 0 from first -c "$site/second" "file://$site/second/noarch/x-2.0-0.conda"
has o.lock 'from: second/noarch/x-2.0-0.conda'
has o.lock 'from: second/linux-64/y-1-0.conda'

# Its channel joins the list by itself; a path is as good, with or without dots in front.
cd "$site"
for spec in "file://$site/second/noarch/x-2.0-0.conda" "$site/second/noarch/x-2.0-0.conda" \
	./second/noarch/x-2.0-0.conda second/noarch/x-2.0-0.conda ../site/second/noarch/x-2.0-0.conda \
	"x[url='$site/second/noarch/x-2.0-0.conda']"; do
	runs 0 from first "$spec"
	has o.lock 'from: second/noarch/x-2.0-0.conda'
	has o.lock "file://$site/second/noarch/x-2.0-0.conda"
done
# The lock needs no more asking.
runs 0 lockenv solve --locked -o o.lock
cd "$scratch/work"

# What is not there.
runs 3 from first "$site/second/noarch/x-3.0-0.conda"
err_has x-3.0-0.conda
runs 4 from first "$site/third/noarch/x-3.0-0.conda"
err_has third
runs 3 from first "$scratch/x-2.0-0.conda"
err_has x-2.0-0.conda

# Credentials of a spec are used, but neither shown nor stored.
mkdir -p "$site/t/secret"
cp -r "$site/second" "$site/t/secret/second"
serve "$site"
for spec in "http://who:secret@${url#http://}/second::x" "http://who:secret@${url#http://}/second/noarch/x-2.0-0.conda" \
	"$url/t/secret/second::x"; do
	runs 0 from first "$spec"
	err_lacks secret
	has o.lock 'from: second/noarch/x-2.0-0.conda'
	! grep -q secret o.lock || fail 'the lock holds a secret'
done
unserve

#!/bin/sh
# The index beside cached repodata: made by one of many solves at once, used, damaged, done without.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
channel=$scratch/channel
mkdir -p "$channel/noarch"
cache=$scratch/cache-of-index

# A few thousand records, so that the text is longer than one portion of the scan.
"$python" - "$channel/noarch/repodata.json" <<'PY'
import json, sys

packages = {}
for number in range(12000):
    name = "a" if number < 3000 else "n%05d" % number
    packages["%s-%05d-0.conda" % (name, number)] = {
        "name": name, "version": str(number), "build": "0", "build_number": 0, "size": number + 1,
        "sha256": "%064d" % number, "depends": ["n11999"] if name == "a" else []}
with open(sys.argv[1], "w") as out:
    json.dump({"packages.conda": packages}, out)
PY
sleep 3 # a folder that has only just changed gets no index

# anew LOCK [OPTION]...
anew() {
	lock=$1
	shift
	rm -f "$lock"
	lockenv solve --cache "$cache" --override-channels -c "$channel" --platform linux-64 --glibc 2.28 \
		"$@" a -o "$lock"
}

# Many at once on an empty cache: the same lock from each, one sound index, nothing left over.
for i in 1 2 3 4 5 6 7 8; do
	anew "many$i.lock" -q 2>"many$i.err" &
done
wait
for i in 1 2 3 4 5 6 7 8; do
	same many1.lock "many$i.lock"
	[ ! -s "many$i.err" ] || fail "many$i: $(cat "many$i.err")"
done
has many1.lock 'a-02999-0.conda'
has many1.lock 'n11999-11999-0.conda'
is 1 "$(find "$cache/repodata" -name '*.index' | wc -l)"
is 0 "$(find "$cache/tmp" -type f | wc -l)"
index=$(find "$cache/repodata" -name '*.index')

# It is used: no second one is made.
before=$(stat -c %i "$index")
runs 0 anew warm.lock -v
err_lacks 'made anew'
same many1.lock warm.lock
is "$before" "$(stat -c %i "$index")"

# Cut in the tables, other bytes all over the text: made anew, told with -v only, the same lock.
truncate -s -100 "$index"
runs 0 anew cut.lock -v
err_has "is damaged: made anew"
same many1.lock cut.lock
"$python" - "$index" <<'PY'
import sys

with open(sys.argv[1], "r+b") as file:
    for at in range(65536 + 70, 65536 + 900000, 150):
        file.seek(at)
        file.write(b"#")
PY
runs 0 anew flipped.lock
err_lacks 'made anew'
same many1.lock flipped.lock
runs 0 anew healed.lock -v
err_lacks 'made anew'

# A cache that cannot take it is no hindrance.
rm "$index"
rm -r "$cache/tmp"
touch "$cache/tmp"
runs 8 anew none.lock
absent none.lock
rm "$cache/tmp"
runs 0 anew again.lock
same many1.lock again.lock

#!/bin/sh
# What the cache holds, for whoever packs a delta; and whether it is whole.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o env.lock
cache=$LOCKENV_CACHE
archive() {
	find "$cache/archives" -name "$1-*"
}

runs 0 lockenv cache path
out_is "$cache"
rm -rf "$cache"
runs 2 lockenv cache inventory
err_has "there is no cache at '$cache'"
runs 0 lockenv cache path --json
json 'd["path"]' "$cache"
absent "$cache"
runs 2 lockenv cache nothing
err_has "unknown cache command 'nothing'"

# One line each: sha256, size, file name; sorted, the same each time and for whatever order they came in.
lockenv fetch -q env.lock
runs 0 lockenv cache inventory
cp "$out" plain.txt
is "$(head -n 1 plain.txt)" '# lockenv-inventory 1'
tail -n +2 plain.txt | while read -r sha256 size fn; do
	file=$(archive "$fn")
	is "$(sha256sum <"$file")" "$sha256  -"
	is "$(stat -c %s "$file")" "$size"
done
is "$(tail -n +2 plain.txt | LC_ALL=C sort | sha256sum)" "$(tail -n +2 plain.txt | sha256sum)"
is "$(wc -l <plain.txt)" 4
runs 0 lockenv cache inventory --verify -o far.txt
err_has '3 archives are listed in far.txt'
same far.txt plain.txt
lockenv fetch -q --cache "$scratch/second" env.lock
runs 0 lockenv cache inventory --cache "$scratch/second:$cache"
same "$out" plain.txt
runs 0 lockenv cache inventory --json
json 'len(d["archives"]), sorted(d["archives"][0])' "(3, ['fn', 'sha256', 'size'])"

# Damage: told, left out, set aside, fetched again.
runs 0 lockenv install -q env.lock -p env
runs 0 lockenv cache verify
out_is '3 archives and 3 trees checked, 0 damaged'
bad=$(archive hello-1.1-h0_0.conda)
printf X | dd of="$bad" bs=1 seek=100 conv=notrunc status=none
runs 0 lockenv cache inventory --verify
err_has "'$bad' has other bytes than its name says: left out"
is "$(wc -l <"$out")" 3
runs 0 lockenv cache inventory
same "$out" plain.txt
before=$(digest "$cache")
runs 1 lockenv cache verify --dry-run
out_has "$bad: its sha256 is"
is "$(digest "$cache")" "$before"
runs 1 lockenv cache verify --cache ":$cache" --dry-run
find "$cache/trees" -path '*share/greeting/plain.txt' -exec sh -c 'chmod u+w "$1"; echo more >>"$1"' sh {} \;
runs 1 lockenv cache verify --json
json 'd["archives"], d["trees"], [x["set_aside"] for x in d["damaged"]]' '(3, 3, [True, True])'
json 'd["damaged"][1]["why"]' "its file 'share/greeting/plain.txt' has 10 bytes instead of 5"
absent "$bad"
is "$(find "$cache/tmp" -mindepth 2 -maxdepth 2 | wc -l)" 2
runs 0 lockenv cache verify
out_is '2 archives and 2 trees checked, 0 damaged'
runs 0 lockenv fetch --json env.lock
json 'd["downloaded"], d["present"]' '(1, 2)'
runs 0 lockenv install -q env.lock -p env2
runs 0 lockenv cache verify

# How much there is of what.
runs 0 lockenv cache info
out_has "$cache"
runs 0 lockenv cache info --json
json 'd["archive"]["entries"], d["tree"]["entries"], d["tmp"]["entries"], d["own_bytes"] > 0' '(3, 3, 2, True)'

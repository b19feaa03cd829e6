#!/bin/sh
# Full-size channels under build/bench/data from the real conda-forge records of ../shared/data:
#     full      linux-64 600,000 records, noarch 300,000, and 200,000 for four other platforms; keys sorted
#     tenth     linux-64 60,000 and noarch 30,000: the same reachable part
#     unsorted  linux-64 and noarch of full, keys in random order
#     shards    linux-64 and noarch of full as shards (CEP 16) and nothing else
# Seeded. Each part is made once and kept; a stamp beside it says of what.
set -eu
cd "$(dirname "$0")/.."

real=$PWD/../shared/data/channels/conda-forge
out=$PWD/build/bench/data
mkshards=$PWD/build/release/bin/mkshards
if [ ! -d "$real" ]; then
	echo 'bench/data.sh: no ../shared/data: skipped'
	exit 0
fi
mkdir -p "$out"

# part NAME RECIPE COMMAND...: runs COMMAND unless NAME was made by that RECIPE.
part() {
	stamp=$out/$1.stamp
	recipe=$2
	shift 2
	[ "$(cat "$stamp" 2>/dev/null)" != "$recipe" ] || return 0
	"$@"
	printf '%s\n' "$recipe" >"$stamp"
}

# records CHANNEL RECORDS SUBDIR... [--shuffle]
records() {
	channel=$1
	records=$2
	shift 2
	part "$channel-$records" "$(sha256sum <bench/data.py) $*" \
		python3 bench/data.py --records "$records" "$real" "$out/$channel" "$@"
}

make_shards() {
	rm -rf "$out/shards"
	for subdir in linux-64 noarch; do
		mkdir -p "$out/shards/$subdir"
		ln "$out/full/$subdir/repodata.json" "$out/shards/$subdir"
		"$mkshards" "$out/shards/$subdir"
		rm "$out/shards/$subdir/repodata.json"
	done
}

records full 600000 linux-64
records full 300000 noarch
records full 200000 linux-aarch64 osx-64 osx-arm64 win-64
records tenth 60000 linux-64
records tenth 30000 noarch
records unsorted 600000 linux-64 --shuffle
records unsorted 300000 noarch --shuffle
part shards "$(cat fixtures/mkshards.c "$out"/full-*00000.stamp | sha256sum)" make_shards

#!/bin/sh
# Full-size channels under build/bench/data from the real conda-forge records of ../shared/data:
#     full      linux-64 600,000 records, noarch 300,000, and 200,000 for three other platforms; keys sorted
#     tenth     linux-64 60,000 and noarch 30,000: the same reachable part
#     unsorted  linux-64 and noarch of full, keys in random order
# Seeded; made once, then kept.
set -eu
cd "$(dirname "$0")/.."

real=$PWD/../shared/data/channels/conda-forge
out=$PWD/build/bench/data
if [ ! -d "$real" ]; then
	echo 'bench/data.sh: no ../shared/data: skipped'
	exit 0
fi
stamp=$out/stamp
want=$(cat bench/data.py bench/data.sh | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
	exit 0
fi

# make CHANNEL RECORDS SUBDIR... [--shuffle]
make() {
	channel=$1
	records=$2
	shift 2
	python3 bench/data.py --records "$records" "$real" "$out/$channel" "$@"
}

rm -rf "$out"
make full 600000 linux-64
make full 300000 noarch
make full 200000 linux-aarch64 osx-arm64 win-64
make tenth 60000 linux-64
make tenth 30000 noarch
make unsorted 600000 linux-64 --shuffle
make unsorted 300000 noarch --shuffle
printf '%s\n' "$want" >"$stamp"

#!/bin/sh
# How much of a sharded channel (600,000 and 300,000 records) a solve of pytorch-gpu fetches, and that its lock is the
# one that the whole files give. How long both take is in solve.sh.
set -eu
cd "$(dirname "$0")/.."
. scripts/serve.sh

sh bench/data.sh
data=$PWD/build/bench/data
if [ ! -d "$data/shards" ]; then
	echo 'bench/shards.sh: no full-size channels: skipped'
	exit 0
fi
work=$PWD/build/bench/shards
rm -rf "$work"
mkdir -p "$work/state"
serve_start "$data" "$work/state"
trap 'serve_stop "$work/state"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# solve CHANNEL: the command line.
solve() {
	printf '%s' "build/release/bin/lockenv solve -q --cache $work/$1 --override-channels \
-c http://127.0.0.1:$serve_port/$1 --platform linux-64 --cuda 12.9 --glibc 2.35 'python 3.12.*' pytorch-gpu \
--update-all -o $work/$1.lock"
}

sh -c "$(solve full)"
: >"$work/state/access.log"
sh -c "$(solve shards)"
sed 's|\bfull\b|shards|g' "$work/full.lock" | cmp - "$work/shards.lock"
awk '/\/shards\/[^/]*\.msgpack\.zst / && $9 == 200 { n++; bytes += $10 }
	/repodata_shards/ && $9 == 200 { indices += $10 }
	END { printf "fetched: %d shards, %d bytes, and %d bytes of indices\n", n, bytes, indices }' \
	"$work/state/access.log"
printf 'there are: %d shards; whole files: %d bytes\n' \
	"$(find "$data"/shards/*/shards -type f | wc -l)" \
	"$(cat "$data"/full/linux-64/repodata.json.zst "$data"/full/noarch/repodata.json.zst | wc -c)"

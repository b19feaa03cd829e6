#!/bin/sh
# pytorch-gpu on the real conda-forge records of ../shared/data (31k records), served by nginx on loopback.
# cold: an empty cache; warm: repodata cached and revalidated; locked: nothing to do. BENCH_PAIRS (7).
set -eu
cd "$(dirname "$0")/.."
. scripts/serve.sh

data=$PWD/../shared/data/channels
if [ ! -d "$data/conda-forge" ]; then
	echo 'bench/solve.sh: no ../shared/data: skipped'
	exit 0
fi
work=$PWD/build/bench/solve
lockenv=$PWD/build/release/bin/lockenv
rm -rf "$work"
mkdir -p "$work/state"
serve_start "$data" "$work/state"
trap 'serve_stop "$work/state"' EXIT INT TERM
export LOCKENV_CACHE="$work/cache"

solve="$lockenv solve -q --override-channels -c http://127.0.0.1:$serve_port/conda-forge \
--platform linux-64 --cuda 12.9 --glibc 2.35 'python 3.12.*' pytorch-gpu"
python3 bench/pair.py --pairs "${BENCH_PAIRS:-7}" --before "rm -rf '$work/cache'" \
	'solve, cold' "$solve --update-all -o $work/cold.lock" \
	'floor: zstd -dc of both files' \
	"sh -c 'zstd -dcq $data/conda-forge/linux-64/repodata.json.zst $data/conda-forge/noarch/repodata.json.zst >/dev/null'"
python3 bench/pair.py --pairs "${BENCH_PAIRS:-7}" \
	'solve, warm' "$solve --update-all -o $work/warm.lock" \
	'solve --locked, nothing to do' "$solve --locked -o $work/cold.lock"

#!/bin/sh
# The full-size channels of bench/data.sh, served by nginx on loopback: repodata to ready, solves warm and cold,
# growth, several platforms, a conflict; against zstd and py-rattler, into bench/results/solve.md.
# BENCH_PAIRS (7); BENCH_PYTHON (python3), a Python that has py-rattler (as for compare.sh); BENCH_REPORT, another
# file for the report.
set -eu
cd "$(dirname "$0")/.."
. scripts/serve.sh

sh bench/data.sh
data=$PWD/build/bench/data
if [ ! -d "$data/full" ]; then
	echo 'bench/solve.sh: no full-size channels: skipped'
	exit 0
fi
work=$PWD/build/bench/solve
rm -rf "$work"
mkdir -p "$work/state" "$work/www"
for channel in full tenth unsorted shards; do
	[ ! -d "$data/$channel" ] || ln -s "$data/$channel" "$work/www/$channel"
done
real=$PWD/../shared/data/channels/conda-forge
[ ! -d "$real" ] || ln -s "$real" "$work/www/real"
serve_start "$work/www" "$work/state"
trap 'serve_stop "$work/state"' EXIT
trap 'exit 130' INT TERM

python3 bench/solve/solve.py build/release/bin "$work/www" "http://127.0.0.1:$serve_port" "$work" \
	"${BENCH_REPORT:-bench/results/solve.md}"

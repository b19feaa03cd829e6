#!/bin/sh
# Bundles written, unpacked and checked: against hashing the same archives once, cat, and stock tar; into
# bench/results/pack.md. BENCH_PAIRS (7); BENCH_DIR (build/bench); BENCH_REPORT, another file for the report.
set -eu
cd "$(dirname "$0")/.."

exec python3 bench/pack/pack.py build/release/bin "${BENCH_DIR:-build/bench}/pack" \
	"${BENCH_REPORT:-bench/results/pack.md}"

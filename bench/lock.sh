#!/bin/sh
# Large locks compared and checked: diff and check against cat of the same files, and other readers of such files,
# into bench/results/lock.md. BENCH_PAIRS (7); BENCH_PYTHON (python3), a Python that may have py-rattler and PyYAML;
# BENCH_REPORT, another file for the report.
set -eu
cd "$(dirname "$0")/.."

python3 bench/lock/lock.py build/release/bin build/bench/lock "${BENCH_REPORT:-bench/results/lock.md}"

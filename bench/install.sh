#!/bin/sh
# Installs: a warm cache to a new prefix, archives to a prefix, a bundle to a prefix, pyc, one package of 300 changed,
# nothing to do; memory. Against cp -al and bare links of the same trees, unzip, zstd -dc and tar x of the same archives
# two at a time, compileall, and py-rattler where it is, in memory and on a disk; into bench/results/install.md.
# Arguments: the rows that are wanted, as names of install.py (learning warm memory: that environment, row and place).
# BENCH_PAIRS (7); BENCH_PYTHON (python3), a Python that may have py-rattler; BENCH_DIR (build/bench) on a disk,
# BENCH_TMPFS (/dev/shm/lockenv-bench) in memory; BENCH_REPORT, another file for the report.
set -eu
cd "$(dirname "$0")/.."

exec python3 bench/install/install.py build/release/bin "${BENCH_DIR:-build/bench}/disk" \
	"${BENCH_TMPFS:-/dev/shm/lockenv-bench}/memory" "${BENCH_REPORT:-bench/results/install.md}" "$@"

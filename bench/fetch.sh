#!/bin/sh
# Downloads from nginx on loopback into a cold cache: lockenv fetch, which hashes, checks and publishes, against curl
# --parallel, which does not, of the same files to the same disk, and py-rattler where it is; and a fetch with nothing
# to do. Into bench/results/fetch.md. BENCH_PAIRS (7); BENCH_PYTHON (python3), a Python that may have py-rattler;
# BENCH_DIR (build/bench); BENCH_REPORT, another file for the report.
set -eu
cd "$(dirname "$0")/.."
. scripts/serve.sh

work=${BENCH_DIR:-$PWD/build/bench}/fetch
rm -rf "$work"
mkdir -p "$work/www" "$work/state"
serve_start "$work/www" "$work/state"
trap 'serve_stop "$work/state"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
python3 bench/fetch/fetch.py build/release/bin "$work" "http://127.0.0.1:$serve_port" \
	"${BENCH_REPORT:-bench/results/fetch.md}"

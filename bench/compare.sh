#!/bin/sh
# The same problems solved by lockenv and by py-rattler: verdicts and records side by side, into
# bench/results/compare.md. BENCH_PYTHON (python3) is a Python that has py-rattler, as from
#     python3 -m venv DIR && DIR/bin/pip install py-rattler
set -eu
cd "$(dirname "$0")/.."

data=../shared/data
python=${BENCH_PYTHON:-python3}
if [ ! -d "$data/envs" ]; then
	echo 'bench/compare.sh: no ../shared/data: skipped'
	exit 0
fi
if ! "$python" -c 'import rattler' 2>/dev/null; then
	echo "bench/compare.sh: $python has no py-rattler (set BENCH_PYTHON to one that has): skipped"
	exit 0
fi
"$python" bench/compare/compare.py build/release/bin/lockenv "$data" build/bench/compare bench/results/compare.md

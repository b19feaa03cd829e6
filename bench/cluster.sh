#!/bin/sh
# Many nodes at once, as far as one machine can be many: a bundle handed to the nodes of a Slurm (sbcast) and
# installed on a disk of their own in memory, against a .tar.gz of the installed tree, handed out and unpacked.
# All nodes share this machine's processors: what is measured is work, not a network.
# Environment: BENCH_BIN (build/release/bin), BENCH_NODES ("1 2 4 8"), BENCH_PAIRS (5). Needs root.
set -eu
cd "$(dirname "$0")/.."
bin=$(cd "${BENCH_BIN:-build/release/bin}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LOCKENV_CACHE="$work/cache" CONDA_REGISTER_ENVS=no
sh scripts/fixture-channel.sh "$bin" "$PWD/build/bench/channels" >/dev/null 2>&1
"$bin/lockenv" solve -q --override-channels -c "file://$PWD/build/bench/channels/main" --platform linux-64 \
	--glibc 2.36 'python 3.11.*' libopenblas lockenv-hello -o "$work/env.lock"
"$bin/lockenv" fetch -q "$work/env.lock"
"$bin/lockenv" pack -q "$work/env.lock" -o "$work/env.lockpack"

# The clock, on the cluster: prints "what seconds" for each run.
cat >"$work/clock.py" <<'PY'
import os, subprocess, sys, time
installer, work, prefix, pairs = sys.argv[1:5]
nodes = os.environ["SLURM_JOB_NUM_NODES"]
local = os.path.dirname(prefix)


def timed(what, *commands):
    start = time.monotonic()
    for command in commands:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    print(what, f"{time.monotonic() - start:.3f}", flush=True)


def clean():
    subprocess.run(["srun", "sh", "-c", f"rm -rf {local}/*"], check=True)


for _ in range(int(pairs)):
    clean()
    timed("sbcast-bundle", ["sbcast", f"{work}/env.lockpack", f"{local}/bundle"])
    timed("install", ["srun", installer, "-q", "--no-cache", "--jobs", "1", f"{local}/bundle", "-p", prefix])
    timed("again", ["srun", installer, "-q", "--no-cache", f"{local}/bundle", "-p", prefix])
    clean()
    timed("sbcast-tar", ["sbcast", f"{work}/env.tar.gz", f"{local}/tar"])
    timed("unpack", ["srun", "sh", "-c", f"mkdir {prefix} && tar -xzf {local}/tar -C {prefix}"])
    timed("nothing", ["srun", "true"])
PY
cat >"$work/report.py" <<'PY'
import statistics, sys
rows, nodes = {}, None
for line in sys.stdin:
    what, number = line.split()
    if what == "nodes":
        nodes = number
    else:
        rows.setdefault((nodes, what), []).append(float(number))
names = ["sbcast-bundle", "install", "again", "sbcast-tar", "unpack", "nothing"]
print("nodes  " + "".join(f"{name:>22}" for name in names))
for nodes in dict.fromkeys(key[0] for key in rows):
    cells = ""
    for name in names:
        times = rows[nodes, name]
        cells += f"{statistics.median(times):8.2f} s ({min(times):.2f}-{max(times):.2f})".rjust(22)
    print(f"{nodes:>5}  {cells}")
PY
cluster=$work/cluster
prefix=$cluster/local/env
mkdir "$cluster"
"$bin/lockenv" install -q "$work/env.lock" -p "$prefix"
tar -czf "$work/env.tar.gz" -C "$prefix" .
printf '%s files, %s; bundle %s, tar.gz %s bytes; %s processors, load %s\n' "$(find "$prefix" ! -type d | wc -l)" \
	"$(du -sh "$prefix" | cut -f 1)" "$(stat -c %s "$work/env.lockpack")" "$(stat -c %s "$work/env.tar.gz")" \
	"$(nproc)" "$(cut -d ' ' -f 1 /proc/loadavg)"
rm -rf "$prefix"
# shellcheck disable=SC2016 # for the inner shell
sh tests/support/slurm.sh "$cluster" 8 sh -c '
	for nodes in $1; do
		echo "nodes $nodes"
		salloc -Q -N "$nodes" --ntasks-per-node=1 --exclusive python3 "$2/clock.py" "$3" "$2" "$4" "$5"
	done' sh "${BENCH_NODES:-1 2 4 8}" "$work" "$bin/lockenv-install" "$prefix" "${BENCH_PAIRS:-5}" >"$work/times"
python3 "$work/report.py" <"$work/times"

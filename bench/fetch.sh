#!/bin/sh
# Downloading N packages from nginx on loopback: lockenv fetch against curl --parallel, in turn.
# Both read the same files, take eight at a time and write them to the same disk; ours also hashes,
# checks and publishes them. Environment: BENCH_FILES (60), BENCH_PAIRS (7), BENCH_DIR (build/bench).
set -eu
cd "$(dirname "$0")/.."
. scripts/serve.sh

work=${BENCH_DIR:-$PWD/build/bench}/fetch
rm -rf "$work"
mkdir -p "$work/www/chan/noarch" "$work/state"

python3 - "$work/www/chan/noarch" "${BENCH_FILES:-60}" <<'PY'
# The channel: random bytes of 1 to 20 MB, always the same.
import hashlib, json, random, sys

folder, count = sys.argv[1], int(sys.argv[2])
rng = random.Random(1)
records = {}
for i in range(count):
    name = "p%03d-1.0-0.conda" % i
    body = rng.randbytes(rng.randint(1, 20) * 1000000)
    with open(folder + "/" + name, "wb") as file:
        file.write(body)
    records[name] = {
        "name": name[:4], "version": "1.0", "build": "0", "build_number": 0, "depends": [],
        "noarch": "generic", "subdir": "noarch", "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
with open(folder + "/repodata.json", "w") as file:
    json.dump({"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": records}, file)
PY

serve_start "$work/www" "$work/state"
trap 'serve_stop "$work/state"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
url=http://127.0.0.1:$serve_port/chan
lockenv=build/release/bin/lockenv

# shellcheck disable=SC2046 # a list of specs
"$lockenv" solve -q --cache "$work/solve-cache" --override-channels -c "$url" --platform linux-64 \
	-o "$work/bench.lock" \
	$(cd "$work/www/chan/noarch" && for file in *.conda; do printf '%s ' "${file%%-*}"; done)

for file in "$work"/www/chan/noarch/*.conda; do
	printf 'url = %s/noarch/%s\noutput = %s/out/%s\n' "$url" "${file##*/}" "$work" "${file##*/}"
done >"$work/curl.config"

python3 - "$work" "$lockenv" "${BENCH_PAIRS:-7}" <<'PY'
import os, shutil, statistics, subprocess, sys, time

work, lockenv, pairs = sys.argv[1], sys.argv[2], int(sys.argv[3])
out, cache = work + "/out", work + "/cache"
commands = {
    "curl --parallel": ["curl", "-s", "--parallel", "--parallel-max", "8", "-K", work + "/curl.config"],
    "lockenv fetch": [lockenv, "fetch", "-q", "--cache", cache, work + "/bench.lock"],
}
seconds = {name: [] for name in commands}
peak = {name: 0 for name in commands}
folder = work + "/www/chan/noarch"
size = sum(os.path.getsize(folder + "/" + f) for f in os.listdir(folder))
for _ in range(pairs):
    for name, command in commands.items():
        for path in (out, cache):
            shutil.rmtree(path, ignore_errors=True)
        os.mkdir(out)
        os.sync()
        start = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        message = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        seconds[name].append(time.monotonic() - start)
        peak[name] = max(peak[name], usage.ru_maxrss)
        if status != 0:
            sys.exit("%s failed: %s" % (name, message.decode()))
medians = {}
for name, runs in seconds.items():
    medians[name] = statistics.median(runs)
    print("%-16s median %.2f s (%.2f to %.2f), %.0f MB/s, peak %.0f MiB" % (
        name, medians[name], min(runs), max(runs), size / medians[name] / 1e6, peak[name] / 1024))
print("rate, lockenv / curl: %.2f (goal: at least 0.95)" % (
    medians["curl --parallel"] / medians["lockenv fetch"]))
PY

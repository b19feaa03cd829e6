#!/bin/sh
# lockenv install from a warm cache against `cp -al` of the prefix that it makes, in turn; and the
# install that finds nothing to do against starting a process (true). Pyc are left out.
# Inputs: "real", the sound archives for linux-64 and noarch in ../shared/data/packages, one of each
# name (left out where they are not there); "made", 40 packages of 500 files from a seed. Places: the
# disk (BENCH_DIR, build/bench) and memory (BENCH_TMPFS, /dev/shm).
# Environment besides: BENCH_PAIRS (7), BENCH_BIN (build/release/bin).
set -eu
cd "$(dirname "$0")/.."
exec python3 - "${BENCH_BIN:-build/release/bin}" "${BENCH_PAIRS:-7}" \
	"${BENCH_DIR:-$PWD/build/bench}/install" "${BENCH_TMPFS:-/dev/shm}/lockenv-bench-install" <<'PY'
import hashlib, json, os, random, shutil, statistics, subprocess, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, "tests/real")
from archives import has_empty_link
from installed_reference import SELF_CONTRADICTING, Work

bin_dir, pairs, places = os.path.abspath(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
lockenv, data = bin_dir + "/lockenv", "../shared/data/packages"


def real(work):
    with open(data + "/MANIFEST.json") as file:
        entries = json.load(file)["packages"]
    bad = SELF_CONTRADICTING | {"clobber-file-vs-directory"}
    for entry in entries:
        path = f"{data}/{entry['path']}"
        if entry["subdir"] in ("linux-64", "noarch") and entry["name"] not in work.packages and \
                not bad & set(entry["features"]) and not has_empty_link(path):
            work.add(path, entry)
    if "python" not in work.packages:
        work.add_python("3.9.0")


def made(work):
    rng = random.Random(1)
    content, out = work.root + "/content", work.root + "/channel"
    text = ["packages:"]
    for number in range(40):
        name = f"made{number:02}"
        text.append(f"- {{name: {name}, version: '1', build: '0', subdir: linux-64, content: {name}, note: n}}")
        for file in range(500):
            folder = f"{content}/{name}/lib/{name}/part{file % 25:02}/deep"
            os.makedirs(folder, exist_ok=True)
            with open(f"{folder}/file{file:03}.py", "wb") as out_file:
                out_file.write(rng.randbytes(rng.randint(100, 8000)))
    with open(work.root + "/made.yml", "w") as file:
        file.write("\n".join(text) + "\n")
    subprocess.run([bin_dir + "/mkchannel", "--out", out, "--content", content, work.root + "/made.yml"],
                   check=True, capture_output=True)
    for fn in sorted(os.listdir(out + "/linux-64")):
        if fn.endswith(".conda"):
            path = f"{out}/linux-64/{fn}"
            with open(path, "rb") as file:
                body = file.read()
            work.add(path, {"name": fn.split("-")[0], "version": "1", "build": "0", "subdir": "linux-64",
                            "sha256": hashlib.sha256(body).hexdigest(), "size": len(body)})


def measure(command):
    """Seconds and peak memory in MiB."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    if status != 0:
        sys.exit(f"{command} failed: {message.decode()}")
    return seconds, usage.ru_maxrss / 1024


def in_turn(commands, count, clean):
    """Runs each in turn; prints medians, returns the ratio of the first to the second."""
    runs = {name: [] for name in commands}
    for _ in range(count):
        for name, command in commands.items():
            clean()
            runs[name].append(measure(command))
    medians = []
    for name, results in runs.items():
        seconds = [s for s, _ in results]
        medians.append(statistics.median(seconds))
        print(f"  {name:16} median {medians[-1] * 1000:7.1f} ms ({min(seconds) * 1000:.1f} to "
              f"{max(seconds) * 1000:.1f}), peak {max(m for _, m in results):.0f} MiB")
    return medians[0] / medians[1]


def prepare(root, make):
    """Archives, lock and warm cache. In a process of its own: a child's peak memory counts from its parent's."""
    child = os.fork()
    if child == 0:
        work = Work(lockenv, root + "/area", "linux-64")
        make(work)
        done = work.install(root + "/env")
        if done.returncode != 0:
            print(done.stderr)
        print(f"{len(work.packages)} packages", flush=True)
        os._exit(done.returncode)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("cannot prepare " + root)


def bench(place, name, make):
    root = f"{place}/{name}"
    shutil.rmtree(root, ignore_errors=True)
    print(f"{name} in {place}: ", end="", flush=True)
    prepare(root, make)
    env, copy = root + "/env", root + "/copy"
    command = [lockenv, "install", "-q", root + "/area/env.lock", "-p", env, "--platform", "linux-64", "--cache",
               root + "/area/cache", "--no-compile"]
    cp = ["cp", "-al", root + "/like", copy]
    shutil.rmtree(env)
    measure(command)
    os.rename(env, root + "/like")

    def clean():
        shutil.rmtree(env, ignore_errors=True)
        shutil.rmtree(copy, ignore_errors=True)
        os.sync()

    files = sum(len(files) for _, _, files in os.walk(root + "/like"))
    print(f"  {files} files")
    ratio = in_turn({"lockenv install": command, "cp -al": cp}, pairs, clean)
    print(f"  ratio {ratio:.2f} (goal: at most 1.0)")
    clean()
    measure(command)
    in_turn({"nothing to do": command, "true": ["true"]}, 3 * pairs, lambda: None)
    shutil.rmtree(root)


for place in places:
    if os.path.isdir(os.path.dirname(place)) or place == places[0]:
        if os.path.isfile(data + "/MANIFEST.json"):
            bench(place, "real", real)
        bench(place, "made", made)
        shutil.rmtree(place)
PY

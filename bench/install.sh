#!/bin/sh
# lockenv install from a warm cache against `cp -al` of the prefix that it makes, in turn; and the
# install that finds nothing to do against starting a process (true). Pyc are left out.
# Inputs: "real", the sound archives for linux-64 and noarch in ../shared/data/packages, one of each
# name (left out where they are not there); "made", 40 packages of 500 files from a seed; "text", 40 packages
# of 10 to 25 MB that compress like code. Places: the disk (BENCH_DIR, build/bench) and memory (BENCH_TMPFS, /dev/shm).
# Then straight from a bundle, without a cache, against the extraction floor: the same archives two at a
# time through unzip, zstd -dc (bzip2 -dc) and tar x; and the same with a sync of what was written, which an
# install owes and does. CPU time of all processes stands beside the wall time: on a busy machine it tells more.
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


def add_channel(work, out, spec, content):
    subprocess.run([bin_dir + "/mkchannel", "--out", out, "--content", content, spec],
                   check=True, capture_output=True)
    for fn in sorted(os.listdir(out + "/linux-64")):
        if fn.endswith(".conda"):
            path = f"{out}/linux-64/{fn}"
            with open(path, "rb") as file:
                body = file.read()
            work.add(path, {"name": fn.split("-")[0], "version": "1", "build": "0", "subdir": "linux-64",
                            "sha256": hashlib.sha256(body).hexdigest(), "size": len(body)})


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
    add_channel(work, out, work.root + "/made.yml", content)


WORDS = "def return self import from class value index None raise for in if else not with open path name".split()


def text(work):
    """Indented lines of few words, and among them the numbers and names that keep real code from vanishing."""
    rng = random.Random(2)
    content, out = work.root + "/content-text", work.root + "/channel-text"
    lines = ["    " * rng.randint(0, 3) + " ".join(rng.choices(WORDS, k=rng.randint(2, 9))) + f" {rng.getrandbits(40):x}"
             for _ in range(60000)]
    text = ["packages:"]
    for number in range(40):
        name = f"text{number:02}"
        text.append(f"- {{name: {name}, version: '1', build: '0', subdir: linux-64, content: {name}, note: n}}")
        for file in range(400):
            folder = f"{content}/{name}/lib/{name}/part{file % 20:02}"
            os.makedirs(folder, exist_ok=True)
            size = rng.choice((20, 50, 100, 200, 400, 2000 + 200 * number))
            with open(f"{folder}/file{file:03}.py", "w") as out_file:
                out_file.write("\n".join(rng.choices(lines, k=size)))
    with open(work.root + "/text.yml", "w") as file:
        file.write("\n".join(text) + "\n")
    add_channel(work, out, work.root + "/text.yml", content)


def measure(command):
    """Seconds, those of CPU, and peak memory in MiB."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    if status != 0:
        sys.exit(f"{command} failed: {message.decode()}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def in_turn(commands, count, clean):
    """Runs each in turn; prints medians, returns the ratio of the first to the second."""
    runs = {name: [] for name in commands}
    for _ in range(count):
        for name, command in commands.items():
            clean()
            runs[name].append(measure(command))
    medians = []
    for name, results in runs.items():
        seconds = [s for s, _, _ in results]
        medians.append(statistics.median(seconds))
        print(f"  {name:22} median {medians[-1] * 1000:7.1f} ms ({min(seconds) * 1000:.1f} to "
              f"{max(seconds) * 1000:.1f}), CPU {statistics.median(c for _, c, _ in results) * 1000:7.1f} ms, "
              f"peak {max(m for _, _, m in results):.0f} MiB")
    return [medians[0] / median for median in medians[1:]]


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
    ratio, = in_turn({"lockenv install": command, "cp -al": cp}, pairs, clean)
    print(f"  ratio {ratio:.2f} (goal: at most 1.0)")
    clean()
    measure(command)
    in_turn({"nothing to do": command, "true": ["true"]}, 3 * pairs, lambda: None)
    bench_bundle(root, env, clean)
    shutil.rmtree(root)


FLOOR = """find "$1" -type f \\( -name '*.conda' -o -name '*.tar.bz2' \\) -print0 | xargs -0 -n1 -P2 sh -c '
d="$0/${1##*/}" && mkdir -p "$d" && case $1 in
*.conda) for part in info pkg; do unzip -p "$1" "$part-*.tar.zst" | zstd -dcq | tar x -C "$d" || exit 255; done ;;
*) bzip2 -dc "$1" | tar x -C "$d" || exit 255 ;;
esac' "$2" """


def bench_bundle(root, env, clean_envs):
    bundle, floor = root + "/env.lockpack", root + "/floor"
    subprocess.run([lockenv, "pack", "-q", "--no-installer", root + "/area/env.lock", "--cache", root + "/area/cache",
                    "-o", bundle], check=True)
    shutil.rmtree(root + "/area/cache")

    def clean():
        shutil.rmtree(floor, ignore_errors=True)
        clean_envs()

    extract = ["sh", "-c", FLOOR, "floor", root + "/area/from", floor]
    ratios = in_turn({
        "bundle, --no-cache": [bin_dir + "/lockenv-install", "-q", bundle, "-p", env, "--platform", "linux-64",
                               "--no-cache", "--no-compile"],
        "extraction floor": extract,
        "floor and sync": extract[:2] + [FLOOR + '&& sync -f "$2"'] + extract[3:],
    }, pairs, clean)
    print(f"  ratios {ratios[0]:.2f} (goal: at most 1.0), {ratios[1]:.2f} with the sync")


for place in places:
    if os.path.isdir(os.path.dirname(place)) or place == places[0]:
        if os.path.isfile(data + "/MANIFEST.json"):
            bench(place, "real", real)
        bench(place, "made", made)
        bench(place, "text", text)
        shutil.rmtree(place)
PY

#!/usr/bin/env python3
"""install.py BIN DISK MEMORY REPORT: installs timed in turn, into REPORT (Markdown).

BIN has lockenv, lockenv-install and bench_links; DISK and MEMORY are folders for some 3 and 8 GB, on a disk and
in memory. BENCH_PAIRS (7) runs of each command count; BENCH_PYTHON is a Python that may have py-rattler. What
cannot be run is left out, and the report says so.
"""
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent / "tests" / "real")]
import make  # noqa: E402
from archives import has_empty_link  # noqa: E402
from installed_reference import SELF_CONTRADICTING, Work  # noqa: E402
from pair import Command, in_turn  # noqa: E402
from report import Goal, goal_lines, head_lines, megabytes, said, table_lines  # noqa: E402

DATA = HERE.parent.parent.parent / "shared" / "data" / "packages"
MADE = {"learning": make.learning, "small": make.small, "many": make.many, "huge": make.huge, "wide": make.wide,
        "single": make.single}
TITLES = {"learning": "machine learning", "small": "100,000 small files", "real": "real archives",
          "many": "300 packages", "huge": "one file of 2.2 GB", "wide": "four files of 250 MB, windows of 128 MiB",
          "single": "one package of 100,000 files"}
# What anyone has for it: the same archives, two at a time.
EXTRACT = """find "$1" -type f \\( -name '*.conda' -o -name '*.tar.bz2' \\) -print0 | xargs -0 -n1 -P2 sh -c '
d="$0/${1##*/}" && mkdir -p "$d" && case $1 in
*.conda) for part in info pkg; do unzip -p "$1" "$part-*.tar.zst" | zstd -dcq --long=31 | tar x -C "$d" || exit 255; done ;;
*) bzip2 -dc "$1" | tar x -C "$d" || exit 255 ;;
esac' "$2" """


class Real:
    """The sound archives for linux-64 and noarch of ../shared/data, one of each name."""

    def __init__(self, root):
        self.work = Work("", f"{root}/work", "linux-64")
        self.size = self.files = 0
        bad = SELF_CONTRADICTING | {"clobber-file-vs-directory"}
        for entry in json.loads((DATA / "MANIFEST.json").read_text())["packages"]:
            path = str(DATA / entry["path"])
            if entry["subdir"] in ("linux-64", "noarch") and entry["name"] not in self.work.packages and \
                    not bad & set(entry["features"]) and not has_empty_link(path):
                self.work.add(path, entry)
        if "python" not in self.work.packages:
            self.work.add_python("3.9.0")
        self.records = self.work.packages

    def finish(self):
        self.work.write_lock()
        os.rename(self.work.root + "/env.lock", os.path.dirname(self.work.root) + "/env.lock")
        os.rename(self.work.root + "/from", os.path.dirname(self.work.root) + "/channel")


class Area:
    """One environment in one place: archives, lock, warm cache, and the prefix that comes of it."""

    def __init__(self, bench, place, name):
        self.bench, self.name, self.root = bench, name, place / name
        self.title = f"{TITLES[name]}, {'in memory' if place == bench.memory else 'on the disk'}"
        self.env = self.root / "env"
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        # In a process of its own: a child's peak memory counts from its parent's.
        child = os.fork()
        if child == 0:
            made = Real(str(self.root)) if name == "real" else MADE[name](str(self.root))
            made.finish()
            (self.root / "facts").write_text(json.dumps(
                [len(made.records), sum(r["size"] for r in made.records.values())]))
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(f"cannot make {self.root}")

    def warm(self):
        """Fills the cache; leaves what a prefix is to look like in like/."""
        words = shlex.split(self.ours())
        for subdir in ("linux-64", "noarch"):
            words += ["--from", str(self.root / "channel" / subdir)]
        subprocess.run(words, check=True)
        self.env.rename(self.root / "like")
        files = entries = size = 0
        with open(self.root / "list", "wb") as out:
            for folder, folders, names in os.walk(self.root / "like"):
                base = os.path.relpath(folder, self.root / "like")
                for path in folders + names:
                    full = os.path.join(base, path).removeprefix("./")
                    link = os.path.islink(f"{self.root}/like/{full}")
                    directory = path in folders and not link
                    out.write(os.fsencode(full + "/" * directory) + b"\0")
                    entries += 1
                    files += not directory
                    size += 0 if directory or link else os.path.getsize(f"{self.root}/like/{full}")
        packages, packed = json.loads((self.root / "facts").read_text())
        self.bench.inputs[self.name] = (TITLES[self.name], packages, files, entries - files, size, packed)

    def ours(self, *more, lock="env.lock", compiled=False):
        words = [self.bench.lockenv, "install", "-q", self.root / lock, "-p", self.env, "--platform", "linux-64",
                 "--cache", self.root / "cache", *more]
        return shlex.join(map(str, words + ([] if compiled else ["--no-compile"])))

    def bundled(self):
        """The same from a bundle, which is made now, and without a cache."""
        bundle = self.root / "env.lockpack"
        subprocess.run([self.bench.lockenv, "pack", "-q", "--no-installer", self.root / "env.lock", "--cache",
                        self.root / "cache", "-o", bundle], check=True)
        return shlex.join(map(str, [
            self.bench.binaries / "lockenv-install", "-q", bundle, "-p", self.env, "--platform", "linux-64", "--no-cache",
            "--no-compile"]))

    def fresh(self, more="true"):
        """A shell line that leaves no prefix and no copy behind."""
        return f"cd {shlex.quote(str(self.root))} && rm -rf env copy floor && {more} && sync -f ."

    def shell(self, line):
        return "sh -c " + shlex.quote(f"cd {shlex.quote(str(self.root))} && {line}")

    def extract(self, more=""):
        return shlex.join(["sh", "-c", EXTRACT + more, "floor", str(self.root / "channel"), str(self.root / "floor")])

    def done(self):
        shutil.rmtree(self.root)


class Bench:
    def __init__(self, binaries, disk, memory):
        self.binaries, self.disk, self.memory = binaries, disk, memory
        self.lockenv = binaries / "lockenv"
        os.environ["CONDA_REGISTER_ENVS"] = "no"
        self.pairs = int(os.environ.get("BENCH_PAIRS", "7"))
        self.python = os.environ.get("BENCH_PYTHON", "python3")
        self.tables, self.goals, self.skipped, self.peers, self.inputs = [], [], [], [], {}
        found = subprocess.run([self.python, "-c", "import rattler; print(rattler.__version__)"], capture_output=True,
                               text=True, check=False)
        self.rattler = found.returncode == 0
        if self.rattler:
            self.peers.append(f"py-rattler {found.stdout.strip()}")
        else:
            self.skipped.append(f"py-rattler: {os.path.basename(self.python)} has none (set BENCH_PYTHON)")

    def measure(self, title, *commands):
        print(f"-- {title}", flush=True)
        runs = in_turn(commands, self.pairs)
        for mine in runs:
            print(mine, flush=True)
        self.tables.append((title, runs))
        return runs

    def goal(self, text, ratio, most):
        self.goals.append(Goal(f"{text}: at most {most}", f"{ratio:.2f}", ratio <= most))

    # ---- rows ----

    def warm(self, area):
        fresh = area.fresh()
        commands = [Command("lockenv install", area.ours(), fresh),
                    Command("cp -al", area.shell("exec cp -al like copy"), fresh),
                    Command("linkat and mkdir alone", area.shell(
                        f"exec {self.binaries}/bench_links list like copy"), fresh)]
        if self.rattler and area.name != "real":
            words = [self.python, HERE / "peer.py", area.root / "channel", area.root / "rattler", area.env]
            line = shlex.join(map(str, words))
            commands.append(Command("py-rattler, install alone", line, fresh, tells=True))
        runs = self.measure(f"{area.title}: warm cache to prefix, no pyc", *commands)
        self.goal(f"{area.title}: warm, to cp -al", runs[0].median() / runs[1].median(), 1.0)
        for peer in runs[3:]:
            ratio = peer.median() / runs[0].median()
            self.goals.append(Goal(f"{area.title}: warm, at least 2 times faster than py-rattler", f"{ratio:.1f}",
                                   ratio >= 2))

    def cold(self, area):
        runs = self.measure(
            f"{area.title}: archives to prefix, through the cache",
            Command("lockenv install", area.ours(), area.fresh("rm -rf cache/trees")),
            Command("extraction, then cp -al", area.extract(f' && cp -al "$2" {area.root}/copy'), area.fresh()))
        self.goal(f"{area.title}: cold, to extraction and cp -al", runs[0].median() / runs[1].median(), 0.9)

    def bundle(self, area):
        runs = self.measure(
            f"{area.title}: bundle to prefix, no cache",
            Command("lockenv-install", area.bundled(), area.fresh()),
            Command("extraction", area.extract(), area.fresh()),
            Command("extraction, then sync", area.extract(' && sync -f "$2"'), area.fresh()))
        self.goal(f"{area.title}: bundle, to extraction", runs[0].median() / runs[1].median(), 1.0)

    def compile(self, area):
        """The pyc alone: what an install with them takes longer, against one compileall of the same sources."""
        fresh = area.fresh()
        subprocess.run(shlex.split(area.ours(compiled=True)), check=True)
        paths = [path["_path"] for record in (area.env / "conda-meta").glob("pure*.json")
                 for path in json.loads(record.read_text())["paths_data"]["paths"] if path["_path"].endswith(".py")]
        for path in paths:
            (area.root / "sources" / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(area.env / path, area.root / "sources" / path)
        each = self.measure(
            f"{area.title}: pyc of {len(paths)} files",
            Command("lockenv install", area.ours(compiled=True), fresh),
            Command("lockenv install --no-compile", area.ours(), fresh),
            Command("compileall -j2", shlex.join([
                sys.executable, "-S", "-s", "-m", "compileall", "-q", "-j2", str(area.root / "sources")]),
                    area.fresh("find sources -name __pycache__ -exec rm -r {} +")))
        ratio = (each[0].median() - each[1].median()) / each[2].median()
        self.goal(f"{area.title}: pyc (the difference), to compileall -j2", ratio, 1.0)

    def nothing(self, area):
        subprocess.run(shlex.split(area.ours()), check=True)
        runs = self.measure("300 packages: nothing to do", Command("lockenv install", area.ours()),
                            Command("lockenv --version", f"{self.lockenv} --version"))
        ms = runs[0].median() * 1000
        self.goals.append(Goal("300 packages, nothing to do: under 20 ms", f"{ms:.0f} ms", ms < 20))

    def changed(self, area):
        """One package of 300 in another version, and back."""
        words = area.ours("--from", area.root / "channel" / "linux-64", lock="changed.lock")
        subprocess.run(shlex.split(words), check=True)
        self.measure("300 packages: one of them changed, against all of them anew",
                     Command("lockenv install", area.ours(lock="changed.lock"), area.ours()),
                     Command("lockenv install, no prefix before", area.ours(), area.fresh()))

    def memory_of(self, area):
        """Peaks alone: from archives through the cache, and from a bundle."""
        pairs, self.pairs = self.pairs, min(self.pairs, 2)
        runs = self.measure(f"{area.title}: peak memory",
                            Command("through the cache", area.ours(), area.fresh("rm -rf cache/trees")),
                            Command("from a bundle, no cache", area.bundled(), area.fresh()))
        self.pairs = pairs
        peak = max(map(megabytes, runs))
        self.goals.append(Goal(f"{TITLES[area.name]}: peak memory below 150 MB", f"{peak:.0f} MB", peak < 150))

    # ---- all ----

    def run(self, only):
        ways = [self.warm, self.cold, self.bundle]
        self.rows(self.memory, "learning", [*ways, self.compile], only)
        self.rows(self.memory, "small", [*ways, self.memory_of], only)
        if DATA.is_dir():
            self.rows(self.memory, "real", ways, only)
        else:
            self.skipped.append("real archives: no ../shared/data")
        self.rows(self.memory, "many", [self.nothing, self.changed], only)
        self.rows(self.disk, "learning", ways, only)
        for name in ("single", "huge", "wide"):
            self.rows(self.memory, name, [self.memory_of], only)

    def rows(self, place, name, rows, only):
        rows = [row for row in rows if not only or {name, row.__name__, place.name} >= only]
        if rows:
            area = Area(self, place, name)
            area.warm()
            for row in rows:
                row(area)
            area.done()

    def report(self):
        versions = [said(self.lockenv, "--version").split("\n", maxsplit=1)[0], *self.peers,
                    " ".join(said("cp", "--version").split("\n", maxsplit=1)[0].split()[::3]),
                    f"Python {sys.version.split()[0]}"]
        yield from head_lines("Installs", versions, "install", self.pairs, self.skipped)
        yield ""
        yield ("Each prefix is new, unless said otherwise; what is read lies in memory. lockenv's times hold what an install "
               "owes: the seal of every file compared, or every byte hashed, and the whole file system synced before "
               "the prefix appears. What it is compared with syncs nothing, where the row does not say so.")
        yield from goal_lines(self.goals)
        yield from table_lines(self.tables)
        yield ""
        yield "## Inputs"
        yield ""
        yield "| environment | packages | files and links | folders | bytes unpacked | bytes packed |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for title, packages, files, folders, size, packed in self.inputs.values():
            yield f"| {title} | {packages} | {files:,} | {folders:,} | {size:,} | {packed:,} |"


def main():
    binaries, disk, memory, target = map(pathlib.Path, sys.argv[1:5])
    bench = Bench(binaries.resolve(), disk.resolve(), memory.resolve())
    bench.run(set(sys.argv[5:]))
    target.write_text("\n".join(bench.report()) + "\n", encoding="utf-8")
    for goal in bench.goals:
        print(goal.told())
    for place in (bench.disk, bench.memory):
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()

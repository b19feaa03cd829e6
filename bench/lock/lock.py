#!/usr/bin/env python3
"""lock.py BIN WORK REPORT: diff and check of large locks, timed in turn, into REPORT (Markdown).

BIN has lockenv; WORK is a folder for the locks of make.py. BENCH_PAIRS (7) runs of each command count;
BENCH_PYTHON is a Python that may have py-rattler and PyYAML. What cannot be run is left out, and the report
says so.
"""
import os
import pathlib
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))
from pair import Command, in_turn
from report import Goal, goal_lines, head_lines, megabytes, said, table_lines

# name: packages on each platform, platforms
SIZES = {"large": (3000, 5), "middle": (600, 5), "small": (300, 1)}
DIFFERENT = 1  # exit status of diff
PEERS = {
    "py-rattler": ("import rattler; version = rattler.__version__",
                   "rattler.LockFile.from_path(pathlib.Path(sys.argv[1]))"),
    "PyYAML's C loader": ("import yaml; yaml.CSafeLoader; version = yaml.__version__",
                          "yaml.load(open(sys.argv[1]), yaml.CSafeLoader)"),
}


class Bench:
    def __init__(self, binaries, work):
        self.lockenv, self.work = binaries / "lockenv", work
        self.pairs = int(os.environ.get("BENCH_PAIRS", "7"))
        self.python = os.environ.get("BENCH_PYTHON", "python3")
        self.tables, self.goals, self.skipped, self.peers = [], [], [], []

    def make(self):
        for name, (packages, platforms) in SIZES.items():
            subprocess.run([sys.executable, str(HERE / "make.py"), "--packages", str(packages), "--platforms",
                            str(platforms), str(self.work / name)], check=True)

    def file(self, size, name):
        return str(self.work / size / name)

    def ours(self, name, *words, exits=0):
        return Command(name, shlex.join([str(self.lockenv), *words]), exits=exits)

    def diff(self, size, *options):
        words = ["diff", *options, self.file(size, "old.lock"), self.file(size, "new.lock")]
        return self.ours(" ".join(words[:-2]), *words, exits=DIFFERENT)

    def check(self, size):
        return self.ours("check", "check", self.file(size, "old.lock"))

    def cat(self, size, *names):
        return Command("cat of the same", shlex.join(["cat", *(self.file(size, name) for name in names)]))

    def measure(self, title, *commands):
        print(f"-- {title}", flush=True)
        runs = in_turn(commands, self.pairs)
        for mine in runs:
            print(mine, flush=True)
        self.tables.append((title, runs))
        return runs

    def under(self, text, value, limit, unit):
        self.goals.append(Goal(text, f"{value:.0f} {unit}", value < limit))

    def run(self):
        both = ("old.lock", "new.lock")
        large, _ = self.measure("3,000 packages on each of 5 platforms", self.diff("large"), self.cat("large", *both))
        self.under("diff of two locks, 3,000 packages on each of 5 platforms: under 50 ms", large.median() * 1000, 50,
                   "ms")
        self.under("the same: peak memory below 50 MB", megabytes(large), 50, "MB")
        self.measure("the same, counts only", self.diff("large", "--stat"), self.cat("large", *both))
        check, _ = self.measure("the same, one of them checked", self.check("large"), self.cat("large", "old.lock"))
        self.under("check of such a lock: under 50 ms", check.median() * 1000, 50, "ms")
        self.under("the same: peak memory below 50 MB", megabytes(check), 50, "MB")
        middle, _ = self.measure("3,000 packages in all", self.diff("middle"), self.cat("middle", *both))
        self.under("diff of two locks, 3,000 packages in all: under 50 ms", middle.median() * 1000, 50, "ms")
        self.measure("the same, one of them checked", self.check("middle"), self.cat("middle", "old.lock"))
        small, _ = self.measure("300 packages checked", self.check("small"), self.ours("lockenv --version", "--version"))
        self.under("check of 300 packages: under 20 ms", small.median() * 1000, 20, "ms")
        for name, (wanted, call) in PEERS.items():
            self.run_peer(name, wanted, call)

    def run_peer(self, name, wanted, call):
        found = subprocess.run([self.python, "-c", f"{wanted}; print(version)"], capture_output=True, text=True)
        if found.returncode != 0:
            self.skipped.append(f"{name}: {os.path.basename(self.python)} has none (set BENCH_PYTHON)")
            return
        self.peers.append(f"{name} {found.stdout.strip()}")
        file = "old.pixi.lock" if name == "py-rattler" else "old.lock"
        code = f"import pathlib, sys, time; {wanted}; start = time.monotonic(); {call}; print(time.monotonic() - start)"
        self.measure(f"the same packages read by {name}, without the start of Python",
                     self.ours("check, whole process", "check", self.file("large", "old.lock")),
                     Command(f"{name} reads {file}", tells=True,
                             line=shlex.join([self.python, "-c", code, self.file("large", file)])))

    def report(self):
        versions = [said(self.lockenv, "--version").split("\n", maxsplit=1)[0], *self.peers]
        yield from head_lines("Locks compared and checked", versions, "lock", self.pairs, self.skipped)
        yield from goal_lines(self.goals)
        yield from table_lines(self.tables)
        yield ""
        yield "## Inputs"
        yield ""
        yield ("Made by `bench/lock/make.py` from a seed; as many bytes, dependencies and constraints a package as real "
               "environments have. The new lock differs in about one package of fifty.")
        yield ""
        yield "| lock | packages | platforms | bytes |"
        yield "| --- | --- | --- | --- |"
        for name, (packages, platforms) in SIZES.items():
            size = os.path.getsize(self.file(name, "old.lock"))
            yield f"| {name} | {packages * platforms:,} | {platforms} | {size:,} |"


def main():
    binaries, work, target = sys.argv[1:4]
    bench = Bench(pathlib.Path(binaries).resolve(), pathlib.Path(work))
    bench.make()
    bench.run()
    pathlib.Path(target).write_text("\n".join(bench.report()) + "\n", encoding="utf-8")
    for goal in bench.goals:
        print(goal.told())


if __name__ == "__main__":
    main()

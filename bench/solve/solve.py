#!/usr/bin/env python3
"""solve.py BIN WWW URL WORK REPORT: solves of the full-size channels, timed in turn, into REPORT (Markdown).

BIN has lockenv and bench_ready; WWW is a folder with the channels full, tenth and unsorted (bench/data.sh)
and maybe shards (the same) and real, and is served at URL. BENCH_PAIRS (7) runs of each command count;
BENCH_PYTHON is a Python that has py-rattler. What cannot be run is left out, and the report says so.
"""
import mmap
import os
import pathlib
import re
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))
from pair import Command, in_turn
from report import Goal, goal_lines, head_lines, megabytes, said, table_lines

GPU = ["python 3.12.*", "pytorch-gpu"]
CONFLICT = ["python 3.12.*", "pytorch-gpu 2.10.*", "cuda-version 11.8.*"]
ALIKE = ["python 3.12.*", "numpy", "pandas", "pytorch"]  # every platform has these
TARGET = ["--platform", "linux-64", "--cuda", "12.9", "--glibc", "2.35"]
UNSATISFIABLE = 3  # exit status


class Bench:
    def __init__(self, binaries, www, url, work):
        self.binaries, self.www, self.url, self.work = binaries, www, url, work
        self.pairs = int(os.environ.get("BENCH_PAIRS", "7"))
        self.python = os.environ.get("BENCH_PYTHON", "python3")
        self.cache = work / "cache"
        self.tables, self.goals, self.skipped = [], [], []
        peer = subprocess.run([self.python, "-c", "import rattler; print(rattler.__version__)"],
                              capture_output=True, text=True)
        self.peer = peer.stdout.strip() if peer.returncode == 0 else None

    def skip(self, what, why):
        print(f"skipped: {what}: {why}")
        self.skipped.append(f"{what}: {why}")

    def solve(self, name, channel, specs, target=TARGET, **more):
        """From the start of the process to a lock where there was none, with the repodata in the cache."""
        lock = self.work / "bench.lock"
        return Command(name, self.solve_line(channel, specs, target, lock), before=f"rm -f {shlex.quote(str(lock))}",
                       **more)

    def cold(self, name, channel):
        """The same with an empty cache."""
        command = self.solve(name, channel, GPU)
        command.before += f" && rm -rf {shlex.quote(str(self.cache))}"
        return command

    def solve_line(self, channel, specs, target, lock, *options):
        return shlex.join([str(self.binaries / "lockenv"), "solve", "-q", "--config", "/dev/null", "--cache",
                           str(self.cache), "--override-channels", "-c", f"{self.url}/{channel}", *target,
                           *options, "-o", str(lock), *specs])

    def ready(self, name, channel):
        """From a downloaded repodata.json.zst alone to one that can be asked."""
        derived = f"find {shlex.quote(str(self.cache))}/repodata -type f ! -name '*.json.zst' ! -name '*.info.json' -delete"
        return Command(name, shlex.join([str(self.binaries / "bench_ready"), str(self.cache),
                                         f"{self.url}/{channel}", "linux-64", "python"]), before=derived)

    def decode(self, channel):
        file = self.www / channel / "linux-64" / "repodata.json.zst"
        return Command("zstd -dc of the same file", f"zstd -dcq {shlex.quote(str(file))} >/dev/null")

    def rattler(self):
        return Command("py-rattler: load and solve alone", tells=True, line=shlex.join(
            [self.python, str(HERE / "peer.py"), str(self.www / "full"), *GPU]))

    def measure(self, title, *commands):
        print(f"-- {title}", flush=True)
        runs = in_turn(commands, self.pairs)
        for mine in runs:
            print(mine, flush=True)
        self.tables.append((title, runs))
        return runs

    def at_most(self, text, one, other, limit):
        ratio = one.median() / other.median()
        self.goals.append(Goal(text, f"{ratio:.2f} ×", ratio <= limit))

    def under(self, text, value, limit, unit):
        self.goals.append(Goal(text, f"{value:.0f} {unit}", value < limit))

    def run(self):
        for channel in ("full", "unsorted"):  # brings their repodata into the cache
            subprocess.run(shlex.split(self.solve(channel, channel, GPU).line), check=True)
        self.run_ready()
        self.run_warm()
        self.run_platforms()
        self.run_shards()
        self.run_real()

    def run_ready(self):
        ready, floor = self.measure("repodata of 600,000 records: downloaded to ready",
                                    self.ready("repodata.json.zst to ready", "full"), self.decode("full"))
        self.at_most("downloaded repodata.json.zst to ready: at most 1.5 × zstd -dc", ready, floor, 1.5)
        self.under("the same: peak memory below 300 MB", megabytes(ready), 300, "MB")
        self.measure("the same, keys in random order", self.ready("repodata.json.zst to ready", "unsorted"),
                     self.decode("unsorted"))

    def run_warm(self):
        warm, tenth = self.measure("pytorch-gpu, repodata cached: growth from 60,000 to 600,000 records",
                                   self.solve("solve, full", "full", GPU), self.solve("solve, tenth", "tenth", GPU))
        self.under("warm solve of pytorch-gpu, start of the process to lock written: under 100 ms",
                   warm.median() * 1000, 100, "ms")
        self.under("the same: peak memory below 100 MB", megabytes(warm), 100, "MB")
        if self.peer:
            ours, theirs = self.measure("pytorch-gpu beside py-rattler",
                                        self.solve("solve, whole process", "full", GPU), self.rattler())
            ratio = theirs.median() / ours.median()
            self.goals.append(Goal("the same: at least 5 × faster than py-rattler's load and solve",
                                   f"{ratio:.1f} ×", ratio >= 5))
        else:
            self.skip("py-rattler", f"{os.path.basename(self.python)} has none (set BENCH_PYTHON)")
        self.at_most("from 60,000 to 600,000 records, same reachable part: grows less than 10 %", warm, tenth, 1.1)
        conflict, fine = self.measure("a conflict explained",
                                      self.solve("no answer, and why", "full", CONFLICT, exits=UNSATISFIABLE),
                                      self.solve("the answer of the others", "full", GPU))
        self.at_most("an unsatisfiable spec explains itself in less than 3 × the satisfiable one", conflict, fine, 3)
        self.measure("the same solve, keys in random order", self.solve("solve, unsorted", "unsorted", GPU),
                     self.solve("solve, full", "full", GPU))
        kept = self.work / "kept.lock"
        subprocess.run(shlex.split(self.solve_line("full", GPU, TARGET, kept)), check=True)
        self.measure("nothing to do", Command("solve --locked", self.solve_line("full", GPU, TARGET, kept, "--locked")),
                     Command("a process that does nothing", "true"))

    def run_platforms(self):
        platforms = sorted(p.name for p in (self.www / "full").iterdir() if p.name != "noarch")
        options = [word for p in platforms for word in ("--platform", p)]
        many, one = self.measure(f"{len(platforms)} platforms ({', '.join(platforms)}): {', '.join(ALIKE)}",
                                 self.solve(f"solve, {len(platforms)} platforms", "full", ALIKE, options),
                                 self.solve("solve, linux-64 alone", "full", ALIKE, ["--platform", "linux-64"]))
        if len(platforms) >= 5:
            self.at_most("five platforms in one solve: less than 3 × one platform", many, one, 3)
        else:
            self.skip("the goal of five platforms", f"the channel has {len(platforms)}")

    def run_shards(self):
        if not (self.www / "shards").exists():
            self.skip("shards", "no such channel (bench/data.sh)")
            return
        self.measure("the same records in shards: warm", self.solve("solve, shards", "shards", GPU),
                     self.solve("solve, full", "full", GPU))
        self.measure("the same records in shards: cold, downloads included", self.cold("solve, shards", "shards"),
                     self.cold("solve, full", "full"))

    def run_real(self):
        if not (self.www / "real").exists():
            self.skip("real records", "no ../shared/data")
            return
        files = [self.www / "real" / s / "repodata.json.zst" for s in ("linux-64", "noarch")]
        self.measure("real records (31,000): cold", self.cold("solve, nothing cached", "real"),
                     Command("zstd -dc of both files", shlex.join(["zstd", "-dcq", *map(str, files)]) + " >/dev/null"))

    def count(self, file):
        """Records, each of which has one build number."""
        with open(file, "rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
            return sum(1 for _ in re.finditer(rb'"build_number":', text))

    def inputs(self):
        for channel in ("full", "tenth", "unsorted"):
            for file in sorted((self.www / channel).glob("*/repodata.json")):
                yield (f"| {channel}/{file.parent.name} | {self.count(file):,} | {file.stat().st_size:,} | "
                       f"{file.with_name('repodata.json.zst').stat().st_size:,} |")

    def versions(self):
        yield said(self.binaries / "lockenv", "--version").split("\n")[0]
        yield "libsolv " + said("pkg-config", "--modversion", "libsolv")
        yield "zstd " + re.search(r"v([0-9.]+)", said("zstd", "--version")).group(1)
        if self.peer:
            yield f"py-rattler {self.peer}"

    def report(self):
        yield from head_lines("Solving at the size of conda-forge", self.versions(), "solve", self.pairs, self.skipped)
        yield from goal_lines(self.goals)
        yield from table_lines(self.tables)
        yield ""
        yield "## Inputs"
        yield ""
        yield ("Made by `./dev bench data` from real conda-forge records. pytorch-gpu is "
               f"`{' '.join(map(shlex.quote, GPU))}` for linux-64 with CUDA 12.9 and glibc 2.35; the conflict is "
               f"`{' '.join(map(shlex.quote, CONFLICT))}`.")
        yield ""
        yield "| channel | records | bytes | as .zst |"
        yield "| --- | --- | --- | --- |"
        yield from self.inputs()


def main():
    binaries, www, url, work, target = sys.argv[1:6]
    bench = Bench(pathlib.Path(binaries).resolve(), pathlib.Path(www), url, pathlib.Path(work))
    bench.work.mkdir(parents=True, exist_ok=True)
    bench.run()
    pathlib.Path(target).write_text("\n".join(bench.report()) + "\n", encoding="utf-8")
    for goal in bench.goals:
        print(goal.told())


if __name__ == "__main__":
    main()

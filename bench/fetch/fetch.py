#!/usr/bin/env python3
"""fetch.py BIN WORK URL REPORT: downloads timed in turn, into REPORT (Markdown).

BIN has lockenv; what lies under WORK/www is served at URL. BENCH_PAIRS (7) runs of each command count; BENCH_PYTHON
is a Python that may have py-rattler. What cannot be run is left out, and the report says so.
"""
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))
from pair import Command, in_turn
from report import Goal, goal_lines, head_lines, megabytes, said, table_lines

JOBS = 8
RATIO = 0.95
PART = 1 << 20
RATTLER = """
import asyncio, os, sys
from rattler import Client
from rattler.package_streaming import download_to_path
async def one(client, gate, line):
    url, name = line.split()
    async with gate:
        await download_to_path(client, url, sys.argv[2] + "/" + name)
async def all():
    client, gate = Client(), asyncio.Semaphore(%d)
    await asyncio.gather(*[one(client, gate, line) for line in open(sys.argv[1])])
asyncio.run(all())
os._exit(0)
""" % JOBS


@dataclasses.dataclass
class Files:
    title: str
    count: int
    smallest: int  # bytes
    largest: int


CHANNELS = {
    "small": Files("many small files", 1000, 4_000, 120_000),
    "mixed": Files("files of mixed sizes", 60, 500_000, 20_000_000),
    "large": Files("few large files", 4, 150_000_000, 200_000_000),
}


class Bench:
    def __init__(self, binaries, work, url):
        self.lockenv, self.work, self.url = binaries / "lockenv", work, url
        self.pairs = int(os.environ.get("BENCH_PAIRS", "7"))
        self.python = os.environ.get("BENCH_PYTHON", "python3")
        self.tables, self.goals, self.skipped, self.peers, self.inputs = [], [], [], [], []
        found = subprocess.run([self.python, "-c", "import rattler; print(rattler.__version__)"], capture_output=True,
                               text=True)
        if found.returncode == 0:
            self.peers.append(f"py-rattler {found.stdout.strip()}")
        else:
            self.skipped.append(f"py-rattler: {os.path.basename(self.python)} has none (set BENCH_PYTHON)")
        self.peers.append(" ".join(said("curl", "--version").split()[:2]))

    def make(self, channel):
        """The channel: random bytes, the same each time; its lock; the lists of others."""
        files, rng, records = CHANNELS[channel], random.Random(1), {}
        folder = self.work / "www" / channel / "noarch"
        folder.mkdir(parents=True)
        for i in range(files.count):
            name, size, digest = f"p{i:04}-1.0-0.conda", rng.randint(files.smallest, files.largest), hashlib.sha256()
            with open(folder / name, "wb") as out:
                # In parts: the memory of this process would be counted as its children's.
                for at in range(0, size, PART):
                    part = rng.randbytes(min(PART, size - at))
                    digest.update(part)
                    out.write(part)
            records[name] = {"name": name[:5], "version": "1.0", "build": "0", "build_number": 0, "depends": [],
                             "noarch": "generic", "subdir": "noarch", "size": size, "sha256": digest.hexdigest()}
        repodata = {"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": records}
        (folder / "repodata.json").write_text(json.dumps(repodata))
        base = f"{self.url}/{channel}"
        subprocess.run([self.lockenv, "solve", "-q", "--cache", self.work / "solved", "--override-channels", "-c", base,
                        "--platform", "linux-64", "-o", self.work / f"{channel}.lock",
                        *(record["name"] for record in records.values())], check=True)
        urls = [(f"{base}/noarch/{name}", name) for name in records]
        (self.work / f"{channel}.curl").write_text(
            "".join(f"url = {url}\noutput = {self.work}/out/{name}\n" for url, name in urls))
        (self.work / f"{channel}.list").write_text("".join(f"{url} {name}\n" for url, name in urls))
        self.inputs.append((files, sum(record["size"] for record in records.values())))

    def ours(self, channel, before):
        words = [self.lockenv, "fetch", "-q", "--cache", self.work / "cache", self.work / f"{channel}.lock"]
        return Command("lockenv fetch", shlex.join(map(str, words)), before=before)

    def commands(self, channel):
        before = f"cd {shlex.quote(str(self.work))}; rm -rf out cache; mkdir out; sync"
        curl = f"curl -s --parallel --parallel-max {JOBS} -K {shlex.quote(str(self.work / channel))}.curl"
        yield self.ours(channel, before)
        yield Command("curl --parallel", curl, before=before)
        if any(peer.startswith("py-rattler") for peer in self.peers):
            words = [self.python, "-c", RATTLER, self.work / f"{channel}.list", self.work / "out"]
            yield Command("py-rattler, whole process", shlex.join(map(str, words)), before=before)

    def measure(self, title, *commands):
        print(f"-- {title}", flush=True)
        runs = in_turn(commands, self.pairs)
        for mine in runs:
            print(mine, flush=True)
        self.tables.append((title, runs))
        return runs

    def run(self):
        for channel, files in CHANNELS.items():
            self.make(channel)
            runs = self.measure(f"{files.title}, cold cache", *self.commands(channel))
            rate = runs[1].median() / runs[0].median()
            self.goals.append(Goal(f"{files.title}: at least {RATIO} of curl's rate", f"{rate:.2f}", rate >= RATIO))
            self.goals.append(Goal(f"{files.title}: peak memory below 50 MB", f"{megabytes(runs[0]):.0f} MB",
                                   megabytes(runs[0]) < 50))
        self.nothing_to_do()

    def nothing_to_do(self):
        CHANNELS["300"] = Files("300 packages", 300, 4_000, 120_000)
        self.make("300")
        version = Command("lockenv --version", shlex.join([str(self.lockenv), "--version"]))
        nothing, _ = self.measure("300 packages, all in the cache", self.ours("300", ""), version)
        milliseconds = nothing.median() * 1000
        self.goals.append(Goal("300 packages, nothing to do: under 20 ms", f"{milliseconds:.0f} ms", milliseconds < 20))

    def report(self):
        versions = [said(self.lockenv, "--version").split("\n", maxsplit=1)[0], *self.peers]
        yield from head_lines("Downloads", versions, "fetch", self.pairs, self.skipped)
        yield ""
        yield ("From nginx on loopback, which takes its part of the same processors; each command takes 8 files at a time "
               "and writes them to the same disk. lockenv also hashes, checks and publishes them; curl and py-rattler "
               "write what comes.")
        yield from goal_lines(self.goals)
        yield from table_lines(self.tables)
        yield ""
        yield "## Inputs"
        yield ""
        yield "| files | number | bytes in all |"
        yield "| --- | --- | --- |"
        for files, size in self.inputs:
            yield f"| {files.title} | {files.count} | {size:,} |"


def main():
    binaries, work, url, target = sys.argv[1:5]
    bench = Bench(pathlib.Path(binaries).resolve(), pathlib.Path(work).resolve(), url)
    bench.run()
    pathlib.Path(target).write_text("\n".join(bench.report()) + "\n", encoding="utf-8")
    for goal in bench.goals:
        print(goal.told())


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""pack.py BIN WORK REPORT: bundles written, checked and unpacked, timed in turn, into REPORT (Markdown).

BIN has lockenv; WORK is a folder for some 3 GB of archives and bundles. BENCH_PAIRS (7) runs of each command count.
"""
import hashlib
import json
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from pair import Command, in_turn  # noqa: E402
from report import Goal, goal_lines, head_lines, said, table_lines  # noqa: E402

COUNT, LARGE = 60, 300  # archives of 1 to 20 MB; and one of so many MB


class Bench:
    def __init__(self, binaries, work):
        self.lockenv = binaries / "lockenv"
        self.work = work.resolve()
        self.pairs = int(os.environ.get("BENCH_PAIRS", "7"))
        self.tables, self.goals = [], []
        self.size = 0

    def ours(self, *args):
        return shlex.join([str(self.lockenv), args[0], "-q", "--cache", str(self.work / "cache"), *map(str, args[1:])])

    def prepare(self):
        """In a process of its own: a child's peak memory counts from its parent's."""
        child = os.fork()
        if child == 0:
            self.make()
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            sys.exit("cannot make the archives")
        self.size = sum(path.stat().st_size for path in (self.work / "cache" / "archives").iterdir())

    def make(self):
        """A channel of random bytes, its lock, and a cache that holds it."""
        shutil.rmtree(self.work, ignore_errors=True)
        folder = self.work / "channel" / "noarch"
        folder.mkdir(parents=True)
        rng = random.Random(1)
        records = {}
        for number in range(COUNT + 1):
            megabytes = LARGE if number == COUNT else rng.randint(1, 20)
            body = b"".join(rng.randbytes(1000000) for _ in range(megabytes))
            name = f"p{number:03}"
            (folder / f"{name}-1.0-0.conda").write_bytes(body)
            records[f"{name}-1.0-0.conda"] = {
                "name": name, "version": "1.0", "build": "0", "build_number": 0, "depends": [], "noarch": "generic",
                "subdir": "noarch", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        (folder / "repodata.json").write_text(
            json.dumps({"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": records}), encoding="utf-8")
        names = [record["name"] for record in records.values()]
        subprocess.run(shlex.split(self.ours(
            "solve", "--override-channels", "-c", f"file://{self.work}/channel", "--platform", "linux-64",
            "-o", self.work / "env.lock", *names)), check=True)
        subprocess.run(shlex.split(self.ours("fetch", self.work / "env.lock")), check=True)
        shutil.rmtree(self.work / "channel")
        # The largest first, so that two processes come out even.
        files = sorted((self.work / "cache" / "archives").iterdir(), key=lambda path: -path.stat().st_size)
        (self.work / "files").write_text("".join(f"{path}\0" for path in files), encoding="utf-8")

    def shell(self, line):
        return "sh -c " + shlex.quote(f"cd {shlex.quote(str(self.work))} && {line}")

    def measure(self, title, *commands):
        print(title, flush=True)
        runs = in_turn(commands, self.pairs)
        for mine in runs:
            print(mine, flush=True)
        self.tables.append((title, runs))
        return runs

    def floors(self, files):
        """What reading and hashing FILES once costs, two at a time: by each tool that there is."""
        found = [Command("sha256sum, two at a time", self.shell(f"xargs -0 -n 1 -P 2 sha256sum < {files}"))]
        if shutil.which("openssl"):
            found.append(Command("openssl dgst -sha256, two at a time",
                                 self.shell(f"xargs -0 -n 1 -P 2 openssl dgst -sha256 < {files}")))
        return found

    def run(self):
        forget = f"rm -rf {shlex.quote(str(self.work))}/out; mkdir {shlex.quote(str(self.work))}/out; sync"
        lock, out = self.work / "env.lock", self.work / "out"
        pack = Command("lockenv pack", self.ours("pack", lock, "-o", out / "env.lockpack"), before=forget)
        hashed = self.measure("packing, against reading and hashing the archives once", pack, *self.floors("files"))
        for run in hashed[1:]:
            ratio = hashed[0].median() / run.median()
            self.goals.append(Goal(f"pack at most 1.2 times {run.command.name}", f"{ratio:.2f}", ratio <= 1.2))
        self.measure("packing, against writing the same bytes without looking at them", pack,
                     Command("cat of all to one file", self.shell("xargs -0 cat < files > out/all"), before=forget))
        self.measure("packing, against stock tools", pack,
                     Command("sha256sum, two at a time; then tar", before=forget, line=self.shell(
                         "xargs -0 -n 1 -P 2 sha256sum < files > out/sums && tar cf out/all.tar -C cache archives")))
        bundle = self.work / "env.lockpack"
        subprocess.run(shlex.split(self.ours("pack", lock, "-o", bundle)), check=True)
        (self.work / "bundle").write_text(f"{bundle}\0", encoding="utf-8")
        self.measure("checking a bundle, against hashing it as one file",
                     Command("lockenv unpack --check", self.ours("unpack", "--check", bundle)),
                     *self.floors("bundle"))
        self.measure("unpacking into a new folder",
                     Command("lockenv unpack -d", self.ours("unpack", bundle, "-d", out / "far"), before=forget),
                     Command("tar x, then sha256sum -c", before=forget, line=self.shell(
                         "tar xf env.lockpack -C out && cd out && grep -v '^#' MANIFEST | sha256sum -c --quiet")))

    def report(self):
        versions = [said(self.lockenv, "--version").split("\n", maxsplit=1)[0],
                    said("sha256sum", "--version").split("\n", maxsplit=1)[0]]
        if shutil.which("openssl"):
            versions.append(said("openssl", "version").split(" (", maxsplit=1)[0])
        yield from head_lines("Bundles written, checked and unpacked", versions, "pack", self.pairs, [])
        yield from goal_lines(self.goals)
        yield from table_lines(self.tables)
        yield ""
        yield "## Inputs"
        yield ""
        yield (f"{COUNT} archives of 1 to 20 MB and one of {LARGE} MB, random bytes from a seed: {self.size:,} bytes, all "
               "read before and so in memory; written to the disk of the work folder, without waiting for it. The "
               "floor is what each tool needs to read and hash them once, a process a file, two at a time; pack "
               "writes them as well. The first ratio of a table is to its second row.")


def main():
    binaries, work, target = sys.argv[1:4]
    bench = Bench(pathlib.Path(binaries).resolve(), pathlib.Path(work))
    bench.prepare()
    bench.run()
    pathlib.Path(target).write_text("\n".join(bench.report()) + "\n", encoding="utf-8")
    for goal in bench.goals:
        print(goal.told())
    shutil.rmtree(bench.work)


if __name__ == "__main__":
    main()

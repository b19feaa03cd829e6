#!/usr/bin/env python3
"""Each fault of a network (faults.py) at each kind of request, against the real program.

    matrix.py BIN [--sample] [--jobs N] [--only NAME...] [--kinds KIND...] [--verbose] [SECTION...]
    matrix.py --check FILE | --write FILE

BIN is the folder of the built programs. For each cell of the table a cache and a lock are made from a good server;
then the server has a newer channel, and the fault; then it is good again. A command under a fault must end as the
table says. If it fails it must say so in one error line with a hint, which name the address and hold nothing that
a terminal would obey, and what was there before must be there still, to be used offline; in any case everything in
the cache must be whole. The command on the good server must succeed, and give what it gives without all this.

--sample takes one kind of request for each fault, another one for the next. FILE is the page that shows the table
(docs/hostile-network.md): --check compares it, --write rewrites it.
"""

import argparse
import base64
import concurrent.futures
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import faults
from endpoints import Certificates, plain
from server import Case, Server, talk_http

EXITS = {"2": 2, "4": 4, "5": 5}
CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")
FORMS = ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst")
HIDDEN = {"json": FORMS[1:], "zst": FORMS[2:]}
CONDARC = """channels: []
remote_connect_timeout_secs: {seconds}
remote_read_timeout_secs: {seconds}
remote_max_retries: 2
remote_backoff_factor: 0.05
"""
PATIENCE_S = {"time": 1}  # in the sections that wait for it; elsewhere no machine is too slow


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "w" if isinstance(data, str) else "wb") as file:
        file.write(data)


class Channels:
    """Two revisions of one channel: the second has a newer `tool`."""

    def __init__(self, binaries, work):
        self.folders, self.good = {}, set()
        for revision in (1, 2):
            folder = f"{work}/rev{revision}"
            write(f"{work}/channel.yml", self.describe(revision))
            subprocess.run([binaries + "/mkchannel", "--out", folder + "/c", f"{work}/channel.yml"], check=True,
                           capture_output=True)
            for subdir in ("noarch", "linux-64"):
                subprocess.run([binaries + "/mkshards", f"{folder}/c/{subdir}"], check=True, capture_output=True)
            self.folders[revision] = folder
        for folder in self.folders.values():
            for here, _, names in os.walk(folder):
                self.good.update(hashlib.sha256(read(f"{here}/{name}")).hexdigest() for name in names)
        self.archive = "/noarch/tool-2-0.conda"
        shards = [set(os.listdir(f"{folder}/c/noarch/shards")) for folder in self.folders.values()]
        (self.shard,) = shards[1] - shards[0]

    @staticmethod
    def describe(revision):
        """Of `tool` 2 more than a mebibyte is left when it breaks off in the middle: so much is kept for later."""
        noise = base64.urlsafe_b64encode(hashlib.shake_256(b"noise").digest(2900000)).decode()
        tools = ""
        for version in range(1, revision + 1):
            size = 3800000 if version == 2 else 1000
            files = [f"{at}.txt: '{noise[at : at + 1000]}'" for at in range(0, size, 1000)]
            tools += (f"- {{name: tool, version: '{version}', build: '0', subdir: noarch, noarch: generic, "
                      f"depends: [base],\n   files: {{{', '.join(files)}}}}}\n")
        return "packages:\n- {name: base, version: '1', build: '0', subdir: linux-64, files: {base.txt: base}}\n" + tools

    def target(self, kind):
        return {"json": "/noarch/" + FORMS[0], "zst": "/noarch/" + FORMS[1], "index": "/noarch/" + FORMS[2],
                "shard": "/" + self.shard, "archive": self.archive}[kind]


class Cell:
    """One fault at one kind of request."""

    def __init__(self, bench, fault, kind, number):
        self.bench, self.fault, self.kind = bench, fault, kind
        self.outcome = fault.outcomes[kind]
        self.name = f"n{number}"
        self.work = f"{bench.work}/{self.name}"
        self.cache, self.lock = self.work + "/cache", self.work + "/env.lock"
        self.case = Case(bench.channels.folders[1], bench.channels.target(kind), HIDDEN.get(kind, ()))
        self.endpoint = fault.endpoint(bench, self.case)
        self.channel = f"{self.endpoint.base}/{self.name}/c"
        self.shown = f"{self.endpoint.shown}/{self.name}/c"
        bench.server.cases[self.name] = self.case
        os.makedirs(self.work)

    def lockenv(self, command, *words):
        configuration, variables = self.endpoint.bad if self.case.faulty else self.endpoint.good
        write(self.work + "/condarc", CONDARC.format(seconds=PATIENCE_S.get(self.fault.section, 30)) + configuration)
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": self.work, "LOCKENV_CACHE": self.cache,
                       "LOCKENV_CONFIG": self.work + "/condarc", **variables}
        return subprocess.run([self.bench.binaries + "/lockenv", command, *words], env=environment, cwd=self.work,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=100)

    def solve(self, lock, *words):
        return self.lockenv("solve", "--override-channels", "-c", self.channel, "--platform", "linux-64", "--glibc",
                            "2.28", "--update-all", "-o", lock, *words, "tool")

    def read_lock(self, path):
        return read(path).replace(self.shown.encode(), b"CHANNEL") if os.path.exists(path) else None

    def url(self):
        """What an error has to name."""
        if hasattr(self.fault.act, "elsewhere"):
            return self.shown
        shards = "shards/" if self.kind == "shard" else ""
        return self.shown + "/noarch/" + shards + self.case.target.split("/")[-1]

    def check_words(self, done):
        """What the contract says of every failure."""
        errors = [line for line in done.stderr.split(b"\n") if line.startswith(b"error: ")]
        if done.returncode == 0:
            if errors:
                yield "an error line, yet no failure"
        elif len(errors) != 1 or not re.search(rb"^hint: .", done.stderr, re.M):
            yield "not one error line and a hint"
        elif errors[0].endswith(b"."):
            yield "an error line has no full stop"
        if CONTROL.search(done.stderr):
            yield "control characters"
        if b"s3cret" in done.stderr:
            yield "credentials"
        if b"Sanitizer" in done.stderr or b"runtime error" in done.stderr:
            yield "a sanitizer reported"

    def check_faulty(self, done):
        yield from self.check_words(done)
        if self.endpoint.seen and not self.case.hits:
            yield "the fault did not come to pass"
        error = next((line for line in done.stderr.decode(errors="replace").split("\n") if "error: " in line), "")
        code, _, text = self.outcome.partition(": ")
        if done.returncode != EXITS.get(code, 0):
            yield f"exit {done.returncode}, expected: {self.outcome}"
        elif code in EXITS and text not in error:
            yield f"the error does not have: {text}"
        elif code in ("4", "5") and self.url() not in error:
            yield "the error does not name " + self.url()

    def check_cache(self):
        for here, _, names in os.walk(self.cache):
            part = os.path.relpath(here, self.cache).split("/")[0]
            for name in names:
                sha256 = hashlib.sha256(read(f"{here}/{name}")).hexdigest()
                if part in ("tmp", "trees") and not name.startswith("partial,"):
                    yield f"left in the cache: {part}/{name}"
                elif part == "archives" and sha256 != name[-64:]:
                    yield f"a bad entry: {name}"
                elif name.endswith(".info.json"):
                    json.loads(read(f"{here}/{name}"))
                elif part == "repodata" and not name.endswith(".index") and sha256 not in self.bench.channels.good:
                    yield f"bad repodata: {name}"

    def prepare(self):
        done = self.solve(self.lock)
        if done.returncode != 0 or self.read_lock(self.lock) != self.bench.locks[0]:
            yield f"before the fault: exit {done.returncode}: {done.stderr}"

    def run_solve(self):
        before = self.bench.locks[0]
        yield from self.prepare()
        self.case.begin(self.bench.channels.folders[2], self.fault.act)
        done = self.solve(self.lock)
        yield from self.check_faulty(done)
        now = self.read_lock(self.lock)
        stays = done.returncode != 0 or self.outcome == faults.OLD
        if now != (before if stays else self.bench.locks[1]):
            yield "the lock is not what it should be"
        yield from self.check_cache()
        offline = self.solve(self.work + "/offline.lock", "--offline")
        # The index of shards is new already; whether it can be used shows with the shards.
        if not (self.kind == "shard" and offline.returncode == 6):
            if self.read_lock(self.work + "/offline.lock") != now:
                yield f"offline another lock, or none: exit {offline.returncode}: {offline.stderr}"
        self.case.begin(self.case.folder, None)
        again = self.solve(self.lock)
        if again.returncode != 0 or self.read_lock(self.lock) != self.bench.locks[1]:
            yield f"without the fault: exit {again.returncode}: {again.stderr}"
        self.log = done.stderr

    def run_fetch(self):
        write(self.lock, self.bench.locks[1].replace(b"CHANNEL", self.shown.encode()))
        os.makedirs(self.cache)
        shutil.copytree(self.bench.archives, self.cache + "/archives")
        self.case.begin(self.bench.channels.folders[2], self.fault.act)
        done = self.lockenv("fetch", self.lock)
        yield from self.check_faulty(done)
        yield from self.check_cache()
        have = set(os.listdir(self.cache + "/archives"))
        if not set(os.listdir(self.bench.archives)) <= have:
            yield "an archive that was there is lost"
        if (len(have) == 2) != (done.returncode == 0):
            yield f"exit {done.returncode}, but the archives are {have}"
        self.case.begin(self.case.folder, None)
        again = self.lockenv("fetch", self.lock)
        if again.returncode != 0 or len(os.listdir(self.cache + "/archives")) != 2:
            yield f"without the fault: exit {again.returncode}: {again.stderr}"
        if os.listdir(self.cache + "/tmp"):
            yield f"left in the cache: {os.listdir(self.cache + '/tmp')}"
        self.log = done.stderr

    def run(self):
        self.log = b""
        wrong = [*(self.run_fetch() if self.kind == "archive" else self.run_solve()), *self.check_cache()]
        del self.bench.server.cases[self.name]
        shutil.rmtree(self.work)
        return self, wrong


class Bench:
    def __init__(self, binaries, work):
        self.binaries, self.work = os.path.abspath(binaries), work
        self.channels = Channels(self.binaries, work)
        self.server = Server()
        self.certificates = Certificates(work + "/certificates")
        self.server.gzip_bomb = gzip.compress(bytes(1 << 24)) * 640
        self.server.zstd_bomb = zstd_bomb(1 << 33)
        self.server.plain_port = self.server.listen(talk_http)
        self.locks, self.archives = [], work + "/archives"
        self.measure()

    def measure(self):
        """What is made of each revision without a fault, and the archive that is there before."""
        nothing = faults.Fault("none", "", "", None, {"index": faults.OK}, plain)
        cell = Cell(self, nothing, "index", "none")
        for revision in (1, 2):
            cell.case.folder = self.channels.folders[revision]
            done = cell.solve(cell.lock)
            if done.returncode != 0:
                sys.exit(f"without a fault: exit {done.returncode}: {done.stderr.decode()}")
            self.locks.append(cell.read_lock(cell.lock))
        cell.lockenv("fetch", cell.lock)
        os.makedirs(self.archives)
        for name in os.listdir(cell.cache + "/archives"):
            if name.startswith("base-"):
                shutil.copy(f"{cell.cache}/archives/{name}", self.archives)
        if len(os.listdir(self.archives)) != 1:
            sys.exit("without a fault: no archive was fetched")


def zstd_bomb(size):
    """Frames of one block each that repeats a blank."""
    block = 1 << 17
    head = (block << 3 | 1 << 1).to_bytes(3, "little") + b" "
    return b"\x28\xb5\x2f\xfd\x00\x38" + head * (size // block - 1) + (
        block << 3 | 1 << 1 | 1).to_bytes(3, "little") + b" "


TITLES = {
    "breaks": "Connections that break off", "lengths": "Wrong lengths", "ranges": "Wrong ranges",
    "statuses": "Statuses", "redirects": "Redirects", "no-http": "Answers that are not HTTP",
    "contents": "Wrong contents", "time": "Time", "tls": "TLS", "http2": "HTTP/2", "proxies": "Proxies",
    "names": "Names"}
BEGIN, END = "<!-- the table: written by tests/hostile/matrix.py -->\n", "<!-- the end of the table -->\n"


def table():
    lines = []
    for section, title in TITLES.items():
        lines += [f"### {title}", "", "| the other side | .json | .zst | index | shard | archive | says |",
                  "| --- | --- | --- | --- | --- | --- | --- |"]
        for fault in faults.FAULTS:
            if fault.section == section:
                ends = [fault.outcomes.get(kind, "") for kind in faults.KINDS]
                said = dict.fromkeys(end.partition(": ")[2] for end in ends if ": " in end)
                cells = [fault.what, *[end.partition(": ")[0] for end in ends], "; ".join(said)]
                lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |"))
        lines.append("")
    return BEGIN + "\n" + "\n".join(lines) + END


def check_page(path, rewrite):
    text = read(path).decode()
    wanted = text[: text.index(BEGIN)] + table() + text[text.index(END) + len(END) :]
    if rewrite:
        write(path, wanted)
    elif text != wanted:
        print(f"{path} is not as the faults: run tests/hostile/matrix.py --write {path}")
        return 1
    return 0


def choose(args):
    for i, fault in enumerate(faults.FAULTS):
        if (args.sections and fault.section not in args.sections) or (args.only and fault.name not in args.only):
            continue
        kinds = list(fault.outcomes)
        for kind in [kinds[i % len(kinds)]] if args.sample else kinds:
            if not args.kinds or kind in args.kinds:
                yield fault, kind


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", nargs="?")
    parser.add_argument("sections", nargs="*")
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--kinds", nargs="+")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--check")
    parser.add_argument("--write")
    args = parser.parse_intermixed_args()
    if args.check or args.write:
        return check_page(args.check or args.write, args.write)
    work = tempfile.mkdtemp(prefix="lockenv-hostile-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    try:
        bench = Bench(args.bin, work)
        cells = [Cell(bench, fault, kind, i) for i, (fault, kind) in enumerate(choose(args))]
        n_wrong = 0
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for cell, wrong in pool.map(Cell.run, cells):
                if wrong or args.verbose:
                    print(f"{cell.fault.name}, {cell.kind}: {'; '.join(wrong) or 'as it should be'}")
                    for line in cell.log.decode(errors="backslashreplace").strip().split("\n"):
                        print("    " + line[:400].replace("\x1b", "<ESC>"))
                n_wrong += bool(wrong)
        print(f"{len(cells) - n_wrong} passed, {n_wrong} failed")
        bench.server.stop()
        print("".join(bench.server.broken[:5]), end="")
        return 1 if n_wrong or bench.server.broken else 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

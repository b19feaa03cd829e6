#!/usr/bin/env python3
"""The way across the air gap, killed or refused at every call that changes a file system or reads a file.

    carry.py BIN WORK [--short] [--seed N] [SCENARIO...]

WORK holds channel/, cache/, old.lock and new.lock (see run.sh). Each scenario is one command: fetch from a folder and
from a web server, pack into one file and into volumes, unpack, and installs straight from a bundle. What it would
replace is there before. The calls are counted once; then for each n and each kind of fault, and for each low limit of
open files, the command runs with it, and

- its result is whole, or what was there before is, as it was (of volumes and folders: whatever stands under a final
  name is); whole if the command says that it worked; and a failure is the file system's;
- every archive and tree in the cache is whole, and none that was there is lost;
- a second, plain run works and gives the very same result.

The short form runs every STRIDE-th fault, beginning at a place that the seed draws.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import http.server
import os
import queue
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

from faults import MAX_TOLD, digest

EXIT_FILES = 8
ACTS = ("kill", "ENOSPC", "EIO", "EACCES")
OPEN_FILES = range(4, 40)
STRIDE = 23


class Scenario:
    """words: of the command; result: what it makes; old: made before in its place; parts: the result is a folder or
    several files, which come one after the other; cold: without a cache to begin with."""

    def __init__(self, name, words, result, old=None, parts=False, cold=True):
        self.name, self.words, self.result, self.old = name, words, result, old
        self.parts, self.cold = parts, cold


PREFIX = ["-p", "{place}/env", "--platform", "linux-64"]
SCENARIOS = [
    Scenario("fetch", ["fetch", "{shared}/new.lock"], "cache/archives", parts=True),
    Scenario("fetch-web", ["fetch", "{shared}/web.lock"], "cache/archives", parts=True),
    Scenario("pack", ["pack", "{shared}/new.lock", "--no-installer", "-o", "{place}/b.lockpack"], "b.lockpack",
             old="old.lockpack", cold=False),
    Scenario("pack-volumes", ["pack", "{shared}/new.lock", "--no-installer", "--volume-size", "3K", "-o",
                              "{place}/b.lockpack"], ".", parts=True, cold=False),
    Scenario("unpack", ["unpack", "{shared}/new.lockpack"], "cache/archives", parts=True),
    Scenario("unpack-folder", ["unpack", "{shared}/new.lockpack", "-d", "{place}/far"], "far", parts=True),
    Scenario("install", ["install", "{shared}/new.lockpack", *PREFIX], "env", old="env"),
    Scenario("install-first", ["install", "{shared}/new.lockpack", *PREFIX], "env"),
    Scenario("no-cache", ["install", "{shared}/new.lockpack", "--no-cache", *PREFIX], "env", old="env"),
    Scenario("no-cache-first", ["install", "{shared}/new.lockpack", "--no-cache", *PREFIX], "env"),
]


def files_of(root):
    """Path and contents of each file in a folder, but for those of lockenv that are not finished."""
    found = {}
    for here, _, names in os.walk(root):
        for name in names:
            path = os.path.relpath(f"{here}/{name}", root)
            if "tmp" not in path.split("/") and not name.startswith(".") and "-tmp" not in name:
                with open(f"{here}/{name}", "rb") as file:
                    found[path] = hashlib.sha256(file.read()).hexdigest()
    return found


class Bench:
    """One place with a cache, for one fault at a time."""

    def __init__(self, binaries, shared, work):
        self.binaries, self.shared, self.work = binaries, shared, work
        self.place, self.cache = work + "/place", work + "/place/cache"
        self.known = {}
        os.makedirs(work)

    def run(self, words, files=None, **fault):
        environment = dict(os.environ, LC_ALL="C", LOCKENV_CACHE=self.cache)
        if fault:
            environment.update({"FAULT_" + key.upper(): str(value) for key, value in fault.items() if value})
            environment["LD_PRELOAD"] = self.binaries + "/libfault.so"
        limit = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, (files, files)) if files else None
        words = [word.format(shared=self.shared, place=self.place) for word in words]
        return subprocess.run([self.binaries + "/lockenv", words[0], "--jobs", "2", *words[1:]], env=environment,
                              capture_output=True, text=True, errors="replace", check=False, preexec_fn=limit)

    def must(self, words):
        done = self.run(words)
        if done.returncode != 0:
            sys.exit(f"{words}: exit {done.returncode}: {done.stderr}")

    def restore(self, scenario):
        shutil.rmtree(self.place, ignore_errors=True)
        os.makedirs(self.place)
        if not scenario.cold:
            subprocess.run(["cp", "-al", self.shared + "/cache", self.cache], check=True)
        elif scenario.result == "cache/archives":  # an archive of another environment is there
            os.makedirs(self.cache + "/archives")
            for name in os.listdir(self.shared + "/cache/archives"):
                if name.startswith("goes-"):
                    shutil.copy2(f"{self.shared}/cache/archives/{name}", self.cache + "/archives")
        if scenario.old == "env":
            subprocess.run(["cp", "-al", self.shared + "/old-env", self.place + "/env"], check=True)
        elif scenario.old:
            shutil.copy2(f"{self.shared}/{scenario.old}", f"{self.place}/{scenario.result}")

    def state(self, scenario):
        path = f"{self.place}/{scenario.result}"
        if scenario.result == ".":
            return {name: value for name, value in files_of(path).items() if not name.startswith("cache/")}
        return files_of(path) if scenario.parts else digest(path) if os.path.isdir(path) else files_of_one(path)

    def reference(self, scenario):
        """What is there before, and what comes of the command: here, since a prefix is written into files."""
        if scenario.name not in self.known:
            self.restore(scenario)
            before = self.state(scenario)
            self.must(scenario.words)
            self.known[scenario.name] = before, self.state(scenario)
        return self.known[scenario.name]

    def calls(self, scenario, reads):
        """How many calls a run without a fault makes."""
        self.restore(scenario)
        log = self.work + "/calls"
        done = self.run(scenario.words, log=log, **({"class": "reads"} if reads else {}))
        if done.returncode != 0:
            sys.exit(f"{scenario.name}: without a fault: exit {done.returncode}: {done.stderr}")
        with open(log) as file:
            n = len(file.read().split())
        os.unlink(log)
        return n

    def check_cache(self, trees):
        for name in os.listdir(self.cache + "/archives") if os.path.isdir(self.cache + "/archives") else ():
            with open(f"{self.cache}/archives/{name}", "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != name[-64:]:
                    yield f"the archive {name} is not whole"
        for name in os.listdir(self.cache + "/trees") if os.path.isdir(self.cache + "/trees") else ():
            if digest(f"{self.cache}/trees/{name}") != trees.get(name):
                yield f"the tree {name} is not whole"

    def check_state(self, scenario, done, before, after):
        state = self.state(scenario)
        if done.returncode == 0:
            if state != after:
                yield "says it worked, but the result is another"
        elif scenario.parts:
            if not before.items() <= state.items():
                yield "what was there before is lost"
            if not state.items() <= after.items():
                yield f"not whole: {[name for name, value in state.items() if after.get(name) != value]}"
        elif state not in (before, after):
            yield "the result is neither the old nor the new one"

    def case(self, scenario, trees, fault):
        before, after = self.reference(scenario)
        self.restore(scenario)
        done = self.run(scenario.words, **fault)
        wrong = []
        # Without a descriptor left the cache cannot be looked into: then what is wanted is missing (6).
        codes = (0, EXIT_FILES, 6, 127) if "files" in fault else (0, EXIT_FILES, -signal.SIGKILL)
        if done.returncode not in codes:
            wrong.append(f"exit {done.returncode}, where only the file system is at fault")
        if done.returncode == EXIT_FILES and "error: " not in done.stderr:
            wrong.append("a failure without an error")
        wrong += [*self.check_state(scenario, done, before, after), *self.check_cache(trees)]
        second = self.run(scenario.words)
        if second.returncode != 0:
            wrong.append(f"the second run: exit {second.returncode}: {second.stderr.strip()}")
        elif self.state(scenario) != after:
            wrong.append("the second run gives another result")
        wrong += self.check_cache(trees)
        return done.returncode, [f"{scenario.name}, {fault}: {what}\n    {done.stderr.strip()[:400]}" for what in wrong]


def files_of_one(path):
    if not os.path.lexists(path):
        return None
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """A test has no access log."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that die are no news here."""


def serve(folder):
    """The port of a web server for the folder, which ends with this process."""
    server = Server(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def prepare(binaries, shared):
    """The bundles and the old prefix, the lock of a web server, and the digests of whole trees."""
    first = Bench(binaries, shared, shared + "/first")
    first.cache = shared + "/cache"
    for lock in ("old", "new"):
        first.must(["pack", f"{{shared}}/{lock}.lock", "--no-installer", "-o", f"{{shared}}/{lock}.lockpack"])
        first.must(["install", f"{{shared}}/{lock}.lock", "-p", f"{{place}}/env", "--platform", "linux-64"])
        if lock == "old":
            shutil.copytree(first.place + "/env", shared + "/old-env", symlinks=True)
    with open(shared + "/new.lock") as file:
        text = file.read()
    with open(shared + "/web.lock", "w") as file:
        file.write(text.replace(f"file://{shared}/channel", f"http://127.0.0.1:{serve(shared + '/channel')}"))
    return {name: digest(f"{first.cache}/trees/{name}") for name in os.listdir(first.cache + "/trees")}


def choose(args, scenario, counts):
    faults = [{"at": at, "act": act} for at in range(1, counts[0] + 1) for act in ACTS]
    faults += [{"at": at, "act": "EIO", "class": "reads"} for at in range(1, counts[1] + 1)]
    faults += [{"files": files} for files in OPEN_FILES]
    start = random.Random(f"{args.seed} {scenario.name}").randrange(STRIDE)
    return faults[start::STRIDE] if args.short else faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("work")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("scenarios", nargs="*")
    args = parser.parse_intermixed_args()
    trees = prepare(args.bin, args.work)
    benches, passed, failed = queue.SimpleQueue(), 0, 0
    n_benches = len(os.sched_getaffinity(0))
    for i in range(n_benches):
        benches.put(Bench(args.bin, args.work, f"{args.work}/bench{i}"))

    def with_bench(method, *rest):
        bench = benches.get()
        try:
            return method(bench, *rest)
        finally:
            benches.put(bench)

    print(f"carry, {'the short form, ' if args.short else ''}seed {args.seed}")
    for scenario in SCENARIOS:
        if args.scenarios and scenario.name not in args.scenarios:
            continue
        start, codes = time.monotonic(), {}
        counts = [with_bench(Bench.calls, scenario, reads) for reads in ("", "1")]
        faults = choose(args, scenario, counts)
        with concurrent.futures.ThreadPoolExecutor(n_benches) as pool:
            for code, wrong in pool.map(lambda fault: with_bench(Bench.case, scenario, trees, fault), faults):
                codes[code] = codes.get(code, 0) + 1
                passed += not wrong
                failed += bool(wrong)
                if wrong and failed <= MAX_TOLD:
                    print("\n".join(wrong), flush=True)
        print(f"{scenario.name}: {counts[0]} calls, {counts[1]} reads, {len(faults)} faults, exit codes "
              f"{dict(sorted(codes.items()))}, {time.monotonic() - start:.0f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

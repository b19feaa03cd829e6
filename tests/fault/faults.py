#!/usr/bin/env python3
"""lockenv install, killed or refused at every call that changes a file system or reads a file.

    faults.py BIN WORK [--short] [--seed N] [SCENARIO...]

WORK holds old.lock, new.lock, channel/ and cache/ (see run.sh). For each scenario the calls are counted
once; then for each n and each kind of fault the state before is put back, the install runs with the fault
at the n-th call, and

- the prefix must be the old one or the new one, by a digest over all paths, modes, times, contents and
  links; an install that says it failed must leave the old one, one that says it worked the new one, and a
  failure must be the file system's, not a package's;
- every tree and archive that stands in the cache under its final name must be whole;
- a second, plain run, of the static installer, must work, give the new prefix, and leave nothing beside it.

As many faults at a time as there are processors, each with a prefix and a cache of its own. The short form
runs the kinds of fault in `short` at every call (with the first number of jobs), and of all the others every
STRIDE-th, beginning at a place that the seed draws.
"""

import argparse
import concurrent.futures
import hashlib
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import time

EXIT_FILES = 8
ACTS = ("kill", "ENOSPC", "EIO", "EACCES")
STRIDE = 17  # shares no factor with the number of ACTS


class Scenario:
    """`short`: the kinds of fault that the short form, too, runs at every call."""

    def __init__(self, name, acts=ACTS, short=(), reads="", lacks="", old=True, warm=True, jobs=("1",)):
        self.name, self.acts, self.short, self.reads, self.lacks = name, acts, short, reads, lacks
        self.old, self.warm, self.jobs = old, warm, jobs


SCENARIOS = [
    Scenario("upgrade", short=("kill", "ENOSPC", "EIO"), jobs=("1", "2")),
    Scenario("first", old=False),
    # No exchange of names: two renames, between which the prefix is absent.
    Scenario("no-exchange", short=("kill",), lacks="renameat2"),
    Scenario("no-exchange-first", lacks="renameat2", old=False),
    # Neither hard links nor shared blocks: every file is copied.
    Scenario("copy", lacks="hardlink reflink"),
    Scenario("bare", lacks="hardlink reflink renameat2 long-writes long-reads"),
    # Archives are imported and extracted.
    Scenario("cold", old=False, warm=False, jobs=("1", "2")),
    Scenario("cold-bare", lacks="hardlink reflink renameat2 long-reads", warm=False),
    # Files that cannot be read.
    Scenario("reads", acts=("EIO",), short=("EIO",), reads="1"),
    Scenario("reads-copy", acts=("EIO",), reads="1", lacks="hardlink reflink"),
    Scenario("reads-cold", acts=("EIO",), short=("EIO",), reads="1", warm=False),
]


def digest(root):
    """None where ROOT is absent."""
    if not os.path.lexists(root):
        return None
    total = hashlib.sha256()
    for here, dirs, files in os.walk(root):
        dirs.sort()
        for name in sorted(dirs + files):
            path = f"{here}/{name}"
            status = os.lstat(path)
            if os.path.islink(path):
                what = "link " + os.readlink(path)
            elif os.path.isdir(path):
                what = f"dir {status.st_mode:o}"
            else:
                with open(path, "rb") as file:
                    body = hashlib.sha256(file.read()).hexdigest()
                when = 0 if name in ("history", ".lockenv-seal") else status.st_mtime_ns
                what = f"file {status.st_mode:o} {when} {body}"
            total.update(f"{os.path.relpath(path, root)}\0{what}\n".encode())
    return total.hexdigest()


class Bench:
    """One prefix and one cache, for one fault at a time."""

    def __init__(self, bin_dir, shared, work):
        self.bin, self.shared, self.work = bin_dir, shared, work
        self.env, self.side = work + "/place/env", work + "/place"
        self.warm = work + "/cache"
        self.cache = self.warm
        self.channel = ["--from", shared + "/channel/linux-64", "--from", shared + "/channel/noarch"]

    def sources(self, scenario):
        return [] if scenario.warm else self.channel

    def install(self, lock, extra=(), **fault):
        environment = dict(os.environ, LC_ALL="C")
        program = [self.bin + "/lockenv-install"]
        if fault:
            program = [self.bin + "/lockenv", "install"]
            environment.update({"FAULT_" + key.upper(): str(value) for key, value in fault.items() if value})
            environment["LD_PRELOAD"] = self.bin + "/libfault.so"
        return subprocess.run(
            [*program, f"{self.shared}/{lock}.lock", "-p", self.env, "--platform", "linux-64", "--cache", self.cache,
             *extra],
            env=environment, capture_output=True, text=True, errors="replace", check=False)

    def must(self, *args, **kwargs):
        done = self.install(*args, **kwargs)
        if done.returncode != 0:
            sys.exit(f"{args}: exit {done.returncode}: {done.stderr}")

    def prepare(self):
        """The reference prefixes, with files and a link of the user's in the old one."""
        os.makedirs(self.side)
        subprocess.run(["cp", "-a", self.shared + "/cache", self.warm], check=True)
        self.must("new")
        self.fresh = digest(self.env)
        shutil.rmtree(self.env)
        self.must("old")
        os.makedirs(self.env + "/share/mine")
        for path in ("share/mine/notes.txt", "lib/moves/mine.txt"):
            with open(f"{self.env}/{path}", "w") as file:
                file.write("the user's\n")
        os.symlink("notes.txt", self.env + "/share/mine/link")
        # cp: like lockenv, it keeps times and hard links.
        subprocess.run(["cp", "-al", self.env, self.work + "/old"], check=True)
        self.before = digest(self.env)
        self.must("new")
        self.after = digest(self.env)
        self.trees = {name: digest(f"{self.warm}/trees/{name}") for name in os.listdir(self.warm + "/trees")}

    def restore(self, scenario):
        shutil.rmtree(self.side)
        os.mkdir(self.side)
        if scenario.old:
            subprocess.run(["cp", "-al", self.work + "/old", self.env], check=True)
        if not scenario.warm:
            self.cache = self.work + "/cold"
            shutil.rmtree(self.cache, ignore_errors=True)
        else:
            self.cache = self.warm

    def check_cache(self):
        if os.path.isdir(self.cache + "/trees"):
            for name in os.listdir(self.cache + "/trees"):
                if digest(f"{self.cache}/trees/{name}") != self.trees[name]:
                    yield f"the tree {name} is not whole"
        if os.path.isdir(self.cache + "/archives"):
            for name in os.listdir(self.cache + "/archives"):
                with open(f"{self.cache}/archives/{name}", "rb") as file:
                    if hashlib.sha256(file.read()).hexdigest() != name[-64:]:
                        yield f"the archive {name} is not whole"

    def is_between(self, scenario, done):
        """Killed between two renames?"""
        return (done.returncode == -signal.SIGKILL and scenario.old and "renameat2" in scenario.lacks
                and not os.path.lexists(self.env))

    def check_fault(self, scenario, done):
        """After the run with the fault."""
        old, new = (self.before, self.after) if scenario.old else (None, self.fresh)
        state = digest(self.env)
        killed = done.returncode == -signal.SIGKILL
        if self.is_between(scenario, done):
            # The old one lies whole beside it.
            if digest(self.side + "/.env.lockenv/old") != old:
                yield "the prefix is absent, and the old one is not whole beside it"
        elif state not in (old, new):
            yield "the prefix is neither the old nor the new one"
        elif not killed and done.returncode not in (0, EXIT_FILES):
            yield f"exit {done.returncode}, where only the file system is at fault"
        elif not killed and state != (new if done.returncode == 0 else old):
            yield f"exit {done.returncode}, but the prefix is the {'new' if state == new else 'old'} one"
        elif not killed and done.returncode != 0 and "error: " not in done.stderr:
            yield f"exit {done.returncode} without an error"
        yield from self.check_cache()

    def check_second(self, scenario):
        done = self.install("new", self.sources(scenario))
        if done.returncode != 0:
            yield f"the second run: exit {done.returncode}: {done.stderr.strip()}"
        elif digest(self.env) != (self.after if scenario.old else self.fresh):
            yield "the second run does not give the new prefix"
        elif os.listdir(self.side) != ["env"]:
            yield f"left beside the prefix: {os.listdir(self.side)}"
        yield from self.check_cache()

    def case(self, scenario, jobs, at, act):
        """The exit code, whether the kill came between two renames, and what is wrong."""
        self.restore(scenario)
        extra = ["--jobs", jobs, *self.sources(scenario)]
        done = self.install("new", extra, at=at, act=act, lacks=scenario.lacks, reads=scenario.reads)
        between = self.is_between(scenario, done)
        wrong = [*self.check_fault(scenario, done), *self.check_second(scenario)]
        return done.returncode, between, [
            f"{scenario.name}, {jobs} jobs, {act} at call {at}: {what}\n    {done.stderr.strip()[:400]}"
            for what in wrong]

    def calls(self, scenario, jobs):
        """The names of the calls of a run without a fault."""
        self.restore(scenario)
        log = self.work + "/calls"
        extra = ["--jobs", jobs, *self.sources(scenario)]
        self.must("new", extra, log=log, lacks=scenario.lacks, reads=scenario.reads)
        if digest(self.env) != (self.after if scenario.old else self.fresh):
            sys.exit(f"{scenario.name}: without a fault another prefix")
        with open(log) as file:
            calls = file.read().split()
        os.unlink(log)
        return calls


class Suite:
    def __init__(self, args):
        self.args = args
        self.benches = queue.SimpleQueue()
        self.n_benches = len(os.sched_getaffinity(0))
        self.found = []
        for i in range(self.n_benches):
            bench = Bench(args.bin, args.work, f"{args.work}/bench{i}")
            bench.prepare()
            self.benches.put(bench)

    def choose(self, scenario, jobs, n_calls):
        """The faults to run: (n, kind)."""
        faults = [(at, act) for at in range(1, n_calls + 1) for act in scenario.acts]
        if not self.args.short:
            return faults
        short = scenario.short if jobs == scenario.jobs[0] else ()
        full = [fault for fault in faults if fault[1] in short]
        rest = [fault for fault in faults if fault[1] not in short]
        start = random.Random(f"{self.args.seed} {scenario.name} {jobs}").randrange(STRIDE)
        return full + rest[start::STRIDE]

    def with_bench(self, method, *args):
        bench = self.benches.get()
        try:
            return method(bench, *args)
        finally:
            self.benches.put(bench)

    def run(self, scenario, jobs):
        start, codes = time.monotonic(), {}
        calls = self.with_bench(Bench.calls, scenario, jobs)
        n_faults = len(calls) * len(scenario.acts)
        faults = self.choose(scenario, jobs, len(calls))
        with concurrent.futures.ThreadPoolExecutor(self.n_benches) as pool:
            results = list(pool.map(lambda fault: self.with_bench(Bench.case, scenario, jobs, *fault), faults))
        for code, _, wrong in results:
            codes[code] = codes.get(code, 0) + 1
            self.found += wrong
        every_kill = not self.args.short or "kill" in scenario.short
        if scenario.old and "renameat2" in scenario.lacks and every_kill and not any(r[1] for r in results):
            self.found.append(f"{scenario.name}: no kill came between the two renames")
        print(f"{scenario.name}, {jobs} jobs: {len(calls)} calls ({' '.join(sorted(set(calls)))}), "
              f"{len(faults)} of {n_faults} faults, exit codes {dict(sorted(codes.items()))}, "
              f"{time.monotonic() - start:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("work")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("scenarios", nargs="*")
    args = parser.parse_intermixed_args()
    unknown = set(args.scenarios) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        parser.error(f"no such scenario: {' '.join(sorted(unknown))}")
    suite = Suite(args)
    if args.short:
        print(f"the short form, seed {args.seed}")
    for scenario in SCENARIOS:
        if not args.scenarios or scenario.name in args.scenarios:
            for jobs in scenario.jobs:
                suite.run(scenario, jobs)
    for fault in suite.found[:40]:
        print(fault)
    print(f"{len(suite.found)} found")
    return 1 if suite.found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""lockenv install, killed or refused at every call that changes a file system, reads a file or opens one.

    faults.py BIN WORK [--short] [--seed N] [SCENARIO...]

WORK holds old.lock, new.lock, channel/ and cache/ (see run.sh). For each scenario the calls are counted
once; then for each n and each kind of fault the state before is put back, the install runs with the fault
at the n-th call, and

- the prefix must be the old one or the new one, by a digest over all paths, modes, times, contents and
  links; an install that says it failed must leave the old one, one that says it worked the new one, and a
  failure must be the file system's, not a package's;
- every tree and archive that stands in the cache under its final name must be whole;
- a second, plain run, of the static installer, must work, give the new prefix, and leave nothing beside it.

Scenarios with `twice` have a second fault, drawn, in the run that follows a kill; the third is the plain one.

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
ACTS = ("kill", "ENOSPC", "EIO", "EACCES", "short")
STRIDE = 17
MAX_TOLD = 20


class Scenario:
    """calls: the class of them that fails (see fault.c); short: the kinds of fault that the short form, too, runs at
    every call; options: of the install; cache: warm, cold or none."""

    def __init__(self, name, acts=ACTS, short=(), calls="changes", lacks="", old=True, cache="warm", jobs=("1",),
                 options=(), twice=False):
        self.name, self.acts, self.short, self.calls, self.lacks = name, acts, short, calls, lacks
        self.old, self.cache, self.jobs, self.options, self.twice = old, cache, jobs, list(options), twice

    def faults(self, calls):
        """(n, kind) for each of the calls, by name, of a run."""
        for at, name in enumerate(calls, 1):
            for act in self.acts:
                partial = name in ("read", "write", "pwrite", "copy_file_range")
                if not (act == "short" and not partial) and not (act == "ENOMEM" and name != "mmap"):
                    yield at, act


READS = ("EIO", "short")
OPENS = ("EMFILE", "ENOMEM")
BARE = "hardlink reflink renameat2 long-writes long-reads"
SCENARIOS = [
    Scenario("upgrade", short=("kill", "ENOSPC", "EIO"), jobs=("1", "2")),
    Scenario("first", old=False),
    # No exchange of names: two renames, between which the prefix is absent.
    Scenario("no-exchange", short=("kill",), lacks="renameat2"),
    Scenario("no-exchange-first", lacks="renameat2", old=False),
    # Neither hard links nor shared blocks: every file is copied.
    Scenario("copy", lacks="hardlink reflink"),
    Scenario("no-more-links", lacks="another-link"),
    Scenario("symlink", options=["--link", "symlink"]),
    Scenario("bare", lacks=BARE),
    # Archives are imported and extracted.
    Scenario("cold", old=False, cache="cold", jobs=("1", "2")),
    Scenario("cold-upgrade", cache="cold"),
    Scenario("cold-bare", lacks="hardlink reflink renameat2 long-reads", cache="cold"),
    # Extracted beside the prefix, and moved.
    Scenario("no-cache", cache="none", options=["--no-cache"], jobs=("1", "2")),
    Scenario("no-cache-bare", cache="none", options=["--no-cache"], lacks=BARE),
    # The old tree is kept; name by name, with a journal.
    Scenario("keep-previous", options=["--keep-previous"]),
    Scenario("in-place", options=["--in-place"], short=("kill",)),
    Scenario("in-place-bare", options=["--in-place"], lacks=BARE),
    Scenario("twice-in-place", acts=("kill",), options=["--in-place"], twice=True),
    # Files that cannot be read.
    Scenario("reads", acts=READS, short=("EIO",), calls="reads"),
    Scenario("reads-copy", acts=READS, calls="reads", lacks="hardlink reflink"),
    Scenario("reads-cold", acts=READS, short=("EIO",), calls="reads", cache="cold"),
    Scenario("reads-no-cache", acts=READS, calls="reads", cache="none", options=["--no-cache"]),
    # No descriptor left, no room for a mapping.
    Scenario("opens", acts=OPENS, calls="opens"),
    Scenario("opens-cold", acts=OPENS, calls="opens", cache="cold"),
    Scenario("opens-no-cache", acts=OPENS, calls="opens", cache="none", options=["--no-cache"]),
    # A fault in the run that puts things right after a kill.
    Scenario("twice", acts=("kill",), twice=True),
    Scenario("twice-no-exchange", acts=("kill",), lacks="renameat2", twice=True),
    Scenario("twice-cold", acts=("kill",), cache="cold", twice=True),
]


def digest(root, without=None):
    """None where ROOT is absent. WITHOUT: a name in it that does not count."""
    if not os.path.lexists(root):
        return None
    total = hashlib.sha256()
    for here, dirs, files in os.walk(root):
        dirs[:] = sorted(name for name in dirs if here != root or name != without)
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

    def options(self, scenario):
        return [*scenario.options, *([] if scenario.cache == "warm" else self.channel)]

    def install(self, lock, extra=(), **fault):
        environment = dict(os.environ, LC_ALL="C")
        program = [self.bin + "/lockenv-install"]
        if fault:
            program = [self.bin + "/lockenv", "install"]
            environment.update({"FAULT_" + key.upper(): str(value) for key, value in fault.items() if value})
            environment["LD_PRELOAD"] = self.bin + "/libfault.so"
        cache = [] if "--no-cache" in extra else ["--cache", self.cache]
        return subprocess.run(
            [*program, f"{self.shared}/{lock}.lock", "-p", self.env, "--platform", "linux-64", *cache, *extra],
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
        self.must("new", ["--link", "symlink"])
        self.after_links = digest(self.env)
        self.restore(SCENARIOS[0])
        self.must("new")
        self.after = digest(self.env)
        self.trees = {name: digest(f"{self.warm}/trees/{name}") for name in os.listdir(self.warm + "/trees")}

    def restore(self, scenario):
        shutil.rmtree(self.side)
        os.mkdir(self.side)
        if scenario.old:
            subprocess.run(["cp", "-al", self.work + "/old", self.env], check=True)
        self.choose_cache(scenario)
        if scenario.cache != "warm":
            shutil.rmtree(self.cache, ignore_errors=True)

    def choose_cache(self, scenario):
        self.cache = self.warm if scenario.cache == "warm" else self.work + "/cold"

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

    def is_aside(self, scenario):
        """No prefix, since there is no exchange of names, but the old one whole beside it?"""
        return (scenario.old and "renameat2" in scenario.lacks and not os.path.lexists(self.env)
                and digest(self.side + "/.env.lockenv/old") == self.expected(scenario)[0])

    def is_mixed(self, scenario):
        """In place, and what tells the next run how to go on is there?"""
        return "--in-place" in scenario.options and os.path.isdir(self.env + "/.lockenv")

    def expected(self, scenario):
        """The digests of the prefix before and after."""
        links = "--link" in scenario.options
        new = (self.after_links if links else self.after) if scenario.old else self.fresh
        return self.before if scenario.old else None, new

    def check_fault(self, scenario, done, aside=False):
        """After the run with the fault. ASIDE: it began with the old prefix aside."""
        old, new = self.expected(scenario)
        # A working folder that is left, since the disk is full, is no harm: the next run removes it.
        state = digest(self.env, ".lockenv" if "--in-place" in scenario.options else None)
        killed = done.returncode == -signal.SIGKILL
        left = killed or aside or "the next run completes it" in done.stderr
        if left and (self.is_aside(scenario) or self.is_mixed(scenario)):
            pass
        elif state not in (old, new):
            yield "the prefix is neither the old nor the new one"
        elif not killed and done.returncode not in (0, EXIT_FILES):
            yield f"exit {done.returncode}, where only the file system is at fault"
        elif not killed and state != (new if done.returncode == 0 else old) and not aside:
            yield f"exit {done.returncode}, but the prefix is the {'new' if state == new else 'old'} one"
        elif not killed and done.returncode != 0 and "error: " not in done.stderr:
            yield f"exit {done.returncode} without an error"
        yield from self.check_cache()

    def check_second(self, scenario):
        done = self.install("new", self.options(scenario))
        if done.returncode != 0:
            yield f"the plain run: exit {done.returncode}: {done.stderr.strip()}"
        elif digest(self.env) != self.expected(scenario)[1]:
            yield "the plain run does not give the new prefix"
        elif "--keep-previous" not in scenario.options and os.listdir(self.side) != ["env"]:
            yield f"left beside the prefix: {os.listdir(self.side)}"
        yield from self.check_cache()

    def with_fault(self, scenario, jobs, at, act):
        fault = {"at": at, "act": act, "lacks": scenario.lacks, "class": scenario.calls}
        return self.install("new", ["--jobs", jobs, *self.options(scenario)], **fault)

    def case(self, scenario, jobs, fault, second):
        """The exit code, whether the kill came between two renames, and what is wrong."""
        self.restore(scenario)
        done = self.with_fault(scenario, jobs, *fault)
        aside = self.is_aside(scenario)
        wrong = [*self.check_fault(scenario, done)]
        what = "{1} at call {0}".format(*fault)
        if scenario.twice:
            done = self.with_fault(scenario, jobs, *second)
            wrong += [*self.check_fault(scenario, done, True)]
            what += ", then {1} at call {0}".format(*second)
        wrong += [*self.check_second(scenario)]
        return done.returncode, aside, [
            f"{scenario.name}, {jobs} jobs, {what}: {fault}\n    {done.stderr.strip()[:400]}" for fault in wrong]

    def calls(self, scenario, jobs):
        """The names of the calls of a run without a fault."""
        self.restore(scenario)
        log = self.work + "/calls"
        extra = ["--jobs", jobs, *self.options(scenario)]
        self.must("new", extra, log=log, lacks=scenario.lacks, **{"class": scenario.calls})
        if digest(self.env) != self.expected(scenario)[1]:
            sys.exit(f"{scenario.name}: without a fault another prefix")
        with open(log) as file:
            calls = file.read().split()
        os.unlink(log)
        return calls


class Suite:
    bench = Bench

    def __init__(self, args):
        self.args = args
        self.benches = queue.SimpleQueue()
        self.n_benches = len(os.sched_getaffinity(0))
        self.passed, self.failed = 0, 0
        for i in range(self.n_benches):
            bench = self.bench(args.bin, args.work, f"{args.work}/bench{i}")
            bench.prepare()
            self.benches.put(bench)

    def choose(self, scenario, jobs, calls):
        """The faults to run, each with a second one."""
        faults = [*scenario.faults(calls)]
        rng = random.Random(f"{self.args.seed} {scenario.name} {jobs}")
        seconds = [(rng.randint(1, len(calls) * 5 // 4), rng.choice(ACTS)) for _ in faults]
        start = rng.randrange(STRIDE)
        short = scenario.short if jobs == scenario.jobs[0] else ()
        full = [pair for pair in zip(faults, seconds) if not self.args.short or pair[0][1] in short]
        rest = [pair for pair in zip(faults, seconds) if pair not in full]
        return full + rest[start::STRIDE], len(faults)

    def with_bench(self, method, *args):
        bench = self.benches.get()
        try:
            return method(bench, *args)
        finally:
            self.benches.put(bench)

    def run(self, scenario, jobs):
        start, codes = time.monotonic(), {}
        calls = self.with_bench(Bench.calls, scenario, jobs)
        faults, n_faults = self.choose(scenario, jobs, calls)
        with concurrent.futures.ThreadPoolExecutor(self.n_benches) as pool:
            results = list(pool.map(lambda pair: self.with_bench(Bench.case, scenario, jobs, *pair), faults))
        for code, _, wrong in results:
            codes[code] = codes.get(code, 0) + 1
            self.tell(wrong)
        every_kill = "kill" in (scenario.short if self.args.short else scenario.acts)
        can_be_aside = scenario.old and "renameat2" in scenario.lacks and "--in-place" not in scenario.options
        if can_be_aside and every_kill and not any(r[1] for r in results):
            self.tell([f"{scenario.name}: no kill came between the two renames"])
        print(f"{scenario.name}, {jobs} jobs: {len(calls)} calls ({' '.join(sorted(set(calls)))}), "
              f"{len(faults)} of {n_faults} faults, exit codes {dict(sorted(codes.items()))}, "
              f"{time.monotonic() - start:.0f} s", flush=True)

    def tell(self, wrong):
        """One case is done."""
        self.passed += not wrong
        self.failed += bool(wrong)
        if wrong and self.failed <= MAX_TOLD:
            print("\n".join(wrong), flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def parse_args(names):
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("work")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("scenarios", nargs="*")
    args = parser.parse_intermixed_args()
    unknown = set(args.scenarios) - set(names)
    if unknown:
        parser.error(f"no such scenario: {' '.join(sorted(unknown))}")
    return args


def main():
    args = parse_args([scenario.name for scenario in SCENARIOS])
    suite = Suite(args)
    print(f"faults, {'the short form, ' if args.short else ''}seed {args.seed}")
    for scenario in SCENARIOS:
        if not args.scenarios or scenario.name in args.scenarios:
            for jobs in scenario.jobs:
                suite.run(scenario, jobs)
    return suite.end()


if __name__ == "__main__":
    sys.exit(main())

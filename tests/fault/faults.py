#!/usr/bin/env python3
"""lockenv install, killed or refused at every call that changes a file system.

    faults.py BIN WORK [--short] [SCENARIO...]

WORK holds old.lock, new.lock, channel/ and cache/ (see run.sh). For each scenario the calls are counted
once; then for each n and each kind of fault the state before is put back, the install runs with the fault
at the n-th call, and

- the prefix must be the old one or the new one, by a digest over all paths, modes, times, contents and
  links; an install that says it failed must leave the old one, one that says it worked the new one;
- every tree and archive that stands in the cache under its final name must be whole;
- a second, plain run must work, give the new prefix, and leave nothing beside it.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

ACTS = ("kill", "ENOSPC", "EIO", "EACCES")


class Scenario:
    """ACTS in short form: `short`; none: left out there."""

    def __init__(self, name, short=(), lacks="", old=True, warm=True, jobs=("1",)):
        self.name, self.short, self.lacks, self.old, self.warm, self.jobs = name, short, lacks, old, warm, jobs


SCENARIOS = [
    Scenario("upgrade", short=("kill", "ENOSPC", "EIO"), jobs=("1", "2")),
    Scenario("first", old=False),
    # No exchange of names: two renames, between which the prefix is absent.
    Scenario("no-exchange", short=("kill",), lacks="renameat2"),
    Scenario("no-exchange-first", lacks="renameat2", old=False),
    # Neither hard links nor shared blocks: every file is copied.
    Scenario("copy", short=("kill",), lacks="hardlink reflink"),
    Scenario("bare", lacks="hardlink reflink renameat2 long-writes"),
    # Archives are imported and extracted.
    Scenario("cold", short=("kill", "ENOSPC"), old=False, warm=False, jobs=("1", "2")),
    Scenario("cold-bare", lacks="hardlink reflink renameat2", warm=False),
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
    def __init__(self, bin_dir, work):
        self.bin, self.work = bin_dir, work
        self.env, self.side = work + "/place/env", work + "/place"
        self.warm = work + "/cache"
        self.cache = self.warm
        self.channel = ["--from", work + "/channel/linux-64", "--from", work + "/channel/noarch"]
        self.faults = []

    def sources(self, scenario):
        return [] if scenario.warm else self.channel

    def install(self, lock, extra=(), **fault):
        environment = dict(os.environ, LC_ALL="C")
        if fault:
            environment.update({"FAULT_" + key.upper(): str(value) for key, value in fault.items() if value})
            environment["LD_PRELOAD"] = self.bin + "/libfault.so"
        return subprocess.run(
            [self.bin + "/lockenv", "install", f"{self.work}/{lock}.lock", "-p", self.env, "--platform", "linux-64",
             "--cache", self.cache, *extra],
            env=environment, capture_output=True, text=True, errors="replace", check=False)

    def must(self, *args, **kwargs):
        done = self.install(*args, **kwargs)
        if done.returncode != 0:
            sys.exit(f"{args}: exit {done.returncode}: {done.stderr}")

    def prepare(self):
        """The reference prefixes, with a file of the user's in the old one."""
        os.mkdir(self.side)
        self.must("new")
        self.fresh = digest(self.env)
        shutil.rmtree(self.env)
        self.must("old")
        os.makedirs(self.env + "/share/mine")
        for path in ("share/mine/notes.txt", "lib/moves/mine.txt"):
            with open(f"{self.env}/{path}", "w") as file:
                file.write("the user's\n")
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

    def check_fault(self, scenario, done):
        """After the run with the fault."""
        old, new = (self.before, self.after) if scenario.old else (None, self.fresh)
        state = digest(self.env)
        killed = done.returncode == -signal.SIGKILL
        if killed and state is None and "renameat2" in scenario.lacks:
            # Between the two renames: the old one lies whole beside it.
            self.between += 1
            aside = digest(self.side + "/.env.lockenv/old")
            if aside != old:
                yield "the prefix is absent, and the old one is not whole beside it"
        elif state not in (old, new):
            yield "the prefix is neither the old nor the new one"
        elif not killed and done.returncode < 0:
            yield f"died of signal {-done.returncode}"
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
        self.restore(scenario)
        extra = ["--jobs", jobs, *self.sources(scenario)]
        done = self.install("new", extra, at=at, act=act, lacks=scenario.lacks)
        found = list(self.check_fault(scenario, done)) + list(self.check_second(scenario))
        for fault in found:
            self.faults.append(f"{scenario.name}, {jobs} jobs, {act} at call {at}: {fault}\n"
                               f"    {done.stderr.strip()[:400]}")
        return done.returncode

    def run(self, scenario, jobs, acts):
        self.restore(scenario)
        log = self.work + "/calls"
        extra = ["--jobs", jobs, *self.sources(scenario)]
        self.must("new", extra, log=log, lacks=scenario.lacks)
        if digest(self.env) != (self.after if scenario.old else self.fresh):
            self.faults.append(f"{scenario.name}: without a fault another prefix")
        with open(log) as file:
            calls = file.read().split()
        os.unlink(log)
        start, codes, self.between = time.monotonic(), {}, 0
        for at in range(1, len(calls) + 1):
            for act in acts:
                code = self.case(scenario, jobs, at, act)
                codes[code] = codes.get(code, 0) + 1
        if scenario.old and "renameat2" in scenario.lacks and self.between == 0:
            self.faults.append(f"{scenario.name}: no kill came between the two renames")
        print(f"{scenario.name}, {jobs} jobs: {len(calls)} calls ({' '.join(sorted(set(calls)))}), "
              f"{len(calls) * len(acts)} faults, exit codes {dict(sorted(codes.items()))}, "
              f"{time.monotonic() - start:.0f} s", flush=True)


def main():
    bin_dir, work = sys.argv[1:3]
    short = "--short" in sys.argv[3:]
    wanted = [name for name in sys.argv[3:] if name != "--short"]
    bench = Bench(bin_dir, work)
    bench.prepare()
    for scenario in SCENARIOS:
        if (not wanted or scenario.name in wanted) and (not short or scenario.short):
            for jobs in scenario.jobs[:1] if short else scenario.jobs:
                bench.run(scenario, jobs, scenario.short if short else ACTS)
    for fault in bench.faults[:40]:
        print(fault)
    print(f"{len(bench.faults)} found")
    return 1 if bench.faults else 0


sys.exit(main())

#!/usr/bin/env python3
"""lockenv solve, killed or refused at every call that changes a file system or reads a file.

    solve.py BIN WORK

WORK holds channel/, which is read as a folder. From each state of the cache (empty, with its indices, with
damaged ones) the calls are counted once; then for each n and each kind of fault the state is put back and the
solve runs with the fault at the n-th call. A lock that was there before must still be there, or the right one;
the right one if lockenv says that it worked; a failure must be the file system's; and a plain solve afterwards
must give the right lock and leave nothing in the cache that is not whole.
"""

import concurrent.futures
import os
import queue
import shutil
import signal
import subprocess
import sys

EXIT_FILES = 8


class Bench:
    """A cache and a lock of its own."""

    def __init__(self, binaries, shared, work, old=b""):
        self.binaries, self.shared, self.work, self.old = binaries, shared, work, old
        self.cache, self.lock = work + "/cache", work + "/new.lock"
        os.makedirs(work)

    def solve(self, spec="kept", **fault):
        environment = dict(os.environ, LC_ALL="C")
        if fault:
            environment.update({"FAULT_" + key.upper(): str(value) for key, value in fault.items() if value})
            environment["LD_PRELOAD"] = self.binaries + "/libfault.so"
        return subprocess.run(
            [self.binaries + "/lockenv", "solve", "--config", "/dev/null", "--cache", self.cache, "--override-channels",
             "-c", f"file://{self.shared}/channel", "--platform", "linux-64", "--update-all", "-o", self.lock, spec],
            env=environment, capture_output=True, text=True, errors="replace", check=False)

    def read_lock(self):
        with open(self.lock, "rb") as file:
            return file.read()

    def restore(self, state):
        shutil.rmtree(self.cache, ignore_errors=True)
        if state != "empty":
            shutil.copytree(f"{self.shared}/{state}", self.cache)
        with open(self.lock, "wb") as file:
            file.write(self.old)

    def must(self, spec):
        """A plain solve where there is no lock; the lock."""
        if os.path.exists(self.lock):
            os.unlink(self.lock)
        done = self.solve(spec)
        if done.returncode != 0:
            sys.exit(f"without a fault: exit {done.returncode}: {done.stderr}")
        return self.read_lock()

    def calls(self, state, reads):
        self.restore(state)
        log = self.work + "/calls"
        done = self.solve(log=log, **({"class": "reads"} if reads else {}))
        if done.returncode != 0:
            sys.exit(f"{state}: without a fault: exit {done.returncode}: {done.stderr}")
        with open(log) as file:
            n = len(file.read().split())
        os.unlink(log)
        return n

    def wrong(self, done, right):
        lock = self.read_lock()
        if done.returncode == 0 and lock != right:
            return "says it worked, but the lock is another"
        if lock not in (self.old, right):
            return "the lock is neither the old one nor the new one"
        if done.returncode not in (0, EXIT_FILES, -signal.SIGKILL):
            return f"exit {done.returncode}: {done.stderr.strip()}"
        again = self.solve()
        if again.returncode != 0:
            return f"afterwards exit {again.returncode}: {again.stderr.strip()}"
        return "afterwards another lock" if self.read_lock() != right else None

    def case(self, state, reads, at, act, right):
        self.restore(state)
        done = self.solve(at=at, act=act, **({"class": "reads"} if reads else {}))
        wrong = self.wrong(done, right)
        what = f"{state}, {'read' if reads else 'call'} {at}, {act}"
        return done.returncode, f"{what}: {wrong}" if wrong else None


def damage(folder):
    """Text and tables of every index of the cache get other bytes here and there."""
    for name in os.listdir(folder + "/repodata"):
        if name.endswith(".index"):
            path = f"{folder}/repodata/{name}"
            with open(path, "r+b") as file:
                for at in range(65536 + 40, os.path.getsize(path), 97):
                    file.seek(at)
                    byte = file.read(1)[0]
                    file.seek(at)
                    file.write(bytes([byte ^ 0x20]))


def main():
    binaries, shared = sys.argv[1:3]
    # A folder that has just changed gets no index; afterwards its times can be told apart.
    first = Bench(binaries, shared, shared + "/first")
    first.old = first.must("goes")
    right = first.must("kept")
    indices = [name for name in os.listdir(first.cache + "/repodata") if name.endswith(".index")]
    if not indices:
        sys.exit("no index was made: has the channel just been written?")
    for state in ("warm", "damaged"):
        shutil.copytree(first.cache, f"{shared}/{state}")
    damage(shared + "/damaged")
    benches, found, total = queue.SimpleQueue(), [], 0
    n_benches = len(os.sched_getaffinity(0))
    for i in range(n_benches):
        benches.put(Bench(binaries, shared, f"{shared}/bench{i}", first.old))

    def with_bench(args):
        bench = benches.get()
        try:
            return bench.case(*args, right)
        finally:
            benches.put(bench)

    for state in ("empty", "warm", "damaged"):
        for reads, acts in (("", ("kill", "ENOSPC", "EIO", "EACCES")), ("1", ("EIO",))):
            n = first.calls(state, reads)
            faults = [(state, reads, at, act) for at in range(1, n + 1) for act in acts]
            with concurrent.futures.ThreadPoolExecutor(n_benches) as pool:
                results = list(pool.map(with_bench, faults))
            codes = [code for code, _ in results]
            total += len(results)
            found += [wrong for _, wrong in results if wrong]
            print(f"{state}: {n} {'reads' if reads else 'calls'}, {len(faults)} faults, exit codes "
                  f"{ {code: codes.count(code) for code in sorted(set(codes))} }", flush=True)
    for wrong in found[:40]:
        print(wrong)
    print(f"{total - len(found)} passed, {len(found)} failed")
    return 1 if found else 0


sys.exit(main())

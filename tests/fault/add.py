#!/usr/bin/env python3
"""lockenv add, killed or refused at every call that changes a file system.

    add.py BIN WORK

WORK holds channel/. For each n and each kind of fault environment.yml and its lock are put back and the add runs
with the fault at the n-th call. Both files are whole at any time, and the lock is never ahead of the file. Both are
new if lockenv says that it worked. If it says that it did not they are as they were; a full disk may leave the file
new, and a write that failed at its very end both. Afterwards the same add makes both
new, and so does a plain solve where only the file is new.
"""

import os
import shutil
import signal
import subprocess
import sys

EXIT_FILES = 8
NAMES = ("environment.yml", "env.lock")


class Place:
    def __init__(self, binaries, shared):
        self.binaries, self.shared = binaries, shared
        self.folder, self.cache = shared + "/add", shared + "/add-cache"
        os.makedirs(self.folder)

    def run(self, *words, **fault):
        environment = dict(os.environ, LC_ALL="C")
        if fault:
            environment.update({"FAULT_" + key.upper(): str(value) for key, value in fault.items() if value})
            environment["LD_PRELOAD"] = self.binaries + "/libfault.so"
        return subprocess.run(
            [self.binaries + "/lockenv", words[0], "--config", "/dev/null", "--cache", self.cache, *words[1:]],
            env=environment, cwd=self.folder, capture_output=True, text=True, errors="replace", check=False)

    def must(self, *words):
        done = self.run(*words)
        if done.returncode != 0:
            sys.exit(f"without a fault: exit {done.returncode}: {done.stderr}")
        return self.read()

    def read(self):
        contents = []
        for name in NAMES:
            with open(f"{self.folder}/{name}", "rb") as file:
                contents.append(file.read())
        return tuple(contents)

    def restore(self, contents):
        shutil.rmtree(self.folder)
        os.makedirs(self.folder)
        for name, content in zip(NAMES, contents):
            with open(f"{self.folder}/{name}", "wb") as file:
                file.write(content)


def wrong(place, done, act, old, new):
    got = place.read()
    if done.returncode == 0 and got != new:
        return "says it worked, but the files are others"
    if done.returncode == EXIT_FILES and act != "ENOSPC" and got not in (old, new):
        return "says it did not work, but the files are others"
    if got not in (old, new, (new[0], old[1])):
        return "the files are neither old nor new, or the lock is ahead"
    if done.returncode not in (0, EXIT_FILES, -signal.SIGKILL):
        return f"exit {done.returncode}: {done.stderr.strip()}"
    if got[0] == new[0] and place.must("solve") != new:
        return "a solve afterwards does not complete it"
    place.restore(got)
    return "afterwards other files" if place.must("add", "goes") != new else None


def main():
    place = Place(*sys.argv[1:3])
    with open(place.folder + "/environment.yml", "w") as file:
        file.write(f"channels: [file://{place.shared}/channel]\nplatforms: [linux-64]\ndependencies:\n- kept  # x\n")
    old = place.must("solve")
    new = place.must("add", "goes")
    if old[0] == new[0] or old[1] == new[1]:
        sys.exit("the add changes nothing")
    place.restore(old)
    log = place.shared + "/add-calls"
    place.run("add", "goes", log=log)
    with open(log) as file:
        n = len(file.read().split())
    found, codes = [], []
    for at in range(1, n + 1):
        for act in ("kill", "ENOSPC", "EIO", "EACCES"):
            place.restore(old)
            done = place.run("add", "goes", at=at, act=act)
            codes.append(done.returncode)
            fault = wrong(place, done, act, old, new)
            if fault:
                found.append(f"call {at}, {act}: {fault}")
    print(f"{n} calls, {len(codes)} faults, exit codes { {code: codes.count(code) for code in sorted(set(codes))} }")
    for line in found[:40]:
        print(line)
    print(f"{len(codes) - len(found)} passed, {len(found)} failed")
    return 1 if found or n < 4 else 0


sys.exit(main())

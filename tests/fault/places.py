#!/usr/bin/env python3
"""lockenv install --in-place and --keep-previous, rollback, remove --all, killed or refused at every call that changes
a file system.

    places.py BIN WORK [--short] [SCENARIO...]

WORK as for faults.py. After each fault the prefix is what it was or what it shall be; in place, and killed, it may be
mixed while the journal is there. What says that it failed left what was, what says that it worked what shall be. A
second, plain run then works, and leaves nothing but the prefix and, where one is kept, a whole previous tree.
The short form takes every seventh call.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys

ACTS = ("kill", "EIO", "ENOSPC")
INSTALL = ["install", "{new}"]
ROLLBACK = ["rollback"]
REMOVE = ["remove", "--all"]


class Scenario:
    """what: the command; before: commands that come before it; second: the plain one after the fault."""

    def __init__(self, name, what, before=(), second=None, lacks="", foreign=True):
        self.name, self.what, self.before, self.lacks, self.foreign = name, what, before, lacks, foreign
        self.second = second or what


OLD, NEW = ["install", "{old}"], INSTALL
IN_PLACE, KEEP = ["--in-place"], ["--keep-previous"]
SCENARIOS = [
    Scenario("in-place", NEW + IN_PLACE, [OLD], NEW),
    Scenario("in-place-empty", NEW + IN_PLACE, [], NEW),
    Scenario("in-place-no-exchange", NEW + IN_PLACE, [OLD], NEW, lacks="renameat2"),
    Scenario("in-place-keep", NEW + IN_PLACE + KEEP, [OLD], NEW + IN_PLACE),
    Scenario("keep", NEW + KEEP, [OLD], NEW),
    Scenario("keep-again", NEW + KEEP, [NEW, OLD + KEEP], NEW),
    Scenario("keep-no-exchange", NEW + KEEP, [OLD], NEW, lacks="renameat2"),
    Scenario("rollback", ROLLBACK, [OLD, NEW + KEEP], OLD, foreign=False),
    Scenario("rollback-no-exchange", ROLLBACK, [OLD, NEW + KEEP], OLD, lacks="renameat2", foreign=False),
    Scenario("rollback-in-place", ROLLBACK, [OLD, NEW + KEEP + IN_PLACE], OLD + IN_PLACE, foreign=False),
    Scenario("remove", REMOVE, [OLD], REMOVE),
    Scenario("remove-all-of-it", REMOVE, [OLD], REMOVE, foreign=False),
    Scenario("remove-no-exchange", REMOVE, [OLD], REMOVE, lacks="renameat2"),
    Scenario("remove-kept", REMOVE, [OLD, NEW + KEEP], REMOVE),
    Scenario("remove-kept-in-place", REMOVE + IN_PLACE, [OLD, NEW + KEEP + IN_PLACE], REMOVE + IN_PLACE),
    Scenario("remove-in-place", REMOVE + IN_PLACE, [OLD], REMOVE + IN_PLACE),
]


def digest(root):
    """Without what is lockenv's own at the top; None where ROOT is absent."""
    if not os.path.isdir(root):
        return None
    total = hashlib.sha256()
    for here, dirs, files in os.walk(root):
        dirs[:] = sorted(name for name in dirs if here != root or not name.startswith(".lockenv"))
        for name in sorted(dirs + files):
            path = f"{here}/{name}"
            if os.path.islink(path):
                what = os.readlink(path)
            elif os.path.isdir(path):
                what = f"{os.lstat(path).st_mode:o}"
            else:
                what = "history"
                if name not in ("history", "lockenv-state"):
                    with open(path, "rb") as file:
                        what = hashlib.sha256(file.read()).hexdigest()
            total.update(f"{os.path.relpath(path, root)}\0{what}\n".encode())
    return total.hexdigest()


class Bench:
    def __init__(self, bin_dir, work):
        self.bin, self.work = bin_dir, work
        self.side = work + "/places"
        self.env = self.side + "/env"

    def run(self, command, **fault):
        environment = dict(os.environ, LC_ALL="C")
        if fault:
            environment.update({"FAULT_" + key.upper(): str(value) for key, value in fault.items() if value})
            environment["LD_PRELOAD"] = self.bin + "/libfault.so"
        words = [word.format(old=self.work + "/old.lock", new=self.work + "/new.lock") for word in command]
        extra = ["--platform", "linux-64"] if words[0] == "install" else []
        return subprocess.run([self.bin + "/lockenv", *words, "-p", self.env, "--jobs", "1", *extra],
                              env=environment, capture_output=True, text=True, errors="replace", check=False)

    def must(self, command, **fault):
        done = self.run(command, **fault)
        if done.returncode != 0:
            sys.exit(f"{command}: exit {done.returncode}: {done.stderr}")

    def prepare(self, scenario):
        shutil.rmtree(self.side, ignore_errors=True)
        os.makedirs(self.env)
        for command in scenario.before:
            self.must(command)
        if scenario.foreign and scenario.before:
            for path in ("mine/notes", "share/mine", "lib/moves/mine"):
                os.makedirs(os.path.dirname(f"{self.env}/{path}"), exist_ok=True)
                with open(f"{self.env}/{path}", "w", encoding="ascii") as file:
                    file.write("the user's\n")
        shutil.rmtree(self.work + "/kept", ignore_errors=True)
        subprocess.run(["cp", "-al", self.side, self.work + "/kept"], check=True)

    def restore(self):
        shutil.rmtree(self.side)
        subprocess.run(["cp", "-al", self.work + "/kept", self.side], check=True)

    def previous(self):
        """Digests of the trees that are kept, and one of the mixed, where there is a journal."""
        return [digest(path) for path in (self.side + "/.env.lockenv-previous", self.env + "/.lockenv-previous")
                if os.path.isdir(path)]

    def left(self):
        """Working folders."""
        return [path for path in (self.side + "/.env.lockenv", self.env + "/.lockenv") if os.path.lexists(path)]

    def is_open(self):
        """Is there a journal, or the old tree aside?"""
        return any(os.path.lexists(f"{self.side}/{path}") for path in
                   ("env/.lockenv/journal", ".env.lockenv/journal", ".env.lockenv/old"))

    def check(self, scenario, done, before, after):
        state = digest(self.env)
        if done.returncode == -signal.SIGKILL:
            if state not in (before, after) and not self.is_open():
                yield "the prefix is neither what it was nor what it shall be"
        elif done.returncode not in (0, 8):
            yield f"exit {done.returncode}, where only the file system is at fault: {done.stderr}"
        elif state != (after if done.returncode == 0 else before) and "the next run completes it" not in done.stderr:
            yield f"exit {done.returncode}, but the prefix is {'what it was' if state == before else 'another'}"
        # A removal whose work was all done when it was killed leaves nothing to take away.
        is_gone = scenario.second[0] == "remove" and state == after and not self.left()
        second = self.run(scenario.second)
        fine = (0, 2) if is_gone else (0,)
        if second.returncode not in fine:
            yield f"the second run: exit {second.returncode}: {second.stderr.strip()}"
        elif digest(self.env) != after:
            yield "the second run does not give what shall be"
        if self.left():
            yield f"left: {self.left()}"
        if scenario.what[0] == "remove" and self.previous():
            yield "a previous tree is left"
        for tree in self.previous():
            if tree not in self.trees:
                yield "a previous tree is not whole"

    def scenario(self, scenario, stride):
        self.prepare(scenario)
        before = digest(self.env)
        self.trees = [before, *self.previous()]
        log = self.work + "/places.log"
        if os.path.exists(log):
            os.remove(log)
        self.must(scenario.what, log=log, lacks=scenario.lacks)
        after = digest(self.env)
        self.trees += [after, *self.previous()]  # in place one lacks names that no package has
        with open(log, encoding="ascii") as file:
            calls = len(file.readlines())
        wrong, n = [], 0
        for at in range(1, calls + 1, stride):
            for act in ACTS:
                self.restore()
                done = self.run(scenario.what, at=at, act=act, lacks=scenario.lacks)
                wrong += [f"{scenario.name}, call {at}, {act}: {what}"
                          for what in self.check(scenario, done, before, after)]
                n += 1
        print(f"{scenario.name}: {calls} calls, {n} faults, {len(wrong)} wrong", flush=True)
        for what in wrong[:20]:
            print("  " + what)
        return n, len(wrong)


def main():
    bin_dir, work, *rest = sys.argv[1:]
    stride = 7 if "--short" in rest else 1
    names = [word for word in rest if not word.startswith("--")]
    bench = Bench(bin_dir, work)
    counts = [bench.scenario(scenario, stride) for scenario in SCENARIOS if not names or scenario.name in names]
    n, wrong = (sum(column) for column in zip(*counts))
    print(f"{n - wrong} passed, {wrong} failed")
    sys.exit(1 if wrong else 0)


main()

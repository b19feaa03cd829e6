#!/usr/bin/env python3
"""Hostile packages (cases.py, lies.py) in both formats against the real installer.

    hostile.py BIN [--sample N] [--sanitized] [--slow] [--only TEXT] [--list] [--plant-fault]

Each case is put into the place of a package of an environment that is there. The install must fail with exit code
5, in one line that names the archive and the member and tells the one cause, with nothing in it that a terminal
would obey; what lies in the environment and beside it must be what it was, to the nanosecond of its times; the cache
must hold no tree of it and nothing half-made; memory and time are bounded. --sample N takes every N-th case,
--slow those that take long, too. --plant-fault must make every case fail: it takes sound archives in place of the
hostile ones. Prints "N passed, M failed".
"""

import argparse
import concurrent.futures
import hashlib
import multiprocessing
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
import forge  # noqa: E402
import lies  # noqa: E402,F401  (adds to the table)
from cases import CASES  # noqa: E402

CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]")
RSS_MIB, SECONDS = 150, 20
FILE_NAMES = {"bz2": "x-1-0.tar.bz2", "pkg": "x-1-0.conda", "info": "x-1-0.conda", "conda": "x-1-0.conda"}


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(forge.as_bytes(data))


def snapshot(*roots):
    """Everything about every name below the roots that an install could change."""
    found = {}
    for root in roots:
        for here, folders, files in os.walk(root):
            for name in [".", *folders, *files]:
                path = os.path.join(here, name)
                stat = os.lstat(path)
                content = None
                if os.path.islink(path):
                    content = os.readlink(path)
                elif os.path.isfile(path):
                    with open(path, "rb") as file:
                        content = file.read()
                found[path] = (stat.st_mode, stat.st_ino, stat.st_size, stat.st_nlink, stat.st_mtime_ns, content)
    return found


class Area:
    """A folder with an environment, things outside of it, and a cache."""

    def __init__(self, binaries, root, limited=True):
        self.limited = limited
        self.program = os.path.join(binaries, "lockenv-install")
        self.root = root
        self.prefix, self.outside, self.cache = (f"{root}/{name}" for name in ("home/env", "outside", "cache"))
        shutil.rmtree(root, ignore_errors=True)
        write(self.outside + "/victim", "precious")
        os.makedirs(self.outside + "/lib")
        os.makedirs(root + "/home")
        write(root + "/home/victim", "precious")
        base = sound()
        self.base = self.put(base, "bz2", base.tar_bz2())
        done = self.install([self.base])
        if done.code != 0:
            raise OSError(f"the sound package does not install: {done.stderr}")
        os.symlink(self.outside, self.prefix + "/theirs")  # a user's own
        self.before = self.snapshot()

    def snapshot(self):
        return snapshot(self.prefix, self.outside), sorted(os.listdir(self.root + "/home"))

    def put(self, package, form, data):
        """An archive to install from; the row for the lock."""
        fn = f"{package.dist}.{'tar.bz2' if form == 'bz2' else 'conda'}"
        write(f"{self.root}/from/{fn}", data)
        return package, fn, hashlib.sha256(data).hexdigest(), len(data)

    def install(self, rows, *options, platform="linux-64"):
        write(self.root + "/env.lock", forge.lock(rows, platform))
        return self.run([self.root + "/env.lock", "-p", self.prefix, "--from", self.root + "/from", "--cache", self.cache,
                         "--platform", platform, *options])

    def run(self, arguments):
        env = {"HOME": self.root + "/home", "PATH": "/usr/bin:/bin", "LC_ALL": "C",
               "LOCKENV_CONFIG": "/dev/null", "TMPDIR": self.root, **{k: v for k, v in os.environ.items() if "SAN_" in k}}
        started = time.monotonic()
        with open(self.root + "/err", "w+b") as err:
            child = subprocess.Popen([self.program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=err, env=env)
            if self.limited:
                resource.prlimit(child.pid, resource.RLIMIT_AS, (6 << 30, 6 << 30))
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            err.seek(0)
            return Done(child.returncode, err.read(), usage.ru_maxrss // 1024, time.monotonic() - started)

    def cache_faults(self):
        trees = [t for t in os.listdir(self.cache + "/trees") if t.startswith("x-1-0")]
        left = os.listdir(self.cache + "/tmp") if os.path.isdir(self.cache + "/tmp") else []
        return ([f"the cache has a tree of it: {trees}"] if trees else []) + (
            [f"left in the cache: {left}"] if left else [])


class Done:
    def __init__(self, code, stderr, rss, seconds):
        self.code, self.stderr, self.rss, self.seconds = code, stderr, rss, seconds


def sound(name="base"):
    package = forge.Package(name, subdir="noarch", noarch="generic")
    package.file(f"share/{name}.txt", "one")
    return package


def victim_package(case):
    package = forge.Package(subdir=case.options.get("subdir", "linux-64"))
    package.file("bin/tool", "#!/bin/sh\n", mode=0o755)
    return package


def archive(case, form, outside):
    """The hostile package and its bytes."""
    package = victim_package(case)
    whole = case.make(package, form, outside)
    if whole is None:
        end = case.options.get("end", forge.END)
        if form == "bz2":
            whole = package.tar_bz2(end)
        elif form == "info":
            whole = package.conda(info=forge.zstd(package.info_tar() + end))
        else:
            whole = package.conda(payload=forge.zstd(package.payload + end))
    return package, whole


def faults_of(case, form, area, done, sanitized):
    """What is wrong with how the program ended."""
    fn = FILE_NAMES[form]
    lines = done.stderr.decode(errors="replace").splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    yield from () if done.code == 5 else [f"exit code {done.code}"]
    if len(errors) != 1 or len([x for x in lines if x.startswith("hint: ")]) != 1:
        yield "not one error and one hint"
    error = errors[0] if errors else ""
    for part in (fn, case.member, case.text):
        if part not in error:
            yield f"the error lacks: {part}"
    if CONTROL.search(done.stderr):
        yield "what a terminal obeys in the message"
    if len(error) > 3000:
        yield f"an error of {len(error)} bytes"
    if any(line.startswith("warning: ") and "the host is not checked" not in line for line in lines):
        yield "a warning beside the error"
    if b"Sanitizer" in done.stderr or b"runtime error:" in done.stderr:
        yield "a sanitizer reported"
    if not sanitized and done.rss > case.options.get("rss", RSS_MIB):
        yield f"took {done.rss} MiB of memory"
    if done.seconds > case.options.get("seconds", SECONDS) * (5 if sanitized else 1):
        yield f"took {done.seconds:.0f} s"
    if area.snapshot() != area.before:
        yield "the environment or what lies beside it changed"
    yield from area.cache_faults()


def put_archive(number, form, area, planted):
    """Makes a case's archive, in a process of its own: what is large there must not count for the installer, which
    inherits the largest size of who starts it."""
    case = CASES[number]
    if planted:
        package = victim_package(case)
        data = package.tar_bz2() if form == "bz2" else package.conda()
    else:
        package, data = archive(case, form, area.outside)
    _, *row = area.put(package, form, data)
    return row


def run_case(case, form, area, builders, options):
    row = builders.apply(put_archive, (CASES.index(case), form, area, options.plant_fault))
    done = area.install([area.base, (victim_package(case), *row)],
                        platform=case.options.get("subdir", "linux-64"))
    return list(faults_of(case, form, area, done, options.sanitized)), done


def chosen(options):
    rows = [(case, form) for case in CASES for form in case.forms
            if options.only in f"{case.name}/{form}" and (options.slow or not case.options.get("slow"))]
    return rows[::options.sample]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--plant-fault", action="store_true")
    options = parser.parse_args()
    rows = chosen(options)
    if options.list:
        for case, form in rows:
            print(f"{case.name}\t{form}\t{case.member}\t{case.text}")
        return 0
    areas = threading.local()
    failed = []
    # These processes are there before the first thread: one made later would hold open what the threads close.
    with tempfile.TemporaryDirectory() as root, multiprocessing.Pool(options.jobs) as builders:

        def one(row):
            if not hasattr(areas, "area"):
                areas.area = Area(options.binaries, f"{root}/{threading.get_ident()}", not options.sanitized)
            faults, done = run_case(*row, areas.area, builders, options)
            if faults:
                areas.area = Area(options.binaries, areas.area.root, not options.sanitized)
            return row, faults, done

        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for (case, form), faults, done in pool.map(one, rows):
                shown = done.stderr.decode(errors="replace").strip()
                if faults:
                    failed.append(case)
                    print(f"FAILED {case.name}/{form}: {'; '.join(faults)}\n  {shown[:600]}")
                elif options.verbose:
                    print(f"{case.name}/{form}: {done.rss} MiB, {done.seconds:.2f} s: {shown.splitlines()[0][:300]}")
    print(f"{len(rows) - len(failed)} passed, {len(failed)} failed")
    if options.plant_fault:
        return 0 if len(failed) == len(rows) > 0 else 1
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Installs all sound real archives twice, in sets that fit together, and holds the two bit by bit.

    reproducible.py LOCKENV SHARED_DATA

Each set is installed into one prefix path by two ways that have nothing in common: cache, link mode, workers,
umask, locale, time zone. The trees must be the same (bytes, modes, links, times of files); so must the digests
that install printed, that `lockenv digest` had predicted from a third cache, and that tree_digest.py finds on
the disk. verify must find nothing in a fresh prefix, and any byte, mode, link and name that is changed at
random in it, and --repair brings back what was taken away. Exit 77 (skipped) without the data.
"""

import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from archives import has_empty_link  # noqa: E402
from installed_reference import SELF_CONTRADICTING, Work, digest, rounds  # noqa: E402

TREE_DIGEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "tree_digest.py")
UNTOLD = {"conda-meta/history", "conda-meta/lockenv-state"}
CHANGES = 12  # of each set


def snapshot(prefix):
    tree = {}
    for here, folders, names in os.walk(prefix):
        for name in folders + names:
            path = os.path.join(here, name)
            short = os.path.relpath(path, prefix)
            status = os.lstat(path)
            mode = status.st_mode & 0o7777
            if short in UNTOLD:
                continue
            if os.path.islink(path):
                tree[short] = ("link", os.readlink(path))
            elif os.path.isdir(path):
                tree[short] = ("directory", mode)
            else:
                tree[short] = ("file", mode, status.st_mtime_ns, digest(path))
    return tree


class Set:
    def __init__(self, lockenv, root, platform, entries):
        self.lockenv, self.prefix, self.faults = lockenv, root + "/env", []
        self.work = Work(lockenv, root + "/area", platform)
        for path, entry in entries:
            self.work.add(path, entry)
        if "python" not in self.work.packages:
            self.work.add_python("3.9.0")
        self.work.write_lock()
        self.lock = self.work.root + "/env.lock"

    def run(self, *command, **environment):
        return subprocess.run(command, capture_output=True, text=True, errors="replace",
                              env=dict(os.environ, **environment))

    def lockenv_at(self, cache, command, *options, umask="022", **environment):
        words = [self.lockenv, command, self.lock, "-p", self.prefix, "--platform", self.work.platform,
                 "--cache", f"{self.work.root}/{cache}", *options]
        for folder in sorted(os.listdir(self.work.root + "/from")):
            words += ["--from", f"{self.work.root}/from/{folder}"]
        return self.run("sh", "-c", f'umask {umask}; exec "$@"', "sh", *words, **environment)

    def install(self, *args, **kwargs):
        """The digest it printed and what lies there."""
        done = self.lockenv_at(*args, **kwargs)
        told = [line for line in done.stderr.splitlines() if line.startswith("tree digest ")]
        if done.returncode != 0 or len(told) != 1:
            self.faults.append(f"exit {done.returncode}: {done.stderr.strip()}")
            return None, {}
        return told[0].removeprefix("tree digest "), snapshot(self.prefix)

    def verify(self):
        return self.run(self.lockenv, "verify", self.prefix)

    def check(self):
        predicted = self.lockenv_at("cache-3", "digest", "--jobs", "3").stdout.strip()
        one, tree = self.install("cache-1", "install", "--link", "hardlink", "--jobs", "1")
        if not tree:
            return 0
        shutil.move(self.prefix, self.prefix + "-one")
        two, other = self.install("cache-2", "install", "--link", "copy", "--jobs", "8", umask="077",
                                  LC_ALL="tr_TR.UTF-8", TZ="Asia/Tokyo")
        on_disk = self.run(sys.executable, TREE_DIGEST, self.prefix).stdout.strip()
        if len({predicted, one, two, on_disk}) != 1:
            self.faults.append(f"digests: {predicted} predicted, {one} and {two} installed, {on_disk} on disk")
        differ = [p for p in set(tree) | set(other) if tree.get(p) != other.get(p)]
        self.faults += [f"{p}: {tree.get(p)} and {other.get(p)}" for p in sorted(differ)[:5]]
        fresh = self.verify()
        if fresh.returncode != 0 or fresh.stdout:
            self.faults.append(f"a fresh prefix: exit {fresh.returncode}: {fresh.stdout}{fresh.stderr}")
        self.change_some(sorted(set(other) | UNTOLD))
        self.repair(sorted(p for p in other if not p.startswith("conda-meta/")), other)
        return len(tree)

    def repair(self, paths, tree):
        """From the prefix's own records and the cache, what is there again is what was there."""
        for path in paths[:: 1 + len(paths) // CHANGES]:
            if tree[path][0] != "directory":
                os.unlink(os.path.join(self.prefix, path))
        done = self.run(self.lockenv, "verify", "--repair", self.prefix, "--cache", self.work.root + "/cache-2")
        now = snapshot(self.prefix)
        differ = [p for p in set(tree) | set(now) if tree.get(p) != now.get(p)]
        if done.returncode != 0 or done.stdout or differ:
            self.faults.append(f"repair: exit {done.returncode}: {done.stdout}{done.stderr} {sorted(differ)[:5]}")

    def change_some(self, paths):
        chance = random.Random(len(paths))
        for _ in range(CHANGES):
            path = chance.choice(paths)
            undo, what = change(os.path.join(self.prefix, path), chance)
            if undo is None:
                continue
            done = self.verify()
            named = [line.split("  ")[1].split(":")[0].split(" (")[0] for line in done.stdout.splitlines()]
            if done.returncode != 1 or path not in named:
                self.faults.append(f"{path}: {what} was not found: exit {done.returncode}: {done.stdout}{done.stderr}")
            undo()
        if self.verify().stdout:
            self.faults.append("the changes were not taken back")


def change(path, chance):
    """Changes one thing at PATH; a function that takes it back, and what it was."""
    status = os.lstat(path)
    if os.path.islink(path):
        text = os.readlink(path)

        def relink():
            os.unlink(path)
            os.symlink(text, path)

        os.unlink(path)
        if chance.random() < 0.8:
            os.symlink(text + "x", path)
        return relink, "another link"
    bit = 1 << chance.randrange(12)
    if os.path.isdir(path):
        if bit == 0o2000:
            return None, None
        os.chmod(path, (status.st_mode & 0o7777) ^ bit)
        return lambda: os.chmod(path, status.st_mode & 0o7777), f"mode bit {bit:o}"
    if chance.random() < 0.3:
        os.chmod(path, (status.st_mode & 0o7777) ^ bit)
        return lambda: os.chmod(path, status.st_mode & 0o7777), f"mode bit {bit:o}"
    with open(path, "rb") as file:
        body = file.read()

    def write(data):
        with open(path, "wb") as file:
            file.write(data)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    if not body or chance.random() < 0.1:
        write(body + b"x")
    else:
        at = chance.randrange(len(body))
        write(body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1:])
    return lambda: write(body), "another byte"


def main():
    lockenv, data = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    if not os.path.exists(data + "/packages/MANIFEST.json"):
        return 77
    with open(data + "/packages/MANIFEST.json") as file:
        manifest = json.load(file)["packages"]
    platforms = collections.defaultdict(list)
    for entry in manifest:
        path = f"{data}/packages/{entry['path']}"
        if not SELF_CONTRADICTING & set(entry["features"]) and not has_empty_link(path):
            platforms[entry["subdir"]].append((path, entry))
    faults = archives = paths = 0
    for platform in sorted(platforms):
        for number, entries in enumerate(rounds(platforms[platform])):
            with tempfile.TemporaryDirectory() as root:
                one = Set(lockenv, root, "linux-64" if platform == "noarch" else platform, entries)
                checked = one.check()
            print(f"{platform} set {number}: {len(entries)} archives, {checked} paths, {len(one.faults)} faults")
            for fault in one.faults:
                print("    " + fault)
            faults += len(one.faults)
            archives += len(entries)
            paths += checked
    print(f"{archives} archives, {paths} paths, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

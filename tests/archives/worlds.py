#!/usr/bin/env python3
"""Packages that are sound each by itself, and what they must not do together or to what a user has put into his
environment: nothing is written, changed or removed through a symlink, whoever brought it.

    worlds.py BIN [--sanitized] [--only TEXT]

Prints "N passed, M failed".
"""

import argparse
import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
import forge  # noqa: E402
from hostile import Area, CONTROL, snapshot, sound, write  # noqa: E402

TESTS = []


def test(function):
    TESTS.append(function)
    return function


class World(Area):
    """An area whose installs are held against what must hold for all of them."""

    def install_all(self, code, *packages, text="", options=(), platform="linux-64"):
        """Installs the packages in place of what is there. What lies outside never changes; after a failure the
        environment neither."""
        outside, prefix = snapshot(self.outside), snapshot(self.prefix)
        shutil.rmtree(self.root + "/from")
        done = super().install([self.put(p, "conda", p.conda()) for p in packages], *options, platform=platform)
        shown = done.stderr.decode(errors="replace").strip()
        assert done.code == code, f"exit code {done.code}: {shown}"
        assert text in shown, f"lacks '{text}': {shown}"
        assert not CONTROL.search(done.stderr), f"what a terminal obeys: {shown}"
        now = snapshot(self.outside)
        changed = sorted(p for p in {*now, *outside} if now.get(p) != outside.get(p))
        assert not changed, f"changed outside: {[(p, outside.get(p), now.get(p)) for p in changed]}: {shown}"
        assert code == 0 or snapshot(self.prefix) == prefix, f"the environment changed: {shown}"
        return shown

    def has(self, path, content):
        path = f"{self.prefix}/{path}"
        assert os.path.realpath(path).startswith(self.prefix + "/"), f"{path} leads out"
        with open(path) as file:
            assert file.read() == content, path

    def leads(self, path, target):
        assert os.readlink(f"{self.prefix}/{path}") == target, path

    def lacks(self, path):
        assert not os.path.lexists(f"{self.prefix}/{path}"), path


def package(name, *files, **index):
    made = forge.Package(name, **index)
    for path in files:
        made.file(path, path)
    return made


def both_orders(world, bad, good, *rest, **how):
    """BAD and GOOD in both link orders, by dependency."""
    for first, second in ((bad, good), (good, bad)):
        first.index["depends"], second.index["depends"] = [], [first.name]
        world.install_all(5, first, second, *rest, **how)


@test
def folder_that_is_anothers_symlink(world):
    for target in (world.outside, "../../outside", "share", "/", ".", "absent"):
        both_orders(world, package("a").link("lib", target), package("b", "lib/victim"), text="lib")


@test
def folder_deep_below_anothers_symlink(world):
    both_orders(world, package("a").link("share/deep", world.outside), package("b", "share/deep/one/two/victim"),
                text="share/deep")


@test
def folder_that_is_anothers_file(world):
    both_orders(world, package("a", "lib"), package("b", "lib/victim"), text="lib")


@test
def folders_by_case(world):
    for platform in ("osx-arm64", "win-64"):
        a, b = package("a", subdir=platform).link("Lib", world.outside), package("b", "lib/victim", subdir=platform)
        both_orders(world, a, b, text="ib", platform=platform)


@test
def symlink_that_leads_out(world):
    for target in (world.outside, "../../../outside", "x/../../y"):
        shown = world.install_all(0, package("a", "share/a").link("share/l", target), text="out of the environment")
        assert "warning: " in shown
        world.leads("share/l", target)
        world.install_all(5, package("a", "share/b").link("share/l", target), options=["--strict"],
                          text="leads out of the environment")


@test
def python_brings_site_packages_as_symlink(world):
    python = package("python", "bin/python", version="3.11.0")
    python.link("lib/python3.11/site-packages", world.outside)
    noarch = package("m", "site-packages/victim.py", subdir="noarch", noarch="python")
    world.install_all(5, python, noarch, text="site-packages")


@test
def site_packages_path_leads_out(world):
    noarch = package("m", "site-packages/victim.py", subdir="noarch", noarch="python")
    for path in ("../x", "/tmp/x", "lib/../../x", "lib/../x", "conda-meta", "conda-meta/x", ".", "lib\nx", "lib/\x1b[2J",
                 "lib//x", "n" * 300):
        python = package("python", "bin/python", version="3.11.0", python_site_packages_path=path)
        world.install_all(5, python, noarch, text=path.split("\n")[0].split("\x1b")[0][:50])


@test
def users_symlink_where_a_folder_comes(world):
    os.symlink(world.outside, world.prefix + "/lib")
    world.install_all(0, package("b", "lib/victim"))
    world.has("lib/victim", "lib/victim")


@test
def users_symlink_deep_where_a_folder_comes(world):
    world.install_all(0, package("b", "share/b/one"))
    os.symlink(world.outside, world.prefix + "/share/deep")
    world.install_all(0, package("b", "share/b/one"), package("c", "share/deep/one/victim"))
    world.has("share/deep/one/victim", "share/deep/one/victim")


@test
def users_symlink_where_a_file_comes(world):
    os.symlink(world.outside + "/victim", world.prefix + "/victim")
    world.install_all(0, package("b", "victim"))
    world.has("victim", "victim")


def move_out(world, path):
    """Copied, not moved: files may be hard links to the cache's, whose number changes."""
    moved = world.outside + "/moved"
    shutil.copytree(f"{world.prefix}/{path}", moved)
    shutil.rmtree(f"{world.prefix}/{path}")
    os.symlink(moved, f"{world.prefix}/{path}")
    return moved


@test
def users_symlink_in_place_of_a_packages_folder(world):
    """The user has moved a package's folder elsewhere: what goes is the environment's, not his."""
    world.install_all(0, package("b", "share/b/one", "share/b/two"), package("c", "share/c"))
    moved = move_out(world, "share/b")
    world.install_all(0, package("c", "share/c"))
    assert sorted(os.listdir(moved)) == ["one", "two"]


@test
def users_symlink_in_place_of_a_packages_folder_that_stays(world):
    packages = [package("b", "share/b/one", "share/b/two"), package("c", "share/c")]
    world.install_all(0, *packages)
    moved = move_out(world, "share/b")
    world.install_all(0, *packages, package("d", "share/b/victim"))
    world.has("share/b/victim", "share/b/victim")
    assert sorted(os.listdir(moved)) == ["one", "two"]


@test
def conda_meta_is_a_symlink(world):
    shutil.move(world.prefix + "/conda-meta", world.outside + "/meta")
    os.symlink(world.outside + "/meta", world.prefix + "/conda-meta")
    outside = snapshot(world.outside)
    rows = [world.put(p, "conda", p.conda()) for p in (package("b", "share/b"),)]
    world.install(rows)
    assert snapshot(world.outside) == outside


@test
def record_names_files_outside(world):
    """A record that somebody has changed: what it lists is not removed."""
    import json
    world.install_all(0, package("b", "share/b"), sound())
    path = world.prefix + "/conda-meta/b-1-0.json"
    with open(path) as file:
        record = json.load(file)
    for victim in ("../victim", world.outside + "/victim", "theirs/victim", "share/../../victim"):
        record["files"] = [victim]
        record["paths_data"]["paths"] = [{"_path": victim, "path_type": "hardlink"}]
        os.unlink(path)
        write(path, json.dumps(record))
        if not os.path.lexists(world.prefix + "/theirs"):
            os.symlink(world.outside, world.prefix + "/theirs")
        before = snapshot(world.outside)
        world.install([world.put(sound(), "conda", sound().conda())])
        assert snapshot(world.outside) == before, victim
        with open(world.root + "/home/victim") as file:
            assert file.read() == "precious"
        shutil.rmtree(world.prefix)
        world.install_all(0, package("b", "share/b"), sound())


@test
def hard_linked_files_are_patched_apart(world):
    """One archive member with two names, of which one has the prefix written into it."""
    made = forge.Package("b").file("share/b/one", "/old/b")
    made.payload += forge.hardlink("share/b/two", "share/b/one")
    made.list("share/b/two", prefix_placeholder="/old", file_mode="text")
    world.install_all(0, made)
    world.has("share/b/one", "/old/b")
    world.has("share/b/two", world.prefix + "/b")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as root:
        for function in TESTS:
            if options.only not in function.__name__:
                continue
            world = World(options.binaries, root + "/area", not options.sanitized)
            try:
                function(world)
                passed += 1
            except (AssertionError, OSError) as fault:
                failed += 1
                print(f"FAILED {function.__name__}: {fault}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

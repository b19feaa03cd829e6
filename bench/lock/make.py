#!/usr/bin/env python3
"""make.py [--seed N] [--packages N] [--platforms N] OUT: two large locks that hold together.

Writes OUT/old.lock and OUT/new.lock as lockenv writes them, and OUT/old.pixi.lock, the packages of the first
as a pixi.lock (version 6) for other readers. The new one differs from the old in about one package of fifty:
upgrades, rebuilds, licences, one hash, packages that come and go. Same arguments, same bytes.

Shapes and their shares are those of real conda-forge environments: two packages of three are noarch, five
dependencies each, mostly a name alone or with a range, some with a build; a few constraints.
"""
import argparse
import dataclasses
import hashlib
import os
import random
import re

PLATFORMS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")
VIRTUALS = {
    "linux": {"__glibc": "2.28", "__linux": "4.18", "__unix": "0"},
    "osx": {"__osx": "13.0", "__unix": "0"},
    "win": {"__win": "0"},
}
LICENSES = ("MIT", "BSD-3-Clause", "Apache-2.0", "LGPL-2.1-or-later", "GPL-3.0-only WITH GCC-exception-3.1", "ISC")
SYLLABLES = "ba be bo ca ce co da de do fa fi fo ga ge go ka ki ko la le lo ma me mo na ne no pa pe po ra re ro sa".split()
CHANNEL = "https://conda.anaconda.org/conda-forge"
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?$")


@dataclasses.dataclass
class Package:
    name: str
    version: str
    build: str
    subdir: str
    license: str
    depends: list
    constrains: list
    salt: str = ""

    def dist(self):
        return f"{self.name}-{self.version}-{self.build}"

    def digest(self):
        return hashlib.sha256(f"{self.subdir}/{self.dist()}{self.salt}".encode()).hexdigest()

    def size(self):
        return int(self.digest()[:6], 16)


class Maker:
    def __init__(self, seed, count):
        self.random = random.Random(seed)
        names = set()
        while len(names) < count:
            names.add(self.new_name())
        self.names = sorted(names)
        self.random.shuffle(self.names)  # a package depends on earlier ones
        self.noarch = {name: self.random.random() < 0.6 for name in self.names}
        self.versions = {name: self.new_version() for name in self.names}

    def new_name(self):
        stem = "".join(self.random.choice(SYLLABLES) for _ in range(self.random.randint(2, 5)))
        return self.random.choice(("", "", "", "lib", "r-", "python-", "jupyter_")) + stem

    def new_version(self):
        parts = self.random.choice((2, 3, 3, 3, 4))
        return ".".join(str(self.random.randint(0, 30)) for _ in range(parts))

    def spec(self, name):
        """A dependency on NAME that its version, and the next ones, answer."""
        version = self.versions[name]
        major = int(version.split(".", maxsplit=1)[0])
        return self.random.choice((
            name, f"{name} >={version}", f"{name} >={version},<{major + 1}.0a0", f"{name} >={version},<{major + 2}",
            f"{name} {major}.*"))

    def package(self, place, subdir):
        name = self.names[place]
        noarch = self.noarch[name]
        depends = [self.spec(self.names[self.random.randrange(place)])
                   for _ in range(min(place, self.random.choice((0, 1, 2, 3, 4, 5, 6, 8, 12))))]
        if not noarch and not subdir.startswith("win"):
            depends.append("__glibc >=2.17,<3.0.a0" if subdir.startswith("linux") else "__osx >=11.0")
        constrains = []
        if place > 0 and self.random.random() < 0.2:
            constrains.append(f"absent-{name} <0a0")
            constrains.append(self.spec(self.names[self.random.randrange(place)]))
        text = f"{name}{subdir if not noarch else ''}"
        build = "pyhd8ed1ab_0" if noarch else "h" + hashlib.sha256(text.encode()).hexdigest()[:7] + "_0"
        return Package(name, self.versions[name], build, "noarch" if noarch else subdir,
                       self.random.choice(LICENSES), list(dict.fromkeys(depends)), constrains)

    def platform(self, subdir):
        shared = self.random.getstate()
        packages = {}
        for place, name in enumerate(self.names):
            packages[name] = self.package(place, subdir)
        self.random.setstate(shared)  # noarch packages come out the same on every platform
        return packages


def changed(packages, rng):
    """PACKAGES after a while; what others depend on moves up only."""
    packages = dict(packages)
    for name in rng.sample(sorted(packages), len(packages) // 50):
        old = packages[name]
        kind = rng.choice(("upgrade", "upgrade", "upgrade", "rebuild", "license", "hash", "depends"))
        new = dataclasses.replace(old)
        if kind == "upgrade":
            parts = old.version.split(".")
            parts[-1] = str(int(parts[-1]) + 1)
            new.version = ".".join(parts)
        elif kind == "rebuild":
            new.build = old.build[:-1] + "1"
        elif kind == "license":
            new.license = "BUSL-1.1"
        elif kind == "hash":
            new.salt = "again"
        else:
            new.depends = old.depends[:-1]
        packages[name] = new
    needed = {spec.split()[0] for package in packages.values() for spec in package.depends}
    for name in sorted(set(packages) - needed)[::60]:
        old = packages.pop(name)
        packages["new-" + name] = dataclasses.replace(old, name="new-" + name)
    return packages


def text(value):
    return f"'{value}'" if NUMBER.match(value) else value


def package_lines(package):
    yield f"    - name: {package.name}"
    yield f"      version: {text(package.version)}"
    yield f"      build: {package.build}"
    yield f"      from: conda-forge/{package.subdir}/{package.dist()}.conda"
    yield f"      sha256: {package.digest()}"
    yield f"      md5: {package.digest()[32:]}"
    yield f"      size: {package.size()}"
    yield f"      license: {package.license}"
    for field in ("depends", "constrains"):
        if getattr(package, field):
            yield f"      {field}:"
            yield from (f"      - {spec}" for spec in getattr(package, field))


def platform_lines(subdir, packages):
    needed = {spec.split()[0] for package in packages.values() for spec in package.depends}
    yield f"  {subdir}:"
    yield "    specs:"
    yield from (f"    - {name}" for name in sorted(set(packages) - needed))
    yield "    solved-with:"
    yield from (f"      {name}: {version}=0" for name, version in VIRTUALS[subdir.split("-")[0]].items())
    requires = {spec for package in packages.values() for spec in package.depends if spec.startswith("__")}
    if requires:
        yield "    requires:"
        yield "      depends:"
        yield from (f"      - {spec}" for spec in sorted(requires))
    yield "    packages:"
    for name in sorted(packages):
        yield from package_lines(packages[name])


def lock_lines(platforms):
    yield "# lockenv lock file. Review changes with: lockenv diff OLD NEW"
    yield from ("version: 1", "channels:", "- name: conda-forge", f"  url: {CHANNEL}", "channel-priority: strict")
    yield "platforms:"
    for subdir, packages in platforms.items():
        yield from platform_lines(subdir, packages)


def pixi_lines(platforms):
    yield from ("version: 6", "environments:", "  default:", "    channels:", f"    - url: {CHANNEL}/", "    packages:")
    every = {}
    for subdir, packages in platforms.items():
        yield f"      {subdir}:"
        for name in sorted(packages):
            url = f"{CHANNEL}/{packages[name].subdir}/{packages[name].dist()}.conda"
            every[url] = packages[name]
            yield f"      - conda: {url}"
    yield "packages:"
    for url in sorted(every):
        package = every[url]
        yield f"- conda: {url}"
        yield f"  sha256: {package.digest()}"
        yield f"  md5: {package.digest()[32:]}"
        for field in ("depends", "constrains"):
            if getattr(package, field):
                yield f"  {field}:"
                yield from (f"  - {spec}" for spec in getattr(package, field))
        yield f"  license: {package.license}"
        yield f"  size: {package.size()}"


def write(path, lines):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--packages", type=int, default=3000)
    parser.add_argument("--platforms", type=int, default=len(PLATFORMS))
    parser.add_argument("out")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    maker = Maker(args.seed, args.packages)
    old = {subdir: maker.platform(subdir) for subdir in PLATFORMS[:args.platforms]}
    new = {subdir: changed(packages, random.Random(args.seed)) for subdir, packages in old.items()}
    write(os.path.join(args.out, "old.lock"), lock_lines(old))
    write(os.path.join(args.out, "new.lock"), lock_lines(new))
    write(os.path.join(args.out, "old.pixi.lock"), pixi_lines(old))


if __name__ == "__main__":
    main()

"""Packages from a seed for install.py: environments that look like real ones, as archives, channel and lock.

A .conda archive is what conda-build makes of it: a stored zip of two tars, compressed with zstd. What is in
the files is made up, but their number, sizes, how well they compress, placeholders, links and modules follow
environments for machine learning: few packages hold most of the bytes, others thousands of small files.
"""
import dataclasses
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import zipfile

PLACEHOLDER = "/opt/placehold_" + "placehold_" * 22
MTIME = 1700000000
PLATFORM = "linux-64"


@dataclasses.dataclass
class Member:
    """A file; or a link, with a target."""
    path: str
    body: bytes = b""
    target: str = None
    executable: bool = False
    prefix: str = None  # mode of its placeholder
    large: str = None   # the file that has the bytes, instead of body

    def open(self):
        return open(self.large, "rb") if self.large else io.BytesIO(self.body)

    def size(self):
        return os.path.getsize(self.large) if self.large else len(self.body)

    def entry(self):
        if self.target is not None:
            return {"_path": self.path, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(),
                    "size_in_bytes": 0}
        with self.open() as body:
            digest = hashlib.file_digest(body, "sha256").hexdigest()
        entry = {"_path": self.path, "path_type": "hardlink", "sha256": digest, "size_in_bytes": self.size()}
        if self.prefix:
            entry |= {"file_mode": self.prefix, "prefix_placeholder": PLACEHOLDER}
        return entry

    def put(self, tar):
        info = tarfile.TarInfo(self.path)
        info.mtime, info.mode = MTIME, 0o755 if self.executable else 0o644
        if self.target is not None:
            info.type, info.linkname = tarfile.SYMTYPE, self.target
            tar.addfile(info)
        else:
            info.size = self.size()
            with self.open() as body:
                tar.addfile(info, body)


def write_tar(members, path, zstd):
    with open(path, "wb") as out, subprocess.Popen(
            ["zstd", "-q", "-c", "-T2", *zstd], stdin=subprocess.PIPE, stdout=out) as done:
        with tarfile.open(fileobj=done.stdin, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for member in members:
                member.put(tar)


class Channel:
    """Archives in ROOT/channel, with their repodata and ROOT/env.lock."""

    def __init__(self, root, *zstd):
        self.root, self.zstd, self.records = root, zstd or ("-9",), {}
        self.files = self.size = 0

    def add(self, name, members, noarch=None, version="1.0", points=()):
        index = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": [],
                 "subdir": "noarch" if noarch else PLATFORM}
        if noarch:
            index["noarch"] = noarch
        info = [Member("info/index.json", json.dumps(index).encode()),
                Member("info/paths.json", json.dumps(
                    {"paths": [m.entry() for m in members], "paths_version": 1}).encode())]
        if noarch == "python":
            link = {"noarch": {"entry_points": list(points), "type": "python"}, "package_metadata_version": 1}
            info.append(Member("info/link.json", json.dumps(link).encode()))
        folder = f"{self.root}/channel/{index['subdir']}"
        os.makedirs(folder, exist_ok=True)
        fn = f"{name}-{version}-0.conda"
        with zipfile.ZipFile(f"{folder}/{fn}", "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
            for part, content in (("info", info), ("pkg", members)):
                write_tar(content, f"{self.root}/part", self.zstd)
                archive.write(f"{self.root}/part", f"{part}-{name}-{version}-0.tar.zst")
        with open(f"{folder}/{fn}", "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.records[name] = dict(index, fn=fn, sha256=digest, size=os.path.getsize(f"{folder}/{fn}"))
        self.files += len(members)
        self.size += sum(m.size() for m in members)

    def finish(self):
        for subdir in (PLATFORM, "noarch"):
            os.makedirs(f"{self.root}/channel/{subdir}", exist_ok=True)
            records = {r["fn"]: r for r in self.records.values() if r["subdir"] == subdir}
            with open(f"{self.root}/channel/{subdir}/repodata.json", "w", encoding="utf-8") as out:
                json.dump({"info": {"subdir": subdir}, "packages": {}, "packages.conda": records}, out)
        self.write_lock("env.lock")

    def write_lock(self, name):
        lines = ["version: 1", "channels:", "- name: channel", f"  url: file://{self.root}/channel",
                 "channel-priority: strict", "platforms:", f"  {PLATFORM}:", "    specs: []", "    solved-with: {}",
                 "    requires: {depends: [], constrains: []}", "    packages:"]
        for record in sorted(self.records.values(), key=lambda r: r["name"]):
            lines += [f"    - name: {record['name']}", f"      version: '{record['version']}'", "      build: '0'",
                      f"      from: channel/{record['subdir']}/{record['fn']}", f"      sha256: {record['sha256']}",
                      f"      size: {record['size']}"]
        with open(f"{self.root}/{name}", "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")


# ---- contents ----

WORDS = ("value index count total state buffer config handler context module result target source parent child "
         "offset length record field option matrix tensor vector kernel stride shape layer weight grad batch").split()


class Contents:
    """Bytes of files, the same each time."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def name(self):
        return f"{self.rng.choice(WORDS)}_{self.rng.choice(WORDS)}{self.rng.randrange(1000)}"

    def function(self):
        rng, own = self.rng, [self.name() for _ in range(6)]
        a, b, c, d, e, f = own
        statements = (
            [f"{a} = {b}.{c}({rng.randrange(9999)}, {d}={rng.random():.4f})"],
            [f"if {a} is None or {b} > {rng.randrange(99)}:", f"    raise ValueError(f'{c}: {{{d}!r}}')"],
            [f"for {e}, {f} in enumerate({c}):", f"    {d}[{e}] += {f} * {rng.randrange(2, 64)}"],
            [f"{d} = [{e}.{f} for {e} in {c} if {e}['{self.name()}']]"],
            [f"{a} = '{self.name()} of {self.name()}, as {rng.choice(WORDS)}' % ({b}, {c})"],
        )
        lines = [f"def {self.name()}({', '.join(dict.fromkeys((a, b, c, d)))}, **options):",
                 f'    """Computes the {rng.choice(WORDS)} of each {self.name()} in {rng.choice(WORDS)} order."""']
        for _ in range(rng.randint(3, 10)):
            lines += ["    " + line for line in rng.choice(statements)]
        return lines + [f"    return {f if rng.random() < 0.5 else a}, options.get('{self.name()}')", ""]

    def python(self, functions):
        lines = [f'"""Module {self.name()}."""', "import os", "import sys", ""]
        for _ in range(functions):
            lines += self.function()
        return "\n".join(lines).encode()

    def text(self, size):
        return " ".join(self.name() for _ in range(size // 16)).encode()

    def machine_code(self, size):
        """A third of it new, the rest seen before nearby: compresses as libraries do."""
        rng, out = self.rng, bytearray()
        while len(out) < size:
            out += rng.randbytes(rng.randint(8, 64))
            for _ in range(2 if len(out) > 4096 else 0):
                at = len(out) - rng.randint(64, 4096)
                out += out[at:at + rng.randint(8, 64)]
        return bytes(out[:size])

    def blob(self, size):
        """Machine code of any size in less time: pieces of one part in another order, and new ones."""
        rng, part, out = self.rng, self.machine_code(min(size, 1 << 20)), bytearray()
        while len(out) < size:
            at = rng.randrange(len(part))
            out += part[at:at + rng.randint(200, 4000)] + rng.randbytes(rng.randint(200, 1000))
        return bytes(out[:size])

    def shared_object(self, size, prefixes=0):
        body = bytearray(self.blob(size))
        for i in range(prefixes):
            at = (i + 1) * len(body) // (prefixes + 2)
            text = f"{PLACEHOLDER}/share/{self.name()}".encode() + b"\0"
            body[at:at + len(text)] = text
        return bytes(body)


def native(out, c, name, size, headers):
    """A library with its headers, links, pkg-config file and program. Large ones seldom hold their prefix."""
    so, rewritten = f"lib/lib{name}.so", size < 4 << 20 or c.rng.random() < 0.25
    members = [Member(f"{so}.1.2.3", c.shared_object(size, 3 * rewritten), executable=True,
                      prefix="binary" if rewritten else None),
               Member(f"{so}.1", target=f"lib{name}.so.1.2.3"), Member(so, target=f"lib{name}.so.1.2.3"),
               Member(f"lib/pkgconfig/{name}.pc", f"prefix={PLACEHOLDER}\nlibdir=${{prefix}}/lib\n".encode(), prefix="text"),
               Member(f"bin/{name}-config", f"#!{PLACEHOLDER}/bin/sh\necho {PLACEHOLDER}\n".encode(), executable=True,
                      prefix="text")]
    members += [Member(f"include/{name}/{c.name()}_{i}.h", c.text(c.rng.randint(500, 8000))) for i in range(headers)]
    out.add(name, members)


def pure(out, c, name, files):
    """A noarch python package with two programs."""
    base = f"site-packages/{name}"
    members = [Member(f"{base}/__init__.py", c.python(1))]
    members += [Member(f"{base}/part{i % max(1, files // 20)}/{c.name()}_{i}.py", c.python(c.rng.randint(1, 14)))
                for i in range(files)]
    members += [Member(f"{base}-1.0.dist-info/{n}", c.text(2000)) for n in ("METADATA", "RECORD")]
    out.add(name, members, noarch="python", points=[f"{name} = {name}:main", f"{name}-tool = {name}.tool:main"])


def framework(out, c, name, files, libraries, site):
    """Compiled python: many modules and headers, few libraries that hold nearly all bytes."""
    members = [Member(f"{site}/{name}/part{i % 60}/{c.name()}_{i}.py", c.python(c.rng.randint(1, 10)))
               for i in range(files // 2)]
    members += [Member(f"{site}/{name}/include/part{i % 90}/deep/{c.name()}_{i}.h", c.text(c.rng.randint(200, 4000)))
                for i in range(files - files // 2)]
    members += [Member(f"{site}/{name}/lib/lib{name}_{i}.so", c.shared_object(size << 20), executable=True)
                for i, size in enumerate(libraries)]
    out.add(name, members)


def python(out, c, files):
    """Its library, and a program that starts the python that runs this."""
    major, minor = sys.version_info[:2]
    lib = f"lib/python{major}.{minor}"
    script = f"#!/bin/sh\nexec {os.path.realpath(sys.executable)} \"$@\"\n".encode()
    members = [Member(f"bin/python{major}.{minor}", script, executable=True),
               Member("bin/python", target=f"python{major}.{minor}"),
               Member(f"lib/libpython{major}.{minor}.so.1.0", c.shared_object(20 << 20, 6), executable=True, prefix="binary"),
               Member(f"{lib}/_sysconfigdata.py", f"prefix = '{PLACEHOLDER}'\n".encode() * 40, prefix="text")]
    members += [Member(f"{lib}/part{i % 40}/{c.name()}_{i}.py", c.python(c.rng.randint(1, 20))) for i in range(files)]
    out.add("python", members, version=f"{major}.{minor}.0")
    return f"{lib}/site-packages"


def learning(root):
    """As for machine learning: some 70 packages, 23,000 files, 700 MB."""
    out, c = Channel(root), Contents(1)
    site = python(out, c, 1800)
    framework(out, c, "torchlike", 7000, (160, 60, 20, 10), site)
    framework(out, c, "arraylike", 1200, (18, 6), site)
    framework(out, c, "framelike", 1500, (12, 12, 9), site)
    for i in range(28):
        native(out, c, f"native{i:02}", c.rng.choice((100, 300, 800, 3000, 12000, 30000)) << 10, c.rng.randint(5, 120))
    for i in range(36):
        pure(out, c, f"pure{i:02}", c.rng.choice((10, 40, 90, 200, 400)))
    members = [Member(f"share/data/{i % 50}/{i % 7}/{c.name()}_{i}.txt", c.text(c.rng.randint(100, 6000)))
               for i in range(3000)]
    out.add("data", members, noarch="generic")
    return out


def small(root):
    """100,000 small files in 30 packages."""
    out, c = Channel(root), Contents(2)
    lines = [" ".join(c.function()) + "\n" for _ in range(3000)]
    for p in range(30):
        members = [Member(f"share/small{p:02}/{i % 97:02}/{i % 11}/{c.name()}_{i}",
                          "".join(c.rng.choices(lines, k=c.rng.randint(1, 4)))[:c.rng.randint(20, 1500)].encode())
                   for i in range(3334)]
        out.add(f"small{p:02}", members, noarch="generic")
    return out


def single(root):
    """The same in one package."""
    out, c = Channel(root), Contents(6)
    lines = [" ".join(c.function()) + "\n" for _ in range(3000)]
    members = [Member(f"share/single/{i % 97:02}/{i % 1067 // 97}/{c.name()}_{i}",
                      "".join(c.rng.choices(lines, k=c.rng.randint(1, 4)))[:c.rng.randint(20, 1500)].encode())
               for i in range(100000)]
    out.add("single", members, noarch="generic")
    return out


def many(root):
    """300 packages of 40 files, and a lock with another version of one."""
    out, c = Channel(root), Contents(3)
    for p in range(300):
        out.add(f"many{p:03}", [Member(f"lib/many{p:03}/{c.name()}_{i}", c.text(c.rng.randint(50, 3000)))
                                for i in range(40)])
    kept = dict(out.records["many150"])
    out.add("many150", [Member(f"lib/many150/{c.name()}_{i}", c.text(500)) for i in range(40)], version="2.0")
    out.write_lock("changed.lock")
    out.records["many150"] = kept
    return out


def huge(root):
    """One file of 2.2 GB."""
    out, c, path = Channel(root, "-1"), Contents(4), f"{root}/large"
    os.makedirs(root, exist_ok=True)
    with open(path, "wb") as file:
        for _ in range(22):
            file.write(c.blob(100 << 20))
    out.add("huge", [Member("lib/libhuge.so", large=path, executable=True)])
    os.unlink(path)
    return out


def wide(root):
    """Four files of 250 MB, each compressed with a window of 128 MiB, the largest that conda makes."""
    out, c = Channel(root, "-1", "--long=27"), Contents(5)
    for i in range(4):
        out.add(f"wide{i}", [Member(f"lib/libwide{i}.so", c.blob(250 << 20), executable=True)])
    return out

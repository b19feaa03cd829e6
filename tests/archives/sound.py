#!/usr/bin/env python3
"""Rare but sound packages, in both formats where it makes a difference, against the real installer: every one must
install, and each file must lie in the prefix with the bytes, mode and time that it should have.

    sound.py BIN [--sanitized] [--sample N] [--large] [--only TEXT]

--large: also 100,000 files, and what has more than 4 GiB, with bounds for memory. Prints "N passed, M failed".
"""

import argparse
import hashlib
import itertools
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
import forge  # noqa: E402
from forge import END, GNU, MTIME, V7, Package, Zip, folder, gnu_long, hardlink, header, member, pax, symlink, zstd  # noqa: E402
from hostile import Area  # noqa: E402

OLDEST, NEWEST = 315532800, 2147483647
RSS_MIB = 150
MANY_RSS_MIB = 200  # the record alone has 39
CASES = []


class Want:
    """What must lie in the prefix: path -> (mode, mtime, content), or a link's target."""

    def __init__(self, **index):
        self.package = Package(**index)
        self.paths = {}

    def tar(self, members, path=None, content=b"", mode=0o644, mtime=MTIME, list_as=None):
        """Members of the payload, and what one of them must become."""
        self.package.payload += members
        if path is not None:
            self.paths[path] = (mode, mtime, forge.as_bytes(content))
            self.package.list(list_as or path)
        return self

    def file(self, path, content=b"", **fields):
        mode = fields.get("mode", 0o644)
        mtime = fields.get("mtime", MTIME)
        return self.tar(member(path, content, **fields), path, content, 0o755 if mode & 0o111 else 0o644,
                        min(max(mtime, OLDEST), NEWEST))

    def link(self, path, target):
        self.package.link(path, target)
        self.paths[path] = target
        return self

    def faults(self, prefix):
        for path, want in self.paths.items():
            full = f"{prefix}/{path}"
            if not os.path.lexists(full):
                yield f"no {path!r}"
            elif isinstance(want, str):
                if not os.path.islink(full) or os.readlink(full) != want:
                    yield f"{path!r} is no symlink to {want!r}"
            else:
                stat = os.lstat(full)
                with open(full, "rb") as file:
                    have = (stat.st_mode & 0o7777, int(stat.st_mtime), file.read())
                if have != want or not os.path.isfile(full) or os.path.islink(full):
                    yield f"{path!r} is {have[:2] + (have[2][:80],)}, not {want[:2] + (want[2][:80],)}"
        owned = {os.path.relpath(os.path.join(here, name), prefix) for here, _, names in os.walk(prefix) for name in names}
        more = {p for p in owned - set(self.paths) if not p.startswith("conda-meta/")}
        if more:
            yield f"more than there should be: {sorted(more)[:5]}"


def case(function):
    """FUNCTION yields (name, Want, form, bytes)."""
    CASES.append(function)
    return function


def forms(name, want):
    yield name, want, "bz2", want.package.tar_bz2()
    yield name, want, "conda", want.package.conda()


NAMES = [
    "é-nfc", "e\u0301-nfd", "日本語/ファイル", "🐍/🦎.txt", "עברית", "a b", " leading", "trailing ", "a'b", 'a"b', "a`id`b", "$HOME",
    "$(id)", "a;b", "a&b", "a|b", "*", "?", "[a]", "-rf", "--help", "~", "~root", "#a", "a#b", "a%20b", "%n%s", "a\\b", "a:b",
    "...", "..a", "a..", "a.", ".hidden", "{a,b}", "a=b", "a,b", "\u00a0", "\u200b", "\ufeff", "Ⅷ", "ß", "İ", "NUL", "con.txt",
    "n" * 255, "/".join(["long" * 20] * 12) + "/x", "info.txt", "information/x", "conda-meta.txt", "x/conda-meta/y", "x/info/y",
]


@case
def names():
    want = Want()
    for name in NAMES:
        want.file("share/" + name, name)
    yield from forms("names", want)
    want = Want()
    for name in NAMES:
        want.tar(gnu_long("share/" + name) + member("x", name, magic=GNU), "share/" + name, name)
    yield from forms("names by GNU headers", want)
    want = Want()
    for spelled, path in (("./share/a", "share/a"), ("share//b", "share/b"), ("share/./c", "share/c"),
                          ("././/share/d", "share/d")):
        want.tar(member(spelled, spelled), path, spelled)
    yield from forms("names spelled oddly", want)
    want = Want().tar(member("d" * 90 + "/f", "x", prefix=b"p" * 150), "p" * 150 + "/" + "d" * 90 + "/f", "x")
    want.tar(member("f", "y", prefix=b"a/b"), "a/b/f", "y")
    yield from forms("ustar prefixes", want)
    deep = "/".join("d" for _ in range(400)) + "/f"
    yield from forms("very deep", Want().file(deep, "deep"))
    want = Want().tar(member(b"share/latin-\xe9", "x")).file("share/a", "a")
    yield from forms("a name that is no UTF-8, not listed", want)


@case
def headers():
    want = Want()
    want.tar(member("a/v7", "1", magic=V7), "a/v7", "1")
    want.tar(member("a/nul", "2", kind=b"\0"), "a/nul", "2")
    want.tar(member("a/contiguous", "3", kind=b"7"), "a/contiguous", "3")
    want.tar(member("a/folder/", kind=b"0", magic=V7))
    want.tar(pax([("comment", "global")], b"g") + member("a/after-global", "4"), "a/after-global", "4")
    want.tar(pax([("path", "a/pax"), ("size", "1"), ("mtime", "1500000000.75"), ("uid", "123456789012"),
                  ("SCHILY.xattr.user.x", b"\0\xff"), ("LIBARCHIVE.xattr.user.y", "eA=="), ("vendor.key", "z")]) +
             member("x", "5"), "a/pax", "5", mtime=1500000000)
    want.tar(pax([("hdrcharset", "BINARY"), ("path", "a/é")]) + member("x", "6"), "a/é", "6")
    want.tar(pax([("size", "3")]) + member("a/pax-size", "abc", size=0), "a/pax-size", "abc")
    want.tar(pax([("path", "a/two-pax-headers")]) + member("x", "7"), "a/two-pax-headers", "7")
    want.tar(member("a/base256", "8", size=b"\x80" + bytes(10) + b"\1"), "a/base256", "8")
    want.tar(member("a/nul-in-pax-name", "9"), "a/nul-in-pax-name", "9")
    want.tar(member("a/twice", "same") + member("a/twice", "same"), "a/twice", "same")
    want.tar(folder("b") + folder("b/") + folder("./b/c"))
    yield from forms("headers", want)
    want = Want()
    want.tar(pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "a/sparse"),
                  ("GNU.sparse.realsize", "3000000")]) +
             member("x", forge.padded(b"2\n1000000\n3\n2000000\n3\n") + b"onetwo"),
             "a/sparse", bytes(1000000) + b"one" + bytes(999997) + b"two" + bytes(999997))
    yield from forms("sparse", want)
    yield from forms("root entry", Want().tar(folder("./", mode=0o700)).file("a", "x"))
    want = Want()
    want.package.more_info = b""
    want.file("a", "x")
    yield "long end", want, "bz2", want.package.tar_bz2(bytes(10240))


@case
def modes_and_times():
    want = Want()
    for mode in (0, 0o400, 0o777, 0o666, 0o111, 0o100, 0o001, 0o444, 0o1644, 0o1755):
        want.file(f"modes/{mode:o}", "x", mode=mode)
    for mode in (0, 0o555, 0o1777, 0o2755, 0o644, 0o777):
        want.tar(folder(f"folder-{mode:o}", mode=mode)).file(f"folder-{mode:o}/x", "x")
    yield from forms("modes", want)
    want = Want()
    for mtime in (0, 1, OLDEST - 1, OLDEST, NEWEST, NEWEST + 1, 4102444800, 1 << 40, -1, -(1 << 33)):
        want.file(f"times/{mtime}", "x", mtime=mtime)
    for text, mtime in (("1600000000.999999999", 1600000000), ("0.5", OLDEST), ("-0.5", OLDEST), ("4102444800.1", NEWEST)):
        want.tar(pax([("mtime", text)]) + member(f"times/{text}", "x"), f"times/{text}", "x", mtime=mtime)
    yield from forms("times", want)


@case
def links():
    want = Want().file("bin/a", "#!/bin/sh\n", mode=0o755)
    want.tar(hardlink("bin/b", "bin/a"), "bin/b", "#!/bin/sh\n", 0o755)
    want.tar(hardlink("lib/deep/c", "./bin/b"), "lib/deep/c", "#!/bin/sh\n", 0o755)
    want.tar(hardlink("lib/d", "bin//a", mode=0o600), "lib/d", "#!/bin/sh\n", 0o755)
    want.tar(pax([("ctime", "1")]) + forge.linked("lib/e", "bin/a", b"1", content=b"#!/bin/sh\n"), "lib/e", "#!/bin/sh\n",
             0o755)
    yield from forms("hard links", want)
    want = Want().file("lib/a", "x")
    for name, target in (("same", "a"), ("up", "../lib/a"), ("dangling", "none"), ("folder", "../lib"), ("chain", "same"),
                         ("spaces", "a b"), ("unicode", "é🐍"), ("self", "self"), ("long", "t" * 200), ("quoted", "'\"$(id)")):
        want.link("lib/" + name, target)
    yield from forms("symlinks", want)


@case
def metadata():
    yield from forms("empty", Want())
    yield from forms("folders alone", Want().tar(folder("a") + folder("a/b")))
    yield from forms("empty files", Want().file("a").file("b"))
    want = Want().file("a", "x").file("b", "y")
    want.package.info = {"paths.json": None, "files": b"a\nb\n"}
    yield from forms("without paths.json", want)
    want = Want().file("a", "x")
    want.package.info = {"paths.json": None}
    yield from forms("without a list", want)
    want = Want().file("a", "x").tar(member("not-listed", "y"))
    want.package.list("empty-folder", "directory")
    yield from forms("more than is listed", want)
    scripts = Want().file("bin/.x-pre-link.sh", "exit 1").file("bin/.x-post-link.sh", "exit 1")
    scripts.file("bin/.x-pre-unlink.sh", "exit 1").file("etc/conda/env_vars.d/x.json", '{"A": "é\\n$(id)"}')
    scripts.file("etc/conda/activate.d/x.sh", "exit 1").file("etc/conda/deactivate.d/x.sh", "exit 1")
    yield from forms("scripts and variables", scripts)
    want = Want().file("a", "x")
    info, payload = want.package.info_tar(), want.package.payload
    halves = [info[:1024], info[1024:]]
    yield "payload first", want, "bz2", forge.bz2.compress(payload + info + END)
    yield "payload between", want, "bz2", forge.bz2.compress(halves[0] + payload + halves[1] + END)
    yield "all in the payload", want, "conda", want.package.conda(info=zstd(END), payload=zstd(payload + info + END))
    yield "all in info", want, "conda", want.package.conda(info=zstd(info + payload + END), payload=zstd(END))
    yield "metadata in both", want, "conda", want.package.conda(payload=zstd(payload + info + END))


@case
def compression():
    want = Want().file("a", "x" * 300000).file("b", "y")
    tar, info = want.package.payload + END, want.package.info_tar() + END

    def packed(data):
        return want.package.conda(payload=data)

    yield "frames", want, "conda", packed(b"".join(zstd(tar[at:at + 1000]) for at in range(0, len(tar), 1000)))
    yield "skippable frames", want, "conda", packed(
        forge.zstd_skippable(b"a" * 9) + zstd(tar[:999]) + forge.zstd_skippable(b"") + zstd(tar[999:]) +
        forge.zstd_skippable(b"z" * 70000))
    yield "empty frames", want, "conda", packed(zstd() + zstd(tar) + zstd())
    for window in (10, 20, 27, 31):
        pieces = [tar[at:at + 1024] for at in range(0, len(tar), 1024)] if window == 10 else [tar]
        yield f"window 2^{window}", want, "conda", packed(zstd(*pieces, window=window))
    for level in ("-1", "-19", "--ultra -22 --long=31", "--no-check", "--no-content-size -5"):
        if shutil.which("zstd"):
            done = subprocess.run(["zstd", "-qc", *level.split()], input=tar, capture_output=True, check=True)
            yield f"zstd {level}", want, "conda", packed(done.stdout)
    whole = want.package.info_tar() + want.package.payload + END
    yield "bzip2 streams", want, "bz2", b"".join(forge.bz2.compress(whole[at:at + 9000]) for at in range(0, len(whole), 9000))
    yield "bzip2 empty streams", want, "bz2", forge.bz2.compress(b"") + forge.bz2.compress(whole) + forge.bz2.compress(b"")
    yield "bzip2 -1", want, "bz2", forge.bz2.compress(whole, 1)
    assert info


ONES = 0xFFFFFFFF


@case
def zips():
    want = Want().file("a", "x").file("b", "y")
    parts = want.package.parts()

    def made(end=None, rows=None, change=None):
        archive = Zip()
        for name, content in rows or parts.items():
            archive.add(name, content, **(change(name, content, archive) if change else {}))
        return archive.end(**(end or {}))

    for order in itertools.permutations(parts.items()):
        yield "order " + " ".join(n.split("-")[0] for n, _ in order), want, "conda", made(rows=order)
    without = {n: c for n, c in parts.items() if n != "metadata.json"}
    yield "without metadata.json", want, "conda", made(rows=without.items())
    yield "empty metadata.json", want, "conda", made(rows={**parts, "metadata.json": b""}.items())
    yield "other inner names", want, "conda", made(rows=[(n.replace("x-1-0", "y z-2"), c) for n, c in parts.items()])
    yield "more members", want, "conda", made(rows=[("README", b"x"), ("d/", b""), ("d/pkg-x.tar.zst", b"no"), *parts.items()])
    yield "comment", want, "conda", made({"comment": b"made by nobody"})
    yield "long comment", want, "conda", made({"comment": b"c" * 65535})
    yield "zip64 end", want, "conda", made({"zip64": {}})
    yield "zip64 end alone", want, "conda", made({"zip64": {}, "count": 0xFFFF, "cd_size": ONES, "cd_offset": ONES})
    yield "zip64 and comment", want, "conda", made({"zip64": {}, "cd_offset": ONES, "comment": b"x" * 999})

    def large(name, content, archive):
        extra = struct.pack("<HHQQ", 1, 16, len(content), len(content))
        return {"size": ONES, "packed": ONES, "extra": extra, "local_extra": extra, "version": 45}

    def large_all(name, content, archive):
        extra = struct.pack("<HHQQQ", 1, 24, len(content), len(content), len(archive.data))
        return {**large(name, content, archive), "extra": extra, "offset": ONES}

    def other_extra(name, content, archive):
        return {"extra": struct.pack("<HH4s", 0x5455, 4, b"time"), "local_extra": struct.pack("<HH2s", 0xCAFE, 2, b"xy")}

    yield "zip64 members", want, "conda", made(change=large)
    yield "zip64 everything", want, "conda", made({"zip64": {}, "cd_size": ONES, "cd_offset": ONES}, change=large_all)
    yield "extra fields", want, "conda", made(change=other_extra)
    for width, magic, zeroed in itertools.product("IQ", (True, False), (True, False)):
        def streamed(name, content, archive, width=width, magic=magic, zeroed=zeroed):
            crc, size = zlib.crc32(content), len(content)
            told = {"local_crc": 0, "local_size": 0, "local_packed": 0} if zeroed else {}
            return {"flags": 8, "descriptor": (b"PK\7\x08" if magic else b"") + struct.pack("<I2" + width, crc, size, size),
                    **told}

        yield f"descriptors {width} {magic} {zeroed}", want, "conda", made(change=streamed)
    yield "UTF-8 flag", want, "conda", made(change=lambda *_: {"flags": 1 << 11})


# ---- large ----


def write_archive(path, pieces):
    """PIECES are bytes, or numbers: so many bytes of a hole. The archive's row for a lock."""
    digest = hashlib.sha256()
    with open(path, "wb") as out:
        for piece in pieces:
            if isinstance(piece, int):
                out.seek(piece, os.SEEK_CUR)
                for at in range(0, piece, 1 << 20):
                    digest.update(bytes(min(1 << 20, piece - at)))
            else:
                out.write(piece)
                digest.update(piece)
    return digest.hexdigest(), os.path.getsize(path)


def crc_of(pieces):
    crc = 0
    for piece in pieces:
        if isinstance(piece, int):
            for at in range(0, piece, 1 << 20):
                crc = zlib.crc32(bytes(min(1 << 20, piece - at)), crc)
        else:
            crc = zlib.crc32(piece, crc)
    return crc


def zip64_around(package, payload):
    """The pieces of a .conda whose payload is more than 4 GiB, and its other members behind it."""
    size = sum(p if isinstance(p, int) else len(p) for p in payload)
    name = f"pkg-{package.dist}.tar.zst".encode()
    crc, extra = crc_of(payload), struct.pack("<HHQQ", 1, 16, size, size)
    first = Zip().add(name, b"", crc=crc, size=ONES, packed=ONES, extra=extra, local_extra=extra, version=45)
    behind = Zip()
    behind.central, behind.count = first.central, 1
    start = len(first.data) + size
    for other, content in package.parts(payload=b"").items():
        if not other.startswith("pkg-"):
            at = struct.pack("<HHQ", 1, 8, start + len(behind.data))
            behind.add(other, content, offset=ONES, extra=at)
    return [first.data, *payload, behind.data + behind.end(
        zip64={"cd_offset": start + len(behind.data), "at": start + len(behind.data) + len(behind.central)},
        cd_offset=ONES)[len(behind.data):]]


def noise(size):
    """Bytes that look compressed, the same each time."""
    return b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(size // 32))


def large_file(area, gib=4.5):
    """As a CUDA library: several GiB, a good part of it zeros."""
    size = int(gib * (1 << 30))
    package = Package()
    package.payload = header("lib/libcuda_like.so", size=size, mode=0o755)
    package.list("lib/libcuda_like.so", size_in_bytes=size)
    block = noise(1 << 20)
    payload = zstd(package.payload, *([block] * 32), size - (32 << 20), b"", END)
    path = f"{area.root}/from/{package.dist}.conda"
    with open(path, "wb") as out:
        out.write(package.conda(payload=payload))
    yield package, path, {"lib/libcuda_like.so": size}


def large_member(area):
    """More than 4 GiB in the archive itself, which the zip64 fields alone can tell."""
    package = Package().file("a", "x")
    hole = (2 << 30) + 12345
    payload = [struct.pack("<II", 0x184D2A50, hole), hole] * 2 + [zstd(package.payload + END)]
    path = f"{area.root}/from/{package.dist}.conda"
    write_archive(path, zip64_around(package, payload))
    yield package, path, {"a": 1}


def many_files(area):
    package = Package()
    members = []
    for i in range(100000):
        path = f"lib/python3.12/site-packages/package{i % 300}/module/file{i}.py"
        content = b"x = %d\n" % i
        members.append(member(path, content))
        package.list(path, sha256=hashlib.sha256(content).hexdigest(), size_in_bytes=len(content))
    package.payload = b"".join(members)
    for form, data in (("tar.bz2", package.tar_bz2), ("conda", package.conda)):
        path = f"{area.root}/from/{package.dist}.{form}"
        with open(path, "wb") as out:
            out.write(data())
        yield package, path, {"lib/python3.12/site-packages/package0/module/file0.py": 6}
        os.unlink(path)


def build(function, area, number):
    """The number-th archive of FUNCTION; in a process of its own, for the memory that it takes."""
    for i, (package, path, sizes) in enumerate(function(area)):
        if i == number:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            thin = Package()
            thin.index = package.index
            return thin, path, digest, os.path.getsize(path), sizes
    return None


def run_large(area, options):
    import concurrent.futures
    for function in (many_files, large_file, large_member):
        if options.only not in function.__name__:
            continue
        for number in range(2):
            with concurrent.futures.ProcessPoolExecutor(1) as pool:
                built = pool.submit(build, function, area, number).result()
            if built is None:
                break
            package, path, digest, size, sizes = built
            shutil.rmtree(area.prefix, ignore_errors=True)
            shutil.rmtree(area.cache, ignore_errors=True)
            done = area.install([(package, os.path.basename(path), digest, size)], "--no-compile")
            faults = [] if done.code == 0 else [f"exit code {done.code}: {done.stderr.decode()}"]
            if done.rss > MANY_RSS_MIB if function is many_files else done.rss > RSS_MIB:
                faults.append(f"took {done.rss} MiB of memory")
            for name, bytes_ in sizes.items() if done.code == 0 else ():
                if os.path.getsize(f"{area.prefix}/{name}") != bytes_:
                    faults.append(f"{name} has another size")
            os.unlink(path)
            print(f"{function.__name__}: {os.path.basename(path)}, {size >> 20} MiB, {done.seconds:.1f} s, {done.rss} MiB")
            yield f"{function.__name__} {path[-5:]}", faults


def run_small(area, options):
    number = 0
    for function in CASES:
        for name, want, form, data in function():
            number += 1
            if options.only not in name or number % options.sample:
                continue
            shutil.rmtree(area.prefix, ignore_errors=True)
            done = area.install([area.put(want.package, form, data)])
            faults = list(want.faults(area.prefix)) if done.code == 0 else [done.stderr.decode(errors="replace")]
            if not options.sanitized and done.rss > RSS_MIB:
                faults.append(f"took {done.rss} MiB of memory")
            yield f"{name}/{form}", faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as root:
        area = Area(options.binaries, root + "/area", not options.sanitized)
        for name, faults in (run_large if options.large else run_small)(area, options):
            passed += not faults
            failed += bool(faults)
            if faults:
                print(f"FAILED {name}: {'; '.join(faults)[:1000]}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

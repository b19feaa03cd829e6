"""The table of hostile archives: what each holds, and the words with which it is refused.

A case has a name, the forms in which it is made, a function that makes it, the member that must be named and a
part of the reason. Forms: "bz2" (.tar.bz2), "pkg" and "info" (a .conda, the members in its payload or among its
metadata), "conda" (a .conda, for what does not lie in a tar). OUTSIDE stands for a watched folder: its absolute
path is put in its place.
"""

import collections
import hashlib
import json

import forge
from forge import (END, GNU, V7, Package, Zip, folder, gnu_long, hardlink, header, linked, member, padded, pax,
                   pax_record, symlink, zstd)

OUTSIDE = b"@OUTSIDE@"  # as long as no tar header is made of it: see at()

Case = collections.namedtuple("Case", "name forms make member text options")
CASES = []


def case(name, forms, make, member_, text, **options):
    CASES.append(Case(name, forms.split(), make, member_, text, options))


def tar(name, make, member_, text, forms="bz2 pkg info", **options):
    """MAKE: the bytes of members, or a function of the outside folder's path that gives them."""

    def into(package, form, outside):
        members = make(outside) if callable(make) else make
        if form == "info":
            package.more_info += members
        else:
            package.payload += members

    case(name, forms, into, member_, text, **options)


def meta(name, change, member_, text, forms="bz2 conda", **options):
    """CHANGE: a function of the package."""

    def into(package, _form, _outside):
        change(package)

    case(name, forms, into, member_, text, **options)


def outer(name, make, member_, text, **options):
    """MAKE: a function of the ZIP's parts (name -> bytes) and their Package that gives the whole file."""

    def into(package, _form, _outside):
        return make(package.parts(), package)

    case(name, "conda", into, member_, text, **options)


# ---- names of members ----

ABSOLUTE, CLIMBS = "has an absolute name", "climbs with '..'"
THROUGH = "goes through a symlink of the same archive"
CONTROL = "has a control character in its name"
LONG_PART = "has a name of more than 255 bytes"
LONG_NAME = "has a name of more than 4095 bytes"
RESERVED = "lies in conda-meta, where only installers write"
TWICE = "comes twice with another type"
NO_FILE = "is a hard link to something that is no earlier file of the archive"

tar("absolute", lambda out: member(out + "/victim", "x"), "/victim'", ABSOLUTE)
for slashes in ("//", "///"):
    tar(f"absolute-{len(slashes)}", member(slashes + "tmp/victim"), f"'{slashes}tmp/victim'", ABSOLUTE)
tar("absolute-prefix", member("victim", prefix=b"/tmp"), "'/tmp/victim'", ABSOLUTE)
tar("absolute-pax", pax([("path", "/tmp/victim")]) + member("lib/a"), "'/tmp/victim'", ABSOLUTE)
tar("absolute-gnu", gnu_long("/tmp/victim") + member("lib/a", magic=GNU), "'/tmp/victim'", ABSOLUTE)
tar("absolute-folder", folder("/tmp/victim/"), "'/tmp/victim/'", ABSOLUTE)
tar("absolute-symlink", symlink("/tmp/victim", "x"), "'/tmp/victim'", ABSOLUTE)
for number, name in enumerate(("../victim", "a/../../victim", "..", "lib/..", "./../victim", "bin/../bin/x", "..//victim",
                               "lib/a/../../../victim", "../", ".//..//x")):
    tar(f"dotdot-{number}", member(name, "x"), f"'{name}'", CLIMBS)
tar("dotdot-prefix", member("victim", prefix=b".."), "'../victim'", CLIMBS)
tar("dotdot-prefix-inside", member("victim", prefix=b"lib/.."), "'lib/../victim'", CLIMBS)
tar("dotdot-v7", member("../victim", "x", magic=V7), "'../victim'", CLIMBS)
tar("dotdot-pax", pax([("path", "../victim")]) + member("lib/a"), "'../victim'", CLIMBS)
tar("dotdot-pax-twice", pax([("path", "lib/b"), ("path", "../victim")]) + member("lib/a"), "'../victim'", CLIMBS)
tar("dotdot-gnu", gnu_long("../victim") + member("lib/a", magic=GNU), "'../victim'", CLIMBS)
tar("dotdot-sparse", pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "../victim"),
                          ("GNU.sparse.realsize", "1")]) + member("a", padded(b"1\n0\n1\n") + padded(b"x")),
    "'../victim'", CLIMBS)
tar("drive", member("C:victim"), "'C:victim'", "drive letter")
tar("drive-slash", member("c:/victim"), "'c:/victim'", "drive letter")
tar("empty-name", member("", "x"), "''", "has an empty name")
tar("empty-pax-name", pax([("path", "")]) + member("", "x"), "''", "has an empty name")
tar("dot-file", member(".", "x"), "'.'", "names no file")
tar("dot-symlink", symlink("./", "/tmp"), "'./'", "names no file")
tar("root-folder", folder("/"), "'/'", ABSOLUTE)
for number, byte in enumerate((b"\n", b"\t", b"\x1b[2J", b"\x7f", b"\r", b"\x01")):
    tar(f"control-{number}", member(b"lib/a" + byte + b"b"), "\\x%02x" % byte[0], CONTROL)
tar("control-pax", pax([("path", b"lib/a\nb")]) + member("lib/a"), "\\x0a", CONTROL)
tar("long-part", pax([("path", "lib/" + "n" * 256)]) + member("lib/a"), "'lib/nnn", LONG_PART)
tar("long-part-gnu", gnu_long("n" * 300) + member("lib/a", magic=GNU), "'nnn", LONG_PART)
tar("long-name", pax([("path", "lib/" * 1023 + "abcd")]) + member("lib/a"), "'lib/lib", LONG_NAME)
tar("long-name-gnu", gnu_long("d/" * 50000) + member("lib/a", magic=GNU), "'d/d/", LONG_NAME)
for name in ("conda-meta/x-1-0.json", "./conda-meta/history", "Conda-Meta/x", "conda-meta", "conda-meta//x"):
    tar(f"conda-meta-{len(CASES)}", member(name, "x"), f"'{name}'", RESERVED)
tar("conda-meta-symlink", symlink("conda-meta", "lib"), "'conda-meta'", RESERVED)
tar("seal", member(".lockenv-seal", "x"), "'.lockenv-seal'", "name of the cache's seal")
tar("seal-folder", member(".lockenv-seal/x"), "'.lockenv-seal/x'", "name of the cache's seal")

# ---- links ----

tar("through-symlink", lambda out: symlink("l", out) + member("l/victim", "x"), "'l/victim'", THROUGH)
tar("through-symlink-dotdot", symlink("l", "..") + member("l/victim", "x"), "'l/victim'", THROUGH)
tar("through-symlink-inside", symlink("l", "bin") + member("l/victim", "x"), "'l/victim'", THROUGH)
tar("through-symlink-dot", symlink("l", ".") + member("l/l/l/victim", "x"), "'l/l/l/victim'", THROUGH)
tar("through-symlink-chain", lambda out: symlink("a", out) + symlink("b", "a") + member("b/victim"), "'b/victim'",
    THROUGH)
tar("through-symlink-deep", lambda out: symlink("d/l", out) + member("d/l/e/f/victim"), "'d/l/e/f/victim'", THROUGH)
tar("through-symlink-folder", lambda out: symlink("l", out) + folder("l/"), "'l/'", THROUGH)
tar("through-symlink-symlink", lambda out: symlink("l", out) + symlink("l/m", "x"), "'l/m'", THROUGH)
tar("through-symlink-hardlink", lambda out: symlink("l", out) + hardlink("m", "l/victim"), "'m'", NO_FILE)
tar("through-symlink-spelled", lambda out: symlink("./l/", out) + member("l//victim"), "'l//victim'", THROUGH)
tar("symlink-control", symlink("l", "a\x1b[2J"), "'l'", "control character in its target")
tar("symlink-long", symlink("l", "t" * 4096), "'l'", "empty or too long target")
tar("symlink-empty", symlink("l", ""), "'l'", "empty or too long target")
tar("symlink-bomb", symlink("l", "t/" * 300000), "'l'", "empty or too long target")
tar("hardlink-absolute", lambda out: hardlink("m", out + "/victim"), "'m'", NO_FILE)
tar("hardlink-dotdot", hardlink("m", "../victim"), "'m'", NO_FILE)
tar("hardlink-dotdot-inside", hardlink("m", "bin/../bin/tool"), "'m'", NO_FILE, forms="bz2 pkg")
tar("hardlink-absent", hardlink("m", "lib/none"), "'m'", NO_FILE)
tar("hardlink-later", hardlink("m", "lib/later") + member("lib/later"), "'m'", NO_FILE)
tar("hardlink-self", hardlink("m", "m"), "'m'", NO_FILE)
tar("hardlink-to-symlink", lambda out: symlink("l", out + "/victim") + hardlink("m", "l"), "'m'", NO_FILE)
tar("hardlink-to-folder", folder("d") + hardlink("m", "d"), "'m'", NO_FILE)
tar("hardlink-to-meta", hardlink("m", "../conda-meta/history"), "'m'", NO_FILE)
tar("hardlink-empty", hardlink("m", ""), "'m'", "")
tar("hardlink-pax", pax([("linkpath", "/etc/passwd")]) + hardlink("m", "bin/tool"), "'m'", NO_FILE)
tar("hardlink-gnu", gnu_long("../victim", b"K") + hardlink("m", "bin/tool", magic=GNU), "'m'", NO_FILE)
tar("hardlink-with-content", member("a", "one") + linked("m", "a", b"1", content=b"two"), "'m'", "")
tar("hardlink-with-content-pax", member("a", "one") + pax([("ctime", "1")]) + linked("m", "a", b"1", content=b"two"), "'m'",
    "is a hard link with other content")
tar("hardlink-over-itself", member("a", "one") + hardlink("a", "b"), "'a'", NO_FILE)

# ---- kinds and modes ----

OTHER = "is a device, FIFO or socket"
for kind, name in ((b"3", "character-device"), (b"4", "block-device"), (b"6", "fifo")):
    tar(name, member("dev/x", kind=kind), "'dev/x'", OTHER)
for mode, name in ((0o4755, "setuid"), (0o2755, "setgid"), (0o6755, "setuid-setgid")):
    tar(name, member("bin/x", "x", mode=mode), "'bin/x'", "is set-user-ID or set-group-ID")

# ---- one name, two things ----

DIRECTORY = "needs a directory where another member is a file"
tar("file-then-folder", member("a", "1") + folder("a"), "'a'", DIRECTORY)
tar("folder-then-file", folder("a") + member("a", "1"), "'a'", TWICE)
tar("file-then-symlink", member("a", "1") + symlink("a", "b"), "'a'", TWICE)
tar("symlink-then-file", lambda out: symlink("a", out + "/victim") + member("a", "1"), "'a'", TWICE)
tar("folder-then-symlink", lambda out: folder("a") + symlink("a", out) + member("a/victim", "1"), "'a'", TWICE)
tar("implied-folder-then-symlink", lambda out: member("a/x") + symlink("a", out) + member("a/victim"), "'a'", TWICE)
tar("symlink-then-symlink", symlink("a", "b") + symlink("a", "c"), "'a'", TWICE)
tar("file-then-hardlink", member("a", "1") + member("b", "2") + hardlink("a", "b"), "'a'", TWICE)
tar("folder-then-fifo", folder("a") + member("a", kind=b"6"), "'a'", OTHER)
tar("two-contents", member("a", "1") + member("a", "2"), "'a'", TWICE)
tar("two-contents-spelled", member("d/a", "1") + member("./d//a", "2"), "'./d//a'", TWICE)
tar("two-modes", member("a", "1") + member("a", "1", mode=0o755), "'a'", TWICE)
tar("beneath-file", member("a", "1") + member("a/b"), "'a/b'", DIRECTORY)
tar("info-symlink", symlink("info", "/etc"), "'info'", TWICE, forms="bz2 info")
tar("info-index-twice", member("info/index.json", "{}"), "'info/index.json'", TWICE)
tar("info-symlink-first", lambda out: symlink("info", out), "'info", "", forms="pkg")
for subdir in ("osx-arm64", "win-64"):
    tar(f"case-{subdir}", member("lib/a") + member("Lib/b"), "'Lib'", "differ only in case", subdir=subdir)
    tar(f"case-symlink-{subdir}", lambda out: symlink("L", out) + member("l/victim"), "'l'", "differ only in case",
        subdir=subdir)
for number, name in enumerate((r"..\victim", r"a\b", "NUL", "lib/con.txt", "aux", "COM1.log", "a.", "a ", "a<b", "a|b",
                               "lib/a:stream", 'a"b', "a?b", "a*b")):
    tar(f"windows-{number}", member(name, "x"), f"'{name}'", "has a name that Windows cannot have", subdir="win-64")

# ---- headers that lie ----

BROKEN = ""  # whatever libarchive says of it
tar("checksum-first", header("lib/a", checksum=1), "", BROKEN)
tar("size-no-number", member("lib/a", "x", size=b"zzzzzzzzzzz"), "", BROKEN)
tar("size-huge", member("lib/a", "x", size=1 << 62), "'lib/a'", "", forms="bz2 pkg info")
tar("size-negative", member("lib/a", "x", size=-1), "", BROKEN)
tar("size-8g", member("lib/a", "x", size=8 << 30), "'lib/a'", BROKEN)
tar("pax-size-more", pax([("size", "99999999")]) + member("lib/a", "x"), "'lib/a'", BROKEN)
tar("pax-size-less", pax([("size", "1")]) + member("lib/a", b"x" * 2000), "", BROKEN)
tar("pax-size-negative", pax([("size", "-5")]) + member("lib/a", "x"), "", BROKEN)
tar("pax-length-short", pax([b"3 path=../victim\n"]) + member("lib/a"), "", BROKEN)
tar("pax-length-long", pax([b"99 path=../victim\n"]) + member("lib/a"), "", BROKEN)
tar("pax-length-zero", pax([b"0 path=../victim\n"]) + member("lib/a"), "", BROKEN)
tar("pax-no-newline", pax([b"16 path=lib/none"]) + member("lib/a"), "", BROKEN)
tar("pax-no-equals", pax([b"10 pathab\n"]) + member("lib/a"), "", BROKEN)
tar("pax-bomb", pax([("comment", "c" * (2 << 20))]) + member("lib/a"), "", BROKEN)
tar("pax-header-huge", header("x", b"x", 1 << 40), "", BROKEN)
tar("pax-at-the-end", pax([("path", "lib/b")]), "", BROKEN)
tar("gnu-long-bomb", gnu_long("d/" * (1 << 20)) + member("lib/a", magic=GNU), "", BROKEN)
tar("gnu-long-huge", gnu_long("lib/b", size=8 << 30) + member("lib/a", magic=GNU), "", BROKEN)
tar("sparse-huge", pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "lib/s"),
                        ("GNU.sparse.realsize", str(1 << 40))]) + member("s", padded(b"1\n0\n1\n") + padded(b"x")),
    "", "unpacks to more than", seconds=60)
tar("sparse-beyond", pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "lib/s"),
                          ("GNU.sparse.realsize", "10")]) + member("s", padded(b"1\n50\n1\n") + padded(b"x")),
    "'lib/s'", BROKEN)
tar("sparse-backwards", pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "lib/s"),
                             ("GNU.sparse.realsize", "9999")]) +
    member("s", padded(b"2\n5000\n512\n0\n512\n") + bytes(1024)), "'lib/s'", BROKEN)
tar("sparse-old-huge", header("lib/s", b"S", 512, magic=GNU,
                              tail=bytes(41) + b"00000000000\0" b"00000001000\0" + bytes(24 * 3 + 1) +
                              forge.octal(1 << 40, 12)) + bytes(512), "", "unpacks to more than", seconds=60)
tar("directory-with-content", member("d", b"x" * 700, kind=b"5") + member("../victim"), "'d'", BROKEN)
tar("cut-header", member("lib/a", "x") + header("lib/b")[:300], "", BROKEN, end=b"")
tar("cut-content", header("lib/b", size=4000) + bytes(1000), "'lib/b'", BROKEN, end=b"")
tar("no-end", member("lib/b", "x"), "", "ends without an end mark", end=b"")
tar("half-end", member("lib/b", "x"), "", "ends without an end mark", end=bytes(512))
tar("second-tar", member("lib/b", "x"), "", "behind the end of its tar", end=END + member("../victim", "x") + END)
tar("garbage-behind", member("lib/b", "x"), "", "behind the end of its tar", end=bytes(10240) + b"x")
tar("many-members", lambda _out: header("e", b"5") * 1000001, "", "members", seconds=120, slow=True)
tar("many-files", lambda _out: b"".join(header(f"e/{i:07}") for i in range(1000001)), "", "members", seconds=300,
    slow=True, forms="pkg", rss=400)
tar("many-long-names", lambda _out: b"".join(gnu_long(f"{i:07}/" * 500) + header("e", b"5", magic=GNU)
                                             for i in range(60000)), "", "", seconds=300, slow=True, forms="pkg", rss=700)


# ---- compression ----


def cut(data, tail):
    return data[:-tail]


def packed_with(change, form):
    """The whole archive, its compressed part changed."""

    def into(package, _form, _outside):
        if form == "bz2":
            return change(package.tar_bz2())
        part = {"pkg": "payload", "info": "info"}[form]
        whole = zstd((package.payload if form == "pkg" else package.info_tar()) + END)
        return package.conda(**{part: change(whole)})

    return into


for form in ("bz2", "pkg", "info"):
    case("compressed-cut", form, packed_with(lambda d: d[:len(d) // 2], form), "", "")
    case("compressed-cut-end", form, packed_with(lambda d: d[:-1], form), "", "ends within its")
    case("compressed-garbage", form, packed_with(lambda d: d + b"garbage", form), "", "trailing garbage")
    case("compressed-empty", form, packed_with(lambda d: b"", form), "", "")
    case("compressed-other", form, packed_with(lambda d: b"\x1f\x8b" + d, form), "", "")
case("zstd-bomb", "pkg", lambda p, f, o: p.conda(payload=zstd(header("big", size=9 << 30), 9 << 30, END)), "",
     "unpacks to more than", seconds=60)
case("zstd-bomb-behind", "pkg", lambda p, f, o: p.conda(payload=zstd(p.payload + END, 20 << 30)), "",
     "unpacks to more than", seconds=60)
case("zstd-bomb-info", "info", lambda p, f, o: p.conda(info=zstd(p.info_tar(), header("info/big", size=9 << 30), 9 << 30)),
     "", "unpacks to more than", seconds=60)
case("zstd-long-window", "pkg", lambda p, f, o: p.conda(
    payload=zstd(header("big", size=9 << 30), 9 << 30, END, window=31)), "", "unpacks to more than",
     seconds=60, rss=400)
case("zstd-window-too-long", "pkg", lambda p, f, o: p.conda(payload=zstd(p.payload + END, window=40)), "",
     "zstd data", )
case("zstd-dictionary", "pkg", lambda p, f, o: p.conda(
    payload=forge.ZSTD_MAGIC + b"\1\x38\x05" + zstd(p.payload + END)[6:]), "", "zstd data")


def bzip2_bomb(package, _form, _outside):
    packer = forge.bz2.BZ2Compressor()
    data = packer.compress(package.info_tar() + header("big", size=400 << 20))
    return data + b"".join(packer.compress(bytes(1 << 20)) for _ in range(400)) + packer.flush()


case("bzip2-bomb", "bz2", bzip2_bomb, "", "unpacks to more than", seconds=60)


# ---- the ZIP of a .conda ----


def zipped(parts, change=None, end=None, **lies):
    """LIES for the member that begins with CHANGE."""
    archive = Zip()
    for name, content in parts.items():
        archive.add(name, content, **(lies if change and name.startswith(change) else {}))
    return archive.end(**(end or {}))


def deflated(parts, _package):
    archive = Zip()
    for name, content in parts.items():
        packer = forge.zlib.compressobj(9, forge.zlib.DEFLATED, -15)
        small = packer.compress(content) + packer.flush()
        archive.add(name, small, method=8, crc=forge.zlib.crc32(content), size=len(content))
    return archive.end()


def more(parts, name, content, **lies):
    archive = Zip()
    for one, bytes_ in parts.items():
        archive.add(one, bytes_)
    return archive.add(name, content, **lies).end()


def evil(package):
    return zstd(package.payload + member("lib/evil", "x") + END)


DIFFERS = "contradicts the central directory"
outer("zip-deflate", deflated, "'metadata.json'", "is compressed")
outer("zip-encrypted", lambda p, _: zipped(p, "pkg", flags=1), "'pkg-x-1-0.tar.zst'", "is encrypted")
outer("zip-encrypted-strong", lambda p, _: zipped(p, "info", flags=0x41), "'info-x-1-0.tar.zst'", "is encrypted")
outer("zip-encrypted-directory", lambda p, _: zipped(p, "meta", flags=1 << 13), "'metadata.json'", "is encrypted")
outer("zip-checksum", lambda p, _: zipped(p, "pkg", crc=1), "'pkg-x-1-0.tar.zst'", "checksum")
outer("zip-checksum-metadata", lambda p, _: zipped(p, "metadata", crc=1), "'metadata.json'", "checksum")
outer("zip-local-checksum", lambda p, _: zipped(p, "pkg", local_crc=1), "'pkg-x-1-0.tar.zst'", DIFFERS)
outer("zip-local-name", lambda p, _: zipped(p, "pkg", local_name=b"pkg-y-1-0.tar.zst"), "'pkg-x-1-0.tar.zst'", DIFFERS)
outer("zip-local-size", lambda p, _: zipped(p, "pkg", local_size=7, local_packed=7), "'pkg-x-1-0.tar.zst'", DIFFERS)
outer("zip-local-method", lambda p, _: zipped(p, "pkg", local_method=8), "'pkg-x-1-0.tar.zst'", "is compressed")
outer("zip-patch", lambda p, _: zipped(p, "pkg", flags=1 << 5), "'pkg-x-1-0.tar.zst'", "is a patch of another file")
outer("zip-reserved-flag", lambda p, _: zipped(p, "info", flags=1 << 9), "'info-x-1-0.tar.zst'",
      "has a flag set that the ZIP format reserves")
outer("zip-local-encrypted", lambda p, _: zipped(p, "pkg", local_flags=1), "'pkg-x-1-0.tar.zst'", "is encrypted")
outer("zip-size-less", lambda p, _: zipped(p, "pkg", size=50, packed=50), "'pkg-x-1-0.tar.zst'", "belong to no member")
outer("zip-size-more", lambda p, _: zipped(p, "pkg", size=9999, packed=9999), "'pkg-x-1-0.tar.zst'", "overlaps")
outer("zip-sizes-differ", lambda p, _: zipped(p, "pkg", size=50), "'pkg-x-1-0.tar.zst'", "malformed entry")
outer("zip-two-of-one-name", lambda p, k: more(p, "pkg-x-1-0.tar.zst", evil(k)), "'pkg-x-1-0.tar.zst'", "comes twice")
outer("zip-two-payloads", lambda p, k: more(p, "pkg-y-1-0.tar.zst", evil(k)), "'pkg-y-1-0.tar.zst'",
      "second tarball of its kind")
outer("zip-two-infos", lambda p, k: more(p, "info-y.tar.zst", evil(k)), "'info-y.tar.zst'", "second tarball of its kind")
outer("zip-hidden-member", lambda p, k: more(p, "pkg-y.tar.zst", evil(k), hide=True), "'info-x-1-0.tar.zst'",
      "belong to no member")
outer("zip-overlap", lambda p, k: zipped(p, "info", offset=0), "", "")
outer("zip-overlap-inside", lambda p, k: more(p, "pkg-y.tar.zst", b"", offset=60, size=10, packed=10), "", "")
outer("zip-quoted-member", lambda p, k: zipped({"README": Zip().add("pkg-x-1-0.tar.zst", evil(k)).data, **p}, "pkg",
                                               offset=36), "", "")
for number, name in enumerate(("../x", "/x", "a/../x", "a\\..\\x", "C:\0x", "", "a\nb", "./x")):
    outer(f"zip-name-{number}", lambda p, k, name=name: more(p, name, b"x"), "of its ZIP", "malformed")
outer("zip-disks", lambda p, _: zipped(p, end={"disks": 1}), "", "several disks")
outer("zip-count-less", lambda p, _: zipped(p, end={"count": 2}), "", "another number of members")
outer("zip-count-more", lambda p, _: zipped(p, end={"count": 9}), "", "another number of members")
outer("zip-directory-size", lambda p, _: zipped(p, end={"cd_size": 10}), "", "not where its end says")
outer("zip-directory-offset", lambda p, _: zipped(p, end={"cd_offset": 10}), "", "not where its end says")
outer("zip-gap", lambda p, _: zipped(p, end={"gap": bytes(8)}), "'info-x-1-0.tar.zst'", "belong to no member")
outer("zip-prepended", lambda p, _: b"#!/bin/sh\n" + zipped(p), "", "not where its end says")
outer("zip-prepended-known", lambda p, _: prepended(p), "", "has bytes before its ZIP")
outer("zip-appended", lambda p, _: zipped(p) + b"x", "", "bytes behind the end of its ZIP")
outer("zip-comment-end", lambda p, k: zipped(p, end={"comment": Zip().end()}), "", "not where its end says")
outer("zip-comment-zip", lambda p, k: zipped(p, end={"comment": zipped(k.parts(payload=evil(k)))}), "",
      "not where its end says")
outer("zip-no-end", lambda p, _: zipped(p)[:-22], "", "is no ZIP, or cut short")
outer("zip-cut", lambda p, _: zipped(p)[:-30], "", "is no ZIP, or cut short")
outer("zip-empty", lambda p, _: b"", "", "is no ZIP, or cut short")
outer("zip-no-members", lambda p, _: Zip().end(), "", "no info-*.tar.zst")
outer("zip-text", lambda p, _: b"<html>404</html>" * 9, "", "is no ZIP, or cut short")
outer("zip64-count", lambda p, _: zipped(p, end={"zip64": {"count": 2}}), "", "contradict each other")
outer("zip64-size", lambda p, _: zipped(p, end={"zip64": {"cd_size": 1 << 60}}), "", "contradict each other")
outer("zip64-offset", lambda p, _: zipped(p, end={"zip64": {"cd_offset": 0}}), "", "contradict each other")
outer("zip64-elsewhere", lambda p, _: zipped(p, end={"zip64": {"at": 0}}), "", "contradict each other")
outer("zip64-huge", lambda p, _: zipped(p, end={"zip64": {"cd_size": 1 << 63}, "cd_size": 0xFFFFFFFF}), "",
      "not where its end says")
outer("zip64-missing", lambda p, _: zipped(p, end={"cd_size": 0xFFFFFFFF, "cd_offset": 0xFFFFFFFF}), "",
      "not where its end says")
outer("zip64-extra-missing", lambda p, _: zipped(p, "pkg", size=0xFFFFFFFF, packed=0xFFFFFFFF), "'pkg-x-1-0.tar.zst'",
      "malformed entry")
outer("zip64-extra-lies", lambda p, _: zipped(
    p, "pkg", size=0xFFFFFFFF, packed=0xFFFFFFFF, extra=forge.struct.pack("<HHQQ", 1, 16, 1 << 50, 1 << 50)),
      "'pkg-x-1-0.tar.zst'", "")
outer("zip-extra-cut", lambda p, _: zipped(p, "pkg", extra=b"\1\0\xff"), "'pkg-x-1-0.tar.zst'", "malformed entry")
outer("zip-descriptor-lies", lambda p, _: zipped(p, "pkg", flags=8, descriptor=forge.struct.pack("<IIII", 0x08074B50, 0, 0, 0)),
      "'pkg-x-1-0.tar.zst'", "belong to no member")
outer("zip-many-members", lambda p, _: zipped({**{f"{i}": b"" for i in range(30000)}, **p}), "", "too many members")
outer("zip-no-info", lambda p, _: zipped({n: c for n, c in p.items() if not n.startswith("info")}), "",
      "no info-*.tar.zst")
outer("zip-info-elsewhere", lambda p, _: zipped({n.replace("info-", "d/info-"): c for n, c in p.items()}), "",
      "no info-*.tar.zst")
outer("zip-version-3", lambda p, _: zipped({**p, "metadata.json": b'{"conda_pkg_format_version": 3}'}), "",
      "conda_pkg_format_version 3 is not known")
outer("zip-metadata-deep", lambda p, _: zipped({**p, "metadata.json": b"[" * 60000}), "", "metadata.json")
outer("zip-metadata-long", lambda p, _: zipped({**p, "metadata.json": b" " * 70000}), "", "metadata.json")
outer("tar-in-conda", lambda p, k: k.tar_bz2(), "", "is no ZIP, or cut short")
case("conda-in-tar", "bz2", lambda p, f, o: p.conda(), "", "")
case("empty-file", "bz2", lambda p, f, o: b"", "", "")
case("empty-tar", "bz2", lambda p, f, o: forge.bz2.compress(END), "", "info/index.json: is missing")
case("text-file", "bz2", lambda p, f, o: b"<html>404</html>", "", "")


def prepended(parts):
    archive = Zip()
    archive.data = b"#!/bin/sh\n"
    for name, content in parts.items():
        archive.add(name, content)
    return archive.end()

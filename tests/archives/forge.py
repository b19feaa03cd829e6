"""Package archives byte by byte, honest or not: tars, ZIPs, zstd frames and what a package says of itself.

Everything is deterministic and needs only the standard library. A tar is bytes: members one after the other,
then END. zstd frames are made of raw and run-length blocks, so that gigabytes of zeros cost nothing.
"""

import bz2
import hashlib
import json
import struct
import zlib

MTIME = 1600000000
END = bytes(1024)
USTAR = b"ustar\x0000"
GNU = b"ustar  \0"
V7 = bytes(8)


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


# ---- tar ----


def octal(value, width):
    """A number as tars have it: octal digits and a NUL, or 256 as a base where they do not do."""
    if isinstance(value, bytes):
        return value.ljust(width, b"\0")[:width]
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    return (value % (1 << (8 * width)) | 1 << (8 * width - 1)).to_bytes(width, "big")


def header(name, kind=b"0", size=0, mode=0o644, mtime=MTIME, link=b"", magic=USTAR, prefix=b"", checksum=None,
           tail=None):
    """One header block; TAIL replaces what follows the device numbers."""
    block = bytearray(512)
    name, link = as_bytes(name), as_bytes(link)
    block[0:len(name[:100])] = name[:100]
    block[100:108] = octal(mode, 8)
    block[108:124] = octal(0, 8) * 2
    block[124:136] = octal(size, 12)
    block[136:148] = octal(mtime, 12)
    block[156:157] = kind
    block[157:157 + len(link[:100])] = link[:100]
    block[257:265] = magic
    block[345:345 + len(prefix)] = prefix
    if tail is not None:
        block[345:345 + len(tail)] = tail
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % (sum(block) if checksum is None else checksum)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def member(name, content=b"", kind=b"0", size=None, **fields):
    """A member with its content; SIZE may lie about it. Names that do not fit get a pax header."""
    name, content = as_bytes(name), as_bytes(content)
    before = b""
    if len(name) > 100:
        before = pax([("path", name)])
    return before + header(name, kind, len(content) if size is None else size, **fields) + padded(content)


def folder(name, **fields):
    return member(name, kind=b"5", **{"mode": 0o755, **fields})


def symlink(name, target, **fields):
    return linked(name, target, b"2", **fields)


def hardlink(name, target, **fields):
    return linked(name, target, b"1", **fields)


def linked(name, target, kind, content=b"", **fields):
    target = as_bytes(target)
    before = pax([("linkpath", target)]) if len(target) > 100 else b""
    return before + member(name, content, kind, link=target, **fields)


def pax_record(key, value):
    body = b" " + as_bytes(key) + b"=" + as_bytes(value) + b"\n"
    size = len(body) + 1
    while len(b"%d" % size) + len(body) != size:
        size += 1
    return b"%d" % size + body


def pax(records, kind=b"x"):
    """A pax header; RECORDS are (key, value), or bytes as they are."""
    text = b"".join(r if isinstance(r, bytes) else pax_record(*r) for r in records)
    return header("PaxHeaders/x", kind, len(text)) + padded(text)


def gnu_long(text, kind=b"L", size=None):
    text = as_bytes(text) + b"\0"
    return header("././@LongLink", kind, len(text) if size is None else size, magic=GNU) + padded(text)


# ---- zstd ----

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
BLOCK = 128 * 1024


def zstd_blocks(pieces):
    """Blocks of one frame, all but the last; a piece is bytes, or a number: so many zero bytes."""
    for piece in pieces:
        if isinstance(piece, int):
            for at in range(0, piece, BLOCK):
                yield struct.pack("<I", 1 << 1 | min(BLOCK, piece - at) << 3)[:3] + b"\0"
        else:
            for at in range(0, len(piece), BLOCK):
                part = piece[at:at + BLOCK]
                yield struct.pack("<I", len(part) << 3)[:3] + part


def zstd(*pieces, window=17):
    """One frame without content size; WINDOW is the logarithm of the window it asks for."""
    return (ZSTD_MAGIC + bytes([0, (window - 10) << 3]) + b"".join(zstd_blocks(pieces)) + b"\1\0\0")


def zstd_skippable(data):
    return struct.pack("<II", 0x184D2A50, len(data)) + data


# ---- ZIP ----


class Zip:
    """Members one by one; each field of both headers can be made to lie."""

    def __init__(self):
        self.data = b""
        self.central = b""
        self.count = 0

    def add(self, name, content, **lies):
        """LIES: crc, size, packed, method, flags (of both headers); local_NAME for the local one alone;
        descriptor: what follows the content; local_extra, extra; offset; hide: not in the directory."""
        name, content = as_bytes(name), as_bytes(content)
        fields = {"crc": zlib.crc32(content), "size": len(content), "packed": len(content), "method": 0, "flags": 0,
                  "extra": b"", "offset": len(self.data), "name": name, "version": 20}
        fields.update({k: v for k, v in lies.items() if k in fields})
        local = {**fields, "extra": b"", **{k[6:]: v for k, v in lies.items() if k.startswith("local_")}}
        self.data += struct.pack("<IHHHHHIIIHH", 0x04034B50, local["version"], local["flags"], local["method"], 0, 33,
                                 local["crc"], local["packed"], local["size"], len(local["name"]),
                                 len(local["extra"])) + local["name"] + local["extra"]
        self.data += content + lies.get("descriptor", b"")
        if not lies.get("hide"):
            self.central += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, fields["version"], fields["flags"],
                                        fields["method"], 0, 33, fields["crc"], fields["packed"], fields["size"],
                                        len(fields["name"]), len(fields["extra"]), 0, 0, 0, 0,
                                        fields["offset"]) + fields["name"] + fields["extra"]
            self.count += 1
        return self

    def end(self, comment=b"", count=None, cd_size=None, cd_offset=None, disks=0, zip64=None, gap=b""):
        """The whole file. ZIP64: fields of a zip64 end record (count, cd_size, cd_offset), or {}."""
        count = self.count if count is None else count
        at = len(self.data) + len(gap)
        out = self.data + gap + self.central
        if zip64 is not None:
            large = {"count": self.count, "cd_size": len(self.central), "cd_offset": at, **zip64}
            record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, large["count"], large["count"],
                                 large["cd_size"], large["cd_offset"])
            out += record + struct.pack("<IIQI", 0x07064B50, 0, zip64.get("at", len(out)), 1)
        return out + struct.pack("<IHHHHIIH", 0x06054B50, disks, disks, count, count,
                                 len(self.central) if cd_size is None else cd_size,
                                 at if cd_offset is None else cd_offset, len(comment)) + comment


# ---- packages ----


class Package:
    """What lies in an archive; every part can be replaced before it is packed."""

    def __init__(self, name="x", version="1", build="0", subdir="linux-64", **index):
        self.name, self.version, self.build, self.subdir = name, version, build, subdir
        self.index = {"name": name, "version": version, "build": build, "build_number": 0, "subdir": subdir,
                      "depends": [], **index}
        self.payload = b""  # tar members
        self.listed = []  # paths.json's entries
        self.info = {}  # file name -> bytes, or None: left out
        self.more_info = b""  # tar members behind those of info/

    def file(self, name, content=b"", listed=True, entry=None, **fields):
        content = as_bytes(content)
        self.payload += member(name, content, **fields)
        if listed:
            self.listed.append({"_path": name if isinstance(name, str) else name.decode(), "path_type": "hardlink",
                                "sha256": hashlib.sha256(content).hexdigest(), "size_in_bytes": len(content),
                                **(entry or {})})
        return self

    def link(self, name, target):
        self.payload += symlink(name, target)
        self.listed.append({"_path": name, "path_type": "softlink"})
        return self

    def list(self, path, path_type="hardlink", **fields):
        self.listed.append({"_path": path, "path_type": path_type, **fields})
        return self

    def info_tar(self):
        files = {"index.json": json.dumps(self.index).encode(),
                 "paths.json": json.dumps({"paths": self.listed, "paths_version": 1}).encode(), **self.info}
        return b"".join(member("info/" + n, c) for n, c in files.items() if c is not None) + self.more_info

    @property
    def dist(self):
        return f"{self.name}-{self.version}-{self.build}"

    def tar_bz2(self, end=END):
        return bz2.compress(self.info_tar() + self.payload + end)

    def parts(self, info=None, payload=None):
        """name -> bytes of the ZIP's members, in the usual order."""
        return {"metadata.json": b'{"conda_pkg_format_version": 2}',
                f"pkg-{self.dist}.tar.zst": zstd(self.payload + END) if payload is None else payload,
                f"info-{self.dist}.tar.zst": zstd(self.info_tar() + END) if info is None else info}

    def conda(self, **parts):
        outer = Zip()
        for name, content in self.parts(**parts).items():
            outer.add(name, content)
        return outer.end()


def lock(packages, platform="linux-64"):
    """PACKAGES: (Package, file name, sha256 in hex, size)."""
    lines = ["version: 1", "channels:", "- name: c", "  url: https://conda.anaconda.org/c", "channel-priority: strict",
             "platforms:", f"  {platform}:", "    specs: []", "    solved-with: {}",
             "    requires: {depends: [], constrains: []}", "    packages:"]
    for package, fn, sha256, size in sorted(packages, key=lambda p: p[0].name.encode()):
        lines += [f"    - name: {package.name}", f"      version: '{package.version}'",
                  f"      build: '{package.build}'", f"      from: c/{package.subdir}/{fn}",
                  f"      sha256: {sha256}", f"      size: {size}"]
        depends = package.index.get("depends")
        if depends:
            lines += ["      depends:"] + [f"      - {d}" for d in depends]
    return "\n".join(lines) + "\n"

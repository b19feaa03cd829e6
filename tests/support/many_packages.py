#!/usr/bin/env python3
"""many_packages.py DIR N: a channel of N small packages (.tar.bz2) below DIR, the same bytes each time.

Each has a program, a library and a link; package i needs package i - 1, so that one spec asks for all.
"""
import bz2
import hashlib
import io
import json
import pathlib
import random
import sys
import tarfile


def package(index: int) -> tuple[str, bytes, dict]:
    name = f"many{index:03}"
    random.seed(index)
    depends = [f"many{index - 1:03}"] if index > 0 else []
    about = {"name": name, "version": "1.0", "build": "0", "build_number": 0, "depends": depends,
             "subdir": "linux-64"}
    files = {f"lib/{name}/data{n}": random.randbytes(random.randrange(1000, 60000)) for n in range(8)}
    files[f"bin/{name}"] = b"#!/bin/sh\necho " + name.encode() + b"\n"
    files[f"share/{name}/prefix.txt"] = b"/opt/placeholder_placeholder_placeholder_placeholder\n"
    listed = "".join(f"{path}\n" for path in sorted(files))
    files["info/index.json"] = json.dumps(about, sort_keys=True).encode()
    files["info/files"] = listed.encode()
    files["info/has_prefix"] = f"share/{name}/prefix.txt\n".encode()
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(files):
            member = tarfile.TarInfo(path)
            member.size = len(files[path])
            member.mtime = 1700000000
            member.mode = 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(member, io.BytesIO(files[path]))
    packed = bz2.compress(raw.getvalue())
    about |= {"sha256": hashlib.sha256(packed).hexdigest(), "md5": hashlib.md5(packed).hexdigest(),
              "size": len(packed)}
    return f"{name}-1.0-0.tar.bz2", packed, about


def main() -> None:
    root = pathlib.Path(sys.argv[1])
    records = {}
    for subdir in ("linux-64", "noarch"):
        (root / subdir).mkdir(parents=True, exist_ok=True)
    for index in range(int(sys.argv[2])):
        name, packed, about = package(index)
        (root / "linux-64" / name).write_bytes(packed)
        records[name] = about
    for subdir, packages in (("linux-64", records), ("noarch", {})):
        repodata = {"info": {"subdir": subdir}, "packages": packages, "packages.conda": {},
                    "repodata_version": 1}
        (root / subdir / "repodata.json").write_text(json.dumps(repodata, sort_keys=True))


main()

#!/usr/bin/env python3
"""index.py LOCKENV PACKAGES: indexes every folder of real packages and holds each record against the archive.

Of a .tar.bz2 the record has to be info/index.json as Python reads it, field by field, with the hashes of the file
and without what old builders wrote for themselves; of a .conda what MANIFEST.json says of it. What is refused has to
be misnamed or in the wrong folder. Skips (77) where there is no data.
"""
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

DROPPED = {"arch", "binstar", "has_prefix", "machine", "mtime", "operatingsystem", "platform", "requires_features",
           "target-triplet", "ucs"}
faults = []


def index_of(path):
    with tarfile.open(path, "r:bz2") as tar:
        for member in tar:
            if member.name.removeprefix("./") == "info/index.json":
                return json.load(tar.extractfile(member))
    return None


def record_of(path, entry):
    """The members that the record has to have."""
    data = path.read_bytes()
    facts = {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data),
             "subdir": path.parent.name}
    if path.name.endswith(".tar.bz2"):
        kept = {k: v for k, v in index_of(path).items() if k not in DROPPED}
        return {**kept, **facts}, True
    keys = ("name", "version", "build", "build_number", "depends")
    return {**{k: entry[k] for k in keys if entry[k] is not None}, **facts}, False


def check(path, record, entry):
    wanted, whole = record_of(path, entry)
    have = record if whole else {k: record.get(k) for k in wanted}
    if have != wanted:
        faults.append(f"{path}: {have} is not {wanted}")
    if list(record) != sorted(record):
        faults.append(f"{path}: not sorted")


def check_channel(lockenv, channel, manifest):
    told = subprocess.run([lockenv, "index", "--json", "--skip-broken", channel], capture_output=True, text=True,
                          check=False)
    if told.returncode != 0:
        faults.append(f"{channel}: exit {told.returncode}: {told.stderr}")
        return 0, 0
    n, refused = 0, 0
    for subdir in json.loads(told.stdout)["subdirs"]:
        folder = channel / subdir["subdir"]
        repodata = json.loads((folder / "repodata.json").read_text())
        records = {**repodata["packages"], **repodata["packages.conda"]}
        for broken in subdir["broken"]:
            refused += 1
            if "not what its file is called" not in broken["why"] and "but it lies in" not in broken["why"]:
                faults.append(f"{folder}: {broken}")
        for fn, record in records.items():
            n += 1
            check(folder / fn, record, manifest[f"{channel.name}/{folder.name}/{fn}"])
        there = {p.name for p in folder.iterdir() if p.name.endswith((".conda", ".tar.bz2"))}
        if there != set(records) | {b["file"] for b in subdir["broken"]}:
            faults.append(f"{folder}: not every file is told")
    return n, refused


def main():
    lockenv, packages = sys.argv[1], pathlib.Path(sys.argv[2])
    if not packages.is_dir():
        print("skipped: no real packages here")
        sys.exit(77)
    manifest = {e["path"]: e for e in json.loads((packages / "MANIFEST.json").read_text())["packages"]}
    n = refused = 0
    with tempfile.TemporaryDirectory() as scratch:
        for owner in sorted({path.split("/")[0] for path in manifest}):
            channel = pathlib.Path(scratch, owner)
            shutil.copytree(packages / owner, channel)
            more, less = check_channel(lockenv, channel, manifest)
            n, refused = n + more, refused + less
    print("\n".join(faults))
    print(f"{n} records, {refused} packages refused, {len(faults)} faults")
    sys.exit(bool(faults) or n == 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Extracts every real archive with tree_tool and compares with an extraction by python and zstd.

    archives.py TREE_TOOL PACKAGES_FOLDER

Sound archives must agree in names, link targets, execute bits, times and bytes, both when made and when
found again. Those whose own metadata contradicts them, and all broken ones, must be refused with exit
code and a message that names the archive and what is wrong. Exit 77 (skipped) without the data.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile

INTEGRITY = "error -5: "
OLDEST, NEWEST = 315532800, 2147483647
SEAL = ".lockenv-seal"

# What the message must hold one of, by tag. The first tag that an archive has decides.
REFUSED = {
    "empty-link-target": ["is a symlink with an empty"],  # found here, not a tag of the manifest
    "paths-size-mismatch": ["info/paths.json says"],
    "paths-sha256-mismatch": ["info/paths.json says"],
    "paths-lists-missing-file": ["is listed in info/paths.json but not in the archive"],
    "paths-file-as-softlink": ["is a file, info/paths.json says symlink", "a softlink with 'prefix_placeholder'"],
    "prefix-on-symlink": ["a softlink with 'prefix_placeholder'"],
}
# By defect of a broken archive.
BROKEN = {
    "bad-link-json": ["info/link.json"],
    "no-index-json": ["info/index.json", "no info-*.tar.zst", "holds no tar", "is compressed"],
}


def tars(path):
    if path.endswith(".tar.bz2"):
        yield tarfile.open(path, "r:bz2")
        return
    with zipfile.ZipFile(path) as outer:
        for name in outer.namelist():
            if name.endswith(".tar.zst"):
                done = subprocess.run(
                    ["zstd", "-dcq", "--long=31"], input=outer.read(name), capture_output=True, check=True
                )
                yield tarfile.open(fileobj=io.BytesIO(done.stdout))


def has_empty_link(path):
    """No system can make such a link."""
    return any(m.issym() and not m.linkname for tar in tars(path) for m in tar.getmembers())


def expected(path):
    """name -> what must lie there; directories that must be there."""
    files, folders = {}, set()
    for tar in tars(path):
        for member in tar.getmembers():
            name = os.path.normpath(member.name)
            if name == ".":
                continue
            parent = os.path.dirname(name)
            while parent:
                folders.add(parent)
                parent = os.path.dirname(parent)
            if member.isdir():
                folders.add(name)
            elif member.issym():
                files[name] = ("link", member.linkname)
            elif member.islnk():
                files[name] = files[os.path.normpath(member.linkname)]
            else:
                mtime = min(max(int(member.mtime), OLDEST), NEWEST)
                digest = hashlib.sha256(tar.extractfile(member).read()).hexdigest()
                files[name] = ("file", 0o755 if member.mode & 0o111 else 0o644, mtime, member.size, digest)
    return files, folders


def found(root):
    files, folders = {}, set()
    for here, dirs, names in os.walk(root):
        for name in dirs + names:
            path = os.path.join(here, name)
            short = os.path.relpath(path, root)
            stat = os.lstat(path)
            if os.path.islink(path):
                files[short] = ("link", os.readlink(path))
            elif os.path.isdir(path):
                folders.add(short)
                assert stat.st_mode & 0o7777 == 0o755, (short, oct(stat.st_mode))
            elif short != SEAL:
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                files[short] = ("file", stat.st_mode & 0o7777, int(stat.st_mtime), stat.st_size, digest)
    return files, folders


def run(tool, cache, path, name, version, build, subdir, *options):
    done = subprocess.run([tool, cache, path, name, version, build, subdir, *options], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def from_file_name(path):
    stem = os.path.basename(path)
    for extension in (".tar.bz2", ".conda"):
        stem = stem.removesuffix(extension)
    parts = stem.rsplit("-", 2)
    return parts if len(parts) == 3 else [stem, "0", "0"]


def check_sound(tool, cache, path, entry):
    args = (entry["name"], entry["version"], entry["build"], entry["subdir"])
    code, out, _ = run(tool, cache, path, *args)
    if code != 0:
        return f"refused: {out.strip()}"
    lines = out.splitlines()
    want, have = expected(path), found(lines[0])
    for one, other in zip(want, have):
        if one != other:
            odd = [n for n in set(one) | set(other) if n not in one or n not in other or
                   (isinstance(one, dict) and one[n] != other[n])]
            return f"differs: {[(n, isinstance(one, dict) and (one.get(n), other.get(n))) for n in odd[:3]]}"
    code, again, _ = run(tool, cache, path, *args, "verify")
    if code != 0 or again != out:
        return f"not found again: {again.strip()}"
    if len(lines) - 1 != entry["files"] and "no-paths-json" not in entry["features"]:
        unlisted = "tar-has-unlisted-files" in entry["features"] or "empty-dir" in entry["features"]
        if not unlisted:
            return f"{len(lines) - 1} paths instead of {entry['files']}"
    return None


def check_refused(tool, cache, path, args, wanted):
    code, out, _ = run(tool, cache, path, *args)
    if code != 1 or not out.startswith(INTEGRITY):
        return f"not refused: {out.strip()}"
    if os.path.basename(path) not in out or not any(w in out for w in wanted) or out.count("\n") != 1:
        return f"refused with another message: {out.strip()}"
    return None


def main():
    tool, folder = sys.argv[1:3]
    if not os.path.exists(os.path.join(folder, "MANIFEST.json")):
        return 77
    with open(os.path.join(folder, "MANIFEST.json")) as file:
        packages = json.load(file)["packages"]
    with open(os.path.join(folder, "broken", "MANIFEST.json")) as file:
        broken = json.load(file)["broken"]
    failed = 0
    counts = {"sound": 0, "contradictory": 0, "misnamed": 0, "broken": 0}

    def note(kind, path, problem):
        nonlocal failed
        counts[kind] += 1
        if problem:
            failed += 1
            print(f"{kind} {path}: {problem}")

    with tempfile.TemporaryDirectory() as cache:
        for entry in packages:
            path = os.path.join(folder, entry["path"])
            args = (entry["name"], entry["version"], entry["build"], entry["subdir"])
            tags = entry["features"] + (["empty-link-target"] if has_empty_link(path) else [])
            tag = next((t for t in REFUSED if t in tags), None)
            if tag:
                note("contradictory", entry["path"], check_refused(tool, cache, path, args, REFUSED[tag]))
            else:
                note("sound", entry["path"], check_sound(tool, cache, path, entry))
            if "filename-mismatch" in entry["features"]:
                args = (*from_file_name(path), entry["subdir"])
                note("misnamed", entry["path"], check_refused(tool, cache, path, args, ["info/index.json"]))
        for entry in broken:
            path = os.path.join(folder, entry["path"])
            args = (*from_file_name(path), "noarch")
            note("broken", entry["path"], check_refused(tool, cache, path, args, BROKEN.get(entry["defect"], [""])))
        left = os.listdir(os.path.join(cache, "tmp"))
        if left:
            failed += 1
            print(f"left in tmp: {left}")
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()), f"- {failed} failed")
    return 1 if failed or counts["sound"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

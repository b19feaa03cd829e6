#!/usr/bin/env python3
"""Prints the tree digest of a prefix, from what lies there: docs/install.md, "The tree digest"."""

import hashlib
import json
import os
import sys


def record(path):
    """A record in its normal form: as it is, without what was compiled."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    paths = data["paths_data"]["paths"]
    compiled = {entry["_path"] for entry in paths if entry["path_type"] == "pyc_file"}
    data["paths_data"]["paths"] = [entry for entry in paths if entry["_path"] not in compiled]
    data["files"] = [name for name in data["files"] if name not in compiled]
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    return text.encode(), [entry["_path"] for entry in data["paths_data"]["paths"]]


def line(prefix, path, content=None):
    """path NUL type NUL mode NUL content NEWLINE"""
    full = os.path.join(prefix, path)
    mode = "%o" % (os.lstat(full).st_mode & 0o7777)
    if os.path.islink(full):
        kind, mode, value = "l", "-", os.readlink(full)
    elif os.path.isdir(full):
        kind, value = "d", ""
    else:
        kind = "f"
        value = hashlib.sha256(open(full, "rb").read() if content is None else content).hexdigest()
    fields = [text.replace("\\", "\\\\").replace("\n", "\\n") for text in (path, kind, mode, value)]
    return os.fsencode("\0".join(fields) + "\n")


def main(prefix):
    lines = {}
    for name in os.listdir(os.path.join(prefix, "conda-meta")):
        if name.endswith(".json"):
            text, paths = record(os.path.join(prefix, "conda-meta", name))
            lines["conda-meta/" + name] = line(prefix, "conda-meta/" + name, text)
            lines.update((path, line(prefix, path)) for path in paths)
    ordered = sorted(lines, key=os.fsencode)
    print("sha256:" + hashlib.sha256(b"".join(lines[path] for path in ordered)).hexdigest())


main(sys.argv[1])

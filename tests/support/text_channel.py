"""text_channel.py CHANNELS OUT: channels in the short form of the resolver cases as repodata.

    A/linux-64: name 1.0 build_0 | depends a >=1, b | constrains c <2 | number 1 | time 1700000000000
    A/noarch: name 1.0 build_0 | flags f, g | extra group: a, b | removed

There are no archives: what is solved with these can be looked at, not installed.
"""

import hashlib
import json
import pathlib
import sys

LISTS = {"depends", "constrains", "flags"}


def split(text):
    return [part.strip() for part in text.split(", ") if part.strip()]


def parse(line):
    where, _, rest = line.partition(": ")
    parts = [part.strip() for part in rest.split(" | ")]
    name, version, build = parts[0].split()
    tail = build.rpartition("_")[2]
    record = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": int(tail) if tail.isdigit() else 0,
        "depends": [],
        "constrains": [],
        "subdir": where.rpartition("/")[2],
        "size": 1,
        "sha256": hashlib.sha256(parts[0].encode()).hexdigest(),
    }
    removed = False
    for part in parts[1:]:
        key, _, value = part.partition(" ")
        if key in LISTS:
            record[key] = split(value)
        elif key == "number":
            record["build_number"] = int(value)
        elif key == "time":
            record["timestamp"] = int(value)
        elif key == "extra":
            group, _, depends = value.partition(":")
            record.setdefault("extra_depends", {})[group.strip()] = split(depends)
        elif key == "removed":
            removed = True
        else:
            raise ValueError(line)
    return where, "-".join((name, version, build)) + ".conda", record, removed


def main():
    source, out = map(pathlib.Path, sys.argv[1:3])
    subdirs = {}
    for line in source.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        where, fn, record, removed = parse(line)
        channel = where.partition("/")[0]
        subdirs.setdefault(channel + "/noarch", {"packages.conda": {}, "removed": []})
        data = subdirs.setdefault(where, {"packages.conda": {}, "removed": []})
        if removed:
            data["removed"].append(fn)
        else:
            data["packages.conda"][fn] = record
    for where, data in subdirs.items():
        data["info"] = {"subdir": where.rpartition("/")[2]}
        folder = out / where
        folder.mkdir(parents=True)
        (folder / "repodata.json").write_text(json.dumps(data), encoding="utf-8")


main()

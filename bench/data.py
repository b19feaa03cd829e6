#!/usr/bin/env python3
"""data.py REAL OUT [--records N] [--seed N] SUBDIR...: a channel as large as the real ones, from real records.

REAL is a channel folder (SUBDIR/repodata.json.zst); OUT/SUBDIR/repodata.json and .zst are written.

Every subdir holds, until there are N records:
- the real records themselves;
- a rebuild of each: same name and version, another build hash and digest, a day older; every second one
  with looser lower bounds in its dependencies, as older builds have;
- copies of the whole under new names. A copied record keeps about two thirds of its dependency strings
  and has the others renamed with it, so that distinct names and strings grow as in a real channel and
  nothing of the real part leads into the copies: what a solve of real specs reaches is the same at any N.

--shuffle writes the keys in a random order instead of sorted. Same arguments, same bytes (of the JSON).
"""
import argparse
import hashlib
import json
import os
import random
import re
import subprocess
import sys

BUILD_HASH = re.compile(r"h[0-9a-f]{7}")
LOWER_BOUND = re.compile(r"(>=[0-9]+(?:\.[0-9]+)*)\.[0-9]+(?=,|$)")
DAY_MS = 86_400_000
MAPS = ("packages", "packages.conda")


def read(path):
    raw = subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(raw)


class Maker:
    """Makes variants of records; TAG names the variant, the same tag gives the same result."""

    def __init__(self, seed, names):
        self.seed = seed
        self.names = names

    def digest(self, *parts):
        text = "\0".join([str(self.seed), *parts])
        return hashlib.sha256(text.encode()).hexdigest()

    def hashes(self, text, tag):
        return BUILD_HASH.sub(lambda m: "h" + self.digest(tag, m.group())[:7], text)

    def stamped(self, record, tag):
        """A copy of RECORD with a build and digests of its own."""
        new = dict(record)
        new["build"] = self.hashes(record["build"], tag)
        key = self.digest(tag, record["name"], record["version"], record["build"])
        if "md5" in record:
            new["md5"] = self.digest("md5", key)[:32]
        new["sha256"] = key
        return new

    def rebuild(self, record, tag):
        new = self.stamped(record, tag)
        if "timestamp" in record:
            new["timestamp"] = record["timestamp"] - DAY_MS
        if int(new["sha256"][:8], 16) % 2:
            new["depends"] = [LOWER_BOUND.sub(r"\1", dep) for dep in record["depends"]]
        return new

    def renamed(self, spec, tag):
        """SPEC under the names of copy TAG, or as it is for two names in three (the same in all of TAG)."""
        name, _, rest = spec.partition(" ")
        if name not in self.names or int(self.digest(tag, name)[:8], 16) % 3:
            return spec
        return f"{name}-{tag} {self.hashes(rest, tag)}" if rest else f"{name}-{tag}"

    def copy(self, record, tag):
        new = self.stamped(record, tag)
        new["name"] = f"{record['name']}-{tag}"
        for key in ("depends", "constrains"):
            if key in record:
                new[key] = [self.renamed(spec, tag) for spec in record[key]]
        return new


def variants(maker, real):
    """(map, key, record), endlessly: the real ones, the rebuilds, then copies of both."""
    def base():
        for which in MAPS:
            for key, record in real.get(which, {}).items():
                yield which, key, record

    def keyed(which, key, record):
        ending = ".conda" if key.endswith(".conda") else ".tar.bz2"
        return which, f"{record['name']}-{record['version']}-{record['build']}{ending}", record

    yield from base()
    for which, key, record in base():
        yield keyed(which, key, maker.rebuild(record, "rebuild"))
    copies = 0
    while True:
        tag = f"c{copies:02d}"
        for which, key, record in base():
            yield keyed(which, key, maker.copy(record, tag))
        copies += 1


def fill(maker, real, count):
    maps = {which: {} for which in MAPS}
    total = 0
    for which, key, record in variants(maker, real):
        if total >= count:
            break
        if key not in maps[which]:
            maps[which][key] = json.dumps(record, separators=(",", ":"), sort_keys=True)
            total += 1
    return maps


def write(path, subdir, maps, shuffle):
    with open(path, "w", encoding="utf-8") as out:
        out.write(f'{{"info":{{"subdir":"{subdir}"}}')
        for which in MAPS:
            keys = sorted(maps[which])
            if shuffle:
                shuffle.shuffle(keys)
            out.write(f',"{which}":{{')
            for i, key in enumerate(keys):
                out.write(("," if i else "") + json.dumps(key) + ":" + maps[which][key])
            out.write("}")
        out.write(',"removed":[],"repodata_version":1}')
    subprocess.run(["zstd", "-q", "-f", "-T0", "-12", path, "-o", path + ".zst"], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=600_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shuffle", action="store_true")
    parser.add_argument("real")
    parser.add_argument("out")
    parser.add_argument("subdirs", nargs="+")
    args = parser.parse_args()
    data = {s: read(f"{args.real}/{s}/repodata.json.zst")
            for s in sorted({*args.subdirs, "noarch"})}
    names = {r["name"] for d in data.values() for which in MAPS for r in d.get(which, {}).values()}
    for subdir in args.subdirs:
        maps = fill(Maker(args.seed, names), data[subdir], args.records)
        os.makedirs(f"{args.out}/{subdir}", exist_ok=True)
        path = f"{args.out}/{subdir}/repodata.json"
        write(path, subdir, maps, random.Random(args.seed) if args.shuffle else None)
        count = sum(len(m) for m in maps.values())
        print(f"{path}: {count} records, {os.path.getsize(path)} bytes, "
              f"{os.path.getsize(path + '.zst')} compressed", file=sys.stderr)


if __name__ == "__main__":
    main()

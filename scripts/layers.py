#!/usr/bin/env python3
"""Checks who may include whom (docs/architecture.md), and that no two headers include each other.

Also: includes start at the root, a private header stays in its folder, third-party headers appear
only in the files that wrap them, and file names are unique in the tree.
"""
import collections
import pathlib
import re
import sys

MAY_USE = {
    "base": {"base"},
    "conda": {"base", "conda"},
    "store": {"base", "conda", "store"},
    "fetch": {"base", "conda", "store", "fetch"},
    "resolver": {"base", "conda", "resolver"},
    "lock": {"base", "conda", "lock"},
    "install": {"base", "conda", "store", "install"},
    "audit": {"base", "audit"},
    "smoke": {"base", "smoke"},
    "wheel": {"base", "wheel"},
    "cli": {"base", "conda", "store", "fetch", "resolver", "lock", "install", "audit", "smoke", "cli"},
    "fixtures": {"base", "conda", "store", "fixtures"},
}

# header (a prefix ends in "/") -> files that may include it
THIRD_PARTY = {
    "curl/": {"fetch/curl_lib_priv.h"},
    "solv/": {"resolver/solv_load.c", "resolver/solv_run.c", "resolver/solv_priv.h",
              "resolver/solv_explain.c"},
    "archive.h": {"store/archive.c", "fixtures/pack.c"},
    "archive_entry.h": {"store/archive.c", "fixtures/pack.c"},
    "yaml.h": {"base/yaml.c", "base/yaml_write.c"},
    "jansson.h": {"base/json.c"},
    "msgpack/": {"base/msgpack.c"},
    "pcre2.h": {"base/regex.c"},
    "zlib.h": {"store/zip.c"},
    "zstd.h": {"base/stream_zstd.c"},
    "bzlib.h": {"base/stream_bzip2.c"},
    "openssl/": {"base/digest.c", "base/ed25519.c"},
    "pthread.h": {"base/gate.c", "base/spool.c", "base/workers.c", "fetch/writer.c", "store/claim.c"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def faults(root):
    graph = collections.defaultdict(set)
    names = collections.defaultdict(list)
    for folder in MAY_USE:
        for path in sorted((root / folder).glob("*.[ch]")):
            file = f"{folder}/{path.name}"
            names[path.name].append(file)
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                where = f"{file}:{number}"
                kind, name = match.groups()
                if kind == '"':
                    yield from own_include(root, folder, where, name)
                    graph[file].add(name)
                else:
                    yield from foreign_include(file, where, name)
    for name, files in names.items():
        if len(files) > 1:
            yield f"{name}: the name occurs more than once: {', '.join(files)}"
    yield from cycles(graph)


def own_include(root, folder, where, name):
    if not (root / name).is_file():
        yield f"{where}: \"{name}\" is no path from the root"
        return
    other = name.split("/")[0]
    if other not in MAY_USE[folder]:
        yield f"{where}: {folder} may not use {other}"
    if name.endswith("_priv.h") and other != folder:
        yield f"{where}: {name} is private to {other}"


def foreign_include(file, where, name):
    for header, allowed in THIRD_PARTY.items():
        if name == header or (header.endswith("/") and name.startswith(header)):
            if file not in allowed:
                yield f"{where}: <{name}> belongs into {', '.join(sorted(allowed))} only"


def cycles(graph):
    done, active = set(), []

    def visit(node):
        if node in active:
            loop = active[active.index(node):] + [node]
            yield "include cycle: " + " -> ".join(loop)
            return
        if node in done:
            return
        active.append(node)
        for other in sorted(graph.get(node, ())):
            yield from visit(other)
        active.pop()
        done.add(node)

    for node in sorted(graph):
        yield from visit(node)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = list(faults(root))
    print("\n".join(found) if found else "layers: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

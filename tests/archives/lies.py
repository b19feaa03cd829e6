"""More of the table (cases.py): packages whose metadata lies, and what it must not make an installer do."""

import hashlib
import json

import forge
from cases import meta

HEX = hashlib.sha256(b"").hexdigest()


def info(name, text):
    """The info file replaced by TEXT, or by what it returns: large ones are made when they are needed."""
    return lambda package: package.info.update({name: text() if callable(text) else text})


def index(**fields):
    """Fields of index.json replaced; None takes one away."""

    def change(package):
        package.index = {k: v for k, v in {**package.index, **fields}.items() if v is not None}

    return change


def entry(path, path_type="hardlink", **fields):
    return lambda package: package.list(path, path_type, **fields)


def lies_of_tool(**fields):
    """What paths.json says of bin/tool, which is there."""
    return lambda package: package.listed[0].update(fields)


def raw_entry(text):
    """An entry of paths.json as JSON text."""
    return info("paths.json", b'{"paths_version": 1, "paths": [' + text + b"]}")


def both(*changes):
    return lambda package: [change(package) for change in changes]


# ---- index.json ----

INDEX = "info/index.json"
meta("index-missing", info("index.json", None), INDEX, "is missing")
meta("index-empty", info("index.json", b""), INDEX, "is empty")
meta("index-no-json", info("index.json", b"{"), "info/index.json", "")
meta("index-array", info("index.json", b"[]"), INDEX, "is no object")
meta("index-nul", info("index.json", b"\0" * 100), "info/index.json", "")
meta("index-deep", info("index.json", b'{"a":' * 100000), "info/index.json", "")
meta("index-utf8", info("index.json", b'{"name": "\xff"}'), "info/index.json", "")
meta("index-twice", info("index.json", b'{"name":"x","name":"y","version":"1","build":"0","build_number":0,"depends":[]}'),
     INDEX, "")
for field, value in (("name", "y"), ("version", "2"), ("build", "1")):
    meta(f"index-other-{field}", index(**{field: value}), INDEX, f"'{field}' is '{value}', not")
    meta(f"index-no-{field}", index(**{field: None}), INDEX, "")
    meta(f"index-{field}-number", index(**{field: 1}), INDEX, "")
meta("index-name-path", index(name="../x"), INDEX, "")
meta("index-name-escape", index(name="x\x1b[2J"), INDEX, "")
meta("index-large", info("index.json", lambda: b" " * (130 << 20)), "info/index.json", "", forms="conda", rss=300)

# ---- paths.json ----

PATHS = "info/paths.json"
MALFORMED = "leaves the prefix or is malformed"
meta("paths-empty", info("paths.json", b""), PATHS, "is empty")
meta("paths-no-json", info("paths.json", b'{"paths": ['), PATHS, "")
meta("paths-null", info("paths.json", b"null"), PATHS, "is no object")
meta("paths-no-array", info("paths.json", b'{"paths_version": 1, "paths": {}}'), PATHS, "no array 'paths'")
meta("paths-no-paths", info("paths.json", b'{"paths_version": 1}'), PATHS, "no array 'paths'")
meta("paths-version", info("paths.json", b'{"paths_version": 2, "paths": []}'), PATHS, "unknown 'paths_version'")
meta("paths-deep", info("paths.json", b'{"paths": ' + b"[" * 1000000), PATHS, "")
meta("paths-deep-entry", raw_entry(b'{"a":' * 200 + b"1" + b"}" * 200), PATHS, "")
meta("paths-twice-key", raw_entry(b'{"_path": "bin/tool", "_path": "../x", "path_type": "hardlink"}'), PATHS, "")
for number, kind in enumerate((b"1", b"null", b'"bin/tool"', b"[]", b"{}", b'{"_path": 1}', b'{"_path": null}')):
    meta(f"paths-entry-{number}", raw_entry(kind), PATHS, "entry 0 has no '_path'")
for number, path in enumerate(("../victim", "/tmp/victim", "a/../../victim", "a/../b", "..", ".", "./a", "a//b", "a/", "/",
                               "a\nb", "a\x1b[2J", "a\x7f", "n" * 256, "d/" * 2048 + "x")):
    meta(f"paths-path-{number}", entry(path), PATHS, MALFORMED)
meta("paths-path-empty", entry(""), PATHS, "has no '_path'")
meta("paths-path-nul", raw_entry(b'{"_path": "a\\u0000/../../victim", "path_type": "hardlink"}'), PATHS, "")
meta("paths-path-surrogate", raw_entry(b'{"_path": "a\\ud800", "path_type": "hardlink"}'), PATHS, "")
meta("paths-path-utf8", raw_entry(b'{"_path": "a\xff", "path_type": "hardlink"}'), PATHS, "")
meta("paths-drive", entry("C:victim"), PATHS, "names a drive")
for number, path in enumerate(("conda-meta/x-1-0.json", "Conda-Meta/history", "conda-meta")):
    meta(f"paths-conda-meta-{number}", entry(path), PATHS, "lies under conda-meta/")
meta("paths-info", entry("info/index.json"), PATHS, "lies under info/")
meta("paths-twice", both(entry("bin/tool")), PATHS, "'bin/tool' stands there twice")
meta("paths-beneath-file", both(entry("bin/tool/x")), PATHS, "lies beneath 'bin/tool'")
meta("paths-beneath-symlink", both(lambda p: p.link("l", "/tmp"), entry("l/victim")), PATHS, "lies beneath 'l'")
meta("paths-absent", entry("lib/none"), "'lib/none'", "is listed in info/paths.json but not in the archive")
meta("paths-absent-symlink", entry("lib/none", "softlink"), "'lib/none'", "but not in the archive")
meta("paths-sha256", lies_of_tool(sha256=HEX), "'bin/tool'", "has sha256")
meta("paths-size", lies_of_tool(size_in_bytes=11), "'bin/tool'", "info/paths.json says 11")
meta("paths-file-as-symlink", lies_of_tool(path_type="softlink"), "'bin/tool'", "is a file, info/paths.json says symlink")
meta("paths-file-as-directory", lies_of_tool(path_type="directory"), "'bin/tool'",
     "is a file, info/paths.json says directory")
meta("paths-symlink-as-file", both(lambda p: p.link("l", "/etc/passwd"), lambda p: p.listed[1].update(path_type="hardlink")),
     "'l'", "is a symlink, info/paths.json says file")
meta("paths-directory-as-file", both(lambda p: p.info.update(), entry("bin")), PATHS, "")
for number, kind in enumerate(("fifo", "", None, 1, "HARDLINK", [])):
    meta(f"paths-type-{number}", lies_of_tool(path_type=kind), PATHS, "unknown 'path_type'")
for number, size in enumerate((b"-1", b"1.5", b"1e400", b"9223372036854775808", b'"10"', b"true", b"[]", b"1e3",
                               b"1" * 5000)):
    meta(f"paths-size-{number}", raw_entry(b'{"_path": "bin/tool", "path_type": "hardlink", "size_in_bytes": ' + size + b"}"),
         PATHS, "")
for number, digest in enumerate(("", "0" * 63, "0" * 65, "g" * 64, 1, [])):
    meta(f"paths-hash-{number}", lies_of_tool(sha256=digest), PATHS, "bad 'sha256'")
for number, text in enumerate(("", "/", "//", "x", "a\nb", 1, [], "/old\0")):
    meta(f"paths-placeholder-{number}", lies_of_tool(prefix_placeholder=text, file_mode="text"), PATHS, "")
for number, mode in enumerate(("weird", "", 1, "TEXT")):
    meta(f"paths-mode-{number}", lies_of_tool(prefix_placeholder="/old", file_mode=mode), PATHS, "unknown 'file_mode'")
meta("paths-placeholder-symlink", both(lambda p: p.link("l", "bin"), lambda p: p.listed[1].update(
    prefix_placeholder="/old", file_mode="text")), "'l'", "a softlink with 'prefix_placeholder'")
meta("paths-many", info("paths.json", lambda: b'{"paths_version": 1, "paths": [' + b",".join(
    b'{"_path": "d/%07d", "path_type": "hardlink"}' % i for i in range(1000000)) + b"]}"), "'d/0000000'",
    "but not in the archive", seconds=30, slow=True, rss=700)
meta("paths-large", info("paths.json", lambda: b'{"paths_version": 1, "paths": [' + b" " * (140 << 20) + b"]}"), "info/paths.json", "",
     forms="conda", slow=True, rss=400)

# ---- files, has_prefix, no_link ----


def old(files, **more):
    """Without paths.json."""
    return lambda package: package.info.update({"paths.json": None, "files": files,
                                                **{k: v for k, v in more.items()}})


FILES = "info/files"
for number, path in enumerate((b"../victim", b"/tmp/victim", b"a/../b", b"./a", b"a//b", b"a\x1b[2J", b"n" * 300)):
    meta(f"files-path-{number}", old(path + b"\n"), FILES, MALFORMED)
meta("files-conda-meta", old(b"conda-meta/history\n"), FILES, "lies under conda-meta/")
meta("files-info", old(b"info/index.json\n"), FILES, "lies under info/")
meta("files-twice", old(b"bin/tool\nbin/tool\n"), FILES, "stands there twice")
meta("files-beneath", old(b"bin/tool\nbin/tool/x\n"), FILES, "lies beneath 'bin/tool'")
meta("files-nul", old(b"bin/tool\0../../victim\n"), FILES, MALFORMED)
for number, line in enumerate((b"/old text", b"/old text bin/tool more", b"/old weird bin/tool", b"a b c d e")):
    meta(f"has-prefix-line-{number}", old(b"bin/tool\n", has_prefix=line + b"\n"), "info/has_prefix", "bad line")
meta("has-prefix-quote", old(b"bin/tool\n", has_prefix=b"'/old text bin/tool\n"), "info/has_prefix", "not in info/files")
meta("has-prefix-elsewhere", old(b"bin/tool\n", has_prefix=b"/old text bin/none\n"), "info/has_prefix",
     "'bin/none' is not in info/files")
meta("has-prefix-outside", old(b"bin/tool\n", has_prefix=b"/old text ../victim\n"), "info/has_prefix", "not in info/files")
for number, text in enumerate((b"/", b"x", b"'a\x01b'", b"''")):
    meta(f"has-prefix-placeholder-{number}", old(b"bin/tool\n", has_prefix=text + b" text bin/tool\n"), "info/has_prefix",
         "")

# ---- link.json ----

LINK = "info/link.json"


def link_json(**fields):
    return info("link.json", json.dumps({"package_metadata_version": 1, **fields}).encode())


def points(*commands):
    return link_json(noarch={"type": "python", "entry_points": list(commands)})


meta("link-empty", info("link.json", b""), LINK, "is empty")
meta("link-array", info("link.json", b"[]"), LINK, "is no object")
meta("link-deep", info("link.json", b'{"noarch":' * 50000), LINK, "")
meta("link-version", link_json(package_metadata_version=2), LINK, "unknown 'package_metadata_version'")
meta("link-noarch", link_json(noarch="python"), LINK, "'noarch' is no object")
for number, kind in enumerate(("ruby", None, 1, "", "PYTHON", [])):
    meta(f"link-type-{number}", link_json(noarch={"type": kind}), LINK, "unknown 'noarch.type'")
meta("link-points", link_json(noarch={"type": "python", "entry_points": "x = m:f"}), LINK, "'entry_points' is no array")
for number, point in enumerate((
        "../x = m:f", "/x = m:f", "a/b = m:f", ".. = m:f", ". = m:f", " = m:f", "x = :f", "x = m:", "x = m", "m:f", "", "x",
        "x = m;import os:f", "x = m:f();os.system('id')", "x = m:f\nimport os", "x\x1b = m:f",
        "x = os.system('id') or m:f", "x = m:f.__import__('os')", "x = m :f g", "x = 1m:f", "x = m:1f", "x = m..n:f",
        "x = .m:f", "x = m:f.", "x = m:f #", "x = m:'f'", "x = m:f\\", "x\\y = m:f", "x = \u202em:f",
        "`id` = m`:f", 1, None, ["x = m:f"])):
    meta(f"entry-point-{number}", points(point), LINK, "bad entry point")
meta("entry-point-nul", points("x = m\0:f"), LINK, "")
meta("entry-point-twice", points("x = m:f", "x = m:g"), LINK, "stands there twice")
meta("entry-point-large", points("x" * 300 + " = m:f"), LINK, "bad entry point")

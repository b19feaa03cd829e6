#!/usr/bin/env python3
"""Installs real archives with the lockenv binary and compares what lies in the prefix.

    installed_reference.py LOCKENV SHARED_DATA

1. Archives that a real conda, mamba or constructor installed: into the very same prefix path, in a mount
   name space of our own; bytes, modes and link targets must equal those that were committed then, and so
   must the records (records.py).
2. Every other sound archive, in sets that fit together: against an extraction by python, with prefixes
   rewritten by the few lines of python below.

Exit 77 (skipped) without the data or where no mount name space can be made.
"""

import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
os.environ["CONDA_REGISTER_ENVS"] = "no"  # these environments are nobody's
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from archives import has_empty_link, tars  # noqa: E402
from records import compare_records, lock_facts, read_record  # noqa: E402

SELF_CONTRADICTING = {
    "paths-sha256-mismatch", "paths-size-mismatch", "paths-lists-missing-file", "paths-file-as-softlink",
    "prefix-placeholder-absent-in-file", "prefix-on-symlink", "filename-mismatch",
}
LEGACY = "/opt/anaconda1anaconda2anaconda3"
CHANNEL = "https://conda.anaconda.org/c"
EMPTY_SHA = hashlib.sha256(b"").hexdigest()


def quoted(text):
    return "'" + str(text).replace("'", "''") + "'"


class Work:
    """A folder with the archives, the lock and the cache of one install."""

    def __init__(self, lockenv, root, platform):
        self.lockenv, self.root, self.platform = lockenv, root, platform
        self.packages = {}
        os.makedirs(root + "/from")

    def add(self, path, entry):
        subdir = entry["subdir"] if entry["subdir"] in (self.platform, "noarch") else self.platform
        folder = f"{self.root}/from/{subdir}"
        os.makedirs(folder, exist_ok=True)
        shutil.copy(path, folder)
        self.packages[entry["name"]] = dict(entry, subdir=subdir, fn=os.path.basename(path))

    def add_python(self, version):
        """A python that only says where site-packages is."""
        folder = self.root + "/fake/info"
        os.makedirs(folder)
        index = {"name": "python", "version": version, "build": "0", "build_number": 0, "subdir": self.platform,
                 "depends": []}
        for name, value in (("index", index), ("paths", {"paths_version": 1, "paths": []})):
            with open(f"{folder}/{name}.json", "w") as out:
                json.dump(value, out)
        path = f"{self.root}/python-{version}-0.tar.bz2"
        subprocess.run(["tar", "-C", self.root + "/fake", "-cjf", path, "info"], check=True)
        with open(path, "rb") as file:
            data = file.read()
        self.add(path, dict(index, sha256=hashlib.sha256(data).hexdigest(), size=len(data)))

    def write_lock(self):
        urls = sorted({e.get("channel_url", CHANNEL) for e in self.packages.values()} | {CHANNEL})
        channels = {url: url.rsplit("/", 1)[1] for url in urls}
        lines = ["version: 1", "channels:"]
        for url, name in channels.items():
            lines += [f"- name: {name}", f"  url: {url}"]
        lines += ["channel-priority: strict", "platforms:", f"  {self.platform}:", "    specs: []",
                  "    solved-with: {}", "    requires: {depends: [], constrains: []}", "    packages:"]
        for name in sorted(self.packages, key=str.encode):
            entry = self.packages[name]
            channel = channels[entry.get("channel_url", CHANNEL)]
            lines += [f"    - name: {quoted(name)}", f"      version: {quoted(entry['version'])}",
                      f"      build: {quoted(entry['build'])}",
                      f"      from: {quoted(channel + '/' + entry['subdir'] + '/' + entry['fn'])}",
                      f"      sha256: {entry['sha256']}"]
            if "channel_url" in entry:
                lines += [f"      md5: {entry['md5']}"]
            lines += [f"      size: {entry['size']}"]
            if "channel_url" in entry and entry.get("license"):
                lines += [f"      license: {quoted(entry['license'])}"]
            depends = [d for d in entry.get("depends") or [] if re.split("[ =<>!~]", d)[0] in self.packages]
            if depends:
                lines += ["      depends:"] + [f"      - {quoted(d)}" for d in depends]
            if "channel_url" in entry and entry["constrains"]:
                lines += ["      constrains:"] + [f"      - {quoted(d)}" for d in entry["constrains"]]
        with open(self.root + "/env.lock", "w") as out:
            out.write("\n".join(lines) + "\n")

    def install(self, prefix):
        self.write_lock()
        command = [self.lockenv, "install", self.root + "/env.lock", "-p", prefix, "--platform", self.platform,
                   "--cache", self.root + "/cache"]
        if os.path.basename(self.lockenv) == "lockenv-install":
            command.remove("install")
        for folder in sorted(os.listdir(self.root + "/from")):
            command += ["--from", f"{self.root}/from/{folder}"]
        return subprocess.run(command, capture_output=True, text=True, errors="replace")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


# ---- 1. the same prefix as a real install ----


def compare_reference(name, prefix, rows, packages):
    faults, checked = [], 0
    for package, path, kind, mode, _size, content in rows:
        entry = packages[package]
        full = f"{prefix}/{path}"
        generated = entry.get("noarch") == "python" and (
            path.endswith(".pyc") or path.removeprefix("bin/") in
            [e.split("=")[0].strip() for e in entry.get("entry_points", [])])
        if kind in ("absent", "not-captured") or generated:
            if generated and kind == "file" and not path.endswith(".pyc") and not os.access(full, os.X_OK):
                faults.append(f"{path}: no entry point")
            continue
        checked += 1
        if kind == "link":
            have = os.readlink(full) if os.path.islink(full) else "no link"
        else:
            have = digest(full) if os.path.isfile(full) and not os.path.islink(full) else "no file"
            if mode != "-" and os.path.isfile(full) and f"{os.lstat(full).st_mode & 0o777:o}" != mode:
                faults.append(f"{path}: mode {os.lstat(full).st_mode & 0o777:o}, not {mode}")
        if have != content and not ("osx" in name and is_macho(full)):
            faults.append(f"{path}: {have}, not {content}")
    return faults, checked


def is_macho(path):
    with open(path, "rb") as file:
        return file.read(4) in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xce\xfa\xed\xfe")


def check_reference(lockenv, data, name, entries):
    folder = f"{data}/conda-meta/{name}"
    with open(folder + "/prefix.txt") as file:
        prefix = file.read().strip()
    with open(folder + "/installed.tsv") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    platform = re.search(r"(linux|osx|win)-\w+$", name).group()
    python = next((m.group(1) for r in rows if (m := re.match(r"lib/python(\d+\.\d+)/", r[1]))), "3.9")
    names = {entry["name"] for _, entry in entries} | {"python"}
    facts = {}
    with tempfile.TemporaryDirectory() as root:
        work = Work(lockenv, root + "/area", platform)
        for path, entry in entries:
            record = f"{entry['name']}-{entry['version']}-{entry['build']}.json"
            if os.path.exists(f"{folder}/conda-meta/{record}"):
                facts[record] = lock_facts(read_record(folder, record), names)
            work.add(path, dict(entry, **facts.get(record, {})))
        work.add_python(python + ".0")
        os.makedirs(os.path.dirname(prefix), exist_ok=True)
        done = work.install(prefix)
        if done.returncode != 0:
            return [f"exit {done.returncode}: {done.stderr.strip()}"], 0
        by_dist = {f"{e['name']}-{e['version']}-{e['build']}": e for _, e in entries}
        rows = [row for row in rows if row[0] in by_dist]
        faults, checked = compare_reference(name, prefix, rows, by_dist)
        record_faults, _ = compare_records(folder, prefix, facts)
        shutil.rmtree(prefix)
    return faults + record_faults, checked


# ---- 2. everything else, against an extraction ----


def patched(data, placeholder, prefix, mode):
    if mode == "text":
        return data.replace(placeholder, prefix)

    def one(match):
        text = match.group()
        return text.replace(placeholder, prefix).ljust(len(text), b"\0")

    return re.sub(re.escape(placeholder) + rb"[^\0]*", one, data)


def placeholders(files):
    """path -> (placeholder, mode)"""
    if "info/paths.json" in files:
        paths = json.loads(files["info/paths.json"][1])["paths"]
        return {p["_path"]: (p["prefix_placeholder"], p.get("file_mode", "text"))
                for p in paths if p.get("prefix_placeholder")}
    result = {}
    for line in files.get("info/has_prefix", (0, b""))[1].decode().splitlines():
        parts = [a or b or c for a, b, c in re.findall(r'"([^"]*)"|\'([^\']*)\'|(\S+)', line)]
        if len(parts) == 3:
            result[parts[2]] = (parts[0], parts[1])
        elif parts:
            result[parts[0]] = (LEGACY, "text")
    return result


def content_of(path):
    files = {}
    for tar in tars(path):
        for member in tar.getmembers():
            name = os.path.normpath(member.name)
            if member.issym():
                files[name] = ("link", member.linkname)
            elif member.islnk():
                files[name] = files[os.path.normpath(member.linkname)]
            elif member.isfile():
                mode = 0o755 if member.mode & 0o111 else 0o644
                files[name] = ("file", tar.extractfile(member).read(), mode)
    return files


def site_packages(platform, archive, version):
    """Where the python of ARCHIVE (None: one of VERSION) keeps site-packages."""
    index = json.loads(content_of(archive)["info/index.json"][1]) if archive else {"version": version}
    if index.get("python_site_packages_path"):
        return index["python_site_packages_path"]
    short = ".".join(index["version"].split(".")[:2])
    return "Lib/site-packages" if platform.startswith("win") else f"lib/python{short}/site-packages"


def expected(path, entry, prefix, platform, site):
    """installed path -> (type, sha256 or target, mode)"""
    files = content_of(path)
    patches = placeholders(files)
    listed = None
    if "info/paths.json" in files:
        listed = {p["_path"] for p in json.loads(files["info/paths.json"][1])["paths"]}
    windows = platform.startswith("win")
    result = {}
    for name, what in files.items():
        if name.startswith("info/") or (listed is not None and name not in listed):
            continue
        target = name
        if entry.get("noarch") == "python":
            target = re.sub("^site-packages/", site + "/", target)
            target = re.sub("^python-scripts/", "Scripts/" if windows else "bin/", target)
        if what[0] == "link":
            result[target] = what
            continue
        body = what[1]
        if name in patches and not (windows and patches[name][1] == "binary"):
            body = patched(body, patches[name][0].encode(), prefix.encode(), patches[name][1])
        result[target] = ("file", hashlib.sha256(body).hexdigest(), what[2])
    return result


def found(path):
    if os.path.islink(path):
        return ("link", os.readlink(path))
    if not os.path.isfile(path):
        return ("absent",)
    return ("file", digest(path), os.lstat(path).st_mode & 0o777)


def check_set(lockenv, platform, entries, python):
    """Installs ENTRIES, whose names differ; returns faults and the number of files compared."""
    with tempfile.TemporaryDirectory() as root:
        prefix = root + "/env"
        work = Work(lockenv, root + "/area", platform)
        for path, entry in entries:
            work.add(path, entry)
        if "python" not in work.packages:
            work.add_python(python + ".0")
        site = site_packages(platform, next((p for p, e in entries if e["name"] == "python"), None), python)
        done = work.install(prefix)
        if done.returncode != 0:
            return [f"exit {done.returncode}: {done.stderr.strip()}"], 0
        owners = collections.defaultdict(list)
        for path, entry in entries:
            for target, what in expected(path, entry, prefix, platform, site).items():
                owners[target].append((entry["name"], what))
        faults, parked = owner_faults(prefix, owners)
        faults += records_faults(prefix, set(owners) | parked)
        again = work.install(prefix)
        if again.returncode != 0 or "up to date" not in again.stderr:
            faults.append(f"second install: {again.returncode} {again.stderr.strip()}")
        return faults, len(owners)


def owner_faults(prefix, owners):
    """One of the packages that bring a path has it, the others' files are parked; faults, and what is parked."""
    faults, parked = [], set()
    for target, brought in owners.items():
        if not any(what == found(f"{prefix}/{target}") for _, what in brought):
            faults.append(f"{target}: {found(f'{prefix}/{target}')}, not {brought}")
        aside = [(f"__clobbers__/{name}/{target}", what) for name, what in brought]
        aside = [(path, what) for path, what in aside if os.path.lexists(f"{prefix}/{path}")]
        parked |= {path for path, _ in aside}
        faults += [f"{path}: not {what}" for path, what in aside if found(f"{prefix}/{path}") != what]
        if len(aside) != len(brought) - 1:
            faults.append(f"{target}: {len(aside)} of {len(brought)} parked")
    return faults, parked


def check_refused(lockenv, entries):
    """A file where another package has a directory: exit 5, and nothing is left."""
    with tempfile.TemporaryDirectory() as root:
        work = Work(lockenv, root + "/area", "linux-64")
        for path, entry in entries:
            work.add(path, entry)
        done = work.install(root + "/env")
        if done.returncode == 5 and "directory" in done.stderr and os.listdir(root) == ["area"]:
            return [], 0
        return [f"exit {done.returncode}: {done.stderr.strip()} {os.listdir(root)}"], 0


def records_faults(prefix, owned):
    """Every file of a record is there, every file that is there has a record."""
    listed, there = set(), set()
    for name in os.listdir(prefix + "/conda-meta"):
        if name.endswith(".json"):
            with open(f"{prefix}/conda-meta/{name}") as file:
                record = json.load(file)
            listed.update(record["files"])
            links = {p["_path"] for p in record["paths_data"]["paths"] if p["path_type"] != "directory"}
            if set(record["files"]) != links:
                yield f"{name}: files and paths_data differ"
    for here, dirs, names in os.walk(prefix):
        for name in names + [d for d in dirs if os.path.islink(f"{here}/{d}")]:
            there.add(os.path.relpath(f"{here}/{name}", prefix))
    there = {name for name in there if not name.startswith("conda-meta/")}
    for name in sorted(there ^ listed)[:5]:
        yield f"{name}: {'not on disk' if name in listed else 'not in a record'}"
    for name in sorted(owned - listed)[:5]:
        yield f"{name}: of the archive, in no record"


def rounds(entries):
    """Lists in which no name occurs twice and no file stands where another package has a directory."""
    result = []
    for path, entry in entries:
        alone = "clobber-file-vs-directory" in entry["features"]
        for one in result:
            if not alone and entry["name"] not in one["names"] and not one["alone"]:
                break
        else:
            one = {"names": set(), "entries": [], "alone": alone}
            result.append(one)
        one["names"].add(entry["name"])
        one["entries"].append((path, entry))
    return [one["entries"] for one in result]


# ---- the whole ----


def name_space_root():
    """Inside a fresh mount name space: / with /home and /Users of our own, everything else as it is."""
    root = tempfile.mkdtemp()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", root], check=True)

    def bind(path):
        target = root + path
        if os.path.islink(path):
            os.symlink(os.readlink(path), target)
        elif os.path.isdir(path):
            os.makedirs(target, exist_ok=True)
            subprocess.run(["mount", "--rbind", path, target], check=True)

    for name in os.listdir("/"):
        if name == "home":
            os.mkdir(root + "/home")
            for user in os.listdir("/home"):
                bind("/home/" + user)
        else:
            bind("/" + name)
    return root


def inside(lockenv, data):
    os.chroot(name_space_root())
    os.chdir("/")
    with open(data + "/packages/MANIFEST.json") as file:
        manifest = json.load(file)["packages"]
    sound = [(f"{data}/packages/{e['path']}", e) for e in manifest if not SELF_CONTRADICTING & set(e["features"])]
    sound = [(path, e) for path, e in sound if not has_empty_link(path)]  # no system can make such a link
    faults = total = 0

    def tell(title, count, result):
        nonlocal faults, total
        found_faults, checked = result
        faults += len(found_faults)
        total += checked
        print(f"{title}: {count} archives, {checked} paths, {len(found_faults)} faults")
        for fault in found_faults[:40]:
            print("    " + fault)

    references = collections.defaultdict(list)
    for path, entry in sound:
        if entry.get("installed_reference"):
            references[entry["installed_reference"]].append((path, entry))
    for name in sorted(references):
        tell(name, len(references[name]), check_reference(lockenv, data, name, references[name]))
    platforms = collections.defaultdict(list)
    for path, entry in sound:
        platforms[entry["subdir"]].append((path, entry))
    for platform in sorted(platforms):
        target = "linux-64" if platform == "noarch" else platform
        for number, entries in enumerate(rounds(platforms[platform])):
            tell(f"{platform} set {number}", len(entries), check_set(lockenv, target, entries, "3.9"))
    pair = [(path, e) for path, e in sound if e["name"] in ("clobber-with-dir", "clobber-without-dir")]
    tell("file against directory", len(pair), check_refused(lockenv, pair))
    print(f"{len(sound)} sound archives, {total} paths, {faults} faults")
    return 1 if faults else 0


def main():
    lockenv, data = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    if os.environ.get("LOCKENV_TEST_INSIDE"):
        return inside(lockenv, data)
    if not os.path.exists(data + "/packages/MANIFEST.json"):
        return 77
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        print("no mount name space here")
        return 77
    return subprocess.run([*unshare, sys.executable, os.path.abspath(__file__), lockenv, data],
                          env=dict(os.environ, LOCKENV_TEST_INSIDE="1"), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

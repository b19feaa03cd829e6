"""Compares a conda-meta record of ours with the one that conda, mamba or constructor wrote for the same archive.

Every field has to be equal, but for what DIFFERENCES lists with its reason. The real record's package, channel,
licence and dependencies are what the lock is made of; all else has to come from the archive and the install.
"""

import json
import os

# key: why ours differs, or is absent
DIFFERENCES = {
    "extracted_package_dir": "a path of that host; ours is empty, so that every host writes the same bytes",
    "package_tarball_full_path": "the same",
    "link": "its source is a path of that host; ours says type 1 and no source",
    "requested_spec": "what was asked for then",
    "requested_specs": "the same",
    "legacy_bz2_md5": "of another archive; neither lock nor archive tell it",
    "legacy_bz2_size": "the same",
    "package_type": "follows from noarch, and conda reads it from there",
    "installed_by": "written by one old tool, read by none",
    "binstar": "a server's own data",
    "schannel": "an alias of channel that conda 4.2 wrote",
    "priority": "of the channel at that time; conda 4.2 wrote it",
    "build_string": "an alias of build that conda 4.3 wrote",
    "license_family": "of the channel's index, which took it from about.json",
    "has_prefix": "of index.json of archives of 2016, as the four that follow; no client reads them",
    "machine": "the same",
    "operatingsystem": "the same",
    "target-triplet": "the same",
    "requires": "the same",
}
# A record that has an empty value here says as much as one without the key.
EMPTY_IS_ABSENT = ("arch", "platform", "features", "track_features", "constrains", "noarch")
# Left out by some clients, written by others.
OPTIONAL = ("arch", "platform", "fn", "sha256", "constrains", "paths_data", "size", "subdir", "timestamp")


def read_record(prefix, name):
    with open(f"{prefix}/conda-meta/{name}") as file:
        return json.load(file)


def lock_facts(record, names):
    """What a lock says of the package: as in the real record, dependencies on what is not installed here left out."""
    def among(specs):
        return [s for s in specs or [] if s.replace("=", " ").split()[0] in names]

    channel = (record.get("url") or "").rsplit("/", 2)[0]
    facts = {"depends": among(record.get("depends")), "md5": record["md5"], "channel_url": channel}
    facts["constrains"] = [s for s in record.get("constrains") or [] if s not in among(record.get("constrains"))]
    if record.get("license"):
        facts["license"] = record["license"]
    return facts


def plain(key, value):
    """VALUE as it counts in a comparison."""
    if key in EMPTY_IS_ABSENT and not value:
        return None
    if key == "timestamp" and value and value < 253402300799:
        return value * 1000
    if key == "channel":
        return value.rstrip("/")
    return value


def installed_paths(paths, files):
    """paths_data of conda keeps noarch paths as in the archive: in the order of files they are what was installed."""
    return dict(zip((p["_path"] for p in paths), files)) if len(paths) == len(files) else {}


def path_faults(real, ours):
    have = {p["_path"]: p for p in ours["paths_data"]["paths"]}
    paths = real["paths_data"]["paths"]
    targets = installed_paths(paths, real["files"]) if real.get("noarch") == "python" else {}
    for path in paths:
        name = path["_path"]
        mine = have.get(targets.get(name, name)) or have.get(name)
        if mine is None:
            if path["path_type"] != "pyc_file":  # no python runs here to make them
                yield f"paths_data lacks '{name}'"
            continue
        for key, value in path.items():
            generated = path["path_type"] == "unix_python_entry_point" and key in ("sha256", "sha256_in_prefix")
            signed = key == "sha256_in_prefix" and name.endswith(".dylib")
            # conda 4.x and mamba hash what a link leads to; ours tells where it leads.
            link = key == "sha256_in_prefix" and path["path_type"] == "softlink" and mine.get("link_target")
            empty = value in (None, "", False) and not mine.get(key)
            if key == "_path" or generated or signed or link or empty:
                continue
            if mine.get(key) != value:
                yield f"paths_data of '{name}': {key} is {mine.get(key)!r}, not {value!r}"


def order_faults(real, ours):
    """The order of files is the real one's, where it is no sorted one (as constructor and mamba write it)."""
    mine = ours["files"]
    theirs = [f for f in real["files"] if f in set(mine)]
    if mine != theirs and sorted(mine) != theirs:
        at = next(i for i, (a, b) in enumerate(zip(mine, theirs)) if a != b)
        yield f"files stand in another order from '{mine[at]}' on: there '{theirs[at]}'"


def record_faults(real, ours, facts):
    """What differs, a line each. FACTS: what the lock said (lock_facts)."""
    locked = {"depends": facts["depends"], "constrains": facts["constrains"]}
    for key in sorted(set(real) - set(DIFFERENCES) - {"files", "paths_data"}):
        want, have = plain(key, locked.get(key, real[key])), plain(key, ours.get(key))
        if key == "timestamp" and want % 1000 == 0:
            have -= have % 1000  # mamba cut it to seconds
        if key == "channel" and "://" not in want:
            have = have.split("/")[-2] + ("/" + have.split("/")[-1] if "/" in want else "")
        if have != want:
            yield f"{key} is {have!r}, not {want!r}"
    for key in sorted(set(ours) - set(real) - set(DIFFERENCES) - set(OPTIONAL)):
        yield f"{key} is {ours[key]!r}, there it is not"
    pyc = {p["_path"] for p in (real.get("paths_data") or {}).get("paths", []) if p["path_type"] == "pyc_file"}
    noarch = real.get("noarch") == "python"
    want = {f for f in real["files"] if f not in pyc and not (noarch and f.endswith(".pyc"))}
    have = {f for f in ours["files"] if not (noarch and f.endswith(".pyc"))}
    for name in sorted(want ^ have)[:5]:
        yield f"files: '{name}' is {'missing' if name in want else 'too much'}"
    yield from order_faults(real, ours)
    if real.get("paths_data"):
        yield from path_faults(real, ours)


def compare_records(folder, prefix, facts):
    """The records in FOLDER/conda-meta for which FACTS (by name of the record) has what the lock said."""
    faults = []
    for name in sorted(facts):
        if not os.path.exists(f"{prefix}/conda-meta/{name}"):
            faults.append(f"{name}: no such record")
            continue
        found = record_faults(read_record(folder, name), read_record(prefix, name), facts[name])
        faults += [f"{name}: {fault}" for fault in found]
    return faults, len(facts)

#!/usr/bin/env python3
"""compare.py LOCKENV DATA WORK REPORT: lockenv and py-rattler on the same problems.

The problems are those of cases.txt and the specs of some of the real environments in DATA/envs, drawn by a
fixed seed. Both solvers get the same repodata (DATA/channels, and the channel `when` beside this file; as
file:// below WORK), the same virtual packages and strict channel priority. Writes REPORT in Markdown; exit
1 where a verdict differs, lockenv's rule of no silent CPU aside, or where py-rattler's record is the better
one at a first difference.
"""
import asyncio
import collections
import dataclasses
import datetime
import hashlib
import json
import os
import pathlib
import platform
import random
import subprocess
import sys

import rattler
from rattler.exceptions import SolverError

HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENTS = {"linux-64": 60, "linux-aarch64": 15, "osx-arm64": 20, "win-64": 20}
SEED = 20260822

DEFAULTS = {  # what lockenv and rattler take for a target that is not at hand
    "linux": {"__unix": "0", "__linux": "4.18", "__glibc": "2.28"},
    "osx": {"__unix": "0", "__osx": "13.0"},
    "win": {"__win": "10.0"},
}
ARCHS = {"64": "x86_64", "arm64": "m1"}  # others have the name of the subdir

REFUSES = "asks for CUDA, but this lock is solved without __cuda"  # lockenv's answer that py-rattler has not

Package = collections.namedtuple("Package", "name version build channel subdir")


@dataclasses.dataclass
class Case:
    platform: str
    channels: list
    virtuals: dict  # beyond the defaults
    specs: list
    title: str


@dataclasses.dataclass
class Answer:
    verdict: str  # "solved", "none", "refused" (REFUSES), or why there is no verdict
    packages: dict  # by name
    text: str = ""


def written_cases():
    for line in (HERE / "cases.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            subdir, channels, virtuals, specs = (part.strip() for part in line.split("|", 3))
            title = f"{subdir}, {channels}{', ' + virtuals if virtuals else ''}: {specs}"
            yield Case(subdir, channels.split(", "), dict(v.split("=") for v in virtuals.split(", ") if v),
                       specs.split(", "), title)


def stated_virtuals(env):
    """Those of the manifest's requirements that mean something on the platform."""
    table = env.get("system_requirements", {})
    os_name = env["platform"].split("-")[0]
    keys = {"linux": {"cuda": "__cuda", "libc": "__glibc", "linux": "__linux"},
            "osx": {"cuda": "__cuda", "macos": "__osx"}, "win": {"cuda": "__cuda"}}[os_name]
    return {keys[key]: value.removeprefix("glibc ") for key, value in table.items() if key in keys}


def real_cases(data):
    """Of each platform some, no two of one repository's environment."""
    for subdir, wanted in ENVIRONMENTS.items():
        file = data / "envs" / f"{subdir}.jsonl.zst"
        text = subprocess.run(["zstd", "-dcq", "--long=27", file], check=True, stdout=subprocess.PIPE).stdout
        newest = {}
        for env in map(json.loads, text.splitlines()):
            if env.get("specs"):
                newest[env["source"].split("@")[0], env["environment"]] = env
        for (source, name), env in random.Random(SEED).sample(sorted(newest.items()), min(wanted, len(newest))):
            yield Case(subdir, env["channels"], stated_virtuals(env), env["specs"],
                       f"{subdir}, {source} {name} ({len(env['specs'])} specs)")


class Channels:
    """The channels as files below WORK, and what is in them."""

    def __init__(self, data, work):
        self.data, self.folder = data, work / "channels"
        self.sparse, self.records = {}, {}

    def url(self, channel):
        return (self.folder / channel).as_uri()

    def specs(self, case):
        """The case's specs, a channel in them as the address that it has here."""
        for spec in case.specs:
            channel, colons, rest = spec.rpartition("::")
            yield (self.url(channel) if channel in case.channels else channel) + colons + rest

    def place(self, channel, subdir):
        """A plain repodata.json; an empty noarch where the channel has none."""
        if (channel, subdir) in self.sparse:
            return
        real = self.data / "channels" / channel / subdir / "repodata.json.zst"
        own = HERE / channel / subdir / "repodata.json"
        repodata = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}
        if real.exists():
            repodata = json.loads(subprocess.run(["zstd", "-dcq", real], check=True, stdout=subprocess.PIPE).stdout)
        elif own.exists():
            repodata = json.loads(own.read_text())
        elif subdir != "noarch":
            self.sparse[channel, subdir] = None
            return
        for part in (repodata["packages"], repodata["packages.conda"], repodata.get("v3", {}).get("conda", {})):
            for file, record in part.items():
                # Old records have an MD5 alone: lockenv would hash their archives, which are not here.
                record.setdefault("sha256", hashlib.sha256(file.encode()).hexdigest())
                self.records[Package(record["name"], record["version"], record["build"], channel, subdir)] = record
        target = self.folder / channel / subdir / "repodata.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(repodata))
        self.sparse[channel, subdir] = rattler.SparseRepoData(rattler.Channel(self.url(channel)), subdir, target)

    def of(self, case):
        """rattler's view of what CASE may use, highest priority first."""
        for channel in case.channels:
            for subdir in (case.platform, "noarch"):
                self.place(channel, subdir)
        return [self.sparse[channel, subdir] for channel in case.channels for subdir in (case.platform, "noarch")
                if self.sparse[channel, subdir]]


def run_lockenv(program, work, channels, case):
    lock = work / "env.lock"
    common = ["--config", "/dev/null", "--cache", str(work / "cache")]
    command = [program, "solve", "-q", *common, "--override-channels", "-o", str(lock), "--platform", case.platform]
    lock.unlink(missing_ok=True)  # a lock keeps its packages and its target
    for channel in case.channels:
        command += ["-c", channels.url(channel)]
    for name, version in case.virtuals.items():
        command += ["--virtual", f"{name}={version}"]
    done = subprocess.run([*command, "--", *channels.specs(case)], capture_output=True, text=True)
    if done.returncode != 0:
        verdict = "refused" if REFUSES in done.stderr else "none" if done.returncode == 3 else f"exit {done.returncode}"
        return Answer(verdict, {}, done.stderr.strip())
    listed = subprocess.run([program, "list", *common, str(lock), "--platform", case.platform, "--json"],
                            capture_output=True, text=True, check=True)
    packages = {}
    for p in json.loads(listed.stdout):
        channel = next(c for c in case.channels if c == p["channel"] or c.endswith("/" + p["channel"]))
        packages[p["name"]] = Package(p["name"], p["version"], p["build"], channel, p["subdir"])
    return Answer("solved", packages)


def virtual_packages(case):
    os_name, arch = case.platform.split("-")
    wanted = DEFAULTS[os_name] | case.virtuals
    made = [rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version),
                                          rattler.BuildString("0")) for name, version in wanted.items()]
    return made + [rattler.GenericVirtualPackage(rattler.PackageName("__archspec"), rattler.Version("0"),
                                                 rattler.BuildString(ARCHS.get(arch, arch)))]


async def run_rattler(channels, case):
    """With all records of the repodata: rattler's gateway would leave out those that a root spec does not
    match, and strict priority would then take a later channel that has one."""
    names = {channels.url(channel): channel for channel in case.channels}
    try:
        records = await rattler.solve_with_sparse_repodata(
            [rattler.MatchSpec(spec) for spec in channels.specs(case)], channels.of(case),
            virtual_packages=virtual_packages(case), channel_priority=rattler.ChannelPriority.Strict)
    except SolverError as error:
        return Answer("none", {}, str(error))
    except Exception as error:  # whatever it is, the report says so
        return Answer(type(error).__name__, {}, str(error))
    packages = {}
    for record in records:
        name = record.name.normalized
        packages[name] = Package(name, str(record.version), str(record.build),
                                 names[record.channel.rstrip("/")], record.subdir)
    return Answer("solved", packages)


def name_of(spec):
    return rattler.MatchSpec(spec, exact_names_only=False).name.normalized


def newer(channels, one, other):
    """-1, 0, 1 by version, else by build number."""
    a, b = ((rattler.Version(p.version), channels.records[p]["build_number"]) for p in (one, other))
    return (a > b) - (a < b)


def walk(channels, case, answer):
    """The names of the answer as lockenv's definition comes to them: breadth first, roots in their order."""
    queue = list(dict.fromkeys(name_of(spec) for spec in channels.specs(case)))
    for name in queue:
        package = answer.packages.get(name)
        if package:
            found = sorted({name_of(spec) for spec in channels.records[package]["depends"]})
            queue += [n for n in found if n not in queue]
    return [name for name in queue if name in answer.packages]


@dataclasses.dataclass
class Difference:
    case: Case
    roots: list         # (ours, theirs) with another record
    root_orders: list   # beside them: which is newer
    first: tuple        # (ours, theirs) where the walk first differs
    first_order: int
    others: tuple       # other packages newer in lockenv, in py-rattler
    only: tuple         # packages that only lockenv has, only py-rattler


def compare(channels, case, ours, theirs):
    """None where both have the same records."""
    if ours.packages == theirs.packages:
        return None
    a, b = ours.packages, theirs.packages
    first = next(name for name in walk(channels, case, ours) if a[name] != b.get(name))
    names = dict.fromkeys(name_of(spec) for spec in channels.specs(case))
    roots = [(a[n], b[n]) for n in names if n in a and n in b and a[n] != b[n]]
    others = [newer(channels, a[n], b[n]) for n in a.keys() & b.keys() - names.keys()]
    return Difference(case, roots, [newer(channels, *pair) for pair in roots], (a[first], b.get(first)),
                      newer(channels, a[first], b[first]) if first in b else 1,
                      (others.count(1), others.count(-1)), (len(a.keys() - b.keys()), len(b.keys() - a.keys())))


def version_build(package):
    return f"{package.version} {package.build}" if package else "not there"


def rows(differences):
    who = {1: "lockenv", 0: "equal, other build", -1: "py-rattler"}
    for d in differences:
        ours, theirs = d.first
        roots = "; ".join(f"{x.name} {version_build(x)} / {version_build(y)}" for x, y in d.roots) or "all equal"
        yield (f"| {d.case.title.replace('|', chr(92) + '|')} | {roots} | {ours.name} {version_build(ours)} / "
               f"{version_build(theirs)} | {who[d.first_order]} | {d.others[0]} / {d.others[1]} | "
               f"{d.only[0]} / {d.only[1]} |")


def is_equal(ours, theirs):
    """The same verdict, where both have one."""
    return (ours.verdict, theirs.verdict) in (("solved", "solved"), ("none", "none"), ("refused", "none"))


def report(version, results, differences):
    verdicts = collections.Counter((ours.verdict, theirs.verdict) for _, ours, theirs in results)
    same = sum(is_equal(ours, theirs) for _, ours, theirs in results)
    root_order = [order for d in differences for order in d.root_orders]
    yield "# lockenv beside py-rattler: the same problems"
    yield ""
    yield (f"{datetime.date.today()}, {version}, py-rattler {rattler.__version__}, Python "
           f"{platform.python_version()}. Made by `./dev bench compare`: the cases of bench/compare/cases.txt and the "
           "specs of a seeded sample of real environments, on the same repodata, with the same virtual packages "
           "and strict channel priority. py-rattler is asked by `solve_with_sparse_repodata`, because its gateway "
           "leaves out the records that a root spec does not match before it looks at channel priority.")
    yield ""
    yield f"- {len(results)} problems, {same} with the same verdict"
    for (a, b), n in sorted(verdicts.items()):
        yield f"- lockenv: {a}, py-rattler: {b}: {n}"
    yield f"- both solved, the same records in all: {verdicts['solved', 'solved'] - len(differences)}"
    yield (f"- both solved, some record differs: {len(differences)}; roots newer in lockenv: "
           f"{root_order.count(1)}, newer in py-rattler: {root_order.count(-1)}")
    yield ""
    yield "## Where the verdicts differ"
    yield ""
    unequal = [result for result in results if not is_equal(*result[1:])]
    for case, ours, theirs in unequal:
        yield (f"- {case.title}: lockenv: {ours.verdict}, py-rattler: {theirs.verdict}" +
               (" (a spec asks for CUDA and the target has none: lockenv says so instead of giving CPU builds)"
                if ours.verdict == "refused" else ""))
    if not unequal:
        yield "Nowhere."
    yield ""
    yield "## Where the records differ"
    yield ""
    yield ("Columns: roots that differ (lockenv / py-rattler); the first difference in the walk that defines "
           "lockenv's answer (breadth first from the specs in their order, each the best with which the whole "
           "has a solution); who is newer there; other packages newer in lockenv / in py-rattler; packages that "
           "only lockenv / only py-rattler has. py-rattler decides first what has the fewest candidates, so it "
           "may settle a dependency before a root: what comes later in the walk may then be newer there.")
    yield ""
    yield "| problem | roots | first difference | newer there | others newer | only in |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield from rows(differences)


async def run(program, data, work):
    channels, results, differences = Channels(data, work), [], []
    for case in [*written_cases(), *real_cases(data)]:
        channels.of(case)
        ours, theirs = run_lockenv(program, work, channels, case), await run_rattler(channels, case)
        results.append((case, ours, theirs))
        if ours.verdict == theirs.verdict == "solved":
            difference = compare(channels, case, ours, theirs)
            differences += [difference] if difference else []
        elif not is_equal(ours, theirs):
            print(f"{case.title}\n  lockenv: {ours.verdict} {ours.text}\n  py-rattler: {theirs.verdict} {theirs.text}")
    return results, differences


def main():
    program, data, work, target = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
    work.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    results, differences = asyncio.run(run(program, data, work))
    lines = list(report(version, results, differences))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n")
    print("\n".join(lines[2:lines.index("## Where the records differ")]))
    equal = all(is_equal(ours, theirs) or (ours.verdict, theirs.verdict) == ("refused", "solved")
                for _, ours, theirs in results)
    sys.stdout.flush()
    os._exit(0 if equal and all(d.first_order >= 0 for d in differences) else 1)  # its threads linger


main()

"""What the reports of bench/results share: goals, tables, the machine."""
import dataclasses
import datetime
import os
import platform
import re
import subprocess


@dataclasses.dataclass
class Goal:
    text: str
    measured: str
    met: bool

    def told(self):
        return f"{'met    ' if self.met else 'NOT MET'}  {self.text}: {self.measured}"


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def megabytes(runs):
    return runs.peak * 1.048576


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as text:
        models = [line.partition(":")[2].strip() for line in text if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = re.match(r"[0-9.]*", platform.release()).group()
    return f"{os.cpu_count()} cores ({models[0] if models else platform.machine()}), {memory:.0f} GiB, Linux {kernel}"


def head_lines(title, versions, bench, pairs, skipped):
    """VERSIONS: of what is compared; BENCH: the command that makes the report."""
    yield f"# {title}"
    yield ""
    yield (f"{datetime.date.today()}, {', '.join(versions)}. {machine()}. Made by `./dev bench {bench}`: {pairs} runs "
           "of each command, those of a table in turn, after one that does not count. docs/performance.md says how the "
           "figures come about.")
    for line in skipped:
        yield ""
        yield f"Skipped: {line}."


def goal_lines(goals):
    yield ""
    yield "## Goals"
    yield ""
    yield "| goal | measured | met |"
    yield "| --- | --- | --- |"
    for goal in goals:
        yield f"| {goal.text} | {goal.measured} | {'yes' if goal.met else 'no'} |"


def table_lines(tables):
    """Of pairs of a title and the runs of its commands."""
    yield ""
    yield "## Measured"
    for title, runs in tables:
        yield ""
        yield f"{title}: ratio of medians {runs[0].median() / runs[1].median():.3f}"
        yield ""
        yield "| command | median ms | min | max | peak MB |"
        yield "| --- | --- | --- | --- | --- |"
        for r in runs:
            yield (f"| {r.command.name} | {r.median() * 1000:.1f} | {min(r.seconds) * 1000:.1f} | "
                   f"{max(r.seconds) * 1000:.1f} | {megabytes(r):.1f} |")

#!/usr/bin/env python3
"""pair.py [--pairs N] [--before CMD] NAME CMD [NAME CMD]: whole commands, timed in turn.

Runs A B A B … N times after one warm-up each and prints for each the median, minimum and maximum of the
wall time and the largest peak memory, then the ratio of medians A/B. --before runs, untimed, before every
timed run (sh -c). Output of the commands is thrown away; a command that fails ends the bench.
"""
import argparse
import dataclasses
import os
import statistics
import subprocess
import sys
import time


@dataclasses.dataclass
class Command:
    name: str
    line: str            # of a shell
    before: str = ""     # untimed, before every run
    exits: int = 0       # the status that it is to have
    tells: bool = False  # prints the seconds that count; else all from start to end do


class Runs:
    """What was measured of one command."""

    def __init__(self, command):
        self.command = command
        self.seconds, self.peak = [], 0.0

    def median(self):
        return statistics.median(self.seconds)

    def __str__(self):
        return (f"{self.command.name:36} median {self.median() * 1000:9.1f} ms  min {min(self.seconds) * 1000:9.1f}  "
                f"max {max(self.seconds) * 1000:9.1f}  peak {self.peak:7.1f} MiB")


def once(command):
    """Seconds of wall time and MiB of peak memory of one run."""
    if command.before:
        subprocess.run(["sh", "-c", command.before], check=True)
    begin = time.monotonic()
    process = subprocess.Popen(["sh", "-c", "exec " + command.line], stderr=subprocess.PIPE,
                               stdout=subprocess.PIPE if command.tells else subprocess.DEVNULL)
    error = process.stderr.read()
    told = process.stdout.read() if command.tells else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != command.exits:
        sys.exit(f"{command.line}: exit {process.returncode}\n{error.decode()}")
    return float(told) if command.tells else seconds, usage.ru_maxrss / 1024


def in_turn(commands, pairs):
    """Runs of each command, after one that does not count."""
    runs = [Runs(command) for command in commands]
    for turn in range(pairs + 1):
        for mine in runs:
            seconds, peak = once(mine.command)
            if turn > 0:
                mine.seconds.append(seconds)
                mine.peak = max(mine.peak, peak)
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--before", default="")
    parser.add_argument("commands", nargs="+", metavar="NAME CMD")
    args = parser.parse_args()
    names, commands = args.commands[0::2], args.commands[1::2]
    if len(names) != len(commands):
        parser.error("each NAME needs its CMD")
    runs = in_turn([Command(n, c, args.before) for n, c in zip(names, commands)], args.pairs)
    for mine in runs:
        print(mine)
    if len(runs) == 2:
        print(f"{'ratio of medians':36} {runs[0].median() / runs[1].median():.3f} ({args.pairs} pairs)")


if __name__ == "__main__":
    main()

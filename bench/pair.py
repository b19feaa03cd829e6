#!/usr/bin/env python3
"""pair.py [--pairs N] [--before CMD] NAME CMD [NAME CMD]: whole commands, timed in turn.

Runs A B A B … N times after one warm-up each and prints for each the median, minimum and maximum of the
wall time and the largest peak memory, then the ratio of medians A/B. --before runs, untimed, before every
timed run (sh -c). Output of the commands is thrown away; a command that fails ends the bench.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time


def once(command):
    """Seconds of wall time and MiB of peak memory of one run."""
    begin = time.monotonic()
    process = subprocess.Popen(["sh", "-c", "exec " + command], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command}: exit {process.returncode}\n{error.decode()}")
    return seconds, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--before", default="")
    parser.add_argument("commands", nargs="+", metavar="NAME CMD")
    args = parser.parse_args()
    names, commands = args.commands[0::2], args.commands[1::2]
    if len(names) != len(commands):
        parser.error("each NAME needs its CMD")
    runs = [[] for _ in names]
    for turn in range(args.pairs + 1):
        for i, command in enumerate(commands):
            if args.before:
                subprocess.run(["sh", "-c", args.before], check=True)
            run = once(command)
            if turn > 0:
                runs[i].append(run)
    medians = []
    for name, mine in zip(names, runs):
        seconds = [s for s, _ in mine]
        medians.append(statistics.median(seconds))
        print(f"{name:36} median {medians[-1] * 1000:9.1f} ms  min {min(seconds) * 1000:9.1f}  "
              f"max {max(seconds) * 1000:9.1f}  peak {max(m for _, m in mine):7.1f} MiB")
    if len(medians) == 2:
        print(f"{'ratio of medians':36} {medians[0] / medians[1]:.3f} ({args.pairs} pairs)")


if __name__ == "__main__":
    main()

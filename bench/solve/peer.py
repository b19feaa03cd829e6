#!/usr/bin/env python3
"""peer.py CHANNEL SPEC...: py-rattler's load and solve, for linux-64 with CUDA 12.9 and glibc 2.35.

CHANNEL is a folder with linux-64/repodata.json and noarch/repodata.json; its sparse repodata parses of
these no more than what is reached. Prints the seconds from opening the files to the answer: the start of
Python and the import are not counted.
"""
import asyncio
import os
import pathlib
import sys
import time

import rattler

VIRTUALS = {"__unix": "0", "__linux": "4.18", "__glibc": "2.35", "__cuda": "12.9"}


def virtual(name, version, build="0"):
    return rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version),
                                         rattler.BuildString(build))


async def solve(folder, specs):
    channel = rattler.Channel(folder.as_uri())
    sparse = [rattler.SparseRepoData(channel, subdir, folder / subdir / "repodata.json")
              for subdir in ("linux-64", "noarch")]
    return await rattler.solve_with_sparse_repodata(
        [rattler.MatchSpec(spec) for spec in specs], sparse,
        virtual_packages=[virtual(*item) for item in VIRTUALS.items()] + [virtual("__archspec", "1", "x86_64")],
        channel_priority=rattler.ChannelPriority.Strict)


def main():
    begin = time.monotonic()
    records = asyncio.run(solve(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]))
    seconds = time.monotonic() - begin
    print(seconds)
    print(f"{len(records)} packages", file=sys.stderr)
    sys.stdout.flush()
    os._exit(0)  # its threads linger


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""peer.py CHANNEL CACHE PREFIX: py-rattler's installer, all packages of CHANNEL into the new PREFIX.

CHANNEL is a folder with linux-64/repodata.json and noarch/repodata.json. Prints the seconds that the install
took: the start of Python, the import and the reading of the records are not counted.
"""
import asyncio
import os
import pathlib
import sys
import time

import rattler


async def install(records, cache, prefix):
    await rattler.install(records, target_prefix=prefix, cache_dir=cache, installed_packages=[],
                          platform=rattler.Subdir("linux-64"), execute_link_scripts=False, show_progress=False)


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    channel = rattler.Channel(folder.as_uri())
    records = [record for subdir in ("linux-64", "noarch") for record in
               rattler.SparseRepoData(channel, subdir, folder / subdir / "repodata.json").load_all_records()]
    begin = time.monotonic()
    asyncio.run(install(records, sys.argv[2], sys.argv[3]))
    print(time.monotonic() - begin)
    sys.stdout.flush()
    os._exit(0)  # its threads linger


if __name__ == "__main__":
    main()

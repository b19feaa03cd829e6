#!/usr/bin/env python3
"""make.py FOLDER N MB: N packages of MB megabytes each, whose payload cannot be compressed; the same bytes each time.

Written as fixtures/wheel2conda.py writes its packages.
"""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "fixtures"))
import wheel2conda  # noqa: E402  (after the path that leads to it)


def main():
    folder, n, megabytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for i in range(n):
        package = wheel2conda.Package(f"payload-{i}", "1.0", "0")
        package.members["share/payload"] = random.Random(i).randbytes(megabytes * 1000 * 1000)
        package.write(pathlib.Path(folder).parent, pathlib.Path(folder).name)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""report.py WHAT: what bench/gpu-proof.sh reads out of JSON, and its report.

cuda        of `lockenv info --json` on stdin: the version of __cuda, or nothing
built       of wheel2conda.py's list on stdin: the CUDA that the packages were built with
python      of the same: the interpreter's major.minor
roots       of the same: what was asked for, by conda's names
levels      of a smoke receipt on stdin: a line for each level
no-device   of the same: exit 1 unless every level passed, or is absent or failed for want of a device
result WORK RESULTS CUT WATCH   writes RESULTS/gpu-DATE-DEVICE.json and .md
"""
import datetime
import json
import pathlib
import platform
import re
import shutil
import sys

GPU_LEVELS = {"driver", "nvrtc", "cublas", "cudnn", "nccl", "torch-cuda"}


def cuda():
    for package in json.load(sys.stdin)["virtual_packages"]:
        if package["name"] == "__cuda":
            print(package["version"])


def levels(receipt):
    for level in receipt["levels"]:
        yield level["level"], level["status"], level["reason"], level


def no_device():
    wrong = [(name, status, reason) for name, status, reason, _ in levels(json.load(sys.stdin))
             if status != "passed" and name not in GPU_LEVELS]
    wrong = [w for w in wrong if not (w[0] == "blas" and w[1] == "absent")]
    for name, status, reason in wrong:
        print(f"{name}: {status}: {reason}", file=sys.stderr)
    sys.exit(bool(wrong))


def host():
    """The processor and the system, in words."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    return f"{cpu.group(1) if cpu else platform.machine()}, {release}, kernel {platform.release()}"


def size_of(folder):
    return sum(f.stat().st_size for f in pathlib.Path(folder).rglob("*") if f.is_file() and not f.is_symlink())


def facts_of(receipt):
    """What the driver's level says of driver and device."""
    return next((level["facts"] for name, _, _, level in levels(receipt) if name == "driver"), {})


def result(work, results, cut, watch):
    work = pathlib.Path(work)
    receipt = json.loads((work / "receipt.json").read_text())
    made = json.loads((work / "packages.log").read_text())
    node = json.loads((work / "node.json").read_text())
    steps = [line.split() for line in (work / "steps").read_text().splitlines()]
    facts = facts_of(receipt)
    device = facts.get("device-0-name", "unknown device")
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    name = f"gpu-{date}-{re.sub(r'[^A-Za-z0-9]+', '-', device).strip('-').lower()}"
    sizes = {"packages": sum(p["size"] for p in made["packages"]), "bundle": (work / "env.lockpack").stat().st_size,
             "prefix": size_of(work / "env")}
    whole = {"date": date, "device": device, "driver": facts, "host": host(), "node": node["virtual_packages"],
             "lockenv": node["lockenv_version"], "network_cut": cut, "system_calls_watched": bool(watch),
             "packages": [{k: p[k] for k in ("name", "version", "size")} for p in made["packages"]],
             "sizes": sizes, "steps": [{"step": s, "seconds": float(t), "exit": int(c)} for s, t, c in steps],
             "receipt": receipt}
    to = pathlib.Path(results, name)
    to.parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(f"{to}.json").write_text(json.dumps(whole, indent=2) + "\n")
    lines = [f"# {device}, {date}", "", f"`bench/gpu-proof.sh` on {host()}; lockenv {node['lockenv_version']}.",
             "Network " + (f"cut with `{cut}`" if cut else "not cut") +
             (", system calls watched: none of the network" if watch else "") + ".", "",
             "| driver | |", "| --- | --- |"]
    lines += [f"| {k} | {v} |" for k, v in facts.items()]
    lines += ["", "| step | seconds | exit |", "| --- | --: | --: |"]
    lines += [f"| {s} | {t} | {c} |" for s, t, c in steps]
    lines += ["", "| | bytes |", "| --- | --: |"] + [f"| {k} | {v:,} |" for k, v in sizes.items()]
    lines += ["", "| level | result | seconds | errors | |", "| --- | --- | --: | --- | --- |"]
    for level, status, reason, all_ in levels(receipt):
        errors = ", ".join(f"{m['precision']} {m['error']:.2g} (bound {m['bound']:.2g})" for m in all_["measures"])
        lines.append(f"| {level} | {status} | {all_['seconds']:.2f} | {errors} | {reason} |")
    pathlib.Path(f"{to}.md").write_text("\n".join(lines) + "\n")
    print(f"\nproved: {to}.json, {to}.md")


def main():
    what, *arguments = sys.argv[1:]
    if what == "cuda":
        cuda()
    elif what == "built":
        print(json.load(sys.stdin)["cuda"] or "")
    elif what == "python":
        print(".".join(json.load(sys.stdin)["python"].split(".")[:2]))
    elif what == "roots":
        print(" ".join(json.load(sys.stdin)["roots"]))
    elif what == "levels":
        for name, status, reason, _ in levels(json.load(sys.stdin)):
            print(f"{name:12}{status:8}{reason}"[:shutil.get_terminal_size((160, 25)).columns])
    elif what == "no-device":
        no_device()
    else:
        result(*arguments)


if __name__ == "__main__":
    main()

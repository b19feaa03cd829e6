#!/usr/bin/env python3
"""pep508.py BATCH: random markers and requirements, judged by lockenv and by Python's own `packaging`.

Skips where `packaging` is not installed or older than its release 24, which read them otherwise.
"""
import random
import subprocess
import sys

try:
    import packaging
    from packaging.markers import InvalidMarker, Marker
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name
except ImportError:
    print("skipped: no python3-packaging")
    sys.exit(77)
if int(packaging.__version__.split(".")[0]) < 26:
    print("skipped: packaging", packaging.__version__, "is too old")
    sys.exit(77)

RANDOM = random.Random(508)
VERSIONS = "3 3.8 3.9 3.10 3.11.4 3.12.0rc1 3.14.0a1 2.7 4 3.*".split()
VALUES = {
    "extra": ["", "test", "Dev_Tools", "dev-tools", "x"],
    "implementation_name": ["cpython", "pypy"],
    "implementation_version": VERSIONS[:-1],
    "os_name": ["posix", "nt"],
    "platform_machine": ["x86_64", "aarch64", "arm64"],
    "platform_python_implementation": ["CPython", "PyPy"],
    "platform_system": ["Linux", "Darwin", "Windows"],
    "platform_version": ["#1 SMP", "10.0"],
    "python_full_version": VERSIONS[:-1],
    "python_version": VERSIONS[:-1],
    "sys_platform": ["linux", "darwin", "win32", "linux2"],
}
VERSION_VARIABLES = ("python_version", "python_full_version", "implementation_version")
OLD_NAMES = {"os_name": "os.name", "sys_platform": "sys.platform", "platform_machine": "platform.machine",
             "platform_python_implementation": "python_implementation"}


def space():
    return RANDOM.choice(["", " ", " ", "  ", "\t"])


def term():
    variable = RANDOM.choice(list(VALUES))
    value = RANDOM.choice(VALUES[variable])
    if variable in VERSION_VARIABLES:
        operator = RANDOM.choice("== != <= >= < > ~= in".split() + ["not in"])
        value = RANDOM.choice(VERSIONS) if operator in ("==", "!=") else value
        if operator in ("in", "not in"):
            value = ", ".join(RANDOM.sample(VERSIONS, 2))
    else:
        operator = RANDOM.choice("== != == != in <= > >= <".split() + ["not in"])
    quote = RANDOM.choice("'\"")
    name = OLD_NAMES.get(variable, variable) if RANDOM.random() < 0.1 else variable
    sides = [name, quote + value + quote]
    if RANDOM.random() < 0.15 and not value.endswith("*"):
        sides.reverse()
    gap = space() if operator not in ("in", "not in") else " "
    return sides[0] + gap + operator + gap + sides[1]


def marker(depth=0):
    if depth > 2 or RANDOM.random() < 0.45:
        return term()
    word = RANDOM.choice([" and ", " or "])
    inner = word.join(marker(depth + 1) for _ in range(RANDOM.randint(2, 3)))
    return f"({space()}{inner}{space()})" if RANDOM.random() < 0.5 else inner


def broken(text):
    at = RANDOM.randint(0, len(text))
    return text[:at] + RANDOM.choice(["", "(", ")", "'", "=", "and", "x", ",", ";", "@", "[", "]"]) + text[at + RANDOM.randint(0, 2):]


def requirement():
    name = RANDOM.choice(["numpy", "Foo.Bar_baz", "a", "zope.interface", "nvidia-cublas-cu12", "x9"])
    text = space() + name + space()
    if RANDOM.random() < 0.3:
        text += "[" + space() + ("," + space()).join(RANDOM.sample(["a", "Test_x", "c.d"], RANDOM.randint(0, 3))) + space() + "]" + space()
    kind = RANDOM.random()
    if kind < 0.15:
        text += "@" + space() + RANDOM.choice(["https://example.com/a-1.0-py3-none-any.whl#sha256=00", "file:///a;b"]) + " "
    elif kind < 0.8:
        versions = ",".join(space() + RANDOM.choice([">=1.0", "<2", "!=1.3.*", "~=2.2", "==1.0+cu126"]) + space()
                            for _ in range(RANDOM.randint(0, 3)))
        text += f"({versions})" if RANDOM.random() < 0.3 else versions
    if RANDOM.random() < 0.4:
        text += space() + ";" + space() + marker(1)
    return text


def environment():
    return {name: RANDOM.choice(values) for name, values in VALUES.items()}


def expected_marker(text, values):
    try:
        parsed = Marker(text)
    except InvalidMarker:
        return "!"
    try:
        return "yes" if parsed.evaluate(dict(values, platform_release="6.1")) else "no"
    except Exception as error:  # comparisons that are not defined; not asked for
        return None


def expected_requirement(text):
    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        return "!"
    if not parsed.name[-1].isalnum():
        return "!"  # packaging takes a name that ends in "_"
    extras = sorted(canonicalize_name(extra) for extra in parsed.extras)
    return (canonicalize_name(parsed.name) + ("[" + ",".join(extras) if extras else "") +
            f"|{len(parsed.specifier)}|{parsed.url or ''}|{'marker' if parsed.marker else ''}")


def comparable(answer):
    """packaging forgets the order of extras, and specifiers that are given twice."""
    if answer.count("|") != 3:
        return answer
    head, count, url, mark = answer.split("|")
    name, _, extras = head.partition("[")
    return name, sorted(set(extras.split(","))), url, mark


def cases():
    for _ in range(12000):
        text = marker() if RANDOM.random() < 0.85 else broken(marker())
        values = environment()
        wanted = expected_marker(text, values)
        if wanted:
            yield "marker\t{}\t{}".format(text.replace("\t", " "), ";".join(f"{k}={v}" for k, v in values.items())), wanted
    for _ in range(8000):
        text = (requirement() if RANDOM.random() < 0.7 else broken(requirement())).replace("\t", " ")
        yield "requirement\t" + text, expected_requirement(text)


def main():
    asked, wanted = zip(*cases())
    got = subprocess.run([sys.argv[1]], input="\n".join(asked) + "\n", capture_output=True, text=True,
                         encoding="utf-8", check=True).stdout.split("\n")[:-1]
    assert len(got) == len(asked), (len(got), len(asked))
    counts = {}
    faults = 0
    for question, expected, answer in zip(asked, wanted, got):
        kind = question.split("\t")[0], expected if expected in ("!", "yes", "no") else "parts"
        counts[kind] = counts.get(kind, 0) + 1
        if comparable(expected) != comparable(answer):
            faults += 1
            if faults <= 20:
                print(f"{question!r}: packaging says {expected}, lockenv {answer}")
    print("packaging", packaging.__version__, counts)
    for kind in [("marker", "yes"), ("marker", "no"), ("marker", "!"), ("requirement", "!"), ("requirement", "parts")]:
        assert counts.get(kind, 0) > 300, f"too few of {kind}"
    print(f"{len(asked) - faults} passed, {faults} failed")
    return 1 if faults else 0


sys.exit(main())

#!/usr/bin/env python3
"""pep440.py BATCH: random versions and specifiers, judged by lockenv and by Python's own `packaging`.

Both must read the same texts, write the same normal forms, and agree on every order and match. Skips
where `packaging` is not installed. Before its release 26 it did not normalise what stands behind ~=, and
took an epoch before ".*" for a number of the release: there such specifiers are not asked for.
"""
import itertools
import random
import re
import subprocess
import sys

try:
    import packaging
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version
except ImportError:
    print("skipped: no python3-packaging")
    sys.exit(77)

RANDOM = random.Random(440)
# Operators with which `packaging` of every age lets a pre-release in.
INCLUSIVE = ("==", ">=", "<=", "~=", "===")
OLD = int(packaging.__version__.split(".")[0]) < 26


def misread(wanted, a):
    """Does an old `packaging` judge A by the specifiers WANTED wrong?"""
    for clause in map(str.strip, wanted.split(",")):
        compatible = clause.startswith("~=")
        if compatible and not re.fullmatch(r"~= ?[0-9]+([.][0-9]+)+", clause):
            return True
        if (compatible or clause.endswith(".*")) and ("!" in clause.lstrip("!=") or "!" in a):
            return True
    return False


def version():
    """A text that is a version, in one of its spellings."""
    number = lambda: RANDOM.choice(["0", "0", "1", "1", "2", "3", "10", "00", "01", "20251122", "9" * 25])
    between = lambda: RANDOM.choice(["", "", ".", "-", "_"])
    text = RANDOM.choice(["", "", "", "v", " "])
    text += RANDOM.choice(["", "", "", "", "0!", "1!"])
    text += ".".join(number() for _ in range(RANDOM.randint(1, 4)))
    if RANDOM.random() < 0.35:
        word = RANDOM.choice("a b c rc alpha beta pre preview RC".split())
        text += between() + word + RANDOM.choice(["", between() + number()])
    if RANDOM.random() < 0.3:
        word = RANDOM.choice("post rev r Post".split())
        text += RANDOM.choice(["-" + number(), between() + word + RANDOM.choice(["", between() + number()])])
    if RANDOM.random() < 0.3:
        text += between() + RANDOM.choice(["dev", "DEV"]) + RANDOM.choice(["", between() + number()])
    if RANDOM.random() < 0.25:
        pieces = [RANDOM.choice("cu126 1 007 abc A 0 5x x5".split()) for _ in range(RANDOM.randint(1, 3))]
        text += "+" + RANDOM.choice(".-_").join(pieces)
    return text


def broken(text):
    """The text with one character taken out, put in or replaced."""
    at = RANDOM.randint(0, len(text))
    return text[:at] + RANDOM.choice(["", ".", "-", "+", "!", "a", "*", " ", "\u0661"]) + text[at + RANDOM.randint(0, 1):]


def specifiers():
    clauses = []
    for _ in range(RANDOM.choice([1, 1, 1, 2, 3])):
        operator = RANDOM.choice("== != <= >= < > ~= ===".split())
        text = version().strip()
        if operator in ("==", "!=") and RANDOM.random() < 0.4:
            text = text.split("+")[0] + ".*"
        elif operator not in ("==", "!=") and RANDOM.random() < 0.9:
            text = text.split("+")[0]
        clauses.append(operator + RANDOM.choice(["", " "]) + text)
    return RANDOM.choice([",", " , "]).join(clauses)


def read(reader, refusal, text):
    try:
        return reader(text)
    except refusal:
        return None


def version_of(text):
    return read(Version, InvalidVersion, text)


def set_of(text):
    return read(SpecifierSet, InvalidSpecifier, text)


def expected_order(a, b):
    x, y = version_of(a), version_of(b)
    if x is None or y is None:
        return "!"
    return "<" if x < y else ">" if x > y else "="


def expected_match(text, a):
    wanted, x = set_of(text), version_of(a)
    if wanted is None or x is None:
        return "!"
    return "yes" if wanted.contains(x, prereleases=True) else "no"


def cases():
    near = [version() for _ in range(150)]
    for a, b in itertools.product(near, near):
        yield f"cmp\t{a}\t{b}", expected_order(a, b)
    for text in near + [broken(version()) for _ in range(3000)]:
        parsed = version_of(text)
        yield f"normal\t{text}", "!" if parsed is None else str(parsed)
    for _ in range(12000):
        wanted = specifiers() if RANDOM.random() < 0.9 else broken(specifiers())
        # A version near the one that is asked for, else hardly any would match.
        stem = wanted.split(",")[0].lstrip("=!<>~ ").split(".*")[0].strip()
        a = RANDOM.choice([version(), stem, stem.split("+")[0] + ".post1", stem + "+x", stem.split("+")[0] + ".0"])
        if not (OLD and misread(wanted, a)):
            yield f"match\t{wanted}\t{a}", expected_match(wanted, a)
    for _ in range(2000):
        wanted = specifiers()
        parsed = set_of(wanted)
        if parsed is not None and all(s.operator in INCLUSIVE + ("!=",) for s in parsed):
            plain = [s for s in parsed if s.operator != "==="]
            if len(plain) == len(list(parsed)):
                yield f"pre\t{wanted}", "yes" if parsed.prereleases else "no"


def main():
    asked, wanted = zip(*cases())
    # White space at the ends of a line is part of a version; other line ends are not asked for.
    got = subprocess.run([sys.argv[1]], input="\n".join(asked) + "\n", capture_output=True, text=True,
                         encoding="utf-8", check=True).stdout.split("\n")[:-1]
    assert len(got) == len(asked), (len(got), len(asked))
    counts = {}
    faults = 0
    for question, expected, answer in zip(asked, wanted, got):
        kind = question.split("\t")[0], expected if expected in ("!", "yes", "no", "<", "=", ">") else "text"
        counts[kind] = counts.get(kind, 0) + 1
        if expected != answer:
            faults += 1
            if faults <= 20:
                print(f"{question!r}: packaging says {expected}, lockenv {answer}")
    print("packaging", packaging.__version__, counts)
    for kind in [("cmp", "="), ("match", "yes"), ("match", "no"), ("match", "!"), ("normal", "!"), ("pre", "yes")]:
        assert counts.get(kind, 0) > 50, f"too few of {kind}"
    print(f"{len(asked) - faults} passed, {faults} failed")
    return 1 if faults else 0


sys.exit(main())

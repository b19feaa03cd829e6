#!/bin/sh
# update and solve --update: what is named gets its best version, the rest moves as it must and says
# why; what cannot be had is explained.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
"$python" "$root/tests/support/text_channel.py" "$tests/update.channels" "$scratch/site"
main=file://$scratch/site/main

# old LOCK SPEC...: a lock as it was long ago, whose specs stand in no file.
old() {
	lock=$1
	shift
	runs 0 lockenv solve -q --override-channels -c "$main" --platform linux-64 -o "$lock" "$@" \
		'libblas 3.9.0'
	sed -i '/^    - libblas 3.9.0$/d' "$lock"
}

# numpy's best version; the rest as it must, each with its reason, in the order of the walk.
old env.lock 'python 3.12.*' 'numpy <2' liblapack
sed -i 's/^    - numpy <2$/    - numpy/' env.lock
cp env.lock old.lock
runs 0 lockenv update numpy
err_has "liblapack 3.9.0 -> 3.9.1: liblapack 3.9.0 20_openblas (kept) needs 'libblas 3.9.0 20_openblas'; numpy 2.3.1 py312h0_0 needs 'libblas >=3.9.1,<4.0a0'"
err_has "libblas 3.9.0 -> 3.9.1: numpy 2.3.1 py312h0_0 needs 'libblas >=3.9.1,<4.0a0'"
err_has "libopenblas 0.3.20 -> 0.3.34: "
err_has "libgomp 15 is new: libopenblas 0.3.34 0 needs 'libgomp'"
err_has "numpy 2.3.1, not 2.4.0: numpy 2.4.0 py313h0_0 needs 'python >=3.13,<3.14.0a0', which 'python 3.12.*' excludes"
err_lacks 'python 3.12.8 ->'
has env.lock 'numpy-2.3.1-py312h0_0'
# On stdout the difference, and nothing of it twice.
out_has numpy
is 1 "$(grep -c 'libblas  *3.9.0 -> 3.9.1' "$out")"
# That was all: again nothing changes.
cp env.lock new.lock
runs 0 lockenv update numpy
err_has 'env.lock is up to date'
same env.lock new.lock

# The same by solve, and as JSON.
cp old.lock env.lock
runs 0 lockenv solve --update numpy --json
same env.lock new.lock
json 'd["changed"], [m["name"] for m in d["platforms"]["linux-64"]["moved"]]' \
	"(True, ['liblapack', 'libblas', 'libopenblas', 'libgomp'])"
json 'sorted(d["platforms"]["linux-64"]["moved"][1]), d["platforms"]["linux-64"]["moved"][1]["reasons"]' \
	"(['from_build', 'from_version', 'name', 'reasons', 'to_build', 'to_version'], [{'text': \"numpy 2.3.1 py312h0_0 needs 'libblas >=3.9.1,<4.0a0'\"}])"
json '"from_version" in d["platforms"]["linux-64"]["moved"][3], "diff" in d' '(False, True)'

# A version, up and down; it is no spec: without it the next update goes to the best again.
runs 0 lockenv update numpy=1.26
has env.lock 'numpy-1.26.4-py312h0_0'
err_lacks 'libblas 3'
lacks_version() { ! grep -q -- "$2" "$1" || fail "$1 has $2"; }
lacks_version env.lock '- numpy=1.26'
cp env.lock down.lock
runs 0 lockenv solve
same env.lock down.lock
runs 0 lockenv update 'numpy>=2'
has env.lock 'numpy-2.3.1-py312h0_0'

# Nothing is written and nothing lost when there is none such.
cp old.lock env.lock
runs 3 lockenv update numpy=3
err_has "the update to 'numpy=3'"
same env.lock old.lock
runs 3 lockenv update 'numpy>=2.4'
err_has "'python 3.12.*'"
err_has "numpy>=2.4"
same env.lock old.lock
# The spec forbids it.
old tight.lock 'numpy <2'
runs 3 lockenv update -o tight.lock numpy=2.3
err_has "'numpy <2'"
runs 0 lockenv update -o tight.lock numpy
err_has "does not match 'numpy <2'"

# Names that are not there, and what is none.
runs 2 lockenv update nunpy
err_has "has no package 'nunpy' to update"
err_has "hint: did you mean 'numpy'?"
runs 2 lockenv update torchvision
err_has "hint: 'lockenv add torchvision' asks for it"
runs 2 lockenv update 'num*'
runs 2 lockenv update 'numpy >='
runs 2 lockenv update -o none.lock
err_has "there is no 'none.lock' to update"
absent none.lock

# No other package falls back, nor python to another minor version: numba 0.50 takes any numpy.
old env.lock numpy 'numba 0.61' 'python 3.12.*'
sed -i 's/^    - numba 0.61$/    - numba/; s/^    - python 3.12.\*$/    - python/' env.lock
cp env.lock before.lock
runs 0 lockenv update numpy
same env.lock before.lock
err_has 'numpy 1.26.4, not 2.4.0: '
runs 0 lockenv update numpy=2.3
err_has "numba 0.61 -> 0.50: numba 0.61 py312h0_0 (kept) needs 'numpy <2', which the update to 'numpy=2.3' excludes"
lacks_version env.lock 'python-3.13'
cp before.lock env.lock
runs 3 lockenv update numpy=2.4 python
err_has "numba 0.50 py312h0_0 needs 'python >=3.12,<3.13.0a0'"
runs 0 lockenv update numpy=2.3 --dry-run
err_lacks 'wrote'
same env.lock before.lock

# All at once: what is behind, and why, is told of the specs' own packages.
cp old.lock env.lock
runs 0 lockenv update
has env.lock 'libgomp-15'
err_has "python 3.12.8, not 3.13.1: "
err_lacks 'is new'
cp env.lock all.lock
runs 0 lockenv update
same env.lock all.lock
cp old.lock env.lock
runs 0 lockenv solve --update-all
same env.lock all.lock

# The target and the channels are the lock's.
cd "$scratch" || exit 1
runs 0 lockenv update --json -o area/env.lock libgomp
json 'd["changed"]' False

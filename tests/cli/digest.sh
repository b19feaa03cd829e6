#!/bin/sh
# digest tells the tree digest of an install that is not made; install, verify and python agree with it.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

# The digest in NAME's prefix, from what lies there: docs/install.md, "The tree digest".
from_disk() {
	runs 0 "$python" "$root/tests/support/tree_digest.py" "$1"
	mv "$out" "$scratch/from_disk"
}

solve -q 'hello 1.*' 'greeting 1.4' oldtool -o plain.lock
lockenv fetch -q plain.lock
area=$(find . ! -path './plain.lock' | sort)
runs 0 lockenv digest plain.lock -p env
is "$(sed 's/^sha256:[0-9a-f]\{64\}$/digest/' "$out")" digest
is "$(find . ! -path './plain.lock' | sort)" "$area"
mv "$out" "$scratch/digest"
runs 0 lockenv digest plain.lock -p "$PWD/env/" --jobs 1
same "$out" "$scratch/digest"
runs 0 lockenv-install plain.lock -p env --digest
same "$out" "$scratch/digest"
absent env
runs 0 lockenv digest --json plain.lock -p env
json '"sha256:" + d["tree_digest"]' "$(cat "$scratch/digest")"
json 'd["prefix"], d["platform"], len(d)' "('$PWD/env', 'linux-64', 3)"
runs 0 lockenv install plain.lock -p env
err_has "tree digest $(cat "$scratch/digest")"
from_disk env
same "$scratch/from_disk" "$scratch/digest"
# With an environment there, or anything else: the prefix is not looked at.
runs 0 lockenv digest plain.lock -p env
same "$out" "$scratch/digest"
mkdir other
echo mine >other/file
runs 0 lockenv digest plain.lock -p other
differ "$out" "$scratch/digest"
is "$(ls other)" file

# What the package is extracted for with a cache that is only read goes.
runs 0 env LOCKENV_CACHE="$scratch/nothing:$scratch/cache" lockenv digest plain.lock -p env
same "$out" "$scratch/digest"
mkdir "$scratch/tmp"
runs 0 env TMPDIR="$scratch/tmp" lockenv digest --no-cache --from "$scratch/cache" plain.lock -p env
same "$out" "$scratch/digest"
is "$(ls "$scratch/tmp")" ''
lockenv pack -q --no-installer plain.lock -o plain.lockpack
runs 0 env TMPDIR="$scratch/tmp" lockenv digest --no-cache plain.lockpack -p env
same "$out" "$scratch/digest"
runs 8 env TMPDIR="$scratch/nowhere" lockenv digest --no-cache plain.lockpack -p env
err_has nowhere
runs 6 env LOCKENV_CACHE="$scratch/empty" lockenv digest plain.lock -p env
runs 2 lockenv digest plain.lock -p /
runs 2 lockenv digest

# Python packages: compiled or not, one digest.
lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 'python 3.11.*' \
	lockenv-hello lockenv-prefix -o python.lock
lockenv fetch -q python.lock
runs 0 lockenv digest python.lock
mv "$out" "$scratch/digest"
runs 0 lockenv install python.lock
err_has "tree digest $(cat "$scratch/digest")"
[ "$(find python -name '*.pyc' -path '*lockenv_hello*' | wc -l)" -gt 0 ] || fail 'nothing was compiled'
from_disk python
same "$scratch/from_disk" "$scratch/digest"
rm -rf python
runs 0 lockenv install --no-compile --link copy python.lock
err_has "tree digest $(cat "$scratch/digest")"
from_disk python
same "$scratch/from_disk" "$scratch/digest"

# The script finds what a digest is for: any byte, mode, link or name.
file=$(find python -name '*.py' -path '*lockenv_hello*' | head -1)
printf x >>"$file"
from_disk python
differ "$scratch/from_disk" "$scratch/digest"

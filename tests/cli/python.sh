#!/bin/sh
# noarch python packages: site-packages, entry points, compiled files; the same tree by both installers.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 'python 3.11.*' \
	lockenv-hello lockenv-prefix -o env.lock
lockenv fetch -q env.lock

runs 0 lockenv install --json env.lock -p env
tree=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out")
files=$(digest env)
runs 0 env/bin/python -c 'import sys; print(sys.prefix)'
out_is "$scratch/area/env"
runs 0 env/bin/lockenv-hello
[ -s "$out" ] || fail 'an entry point that says nothing'
runs 0 env/bin/lockenv-where
out_has "$scratch/area/env"
packages=$(dirname "$(find env/lib -path "*-packages/lockenv_hello*" -prune -print -quit)")
head -1 env/bin/lockenv-hello >"$scratch/first"
has "$scratch/first" "#!$scratch/area/env/bin/python"
[ "$(find "$packages" -name '*.pyc' | wc -l)" -gt 0 ] || fail 'nothing was compiled'
# Every file that a record lists is there, and every compiled file is listed.
cat >records.py <<'PY'
import glob, json, os, sys
listed = set()
for name in glob.glob("env/conda-meta/*.json"):
    for path in json.load(open(name))["files"]:
        assert os.path.lexists(os.path.join("env", path)), path
        assert path not in listed, path
        listed.add(path)
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.relpath(os.path.join(folder, name), "env")
        assert path in listed, path
print(len(listed) > 100)
PY
runs 0 "$python" records.py "$packages"
out_is True

# Running leaves caches of python; a second install neither minds nor keeps them.
runs 0 lockenv install env.lock -p env
err_has 'up to date'

mv env first
runs 0 lockenv-install --json env.lock -p env
json 'd["tree_digest"]' "$tree"
is "$(digest env)" "$files"
rm -rf env
runs 0 sh -c 'umask 077; TZ=Asia/Tokyo LC_ALL=tr_TR.UTF-8 exec lockenv install --jobs 1 --json env.lock -p env'
json 'd["tree_digest"]' "$tree"
is "$(digest env)" "$files"
rm -rf env
runs 0 lockenv install --no-compile env.lock -p env
is "$(find "$packages" -name '*.pyc' | wc -l)" 0

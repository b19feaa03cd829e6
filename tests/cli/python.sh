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

# A python that is not CPython names what it compiles otherwise: nothing is compiled under wrong names.
cat >other.yml <<END
packages:
- name: python
  version: '3.11.0'
  build: '0_pypy'
  subdir: linux-64
  executable: [bin/python3.11]
  files:
    bin/python3.11: |
      #!/bin/sh
      exec $python -S -s -B -c 'import sys; sys.implementation.cache_tag = "pypy311"; exec(sys.argv[1])' "\$5"
- name: pure
  version: '1'
  build: 'py_0'
  subdir: noarch
  noarch: python
  depends: [python]
  files: {site-packages/pure.py: 'x = 1'}
END
runs 0 mkchannel --out other other.yml
lockenv solve -q --override-channels -c "file://$PWD/other" --platform linux-64 --glibc 2.36 pure -o other.lock
lockenv fetch -q other.lock
runs 0 lockenv install other.lock -p other-env
err_has 'or is not CPython: 1 noarch file(s) stay uncompiled'
is "$(find other-env -name '*.pyc')" ''
runs 0 lockenv verify other-env
runs 0 other-env/bin/python3.11 -S -s -B -c 'import sys; print(sys.implementation.cache_tag)'
out_is pypy311

#!/bin/sh
# why: what a package is there for, and who bounds it.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

solve -q 'hello >=1' oldtool driver-floor gpu-app wants-new-hello --pin 'hello 2.*' --cuda 12.9 -o env.lock
runs 0 lockenv why hello
golden why
cp "$out" told
runs 0 lockenv why env.lock hello
same "$out" told
runs 0 env LC_ALL=C COLUMNS=20 lockenv why HELLO --color always
same "$out" told
runs 0 lockenv why hello --json
golden why-json
runs 0 lockenv why __cuda
golden why-virtual
runs 0 lockenv why --json __cuda
json 'd["virtual"], d["at_least"], d["solved_with"]' "(True, '12.9', '12.9')"
json '[w["spec"] for w in d["ways"]]' "['driver-floor', 'gpu-app']"
json '[(n["name"], n["spec"]) for n in d["bounded_by"]]' "[('driver-floor', '__cuda >=12.9')]"
runs 1 lockenv why helo
err_has "'env.lock' has no package 'helo' for linux-64"
err_has 'it has hello'
runs 1 lockenv why __osx
err_has "nothing in 'env.lock' asks for __osx"
runs 1 lockenv why __osx --json
json 'd["error"]["kind"]' finding
runs 2 lockenv why
runs 2 lockenv why a b c
runs 7 lockenv why hello --platform osx-64
# A name is a name, also where a folder is called so.
mkdir hello
runs 0 lockenv why hello
same "$out" told
runs 2 lockenv why none.lock hello
err_has "there is no lock or environment 'none.lock'"

# An environment knows what it was installed for; or nobody said.
lockenv fetch -q env.lock
CONDA_OVERRIDE_CUDA=12.9 lockenv install -q env.lock -p env
runs 0 lockenv why -p env greeting
out_has '  hello >=1 -> greeting'
unasked env
runs 0 lockenv why -p env greeting
out_has 'greeting 1.5 h0_0 of '
out_has 'hello  2.0  h0_0  greeting >=1'
out_lacks 'spec'
out_lacks 'solved with'
printf '# held\n\nhello 2.*  # so\nother 1\n' >env/conda-meta/pinned
"$python" - <<'PYTHON'
import json, glob
path, = glob.glob('env/conda-meta/hello-*.json')
record = json.load(open(path))
record['requested_specs'] = ['hello', 'hello >=1']
json.dump(record, open(path, 'w'))
PYTHON
runs 0 lockenv why env hello
out_has 'pinned to:'
out_has '  hello 2.*'
out_lacks 'other'
runs 0 lockenv why env greeting --json
json 'd["ways"], d["pins"]' \
	"([{'spec': 'hello', 'packages': ['hello', 'greeting']}, {'spec': 'hello >=1', 'packages': ['hello', 'greeting']}], [])"
# A history knows better than records do.
cp env/conda-meta/history kept
printf "==> 2026-01-31 12:00:00 <==\n# update specs: ['gone', 'oldtool 0.*', 'hello']\n# remove specs: ['hello']\n" \
	>>env/conda-meta/history
runs 0 lockenv why env oldtool
out_has '  oldtool 0.*'
runs 0 lockenv info env --json
json 'd["specs"]' "['oldtool 0.*']"
cp kept env/conda-meta/history
runs 0 lockenv why env oldtool
out_has 'no spec leads to it'
out_has 'no package needs it'

# Long lists are cut, but not where all is asked for.
mkdir -p many/conda-meta
"$python" - <<'PYTHON'
import json
def put(name, depends, spec=None):
    json.dump({'name': name, 'version': '1', 'build': '0', 'build_number': 0, 'depends': depends, 'constrains': [],
               'channel': 'https://example.org/c/linux-64', 'subdir': 'linux-64', 'fn': f'{name}-1-0.conda',
               'url': f'https://example.org/c/linux-64/{name}-1-0.conda', 'files': [], 'requested_spec': spec},
              open(f'many/conda-meta/{name}-1-0.json', 'w'))
put('base', [])
for i in range(40):
    put(f'p{i:02}', ['base', f'p{i + 1:02}\x1b[31m'] if i % 2 else ['base'], f'p{i:02}')
for i in range(40):
    put(f'way{i:02}', [f'way{i + 1:02}'] if i < 39 else [], 'way00' if i == 0 else None)
PYTHON
runs 0 lockenv why many base
out_has 'and 20 more: -v shows them'
[ "$(wc -l <"$out")" -lt 50 ] || fail 'a long answer'
runs 0 lockenv why many base -v
out_lacks more
is 80 "$(grep -c '^  p' "$out")"
runs 0 lockenv why many way39
out_has 'way00 -> way01 -> way02 -> way03 -> way04 -> ... 30 more ... -> way35 -> way36 -> way37 -> way38 -> way39'

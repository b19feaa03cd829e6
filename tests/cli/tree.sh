#!/bin/sh
# tree: what needs what in locks and environments, drawn and as a graph; hostile ones too.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

# make_lock FILE SPECS [REQUIRED]: a lock of the lines "NAME: DEPENDENCY; ..." in the file packages.
make_lock() {
	"$python" - "$1" "$2" "${3:-}" <<'PYTHON'
import sys
with open(sys.argv[1], 'w') as lock, open('packages') as packages:
    lock.write('version: 1\nchannels:\n- name: c\n  url: https://example.org/c\n'
               'channel-priority: strict\nplatforms:\n  linux-64:\n    specs:\n')
    for spec in sys.argv[2].split(';'):
        lock.write(f"    - '{spec}'\n")
    lock.write('    solved-with:\n      __glibc: 2.28=0\n')
    if sys.argv[3]:
        lock.write(f"    requires:\n      depends:\n      - '{sys.argv[3]}'\n")
    lock.write('    packages:\n')
    for line in packages:
        name, _, depends = line.strip().partition(': ')
        lock.write(f"    - name: {name}\n      version: '1'\n      build: '0'\n"
                   f"      from: c/linux-64/{name}-1-0.conda\n      sha256: {'a' * 64}\n")
        if depends:
            lock.write('      depends:\n' + ''.join(f"      - '{d}'\n" for d in depends.split('; ')))
PYTHON
}

solve -q hello oldtool driver-floor gpu-app --cuda 12.9 -o env.lock
runs 0 lockenv tree
golden tree
cp "$out" drawn
runs 0 lockenv tree env.lock --charset utf8
same "$out" drawn
runs 0 env LC_ALL=C LANG=C COLUMNS=20 lockenv tree env.lock --color always
same "$out" drawn
runs 0 lockenv tree env.lock --charset ascii
golden tree-ascii
runs 0 lockenv tree --json
golden tree-json
runs 0 lockenv tree --depth 1 hello
out_is 'hello 2.0 h0_0
└── greeting 1.5 h0_0'
runs 0 lockenv tree --invert greeting
out_is 'greeting 1.5 h0_0
└── hello 2.0 h0_0 (greeting >=1)
    └── spec: hello'
runs 0 lockenv tree -i __cuda
out_is '__cuda
└── gpu-app 1.0 cuda12 (__cuda >=12.4)
    └── spec: gpu-app'
runs 0 lockenv tree -i __cuda --json
json '[(e["from"], e["to"], e["spec"], e["virtual"]) for e in d["edges"]]' \
	"[('gpu-app', '__cuda', '__cuda >=12.4', True)]"
runs 1 lockenv tree helo
err_has "'env.lock' has no package 'helo' for linux-64"
err_has 'it has hello'
runs 1 lockenv tree -i __osx
runs 1 lockenv tree --json nothing
json 'd["error"]["code"]' 1
runs 2 lockenv tree --invert
err_has '--invert without a NAME'
runs 2 lockenv tree --depth many
runs 2 lockenv tree --charset latin1
runs 7 lockenv tree --platform osx-64

# An environment knows what it was installed for.
lockenv fetch -q env.lock
CONDA_OVERRIDE_CUDA=12.9 lockenv install -q env.lock -p env
runs 0 lockenv tree env
same "$out" drawn
# Where nobody says, the roots are what nothing else needs.
unasked env
runs 0 lockenv tree env
sort "$out" >sorted
sort drawn >expected
same sorted expected
"$python" - <<'PYTHON'
import json, glob
for name, spec in (('hello', 'hello >=1'), ('greeting', 'None')):
    path, = glob.glob(f'env/conda-meta/{name}-*.json')
    record = json.load(open(path))
    record['requested_spec'] = spec
    json.dump(record, open(path, 'w'))
PYTHON
runs 0 lockenv tree -p env
out_has 'hello 2.0 h0_0 (hello >=1)'
out_has 'no spec leads to:'

# A circle, a gap, conditions, what no spec leads to, one that needs itself.
cat >packages <<'END'
a: b; gone >=2; b <3; d[when="__glibc >=2.17"]; e[when="__cuda"]
b: c
c: b; a
d: __glibc >=2.17,<3.0.a0
e: e; f
f
END
make_lock odd.lock 'a >=1;a;none' '__glibc >=2.17,<3.0.a0'
runs 0 lockenv tree odd.lock
golden tree-odd
runs 0 lockenv tree odd.lock -i c
runs 0 lockenv tree odd.lock --json
json '[p["name"] for p in d["packages"] if p["orphan"]]' "['e', 'f']"
json '[(e["from"], e["to"]) for e in d["edges"] if "missing" in e]' "[('a', 'gone')]"
json 'd["specs"]' "[{'spec': 'a >=1', 'packages': ['a']}, {'spec': 'a', 'packages': ['a']}, {'spec': 'none', 'packages': []}]"

# A chain as long as a lock can hold, and each package needing all behind it: ends, and soon.
"$python" -c '
for i in range(100000):
    print(f"p{i:06}: p{i + 1:06}" if i < 99999 else f"p{i:06}")' >packages
make_lock chain.lock p000000
runs 0 lockenv tree chain.lock
is 100000 "$(wc -l <"$out")"
out_has '[99999] p099999 1 0'
[ "$(wc -c <"$out")" -lt 3000000 ] || fail 'the lines grow with the depth'
runs 0 lockenv tree chain.lock -i p099999
is 100001 "$(wc -l <"$out")"
"$python" -c '
for i in range(400):
    print(f"p{i:03}: " + "; ".join(f"p{k:03}" for k in range(i + 1, 400) or [0]))' >packages
make_lock full.lock p000
runs 0 lockenv tree full.lock
[ "$(wc -l <"$out")" -gt 79000 ] || fail 'every dependency has a line'
runs 0 lockenv tree full.lock --json
json 'len(d["packages"]), len(d["edges"])' '(400, 79801)'
rm chain.lock full.lock

# Text of packages is data.
mkdir -p evil/conda-meta
"$python" - <<'PYTHON'
import json
json.dump({'name': 'evil', 'version': '1', 'build': 'b', 'build_number': 0, 'depends': ['x\x1b]0;t\x07 >=1', 'caf\u00e9'],
           'constrains': [], 'channel': 'https://user:secret@example.org/c\x1b[2J/linux-64', 'subdir': 'linux-64', 'license': 'MIT\u202e\x07',
           'fn': 'evil-1-b.conda', 'url': 'https://user:secret@example.org/c/linux-64/evil-1-b.conda', 'files': [], 'requested_spec': 'evil \x1b[5m'},
          open('evil/conda-meta/evil-1-b.json', 'w'))
PYTHON
for command in 'tree evil' 'tree evil evil' 'tree -i evil evil' 'list evil' 'list -l evil'; do
	# shellcheck disable=SC2086 # words of a command
	runs 0 lockenv $command
	out_has evil
	out_lacks secret
	! grep -q "$(printf '\033\|\007\|\342\200\256')" "$out" || fail 'control characters in the output'
done
runs 0 lockenv list evil --json
out_lacks secret

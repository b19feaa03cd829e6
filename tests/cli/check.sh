#!/bin/sh
# check: everything that is wrong with locks, the files that they answer, and the nodes that they fit.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

solve -q hello oldtool -o env.lock
solve -q --cuda 12.6 gpu-app hello -o gpu.lock

# Quiet success: nothing on stdout, one line on stderr.
before=$(digest .)
runs 0 lockenv check env.lock
out_is ''
is 'env.lock is consistent and fit for this host' "$(cat "$err")"
runs 0 lockenv check -q env.lock
is '' "$(cat "$err")"
runs 0 lockenv check --host none env.lock
is 'env.lock is consistent' "$(cat "$err")"
is "$before" "$(digest .)"

# All faults, one line each on stdout, and the first as the error.
sed -e '/name: greeting/,/license/d' -e 's/^    - oldtool$/    - oldtool 7.*/' env.lock >bad.lock
runs 1 lockenv check bad.lock
is 2 "$(wc -l <"$out")"
out_has "bad.lock: linux-64: the specs ask for 'oldtool 7.*', but the lock has oldtool 0.9"
out_has "bad.lock: linux-64: hello: depends on 'greeting >=1', but no such package is in the lock"
err_has 'error: bad.lock: 2 findings, the first: linux-64: the specs ask for'
err_has 'hint: lock again: lockenv solve'
runs 1 lockenv check --json bad.lock
json 'd["ok"], d["locks"][0]["consistent"], d["locks"][0]["ok"]' '(False, False, False)'
json '[(f["kind"], f["platforms"], f["packages"]) for f in d["locks"][0]["findings"]]' \
	"[('spec-unanswered', ['linux-64'], []), ('dependency-missing', ['linux-64'], ['hello'])]"
json 'all(f["message"] and f["hint"] for f in d["locks"][0]["findings"])' True
json 'd["locks"][0]["platforms"]' "[{'platform': 'linux-64', 'packages': 2, 'findings': 2}]"
runs 0 lockenv check --json env.lock
json 'd["ok"], d["locks"][0]["consistent"], d["locks"][0]["findings"]' '(True, True, [])'
json 'd["locks"][0]["hosts"][0]["host"], d["locks"][0]["hosts"][0]["meets"]' "('this host', True)"

# The same fault on two platforms is told once.
solve -q --platform osx-arm64 --virtual __osx=13 hello -o two.lock
sed '/name: greeting/,/license/d' two.lock >bad2.lock
runs 1 lockenv check --host none bad2.lock
is 1 "$(wc -l <"$out")"
out_has 'linux-64, osx-arm64: hello: depends on'
runs 1 lockenv check --host none --platform osx-arm64 bad2.lock
out_has 'bad2.lock: osx-arm64: hello: depends on'

# Several locks: each is told of, and what cannot be read does not end it.
runs 1 lockenv check --host none env.lock bad.lock gpu.lock
out_lacks 'env.lock: '
out_has 'bad.lock: '
err_has 'env.lock is consistent'
err_has 'gpu.lock is consistent'
runs 2 lockenv check --host none none.lock bad.lock env.lock
out_has "none.lock: there is no lock 'none.lock'"
out_has 'bad.lock: linux-64: hello: '
err_has "error: there is no lock 'none.lock'"
err_has 'env.lock is consistent'
sed 's/^version: 1/version: 9/' env.lock >future.lock
runs 2 lockenv check --host none --json future.lock bad.lock
json '[l["lock"] for l in d["locks"]], d["ok"]' "(['future.lock', 'bad.lock'], False)"
json 'd["locks"][0]["error"]["line"], d["locks"][0]["error"]["code"]' '(2, 2)'
runs 2 lockenv check --host none --json future.lock
json 'd["error"]["file"], d["error"]["line"]' "('future.lock', 2)"

# Credentials are refused while the lock is read, and not shown.
sed 's|url: file://|url: https://user:secret@h.example.org|' env.lock >cred.lock
runs 2 lockenv check cred.lock
err_has 'credentials'
err_lacks secret
out_lacks secret

# Warnings: fields that this version does not know, plain http; with --strict they are findings.
sed '2s/$/\nflavour: mint/' env.lock >new.lock
runs 0 lockenv check --host none new.lock
out_is ''
err_has "warning: new.lock:3: unknown field 'flavour'"
runs 0 lockenv check --host none --json new.lock
json 'd["locks"][0]["warnings"][0]["kind"]' unknown-field
runs 1 lockenv check --host none --strict new.lock
out_has "new.lock:3: unknown field 'flavour'"
sed 's|url: file://|url: http://h.example.org|' env.lock >http.lock
runs 0 lockenv check --host none http.lock
err_has 'is plain http'
is 1 "$(grep -c '^warning: ' "$err")"
runs 1 lockenv check --host none --strict http.lock
out_has 'is plain http'
# What lockenv would write otherwise is a note, with --strict a finding.
sed 's/license: MIT/license: "MIT"/' env.lock >quoted.lock
runs 0 lockenv check --host none quoted.lock
is 'quoted.lock is consistent' "$(cat "$err")"
runs 0 lockenv check --host none -v quoted.lock
err_has 'does not stand as lockenv writes it'
runs 1 lockenv check --host none --strict quoted.lock
line=$(diff env.lock quoted.lock | sed -n '1s/c.*//p')
out_has "quoted.lock: line $line"
runs 0 lockenv check --host none --strict env.lock
sed '/^      md5: /d' env.lock >plain.lock
runs 0 lockenv check --host none -v plain.lock
err_has 'plain.lock: 3 packages have no md5, 0 have no size'

# The environment file beside the lock.
mkdir project
cp env.lock project/
cat >project/environment.yml <<END
channels: [$test_channel]
dependencies:
- hello
- oldtool
END
runs 0 lockenv check --host none project/env.lock
is 'project/env.lock is consistent and up to date with project/environment.yml' "$(cat "$err")"
cd project
runs 0 lockenv check --host none env.lock
err_has 'up to date with environment.yml'
cd ..
# Another spelling of the same spec is the same; another order is not.
sed -i 's/- hello/- "hello[version='\''*'\'']"/' project/environment.yml
runs 0 lockenv check --host none project/env.lock
cat >project/environment.yml <<END
channels: [$test_channel]
dependencies:
- oldtool
- hello
END
runs 1 lockenv check --host none project/env.lock
out_has 'the specs stand in another order'
# Each thing that the file has otherwise.
cat >project/environment.yml <<END
name: x
channels: [$test_channel, conda-forge]
platforms: [linux-64, osx-arm64]
dependencies:
- hello 1.*
- gpu-app
- winonly  # [win]
variables: {A: b}
END
runs 1 lockenv check --host none --json project/env.lock
json 'sorted({f["kind"] for f in d["locks"][0]["findings"]})' \
	"['channels-changed', 'platforms-changed', 'specs-changed', 'variables-changed']"
json '[f["packages"] for f in d["locks"][0]["findings"] if f["kind"] == "specs-changed"]' \
	"[['hello'], ['gpu-app'], ['oldtool']]"
json '{f["hint"] for f in d["locks"][0]["findings"]}' \
	"{'lock again: lockenv solve -o project/env.lock'}"
runs 1 lockenv check --host none project/env.lock
out_has 'osx-arm64: project/environment.yml asks for this platform'
out_has 'names channel https://conda.anaconda.org/conda-forge, which the lock is not solved with'
out_has 'variable A of project/environment.yml is not in the lock'
out_has "hello: project/environment.yml asks for 'hello 1.*', the lock answers 'hello'"
out_has "oldtool: the lock answers 'oldtool', which project/environment.yml does not ask for"
out_lacks winonly
err_has 'hint: lock again: lockenv solve -o project/env.lock'
runs 0 lockenv check --host none -f none project/env.lock
# What a solve makes of the file is current: addresses, channels that specs name, what is left to pip.
oldtool=$(cd "$channels/test/linux-64" && ls oldtool-0.9-*)
cat >project/environment.yml <<END
channels: [$test_channel]
dependencies:
- $test_channel::hello
- $test_channel/linux-64/$oldtool
- pip:
  - requests
variables: {B: c, A: b}
END
lockenv solve -q --override-channels -c "$test_channel" --platform linux-64 --without-pip \
	-f project/environment.yml -o project/env.lock >/dev/null 2>&1
runs 0 lockenv check --host none project/env.lock
err_lacks requests
sed -i 's/B: c/B: secret-value/' project/environment.yml
runs 1 lockenv check --host none project/env.lock
out_has 'variable B of project/environment.yml has another value in the lock'
out_lacks secret-value
# A lock of another name answers the file of that name, not environment.yml.
cp project/env.lock project/other.lock
runs 0 lockenv check --host none project/other.lock
is 'project/other.lock is consistent' "$(cat "$err")"
cp project/environment.yml project/other.yaml
runs 1 lockenv check --host none project/other.lock
out_has 'variable B of project/other.yaml has another value in the lock'
err_has 'hint: lock again: lockenv solve -f project/other.yaml -o project/other.lock'
# -f: other files; several are one; a bad one is named with its place.
printf 'hello\n' >list.txt
printf 'oldtool\n' >list2.txt
runs 0 lockenv check --host none -f list.txt -f list2.txt env.lock
err_has 'up to date with list.txt, list2.txt'
runs 1 lockenv check --host none -f list.txt env.lock
out_has "oldtool: the lock answers 'oldtool', which list.txt does not ask for"
err_has 'hint: lock again: lockenv solve -f list.txt -o env.lock'
# An @EXPLICIT list too: no channel is named in it.
printf '@EXPLICIT\n%s\n' "$test_channel/linux-64/$oldtool" >explicit.txt
lockenv solve -q --platform linux-64 -f explicit.txt -o explicit.lock >/dev/null 2>&1
runs 0 lockenv check --host none -f explicit.txt explicit.lock
err_has 'up to date with explicit.txt'
runs 2 lockenv check --host none -f no-such.yml env.lock
err_has no-such.yml
printf 'dependencies:\n- "hello >="\n' >broken.yml
runs 2 lockenv check --host none -f broken.yml env.lock
err_has 'broken.yml:2:'

# The host: 7 when it is all that is wrong, 1 when there is a finding too.
runs 7 env CONDA_OVERRIDE_CUDA= lockenv check gpu.lock
out_has 'gpu.lock: this host does not meet it: __cuda >=12.4 (asked for by gpu-app; it has none)'
err_has 'error: gpu.lock: this host does not meet what the lock requires: __cuda >=12.4'
err_has 'hint: use a host that has it'
sed '/name: greeting/,/license/d' gpu.lock >badgpu.lock
runs 1 env CONDA_OVERRIDE_CUDA= lockenv check badgpu.lock
out_has 'does not meet it'
out_has greeting
runs 7 env CONDA_OVERRIDE_CUDA= lockenv check --json gpu.lock
json 'd["ok"], d["locks"][0]["consistent"], d["locks"][0]["hosts"][0]["meets"]' '(False, True, False)'
json 'd["locks"][0]["hosts"][0]["unmet"]' \
	"[{'requirement': '__cuda >=12.4', 'package': 'gpu-app', 'has': None}]"

# A fleet: a line a node, by the names of its files.
mkdir nodes
CONDA_OVERRIDE_CUDA='' lockenv info --json >nodes/cpu.json
CONDA_OVERRIDE_CUDA=12.2 lockenv info --json >nodes/old-driver.json
CONDA_OVERRIDE_CUDA=12.8 lockenv info --json >nodes/gpu.json
sed 's/"linux-64"/"linux-aarch64"/' nodes/gpu.json >nodes/arm.json
echo 'no profile' >nodes/README
if grep -q "$(uname -n)" nodes/cpu.json; then
	fail 'a profile names its host'
fi
runs 7 lockenv check gpu.lock --host nodes
cat >expected <<'END'
gpu.lock: arm does not meet it: the lock has no platform linux-aarch64 (it has linux-64)
gpu.lock: cpu does not meet it: __cuda >=12.4 (asked for by gpu-app; it has none)
gpu.lock: gpu meets it (linux-64)
gpu.lock: old-driver does not meet it: __cuda >=12.4 (asked for by gpu-app; it has 12.2)
END
same "$out" expected
err_has 'error: gpu.lock: 3 of 4 hosts do not meet what the lock requires, the first: arm: '
runs 7 lockenv check --platform linux-64 gpu.lock --host nodes/
out_has 'gpu.lock: arm is not judged: it is linux-aarch64'
err_has '2 of 4 hosts'
runs 7 lockenv check --json --platform linux-64 gpu.lock --host nodes
json '[(h["host"], h["meets"]) for h in d["locks"][0]["hosts"]]' \
	"[('arm', None), ('cpu', False), ('gpu', True), ('old-driver', False)]"
json 'd["locks"][0]["hosts"][3]["profile"], d["locks"][0]["hosts"][3]["unmet"][0]["has"]' \
	"('nodes/old-driver.json', '12.2')"
rm nodes/arm.json
runs 0 lockenv check env.lock --host nodes
is 3 "$(wc -l <"$out")"
err_has 'env.lock is consistent and fit for 3 of 3 hosts'
# One profile is as this host: a line only when something is amiss.
runs 0 lockenv check gpu.lock --host nodes/gpu.json
out_is ''
err_has 'fit for gpu'
runs 7 lockenv check gpu.lock --host nodes/cpu.json
out_has 'gpu.lock: cpu does not meet it'
# Repeated; the same name twice goes by the paths; this host among them.
mkdir more
cp nodes/gpu.json more/gpu.json
runs 0 lockenv check gpu.lock --host nodes/gpu.json --host more
out_has 'gpu.lock: nodes/gpu.json meets it'
out_has 'gpu.lock: more/gpu.json meets it'
runs 0 lockenv check env.lock --host this --host nodes/gpu.json
out_has 'env.lock: this host meets it'
runs 2 lockenv check env.lock --host none --host this
mkdir nothing
runs 2 lockenv check env.lock --host nothing
err_has "there is no node profile in 'nothing'"
runs 2 lockenv check env.lock --host nothing/at-all.json
err_has "there is no node profile 'nothing/at-all.json'"
# A profile is read strictly, and told with its place.
printf '{"platform": "linux-64",\n "virtual_packages": [\n  {"name": "__cuda", "version": 12.4}]}\n' \
	>nodes/typed.json
runs 2 lockenv check env.lock --host nodes
err_has 'nodes/typed.json:3:'
err_has 'a version, as text'

# A lock for other platforms than this host's is not held against it.
solve -q --platform osx-arm64 --virtual __osx=13 hello -o mac.lock
sed -i '/^  linux-64:/,/^  osx-arm64:/{/^  osx-arm64:/!d}' mac.lock
runs 0 lockenv check mac.lock
is 'mac.lock is consistent' "$(cat "$err")"
runs 7 lockenv check mac.lock --host this
out_has 'the lock has no platform linux-64 (it has osx-arm64)'
runs 7 lockenv check --platform win-64 mac.lock

#!/bin/sh
# solve: what machines of a platform offer. Defaults are told and locked; this machine is looked at for --host this only.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
bare() {
	lockenv solve --override-channels -c "$test_channel" "$@"
}

# Defaults: told once, then locked.
runs 0 bare --platform linux-64 hello -o env.lock
err_has 'linux-64 is taken to have __archspec x86_64, __glibc 2.28, __linux 4.18, no __cuda; --cuda'
has env.lock '__archspec: 0=x86_64'
has env.lock '__glibc: 2.28=0'
runs 0 bare --platform linux-64 hello -o env.lock
err_lacks 'taken to have'
# Only what nobody has said is told; nothing when all is said.
runs 0 bare --platform linux-64 --glibc 2.17 --cuda none hello -o said.lock
err_has 'linux-64 is taken to have __archspec x86_64, __linux 4.18; '
runs 0 bare --platform linux-64 --glibc 2.17 --cuda 12.4 --archspec x86_64_v3 --virtual __linux=5.14 hello -o all.lock
err_lacks 'taken to have'
runs 0 bare --quiet --platform linux-64 hello -o quiet.lock
err_lacks 'taken to have'

# Several platforms: each has its own defaults, and takes what concerns it alone.
runs 0 env CONDA_OVERRIDE_OSX=12.3 CONDA_OVERRIDE_LINUX=5.14 CONDA_OVERRIDE_WIN=11.0 CONDA_OVERRIDE_GLIBC=2.31 \
	lockenv solve --override-channels -c "$test_channel" --platform linux-64 --platform osx-arm64 \
	--platform linux-aarch64 --archspec x86_64_v3 hello -o many.lock
is '__osx: 12.3=0' "$(grep -o '__osx: .*' many.lock)"
is 2 "$(grep -c '__linux: 5.14=0' many.lock)"
is 2 "$(grep -c '__glibc: 2.31=0' many.lock)"
is 1 "$(grep -c '__archspec: 1=x86_64_v3' many.lock)"
is 2 "$(grep -c '__archspec: 0=aarch64' many.lock)"
is 0 "$(grep -c '__win' many.lock || true)"
err_has 'osx-arm64 is taken to have __archspec aarch64, no __cuda'
runs 0 bare --platform linux-64 --archspec x86_64 hello -o generic.lock
has generic.lock '__archspec: 0=x86_64'
runs 0 bare --platform linux-64 --archspec none hello -o none.lock
is 0 "$(grep -c __archspec none.lock || true)"
runs 0 env CONDA_OVERRIDE_GLIBC= CONDA_OVERRIDE_CUDA=12.6 lockenv solve --override-channels -c "$test_channel" \
	--platform linux-64 hello -o gone.lock
is 0 "$(grep -c '__glibc' gone.lock || true)"
has gone.lock '__cuda: 12.6=0'
runs 2 env CONDA_OVERRIDE_CUDA=new lockenv solve -c "$test_channel" hello -o bad.lock
err_has "'new' is no version of __cuda"

# A machine's profile stands for the defaults; CONDA_OVERRIDE_* and options still win over it.
cat >node.json <<'JSON'
{"platform": "linux-64", "virtual_packages": [
  {"name": "__archspec", "version": "1", "build": "x86_64_v4"},
  {"name": "__cuda", "version": "12.8", "build": "0"},
  {"name": "__glibc", "version": "2.34", "build": "0"},
  {"name": "__linux", "version": "5.14.0", "build": "0"},
  {"name": "__unix", "version": "0", "build": "0"}]}
JSON
runs 0 bare --platform linux-64 --host node.json gpu-app -o node.lock
err_lacks 'taken to have'
has node.lock '__archspec: 1=x86_64_v4'
has node.lock '__cuda: 12.8=0'
runs 0 bare --platform linux-64 --host node.json --cuda 12.5 gpu-app -o node.lock
has node.lock '__cuda: 12.5=0'
has node.lock '__glibc: 2.34=0'
# ... and over an existing lock's target; without --host that one stays.
runs 0 bare --platform linux-64 gpu-app -o node.lock
has node.lock '__cuda: 12.5=0'
runs 0 bare --platform linux-64 --host node.json gpu-app -o node.lock
has node.lock '__cuda: 12.8=0'
# Of the other platforms it says nothing.
runs 0 bare --platform linux-64 --platform osx-arm64 --host node.json hello -o two.lock
err_has 'osx-arm64 is taken to have'
err_lacks 'linux-64 is taken to have'
runs 2 bare --platform osx-arm64 --host node.json hello -o bad.lock
err_has '--host describes a machine of linux-64, which is not solved for'
err_has 'add --platform linux-64'
runs 2 bare --host no-such.json hello -o bad.lock
printf '{"platform": "linux-64"}' >empty.json
runs 2 bare --platform linux-64 --host empty.json hello -o bad.lock
err_has "empty.json:1:1: no node profile"
printf '{"virtual_packages": []}' >anywhere.json
runs 2 bare --platform linux-64 --host anywhere.json hello -o bad.lock
err_has 'does not say its platform'
absent bad.lock

# This machine: looked at when asked for, and not before.
native=$(lockenv info --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["platform"])')
case $native in
linux-64 | linux-aarch64)
	runs 0 bare --platform "$native" --host this hello -o this.lock
	lockenv info --json >info.json
	runs 0 bare --platform "$native" --host info.json hello -o info.lock
	same this.lock info.lock
	err_lacks 'taken to have'
	;;
*) part "no fixtures for $native" ;;
esac
looks() {
	ASAN_OPTIONS=detect_leaks=0 strace -f -o trace lockenv solve --override-channels -c "$test_channel" \
		--platform "$native" "$@" >"$out" 2>"$err" </dev/null || fail 'strace'
	grep -cE '^[0-9 ]*uname\(|/proc/driver/' trace || true
}
if strace -o trace true 2>/dev/null && [ -e this.lock ]; then
	is 0 "$(looks hello -o trace.lock)"
	[ "$(looks --host this hello -o trace.lock)" -gt 0 ] || fail 'a look at the machine leaves no trace'
else
	part 'no strace: that solve does not look at the machine is not shown'
fi

# What a spec's text draws is told once, however many platforms have it.
runs 0 lockenv solve --override-channels -c "$test_channel" --platform linux-64 --platform linux-aarch64 \
	'greeting >=1.4.*' -o once.lock
is 1 "$(grep -c "'.\*' after an order operator is ignored" "$err")"

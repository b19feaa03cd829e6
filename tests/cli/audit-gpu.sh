#!/bin/sh
# Code for GPUs: held against GPUs and drivers, recorded in locks, told by diff. The fat binaries are
# real ones of a kernel of our own (tests/data/fatbin).
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v gcc >/dev/null || skip 'there is no gcc'
[ "$(uname -m)" = x86_64 ] || skip 'the libraries are made for x86-64'
data=$root/tests/data/fatbin

# gpu_library FILE FATBIN...: a library with these one after the other.
gpu_library() {
	file=$1
	shift
	mkdir -p "$(dirname "$file")"
	{
		printf '.section .nv_fatbin,"a"\n'
		for fatbin in "$@"; do
			printf '.balign 64\n.incbin "%s/%s.fatbin"\n' "$data" "$fatbin"
		done
		printf '.section .note.GNU-stack,"",@progbits\n'
	} >code.s
	gcc -shared -nostdlib -o "$file" code.s
}
# profile NAME CUDA ARCH
profile() {
	printf '{"platform": "linux-64", "virtual_packages": [
{"name": "__glibc", "version": "2.28", "build": "0"},
{"name": "__cuda", "version": "%s", "build": "0"},
{"name": "__cuda_arch", "version": "%s", "build": "0"}]}\n' "$2" "$3" >"$1.json"
}

# ---- an environment ----

gpu_library env/lib/libptx.so lz4
gpu_library env/lib/libmany.so zstd concat
runs 0 lockenv audit env
out_has 'code for GPUs: files of no package: sm_75 sm_80 sm_86 sm_90a sm_100f sm_103a sm_120 sm_120f sm_121a compute_75 compute_90a compute_100f compute_120 lto_80'
runs 0 lockenv audit --json env
json "[(c['path'], c['entries'], c['gpu'][0], len(c['gpu'])) for c in d['environments'][0]['device_code']]" \
	"[('lib/libmany.so', 17, 'sm_75', 13), ('lib/libptx.so', 2, 'sm_75', 2)]"
runs 0 lockenv audit env --gpu 7.5
runs 1 lockenv audit env --gpu sm_70
out_has 'lib/libmany.so (and 1 more) has no code for sm_70 (has sm_75 sm_80 '
runs 0 lockenv audit env --gpu 7.0 --ignore sm_70
# A GPU for which there is PTX alone: does the driver know it?
runs 0 lockenv audit env --gpu 8.6,9.0
out_has 'hint: lib/libptx.so runs on sm_86 only as PTX that the driver compiles: that takes a driver for CUDA 13.5 or newer'
runs 1 lockenv audit env --gpu 8.6 --strict
runs 0 lockenv audit env --gpu 8.6 --cuda 13.5
out_lacks hint
runs 1 lockenv audit env --gpu 8.6 --cuda 12.4
out_has 'CUDA 13.5 or newer, and there is 12.4'
# By nodes.
profile new 13.5 9.0
profile old 13.5 7.0
runs 0 lockenv audit env --host new.json
runs 1 lockenv audit --json env --host new.json --host old.json
json "[(f['path'], f['what'], f['target']) for f in d['environments'][0]['findings'] if f['level'] == 'finding']" \
	"[('lib/libmany.so', 'sm_70', 'old'), ('lib/libptx.so', 'sm_70', 'old')]"
# The runtime against the driver.
: >env/lib/libcudart.so.12.6.77
ln -s libcudart.so.12.6.77 env/lib/libcudart.so.12
runs 0 lockenv audit env --cuda 12.2
runs 1 lockenv audit env --cuda 11.4
out_has 'lib/libcudart.so.12.6.77 is the runtime of CUDA 12.6, which takes a driver for CUDA 12.0 or newer (525.60.13); the driver there is for 11.4'
rm env/lib/libcudart.so.12*
# What is not what it says.
gpu_library env/lib/liblie.so plain
"$python" - env/lib/liblie.so <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    data = f.read()
    f.seek(data.index(b"\x50\xed\x55\xba\x01\x00\x10\x00") + 16 + 28)
    f.write(b"\x56")
END
runs 1 lockenv audit env
out_has 'lib/liblie.so has device code that says it is sm_86 and is for 7.5'
rm env/lib/liblie.so
runs 2 lockenv audit env --gpu volta
err_has 'give compute capabilities'
runs 2 lockenv audit env --gpu 7.0,
runs 2 lockenv audit env --cuda new

# ---- facts ----

# package NAME VERSION: of what lies in the folder NAME-VERSION.
package() {
	mkdir -p "$1-$2/info" chan/linux-64
	printf '{"name": "%s", "version": "%s", "build": "0", "build_number": 0, "subdir": "linux-64", "depends": []}\n' \
		"$1" "$2" >"$1-$2/info/index.json"
	(cd "$1-$2" && find . -type f -path './lib/*' | sed 's,^\./,,' | sort >info/files)
	tar -C "$1-$2" --sort=name --owner=0 --group=0 -cjf "chan/linux-64/$1-$2-0.tar.bz2" .
}
gpu_library torch-1.0/lib/libkernels.so zstd
gpu_library torch-2.0/lib/libkernels.so concat
for version in 1.0 2.0; do
	printf 'int puts(const char *);\nint f(void) { return puts("x"); }\n' >host.c
	gcc -shared -fPIC -o torch-$version/lib/libhost.so host.c
	package torch $version
done
mkdir -p plain-1/lib
echo text >plain-1/lib/text
package plain 1
runs 0 lockenv index -q chan
solve() {
	runs 0 lockenv solve -q --override-channels -c "file://$PWD/chan" --platform linux-64 "$@"
}
solve 'torch 1.0' plain -o old.lock
solve 'torch 2.0' plain -o new.lock
runs 2 lockenv fetch --locked old.lock
cp old.lock bare.lock
runs 1 lockenv fetch --facts --locked old.lock
err_has 'old.lock has other facts than its archives'
same old.lock bare.lock
runs 0 lockenv fetch --facts old.lock new.lock
err_has 'old.lock has their facts now'
has old.lock '      glibc: 2.2.5'
has old.lock '      gpu: sm_75 sm_80 sm_86 sm_90a sm_100f sm_120 sm_121a compute_90a compute_100f compute_120 lto_80'
is "$(grep -c gpu: old.lock)" 1
# A second time, and solved again: nothing changes.
cp old.lock facts.lock
runs 0 lockenv fetch --facts --locked old.lock
runs 0 lockenv fetch -q --facts old.lock
same old.lock facts.lock
solve 'torch 1.0' plain -o old.lock
same old.lock facts.lock
runs 0 lockenv check --host new.json old.lock
# A fact that is not so is found.
sed 's/gpu: .*/gpu: sm_50/' facts.lock >old.lock
cp old.lock lie.lock
runs 1 lockenv fetch --facts --locked old.lock
err_has "torch 1.0 has gpu 'sm_75 sm_80 "
err_has "', not 'sm_50' as the lock says"
same old.lock lie.lock
runs 0 lockenv fetch --facts old.lock
same old.lock facts.lock
# What an upgrade loses.
runs 1 lockenv diff old.lock new.lock
out_has 'no code for a GPU any more (1)'
out_has 'lost sm_86 sm_100f sm_120 sm_121a compute_100f compute_120 lto_80'
out_has 'gained sm_103a sm_120f'
runs 1 lockenv diff --json old.lock new.lock
json "[(c['name'], 'gpu-lost' in c['changes'], c['to']['glibc']) for p in d['platforms'] for c in p['packages']]" \
	"[('torch', True, '2.2.5')]"
runs 1 lockenv diff --format markdown old.lock new.lock
# shellcheck disable=SC2016 # Markdown's
out_has 'lost `sm_86'
runs 1 lockenv diff --format html old.lock new.lock
out_has 'lost <'
# Elsewhere.
runs 0 lockenv export old.lock --to pixi
err_has 'glibc and gpu'
runs 0 lockenv list --json old.lock
json "[p.get('glibc', '') for p in d]" "['', '2.2.5']"
runs 0 lockenv pack -q --no-installer old.lock -o old.lockpack
runs 2 lockenv fetch --facts old.lockpack
exit "$failed"

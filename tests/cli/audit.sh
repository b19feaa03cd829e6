#!/bin/sh
# audit finds what the dynamic loader would not: what it says is held against programs that are run.
# shellcheck disable=SC2016 # $ORIGIN is for the dynamic loader
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v gcc >/dev/null || skip 'there is no gcc'
[ "$(uname -m)" = x86_64 ] || skip 'the libraries are made for x86-64'

# library FILE SONAME FUNCTION [ARG...]: calls all of $calls.
library() {
	file=$1 soname=$2 function=$3
	shift 3
	mkdir -p "$(dirname "$file")"
	{
		for call in ${calls:-}; do printf 'int %s(void);\n' "$call"; done
		printf 'int %s(void) { return 0' "$function"
		for call in ${calls:-}; do printf ' + %s()' "$call"; done
		printf '; }\n'
	} >"$scratch/source.c"
	gcc -shared -fPIC -Wl,-z,noexecstack -Wl,-soname,"$soname" -o "$file" "$scratch/source.c" "$@"
}
# program FILE FUNCTION [ARG...]
program() {
	file=$1 function=$2
	shift 2
	mkdir -p "$(dirname "$file")"
	printf 'int %s(void);\nint main(void) { return %s(); }\n' "$function" "$function" >"$scratch/source.c"
	gcc -o "$file" "$scratch/source.c" -Wl,--allow-shlib-undefined "$@"
}
# fails TEXT PROGRAM: it is not even started.
fails() {
	! "$2" 2>"$scratch/why" || fail "$2 runs"
	has "$scratch/why" "$1"
}
# Expression over the findings' (level, kind, path, what) of the last run.
found() {
	json "sorted((f['level'], f['kind'], f['path'], f.get('what', '')) for e in d['environments'] \
for f in e['findings'] if f['kind'] $1)" "$2"
}
rpath='-Wl,--disable-new-dtags,-rpath,$ORIGIN/../lib'
runpath='-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib'

# What is whole: DT_RPATH of the program serves the libraries that it loads.
library env/lib/libgood.so.1 libgood.so.1 good
calls=good library env/lib/libchain.so.1 libchain.so.1 chain env/lib/libgood.so.1
program env/bin/tool chain env/lib/libchain.so.1 "$rpath"
runs 0 env/bin/tool
runs 0 lockenv audit env
out_lacks needs
err_has 'env (linux-64): 3 ELF files in 0 packages: 0 findings, 0 hints'
out_has 'highest: GLIBC_2.'

# Environments below it, also a tree that an install set aside at its top, are audits of their own.
for nested in env/.lockenv-previous env/envs/inner; do
	library "$nested/lib/libalone.so" libalone.so alone -Wl,--no-as-needed -L env/lib -l:libgood.so.1
	runs 0 lockenv audit env # a folder like any other
	err_has "env (linux-64): 4 ELF files in 0 packages: 0 findings, 1 hint"
	mkdir "$nested/conda-meta"
	: >"$nested/conda-meta/history"
	runs 0 lockenv audit env
	err_has 'env (linux-64): 3 ELF files in 0 packages: 0 findings, 0 hints'
done
rm -r env/.lockenv-previous env/envs

# DT_RUNPATH does not: it fails in this program and not in that.
program env/bin/other chain env/lib/libchain.so.1 "$runpath"
fails 'libgood.so.1: cannot open' env/bin/other
runs 1 lockenv audit --json env
found "== 'missing'" "[('finding', 'missing', 'lib/libchain.so.1', 'libgood.so.1')]"
runs 1 lockenv audit env
out_has 'lib/libchain.so.1 needs libgood.so.1, which is at lib/libgood.so.1, where no search path leads, when bin/other is started'
runs 0 lockenv audit env --ignore libgood.so.1
err_has '1 ignored'
rm env/bin/other

# Folders by $ORIGIN: of a link where the link lies, of a program where the file lies.
calls=good library env/lib/real/libfar.so.1 libfar.so.1 far env/lib/libgood.so.1 -Wl,--enable-new-dtags,-rpath,'$ORIGIN/near'
ln -s real/libfar.so.1 env/lib/libfar.so.1
program env/libexec/deep/far far env/lib/libfar.so.1 -Wl,--enable-new-dtags,-rpath,'${ORIGIN}/../../lib'
ln -s ../libexec/deep/far env/bin/far
mkdir env/lib/real/near
ln -s ../../libgood.so.1 env/lib/real/near/libgood.so.1
fails 'libgood.so.1: cannot open' env/bin/far
runs 1 lockenv audit --json env
found "== 'missing'" "[('finding', 'missing', 'lib/real/libfar.so.1', 'libgood.so.1')]"
mv env/lib/real/near env/lib/near
ln -sf ../libgood.so.1 env/lib/near/libgood.so.1
runs 0 env/bin/far
runs 0 lockenv audit env
rm -r env/lib/near env/lib/real env/lib/libfar.so.1 env/libexec env/bin/far

# Modules of python find what python's own DT_RPATH finds, and what python has loaded.
site=env/lib/python3.11/site-packages
calls=good library $site/m.cpython-311-x86_64-linux-gnu.so m.so m env/lib/libgood.so.1
runs 1 lockenv audit --json env
found "== 'missing'" "[('finding', 'missing', '${site#env/}/m.cpython-311-x86_64-linux-gnu.so', 'libgood.so.1')]"
cp env/bin/tool env/bin/python3.11
ln -s python3.11 env/bin/python
runs 0 lockenv audit env
# A library that another module brings in: only then.
library $site/p/lib/libp.so libp.so p
calls=p library $site/p/_C.cpython-311-x86_64-linux-gnu.so _C.so c $site/p/lib/libp.so -Wl,-rpath,'$ORIGIN/lib'
calls=p library $site/q/_D.cpython-311-x86_64-linux-gnu.so _D.so d $site/p/lib/libp.so
runs 0 lockenv audit --json env
found "== 'missing'" "[('hint', 'missing', '${site#env/}/q/_D.cpython-311-x86_64-linux-gnu.so', 'libp.so')]"
runs 1 lockenv audit --strict env
rm -r env/lib/python3.11 env/bin/python*

# Nowhere, but another version is there; a file for another machine is passed over.
library stub/libfoo.so libfoo.so.3 foo
library env/lib/libfoo.so.2 libfoo.so.2 foo
calls=foo library env/lib/libbar.so.1 libbar.so.1 bar stub/libfoo.so -Wl,-rpath,'$ORIGIN'
runs 1 lockenv audit env
out_has 'lib/libbar.so.1 needs libfoo.so.3, which is nowhere in the environment; there is lib/libfoo.so.2'
cp stub/libfoo.so env/lib/libfoo.so.3
printf '\267' | dd of=env/lib/libfoo.so.3 bs=1 seek=18 conv=notrunc 2>/dev/null # EM_AARCH64
runs 1 lockenv audit env
out_has 'lib/libfoo.so.3 is for AArch64, not for linux-64 (x86-64)'
out_has 'lib/libbar.so.1 needs libfoo.so.3, which is nowhere in the environment; lib/libfoo.so.3 is for AArch64'
# For that machine it is the other way round.
runs 1 lockenv audit --json --platform linux-aarch64 env
found "== 'machine'" "[('finding', 'machine', 'bin/tool', 'x86-64'), ('finding', 'machine', 'lib/libbar.so.1', 'x86-64'), \
('finding', 'machine', 'lib/libchain.so.1', 'x86-64'), ('finding', 'machine', 'lib/libfoo.so.2', 'x86-64'), \
('finding', 'machine', 'lib/libgood.so.1', 'x86-64')]"
# No library at all, and one that is cut off.
echo 'INPUT(libfoo.so.2)' >env/lib/libfoo.so.3
runs 1 lockenv audit env
out_has 'lib/libbar.so.1 needs libfoo.so.3, but lib/libfoo.so.3 is no library'
head -c 5000 stub/libfoo.so >env/lib/libfoo.so.3
runs 1 lockenv audit env
out_has 'lib/libfoo.so.3 is not a whole ELF file: it is cut off'
rm env/lib/libfoo.so.* env/lib/libbar.so.1

# Symbol versions: a library that defines fewer than it did when it was linked with.
printf 'V_1.9 { global: v; local: *; };\nV_1.10 { global: w; } V_1.9;\n' >new.map
printf 'V_1.9 { global: v; local: *; };\n' >old.map
printf 'int v(void) { return 0; }\nint w(void) { return 0; }\n' >v.c
gcc -shared -fPIC -Wl,-soname,libv.so.1 -Wl,--version-script=new.map -o stub/libv.so v.c
gcc -shared -fPIC -Wl,-soname,libv.so.1 -Wl,--version-script=old.map -o env/lib/libv.so.1 v.c
program env/bin/v w stub/libv.so "$rpath"
fails "version \`V_1.10' not found" env/bin/v
runs 1 lockenv audit env
out_has 'bin/v needs V_1.10 of libv.so.1, which lib/libv.so.1 does not have: it has up to V_1.9'
cp stub/libv.so env/lib/libv.so.1
runs 0 env/bin/v
runs 0 lockenv audit env
rm env/bin/v env/lib/libv.so.1

# The target's glibc, and what it has otherwise: its processor, its loader.
runs 1 lockenv audit --json --glibc 2.2 env
json "{f['kind'] for e in d['environments'] for f in e['findings']}" "{'glibc'}"
json "d['ok'], d['environments'][0]['targets']" "(False, [{'glibc': '2.2'}])"
mkdir nodes
for node in old:2.2:x86_64 new:2.99:x86_64_v3; do
	printf '{"platform": "linux-64", "virtual_packages": [{"name": "__glibc", "version": "%s", "build": "0"},
		{"name": "__archspec", "version": "1", "build": "%s"}]}' \
		"$(echo $node | cut -d: -f2)" "${node##*:}" >nodes/${node%%:*}.json
done
runs 0 lockenv audit --host nodes/new.json env
runs 1 lockenv audit --host nodes env
out_has '; old has glibc 2.2'
printf 'int l;\n' >level.c
gcc -shared -fPIC -Wl,-z,x86-64-v3 -o env/lib/liblevel.so level.c
runs 0 lockenv audit env --host nodes/new.json
runs 1 lockenv audit env --glibc 2.99 --archspec x86_64_v2
out_has 'lib/liblevel.so needs a processor of level x86-64-v3; the target is of level 2'
rm env/lib/liblevel.so
program env/bin/musl good env/lib/libgood.so.1 "$rpath" -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1
program env/bin/build good env/lib/libgood.so.1 "$rpath:/home/builder/lib" -Wl,-z,execstack
gcc -shared -fPIC -Wl,-z,execstack -o env/lib/libstack.so level.c
runs 1 lockenv audit --json env
found "not in ('host',)" "[('finding', 'interpreter', 'bin/musl', '/lib/ld-musl-x86_64.so.1'), \
('hint', 'path', 'bin/build', '/home/builder/lib'), ('hint', 'stack', 'lib/libstack.so', '')]"
runs 1 lockenv audit env --glibc 2.41
out_has 'lib/libstack.so asks for an executable stack'
rm env/bin/musl env/bin/build env/lib/libstack.so
# Other systems' programs are a note; text and empty files are nothing.
printf 'MZ%58s\100\0\0\0PE\0\0' '' >env/lib/launcher.exe
: >env/lib/empty
runs 0 lockenv audit --json env
found "== 'foreign'" "[('note', 'foreign', 'lib/launcher.exe', 'Windows')]"
rm env/lib/launcher.exe

# ---- packages ----

placeholder=/opt/$(printf 'placehold_%.0s' 1 2 3 4 5 6 7 8 9)
# package NAME VERSION [DEPENDS]: of what lies in the folder NAME; its info beside it.
package() {
	mkdir -p "$1/info" chan/linux-64
	PLACEHOLDER=$placeholder "$python" - "$@" <<'END'
import hashlib, json, os, sys
name, version = sys.argv[1:3]
paths = []
for folder, _, files in os.walk(name):
    for file in sorted(files):
        path = os.path.join(folder, file)
        inside = os.path.relpath(path, name)
        if inside.startswith("info/"):
            continue
        one = {"_path": inside, "path_type": "softlink" if os.path.islink(path) else "hardlink"}
        with open(path, "rb") as f:
            data = f.read()
        one.update(sha256=hashlib.sha256(data).hexdigest(), size_in_bytes=len(data))
        if os.environ["PLACEHOLDER"].encode() in data:
            one.update(prefix_placeholder=os.environ["PLACEHOLDER"], file_mode="binary")
        paths.append(one)
with open(f"{name}/info/paths.json", "w") as f:
    json.dump({"paths": paths, "paths_version": 1}, f)
with open(f"{name}/info/index.json", "w") as f:
    json.dump({"name": name, "version": version, "build": "0", "build_number": 0, "subdir": "linux-64",
               "depends": sys.argv[3:]}, f)
END
	tar -C "$1" --sort=name --owner=0 --group=0 -cjf "chan/linux-64/$1-$2-0.tar.bz2" .
}
mkdir foo bar
library foo/lib/libfoo.so.2 libfoo.so.2 foo
library foo/lib/libgood.so.1 libgood.so.1 good
calls=foo library bar/lib/libbar.so.1 libbar.so.1 bar stub/libfoo.so -Wl,-rpath,'$ORIGIN'
program bar/bin/bar good foo/lib/libgood.so.1 -Wl,--disable-new-dtags,-rpath,"$placeholder/lib"
package foo 2.0
package bar 1.0 foo '__glibc >=2.17'
runs 0 lockenv index -q chan
runs 0 lockenv solve -q --override-channels -c "file://$PWD/chan" --platform linux-64 bar -o bar.lock
runs 6 lockenv audit bar.lock
err_has 'foo-2.0-0.tar.bz2'
runs 1 lockenv audit bar.lock --glibc 2.99 --from chan/linux-64
out_is "$(
	printf 'bar-1.0-0:\n  lib/libbar.so.1 needs libfoo.so.3, which is nowhere in the environment'
	printf '; there is lib/libfoo.so.2 (foo-2.0-0)\n'
	sed -n '/^highest/p' "$out"
)"
is "$(find "$LOCKENV_CACHE" -path '*/archives/*' -o -path '*/trees/*')" ''
lockenv fetch -q bar.lock
runs 1 lockenv audit --json bar.lock
json "d['environments'][0]['targets']" "[{'glibc': '2.17'}]"
runs 1 lockenv audit --json --glibc 2.99 bar.lock
mv "$out" "$scratch/archives"
# all FILE: what it says of the environment, but for its name.
all() {
	"$python" -c 'import json, sys; e = json.load(open(sys.argv[1]))["environments"][0]
e.pop("lock", 0); e.pop("prefix", 0); e.pop("files"); print(json.dumps(e))' "$1"
}
# Extracted, in a bundle, or installed: the same.
runs 0 lockenv install -q bar.lock -p inst
runs 1 lockenv audit --json --glibc 2.99 bar.lock
same "$out" "$scratch/archives"
runs 1 lockenv audit --json inst --glibc 2.99
is "$(all "$out")" "$(all "$scratch/archives")"
runs 0 lockenv pack -q --no-installer bar.lock -o bar.lockpack
runs 1 env LOCKENV_CACHE="$scratch/none" lockenv audit --json --no-cache --glibc 2.99 bar.lockpack
is "$(all "$out")" "$(all "$scratch/archives")"
runs 0 lockenv audit bar.lockpack --lock bar --ignore bar
# Words that mean nothing.
runs 2 lockenv audit
runs 2 lockenv audit inst -p inst
runs 2 lockenv audit nothing.lock
runs 2 lockenv audit inst --glibc new
runs 2 lockenv audit inst --archspec potato
runs 2 lockenv audit inst --platform osx-64
exit "$failed"

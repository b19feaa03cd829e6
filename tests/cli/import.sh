#!/bin/sh
# import: other tools' lock files become locks; what is lost is told, what is unsafe is refused.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
a=1111111111111111111111111111111111111111111111111111111111111111
b=2222222222222222222222222222222222222222222222222222222222222222
c=3333333333333333333333333333333333333333333333333333333333333333
base=https://conda.anaconda.org/conda-forge

# pixi.lock version 6: named environments, PyPI beside conda.
cat >pixi.lock <<END
version: 6
environments:
  default:
    channels:
    - url: $base/
    indexes:
    - https://pypi.org/simple
    packages:
      linux-64:
      - conda: $base/linux-64/app-1.0-h1_0.conda
      - conda: $base/noarch/lib-2.0-pyh_1.tar.bz2
      - pypi: https://files.pythonhosted.org/packages/wheels/thing-1.0-py3-none-any.whl
  cuda:
    channels:
    - url: $base/
    options:
      channel-priority: disabled
      exclude-newer: '2025-04-15T12:15:00+00:00'
    packages:
      linux-64:
      - conda: $base/linux-64/app-1.0-cuda_0.conda
packages:
- conda: $base/linux-64/app-1.0-cuda_0.conda
  sha256: $c
  depends:
  - __cuda >=12
- conda: $base/linux-64/app-1.0-h1_0.conda
  sha256: $a
  md5: 11111111111111111111111111111111
  depends:
  - lib >=2
  - __glibc >=2.17
  constrains:
  - other <1
  license: MIT
  size: 123
- conda: $base/noarch/lib-2.0-pyh_1.tar.bz2
  sha256: $b
- pypi: https://files.pythonhosted.org/packages/wheels/thing-1.0-py3-none-any.whl
  name: thing
  version: '1.0'
END
runs 2 lockenv import pixi.lock
err_has 'pixi.lock:12:9'
err_has 'thing-1.0-py3-none-any.whl'
absent env.lock
runs 0 lockenv import pixi.lock --without-pip
err_has 'warning: pixi.lock:12:9'
err_has 'environment default is taken; --environment takes another: cuda'
err_has 'wrote env.lock'
golden_file import-pixi.lock env.lock
runs 0 lockenv check env.lock --platform linux-64
# A lock that nobody named is not replaced.
runs 2 lockenv import pixi.lock --without-pip
err_has 'say -o env.lock'
runs 0 lockenv import pixi.lock --without-pip -o json.lock --json
json 'd["format"], d["complete"], d["pip"], d["platforms"]["linux-64"]["specs"]' \
	"('pixi.lock version 6', False, ['https://files.pythonhosted.org/packages/wheels/thing-1.0-py3-none-any.whl'], ['app'])"
same env.lock json.lock
runs 1 lockenv import pixi.lock --without-pip --strict -o strict.lock
absent strict.lock

# What the target must have is told when it has it not, and can be said.
runs 0 lockenv import pixi.lock --environment cuda -o cuda.lock
err_has "linux-64: app depends on '__cuda >=12', but the lock is solved without __cuda"
has cuda.lock 'channel-priority: disabled'
has cuda.lock "exclude-newer: '2025-04-15T12:15:00Z'"
runs 0 lockenv import pixi.lock --environment cuda --cuda 12.6 --glibc 2.34 -o cuda.lock
err_lacks warning
has cuda.lock '__cuda: 12.6=0'
has cuda.lock '__glibc: 2.34=0'
rm env.lock
runs 2 lockenv import pixi.lock --environment none
err_has 'it has default, cuda'
runs 2 lockenv import pixi.lock --environment cuda --platform osx-64

# pixi.lock version 7: platforms with names of their own, what they offer, packages from source.
cat >seven.lock <<END
version: 7
platforms:
- name: linux-64
- name: gpu
  subdir: linux-64
  virtual-packages: [__cuda=12.9, __unix=0=0, '__libc >= 32']
- name: win-64
environments:
  default:
    channels: [{url: $base/}, {url: defaults}]
    packages:
      linux-64:
      - conda: $base/linux-64/app-1.0-h1_0.conda
      gpu:
      - conda: $base/linux-64/app-1.0-cuda_0.conda
      - conda_source: mine[0123abcd] @ .
      win-64:
      - conda: $base/win-64/app-1.0-0.conda
packages:
- conda: $base/linux-64/app-1.0-cuda_0.conda
  sha256: $c
- conda: $base/linux-64/app-1.0-h1_0.conda
  sha256: $a
- conda: $base/win-64/app-1.0-0.conda
  sha256: $b
- conda_source: mine[0123abcd] @ .
END
runs 2 lockenv import seven.lock -o seven.out
err_has "'linux-64' and 'gpu' both are linux-64"
runs 2 lockenv import seven.lock -o seven.out --platform gpu
err_has 'built from source'
runs 0 lockenv import seven.lock -o seven.out --platform gpu --platform win-64 --without-source
err_has "'__libc >= 32' is left out"
err_has 'mine[0123abcd] @ .'
has seven.out '__cuda: 12.9=0'
has seven.out 'build: cuda_0'
has seven.out 'https://repo.anaconda.com/pkgs/r'
! grep -q h1_0 seven.out || fail 'the platform that nobody asked for'
# A name comes before the subdir of another.
runs 0 lockenv import seven.lock -o seven.out --platform linux-64
has seven.out 'build: h1_0'

# Version 5 tells a package by kind and url; its subdir is the platform's, whatever the address says.
cat >five.lock <<END
version: 5
environments:
  default:
    channels: [{url: $base/}]
    packages:
      linux-64: [{conda: $base/noarch/lib-2-0.conda}]
      osx-64: [{conda: $base/noarch/lib-2-0.conda}]
packages:
- {kind: conda, name: lib, version: '2', build: '0', subdir: osx-64, url: $base/noarch/lib-2-0.conda, sha256: $a, depends: [__osx]}
- {kind: conda, name: lib, version: '2', build: '0', subdir: linux-64, url: $base/noarch/lib-2-0.conda, sha256: $a, depends: [__linux]}
- {kind: pypi, name: x, url: 'https://x/x.whl'}
END
runs 0 lockenv import five.lock -o five.out
is 2 "$(grep -c 'from: conda-forge/noarch/lib-2-0.conda' five.out)"
is '__linux __osx' "$(sed -n '/packages:/,$s/^ *- \(__.*\)/\1/p' five.out | sort -u | tr '\n' ' ' | sed 's/ $//')"
runs 0 lockenv check five.out --platform linux-64

# conda-lock.yml, with CR LF, a byte order mark and an alias in it.
cat >conda-lock.yml <<END
version: 1
metadata:
  content_hash: {linux-64: $c}
  channels:
  - {url: conda-forge, used_env_vars: []}
  platforms: [linux-64]
  sources: [environment.yml]
package:
- &first
  name: lib
  version: '2.0'
  manager: conda
  platform: linux-64
  dependencies: {}
  url: $base/noarch/lib-2.0-pyh_1.tar.bz2
  hash: {md5: 22222222222222222222222222222222, sha256: $b}
  category: main
  optional: false
- name: app
  version: '1.0'
  manager: conda
  platform: linux-64
  dependencies:
    lib: '>=2'
    __glibc: '>=2.17'
  url: $base/linux-64/app-1.0-h1_0.conda
  hash: {md5: 11111111111111111111111111111111, sha256: $a}
  optional: false
- name: tester
  version: '3'
  manager: conda
  platform: linux-64
  url: $base/noarch/tester-3-0.conda
  hash: {sha256: $c}
  category: test
  optional: true
- *first
END
runs 0 lockenv import conda-lock.yml -o env.lock
err_has "category main nor dev, first one of 'test'"
golden_file import-conda-lock.lock env.lock
{ printf '\357\273\277'; sed 's/$/\r/' conda-lock.yml; } >dos.yml
runs 0 lockenv import dos.yml -o dos.lock
same env.lock dos.lock
runs 0 lockenv import conda-lock.yml --category test -o test.lock
has test.lock 'name: tester'
runs 2 lockenv import conda-lock.yml --category none

# An @EXPLICIT list goes the way of solve -f.
lockenv solve -q --override-channels -c "$test_channel" --platform linux-64 --glibc 2.28 hello -o hello.lock
lockenv export hello.lock --to explicit -o list.txt 2>"$err"
runs 0 lockenv import list.txt --glibc 2.28 -o listed.lock
is "$(sed -n 's/^ *sha256: //p' hello.lock)" "$(sed -n 's/^ *sha256: //p' listed.lock)"

# As solve does: a lock that is a symlink is written through, and an error leaves it as it was.
mkdir kept
ln -s kept/real.lock link.lock
runs 0 lockenv import conda-lock.yml -o link.lock
sed "s|sha256: $a||" pixi.lock | sed '/pypi/d' >hostile.lock
[ -L link.lock ] || fail 'the symlink is gone'
cp kept/real.lock before
runs 5 lockenv import hostile.lock -o link.lock
same kept/real.lock before

# A later solve keeps what was imported: local channels too.
runs 0 lockenv export hello.lock --to pixi -o hello.pixi
runs 0 lockenv import hello.pixi -o kept.lock
runs 0 lockenv solve -q -o kept.lock
is "$(sed -n 's/^ *sha256: //p' hello.lock)" "$(sed -n 's/^ *sha256: //p' kept.lock)"

# Not made for it.
rm env.lock
printf 'dependencies:\n- numpy=1.26.4=py312_0\n' >environment.yml
runs 2 lockenv import environment.yml
err_has 'lockenv solve -f'
runs 2 lockenv import hello.lock
err_has 'a lock of lockenv already'
printf '{}' >nothing.json
runs 2 lockenv import nothing.json
runs 2 lockenv import none.yml
printf 'version: 8\nenvironments: {}\npackages: []\n' >new.lock
runs 2 lockenv import new.lock
err_has 'version 8 of pixi.lock is not known'

# Hostile: no file leads out of its place, no secret comes along, no hash may lack.
hostile() {
	sed "$1" pixi.lock >hostile.lock
	runs "$2" lockenv import hostile.lock --without-pip -o hostile.out
	absent hostile.out
}
hostile "s|name: thing|name: thing\n- conda: x|; s|- conda: $base/linux-64/app-1.0-h1_0.conda|- conda: ../app-1.0-h1_0.conda|" 2
hostile "s|sha256: $a||" 5
err_has "has no sha256"
hostile "s|sha256: $a|sha256: 12|" 2
hostile "s|lib >=2|\"lib\\\\x1b[31m\"|" 2
hostile 's|version: 6|version: six|' 2
hostile "s|  depends:|  name: ../../etc/passwd\n  depends:|" 2
hostile "s|  depends:|  subdir: osx-64\n  depends:|" 2
sed "s|https://conda|https://user:hunter2@conda|" pixi.lock >secret.lock
runs 0 lockenv import secret.lock --without-pip -o secret.out
err_has 'the credentials in this address are left out'
! grep -q hunter2 secret.out "$err" || fail 'the secret came along'
# One alias that stands for a million of others.
{
	printf 'environments: {}\npackages:\n- &a0 [x]\n'
	for i in 1 2 3 4 5 6 7 8 9; do
		p=$((i - 1))
		printf -- '- &a%s [*a%s, *a%s, *a%s, *a%s, *a%s, *a%s, *a%s, *a%s, *a%s]\n' "$i" $p $p $p $p $p $p $p $p $p
	done
} >bomb.lock
runs 2 lockenv import bomb.lock
err_has 'stands for too much'

#!/bin/sh
# export: a lock as other tools' files, and what is said of what they cannot carry.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q hello oldtool -o env.lock

# explicit: the platform, the addresses, each after what it needs, and the hash behind it.
runs 0 lockenv export env.lock --to explicit
out_has '# platform: linux-64'
is '@EXPLICIT' "$(sed -n 4p "$out")"
is 'greeting-1.5 hello-2.0 oldtool-0.9' "$(sed -n 's|.*/\([a-z]*-[0-9.]*\)-.*#[0-9a-f]\{64\}$|\1|p' "$out" |
	tr '\n' ' ' | sed 's/ $//')"
is "$(sed -n 's/^ *sha256: //p' env.lock | sort)" "$(sed -n 's/.*#//p' "$out" | grep -E '^[0-9a-f]{64}$' | sort)"
err_has 'warning: explicit has no place for what the lock says of: specs, solved-with, channels'
cp "$out" list
runs 0 lockenv export env.lock --to explicit --sha256 -o list.txt
same list list.txt
runs 0 lockenv export env.lock --to explicit --md5
is 3 "$(grep -cE '#[0-9a-f]{32}$' "$out")"
runs 0 lockenv export env.lock --to explicit -o list.txt --json
json 'd' "{'file': 'list.txt', 'format': 'explicit', 'complete': False}"

# What was exported can be locked again: the same packages.
runs 0 lockenv solve -q -f list.txt --platform linux-64 --glibc 2.28 -o again.lock
is "$(sed -n 's/^ *sha256: //p' env.lock)" "$(sed -n 's/^ *sha256: //p' again.lock)"

# conda-lock.yml, pixi.lock: what they carry comes back as it was.
cat >rich.lock <<'END'
# lockenv lock file. Review changes with: lockenv diff OLD NEW
version: 1
channels:
- name: conda-forge
  url: https://conda.anaconda.org/conda-forge
- name: private
  url: https://example.org/get/private
channel-priority: disabled
exclude-newer: '2026-01-31T00:00:00Z'
variables:
  OMP_NUM_THREADS: '4'
platforms:
  linux-64:
    specs:
    - app
    solved-with:
      __archspec: 1=x86_64_v3
      __cuda: 12.6=0
      __glibc: 2.28=0
      __linux: 4.18=0
      __unix: 0=0
    requires:
      depends:
      - __glibc >=2.17
      constrains:
      - __cuda >=12
    packages:
    - name: app
      version: 1!1.0
      build: py312_0
      from: private/linux-64/app-1!1.0-py312_0.conda
      sha256: 111111111111111111111111111111111111111111111111111111111111111a
      md5: 1111111111111111111111111111111a
      size: 7
      license: MIT
      depends:
      - lib
      - lib >=1,<3 *_openblas
      - lib <2.5|2.9.*
      - __glibc >=2.17
      constrains:
      - __cuda >=12
    - name: lib
      version: '2.0'
      build: h0_openblas
      from: conda-forge/noarch/lib-2.0-h0_openblas.tar.bz2
      sha256: 222222222222222222222222222222222222222222222222222222222222222a
  win-64:
    specs:
    - lib
    solved-with:
      __win: 10.0=0
    packages:
    - name: lib
      version: '2.0'
      build: h0_openblas
      from: conda-forge/noarch/lib-2.0-h0_openblas.tar.bz2
      url: https://mirror.example.org/lib-2.0-h0_openblas.tar.bz2
      sha256: 222222222222222222222222222222222222222222222222222222222222222b
END
for format in conda-lock pixi pixi-v7; do
	runs 0 lockenv export rich.lock --to "$format"
	golden "export-$format"
	golden_error "export-$format"
	cp "$out" "file.$format"
	runs 0 lockenv import "file.$format" -o "$format.lock"
	runs 0 lockenv export "$format.lock" --to "$format"
	# A package whose address is in no channel of the file brings one of its own.
	sed '/url: https:\/\/mirror.example.org$/,+1d' "$out" >again
	sed 's/rich.lock/conda-lock.lock/' "file.$format" >expected
	same again expected
done
# All that a lock of this kind says, but for exclude-newer, variables and the specs.
sed -e '/^exclude-newer/d' -e '/^variables/,+1d' rich.lock >rest.lock
same rest.lock pixi-v7.lock
runs 0 lockenv export rich.lock --to pixi --platform win-64 -o win.lock
has win.lock 'subdir: noarch'
! grep -q linux-64 win.lock || fail 'a platform that nobody asked for'

# environment.yml: exact pins, or the specs; and as micromamba takes it.
for format in environment micromamba; do
	runs 0 lockenv export rich.lock --to "$format" --platform linux-64
	golden "export-$format"
done
runs 0 lockenv export rich.lock --to environment --from-specs --platform linux-64
golden export-specs
err_has 'environment has no place for what the lock says of: solved-with, channel-priority, exclude-newer, url'
err_lacks 'specs'
runs 0 lockenv export env.lock --to environment -o environment.yml
runs 0 lockenv solve -q --override-channels -c "$test_channel" -f environment.yml --platform linux-64 --glibc 2.28 -o pinned.lock
is "$(sed -n 's/^ *sha256: //p' env.lock)" "$(sed -n 's/^ *sha256: //p' pinned.lock)"
runs 2 lockenv export env.lock --to explicit --from-specs

# An environment is exported as if it were a lock.
lockenv fetch -q env.lock
lockenv install -q env.lock -p ./installed
runs 0 lockenv export installed --to explicit
same "$out" list
runs 0 lockenv export -p installed --to environment
sed 's/^name: env$/name: installed/' environment.yml | grep -v nodefaults >expected
grep -v nodefaults "$out" >got
same got expected
runs 0 lockenv export -p installed --to environment --from-specs
out_has '- hello'
out_lacks greeting
rm installed/conda-meta/history
runs 0 lockenv export -p installed --to environment --from-specs
out_has '- hello' # the records tell
unasked installed
runs 2 lockenv export -p installed --to environment --from-specs
err_has 'does not say what was asked for'
sed -i 's|"requested_specs": \[\]|"requested_specs": ["hello >=2"]|' installed/conda-meta/hello-*.json
runs 0 lockenv export -p installed --to environment --from-specs
out_has '- hello >=2'
out_lacks greeting
runs 0 lockenv export -p installed --to conda-lock -o installed.yml
runs 0 lockenv import installed.yml -o back.lock
is "$(sed -n 's/^ *sha256: //p' env.lock)" "$(sed -n 's/^ *sha256: //p' back.lock)"
runs 2 lockenv export -p installed --to explicit --platform osx-64
runs 2 lockenv export nothing --to explicit
# Old records name neither their file nor their subdir: the address does.
cp -r installed old
sed -i 's/"fn": "[^"]*",//; s/"subdir": "[^"]*",//' old/conda-meta/hello-*.json
is '' "$(grep '"fn"' old/conda-meta/hello-2.0-*.json)"
runs 0 lockenv export installed --to cyclonedx --json -o installed.cdx
runs 0 lockenv export old --to cyclonedx --json -o old.cdx
is "$(grep '"bom-ref"' installed.cdx)" "$(grep '"bom-ref"' old.cdx)"
sed -i 's/"sha256": "[0-9a-f]*",//' installed/conda-meta/hello-*.json
runs 0 lockenv export installed --to explicit
err_has 'nothing tells the sha256 of hello-2.0'
sed -i 's/"url": "[^"]*",//' installed/conda-meta/hello-*.json
runs 2 lockenv export installed --to explicit
err_has 'does not say where hello is from'
runs 0 lockenv export installed --to environment

# --strict writes nothing.
runs 1 lockenv export env.lock --to explicit --strict -o none.txt
err_has 'cannot carry all that the lock says'
absent none.txt

# The lock itself is never what is written, by whatever name.
cp env.lock source.lock
ln -s source.lock source-link
for name in source.lock ./source.lock source-link; do
	runs 2 lockenv export source.lock --to explicit --platform linux-64 -o "$name"
	err_has 'is the lock itself'
	same env.lock source.lock
done

# What makes no sense.
runs 2 lockenv export env.lock
runs 2 lockenv export env.lock --to nonsense
runs 2 lockenv export none.lock --to explicit
runs 2 lockenv export env.lock --to explicit --md5 --sha256
runs 2 lockenv export env.lock --to explicit --json
runs 7 lockenv export env.lock --to explicit --platform osx-64
runs 2 lockenv export env.lock --to explicit --platform linux-64 --platform linux-64

#!/bin/sh
# solve: the same bytes whatever the machine, and what an existing lock changes.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

# The lock, byte for byte, but for what depends on the compressors' versions.
runs 0 solve hello oldtool -o env.lock
err_has 'linux-64: 3 packages'
err_has 'wrote env.lock'
is 0 "$(wc -c <"$out")"
sed -E "s/(sha256|md5|size): .*/\1: ANY/" env.lock >"$out"
golden solve-lock
is 644 "$(stat -c %a env.lock)"

# Twice, in another cache, time zone, locale, folder, with other threads: the same bytes.
runs 0 solve hello oldtool -o again.lock
same env.lock again.lock
runs 0 solve hello oldtool -o again.lock
err_has 'again.lock is up to date'
mkdir elsewhere
for vary in TZ=Pacific/Kiritimati LC_ALL=tr_TR.UTF-8 LANG=de_DE.UTF-8 HOME=/nonexistent "LOCKENV_CACHE=$scratch/other" \
	TMPDIR=/nonexistent; do
	rm -f elsewhere/env.lock
	runs 0 env "$vary" lockenv solve --override-channels -c "$test_channel" --platform linux-64 --glibc 2.28 \
		hello oldtool -o elsewhere/env.lock
	same env.lock elsewhere/env.lock
done
for jobs in 1 2 13; do
	rm -f elsewhere/env.lock
	runs 0 solve --jobs "$jobs" hello oldtool -o elsewhere/env.lock
	same env.lock elsewhere/env.lock
done
# A path, a file URL and a path with a slash at its end are the same channel.
for channel in "$channels/test" "$channels/test/" "$test_channel/"; do
	rm -f elsewhere/env.lock
	runs 0 lockenv solve --override-channels -c "$channel" --platform linux-64 --glibc 2.28 hello oldtool \
		-o elsewhere/env.lock
	same env.lock elsewhere/env.lock
done

# An existing lock is kept as far as the specs allow.
runs 0 solve --exclude-newer 2021-01-01 hello -o keep.lock
has keep.lock "version: '1.0'"
has keep.lock "version: '1.4'"
has keep.lock 'exclude-newer: '
sed '/^exclude-newer/d' keep.lock >plain.lock
cp plain.lock keep.lock
runs 0 solve hello -o keep.lock
err_has 'keep.lock is up to date'
same keep.lock plain.lock
runs 0 solve hello oldtool -o keep.lock
has keep.lock 'hello-1.0-'
has keep.lock 'oldtool-0.9-'
runs 0 solve hello oldtool --update hello -o keep.lock
has keep.lock 'hello-2.0-'
has keep.lock 'greeting-1.4-'
runs 0 solve hello oldtool --update-all -o keep.lock
same keep.lock env.lock
cp plain.lock keep.lock
runs 0 solve 'hello >=1.1' -o keep.lock
has keep.lock 'hello-2.0-'
has keep.lock 'greeting-1.4-'

# Neither --dry-run nor --locked writes; --locked says by its exit code whether the lock would change.
cp plain.lock keep.lock
runs 0 solve --dry-run 'hello 2.*' -o keep.lock
out_has '1.0 -> 2.0'
err_has 'keep.lock would change'
same keep.lock plain.lock
runs 1 solve --locked 'hello 2.*' -o keep.lock
same keep.lock plain.lock
runs 0 solve --locked hello -o keep.lock
runs 1 solve --locked hello -o none.lock
runs 0 solve --dry-run hello -o none.lock
absent none.lock
runs 1 solve --locked --json 'hello 2.*' -o keep.lock
json 'd["changed"]' True
runs 0 solve --json hello -o keep.lock
json 'd' "{'lock': 'keep.lock', 'changed': False, 'platforms': {'linux-64': {'packages': 2, 'cuda': [], 'behind': [], 'moved': []}}}"

# Time: an instant, a day (its end excluded or not, the same in every zone).
for when in 2022-01-01 2022-01-01T00:00:00Z 2022-01-01T02:00:00+02:00; do
	rm -f old.lock
	runs 0 solve --exclude-newer "$when" hello -o old.lock
	has old.lock 'hello-1.0-'
	sed '/^exclude-newer/d' old.lock >"$scratch/stripped"
	has "$scratch/stripped" 'greeting-1.4-'
done
runs 0 env TZ=Asia/Tokyo lockenv solve --override-channels -c "$test_channel" --platform linux-64 --glibc 2.28 \
	--exclude-newer 2022-01-01 hello -o tokyo.lock
runs 0 solve --exclude-newer 2022-01-01 hello -o utc.lock
same tokyo.lock utc.lock
# The header is kept when solved again, and the command line wins over it.
runs 0 lockenv solve -o utc.lock
err_has 'up to date'
runs 0 lockenv solve --update-all -o utc.lock
has utc.lock 'hello-1.0-'
runs 0 lockenv solve --update-all --exclude-newer 2023-01-01 -o utc.lock
has utc.lock 'hello-1.1-'

# Offline: the cached repodata serves, an empty cache does not.
runs 0 solve --offline hello oldtool -o offline.lock
same env.lock offline.lock

# Several platforms in one lock; one of them solved again leaves the others' lines alone.
runs 0 lockenv solve --override-channels -c "$test_channel" --platform osx-arm64 --platform linux-64 \
	--platform linux-aarch64 --glibc 2.28 hello -o multi.lock
is 'linux-64: linux-aarch64: osx-arm64:' "$(grep -oE '^  (linux|osx)[a-z0-9-]*:' multi.lock | tr -d ' ' | tr '\n' ' ' | sed 's/ $//')"
has multi.lock 'osx-arm64/hello-2.0-h0_0.conda'
cp multi.lock before.lock
runs 0 lockenv solve -c "$test_channel" --override-channels --platform linux-64 'hello 1.*' -o multi.lock
runs 1 lockenv diff before.lock multi.lock --platform linux-64
runs 0 lockenv diff before.lock multi.lock --platform osx-arm64
runs 0 lockenv diff before.lock multi.lock --platform linux-aarch64
sed -n '/^  osx-arm64:/,$p' before.lock >"$scratch/a"
sed -n '/^  osx-arm64:/,$p' multi.lock >"$scratch/b"
same "$scratch/a" "$scratch/b"

# The target: options over CONDA_OVERRIDE_* over defaults; the machine has no say.
runs 0 solve --cuda 12.6 gpu-app -o gpu.lock
has gpu.lock '__cuda: 12.6=0'
has gpu.lock '- __cuda >=12.4'
runs 0 env CONDA_OVERRIDE_CUDA=12.5 lockenv solve --override-channels -c "$test_channel" --platform linux-64 \
	gpu-app -o gpu2.lock
has gpu2.lock '__cuda: 12.5=0'
runs 0 env CONDA_OVERRIDE_CUDA=11.0 lockenv solve --override-channels -c "$test_channel" --platform linux-64 \
	--cuda 12.8 gpu-app -o gpu3.lock
has gpu3.lock '__cuda: 12.8=0'
runs 0 solve hello --virtual __fpga=3.1=x -o fpga.lock
has fpga.lock '__fpga: 3.1=x'

# A version is a version; a name to update is one of the lock.
runs 2 solve hello --cuda nope -o none.lock
err_has "'nope' is no version of __cuda"
runs 2 solve hello --update nope -o env.lock
err_has "'env.lock' has no package 'nope' to update"

# A lock that is a symlink stays one, also where it points to nothing yet.
mkdir -p real
ln -s real/linked.lock link.lock
ln -s "$scratch/area/link.lock" twice.lock
for link in link twice; do
	rm -f real/linked.lock
	runs 0 solve hello -o "$link.lock"
	[ -L "$link.lock" ] || fail 'the link was replaced'
	[ -f real/linked.lock ] || fail 'nothing was written through the link'
done
runs 0 solve hello oldtool -o twice.lock
has real/linked.lock oldtool
ln -s loop.lock loop.lock
runs 8 solve hello -o loop.lock

# Where no lock can be written is told before anything is solved.
runs 8 solve hello -o nowhere/env.lock
err_has "there is no folder 'nowhere'"
err_lacks packages
runs 0 solve hello --dry-run -o nowhere/env.lock
runs 2 solve hello -o /dev/null
err_has "'/dev/null' is not a regular file"
runs 2 solve hello -o real

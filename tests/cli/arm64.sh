#!/bin/sh
# The installer for arm64, under emulation: the same trees as here, also in a root with nothing else inside.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
installer=$bin/../libexec/lockenv/linux-aarch64/lockenv-install
[ -x "$installer" ] || skip "no installer for arm64: './dev build arm64' makes it"
emulator=$(command -v qemu-aarch64-static) || skip 'no qemu-aarch64-static here'
"$emulator" "$installer" --version >"$out" 2>&1 || skip 'no emulation here'
has "$out" lockenv-install
is "$(readelf -lW "$installer" | grep -c INTERP)" 0

# same_tree LOCK PLATFORM: by both installers into one path.
same_tree() {
	rm -rf env
	runs 0 lockenv install -q --json "$1" --platform "$2" -p env
	tree=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out")
	files=$(digest env)
	rm -rf env
	runs 0 "$emulator" "$installer" -q --json --cache cache --from "$LOCKENV_CACHE" "$1" --platform "$2" -p env
	json 'd["tree_digest"]' "$tree"
	is "$(digest env)" "$files"
}

lockenv solve -q --override-channels -c "$test_channel" --platform linux-aarch64 --glibc 2.17 hello -o arm.lock
solve -q hello oldtool -o small.lock
lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 'python 3.11.*' \
	lockenv-hello lockenv-prefix -o python.lock
lockenv fetch -q small.lock python.lock
lockenv fetch -q --platform linux-aarch64 arm.lock
same_tree small.lock linux-64
same_tree python.lock linux-64
same_tree arm.lock linux-aarch64

# There it is at home: no platform need be named, and the host is checked.
runs 0 "$emulator" "$installer" --cache cache arm.lock -p env
err_has 'env is up to date'
err_lacks 'the host is not checked'
runs 7 "$emulator" "$installer" --cache cache small.lock -p env2
err_has linux-aarch64

# pack puts it into the bundle of a lock for arm64, from where it installs on a node that has nothing.
runs 0 lockenv pack -q arm.lock -o arm.lockpack
mkdir -p "jail$scratch/area"
tar -xOf arm.lockpack bin/linux-aarch64/lockenv-install >jail/lockenv-install
chmod 755 jail/lockenv-install
same jail/lockenv-install "$installer"
tar -xOf arm.lockpack bin/linux-aarch64/lockenv-smoke >smoke
same smoke "${installer%/*}/lockenv-smoke"

# The smoke test's levels start there too, where an arm64 C library is at hand to run it with.
loader=$root/build/arm64-sysroot/lib/ld-linux-aarch64.so.1
if [ -e "$loader" ]; then
	chmod 755 smoke
	runs 0 sh -c '"$@" 3>report' sh "$emulator" -L "$root/build/arm64-sysroot" smoke --level reference
	has report 'status passed'
	runs 0 "$emulator" -L "$root/build/arm64-sysroot" smoke --probe
	json '"reason" in d' True
else
	part 'no C library for arm64 here'
fi
cp "$emulator" arm.lockpack jail
if [ "$(id -u)" -eq 0 ]; then
	runs 0 env -i SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$(command -v chroot)" jail /qemu-aarch64-static /lockenv-install --json --no-cache /arm.lockpack \
		-p "$scratch/area/env"
	json 'd["tree_digest"]' "$tree"
	is "$(digest "jail$scratch/area/env")" "$files"
else
	part 'chroot needs root'
fi

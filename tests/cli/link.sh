#!/bin/sh
# How files come into an environment, and what is told of it: on this file system, from others, with no name left.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q hello -o env.lock
lockenv fetch -q env.lock

# installs HOW [OPTION]...: into env anew, as text that says HOW and as numbers; the tree is always the same.
installs() {
	how=$1
	shift
	rm -rf env
	runs 0 lockenv install env.lock -p env "$@"
	err_has "$how"
	runs 0 env/bin/hello
	rm -rf env
	runs 0 lockenv install --json env.lock -p env "$@"
	json 'd["tree_digest"]' "$digest"
}
lockenv install --json env.lock -p env >"$scratch/first"
digest=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$scratch/first")
n=$("$python" -c 'import json, sys; print(sum(json.load(sys.stdin)["linked"].values()))' <"$scratch/first")
installs 'files, by hardlink'
json 'd["link_mode"], d["linked"]' "('hardlink', {'hardlink': $n, 'reflink': 0, 'copy': 0, 'symlink': 0, 'move': 0})"
err_lacks 'copy'
installs 'files, by copy' --link copy
json 'd["linked"]["copy"]' "$n"
installs 'files, by symlink' --link symlink
json 'd["linked"]["symlink"]' "$n"

# The cache that symlinks lead into goes: nothing is left of the files; an install with the packages at hand mends it.
lockenv install -q env.lock -p env --link symlink
mv "$LOCKENV_CACHE/trees" gone
runs 0 lockenv install env.lock -p env --verify
runs 0 env/bin/hello
rm -rf gone

# Files that have all the names they can have are copied, one by one.
type=$(stat -f -c %T .)
lockenv install -q env.lock -p env
inode=$(stat -c %i "$(find env -type f -links +1 | sort | head -n 1)")
file=$(find "$LOCKENV_CACHE/trees" -inum "$inode")
rm -rf env
if [ "$type" = ext2/ext3 ]; then
	mkdir many
	"$python" - "$file" <<'PY'
import os, sys
n = 0
try:
    while True:
        os.link(sys.argv[1], f"many/{n}")
        n += 1
except OSError:
    pass
PY
	installs "files, by hardlink (copy for 1 file)"
	json 'd["linked"]["hardlink"], d["linked"]["copy"]' "($((n - 1)), 1)"
	rm -rf env
	runs 8 lockenv install env.lock -p env --link hardlink
	err_has 'too many links'
	err_has '--link auto'
	absent env
	rm -rf many
else
	part "no limit of names on $type"
fi

# From a cache on another file system.
if [ -w /dev/shm ] && [ "$(stat -c %d /dev/shm)" != "$(stat -c %d .)" ]; then
	far=$(mktemp -d /dev/shm/lockenv-link-XXXXXX)
	cp -a "$LOCKENV_CACHE" "$far/cache"
	installs 'files, by copy' --cache "$far/cache"
	json 'd["linked"]["hardlink"], d["linked"]["copy"]' "(0, $n)"
	runs 8 lockenv install env.lock -p other --link hardlink --cache "$far/cache"
	err_has 'invalid cross-device link'
	absent other
	# Two layers: what each gives, and how.
	rm -rf "$far/cache/trees/"hello-* env
	mkdir "$scratch/upper"
	runs 0 lockenv install env.lock -p env --cache "$scratch/upper:$far/cache:$LOCKENV_CACHE"
	err_has ", by copy from '$far/cache', by hardlink from '$LOCKENV_CACHE'"
	rm -rf env
	runs 0 lockenv install --json env.lock -p env --cache "$scratch/upper:$far/cache:$LOCKENV_CACHE"
	json '[(l["cache"], l["linked"]["hardlink"] > 0, l["linked"]["copy"] > 0) for l in d["layers"]]' \
		"[('$far/cache', False, True), ('$LOCKENV_CACHE', True, False)]"
	rm -rf "$far"
else
	part 'no second file system'
fi

# File systems of our own making: one that shares blocks, one without links, a cache that is mounted read-only.
made() {
	truncate -s "$1" image
	shift
	"$@" image >/dev/null 2>&1 && mkdir -p mount && mount -o loop image mount 2>/dev/null
}
if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
	part 'only root can mount'
	exit
fi
if made 320M mkfs.xfs -q; then
	cp -a "$LOCKENV_CACHE" mount/cache
	runs 0 lockenv install --json env.lock -p mount/env --link reflink --cache mount/cache
	json 'd["link_mode"], d["linked"]["reflink"]' "('reflink', $n)"
	runs 0 lockenv install --json env.lock -p mount/auto --cache mount/cache
	json 'd["link_mode"]' hardlink
	installs 'files, by copy' --cache mount/cache
	umount mount
else
	part 'no file system that shares blocks'
fi
if made 32M mkfs.vfat; then
	runs 8 lockenv install env.lock -p mount/env
	is "$(ls mount)" ''
	umount mount
else
	part 'no file system without links'
fi
mkdir -p bound
mount --bind -o ro "$LOCKENV_CACHE" bound
mount -o remount,bind,ro bound 2>/dev/null || true
installs 'files, by copy' --cache ":$PWD/bound"
umount bound

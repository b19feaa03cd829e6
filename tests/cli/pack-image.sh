#!/bin/sh
# pack --format squashfs: an image of the environment whose files are those of an install at its prefix, byte for
# byte; the same lock and prefix give the same image.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o env.lock
lockenv fetch -q env.lock
prefix=$scratch/area/env
image() {
	runs 0 lockenv pack env.lock --format squashfs -p "$prefix" -o env.squashfs "$@"
}

# What is asked for has to make sense; nothing is written.
refuses() {
	text=$1
	shift
	runs 2 lockenv pack "$@"
	err_has "$text"
	absent env.squashfs
}
refuses 'no prefix given' env.lock --format squashfs -o env.squashfs
refuses 'one lock and one platform' env.lock env.lock --format squashfs -p "$prefix" -o env.squashfs
refuses '--volume-size is for bundles' env.lock --format squashfs -p "$prefix" -o env.squashfs --volume-size 1G
refuses '--prefix is for images' env.lock -p "$prefix" -o env.squashfs
refuses 'cannot be a prefix' env.lock --format squashfs -p / -o env.squashfs
runs 0 lockenv pack env.lock --format squashfs -p "$prefix" -o env.squashfs --dry-run --json
json 'd["dry_run"], d["platform"]' "(True, 'linux-64')"
absent env.squashfs
mkdir bin
ln -s "$(command -v lockenv)" bin/lockenv
runs 2 env PATH="$PWD/bin" lockenv pack env.lock --format squashfs -p "$prefix" -o env.squashfs
err_has 'mksquashfs is not on PATH'
err_has 'hint: install squashfs-tools'
absent env.squashfs
command -v mksquashfs >/dev/null || skip 'no mksquashfs here'
command -v unsquashfs >/dev/null || skip 'no unsquashfs here'

# The same bytes, whatever the time, the zone, the umask, the cache and the number of threads; nothing at the prefix.
image
absent "$prefix"
err_has "made env.squashfs, to be mounted at $prefix: "
tree=$(sed -n 's/^tree digest //p' "$err")
cp env.squashfs first.squashfs
sleep 1.1
mv "$LOCKENV_CACHE" "$scratch/old"
mkdir "$LOCKENV_CACHE"
cp -r "$scratch/old/archives" "$LOCKENV_CACHE/archives"
umask 077
export TZ=Asia/Tokyo SOURCE_DATE_EPOCH=1
image --json --jobs 1
unset TZ
export SOURCE_DATE_EPOCH=0 # which an image says of its revision
umask 022
json 'd["tree_digest"], d["platform"], d["dry_run"]' "('${tree#sha256:}', 'linux-64', False)"
same env.squashfs first.squashfs
is "$(find . -name '.*' ! -name .)" ''

# From a bundle instead of the cache.
runs 0 lockenv pack -q --no-installer env.lock -o env.lockpack
runs 0 lockenv pack --cache "$scratch/empty" env.lockpack --format squashfs -p "$prefix" -o env.squashfs
same env.squashfs first.squashfs
runs 0 lockenv pack --cache "$scratch/empty2" env.lock --from env.lockpack --format squashfs -p "$prefix" -o env.squashfs
same env.squashfs first.squashfs
runs 6 lockenv pack --cache "$scratch/empty3" env.lock --format squashfs -p "$prefix" -o env.squashfs
same env.squashfs first.squashfs
runs 5 env LOCKENV_REQUIRE_SIGNATURE=1 lockenv pack env.lockpack --format squashfs -p "$prefix" -o env.squashfs

# Unpacked at the prefix it is what an install makes, down to modes and times; and an install finds nothing to do.
runs 0 unsquashfs -q -n -d "$prefix" env.squashfs
runs 0 lockenv install env.lock
err_has 'is up to date'
shape() {
	(cd "$1" && find . ! -type d ! -type l ! -path ./conda-meta/history -printf '%p %y %m %Ts\n' | LC_ALL=C sort)
}
shape "$prefix" >unpacked
mv "$prefix" unpacked.env
runs 0 lockenv install env.lock
err_has "tree digest $tree"
shape "$prefix" >installed
same unpacked installed
diff -r --no-dereference --exclude history "$prefix" unpacked.env >&2 || fail 'contents differ'
runs 0 "$prefix/bin/hello"
out_is 'hello 1.1'
is "$(unsquashfs -lln env.squashfs | awk '{ print $2 }' | grep -c -v '^0/0$')" 0

# Mounted there, where this can be done: the same files, and nothing to do for an install.
rm -rf "$prefix"
mkdir "$prefix"
if unshare -m mount -t squashfs -o loop,ro env.squashfs "$prefix" 2>/dev/null; then
	# shellcheck disable=SC2016 # for the inner shell
	runs 0 unshare -m sh -eu -c '
		mount -t squashfs -o loop,ro env.squashfs "$1"
		diff -r --no-dereference --exclude history "$1" unpacked.env >&2
		"$1/bin/hello"
		lockenv install env.lock -p "$1"' sh "$prefix"
	out_is 'hello 1.1'
	err_has 'is up to date'
else
	part 'squashfs cannot be mounted here'
fi
rmdir "$prefix"

# Another prefix, another image; another compression too. Nothing is lost by a failure.
prefix=/opt/elsewhere/env
image
differ env.squashfs first.squashfs
unsquashfs -q -n -d elsewhere env.squashfs >/dev/null
is "$(cat elsewhere/share/greeting/where.txt)" "installed in $prefix"
image --compress gzip
is "$(unsquashfs -s env.squashfs | sed -n 's/^Compression //p')" gzip
cp env.squashfs before
mkdir failing
cat >failing/mksquashfs <<'EOF'
#!/bin/sh
echo half >"$2"
echo 'FATAL ERROR: Probably out of space on output device'
exit 1
EOF
chmod +x failing/mksquashfs
runs 8 env PATH="$PWD/failing:$PATH" lockenv pack env.lock --format squashfs -p "$prefix" -o env.squashfs
err_has "mksquashfs could not make '$PWD/env.squashfs' (exit code 1): Probably out of space"
same env.squashfs before
is "$(find . -name '.*' ! -name .)" ''
printf '\177ELF' >failing/mksquashfs
runs 2 env PATH="$PWD/failing:$PATH" lockenv pack env.lock --format squashfs -p "$prefix" -o env.squashfs
err_has 'hint: install squashfs-tools'
same env.squashfs before
mkdir folder
runs 2 lockenv pack env.lock --format squashfs -p "$prefix" -o folder
err_has 'is there and is no file'

# A kill leaves the old image; the next run tidies up.
cat >failing/mksquashfs <<'EOF'
#!/bin/sh
echo half >"$2"
kill -9 "$PPID"
EOF
code=0
env PATH="$PWD/failing:$PATH" lockenv pack -q env.lock --format squashfs -p "$prefix" -o env.squashfs 2>/dev/null || code=$?
is "$code" 137
same env.squashfs before
image --compress gzip
same env.squashfs before
is "$(find . -name '.*' ! -name .)" ''

# With a python that compiles: what is compiled counts as fresh where the image is mounted.
prefix=$scratch/area/python
lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 'python 3.11.*' \
	lockenv-hello lockenv-prefix -o env.lock >/dev/null
lockenv fetch -q env.lock
image --compress lz4 --json
tree=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out")
mv env.squashfs first.squashfs
image --compress lz4 --jobs 1
same env.squashfs first.squashfs
unsquashfs -q -n -d "$prefix" env.squashfs >/dev/null
cat >fresh.py <<'PY'
import os, struct, sys
found = 0
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".cpython-311.pyc"):
            source = os.path.join(os.path.dirname(folder), name.split(".")[0] + ".py")
            if os.path.exists(source):
                flags, time = struct.unpack("<II", open(os.path.join(folder, name), "rb").read()[4:12])
                assert flags or time == int(os.stat(source).st_mtime), name
                found += 1
print(found > 0)
PY
runs 0 "$python" fresh.py "$(dirname "$(find "$prefix/lib" -path '*-packages/lockenv_hello' -print -quit)")"
out_is True
shape "$prefix" >unpacked
rm -rf "$prefix"
runs 0 lockenv install --json env.lock -p "$prefix"
json 'd["tree_digest"]' "$tree"
shape "$prefix" >installed
same unpacked installed
unsquashfs -q -n -d unpacked.python env.squashfs >/dev/null
diff -r --no-dereference --exclude history "$prefix" unpacked.python >&2 || fail 'contents differ'

# Of another platform: without pyc, which is said.
lockenv solve -q --override-channels -c "$test_channel" --platform linux-aarch64 greeting -o far.lock
lockenv fetch -q far.lock
runs 0 lockenv pack far.lock --format squashfs -p "$prefix" -o far.squashfs
err_has 'an image for linux-aarch64'

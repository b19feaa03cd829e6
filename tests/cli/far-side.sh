#!/bin/sh
# The far side of the air gap: the static installer in a root with nothing else inside, without network,
# /proc, /dev and HOME, under any umask and user, on a kernel of 2013. Always the tree of a plain install.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
installer=$(command -v lockenv-install)
! ldd "$installer" >/dev/null 2>&1 || skip 'lockenv-install is dynamic in this build'
is "$(readelf -lW "$installer" | grep -c INTERP)" 0
readelf -n "$installer" | grep -qF 'OS: Linux, ABI: 3.' || fail 'it wants a newer kernel'

# What enters the bare root, and what cuts the network off.
enter="env -i PATH=$PATH SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH chroot"
cut='unshare -n'
if [ "$(id -u)" -ne 0 ]; then
	enter="env -i PATH=$PATH SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH unshare -Ur chroot"
	cut='unshare -rn'
fi
jail=$scratch/jail
prefix=$scratch/area/env
mkdir -p "$jail$scratch/area"
cp "$installer" "$jail/"
$enter "$jail" /lockenv-install --version >/dev/null 2>&1 || skip 'no chroot here'

solve -q hello oldtool -o small.lock
lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 'python 3.11.*' \
	lockenv-hello lockenv-prefix -o python.lock
lockenv info --json >node.json
lockenv fetch -q small.lock python.lock
for name in small python; do
	lockenv pack -q $name.lock -o $name.lockpack
done
# A bundle unpacked by what is at hand there is a folder to take archives from.
mkdir "$jail/unpacked"
tar -xf small.lockpack -C "$jail/unpacked"
cp ./*.lockpack node.json "$jail/"
ls -A "$jail" >in-jail

# wanted NAME OPTION...: the tree that a plain install makes of NAME.lock.
wanted() {
	name=$1
	shift
	rm -rf "$prefix"
	runs 0 lockenv install -q --json "$name.lock" -p "$prefix" "$@"
	tree=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out")
	files=$(digest "$prefix")
}

# holds [ROOT]: the last run said and left what was wanted.
holds() {
	json 'd["tree_digest"]' "$tree"
	is "$(digest "${1:-}$prefix")" "$files"
}

# inside COMMAND...: NAME's bundle installed in the bare root, which a command that ends in chroot enters.
inside() {
	rm -rf "${jail:?}$prefix"
	runs 0 "$@" "$jail" /lockenv-install --json --no-cache --host /node.json "/$name.lockpack" -p "$prefix"
	holds "$jail"
	ls -A "$jail" >left
	same in-jail left
	is "$(ls -A "$jail$scratch/area")" env
}

wanted small
# shellcheck disable=SC2086 # words of a command
{
	inside $enter
	inside $cut $enter
	for mask in 0 0777; do
		inside sh -c "umask $mask; exec \"\$@\"" sh $enter
	done
	# Started by a daemon that closed its standard input and waits for no child.
	inside "$python" -c '
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.close(0)
os.execvp(sys.argv[1], sys.argv[1:])' $enter
	# Nobody there to be told: no file gets the messages.
	rm -rf "${jail:?}$prefix"
	runs 0 sh -c '"$@" <&- >&- 2>&-' sh $enter "$jail" /lockenv-install -q --no-cache /small.lockpack -p "$prefix"
	is "$(digest "$jail$prefix")" "$files"
	# From a folder, through a cache.
	rm -rf "${jail:?}$prefix"
	runs 0 $enter "$jail" /lockenv-install --json --cache /cache --from /unpacked /unpacked/locks/small.lock -p "$prefix"
	holds "$jail"
	rm -r "$jail/cache"
}

if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$scratch"
	for mask in 022 0777; do
		rm -rf "${jail:?}$prefix"
		install -d -o 12345 -g 54321 "$jail$scratch/area"
		inside sh -c "umask $mask; exec \"\$@\"" sh chroot --userspec=12345:54321
		is "$(stat -c %u:%g "$jail$prefix/bin/hello")" 12345:54321
	done
	chown 0:0 "$jail$scratch/area"
	# A root that nobody can write to, but for the prefix's file system.
	rm -rf "${jail:?}$prefix"
	mkdir seen
	if unshare -mn true 2>/dev/null; then
		# shellcheck disable=SC2016 # for the inner shell
		runs 0 unshare -mn sh -eu -c '
			jail=$1 area=$2
			shift 2
			mount --bind "$jail" "$jail"
			mount -t tmpfs none "$jail$area"
			mount -o remount,bind,ro "$jail"
			[ ! -w "$jail" ]
			chroot "$jail" "$@"
			cp -a "$jail$area/env" "$area/seen"' sh "$jail" "$scratch/area" \
			/lockenv-install --json --no-cache /small.lockpack -p "$prefix"
		json 'd["tree_digest"]' "$tree"
		is "$(digest seen/env)" "$files"
	else
		part 'no mount namespace here: no root is read-only'
	fi
else
	part 'another user and a read-only root need root'
fi

# What the host lacks is said there too; who fills a root for other hosts says what they have.
# shellcheck disable=SC2086
runs 7 $enter "$jail" /lockenv-install --no-cache /python.lockpack -p "$prefix"
err_has 'this host has none'
err_has '--host FILE'

# An environment with a python that cannot run there: told, and left without compiled files.
wanted python --no-compile
rm -rf "${jail:?}$prefix"
# shellcheck disable=SC2086
runs 0 $enter "$jail" /lockenv-install --json --no-cache --host /node.json /python.lockpack -p "$prefix"
json 'd["tree_digest"]' "$tree"
err_has "the environment's python ('bin/python3.11') does not run here"
err_has 'stay uncompiled'

# With the libraries that it needs it runs, with neither /dev nor /proc.
wanted python
[ "$(find "$prefix" -name '*.pyc' | wc -l)" -gt 0 ] || fail 'nothing was compiled'
ldd "$prefix/bin/python3.11" | grep -oE '/[^ ]+' | while read -r library; do
	install -D "$library" "$jail$library"
done
ls -A "$jail" >in-jail
# shellcheck disable=SC2086
inside $enter

# A kernel without the calls of the last decade, and a sandbox that forbids them.
for errno in ENOSYS EPERM; do
	if ! command -v old_kernel >/dev/null || ! old_kernel $errno true 2>/dev/null; then
		part 'no seccomp filter here'
		break
	fi
	# shellcheck disable=SC2086
	inside old_kernel $errno $enter
done

# Outside: no socket, and no file but what is named, the C library's version, and the machine's own.
export ASAN_OPTIONS=detect_leaks=0
if strace -f true 2>/dev/null; then
	wanted small
	rm -rf "$prefix"
	runs 0 env -i SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$(command -v strace)" -f -s 4096 -e trace=%file,%network -o trace "$installer" --json --no-cache \
		small.lockpack -p "$prefix"
	holds
	! grep -E 'socket|connect|bind' trace || fail 'a socket'
	grep -oE '"/[^"]*"' trace | sort -u |
		grep -vE "^\"($scratch/.*|$installer|/|/proc/.*|(/usr)?/lib[^ ]*/libc\.so\.6|/etc/localtime|/dev/urandom)\"$" \
			>elsewhere || true
	is "$(cat elsewhere)" ''
else
	part 'no strace here'
fi

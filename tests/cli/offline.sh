#!/bin/sh
# install opens no network socket, needs no network, and the static installer does the same with less.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q hello oldtool -o env.lock
lockenv fetch -q env.lock
# LeakSanitizer cannot run under a tracer.
export ASAN_OPTIONS=detect_leaks=0

tree_digest() {
	"$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out"
}

# Always into the same path: the path is part of what is installed.
runs 0 lockenv install --json env.lock -p env
wanted=$(tree_digest)
files=$(digest env)
again() {
	rm -rf env
	runs 0 "$@"
	is "$(tree_digest)" "$wanted"
	is "$(digest env)" "$files"
}
again lockenv install --json env.lock -p env
again lockenv install --json --jobs 1 env.lock -p env
again lockenv-install --json env.lock -p env
again sh -c 'umask 077; exec lockenv install --json env.lock -p env'
again sh -c 'umask 000; exec lockenv install --json env.lock -p env'
again env -i SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$(command -v lockenv-install)" --json --cache "$LOCKENV_CACHE" env.lock -p env

# no_socket TRACE
no_socket() {
	[ -s "$1" ] || fail 'nothing was traced'
	if grep -E 'AF_INET|AF_INET6|AF_NETLINK' "$1"; then
		fail 'a network socket'
	fi
}
if strace -f true 2>/dev/null; then
	for program in 'lockenv install' lockenv-install; do
		# shellcheck disable=SC2086 # words of a command
		again strace -f -e trace=socket,connect,execve -o trace $program --json env.lock -p env
		no_socket trace
	done
	# The trace would show one: a fetch from the network opens it.
	serve "$channels"
	rm -f net.lock
	lockenv solve -q --override-channels -c "$url/test" --platform linux-64 hello -o net.lock
	runs 0 strace -f -e trace=socket,connect,execve -o trace lockenv install --cache net-cache --fetch net.lock -p net
	grep -q AF_INET trace || fail 'the trace shows no sockets at all'
	runs 6 strace -f -e trace=socket,connect,execve -o trace lockenv install --cache net-cache2 net.lock -p net2
	no_socket trace
	unserve
else
	part 'no strace here'
fi

cut=
for way in 'unshare -n' 'unshare -rn'; do
	[ -n "$cut" ] || ! $way true 2>/dev/null || cut=$way
done
if [ -n "$cut" ]; then
	# shellcheck disable=SC2086
	again $cut lockenv install --json env.lock -p env
	# shellcheck disable=SC2086
	again $cut lockenv-install --json env.lock -p env
else
	part 'no network namespace here'
fi

# A root with nothing but the installer, the lock and the cache.
if [ "$(id -u)" -ne 0 ]; then
	part 'chroot needs root'
elif ldd "$(command -v lockenv-install)" >/dev/null 2>&1; then
	part 'lockenv-install is dynamic in this build'
else
	jail=$scratch/jail
	mkdir -p "$jail$scratch/area"
	cp "$(command -v lockenv-install)" env.lock "$jail/"
	cp -r "$LOCKENV_CACHE" "$jail/cache"
	cp -r "$scratch/area" "$scratch/outside"
	runs 0 chroot "$jail" /lockenv-install --json --cache /cache /env.lock -p "$scratch/area/env"
	is "$(tree_digest)" "$wanted"
	is "$(digest "$jail$scratch/area/env")" "$files"
fi

#!/bin/sh
# Caches on file systems that lack what local ones have: no hard links, no locks, no exchange of names, no claims;
# files that a network file system has not let go of yet; no modes.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
[ -f "$bin/libfault.so" ] || skip 'the shim is not built'
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o env.lock
lockenv install -q --fetch --cache "$scratch/plain" env.lock -p env
wanted=$(digest env)
cache=$scratch/nfs
# without LACKS COMMAND...
without() {
	lacking=$1
	shift
	env LD_PRELOAD="$bin/libfault.so" FAULT_LACKS="$lacking" "$@"
}
poor='renameat2 hardlink reflink locks'
again() {
	rm -rf env
	runs 0 "$@"
	is "$(digest env)" "$wanted"
}

for lacking in "$poor" "$poor claims"; do
	rm -rf "$cache"
	again without "$lacking" lockenv install --json --fetch --cache "$cache" env.lock -p env
	json 'd["link_mode"]' copy
	runs 0 lockenv cache verify --cache "$cache"
	out_is '3 archives and 3 trees checked, 0 damaged'
	is "$(find "$cache/tmp" -mindepth 1)" ''

	# Damage is mended where two names cannot be exchanged.
	find "$cache/trees" -path '*share/greeting/plain.txt' -exec sh -c 'chmod u+w "$1"; echo more >>"$1"' sh {} \;
	again without "$lacking" lockenv install --cache "$cache" env.lock -p env
	err_has 'was damaged'
	again without "$lacking" lockenv install --cache "$cache" env.lock -p env
	err_lacks 'was damaged'
	find "$cache/archives" -name 'hello-1.1*' -exec sh -c 'chmod u+w "$1"; echo more >>"$1"' sh {} \;
	runs 0 without "$lacking" lockenv fetch --json --cache "$cache" env.lock
	json 'd["downloaded"]' 1

	# Many at once.
	rm -rf "$cache"
	pids=
	for number in 1 2 3 4 5 6 7 8; do
		without "$lacking" lockenv install -q --fetch --cache "$cache" env.lock -p "many$number" 2>"err$number" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "one of them ended with $?: $(cat err?)"
	done
	runs 0 lockenv cache verify --cache "$cache"
	out_is '3 archives and 3 trees checked, 0 damaged'
	is "$(find "$cache/tmp" -mindepth 1)" ''
	rm -rf many?
done

# What a client of NFS keeps of a file that is removed while it is open is no entry, and no reason to stop.
touch "$cache/archives/.nfs000000000a00000100000001" "$cache/trees/.nfs000000000a00000100000002" \
	"$cache/tmp/.nfs000000000a00000100000003"
runs 0 lockenv cache inventory --cache "$cache"
is "$(wc -l <"$out")" 4
runs 0 lockenv cache verify --cache "$cache"
runs 0 without "$poor" lockenv clean --json --all --cache "$cache"
json 'd["failed"], len([x for x in d["removed"] if x["kind"] in ("archive", "tree")])' '(0, 6)'
is "$(find "$cache" -name '.nfs*' | wc -l)" 3

# A disk without modes still carries archives from here to there.
runs 0 without modes lockenv fetch --json --cache "$cache" env.lock
json 'd["downloaded"]' 3
again lockenv install --cache "$scratch/far" --from "$cache" env.lock -p env

# And bundles, which are unpacked onto it.
runs 0 lockenv pack --cache "$cache" --no-installer -o env.lockpack env.lock
runs 0 without modes lockenv unpack env.lockpack -d "$scratch/disk"
again lockenv install --cache "$scratch/far" --from "$scratch/disk" env.lock -p env

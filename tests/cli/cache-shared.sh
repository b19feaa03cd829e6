#!/bin/sh
# A cache of a group: what one user puts there another uses, mends and cleans, whatever their umasks are; sticky
# folders keep what everybody made apart.
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
[ "$(id -u)" -eq 0 ] || skip 'two users need root'
command -v setpriv >/dev/null || skip 'no setpriv'
one=61001
two=61002
team=61010
# as USER COMMAND...: with the umask that is worst for sharing.
as() {
	user=$1
	shift
	setpriv --reuid "$user" --regid "$user" --groups "$team" --no-new-privs \
		env HOME="$scratch/home$user" sh -c 'umask 077; exec "$@"' sh "$@"
}
chmod 755 "$scratch" "$scratch/area"
setpriv --reuid $one --regid $one --clear-groups test -x "$bin/lockenv" || skip 'the programs are not everybody'\''s to run'
setpriv --reuid $one --regid $one --clear-groups test -r "$channels/test/noarch/repodata.json" || skip 'the channel is not everybody'\''s to read'
for user in $one $two; do
	mkdir "$scratch/home$user" "$scratch/envs$user"
	chown "$user" "$scratch/home$user" "$scratch/envs$user"
done
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o env.lock
chmod 644 env.lock "$LOCKENV_CONFIG"
share() {
	cache=$scratch/$1
	mkdir "$cache"
	chgrp $team "$cache"
	chmod "$2" "$cache"
}

share group 2775
runs 0 as $one lockenv fetch --cache "$cache" env.lock
runs 0 as $one lockenv install --cache "$cache" env.lock -p "$scratch/envs$one/env"
wrong=$(find "$cache" -type d ! -perm 2775 -o ! -group $team -o -type f ! -perm 644 ! -perm 755 | head -3)
is "$wrong" ''

# The other one finds all of it, believes what hashes, and fetches nothing.
runs 0 as $two lockenv fetch --json --cache "$cache" env.lock
json 'd["downloaded"], d["present"]' '(0, 3)'
runs 0 as $two lockenv install --json --cache "$cache" env.lock -p "$scratch/envs$two/env"
err_lacks warning
runs 0 as $two lockenv cache verify --cache "$cache"
is "$(cat "$scratch/envs$two/env/share/greeting/plain.txt")" "$(cat "$scratch/envs$one/env/share/greeting/plain.txt")"

# Damage by the one is mended by the other: an archive, a tree with its seal, a tree without its archive's word.
as $one sh -c 'printf X | dd of="$1" bs=1 seek=100 conv=notrunc status=none' sh "$cache"/archives/hello-1.1-*
as $one sh -c 'chmod u+w "$1"; echo more >>"$1"' sh "$(find "$cache/trees" -path '*share/greeting/plain.txt')"
runs 1 as $two lockenv cache verify --cache "$cache"
out_has '2 damaged'
runs 0 as $two lockenv fetch --json --cache "$cache" env.lock
json 'd["downloaded"]' 1
rm -rf "$scratch/envs$two/env"
runs 0 as $two lockenv install -q --cache "$cache" env.lock -p "$scratch/envs$two/env"
runs 0 as $one lockenv cache verify --cache "$cache"
out_has ' 0 damaged'
as $one sh -c 'chmod u+w "$1"; echo more >>"$1"' sh "$(find "$cache/trees" -name only-1.1.txt)"
rm -rf "$scratch/envs$two/env"
runs 0 as $two lockenv install --cache "$cache" env.lock -p "$scratch/envs$two/env"
err_has "the tree of 'hello-1.1-h0_0.conda' in the cache was damaged"

# A forged tree: files and seal agree, but the archive says otherwise.
tree=$(find "$cache/trees" -maxdepth 1 -name 'oldtool-*')
if [ "$(stat -c %u "$tree")" -eq $one ]; then
	as $one sh -c 'rm "$1"/.lockenv-seal; printf "lockenv-seal 1\n" >"$1/.lockenv-seal"
		printf "end\t%s\n" "$(sha256sum <"$1/.lockenv-seal" | cut -c1-64)" >>"$1/.lockenv-seal"
		chmod 644 "$1/.lockenv-seal"' sh "$tree"
	rm -rf "$scratch/envs$two/env"
	runs 0 as $two lockenv install --cache "$cache" env.lock -p "$scratch/envs$two/env"
	err_has 'its seal is not that of its archive'
else
	fail 'the tree should be the first user'\''s'
fi

# A tree that cannot be read is made again.
tree=$(find "$cache/trees" -maxdepth 1 -name 'greeting-*')
chown -R $one "$tree"
chmod 600 "$tree/.lockenv-seal"
rm -rf "$scratch/envs$two/env"
runs 0 as $two lockenv install --cache "$cache" env.lock -p "$scratch/envs$two/env"
err_has 'permission denied): made again'

# Either may clean.
runs 0 as $two lockenv clean --json --all --cache "$cache"
json 'd["failed"], d["kept"]' '(0, 0)'
is "$(find "$cache" -mindepth 2 | wc -l)" 0

# Many users at once.
pids=
for number in 1 2 3 4; do
	for user in $one $two; do
		as "$user" lockenv install -q --fetch --cache "$cache" env.lock -p "$scratch/envs$user/at-once$number" &
		pids="$pids $!"
	done
done
for pid in $pids; do
	wait "$pid" || fail "one of them ended with $?"
done
runs 0 as $one lockenv cache verify --cache "$cache"
out_is '3 archives and 3 trees checked, 0 damaged'

# Sticky: one's own entries only. What the other one damaged is passed by with a cache of one's own.
share sticky 3777
runs 0 as $one lockenv fetch --cache "$cache" env.lock
runs 0 as $two lockenv install -q --cache "$cache" env.lock -p "$scratch/envs$two/sticky"
runs 0 as $one lockenv install -q --cache "$cache" env.lock -p "$scratch/envs$one/sticky"
as $one sh -c 'printf X | dd of="$1" bs=1 seek=100 conv=notrunc status=none' sh "$cache"/archives/hello-1.1-*
rm -rf "$cache"/trees/hello-*
runs 5 as $two lockenv install --cache "$cache" env.lock -p "$scratch/envs$two/sticky2"
runs 0 as $two lockenv fetch --verify --json --cache "$scratch/envs$two/own:$cache" env.lock
json 'd["downloaded"], d["present"]' '(1, 2)'
runs 0 as $two lockenv install -q --cache "$scratch/envs$two/own:$cache" env.lock -p "$scratch/envs$two/sticky2"
runs 0 as $two lockenv clean --json --archives --cache "$cache"
json 'd["failed"]' 3
is "$(find "$cache/archives" -type f | wc -l)" 3
runs 0 as $one lockenv clean -q --all --cache "$cache"

# One's own cache stays one's own.
runs 0 as $one lockenv fetch -q --cache "$scratch/home$one/private" env.lock
is "$(stat -c %a "$scratch/home$one/private")" 700

# Root could hard-link what others own, who then could change it in root's environment: it is copied.
runs 0 as $one lockenv install -q --cache "$scratch/home$one/private" env.lock -p "$scratch/envs$one/mine"
runs 0 lockenv install --json --cache "$scratch/home$one/private" env.lock -p "$scratch/roots"
is "$(find "$scratch/roots" -type f ! -user root)" ''
is "$(find "$scratch/roots" -type f -links +1)" ''
runs 8 lockenv install --link hardlink --cache "$scratch/home$one/private" env.lock -p "$scratch/roots2"
err_has 'cannot hard-link'
# What he changes after it was checked and before it is copied is found in the copy.
if [ -f "$bin/libfault.so" ]; then
	runs 5 env LD_PRELOAD="$bin/libfault.so" FAULT_LACKS='peace reflink' lockenv install \
		--cache "$scratch/home$one/private" env.lock -p "$scratch/roots2"
	err_has 'was changed while it was copied'
	absent "$scratch/roots2"
	runs 0 as $one lockenv install -q --cache "$scratch/home$one/private" env.lock -p "$scratch/envs$one/again"
fi
# One file of another's in a tree of one's own is enough.
runs 0 lockenv install --json --cache "$scratch/own" --from "$scratch/home$one/private" env.lock -p "$scratch/roots3"
json 'd["link_mode"]' hardlink
chown $one "$(find "$scratch/own/trees" -name only-1.1.txt)"
runs 0 lockenv install --json --cache "$scratch/own" env.lock -p "$scratch/roots4"
is "$(find "$scratch/roots4" -type f ! -user root)" ''

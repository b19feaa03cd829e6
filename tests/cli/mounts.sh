#!/bin/sh
# shellcheck disable=SC2016 # expanded by the inner shell, and by a script of a package
# Prefixes that cannot be replaced as a whole, for real: mount points, parents that may not be written;
# and two at once.
if [ "${1:-}" != inside ]; then
	for how in '-m' '-rm'; do
		# shellcheck disable=SC2086 # options
		if unshare $how sh -c 'mount -t tmpfs none /mnt' 2>/dev/null; then
			exec unshare $how sh "$0" inside
		fi
	done
	echo 'skipped: no mount namespace here' >&2
	exit 77
fi
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock new.lock

# A mount point: what to do is told, and works all the way; the mount stays.
mkdir env
mount -t tmpfs none env
runs 2 lockenv install old.lock -p env
err_has "prefix '$PWD/env' is a mount point"
err_has 'hint: let what is in it be exchanged with --in-place'
is "$(ls -A env)" ''
runs 0 lockenv install --in-place old.lock -p env
old=$(digest env)
runs 0 lockenv verify env
runs 2 lockenv install new.lock -p env
err_has 'with --in-place'
echo mine >env/mine
runs 0 lockenv install --in-place --keep-previous new.lock -p env
runs 0 env/bin/hello
out_is 'hello 2.0'
runs 0 lockenv verify env
runs 0 lockenv rollback env
runs 0 env/bin/hello
out_is 'hello 1.1'
runs 0 lockenv verify env
is "$(cat env/mine)" mine
rm -r env/mine env/.lockenv-previous
is "$(digest env)" "$old"
mountpoint -q env || fail 'the mount is gone'

# Another file system below a directory that packages share: nothing is begun.
mkdir env/share/data
mount -t tmpfs none env/share/data
echo precious >env/share/data/file
before=$(digest env)
for how in 'install --in-place new.lock' 'remove --all --in-place'; do
	# shellcheck disable=SC2086 # words
	runs 2 lockenv $how -p env
	err_has "another file system is mounted at 'share/data' below the prefix"
	err_has 'hint: unmount it first'
	is "$(digest env)" "$before"
done
umount env/share/data
rmdir env/share/data
runs 2 lockenv remove --all -p env
err_has 'with --in-place'
runs 0 lockenv remove --all --in-place -p env
is "$(ls -A env)" ''
umount env

# Whole below a mount, and with a mount in it.
runs 0 lockenv install old.lock -p env
mkdir env/share/data
mount -t tmpfs none env/share/data
before=$(digest env)
runs 2 lockenv install new.lock -p env
err_has "another file system is mounted at 'share/data' below the prefix"
is "$(digest env)" "$before"
umount env/share/data
# A file that is a mount, a package's or not, in a path with blanks and the like.
runs 0 lockenv install -q old.lock -p 'odd \ env'
echo mine >mine
for path in bin/hello 'a b'; do
	echo mine >>"odd \\ env/$path"
	mount --bind mine "odd \\ env/$path"
	before=$(digest 'odd \ env')
	for how in 'install new.lock' 'install --in-place new.lock' 'remove --all'; do
		case $how in *in-place*) [ "$path" = bin/hello ] || continue ;; esac
		# shellcheck disable=SC2086 # words
		runs 2 lockenv $how -p 'odd \ env'
		err_has "something is mounted at '$path' below the prefix"
		is "$(digest 'odd \ env')" "$before"
	done
	if [ "$path" = 'a b' ]; then # in place what no package has stays where it is, at the top
		runs 0 lockenv install --in-place new.lock -p 'odd \ env'
	fi
	umount "odd \\ env/$path"
done
absent '.odd \ env.lockenv'

# A parent that may not be written: the same. Root may write everywhere, so it is somebody else then, or
# root without its rights.
mkdir -p theirs closed/env sticky
chmod 755 "$scratch" .
chmod 644 ./*.lock "$LOCKENV_CONFIG"
chmod -R a+rwX "$LOCKENV_CACHE"
chmod 1777 sticky
one='setpriv --reuid 61001 --regid 61001 --clear-groups --no-new-privs'
two='setpriv --reuid 61002 --regid 61002 --clear-groups --no-new-privs'
others=yes
$one test -x "$bin/lockenv" -a -r "$LOCKENV_CACHE/archives" 2>/dev/null || others=
if [ -n "$others" ]; then
	chown 61001 theirs closed/env
	as="$one env HOME=$PWD/theirs"
else
	as='setpriv --bounding-set=-all'
fi
chmod 555 closed
# run_as CODE WORD...
run_as() {
	want=$1
	shift
	# shellcheck disable=SC2086 # words
	runs "$want" $as lockenv "$@"
}
if $as mkdir closed/writable 2>/dev/null; then
	part 'everybody may write everywhere'
else
	run_as 8 install old.lock -p closed/env
	err_has "cannot make '$PWD/closed/.env.lockenv'"
	err_has 'with --in-place'
	run_as 0 install --in-place old.lock -p closed/env
	run_as 0 install --in-place --keep-previous new.lock -p closed/env
	run_as 0 rollback closed/env
	run_as 0 verify closed/env
	run_as 0 remove --all --in-place -p closed/env
	is "$(ls -A closed/env)" ''
fi

# Where everybody may plant a working folder, nobody's else is used: neither theirs by root, nor a third's.
if [ -n "$others" ]; then
	# shellcheck disable=SC2086 # words
	$one mkdir sticky/.env.lockenv
	# shellcheck disable=SC2086
	$two sh -c 'mkdir "$1" && chmod 777 "$1"' sh sticky/.mine.lockenv
	run_as 8 install old.lock -p sticky/mine
	err_has "'$PWD/sticky/.mine.lockenv' belongs to another user"
	err_has 'hint: have it removed'
	runs 8 lockenv install old.lock -p sticky/env
	err_has "'$PWD/sticky/.env.lockenv' belongs to another user"
	absent sticky/env
	absent sticky/mine
else
	part 'no other user to be'
fi

# Two at once, whichever way each of them works: who is at it is told, and nothing is touched.
mkfifo gate
GATE=$PWD/gate
READY=$PWD/ready
export GATE READY
cat >slow.yml <<'END'
packages:
- name: slow
  version: '1'
  build: '0'
  subdir: noarch
  files: {share/slow: x, bin/.slow-post-link.sh: 'touch "$READY"; cat "$GATE" >/dev/null'}
END
mkchannel --out channel slow.yml >/dev/null
lockenv solve -q --override-channels -c "file://$PWD/channel" --platform linux-64 --glibc 2.28 slow -o slow.lock
lockenv fetch -q slow.lock
for how in '' --in-place; do
	rm -rf env ready
	# shellcheck disable=SC2086 # no option, or one
	lockenv install -q old.lock -p env $how
	# shellcheck disable=SC2086
	lockenv install -q --keep-previous new.lock -p env $how
	# shellcheck disable=SC2086
	lockenv install -q --run-link-scripts slow.lock -p env $how &
	pid=$!
	tries=0
	while [ ! -e ready ] && [ $tries -lt 600 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	for other in 'install old.lock -p' 'install --in-place old.lock -p' 'rollback -p' 'remove --all -p' \
		'remove --all --in-place -p'; do
		# shellcheck disable=SC2086 # words
		runs 8 lockenv $other env
		err_has "another install into '$PWD/env' is under way (process $pid on "
		err_has 'hint: wait for it'
	done
	echo go >gate
	wait "$pid" || fail "install $how ended with $?"
	is "$(cat env/share/slow)" x
	runs 0 lockenv rollback env
	runs 0 env/bin/hello
	out_is 'hello 1.1' # what the last install with --keep-previous replaced
done

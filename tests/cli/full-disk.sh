#!/bin/sh
# A full disk and a folder that may not be written: exit code 8, and nothing lost.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' -o old.lock
solve -q hello oldtool -o new.lock
lockenv fetch -q old.lock new.lock

mkdir disk
if ! unshare -m mount -t tmpfs none disk 2>/dev/null; then
	part 'no mount namespace here: no disk to fill'
else
	# on_full_disk COMMAND...
	on_full_disk() {
		last="on a full disk: $*"
		code=0
		# shellcheck disable=SC2016 # for the inner shell
		unshare -m sh -eu -c '
			disk=$1/disk
			shift
			mount -t tmpfs -o size=256k none "$disk"
			lockenv install -q old.lock -p "$disk/env"
			cp old.lock "$disk/env.lock"
			cp -a "$disk" before
			cat /dev/zero >"$disk/fill" 2>/dev/null || true
			code=0
			"$@" >../out 2>../err || code=$?
			rm "$disk/fill"
			cp -a "$disk" seen
			exit "$code"' sh "$scratch/area" "$@" || code=$?
		is 8 "$code"
		check_failure
		err_has 'no space left on device'
		is "$(find seen/cache -type f 2>/dev/null)" ''
		rm -rf seen/cache
		is "$(digest seen)" "$(digest before)"
		rm -rf seen before
	}
	on_full_disk lockenv install new.lock -p disk/env
	on_full_disk lockenv install new.lock -p disk/env2
	on_full_disk lockenv solve --override-channels -c "$test_channel" --platform linux-64 hello -o disk/env.lock --update-all
	on_full_disk lockenv solve --override-channels -c "$test_channel" --platform linux-64 hello -o disk/new.lock
	on_full_disk lockenv pack --no-installer new.lock -o disk/new.lockpack
	if command -v mksquashfs >/dev/null; then
		on_full_disk lockenv pack new.lock --format squashfs -p /opt/env -o disk/new.squashfs
	else
		part 'no mksquashfs here'
	fi
	on_full_disk lockenv fetch --cache disk/cache new.lock
fi

# Output that cannot be written is no success.
if [ -c /dev/full ]; then
	code=0
	last='lockenv list >/dev/full'
	lockenv list old.lock >/dev/full 2>"$err" || code=$?
	is 8 "$code"
	check_failure
fi

# A limit on the size of files is told too, and nothing is left behind.
# shellcheck disable=SC2016 # for the inner shell
runs 8 sh -c 'ulimit -f 8; exec lockenv solve --cache limited --override-channels -c "$0" --platform linux-64 \
	hello -o limited.lock' "$test_channel"
err_has 'file too large'
err_has 'ulimit -f'
absent limited.lock
is "$(ls limited/tmp)" ''
rm -r limited

# A folder of someone else.
lockenv install -q old.lock -p env
chmod 755 "$scratch" . env
other=
if [ "$(id -u)" -ne 0 ]; then
	chmod 555 .
elif setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
	other='setpriv --reuid 65534 --clear-groups'
else
	skip 'root without setpriv: everything may be written'
fi
tree=$(digest .)
denied() {
	# shellcheck disable=SC2086 # words of a command
	runs 8 $other "$@"
	err_has 'permission denied'
	is "$(digest .)" "$tree"
}
chmod -R a+rX "$LOCKENV_CACHE"
denied lockenv install new.lock -p env
denied lockenv install new.lock -p env2
mkdir "$scratch/open"
chmod 777 "$scratch/open"
denied lockenv solve --cache "$scratch/open/cache" --override-channels -c "$test_channel" --platform linux-64 \
	hello -o old.lock --update-all
denied lockenv fetch --cache "$scratch/area/cache" new.lock
chmod 000 old.lock
tree=$(digest .)
denied lockenv list old.lock
chmod 755 . && chmod 644 old.lock

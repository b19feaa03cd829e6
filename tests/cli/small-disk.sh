#!/bin/sh
# A disk that is full in the middle: fetch, pack, unpack and installs from a bundle end in exit code 8 or are done,
# nothing bad stands under a final name, and with room again the same command works.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
mkdir disk
unshare -m mount -t tmpfs none disk 2>/dev/null || skip 'no mount namespace here: no disk to fill'
solve -q 'hello 1.*' -o old.lock
solve -q hello oldtool -o new.lock
lockenv fetch -q old.lock new.lock
lockenv pack -q --no-installer new.lock -o new.lockpack

# with_room KIB RESULT COMMAND...: on a disk where so much is free. The files of RESULT are in the end the same whatever
# the room was before.
with_room() {
	last="with $1 KiB of room: $*"
	first=$scratch/$(printf '%s' "$*" | sed 's/^[0-9]* //' | tr -c 'a-z\n' _)
	code=0
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -eu -c '
		disk=$1/disk
		room=$2
		result=$3
		shift 3
		mount -t tmpfs -o size=1m none "$disk"
		lockenv install -q old.lock -p "$disk/env"
		mkdir "$disk/out"
		dd if=/dev/zero of="$disk/fill" bs=1k count=2k 2>/dev/null || true
		truncate -s -"${room}K" "$disk/fill"
		cp -a "$disk/env" before
		code=0
		"$@" >../out 2>../err || code=$?
		rm "$disk/fill"
		cp -a "$disk" seen
		again=0
		"$@" >../again 2>&1 || again=$?
		echo "$again" >>again.codes
		(cd "$disk/$result" && find . -type f ! -name history ! -name ".lockenv*" -print0 | sort -z | xargs -0 sha256sum) \
			>result.now
		exit "$code"' sh "$scratch/area" "$@" || code=$?
	case $code in
	0) ;;
	8)
		check_failure
		err_has 'no space left on device'
		;;
	*) fail "exit code $code" ;;
	esac
	is "$(cat again.codes)" 0
	[ -s result.now ] || fail 'nothing was made'
	[ -e "$first" ] || cp result.now "$first"
	same result.now "$first"
	if [ "$2" != env ] || [ "$code" -ne 0 ]; then
		is "$(digest seen/env)" "$(digest before)"
	fi
	find seen -path '*/archives/*' -type f | while read -r file; do
		name=${file##*/}
		is "$(sha256sum <"$file" | cut -d' ' -f1)" "${name##*-}" # in a subshell: told, and seen below
		[ "$failed" -eq 0 ] || : >bad
	done
	absent bad
	rm -rf seen before again.codes
}

for room in 4 12 28 80; do
	with_room "$room" cache/archives lockenv fetch --cache disk/cache new.lock
	with_room "$room" out lockenv pack -q --no-installer new.lock -o disk/out/new.lockpack
	with_room "$room" cache/archives lockenv unpack --cache disk/cache new.lockpack
	with_room "$room" far lockenv unpack new.lockpack -d disk/far
	with_room "$room" env lockenv install --cache disk/cache new.lockpack --platform linux-64 -p disk/env
	with_room "$room" env lockenv install --no-cache new.lockpack --platform linux-64 -p disk/env
done

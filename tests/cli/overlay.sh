#!/bin/sh
# A prefix that a lower layer of an overlay brings, as in a container image made from another.
if [ "${1:-}" != inside ]; then
	if ! unshare -m true 2>/dev/null; then
		echo 'skipped: no mount namespace here' >&2
		exit 77
	fi
	exec unshare -m sh "$0" inside
fi
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' -o old.lock
solve -q hello oldtool -o new.lock
lockenv fetch -q old.lock new.lock

mkdir image
mount -t tmpfs none image
mkdir image/lower image/upper image/work place
mount --bind image/lower place
lockenv install -q old.lock -p place/env
mkdir place/empty
umount place
if ! mount -t overlay -o lowerdir=image/lower,upperdir=image/upper,workdir=image/work none place 2>/dev/null; then
	umount image
	skip 'no overlay here'
fi

runs 0 lockenv install old.lock -p place/env
if [ "$(cat /sys/module/overlay/parameters/redirect_dir)" = N ]; then
	before=$(digest place)
	runs 8 lockenv install new.lock -p place/env
	err_has "prefix '$PWD/place/env' comes from another layer"
	err_has 'hint: remove it first'
	is "$(digest place)" "$before"
fi
# Nothing is lost by replacing what is empty.
runs 0 lockenv install new.lock -p place/empty
lockenv list -p place/empty >/dev/null || fail 'not an environment'
rm -rf place/env
runs 0 lockenv install new.lock -p place/env
# What this layer made can be exchanged.
runs 0 lockenv install old.lock -p place/env
is "$(find place -maxdepth 1 -name '.*.lockenv')" ''
umount place image

#!/bin/sh
# run.sh [--bin DIR] [KIND] [OPTION]... [SCENARIO...]: lockenv with one fault at every call. KIND:
#     (none)      install, see faults.py
#     power       install when the power is cut, see power.py
#     places      install --in-place and --keep-previous, rollback, remove --all, see places.py
#     carry       fetch, pack, unpack, installs from bundles, see carry.py
#     solve, add  see solve.py and add.py; they take no options
# DIR holds lockenv, lockenv-install, mkchannel and libfault.so (build/release/bin).
# Works in memory where /dev/shm is writable, else in TMPDIR.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$here/../../build/release/bin
if [ "${1:-}" = --bin ]; then
	bin=$2
	shift 2
fi
bin=$(cd "$bin" && pwd)
place=${TMPDIR:-/tmp}
if [ -w /dev/shm ]; then
	place=/dev/shm
fi
work=$(mktemp -d "$place/lockenv-fault-XXXXXX")
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT INT TERM
export LOCKENV_CONFIG="$work/condarc" LOCKENV_CACHE="$work/cache" CONDA_REGISTER_ENVS=no
export SOURCE_DATE_EPOCH=1700000000 # histories of equal installs are equal
printf 'channels: []\n' >"$LOCKENV_CONFIG"

"$bin/mkchannel" --out "$work/channel" "$here/channel.yml" >/dev/null 2>&1
solve() {
	lock=$1
	shift
	"$bin/lockenv" solve -q --override-channels -c "file://$work/channel" --platform linux-64 \
		-o "$work/$lock" "$@"
	"$bin/lockenv" fetch -q "$work/$lock"
}
if [ "${1:-}" = solve ] || [ "${1:-}" = add ]; then
	sleep 3 # a folder that has only just changed gets no index
	python3 -B "$here/$1.py" "$bin" "$work"
	exit
fi
solve old.lock kept 'moves 1.*' goes
solve new.lock kept 'moves 2.*' comes
# Not the shell's place: the trap must run.
kind=faults
case ${1:-} in
carry | power | places)
	kind=$1
	shift
	;;
esac
python3 -B "$here/$kind.py" "$bin" "$work" "$@"

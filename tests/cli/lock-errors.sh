#!/bin/sh
# Locks that cannot be read: line and column, exit code 2, and solve never overwrites them.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q hello -o good.lock
mkdir seen

# bad LINE:COLUMN TEXT SED-SCRIPT: every command that reads the spoiled lock refuses it there.
bad() {
	sed -E "$3" good.lock >bad.lock
	differ good.lock bad.lock
	cp bad.lock "$scratch/kept"
	for command in 'check bad.lock' 'list bad.lock' 'install bad.lock -p env' 'fetch bad.lock' \
		'diff good.lock bad.lock'; do
		# shellcheck disable=SC2086 # words of a command
		runs 2 lockenv $command
		err_has "error: bad.lock:$1: "
		err_has "$2"
	done
	runs 2 solve 'hello 1.*' -o bad.lock
	err_has "error: bad.lock:$1: "
	same bad.lock "$scratch/kept"
	absent env
}
bad 2:10 'version 9' 's/^version: 1/version: 9/'
bad 2:10 "'version' must be a whole number" 's/^version: 1/version: one/'
bad 17:7 "no field 'name'" '17s/name/nme/'
bad 21:15 '64 hexadecimal digits' '21s/: ..../: zzzz/'
bad 21:15 '64 hexadecimal digits' '21s/.$//'
bad 23:13 size '23s/: .*/: many/'
bad 20:13 from '20s|: .*|: ../../etc/passwd|'
bad 20:13 'is not that of' "18s/: .*/: '9'/"
bad 20:7 "'build' is already on line 19" '19s/.*/&\n&/'
bad 3:1 'a tab' '3s/.*/\t&/'
bad 22:12 'anchors' '22s/: /: \&a /'

# Cut anywhere, a lock is never taken for whole.
size=$(wc -c <good.lock)
cut=10
while [ "$cut" -lt $((size - 60)) ]; do
	head -c "$cut" good.lock >cut.lock
	code=0
	lockenv check cut.lock >"$out" 2>"$err" || code=$?
	[ "$code" -ne 0 ] || fail "cut after $cut bytes it passes for whole"
	code=0
	lockenv install --strict cut.lock -p env >"$out" 2>"$err" || code=$?
	[ "$code" -eq 2 ] || fail "cut after $cut bytes: install says $code"
	cut=$((cut + 97))
done
: >empty.lock
runs 2 lockenv check empty.lock
head -c 4000 /dev/urandom >random.lock
runs 2 lockenv check random.lock

# A lock that reads well but is not consistent.
sed '/name: greeting/,/license/d' good.lock >incomplete.lock
runs 1 lockenv check incomplete.lock
err_has greeting
runs 2 lockenv install --strict incomplete.lock -p env
err_has greeting
absent env
# Without --strict it is told, and what it names is installed (here nothing is in the cache).
runs 6 lockenv install incomplete.lock -p env
err_has 'does not hold together'
absent env
sed "s/^    - hello$/    - hello 1.*/" good.lock >stale.lock
runs 1 lockenv check stale.lock
err_has 'hello 1.*'

# An unknown field of a known version is only a warning, with its place.
sed '2s/$/\nflavour: mint/' good.lock >new.lock
runs 0 lockenv check new.lock
err_has 'new.lock:3'
err_has flavour

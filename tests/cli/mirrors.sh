#!/bin/sh
# Mirrors: the lock has the channel's own addresses, transfers go elsewhere, and on to the next where one fails.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
cp -r "$channels/test" "$channels/demo" .
mkdir -p part
cp -r test part/
fault_serve "$PWD" --log "$PWD/log"
# shellcheck disable=SC2086 # two numbers
set -- $ports
host=127.0.0.1:$1
other=127.0.0.1:$2
dead=127.0.0.1:1

mirrors() {
	printf 'remote_backoff_factor: 0.01\nchannel_alias: http://no.such.host.invalid\nmirrored_channels:\n' >"$LOCKENV_CONFIG"
	printf '  %s\n' "$@" >>"$LOCKENV_CONFIG"
}
from() {
	rm -rf a.lock "$LOCKENV_CACHE"
	lockenv solve --override-channels -c test --platform linux-64 --glibc 2.28 greeting -o a.lock "$@"
}
fetched() {
	rm -rf "$LOCKENV_CACHE/archives"
	lockenv fetch -v a.lock
}
asked() { # what the servers were asked
	cat log
}

# By name and by address; the longest prefix; what the lock says is the same in all.
mirrors "test: [http://$host/ok/test]"
runs 0 from
has a.lock 'url: http://no.such.host.invalid/test'
! grep -q "$host" a.lock || fail 'the lock has a mirror'
cp a.lock plain.lock
runs 0 fetched
mirrors "http://no.such.host.invalid: [http://$dead]" "http://no.such.host.invalid/test/: [http://$host/ok/test]"
runs 0 from
same a.lock plain.lock

# The next one serves when one is not there, has nothing, is in trouble, or has other bytes.
for first in "http://$dead" "http://$host/missing" "http://$host/statuses/503" "http://$host/statuses/403" \
	"http://$host/hang-up/test" "http://no.such.mirror.invalid/test"; do
	mirrors "test: ['$first', http://$host/ok/test]"
	runs 0 from -v
	err_has "$first/"
	err_has "trying 'http://$host/ok/test/"
	same a.lock plain.lock
	runs 0 fetched
done
mirrors "test: [http://$host/corrupt/test, http://$host/ok/test]"
runs 0 fetched
err_has "http://$host/corrupt/test/noarch/"
err_has 'sha256'
runs 0 lockenv install a.lock -p "$PWD/prefix"

# Each file has its own: here one mirror has the repodata and the other the packages.
rm part/test/noarch/greeting* part/test/linux-64/*.conda
mirrors "test: [http://$host/ok/part/test, http://$other/ok/test]"
runs 0 from -v
same a.lock plain.lock
runs 0 fetched
err_has "http://$host/ok/part/test/noarch/greeting"

# All fail: the error has the address that was tried last.
mirrors "test: [http://$host/missing, http://$dead/x]"
runs 4 from
err_has "http://$dead/x/"
cp plain.lock a.lock
mirrors "test: [http://$host/corrupt/test, http://$other/shorter/test]"
runs 5 fetched
err_has "http://$other/shorter/test/noarch/greeting"

# What is remembered of repodata belongs to the mirror that it came from.
mirrors "test: [http://$host/ok/test]"
runs 0 from
printf 'local_repodata_ttl: 0\n' >>"$LOCKENV_CONFIG"
again() {
	rm -f a.lock
	lockenv solve --override-channels -c test --platform linux-64 --glibc 2.28 greeting -o a.lock
}
runs 0 again
asked | grep '^/ok/test/noarch/repodata' | tail -1 >line
! grep -q 'match= ' line || fail 'the mirror was not asked whether the copy is current'
mirrors "test: [http://$other/ok/part/../test]"
printf 'local_repodata_ttl: 0\n' >>"$LOCKENV_CONFIG"
runs 0 again
asked | grep '^/ok/test/noarch/repodata.*port=1' | tail -1 >line
grep -q 'match= ' line || fail 'another mirror was asked about that copy'

# Credentials: a mirror's own, and none of another's or of the channel's.
printf 'machine %s login user password s3cret\n' no.such.host.invalid >"$HOME/.netrc"
chmod 600 "$HOME/.netrc"
mirrors "test: [http://$other/bearer/test, http://user:s3cret@$host/auth/test]"
runs 0 from -v
err_lacks s3cret
! grep -q s3cret a.lock || fail 'the lock has the password'
! grep -rqF s3cret "$LOCKENV_CACHE" || fail 'the cache has the password'
! asked | grep 'bearer/.*auth=B' || fail 'a mirror has the credentials of another'
mirrors "test: [http://$other/bearer/test]"
runs 4 from
export "LOCKENV_TOKEN_127_0_0_1_PORT_${other#*:}=t0ken"
runs 0 from -v
err_lacks t0ken

# No mirrors.
for value in 'conda-forge' "test: http://$host/ok/test" 'test: []' 'test: [oci://ghcr.io/x]' 'test: [ftp://user:s3cret@h]' 'test: ["http://h?x"]'; do
	mirrors "$value"
	case $value in
	*'http://127'*) runs 0 from ;; # one, written without brackets
	*) runs 2 from ;;
	esac
	err_lacks s3cret
done

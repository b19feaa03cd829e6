#!/bin/sh
# Credentials: every place they come from, which one wins, and that they go nowhere else.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
fault_serve "$channels" --log "$PWD/log"
# shellcheck disable=SC2086 # two numbers
set -- $ports
host=127.0.0.1:$1
other=127.0.0.1:$2

# from FAULT OPTION...: solves for one package from the channel behind that fault, all asked anew.
from() {
	fault=$1
	shift
	rm -rf a.lock "$LOCKENV_CACHE"
	lockenv solve --override-channels -c "http://$host/$fault/test" --platform linux-64 --glibc 2.28 \
		-vv greeting -o a.lock "$@"
}
asked() { # what the servers were asked
	cat log
}
# Nothing of the secrets in what was said or written.
silent() {
	for secret in s3cret t0ken tk-12; do
		err_lacks "$secret"
		out_lacks "$secret"
		if [ -f a.lock ]; then
			! grep -q "$secret" a.lock || fail "the lock has $secret"
		fi
		! grep -rqF "$secret" "$LOCKENV_CACHE" || fail "the cache has $secret"
	done
}
let_in() {
	runs 0 "$@"
	silent
	has a.lock "http://$host/"
}
kept_out() {
	runs 4 "$@"
	err_has 'docs/network.md'
	silent
}

# Without any.
kept_out from auth
kept_out from bearer
kept_out from token

# rattler's file, named and where it usually is.
cat >auth.json <<JSON
{"127.0.0.1": {"BasicHTTP": {"username": "user", "password": "s3cret"}},
 "$other": {"BearerToken": "t0ken"}}
JSON
chmod 600 auth.json
export RATTLER_AUTH_FILE="$PWD/auth.json"
let_in from auth
err_lacks warning
runs 0 lockenv fetch a.lock
silent
kept_out from bearer
chmod 644 auth.json
let_in from auth
err_has "warning: others may read the credentials in '$PWD/auth.json'"
is 1 "$(grep -c 'others may read' "$err")"
mkdir -p "$HOME/.rattler"
mv auth.json "$HOME/.rattler/credentials.json"
chmod 600 "$HOME/.rattler/credentials.json"
runs 2 from auth
err_has "there is no credentials file '$PWD/auth.json'"
unset RATTLER_AUTH_FILE
let_in from auth
printf '{"%s": {"BearerToken": "t0ken"}}' "$host" >"$HOME/.rattler/credentials.json"
let_in from bearer
printf '{"%s": {"CondaToken": "tk-12"}}' "$host" >"$HOME/.rattler/credentials.json"
let_in from token
runs 0 lockenv fetch a.lock
silent
printf '{"%s": {"OAuth": {"access_token": "t0ken"}}}' "$host" >"$HOME/.rattler/credentials.json"
kept_out from bearer
err_has 'has OAuth credentials for'

# A file that is broken: a warning, or an error where it was asked for; no line of it is shown.
for text in '{"a": {"BearerToken": "t0ken' '{"a": {"BearerToken": "t0ken\nX-Evil: yes"}}' '{"a": {"BearerToken": "t0ken\u0000"}}' \
	'{"a": {"CondaToken": "t0ken/../.."}}' '[[[[[[[[[[[[[[[["t0ken"]]]]]]]]]]]]]]]]'; do
	printf '%s' "$text" >"$HOME/.rattler/credentials.json"
	let_in from ok
	err_has "these credentials are not used"
	runs 2 env RATTLER_AUTH_FILE="$HOME/.rattler/credentials.json" lockenv solve --override-channels \
		-c "http://$host/ok/test" greeting -o b.lock
	silent
	absent b.lock
done
head -c 3000000 /dev/zero | tr '\0' '[' >"$HOME/.rattler/credentials.json"
let_in from ok
err_has "these credentials are not used"
rm "$HOME/.rattler/credentials.json"

# libmamba's file, netrc in both places, anaconda-client's tokens.
mkdir -p "$HOME/.mamba/auth"
printf '{"%s": {"type": "BasicHTTPAuthentication", "user": "user", "password": "czNjcmV0"}}' "$host" \
	>"$HOME/.mamba/auth/authentication.json"
chmod 600 "$HOME/.mamba/auth/authentication.json"
let_in from auth
rm "$HOME/.mamba/auth/authentication.json"
printf 'machine 127.0.0.1 login user password s3cret\n' >"$HOME/.netrc"
chmod 600 "$HOME/.netrc"
let_in from auth
mv "$HOME/.netrc" other-netrc
kept_out from auth
NETRC=$PWD/other-netrc let_in from auth
mkdir -p "$HOME/.config/binstar"
printf 'tk-12\n' >"$HOME/.config/binstar/http%3A%2F%2F127.0.0.1%3A${host#*:}.token"
chmod 600 "$HOME"/.config/binstar/*
let_in from token
printf 'add_anaconda_token: false\n' >"$LOCKENV_CONFIG"
kept_out from token
printf 'channels: []\n' >"$LOCKENV_CONFIG"
rm -r "$HOME/.config"

# Variables.
name=127_0_0_1
export "LOCKENV_TOKEN_$name=t0ken"
let_in from bearer
unset "LOCKENV_TOKEN_$name"
export "LOCKENV_USERNAME_${name}_PORT_${host#*:}=user" "LOCKENV_PASSWORD_${name}_PORT_${host#*:}=s3cret"
let_in from auth
# Those of a URL win, those of a variable win over a file.
NETRC=$PWD/auth.netrc
printf 'machine 127.0.0.1 login user password wrong\n' >"$NETRC"
export NETRC
let_in from auth
unset "LOCKENV_USERNAME_${name}_PORT_${host#*:}" "LOCKENV_PASSWORD_${name}_PORT_${host#*:}"
kept_out from auth
rm -rf "$LOCKENV_CACHE"
runs 0 lockenv solve --override-channels -c "http://user:s3cret@$host/auth/test" --platform linux-64 --glibc 2.28 \
	greeting -o a.lock
silent
unset NETRC
runs 2 env "LOCKENV_TOKEN_$name=$(printf 't0ken\nX-Evil: 1')" lockenv solve --override-channels \
	-c "http://$host/ok/test" greeting -o b.lock
silent

# To another port or host, by a redirect or by a lock, nothing goes that is not theirs.
for kind in "LOCKENV_TOKEN_${name}_PORT_${host#*:}=t0ken" "LOCKENV_USERNAME_${name}_PORT_${host#*:}=user"; do
	export "${kind%%=*}=${kind#*=}"
	for fault in redirect redirect-port; do
		let_in from "$fault"
	done
	unset "${kind%%=*}"
done
! grep ' auth=[BD].* port=1' log || fail 'credentials went to another port'
grep -q 'auth= port=1' log || fail 'no redirect was followed'
grep -q "^/redirect/.* auth=Bearer t0ken port=0" log || fail 'the first server had no token'

# The address in .condarc lets the lock's packages in, whose addresses say nothing.
runs 0 from ok
sed "s|http://$host/ok/|http://$host/auth/|" a.lock >closed.lock
rm -rf "$LOCKENV_CACHE"
runs 4 lockenv fetch closed.lock
export SECRET=s3cret
# shellcheck disable=SC2016 # lockenv replaces it
printf 'channels: ["http://user:${SECRET}@%s/auth/test"]\n' "$host" >"$LOCKENV_CONFIG"
runs 0 lockenv fetch closed.lock
silent

# Channels that may be used, and those that may not.
printf 'denylist_channels: [other, http://%s/ok/test]\n' "$host" >"$LOCKENV_CONFIG"
runs 2 from ok
err_has "channel 'http://$host/ok/test' may not be used: denylist_channels of .condarc"
runs 0 from redirect-port
printf 'custom_multichannels: {ours: [http://%s/ok/test, conda-forge]}\nallowlist_channels: [ours]\n' "$host" >"$LOCKENV_CONFIG"
runs 0 from ok
runs 2 from auth
err_has 'allowlist_channels'
runs 2 lockenv fetch closed.lock

#!/bin/sh
# The way to servers: certificates of one's own, client certificates, proxies, variables and .condarc.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v openssl >/dev/null || skip 'no openssl'

# An authority, a server's certificate and a client's.
openssl_quiet() {
	openssl "$@" >openssl.log 2>&1 || {
		cat openssl.log >&2
		fail "openssl $1"
	}
}
openssl_quiet req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=our authority' -keyout ca.key -out ca.pem
for who in server client; do
	printf 'subjectAltName=IP:127.0.0.1\n' >$who.ext
	openssl_quiet req -newkey rsa:2048 -nodes -subj /CN=$who -keyout $who.key -out $who.csr
	openssl_quiet x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $who.ext -out $who.crt
	cat $who.crt $who.key >$who.pem
done
mkdir folder
cp ca.pem folder/
openssl_quiet rehash folder
openssl_quiet rsa -aes128 -passout pass:s3cret -in client.key -out locked.key

fault_serve "$channels" --tls server.pem --client-ca ca.pem --proxy me:s3cret --log "$PWD/log"
# shellcheck disable=SC2086 # five numbers
set -- $ports
plain=http://127.0.0.1:$1
tls=https://127.0.0.1:$3
guarded=https://127.0.0.1:$4
proxy=127.0.0.1:$5
me=http://me:s3cret@$proxy

# from URL: solves for one package from the channel there, all asked anew.
from() {
	url=$1
	shift
	rm -rf a.lock "$LOCKENV_CACHE"
	lockenv solve --override-channels -c "$url/ok/test" --platform linux-64 --glibc 2.28 -vv greeting -o a.lock "$@"
}
asked() { # what the servers were asked
	cat log
}
settings() {
	printf '%s\n' 'remote_backoff_factor: 0.01' "$@" >"$LOCKENV_CONFIG"
}
settings

# Nobody knows this authority; each way of naming it.
runs 4 from "$tls"
err_has 'ssl_verify'
err_has "$tls"
for path in "$PWD/ca.pem" "$PWD/folder"; do
	settings "ssl_verify: $path"
	runs 0 from "$tls"
	settings
	runs 0 env "CONDA_SSL_VERIFY=$path" lockenv solve --override-channels -c "$tls/ok/test" --platform linux-64 \
		--glibc 2.28 greeting -o b.lock
	same a.lock b.lock
done
for name in REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE; do
	export "$name=$PWD/ca.pem"
	runs 0 from "$tls"
	settings 'ssl_verify: truststore'
	[ "$name" = SSL_CERT_FILE ] || runs 4 from "$tls"
	settings 'ssl_verify: /etc/ssl/certs/none.pem'
	runs 2 from "$tls"
	err_has "ssl_verify: '/etc/ssl/certs/none.pem' cannot be read"
	settings
	unset "$name"
done
SSL_CERT_DIR=$PWD/folder
export SSL_CERT_DIR
runs 0 from "$tls"
unset SSL_CERT_DIR
export REQUESTS_CA_BUNDLE=/nowhere/ca.pem
runs 4 from "$tls"
err_has "warning: REQUESTS_CA_BUNDLE names '/nowhere/ca.pem', which cannot be read"
unset REQUESTS_CA_BUNDLE
settings 'ssl_verify: false'
runs 0 from "$tls"
err_has 'warning: certificates are not verified (ssl_verify: false)'
is 1 "$(grep -c 'not verified' "$err")"
# The right authority, another name.
settings "ssl_verify: $PWD/ca.pem"
runs 4 from "https://localhost:${tls##*:}"

# A server that wants to know who asks.
runs 4 from "$guarded"
settings "ssl_verify: $PWD/ca.pem" "client_ssl_cert: $PWD/client.pem"
runs 0 from "$guarded"
runs 0 lockenv fetch a.lock
here=$PWD
export here
# shellcheck disable=SC2016 # lockenv replaces it
settings 'ssl_verify: ${here}/ca.pem' 'client_ssl_cert: $here/client.crt' 'client_ssl_cert_key: $here/client.key'
runs 0 from "$guarded"
settings "ssl_verify: $PWD/ca.pem" "client_ssl_cert: $PWD/client.crt" "client_ssl_cert_key: $PWD/locked.key"
runs 4 from "$guarded" # no question on the terminal
err_has 'without a passphrase'
settings "client_ssl_cert: $PWD/none.pem"
runs 2 from "$guarded"
err_has "client_ssl_cert: '$PWD/none.pem' cannot be read"

# Proxies: by CONNECT for https, by whole URLs for http; who may pass is asked for.
ca="ssl_verify: $PWD/ca.pem"
via() {
	asked | grep -c "proxy-auth=Basic bWU6czNjcmV0 auth= port=4" || true
}
through() {
	before=$(via)
	runs 0 "$@"
	[ "$(via)" -gt "$before" ] || fail 'not through the proxy'
	err_lacks s3cret
	! grep -q s3cret a.lock || fail 'the lock has s3cret'
}
past() {
	before=$(via)
	runs 0 "$@"
	is "$before" "$(via)"
}
settings "$ca" "proxy_servers: {http: '$me', https: '$me'}"
through from "$tls"
through from "$plain"
settings "$ca" "proxy_servers: {'https://127.0.0.1': '$me', https: 'http://127.0.0.1:1'}"
through from "$tls"
past from "$plain"
NO_PROXY=127.0.0.1 past from "$tls"
settings "$ca" "proxy_servers: {all: '$me', 'https://127.0.0.1': }"
past from "$tls"
through from "$plain"
settings "$ca"
for name in https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
	export "$name=$me"
	through from "$tls"
	unset "$name"
done
for name in http_proxy HTTP_PROXY; do
	export "$name=$me"
	through from "$plain"
	past from "$tls"
	unset "$name"
done
HTTP_PROXY=$me
REQUEST_METHOD=GET
export HTTP_PROXY REQUEST_METHOD
past from "$plain"
unset HTTP_PROXY REQUEST_METHOD
# .condarc before the environment.
settings "$ca" "proxy_servers: {https: '$me'}"
https_proxy=http://127.0.0.1:1 through from "$tls"

# A proxy that does not let in, that is not there, that is no address: one message, no password.
for url in "$tls" "$plain"; do
	settings "$ca" "proxy_servers: {http: 'http://me:wr0ng@$proxy', https: 'http://me:wr0ng@$proxy'}"
	runs 4 from "$url"
	err_has 407
	err_has proxy
	err_lacks wr0ng
	settings "$ca" "proxy_servers: {http: 'http://me:wr0ng@127.0.0.1:1', https: 'http://me:wr0ng@127.0.0.1:1'}"
	runs 4 from "$url"
	err_has 'through the proxy http://127.0.0.1:1'
	err_lacks wr0ng
done
for address in 'me:wr0ng@ho st:1' 'gopher://me:wr0ng@h' 'http://me:wr0ng@h/path'; do
	settings "proxy_servers: {http: '$address'}"
	runs 2 from "$plain"
	err_has "the proxy for 'http' in proxy_servers of .condarc"
	err_lacks wr0ng
	settings
	https_proxy=$address runs 2 from "$tls"
	err_has "the proxy for 'https' in https_proxy"
	err_lacks wr0ng
done

for line in "proxy_servers: [https, 'me:wr0ng@h:1']" "proxy_servers: {https: me:wr0ng@h, https: x}" "proxy_servers: {https: 'me:wr0ng@h'"; do
	settings "$line"
	runs 2 from "$tls"
	err_lacks wr0ng
done

# The proxy's user is the proxy's alone.
asked | grep 'auth=Basic bWU6czNjcmV0 port=[0-3]' && fail 'a server has the user of the proxy'
true

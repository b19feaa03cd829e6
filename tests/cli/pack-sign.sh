#!/bin/sh
# pack --sign: what openssl and ssh-keygen make of the signature, and that bundle and signature stay a pair.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v ssh-keygen >/dev/null || skip 'no ssh-keygen here'
command -v openssl >/dev/null || skip 'no openssl here'
umask 022
keys=$scratch/keys
mkdir "$keys"
ssh-keygen -q -t ed25519 -N '' -C alice@example.org -f "$keys/alice"
ssh-keygen -q -t ed25519 -N secret -a 1 -f "$keys/locked"
ssh-keygen -q -t ecdsa -N '' -f "$keys/ecdsa"
openssl genpkey -algorithm ed25519 -out "$keys/bob.pem"
openssl pkey -in "$keys/bob.pem" -pubout -out "$keys/bob.pub.pem"
openssl pkcs8 -topk8 -in "$keys/bob.pem" -passout pass:secret -out "$keys/locked.pem"
alice=$(ssh-keygen -lf "$keys/alice.pub" | cut -d' ' -f2)
printf 'alice@example.org namespaces="lockenv" %s\n' "$(cat "$keys/alice.pub")" >"$keys/allowed"

solve -q hello -o env.lock
lockenv fetch -q env.lock
pack() {
	lockenv pack --no-installer env.lock -o env.lockpack "$@"
}

# A key of ssh-keygen: its own verdict, and its own bytes.
runs 0 pack --sign "$keys/alice"
err_has "signed by $alice: env.lockpack.sig"
tar xOf env.lockpack MANIFEST >m
runs 0 sh -c "ssh-keygen -Y verify -n lockenv -f '$keys/allowed' -I alice@example.org -s env.lockpack.sig <m"
out_has "Good \"lockenv\" signature for alice@example.org"
ssh-keygen -q -Y sign -n lockenv -f "$keys/alice" m
same m.sig env.lockpack.sig
is "$(stat -c %a env.lockpack.sig)" 644
cp env.lockpack first.lockpack
cp env.lockpack.sig first.lockpack.sig

# A PEM key, named by the environment; telling as JSON.
runs 0 env LOCKENV_SIGN_KEY="$keys/bob.pem" lockenv pack --json --no-installer env.lock -o env.lockpack
json 'd["signed_by"][:7], len(d["signed_by"])' "('SHA256:', 50)"
same env.lockpack first.lockpack
is "$(stat -c %s env.lockpack.sig)" 64
runs 0 openssl pkeyutl -verify -rawin -pubin -inkey "$keys/bob.pub.pem" -sigfile env.lockpack.sig -in m
runs 0 pack --sign "$keys/alice"
same env.lockpack.sig first.lockpack.sig

# Volumes have one signature.
runs 0 lockenv pack -q --no-installer --volume-size 3KiB env.lock -o cut.lockpack --sign "$keys/alice"
same cut.lockpack.sig first.lockpack.sig
absent cut.lockpack

# Not signed this time: a signature from before is left, and told where it is not seen to be of the same bytes.
runs 0 pack
err_lacks warning
same env.lockpack.sig first.lockpack.sig
cp first.lockpack.sig other.lockpack.sig
solve -q 'greeting 1.4' -o other.lock
lockenv fetch -q other.lock
runs 0 lockenv pack --no-installer other.lock -o other.lockpack
err_has "warning: 'other.lockpack.sig' was there before"

# Keys that do not serve: nothing is written, not even looked for.
refuses() {
	runs 2 lockenv pack --no-installer none.lock -o new.lockpack --sign "$1"
	err_has "$2"
	absent new.lockpack
}
refuses "$keys/none" 'no such file'
refuses "$keys/locked" 'passphrase'
refuses "$keys/locked.pem" 'passphrase'
refuses "$keys/ecdsa" 'not of the type ssh-ed25519'
refuses "$keys/alice.pub" 'a public key, which cannot sign'
refuses "$keys/bob.pub.pem" 'a public key, which cannot sign'
refuses env.lock 'no private key in it'
chmod 644 "$keys/alice"
runs 0 pack --dry-run --sign "$keys/alice"
err_has "others can read the private key '$keys/alice'"
err_has "would sign by $alice"
chmod 600 "$keys/alice"

# What fails leaves both as they were, and nothing beside them.
archive=$(find "$LOCKENV_CACHE/archives" -name 'hello-*')
cp "$archive" "$scratch/archive"
printf x | dd of="$archive" bs=1 seek=100 conv=notrunc 2>/dev/null
runs 5 pack --sign "$keys/bob.pem"
same env.lockpack first.lockpack
same env.lockpack.sig first.lockpack.sig
cp "$scratch/archive" "$archive"
mkdir dir.lockpack.sig
runs 8 lockenv pack --no-installer env.lock -o dir.lockpack --sign "$keys/bob.pem"
rmdir dir.lockpack.sig
is "$(find . -name '*.sig-*' -o -name '.lockpack*')" ''

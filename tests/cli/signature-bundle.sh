#!/bin/sh
# Signed bundles: nothing of one is used whose MANIFEST no trusted key has signed.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v ssh-keygen >/dev/null || skip 'no ssh-keygen here'
command -v openssl >/dev/null || skip 'no openssl here'
umask 022
keys=$scratch/keys
mkdir "$keys"
ssh-keygen -q -t ed25519 -N '' -C alice@example.org -f "$keys/alice"
ssh-keygen -q -t ed25519 -N '' -C mallory@example.org -f "$keys/mallory"
openssl genpkey -algorithm ed25519 -out "$keys/bob.pem"
openssl pkey -in "$keys/bob.pem" -pubout -out "$keys/bob.pub.pem"
alice=$(ssh-keygen -lf "$keys/alice.pub" | cut -d' ' -f2)
mallory=$(ssh-keygen -lf "$keys/mallory.pub" | cut -d' ' -f2)
cat "$keys/alice.pub" "$keys/bob.pub.pem" >"$keys/trusted"
export LOCKENV_TRUSTED_KEYS="$keys/trusted"

solve -q hello -o env.lock
solve -q 'greeting 1.4' -o other.lock
lockenv fetch -q env.lock other.lock
lockenv pack -q --no-installer env.lock -o env.lockpack --sign "$keys/alice"
lockenv pack -q --no-installer other.lock -o other.lockpack --sign "$keys/alice"
cp env.lockpack right
cp env.lockpack.sig right.sig

# install PROGRAM: into env, of the bundle alone.
install() {
	"$@" env.lockpack --no-cache --require-signature -p env
}
accepts() {
	for program in 'lockenv install' lockenv-install; do
		# shellcheck disable=SC2086 # a program and its command
		runs 0 install $program
		err_has "'env.lockpack' is signed by SHA256:"
		rm -rf env
	done
	runs 0 lockenv unpack --list env.lockpack --require-signature
	runs 0 lockenv unpack env.lockpack -d unpacked --require-signature
	err_has "'env.lockpack' is signed by SHA256:"
	rm -rf unpacked
}
refuses() {
	for program in 'lockenv install' lockenv-install; do
		# shellcheck disable=SC2086
		runs 5 install $program
		err_has "$1"
		absent env
	done
	runs 5 lockenv unpack env.lockpack -d unpacked --require-signature
	err_has "$1"
	runs 5 lockenv unpack --list env.lockpack --require-signature
	out_is ''
	absent unpacked
}

accepts
rm env.lockpack.sig
refuses "'env.lockpack' is not signed: there is no 'env.lockpack.sig'"
cp other.lockpack.sig env.lockpack.sig
refuses "'env.lockpack' is not what $alice signed with 'env.lockpack.sig'"
runs 5 lockenv install env.lockpack --no-cache -p env # and when nobody demands one
absent env
tar xf env.lockpack MANIFEST
ssh-keygen -q -Y sign -n lockenv -f "$keys/mallory" MANIFEST
mv MANIFEST.sig env.lockpack.sig
refuses "signed by $mallory, which is not among the 2 trusted here"
runs 0 lockenv install env.lockpack --no-cache -p env
err_has "warning: 'env.lockpack' is signed by $mallory"
rm -rf env

# What stock tools sign, a key in an agent for one.
ssh-keygen -q -Y sign -n lockenv -f "$keys/alice" MANIFEST
mv MANIFEST.sig env.lockpack.sig
same env.lockpack.sig right.sig
openssl pkeyutl -sign -rawin -inkey "$keys/bob.pem" -in MANIFEST -out env.lockpack.sig
accepts

# The manifest is what is signed, and what is signed is what is used: a bundle that was put together anew, with a lock,
# an archive or a hash that is another, is refused by one or the other.
cp right.sig env.lockpack.sig
cp other.lockpack env.lockpack
refuses "'env.lockpack' is not what $alice signed"
"$python" - <<'EOF'
import subprocess, sys
right = open("right", "rb").read()
size = int(right[124:135], 8)
def code(data):
    open("env.lockpack", "wb").write(data)
    return subprocess.run(["lockenv", "install", "-q", "env.lockpack", "--no-cache", "--require-signature", "-p", "env"],
                          stderr=subprocess.DEVNULL).returncode
# Each byte of the manifest, a step at a time; then of the rest: headers, the lock, the archives.
for at in list(range(512, 512 + size, 41)) + list(range(512 + size, len(right), len(right) // 20)):
    got = code(right[:at] + bytes([right[at] ^ 1]) + right[at + 1:])
    if got != 5:
        sys.exit(f"byte {at} of {len(right)}: exit code {got}")
if code(right) != 0:
    sys.exit("the right one is refused")
EOF
rm -rf env

# Volumes have one signature, beside them and without their numbers.
lockenv pack -q --no-installer --volume-size 3KiB env.lock -o cut.lockpack --sign "$keys/alice"
for name in cut.lockpack cut.lockpack.001; do
	runs 0 lockenv install "$name" --no-cache --require-signature -p env
	err_has "'cut.lockpack' is signed by $alice (alice@example.org)"
	rm -rf env
done
rm cut.lockpack.sig
runs 5 lockenv install cut.lockpack.001 --no-cache --require-signature -p env
err_has "there is no 'cut.lockpack.sig'"

# A signed lock needs no signed bundle: it names every byte itself.
rm env.lockpack.sig
runs 5 lockenv install env.lock --from env.lockpack --no-cache --require-signature -p env
err_has "'env.lock' is not signed"
ssh-keygen -q -Y sign -n lockenv -f "$keys/alice" env.lock
runs 0 lockenv install env.lock --from env.lockpack --no-cache --require-signature -p env

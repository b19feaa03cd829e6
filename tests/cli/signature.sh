#!/bin/sh
# Signatures over locks: what openssl and ssh-keygen sign is held against the keys that are trusted here.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v ssh-keygen >/dev/null || skip 'no ssh-keygen here'
command -v openssl >/dev/null || skip 'no openssl here'
umask 022
keys=$scratch/keys
mkdir "$keys"
ssh-keygen -q -t ed25519 -N '' -C alice@example.org -f "$keys/alice"
ssh-keygen -q -t ed25519 -N '' -C mallory@example.org -f "$keys/mallory"
ssh-keygen -q -t ecdsa -N '' -f "$keys/ecdsa"
openssl genpkey -algorithm ed25519 -out "$keys/bob.pem"
openssl pkey -in "$keys/bob.pem" -pubout -out "$keys/bob.pub.pem"
alice=$(ssh-keygen -lf "$keys/alice.pub" | cut -d' ' -f2)
mallory=$(ssh-keygen -lf "$keys/mallory.pub" | cut -d' ' -f2)
cat "$keys/alice.pub" "$keys/bob.pub.pem" >"$keys/trusted"

# by KEY [NAMESPACE [HASH]]: env.lock.sig
by() {
	rm -f env.lock.sig
	case $1 in
	*.pem) openssl pkeyutl -sign -rawin -inkey "$keys/$1" -in env.lock -out env.lock.sig ;;
	*) ssh-keygen -q -Y sign -n "${2:-lockenv}" -O hashalg="${3:-sha512}" -f "$keys/$1" env.lock ;;
	esac
}

refuses() {
	runs 5 lockenv install -q --require-signature env.lock -p env
	err_has "$1"
	runs 5 lockenv-install -q --require-signature env.lock -p env
	err_has "$1"
	absent env
}

accepts() {
	runs 0 lockenv install --require-signature env.lock -p env
	err_has "'env.lock' is signed by SHA256:"
	err_has "($1)"
	rm -rf env
	runs 0 lockenv-install -q --require-signature env.lock -p env
	rm -rf env
}

solve -q hello -o env.lock
lockenv fetch -q env.lock

# Nothing is asked for, nothing is looked at.
runs 0 lockenv install -q env.lock -p env
rm -rf env
refuses "'env.lock' is not signed: there is no 'env.lock.sig'"
by alice
runs 0 lockenv install env.lock -p env
err_lacks sign
rm -rf env
refuses "signed by $alice, but no key is trusted here"

# A trusted key's, in each form.
export LOCKENV_TRUSTED_KEYS="$keys/trusted"
accepts alice@example.org
by alice lockenv sha256
accepts alice@example.org
by bob.pem
accepts trusted
runs 0 env LOCKENV_REQUIRE_SIGNATURE=1 lockenv install env.lock -p env
err_has "'env.lock' is signed by SHA256:"
rm -rf env

# Where keys are looked for when nothing is set: the folder of configuration, and keys in files of their own.
unset LOCKENV_TRUSTED_KEYS
mkdir -p "$HOME/.config/lockenv/trusted_keys.d" "$scratch/xdg/lockenv"
refuses 'but no key is trusted here'
cp "$keys/bob.pub.pem" "$HOME/.config/lockenv/trusted_keys.d/bob.pem"
accepts bob.pem
by alice
refuses "signed by $alice, which is not among the 1 trusted here"
cp "$keys/alice.pub" "$HOME/.config/lockenv/trusted_keys"
accepts alice@example.org
XDG_CONFIG_HOME=$scratch/xdg
export XDG_CONFIG_HOME
refuses 'but no key is trusted here'
cp "$keys/alice.pub" "$scratch/xdg/lockenv/trusted_keys"
accepts alice@example.org
unset XDG_CONFIG_HOME
export LOCKENV_TRUSTED_KEYS="$keys/trusted"

# Others may not say whom to trust.
chmod g+w "$keys/trusted"
refuses "others can write '$keys/trusted'"
chmod g-w "$keys/trusted"
chmod o+w "$keys"
refuses "others can write '$keys', which"
chmod o-w "$keys"
runs 2 env LOCKENV_TRUSTED_KEYS="$keys/none" lockenv install --require-signature env.lock -p env
err_has "there are no trusted keys '$keys/none'"
printf 'alice ssh-ed25518 AAAA\n' >"$keys/bad"
runs 2 env LOCKENV_TRUSTED_KEYS="$keys/bad" lockenv install --require-signature env.lock -p env
err_has "$keys/bad:1:7: "

# Keys for a time or for other things.
printf 'alice namespaces="file,git" %s\n' "$(cat "$keys/alice.pub")" >"$keys/trusted"
refuses 'but no key is trusted here'
printf 'alice valid-before="20200101Z" %s\n' "$(cat "$keys/alice.pub")" >"$keys/trusted"
refuses "signed by $alice, which is not valid at this time"
runs 0 lockenv install env.lock -p env
err_has 'warning: '
rm -rf env
printf 'alice namespaces="lockenv",valid-before="29990101Z" %s\n' "$(cat "$keys/alice.pub")" >"$keys/trusted"
accepts alice

# Not this lock's, not a trusted key's, not a key that counts, not ours, not a signature.
by mallory
refuses "signed by $mallory, which is not among the 1 trusted here"
runs 0 lockenv install env.lock -p env
err_has "warning: 'env.lock' is signed by $mallory"
rm -rf env
by bob.pem
refuses "'env.lock' is not what any of the 1 keys trusted here signed"
by ecdsa
refuses "of type 'ecdsa-sha2-nistp256'"
by alice file
refuses "is for 'file', not for 'lockenv'"
by alice
mv env.lock.sig right.sig
echo '# tampered' >>env.lock
cp right.sig env.lock.sig
refuses "'env.lock' is not what $alice signed with 'env.lock.sig'"
runs 5 lockenv install env.lock -p env # also when nobody demands one
err_has "'env.lock' is not what $alice signed"
absent env
sed -i '$d' env.lock
accepts alice
: >env.lock.sig
refuses "the signature 'env.lock.sig' is neither"
rm env.lock.sig
mkdir env.lock.sig
refuses env.lock.sig
rmdir env.lock.sig
head -c 100000 /dev/zero >env.lock.sig
refuses env.lock.sig

# The lock is not even read: what its signature is made of comes first.
printf 'nonsense: [\n' >env.lock
cp right.sig env.lock.sig
refuses "is not what $alice signed"

# Each byte of the signature counts, whoever asks.
rm env.lock
solve -q hello -o env.lock
by alice
cp env.lock.sig right.sig
"$python" - env.lock.sig <<'EOF'
import subprocess, sys
path = sys.argv[1]
right = open(path, "rb").read()
for at in range(0, len(right), 29):
    open(path, "wb").write(right[:at] + bytes([right[at] ^ 1]) + right[at + 1:])
    code = subprocess.run(["lockenv", "install", "-q", "--require-signature", "env.lock", "-p", "env"],
                          stderr=subprocess.DEVNULL).returncode
    if code != 5:
        sys.exit(f"byte {at}: exit code {code}")
EOF
absent env

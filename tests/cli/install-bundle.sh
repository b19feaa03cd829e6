#!/bin/sh
# install BUNDLE and install LOCK --from BUNDLE: the archives are read where they lie, and the tree is the same.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock new.lock
lockenv pack -q --no-installer old.lock -o old.lockpack
lockenv pack -q --no-installer old.lock new.lock -o both.lockpack
runs 0 lockenv install --json old.lock -p env
tree=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out")
owned=$(cd env && find . ! -name history -printf '%P %y %m\n' | sort)
mv "$LOCKENV_CACHE" "$scratch/full"
export HOME="$scratch/none"

# installs PROGRAM OPTION...: env must come out as it did above.
installs() {
	rm -rf env
	runs 0 "$@" --json -p env
	json 'd["tree_digest"]' "$tree"
	is "$(cd env && find . ! -name history -printf '%P %y %m\n' | sort)" "$owned"
	is "$(find . -maxdepth 1 -name '.*.lockenv')" ''
}
cp -r "$scratch/full" "$scratch/warm"
rm -rf "$scratch/warm/archives"/*
for program in 'lockenv install' lockenv-install; do
	# shellcheck disable=SC2086 # a command and its argument
	{
		installs $program old.lockpack
		is "$(find "$LOCKENV_CACHE/archives" -type f)" '' # trees alone are kept
		is "$(find "$LOCKENV_CACHE/trees" -mindepth 1 -maxdepth 1 | wc -l | tr -d ' ')" 3
		installs $program old.lockpack --link copy
		rm -rf "$LOCKENV_CACHE"
		installs $program old.lockpack --no-cache
		installs $program old.lockpack --no-cache --jobs 1
		installs $program old.lock --from both.lockpack --no-cache
		installs $program both.lockpack --lock old --no-cache
		installs $program both.lockpack --lock old.lock --no-cache
		absent "$LOCKENV_CACHE"
		installs $program old.lock --from both.lockpack
		absent "$LOCKENV_CACHE/archives/$(cd "$scratch/full/archives" && echo hello-1*)"
		rm -rf "$LOCKENV_CACHE"
		# Trees that other caches have are used, the rest is made apart.
		installs $program old.lockpack --cache ":$scratch/warm"
		installs env -u LOCKENV_CACHE -u HOME $program old.lockpack
		err_has 'no cache is used'
	}
done
absent "$HOME"
runs 0 lockenv-install --json old.lockpack --no-cache -p env
json 'd["unchanged"]' True

# An upgrade in place, and back; foreign files stay.
echo mine >env/share/mine.txt
runs 0 lockenv-install --json both.lockpack --lock new --no-cache -p env
json 'd["replaced"], d["removed"], d["link_mode"]' "(2, 1, 'move')"
is "$(cat env/share/mine.txt)" mine
runs 0 lockenv-install --json both.lockpack --lock old --no-cache -p env
json 'd["tree_digest"]' "$tree"

# The default prefix is the lock's name, beside the bundle, whatever that is called.
mkdir media
cp both.lockpack media/any.name
runs 0 lockenv-install media/any.name --lock new --no-cache
has media/new/share/greeting/where.txt "$scratch/area/media/new"
rm -rf media/new

# Volumes, by their common name or the first one's; what is not whole is refused.
lockenv pack -q --no-installer --cache "$scratch/full" --volume-size 1024 old.lock -o cut.lockpack
[ -e cut.lockpack.008 ] || fail 'a bundle of few volumes proves little'
installs lockenv-install cut.lockpack --no-cache
installs lockenv-install cut.lockpack.001 --no-cache
installs lockenv-install old.lock --from cut.lockpack --no-cache
final=$(find . -name 'cut.lockpack.*' | sort | tail -n 1)
mv cut.lockpack.005 away
runs 5 lockenv-install cut.lockpack --no-cache -p other
err_has "cut.lockpack.005' is not there"
mv away cut.lockpack.005
truncate -s -1 "$final"
runs 5 lockenv-install cut.lockpack --no-cache -p other
err_has 'is not whole'

# What it is, and whether it is whole, from the installer alone.
runs 0 lockenv-install old.lockpack --list
out_has hello-1.1
runs 0 lockenv-install --json both.lockpack --list
runs 0 lockenv-install old.lockpack --check
runs 6 lockenv-install cut.lockpack --check
runs 2 lockenv-install old.lockpack --check --list
runs 2 lockenv-install none.lockpack --check
runs 2 lockenv-install none.lockpack --list
runs 2 lockenv install old.lockpack --list

# Slips.
runs 2 lockenv-install both.lockpack -p other
err_has 'both.lockpack'
err_has 'choose one with --lock: new, old'
runs 2 lockenv-install both.lockpack --lock else -p other
err_has 'it has: new, old'
runs 2 lockenv-install old.lock --lock old -p other
runs 2 lockenv-install nothing.lockpack -p other
runs 2 lockenv-install old.lock --no-cache --from old.lock -p other
err_has 'no bundle and no folder'
runs 7 lockenv-install old.lockpack --platform osx-64 --no-cache -p other
for command in list check 'fetch --offline'; do
	# shellcheck disable=SC2086
	runs 2 lockenv $command old.lockpack
done
cat old.lockpack >piped
mkfifo pipe
cat piped >pipe &
runs 2 lockenv-install pipe --no-cache -p other
err_has 'read in place'
wait
absent other

# A bundle without what the far side has already: of use only there.
lockenv pack -q --no-installer --cache "$scratch/full" --delta-from both.lockpack old.lock -o delta.lockpack
runs 6 lockenv-install delta.lockpack --no-cache -p other
err_has '3 of 3 packages'
installs lockenv-install delta.lockpack --from both.lockpack --no-cache
installs lockenv-install delta.lockpack --cache "$scratch/full"

# Damage anywhere is found before anything is made of it. damage FILE AT: one byte is another.
damage() {
	"$python" - "$@" <<'PY'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte ^ 1]))
PY
}
offset() {
	tar tvfR "$1" | awk -v want="$2" '$NF ~ want { gsub(":", "", $2); print ($2 + 1) * 512 + 40; exit }'
}
for member in locks/ archives/hello archives/oldtool; do
	cp old.lockpack bad.lockpack
	damage bad.lockpack "$(offset bad.lockpack "$member")"
	runs 5 lockenv-install bad.lockpack --no-cache -p other
	err_has bad.lockpack
	err_has 'copy the bundle again'
	absent other
	rm -rf "$LOCKENV_CACHE"
	runs 5 lockenv-install bad.lockpack -p other
	absent other
	is "$(find . -maxdepth 1 -name '.*.lockenv')" ''
done
is "$(find "$LOCKENV_CACHE" -name '*oldtool*')" ''
# A good place for it elsewhere serves; that the bundle is bad is told.
installs lockenv-install bad.lockpack --from both.lockpack --no-cache
err_has 'sha256'
for at in 3 130 600; do
	cp old.lockpack bad.lockpack
	damage bad.lockpack "$at"
	runs "$([ "$at" = 3 ] && echo 2 || echo 5)" lockenv-install bad.lockpack --no-cache -p other
done
cp old.lockpack bad.lockpack
truncate -s -512 bad.lockpack
runs 5 lockenv-install bad.lockpack --no-cache -p other

# An honest manifest over an archive that lies: what the lock says decides, not the bundle; and whose hash is right
# may still climb out of its tree.
"$python" - "$scratch/full/archives" <<'PY'
import hashlib, io, json, os, sys, tarfile
os.makedirs("evil")
body = io.BytesIO()
with tarfile.open(fileobj=body, mode="w:bz2") as tar:
    def add(name, data):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    add("info/index.json", json.dumps({"name": "evil", "version": "1", "build": "0", "build_number": 0,
                                       "subdir": "linux-64", "depends": []}).encode())
    add("info/files", b"../../out\n")
    add("../../out", b"out\n")
data = body.getvalue()
with open("evil/evil-1-0.tar.bz2", "wb") as file:
    file.write(data)
with open("evil.lock", "w") as file:
    file.write(f"""version: 1
channels:
- name: c
  url: https://conda.anaconda.org/c
channel-priority: strict
platforms:
  linux-64:
    specs: []
    solved-with: {{}}
    requires: {{depends: [], constrains: []}}
    packages:
    - name: evil
      version: '1'
      build: '0'
      from: 'c/linux-64/evil-1-0.tar.bz2'
      sha256: {hashlib.sha256(data).hexdigest()}
      size: {len(data)}
""")
PY
runs 0 lockenv pack -q --no-installer --from evil evil.lock -o evil.lockpack
runs 5 lockenv-install evil.lockpack --no-cache -p sub/other
err_has "climbs with '..'"
absent sub/other
absent out
is "$(find . -name out)" ''

# Who may not write beside the prefix is told so; an empty parent that was made is all that is left.
if [ "$(id -u)" -ne 0 ]; then
	mkdir closed
	chmod 555 closed
	runs 8 lockenv-install old.lockpack --no-cache -p closed/env
	chmod 755 closed
fi

# Any umask, no descriptors but the standard ones, another working folder.
umask 0077
installs lockenv-install old.lockpack --no-cache
umask 0022
mkdir elsewhere
rm -rf env
(cd elsewhere && runs 0 lockenv-install ../old.lockpack --no-cache -p ../env)

# A bundle that others may write to could change after it was hashed: each archive is copied first. The largest file
# that may be written tells: archives have more than 1000 bytes, what is first extracted has less.
if command -v prlimit >/dev/null; then
	for command in 'lockenv-install --no-cache' 'lockenv install --cache steady'; do
		for mode in 646 664; do
			chmod "$mode" old.lockpack
			# shellcheck disable=SC2086 # a command and its options
			runs 8 prlimit --fsize=1000 $command old.lockpack -p steady-env
			grep -qE "^error: cannot write '[a-z0-9._-]*\.(conda|tar\.bz2)'" "$err" || fail 'no archive was copied'
		done
		chmod 644 old.lockpack
		code=0
		# shellcheck disable=SC2086
		prlimit --fsize=1000 $command old.lockpack -p steady-env >"$out" 2>"$err" </dev/null || code=$?
		! grep -qE "cannot write '[a-z0-9._-]*\.(conda|tar\.bz2)'" "$err" || fail 'an archive was copied'
		chmod 666 old.lockpack
		# shellcheck disable=SC2086
		runs 0 $command old.lockpack -p steady-env --no-compile
		rm -rf steady-env steady
		chmod 644 old.lockpack
	done
fi

#!/bin/sh
# verify finds any byte, mode, link and name that changed, and nothing in a fresh prefix; --repair mends it.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock new.lock
lockenv install -q --link copy old.lock -p env
record=env/conda-meta/hello-1.1-h0_0.json

runs 0 lockenv verify env
out_is ''
err_has 'as it was installed'
runs 0 lockenv verify env old.lock
out_is ''
runs 0 lockenv verify -p env --jobs 1 --json
json 'd["findings"], d["installed_by_lockenv"], d["repaired"]' '([], True, False)'

# All but what tells of repairs.
files() {
	(cd env && find . ! -name history ! -name lockenv-state -printf '%p %y %m %l\n' | sort &&
		find . -type f ! -name history ! -name lockenv-state -exec sha256sum {} + | sort) | sha256sum
}
fresh=$(files)
# One thing at a time: verify prints each of the lines EXPECTED and exits with 1, and --repair mends it, with WITH alone.
finds() { # EXPECTED [WITH]
	runs 1 lockenv verify env
	before=$(cat "$out")
	printf '%s\n' "$1" >"$scratch/expected"
	while read -r line; do
		out_has "$line"
	done <"$scratch/expected"
	if [ -n "${2:-}" ]; then
		runs 1 lockenv verify --repair env
		err_has 'give the lock'
		runs 1 lockenv verify env
		out_is "$before"
	else
		out_is "$1"
	fi
	# shellcheck disable=SC2086 # a word or none
	runs 0 lockenv verify --repair env ${2:-}
	find env -name '*.lockenv-saved*' -exec rm -r {} +
	runs 0 lockenv verify env old.lock
	out_is ''
	is "$(files)" "$fresh"
}

printf x >>env/share/greeting/plain.txt
finds 'changed  share/greeting/plain.txt: content (greeting)'
# Of the same length, with the old time.
touch -r env/share/greeting/plain.txt stamp
"$python" -c 'import sys
with open(sys.argv[1], "r+b") as file:
    byte = file.read(1)[0]
    file.seek(0)
    file.write(bytes([byte ^ 1]))' env/share/greeting/plain.txt
touch -r stamp env/share/greeting/plain.txt
finds 'changed  share/greeting/plain.txt: content (greeting)'
chmod 755 env/share/greeting/plain.txt
finds 'changed  share/greeting/plain.txt: mode 755, not 644 (greeting)'
chmod u+s env/bin/hello
finds 'changed  bin/hello: mode 4755, not 755 (hello)'
rm env/bin/hello
finds 'missing  bin/hello (hello)'
ln -sfn elsewhere env/lib/oldtool/current
finds "changed  lib/oldtool/current: leads to 'elsewhere', not to 'data' (oldtool)"
rm env/lib/oldtool/current
mkdir env/lib/oldtool/current
finds 'changed  lib/oldtool/current: a directory, not a symlink (oldtool)'
rm env/share/greeting/plain.txt
mkfifo env/share/greeting/plain.txt
finds 'changed  share/greeting/plain.txt: a FIFO, not a file (greeting)'
mv env/share/greeting/plain.txt aside
ln -s "$PWD/aside" env/share/greeting/plain.txt
finds 'changed  share/greeting/plain.txt: a symlink, not a file (greeting)'
chmod 700 env/share
finds 'changed  share: mode 700, not 755'
chmod 700 env
finds 'changed  .: mode 700, not 755'
chmod 700 env/conda-meta
finds 'changed  conda-meta: mode 700, not 755'
rm "$record"
finds 'missing  conda-meta/hello-1.1-h0_0.json (hello)' old.lock
sed -i 's/"timestamp": 1/"timestamp": 2/' "$record"
printf ' ' >>"$record"
finds 'changed  conda-meta/hello-1.1-h0_0.json: content (hello)' old.lock
printf '{' >"$record"
finds 'changed  conda-meta/hello-1.1-h0_0.json: content (hello)
foreign  bin/' old.lock
printf '# a note\n' >>env/conda-meta/history
finds 'changed  conda-meta/history: content'
rm env/conda-meta/history
finds 'missing  conda-meta/history'
has env/conda-meta/history '# cmd: lockenv install'
sed -i s/compile/Compile/ env/conda-meta/lockenv-state
finds 'changed  conda-meta/lockenv-state: content' old.lock
rm env/conda-meta/lockenv-state
finds "missing  conda-meta/lockenv-state" old.lock

# Foreign files are told, and no findings; a directory once.
mkdir -p env/share/mine/deep env/lib/oldtool/__pycache__
echo mine >env/share/mine/deep/file
echo mine >env/share/greeting/own.txt
printf 'x' >"$(printf 'env/share/odd\nname')"
cat >"$scratch/foreign" <<'END'
foreign  share/greeting/own.txt
foreign  share/mine/
foreign  share/odd\x0aname
END
runs 0 lockenv verify env
same "$out" "$scratch/foreign"
runs 1 lockenv verify --strict env
same "$out" "$scratch/foreign"
runs 0 lockenv verify --json env
json '[f["path"] for f in d["findings"]]' "['share/greeting/own.txt', 'share/mine/', 'share/odd\\nname']"
rm -r env/lib/oldtool/__pycache__ env/share/mine env/share/greeting/own.txt env/share/odd*

# Another lock; a package that came by other means.
runs 1 lockenv verify env new.lock
out_has 'changed  conda-meta/hello-1.1-h0_0.json: 1.1 h0_0, the lock has '
out_has 'extra    conda-meta/oldtool-0.9-0.json: the lock does not have it (oldtool)'
runs 1 lockenv verify --json env new.lock
json 'sorted({f["kind"] for f in d["findings"]})' "['changed', 'extra']"
mkdir other
lockenv install -q --link copy new.lock -p other
cp other/conda-meta/hello-2.0*.json env/conda-meta/
runs 1 lockenv verify env
out_has 'extra    conda-meta/hello-2.0'
out_has ': installed by other means (hello)'
rm env/conda-meta/hello-2.0*.json
runs 1 lockenv verify other old.lock
runs 0 lockenv verify --repair other old.lock
runs 0 lockenv verify other old.lock

# What is damaged through a hard link is so in the cache: mended there too, and in all prefixes.
lockenv install -q --link hardlink old.lock -p linked
lockenv install -q --link hardlink old.lock -p twin
printf x >>linked/share/greeting/plain.txt
runs 1 lockenv verify twin
runs 0 lockenv verify --repair linked
runs 0 lockenv verify linked
out_has 'foreign  share/greeting/plain.txt.lockenv-saved'
runs 0 lockenv verify --repair twin
# Without the archive there is nothing to mend it with: 6, and the package is named.
printf x >>linked/share/greeting/plain.txt
runs 6 env LOCKENV_CACHE="$scratch/empty" lockenv verify --repair linked
err_has greeting
runs 1 lockenv verify linked
runs 0 env LOCKENV_CACHE="$scratch/empty" lockenv verify --repair --from "$scratch/cache" linked
runs 0 lockenv verify linked

# Whoever wrote to a file finds it again.
rm -f linked/share/greeting/*.lockenv-saved*
rm linked/share/greeting/plain.txt
echo changed >linked/share/greeting/plain.txt
runs 0 lockenv verify --repair linked
is "$(cat linked/share/greeting/plain.txt.lockenv-saved)" changed

# Other ways to install.
lockenv install -q --link symlink old.lock -p symlinks
runs 0 lockenv verify symlinks
out_is ''
cp -a symlinks moved
runs 0 lockenv verify moved
rm symlinks/bin/hello
runs 0 lockenv verify --repair symlinks
out_is ''

# Nothing to verify.
runs 2 lockenv verify
err_has 'no environment is given'
runs 2 lockenv verify nowhere
runs 2 lockenv verify "$scratch/cache"
runs 2 lockenv verify env old.lock more
runs 2 lockenv verify env nowhere.lock

# A change that no time tells, of a file that is shared with the cache, is found and kept aside by
# those who hash; the cache's own is made anew.
rm -rf env
lockenv install -q --link hardlink old.lock -p env
edit() {
	touch -r env/share/greeting/plain.txt stamp
	printf X | dd of=env/share/greeting/plain.txt conv=notrunc status=none
	touch -r stamp env/share/greeting/plain.txt
}
kept=env/share/greeting/plain.txt.lockenv-saved
for how in 'verify --repair env' 'install --verify old.lock -p env'; do
	edit
	cp env/share/greeting/plain.txt changed
	runs 0 lockenv install --dry-run --verify --json old.lock -p env
	json 'd["kept_aside"]' "['share/greeting/plain.txt']"
	# shellcheck disable=SC2086 # words
	runs 0 lockenv $how
	err_has "'share/greeting/plain.txt' was changed: kept as 'plain.txt.lockenv-saved'"
	same $kept changed
	runs 0 lockenv verify env
	rm $kept
done

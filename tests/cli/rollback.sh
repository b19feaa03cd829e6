#!/bin/sh
# install --keep-previous and rollback: there and back, with what is the user's in between.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
solve -q oldtool -o third.lock
lockenv fetch -q old.lock new.lock third.lock
old_sha=$(sha256sum <old.lock | cut -d ' ' -f 1)
new_sha=$(sha256sum <new.lock | cut -d ' ' -f 1)

# Without a previous tree that lies in it.
tree() {
	[ ! -e env/.lockenv-previous ] || mv env/.lockenv-previous aside
	digest env
	[ ! -e aside ] || mv aside env/.lockenv-previous
}

both() {
	runs 2 lockenv rollback env
	err_has "no previous environment is kept for '$PWD/env'"
	absent env
	# The first install keeps nothing: there was nothing.
	runs 0 lockenv install --keep-previous "$@" old.lock -p env
	runs 2 lockenv rollback env
	err_has 'no previous environment'
	err_has 'hint: an install with --keep-previous'
	old=$(tree)

	mkdir -p env/share/mine
	echo one >env/share/mine/notes
	echo gone >env/share/mine/gone
	echo top >env/top.txt
	echo mine >env/conda-meta/pinned
	runs 0 lockenv install --keep-previous "$@" new.lock -p env
	is "$(find . -maxdepth 2 -name '.*lockenv*')" "$previous"
	runs 0 lockenv install --json "$@" new.lock -p env
	json 'd["unchanged"]' True

	# Since then the user changed one file, took another away, and made a third, and a link.
	echo two >env/share/mine/notes
	rm env/share/mine/gone
	echo late >env/share/mine/late
	ln -s notes env/share/mine/link
	printf '\nchanged' >>env/share/greeting/plain.txt
	runs 0 lockenv rollback env
	err_has "$PWD/env: from lock sha256:$new_sha (2 packages) to lock sha256:$old_sha (3 packages)"
	err_has "'share/greeting/plain.txt' was changed: kept as 'plain.txt.lockenv-saved'"
	is "$(cat env/share/mine/notes env/share/mine/late env/share/mine/link env/top.txt env/conda-meta/pinned)" \
		"$(printf 'two\nlate\ntwo\ntop\nmine')"
	absent env/share/mine/gone
	rm -r env/share/mine env/top.txt env/share/greeting/plain.txt.lockenv-saved env/conda-meta/pinned
	is "$(tree)" "$old"
	runs 0 lockenv install --json "$@" old.lock -p env
	json 'd["unchanged"]' True
	runs 0 env/bin/hello
	out_is 'hello 1.1'

	# Forward again.
	echo three >env/share/three
	runs 0 lockenv rollback --json -p env
	json 'd["from"]["lock_sha256"], d["to"]["lock_sha256"], d["to"]["packages"]' "('$old_sha', '$new_sha', 2)"
	runs 0 env/bin/hello
	out_is 'hello 2.0'
	is "$(cat env/share/three)" three
	absent env/share/mine
	absent env/top.txt
	is "$(tail -n 1 env/share/greeting/plain.txt)" changed

	# One previous tree is kept: the last one. An install that does not ask for it leaves it alone.
	runs 0 lockenv install --keep-previous "$@" third.lock -p env
	runs 0 lockenv install "$@" old.lock -p env
	is "$(find . -maxdepth 2 -name '.*lockenv*')" "$previous"
	runs 0 lockenv rollback --json env
	json 'd["from"]["lock_sha256"], d["to"]["lock_sha256"]' "('$old_sha', '$new_sha')"
	runs 0 lockenv rollback env
	is "$(find . -maxdepth 2 -name '.*lockenv*')" "$previous"

	# Frozen.
	echo '{}' >env/conda-meta/frozen
	runs 2 lockenv rollback env
	err_has 'is frozen'
	rm env/conda-meta/frozen
}
previous=./.env.lockenv-previous
both

# The prefix itself may be gone; then it is not there to come back.
rm -r env
runs 0 lockenv rollback env
err_has 'from nothing to lock sha256:'
runs 0 env/bin/hello
absent .env.lockenv-previous
rm -r env

# In place the previous tree lies inside, and going back is in place too.
previous=./env/.lockenv-previous
both --in-place
inode=$(stat -c %i env)
runs 0 lockenv rollback env
is "$(stat -c %i env)" "$inode"

# Of a tree that lies inside, and one beside, the one inside is the later one; a whole exchange takes it out.
runs 0 lockenv install new.lock -p env
runs 0 lockenv install --keep-previous old.lock -p env
is "$(find . -maxdepth 2 -name '.*lockenv*')" ./.env.lockenv-previous
runs 0 lockenv rollback --json env
json 'd["to"]["lock_sha256"]' "$new_sha"

# What is no tree of ours.
rm -r .env.lockenv-previous
ln -s empty .env.lockenv-previous
runs 8 lockenv rollback env
rm .env.lockenv-previous
mkdir .env.lockenv-previous
runs 2 lockenv rollback env
err_has 'is not an environment'
rmdir .env.lockenv-previous
runs 2 lockenv rollback
err_has 'no environment given'
runs 2 lockenv rollback env -n env
err_has 'more than one environment given'

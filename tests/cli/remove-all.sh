#!/bin/sh
# remove --all: an environment goes, and what is the user's stays.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock new.lock
list=$HOME/.conda/environments.txt

# Nothing but packages: the directory goes, and its line in the list of environments; the others stay.
runs 0 lockenv install old.lock -p other
runs 0 lockenv install old.lock -p env
tree=$(digest env)
runs 0 lockenv remove --all --dry-run -p env
out_is "$(printf 'greeting-1.4-h0_0\nhello-1.1-h0_0\noldtool-0.9-0')"
err_has "would remove $PWD/env: 3 packages"
is "$(digest env)" "$tree"
runs 0 lockenv remove --all --json -p env
json 'd["removed"], d["directory_stays"], d["dry_run"]' \
	"(['greeting-1.4-h0_0', 'hello-1.1-h0_0', 'oldtool-0.9-0'], False, False)"
absent env
is "$(cat "$list")" "$PWD/other"
is "$(find . -maxdepth 1 -name '.*env*')" ''
runs 2 lockenv remove --all -p env
err_has "'$PWD/env' is not an environment"

# Files of the user's stay, also one that a package brought and the user changed; the kept tree goes.
for how in '' --in-place; do
	# shellcheck disable=SC2086 # no option, or one
	runs 0 lockenv install old.lock -p env $how
	# shellcheck disable=SC2086
	runs 0 lockenv install --keep-previous new.lock -p env $how
	mkdir -p env/share/mine env/mine
	echo mine >env/share/mine/notes
	ln -s ../nowhere env/mine/link
	echo changed >>env/share/greeting/plain.txt
	echo state >env/conda-meta/pinned
	# shellcheck disable=SC2086
	runs 0 lockenv remove --all -p env $how
	err_has "'share/greeting/plain.txt' was changed: kept as 'plain.txt.lockenv-saved'"
	err_has "removed $PWD/env: 2 packages; "
	is "$(find env ! -type d | sort)" "$(printf '%s\n' env/mine/link env/share/greeting/plain.txt.lockenv-saved \
		env/share/mine/notes)"
	is "$(cat env/share/mine/notes)" mine
	absent env/conda-meta
	is "$(find . -maxdepth 2 -name '.*lockenv*')" ''
	runs 2 lockenv remove --all -p env
	runs 2 lockenv rollback env
	rm -r env
	mkdir env
done
runs 0 lockenv install --in-place old.lock -p env
runs 0 lockenv remove --all --in-place -p env
err_has 'the directory stays'
is "$(ls -A env)" ''

# By name; frozen; and what does not go together.
runs 0 lockenv install new.lock -n named
echo '{}' >"$HOME/.conda/envs/named/conda-meta/frozen"
runs 2 lockenv remove --all -n named
err_has 'is frozen'
rm "$HOME/.conda/envs/named/conda-meta/frozen"
runs 0 lockenv remove --all -n named
absent "$HOME/.conda/envs/named"
is "$(cat "$list")" "$PWD/other"
runs 2 lockenv remove --all -p env hello
err_has '--all takes an environment and no names'
runs 2 lockenv remove --all
runs 2 lockenv remove -p env hello
err_has 'not out of a prefix'
runs 2 lockenv remove
err_has 'no name given'
mkdir full
echo mine >full/file
runs 2 lockenv remove --all -p full
is "$(cat full/file)" mine

# What a removal that died after its exchange left is put away by whatever comes next, with the tree that
# was kept; what is the user's is still no environment. A second removal is through with that.
died() {
	mkdir -p .full.lockenv/new/conda-meta full/.lockenv .full.lockenv-previous/conda-meta
	touch .full.lockenv/new/conda-meta/history .full.lockenv-previous/conda-meta/history .full.lockenv/removal
}
for next in 'install new.lock -p' 'rollback -p' 'remove --all -p'; do
	died
	code=2
	[ "$next" != 'remove --all -p' ] || code=0
	# shellcheck disable=SC2086 # a command
	runs $code lockenv $next full
	err_has "what a run that did not end left of '$PWD/full' is gone"
	is "$(find . -maxdepth 2 -name '.*lockenv*')" ''
	is "$(cat full/file)" mine
done
runs 2 lockenv remove --all -p full
died
rm -r full
runs 0 lockenv remove --all -p full --json
json 'd["removed"], d["directory_stays"]' '([], False)'
is "$(find . -maxdepth 2 -name '.*lockenv*')" ''
runs 2 lockenv remove --all -p full
# One that died before it had begun to change anything takes no tree that is kept.
runs 0 lockenv install -q old.lock -p full
runs 0 lockenv install -q new.lock -p full --keep-previous
mkdir .full.lockenv
touch .full.lockenv/removal
runs 0 lockenv install -q new.lock -p full
absent .full.lockenv
runs 0 lockenv rollback -p full
runs 0 lockenv verify full
mkdir .full.lockenv
touch .full.lockenv/removal
runs 0 lockenv remove --all -p full
is "$(find . -maxdepth 2 -name '*full*')" ''

# What cannot be removed is told.
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	runs 0 lockenv install -q old.lock -p held
	mkdir -p .held.lockenv/new
	touch .held.lockenv/new/file
	# shellcheck disable=SC2016 # expanded by the inner shell
	runs 8 unshare -m sh -c 'mount --bind .held.lockenv/new/file .held.lockenv/new/file &&
		lockenv install -q new.lock -p held' sh
	err_has "error: cannot remove '$PWD/.held.lockenv/new', which is of no more use: "
	err_has 'hint: remove it: look for mounts'
	runs 0 lockenv install -q new.lock -p held
	absent .held.lockenv
else
	part 'no mount namespaces here'
fi
# A directory that was replaced under a shell.
runs 0 lockenv install -q old.lock -p under
# shellcheck disable=SC2016 # expanded by the inner shell
runs 8 sh -c 'cd under && lockenv install -q "$1" -p "$2" && lockenv verify .' sh "$PWD/new.lock" "$PWD/under"
err_has 'hint: it was removed or replaced: go to it anew with cd'

#!/bin/sh
# ~/.conda/environments.txt: where conda and mamba find environments.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q hello -o hello.lock
lockenv fetch -q hello.lock
list=$HOME/.conda/environments.txt

runs 0 lockenv install --dry-run hello.lock -p one
absent "$HOME/.conda"
runs 0 lockenv install --no-register hello.lock -p one
absent "$HOME/.conda"
printf 'channels: []\nregister_envs: false\n' >"$LOCKENV_CONFIG"
runs 0 lockenv install hello.lock -p one
absent "$HOME/.conda"
printf 'channels: []\n' >"$LOCKENV_CONFIG"
runs 0 env CONDA_REGISTER_ENVS=no lockenv install hello.lock -p one
absent "$HOME/.conda"

# An environment that is there already is noted too; once.
runs 0 lockenv install hello.lock -p one/
is "$(cat "$list")" "$PWD/one"
runs 0 lockenv-install hello.lock -p two
runs 0 lockenv install hello.lock -p ./one
is "$(cat "$list")" "$(printf '%s\n%s' "$PWD/one" "$PWD/two")"
runs 0 lockenv install hello.lock -p x_skeleton_x
is "$(wc -l <"$list")" 2

# Other lines stay byte for byte, and so does the mode.
printf '# mine\n\n /with space \n/no/newline' >"$list"
chmod 600 "$list"
runs 0 lockenv install hello.lock -p one
is "$(cat "$list")" "$(printf '# mine\n\n /with space \n/no/newline\n%s' "$PWD/one")"
is "$(stat -c %a "$list")" 600
is "$(ls -A "$HOME/.conda")" environments.txt

# Many at once lose no line, also one that somebody without a lock adds.
rm "$list"
for i in 1 2 3 4 5 6 7 8 9; do
	lockenv install -q hello.lock -p "many$i" 2>"many$i.err" &
done
echo /appended >>"$list"
wait
is "$(sort -u "$list" | wc -l)" 10
is "$(wc -l <"$list")" 10
is "$(ls -A "$HOME/.conda")" environments.txt

# What cannot be done is no failure, and told with -v alone.
cannot() {
	runs 0 lockenv install hello.lock -p one
	err_lacks environments.txt
	runs 0 lockenv install -v hello.lock -p one
	err_has "'$PWD/one' is not noted in ~/.conda/environments.txt: $1"
}
# A link, as users have it who keep their dotfiles elsewhere: the file is replaced there, also one that is
# not there yet; the link stays.
mkdir dotfiles
mv "$list" dotfiles/envs
ln -s ../../area/dotfiles/second "$list"
ln -s envs dotfiles/second
is "$(readlink -f "$list")" "$PWD/dotfiles/envs"
sort dotfiles/envs >before
runs 0 lockenv install hello.lock -p linked
sort dotfiles/envs | comm -13 before - >came
is "$(cat came)" "$PWD/linked"
runs 0 lockenv remove --all -p linked
sort dotfiles/envs >after
same before after
rm dotfiles/envs
runs 0 lockenv install hello.lock -p one
is "$(cat dotfiles/envs)" "$PWD/one"
is "$(readlink "$list"; readlink dotfiles/second; ls -A dotfiles)" "$(printf "%s\n" ../../area/dotfiles/second envs envs second)"
ln -sf second dotfiles/second
cannot "'environments.txt' leads to itself"
ln -sf nowhere/envs dotfiles/second
cannot "cannot open 'nowhere', to which 'environments.txt' leads"
if [ "$(id -u)" -eq 0 ]; then
	mkdir theirs
	echo theirs >theirs/envs
	chown 65534 theirs
	ln -sf ../theirs/envs dotfiles/second
	cannot "'../theirs' belongs to another user"
	is "$(cat theirs/envs)" theirs
fi
rm "$list"
mkfifo "$list"
cannot "'environments.txt' is no file"
rm "$list"
truncate -s 1G "$list"
cannot "'environments.txt' is too large"
is "$(stat -c %s "$list")" 1073741824
rm -r "$HOME/.conda"
: >"$HOME/.conda"
cannot 'cannot '
rm "$HOME/.conda"
runs 0 env HOME=/nowhere lockenv install -v hello.lock -p one
err_has "cannot open '/nowhere'"
runs 0 env -u HOME lockenv install -v hello.lock -p one
err_lacks environments.txt
# A folder of the user's own elsewhere serves, as clusters with small homes have it.
mkdir conda-folder
ln -s "$PWD/conda-folder" "$HOME/.conda"
runs 0 lockenv install hello.lock -p one
is "$(cat conda-folder/environments.txt)" "$PWD/one"
if [ "$(id -u)" -eq 0 ]; then
	# root with another's home, as sudo may have it
	chown 65534 conda-folder/environments.txt
	cannot "'environments.txt' belongs to another user"
	rm conda-folder/environments.txt
	chown 65534 conda-folder
	cannot "'.conda' belongs to another user"
	absent conda-folder/environments.txt
	chown 65534 "$HOME"
	cannot "'$HOME' belongs to another user"
	chown 0 "$HOME"
else
	part 'not root: nothing of other users'\'''
fi

#!/bin/sh
# One lock and prefix path give one tree, bit by bit and mtime by mtime, whoever installs it and how.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 'python 3.11.*' \
	lockenv-hello lockenv-prefix -o env.lock
lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 'python 3.11.*' \
	lockenv-hello -o less.lock
lockenv fetch -q env.lock
lockenv pack -q --no-installer env.lock -o env.lockpack
chmod 755 "$scratch" "$scratch/area"

# All of the tree at $1 but history and state; times of directories and links are not part.
listing() {
	(
		cd "$1"
		find . -type f ! -path ./conda-meta/history ! -path ./conda-meta/lockenv-state -printf '%P %m %T@\n' | sort
		find . ! -type f -printf '%P %y %m %l\n' | sort
		find . -type f ! -path ./conda-meta/history ! -path ./conda-meta/lockenv-state -print0 | sort -z |
			xargs -0 -r sha256sum
	)
}
# The install that the words do leaves what the first one left; it runs with the file descriptors of the test.
gives_the_same() {
	runs 0 "$@"
	err_has "tree digest $tree"
	listing env >"$scratch/now"
	same "$scratch/now" "$scratch/first"
	runs 0 lockenv verify env
	out_is ''
}

runs 0 lockenv install env.lock -p env
tree=$(sed -n 's/^tree digest //p' "$err")
[ "$(find env -name '*.pyc' -path '*lockenv_hello*' | wc -l)" -gt 0 ] || fail 'nothing was compiled'
listing env >"$scratch/first"
runs 0 lockenv verify env env.lock
out_is ''
rm -rf env

gives_the_same sh -c 'umask 000; LC_ALL=C.UTF-8 LANG=ja_JP.UTF-8 TZ=Asia/Tokyo exec lockenv install --jobs 1 --link copy env.lock -p env'
rm -rf env
# From a bundle, without a cache, as another user where the test may become one.
as=
other='setpriv --reuid 65534 --regid 65534 --clear-groups'
if [ "$(id -u)" -eq 0 ] && $other test -x "$bin/lockenv" 2>/dev/null; then
	chmod 777 . && chmod 644 env.lockpack
	as=$other
else
	part 'no other user: not root, no setpriv, or the programs are not everybody'\''s to run'
fi
# shellcheck disable=SC2086 # words
gives_the_same $as sh -c 'umask 077; exec lockenv install --jobs 8 --no-cache env.lockpack -p env'
rm -rf env
# Step by step: from another lock to this one, of which some packages are kept.
lockenv install -q less.lock -p env
touch -d '2001-01-01' env/conda-meta/history
gives_the_same lockenv install env.lock -p env
err_lacks ' 0 kept'

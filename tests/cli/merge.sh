#!/bin/sh
# merge: independent changes united, collisions named, and git doing so by itself: merge, rebase,
# cherry-pick, conflict markers explained and resolved.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
channel=$scratch/channel
mkdir -p "$channel/noarch" "$channel/linux-64"
printf '{}' >"$channel/linux-64/repodata.json"

# record NAME-VERSION-BUILD DEPENDS
record() {
	name=${1%%-*}
	rest=${1#*-}
	printf '"%s.conda": {"name": "%s", "version": "%s", "build": "%s", "build_number": 0, "subdir": "noarch",\n' \
		"$1" "$name" "${rest%%-*}" "${rest#*-}"
	printf ' "noarch": "generic", "sha256": "%s", "size": 1, "depends": [%s]}' \
		"$(printf %s "$1" | sha256sum | cut -c 1-64)" "$2"
}
{
	printf '{"packages.conda": {\n'
	for name in red green blue; do
		for version in 1 2 3; do
			record "$name-$version-0" ''
			printf ',\n'
		done
	done
	record old-1-0 '"paint", "green"'
	printf ',\n'
	record other-1-0 '"paint"'
	printf ',\n'
	record other-2-0 ''
	printf ',\n'
	record old-2-0 '"green"'
	printf ',\n'
	record paint-1-0 ''
	printf ',\n'
	record frame-1-0 '"red <3"'
	printf '}}\n'
} >"$channel/noarch/repodata.json"
lock() {
	lock_file=$1
	shift
	lockenv solve -q --override-channels -c "file://$channel" --platform linux-64 --glibc 2.28 \
		-o "$lock_file" "$@"
}
version() {
	sed -n "/^    - name: $2\$/{n;s/.*: //p;}" "$1" | tr -d "'"
}

lock base.lock 'red 1' 'green 1' 'blue 1'
lock ours.lock 'red 2' 'green 1' 'blue 1'
lock theirs.lock 'red 1' 'green 1' 'blue 3'
lock clash.lock 'red 3' 'green 1' 'blue 1'

# Independent changes.
cp ours.lock kept.lock
runs 0 lockenv merge base.lock ours.lock theirs.lock -o out.lock
same ours.lock kept.lock
is '2 1 3' "$(version out.lock red) $(version out.lock green) $(version out.lock blue)"
has out.lock '    - red 2'
has out.lock '    - blue 3'
err_has 'merged out.lock'
runs 0 lockenv check out.lock
runs 0 lockenv merge base.lock theirs.lock ours.lock -o back.lock
same out.lock back.lock
runs 0 lockenv merge --json base.lock ours.lock theirs.lock -o out.lock
json 'd["lock"], d["merge"]["collisions"]' "('out.lock', [])"
cp ours.lock place.lock
runs 0 lockenv merge base.lock place.lock theirs.lock
same place.lock out.lock
ln -s place.lock link.lock
cp ours.lock place.lock
runs 0 lockenv merge base.lock link.lock theirs.lock
same place.lock out.lock
[ -L link.lock ] || fail 'the link is gone'

# One side alone, and no side.
for one in 'base.lock theirs.lock theirs.lock' 'theirs.lock base.lock theirs.lock' \
	'theirs.lock theirs.lock theirs.lock' 'base.lock base.lock base.lock'; do
	# shellcheck disable=SC2086 # words
	set -- $one
	runs 0 lockenv merge base.lock "$1" "$2" -o one.lock
	same one.lock "$3"
done

# Both changed it: nothing is written, everything that collides is named.
runs 1 lockenv merge base.lock ours.lock clash.lock
same ours.lock kept.lock
err_has "error: cannot merge 'ours.lock': 1 spec and 1 package collide"
err_has "linux-64: spec 'red': ours red 2; theirs red 3; before red 1"
err_has "linux-64: package 'red': ours 2 0 from channel; theirs 3 0 from channel; before 1 0 from channel"
err_has '--prefer ours'
runs 1 lockenv merge --json base.lock ours.lock clash.lock -o none.lock
absent none.lock
json 'd["error"]["code"], [(c["what"], c["name"]) for c in d["error"]["conflict"]["collisions"]]' \
	"(1, [('spec', 'red'), ('package', 'red')])"
for side in ours theirs; do
	runs 0 lockenv merge --prefer $side base.lock ours.lock clash.lock -o $side.out
done
is '2 3' "$(version ours.out red) $(version theirs.out red)"
sed 's/^channel-priority: .*/channel-priority: disabled/' base.lock >p1.lock
sed 's/^channel-priority: .*/channel-priority: flexible/' base.lock >p2.lock
runs 1 lockenv merge base.lock p1.lock p2.lock
err_has 'channel-priority: ours disabled; theirs flexible; before strict'

# Each side holds together, both do not: the dependency is named.
lock narrow.lock 'red 1' 'green 1' 'blue 1' frame
runs 1 lockenv merge base.lock narrow.lock clash.lock
err_has "1 demand is not met"
err_has "linux-64: frame depends on 'red <3', but the lock has red 3 0"
runs 1 lockenv merge --prefer ours base.lock narrow.lock clash.lock -o half.lock
err_has 'which must be solved again'
err_has "lockenv solve -o half.lock"
runs 1 lockenv check half.lock
lock half.lock 'red' 'green 1' 'blue 1' frame
runs 0 lockenv check half.lock
is '2 1 1' "$(version half.lock red) $(version half.lock blue) $(version half.lock frame)"

# What only the one needs after the other's change, and the other only after the one's.
lock two.lock 'old 1' 'other 1'
lock left.lock 'old 2' 'other 1'
lock right.lock 'old 1' 'other 2'
has left.lock 'name: paint'
has right.lock 'name: paint'
runs 0 lockenv merge two.lock left.lock right.lock -o none.lock
err_has 'linux-64: paint 1 is left out: nothing needs it any more'
! grep -q 'name: paint' none.lock || fail 'paint is still there'

# No ancestor: both added it.
: >empty.lock
runs 0 lockenv merge empty.lock ours.lock ours.lock -o one.lock
same one.lock ours.lock
runs 1 lockenv merge empty.lock ours.lock theirs.lock -o one.lock
err_has "package 'red': ours 2 0 from channel; theirs 1 0 from channel"

# What is no lock.
runs 2 lockenv merge empty.lock empty.lock ours.lock
err_has 'empty.lock'
sed 's/^version: 1/version: 2/' base.lock >new.lock
runs 2 lockenv merge base.lock new.lock ours.lock -L env.lock
err_has 'env.lock (ours):2:10: '
runs 2 lockenv merge base.lock ours.lock nosuch.lock
err_has 'nosuch.lock'
runs 2 lockenv merge base.lock ours.lock
err_has 'BASE OURS THEIRS'
runs 2 lockenv merge --resolve
runs 2 lockenv merge --install-git-driver base.lock
runs 2 lockenv merge --prefer both base.lock ours.lock theirs.lock
same ours.lock kept.lock

command -v git >/dev/null || {
	part 'no git here'
	exit
}
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org \
	GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
runs 2 lockenv merge --install-git-driver
err_has 'no git work tree'

# Set up, twice, beside what is there.
git init -q -b main 'a repo'
cd 'a repo'
mkdir 'the locks'
printf '*.png binary' >.gitattributes
runs 0 lockenv merge --install-git-driver
out_has 'merge.lockenv.driver = lockenv merge %O %A %B -L %P'
out_has 'env.lock merge=lockenv'
printf '%s\n' '*.png binary' 'env.lock merge=lockenv' '*.env.lock merge=lockenv' \
	'*-env.lock merge=lockenv' >../attributes
same .gitattributes ../attributes
runs 0 lockenv merge --install-git-driver
out_has 'is in '
same .gitattributes ../attributes
runs 0 lockenv merge --install-git-driver --json --pattern 'my lock.lock'
json 'd["added"], d["present"]' "(['\"my lock.lock\" merge=lockenv'], [])"
for file in env.lock a/env.lock gpu.env.lock gpu-env.lock 'my lock.lock'; do
	is "$file: merge: lockenv" "$(git check-attr merge "$file" | tr -d '"')"
done
for file in uv.lock Cargo.lock pixi.lock renv.lock flake.lock; do
	is "$file: merge: unspecified" "$(git check-attr merge $file)"
done
runs 2 lockenv merge --install-git-driver --pattern '!x'
# Not the lockenv that PATH names: the absolute path stands there.
(
	PATH=${PATH#"$bin":}
	"$bin/lockenv" merge --install-git-driver -q >../said
)
has ../said "merge.lockenv.driver = $bin/lockenv merge"
runs 0 lockenv merge --install-git-driver
mkdir "$HOME/dots"
printf '# mine\n' >"$HOME/dots/attributes"
mkdir -p "$HOME/.config/git"
ln -s "$HOME/dots/attributes" "$HOME/.config/git/attributes"
runs 0 lockenv merge --install-git-driver --global
has "$HOME/dots/attributes" '# mine'
has "$HOME/dots/attributes" 'env.lock merge=lockenv'
[ -L "$HOME/.config/git/attributes" ] || fail 'the link is gone'
has "$HOME/.gitconfig" 'driver = lockenv merge %O %A %B -L %P'
rm -r "$HOME/.gitconfig" "$HOME/.config"

# Merge, rebase and cherry-pick of branches that touch different packages.
file='the locks/env.lock'
cp ../base.lock "$file"
git add -A
git commit -q -m base
commit() {
	git checkout -q -b "$1" "$3"
	cp "../$2" "$file"
	git commit -q -a -m "$1"
}
commit ours ours.lock main
commit theirs theirs.lock main
commit clash clash.lock main
git checkout -q -b merged ours
runs 0 git merge -q -m m theirs
same "$file" ../out.lock
git checkout -q -b rebased theirs
runs 0 git rebase -q ours
same "$file" ../out.lock
git checkout -q -b picked ours
runs 0 git cherry-pick theirs
same "$file" ../out.lock

# Clashing ones stop, with our lock in the work tree, and can be resolved.
git checkout -q ours
runs 1 git merge -q -m m clash
err_has "error: cannot merge 'the locks/env.lock': 1 spec and 1 package collide"
err_has "package 'red'"
err_has "lockenv merge --resolve --prefer ours 'the locks/env.lock'"
same "$file" ../ours.lock
is "UU \"$file\"" "$(git status --porcelain -uno)"
runs 1 lockenv merge --resolve "$file"
same "$file" ../ours.lock
cd 'the locks'
runs 0 lockenv merge --resolve --prefer theirs env.lock
cd ..
is 3 "$(version "$file" red)"
runs 0 lockenv merge --resolve --prefer ours "$PWD/$file"
is 2 "$(version "$file" red)"
git add "$file"
runs 2 lockenv merge --resolve "$file"
err_has 'no conflict'
git commit -q -m resolved
git checkout -q clash
code=0
git rebase -q theirs >/dev/null 2>"$err" || code=$?
is 0 "$code"
is '3 3' "$(version "$file" red) $(version "$file" blue)"
git rebase -q ours >/dev/null 2>"$err" && fail 'a rebase over a collision goes on'
err_has "package 'red': ours 2 0 from channel; theirs 3 0 from channel"
git rebase --abort

# Without the driver git leaves markers: every reader explains them.
git checkout -q -f main
git config --remove-section merge.lockenv
lock left.lock 'red 1' 'green 2' 'blue 1'
lock right.lock 'red 1' 'green 1' 'blue 2'
mv left.lock right.lock ..
commit left left.lock main
commit right right.lock main
git checkout -q left
runs 1 git merge -q -m m right
has "$file" '<<<<<<< HEAD'
cp "$file" ../marked
line=$(grep -n '^<<<<<<<' "$file" | head -1 | cut -d: -f1)
for command in check list 'install -p env' fetch 'diff ../base.lock'; do
	# shellcheck disable=SC2086 # words
	runs 2 lockenv $command "$file"
	err_has "error: the locks/env.lock:$line:1: "
	err_has "'HEAD'"
	err_has "'right'"
	err_has "lockenv merge --resolve 'the locks/env.lock'"
done
runs 2 lockenv solve -o "$file" red
same "$file" ../marked
runs 0 lockenv merge --resolve "$file"
is '1 2 2' "$(version "$file" red) $(version "$file" green) $(version "$file" blue)"
runs 0 lockenv check "$file"
git add -A
git commit -q -m resolved

# Taken out on one side.
git checkout -q -b gone main
git rm -q "$file"
git commit -q -m gone
runs 1 git merge -q -m m right
runs 1 lockenv merge --resolve "$file"
err_has 'took it out'

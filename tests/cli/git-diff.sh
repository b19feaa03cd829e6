#!/bin/sh
# diff as git's diff driver: git diff, show, log, renames, added and deleted locks, odd names, locks
# that cannot be read.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v git >/dev/null || skip 'no git here'
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org \
	GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org GIT_PAGER=cat
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q --cuda 12.6 hello gpu-app -o new.lock
lockenv diff old.lock new.lock >change || is 1 $?

git init -q -b main 'a repo'
cd 'a repo'
runs 0 lockenv diff --install-git-driver
out_has 'diff.lockenv.command = lockenv diff --git-driver --'
out_has 'env.lock diff=lockenv'
runs 0 lockenv merge --install-git-driver
is 'env.lock: diff: lockenv env.lock: merge: lockenv ' "$(git check-attr diff merge -- env.lock | tr '\n' ' ')"
cp ../old.lock env.lock
cp ../old.lock uv.lock
git add -A
git commit -q -m old
cp ../new.lock env.lock
cp ../new.lock uv.lock

# The same text as by hand, below a header; other files as ever.
runs 0 git diff env.lock
printf 'lockenv diff a/env.lock b/env.lock\n' | cat - ../change >../wanted
same "$out" ../wanted
runs 0 git diff
out_has 'lockenv diff a/env.lock b/env.lock'
out_has 'diff --git a/uv.lock b/uv.lock'
runs 0 git diff --no-ext-diff env.lock
out_has '@@'
out_lacks 'lockenv diff'
git commit -q -a -m new
runs 0 git show --ext-diff HEAD -- env.lock
out_has 'lockenv diff a/env.lock b/env.lock'
out_has gpu-app
runs 0 git log -p --ext-diff --stat
out_has 'lockenv diff a/env.lock b/env.lock'
out_has gpu-app
runs 0 git diff HEAD^ HEAD --stat
# Without leave for programs: the lines, with the package in the hunk's head.
sed 's/^      license: MIT/      license: ISC/' env.lock >env2.lock
mv env2.lock env.lock
runs 0 git diff --no-ext-diff -U0 env.lock
grep -qE '^@@ .* @@ [a-z-]+$' "$out" || fail 'no package in the head of a hunk'
git checkout -q env.lock

# Added, deleted, renamed, unmerged; names that look like options or have spaces and quotes.
git mv env.lock 'my env.lock'
printf '%s\n' '*.lock diff=lockenv' >>.gitattributes
runs 0 git diff -M HEAD -- env.lock 'my env.lock'
out_has 'lockenv diff a/env.lock b/my env.lock'
out_has 'rename to my env.lock'
git commit -q -a -m renamed
cp 'my env.lock' "./-it's.env.lock"
git add -A
runs 0 git diff --cached
out_has "lockenv diff a/-it's.env.lock b/-it's.env.lock"
out_has 'new platform'
git commit -q -m added
git rm -q -- "-it's.env.lock"
runs 0 git diff --cached
out_has "lockenv diff a/-it's.env.lock"
out_has linux-64
git commit -q -m deleted
git checkout -q -b left
sed -i 's/^channel-priority: .*/channel-priority: disabled/' 'my env.lock'
git commit -q -a -m left
git checkout -q -b right main
sed -i 's/^channel-priority: .*/channel-priority: flexible/' 'my env.lock'
git commit -q -a -m right
code=0
git merge -q left >/dev/null 2>&1 || code=$?
is 1 "$code"
runs 0 git diff -- 'my env.lock'
runs 0 git diff --base -- 'my env.lock'
git merge --abort

# A version that is no lock does not end git's own output.
printf 'no lock\n' >'my env.lock'
printf 'changed\n' >uv.lock
runs 0 git -c core.attributesFile=/dev/null diff -- 'my env.lock' uv.lock
out_has "lockenv diff a/my env.lock b/my env.lock"
out_has 'cannot be compared: my env.lock (new):1:1: '
out_has 'git diff --no-ext-diff'
out_has 'a/uv.lock'
{
	printf '<<<<<<< HEAD\n'
	cat ../old.lock
} >'my env.lock'
runs 0 git diff -- 'my env.lock'
out_has 'git left a merge conflict'
git checkout -q .

# Colour as git has it: not into a pipe, but where git has a pager or is told.
runs 0 git -c color.ui=always diff HEAD~4 -- 'my env.lock'
grep -q "$(printf '\033')\\[1mlockenv diff" "$out" || fail 'no colour with color.ui=always'
runs 0 env GIT_PAGER_IN_USE=true git diff HEAD~4 -- 'my env.lock'
grep -q "$(printf '\033')\\[1mlockenv diff" "$out" || fail 'no colour in a pager'
runs 0 env NO_COLOR=1 GIT_PAGER_IN_USE=true git -c color.ui=false diff HEAD~4 -- 'my env.lock'
! grep -q "$(printf '\033')" "$out" || fail 'colour with NO_COLOR'
runs 0 git diff HEAD~4 -- 'my env.lock'
! grep -q "$(printf '\033')" "$out" || fail 'colour in a pipe'

runs 2 lockenv diff --git-driver a b
err_has 'what git gives'
runs 2 lockenv diff --install-git-driver a
runs 2 lockenv diff one
err_has "'diff' needs: OLD NEW"
runs 2 lockenv diff a b c
err_has "no further argument 'c'"

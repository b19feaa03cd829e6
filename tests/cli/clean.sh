#!/bin/sh
# clean takes away what no rule, lock or environment keeps; environments stay whole.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock new.lock
lockenv install -q old.lock -p env
lockenv install -q new.lock -p new
cache=$LOCKENV_CACHE
env=$(digest env)
count() {
	find "$cache/$1" -mindepth 1 -maxdepth 1 | wc -l
}
is "$(count archives) $(count trees)" '5 5'

# Something must be said; what is no cache is left alone.
runs 2 lockenv clean
err_has 'nothing says what may go'
runs 2 lockenv clean --older-than 30
err_has "'30' is no age"
runs 2 lockenv clean --max-size many
err_has "'many' is no size"
mkdir -p "$scratch/data/archives" "$scratch/data/tmp"
echo x >"$scratch/data/tmp/precious-abcdef"
runs 2 lockenv clean --all --cache "$scratch/data"
err_has 'is no cache'
runs 2 lockenv clean --all --cache ":$cache"
is "$(cat "$scratch/data/tmp/precious-abcdef")" x
absent "$scratch/data/trees"

# Nothing is old; a dry run only tells.
before=$(digest "$cache")
runs 0 lockenv clean --older-than 30d
out_is 'removed 0 archives, 0 trees, 0 files of repodata, 0 of unfinished work; 0 B freed'
runs 0 lockenv clean --all --dry-run
out_has 'archives/hello-2.0-h0_0.conda-'
out_has 'would remove 5 archives, 5 trees, '
is "$(digest "$cache")" "$before"

# By what locks and environments need.
runs 2 lockenv clean --keep nothing.lock
runs 2 lockenv clean --keep-prefix .
err_has "'.' is no environment"
is "$(digest "$cache")" "$before"
runs 0 lockenv clean --json --keep new.lock --dry-run
json 'sorted(x["path"].split("/")[1][:-65] for x in d["removed"] if x["kind"] == "archive")' \
	"['greeting-1.4-h0_0.conda', 'hello-1.1-h0_0.conda', 'oldtool-0.9-0.tar.bz2']"
runs 0 lockenv clean --json --keep new.lock --keep-prefix env
json 'd["removed"], d["failed"]' '([], 0)'
runs 0 lockenv clean --json --keep-prefix env
json 'len(d["removed"]), d["freed"] < sum(x["bytes"] for x in d["removed"])' '(4, True)'
is "$(count archives) $(count trees)" '3 3'
is "$(digest env)" "$env"
runs 0 new/bin/hello

# By age: the tree that was used is young again, its archive was not.
find "$cache/archives" "$cache/trees" -mindepth 1 -maxdepth 1 -exec touch -d '40 days ago' {} +
rm -rf env
runs 0 lockenv install -q old.lock -p env
is "$(digest env)" "$env"
runs 0 lockenv clean --older-than 30d
out_has 'removed 3 archives, 0 trees'
runs 0 lockenv fetch -q old.lock
find "$cache/archives" -type f -exec touch -d '40 days ago' {} +
runs 0 lockenv fetch -q old.lock
runs 0 lockenv clean --older-than 4w
out_has 'removed 0 archives, 0 trees'

# By size, and by kind.
runs 0 lockenv clean --json --max-size 1G
json 'd["removed"]' '[]'
runs 0 lockenv clean --json --archives --max-size 5kB
json 'len(d["removed"]), d["left"] <= 5000' '(2, True)'
runs 0 lockenv clean --trees
out_has 'removed 0 archives, 3 trees'
is "$(count archives) $(count trees)" '1 0'
is "$(digest env)" "$env"

# Beside running installs: whoever loses a tree makes it again.
lockenv fetch -q old.lock
(
	for number in $(seq 40); do
		lockenv clean -q --trees >"$scratch/cleaned" 2>&1 || echo "$number" >>"$scratch/clean-failed"
	done
) &
cleaner=$!
for number in $(seq 12); do
	rm -rf beside
	runs 0 lockenv install -q old.lock -p beside
	grep -v 'warning: ' "$err" >"$scratch/told" || true
	is "$(cat "$scratch/told")" ''
	is "$(beside/bin/hello)" 'hello 1.1'
done
wait "$cleaner"
absent "$scratch/clean-failed"
rm -rf beside

# Unfinished work: what nobody is at.
mkdir "$cache/tmp/tree-aaaaaa" "$cache/tmp/tree-bbbbbb"
touch -d '2 days ago' "$cache/tmp/tree-aaaaaa"
runs 0 lockenv clean --tmp
out_has '1 of unfinished work'
absent "$cache/tmp/tree-aaaaaa"
[ -d "$cache/tmp/tree-bbbbbb" ] || fail 'work at hand is gone'
runs 0 lockenv clean --all
is "$(count archives) $(count trees) $(count tmp)" '0 0 1'
is "$(digest env)" "$env"
runs 0 env/bin/hello
out_is 'hello 1.1'

#!/bin/sh
# install --no-cache: straight from archives, extracted beside the prefix; the same tree, bit for bit.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
mkdir pkgs split
cp "$channels"/test/linux-64/*.conda "$channels"/test/linux-64/*.tar.bz2 "$channels"/test/noarch/* pkgs/ 2>/dev/null || true
rm -f pkgs/*.json* pkgs/*.zst

# with PROGRAM OPTION...: installs old.lock, an upgrade to new.lock, and new.lock anew; prints the digests.
digests() {
	rm -rf env
	for lock in old.lock new.lock new.lock; do
		runs 0 "$@" --json "$lock" -p env
		"$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out"
		[ "$lock" = old.lock ] || (cd env && find . ! -name history ! -name lockenv-state -printf '%P %y %m %l %T@\n' |
			grep -v ' [ld] ' | sort)
		[ "$lock" = new.lock ] || : >env/share/mine.txt
	done
	rm -rf env
	runs 0 "$@" --json new.lock -p env
	"$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out"
	digest env/share
	find . -maxdepth 1 -name '.*env*'
}
digests lockenv install --from pkgs | grep -v mine.txt >cached
unset LOCKENV_CACHE
export HOME="$scratch/none"
digests lockenv install --no-cache --from pkgs | grep -v mine.txt >direct
same cached direct
digests lockenv-install --no-cache --from pkgs --jobs 1 | grep -v mine.txt >direct
same cached direct
is "$(wc -l <direct | tr -d ' ')" "$(wc -l <cached | tr -d ' ')"
runs 0 lockenv install --json --no-cache --from pkgs old.lock -p fresh
json 'd["link_mode"], d["added"]' "('move', 3)"
# Nobody else has these files, and no home or cache was made.
is "$(find fresh -type f -links +1)" ''
absent "$HOME"

# Archives are found wherever in the folder other tools keep them; several folders are one.
mkdir -p split/a/linux-64 split/b
cp pkgs/hello-1* split/a/linux-64
cp pkgs/greeting-1.4* pkgs/oldtool* split/b
runs 0 lockenv-install --no-cache --from split/a --from split/b old.lock -p fresh2
runs 6 lockenv-install --no-cache --from split/a old.lock -p sub/fresh3
err_has "2 of 3 packages are not in '$scratch/area/split/a'"
err_has 'name a further place'
absent sub
runs 6 lockenv-install --no-cache old.lock -p fresh3
err_has 'nowhere to take'
runs 2 lockenv-install --no-cache --from nowhere old.lock -p fresh3
for other in '--cache c' '--link copy'; do
	# shellcheck disable=SC2086
	runs 2 lockenv-install --no-cache $other --from pkgs old.lock -p fresh3
	err_has 'asks for none'
done
runs 2 lockenv install --no-cache --fetch old.lock -p fresh3
absent fresh3

# Without a place for a cache, --from alone is enough: told.
runs 0 env -u HOME lockenv-install --from pkgs old.lock -p homeless
err_has 'no cache is used'
# A cache that cannot be made is an error that says how to do without.
: >"$scratch/file"
runs 8 lockenv-install --cache "$scratch/file/cache" --from pkgs old.lock -p homeless2
err_has 'no-cache'

# Damaged archives: nothing is touched, nothing is left.
mkdir bad
cp pkgs/* bad/
first=$(find bad -name 'oldtool*')
printf x >>"$first"
tree=$(digest fresh)
runs 5 lockenv-install --no-cache --from bad old.lock -p fresh3
err_has 'expected'
cp pkgs/oldtool* bad/
printf 'x' | dd of="$first" bs=1 seek=30 conv=notrunc 2>/dev/null
runs 5 lockenv-install --no-cache --from bad old.lock -p fresh3
err_has sha256
absent fresh3
is "$(find . -maxdepth 1 -name '.*')" .
# A good one behind a damaged one serves, and the damaged one is told.
runs 0 lockenv-install --no-cache --from bad --from pkgs old.lock -p fresh3
err_has sha256
is "$(digest fresh)" "$tree"

# Work that a kill left is swept by the next run.
mkdir -p .fresh4.lockenv/trees/x .fresh4.lockenv/new
: >.fresh4.lockenv/trees/x/file
runs 0 lockenv-install --no-cache --from pkgs old.lock -p fresh4
absent .fresh4.lockenv

# A dry run extracts nothing.
runs 0 lockenv-install --dry-run --no-cache --from pkgs old.lock -p fresh5
absent fresh5

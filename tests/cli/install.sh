#!/bin/sh
# install makes a prefix equal to the lock: added, replaced, removed, kept; foreign files stay.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock new.lock

runs 0 lockenv install old.lock -p env
err_has '3 added, 0 replaced, 0 removed, 0 kept'
is "$(sed -n 's/^tree digest sha256:\([0-9a-f]\{64\}\)$/\1/p' "$err" | wc -c)" 65
runs 0 env/bin/hello
out_is 'hello 1.1'
is "$(cat env/share/greeting/where.txt)" "installed in $scratch/area/env"
is "$(readlink env/lib/oldtool/current)" data
is "$(stat -c %a env/bin/hello env/share/greeting/plain.txt | tr '\n' ' ')" '755 644 '
is "$(find env/conda-meta -name '*.json' | wc -l)" 3
"$python" -m json.tool env/conda-meta/hello-1.1-h0_0.json >"$scratch/record"
has "$scratch/record" '"name": "hello"'
# What is written into a file with a prefix never reaches the cache.
if grep -rqF "$scratch/area/env" "$LOCKENV_CACHE"; then
	fail 'the cache was written to'
fi

# Again: nothing to do, nothing touched.
before=$(find env -printf '%p %i %T@ %C@\n' | sort)
runs 0 lockenv install old.lock -p env
err_has 'env is up to date'
is "$(find env -printf '%p %i %T@ %C@\n' | sort)" "$before"
runs 0 lockenv install --json old.lock -p env
json 'd["unchanged"], d["added"], d["removed"]' '(True, 0, 0)'

# A dry run tells and changes nothing.
echo mine >env/share/mine.txt
mkdir -p env/home/me
ln -s ../nowhere env/home/me/link
tree=$(digest env)
runs 0 lockenv install --dry-run new.lock -p env
err_has 'would install'
is "$(digest env)" "$tree"
runs 0 lockenv install --dry-run new.lock -p fresh
absent fresh

# Another lock: foreign files survive, what belonged to a removed package is gone.
runs 0 lockenv install --json new.lock -p env
json 'd["added"], d["replaced"], d["removed"], d["kept"]' '(0, 2, 1, 0)'
is "$(cat env/share/mine.txt)" mine
is "$(readlink env/home/me/link)" ../nowhere
absent env/lib/oldtool
absent env/lib
absent env/share/hello/only-1.1.txt
is "$(find env/conda-meta -name 'oldtool*' -o -name 'hello-1*' | wc -l)" 0
runs 0 env/bin/hello
out_is 'hello 2.0'
# The history says in conda's words what was asked for, and what no longer is.
has env/conda-meta/history "# update specs: ['hello 1.*', 'greeting 1.4', 'oldtool']"
has env/conda-meta/history "# remove specs: ['greeting', 'oldtool']"
has env/conda-meta/history '==> 2023-11-14 22:13:20 <==' # SOURCE_DATE_EPOCH, else now
is "# update specs: ['hello']" "$(tail -n 1 env/conda-meta/history)"
is "$(readlink env/share/greeting/link.txt)" plain.txt
is "$(find . -maxdepth 1 -name '.*env*' | wc -l)" 0

# The way there leaves no trace: the same digest as a fresh install into the same path.
runs 0 lockenv install --json new.lock -p env
json 'd["unchanged"]' True
changed=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out")
mv env moved
runs 0 lockenv install --json new.lock -p env
json 'd["tree_digest"]' "$changed"
rm -rf moved/share/mine.txt moved/home
is "$(cd moved && find . ! -name history ! -name lockenv-state | sort)" \
	"$(cd env && find . ! -name history ! -name lockenv-state | sort)"
for how in copy hardlink; do
	rm -rf env
	runs 0 lockenv install --json --link "$how" new.lock -p env
	json 'd["tree_digest"], d["link_mode"]' "('$changed', '$how')"
done

# Where it goes: -p, -n, or the lock's name without .lock, beside it.
mkdir locks
cp new.lock locks/here.lock
runs 0 lockenv install locks/here.lock
has locks/here/share/greeting/where.txt "$scratch/area/locks/here"
runs 0 lockenv install new.lock -n named
has "$HOME/.conda/envs/named/share/greeting/where.txt" "$HOME/.conda/envs/named"
cp new.lock nodot
runs 2 lockenv install nodot
err_has 'no prefix given'

# Archives from another folder, without a network and without the cache.
mkdir pkgs
cp "$channels"/test/linux-64/hello-2.0* "$channels"/test/noarch/greeting-1.5* pkgs/
runs 0 lockenv install --cache empty-cache --from pkgs new.lock -p from
runs 0 from/bin/hello
runs 6 lockenv install --cache other-cache --from pkgs old.lock -p from2
absent from2

# --fetch is the one way to a network.
runs 0 lockenv install --cache third-cache --fetch new.lock -p fetched
runs 0 fetched/bin/hello

# Many at once into one prefix: who waits finds the work done.
for i in 1 2 3 4 5 6; do
	lockenv install --wait 60 --json new.lock -p many >"many.$i" 2>"many.$i.err" &
done
wait
cat many.*.err >"$err"
is "$(grep -l '"unchanged": true' many.? | wc -l)" 5
is "$(grep -h '"tree_digest"' many.? | sort -u | wc -l)" 1
absent .many.lockenv
runs 2 lockenv install --wait soon new.lock -p many

# Neither HOME nor a configuration is needed.
runs 0 env -u HOME -u LOCKENV_CONFIG lockenv install new.lock -p homeless
runs 2 env -u HOME -u LOCKENV_CACHE lockenv install new.lock -p homeless2
err_has 'no cache folder'
absent homeless2

# A dry run writes neither prefix nor cache and opens no socket: it tells what would be fetched.
dry=$scratch/dry
greeting=$channels/test/noarch/greeting-1.5-h0_0.conda
runs 0 lockenv install --json --cache "$dry" --dry-run --fetch new.lock -p dry
json '[u.split("/")[-1] for u in d["would_fetch"]], d["added"]' \
	"(['greeting-1.5-h0_0.conda', 'hello-2.0-h0_0.conda'], 2)"
mkdir one
cp "$greeting" one
runs 0 lockenv install --cache "$dry" --dry-run --fetch --from one new.lock -p dry
err_has "would fetch 'file://$channels/test/linux-64/hello-2.0-h0_0.conda'"
err_lacks greeting-1.5
absent "$dry"
absent dry
lockenv fetch -q --cache "$dry" old.lock
rmdir "$dry/tmp" "$dry/trees"
tree=$(digest "$dry")
runs 0 lockenv install --cache "$dry" --dry-run --fetch --from pkgs old.lock -p dry
err_lacks 'would fetch'
runs 0 lockenv install --cache "$dry" --dry-run --from pkgs new.lock -p dry
is "$(digest "$dry")" "$tree"
: >one/greeting-1.5-h0_0.conda
runs 5 lockenv install --cache "$dry" --dry-run --from one new.lock -p dry
absent dry

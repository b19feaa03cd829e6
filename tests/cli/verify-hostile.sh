#!/bin/sh
# verify of environments that others made, and of those that somebody prepared: it tells, follows nothing, waits for nothing.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

# An environment as conda leaves it: no state, no modes, no link texts.
cat >make.py <<'PY'
import hashlib, json, os, sys
prefix = sys.argv[1]
sha = lambda text: hashlib.sha256(text.encode()).hexdigest()
def put(path, text, mode=0o644):
    path = os.path.join(prefix, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
def record(name, paths, files=None, **more):
    data = {"name": name, "version": "1", "build": "0", "build_number": 0, "depends": [], "subdir": "linux-64",
            "fn": name + "-1-0.conda", "url": "https://conda.anaconda.org/c/linux-64/" + name + "-1-0.conda",
            "files": [p["_path"] for p in paths if p["path_type"] != "directory"] if files is None else files, **more}
    if paths:
        data["paths_data"] = {"paths_version": 1, "paths": paths}
    put("conda-meta/" + name + "-1-0.json", json.dumps(data))
def hard(path, text, was=None):
    entry = {"_path": path, "path_type": "hardlink", "sha256": sha(text if was is None else was),
             "size_in_bytes": len(text if was is None else was)}
    if was is not None:
        entry.update(prefix_placeholder="/opt/x", file_mode="text", sha256_in_prefix=sha(text))
    return entry
put("conda-meta/history", "==> 2024-01-01 00:00:00 <==\n")
put("bin/tool", "at /env\n", 0o755)
put("lib/data.py", "x = 1\n")
put("lib/shared.txt", "two\n")
os.makedirs(os.path.join(prefix, "lib/empty"))
os.symlink("data.py", os.path.join(prefix, "lib/link.py"))
record("a", [hard("bin/tool", "at /env\n", "at /opt/x\n"), hard("lib/data.py", "x = 1\n"),
             {"_path": "lib/link.py", "path_type": "softlink", "sha256": sha("x = 1\n"), "size_in_bytes": 6},
             {"_path": "lib/__pycache__/data.cpython-39.pyc", "path_type": "pyc_file"},
             {"_path": "lib/empty", "path_type": "directory"}, hard("lib/shared.txt", "one\n")])
record("b", [hard("lib/shared.txt", "two\n")])
put("old/file.txt", "of any kind\n")
record("old", [], ["old/file.txt"])
put("site/m.py", "y = 2\n")
record("early", [hard("site-packages/m.py", "y = 2\n")], ["site/m.py"], noarch="python")
PY
fresh() {
	rm -rf env
	"$python" make.py env
}
verify() { # CODE LINES
	runs "$1" timeout 60 lockenv verify env
	out_is "$2"
}

fresh
verify 0 ''
err_has 'not installed by lockenv'
runs 0 lockenv verify --json env
json 'd["installed_by_lockenv"], "tree_digest" in d, d["findings"]' '(False, False, [])'
echo mine >env/lib/mine
mkdir env/lib/__pycache__
echo compiled >env/lib/__pycache__/data.cpython-39.pyc
echo other >env/lib/__pycache__/other.cpython-39.pyc
verify 0 'foreign  lib/__pycache__/other.cpython-39.pyc
foreign  lib/mine'
fresh
echo y >>env/lib/data.py
echo three >env/lib/shared.txt
rm env/old/file.txt env/site/m.py env/lib/link.py env/bin/tool
mkdir env/bin/tool
rmdir env/lib/empty
verify 1 'changed  bin/tool: a directory, not a file (a)
changed  lib/data.py: content (a)
missing  lib/empty (a)
missing  lib/link.py (a)
changed  lib/shared.txt: content (a)
missing  old/file.txt (old)
missing  site/m.py (early)'
runs 2 lockenv verify --repair env
err_has 'lockenv install LOCK -p'

# Paths that lead out of the prefix: nothing there is looked at.
echo secret >secret
for path in ../secret "$PWD/secret" lib/../../secret; do
	fresh
	sed -i "s,old/file.txt,$path," env/conda-meta/old-1-0.json
	runs 1 lockenv verify env
	out_has 'changed  conda-meta/old-1-0.json: unsafe path'
done
fresh
mv env/lib outside
ln -s ../outside env/lib
verify 1 'changed  lib: a symlink, not a directory
missing  lib/data.py (a)
missing  lib/empty (a)
missing  lib/link.py (a)
missing  lib/shared.txt (a)'
rm -r env/old
ln -s / env/old
runs 1 lockenv verify env
out_has 'changed  old: a symlink, not a directory'
rm -rf outside

# What would make it wait, or never end.
fresh
rm env/lib/data.py env/bin/tool
mkfifo env/lib/data.py
ln -s /dev/zero env/bin/tool
verify 1 'changed  bin/tool: a device, not a file (a)
changed  lib/data.py: a FIFO, not a file (a)'
for name in a-1-0.json history lockenv-state more-1-0.json; do
	fresh
	rm -f "env/conda-meta/$name"
	mkfifo "env/conda-meta/$name"
	runs "$([ "$name" = history ] && echo 0 || echo 1)" timeout 60 lockenv verify env
	fresh
	rm -f "env/conda-meta/$name"
	mkdir "env/conda-meta/$name"
	runs "$([ "$name" = history ] && echo 0 || echo 1)" timeout 60 lockenv verify env
done
fresh
ln -s . env/lib/loop
ln -s ../.. env/lib/up
verify 0 'foreign  lib/loop
foreign  lib/up'
fresh
printf '{"name": "deep", "a": %s' "$(head -c 100000 /dev/zero | tr '\0' '[')" >env/conda-meta/deep-1-0.json
runs 1 timeout 60 lockenv verify env
out_has 'changed  conda-meta/deep-1-0.json'
# Control characters do not reach the terminal.
fresh
touch "$(printf 'env/lib/red\033[31m')"
verify 0 'foreign  lib/red\x1b[31m'

# The same of an environment of ours.
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
lockenv fetch -q old.lock
lockenv install -q --link copy old.lock -p ours
mv ours/share outside
ln -s ../outside ours/share
runs 1 lockenv verify ours
out_has 'changed  share: a symlink, not a directory'
out_has 'missing  share/greeting/plain.txt (greeting)'
runs 0 timeout 60 lockenv verify --repair ours
[ -f outside/greeting/plain.txt ] || fail 'it went through the link'
runs 0 lockenv verify ours
rm ours/conda-meta/lockenv-state
mkfifo ours/conda-meta/lockenv-state
runs 1 timeout 60 lockenv verify ours
out_has 'changed  conda-meta/lockenv-state'
runs 0 timeout 60 lockenv verify --repair ours old.lock
runs 0 lockenv verify ours

# An exchange in place that a dead run began, and one beside: findings, until the next run has completed them.
# One that goes on is none.
rm -r ours/share.lockenv-saved
for place in ours/.lockenv .ours.lockenv; do
	mkdir -p $place/new $place/old
	name=ours
	[ $place != ours/.lockenv ] || name=none
	printf 'lockenv-journal 1\0install\0out 0 %s\0end\0' "$name" >$place/journal
	case $place in ours/*) at=.lockenv ;; *) at=../.ours.lockenv ;; esac
	runs 1 lockenv verify ours
	out_is "changed  $at/journal: an exchange did not end: the next lockenv install or rollback completes it"
	[ $place = ours/.lockenv ] || break
	runs 0 lockenv install old.lock -p ours
	err_has "what did not end at '$PWD/ours' is completed"
	runs 0 lockenv verify ours
	out_is ''
done
rm -r .ours.lockenv
# Records elsewhere, behind a link, are neither read nor is the link replaced; unsafe ones are told with what to do.
mv ours/conda-meta records
ln -s ../records ours/conda-meta
for command in 'verify ours' 'verify --repair ours old.lock' 'install old.lock -p ours --verify' 'remove --all -p ours'; do
	# shellcheck disable=SC2086 # words
	runs 2 lockenv $command
	err_has "'conda-meta' is a symlink, not a directory"
done
rm ours/conda-meta
mv records ours/conda-meta
sed -i 's|share/greeting/plain.txt|../plain.txt|' ours/conda-meta/greeting-*.json
runs 2 lockenv install old.lock -p ours
err_has 'hint: the lock mends it: lockenv verify --repair PREFIX LOCK'
runs 0 lockenv verify --repair ours old.lock
runs 0 lockenv verify ours

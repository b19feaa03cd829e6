#!/bin/sh
# install on a prefix that is there: what did not change stays, without archive or tree, and the way
# there leaves no trace: files, modes, times of files, links and records are those of a fresh install.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v mkchannel >/dev/null || skip 'mkchannel is not built'
[ -x /usr/bin/python3.11 ] || skip 'no /usr/bin/python3.11'

cat >family.yml <<'YML'
tables:
  pythons:
  - {v: 3.11.1, x: '3.11'}
  - {v: 3.11.2, x: '3.11'}
  - {v: 3.12.0, x: '3.12'}
  ones:
  - {v: '1'}
  - {v: '2'}
packages:
- name: python
  version: $(v)
  build: '0'
  subdir: linux-64
  each: [pythons]
  files: {share/python/version: $(v)}
  links: {bin/python$(x): /usr/bin/python3.11}
- name: mod
  version: $(v)
  build: '0'
  subdir: noarch
  noarch: python
  each: [ones]
  depends: [python]
  files:
    site-packages/mod/a.py: version = $(v)
    site-packages/mod/sub/b.py: b = 2
    site-packages/mod/bad.py: print 'two'
    python-scripts/mod-script: "#!/bin/sh"
    py_compile.py: raise SystemExit(3)
  entry_points: ['mod = mod.a:main']
- name: still
  version: '1'
  build: '0'
  subdir: noarch
  noarch: python
  depends: [python]
  files:
    site-packages/still/__init__.py: still = 1
    site-packages/still/prefix.py: "where = '$PREFIX'"
    share/still/data: data
  links: {share/still/link: data}
  prefix: [site-packages/still/prefix.py]
  entry_points: ['still = still:main']
- name: tool
  version: $(v)
  build: '0'
  subdir: linux-64
  each: [ones]
  files:
    bin/tool: "#!$PREFIX/bin/sh $(v)"
    lib/tool/only-$(v)/deep/file: $(v)
    share/both: tool
  executable: [bin/tool]
  prefix: [bin/tool]
- name: wins
  version: '1'
  build: '0'
  subdir: linux-64
  depends: [still]
  files: {share/still/data: of wins, share/wins: w}
YML
mkchannel --out channel family.yml >"$out"
# lock NAME SPEC...
lock() {
	name=$1
	shift
	lockenv solve -q --override-channels -c "file://$scratch/area/channel" --platform linux-64 \
		--glibc 2.28 "$@" -o "$name.lock"
}
lock base 'python 3.11.1' 'mod 1' still 'tool 1'
lock patch 'python 3.11.2' 'mod 1' still 'tool 1'
lock minor 'python 3.12' 'mod 1' still 'tool 1'
lock mod2 'python 3.11.1' 'mod 2' still 'tool 1'
lock tool2 'python 3.11.1' 'mod 1' still 'tool 2'
lock less 'python 3.11.1' still
lock wins 'python 3.11.1' 'mod 1' still 'tool 1' wins
lockenv fetch -q ./*.lock

# What an install makes, but for the history and the state file.
tree() {
	(
		cd "$1"
		find . ! -name history ! -name lockenv-state ! -name '*.lockenv-saved*' \
			\( -type f -printf '%y %m %T@ %p\n' -o -printf '%y %m %p %l\n' \) | sort
		find . -type f ! -name history ! -name lockenv-state ! -name '*.lockenv-saved*' -print0 |
			sort -z | xargs -0 -r sha256sum
	)
}
for name in base patch minor mod2 tool2 less wins; do
	runs 0 lockenv install -q $name.lock -p env
	tree env >fresh.$name
	(cd env && find . ! -path './conda-meta*') >names.$name
	rm -rf env
done
runs 0 lockenv install -q --no-compile base.lock -p env
tree env >fresh.nocompile
rm -rf env

# without NAME...: a cache that lacks the packages of these names.
without() {
	rm -rf "$scratch/less"
	mkdir "$scratch/less"
	cp -a "$LOCKENV_CACHE"/. "$scratch/less"
	for name; do
		find "$scratch/less" -depth -name "$name-[0-9]*" -exec rm -rf {} +
	done
}
# sync NEW ACTIONS [OPTION...]: env becomes NEW, from the cache $scratch/less.
sync() {
	name=$1
	actions=$2
	shift 2
	runs 0 lockenv install --cache "$scratch/less" --json "$@" "${name%:*}.lock" -p env
	json 'd["added"], d["replaced"], d["removed"], d["kept"]' "$actions"
	tree env >now
	same now "fresh.${name#*:}"
}
reset() {
	rm -rf env
	runs 0 lockenv install -q base.lock -p env
}

# One package is another: none of the others is needed, and they are the same files.
reset
inode=$(stat -c %i env/lib/python3.11/site-packages/still/prefix.py env/bin/still env/conda-meta/still-1-0.json \
	env/lib/python3.11/site-packages/still/__pycache__/*)
without python mod still
sync tool2 '(0, 1, 0, 3)'
is "$(stat -c %i env/lib/python3.11/site-packages/still/prefix.py env/bin/still env/conda-meta/still-1-0.json \
	env/lib/python3.11/site-packages/still/__pycache__/*)" "$inode"
without python mod still
sync base '(0, 1, 0, 3)'
without python still tool
sync mod2 '(0, 1, 0, 3)'
without python mod still tool
sync less '(0, 0, 2, 2)'
without python still
sync base '(2, 0, 0, 2)'

# Another python: what it compiled is compiled again; of another minor version, modules move.
without mod still tool
sync patch '(0, 1, 0, 3)'
without tool
sync minor '(0, 1, 0, 1)'
json 'd["relinked"], [a["action"] for a in d["actions"]]' \
	"(2, ['relink', 'replace', 'relink', 'keep'])"
without tool
sync base '(0, 1, 0, 1)'

# Compiled or not: nothing else is touched.
without python mod still tool
sync base:nocompile '(0, 0, 0, 4)' --no-compile
sync base '(0, 0, 0, 4)'
# What python compiles at run time, or what is deleted, changes nothing.
rm -r env/lib/python3.11/site-packages/mod/__pycache__
mkdir -p env/lib/python3.11/site-packages/mod/__pycache__
echo other >env/lib/python3.11/site-packages/mod/__pycache__/a.cpython-311.pyc
echo other >env/lib/python3.11/site-packages/mod/__pycache__/a.cpython-311.opt-1.pyc
without python mod still
sync tool2 '(0, 1, 0, 3)'

# A path of two packages: who lost it gets it back when the winner goes, and loses it again.
reset
without python mod still tool
sync wins '(1, 0, 0, 4)'
without python mod still tool wins
sync base '(0, 0, 1, 4)'

# What the user changed is kept aside, and comes from its package again; modes, links and compiled
# files are mended without it.
reset
chmod 600 env/lib/python3.11/site-packages/mod/a.py
ln -sfn elsewhere env/share/still/link
rm env/lib/python3.11/site-packages/still/__pycache__/prefix.cpython-311.pyc
without python mod still
sync tool2 '(0, 1, 0, 3)'
err_has "'share/still/link' was changed: kept as 'link.lockenv-saved'"
is "$(readlink env/share/still/link.lockenv-saved)" elsewhere

reset
echo mine >env/share/still/data
rm env/share/both
before=$(digest env)
without python still
runs 6 lockenv install --cache "$scratch/less" mod2.lock -p env
err_has "'share/still/data' of package 'still' was changed"
without python tool
runs 6 lockenv install --cache "$scratch/less" mod2.lock -p env
err_has "'share/both' of package 'tool' is missing"
is "$(digest env)" "$before"
absent .env.lockenv
without python
runs 0 lockenv install --cache "$scratch/less" --dry-run mod2.lock -p env
out_is "~  mod    1 0 -> 2 0
*  still  1 0 ('share/still/data' was changed)
*  tool   1 0 ('share/both' is missing)"
err_has "'share/still/data' was changed: would be kept aside"
runs 0 lockenv install --cache "$scratch/less" --dry-run -v less.lock -p env
out_is "-  mod     1 0
=  python  3.11.1 0
*  still   1 0 ('share/still/data' was changed)
-  tool    1 0"
without python still
runs 0 lockenv install --cache "$scratch/less" --dry-run --json less.lock -p env
json 'd["actions"][2]' \
	"{'name': 'still', 'action': 'relink', 'from': '1-0', 'to': '1-0', 'changed': 'share/still/data'}"
json 'd["kept_aside"], [u.split("/")[-1] for u in d["missing"]]' \
	"(['share/still/data'], ['still-1-0.conda'])"
is "$(digest env)" "$before"
without python
sync mod2 '(0, 1, 0, 1)'
err_has "'share/still/data' was changed: kept as 'data.lockenv-saved'"
is "$(cat env/share/still/data.lockenv-saved)" mine

# What goes leaves nothing, what no package brought stays, with the directories that it lies in.
reset
site=env/lib/python3.11/site-packages
mkdir -p env/share/mine/empty env/share/tool "$site/mod/mine/__pycache__"
echo notes >env/lib/tool/only-1/notes
echo x >"$site/mod/mine/x.py"
echo x >"$site/mod/mine/__pycache__/x.cpython-311.pyc"
echo x >"$site/mod/sub/__pycache__/b.cpython-311.opt-2.pyc"
without python mod still tool
runs 0 lockenv install --cache "$scratch/less" less.lock -p env
(cd env && find . ! -path './conda-meta*' | sort) >now
cp names.less was
cat >>was <<'LIST'
./lib/python3.11/site-packages/mod
./lib/python3.11/site-packages/mod/mine
./lib/python3.11/site-packages/mod/mine/__pycache__
./lib/python3.11/site-packages/mod/mine/__pycache__/x.cpython-311.pyc
./lib/python3.11/site-packages/mod/mine/x.py
./lib/tool
./lib/tool/only-1
./lib/tool/only-1/notes
./share/mine
./share/mine/empty
./share/tool
LIST
sort was >gone
same now gone

# What stays is neither fetched nor taken from a folder.
reset
mkdir some
cp channel/linux-64/tool-2-0.conda some
runs 0 lockenv install --cache "$scratch/none" --from some --json tool2.lock -p env
json 'd["kept"]' 3
rm -rf "$scratch/none"
runs 0 lockenv install --cache "$scratch/none" --fetch tool2.lock -p env
err_has 'up to date'
runs 0 lockenv install --cache "$scratch/none" --fetch base.lock -p env
is "$(find "$scratch/none" -name '*-1-0*' -prune | sed 's|.*/\([a-z]*\)-1-0.*|\1|' | sort -u)" tool

# Ways of linking: what stays is as it was, whatever way the rest comes.
for how in symlink copy; do
	rm -rf env
	runs 0 lockenv install -q --link $how base.lock -p env
	inode=$(stat -c %i env/lib/python3.11/site-packages/still/__init__.py)
	without python mod still
	runs 0 lockenv install --cache "$scratch/less" tool2.lock -p env
	is "$(stat -c %i env/lib/python3.11/site-packages/still/__init__.py)" "$inode"
done

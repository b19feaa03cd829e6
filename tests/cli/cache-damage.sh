#!/bin/sh
# Each way in which an extracted tree can be damaged is found by the install that uses it, and made good.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.5' oldtool -o env.lock
runs 0 lockenv install -q --fetch env.lock -p env
whole=$(digest env)
cp -a "$LOCKENV_CACHE/trees" sound

# damage WHAT COMMAND...: done in the tree of greeting, then an install tells it and comes out whole.
damage() {
	what=$1
	shift
	rm -rf env "$LOCKENV_CACHE/trees"
	cp -a sound "$LOCKENV_CACHE/trees"
	tree=$(echo "$LOCKENV_CACHE"/trees/greeting-*)
	(cd "$tree" && "$@")
	runs 0 lockenv install --link "${mode:-auto}" env.lock -p env
	err_has "the tree of 'greeting-1.5-h0_0.conda' in the cache was damaged"
	runs 0 lockenv verify env
	[ -n "${mode:-}" ] || is "$(digest env) $what" "$whole $what"
	runs 0 lockenv cache verify
	is "$(echo .[!.]*)" '.[!.]*'
}
plain=share/greeting/plain.txt
longer() { echo more >>"$plain"; }
other_time() { touch -d @1234567890 "$plain"; }
other_mode() { chmod a+x "$plain"; }
gone() { rm "$plain"; }
folder() { rm "$plain" && mkdir "$plain"; }
link() { mv "$plain" "$plain.real" && ln -s plain.txt.real "$plain"; }
linked_folder() { mv share/greeting share/real && ln -s real share/greeting; }
folder_gone() { rm -r share/greeting; }
other_link() { ln -sf where.txt share/greeting/link.txt; }
info() { echo ' ' >>info/index.json; }
info_gone() { rm info/paths.json; }
for way in longer other_time other_mode gone folder link linked_folder folder_gone other_link info info_gone; do
	damage $way $way
done
for mode in symlink copy; do
	damage $mode longer
done
mode=
# Whatever the file, also those that have a prefix in them and are read, not linked.
find sound -type f ! -name .lockenv-seal | LC_ALL=C sort >files
while read -r file; do
	rm -rf env "$LOCKENV_CACHE/trees"
	cp -a sound "$LOCKENV_CACHE/trees"
	touch -d @1234567890 "$LOCKENV_CACHE/trees/${file#sound/}"
	runs 0 lockenv install env.lock -p env
	err_has 'was damaged'
	is "$(digest env) $file" "$whole $file"
done <files

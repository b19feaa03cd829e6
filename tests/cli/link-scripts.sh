#!/bin/sh
# shellcheck disable=SC2016 # code for the packages' scripts
# Link scripts: off, told, run when asked for, in order, once, and what a failure does.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v mkchannel >/dev/null || skip 'mkchannel is not built'
here=$(pwd)
LOG=$here/log # mkchannel has a meaning of its own for a dollar and a parenthesis
export LOG

# Two versions of each: base, and top which needs it. Every script says who and when it is.
say='echo $PKG_NAME $PKG_VERSION $PKG_BUILDNUM ${0##*/} `cat "$PREFIX/share/$PKG_NAME"` >>"$LOG"'
cat >family.yml <<END
packages:
END
for version in 1 2; do
	for name in base top; do
		[ "$name" = top ] && depends='[base]' || depends='[]'
		cat >>family.yml <<END
- name: $name
  version: '$version'
  build: 'b_$version'
  number: $version
  subdir: noarch
  depends: $depends
  files:
    share/$name: "$name $version"
    bin/.$name-pre-link.sh: '$say'
    bin/.$name-post-link.sh: '$say; echo made >"\$PREFIX/share/made-by-$name"'
    bin/.$name-pre-unlink.sh: '$say; rm -f "\$PREFIX/share/made-by-$name"'
    bin/.$name-post-unlink.sh: 'echo never >>"\$LOG"'
END
	done
done
cat >>family.yml <<'END'
- name: talk
  version: '1'
  build: '0'
  subdir: noarch
  files:
    bin/.talk-post-link.sh: |
      env | LC_ALL=C sort >"$LOG.env"
      pwd >"$LOG.pwd"
      printf 'two lines\nwith \033[31mcolour\n' >"$PREFIX/.messages.txt"
      echo to stdout
- name: fails
  version: '1'
  build: '0'
  subdir: noarch
  files: {share/fails: x, bin/.fails-post-link.sh: 'touch "$PREFIX/half"; exit 3', bin/.fails-pre-unlink.sh: 'exit 4'}
- name: fails
  version: '2'
  build: '0'
  subdir: noarch
  files: {share/fails: y}
- name: stop
  version: '1'
  build: '0'
  subdir: noarch
  files: {share/stop: x, bin/.stop-post-link.sh: 'kill -INT "$PPID"; exit 130'}
- name: early
  version: '1'
  build: '0'
  subdir: noarch
  files: {bin/.early-pre-link.sh: 'exit 5', bin/.early-post-link.sh: 'touch "$LOG.late"'}
END
runs 0 mkchannel --out channel family.yml
channel=file://$here/channel

# locked SPEC...: solves for these into env.lock and fetches it.
locked() {
	rm -f env.lock
	lockenv solve -q --override-channels -c "$channel" --platform linux-64 --glibc 2.28 "$@" -o env.lock
	lockenv fetch -q env.lock
	rm -f "$LOG"
}

# ran 'NAME VERSION ACTION'...: these scripts, and no others, since it was locked.
ran() {
	for script; do
		# shellcheck disable=SC2086 # three words
		set -- $script
		echo "$1 $2 $2 .$1-$3.sh $1 $2"
	done >expected
	same expected "$LOG"
}

# Off: told by package and path, and nothing runs.
locked 'base 1' 'top 1'
runs 0 lockenv install env.lock -p env
err_has "not run: 'bin/.base-post-link.sh' of package 'base'"
err_has "not run: 'bin/.top-pre-link.sh' of package 'top'"
err_lacks unlink
absent "$LOG"
absent env/share/made-by-top
rm -rf env
runs 0 lockenv install env.lock -p env --json
json 'd["skipped_scripts"][0]' "{'package': 'base', 'path': 'bin/.base-pre-link.sh'}"
json 'len(d["skipped_scripts"])' 4
tree=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["tree_digest"])' <"$out")
rm -rf env

# On: in link order, all pre-link before all post-link, once.
runs 0 lockenv install env.lock -p env --run-link-scripts --json
json 'd["skipped_scripts"]' '[]'
json 'd["tree_digest"]' "$tree"
ran 'base 1 pre-link' 'top 1 pre-link' 'base 1 post-link' 'top 1 post-link'
has env/share/made-by-top made
runs 0 lockenv install env.lock -p env --run-link-scripts
runs 0 lockenv install env.lock -p env --run-link-scripts --verify
same expected "$LOG"

# Sync: what stays does not run; what goes or comes does, and what scripts wrote is foreign.
locked 'base 1' 'top 2'
runs 0 lockenv install env.lock -p env --run-link-scripts
ran 'top 1 pre-unlink' 'top 2 pre-link' 'top 2 post-link'
has env/share/made-by-base made
locked 'base 2' 'top 1'
runs 0 lockenv install env.lock -p env --run-link-scripts
ran 'top 2 pre-unlink' 'base 1 pre-unlink' 'base 2 pre-link' 'top 1 pre-link' 'base 2 post-link' 'top 1 post-link'
# Of some packages alone; removal without being asked runs nothing, and leaves what scripts made.
locked 'base 1'
runs 0 lockenv install env.lock -p env --run-link-scripts=base,nobody
err_has "no link script of a package 'nobody'"
err_has "not run: 'bin/.top-pre-unlink.sh' of package 'top'"
ran 'base 2 pre-unlink' 'base 1 pre-link' 'base 1 post-link'
has env/share/made-by-top made
runs 2 lockenv install env.lock -p env --run-link-scripts=
runs 0 lockenv install env.lock -p env --dry-run --run-link-scripts
# In place, and with the previous tree kept: once, at the prefix.
for way in --in-place --keep-previous; do
	locked 'base 2'
	runs 0 lockenv install env.lock -p env $way --run-link-scripts
	ran 'base 1 pre-unlink' 'base 2 pre-link' 'base 2 post-link'
	has env/share/made-by-base made
	locked 'base 1'
	runs 0 lockenv install env.lock -p env --run-link-scripts
done

# What a script finds; what it says is told, escaped, and not on stdout.
locked talk
BASH_ENV=$here/nowhere runs 0 lockenv install env.lock -p talk --run-link-scripts
out_is ''
err_has 'talk: two lines'
err_has 'talk: with \x1b[31mcolour'
err_has 'to stdout'
absent talk/.messages.txt
for line in "PREFIX=$here/talk" "SOURCE_DIR=$here/talk" "CONDA_PREFIX=$here/talk" ROOT_PREFIX= PKG_NAME=talk \
	PKG_VERSION=1 PKG_BUILDNUM=0 "HOME=$HOME" "PATH=$here/talk/bin:$PATH"; do
	grep -qxF -e "$line" log.env || fail "the script lacks $line"
done
! grep -q BASH_ENV log.env || fail 'BASH_ENV is there'
is "$(cat log.pwd)" "$here/talk/bin"

# A failure of pre-link or post-link takes the exchange back; one of pre-unlink is a warning.
for package in fails early; do
	locked "$package 1"
	runs 8 lockenv install env.lock -p none --run-link-scripts
	err_has "package '$package' ended with"
	absent none
	absent log.late
done
before=$(digest env)
locked 'base 1' 'fails 1'
runs 8 lockenv install env.lock -p env --run-link-scripts
is "$(digest env)" "$before"
runs 0 lockenv install env.lock -p env
locked 'base 1' 'fails 2'
runs 0 lockenv install env.lock -p env --run-link-scripts
err_has "warning: '$here/env/bin/.fails-pre-unlink.sh' of package 'fails' ended with 4"

# Taking it all away: told; or run, the last linked first, while all is there; of some packages alone.
locked 'base 1' 'top 1'
runs 0 lockenv install -q env.lock -p gone
runs 0 lockenv remove --all --dry-run -p gone --run-link-scripts
absent "$LOG"
cp -a gone gone2
runs 0 lockenv remove --all -p gone --json
json '[s["path"] for s in d["skipped_scripts"]]' "['bin/.top-pre-unlink.sh', 'bin/.base-pre-unlink.sh']"
err_has "not run: 'bin/.top-pre-unlink.sh' of package 'top'"
absent gone
absent "$LOG"
runs 0 lockenv install -q env.lock -p gone --run-link-scripts
rm "$LOG"
runs 0 lockenv remove --all -p gone --run-link-scripts --json
json 'd["skipped_scripts"], d["directory_stays"]' '([], False)'
ran 'top 1 pre-unlink' 'base 1 pre-unlink'
absent gone
rm "$LOG"
runs 0 lockenv remove --all -p gone2 --run-link-scripts=base,nobody
err_has "no link script of a package 'nobody'"
err_has "not run: 'bin/.top-pre-unlink.sh' of package 'top'"
ran 'base 1 pre-unlink'
absent gone2
locked 'fails 1'
runs 0 lockenv install -q env.lock -p gone
runs 0 lockenv remove --all -p gone --run-link-scripts
err_has "warning: '$here/gone/bin/.fails-pre-unlink.sh' of package 'fails' ended with 4"
absent gone

# Ctrl-C while a script runs: an interruption, and no failure of the script; all is as before.
locked 'base 1'
runs 0 lockenv install -q env.lock -p halted
before=$(digest halted)
locked stop
runs 130 lockenv install -q env.lock -p halted --run-link-scripts
err_has "interrupted in '$here/halted/bin/.stop-post-link.sh' of package 'stop'"
is "$(digest halted)" "$before"
absent .halted.lockenv

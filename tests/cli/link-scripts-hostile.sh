#!/bin/sh
# shellcheck disable=SC2016 # code for the packages' scripts
# Link scripts that are up to no good, or stopped, or killed: what is told, and what becomes of the prefix.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v mkchannel >/dev/null || skip 'mkchannel is not built'
here=$(pwd)
LOG=$here/log
export LOG

cat >family.yml <<'END'
packages:
- {name: plain, version: '1', build: '0', subdir: noarch, files: {share/plain: x}}
END
# package NAME CODE: has a post-link script.
package() {
	cat >>family.yml <<END
- name: $1
  version: '1'
  build: '0'
  subdir: noarch
  files:
    share/$1: x
    bin/.$1-post-link.sh: '$2'
END
}
package prints 'printf "\033]0;title\007one\nt\0wo\n\033[2Jend"; printf "%05000d\n" 7 >&2'
package daemon 'sleep 100 & echo $! >"$LOG"; echo ready'
package waits 'sleep 100 & echo $! $$ >"$LOG"; wait'
package stubborn 'trap "" TERM HUP INT; sleep 100 & echo $! $$ >"$LOG"; while ! wait; do :; done'
package removes 'rm -rf "$PREFIX"'
package links 'mv "$PREFIX" "$PREFIX.away"; ln -s "$PREFIX.away" "$PREFIX"'
package empties 'rm -rf "$PREFIX"/conda-meta'
cat >>family.yml <<'END'
- name: unlinks
  version: '1'
  build: '0'
  subdir: noarch
  files: {share/unlinks: x, bin/.unlinks-pre-unlink.sh: 'rm -rf "$PREFIX"; mkdir "$PREFIX"; exit 1'}
END
runs 0 mkchannel --out channel family.yml
for name in plain prints daemon waits stubborn removes links empties unlinks; do
	lockenv solve -q --override-channels -c "file://$here/channel" --platform linux-64 --glibc 2.28 "$name" \
		-o "$name.lock"
	lockenv fetch -q "$name.lock"
done

# What is printed is escaped, line by line, in both streams, and told also with -q; lines have an end.
runs 0 lockenv install -q prints.lock -p prints --run-link-scripts
err_has '\x1b]0;title\x07one'
err_has 't\x00wo'
err_has '\x1b[2Jend0000'
err_has 00007
! LC_ALL=C grep -q "$(printf '[\033\007]')" "$err" || fail 'a terminal gets control characters'
[ "$(wc -L <"$err")" -lt 4200 ] || fail 'a line is too long'
runs 0 lockenv install -q plain.lock -p env
before=$(digest env)

# What a script leaves running is not waited for.
runs 0 lockenv install daemon.lock -p daemon --run-link-scripts
err_has ready
kill "$(cat log)"

# stopped SIGNAL NAME: sent to lockenv alone when NAME's script has begun.
stopped() {
	rm -f log
	last="lockenv install $2, $1"
	lockenv install "$2.lock" -p env --run-link-scripts >"$out" 2>"$err" &
	program=$!
	for _ in $(seq 400); do
		[ ! -s log ] || break
		sleep 0.02
	done
	kill -"$1" "$program"
	code=0
	wait "$program" || code=$?
}
all_ended() {
	read -r one two <log
	for process in $one $two; do # one that nobody waits for may remain as a zombie
		case $(sed 's/.*) //' "/proc/$process/stat" 2>/dev/null) in
		'' | Z*) ;;
		*) fail "process $process still runs" ;;
		esac
	done
}
for signal in TERM HUP; do
	stopped "$signal" waits
	is "$code" 130
	err_has "interrupted in '$here/env/bin/.waits-post-link.sh' of package 'waits'"
	is "$(digest env)" "$before"
	all_ended
done
# One that will not end is killed, with what it has started.
stopped TERM stubborn
is "$code" 130
is "$(digest env)" "$before"
all_ended
# Killed itself: the next run tells that a script was under way.
stopped KILL waits
is "$code" 137
# shellcheck disable=SC2046 # two numbers
kill $(cat log) 2>/dev/null || true
runs 0 lockenv install waits.lock -p env
err_has 'was killed while link scripts ran'
absent .env.lockenv
runs 0 lockenv install waits.lock -p env
err_lacks 'was killed'
runs 0 lockenv install -q plain.lock -p env
before=$(digest env)

# The prefix is still the one that was installed, or it is an error, and what was there comes back.
runs 8 lockenv install removes.lock -p env --run-link-scripts
err_has "'bin/.removes-post-link.sh' of package 'removes' removed '$here/env'"
is "$(digest env)" "$before"
runs 8 lockenv install empties.lock -p env --run-link-scripts
err_has "'bin/.empties-post-link.sh' of package 'empties' took the environment out of '$here/env'"
is "$(digest env)" "$before"
runs 8 lockenv install removes.lock -p none --run-link-scripts
absent none
absent .none.lockenv
# In place the old tree lies inside: it went too.
runs 8 lockenv install removes.lock -p env --run-link-scripts --in-place
err_has "of package 'removes' removed '$here/env'"
runs 0 lockenv install -q plain.lock -p env
before=$(digest env)
# What a script made is not taken away: what was there is kept, and said where.
runs 8 lockenv install links.lock -p env --run-link-scripts
err_has "of package 'links' put something else in the place of '$here/env'"
kept=$(sed -n "s/.* it is kept as '\(.*\)'/\1/p" "$err")
is "$(digest "$kept")" "$before"
rm -rf env env.away .env.lockenv

# The same of a script that runs before anything changes.
runs 0 lockenv install -q unlinks.lock -p env
runs 8 lockenv install plain.lock -p env --run-link-scripts
err_has "warning: '$here/env/bin/.unlinks-pre-unlink.sh' of package 'unlinks' ended with 1"
err_has "of package 'unlinks' put something else in the place of '$here/env'"
is "$(ls -A env)" ''
absent .env.lockenv

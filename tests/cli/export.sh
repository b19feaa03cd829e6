#!/bin/sh
# export: a lock as other tools' files, and what is said of what they cannot carry.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q hello oldtool -o env.lock

# explicit: the platform, the addresses, each after what it needs, and the hash behind it.
runs 0 lockenv export env.lock --to explicit
out_has '# platform: linux-64'
is '@EXPLICIT' "$(sed -n 4p "$out")"
is 'greeting-1.5 hello-2.0 oldtool-0.9' "$(sed -n 's|.*/\([a-z]*-[0-9.]*\)-.*#[0-9a-f]\{64\}$|\1|p' "$out" |
	tr '\n' ' ' | sed 's/ $//')"
is "$(sed -n 's/^ *sha256: //p' env.lock | sort)" "$(sed -n 's/.*#//p' "$out" | grep -E '^[0-9a-f]{64}$' | sort)"
err_has 'warning: explicit has no place for what the lock says of: specs, solved-with, channels'
cp "$out" list
runs 0 lockenv export env.lock --to explicit --sha256 -o list.txt
same list list.txt
runs 0 lockenv export env.lock --to explicit --md5
is 3 "$(grep -cE '#[0-9a-f]{32}$' "$out")"
runs 0 lockenv export env.lock --to explicit -o list.txt --json
json 'd' "{'file': 'list.txt', 'format': 'explicit', 'complete': False}"

# What was exported can be locked again: the same packages.
runs 0 lockenv solve -q -f list.txt --platform linux-64 --glibc 2.28 -o again.lock
is "$(sed -n 's/^ *sha256: //p' env.lock)" "$(sed -n 's/^ *sha256: //p' again.lock)"

# --strict writes nothing.
runs 1 lockenv export env.lock --to explicit --strict -o none.txt
err_has 'cannot carry all that the lock says'
absent none.txt

# What makes no sense.
runs 2 lockenv export env.lock
runs 2 lockenv export env.lock --to nonsense
runs 2 lockenv export none.lock --to explicit
runs 2 lockenv export env.lock --to explicit --md5 --sha256
runs 2 lockenv export env.lock --to explicit --json
runs 7 lockenv export env.lock --to explicit --platform osx-64
runs 2 lockenv export env.lock --to explicit --platform linux-64 --platform linux-64

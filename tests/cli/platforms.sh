#!/bin/sh
# Several platforms in one lock: one that fails, one that is solved alone, what they share.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
"$python" "$root/tests/support/text_channel.py" "$tests/update.channels" "$scratch/site"
main=file://$scratch/site/main
other=file://$scratch/site/other
both() {
	code=$1
	shift
	runs "$code" lockenv solve --override-channels -c "$main" --platform osx-arm64 --platform linux-64 "$@"
}
# entry PLATFORM LOCK: its lines.
entry() {
	awk -v name="  $1:" '/^  [a-z]/ {on = $0 == name} on' "$2"
}

# One without an answer: nothing is written, the others' entries included.
both 0 tool
cp env.lock first.lock
both 3 tool python
err_has "error: osx-arm64: 'python'"
same env.lock first.lock
# All of them are told, each with its own reasons and hint, in the order of their names.
both 3 tool nothing 'python 3.14.*'
err_has 'error: 2 of 2 platforms have no answer: linux-64, osx-arm64'
err_has "  linux-64: "
err_has "  osx-arm64: "
err_has '    hint: '
is 1 "$(grep -c '^hint: ' "$err")"
same env.lock first.lock
both 3 --json tool 'libgomp 14' 'tool 3'
json 'd["error"]["code"], sorted(d["error"]["conflict"]["platforms"])' "(3, ['linux-64', 'osx-arm64'])"
json 'sorted(d["error"]["conflict"]["platforms"]["linux-64"])' "['hint', 'message', 'reasons', 'specs', 'suggestions']"
both 3 --json tool python
json 'd["error"]["message"].startswith("osx-arm64: "), "specs" in d["error"]["conflict"]' '(True, True)'

# One solved alone leaves the others' lines as they are.
runs 0 lockenv solve --override-channels -c "$main" --platform linux-64 'tool 1.*'
entry osx-arm64 first.lock >want
entry osx-arm64 env.lock >got
same got want
[ -s want ] || fail 'no entry to compare'
differ env.lock first.lock
# Also when it is the file's platforms that say so.
printf 'channels: [%s]\nplatforms: [linux-64]\ndependencies: [tool]\n' "$main" >linux.yml
runs 0 lockenv solve -f linux.yml
entry osx-arm64 env.lock >got
same got want

# What they share does not change under the others.
cp env.lock before.lock
runs 2 lockenv solve --override-channels -c "$other" -c "$main" --platform linux-64 tool
err_has 'this solve changes the channels, and osx-arm64 in it, which is not solved for, rests on them as they are'
err_has 'hint: solve for it too, by --platform'
runs 2 lockenv solve --override-channels -c "$other" --platform linux-64 extra
runs 2 lockenv solve --override-channels -c "$main" --platform linux-64 --channel-priority flexible tool
err_has 'changes the channel priority'
runs 2 lockenv solve --override-channels -c "$main" --platform linux-64 --exclude-newer 2030-01-01 tool
err_has 'changes exclude-newer'
same env.lock before.lock
# A channel behind those they rest on does.
runs 0 lockenv solve --override-channels -c "$main" -c "$other" --platform linux-64 extra
entry osx-arm64 env.lock >got
same got want
# All of them together may.
both 0 --channel-priority flexible tool

# Platforms that nobody names are the lock's, not this machine's.
printf 'channels: [%s]\ndependencies: [tool]\n' "$main" >environment.yml
runs 0 lockenv solve --channel-priority strict
is 2 "$(grep -c '^    - tool$' env.lock)"
runs 0 lockenv add libgomp
is 2 "$(grep -c '^    - libgomp$' env.lock)"
# Reasons say for which platform they are.
runs 0 lockenv update libgomp
runs 0 lockenv solve -f linux.yml -o one.lock
runs 0 lockenv update -o one.lock tool=1.0
runs 2 lockenv update tool=1.0 --platform linux-64
err_has platform

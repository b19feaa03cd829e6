#!/bin/sh
# Specs that cannot be met: exit code 3, and why; an existing lock stays.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
runs 0 solve hello -o env.lock
cp env.lock kept.lock

# unmet TEXT SPEC...: refused, with TEXT in the explanation.
unmet() {
	text=$1
	shift
	runs 3 solve "$@" -o env.lock
	err_has "$text"
	is 0 "$(wc -c <"$out")"
	same env.lock kept.lock
}
unmet 'did you mean' helo
err_has "'hello'"
is 2 "$(wc -l <"$err")" # the error and its hint, nothing twice
unmet 'hello' 'hello 3.*'
unmet 'wants-new-hello' wants-old-hello wants-new-hello
err_has 'wants-old-hello'
err_has 'hello <2'
err_has 'hello >=2'
unmet 'hello 2.*' wants-old-hello 'hello 2.*'
unmet '__cuda' gpu-app
unmet '12.2' --cuda 12.2 gpu-app
err_has '__cuda >=12.4'
unmet '12.6' --cuda 12.6 driver-floor
err_has '__cuda >=12.9'
unmet '__glibc' future-libc
err_has '2.28'

# Quiet or not, the reason is told.
runs 3 solve hello 'hello 3.*' -o env.lock
cp "$err" "$scratch/loud"
runs 3 solve -q hello 'hello 3.*' -o env.lock
grep -v '^warning' "$err" >"$scratch/quiet"
same "$scratch/quiet" "$scratch/loud"
runs 3 solve --json wants-old-hello wants-new-hello -o env.lock
json 'd["error"]["code"], d["error"]["kind"]' "(3, 'unsatisfiable')"
json '"wants-new-hello" in " ".join(d["error"]["explanation"])' True
same env.lock kept.lock

# The same words every time.
runs 3 solve wants-old-hello wants-new-hello -o env.lock
cp "$err" "$scratch/once"
runs 3 solve --jobs 7 wants-old-hello wants-new-hello -o env.lock
same "$err" "$scratch/once"

# Malformed specs: the caret stands under the fault.
caret() {
	runs 2 solve "$1" -o env.lock
	is "$2" "$(awk '/\^$/ { print index($0, "^") - 2 }' "$err")"
	err_has "  $1"
	same env.lock kept.lock
}
caret 'hello >=1.0<' 12
caret 'hello >>1' 7
caret 'hello[version=1' 6
caret 'hello[colour=red]' 7
caret 'he!lo' 3
caret '=1.0' 1

# What another platform has is no misspelling here, and one reason is given once.
runs 3 solve hello --platform win-64 -o multi.lock
err_has "win-64: 'hello': no channel has a package named 'hello'"
err_lacks 'did you mean'
is 1 "$(grep -c 'no channel has' "$err")"
# A spec without a name: the hint gives a form that is taken.
runs 2 solve '>=1' -o multi.lock
err_has "hint: write one first, as in 'python >=3.11'"
absent multi.lock

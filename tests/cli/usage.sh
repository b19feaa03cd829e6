#!/bin/sh
# Wrong use: one line, a hint with the nearest name, exit code 2; --json, --quiet and colour.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

runs 2 lockenv
err_has "no command given"
runs 2 lockenv sovle
err_has "hint: did you mean 'lockenv solve'?"
runs 2 lockenv help instal
err_has "hint: did you mean 'lockenv install'?"
runs 2 lockenv xyzzy
err_has "hint: 'lockenv --help' lists the commands"
runs 2 lockenv solve --chanel x hello
err_has "unknown option '--chanel'"
err_has "hint: did you mean '--channel'?"
runs 2 lockenv install --fecth env.lock
err_has "hint: did you mean '--fetch'?"
runs 2 lockenv-install --fetch env.lock
err_has "unknown option '--fetch'"
runs 2 lockenv solve -z
err_has "unknown option '-z'"
runs 2 lockenv list --platform
err_has "option '--platform' needs a value"
runs 2 lockenv install --dry-run=yes env.lock
err_has "option '--dry-run' takes no value"
runs 2 lockenv install --link=magic env.lock
err_has "'magic' is no value for '--link'"
err_has 'hint: one of: auto|hardlink|reflink|copy|symlink'
runs 2 lockenv solve --jobs many hello
err_has "takes a number"
runs 2 lockenv check
err_has "'check' needs: LOCK"
runs 2 lockenv diff one two three
err_has "takes no further argument 'three'"
runs 2 lockenv fetch
runs 2 lockenv list
err_has "there is no lock 'env.lock'"
runs 2 lockenv debug frobnicate
err_has "unknown debug command 'frobnicate'"
runs 2 lockenv solve --override-channels hello
err_has '--override-channels without any --channel'
runs 2 lockenv solve --override-channels -c "$test_channel" --platform amiga-500 hello
err_has "'amiga-500' is no platform"
runs 2 lockenv solve --override-channels -c "$test_channel" --exclude-newer 'last tuesday' hello
runs 2 lockenv solve --override-channels -c "$test_channel" --virtual cuda=12 hello
runs 2 lockenv solve --override-channels -c "$test_channel" --cuda 12..6 hello
runs 2 lockenv install no-such.lock
err_has "there is no lock 'no-such.lock'"
runs 2 lockenv install -n a/b env.lock

# Arguments after -- are no options.
runs 2 lockenv list -- --json
err_has "there is no lock or environment '--json'"
is 0 "$(wc -c <"$out")"

# One JSON document on stdout whatever goes wrong, and the same words on stderr.
runs 2 lockenv --json
runs 2 lockenv solve --json --chanel x
json 'd["error"]["code"]' 2
json 'd["error"]["kind"]' usage
json 'd["error"]["hint"]' "did you mean '--channel'?"
err_has "$("$python" -c 'import json, sys; print(json.load(sys.stdin)["error"]["message"])' <"$out")"
runs 2 lockenv sovle --json
json 'd["error"]["kind"]' usage
runs 2 lockenv check --json no-such.lock
json 'sorted(d["error"])' "['code', 'hint', 'kind', 'message']"
runs 2 lockenv install --json
json 'd["error"]["code"]' 2
# What is text alone refuses it.
for text in help 'help solve' --help --version 'solve --help' 'debug man' 'debug compare'; do
	# shellcheck disable=SC2086 # words of a command
	runs 2 lockenv $text --json
	json 'd["error"]["message"]' "'--json' is not for help, version and debug, which are text"
done
runs 2 lockenv-install --help --json
json 'd["error"]["kind"]' usage

# --quiet silences notes, never errors.
runs 0 solve -q hello -o quiet.lock
is 0 "$(wc -c <"$err")"
is 0 "$(wc -c <"$out")"
runs 2 lockenv check -q no-such.lock
err_has 'there is no lock'

# Colour: never into a file unless asked for; NO_COLOR wins over CLICOLOR_FORCE, --color over both.
escape=$(printf '\033')
runs 2 lockenv check no-such.lock
err_lacks "$escape"
runs 2 env NO_COLOR=1 CLICOLOR_FORCE=1 lockenv check no-such.lock
err_lacks "$escape"
runs 2 env CLICOLOR_FORCE=1 lockenv check --color never no-such.lock
err_lacks "$escape"
coloured() {
	last="$*"
	"$@" 2>"$err" || true
	grep -q "$escape.*error: " "$err" || fail 'no colour'
}
coloured env CLICOLOR_FORCE=1 lockenv check no-such.lock
coloured env NO_COLOR=1 lockenv check --color always no-such.lock

# An empty value, as an unset variable in a script gives it, is no path.
runs 2 lockenv install no-such.lock -p ''
err_has "'--prefix' is empty"
runs 2 lockenv info --cache=
err_has "'--cache' is empty"

# Control characters of the input never reach a terminal.
runs 2 lockenv check "$(printf 'a\033[31mb.lock')"
err_lacks "$escape"

# Each program names itself.
runs 2 lockenv-install
err_has "hint: see 'lockenv-install --help'"

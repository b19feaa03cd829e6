#!/bin/sh
# Every command says what it takes; the golden files are the whole of it.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

runs 0 lockenv --help
golden help
cp "$out" "$scratch/top"
runs 0 lockenv help
same "$out" "$scratch/top"
runs 0 lockenv -h
same "$out" "$scratch/top"

commands=$(sed -n 's/^  \([a-z-]*\) .*/\1/p' "$scratch/top")
[ "$(printf '%s\n' "$commands" | wc -l)" -ge 8 ] || fail "too few commands: $commands"
for command in $commands debug; do
	runs 0 lockenv "$command" --help
	golden "help-$command"
	cp "$out" "$scratch/long"
	runs 0 lockenv help "$command"
	same "$out" "$scratch/long"
	runs 0 lockenv "$command" -h
	same "$out" "$scratch/long"
	has "$out" "Usage: lockenv $command"
	is 2 "$(sed -n '/^Examples:/,$p' "$out" | grep -c '^  .*lockenv')"
	# --help wins over arguments that make no sense, and touches nothing.
	runs 0 lockenv "$command" --help no such arguments
	same "$out" "$scratch/long"
	is 0 "$(wc -c <"$err")"
done
absent "$LOCKENV_CACHE"

runs 0 lockenv-install --help
golden help-lockenv-install
out_lacks '--fetch'
has "$tests/help-install.stdout.exact" '--fetch'

for program in lockenv lockenv-install; do
	runs 0 "$program" --version
	grep -qxE "$program [0-9]+\.[0-9]+\.[0-9]+" "$out" || fail 'name and version'
	runs 0 "$program" -V
done

#!/bin/sh
# Man page and completions are made from the command table; docs/cli.md knows every command.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

lockenv --help >"$scratch/top"
commands=$(sed -n 's/^  \([a-z-]*\) .*/\1/p' "$scratch/top")

runs 0 lockenv debug man
cp "$out" lockenv.1
for command in $commands; do
	sed 's/\\-/-/g' lockenv.1 | grep -q "^\.SS lockenv $command" || fail "the man page lacks $command"
	grep -qE "\`${command}[ \`]|, \`$command" "$root/docs/cli.md" || fail "docs/cli.md lacks $command"
	for option in $(lockenv "$command" --help | grep -oE -e '^ +(-[a-z], )?--[a-z-]+' | grep -oE -e '--[a-z-]+'); do
		sed 's/\\-/-/g' lockenv.1 | grep -qF -e "$option" || fail "the man page lacks $option"
	done
done
if command -v man >/dev/null; then
	runs 0 env LC_ALL=C.UTF-8 MANROFFSEQ= MANPAGER=cat man --warnings=all -l lockenv.1
	is 0 "$(wc -c <"$err")"
	col -b <"$out" | grep -qF 'lockenv solve [OPTION]... [SPEC...]' || fail 'solve is not typeset'
else
	part 'no man: the page is not typeset'
fi

for shell in bash zsh fish; do
	runs 0 lockenv debug completion "$shell"
	cp "$out" "completion.$shell"
	for command in $commands; do
		out_has "$command"
	done
	out_has override-channels
	if command -v "$shell" >/dev/null; then
		runs 0 "$shell" -n "completion.$shell"
		is 0 "$(wc -c <"$err")"
	else
		part "no $shell: its completion is not parsed"
	fi
done
runs 2 lockenv debug completion tcsh

# What bash offers.
cat >complete.bash <<'BASH'
. ./completion.bash
offer() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	$(complete -p lockenv | sed 's/.*-F \([^ ]*\) .*/\1/') lockenv "${!#}" "${@: -2:1}"
	printf '%s\n' "${COMPREPLY[@]}"
}
offer lockenv so
offer lockenv solve --overr
BASH
runs 0 bash complete.bash
tr -d ' ' <"$out" >offered
printf '%s\n' solve --override-channels >expected
same offered expected

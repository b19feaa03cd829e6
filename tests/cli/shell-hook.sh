#!/bin/sh
# shellcheck disable=SC2016 # code for the shells that are run
# shell-hook: each shell really evaluates what is printed, and has what run gives; then it undoes it.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
unset BASH_ENV ENV SHELL LEFT
LC_ALL=C.UTF-8 # in which fish passes all bytes on
here=$(pwd)

# environment DIR: variables, and scripts in three forms.
environment() {
	mkdir -p "$1/conda-meta" "$1/bin" "$1/etc/conda/env_vars.d" "$1/etc/conda/activate.d" "$1/etc/conda/deactivate.d"
	cat >"$1/etc/conda/env_vars.d/a.json" <<'END'
{"ODD": "it's \"$HOME\" `x` $(touch gone) \\ ! \\! ~ * [a] {b,c} ;# é", "EMPTY": "", "TAIL": "a\\", "EQ": "=ls"}
END
	on=$1/etc/conda/activate.d
	off=$1/etc/conda/deactivate.d
	printf 'export SCRIPT="$CONDA_DEFAULT_ENV sourced"\n' >"$on/a.sh"
	printf 'unset SCRIPT\nexport LEFT="$LEFT a"\n' >"$off/a.sh"
	printf 'export LEFT="$LEFT b"\n' >"$off/b.sh"
	printf 'set -gx SCRIPT "$CONDA_DEFAULT_ENV sourced"\n' >"$on/a.fish"
	printf 'set -e SCRIPT\nset -gx LEFT "$LEFT a"\n' >"$off/a.fish"
	printf 'set -gx LEFT "$LEFT b"\n' >"$off/b.fish"
	printf 'setenv SCRIPT $CONDA_DEFAULT_ENV:q" sourced"\n' >"$on/a.csh"
	printf 'unsetenv SCRIPT\nif ( ! $?LEFT ) setenv LEFT ""\nsetenv LEFT "$LEFT a"\n' >"$off/a.csh"
	printf 'if ( ! $?LEFT ) setenv LEFT ""\nsetenv LEFT "$LEFT b"\n' >"$off/b.csh"
}

odd=$(printf 'odd "%s'\''$(touch gone)\\ `x` ; *!b\303\251' '$HOME')
environment env
environment envs/two
environment "$odd"

# All variables, but for those that shells keep for themselves, in order.
cat >show <<'END'
env -0 | tr '\0\n' '\n\001' | LC_ALL=C sort |
	grep -avE '^(_|SHLVL|PWD|OLDPWD|HOST|HOSTTYPE|OSTYPE|MACHTYPE|VENDOR|GROUP|USER|LOGNAME|SHELL|NLSPATH|KIND|hook_.*)='
END
# What the shells evaluate; csh has no quoting for a word within back quotes.
cat >hook <<'END'
[ "${1:-}" = --deactivate ] || set -- -p "$hook_prefix" "$@"
exec lockenv shell-hook --shell "$KIND" "$@"
END

# in_shell CODE: runs it in $program, silently and without the user's start files.
in_shell() {
	case $program in
	tcsh | zsh) set -- "$program" -f -c "$1" ;;
	fish) set -- fish --no-config -c "$1" ;;
	busybox) set -- busybox sh -c "$1" ;;
	*) set -- "$program" -c "$1" ;;
	esac
	last="$*"
	"$@" >"$out" 2>"$err" </dev/null || fail "it ended with $?"
	[ ! -s "$err" ] || fail "it said: $(head -3 "$err")"
}

for program in bash dash zsh busybox fish tcsh; do
	if ! command -v "$program" >/dev/null; then
		part "no $program here"
		continue
	fi
	case $program in
	fish) KIND=fish begin='sh hook ' end=' | source' to='set -gx hook_prefix ' ;;
	tcsh) KIND=csh begin='eval "`sh hook ' end='`"' to='setenv hook_prefix ' ;;
	bash | zsh) KIND=$program begin='eval "$(sh hook ' end=')"' to=hook_prefix= ;;
	*) KIND=posix begin='eval "$(sh hook ' end=')"' to=hook_prefix= ;;
	esac
	export KIND
	for hook_prefix in "$here/env" "$here/$odd"; do
		export hook_prefix
		lockenv run -p "$hook_prefix" sh show >expected
		in_shell "$begin$end
sh show"
		same expected "$out"
		# Left again: only the level is new, and what scripts leave behind.
		{ sh show && echo CONDA_SHLVL=0 && echo 'LEFT= b a'; } | LC_ALL=C sort >expected
		in_shell "$begin$end
${begin}--deactivate$end
sh show"
		same expected "$out"
	done
	absent gone
	# One in place of the other, back, one upon the other, and out. EMPTY was set before.
	tell='sh -c '\''echo "$CONDA_SHLVL|$CONDA_DEFAULT_ENV|$CONDA_PREFIX_1|$SCRIPT|$EMPTY|$LEFT|$PATH|"'\'
	hook_prefix=$here/env EMPTY=mine
	export EMPTY
	in_shell "$begin$end
$tell
$to'$here/envs/two'
$begin$end
$tell
${begin}--deactivate$end
$tell
${begin}--stack$end
$tell
${begin}--deactivate$end
${begin}--deactivate$end
$tell
${begin}--deactivate$end"
	unset EMPTY
	cat >expected <<END
1|$here/env||$here/env sourced|||$here/env/bin:$PATH|
2|two|$here/env|two sourced|| b a|$here/envs/two/bin:$PATH|
1|$here/env||$here/env sourced|| b a b a|$here/env/bin:$PATH|
2|two|$here/env|two sourced|| b a b a|$here/envs/two/bin:$here/env/bin:$PATH|
0||||mine| b a b a b a b a|$PATH|
END
	same expected "$out"
done
absent gone

# The prompt changes only where there is one, and comes back; what it would expand is not in it.
mkdir -p 'prompt $(touch gone)%n!/conda-meta'
for program in bash zsh; do
	command -v "$program" >/dev/null || continue
	case $program in
	bash) set -- bash --norc --noprofile -i ;;
	zsh) set -- zsh -f -i ;;
	esac
	last="$*"
	cat >typed <<'END'
PS1='me> '
eval "$(lockenv shell-hook -p env --shell posix)"
echo "one $PS1"
eval "$(lockenv shell-hook -p 'prompt $(touch gone)%n!' --shell posix)"
echo "two $PS1"
eval "$(lockenv shell-hook -p env --shell posix --no-prompt)"
echo "same $PS1"
eval "$(lockenv shell-hook --deactivate --shell posix)"
eval "$(lockenv shell-hook --deactivate --shell posix)"
eval "$(lockenv shell-hook --deactivate --shell posix)"
echo "none $PS1"
END
	"$@" <typed >"$out" 2>"$err" || fail "it ended with $?"
	out_has "one ($here/env) me> "
	out_has "two ($here/prompt ?(touch gone)?n?) me> "
	out_has "same ($here/prompt ?(touch gone)?n?) me> "
	out_has 'none me> '
	absent gone
done

# A modulefile, read by a stub of Lmod: each function writes what it is given.
mkdir -p "$odd/etc/conda/env_vars.d"
for prefix in env "$odd"; do
	SHELL=/bin/bash runs 0 lockenv shell-hook -p "$prefix" --shell lmod
	cp "$out" module.lua
	lua=$(command -v lua5.4 || command -v lua5.3 || command -v lua || true)
	if [ -z "$lua" ]; then
		part 'no lua here'
		break
	fi
	cat >stub.lua <<'END'
local function tell(name)
	return function(...) io.write(name, "|", table.concat({...}, "|"), "\n") end
end
local sandbox = {}
for _, name in ipairs{"whatis", "prepend_path", "pushenv", "source_sh", "LmodMessage"} do
	sandbox[name] = tell(name)
end
assert(loadfile(arg[1], "t", sandbox))()
END
	"$lua" stub.lua module.lua >told
	has told "prepend_path|PATH|$here/$prefix/bin"
	has told "pushenv|CONDA_PREFIX|$here/$prefix"
	has told 'pushenv|ODD|it'"'"'s "$HOME" `x` $(touch gone) \ ! \! ~ * [a] {b,c} ;# é'
	case $prefix in
	env) has told "source_sh|bash|$here/env/etc/conda/activate.d/a.sh" ;;
	*) has told "LmodMessage|not sourced: $here/$odd/etc/conda/activate.d/a.sh" ;;
	esac
done
# It is the same whatever is active where it is made.
runs 0 lockenv run -p envs/two lockenv shell-hook -p "$odd" --shell lmod
same "$out" module.lua

# JSON, for editors.
runs 0 lockenv shell-hook -p envs/two --shell posix --json
json 'd["prefix"]' "$here/envs/two"
json 'd["environment_variables"]["CONDA_DEFAULT_ENV"]' two
json 'd["activation_scripts"]' "['$here/envs/two/etc/conda/activate.d/a.sh']"

# Which shell: --shell, else SHELL; what cannot be.
SHELL=/usr/bin/fish runs 0 lockenv shell-hook -p env
out_has 'set -gx CONDA_PREFIX'
SHELL=/bin/tcsh runs 0 lockenv shell-hook -p env
out_has 'setenv CONDA_PREFIX'
SHELL=/bin/odd runs 2 lockenv shell-hook -p env
runs 2 lockenv shell-hook -p env
runs 2 lockenv shell-hook -p env --shell cmd
runs 2 lockenv shell-hook -p nowhere --shell bash
runs 2 lockenv shell-hook -p env --deactivate --shell bash
runs 2 lockenv shell-hook --deactivate --shell lmod
runs 0 lockenv shell-hook --deactivate --shell bash
out_is ''
# Scripts that the shell has no form of are told.
printf ':\n' >env/etc/conda/activate.d/only.sh
runs 0 lockenv shell-hook -p env --shell fish
err_has only.sh
err_lacks a.sh
runs 0 lockenv shell-hook -p env --shell fish --no-scripts
is 0 "$(wc -c <"$err")"
runs 0 lockenv-install shell-hook -p env --shell bash
out_has CONDA_PREFIX

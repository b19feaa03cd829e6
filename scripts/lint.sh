#!/bin/sh
# lint.sh [--quick]: every check that needs no run of the program. Each prints its name and what it found.
# --quick leaves out the analyzers that take minutes (clang-tidy, cppcheck).
set -eu
cd "$(dirname "$0")/.."
jobs=$(nproc)
failed=0
quick=${1:-}

step() {
	printf '== lint: %s\n' "$1" >&2
}

fail() {
	printf 'lint: %s failed\n' "$1" >&2
	failed=1
}

sources=$(git ls-files '*.c' '*.h')
units=$(git ls-files '*.c' | grep -Ev '^tests/(fault|support/fake)' || true)

step 'clang-format'
# shellcheck disable=SC2086 # a list of files
clang-format --dry-run -Werror $sources || fail clang-format

step 'layers'
python3 scripts/layers.py || fail layers

step 'banned functions'
banned='\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|strncpy|strncat|alloca|setlocale|system|popen|mktemp|tmpnam|rand|srand)\('
if git grep -nE "$banned" -- 'base/*.c' 'conda/*.c' 'store/*.c' 'fetch/*.c' 'resolver/*.c' 'lock/*.c' \
	'install/*.c' 'audit/*.c' 'smoke/*.c' 'cli/*.c' 'fixtures/*.c'; then
	fail 'banned functions'
fi

step 'lengths'
for file in $sources; do
	lines=$(wc -l <"$file")
	if [ "$lines" -gt 700 ]; then
		printf '%s: %s lines, at most 700\n' "$file" "$lines"
		fail lengths
	fi
done

step 'every header compiles alone, gcc and clang'
for header in $(git ls-files '*.h' | grep -v '^tests/'); do
	for compiler in gcc clang; do
		printf '#include "%s"\n' "$header" |
			"$compiler" -std=c17 -D_GNU_SOURCE -I. -Wall -Wextra -Werror -fsyntax-only -x c - ||
			fail "$header"
	done
done

cmake --preset clang >build/clang.log 2>&1 || { cat build/clang.log; exit 1; }
if [ "$quick" = --quick ]; then
	step 'clang build'
	ninja -C build/clang --quiet || fail 'clang build'
else
	# clang's own warnings among them, so that nothing need be built.
	step 'clang-tidy'
	# shellcheck disable=SC2086
	printf '%s\n' $units | xargs -P "$jobs" -n 1 clang-tidy --quiet -p build/clang 2>build/tidy.log ||
		fail clang-tidy

	step 'cppcheck'
	cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem --error-exitcode=1 -D_GNU_SOURCE -I. \
		--suppress=unmatchedSuppression --suppress=preprocessorErrorDirective \
		base conda store fetch resolver lock install audit smoke wheel cli fixtures || fail cppcheck
fi

step 'shellcheck'
# shellcheck disable=SC2046
shellcheck -x dev .ci/run $(git ls-files '*.sh' '*.sbatch') || fail shellcheck

exit "$failed"

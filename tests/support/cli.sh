# shellcheck shell=sh
# Sourced by tests/cli/NAME.sh: runs the built programs in an isolated place and compares what they say.
#
#     runs 0 lockenv list env.lock      runs it and holds its exit code against the first word
#     out_has TEXT, err_has TEXT        the last run's stdout (stderr) has TEXT in it
#     out_lacks TEXT, err_lacks TEXT    ... has not
#     out_is TEXT                       the last run's stdout is just TEXT
#     golden NAME                       ... equals tests/cli/NAME.stdout.exact
#     golden_file NAME FILE             FILE equals tests/cli/NAME.exact
#     golden_error NAME                 the last run's stderr equals tests/cli/NAME.stderr.exact
#     json EXPRESSION EXPECTED          stdout is one JSON document d; python's EXPRESSION prints EXPECTED
#     same FILE FILE, differ FILE FILE, has FILE TEXT, is TEXT TEXT, absent PATH
#     unasked PREFIX                    takes from history and records what was asked for
#     digest PATH                       prints one hash for a whole tree
#     skip REASON                       ends the test as skipped
#     part REASON                       says that a part of the test did not run
#
# Every run is also held against the contract: a failure ends with one "error: " line, a hint, and no
# sanitizer report. A test goes on after a failed expectation and fails at its end.
#
# By hand:  LOCKENV_BIN=build/release/bin LOCKENV_CHANNELS=build/release/tests/cli/channels \
#               sh tests/cli/NAME.sh
# With LOCKENV_REWRITE=1 the golden files are written anew.
set -eu

: "${LOCKENV_BIN:?the folder of the built programs}"
: "${LOCKENV_CHANNELS:?the folder that cli-channels.sh filled}"
bin=$(cd "$LOCKENV_BIN" && pwd)
channels=$(cd "$LOCKENV_CHANNELS" && pwd)
tests=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$tests/../.." && pwd)
scratch=$(mktemp -d)
failed=0
server=
fault_server=

clean_up() {
	code=$?
	trap - EXIT
	[ -z "$server" ] || serve_stop "$server"
	[ -z "$fault_server" ] || kill "$fault_server" 2>/dev/null || true
	chmod -R u+rwX "$scratch" 2>/dev/null || true
	rm -rf "$scratch"
	[ "$failed" -eq 0 ] || code=1
	exit "$code"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

for name in $(env | sed -n 's/^\(CONDA[A-Z_]*\|LOCKENV_[A-Z_]*\|LC_[A-Z]*\|XDG_[A-Z_]*\|[a-z]*_proxy\|[A-Z]*_PROXY\|[A-Z]*_CA_BUNDLE\|SSL_CERT_[A-Z]*\|RATTLER_[A-Z_]*\|BINSTAR_[A-Z_]*\|NETRC\|LD_LIBRARY_PATH\|PYTHON[A-Z]*\)=.*/\1/p'); do
	[ "$name" = LOCKENV_REWRITE ] || unset "$name"
done
unset LANG LANGUAGE NO_COLOR CLICOLOR_FORCE TZ
export HOME="$scratch/home" LC_ALL=C LOCKENV_CACHE="$scratch/cache" LOCKENV_CONFIG="$scratch/condarc"
export TERM=xterm # a bare machine sets none, and git shows colours on no dumb terminal
export SOURCE_DATE_EPOCH=1700000000 # histories of equal installs are equal
PATH=$bin:$PATH
out=$scratch/out
err=$scratch/err
mkdir "$HOME" "$scratch/area"
printf 'channels: []\n' >"$LOCKENV_CONFIG"
cd "$scratch/area"

# A real program that is in every Debian; a version manager's stand-in would look for HOME.
python=/usr/bin/python3.11
[ -x "$python" ] || python=python3
# shellcheck disable=SC2034 # for the tests
test_channel=file://$channels/test
# shellcheck disable=SC2034
demo_channel=file://$channels/demo/main

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	if [ -n "${last:-}" ] && [ "$last" != "${told:-}" ]; then
		told=$last
		printf '  after: %s\n' "$last" >&2
		sed 's/^/  out: /' "$out" | head -40 >&2
		sed 's/^/  err: /' "$err" | head -40 >&2
	fi
	failed=1
}

skip() {
	printf 'skipped: %s\n' "$*" >&2
	exit 77
}

part() {
	printf 'not run: %s\n' "$*" >&2
}

# What the contract says of every failure.
check_failure() {
	[ "$(grep -c '^error: ' "$err")" -eq 1 ] || fail 'stderr must have one line "error: "'
	grep -q '^hint: .' "$err" || fail 'stderr must have a hint'
	if grep -E '^error: .*[^.]\.$' "$err" >/dev/null; then
		fail 'an error line has no full stop'
	fi
}

runs() {
	expected=$1
	shift
	last="$*"
	code=0
	"$@" >"$out" 2>"$err" </dev/null || code=$?
	[ "$code" -eq "$expected" ] || fail "exit code is $code, expected $expected"
	! grep -qE 'Sanitizer|runtime error:' "$err" || fail 'a sanitizer reported'
	case $code in
	0 | 77) ! grep -q '^error: ' "$err" || fail 'an error line, yet no failure' ;;
	1) ! grep -q '^error: ' "$err" || check_failure ;; # a finding may be one
	*) check_failure ;;
	esac
}

out_has() {
	grep -qF -e "$1" "$out" || fail "stdout lacks: $1"
}

err_has() {
	grep -qF -e "$1" "$err" || fail "stderr lacks: $1"
}

out_lacks() {
	! grep -qF -e "$1" "$out" || fail "stdout has: $1"
}

err_lacks() {
	! grep -qF -e "$1" "$err" || fail "stderr has: $1"
}

out_is() {
	[ "$(cat "$out")" = "$1" ] || fail "stdout is not: $1"
}

# Paths of this run are no part of what is compared.
plain() {
	sed -e "s|$channels|CHANNELS|g" -e "s|$scratch|SCRATCH|g" "$1"
}

compare_golden() {
	plain "$2" >"$scratch/plain"
	if [ -n "${LOCKENV_REWRITE:-}" ]; then
		cp "$scratch/plain" "$1"
	elif ! diff -u "$1" "$scratch/plain" >&2; then
		fail "not as in ${1##*/}"
	fi
}

golden() {
	compare_golden "$tests/$1.stdout.exact" "$out"
}

golden_file() {
	compare_golden "$tests/$1.exact" "$2"
}

golden_error() {
	compare_golden "$tests/$1.stderr.exact" "$err"
}

json() {
	value=$("$python" -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" \
		<"$out" 2>&1) || true
	[ "$value" = "$2" ] || fail "JSON: $1 is '$value', expected '$2'"
}

same() {
	cmp -s "$1" "$2" || fail "$1 and $2 differ: $(diff "$1" "$2" 2>&1 | head -5)"
}

differ() {
	! cmp -s "$1" "$2" || fail "$1 and $2 are the same"
}

is() {
	[ "$1" = "$2" ] || fail "'$1' is not '$2'"
}

has() {
	grep -qF -e "$2" "$1" || fail "$1 lacks: $2"
}

absent() {
	if [ -e "$1" ] || [ -L "$1" ]; then
		fail "$1 is there"
	fi
}

# Names, kinds, modes, link targets and contents of everything below a path; "absent" when it is not there.
unasked() {
	: >"$1/conda-meta/history"
	python3 - "$1"/conda-meta/*.json <<'UNASKED'
import json, sys
for path in sys.argv[1:]:
    with open(path) as file:
        record = json.load(file)
    record.pop("requested_spec", None)
    record["requested_specs"] = []
    with open(path, "w") as file:
        json.dump(record, file, indent=2)
UNASKED
}

digest() {
	[ -e "$1" ] || {
		echo absent
		return
	}
	(
		cd "$1"
		find . -printf '%y %m %p %l\n' | sort
		find . -type f -print0 | sort -z | xargs -0 -r sha256sum
	) | sha256sum
}

# solve OPTION...: for a fixed linux-64 target, from the small channel.
solve() {
	lockenv solve --override-channels -c "$test_channel" --platform linux-64 --glibc 2.28 "$@"
}

# serve DIR: sets url; one server a test.
serve() {
	# shellcheck source=scripts/serve.sh
	. "$root/scripts/serve.sh"
	serve_port=$((10000 + $$ % 20000))
	server=$scratch/nginx
	serve_start "$1" "$server"
	# shellcheck disable=SC2034 # for the tests
	url=http://127.0.0.1:$serve_port
}

unserve() {
	serve_stop "$server"
	server=
}

# fault_serve DIR OPTION...: ../support/fault_server.py, stopped at the test's end; sets ports.
fault_serve() {
	: >"$scratch/ports" # not those of a server before
	"$python" "$tests/../support/fault_server.py" "$@" >"$scratch/ports" 2>"$scratch/fault_server.err" &
	fault_server=$!
	for _ in $(seq 200); do
		[ ! -s "$scratch/ports" ] || break
		sleep 0.05
	done
	# shellcheck disable=SC2034 # for the tests
	ports=$(cat "$scratch/ports")
}

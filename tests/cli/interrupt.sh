#!/bin/sh
# Ctrl-C at any moment: exit code 130, nothing half-written, and the next run succeeds.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

# interrupted SIGNAL SECONDS COMMAND...: sets code
interrupted() {
	signal=$1
	seconds=$2
	shift 2
	last="$* (SIG$signal after $seconds s)"
	"$@" >"$out" 2>"$err" &
	pid=$!
	sleep "$seconds"
	kill -s "$signal" "$pid" 2>/dev/null || true
	code=0
	wait "$pid" || code=$?
}

# While it waits to try an address again.
solve -q hello -o env.lock
cp env.lock kept.lock
for signal in INT TERM; do
	began=$(date +%s%N)
	interrupted "$signal" 0.5 lockenv solve --override-channels -c http://127.0.0.1:1/none hello --update-all \
		-o env.lock
	is 130 "$code"
	check_failure
	took=$((($(date +%s%N) - began) / 1000000))
	[ "$took" -lt 2500 ] || fail "it took $took ms to stop"
	same env.lock kept.lock
done

# A terminal that is closed is an interruption; under nohup it is none.
if env --default-signal=HUP true 2>/dev/null; then
	interrupted HUP 0.5 env --default-signal=HUP lockenv solve --override-channels -c http://127.0.0.1:1/none hello \
		--update-all -o env.lock
	is 130 "$code"
	check_failure
	interrupted HUP 0.2 env --ignore-signal=HUP CONDA_REMOTE_MAX_RETRIES=1 lockenv solve --override-channels \
		-c http://127.0.0.1:1/none hello --update-all -o env.lock
	is 4 "$code"
	same env.lock kept.lock
fi

# While it waits for input that never comes: one signal is enough.
mkfifo silent.lock
for command in 'check silent.lock' 'solve -f silent.lock' 'diff env.lock silent.lock'; do
	# shellcheck disable=SC2086 # words of a command
	interrupted INT 0.5 lockenv $command
	is 130 "$code"
	check_failure
done
sleep 60 >silent.lock &
writer=$!
interrupted TERM 0.5 lockenv check silent.lock
is 130 "$code"
check_failure
# shellcheck disable=SC2016 # for the inner shell
interrupted INT 0.5 sh -c 'exec lockenv debug compare <silent.lock'
is 130 "$code"
check_failure
kill "$writer"
rm silent.lock

# A reader that has had enough ends the output without a word, as of any filter.
last='lockenv list | true'
code=$("$python" -c 'import subprocess, sys
p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=open("pipe.err", "wb"))
p.stdout.close()
print(p.wait())' sh -c 'sleep 0.3; exec lockenv list env.lock')
is -13 "$code"
is "$(cat pipe.err)" ''

# In the middle of fetch and install of something larger. Whatever was reached, it is whole.
demo() {
	lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 "$@"
}
demo 'python 3.11.*' lockenv-hello -o python.lock
whole=
for seconds in 0.01 0.05 0.1 0.2 0.4; do
	interrupted INT "$seconds" lockenv fetch --cache cache python.lock
	[ "$code" -eq 130 ] || [ "$code" -eq 0 ] || fail "fetch: exit code $code"
	is "$(find cache/tmp -type f 2>/dev/null)" ''
	interrupted TERM "$seconds" lockenv install --cache cache --from "$LOCKENV_CACHE" python.lock -p env
	case $code in
	0) whole=1 ;;
	130 | 6 | 143) ;; # 143: the signal came before the program's first line
	*) fail "install: exit code $code" ;;
	esac
	if [ -e env ]; then
		runs 0 env/bin/lockenv-hello
		rm -rf env
	fi
done
[ -n "$whole" ] || part 'no install was done before its signal came'
runs 0 lockenv fetch --cache cache python.lock
runs 0 lockenv install --cache cache python.lock -p env
runs 0 env/bin/lockenv-hello
is "$(find . -maxdepth 1 -name '.env*')" ''

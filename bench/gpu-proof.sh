#!/bin/sh
# Real GPU packages in an environment that lockenv built, computing attention on the device.
#
#     bench/gpu-proof.sh               the whole proof, on a machine with an NVIDIA GPU and an installed torch
#     bench/gpu-proof.sh --kit FILE    packs all that it needs but python3 and torch, for a machine without compiler,
#                                      libraries and network: tar xzf FILE, then gpu-proof/bench/gpu-proof.sh
#
# conda packages are built of the installed torch and all that it needs (fixtures/wheel2conda.py), then indexed, solved
# and locked for this very machine, fetched, packed, installed offline into a new prefix, verified, audited, and every
# level of smoke runs there with --require gpu. The receipt and the timings become bench/results/gpu-DATE-DEVICE.json
# and .md, which name device, driver and date.
#
# TORCH_PYTHON: an interpreter that has torch (default: python3). TORCH_SITE: its site-packages, where that is elsewhere.
# TORCH_ROOTS: the distributions to pack ("torch numpy"). BENCH_DIR (build/bench): a folder with five times the size of
# torch and its libraries free (about 30 GB). LOCKENV_BIN (build/release/bin). BENCH_JOBS: processors to use.
# BENCH_RESULTS (bench/results).
#
# Exit codes: 0 proved; 1 a step failed; 2 something that is needed is missing, named; 77 the proof is outstanding: no
# device here. Without a device it goes through every step all the same when TORCH_PYTHON or TORCH_SITE is set, for
# the CUDA that torch was built with, writes no result, and ends with 77; else it ends at once.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${LOCKENV_BIN:-$root/build/release/bin}
work=${BENCH_DIR:-$root/build/bench}/gpu-proof
results=${BENCH_RESULTS:-$root/bench/results}
python=${TORCH_PYTHON:-python3}
jobs=${BENCH_JOBS:-$(nproc)}
lockenv=$bin/lockenv

say() {
	printf '\n== %s\n' "$*"
}

missing() {
	printf 'missing: %s\n' "$*" >&2
	exit 2
}

outstanding() {
	printf '\nthe proof is outstanding: no device here\n'
	exit 77
}

# kit FILE: the programs with the shared libraries that they need (but the C library's), run paths set to find them.
kit() {
	command -v patchelf >/dev/null || missing 'patchelf, which gives the programs of the kit their run path'
	stage=$(mktemp -d)
	trap 'rm -rf "$stage"' EXIT
	to=$stage/gpu-proof
	mkdir -p "$to/bench/gpu" "$to/fixtures" "$to/build/release/bin" "$to/build/release/lib"
	cp "$root/bench/gpu-proof.sh" "$to/bench/"
	cp "$root/bench/gpu/report.py" "$to/bench/gpu/"
	cp "$root/fixtures/wheel2conda.py" "$to/fixtures/"
	for program in lockenv lockenv-install lockenv-smoke; do
		[ -x "$bin/$program" ] || missing "$bin/$program (./dev build)"
		cp "$bin/$program" "$to/build/release/bin/"
	done
	cp "$(command -v patchelf)" "$to/build/release/bin/"
	# libcurl is loaded when it is first used: what the program lists is not all.
	curl=$(ldconfig -p | awk '$1 ~ /^libcurl\.so/ && /x86-64|AArch64/ { print $NF; exit }')
	for library in "$curl" $(ldd "$bin/lockenv" "$to/build/release/bin/patchelf" "$curl" |
		awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | sort -u); do
		case ${library##*/} in
		libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libresolv.so.* | ld-linux*) ;;
		*) cp -L "$library" "$to/build/release/lib/" ;;
		esac
	done
	chmod u+w "$to"/build/release/lib/*
	patchelf --set-rpath "\$ORIGIN" "$to"/build/release/lib/*
	patchelf --set-rpath "\$ORIGIN/../lib" "$to/build/release/bin/lockenv" "$to/build/release/bin/patchelf"
	tar -C "$stage" -czf "$1" gpu-proof
	printf '%s: %s\n' "$1" "$(du -h "$1" | cut -f1)"
}

if [ "${1:-}" = --kit ]; then
	kit "${2:?the file to write}"
	exit 0
fi

# step NAME COMMAND...: runs it, its output in NAME.log; its time and exit code go into the report.
step() {
	name=$1
	shift
	say "$name: $(printf '%s ' "$@" | sed "s|$bin/||g; s|$work/||g; s|$root/||g")"
	begin=$(date +%s.%N)
	code=0
	"$@" >"$work/$name.log" 2>"$work/$name.err" || code=$?
	seconds=$(echo "$begin $(date +%s.%N)" | awk '{ printf "%.2f", $2 - $1 }')
	printf '%s %s %s\n' "$name" "$seconds" "$code" >>"$work/steps"
	printf '%s s, exit %s\n' "$seconds" "$code"
	[ "$code" -eq 0 ] || tail -n 15 "$work/$name.err"
}

must() {
	step "$@"
	[ "$code" -eq 0 ] || {
		printf '\nfailed: %s\n' "$name" >&2
		exit 1
	}
}

for program in lockenv lockenv-install lockenv-smoke; do
	[ -x "$bin/$program" ] || missing "$bin/$program: './dev build', or a kit made where that can be done"
done
"$lockenv" --version >/dev/null || missing 'libraries of lockenv itself (see above): take a kit'
command -v "$python" >/dev/null || missing "$python"

export LOCKENV_CACHE="$work/cache" LOCKENV_CONFIG="$work/condarc" CONDA_REGISTER_ENVS=no
unset LD_LIBRARY_PATH LD_PRELOAD PYTHONPATH PYTHONHOME 2>/dev/null || true
PATH=$PATH:$bin
cuda=$("$lockenv" info --json --config /dev/null | "$python" -I "$root/bench/gpu/report.py" cuda)
if [ -z "$cuda" ]; then
	echo 'no CUDA driver on this machine'
	[ -n "${TORCH_PYTHON:-}${TORCH_SITE:-}" ] || outstanding
fi
[ -n "${TORCH_SITE:-}" ] || "$python" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is None)' ||
	missing "torch in $python: say where it is with TORCH_PYTHON or TORCH_SITE"

rm -rf "$work"
mkdir -p "$work/tmp"
printf 'channels: []\n' >"$LOCKENV_CONFIG"
: >"$work/steps"
export TMPDIR="$work/tmp"

# shellcheck disable=SC2086 # a list of names
must packages "$python" "$root/fixtures/wheel2conda.py" --out "$work/channel" --python "$python" --jobs "$jobs" \
	${TORCH_SITE:+--site "$TORCH_SITE"} ${TORCH_ROOTS:-torch numpy}
cat "$work/packages.err"
built=$("$python" -I "$root/bench/gpu/report.py" built <"$work/packages.log")
short=$("$python" -I "$root/bench/gpu/report.py" python <"$work/packages.log")
roots=$("$python" -I "$root/bench/gpu/report.py" roots <"$work/packages.log")
must index "$lockenv" index "$work/channel"
cat "$work/index.log"

# The target is this machine; without a driver, one that has the CUDA of torch.
if [ -n "$cuda" ]; then
	"$lockenv" info --json >"$work/node.json"
else
	echo "solving for a machine with __cuda $built"
	CONDA_OVERRIDE_CUDA=$built "$lockenv" info --json >"$work/node.json"
fi
# shellcheck disable=SC2086 # a list of names
must solve "$lockenv" solve --override-channels -c "file://$work/channel" --host "$work/node.json" "python $short.*" \
	$roots -o "$work/env.lock"
must fetch "$lockenv" fetch "$work/env.lock"
must pack "$lockenv" pack "$work/env.lock" -o "$work/env.lockpack"

# Offline: no network but a loopback that is down where the kernel allows it, and the system calls watched where strace
# is there. A cache of its own: nothing comes from anywhere but the bundle.
cut=
for way in 'unshare -n' 'unshare -rn'; do
	# shellcheck disable=SC2086 # words of a command
	[ -n "$cut" ] || ! $way true 2>/dev/null || cut=$way
done
watch=
if command -v strace >/dev/null && strace -f --seccomp-bpf -o /dev/null true 2>/dev/null; then
	watch="strace -f --seccomp-bpf -e trace=%network -o $work/network.trace"
fi
echo "network: ${cut:-not cut, this machine allows no network namespace}; ${watch:-system calls not watched, no strace}"
# shellcheck disable=SC2086
must install env LOCKENV_CACHE="$work/far-cache" $cut $watch "$bin/lockenv-install" "$work/env.lockpack" \
	-p "$work/env" --host "$work/node.json"
if [ -n "$watch" ]; then
	calls=$(grep -cE '(socket|connect|sendto|sendmsg)\(' "$work/network.trace" || true)
	echo "network system calls of the install: $calls"
	[ "$calls" -eq 0 ] || exit 1
fi
must verify "$lockenv" verify "$work/env" "$work/env.lock"
step audit "$lockenv" audit "$work/env" # findings are for the report
tail -n 20 "$work/audit.log"
must import "$lockenv" run -p "$work/env" python -c \
	'import torch; print(torch.__version__, torch.__file__, torch.version.cuda, torch.cuda.is_available())'
cat "$work/import.log"

# --require is the point: an absent GPU level is a failure.
step smoke "$lockenv" smoke "$work/env" --require gpu --json
cp "$work/smoke.log" "$work/receipt.json"
proved=$code
"$python" -I "$root/bench/gpu/report.py" levels <"$work/receipt.json"
if [ -z "$cuda" ]; then
	# Only the device may be wanting: what needs none must have passed.
	"$python" -I "$root/bench/gpu/report.py" no-device <"$work/receipt.json" || exit 1
	outstanding
fi
[ "$proved" -eq 0 ] || {
	printf '\nfailed: smoke\n' >&2
	exit 1
}
"$python" -I "$root/bench/gpu/report.py" result "$work" "$results" "$cut" "$watch"
rm -rf "$work"

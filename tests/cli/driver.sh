#!/bin/sh
# The GPU driver is asked in a process of its own: what it says is __cuda and __cuda_arch, and whatever else it does
# changes nothing. The drivers here are fakes, built from ../support/fake_driver.c.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
command -v cc >/dev/null || skip 'no compiler here'
[ ! -e /proc/driver/nvidia/version ] || skip 'this machine has a driver'
unset CUDA_VISIBLE_DEVICES 2>/dev/null || true
mkdir fake lacking crashing
cc -shared -fPIC -o fake/libcuda.so.550.54.15 "$tests/../support/fake_driver.c"
ln -s libcuda.so.550.54.15 fake/libcuda.so.1
cc -shared -fPIC -DLACKING -o lacking/libcuda.so.1 "$tests/../support/fake_driver.c"
cc -shared -fPIC -DCRASHES -o crashing/libcuda.so.1 "$tests/../support/fake_driver.c"

# with MODE COMMAND...: where that driver is.
with() {
	FAKE_DRIVER=$1
	shift
	env LD_LIBRARY_PATH="$PWD/${folder:-fake}" FAKE_DRIVER="$FAKE_DRIVER" "$@"
}

# says MODE CUDA ARCH: what the host offers then, without a warning.
says() {
	runs 0 with "$1" lockenv info --json
	json '{p["name"]: p["version"] for p in d["virtual_packages"]}.get("__cuda")' "$2"
	json '{p["name"]: p["version"] for p in d["virtual_packages"]}.get("__cuda_arch")' "$3"
	err_lacks warning
}

# What it says: the lowest capability counts, as a number (7.0 is below 10.0), and where it was read.
says good 12.4 7.0
json 'd["driver"]["source"]' "$PWD/fake/libcuda.so.550.54.15"
json '[g["compute_capability"] for g in d["driver"]["devices"]]' "['10.0', '7.0']"
runs 0 with good lockenv info
out_has "CUDA 12.4, says $PWD/fake/libcuda.so.550.54.15"
out_has 'Fake V100, compute capability 7.0'
out_lacks "$(printf '\033')"
runs 0 with good lockenv-smoke --probe
json 'd["cuda"]' 12.4
is "$(wc -l <"$out")" 1
says old 10.2 None
says loud 12.4 7.0
says fork 12.4 7.0

# A driver that does not work is none, and that is said; job variables are not the machine.
says no-device None None
json 'd["driver"]["reason"]' 'cuInit: CUDA_ERROR_NO_DEVICE (100): no CUDA-capable device is detected'
says newer-module None None
says strange None None
runs 0 with no-device lockenv info
out_has 'none that works: cuInit: CUDA_ERROR_NO_DEVICE'
runs 0 with good env CUDA_VISIBLE_DEVICES= lockenv info --json
json 'd["driver"]["cuda"]' 12.4
folder=lacking
says good None None
json 'd["driver"]["reason"]' 'libcuda.so.1 lacks a function of the driver API: cuDriverGetVersion'
folder=fake

# Whatever it does, lockenv goes on without it and says so.
for mode in crash exit flood garble; do
	runs 0 with "$mode" lockenv info --json
	json '[p["name"] for p in d["virtual_packages"] if "cuda" in p["name"]]' '[]'
	err_has 'warning: the GPU driver '
done
runs 0 with hang env LOCKENV_DRIVER_LIMIT=1 lockenv info
err_has 'warning: the GPU driver did not answer within 1 s: taken for CUDA none'
folder=crashing
runs 0 with good lockenv info
err_has 'warning: the GPU driver '
folder=fake

# Overrides win, and then nobody waits for a driver.
runs 0 with hang env CONDA_OVERRIDE_CUDA=11.8 CONDA_OVERRIDE_CUDA_ARCH=9.0 lockenv solve -q --override-channels \
	-c "$test_channel" --host this hello -o host.lock
has host.lock '__cuda: 11.8=0'
has host.lock '__cuda_arch: 9.0=0'
runs 0 with good lockenv solve -q --override-channels -c "$test_channel" --host this hello -o host.lock
has host.lock '__cuda: 12.4=0'
has host.lock '__cuda_arch: 7.0=0'

# check and install ask it where the lock has to do with it, and only there: "hang" would be heard of.
solve -q --cuda 12.6 gpu-app hello -o gpu.lock
solve -q hello -o plain.lock
lockenv fetch -q gpu.lock
runs 0 with good lockenv check gpu.lock
err_lacks warning
runs 7 with old lockenv check gpu.lock
err_has '__cuda >=12.4 (asked for by gpu-app; it has 10.2)'
runs 0 with hang lockenv check plain.lock
err_lacks warning
for program in 'lockenv install' lockenv-install; do
	rm -rf env plain
	# shellcheck disable=SC2086 # a program and its command
	{
		runs 7 with no-device $program gpu.lock -p env
		absent env
		runs 0 with good $program gpu.lock -p env
		runs 7 with crash $program gpu.lock -p env
		err_has 'warning: the GPU driver '
		runs 0 with hang $program plain.lock -p plain
		err_lacks warning
		runs 0 with hang env CONDA_OVERRIDE_CUDA=12.6 $program gpu.lock -p env
		err_lacks warning
	}
done

# The static installer without the program beside it, and with one that others may have changed.
mkdir alone
cp "$bin/lockenv-install" alone
runs 7 with good alone/lockenv-install gpu.lock -p alone/env
cp "$bin/lockenv-smoke" alone
runs 0 with good alone/lockenv-install gpu.lock -p alone/env
chmod o+w alone/lockenv-smoke
runs 7 with good alone/lockenv-install gpu.lock -p alone/env

#!/bin/sh
# smoke on a fake driver: what the GPU levels say, and the exit codes. Whole runs are in the unit tests.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
unset CUDA_VISIBLE_DEVICES 2>/dev/null || true
fake=$bin/../tests/unit/smoke/fake-cuda
[ -e "$fake/driver/libcuda.so.1" ] || skip 'the fake driver is not built'

# status LEVEL EXPECTED [TEXT]: what the last run says of a level, and TEXT is in its reason.
status() {
	json "[(l['status'], '''${3-}''' in l['reason']) for l in d['levels'] if l['level'] == '$1']" "[('$2', True)]"
}

mkdir -p env/conda-meta env/lib
export LD_LIBRARY_PATH="$fake/driver"

# No device is no failure, unless it is required.
export FAKE_CUDA=no-device
runs 0 lockenv smoke env --json
status driver absent 'the driver finds no device'
runs 1 lockenv smoke env --require gpu --json
status driver failed 'the driver finds no device'

# A driver that does not start, and one that never answers.
export FAKE_CUDA=init-999
runs 1 lockenv smoke env --json
status driver failed 'CUDA_ERROR_UNKNOWN (999)'
export FAKE_CUDA=hang
runs 1 lockenv smoke env --limit 1 --json
status reference passed
status driver failed 'still running at the time limit'

# The environment's runtime is too new for the driver; the runtime is also one more library to account for.
cp "$fake/lib/libcudart.so.12" env/lib
export FAKE_CUDA='old nan'
runs 1 lockenv smoke env --json
status driver failed 'driver too old'
out_has '525.60.13'

# A device that computes NaN, and one whose work is told as a fault.
export FAKE_CUDA=nan
runs 1 lockenv smoke env --json
status driver passed 'CUDA 12.4'
status nvrtc failed 'not finite'
status cublas absent 'libcublas.so is not in the environment'
export FAKE_CUDA=sticky
cp "$fake/lib/libnccl.so.2" env/lib
runs 1 lockenv smoke env --json
status nvrtc failed 'CUDA_ERROR_ILLEGAL_ADDRESS'
status nccl failed

# All devices, the second of them broken: each has levels of its own.
export FAKE_CUDA='second-broken nan'
runs 1 lockenv smoke env --json --device all
json "[(l['device'], 'CUDA_ERROR_UNKNOWN' in l['reason']) for l in d['levels'] if l['level'] == 'nvrtc']" \
	'[(0, False), (1, True)]'

# An NCCL from another place than the environment: the numbers are right, and it is a failure.
rm env/lib/libnccl.so.2
mkdir outside
cp "$fake/lib/libnccl.so.2" outside
ln -s ../../outside/libnccl.so.2 env/lib/libnccl.so.2
export FAKE_CUDA=bad-ptx # keeps our kernel from running, not NCCL
runs 1 lockenv smoke env --json
status nccl failed 'lies outside the environment'

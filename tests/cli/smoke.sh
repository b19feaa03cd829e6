#!/bin/sh
# smoke: the table, --json, and its exit codes. Whether levels compute right is tested elsewhere.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
unset CUDA_VISIBLE_DEVICES 2>/dev/null || true

runs 0 lockenv smoke
out_has 'reference   passed'
runs 0 lockenv smoke --json
json '[l["status"] for l in d["levels"] if l["level"] == "reference"]' "['passed']"
runs 0 lockenv smoke --require reference
runs 1 lockenv smoke --require blas
out_has 'FAILED'
runs 1 lockenv smoke --require torch-cuda --json
json '[l["status"] for l in d["levels"] if l["level"] == "torch-cuda"]' "['failed']"
runs 2 lockenv smoke --require no-such-level
err_has no-such-level
runs 2 lockenv smoke no-such-prefix
runs 2 lockenv smoke -n no-such-name

# An environment without libraries, and one with a file that only calls itself one.
mkdir -p env/conda-meta env/lib
runs 0 lockenv smoke env
printf 'no library\n' >env/lib/libopenblas.so.0
runs 1 lockenv smoke env --json
json '[l["status"] for l in d["levels"] if l["level"] == "blas"]' "['failed']"
out_has libopenblas

# The environment's BLAS computes.
lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 libopenblas -o blas.lock
lockenv fetch -q blas.lock
lockenv install -q blas.lock -p blas
runs 0 lockenv smoke blas --require blas --json
json '[l["status"] for l in d["levels"] if l["level"] == "blas"]' "['passed']"
out_has "$scratch/area/blas/lib/"

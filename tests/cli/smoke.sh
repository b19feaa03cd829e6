#!/bin/sh
# smoke: the table, the receipt, exit codes, and planted faults through the real programs.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
unset CUDA_VISIBLE_DEVICES LD_PRELOAD 2>/dev/null || true
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:handle_segv=0" # in a sanitizer build too a crash is a crash

status='[l["status"] for l in d["levels"] if l["level"] =='

runs 0 lockenv smoke
out_has 'reference        passed'
runs 0 lockenv smoke --json
json "$status \"reference\"]" "['passed']"
json 'd["verdict"], d["receipt_version"], "date" in d, "prefix" in d' "('passed', 1, False, False)"
json 'sorted(d["host"])[-3:]' "['kernel', 'machine', 'processor']"
runs 0 lockenv smoke --require reference
runs 1 lockenv smoke --require blas
out_has 'FAILED'
runs 1 lockenv smoke --require torch-cuda --json
json "$status \"torch-cuda\"]" "['failed']"
runs 2 lockenv smoke --require no-such-level
err_has no-such-level
runs 2 lockenv smoke no-such-prefix
runs 2 lockenv smoke -n no-such-name
for device in -1 x 256 0x1; do
	runs 2 lockenv smoke --device="$device"
	err_has 'is no device'
done
runs 0 lockenv-smoke --version
out_has "lockenv-smoke "
runs 0 lockenv-smoke --device all
runs 2 lockenv-smoke --device none

runs 8 lockenv smoke --receipt no/such/folder/receipt.json
runs 2 lockenv smoke --receipt /dev/null

# Where no line is wider than a terminal, unless a path makes it so.
runs 0 lockenv smoke
[ "$(awk 'length > 80' "$out" | wc -l)" -eq 0 ] || fail 'lines of more than 80 columns'

# An environment without libraries, and one with a file that only calls itself one.
mkdir -p env/conda-meta env/lib
runs 0 lockenv smoke env
printf 'no library\n' >env/lib/libopenblas.so.0
runs 1 lockenv smoke env --json
json "$status \"blas\"]" "['failed']"
out_has libopenblas

# What cannot be looked into is not the same as what is not there.
mkdir closed
ln -s lib closed/lib
runs 8 lockenv smoke closed
err_has "closed/lib': too many levels of symbolic links"

# Faults, each in an environment of its own: plant NAME FILE KIND.
planted=$bin/../tests/unit/smoke/planted
plant() {
	rm -rf fault
	mkdir -p fault/conda-meta fault/lib outside
	cp "$planted/$1" "fault/lib/$2"
}

# fails LEVEL WORDS [OPTION]...
fails() {
	level=$1
	words=$2
	shift 2
	runs 1 lockenv smoke fault --json "$@"
	json "$status \"$level\"]" "['failed']"
	out_has "$words"
}

if [ -e "$planted/fake_blas_right.so" ] && [ -e "$planted/fake_torch_right.so" ]; then
	plant fake_blas_right.so libcblas.so.3
	cp "$planted/fake_torch_right.so" fault/lib/libtorch_cpu.so
	cat >fault/conda-meta/fake-1-0.json <<-'RECORD'
		{"name": "fake", "version": "1", "build": "0", "build_number": 0, "fn": "fake-1-0.conda",
		 "channel": "x", "subdir": "linux-64", "url": "https://conda.example/x/linux-64/fake-1-0.conda",
		 "depends": ["__cuda >=12.4"], "constrains": ["__cuda <14"], "files": ["lib/libcblas.so.3"],
		 "paths_data": {"paths_version": 1, "paths": [{"_path": "lib/libcblas.so.3",
		  "path_type": "hardlink", "sha256": "1111111111111111111111111111111111111111111111111111111111111111",
		  "sha256_in_prefix": "2222222222222222222222222222222222222222222222222222222222222222"}]}}
	RECORD
	runs 0 lockenv smoke fault -v --require blas --require torch-cpu --receipt receipt.json
	out_has 'uses lib/libcblas.so.3 (fake 1 0)'
	out_has 'cblas_sgemm of libcblas.so.3'
	out_has 'attention by torch 2.9.1, CPU'
	cp receipt.json "$out"
	json 'd["date"], d["installed"]' "('2023-11-14T22:13:20Z', {'needs_cuda': '>=12.4,<14'})"
	json 'd["levels"][1]["libraries"][0]["sha256"][:3], d["levels"][1]["libraries"][0]["package"]' \
		"('222', 'fake 1 0')"
	json '[[m["precision"], m["cases"], m["error"] < m["bound"], m["seconds"] > 0] for m in d["levels"][2]["measures"]]' \
		"[['float32', 8, True, True], ['bfloat16', 8, True, True]]"

	plant fake_blas_wrong.so libcblas.so.3
	runs 1 lockenv smoke fault
	out_has 'blas             FAILED'
	out_has 'is above 1e-05'
	plant fake_blas_crash.so libcblas.so.3
	fails blas 'crashed: signal 11'
	plant fake_blas_hang.so libcblas.so.3
	fails blas 'still running at the time limit' --limit 1
	# A user who has seen enough need not wait for the limit.
	runs 130 timeout --preserve-status -s INT 2 "$bin/lockenv" smoke fault --limit 60
	err_has 'interrupted while testing'
	plant fake_blas_plain.so libcblas.so.3
	fails blas 'cannot load: libfakedep.so.1'
	cp "$planted/libfakedep.so.1" outside/
	LD_LIBRARY_PATH=$PWD/outside fails blas 'libfakedep.so.1 lies outside the environment'
	plant fake_torch_nan.so libtorch_cpu.so
	fails torch-cpu 'not finite'
else
	part 'planted faults: the libraries of the unit tests are not built'
fi

# The environment's BLAS computes; the receipt tells what was installed.
lockenv solve -q --override-channels -c "$demo_channel" --platform linux-64 --glibc 2.36 libopenblas -o blas.lock
lockenv fetch -q blas.lock
lockenv install -q blas.lock -p blas
runs 0 lockenv smoke blas --require blas --json
json "$status \"blas\"]" "['passed']"
out_has "$scratch/area/blas/lib/"
json 'd["installed"]["platform"], d["installed"]["lock_sha256"]' "('linux-64', '$(sha256sum <blas.lock | cut -d' ' -f1)')"
json 'all(l["package"].split()[0] and len(l["sha256"]) == 64 for l in d["levels"][1]["libraries"])' True
cp "$out" "$scratch/receipt"
runs 0 lockenv verify blas --json
tree=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["installed"]["tree_digest"])' <"$scratch/receipt")
out_has "$tree"

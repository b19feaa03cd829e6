#!/bin/sh
# What install refuses, and that the prefix is then just as it was.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' oldtool -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock
lockenv install -q old.lock -p env
echo mine >env/mine.txt

# refused CODE TEXT COMMAND...: neither prefix nor working folder changes.
refused() {
	code_wanted=$1
	text=$2
	shift 2
	tree=$(digest .)
	runs "$code_wanted" "$@"
	err_has "$text"
	is "$(digest .)" "$tree"
}

# Offline with missing archives: every one is listed.
refused 6 "'hello-2.0-h0_0.conda'" lockenv install new.lock -p env
LOCKENV_CACHE=$scratch/empty
refused 6 '3 of 3 packages are not in the cache' lockenv install old.lock -p env2
for file in greeting-1.5-h0_0.conda hello-1.1-h0_0.conda oldtool-0.9-0.tar.bz2; do
	err_has "$file"
done
err_has 'lockenv fetch'
runs 6 lockenv install --json old.lock -p env2
json 'd["error"]["code"], d["error"]["kind"]' "(6, 'offline')"
# An environment that is up to date needs no cache.
runs 0 lockenv install old.lock -p env
LOCKENV_CACHE=$scratch/cache

# A prefix that is not ours.
mkdir -p theirs/sub
echo precious >theirs/sub/file
refused 2 'exists and is not an environment' lockenv install old.lock -p theirs
refused 2 'is not a directory' lockenv install old.lock -p old.lock
refused 2 'not a directory' lockenv install old.lock -p old.lock/env
refused 2 "'/' cannot be a prefix" lockenv install old.lock -p /
refused 2 "co:lon' cannot be a prefix" lockenv install old.lock -p co:lon
refused 2 'not both' lockenv install old.lock -p env -n named
mkdir blank
runs 0 lockenv install old.lock -p blank

# This host: wrong platform, and requirements that it does not meet.
refused 7 'no platform osx-arm64' lockenv install old.lock --platform osx-arm64 -p env
err_has 'hint: it has: linux-64'
solve -q --cuda 12.6 gpu-app -o gpu.lock
lockenv fetch -q gpu.lock
refused 7 '__cuda' lockenv install gpu.lock -p env
err_has '>=12.4'
refused 7 '12.2' env CONDA_OVERRIDE_CUDA=12.2 lockenv install gpu.lock -p env
runs 7 env CONDA_OVERRIDE_CUDA= lockenv check gpu.lock
runs 0 env CONDA_OVERRIDE_CUDA=12.4 lockenv check gpu.lock
runs 0 env CONDA_OVERRIDE_CUDA=12.4 lockenv install gpu.lock -p gpu
CONDA_OVERRIDE_CUDA=12.8 lockenv info --json >node.json
runs 0 lockenv install gpu.lock -p gpu2 --host node.json
lockenv info --json >node.json
refused 7 '__cuda' lockenv install gpu.lock -p gpu3 --host node.json
solve -q --glibc 9.1 future-libc -o future.lock
refused 7 '__glibc' lockenv install future.lock -p env
# A constraint holds only where there is such a thing.
solve -q --cuda 13.0 driver-floor -o floor.lock
lockenv fetch -q floor.lock
refused 7 '__cuda' env CONDA_OVERRIDE_CUDA=12.6 lockenv install floor.lock -p env
runs 0 env CONDA_OVERRIDE_CUDA= lockenv install floor.lock -p floor

# A damaged cache: bytes of an archive, before it was extracted.
rm -rf "$LOCKENV_CACHE"
lockenv fetch -q old.lock
archive=$(find "$LOCKENV_CACHE/archives" -name 'hello-1.1*')
cp "$archive" sound
"$python" - "$archive" <<'PY'
import os, sys
os.chmod(sys.argv[1], 0o644)
with open(sys.argv[1], "r+b") as f:
    f.seek(700)
    byte = f.read(1)
    f.seek(700)
    f.write(bytes([byte[0] ^ 1]))
PY
refused 5 hello-1.1-h0_0.conda lockenv install old.lock -p env2
absent env2

# A folder of archives with the wrong bytes.
rm -rf "$LOCKENV_CACHE"
mkdir pkgs
cp "$channels"/test/noarch/greeting-1.5* pkgs/
cp "$archive" pkgs/hello-1.1-h0_0.conda 2>/dev/null || printf 'garbage' >pkgs/hello-1.1-h0_0.conda
cp "$channels"/test/linux-64/oldtool* pkgs/
refused 5 hello-1.1-h0_0.conda lockenv install --from pkgs old.lock -p env2
absent env2
# One that is not there, or no folder; one that may not be read.
refused 2 "'nowhere': no such file or directory" lockenv install --from pkgs --from nowhere old.lock -p env2
refused 2 "'old.lock': no bundle and no folder" lockenv install --from old.lock old.lock -p env2
if [ "$(id -u)" -ne 0 ]; then
	chmod 0 pkgs
	runs 8 lockenv install --from pkgs old.lock -p env2
	chmod 755 pkgs
fi
cp sound pkgs/hello-1.1-h0_0.conda
runs 0 lockenv install --from pkgs old.lock -p env2
is "$(cat env/mine.txt)" mine

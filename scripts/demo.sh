#!/bin/sh
# The whole path on one machine: fixture channel, solve, lock, fetch, pack, install from the bundle offline, smoke, diff.
# Leaves the channel, the lock, the bundle and the prefix under build/demo/.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
bin=$root/build/release/bin
demo=$root/build/demo
real=$root/../shared/data/channels
export LOCKENV_CACHE="$demo/cache" CONDA_REGISTER_ENVS=no
export LOCKENV_CONFIG="$demo/condarc"
unset LD_LIBRARY_PATH PYTHONPATH PYTHONHOME 2>/dev/null || true
lockenv=$bin/lockenv
. scripts/serve.sh

title() {
	printf '\n\033[1m== %s\033[0m\n' "$*"
}

run() {
	printf '$ %s\n' "$(printf '%s ' "$@" | sed "s|$bin/||g; s|$demo/||g; s|$root/||g")"
	"$@"
}

mkdir -p "$demo"
rm -rf "$demo/cache" "$demo/env" "$demo/far" "$demo"/*.lock "$demo"/*.lockpack
printf 'channels: []\n' >"$LOCKENV_CONFIG"

title 'the channel: made from text and from Debian packages of this machine'
sh scripts/fixture-channel.sh "$bin" "$demo/channels"
printf '%s packages; those of the PyTorch/CUDA family carry no libraries, only a note that says so;\n' \
	"$(find "$demo/channels" -name '*.conda' -o -name '*.tar.bz2' | wc -l)"
printf 'python, OpenBLAS and the small noarch packages are real and run.\n'
serve_start "$demo/channels" "$demo/nginx"
trap 'serve_stop "$demo/nginx"' EXIT

title 'solve for a GPU node, on a machine that need not have a GPU'
run "$lockenv" solve --override-channels -c "http://127.0.0.1:$serve_port/main" --platform linux-64 \
	--cuda 12.6 --glibc 2.28 'python 3.11.*' libopenblas pytorch-gpu lockenv-hello lockenv-prefix \
	-o "$demo/env.lock"
run head -40 "$demo/env.lock"
run "$lockenv" list "$demo/env.lock" | head -12

title 'fetch, then stop the server'
run "$lockenv" fetch "$demo/env.lock"
serve_stop "$demo/nginx"
trap - EXIT

title 'pack: lock, packages and installer in one file, which stock tools check'
run "$lockenv" pack "$demo/env.lock" -o "$demo/env.lockpack"
mkdir "$demo/far"
run tar xf "$demo/env.lockpack" -C "$demo/far"
(cd "$demo/far" && run sha256sum --quiet -c MANIFEST 2>/dev/null && echo 'all files are what MANIFEST says')

title 'the far side: install straight from the bundle, with the network cut, for the node that the lock was solved for'
CONDA_OVERRIDE_CUDA=12.6 "$lockenv" info --json >"$demo/node.json"
cut=
if unshare -n true 2>/dev/null; then
	cut='unshare -n'
elif unshare -rn true 2>/dev/null; then
	cut='unshare -rn'
else
	echo 'this machine allows no network namespace; the server is stopped all the same'
fi
# shellcheck disable=SC2086 # words of a command
run $cut "$demo/far/bin/linux-64/lockenv-install" "$demo/env.lockpack" --no-cache -p "$demo/env" \
	--host "$demo/node.json"
# shellcheck disable=SC2086
run $cut "$lockenv" install "$demo/env.lock" -p "$demo/env" --host "$demo/node.json"

title 'is it what the lock says, to the last byte? the digest is known without installing'
run "$lockenv" digest "$demo/env.lock" -p "$demo/env"
run "$lockenv" verify "$demo/env" "$demo/env.lock"

title 'use it'
run "$lockenv" run -p "$demo/env" python -c 'import sys, json; print(sys.version.split()[0], sys.prefix)'
run "$demo/env/bin/lockenv-hello"
run "$demo/env/bin/lockenv-where"

title 'smoke: what runs on this machine'
run "$lockenv" smoke "$demo/env"

title 'change a spec, solve again offline, review the difference'
cp "$demo/env.lock" "$demo/changed.lock"
run "$lockenv" solve --offline --override-channels -c "http://127.0.0.1:$serve_port/main" \
	--platform linux-64 --cuda 12.6 --glibc 2.28 'python 3.12.*' libopenblas 'pytorch-gpu 2.7.*' \
	lockenv-hello lockenv-prefix -o "$demo/changed.lock"
run "$lockenv" diff "$demo/env.lock" "$demo/changed.lock" || [ $? -eq 1 ]

if [ -d "$real/conda-forge" ]; then
	title 'the same on real conda-forge records'
	run "$lockenv" solve --override-channels -c "file://$(realpath "$real")/conda-forge" \
		--platform linux-64 --cuda 12.9 --glibc 2.35 'python 3.12.*' pytorch-gpu \
		-o "$demo/real.lock"
	run head -40 "$demo/real.lock"
fi
title 'done'

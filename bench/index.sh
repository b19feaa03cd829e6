#!/bin/sh
# lockenv index of a folder, all of it anew, against hashing the same files two at a time with sha256sum; and a run
# with nothing to do. BENCH_PAIRS (7); BENCH_DIR (build/bench); BENCH_PACKAGES: a channel's folder to index a copy of
# (default: 1 GB in 64 packages, made here).
set -eu
cd "$(dirname "$0")/.."

bin=$(pwd)/build/release/bin
work=${BENCH_DIR:-$PWD/build/bench}/index
rm -rf "$work"
mkdir -p "$work/channel/noarch"
trap 'rm -rf "$work"' EXIT
if [ -n "${BENCH_PACKAGES:-}" ]; then
	cp -r "$BENCH_PACKAGES"/. "$work/channel"
else
	python3 bench/index/make.py "$work/channel/linux-64" 64 16
fi
find "$work/channel" -name 'repodata*' -delete
find "$work/channel" -name .lockenv-index.json -delete
find "$work/channel" -type f >"$work/files"
printf '%s files, %s\n' "$(wc -l <"$work/files")" "$(du -shL "$work/channel" | cut -f1)"
anew="rm -f $work/channel/*/.lockenv-index.json"
python3 bench/pair.py --pairs "${BENCH_PAIRS:-7}" --before "$anew" \
	'lockenv index --jobs 2, all anew' "$bin/lockenv index -q --jobs 2 $work/channel" \
	'sha256sum, two at a time' "sh -c 'xargs -n 8 -P 2 sha256sum <$work/files'"
sleep 3
"$bin/lockenv" index -q "$work/channel" >/dev/null
python3 bench/pair.py --pairs "${BENCH_PAIRS:-7}" 'lockenv index, nothing to do' "$bin/lockenv index -q $work/channel"

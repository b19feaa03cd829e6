#!/bin/sh
# A channel in shards gives the lock that its repodata.json gives: from a folder and over a web server,
# again from the cache, and nothing when bytes are wrong.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
mkdir -p "$scratch/site/whole"
cp -r "$channels/test" "$scratch/site/whole/c"
cp -r "$scratch/site/whole" "$scratch/site/shards"
for subdir in "$scratch"/site/shards/c/*; do
	mkshards "$subdir" >/dev/null
	rm "$subdir"/repodata.json*
done
shards=$scratch/site/shards/c

# from WHERE OPTION...: solves from one of the two, into WHERE.lock.
from() {
	where=$1
	shift
	lockenv solve --override-channels -c "$base/$where/c" --glibc 2.28 -o "$where.lock" "$@"
}
# same_lock OPTION...: both ways give the same but for the address.
same_lock() {
	rm -f whole.lock shards.lock
	runs 0 from whole "$@"
	runs 0 from shards "$@"
	sed 's|/whole/|/shards/|' whole.lock >expected.lock
	same shards.lock expected.lock
}

serve "$scratch/site"
for base in "$scratch/site" "$url"; do
	same_lock --platform linux-64 hello oldtool
	same_lock --platform linux-64 --platform osx-arm64 --exclude-newer 2023-01-01 hello
	runs 3 from shards --platform linux-64 helo
	err_has 'hello'
	runs 3 from shards --platform linux-64 'hello >9'
done

# Only what is reachable was fetched, each once; then nothing of the network is needed.
log=$scratch/nginx/access.log
is "$(grep -c 'GET /shards/c/linux-64/shards/' "$log")" 2
is "$(grep -c 'GET /shards/c/noarch/shards/' "$log")" 1
is "$(grep -c 'GET /shards/c/.*/repodata.json' "$log" || true)" 0

# The cached index is taken for current, but the channel was indexed anew: its old shards are gone.
cp -r "$scratch/site/shards" "$scratch/site/changed"
printf 'local_repodata_ttl: 86400\n' >ttl.condarc
changed() {
	lockenv solve --config ttl.condarc --cache changed --override-channels -c "$url/changed/c" \
		--platform linux-64 --glibc 2.28 -o changed.lock hello
}
runs 0 changed
err_lacks 'anew'
rm -r changed/repodata/shards
for subdir in "$scratch"/site/changed/c/*; do
	rm -r "$subdir/shards"
	sed 's/"subdir":/"note": 1, "subdir":/g' "$scratch/site/whole/c/${subdir##*/}/repodata.json" \
		>"$subdir/repodata.json"
	mkshards "$subdir" >/dev/null
	rm "$subdir/repodata.json"
done
runs 0 changed
err_has 'the server does not have it (HTTP 404): asking the channel anew'
rm -r changed/repodata/shards "$scratch"/site/changed/c/*/shards
runs 4 changed
err_has 'asking the channel anew'
err_has 'the server does not have it (HTTP 404)'

unserve
same_lock --offline --platform linux-64 hello oldtool
cp shards.lock kept.lock
runs 0 from shards --offline --repodata-fn current_repodata.json --platform linux-64 hello oldtool
err_has 'not solved with current_repodata.json (offline'
same shards.lock kept.lock
runs 6 from shards --offline --platform linux-64 hello gpu-app driver-floor -o none.lock
err_has 'warning: not in the cache: repodata of '
err_has 'offline, and the cache lacks the repodata of '
absent none.lock

# Wrong bytes: exit 5, and what was there stays.
base=$scratch/site
for file in "$shards"/linux-64/shards/*; do
	printf 'x' >>"$file"
done
runs 5 from shards --platform linux-64 hello
err_has "the shard of 'hello' has not the sha256 that the channel's index says"
same shards.lock kept.lock
for file in "$shards"/linux-64/shards/*; do
	rm "$file"
done
runs 4 from shards --platform linux-64 hello
printf 'no index' >"$shards/linux-64/repodata_shards.msgpack.zst"
runs 4 from shards --platform linux-64 hello
err_has "$shards/linux-64/repodata_shards.msgpack.zst"
same shards.lock kept.lock

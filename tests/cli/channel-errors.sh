#!/bin/sh
# A channel that is not there, lies, or breaks: exit codes 4 and 5, over a real web server.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
cp -r "$channels/test" "$scratch/site"
site=$scratch/site
mkdir "$scratch/docroot"
mv "$site" "$scratch/docroot/good"
site=$scratch/docroot
variant() {
	cp -r "$site/good" "$site/$1"
}
from() {
	channel=$1
	shift
	lockenv solve --override-channels -c "$url/$channel" --platform linux-64 --glibc 2.28 "$@"
}
serve "$site"

runs 0 from good 'hello 1.*' oldtool -o env.lock
cp env.lock kept.lock
runs 0 lockenv fetch env.lock
runs 0 lockenv install env.lock -p env
tree=$(digest env)
cache=$(digest "$LOCKENV_CACHE/archives")
# After each refusal the lock, the prefix and the archives that were fetched before are as they were.
unharmed() {
	same env.lock kept.lock
	is "$(digest env)" "$tree"
	is "$(digest "$LOCKENV_CACHE/archives")" "$cache"
}

# Unreachable: a port where nobody listens, a name that does not exist.
runs 4 lockenv solve --override-channels -c http://127.0.0.1:1/none hello --update-all -o env.lock
err_has 'http://127.0.0.1:1/none/'
unharmed
runs 4 lockenv solve --override-channels -c http://no-such-host.invalid/none hello -o env.lock
err_has no-such-host.invalid
unharmed
runs 2 lockenv solve --override-channels -c gopher://example.org/x hello -o env.lock
unharmed

# 404: the platform's records are not there.
runs 4 from nowhere hello -o env.lock
err_has "$url/nowhere/"
err_has 'was not found'
unharmed
runs 4 from nowhere --json hello -o env.lock
json 'd["error"]["code"], d["error"]["kind"]' "(4, 'network')"
# A path instead of an address.
runs 4 lockenv solve --override-channels -c "$scratch/no-folder" hello -o env.lock
unharmed

# Truncated records, in both forms; then one form broken and the other sound.
variant short
for file in "$site"/short/linux-64/repodata.json "$site"/short/linux-64/repodata.json.zst; do
	truncate -s 400 "$file"
done
runs 4 from short hello -o env.lock
err_has "$url/short/linux-64/repodata.json"
unharmed
variant noise
printf '<html>login first</html>' >"$site/noise/linux-64/repodata.json"
rm "$site/noise/linux-64/repodata.json.zst"
runs 4 from noise hello -o env.lock
err_has "$url/noise/linux-64/repodata.json"
unharmed
# Only .json is there: the same lock but for the address.
variant plain
rm "$site"/plain/*/repodata.json.zst
runs 0 from plain 'hello 1.*' oldtool -o plain.lock
sed 's|/plain|/good|; s/: plain/: good/; s| plain/| good/|' plain.lock >"$scratch/plain.lock"
same "$scratch/plain.lock" env.lock

# A package whose bytes are others, shorter, longer, or gone.
variant bad
runs 0 from bad hello -o bad.lock
package=$site/bad/linux-64/hello-2.0-h0_0.conda
spoil() {
	cp "$site/good/linux-64/hello-2.0-h0_0.conda" "$package"
	"$@"
}
flip() {
	"$python" -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(600); b = f.read(1)[0]; f.seek(600); f.write(bytes([b ^ 1]))' "$package"
}
longer() {
	printf 'more' >>"$package"
}
broken() {
	runs "$1" lockenv fetch bad.lock
	err_has "$url/bad/linux-64/hello-2.0-h0_0.conda"
	err_has "$2"
	is "$(find "$LOCKENV_CACHE" -name '*hello-2.0*')" ''
	same env.lock kept.lock
	is "$(digest env)" "$tree"
	runs 6 lockenv install bad.lock -p env
	is "$(digest env)" "$tree"
}
spoil flip
broken 5 sha256
spoil truncate -s 500 "$package"
broken 5 'bytes, expected are 1309'
spoil longer
broken 5 'larger than the 1309 bytes expected'
spoil rm "$package"
broken 4 404
is "$(find "$LOCKENV_CACHE/tmp" -type f | wc -l)" 0
cp "$site/good/linux-64/hello-2.0-h0_0.conda" "$package"
runs 0 lockenv fetch bad.lock
runs 0 lockenv install bad.lock -p env
runs 0 env/bin/hello
out_is 'hello 2.0'

# The right hash for an archive that is none: refused when it is opened, and the prefix stays.
variant corrupt
printf 'PK, yet no archive' >"$site/corrupt/linux-64/hello-2.0-h0_0.conda"
"$python" - "$site/corrupt/linux-64" <<'PY'
import hashlib, json, os, sys
path = os.path.join(sys.argv[1], "repodata.json")
d = json.load(open(path))
name = "hello-2.0-h0_0.conda"
data = open(os.path.join(sys.argv[1], name), "rb").read()
d["packages.conda"][name].update(size=len(data), sha256=hashlib.sha256(data).hexdigest(),
                                 md5=hashlib.md5(data).hexdigest())
json.dump(d, open(path, "w"))
os.remove(path + ".zst")
PY
tree=$(digest env)
runs 0 from corrupt hello -o corrupt.lock
code=0
lockenv fetch -q corrupt.lock 2>"$err" || code=$?
if [ "$code" -eq 0 ]; then
	runs 5 lockenv install corrupt.lock -p env
fi
err_has hello-2.0-h0_0.conda
is "$(digest env)" "$tree"

# Once fetched, the server is not needed; a solve offline uses what was cached.
unserve
runs 0 from good --offline 'hello 1.*' oldtool -o env.lock
same env.lock kept.lock
runs 0 from good --offline oldtool -o small.lock
runs 0 lockenv install env.lock -p again
runs 4 from good --update-all hello -o env.lock
same env.lock kept.lock
runs 6 lockenv solve --offline --cache "$scratch/none" --override-channels -c "$url/good" hello -o env.lock
err_has "$url/good/"
same env.lock kept.lock
# Of several locks all that is missing is told.
runs 6 lockenv fetch --offline --cache "$scratch/none" small.lock env.lock
for file in greeting-1.5-h0_0.conda hello-1.1-h0_0.conda oldtool-0.9-0.tar.bz2; do
	err_has "$file"
done

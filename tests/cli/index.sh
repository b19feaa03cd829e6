#!/bin/sh
# A folder of packages becomes a channel: the same bytes each time, nothing read twice, nothing replaced
# while a package is broken, and a lock from it as from any other channel.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

# The fixture's packages without any index.
fresh() {
	rm -rf "$1"
	cp -r "$channels/test" "$1"
	find "$1" -name 'repodata*' -delete
	find "$1" -name .lockenv-index.json -delete
}
# All but what a run remembers for itself.
index_digest() {
	(cd "$1" && find . -type f ! -name .lockenv-index.json -print0 | sort -z | xargs -0 sha256sum) |
		sha256sum
}
# from CHANNEL NAME: solves into NAME.lock.
from() {
	lockenv solve -q --override-channels -c "$1" --platform linux-64 --glibc 2.28 hello oldtool \
		-o "$2.lock"
}

# The whole, from a clean folder; the records are those that the fixture's own index has.
fresh c
runs 0 lockenv index c
out_has 'linux-64: 9 packages of 7 names (9 added, 9 read)'
out_has 'noarch: 2 packages of 1 names (2 added, 2 read)'
for subdir in linux-64 noarch osx-arm64; do
	same "c/$subdir/repodata.json" "$channels/test/$subdir/repodata.json"
	[ -s "c/$subdir/repodata.json.zst" ] || fail 'no repodata.json.zst'
	is 1 "$(find "c/$subdir" -name repodata_shards.msgpack.zst | wc -l)"
done
is 7 "$(find c/linux-64/shards -type f | wc -l)"
grep -q '"packages": {$' c/linux-64/repodata.json || fail 'packages'

# Elsewhere, at another time, by one worker, in another time zone: the same bytes.
fresh d
runs 0 env TZ=Asia/Tokyo lockenv index --jobs 1 d
is "$(index_digest c)" "$(index_digest d)"

# Whole or in shards, by path or URL: one lock.
mkdir whole shards
cp -r c whole/c
rm -r whole/c/*/repodata_shards* whole/c/*/shards
cp -r c shards/c
rm shards/c/*/repodata.json*
runs 0 from ./c c
runs 0 from "file://$PWD/c" url
same url.lock c.lock
for other in whole shards; do
	runs 0 from "./$other/c" "$other"
	sed "s|/$other/c|/c|g" "$other.lock" >expected.lock
	same c.lock expected.lock
done
runs 0 lockenv fetch -q c.lock
runs 0 lockenv install -q c.lock -p env
runs 0 env/bin/hello

# Nothing that stays is written again; what is not new is not read again, what changed is.
sleep 2.1
runs 0 lockenv index c
out_has 'linux-64: 9 packages of 7 names (9 read): up to date'
stat -c '%n %Y %i' c/*/repodata* c/*/shards/* >before
runs 0 lockenv index --json c
json '[(s["subdir"], s["read"], s["written"]) for s in d["subdirs"]][0]' "('linux-64', 0, [])"
json '[s["packages"] for s in d["subdirs"]]' '[9, 3, 2, 3]'
stat -c '%n %Y %i' c/*/repodata* c/*/shards/* >after
same before after
touch c/linux-64/hello-2.0-h0_0.conda
runs 0 lockenv index c
out_has 'linux-64: 9 packages of 7 names (1 read): up to date'
runs 0 lockenv index --verify c
out_has 'linux-64: 9 packages of 7 names (9 read): up to date'

# The memory is not believed beside another's repodata.json, nor when it is damaged.
sed -i 's/"build_number": 0/"build_number": 7/' c/linux-64/repodata.json
runs 0 lockenv index c
out_has 'linux-64: 9 packages of 7 names (9 read)'
same c/linux-64/repodata.json d/linux-64/repodata.json
printf '{"files": 3' >c/linux-64/.lockenv-index.json
runs 0 lockenv index c
out_has '(9 read): up to date'
printf 'no json' >c/linux-64/repodata.json
runs 0 lockenv index c
same c/linux-64/repodata.json d/linux-64/repodata.json

# A dry run writes nothing; a package less, one more, one with other bytes.
mv c/linux-64/driver-floor-1.0-0.conda kept.conda
cp c/linux-64/hello-2.0-h0_0.conda hello.conda
before=$(digest c)
runs 0 lockenv index --dry-run c
out_has '(1 gone, '
out_has ': would be written'
is "$before" "$(digest c)"
runs 0 lockenv index --json c
json 'd["subdirs"][0]["gone"], d["subdirs"][0]["packages"]' "(['driver-floor-1.0-0.conda'], 8)"
grep -q driver-floor c/linux-64/repodata.json && fail 'it is still there'
# Its shard stays for clients that have the old index, for a week.
is 7 "$(find c/linux-64/shards -type f | wc -l)"
find c/linux-64/shards -type f -exec touch -d '8 days ago' {} +
mv kept.conda c/linux-64/driver-floor-1.0-0.conda
rm c/linux-64/gpu-app-1.0-cuda12.conda
runs 0 lockenv index c
out_has '(1 added, 1 gone, '
is 7 "$(find c/linux-64/shards -type f | wc -l)"
cp "$channels/test/linux-64/gpu-app-1.0-cuda12.conda" c/linux-64/
runs 0 lockenv index c
is "$(index_digest c)" "$(index_digest d)"

# Forms that are not wanted go, so that nobody reads old ones; so do those that nobody keeps up.
touch c/noarch/current_repodata.json c/noarch/repodata.json.bz2
runs 0 lockenv index -v --no-shards --no-zst c
err_has "'noarch/current_repodata.json' is not kept up: removed"
is 4 "$(find c -name '*repodata*' | wc -l)"
runs 0 from ./c plain
same plain.lock c.lock

# Broken packages: each is named, all the rest is as it was; or they are left out.
fresh b
runs 0 lockenv index b
before=$(digest b)
truncate -s -100 b/linux-64/hello-1.0-h0_0.conda
runs 5 lockenv index b
err_has "package 'hello-1.0-h0_0.conda'"
runs 5 lockenv index --json b
json 'd["error"]["code"]' 5
cp b/linux-64/hello-1.1-h0_0.conda b/linux-64/other-1.1-h0_0.conda
mv b/osx-arm64/hello-2.0-h0_0.conda b/linux-aarch64/hello-2.0-h0_0.conda
mkfifo b/linux-64/pipe-1-0.conda
ln -s nothing b/linux-64/dangling-1-0.conda
mkdir b/linux-64/folder-1-0.tar.bz2
ln -s /dev/zero b/linux-64/zero-1-0.tar.bz2
printf 'PK' >"$(printf 'b/linux-64/\377\033[31m-1-0.conda')"
printf x >b/linux-64/.hidden-1-0.conda
repodata=$(sha256sum b/*/repodata*)
runs 5 lockenv index b
err_has '8 packages cannot be indexed; the index stays as it was'
err_has "linux-64: package 'other-1.1-h0_0.conda': info/index.json: it is 'hello-1.1-h0_0', which is not what"
err_has "linux-aarch64: package 'hello-2.0-h0_0.conda': info/index.json: 'subdir' is 'osx-arm64', but it lies in 'linux-aarch64'"
err_has "linux-64: 'pipe-1-0.conda' is no regular file"
err_has "linux-64: 'folder-1-0.tar.bz2' is no regular file"
err_has "linux-64: 'zero-1-0.tar.bz2' is no regular file"
err_has "linux-64: cannot open 'dangling-1-0.conda': no such file or directory"
err_has '\xff\x1b[31m-1-0.conda'
is "$repodata" "$(sha256sum b/*/repodata*)"
runs 0 lockenv index --skip-broken b
err_has 'warning: left out: '
out_has 'linux-64: 8 packages of 7 names (7 broken, '
runs 0 lockenv index --skip-broken --json b
json 'sorted(len(s["broken"]) for s in d["subdirs"])' '[0, 0, 1, 7]'
runs 0 from ./b b

# What --verify sees and hashing alone does not: the payload.
if command -v zstd >/dev/null; then
	fresh v
	mkdir w
	(cd w && "$python" -m zipfile -e ../v/linux-64/hello-1.1-h0_0.conda .)
	zstd -dqf w/pkg-hello-1.1-h0_0.tar.zst -o w/pkg.tar
	sed -i 's/printf .hello/printf .jello/' w/pkg.tar
	zstd -qf w/pkg.tar -o w/pkg-hello-1.1-h0_0.tar.zst
	rm w/pkg.tar v/linux-64/hello-1.1-h0_0.conda
	"$python" - v/linux-64/hello-1.1-h0_0.conda w/metadata.json w/pkg-* w/info-* <<'PYTHON'
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as made:
    for path in sys.argv[2:]:
        made.write(path, os.path.basename(path))
PYTHON
	runs 0 lockenv index v
	runs 5 lockenv index --verify v
	err_has "package 'hello-1.1-h0_0.conda'"
else
	part 'no zstd'
fi

# Links to packages and to a subdir are followed.
mkdir -p links/store links/noarch
cp -r "$channels/test/linux-64" links/store/real
ln -s store/real links/linux-64
ln -s "$channels/test/noarch"/*.conda links/noarch/
runs 0 lockenv index links
out_has 'linux-64: 9 packages'
out_has 'noarch: 2 packages'
[ -s links/store/real/repodata_shards.msgpack.zst ] || fail 'the link was replaced'

# Other bytes under a name that was indexed: told, for locks hold the old ones.
fresh e
runs 0 lockenv index e
printf 'x' >x
"$python" - e/linux-64/hello-2.0-h0_0.conda <<'PYTHON'
import sys, zipfile
path = sys.argv[1]
with zipfile.ZipFile(path) as old:
    members = [(name, old.read(name)) for name in old.namelist()]
with zipfile.ZipFile(path, "w") as new:
    for name, data in members:
        new.writestr(zipfile.ZipInfo(name, (2001, 1, 1, 0, 0, 0)), data)
PYTHON
runs 0 lockenv index e
err_has "warning: 'linux-64/hello-2.0-h0_0.conda' has other bytes than when it was indexed before"
out_has '(1 changed, '

# Packages at the top are nobody's.
mkdir flat
cp "$channels"/test/linux-64/*.conda "$channels"/test/noarch/*.conda flat/
runs 2 lockenv index flat
err_has 'that lie in no subdir'
runs 0 lockenv index --move --dry-run flat
absent flat/linux-64
runs 0 lockenv index --move flat
out_has 'linux-64: 8 packages'
out_has 'noarch: 2 packages'
cp "$channels"/test/noarch/*.conda flat/
runs 2 lockenv index --move flat
err_has 'cannot be moved'
rm flat/*.conda
printf 'no archive' >flat/broken-1-0.conda
mkfifo flat/fifo-1-0.tar.bz2
cp "$channels"/test/linux-64/oldtool-*.tar.bz2 flat/
mv flat/linux-64 kept
runs 5 lockenv index --move flat
runs 0 lockenv index --move --skip-broken flat
out_has 'linux-64: 1 packages'
err_has "left out: 'broken-1-0.conda' stays where it is"
err_has "left out: 'fifo-1-0.tar.bz2' stays where it is"
[ -f flat/broken-1-0.conda ] || fail 'what is broken was moved'
runs 2 lockenv index c/linux-64
err_has 'is a subdir of a channel, not a channel'

# An empty folder is an empty channel; what is no folder, none. A platform that conda lacks is told.
mkdir empty
runs 0 lockenv index empty
out_is 'noarch: 0 packages of 0 names (0 read)'
runs 2 lockenv index nowhere
err_has "cannot open the folder 'nowhere'"
runs 2 lockenv index --subdir ../x c
mkdir -p odd/plan9-64
cp "$channels/test/linux-64/oldtool-0.9-0.tar.bz2" odd/plan9-64/
runs 0 lockenv index odd
err_has "--subdir plan9-64 would index it"
runs 5 lockenv index --subdir plan9-64 odd

if [ "$(id -u)" -ne 0 ]; then
	fresh u
	chmod 000 u/linux-64/hello-2.0-h0_0.conda
	runs 8 lockenv index u
	err_has "cannot open 'hello-2.0-h0_0.conda'"
	chmod 644 u/linux-64/hello-2.0-h0_0.conda
	chmod 555 u/linux-64
	runs 8 lockenv index u
else
	part 'root may read and write everything'
fi

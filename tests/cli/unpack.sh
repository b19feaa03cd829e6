#!/bin/sh
# unpack: into the cache or a folder, resumed, verified; --list; --check of what is still being copied.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock new.lock
lockenv pack -q --no-installer old.lock new.lock -o env.lockpack
lockenv pack -q --no-installer old.lock -o old.lockpack
lockenv pack -q --no-installer old.lock new.lock --delta-from old.lockpack -o delta.lockpack
mv "$LOCKENV_CACHE" "$scratch/full"
size=$(stat -c %s env.lockpack)

# Into the cache; again, nothing is to do; a damaged one is replaced.
runs 0 lockenv unpack env.lockpack
err_has 'unpacked 5 packages'
err_has 'its locks (new, old)'
is "$(digest "$LOCKENV_CACHE/archives")" "$(digest "$scratch/full/archives")"
runs 0 lockenv unpack --json env.lockpack
json 'd["written"], d["present"], d["locks"]' "(0, 5, ['new', 'old'])"
file=$(find "$LOCKENV_CACHE/archives" -name 'hello-1*')
printf X | dd of="$file" bs=1 seek=100 conv=notrunc status=none
rm "$(find "$LOCKENV_CACHE/archives" -name 'oldtool*')"
runs 0 lockenv unpack --json env.lockpack
json 'd["written"], d["present"]' '(2, 3)'
is "$(digest "$LOCKENV_CACHE/archives")" "$(digest "$scratch/full/archives")"
runs 0 lockenv install new.lock -p env --no-compile

# A delta wants what it was packed without.
rm -rf "$LOCKENV_CACHE"
runs 6 lockenv unpack delta.lockpack
is "$(grep -c '^warning: neither in the bundle nor in the cache: ' "$err")" 3
runs 0 lockenv unpack old.lockpack
runs 0 lockenv unpack delta.lockpack
is "$(digest "$LOCKENV_CACHE/archives")" "$(digest "$scratch/full/archives")"
rm -rf "$LOCKENV_CACHE"

# Into a folder: as tar does it, whatever the umask; broken off and gone on with.
umask 0077
runs 0 lockenv unpack env.lockpack -d far
umask 0022
mkdir plain
tar xf env.lockpack -C plain
is "$(cd far && find . -type f | sort | xargs sha256sum)" "$(cd plain && find . -type f | sort | xargs sha256sum)"
absent far/tmp
(cd far && sha256sum -c --quiet MANIFEST) >/dev/null 2>&1 || fail 'the folder is not what MANIFEST says'
runs 0 lockenv unpack --json env.lockpack -d far
json 'd["written"], d["present"]' '(0, 7)'
rm far/locks/old.lock
truncate -s 5 far/archives/hello-1*
runs 0 lockenv unpack --json env.lockpack -d far
json 'd["written"], d["present"]' '(2, 5)'
runs 0 lockenv install far/locks/old.lock -p old --cache far --no-compile
runs 0 lockenv unpack delta.lockpack -d part
err_has 'it is a delta'
absent "$LOCKENV_CACHE"
# A folder that has something else of that name is left as it is; one of another bundle is not.
mkdir -p project/locks
echo mine >project/MANIFEST
runs 2 lockenv unpack env.lockpack -d project
err_has "'project/MANIFEST' is there, and is not of a bundle"
is "$(find project -type f)" project/MANIFEST
mv project/MANIFEST project/locks/old.lock
runs 2 lockenv unpack env.lockpack -d project
err_has "'project/locks/old.lock' is there"
is "$(cat project/locks/old.lock)" mine
cp old.lock project/locks/old.lock
runs 0 lockenv unpack env.lockpack -d project
echo other >project/locks/old.lock
runs 0 lockenv unpack env.lockpack -d project
same old.lock project/locks/old.lock
# No link is followed out of it.
mkdir evil elsewhere
ln -s ../elsewhere evil/locks
runs 8 lockenv unpack env.lockpack -d evil
is "$(find elsewhere | wc -l)" 1
rm -rf evil
mkdir -p evil/archives
ln -s ../../elsewhere/x "evil/$(tar tf env.lockpack | grep archives/hello-1)"
runs 0 lockenv unpack env.lockpack -d evil
is "$(find elsewhere | wc -l)" 1
is "$(find evil/archives -type f -name "hello-1*" | wc -l)" 1

# --list
runs 0 lockenv unpack --list delta.lockpack
is "$(grep -c ' package ' "$out")" 2
is "$(grep -c ' absent ' "$out")" 3
out_has 'linux-64'
runs 0 lockenv unpack --list --json env.lockpack
json 'len(d["members"]), d["size"], d["members"][0]["platforms"]' "(7, $size, ['linux-64'])"
tar xOf env.lockpack MANIFEST | sha256sum | cut -d' ' -f1 >sum
json 'd["manifest_sha256"]' "$(cat sum)"
runs 2 lockenv unpack --list --check env.lockpack
runs 2 lockenv unpack --list nowhere
runs 2 lockenv unpack --check nowhere
runs 5 lockenv unpack --list old.lock
err_has 'is no bundle'
mkfifo pipe
runs 5 lockenv unpack pipe
err_has "name the file that 'lockenv pack' wrote"
runs 5 lockenv unpack .

# --check: whole; cut short anywhere; with the bytes told copied again it is whole.
runs 0 lockenv unpack --check env.lockpack
out_has 'parts are whole'
repair() {
	"$python" - "$out" "$1" <<'PY'
import json, os, sys
for part in json.load(open(sys.argv[1]))["copy_again"]:
    with open("env.lockpack", "rb") as source:
        at = sum(f["expected"] for f in json.load(open(sys.argv[1]))["files"] if f["file"] < part["file"])
        source.seek(at + part["from"])
        data = source.read(part["size"])
    with open(part["file"], "r+b" if os.path.exists(part["file"]) else "wb") as target:
        target.seek(part["from"])
        target.write(data)
PY
	runs 0 lockenv unpack --check "$1"
}
for length in 0 5 100 700 2000 5000 $((size - 1025)) $((size - 1)); do
	head -c "$length" env.lockpack >copy.lockpack
	runs 6 lockenv unpack --check copy.lockpack
	runs 5 lockenv unpack --list copy.lockpack
	if [ "$length" -ge 2000 ]; then
		runs 6 lockenv unpack --check --json copy.lockpack
		json 'd["whole"], d["copy_again"]' "(False, [{'file': 'copy.lockpack', 'from': $length, 'size': $((size - length))}])"
		repair copy.lockpack
	fi
done
for at in 3000 6000 $((size - 3)); do
	cp env.lockpack copy.lockpack
	printf X | dd of=copy.lockpack bs=1 seek="$at" conv=notrunc status=none
	runs 5 lockenv unpack --check copy.lockpack
	out_has damaged
	runs 5 lockenv unpack --check --json copy.lockpack
	repair copy.lockpack
	same copy.lockpack env.lockpack
done
printf X >>copy.lockpack
runs 5 lockenv unpack --check copy.lockpack
err_has 'more bytes'
cp env.lockpack copy.lockpack
printf X | dd of=copy.lockpack bs=1 seek=600 conv=notrunc status=none
runs 5 lockenv unpack --check copy.lockpack
err_has 'copy.lockpack:MANIFEST:3'

# Volumes: by any name; missing, short, in the wrong order, one too many.
mv "$scratch/full" "$LOCKENV_CACHE"
lockenv pack -q --no-installer old.lock new.lock --volume-size 3000 -o v.lockpack
for name in v.lockpack v.lockpack.001 v.lockpack.003; do
	runs 0 lockenv unpack --check "$name"
	runs 0 lockenv unpack --json --cache "$scratch/other" "$name"
done
json 'd["present"]' 5
rm v.lockpack.002
runs 5 lockenv unpack v.lockpack
err_has "'v.lockpack.002' is not there"
runs 6 lockenv unpack --check v.lockpack
out_has 'cp SOURCE v.lockpack.002'
runs 6 lockenv unpack --check --json v.lockpack
json '[f["state"] for f in d["files"]][:3]' "['complete', 'missing', 'complete']"
repair v.lockpack
truncate -s 1000 v.lockpack.003
runs 6 lockenv unpack --check v.lockpack
out_has 'rsync --append-verify SOURCE v.lockpack.003'
runs 6 lockenv unpack --check --json v.lockpack
repair v.lockpack
mv v.lockpack.002 x
mv v.lockpack.003 v.lockpack.002
mv x v.lockpack.003
runs 5 lockenv unpack --check v.lockpack
runs 5 lockenv unpack v.lockpack --cache "$scratch/none"
mv v.lockpack.003 x
mv v.lockpack.002 v.lockpack.003
mv x v.lockpack.002
cp v.lockpack.001 v.lockpack.010
runs 5 lockenv unpack --check v.lockpack
runs 5 lockenv unpack --list v.lockpack
rm v.lockpack.010 v.lockpack.001
runs 6 lockenv unpack --check v.lockpack
err_has "'v.lockpack.001', which has the manifest"

# A damaged member leaves nothing behind.
rm -rf "$LOCKENV_CACHE"
cp env.lockpack copy.lockpack
printf X | dd of=copy.lockpack bs=1 seek=$((size - 2000)) conv=notrunc status=none
runs 5 lockenv unpack --jobs 1 copy.lockpack
err_has 'does not have its sha256'
is "$(find "$LOCKENV_CACHE" -type f | wc -l)" 4
runs 5 lockenv unpack --jobs 1 copy.lockpack -d broken
absent broken/MANIFEST
absent broken/tmp
is "$(find broken -type f | wc -l)" 6

# Sizes that lie.
"$python" - <<'PY'
import hashlib, struct
def octal(value, width):
    return b"%0*o\0" % (width - 1, value)
def header(name, size):
    block = bytearray(512)
    block[:len(name)] = name
    block[100:108], block[108:116], block[116:124] = octal(0o644, 8), octal(0, 8), octal(0, 8)
    block[124:136], block[136:148], block[156:157] = octal(size, 12), octal(0, 12), b"0"
    block[257:265], block[329:337], block[337:345] = b"ustar\00000", octal(0, 8), octal(0, 8)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
def bundle(path, lines):
    text = "".join(line + "\n" for line in ["# lockpack 1", *lines]).encode()
    text += b"# sum " + hashlib.sha256(text).hexdigest().encode() + b"\n"
    with open(path, "wb") as file:
        file.write(header(b"MANIFEST", len(text)) + text + bytes(-len(text) % 512) + bytes(1024))
a, b = "a" * 64, "b" * 64
bundle("empty.lockpack", [])
bundle("near.lockpack", ["# 9223372036854775807 bytes", f"{a}  archives/x-{a}"])
bundle("large.lockpack", ["# 1099511627776 bytes", f"{a}  archives/x-{a}"])
bundle("path.lockpack", ["# 5 bytes", f"{a}  archives/../x-{a}"])
bundle("twice.lockpack", ["# 5 bytes", f"{a}  archives/x-{a}", "# 5 bytes", f"{a}  archives/x-{a}"])
bundle("order.lockpack", ["# 5 bytes", f"{b}  archives/x-{b}", "# 5 bytes", f"{a}  archives/x-{a}"])
with open("huge.lockpack", "wb") as file:
    file.write(header(b"MANIFEST", 1 << 30))
    file.truncate(1 << 31)
with open("sparse.lockpack", "wb") as file:
    file.write(open("large.lockpack", "rb").read())
    file.truncate(1 << 40)
PY
runs 0 lockenv unpack --check empty.lockpack
for name in near path twice order huge; do
	runs 5 lockenv unpack --check "$name.lockpack"
	runs 5 lockenv unpack "$name.lockpack" --cache "$scratch/none"
done
runs 6 lockenv unpack --check large.lockpack
runs 5 lockenv unpack large.lockpack --cache "$scratch/none"
runs 5 lockenv unpack sparse.lockpack --cache "$scratch/none"

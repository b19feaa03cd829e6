#!/bin/sh
# pack: locks, packages and installer in one file that stock tools unpack and check; the same locks give the same
# bytes; nothing half-written under the final name.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
rm -rf "$LOCKENV_CACHE"

# elf MACHINE SEGMENT FILE: a header as of a little-endian 64-bit program, with one segment of that type.
elf() {
	"$python" - "$@" <<'PY'
import struct, sys
machine, segment, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
with open(path, "wb") as file:
    file.write(b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0))
    file.write(struct.pack("<IIQQQQQQ", segment, 5, 0, 0, 0, 0, 0, 0))
PY
}
elf 62 1 x64
elf 183 1 arm64
elf 62 3 dynamic
pack() {
	runs 0 lockenv pack --no-installer --installer linux-64=x64 "$@"
}

# What is missing is told at once, and nothing is written.
runs 6 lockenv pack --no-installer old.lock new.lock -o a.lockpack
is "$(grep -c '^warning: not in the cache: ' "$err")" 5
err_has "and 4 more packages are not in the cache"
absent a.lockpack
absent "$LOCKENV_CACHE"
runs 0 lockenv pack --no-installer --fetch --dry-run --json old.lock new.lock -o a.lockpack
json 'len(d["would_fetch"]), d["dry_run"], d["archives"]' '(5, True, 5)'
size=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["size"])' <"$out")
absent a.lockpack
absent "$LOCKENV_CACHE"
runs 0 lockenv pack --no-installer --fetch old.lock new.lock -o a.lockpack
err_has '2 locks, 0 programs, 5 packages'
is "$(stat -c %s a.lockpack)" "$size"

# The same locks, the same bytes: order of arguments, threads, umask, time zone, cache, what was there before.
pack old.lock new.lock -o a.lockpack
cp a.lockpack first.lockpack
for variant in 'env TZ=Asia/Tokyo' 'env LC_ALL=C.UTF-8' 'setpriv --no-new-privs'; do
	command -v "${variant%% *}" >/dev/null || continue
	umask 0027
	# shellcheck disable=SC2086 # a command and its argument
	runs 0 $variant lockenv pack -q --no-installer --installer linux-64=x64 --jobs 7 new.lock ./old.lock -o a.lockpack
	umask 0022
	same a.lockpack first.lockpack
done
cp -r "$LOCKENV_CACHE" "$scratch/other"
mv "$LOCKENV_CACHE" "$scratch/away"
runs 0 lockenv pack --no-installer --installer linux-64=x64 --cache "$scratch/other" --jobs 1 old.lock new.lock -o a.lockpack
same a.lockpack first.lockpack

# Without the cache: from a folder of archives, from a bundle.
mkdir pkgs
for file in "$scratch"/away/archives/*; do
	name=${file##*/}
	cp "$file" "pkgs/${name%-*}"
done
runs 0 lockenv pack --no-installer --installer linux-64=x64 --from pkgs old.lock new.lock -o b.lockpack
same b.lockpack first.lockpack
runs 0 lockenv pack --no-installer --installer linux-64=x64 --from first.lockpack old.lock new.lock -o b.lockpack
same b.lockpack first.lockpack
absent "$LOCKENV_CACHE"
runs 2 lockenv pack --no-installer --from nowhere old.lock -o b.lockpack
err_has "--from 'nowhere'"
same b.lockpack first.lockpack
mv "$scratch/away" "$LOCKENV_CACHE"

# Stock tools: listed, unpacked, checked; and what they unpacked is a folder to install from.
for tar in 'tar' 'bsdtar' 'busybox tar'; do
	command -v "${tar%% *}" >/dev/null || {
		part "no $tar"
		continue
	}
	rm -rf far
	mkdir far
	# shellcheck disable=SC2086
	runs 0 $tar tf first.lockpack
	is "$(head -n 1 "$out")" MANIFEST
	# shellcheck disable=SC2086
	runs 0 $tar xf first.lockpack -C far
	is "$(grep -vc '^#' far/MANIFEST)" 8
	(cd far && grep -v '^#' MANIFEST | sha256sum -c --quiet) >"$scratch/sums" 2>&1 || fail "sha256sum: $(cat "$scratch/sums")"
	same far/locks/new.lock new.lock
	[ -x far/bin/linux-64/lockenv-install ] || fail 'the installer cannot be run'
	runs 0 lockenv install far/locks/new.lock -p far/env --from far --cache far/empty --no-compile
	runs 0 far/env/bin/hello
	runs 0 lockenv install far/locks/old.lock -p far/old --cache far --no-compile
done
(cd far && sha256sum -c MANIFEST) >"$out" 2>"$scratch/ignored" || fail 'sha256sum stumbles over comments'

if tar --version | grep -q 'GNU tar'; then
	tar tf first.lockpack | tar --format=posix -b1 --owner=0 --group=0 --numeric-owner --mtime=@0 \
		--pax-option=exthdr.name=pax-header,delete=atime,delete=ctime --mode=u=rwX,go=rX -C far -cf again.tar -T -
	same again.tar first.lockpack
fi

# Platforms: those asked for.
runs 0 lockenv solve -q --override-channels -c "$test_channel" --platform linux-64 --platform linux-aarch64 --glibc 2.28 \
	greeting -o two.lock
runs 0 lockenv fetch -q two.lock
runs 0 lockenv pack --no-installer --json two.lock -o two.lockpack
json 'd["locks"][0]["platforms"]' "['linux-64', 'linux-aarch64']"
runs 0 lockenv pack --no-installer --json --platform linux-aarch64 two.lock -o two.lockpack
json 'd["locks"][0]["platforms"]' "['linux-aarch64']"
runs 7 lockenv pack --no-installer --platform osx-64 two.lock -o two.lockpack
err_has 'the lock has no platform osx-64'

# Installers: of the right machine, and without a need for anything.
runs 0 lockenv pack --no-installer --installer linux-64=x64 --installer linux-aarch64=arm64 --json two.lock -o two.lockpack
json 'd["installers"]' "['linux-64', 'linux-aarch64']"
runs 2 lockenv pack --no-installer --installer linux-aarch64=x64 two.lock -o none.lockpack
err_has "'x64' is no program for linux-aarch64"
runs 2 lockenv pack --no-installer --installer linux-64=dynamic two.lock -o none.lockpack
err_has 'not linked statically'
runs 2 lockenv pack --no-installer --installer linux-64=two.lock two.lock -o none.lockpack
err_has "'two.lock' is no program"
runs 2 lockenv pack --no-installer --installer linux-64=nowhere two.lock -o none.lockpack
for wrong in x64 win-64=x64 noarch=x64 '=x64'; do
	runs 2 lockenv pack --no-installer --installer "$wrong" two.lock -o none.lockpack
	err_has 'names no Linux platform'
done
runs 2 lockenv pack --installer linux-64=x64 --installer linux-64=x64 two.lock -o none.lockpack
absent none.lockpack
# With each goes the lockenv-smoke that lies beside it: it needs the C library, and the right machine.
mkdir beside
cp x64 beside/any-name
cp dynamic beside/lockenv-smoke
chmod 755 beside/lockenv-smoke
runs 0 lockenv pack --no-installer --installer linux-64=beside/any-name --json two.lock -o two.lockpack
json 'd["installers"], d["smoke_tests"]' "(['linux-64'], ['linux-64'])"
is "$(tar tf two.lockpack | sed -n 3,4p | tr '\n' ' ')" 'bin/linux-64/lockenv-install bin/linux-64/lockenv-smoke '
tar tvf two.lockpack bin/linux-64/lockenv-smoke | grep -q '^-rwxr-xr-x' || fail 'the smoke test cannot be run'
runs 0 lockenv unpack two.lockpack -d beside/far
same beside/far/bin/linux-64/lockenv-smoke dynamic
[ -x beside/far/bin/linux-64/lockenv-smoke ] || fail 'the smoke test cannot be run'
has beside/far/MANIFEST "$(sha256sum <dynamic | cut -c1-64)  bin/linux-64/lockenv-smoke"
runs 0 lockenv unpack --list two.lockpack
out_has 'smoke test'
runs 0 lockenv unpack --check two.lockpack
cp arm64 beside/lockenv-smoke
runs 0 lockenv pack --no-installer --installer linux-64=beside/any-name --json two.lock -o two.lockpack
json 'd["installers"], d["smoke_tests"]' "(['linux-64'], [])"
err_has "warning: 'beside/lockenv-smoke' is no program for linux-64: it is not in the bundle"
# What lies beside the program or in libexec is taken without being named.
mkdir -p tree/bin tree/libexec/lockenv/linux-aarch64
if [ -r "/proc/self/exe" ]; then
	cp "$bin/lockenv" tree/bin/
	cp x64 tree/bin/lockenv-install
	runs 0 tree/bin/lockenv pack --json two.lock -o two.lockpack
	json 'd["installers"]' "['linux-64']"
	err_has 'no lockenv-install for linux-aarch64 at hand'
	cp arm64 tree/libexec/lockenv/linux-aarch64/lockenv-install
	runs 0 tree/bin/lockenv pack --json two.lock -o two.lockpack
	json 'd["installers"]' "['linux-64', 'linux-aarch64']"
	err_lacks warning
fi

# Volumes: cuts of the same bytes.
pack old.lock new.lock --volume-size 5K -o v.lockpack
cat v.lockpack.00* >joined
same joined first.lockpack
is "$(stat -c %s v.lockpack.001)" 5000
pack old.lock new.lock --volume-size 10KiB -o v.lockpack
is "$(find . -name 'v.lockpack*' | wc -l)" 2
cat v.lockpack.00* >joined
same joined first.lockpack
runs 2 lockenv pack --no-installer old.lock --volume-size 5K -o first.lockpack
err_has 'it would be taken for the bundle'
runs 2 lockenv pack --no-installer old.lock --volume-size 3 -o v.lockpack
err_has 'volumes are more than 999'
for wrong in 0 G 4X -1 0.01B 99999999T 1..5G; do
	runs 2 lockenv pack --no-installer old.lock --volume-size "$wrong" -o none.lockpack
	err_has '--volume-size: '
done

# Delta: what every list has is left out.
pack new.lock -o new.lockpack
runs 0 lockenv pack --no-installer --json old.lock new.lock --delta-from new.lockpack -o delta.lockpack
json 'd["archives"], d["absent"]' '(3, 2)'
tar xOf delta.lockpack MANIFEST >manifest
is "$(grep -c '^# absent [0-9]* bytes [0-9a-f]\{64\}  archives/' manifest)" 2
is "$(tar tf delta.lockpack | grep -c archives/)" 3
pack old.lock -o old.lockpack
runs 0 lockenv pack --no-installer --json old.lock new.lock --delta-from new.lockpack --delta-from old.lockpack -o delta.lockpack
json 'd["archives"], d["absent"]' '(5, 0)'
printf '# lockenv-inventory 1\n' >inventory
sed -n 's/^\([0-9a-f]*\)  archives\/\(.*\)-[0-9a-f]*$/\1 \2/p' far/MANIFEST | while read -r sum fn; do
	printf '%s %s %s\n' "$sum" "$(stat -c %s "pkgs/$fn")" "$fn"
done >>inventory
mv "$LOCKENV_CACHE" "$scratch/away" # nothing is needed here that is there
runs 0 lockenv pack --no-installer --json old.lock new.lock --delta-from inventory -o delta.lockpack
json 'd["archives"], d["absent"]' '(0, 5)'
mv "$scratch/away" "$LOCKENV_CACHE"
runs 2 lockenv pack --no-installer old.lock --delta-from nowhere -o delta.lockpack
err_has 'cache inventory'
runs 2 lockenv pack --no-installer old.lock --delta-from old.lock -o delta.lockpack

# Names: from the files, one each.
mkdir sub
cp new.lock sub/old.lock
runs 2 lockenv pack --no-installer old.lock sub/old.lock -o none.lockpack
err_has "'old.lock' and 'sub/old.lock' would both be 'locks/old.lock'"
cp new.lock plain
pack plain -o plain.lockpack
tar tf plain.lockpack >listed
has listed locks/plain.lock
sed 's|file://|http://me:secret@|' new.lock >secret.lock
runs 2 lockenv pack --no-installer secret.lock -o none.lockpack
! grep -q secret@ "$err" || fail 'a credential is shown'
runs 2 lockenv pack --no-installer old.lock
err_has 'no file to write given'
absent none.lockpack

# A damaged archive is found and leaves the cache, and what was there stays.
file=$(find "$LOCKENV_CACHE/archives" -name 'hello-1*')
cp "$file" "$scratch/good"
printf X | dd of="$file" bs=1 seek=100 conv=notrunc status=none
cp a.lockpack before
runs 5 lockenv pack --no-installer old.lock -o a.lockpack
err_has "$file': sha256 is"
err_has 'taken out of the cache'
same a.lockpack before
absent "$file"
runs 6 lockenv pack --no-installer old.lock -o none.lockpack
cp "$scratch/good" "$file"
truncate -s 50 "$file"
runs 0 lockenv pack --no-installer --from pkgs old.lock -o some.lockpack
cp "$scratch/good" "$file"
cp pkgs/hello-1.1-h0_0.conda "$scratch/good"
printf X | dd of=pkgs/hello-1.1-h0_0.conda bs=1 seek=100 conv=notrunc status=none
runs 5 lockenv pack --no-installer --cache "$scratch/none" --from pkgs old.lock -o none.lockpack
err_has "'pkgs/hello-1.1-h0_0.conda': sha256 is"
absent none.lockpack
is "$(find . -name '.lockpack*' | wc -l)" 0

# What is read is not what is written, whatever it is called.
cp old.lock kept
ln -s old.lock link.lock
runs 2 lockenv pack --no-installer old.lock -o link.lock
err_has "'old.lock' goes into what is packed, which would replace it"
same old.lock kept
cp x64 kept
runs 2 lockenv pack --no-installer --installer linux-64=x64 old.lock -o ./x64
same x64 kept
cp old.lock a.001
cp a.001 kept
runs 2 lockenv pack --no-installer a.001 --volume-size 1M -o a
same a.001 kept
runs 2 lockenv pack --no-installer old.lock --delta-from a.lockpack -o a.lockpack
same a.lockpack before

# Where it cannot be written.
mkdir folder
runs 2 lockenv pack --no-installer old.lock -o folder
err_has 'is there and is no file'
runs 8 lockenv pack --no-installer old.lock -o nowhere/a.lockpack
mkfifo pipe
runs 2 lockenv pack --no-installer old.lock -o pipe
[ -p pipe ] || fail 'the pipe was replaced'
# Nor what leads to a device, or to where stdout goes, be that a file.
ln -s /dev/null null
ln -s /dev/stdout stdout
for link in null stdout; do
	runs 2 lockenv pack --no-installer old.lock -o "$link"
	err_has 'is there and is no file'
	runs 2 lockenv cache inventory -o "$link"
	err_has 'is there and is no file'
	[ -L "$link" ] || fail "the link $link was replaced"
done

# A name that ends as volumes do is a bundle's all the same.
pack new.lock -o env-1.2.345
for command in '--check' '--list'; do
	runs 0 lockenv unpack "$command" env-1.2.345
done
runs 0 lockenv install env-1.2.345 -p numbered --no-compile
pack new.lock -o folder/env-1.2.001
runs 0 lockenv unpack --check folder/env-1.2.001

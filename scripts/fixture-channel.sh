#!/bin/sh
# fixture-channel.sh BIN OUT: packs fixtures/channels/NAME/*.yml into the channels OUT/NAME.
#
# Real content comes from the Debian packages of this machine: its python3 interpreter with the
# standard library, OpenBLAS, and the gcc runtime libraries that OpenBLAS needs. Their versions become
# variables of the family files, so the channel says truthfully what is inside.
set -eu
bin=$1
out=$2
root=$(cd "$(dirname "$0")/.." && pwd)
content=$out.content
libdir=/usr/lib/x86_64-linux-gnu
umask 022

# upstream_version DEBIAN_PACKAGE: 3.11.2-6+deb12u6 -> 3.11.2
upstream_version() {
	dpkg-query -W -f '${Version}' "$1" | sed -E 's/^[0-9]+://; s/-[^-]*$//; s/\+.*//'
}

python_version=$(upstream_version libpython3.11-stdlib)
openblas_version=$(upstream_version libopenblas0-pthread)
gcc_version=$(upstream_version libgfortran5)

# What the channel depends on; the same stamp means the same channel.
stamp=$(cat "$root"/fixtures/channels/*/*.yml "$0" "$bin/mkchannel" | sha256sum)
stamp="$stamp $python_version $openblas_version $gcc_version"
if [ -f "$out/stamp" ] && [ "$(cat "$out/stamp")" = "$stamp" ]; then
	exit 0
fi
rm -rf "$out" "$content"
mkdir -p "$content"

# The interpreter finds its standard library beside itself, wherever the prefix is.
python=$content/python
mkdir -p "$python/bin" "$python/lib"
cp /usr/bin/python3.11 "$python/bin/"
ln -s python3.11 "$python/bin/python3"
ln -s python3.11 "$python/bin/python"
cp -r /usr/lib/python3.11 "$python/lib/"
find "$python" -name __pycache__ -prune -exec rm -rf {} +
# Debian's links into /etc would leave the package.
find "$python/lib" -type l -delete

# Debian's libraries have no run path: they would take their neighbours from the system.
libs=$content/debian-gcc-libs/lib
mkdir -p "$libs" "$content/libopenblas/lib"
for name in libgfortran.so.5 libquadmath.so.0 libgcc_s.so.1 libstdc++.so.6; do
	file=$(realpath "$(ldconfig -p | awk -v n="$name" '$1 == n && /x86-64/ { print $NF; exit }')")
	cp "$file" "$libs/"
	[ "${file##*/}" = "$name" ] || ln -s "${file##*/}" "$libs/$name"
done
cp -P "$libdir"/openblas-pthread/libopenblas* "$content/libopenblas/lib/"
find "$content/debian-gcc-libs" "$content/libopenblas" -type f -exec chmod u+w,a+r {} + \
	-exec patchelf --set-rpath "\$ORIGIN" {} \;

for channel in "$root"/fixtures/channels/*/; do
	"$bin/mkchannel" --out "$out/$(basename "$channel")" --content "$content" \
		--set python_real="$python_version" --set openblas_real="$openblas_version" \
		--set gcc_real="$gcc_version" "$channel"*.yml >&2
done
rm -rf "$content"
printf '%s' "$stamp" >"$out/stamp"

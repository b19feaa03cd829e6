#!/bin/sh
# bare-test.sh [demo|test]...: proves the README's commands in a bare Debian 12.
#
# A minbase root made by debootstrap, nothing else installed, gets a fresh clone of HEAD; there ./dev demo
# and ./dev test must do everything themselves. Needs root, and a Debian mirror that apt here can reach.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
bare=$root/build/bare
mirror=${LOCKENV_DEBIAN_MIRROR:-http://deb.debian.org/debian}

if [ "$(id -u)" -ne 0 ]; then
	echo 'bare-test: debootstrap and chroot need root' >&2
	exit 2
fi

unmount() {
	for dir in dev/pts dev/shm dev sys proc shared/data ''; do
		umount -l "$bare/$dir" 2>/dev/null || true
	done
}
trap unmount EXIT

unmount
rm -rf --one-file-system "$bare"
mkdir -p "$bare"
# Mount namespaces, which tests make, want a root that is a mount point.
mount --bind "$bare" "$bare"
echo "== debootstrap --variant=minbase bookworm" >&2
debootstrap --variant=minbase bookworm "$bare" "$mirror" >"$root/build/debootstrap.log" 2>&1 || {
	tail -20 "$root/build/debootstrap.log" >&2
	exit 1
}
cp /etc/resolv.conf "$bare/etc/resolv.conf"
# How this machine reaches the mirror (a proxy, say) holds inside too.
apt-config dump Acquire::http::Proxy Acquire::https::Proxy >"$bare/etc/apt/apt.conf.d/99host"
for dir in proc sys dev dev/pts dev/shm; do
	mount --bind "/$dir" "$bare/$dir"
done
if [ -d "$root/../shared/data" ]; then
	mkdir -p "$bare/shared/data"
	mount --bind -o ro "$root/../shared/data" "$bare/shared/data"
fi
git clone -q "$root" "$bare/lockenv"
[ $# -gt 0 ] || set -- demo test
for command in "$@"; do
	echo "== in the bare root: ./dev $command" >&2
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		chroot "$bare" sh -c "cd /lockenv && ./dev $command"
done
echo '== bare-test: passed' >&2

#!/bin/sh
# arm64-sysroot.sh DIR: what the programs for arm64 bundles are linked with, unpacked into DIR.
#
# Debian's own packages, signatures checked by apt, with a state of their own: no foreign architecture is
# added to this machine. DIR/versions says what was taken; done anew when the list below changes.
set -eu
packages='libc6 libc6-dev linux-libc-dev libzstd-dev libbz2-dev zlib1g-dev libyaml-dev libarchive-dev libssl-dev
libjansson-dev libmsgpack-dev libpcre2-dev nettle-dev libacl1-dev liblzma-dev liblz4-dev'
dir=$1
stamp=$(cksum <"$0")
if [ -f "$dir/stamp" ] && [ "$(cat "$dir/stamp")" = "$stamp" ]; then
	exit 0
fi
rm -rf "$dir"
mkdir -p "$dir"
state=$(cd "$dir" && pwd)/apt
mkdir -p "$state/lists/partial" "$state/archives/partial"
: >"$state/status"

arm64_apt() {
	apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$state" \
		-o Dir::State::status="$state/status" -o Dir::Cache="$state" -o Acquire::Languages=none \
		-o APT::Sandbox::User=root -o Acquire::Retries=3 "$@"
}

arm64_apt update
(
	cd "$state/archives"
	# shellcheck disable=SC2086 # a list of package names
	arm64_apt download $packages
)
for deb in "$state"/archives/*.deb; do
	dpkg-deb -x "$deb" "$dir"
	# shellcheck disable=SC2016 # dpkg's variables
	dpkg-deb -W --showformat '${Package} ${Version}\n' "$deb" >>"$dir/versions"
done
rm -rf "$state"
printf '%s' "$stamp" >"$dir/stamp"

#!/bin/sh
# Specs that narrow where a package comes from: channel, subdir, hash and the other keys. (Credentials in them:
# spec-channels.sh; specs that are an archive's address: urls.sh.)
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
site=$scratch/site

# channel NAME PACKAGE VERSION [DEPENDS]: a channel of one noarch package.
channel() {
	mkdir -p "$site/$1/noarch"
	printf '{"packages.conda": {"%s-%s-0.conda": {"name": "%s", "version": "%s", "build": "0", "build_number": 0,
		"size": 10, "sha256": "%064d", "md5": "%032d", "depends": [%s]}}}' "$2" "$3" "$2" "$3" "${3%%.*}" \
		"${3%%.*}" "${4:-}" \
		>"$site/$1/noarch/repodata.json"
}
# from CHANNEL ARGUMENT...
from() {
	first=$1
	shift
	rm -f o.lock
	lockenv solve --override-channels -c "$site/$first" --platform linux-64 --glibc 2.28 -o o.lock "$@"
}
channel first x 1.0
channel second x 2.0 '"y"'
mkdir -p "$site/second/linux-64"
printf '{"packages.conda": {"y-1-0.conda": {"name": "y", "version": "1", "build": "0", "build_number": 0,
	"size": 10, "sha256": "%064d"}}}' 2 >"$site/second/linux-64/repodata.json"

# A channel that only a spec names comes last, and the spec wins over strict priority.
runs 0 from first x -c "$site/second"
has o.lock 'from: first/noarch/x-1.0-0.conda'
for spec in "file://$site/second::x" "$site/second::x" "$site/second/noarch::x" "x[channel='$site/second']" \
	"*/noarch::x >=2" "x[md5=00000000000000000000000000000002]"; do
	runs 0 from first -c "$site/second" --channel-priority flexible "$spec"
	has o.lock 'from: second/noarch/x-2.0-0.conda'
	has o.lock 'from: second/linux-64/y-1-0.conda'
done

# ... which need not be in the list.
for spec in "file://$site/second::x" "$site/second::x" "x[channel=$site/second]" "$site/second/noarch::x"; do
	runs 0 from first "$spec"
	has o.lock 'from: second/noarch/x-2.0-0.conda'
	has o.lock 'from: second/linux-64/y-1-0.conda'
	runs 0 lockenv solve --locked -o o.lock
done
runs 3 from first "$site/second/linux-64::x"
runs 4 from first "$site/third::x"
err_has third

# Every key of a spec chooses among the builds of one version; the last is preferred by nobody's leave.
mkdir -p "$site/keys/noarch" "$site/keys/linux-64"
printf '{"packages.conda": {"k-1-a_0.conda": {"name": "k", "version": "1", "build": "a_0", "build_number": 0,
	"size": 10, "sha256": "%064d", "md5": "%032d", "license": "MIT", "license_family": "MIT"}}}' 1 1 \
	>"$site/keys/noarch/repodata.json"
printf '{"packages": {"k-1-b_1.tar.bz2": {"name": "k", "version": "1", "build": "b_1", "build_number": 1, "size": 10,
	"sha256": "%064d", "md5": "%032d", "license": "GPL-3.0-or-later", "flags": ["blas:mkl", "mpi"]}},
	"packages.conda": {"k-1-c_2.conda": {"name": "k", "version": "1", "build": "c_2", "build_number": 2, "size": 10,
	"sha256": "%064d", "md5": "%032d", "license": "BSD-3-Clause", "license_family": "BSD",
	"track_features": "slow odd"}}}' 2 2 3 3 >"$site/keys/linux-64/repodata.json"
# picks BUILD SPEC...
picks() {
	wanted=$1
	shift
	for spec; do
		runs 0 from keys "$spec"
		has o.lock "build: $wanted"
		runs 0 lockenv check o.lock
		runs 0 lockenv solve --locked -o o.lock
	done
}
picks b_1 k 'k 1' 'k=1=b_1' 'k[build=B*]' 'k[build="^b_[0-9]$"]' 'k[build_number=1]' 'k[build_number=">=1"]' \
	'k[build_number="!=0"]' 'k[build_number="<2"]' 'k[subdir=linux-64]' "*/linux-64::k" 'k[fn=k-1-b_1.tar.bz2]' \
	'k[license="gpl-*"]' 'k[flags=mpi]' "k[flags=['blas:*', mpi]]" "$site/keys/linux-64::k" \
	'k[md5=00000000000000000000000000000002]' \
	'k[sha256=0000000000000000000000000000000000000000000000000000000000000002]'
picks a_0 'k[build_number=0]' 'k[build_number="<=0"]' 'k[build_number="<1"]' 'k[subdir=noarch]' 'k[license=mit]' \
	'k[license_family=MIT]' "*/noarch::k" 'k[fn=k-1-a_0.conda]' 'k[md5=00000000000000000000000000000001]'
picks c_2 'k[track_features=slow]' "k[track_features='odd slow']" 'k[build_number=">1"]' 'k[license_family="B*D"]' \
	'k[license="^BSD-[0-9]-.*$"]'
for spec in 'k[md5=00000000000000000000000000000009]' 'k[subdir=osx-64]' 'k[license=none]' 'k[track_features=fast]' \
	'k[flags=rocm]' 'k[build_number=">2"]' 'k[fn=k-1-a_0.tar.bz2]'; do
	runs 3 from keys "$spec"
	err_has "k["
done
for spec in 'k[md5=1]' 'k[build_number=x]' 'k[flags="A"]' 'k[color=red]' 'k[]' 'k[build=a][build=b]' '*[license=MIT]' 'slow@'; do
	runs 2 from keys "$spec"
done

# A licence of several lines is locked as one.
mkdir -p "$site/lines/noarch"
printf '{"packages.conda": {"l-1-0.conda": {"name": "l", "version": "1", "build": "0", "build_number": 0, "size": 10,
	"sha256": "%064d", "license": "MIT\\nAND GPL\\n"}}}' 1 >"$site/lines/noarch/repodata.json"
runs 0 from lines l
has o.lock 'license: MIT AND GPL'
runs 0 lockenv solve --locked -o o.lock

#!/bin/sh
# A channel that gives no sha256: archives are fetched and hashed; offline such records are left out.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
site=$scratch/site
mkdir -p "$site/c/noarch" "$site/c/linux-64"
printf '{}' >"$site/c/linux-64/repodata.json"

# record NAME VERSION SHA256: one with the md5 of its archive, and a sha256 or none.
record() {
	printf archive >"$site/c/noarch/$1-$2-0.conda"
	printf '"%s-%s-0.conda": {"name": "%s", "version": "%s", "build": "0", "build_number": 0,' "$1" "$2" "$1" "$2"
	printf ' "depends": [], "md5": "%s", "size": 7%s}' "$(printf archive | md5sum | cut -c 1-32)" "$3"
}
sum=$(printf archive | sha256sum | cut -c 1-64)
{
	printf '{"packages.conda": {'
	record x 1 ", \"sha256\": \"$sum\""
	printf ', '
	record x 2 ''
	printf ', '
	record y 1 ''
	printf '}}'
} >"$site/c/noarch/repodata.json"
serve "$site"
ask() {
	code=$1
	shift
	runs "$code" lockenv solve --override-channels -c "$url/c" --platform linux-64 "$@"
}

ask 0 x -o online.lock
err_has "hashing 'x-2-0.conda'"
has online.lock x-2-0.conda
has online.lock "$sum"
unserve

# The best of those that have one; where there is none it is told.
ask 0 --offline x -o offline.lock
has offline.lock x-1-0.conda
ask 3 --offline y -o none.lock
err_has 'the channel gives no sha256 of y 1 0, and offline nothing can be fetched'
absent none.lock
# What is locked has its hash.
cp online.lock kept.lock
ask 0 --offline x -o kept.lock
same kept.lock online.lock

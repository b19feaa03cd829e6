#!/bin/sh
# debug compare and debug match answer the vectors from standard input.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
vectors=$root/tests/data/vectors
tab=$(printf '\t')

cut -f1,2 "$vectors/version_order.txt" | lockenv debug compare >answers
cut -f3 "$vectors/version_order.txt" >expected
same answers expected
[ "$(wc -l <answers)" -gt 50 ] || fail 'too few versions compared'

# The other way round the answers turn.
awk -F'\t' '{ print $2 "\t" $1 }' "$vectors/version_order.txt" | lockenv debug compare | tr '<>' '><' >answers
same answers expected

cut -f1,2 "$vectors/matchspec_match.txt" | lockenv debug match >answers
cut -f3 "$vectors/matchspec_match.txt" >expected
same answers expected
[ "$(wc -l <answers)" -gt 40 ] || fail 'too few specs matched'

# A version with a dash cannot stand in name-version-build.
grep -v "${tab}[^$tab]*-[^$tab]*$tab" "$vectors/version_spec_match.txt" >specs
awk -F'\t' '{ print "foo " $1 "\tfoo-" $2 "-0" }' specs | lockenv debug match >answers
cut -f3 specs >expected
same answers expected

fed() {
	printf '%s\n' "$2" >input
	last="lockenv debug $1 <input ($2)"
	code=0
	lockenv debug "$1" <input >"$out" 2>"$err" || code=$?
	is 2 "$code"
	check_failure
}
while IFS= read -r version; do
	fed compare "1.0${tab}$version"
done <"$vectors/version_invalid.txt"
while IFS= read -r spec; do
	fed match "$spec${tab}foo-1.0-0"
done <"$vectors/matchspec_invalid.txt"
# The line is named.
fed compare "1.0${tab}1.0
1.0${tab}1..0"
err_has 'stdin:2'
fed compare '1.0'
fed match 'foo'

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
# A bad line is named, answered so that answers stay beside their questions, and does not end the batch.
fed compare "1.0${tab}1.0
1.0${tab}1..0
1${tab}2
1${tab}2${tab}3"
out_is "$(printf '=\nerror\n<\nerror')"
err_has 'warning: stdin:2:7: bad version'
err_has 'warning: stdin:4:4: a second tab'
err_has '2 of 4 lines could not be read'
fed compare '1.0'
fed match 'foo'

# Hostile lines: NUL, bytes that are no UTF-8, a megabyte, deep nesting, no newline at the end.
{
	printf 'a\000b >=1\tfoo-1-0\nfoo \377\tfoo-1-0\n'
	awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "1"; print "\tfoo-1-0" }'
	awk 'BEGIN { printf "foo "; for (i = 0; i < 100; i++) printf "("; print "1\tfoo-1-0" }'
	printf 'foo ^(1$\tfoo-1-0\n'
	# A match that would take for ever is given up.
	printf 'foo ^(1+)+[23]$\tfoo-1111111111111111111111111111111111111111-0\nfoo\tfoo-1-0'
} >input
last='lockenv debug match <input'
code=0
lockenv debug match <input >"$out" 2>"$err" || code=$?
is 2 "$code"
check_failure
out_is "$(printf 'error\nerror\nerror\nerror\nerror\nno\nyes')"
# Each answer comes as soon as its question.
mkfifo questions answers.pipe
lockenv debug compare <questions >answers.pipe &
exec 5>questions 6<answers.pipe
printf '1\t2\n' >&5
read -r answer <&6
is '<' "$answer"
printf '3\t2\n' >&5
read -r answer <&6
is '>' "$answer"
exec 5>&- 6<&-
wait

# What docs/specs.md shows is read.
# shellcheck disable=SC2016 # backquotes are Markdown's
sed -n '/^| spec /,/^$/p' "$root/docs/specs.md" | awk -F' [|] ' '{ print $1 }' | grep -o '`[^`]*`' | tr -d '`' |
	sed 's/\\|/|/g; s/#HASH//; /…/d' >shown
[ "$(wc -l <shown)" -gt 20 ] || fail 'docs/specs.md shows too few specs'
sed "s/\$/${tab}numpy-1.26.4-py312h1_0/" shown | lockenv debug match >answers
is 0 "$(grep -c error answers || true)"
[ "$(grep -c yes answers)" -gt 8 ] || fail 'the specs of docs/specs.md hardly match numpy 1.26.4'

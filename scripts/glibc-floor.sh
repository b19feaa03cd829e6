#!/bin/sh
# glibc-floor.sh VERSION PROGRAM...: would these start on a machine with that glibc and nothing else? What speaks
# against it goes to stdout; exit status 1 if anything does. By binutils' reading, not by ours.
set -eu
floor=$1
shift
failed=0

finding() {
	printf '%s: %s\n' "$program" "$1"
	failed=1
}

# newer_than A B: is version A beyond B?
newer_than() {
	[ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | tail -1)" = "$1" ]
}

for program; do
	dynamic=$(LC_ALL=C readelf -W -d "$program")
	headers=$(LC_ALL=C readelf -W -l "$program")
	versions=$(LC_ALL=C readelf -W -V "$program" | sed -n 's/.*Name: \([A-Z]*_[A-Za-z0-9.]*\).*/\1/p' | sort -u)
	case $headers in
	*'program interpreter: /lib64/ld-linux-x86-64.so.2'* | *'program interpreter: /lib/ld-linux-aarch64.so.1'*) ;;
	*) finding 'not started by glibc' ;;
	esac
	for library in $(printf '%s\n' "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'); do
		case $library in
		libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | ld-linux-aarch64.so.1) ;;
		*) finding "needs $library" ;;
		esac
	done
	[ -n "$versions" ] || finding 'names no version of glibc'
	for version in $versions; do
		case $version in
		GLIBC_[0-9]*) ! newer_than "${version#GLIBC_}" "$floor" || finding "needs $version" ;;
		*) finding "needs $version" ;;
		esac
	done
	# glibc before 2.36 does not know packed relocations, and runs no constructor of a program that leaves that
	# to glibc 2.34; the one that the compiler puts into every program does nothing.
	case $dynamic in
	*'(RELR)'*) finding 'has packed relocations' ;;
	esac
	case $dynamic in
	*'(RPATH)'* | *'(RUNPATH)'*) finding 'looks for libraries in places of its own' ;;
	esac
	size=$(printf '%s\n' "$dynamic" | sed -n 's/.*(INIT_ARRAYSZ) *\([0-9]*\) .*/\1/p')
	[ "${size:-0}" -le 8 ] || finding 'has constructors'
done
exit "$failed"

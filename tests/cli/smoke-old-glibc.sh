#!/bin/sh
# lockenv-smoke starts wherever glibc is 2.17 or newer; what would end that is seen here and by the linker.
built=${LOCKENV_OLD_GLIBC:-}
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
[ "$built" = ON ] || skip 'this build is for this machine alone'
command -v cc >/dev/null || skip 'no compiler here'
floor=$root/scripts/glibc-floor.sh

runs 0 sh "$floor" 2.17 "$bin/lockenv-smoke"
out_is ''
runs 0 env LD_BIND_NOW=1 lockenv-smoke --require reference
arm=$bin/../libexec/lockenv/linux-aarch64/lockenv-smoke
if [ -x "$arm" ]; then
	runs 0 sh "$floor" 2.17 "$arm"
	out_is ''
else
	part "no lockenv-smoke for arm64: './dev build arm64' makes it"
fi

# It does use what came with 2.17, and an ordinary program of this machine needs more.
runs 1 sh "$floor" 2.16 "$bin/lockenv-smoke"
out_is "$bin/lockenv-smoke: needs GLIBC_2.17"
cat >late.c <<'LATE'
#include <unistd.h>
static char bytes[1];
__attribute__((constructor)) static void early(void) { bytes[0]++; }
int main(void) { return getentropy(bytes, sizeof(bytes)); }
LATE
cc -o late late.c -Wl,-rpath,/opt/lib
runs 1 sh "$floor" 2.17 late
out_has 'late: needs GLIBC_2.25'
out_has 'late: looks for libraries in places of its own'
out_has 'late: has constructors'
runs 1 sh "$floor" 2.17 "$bin/lockenv"
out_has 'needs libsolv.so'
runs 1 sh "$floor" 2.17 "$bin/lockenv-install"
out_has 'not started by glibc'

# The linker knows nothing newer: this is what adding such a call to lockenv-smoke ends with.
link() {
	cc -nodefaultlibs -o linked "$1" "$bin"/../smoke/old_glibc/*.stand-in
}
printf 'int getpid(void);\nint main(void) { return getpid() < 0; }\n' >early.c
runs 0 link early.c
runs 0 sh "$floor" 2.17 linked
runs 0 ./linked
! link late.c 2>"$err" || fail 'a newer symbol was linked'
err_has 'getentropy'

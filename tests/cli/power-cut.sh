#!/bin/sh
# What a loss of power may leave in the cache: zeros under a file's size and time, in trees and archives.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q hello -o env.lock
lockenv fetch -q env.lock
mkdir -p keep/archives
cp "$LOCKENV_CACHE"/archives/* keep/archives/
runs 0 lockenv install env.lock -p env
whole=$(digest env)
tree=$(find "$LOCKENV_CACHE/trees" -maxdepth 1 -name 'hello-2.0*')

# zeros FILE: its bytes go; its size, mode and time stay.
zeros() {
	"$python" - "$1" <<'PY'
import os, sys
status = os.stat(sys.argv[1])
os.chmod(sys.argv[1], 0o644)
with open(sys.argv[1], "r+b") as file:
    file.write(bytes(status.st_size))
os.chmod(sys.argv[1], status.st_mode)
os.utime(sys.argv[1], ns=(status.st_mtime_ns, status.st_mtime_ns))
PY
}

# An install has synced the trees that it leaves; then they need not be hashed again.
for seal in "$LOCKENV_CACHE"/trees/*/.lockenv-seal; do
	is "$(stat -c %Y "$seal")" 0
done
# One that nobody has synced is hashed; what is damaged is made again.
rm -rf env
zeros "$(find "$tree" -type f -path '*/share/*' | head -n 1)"
touch "$tree/.lockenv-seal"
runs 0 lockenv install env.lock -p env
err_has "the tree of 'hello-2.0-h0_0.conda' in the cache was damaged"
err_has 'has other bytes (sha256)'
is "$(digest env)" "$whole"
is "$(stat -c %Y "$tree/.lockenv-seal")" 0
# By symlinks the environment is in the trees.
rm -rf env "$LOCKENV_CACHE/trees"
runs 0 lockenv install env.lock -p env --link symlink
is "$(stat -c %Y "$tree/.lockenv-seal")" 0

# A damaged archive is taken anew from where there is a good one.
rm -rf env "$LOCKENV_CACHE/trees"
for archive in "$LOCKENV_CACHE"/archives/*; do
	zeros "$archive"
done
runs 0 lockenv install env.lock -p env --from keep
err_has ': taken anew'
is "$(digest env)" "$whole"
runs 0 lockenv cache verify
# Where there is none it is told as before.
rm -rf env "$LOCKENV_CACHE/trees"
for archive in "$LOCKENV_CACHE"/archives/*; do
	zeros "$archive"
done
mkdir empty
runs 5 lockenv install env.lock -p env --from empty
err_has "'lockenv fetch' gets it again"
absent env

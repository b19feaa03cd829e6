#!/bin/sh
# solve: pins bound what is chosen without asking for it; from --pin, the lock or .condarc.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

printf 'channels: []\npinned_packages:\n- greeting <1.5\n- oldtool 7.*\n' >"$LOCKENV_CONFIG"
runs 0 solve hello -o env.lock
has env.lock 'greeting-1.4-'
has env.lock '- greeting <1.5'
has env.lock '- oldtool 7.*'
[ "$(grep -c 'from: ' env.lock)" -eq 2 ] || fail 'a pin asked for a package'
runs 0 lockenv check env.lock
runs 3 solve hello oldtool -o bad.lock
err_has 'oldtool 7.*'
absent bad.lock

# The lock keeps its pins where no .condarc says so any more, and they are the lock's, not this machine's.
printf 'channels: []\n' >"$LOCKENV_CONFIG"
cp env.lock kept.lock
runs 0 solve hello -o env.lock
err_has 'env.lock is up to date'
runs 0 solve --update-all hello -o env.lock
same env.lock kept.lock
printf 'channels: []\npinned_packages: [hello 1.*]\n' >"$LOCKENV_CONFIG"
runs 0 solve --update-all hello -o env.lock
same env.lock kept.lock
printf 'channels: []\n' >"$LOCKENV_CONFIG"

# --pin stands for the lock's and .condarc's; none drops all.
runs 0 solve --pin 'hello 1.*' hello -o env.lock
has env.lock 'hello-1.1-'
has env.lock '- hello 1.*'
is 0 "$(grep -c 'greeting <1.5' env.lock || true)"
runs 0 solve --pin none --update-all hello -o env.lock
is 0 "$(grep -c 'pins:' env.lock || true)"
has env.lock 'hello-2.0-'
has env.lock 'greeting-1.5-'

# A bare name holds what is locked, whatever is to be updated.
runs 0 solve --pin none --exclude-newer 2021-01-01 hello -o old.lock
sed '/^exclude-newer/d' old.lock >bare.lock
runs 0 solve --pin greeting --update-all hello -o bare.lock
has bare.lock 'greeting-1.4-'
has bare.lock 'hello-2.0-'
has bare.lock '- greeting'
runs 0 solve --update-all hello -o bare.lock
has bare.lock 'greeting-1.4-'
# Where nothing is locked it has nothing to hold.
runs 0 solve --pin greeting hello -o fresh.lock
has fresh.lock 'greeting-1.5-'

# Bad ones.
runs 2 solve --pin 'hello >=' hello -o bad.lock
err_has "a pin: bad version spec"
runs 2 solve --pin '*' hello -o bad.lock
err_has "the pin '*' cannot be kept"
runs 2 solve --pin '' hello -o bad.lock
printf 'channels: []\npinned_packages: [hello >=]\n' >"$LOCKENV_CONFIG"
runs 2 solve hello -o bad.lock
err_has 'a pin: '
printf 'channels: []\npinned_packages: {hello: 1}\n' >"$LOCKENV_CONFIG"
runs 2 solve hello -o bad.lock
err_has "condarc:2:"
absent bad.lock

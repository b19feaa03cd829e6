#!/bin/sh
# What a command does not need is not loaded: libcurl comes with the first transfer, and is missed only then.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
mkdir broken
echo 'no library' >broken/libcurl.so.4
LD_LIBRARY_PATH=$PWD/broken
export LD_LIBRARY_PATH

runs 0 lockenv --version
runs 0 solve hello -o env.lock
runs 0 lockenv check env.lock
runs 0 lockenv diff env.lock env.lock
runs 0 lockenv install --fetch env.lock -p prefix
runs 4 lockenv search --override-channels -c http://127.0.0.1:9/channel hello
err_has 'cannot load libcurl.so.4, which transfers need: '
err_has 'hint: install libcurl'

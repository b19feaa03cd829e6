#!/bin/sh
# cli-channels.sh BIN OUT: the channels of the command-line tests, packed once for a build.
#     OUT/test    fixtures/test: tiny packages
#     OUT/demo/*  fixtures/channels: with a python that runs
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$2"
rm -rf "$2/test"
"$1/mkchannel" --out "$2/test" "$root"/fixtures/test/*.yml
sh "$root/scripts/fixture-channel.sh" "$1" "$2/demo"

#!/bin/sh
# search: what channels have; whole and in shards, offline, by name, pattern and spec.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
site=$scratch/site
mkdir -p "$site"

# Two channels: x in four versions and several builds, y beside it; the second has x too.
"$python" - "$site" <<'PYTHON'
import json, os, sys

def put(channel, subdir, *records):
    os.makedirs(f'{sys.argv[1]}/{channel}/{subdir}', exist_ok=True)
    repodata = {'info': {'subdir': subdir}, 'packages': {}, 'packages.conda': {}}
    for name, version, build, number, kind, more in records:
        fn = f'{name}-{version}-{build}.{kind}'
        repodata['packages' if kind == 'tar.bz2' else 'packages.conda'][fn] = {
            'name': name, 'version': version, 'build': build, 'build_number': number, 'size': 1000 + number,
            'sha256': f'{len(fn):064}', 'md5': f'{len(fn):032}', 'depends': [], 'subdir': subdir, **more}
    with open(f'{sys.argv[1]}/{channel}/{subdir}/repodata.json', 'w') as out:
        json.dump(repodata, out)

day = 86400000
put('one', 'linux-64',
    ('x', '1.9', '0', 0, 'tar.bz2', {'timestamp': 15000 * day}),
    ('x', '1.10', 'a_0', 0, 'tar.bz2', {'timestamp': 16000 * day}),
    ('x', '1.10', 'a_0', 0, 'conda', {'timestamp': 16001 * day}),
    ('x', '1.10', 'b_1', 1, 'conda', {'timestamp': 16002 * day, 'license': 'MIT'}),
    ('x', '2.0', 'c_0', 0, 'conda', {'timestamp': 1500000000, 'depends': ['y >=1', '__glibc >=2.17'],
                                     'constrains': ['z <0a0'], 'license': 'BSD-3-Clause', 'license_family': 'BSD',
                                     'track_features': 'one two', 'flags': ['gpu'], 'extra_depends': {'more': ['y 2']}}),
    ('x-tools', '3', '0', 0, 'conda', {'timestamp': 2 ** 62}))
put('one', 'noarch', ('y', '1', 'py_0', 0, 'conda', {'noarch': 'python'}), ('x', '2.0', 'py_0', 0, 'conda', {'noarch': 'generic'}))
put('two', 'linux-64', ('x', '2.0', 'd_5', 5, 'conda', {'timestamp': 17000 * day}))
put('two', 'linux-aarch64', ('x', '4', '0', 0, 'conda', {}))
put('two', 'noarch')
put('evil', 'noarch', ('e', '1', 'b', 0, 'conda', {'license': 'MIT\x1b[31m\u202e', 'depends': ['x\x1b]0;t\x07']}))
PYTHON

# look CHANNELS ARGUMENT...
look() {
	at=
	for channel in $1; do
		at="$at -c $site/$channel"
	done
	shift
	# shellcheck disable=SC2086 # words
	lockenv search --override-channels $at --platform linux-64 "$@"
}

runs 0 look one x
golden search
cp "$out" found
runs 0 env LC_ALL=C TZ=Asia/Tokyo COLUMNS=20 lockenv search --override-channels -c "$site/one" --platform linux-64 X --color always
same "$out" found
runs 0 look 'one two' x
golden search-two
runs 0 look one x --all
golden search-all
runs 0 look 'one two' '*x*'
golden search-glob
runs 0 look one 'x 2.0 c_0'
golden search-one
runs 0 look one x --info
out_has 'x 2.0 py_0'
is 1 "$(grep -c '^x ' "$out")"
runs 0 look one x --info --all
is 5 "$(grep -c '^x ' "$out")"
runs 0 look 'one two' 'x >=1.10' --json
json '[(p["version"], p["build"], p["channel"], p["fn"][-5:]) for p in d["packages"]]' \
	"[('2.0', 'd_5', 'two', 'conda'), ('2.0', 'py_0', 'one', 'conda'), ('2.0', 'c_0', 'one', 'conda'), ('1.10', 'b_1', 'one', 'conda'), ('1.10', 'a_0', 'one', 'conda'), ('1.10', 'a_0', 'one', 'r.bz2')]"
json 'd["spec"], [c["name"] for c in d["channels"]], d["platforms"]' "('x >=1.10', ['one', 'two'], ['linux-64', 'noarch'])"
json 'sorted(d["packages"][2])' "['build', 'build_number', 'channel', 'constrains', 'depends', 'extra_depends', 'flags', 'fn', 'license', 'license_family', 'md5', 'name', 'sha256', 'size', 'subdir', 'timestamp', 'track_features', 'url', 'version']"
json 'd["packages"][2]["timestamp"], d["packages"][2]["track_features"]' "(1500000000000, ['one', 'two'])"

# A channel that the spec names stands alone; one that it names beside others filters.
runs 0 lockenv search "$site/two::x" --platform linux-64
out_has d_5
runs 0 look 'one two' 'two::x' --json
json '[p["build"] for p in d["packages"]]' "['d_5']"
runs 0 lockenv search --override-channels -c "$site/two" 'x[subdir=linux-aarch64]'
out_has 'subdir      linux-aarch64'
runs 0 look two x --platform linux-aarch64 --json
json '[p["version"] for p in d["packages"]]' "['4', '2.0']"
# The configuration's channels, when none is given.
printf 'channels: [%s/two]\n' "$site" >"$LOCKENV_CONFIG"
runs 0 lockenv search x --platform linux-64
out_has d_5
runs 0 lockenv search y -c "$site/one" --platform linux-64
printf 'channels: []\n' >"$LOCKENV_CONFIG"

# Nothing found is 1; what cannot be asked is 2.
runs 1 look one xx-tols
err_has "no package 'xx-tols' in one for linux-64, noarch"
err_has 'near it: x-tools'
runs 1 look one 'x >=3'
err_has "one has x 1.9 to 2.0 for linux-64, noarch, but none that 'x >=3' matches"
runs 1 look 'one two' 'q*'
err_has "nothing in one, two for linux-64, noarch matches 'q*'"
runs 1 look one q --json
json 'd["error"]["code"], d["error"]["kind"]' "(1, 'finding')"
runs 1 look one __cuda
err_has 'is virtual'
runs 2 look one 'x >=='
runs 2 look one "file://$site/one/linux-64/x-2.0-c_0.conda"
runs 2 lockenv search
runs 2 lockenv search x --override-channels
runs 2 look one x --platform 'no platform'

# Text of channels is data.
for option in --info --all --json; do
	runs 0 look evil 'e*' "$option"
	! grep -q "$(printf '\033\|\007')" "$out" || fail 'control characters in the output'
done
runs 0 look evil e
out_has 'MIT\x1b[31m\u{202e}'

# Shards give the same, and over a web server only those that are asked for; offline from the cache.
cp -r "$site" "$scratch/shards"
for subdir in "$scratch"/shards/*/*; do
	mkshards "$subdir" >/dev/null
	rm "$subdir/repodata.json"
done
whole=$site
for spec in x '*x*' 'x >=1.10' '*'; do
	for option in --all --info --json; do
		site=$whole
		runs 0 look 'one two' "$spec" "$option"
		sed 's|/site/|/shards/|g' "$out" >expected
		site=$scratch/shards
		runs 0 look 'one two' "$spec" "$option"
		same "$out" expected
	done
done
if [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null; then
	serve "$scratch"
	site=$url/shards
	runs 0 look one x
	same "$out" found
	unserve # nginx notes a request after it has answered: now all are noted
	is 2 "$(grep -c 'GET /shards/one/.*/shards/' "$scratch/nginx/access.log")"
	runs 0 look one x --offline
	same "$out" found
	runs 6 look one y --offline
	runs 6 look two x --offline
else
	part 'no nginx'
fi

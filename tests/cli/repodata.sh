#!/bin/sh
# Repodata as channels serve it: broken records, broken files, base_url, revision 3.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
channel=$scratch/channel
file=$channel/noarch/repodata.json
mkdir -p "$channel/noarch"

# from OPTION...: solves anew from that channel alone.
from() {
	rm -f a.lock
	lockenv solve --override-channels -c "$channel" --platform linux-64 --glibc 2.28 "$@"
}
# record NAME VERSION [MEMBERS]: a member of a map of records.
record() {
	printf '"%s-%s-0%s": {"name": "%s", "version": "%s", "build": "0", "build_number": 0,
		"sha256": "%064d", "size": 10%s}' "$1" "$2" "${ending-.conda}" "$1" "$2" 1 "${3:+, $3}"
}

# Broken records are counted, and listed on request; the others serve.
printf '{"packages.conda": {\n%s,\n"b-1-0.conda": {"name": "b", "version": 1},\n"../c-1-0.conda": {},\n%s}}' \
	"$(record a 1)" "$(record a 2 '"md5": "short"')" >"$file"
runs 0 from a -o a.lock
err_has "warning: '$file': 3 broken records are left out (-v lists them)"
err_lacks "'b-1-0.conda'"
has a.lock 'a-1-0.conda'
runs 0 from -v a -o a.lock
err_has "$file: byte $(grep -b -o '{"name": "b"' "$file" | cut -d: -f1): 'b-1-0.conda': no 'version'"
err_has "'../c-1-0.conda': not the file name of a package"
err_has "'a-2-0.conda': bad 'md5'"
runs 3 from b -o b.lock

# A broken file is an error that says where.
printf '{"packages": {\n"a": tru}}' >"$file"
runs 4 from a -o none.lock
err_has "$file:2:9: repodata of channel 'channel': expected a value (byte 23)"
absent none.lock
printf '{"packages": {"a\377": {}}}' >"$file"
runs 4 from a -o none.lock
err_has 'text is not UTF-8 (byte 16)'
printf '{"packages": {' >"$file"
runs 4 from a -o none.lock
err_has 'the text ends in the middle (byte 14)'

# Version 2: packages lie elsewhere.
printf '{"info": {"base_url": "https://example.org/files"}, "repodata_version": 2,
	"packages": {%s}}' "$(ending=.tar.bz2 record a 1)" >"$file"
runs 0 from a -o a.lock
has a.lock https://example.org/files/a-1-0.tar.bz2
printf '{"info": {"base_url": "/elsewhere"}, "packages": {%s}}' "$(record a 1)" >"$file"
runs 0 from a -o a.lock
has a.lock file:///elsewhere/a-1-0.conda
printf '{"repodata_version": 3}' >"$file"
runs 4 from a -o none.lock
err_has 'a repodata version that this lockenv cannot read'

# Removed files are not offered. Of two archives of a distribution the .conda is, unless a date rules it out.
printf '{"packages": {%s, %s}, "packages.conda": {%s, %s}, "removed": ["a-2-0.conda", "a-2-0.tar.bz2"]}' \
	"$(ending=.tar.bz2 record a 1 '"timestamp": 1600000000000')" "$(ending=.tar.bz2 record a 2)" \
	"$(record a 1 '"timestamp": 1600000000, "indexed_timestamp": 1700000000000')" "$(record a 2)" >"$file"
runs 0 from a -o a.lock
has a.lock a-1-0.conda
runs 0 from --exclude-newer 2022-01-01 a -o old.lock
has old.lock a-1-0.tar.bz2
runs 3 from --exclude-newer 2020-01-01 a -o none.lock

# Revision 3: conditions, extras and flags hold; wheels are known but not taken; what is newer is passed over.
ending=
printf '{"packages.conda": {%s}, "v3": {"conda": {%s, %s, %s}, "whl": {%s, %s}, "zip": {}}, "v4": {}}' \
	"$(ending=.conda record p 1)" \
	"$(record a 1 '"depends": ["p[version=1,build_number=0,when=__linux]", "q[when=\"__osx\"]"], "extra_depends": {"more": ["f[flags=[fast]]"]}')" \
	"$(record f 1 '"flags": ["fast"]')" "$(record f 2 '"flags": ["slow"]')" \
	"$(record w 1 '"url": "w.whl"')" "$(record a 9 '"url": "a.whl"')" >"$file"
runs 0 from a -o a.lock
is "$(grep -c '  - name:' a.lock)" 2
has a.lock p-1-0.conda
has a.lock a-1-0.conda
runs 0 from -vv 'a[extras=[more]]' -o a.lock
has a.lock f-1-0.conda
err_has "archives of the kind 'zip' are not known"
err_has "records of the revision 'v4' are not known"
err_has '2 wheels cannot be installed by this version'
err_has "'a-9-0.whl' is a wheel"
runs 3 from w -o none.lock
err_has "'w-1-0.whl' is a wheel, which this version cannot install"

# Another file first, on request: repodata.json where that is not enough. What has no such file uses the usual one.
printf '{"packages.conda": {%s, %s}}' "$(ending=.conda record a 1)" "$(ending=.conda record a 2)" >"$file"
printf '{"packages.conda": {%s}}' "$(ending=.conda record a 2)" >"$channel/noarch/current_repodata.json"
runs 0 from -v --repodata-fn current_repodata.json a -o a.lock
has a.lock a-2-0.conda
err_lacks 'trying repodata.json'
runs 0 from --repodata-fn current_repodata.json 'a <2' -o a.lock
has a.lock a-1-0.conda
err_has 'not solved with current_repodata.json'
err_has 'trying repodata.json'
runs 3 from --repodata-fn current_repodata.json 'a >2' -o none.lock
printf '{' >"$channel/noarch/current_repodata.json"
printf 'repodata_fns: [current_repodata.json, repodata.json]\n' >"$LOCKENV_CONFIG"
runs 4 from a -o none.lock
err_has "$channel/noarch/current_repodata.json"
rm "$channel/noarch/current_repodata.json"
runs 0 from a -o a.lock
err_has "channel 'channel' has no current_repodata.json"
runs 2 from --repodata-fn ../x.json a -o none.lock
runs 2 from --repodata-fn repodata a -o none.lock
printf 'channels: []\n' >"$LOCKENV_CONFIG"

# __cuda_arch (CEP 46) is there beside __cuda alone.
printf '{"packages.conda": {%s, %s}}' \
	"$(ending=.conda record g 1)" "$(ending=.conda record g 2 '"depends": ["__cuda_arch >=8.0"]')" >"$file"
runs 0 from --cuda 12.6 --cuda-arch 9.0 g -o a.lock
has a.lock g-2-0.conda
has a.lock '__cuda_arch: 9.0=0'
runs 0 from --cuda 12.6 --cuda-arch 7.5 g -o a.lock
has a.lock g-1-0.conda
runs 0 from --cuda 12.6 g -o a.lock
has a.lock g-1-0.conda
runs 2 from --cuda-arch 9.0 g -o none.lock
err_has '__cuda'
runs 2 from --cuda 12.6 --cuda-arch 9.0a g -o none.lock
runs 0 env CONDA_OVERRIDE_CUDA_ARCH=9.0 lockenv solve --override-channels -c "$channel" --platform linux-64 g -o env1.lock
has env1.lock g-1-0.conda
runs 0 env CONDA_OVERRIDE_CUDA=12.6 CONDA_OVERRIDE_CUDA_ARCH=9.0 \
	lockenv solve --override-channels -c "$channel" --platform linux-64 g -o env2.lock
has env2.lock g-2-0.conda

# Records that depend on themselves or in a circle, and dependencies without measure: used or refused, never a crash.
"$python" - "$file" <<'PY'
import json, sys

def record(name, *depends):
    return {"name": name, "version": "1", "build": "0", "build_number": 0, "size": 1, "depends": list(depends),
            "sha256": "%064d" % 1}

deep = 1 << 16
records = [
    record("self", "self >=1"), record("round", "about"), record("about", "round"),
    record("long", "a" * (1 << 20)), record("digits", "a >=" + "9" * (1 << 20)),
    record("parts", "a " + "1." * deep + "1"), record("brackets", "a " + "(" * deep + "1" + ")" * deep),
    record("when", 'a[when="' + "(" * deep + "a" + ")" * deep + '"]'),
    record("globs", "a *" + "*a" * deep), record("regex", "a ^" + "(a*)*" * 999 + "$"),
    record("many", *["a"] * deep), record("a"),
]
with open(sys.argv[1], "w") as out:
    json.dump({"packages.conda": {"%s-1-0.conda" % r["name"]: r for r in records}}, out)
PY
for name in self round many; do
	runs 0 from "$name" -o a.lock
done
for name in long digits parts brackets when globs regex; do
	runs 3 from "$name" -o none.lock
	err_has "'$name' cannot be had"
done

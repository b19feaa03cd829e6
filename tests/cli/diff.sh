#!/bin/sh
# diff: text, --stat, JSON, exit codes, REV:PATH of a git repository.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q --cuda 12.6 hello gpu-app -o new.lock

runs 0 lockenv diff old.lock old.lock
out_is 'no difference'
runs 1 lockenv diff old.lock new.lock
# The sizes of the archives are those of the packing library at hand.
sed -E '/^ +linux-64/s/[0-9.]+ .*/SIZES/; s/[+-][0-9.]+ (B|kB)//; s/ +/ /g; s/ $//' "$out" \
	>"$scratch/out2"
mv "$scratch/out2" "$out"
golden diff
runs 1 lockenv diff --stat old.lock new.lock
out_has 'removed 1, licence changed 1'
out_has 'minor upgrade 1, added 1'
out_lacks oldtool
runs 1 lockenv diff --platform linux-64 old.lock new.lock
runs 2 lockenv diff --platform win-64 old.lock new.lock
err_has "neither lock has a platform 'win-64'"
runs 2 lockenv diff old.lock none.lock
err_has 'none.lock'

runs 1 lockenv diff --json old.lock new.lock
json 'd["same"], len(d["platforms"])' '(False, 1)'
json 'sorted((p["name"], p["changes"][0]) for p in d["platforms"][0]["packages"])' \
	"[('gpu-app', 'added'), ('greeting', 'upgraded-minor'), ('hello', 'license-changed'), ('oldtool', 'removed')]"
cp "$out" "$scratch/json"
runs 1 lockenv diff --format json old.lock new.lock
same "$out" "$scratch/json"
runs 0 lockenv diff --json new.lock new.lock
json 'd["same"]' True

# The most dangerous change of all: the same version with another hash.
digit=$(sed -n 's/^      sha256: \(.\).*/\1/p' old.lock | head -1)
[ "$digit" = 0 ] && other=1 || other=0
sed "0,/^      sha256: ./s//      sha256: $other/" old.lock >evil.lock
runs 1 lockenv diff old.lock evil.lock
out_has 'same version, other hash (1)'
out_has greeting

# Link scripts that appeared, as far as the cache knows; what it does not know is counted.
if ! command -v mkchannel >/dev/null; then
	part 'mkchannel is not built'
else
	cat >hooks.yml <<-'END'
	packages:
	- {name: hooked, version: '1.0', build: h0_0, subdir: noarch, noarch: generic,
	   files: {share/hooked/one: one}}
	- {name: hooked, version: '1.1', build: h0_0, subdir: noarch, noarch: generic,
	   files: {bin/.hooked-post-link.sh: 'touch /tmp/x'}}
	END
	mkchannel --out hooks hooks.yml
	for version in 1.0 1.1; do
		lockenv solve -q --override-channels -c "file://$PWD/hooks" "hooked $version" -o "hooked-$version.lock"
	done
	runs 1 lockenv diff hooked-1.0.lock hooked-1.1.lock
	out_has 'link scripts not known of 1 archive that the cache does not have'
	out_lacks 'new link scripts'
	runs 1 lockenv diff --json hooked-1.0.lock hooked-1.1.lock
	json 'd["link_scripts_unknown"], d["platforms"][0]["packages"][0]["link_scripts"]' \
		"(1, {'from': None, 'to': None})"
	lockenv fetch -q hooked-1.1.lock
	runs 1 lockenv diff hooked-1.0.lock hooked-1.1.lock
	out_has 'new link scripts (1)'
	out_has 'whether the old one did'
	out_lacks 'not known of'
	lockenv fetch -q hooked-1.0.lock
	runs 1 lockenv diff hooked-1.0.lock hooked-1.1.lock
	out_has 'runs link scripts, the old one none'
	runs 1 lockenv diff --json hooked-1.0.lock hooked-1.1.lock
	json 'd["platforms"][0]["packages"][0]["changes"]' "['scripts-added', 'upgraded-minor']"
	runs 1 lockenv diff hooked-1.1.lock hooked-1.0.lock
	out_lacks 'link scripts'
	rm -r hooks
fi

# Control characters of a lock never reach a terminal.
sed 's/license: MIT/license: "M\\e[31mIT"/' old.lock >ansi.lock
runs 2 lockenv diff old.lock ansi.lock
err_has 'control character'
err_lacks "$(printf '\033')"

# Versions out of git.
if ! command -v git >/dev/null; then
	part 'no git here'
else
	export GIT_CONFIG_NOSYSTEM=1
	git init -q repo
	cd repo
	mkdir locks
	cp ../old.lock locks/env.lock
	git add .
	git -c user.name=a -c user.email=a@example.org commit -q -m one
	runs 0 lockenv diff HEAD:locks/env.lock locks/env.lock
	cp ../new.lock locks/env.lock
	runs 1 lockenv diff HEAD:locks/env.lock locks/env.lock
	cp "$out" "$scratch/here"
	cd locks
	runs 1 lockenv diff HEAD:./env.lock env.lock
	same "$out" "$scratch/here"
	runs 2 lockenv diff HEAD:no/env.lock env.lock
	err_has 'HEAD:no/env.lock'
	runs 2 lockenv diff nosuchrev:locks/env.lock env.lock
	runs 2 lockenv diff --output=/tmp/x:y env.lock
	runs 2 lockenv diff -- --output=x:y env.lock
	cd ../..
	runs 2 lockenv diff HEAD:locks/env.lock old.lock
fi

# One form at a time.
runs 2 lockenv diff --json --format markdown old.lock new.lock
json 'd["error"]["code"]' 2

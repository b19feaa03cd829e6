#!/bin/sh
# solve: packages named by their address, exactly these bytes with their own metadata; @EXPLICIT lists.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
noarch=$channels/test/noarch
old=greeting-1.4-h0_0.conda
sum() {
	"${1}sum" "$2" | cut -d' ' -f1
}
md5=$(sum md5 "$noarch/$old")
sha256=$(sum sha256 "$noarch/$old")
cp "$noarch/$old" .
cp "$channels/test/linux-64/hello-2.0-h0_0.conda" .

# A path, a bare file name, "~", a variable, a URL, a key: the same package and, but for the spelling, the same lock.
runs 0 solve hello "./$old" -o env.lock
has env.lock 'hello-2.0-'
has env.lock "from: area/noarch/$old"
has env.lock "url: file://$PWD/$old"
has env.lock "sha256: $sha256"
has env.lock "- greeting[url=file://$PWD/$old]"
runs 0 lockenv check env.lock
runs 0 solve hello "./$old" -o env.lock
err_has 'env.lock is up to date'
mkdir -p "$HOME/packages"
cp "$old" "$HOME/packages/"
i=0
for spec in "$old" "../area/$old" "$PWD/$old" "file://$PWD/$old" "greeting[url='./$old']" "./$old#$md5" \
	"./$old#$sha256" "./$old#sha256:$sha256" "greeting[url='./$old',sha256=$sha256]"; do
	i=$((i + 1))
	runs 0 solve hello "$spec" -o "same$i.lock"
	sed '/^    - .*greeting/d; /^      md5:/d' "same$i.lock" >"$scratch/a"
	sed '/^    - .*greeting/d; /^      md5:/d' env.lock >"$scratch/b"
	same "$scratch/a" "$scratch/b"
done
# shellcheck disable=SC2016,SC2088 # lockenv expands them
for spec in '~/packages/' '$HOME/packages/' '${HOME}/packages/' '$HOME/./packages//'; do
	rm -f home.lock
	runs 0 solve hello "$spec$old" -o home.lock
	has home.lock "url: file://$HOME/packages/$old"
done

# It is installed like any other.
runs 0 lockenv fetch env.lock
runs 0 lockenv install env.lock -p "$PWD/prefix"
has prefix/share/greeting/plain.txt hello
is 0 "$(grep -c world prefix/share/greeting/plain.txt || true)"
# One from a channel of the lock needs no address of its own.
runs 0 solve hello "$test_channel/noarch/$old" -o within.lock
has within.lock "from: test/noarch/$old"
is 0 "$(grep -c '  url: .*conda$' within.lock || true)"

# Its own metadata counts, whatever a channel says of it, and no channel's priority is asked.
cp -r "$channels/test" patched
"$python" - <<'PY'
import json
path = "patched/linux-64/repodata.json"
data = json.load(open(path))
data["packages.conda"]["hello-2.0-h0_0.conda"]["depends"] = ["no-such-thing"]
json.dump(data, open(path, "w"))
PY
rm -f patched/linux-64/repodata.json.zst
patched() {
	lockenv solve --override-channels --platform linux-64 --glibc 2.28 "$@"
}
runs 3 patched -c ./patched 'hello 2.*' -o bad.lock
runs 0 patched -c ./patched "file://$PWD/patched/linux-64/hello-2.0-h0_0.conda" -o own.lock
has own.lock 'from: patched/linux-64/hello-2.0-h0_0.conda'
has own.lock '- greeting >=1'
for priority in strict flexible disabled; do
	rm -f low.lock
	runs 0 patched -c ./patched -c "$test_channel" --channel-priority $priority \
		"$test_channel/linux-64/hello-1.0-h0_0.conda" -o low.lock
	has low.lock 'from: test/linux-64/hello-1.0-h0_0.conda'
	has low.lock 'from: patched/noarch/greeting-1.5-'
done
# Of a channel that only an archive's address names nothing else is looked at, not even to explain what is missing.
gpu="file://$PWD/patched/linux-64/gpu-app-1.0-cuda12.conda"
printf '@EXPLICIT\n%s\n' "$gpu" >gpu.txt
for command in 'solve -f gpu.txt' 'import gpu.txt'; do
	# shellcheck disable=SC2086 # words
	runs 3 lockenv $command --platform linux-64 --cuda none -o bad.lock
	err_has 'gpu-app 1.0 cuda12 needs __cuda >=12.4'
done
absent bad.lock
# Nor does a date hold it back, but what comes with it; that is told.
runs 3 solve --exclude-newer 2022-01-01 'greeting 1.5.*' -o bad.lock
runs 0 solve --exclude-newer 2022-01-01 hello "$noarch/greeting-1.5-h0_0.conda" -o newer.lock
err_has "greeting-1.5-h0_0.conda' is taken though it is newer than exclude-newer"
has newer.lock 'greeting-1.5-'
has newer.lock 'hello-1.0-'
runs 0 solve --exclude-newer 2022-01-01 hello "$noarch/$old" -o older.lock
err_lacks 'exclude-newer'
# What it depends on is solved with the rest; a contradiction is explained.
runs 3 solve ./hello-2.0-h0_0.conda wants-old-hello -o bad.lock
err_has 'wants-old-hello'
runs 3 solve "./$old" 'greeting 1.5.*' -o bad.lock

# Bad ones: none there, other bytes, not what its name says, for another platform, no archive.
runs 2 solve ./nothing-1-0.conda -o bad.lock
err_has "there is no file '$PWD/nothing-1-0.conda'"
runs 5 solve "./$old#0123456789abcdef0123456789abcdef" -o bad.lock
err_has 'md5 is not the one expected'
runs 5 solve "./$old#${sha256%????}0000" -o bad.lock
err_has 'sha256 is'
cp "$old" other-1.0-0.conda
runs 5 solve ./other-1.0-0.conda -o bad.lock
err_has "other-1.0-0.conda' is the package 'greeting', not 'other'"
runs 5 solve "hello[url='./$old']" -o bad.lock
err_has "is the package 'greeting', not 'hello'"
runs 2 solve "x[url='./x-1-py3-none-any.whl']" -o bad.lock
err_has 'is no .conda and no .tar.bz2'
head -c 300 "$old" >cut-1-0.conda
runs 5 solve ./cut-1-0.conda -o bad.lock
printf 'no archive' >text-1-0.tar.bz2
runs 5 solve ./text-1-0.tar.bz2 -o bad.lock
: >empty-1-0.conda
runs 5 solve ./empty-1-0.conda -o bad.lock
mkdir dir-1-0.conda
runs 2 solve ./dir-1-0.conda -o bad.lock
runs 2 solve ./noversion.conda -o bad.lock
err_has 'not name-version-build'
runs 2 solve 'ftp://h/a-1-0.conda' -o bad.lock
err_has 'only http, https and file'
cp "$channels/test/osx-arm64/hello-2.0-h0_0.conda" hello-2.0-osx_0.conda
runs 3 solve ./hello-2.0-osx_0.conda -o bad.lock
err_has "is for 'osx-arm64', not for linux-64"
absent bad.lock

# A file may have another version in its name than in it: what it says counts.
cp "$old" greeting-9-9.conda
runs 0 solve ./greeting-9-9.conda -o renamed.lock
has renamed.lock "version: '1.4'"
has renamed.lock "url: file://$PWD/greeting-9-9.conda"
runs 0 lockenv install renamed.lock -p "$PWD/renamed"
has renamed/share/greeting/plain.txt hello

# Each platform's own, by selectors.
cat >per-platform.yml <<YML
channels: [$test_channel]
platforms: [linux-64, osx-arm64]
dependencies:
- $test_channel/linux-64/hello-1.0-h0_0.conda  # [linux64]
- sel(osx): $test_channel/osx-arm64/hello-1.1-h0_0.conda
- ./$old
YML
runs 0 lockenv solve -f per-platform.yml -o per.lock
is 1 "$(grep -c 'from: test/linux-64/hello-1.0-' per.lock)"
is 1 "$(grep -c 'from: test/osx-arm64/hello-1.1-' per.lock)"
is 2 "$(grep -c "url: file://$PWD/$old" per.lock)"
runs 0 lockenv check per.lock

# A file that is built anew is looked at again; what it was stays in the cache.
runs 0 solve "./$old" -o built.lock
cp "$noarch/greeting-1.5-h0_0.conda" greeting-1.5-h0_0.conda
runs 0 solve ./greeting-1.5-h0_0.conda -o built.lock
has built.lock "sha256: $(sum sha256 "$noarch/greeting-1.5-h0_0.conda")"

# @EXPLICIT: these packages and no others, no channel asked.
cat >explicit.txt <<TXT
# a comment
# platform: linux-64
@EXPLICIT
$test_channel/linux-64/hello-1.1-h0_0.conda
./$old#$md5
$test_channel/linux-64/oldtool-0.9-0.tar.bz2#sha256:$(sum sha256 "$channels/test/linux-64/oldtool-0.9-0.tar.bz2")
TXT
runs 0 lockenv solve --glibc 2.28 -f explicit.txt -o explicit.lock
is 3 "$(grep -c 'from: ' explicit.lock)"
has explicit.lock 'channels: []'
has explicit.lock "url: $test_channel/linux-64/hello-1.1-h0_0.conda"
runs 0 lockenv check explicit.lock
runs 0 lockenv solve --glibc 2.28 -f explicit.txt -o explicit.lock
err_has 'explicit.lock is up to date'
runs 0 lockenv solve -o explicit.lock
err_has 'explicit.lock is up to date'
runs 0 lockenv install explicit.lock -p "$PWD/explicit"
is 'hello 1.1' "$(explicit/bin/hello)"
# Something missing is missing, even where a channel or an old lock would have it.
sed '/greeting/d' explicit.txt >part.txt
cp env.lock part.lock
runs 3 lockenv solve --glibc 2.28 -f part.txt -o part.lock
err_has 'greeting'
same part.lock env.lock
bad_list() {
	runs 2 lockenv solve --glibc 2.28 -o bad.lock "$@"
}
bad_list -f explicit.txt hello
err_has 'explicit.txt: an @EXPLICIT list goes with no spec'
bad_list -f explicit.txt -c "$test_channel"
bad_list -f explicit.txt -f part.txt
printf '@EXPLICIT\nhello 1.1\n' >specs.txt
bad_list -f specs.txt
err_has "error: specs.txt:2:1: 'hello 1.1' is neither"
printf '@EXPLICIT\n' >none.txt
bad_list -f none.txt
err_has 'nothing to solve'
absent bad.lock

# Over the network: hashed once, kept by the lock, without credentials, checked against what is known.
[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || skip 'no nginx'
serve "$channels"
runs 0 solve hello "$url/test/noarch/$old" -o web.lock
has web.lock "url: $url/test/noarch/$old"
has web.lock "sha256: $sha256"
runs 0 solve hello "$url/test/noarch/$old#$md5" -o md5.lock
has md5.lock "md5: $md5"
runs 5 solve "$url/test/noarch/$old#0123456789abcdef0123456789abcdef" -o bad.lock
err_has "$url/test/noarch/$old"
runs 5 solve "$url/test/noarch/$old#sha256:${sha256%????}0000" -o bad.lock
runs 4 solve "$url/test/noarch/gone-1-0.conda" -o bad.lock
err_has "$url/test/noarch/gone-1-0.conda"
runs 0 solve hello "http://me:secret@${url#http://}/test/noarch/../noarch/$old" -o hidden.lock
err_lacks secret
has hidden.lock "url: $url/test/noarch/$old"
is 0 "$(grep -c secret hidden.lock || true)"
runs 4 solve "http://me:secret@${url#http://}/t/tk-12/test/noarch/$old" -o bad.lock
err_lacks secret
err_lacks tk-12
unserve
runs 0 solve hello "$url/test/noarch/$old" -o web.lock
err_has 'web.lock is up to date'
runs 0 solve --offline hello "$url/test/noarch/$old" -o web.lock
runs 6 solve --offline hello --update greeting "$url/test/noarch/$old" -o web.lock
err_has 'nothing tells the sha256 of'
runs 4 solve hello --update greeting "$url/test/noarch/$old" -o web.lock
absent bad.lock

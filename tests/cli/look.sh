#!/bin/sh
# list, info and check: what a lock, a prefix, this host hold.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q hello oldtool -o env.lock
lockenv fetch -q env.lock
lockenv install -q env.lock -p env

runs 0 lockenv list env.lock
golden list-lock
runs 0 lockenv list env
golden list-prefix
cp "$out" "$scratch/list"
runs 0 lockenv list -p env
same "$out" "$scratch/list"
lockenv install -q env.lock -n named
runs 0 lockenv list -n named
same "$out" "$scratch/list"
runs 0 lockenv list --json env.lock
json '[(p["name"], p["version"], p["subdir"]) for p in d]' \
	"[('greeting', '1.5', 'noarch'), ('hello', '2.0', 'linux-64'), ('oldtool', '0.9', 'linux-64')]"
runs 0 lockenv list --json env
json '[p["name"] for p in d]' "['greeting', 'hello', 'oldtool']"
mkdir empty
runs 2 lockenv list empty
err_has 'is no environment'
runs 2 lockenv list -p none
err_has "there is no environment 'none'"
runs 2 lockenv list ./none
err_has "there is no lock or environment './none'"
runs 2 lockenv list none.lock
err_has "there is no lock or environment 'none.lock'"
runs 2 lockenv list env.lock/none
err_has "there is no lock or environment 'env.lock/none'"
runs 2 lockenv list env.lock -p env
err_has 'two things to look into'
runs 2 lockenv list env.lock hello -p env
runs 2 lockenv list -p env -n named
err_has 'not both'
runs 2 lockenv check env
err_has "'env' is a directory"
runs 7 lockenv list --platform osx-64 env.lock

# What is listed: a word in the names, or a spec; env.lock here when nothing is named.
runs 0 lockenv list
golden list-lock
names() {
	sed -n '2,$s/ .*//p' "$out" | tr '\n' ' '
}
for filter in 'hello=hello ' 'EL=hello ' 'o=hello oldtool ' '*e*o=hello ' '^.*l$=oldtool ' 'hello >=2=hello ' \
	'hello <2=' 'test::*=greeting hello oldtool ' '*/noarch::*=greeting ' 'other::*=' \
	'*[license=MIT]=greeting ' 'hello 2.* h0_0=hello ' 'nothing='; do
	runs 0 lockenv list "${filter%=*}"
	is "$(names)" "${filter##*=}"
	runs 0 lockenv list env.lock "${filter%=*}"
	is "$(names)" "${filter##*=}"
	case $filter in test::*) continue ;; esac # an environment knows addresses, not the lock's names
	runs 0 lockenv list -p env "${filter%=*}"
	is "$(names)" "${filter##*=}"
done
runs 0 lockenv list -p env "$test_channel::hello"
is "$(names)" 'hello '
runs 0 lockenv list helo
err_has "'env.lock' has no package 'helo' for linux-64; it has hello"
runs 0 lockenv list helo --json
json 'd' '[]'
runs 2 lockenv list 'hello >=='
runs 0 lockenv list --sort size
golden list-long
is "$(names)" 'greeting hello oldtool '
runs 0 lockenv list -l --sort name
runs 2 lockenv list --sort age
runs 2 lockenv list -p env --platform osx-64
err_has 'is for linux-64, not osx-64'
runs 0 lockenv list -p env --platform linux-64
runs 0 lockenv list hello --json
json 'sorted(d[0])' "['build', 'channel', 'depends', 'fn', 'license', 'md5', 'name', 'sha256', 'size', 'subdir', 'url', 'version']"
cp "$out" "$scratch/list"
runs 0 lockenv list -p env hello --json
json 'd[0]["channel"], d[0]["depends"], d[0]["fn"]' "('$test_channel', ['greeting >=1'], 'hello-2.0-h0_0.conda')"
mkdir bare
runs 2 env -C bare lockenv list
err_has "there is no lock 'env.lock'"
runs 2 env -C bare lockenv list hello
err_has "nor an 'env.lock' to look for it in"

# A lock of another time.
if command -v git >/dev/null; then
	git init -q .
	git add env.lock
	git -c user.name=n -c user.email=e@example.org commit -qm first
	solve -q greeting -o env.lock --update-all >"$scratch/told"
	runs 0 lockenv list HEAD:env.lock
	golden list-lock
	runs 0 lockenv list
	out_lacks hello
	git checkout -q env.lock
	runs 2 lockenv list HEAD~9:env.lock
fi

printf '{' >env/conda-meta/broken-1-0.json
runs 2 lockenv list env
err_has broken-1-0.json
rm env/conda-meta/broken-1-0.json
# What is no file is refused, and never waited for.
mkfifo env/conda-meta/fifo-1-0.json
runs 2 timeout -s KILL 60 lockenv list env
err_has 'fifo-1-0.json'
runs 2 timeout -s KILL 60 lockenv install env.lock -p env
err_has 'fifo-1-0.json'
rm env/conda-meta/fifo-1-0.json

runs 0 lockenv check env.lock
err_has 'env.lock is consistent'
runs 0 lockenv check --json env.lock
json 'd["locks"][0]["lock"], d["locks"][0]["consistent"]' "('env.lock', True)"
runs 7 lockenv check --platform osx-64 env.lock

runs 0 env CONDA_OVERRIDE_CUDA=12.3 CONDA_OVERRIDE_GLIBC=2.30 lockenv info --json
json '[(v["name"], v["version"]) for v in d["virtual_packages"] if v["name"] in ("__cuda", "__glibc")]' \
	"[('__cuda', '12.3'), ('__glibc', '2.30')]"
json 'd["cache"]' "$LOCKENV_CACHE"
json 'd["channels"]' '[]'
runs 0 env CONDA_OVERRIDE_CUDA= lockenv info
out_has 'GPU driver: none found'
out_lacks __cuda
runs 0 lockenv info --cache elsewhere
out_has elsewhere
absent elsewhere


# info of a lock and of an environment.
runs 0 lockenv info env.lock
sed "s/^            sha256: $(sha256sum <env.lock | cut -d' ' -f1)\$/            sha256: DIGEST/" "$out" >"$scratch/info"
cp "$scratch/info" "$out"
golden info-lock
runs 0 lockenv info --json env.lock
json 'd["sha256"]' "$(sha256sum <env.lock | cut -d' ' -f1)"
json '[(p["platform"], p["specs"], p["packages"], p["without_size"]) for p in d["platforms"]]' \
	"[('linux-64', ['hello', 'oldtool'], 3, 0)]"
runs 0 lockenv info --json env
json 'd["installed"]["lock_sha256"], d["installed"]["changed_since"], d["packages"]' \
	"('$(sha256sum <env.lock | cut -d' ' -f1)', False, 3)"
runs 0 lockenv info -p env
out_has 'state: as it was installed'
cp -r env changed-env
rm changed-env/conda-meta/oldtool-0.9-0.json
runs 0 lockenv info changed-env
out_has 'state: packages were changed since by other means'
out_has 'packages: 2, '
rm changed-env/conda-meta/lockenv-state
runs 0 lockenv info changed-env
out_has 'state: not installed by lockenv'
runs 0 lockenv info -p changed-env --json
json '"installed" in d' False
runs 0 lockenv info -n named
runs 2 lockenv info hello
err_has "there is no lock or environment 'hello'"
runs 2 lockenv info env.lock -p env
runs 2 lockenv info -p none

# Configuration: read, and refused with its place.
printf 'channels: [one, two]\nchannel_alias: https://example.org/c\n' >condarc
runs 0 lockenv info --config condarc --json
json 'd["channels"], d["channel_alias"]' "(['one', 'two'], 'https://example.org/c')"

cp condarc "$HOME/.condarc"
runs 0 env -u LOCKENV_CONFIG lockenv info --json
json 'd["channels"]' "['one', 'two']"
runs 2 lockenv info --config none
err_has "there is no configuration 'none'"
printf 'channels: [one\n' >condarc
runs 2 lockenv info --config condarc
err_has 'condarc:2:1'

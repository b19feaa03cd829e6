#!/bin/sh
# add: environment.yml is edited and solved; neither file changes unless both do.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
"$python" "$root/tests/support/text_channel.py" "$tests/update.channels" "$scratch/site"
main=file://$scratch/site/main
other=file://$scratch/site/other
lacks_text() { ! grep -q -- "$2" "$1" || fail "$1 has $2"; }

cat >environment.yml <<END
# what we work with
name: work
channels: [$main]   # one
platforms:
- linux-64
dependencies:
    - "python 3.12.*"   # not newer

    # numbers
    - "numpy <2"
    - pip: []
variables: {A: b}
END
runs 0 lockenv solve
cp environment.yml first.yml
cp env.lock first.lock

# Behind the last, quoted like it; what the lock holds stays.
runs 0 lockenv add tool
sed '/- "numpy <2"/a\    - "tool"' first.yml >want.yml
same environment.yml want.yml
has env.lock 'tool-2.0-0'
has env.lock '    - tool'
out_has '+    - "tool"'
err_has 'wrote environment.yml'
err_has 'wrote env.lock'
lacks_text "$out" numpy
# Again: nothing to do.
cp env.lock two.lock
runs 0 lockenv add -v tool
err_has "environment.yml asks for 'tool' already"
err_has 'env.lock is up to date'
err_lacks wrote
out_is ''
same environment.yml want.yml
runs 0 lockenv add numpy
same environment.yml want.yml

# In place; several at once; --dry-run shows and writes nothing.
runs 0 lockenv add --dry-run 'numpy >=2' 'libgomp 15.*'
out_has '-    - "numpy <2"'
out_has '+    - "numpy >=2"'
out_has '+    - "libgomp 15.*"'
out_has 'numpy  1.26.4 -> 2.3.1'
same environment.yml want.yml
same env.lock two.lock
runs 0 lockenv add --json 'numpy >=2'
json 'd["file"], d["file_changed"], d["changed"], d["diff"] != None' \
	"('environment.yml', True, True, True)"
json '[m["name"] for m in d["platforms"]["linux-64"]["moved"]][0]' numpy
sed 's/numpy <2/numpy >=2/' want.yml >want2.yml
same environment.yml want2.yml

# No answer: nothing is written, and why not is told.
cp env.lock three.lock
runs 3 lockenv add 'libgomp 13'
err_has libgomp
runs 3 lockenv add nunpy
err_has "did you mean 'numpy'"
runs 3 lockenv add 'numpy 2.4.*'
err_has "'python 3.12.*'"
same environment.yml want2.yml
same env.lock three.lock
# What is no spec, or cannot be edited.
runs 2 lockenv add 'numpy >='
runs 2 lockenv add 'num*'
runs 2 lockenv add
runs 2 lockenv add --file a.yml --file b.yml tool
printf 'dependencies:\n- tool # [osx]\n' >some.yml
runs 2 lockenv add -f some.yml -o some.lock 'tool 2'
err_has 'some.yml:2: this cannot be edited: this line asks for the package, on some platforms alone'
err_has "hint: edit 'some.yml' by hand"
printf 'dependencies: [a\n' >some.yml
runs 2 lockenv add -f some.yml -o some.lock tool
err_has 'some.yml:'
absent some.lock

# What pip wants needs leave, as for solve.
printf 'channels: [%s]\nplatforms: [linux-64]\ndependencies:\n- tool\n- pip:\n  - left-pad\n' "$main" >pip.yml
cp pip.yml pip.before
runs 2 lockenv add -f pip.yml -o pip.lock libgomp
same pip.yml pip.before
runs 0 lockenv add -f pip.yml -o pip.lock --without-pip libgomp
has pip.yml '- libgomp'
is 5 "$(grep -n 'pip:' pip.yml | cut -d : -f 1 | sed 's/6/5/')"

# A channel that comes last, in the file too.
runs 0 lockenv add -c "$other" extra
has environment.yml "channels: [$main, $other]   # one"
has env.lock 'extra-1.0-0'

# A symlink is written through; the mode stays.
mkdir deep
mv environment.yml deep/real.yml
chmod 640 deep/real.yml
ln -s deep/real.yml environment.yml
runs 0 lockenv add liblapack
[ -L environment.yml ] || fail 'the symlink is gone'
has deep/real.yml liblapack
is 640 "$(stat -c %a deep/real.yml)"

# A list of specs.
printf '# mine\npython 3.12.*\n' >specs.txt
runs 2 lockenv add -f specs.txt -o list.lock --json 'numpy 1.*' -c x
json 'd["error"]["kind"]' usage
printf 'channels: [%s]\n' "$main" >"$LOCKENV_CONFIG"
runs 0 lockenv add -f specs.txt -o list.lock 'numpy 1.*'
printf '# mine\npython 3.12.*\nnumpy 1.*\n' >want.txt
same specs.txt want.txt
has list.lock 'numpy-1.26.4'

# Without a file, the lock's own specs: in place, behind the last, its channels and platforms.
mkdir own
cd own || exit 1
runs 0 lockenv solve --override-channels -c "$main" --platform linux-64 --platform osx-arm64 'tool >=1'
runs 0 lockenv add libgomp 'tool 2'
absent environment.yml
is 2 "$(grep -c '^    - tool 2$' env.lock)"
is 2 "$(grep -c '^    - libgomp$' env.lock)"
runs 0 lockenv add -c "$other" extra
has env.lock "$other"
lacks_text env.lock 'tool >=1'
cd ..

# Without either, a file is made: with the channels given, else the configuration's.
mkdir new
cd new || exit 1
runs 0 lockenv add -c "$main" 'tool 1.*'
printf 'channels:\n  - %s\ndependencies:\n  - tool 1.*\n' "$main" >want
same environment.yml want
has env.lock 'tool-1.0'
rm environment.yml env.lock
printf 'channels: [%s, %s]\n' "$other" "$main" >"$LOCKENV_CONFIG"
runs 0 lockenv add --dry-run extra
absent environment.yml
runs 0 lockenv add extra
printf 'channels:\n  - %s\n  - %s\ndependencies:\n  - extra\n' "$other" "$main" >want
same environment.yml want
# When there is no answer it is not made.
rm environment.yml env.lock
runs 3 lockenv add nothing-like-it
absent environment.yml
absent env.lock
runs 2 lockenv remove tool
err_has "there is no 'environment.yml' to take anything out of"

# A lock that cannot be written takes the file back.
if [ "$(id -u)" -ne 0 ]; then
	runs 0 lockenv add extra
	mkdir locks
	mv env.lock locks/
	ln -s locks/env.lock env.lock
	cp environment.yml want
	chmod a-w locks
	runs 8 lockenv add tool
	chmod u+w locks
	same environment.yml want
else
	runs 0 lockenv add extra
	cp environment.yml want
	cp env.lock want.lock
	mkdir -p locks
	mv env.lock locks/
	ln -s locks/env.lock env.lock
	if command -v chattr >/dev/null && chattr +i locks 2>/dev/null; then
		runs 8 lockenv add tool
		chattr -i locks
		same environment.yml want
		same env.lock want.lock
	else
		part 'no folder that root cannot write to'
	fi
fi

# A run that was cut short between the files is completed by any solve.
runs 0 lockenv add tool
cp want environment.yml.old
cp env.lock want.lock
rm env.lock
runs 0 lockenv add tool
same env.lock want.lock

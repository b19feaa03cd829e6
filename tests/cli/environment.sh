#!/bin/sh
# environment.yml: found beside the lock, read, and refused with file:line:column.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
from_file() {
	lockenv solve --platform linux-64 --glibc 2.28 "$@"
}

cat >environment.yml <<YML
channels:
- $test_channel
dependencies:
- hello 1.*
- oldtool   # as old as it gets
YML
runs 0 from_file
has env.lock '- hello 1.*'
has env.lock "url: $test_channel"
has env.lock 'hello-1.1-'
cp env.lock first.lock
runs 0 from_file
err_has 'env.lock is up to date'
runs 1 from_file -c "$test_channel" --locked 'hello 2.*'
same env.lock first.lock

mkdir sub
cp environment.yml sub/
runs 0 from_file -o sub/env.lock
same env.lock sub/env.lock
runs 0 from_file -f environment.yml -o other.lock
same env.lock other.lock

# A changed file moves only what it asks for.
sed 's/hello 1/hello 2/' environment.yml >changed.yml
runs 0 from_file -f changed.yml -o other.lock
runs 1 lockenv diff env.lock other.lock --stat
has other.lock 'hello-2.0-'

# A list of specs, one a line.
printf '# specs\nhello 1.*\n\noldtool\n' >specs.txt
runs 0 from_file --override-channels -c "$test_channel" -f specs.txt -o list.lock
sed '/^    specs:/,/^    solved-with:/d' list.lock >"$scratch/a"
sed '/^    specs:/,/^    solved-with:/d' env.lock >"$scratch/b"
same "$scratch/a" "$scratch/b"

# bad LINE COLUMN TEXT: the file of stdin is refused there, and the lock stays.
bad() {
	cat >bad.yml
	runs 2 from_file -f bad.yml -o other.lock
	err_has "error: bad.yml:$1:$2: "
	err_has "$3"
	same other.lock kept.lock
}
cp other.lock kept.lock
bad 3 11 "a version is missing" <<'YML'
channels: [x]
dependencies:
- hello ==
YML
bad 2 15 "'dependencies' must be a list" <<'YML'
channels: [x]
dependencies: hello
YML
bad 4 1 "dependencies" <<'YML'
channels: [x]
dependencies:
- hello
dependencies:
- oldtool
YML
bad 3 3 "must be a spec" <<'YML'
channels: [x]
dependencies:
- - hello
YML
bad 2 13 "not valid YAML" <<'YML'
channels: [x
dependencies: }
YML
is 2 "$(grep -c '^  ' "$err")"
bad 4 12 "two epochs" <<'YML'
channels: [x]
dependencies:
- oldtool
- "hello 1!!0"
YML
# What is for pip is never dropped without a word: it ends the solve, or is told and left to pip.
cat >pip.yml <<YML
channels:
- $test_channel
dependencies:
- hello
- pip:
  - torch==2.4
  - -r more.txt
  - pywin32  # [win]
YML
runs 2 from_file -f pip.yml -o other.lock
err_has "error: pip.yml:6:5: 'torch==2.4' is for pip and cannot be locked"
err_has '--without-pip'
same other.lock kept.lock
runs 0 from_file -f pip.yml --without-pip -o pip.lock
err_has "warning: pip.yml:6:5: 'torch==2.4' is left to pip: it is not in the lock"
err_has "warning: pip.yml:7:5: '-r more.txt' is left to pip"
err_lacks pywin32
has pip.lock 'hello-2.0-'
runs 0 from_file -f pip.yml --without-pip --json -o pip.lock
json 'd["pip"]' "['torch==2.4', '-r more.txt']"
sed '/torch/d; /-r more/d' pip.yml >only-win.yml
runs 0 from_file -f only-win.yml -o pip.lock
err_has 'pip.lock is up to date'
runs 2 from_file -f no-such.yml -o other.lock
err_has no-such.yml
runs 2 from_file -f . -o other.lock
# Several files are one: channels and platforms in their order, all specs, a later file's variables.
cat >one.yml <<YML
name: one
channels: [$test_channel, nodefaults]
platforms: [linux-64]
dependencies: [hello, oldtool]   # flow style
variables: {A: one, B: '1'}
prefix: /nowhere
YML
cat >two.yaml <<YML
name: two
channels:
  - $test_channel
platforms:
  - osx-arm64
  - linux-64
dependencies:
  - "hello  <2"
  - 'hello'
  - hello
  - sel(osx): greeting 1.4.*
  - oldtool        # [linux]
variables:
  C: see
  A: two
YML
sed -i 's/, oldtool\]/]/' one.yml
runs 0 lockenv solve -f one.yml -f two.yaml -o both.lock
is 'A: two B: 1 C: see' "$(sed -n '/^variables:/,/^[a-u]/s/^  //p' both.lock | tr -d "'" | tr '\n' ' ' | sed 's/ $//')"
is 2 "$(grep -c 'hello-1.1-' both.lock)"
is 1 "$(grep -c 'greeting-1.4-' both.lock)"
is 1 "$(grep -c 'oldtool-0.9-' both.lock)"
runs 0 lockenv check both.lock
runs 0 lockenv solve -f one.yml -f two.yaml -o both.lock
err_has 'both.lock is up to date'
printf 'hello >=2\n' >more.txt
runs 3 lockenv solve -f one.yml -f two.yaml -f more.txt -o no.lock
err_has 'hello'
runs 0 from_file -f one.yml -f more.txt oldtool -o three.lock
has three.lock '- oldtool'

# Hostile files end with a position, never with a crash: NUL, bytes that are no UTF-8, anchors, depth, size.
printf 'dependencies:\n- a\000b\n' >bad.yml
runs 2 from_file -f bad.yml -o no.lock
err_has 'error: bad.yml:2:'
printf 'dependencies:\n- caf\351\n' >bad.yml
runs 2 from_file -f bad.yml -o no.lock
err_has 'error: bad.yml:2:'
printf 'hello\nx\000y\n' >bad.txt
runs 2 from_file -f bad.txt -o no.lock
err_has 'error: bad.txt:2:2: '
printf 'hello\nx\377y\n' >bad.txt
runs 2 from_file -f bad.txt -o no.lock
err_has 'error: bad.txt:2: the line is not UTF-8'
printf 'dependencies: &all\n- hello\nextra: *all\n' >bad.yml
runs 2 from_file -f bad.yml -o no.lock
err_has 'error: bad.yml:1:15: '
awk 'BEGIN { printf "dependencies: "; for (i = 0; i < 5000; i++) printf "["; print "" }' >bad.yml
runs 2 from_file -f bad.yml -o no.lock
err_has 'error: bad.yml:1:'
awk 'BEGIN { print "dependencies:"; for (i = 0; i < 600000; i++) print "- hello" }' >bad.yml
runs 2 from_file -f bad.yml -o no.lock
err_has 'bad.yml'
awk 'BEGIN { printf "dependencies:\n- hello[build="; for (i = 0; i < 100000; i++) printf "x"; print "]" }' >bad.yml
runs 2 from_file -f bad.yml -o no.lock
err_has 'error: bad.yml:2:'
awk 'BEGIN { print "dependencies:"; for (i = 0; i < 20000; i++) print "- hello" }' >many.yml
runs 0 from_file --override-channels -c "$test_channel" -f many.yml -o many.lock
absent no.lock
rm environment.yml
mkdir empty
cd empty
runs 2 from_file --override-channels -c "$test_channel"
err_has 'nothing to solve for linux-64'
absent env.lock

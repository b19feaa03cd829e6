#!/bin/sh
# remove: lines go from environment.yml, what nothing needs any more goes from the lock.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
"$python" "$root/tests/support/text_channel.py" "$tests/update.channels" "$scratch/site"
main=file://$scratch/site/main
lacks_text() { ! grep -q -- "$2" "$1" || fail "$1 has $2"; }

cat >environment.yml <<END
channels: [$main]
platforms: [linux-64]
dependencies:
  - python 3.12.*
  - numpy <2      # old
  # for linear algebra
  - scipy         # why
  - tool
END
runs 0 lockenv solve
runs 0 lockenv update libgomp=14 libblas=3.9.0 -q
cp environment.yml first.yml
cp env.lock first.lock

# The line and what it brought; the rest stays though newer is there.
runs 0 lockenv remove scipy
grep -v -- '- scipy' first.yml >want.yml
same environment.yml want.yml
lacks_text env.lock scipy
lacks_text env.lock liblapack
has env.lock 'libblas-3.9.0'
has env.lock 'libgomp-14'
out_has '-  - scipy         # why'
runs 0 lockenv remove --dry-run tool
same environment.yml want.yml
out_has '-  - tool'

# One that others need: it cannot be removed, or it stays.
cp first.yml environment.yml
cp first.lock env.lock
runs 2 lockenv remove liblapack
err_has "environment.yml does not ask for 'liblapack': it is there because scipy 1.11 needs it"
err_has "hint: it goes when 'scipy' does"
runs 0 lockenv remove numpy
err_has 'linux-64: numpy stays: scipy 1.11 needs it'
lacks_text environment.yml numpy
has env.lock 'numpy-1.26.4'

# Names that are not there.
runs 2 lockenv remove scippy
err_has "environment.yml does not ask for 'scippy'"
err_has "hint: did you mean 'scipy'?"
runs 2 lockenv remove qqqqqqqqqqq
err_has 'hint: it asks for python, scipy, tool'
runs 2 lockenv remove 'scipy >=1'
err_has "'scipy >=1' is no name of a package"
runs 2 lockenv remove
printf 'channels: [%s]\nplatforms: [linux-64]\ndependencies:\n- tool\n- pip:\n  - left-pad\n' "$main" >pip.yml
cp pip.yml pip.before
runs 2 lockenv remove --without-pip -f pip.yml -o pip.lock left-pad
err_has "pip.yml:6:5: 'left-pad' is for pip, which lockenv leaves alone"
same pip.yml pip.before
runs 2 lockenv remove -f none.yml tool

# Several; all of them: an environment of nothing is none.
cp first.yml environment.yml
cp first.lock env.lock
runs 2 lockenv remove python numpy scipy tool
same environment.yml first.yml
same env.lock first.lock
runs 0 lockenv remove --json python numpy scipy
json 'd["file_changed"], [m["name"] for m in d["platforms"]["linux-64"]["moved"] if "to_version" in m]' '(True, [])'
lacks_text environment.yml numpy

# A run that was cut short between the files: the file says so already, the lock not yet.
cp first.yml environment.yml
cp first.lock env.lock
runs 0 lockenv remove tool
cp env.lock want.lock
cp first.lock env.lock
runs 0 lockenv remove tool
same env.lock want.lock

# What does not fit any more without it ends in nothing written.
printf 'channels: [%s]\nplatforms: [linux-64]\ndependencies: [python 3.12.*, tool]\n' "$main" >environment.yml
rm env.lock
runs 0 lockenv solve
runs 0 lockenv remove tool
has environment.yml 'dependencies: [python 3.12.*]'

# The lock's own specs.
rm environment.yml
runs 0 lockenv add -q tool
runs 0 lockenv remove tool
lacks_text env.lock tool
absent environment.yml
runs 2 lockenv remove tool
err_has "env.lock does not ask for 'tool'"

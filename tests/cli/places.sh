#!/bin/sh
# install --in-place: into a mount point, below a directory that cannot be written, and on request.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock new.lock

# The plain way, to compare with: what lies in a prefix does not tell how it came there.
runs 0 lockenv install -q old.lock -p env
old=$(digest env)
runs 0 lockenv install -q new.lock -p env
rm -rf env/conda-meta/history
new=$(digest env)
rm -rf env

# On request, also where the parent can be written: the directory stays the same one, and so do names
# at its top that no package has.
mkdir env
inode=$(stat -c %i env)
runs 0 lockenv install --in-place old.lock -p env
err_has '3 added'
is "$(digest env)" "$old"
mkdir -p env/mine env/share/mine
echo mine >env/mine/notes
echo shared >env/share/mine/notes
echo top >env/top.txt
echo changed >>env/share/greeting/plain.txt
mine=$(stat -c '%i %Z' env/mine env/mine/notes env/top.txt)
runs 0 lockenv install --in-place new.lock -p env
err_has "'share/greeting/plain.txt' was changed: kept as 'plain.txt.lockenv-saved'"
is "$(stat -c %i env)" "$inode"
is "$(stat -c '%i %Z' env/mine env/mine/notes env/top.txt)" "$mine"
is "$(cat env/share/mine/notes)" shared
absent env/lib
absent env/.lockenv
absent .env.lockenv
runs 0 env/bin/hello
out_is 'hello 2.0'
has env/conda-meta/history "-$test_channel/linux-64::oldtool"
rm -r env/mine env/share/mine env/top.txt env/share/greeting/plain.txt.lockenv-saved env/conda-meta/history
is "$(digest env)" "$new"

# Nothing there yet: made as a whole.
runs 0 lockenv install --in-place old.lock -p fresh
is "$(stat -c %i fresh/conda-meta | wc -l)" 1
absent fresh/.lockenv

# What is no environment is refused as ever, and a journal of somebody else's is not followed.
mkdir full
echo mine >full/file
runs 2 lockenv install --in-place old.lock -p full
err_has 'exists and is not an environment'
is "$(ls -A full)" file
mkdir fresh/.lockenv
printf 'lockenv-journal 1\0install\0out 0 ../../full\0end\0' >fresh/.lockenv/journal
runs 2 lockenv install --in-place new.lock -p fresh
err_has "'journal' is not a journal of lockenv's"
is "$(cat full/file)" mine
printf 'lockenv-journal 1\0install\0both 7 .lockenv\0end\0' >fresh/.lockenv/journal
mkdir fresh/.lockenv/new fresh/.lockenv/old
runs 2 lockenv install new.lock -p fresh
err_has 'which no install exchanges'
rm -r fresh/.lockenv
ln -s ../full fresh/.lockenv
runs 8 lockenv install --in-place new.lock -p fresh
err_has 'is in the way'
rm fresh/.lockenv
runs 0 lockenv install --in-place new.lock -p fresh

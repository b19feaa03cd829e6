#!/bin/sh
# An environment that conda-meta/frozen marks is not changed; its message is told (CEP 22).
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' -o old.lock
solve -q hello -o new.lock
lockenv fetch -q old.lock new.lock
runs 0 lockenv install old.lock -p env --keep-previous
marker=env/conda-meta/frozen

# refused TEXT: the marker holds it; the error ends in the second argument.
refused() {
	printf '%s' "$1" >$marker
	before=$(digest env)
	runs 2 lockenv install new.lock -p env
	err_has "error: environment '$PWD/env' is frozen$2"
	err_has 'hint: give --override-frozen to change it all the same'
	is "$(digest env)" "$before"
}
refused '' ''
refused '{"message": "Production: ask Ann."}' ': Production: ask Ann'
refused '{"message": "two\nlines\t and more ", "since": 2024}' ': two lines and more'
refused '{"message": ""}' ''
refused '{"message": 7}' ''
refused '{"message": "cut of' ''
refused 'not JSON' ''
refused '["message"]' ''
# Hostile: no escape sequence reaches a terminal, no second line is made up.
refused '{"message": "a\u001b[31mb\nerror: c"}' ': a\x1b[31mb error: c'
printf '{"message": "%s"}' "$(head -c 3000 /dev/zero | tr '\0' x)" >$marker
runs 2 lockenv install new.lock -p env
err_has 'xxx...'
rm $marker
mkdir $marker
runs 2 lockenv install new.lock -p env
rmdir $marker
mkfifo $marker
runs 2 lockenv install new.lock -p env
rm $marker
ln -s nowhere $marker
runs 2 lockenv install new.lock -p env
rm $marker

# Every way to change it asks; what changes nothing does not.
echo '{"message": "stop"}' >$marker
runs 2 lockenv install --dry-run new.lock -p env
runs 2 lockenv install --in-place new.lock -p env
runs 0 lockenv install old.lock -p env
err_has 'is up to date'
runs 2 lockenv install --json new.lock -p env
json 'd["error"]["message"].endswith("is frozen: stop")' True

# Overridden it is changed, and stays frozen.
runs 0 lockenv install --override-frozen --keep-previous new.lock -p env
is "$(cat $marker)" '{"message": "stop"}'
runs 0 env/bin/hello
out_is 'hello 2.0'
runs 2 lockenv rollback env
err_has 'is frozen: stop'
runs 0 lockenv rollback --override-frozen env
runs 0 env/bin/hello
out_is 'hello 1.1'

# What the hint says can be given wherever it is told.
printf '# more\n' >>env/bin/hello
runs 2 lockenv verify --repair env
err_has 'hint: give --override-frozen to change it all the same'
runs 0 lockenv verify --repair --override-frozen env
runs 0 env/bin/hello
out_is 'hello 1.1'
runs 2 lockenv remove --all -p env
err_has 'hint: give --override-frozen to change it all the same'
runs 2 lockenv remove --override-frozen hello
runs 0 lockenv remove --all --override-frozen -p env
absent env/conda-meta

#!/bin/sh
# shellcheck disable=SC2016 # a dollar that nobody expands
# Variables of environment.yml: from the lock into conda-meta/state, and from there to programs.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

# locked VARIABLES: solves for them into env.lock.
locked() {
	printf 'channels: [%s]\ndependencies: [hello]\n%s' "$test_channel" "$1" >environment.yml
	rm -f env.lock
	lockenv solve -q --platform linux-64 --glibc 2.28 -f environment.yml -o env.lock
	lockenv fetch -q env.lock
}

# state EXPRESSION EXPECTED: of conda-meta/state.
state() {
	cp env/conda-meta/state "$out"
	json "$1" "$2"
}

locked 'variables: {GREETING: "hello $USER", N: 4}
'
runs 0 lockenv install env.lock -p env
state 'd["env_vars"]' "{'GREETING': 'hello \$USER', 'N': '4'}"
# shellcheck disable=SC2016
runs 0 lockenv run -p env sh -c 'echo "$GREETING $N"'
out_is 'hello $USER 4'
cp env/conda-meta/state first
runs 0 lockenv install env.lock -p other
same first other/conda-meta/state
runs 0 lockenv install env.lock -p env --verify
same first env/conda-meta/state

# What somebody sets stays; what the lock sets, it sets; what it sets no more, goes.
"$python" - <<'END'
import json
state = json.load(open("env/conda-meta/state"))
state["env_vars"]["MINE"] = "m"
state["env_vars"]["N"] = "5"
json.dump(state, open("env/conda-meta/state", "w"))
END
cp env/conda-meta/state before
runs 0 lockenv install env.lock -p env # which is up to date
same before env/conda-meta/state
locked 'variables: {N: "6"}
'
runs 0 lockenv install env.lock -p env
err_has "'N' was set to '5'"
err_lacks lockenv-saved
state 'd["env_vars"]' "{'MINE': 'm', 'N': '6'}"
locked ''
runs 0 lockenv install env.lock -p env
state 'd' "{'env_vars': {'MINE': 'm'}}"
cp env/conda-meta/state before
runs 0 lockenv install env.lock -p env --verify
same before env/conda-meta/state
absent env/conda-meta/state.lockenv-saved

# None, and no file.
rm -rf env
runs 0 lockenv install env.lock -p env
absent env/conda-meta/state
# One that cannot be read is nobody's business until something is to be set there.
printf 'no json' >env/conda-meta/state
runs 0 lockenv install env.lock -p env --verify
has env/conda-meta/state 'no json'
locked 'variables: {N: "6"}
'
runs 2 lockenv install env.lock -p env
err_has conda-meta/state
has env/conda-meta/state 'no json'

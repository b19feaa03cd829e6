#!/bin/sh
# shellcheck disable=SC2016,SC3045 # code for the shells that are run
# run: what the command finds, exit codes, quoting, scripts, and that nothing stays in between.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
unset BASH_ENV ENV

mkdir -p env/conda-meta env/bin
cat >env/bin/tell <<'END'
#!/bin/sh
for word; do printf '<%s>' "$word"; done
END
chmod +x env/bin/tell
here=$(pwd)

# failing CODE COMMAND...: runs without what cli.sh asks of failures of ours: this one is the command's.
failing() {
	expected=$1
	shift
	last="$*"
	code=0
	"$@" >"$out" 2>"$err" </dev/null || code=$?
	is "$expected" "$code"
}

# Variables.
runs 0 lockenv run -p env sh -c 'echo "$CONDA_PREFIX|$CONDA_SHLVL|$CONDA_DEFAULT_ENV|$CONDA_PROMPT_MODIFIER|${PATH%%:*}"'
out_is "$here/env|1|$here/env|($here/env) |$here/env/bin"
mkdir envs
cp -r env envs/demo
runs 0 lockenv run -p envs/demo sh -c 'echo "$CONDA_DEFAULT_ENV"'
out_is demo
printf 'channels: []\nenvs_dirs: [%s/envs]\n' "$here" >condarc
runs 0 lockenv run --config condarc -n demo sh -c 'echo "$CONDA_PREFIX"'
out_is "$here/envs/demo"
runs 0 lockenv run sh -c 'echo "$CONDA_PREFIX"' # ./env
out_is "$here/env"

# Arguments arrive as they are, options among them too; so do standard input and descriptors.
for scripts in without with; do
	if [ "$scripts" = with ]; then
		mkdir -p env/etc/conda/activate.d
		printf 'SOURCED=yes; export SOURCED\n' >env/etc/conda/activate.d/a.sh
	fi
	nasty=$(printf 'a b\n"c'\''$(d)`e`\\*\001\377')
	runs 0 lockenv run -p env tell "$nasty" '' -p --json -- --help
	printf '<%s><><-p><--json><--><--help>' "$nasty" >"$scratch/expected"
	same "$out" "$scratch/expected"
	runs 0 lockenv run -p env -- tell -- x
	out_is '<--><x>'
	is data "$(echo data | lockenv run -p env cat)"
	is five "$(lockenv run -p env sh -c 'cat <&5' 5<<END
five
END
	)"
	# Exit codes are the command's, those of signals the shell's.
	failing 3 lockenv run -p env sh -c 'exit 3'
	failing 255 lockenv run -p env sh -c 'exit 255'
	failing 137 sh -c 'lockenv run -p env sh -c "kill -9 \$\$"; exit $?'
	# Nothing stays in between: the process is the command.
	# shellcheck disable=SC2016
	runs 0 sh -c 'lockenv run -p env sh -c "echo \$\$" >pid & echo $! && wait $!'
	is "$(cat "$out")" "$(cat pid)"
	# What was ignored is ignored, what was not is not; limits and umask stay as they came.
	printf 'grep Sig[IBC] /proc/self/status; umask; ulimit -Sn\n' >state.sh
	(trap '' INT PIPE CHLD HUP; umask 0777 && ulimit -Sn 200 && sh state.sh) >expected
	(trap '' INT PIPE CHLD HUP; umask 0777 && ulimit -Sn 200 && lockenv run -p env sh state.sh) >got
	same expected got
	sh state.sh >expected
	lockenv run -p env sh state.sh >got
	same expected got
	# The contract's codes.
	runs 127 lockenv run -p env no-such-program
	err_has no-such-program
	runs 127 lockenv run -p env ./no-such-program
	: >env/bin/plain
	runs 126 lockenv run -p env env/bin/plain
	runs 125 lockenv run -p no-such-env true
	runs 125 lockenv run -p env --no-such-option true
	runs 125 lockenv run -p env
	runs 125 lockenv run -p env --cwd no-such-folder true
	runs 125 lockenv run -p env ''
	runs 125 lockenv run -p env --json true
	runs 125 lockenv run -p env -e 1A=x true
	# A script without a first line is the shell's.
	printf 'echo plain script\n' >env/bin/script
	chmod +x env/bin/script
	runs 0 lockenv run -p env script
	out_is 'plain script'
	# --cwd, --env and --clean-env.
	runs 0 lockenv run -p env --cwd / pwd
	out_is /
	KEPT=1 GONE=2 runs 0 lockenv run -p env -i -e KEPT -e 'NEW=a  b' sh -c 'echo "$KEPT|$GONE|$NEW|$HOME|$CONDA_SHLVL"'
	out_is "1||a  b|$HOME|1"
	GONE=2 runs 0 lockenv run -p env sh -c 'echo "$GONE"'
	out_is 2
	# Each kind of failure to execute has its code also where the file is there.
	printf '#!/no/such/interpreter\n' >env/bin/bad
	chmod +x env/bin/bad
	failing 127 lockenv run -p env bad
	rm env/bin/bad env/bin/plain env/bin/script
done

# Scripts: sourced in order, and only .sh; --env comes above them, and before.
printf 'ORDER="$ORDER a"; export ORDER\nWIN=script; export WIN\nSEEN=$WIN_EARLY; export SEEN\n' >env/etc/conda/activate.d/a.sh
printf 'ORDER="$ORDER b"; export ORDER\nfalse\n' >env/etc/conda/activate.d/b.sh
printf 'ORDER="$ORDER odd"\n' >"env/etc/conda/activate.d/a 'odd\$(touch gone) name.sh"
printf 'exit 9\n' >env/etc/conda/activate.d/c.fish
mkdir env/etc/conda/activate.d/folder.sh
runs 0 lockenv run -p env -e WIN=user -e WIN_EARLY=seen sh -c 'echo "$ORDER|$WIN|$SEEN"'
out_is ' odd a b|user|seen'
absent gone
runs 0 lockenv run -p env --no-scripts sh -c 'echo "$ORDER|$WIN"'
out_is '|'
# They may change PATH, and what they define is not the command's.
printf 'PATH=%s/more:$PATH\n' "$here" >env/etc/conda/activate.d/d.sh
mkdir more
printf '#!/bin/sh\necho more\n' >more/other
chmod +x more/other
runs 0 lockenv run -p env other
out_is more
# BASH_ENV is for the command's shells, not for ours.
printf 'echo noise\n' >noise
BASH_ENV=$here/noise runs 0 lockenv run -p env sh -c 'echo "$BASH_ENV"'
out_is "$here/noise"
# One that ends the shell, or is no shell code.
printf 'exit 0\n' >env/etc/conda/activate.d/e.sh
runs 125 lockenv run -p env touch ran
err_has e.sh
absent ran
rm env/etc/conda/activate.d/e.sh
# No process between, however long the activation took.
runs 0 sh -c 'lockenv run -p env sh -c "echo \$\$" >pid & echo $! && wait $!'
is "$(cat "$out")" "$(cat pid)"

# Variables of packages and of the environment.
mkdir -p env/etc/conda/env_vars.d
printf '{"A": "one", "B": "b$(x)", "N": 4, "GONE": "g"}' >env/etc/conda/env_vars.d/1.json
printf '{"A": "two", "BAD;rm": "x", "L": [1], "PATH": "/x", "LD_PRELOAD": ""}' >env/etc/conda/env_vars.d/2.json
printf 'not read' >env/etc/conda/env_vars.d/2.txt
printf '{"env_vars": {"B": "state", "GONE": "***unset***"}, "other": 1}' >env/conda-meta/state
runs 0 lockenv run -p env sh -c 'echo "$A|$B|$N|${GONE-none}|${LD_PRELOAD-none}"'
out_is 'two|state|4|none|'
err_has "'BAD;rm' is left out"
err_has "'L' is left out"
err_has "'PATH' is left out"
is 3 "$(grep -c '^warning: ' "$err")"
A=mine runs 0 lockenv run -p env sh -c 'echo "$A|$__CONDA_SHLVL_0_A"'
out_is 'two|mine'
printf '{"A": ' >env/etc/conda/env_vars.d/3.json
runs 125 lockenv run -p env true
err_has 3.json
printf '[]' >env/etc/conda/env_vars.d/3.json
runs 125 lockenv run -p env true
rm env/etc/conda/env_vars.d/3.json
printf '{"env_vars": 1}' >env/conda-meta/state
runs 125 lockenv run -p env true
err_has conda-meta/state
rm env/conda-meta/state env/etc/conda/env_vars.d/2.json
# A FIFO is not waited for.
for file in conda-meta/state etc/conda/env_vars.d/2.json; do
	mkfifo "env/$file"
	runs 125 timeout 60 lockenv run -p env true
	err_has "'$here/env/$file' is not a regular file"
	runs 2 timeout 60 lockenv shell-hook -p env --shell bash
	rm "env/$file"
done

# Another environment is active: it is left first, and its programs give way.
cp -r env other
mkdir -p env/etc/conda/deactivate.d
printf 'LEFT="$LEFT 1"; export LEFT\n' >env/etc/conda/deactivate.d/1.sh
printf 'LEFT="$LEFT 2"; export LEFT\n' >env/etc/conda/deactivate.d/2.sh
runs 0 lockenv run -p env lockenv run -p other sh -c 'echo "$LEFT|$CONDA_SHLVL|$CONDA_PREFIX_1|$CONDA_PREFIX|$PATH"'
out_has " 2 1|2|$here/env|$here/other|"
out_lacks "$here/env/bin"
# The same one once more: anew, and not on another level.
runs 0 lockenv run -p env lockenv run -p env sh -c 'echo "$LEFT|$CONDA_SHLVL|${CONDA_PREFIX_1-none}"'
out_is ' 2 1|1|none'
CONDA_SHLVL=nonsense CONDA_PREFIX=/nowhere runs 0 lockenv run -p env sh -c 'echo "$CONDA_SHLVL"'
out_is 1

# Odd prefixes.
odd=$(printf 'odd "%s'\''$(touch gone)\\ `x` ; *\303\251' '$HOME')
mkdir "$odd"
cp -r env/. "$odd"
runs 0 lockenv run -p "$odd" sh -c 'echo "$CONDA_PREFIX"'
out_is "$here/$odd"
runs 0 lockenv run -p "$odd" tell x
out_is '<x>'
absent gone
runs 125 lockenv run -p "$(printf 'a\nb')" true

# The installer alone has it too.
runs 0 lockenv-install run -p env tell 'a b'
out_is '<a b>'
runs 127 lockenv-install run -p env no-such-program

#!/bin/sh
# solve over an existing lock: what happens to locked packages whose channel has changed, and to
# platforms that are not solved again.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
channel=$scratch/channel
mkdir -p "$channel/noarch" "$channel/linux-64" "$channel/osx-arm64"
printf '{}' | tee "$channel/linux-64/repodata.json" >"$channel/osx-arm64/repodata.json"

# record FILE MEMBERS: one record of the channel; its hash is made from its name and $salt.
salt=
record() {
	name=${1%%-*}
	rest=${1#*-}
	printf '"%s": {"name": "%s", "version": "%s", "build": "0", "build_number": 0, "subdir": "noarch",\n' \
		"$1" "$name" "${rest%%-*}"
	printf ' "noarch": "generic", "sha256": "%s", "size": 1, %s}' "$(printf %s "$1$salt" | sha256sum | cut -c 1-64)" "$2"
}
# publish REMOVED FILE...: repodata with lib, tool, level and FILEs without dependencies.
publish() {
	{
		printf '{"removed": [%s], "packages.conda": {\n' "$1"
		shift
		record lib-1.0-0.conda '"depends": [], "extra_depends": {"fast": ["tool"]}'
		printf ',\n'
		record tool-1.0-0.conda '"depends": []'
		printf ',\n'
		record level-3-0.conda '"depends": ["__archspec 1 x86_64_v3"]'
		for file in "$@"; do
			printf ',\n'
			record "$file" '"depends": []'
		done
		printf '}}\n'
	} >"$channel/noarch/repodata.json"
}
relock() {
	code=$1
	shift
	runs "$code" lockenv solve --override-channels -c "file://$channel" --platform linux-64 "$@"
}

# Removed as broken: not kept, and told. The same in a lock that must not change.
publish '' app-1.0-0.conda app-2.0-0.conda
relock 0 app -o app.lock
has app.lock 'app-2.0-0.conda'
cp app.lock kept.lock
publish '"app-2.0-0.conda"' app-1.0-0.conda app-2.0-0.conda
relock 1 app --locked -o app.lock
same app.lock kept.lock
relock 0 app -o app.lock
err_has "warning: 'app-2.0-0.conda' is locked, but channel channel has removed it as broken: it is not kept"
has app.lock 'app-1.0-0.conda'
relock 0 app -o app.lock
err_lacks warning
err_has 'up to date'

# Gone without a word: the lock knows it, so it stays; --update lets it go.
cp kept.lock app.lock
publish '' app-1.0-0.conda
relock 0 app -o app.lock
err_lacks warning
same app.lock kept.lock
relock 0 app --update app -o app.lock
has app.lock 'app-1.0-0.conda'

# Other bytes under the same name: the locked ones cannot be had any more.
cp kept.lock app.lock
salt=again
publish '' app-1.0-0.conda app-2.0-0.conda
relock 0 app -o app.lock
err_has "warning: 'app-2.0-0.conda' is locked, but channel channel has other bytes under that name now: it is not kept"
has app.lock 'app-2.0-0.conda'
runs 1 lockenv diff kept.lock app.lock
salt=

# A platform that is not solved again keeps its lines, active extras with what they bring, and the
# lock its variables.
publish '' app-1.0-0.conda app-2.0-0.conda
cat >two.yml <<END
channels: ['file://$channel']
platforms: [linux-64, osx-arm64]
dependencies: ['lib[extras=[fast]]', app <2]
variables: {FIRST: one, SECOND: two}
END
runs 0 lockenv solve -f two.yml -o two.lock
cp two.lock before.lock
is 2 "$(grep -c -- '- fast' two.lock)"
relock 0 app -o two.lock
is 1 "$(grep -c -- '- fast' two.lock)"
for lock in two.lock before.lock; do
	sed -n '/^  osx-arm64:/,$p' "$lock" >"$lock.osx"
	sed -n '/^variables:/,/^[^ v]/p' "$lock" >"$lock.variables"
done
same two.lock.osx before.lock.osx
has two.lock.osx '- tool'
same two.lock.variables before.lock.variables
has two.lock.variables 'SECOND: two'
relock 0 'lib[extras=[fast]]' 'app <2' --update-all -o two.lock
same two.lock before.lock

# What the target lacks is told with the option that gives it, which works.
relock 3 level -o level.lock
err_has 'level 3 0 needs __archspec 1 x86_64_v3, this lock is solved with __archspec 0=x86_64'
err_has 'hint: --archspec x86_64_v3 would do'
relock 0 --archspec x86_64_v3 level -o level.lock

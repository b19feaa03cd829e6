#!/bin/sh
# Many processes fill one cold cache at once: all succeed, nearly everything is fetched and extracted once, and
# what is installed is the same for all.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
[ -x /usr/sbin/nginx ] || skip 'no nginx'
packages=20
processes=64
! grep -q __asan_init "$bin/lockenv" || processes=12 # each is several times as heavy
"$python" "$tests/../support/many_packages.py" "$scratch/channel" "$packages"
serve "$scratch/channel"
lockenv solve -q --override-channels -c "$url" --platform linux-64 --glibc 2.28 "many$(printf %03d $((packages - 1)))" -o env.lock
: >"$server/access.log"

# all COMMAND...: runs it in every process at once, "@" being the number of each.
all() {
	last="$processes times $*"
	pids=
	for number in $(seq "$processes"); do
		words=
		for word in "$@"; do
			[ "$word" != @ ] || word=env$number
			words="$words $word"
		done
		# shellcheck disable=SC2086 # words of a command, none with a blank
		$words >"out$number" 2>"err$number" </dev/null &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "one of them ended with $?: $(cat err* | grep -h '^error' | sort | uniq -c | head -3)"
	done
}
# beyond COUNT WHAT: how many more there were than packages; a few are fair, one for each process is not.
beyond() {
	printf '%s processes, %s packages, %s %s\n' "$processes" "$packages" "$1" "$2" >&2
	[ "$1" -ge "$packages" ] || fail "only $1 $2"
	[ "$1" -le $((packages + packages / 5 + 1)) ] || fail "$1 $2 of $packages packages"
}

# The server notes a request after it has answered: the last may still be to come.
requests() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		count=$(grep -c 'GET /linux-64/many.*tar.bz2' "$server/access.log") || true
		[ "$count" -lt "$packages" ] || break
		sleep 0.2
	done
	beyond "$count" requests
}

all lockenv fetch env.lock
requests
runs 0 lockenv cache verify
out_is "$packages archives and 0 trees checked, 0 damaged"
is "$(find "$LOCKENV_CACHE/tmp" -mindepth 1)" ''

all lockenv install -v env.lock -p @
beyond "$(cat err* | grep -c ': extracted\|^extracted')" extractions
runs 0 lockenv cache verify
out_is "$packages archives and $packages trees checked, 0 damaged"
is "$(find "$LOCKENV_CACHE/tmp" -mindepth 1)" ''
"$python" - "$processes" >digests <<'END'
import hashlib, os, sys
for number in range(1, int(sys.argv[1]) + 1):
    top = f"env{number}"
    prefix, every = os.path.abspath(top).encode(), hashlib.sha256()
    for folder, folders, names in os.walk(top):
        folders.sort()
        for path in (os.path.join(folder, name) for name in sorted(names)):
            with open(path, "rb") as file:
                data = file.read().replace(prefix, b"PREFIX")
            if "/conda-meta/" not in path:
                every.update(f"{path[len(top):]} {os.stat(path).st_mode} {len(data)} ".encode() + data)
    print(every.hexdigest())
END
is "$(sort -u digests | wc -l) $(wc -l <digests)" "1 $processes"

# All of it at once, by two users' programs: fetch and install over a cache that is gone again.
rm -rf "$LOCKENV_CACHE" env*[0-9]
: >"$server/access.log"
all lockenv install --fetch env.lock -p @
requests
for number in $(seq "$processes"); do
	[ -x "env$number/bin/many000" ] || fail "env$number is not whole"
done

# One that was killed holds nobody up.
rm -rf "$LOCKENV_CACHE"
lockenv fetch -q env.lock &
victim=$!
while kill -0 "$victim" 2>/dev/null && ! ls "$LOCKENV_CACHE"/tmp/claim,* >"$scratch/seen" 2>/dev/null; do
	:
done
kill -9 "$victim" 2>/dev/null || true
wait "$victim" || true
runs 0 timeout 20 lockenv fetch env.lock
unserve

#!/bin/sh
# A download that was broken off, however that was, goes on where it stopped, in the next run.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

size=7000000
mkdir -p site/chan/noarch
"$python" - "$size" <<'PY'
import hashlib, json, random, sys
body = random.Random(1).randbytes(int(sys.argv[1]))
record = {"name": "big", "version": "1", "build": "0", "build_number": 0, "depends": [], "noarch": "generic",
          "subdir": "noarch", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
with open("site/chan/noarch/big-1-0.conda", "wb") as file:
    file.write(body)
with open("site/chan/noarch/repodata.json", "w") as file:
    json.dump({"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": {"big-1-0.conda": record}}, file)
PY
fault_serve site
url=http://127.0.0.1:${ports% *}
lockenv solve -q --override-channels -c "$url/ok/chan" --platform linux-64 big -o env.lock
sed 's|/ok/chan|/slow/chan|' env.lock >slow.lock
path=/slow/chan/noarch/big-1-0.conda

# ask WHAT: the server's answer to /WHAT
ask() {
	"$python" -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())' "$url/$1"
}

# Bytes of the file that have gone out so far.
sent() {
	ask sent | sed -n "s|^$path ||p"
}

# broken_off SIGNAL COMMAND...: starts it, waits until 2 MB have gone out, and kills it.
broken_off() {
	signal=$1
	shift
	last="$* (SIG$signal)"
	before=$(sent)
	"$@" >"$out" 2>"$err" &
	pid=$!
	for _ in $(seq 200); do
		[ "$(($(sent) - ${before:-0}))" -lt 2000000 ] || break
		sleep 0.02
	done
	kill -s "$signal" "$pid"
	code=0
	wait "$pid" || code=$?
}

for signal in KILL INT; do
	rm -rf cache
	kill "$fault_server"
	fault_serve site
	url=http://127.0.0.1:${ports% *}
	sed -i "s|http://127.0.0.1:[0-9]*/|$url/|" slow.lock
	broken_off "$signal" lockenv fetch --cache cache slow.lock
	case $signal in
	KILL) is 137 "$code" ;;
	INT) is 130 "$code" ;;
	esac
	is "$(find cache/tmp -name 'partial,*' | wc -l)" 1
	has_bytes=$(stat -c %s cache/tmp/partial,*)
	[ "$has_bytes" -gt 1048576 ] || fail "only $has_bytes bytes were kept"
	# Again, then to the end: from where it stopped, and nearly nothing twice.
	broken_off "$signal" lockenv fetch --cache cache slow.lock
	more_bytes=$(stat -c %s cache/tmp/partial,*)
	[ "$more_bytes" -gt "$has_bytes" ] || fail "no more than $more_bytes bytes"
	is "$(find cache/tmp -name 'partial,*' | wc -l)" 1
	runs 0 lockenv fetch -v --cache cache slow.lock
	err_has "going on after $more_bytes bytes: '$url$path'"
	is "$(find cache/tmp -name 'partial,*')" ''
	same site/chan/noarch/big-1-0.conda "$(find cache/archives -type f)"
	is "$(ask log | sed 's/ match=.*//')" "$path range=
$path range=bytes=$has_bytes-
$path range=bytes=$more_bytes-"
	# What was on its way when the signal came is lost: buffers of both sides, twice.
	[ "$(sent)" -lt $((size + 5000000)) ] || fail "$(sent) bytes went out for $size"
done

# Other bytes than the archive's: fetched anew, at once.
rm -rf cache
broken_off KILL lockenv fetch --cache cache slow.lock
for file in cache/tmp/partial,*; do
	printf 'x' | dd of="$file" conv=notrunc status=none
done
printf 'channels: []\nremote_max_retries: 0\n' >"$LOCKENV_CONFIG"
runs 0 lockenv fetch -v --cache cache slow.lock
err_has "starting over: '$url$path'"
is "$(find cache/tmp -name 'partial,*')" ''

# Two runs at one partial: one goes on with it, the other begins anew or finds the archive; both succeed.
rm -rf cache
broken_off KILL lockenv fetch --cache cache slow.lock
lockenv fetch -v --cache cache slow.lock 2>first.err &
first=$!
lockenv fetch -v --cache cache slow.lock 2>second.err || fail 'the second run failed'
wait "$first" || fail 'the first run failed'
is "$(cat first.err second.err | grep -c 'going on after')" 1
is "$(find cache/tmp -name 'partial,*')" ''
same site/chan/noarch/big-1-0.conda "$(find cache/archives -type f)"

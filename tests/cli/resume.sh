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
lockenv solve -q --override-channels -c "http://127.0.0.1:${ports% *}/ok/chan" --platform linux-64 big -o env.lock

# begin FAULT: an empty cache, and a server that has not been asked yet.
begin() {
	rm -rf cache
	kill "$fault_server"
	fault_serve site
	url=http://127.0.0.1:${ports% *}
	path=/$1/chan/noarch/big-1-0.conda
	sed "s|http://127.0.0.1:[0-9]*/ok|$url/$1|" env.lock >fault.lock
}

# ask WHAT: the server's answer to /WHAT
ask() {
	"$python" -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())' "$url/$1"
}

partials() {
	find cache -path '*/tmp/partial,*' 2>/dev/null || true
}

# How many bytes have got to the disk; 0 while there is no file, or it gets another name just now.
kept() {
	stat -c %s "$(partials)" 2>/dev/null || echo 0
}

# broken_off SIGNAL: starts a download, and kills it when 2 MB more have got to the disk.
broken_off() {
	last="lockenv fetch (SIG$1)"
	wanted=$(($(kept) + 2000000))
	lockenv fetch --cache cache fault.lock >"$out" 2>"$err" &
	pid=$!
	for _ in $(seq 400); do
		[ "$(kept)" -lt "$wanted" ] || break
		sleep 0.05
	done
	kill -s "$1" "$pid"
	code=0
	wait "$pid" || code=$?
	is "$(partials | wc -l)" 1
}

for signal in KILL INT; do
	begin portions
	broken_off "$signal"
	case $signal in
	KILL) is 137 "$code" ;;
	INT) is 130 "$code" ;;
	esac
	has_bytes=$(kept)
	# Again, then to the end: from where it stopped, and nearly nothing twice.
	broken_off "$signal"
	more_bytes=$(kept)
	runs 0 lockenv fetch -v --cache cache fault.lock
	err_has "going on after $more_bytes bytes: '$url$path'"
	is "$(partials)" ''
	same site/chan/noarch/big-1-0.conda "$(find cache/archives -type f)"
	is "$(ask log | sed 's/ match=.*//')" "$path range=
$path range=bytes=$has_bytes-
$path range=bytes=$more_bytes-"
	sent=$(ask sent | sed -n "s|^$path ||p")
	case $signal in
	KILL) [ "$sent" -lt $((size + 1000000)) ] || fail "$sent bytes went out for $size" ;; # a block each time
	INT) is "$sent" "$size" ;;
	esac
done

# Other bytes than the archive's: fetched anew, at once.
begin portion
broken_off KILL
for file in $(partials); do
	printf 'x' | dd of="$file" conv=notrunc status=none
done
printf 'channels: []\nremote_max_retries: 0\n' >"$LOCKENV_CONFIG"
runs 0 lockenv fetch -v --cache cache fault.lock
err_has "starting over: '$url$path'"
is "$(partials)" ''
same site/chan/noarch/big-1-0.conda "$(find cache/archives -type f)"

# Two runs at one partial: one goes on with it, and both succeed.
begin portion
broken_off KILL
lockenv fetch -v --cache cache fault.lock 2>first.err &
first=$!
lockenv fetch -v --cache cache fault.lock 2>second.err || fail 'the second run failed'
wait "$first" || fail 'the first run failed'
is "$(cat first.err second.err | grep -c 'going on after')" 1
is "$(partials)" ''
same site/chan/noarch/big-1-0.conda "$(find cache/archives -type f)"

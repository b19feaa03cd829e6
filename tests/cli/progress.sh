#!/bin/sh
# Progress of downloads: redrawn on a terminal, quiet in a log, events with --json.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

# channel DIR SIZE...: packages p0, p1 … of so many bytes each.
channel() {
	"$python" - "$@" <<'PY'
import hashlib, json, os, random, sys
rng, records = random.Random(1), {}
folder = sys.argv[1] + "/noarch"
os.makedirs(folder)
for i, size in enumerate(sys.argv[2:]):
    body, name = rng.randbytes(int(size)), "p%d-1-0.conda" % i
    with open(os.path.join(folder, name), "wb") as file:
        file.write(body)
    records[name] = {"name": "p%d" % i, "version": "1", "build": "0", "build_number": 0, "depends": [],
                     "noarch": "generic", "subdir": "noarch", "size": len(body),
                     "sha256": hashlib.sha256(body).hexdigest()}
with open(folder + "/repodata.json", "w") as file:
    json.dump({"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": records}, file)
PY
}

channel site/chan 3000000 1500000 2500000 100000
fault_serve site
url=http://127.0.0.1:${ports% *}
lockenv solve -q --override-channels -c "$url/ok/chan" --platform linux-64 p0 p1 p2 p3 -o env.lock
sed -i 's|/ok/chan|/slow/chan|' env.lock

# on_terminal COLUMNS ROWS COMMAND...: what the terminal has at the end is stdout, its states are in `frames`.
on_terminal() {
	columns=$1
	rows=$2
	shift 2
	runs 0 env TERM=xterm "$python" "$tests/../support/on_terminal.py" "$columns" "$rows" frames "$@"
}

# One line for each file and one for all; nothing stays but the note at the end.
on_terminal 80 24 lockenv fetch --jobs 2 --cache one env.lock
out_is "fetched 4 packages (7.1 MB), 0 were in the cache $PWD/one"
grep -Ex 'p0-1-0.conda +\[#* *\] +[0-9]+% +[0-9.]+ .?B +([0-9.]+ .?B/s)?' frames >/dev/null || fail 'no line of p0'
grep -Ex 'fetch \[#* *\] 0 of 4, [0-9.]+ .?B of 7.1 MB(, .*)?' frames >/dev/null || fail 'no line of all'
grep -Eq ', [0-9.]+ MB/s, [0-9]+ s left$' frames || fail 'no rate and no time left'
# Two under way at a time, the largest first.
"$python" - frames >got <<'PY'
import sys
frames = [f.splitlines() for f in open(sys.argv[1]).read().split("--\n")]
print(max(sum(line.startswith("p") for line in f) for f in frames))
first = next(f for f in frames if any(line.startswith("p") for line in f))
print(*[line.split()[0] for line in first if line.startswith("p")])
PY
is "$(cat got)" '2
p0-1-0.conda p2-1-0.conda'

# A small terminal has as much of it as it has room for.
on_terminal 24 3 lockenv fetch --jobs 3 --cache two env.lock
grep -Eqx 'and [23] more' frames || fail 'not told what there was no room for'
grep -Eqx 'fetch [0-9] of 4, .*' frames || fail 'no line of all'

# None for those who want none.
on_terminal 80 24 lockenv fetch -q --cache three env.lock
out_is ''
is "$(cat frames)" ''

# Before a warning or an error the lines go; here one file is not there.
mv site/chan/noarch/p3-1-0.conda p3
code=0
TERM=xterm "$python" "$tests/../support/on_terminal.py" 120 24 frames lockenv fetch --cache four env.lock >"$out" ||
	code=$?
is 4 "$code"
is "$(wc -l <"$out")" 3
out_has "error: $url/slow/chan/noarch/p3-1-0.conda: the server does not have it (HTTP 404)"
# What is wrong with one file does not keep the others.
is "$(find four/archives -type f | wc -l)" 3
mv p3 site/chan/noarch/p3-1-0.conda

# In a log, or where the terminal can do nothing: what takes less than ten seconds says nothing.
runs 0 lockenv fetch --cache five env.lock
is "$(cat "$err")" "fetched 4 packages (7.1 MB), 0 were in the cache $PWD/five"
runs 0 env TERM=dumb "$python" "$tests/../support/on_terminal.py" 80 24 frames lockenv fetch --cache five env.lock
out_is "fetched 0 packages (0.0 MB), 4 were in the cache $PWD/five"

# Events, one a line on stderr; stdout has one document.
runs 0 lockenv fetch --json --cache six env.lock
json 'd["downloaded"], d["bytes"]' '(4, 7100000)'
"$python" - "$err" >got <<'PY'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
print({e["event"] for e in events}, {e["stage"] for e in events}, len(events) >= 2)
print(events[-1]["done"], events[-1]["total"], events[-1]["bytes"], events[-1]["bytes_all"], events[-1]["files"])
print(any(f["name"] == "p0-1-0.conda" and f["size"] == 3000000 for e in events for f in e["files"]))
print(sorted(e["bytes"] for e in events) == [e["bytes"] for e in events])
PY
is "$(cat got)" "{'progress'} {'fetch'} True
4 4 7100000 7100000 []
True
True"
runs 0 lockenv fetch --json --quiet --cache seven env.lock
is "$(cat "$err")" ''

# --jobs is the number of transfers, and .condarc's fetch_threads where it is not given.
most() {
	"$python" -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())' "$url/most"
}
is "$(most)" 4
kill "$fault_server"
fault_serve site
url=http://127.0.0.1:${ports% *}
sed -i "s|http://127.0.0.1:[0-9]*/|$url/|" env.lock
lockenv fetch -q --jobs 1 --cache eight env.lock
is "$(most)" 1
printf 'channels: []\nfetch_threads: 3\n' >"$LOCKENV_CONFIG"
lockenv fetch -q --cache nine env.lock
is "$(most)" 3
export LOCKENV_MIN_RATE=0
runs 2 lockenv fetch --cache nine env.lock
err_has "LOCKENV_MIN_RATE is '0'"

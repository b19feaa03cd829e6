#!/bin/sh
# diff --format html: one page that stands alone, whatever is in the locks; in a browser where there is one.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
check=$root/tests/support/check_page.py

solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q --cuda 12.6 hello gpu-app -o new.lock

page() {
	expected=$1
	name=$2
	shift 2
	runs "$expected" lockenv diff --format html "$@"
	cp "$out" "$name"
	"$python" "$check" "$name" || fail "$name is not as a page must be"
}

page 0 same.html old.lock old.lock
out_has '>No difference.</h1>'
page 1 page.html old.lock new.lock
out_has '<code>gpu-app</code>'
out_has '<code>old.lock</code> → <code>new.lock</code>'
page 1 again.html old.lock new.lock
same page.html again.html
page 1 stat.html --stat old.lock new.lock
out_lacks '<section'

# Same version, other hash: at the top, and open.
digit=$(sed -n 's/^      sha256: \(.\).*/\1/p' old.lock | head -1)
[ "$digit" = 0 ] && other=1 || other=0
sed "0,/^      sha256: ./s//      sha256: $other/" old.lock >evil.lock
page 1 evil.html old.lock evil.lock
out_has '<h1 class="critical">1 critical change: find out why before you merge.</h1>'
out_has '<details id="hash-changed" open>'

# Text of a lock stays text.
cat >hostile.py <<'PY'
import re
import sys
text = open("old.lock").read()
bad = "</td></table><script>alert(1)</script><img src=https://example.org/x onerror=alert(1)> & \\\" ' @all"
text = re.sub("license: .*", lambda m: 'license: "%s"' % bad, text)
text = re.sub("(    specs:\n)", lambda m: m.group(1) + '    - "hello[license=\'<b>&\']"\n', text, count=1)
open("hostile.lock", "w").write(text)
PY
"$python" hostile.py
page 1 hostile.html old.lock hostile.lock
out_has '&lt;script&gt;alert(1)&lt;/script&gt;'
out_lacks '<script>alert'
out_lacks '<img'
cp hostile.lock 'a<b>&"c.lock'
page 1 name.html old.lock 'a<b>&"c.lock'
out_has 'a&lt;b&gt;&amp;&quot;c.lock'

# Can the check fail?
for fault in 's/<main>/<main><div>/' 's/<main>/<main><img src="x">/' 's|<main>|<main><a href="https://h/">|' \
	's/<style>/<style>@import "x";/' 's/"use strict";/"use strict" ;/' "s/default-src 'none'; //"; do
	sed "$fault" page.html >broken.html
	! "$python" "$check" broken.html >/dev/null 2>&1 || fail "not found: $fault"
done

browser=
for name in chromium chromium-browser google-chrome; do
	! command -v "$name" >/dev/null || browser=$name
done
if [ -z "$browser" ]; then
	part 'no chromium: no page was rendered'
	exit 0
fi
# One that is installed but cannot run here says nothing of the pages.
printf '<!doctype html><p>runs' >start.html
if ! timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
	--user-data-dir="$scratch/profile" --dump-dom "file://$PWD/start.html" 2>"$scratch/console" |
	grep -q '<p>runs'; then
	part "$browser does not start: no page was rendered"
	exit 0
fi
# render NAME OPTION...: into $scratch/dom, with what the console said in $scratch/console. The browser has its own
# locale and needs a home that it can write to.
render() {
	name=$1
	shift
	timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --enable-logging=stderr \
		--user-data-dir="$scratch/profile" --window-size=1280,900 "$@" "file://$PWD/$name" \
		>"$scratch/dom" 2>"$scratch/console" || fail "the browser failed on $name: $(tail -3 "$scratch/console")"
	! grep -E 'CONSOLE|Refused to' "$scratch/console" || fail "the console has something to say of $name"
}
for name in stat hostile; do
	render "$name.html" --dump-dom
	has "$scratch/dom" '<h1'
	! grep -q '<img' "$scratch/dom" || fail "$name.html: a text became an element"
done
# The script shows the filter: it ran, so its digest is the one that the policy allows.
render page.html --dump-dom
has "$scratch/dom" '<span class="filter" id="filter">'
sed 's/"use strict";/"use strict" ;/' page.html >refused.html
timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --enable-logging=stderr \
	--user-data-dir="$scratch/profile" --dump-dom "file://$PWD/refused.html" >"$scratch/dom" 2>"$scratch/console" || true
has "$scratch/dom" '<span class="filter" id="filter" hidden="">'
grep -q 'CONSOLE' "$scratch/console" || fail 'a script with another digest ran without a word'
render page.html --screenshot="$scratch/page.png"
[ "$(wc -c <"$scratch/page.png")" -gt 10000 ] || fail 'the picture is empty'

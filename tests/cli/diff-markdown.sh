#!/bin/sh
# diff --format markdown: a comment on a pull request.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q --cuda 12.6 hello gpu-app -o new.lock

runs 0 lockenv diff --format markdown old.lock old.lock
out_has '**No difference.**'

# Sizes are those of packages that this machine packed.
runs 1 lockenv diff --format markdown old.lock new.lock
cp "$out" comment.md
sed -E 's/(−|\+|±)?[0-9.]+\xc2\xa0k?B/SIZE/g' "$out" >"$scratch/out2"
mv "$scratch/out2" "$out"
golden diff-markdown
runs 1 lockenv diff --format markdown old.lock new.lock
same "$out" comment.md
is '<!-- lockenv diff -->' "$(head -1 comment.md)"

runs 1 lockenv diff --format markdown --stat old.lock new.lock
out_has '| risk | changes | of which |'
out_lacks "Low risk"

# A licence cannot call somebody, close an element or leave its cell.
cat >hostile.py <<'PY'
import re
text = open("old.lock").read()
bad = "</details> @all | `x` | [a](https://h/) #1 :tada: <b>"
open("hostile.lock", "w").write(re.sub("license: .*", lambda m: 'license: "%s"' % bad, text, count=1))
PY
"$python" hostile.py
runs 1 lockenv diff --format markdown old.lock hostile.lock
# shellcheck disable=SC2016 # backticks of Markdown
out_has 'licence `</details> @all \| \x60x\x60 \| [a](https://h/) #1 :tada: <b>` |'

# However long the diff is, the comment is not: six thousand packages.
cat >long.py <<'PY'
import sys
print("version: 1\nchannels:\n- {name: c, url: 'https://h/c'}\nchannel-priority: strict\nplatforms:\n  linux-64:\n"
      "    specs: []\n    solved-with: {}\n    requires: {}\n    packages:")
for i in range(6000):
    print(f"    - name: p{i:04}\n      version: 1.{sys.argv[1]}\n      build: h_0\n"
          f"      from: c/linux-64/p{i:04}-1.{sys.argv[1]}-h_0.conda\n      sha256: {i:063}{sys.argv[1]}")
PY
"$python" long.py 1 >long1.lock
"$python" long.py 2 >long2.lock
runs 1 lockenv diff --format markdown long1.lock long2.lock
[ "$(wc -c <"$out")" -le 65000 ] || fail 'too long for a comment'
# shellcheck disable=SC2016
out_has 'minor upgrade. All of them: `lockenv diff` `long1.lock` `long2.lock`'

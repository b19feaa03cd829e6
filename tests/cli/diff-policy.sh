#!/bin/sh
# diff --policy: which differences fail a pipeline.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q --cuda 12.6 hello gpu-app -o new.lock

# policy STATUS SECTION: the exit code by a file with that section.
policy() {
	printf 'version: 1\n%s\n' "$2" >policy.yml
	runs "$1" lockenv diff --policy policy.yml old.lock new.lock
}
policy 1 ''
err_has "10 changes fail by the policy 'policy.yml'"
policy 0 'diff: {fail: []}'
err_lacks policy
cp "$out" "$scratch/text"
runs 1 lockenv diff old.lock new.lock
same "$out" "$scratch/text"
policy 0 'diff: {fail: [severity: critical, downgraded]}'
policy 1 'diff: {fail: [license-changed]}'
err_has '1 change fails by the policy'
policy 0 'diff: {fail: [license-changed], except: [{package: hel*, kinds: [license-changed]}]}'
policy 1 'diff: {fail: [requirement-rose]}'
policy 1 'diff: {fail: [severity: high]}'
policy 1 'diff: {fail: [specs-changed]}'
runs 0 lockenv diff --policy policy.yml old.lock old.lock
runs 1 lockenv diff --json --policy policy.yml old.lock new.lock
json 'd["same"]' False

# The pages say it, the exit code is the same.
policy 1 'diff: {fail: [license-changed]}'
runs 1 lockenv diff --format markdown --policy policy.yml old.lock new.lock
out_has '**1 change fails.**'
# shellcheck disable=SC2016 # backticks of Markdown
out_has '| `hello`<br>**fails by the policy** |'
runs 1 lockenv diff --format html --policy policy.yml old.lock new.lock
out_has '<strong>1 change fails.</strong>'

# A rule that is misspelt must not let everything pass.
policy 2 'diff: {fail: [licence-changed]}'
err_has 'policy.yml:2:'
runs 2 lockenv diff --policy none.yml old.lock new.lock
err_has none.yml

#!/bin/sh
# check --policy: what a team lets into its locks.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"

solve -q hello oldtool -o env.lock
solve -q --cuda 12.6 gpu-app hello -o gpu.lock
check() {
	lockenv check --host none --policy policy.yml "$@"
}
policy() {
	printf 'version: 1\n%s\n' "$1" >policy.yml
}

# Within it: one line.
policy "channels: {allow: ['$test_channel']}
licenses: {allow: [MIT, BSD-*, Apache-2.0, NONE], except: [{package: oldtool, allow: [GPL-2.0-only]}]}
requires: [__glibc <=2.28, __cuda <=12.4]"
runs 0 check env.lock
out_is ''
is 'env.lock is consistent and within policy.yml' "$(cat "$err")"
runs 0 check env.lock gpu.lock

# Channels: what is allowed is a URL; a name says nothing of where a lock's channel lies.
policy 'channels: {allow: [test, conda-forge]}'
runs 1 check env.lock
out_has "from $test_channel, which the policy does not allow"
is 1 "$(wc -l <"$out")"
policy "channels: {deny: ['file://*']}"
runs 1 check env.lock
out_has 'env.lock: linux-64: greeting, hello, oldtool: from file://'
policy "channels: {deny: ['file://*'], except: [{package: '*', allow: ['$test_channel']}]}"
runs 0 check env.lock
policy "channels: {deny: ['file://*'], except: [{package: h*, allow: ['$test_channel']}]}"
runs 1 check env.lock
out_has 'env.lock: linux-64: greeting, oldtool: from'
# A channel that no package comes from is in the lock all the same; so is an address elsewhere.
sed "s|^channel-priority|- name: other\n  url: https://repo.anaconda.com/pkgs/main\n&|" env.lock >more.lock
policy 'channels: {deny: [defaults]}'
runs 1 check more.lock
out_has 'channel https://repo.anaconda.com/pkgs/main is not allowed by the policy (no package comes'
sed 's|^      from: \(.*/hello-.*\)$|&\n      url: https://evil.example.org/x/hello.conda|' env.lock >url.lock
policy "channels: {allow: ['$test_channel']}"
runs 1 check url.lock
out_has 'url.lock: linux-64: hello: from https://evil.example.org/x, which'

# Licences.
sed '/name: hello/,/depends/s/license: .*/license: MIT AND GPL-3.0-only/' env.lock >gpl.lock
differ env.lock gpl.lock
policy "licenses: {deny: [GPL-3*]}"
runs 1 check gpl.lock
out_has "gpl.lock: linux-64: hello: licence 'MIT AND GPL-3.0-only' is not allowed by the policy"
sed -i 's/MIT AND GPL/MIT OR GPL/' gpl.lock
runs 0 check gpl.lock
policy "licenses: {allow: [ISC], except: [{package: hello, allow: [MIT]}]}"
runs 1 check gpl.lock
out_lacks hello
sed '/^      license: /d' env.lock >none.lock
policy 'licenses: {deny: [NONE]}'
runs 1 check none.lock
out_has 'greeting, hello, oldtool: no licence is stated'

# Packages.
policy "packages:
  deny:
  - oldtool <1
  - {spec: 'hell*', reason: 'CVE-2026-1: reads everything'}
  - hello >=9"
runs 1 check --json env.lock
json 'd["locks"][0]["policy"]' policy.yml
json '[(f["kind"], f["packages"]) for f in d["locks"][0]["findings"]]' \
	"[('package-denied', ['oldtool']), ('package-denied', ['hello'])]"
runs 1 check env.lock
out_has "is denied by 'hell*': CVE-2026-1: reads everything"
out_has "env.lock: linux-64: oldtool: 0.9 "

# Requirements: the lock must install on the weakest host.
policy 'requires: [__cuda <=12.2]'
runs 0 check env.lock
runs 1 check gpu.lock
out_has "gpu.lock: linux-64: gpu-app: needs '__cuda >=12.4', while the policy says '__cuda <=12.2'"
policy 'requires: [__cuda none]'
runs 0 check env.lock
runs 1 check gpu.lock

# Integrity.
policy 'integrity: [sha256, md5, size]'
runs 0 check env.lock
sed '/^      md5: /d' env.lock >plain.lock
runs 1 check plain.lock
out_has 'greeting, hello, oldtool: no md5, which the policy demands'
runs 1 lockenv check --host none --policy policy.yml --platform linux-64 plain.lock

# One policy for many locks.
policy "packages: {deny: [oldtool]}"
runs 1 check env.lock gpu.lock plain.lock
is 2 "$(wc -l <"$out")"
err_has 'gpu.lock is consistent and within policy.yml'

# A policy is read strictly; a misspelt rule is never a silent one.
wrong() {
	policy "$2"
	runs 2 check env.lock
	err_has "error: policy.yml:$1: "
	err_has "$3"
	out_is ''
}
wrong 2:1 'licences: {deny: [GPL-*]}' "unknown key 'licences'"
err_has 'hint: known here: version, diff, channels, licenses'
wrong 2:17 'diff: {fail: [  upgrade]}' "'upgrade' is no kind of difference"
wrong 2:20 'channels: {allow: ["https://user:secret@h/c"]}' 'credentials'
err_lacks secret
wrong 2:11 'requires: __cuda' 'must be a list'
printf 'version: 3\n' >policy.yml
runs 2 check env.lock
err_has 'policy.yml:1:10: policy version'
rm policy.yml
runs 2 check env.lock
err_has "there is no policy 'policy.yml'"

# The documentation is right: its example is read, and its kinds are those of diff.
# shellcheck disable=SC2016 # backquotes are Markdown's
sed -n '/^```yaml/,/^```/{/^```/!p}' "$root/docs/policy.md" >policy.yml
has policy.yml 'severity: high'
runs 1 check env.lock
out_has 'which the policy does not allow'
# shellcheck disable=SC2016
kinds=$(sed -n '/^| severity/,/^$/p' "$root/docs/policy.md" | grep -oE '`[a-z-]+`' | tr -d '`' | tr '\n' ',')
is 24 "$(printf '%s' "$kinds" | tr -cd , | wc -c)"
policy "diff: {fail: [$kinds]}"
runs 0 check env.lock

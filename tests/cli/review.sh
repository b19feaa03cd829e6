#!/bin/sh
# docs/review.md: it names every kind of change, its policy is one, and its pipelines do what they say, with git as it
# is and stand-ins for the servers.
# shellcheck source=tests/support/cli.sh
. "$(dirname "$0")/../support/cli.sh"
page=$root/docs/review.md

solve -q 'hello 1.*' 'greeting 1.4' oldtool -o old.lock
solve -q --cuda 12.6 hello gpu-app -o new.lock
# Every kind with its severity, and every member of the JSON.
cat >names.py <<'PY'
import json
import re
import sys
page, source, found = (open(name).read() for name in sys.argv[1:])
kinds = re.findall(r'\[LK_CHANGE_\w+\] = \{\s*"([a-z-]+)",\s*"[^"]*",\s*LK_SEVERITY_([A-Z]+)\}', source)
assert len(kinds) > 20, kinds
for kind, severity in kinds:
    assert re.search(rf"^\| {severity.lower()} \|[^|]*`{kind}`", page, re.M), f"{kind}, {severity}"
table = page[page.index("## JSON"):page.index("## A policy")]
def members(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from [] if key == "counts" else members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)
for member in sorted(set(members(json.loads(found)))):
    assert f"`{member}`" in table, member
PY
printf 'version: 1\n' >policy.yml
runs 1 lockenv diff --json --policy policy.yml old.lock new.lock
cp "$out" found.json
runs 0 "$python" names.py "$page" "$root/lock/lock_diff.c" found.json

# The example of the text form, but for sizes: they are those of the packing library at hand.
plain_sizes() {
	sed -E 's/[+-]?[0-9.]+ k?B/SIZE/g; s/ +/ /g'
}
runs 1 lockenv diff old.lock new.lock
plain_sizes <"$out" >shown
# shellcheck disable=SC2016 # backticks of Markdown
sed -n '/^```text$/,/^```$/p' "$page" | sed '1d;$d' | plain_sizes >written
same written shown

if ! command -v git >/dev/null || ! "$python" -c 'import yaml' 2>/dev/null; then
	part 'no git or no yaml for python: the examples are not run'
	exit 0
fi

# The blocks by what they are, and the scripts in them: policy.yml, github.sh, comment.sh, policy.sh, gitlab.sh.
cat >blocks.py <<'PY'
import re
import sys
import yaml
policy, github, gitlab = re.findall(r"^```yaml\n(.*?)^```", open(sys.argv[1]).read(), re.S | re.M)
open("policy.yml", "w").write(policy)
jobs = yaml.safe_load(github)["jobs"]
for name, job in (("github", "diff"), ("comment", "comment"), ("decide", "policy")):
    run, = [step["run"] for step in jobs[job]["steps"] if "run" in step]
    open(name + ".sh", "w").write(run)
assert not any("write" in jobs[job].get("permissions", {}).values() for job in ("diff", "policy"))
for text in [step.get("run", "") for job in jobs.values() for step in job["steps"]]:
    assert "${{" not in text, "an expression in a script: " + text
job = yaml.safe_load(gitlab)["lock-review"]
open("gitlab.sh", "w").write("\n".join(job["script"]) + "\n")
PY
runs 0 "$python" blocks.py "$page"

git() {
	command git -c user.name=a -c user.email=a@example.org -c commit.gpgsign=false "$@"
}
export GIT_CONFIG_NOSYSTEM=1
git init -q repo
cp policy.yml repo/lock-policy.yml
cp old.lock repo/env.lock
git -C repo add .
git -C repo commit -q -m base
base=$(git -C repo rev-parse HEAD)
git -C repo checkout -q -b change
# Who proposes a change does not choose its rules.
printf 'version: 1\ndiff: {fail: []}\n' >repo/lock-policy.yml
cp new.lock repo/env.lock
git -C repo commit -q -a -m change
git -C repo checkout -q "$base"
git -C repo merge -q --no-ff -m merge change

mkdir tools
cat >tools/gh <<'SH'
#!/bin/sh
echo "gh $*" >>"$CALLS"
case "$*" in
*--jq*) [ -z "${KNOWN:-}" ] || echo "$KNOWN" ;;
esac
SH
cat >tools/curl <<'SH'
#!/bin/sh
echo "curl $*" >>"$CALLS"
case "$*" in
*/user) echo '{"id": 7}' ;;
*sort=asc*) cat "$NOTES" ;;
esac
SH
chmod +x tools/gh tools/curl
tools=$PWD/tools
export CALLS="$PWD/calls" NOTES="$PWD/notes"

# github STATUS: the three jobs, one after the other; STATUS is that of the last one.
github() {
	: >"$CALLS"
	rm -rf repo/review
	(
		cd repo
		GITHUB_WORKSPACE=$PWD GITHUB_OUTPUT=$PWD/../output GITHUB_STEP_SUMMARY=$PWD/../summary
		export GITHUB_WORKSPACE GITHUB_OUTPUT GITHUB_STEP_SUMMARY
		: >"$GITHUB_OUTPUT"
		bash -e ../github.sh
		[ -d review ] || exit 0
		cd review
		PATH=$tools:$PATH GITHUB_REPOSITORY=o/r NUMBER=5 bash -e ../../comment.sh
	) >"$out" 2>"$err" || fail "the job failed: $(cat "$err")"
	status=0
	VERDICT=$(sed -n 's/^verdict=//p' output)
	RESULT=success VERDICT=$VERDICT bash -e decide.sh || status=$?
	is "$1" "$status"
	! RESULT=failure VERDICT=$VERDICT bash -e decide.sh || fail 'a review that failed passes'
}

github 1
is '<!-- lockenv diff -->' "$(head -1 repo/review/comment.md)"
has repo/review/comment.md 'fails by the policy'
has repo/review/lock-diff.html '<!doctype html>'
has summary 'Lock changes'
has output changed=true
has calls 'gh api --silent repos/o/r/issues/5/comments -F body=@comment.md'
KNOWN=99 github 1
has calls 'gh api --silent -X PATCH repos/o/r/issues/comments/99 -F body=@comment.md'
# Only what no policy minds, and nothing at all.
sed 's/^    - oldtool$/    - oldtool >0/' old.lock >repo/env.lock
github 0
has repo/review/comment.md 'everything passes'
cp old.lock repo/env.lock
github 0
is verdict=0 "$(cat output)"
absent repo/review
command git -C repo checkout -q -- env.lock

# gitlab STATUS: the job with its exit code.
gitlab() {
	: >"$CALLS"
	status=0
	(
		cd repo
		PATH=$tools:$PATH CI_MERGE_REQUEST_DIFF_BASE_SHA=$base CI_API_V4_URL=https://h/api/v4 CI_PROJECT_ID=3 \
			CI_MERGE_REQUEST_IID=5 bash -eo pipefail ../gitlab.sh
	) >"$out" 2>"$err" || status=$?
	is "$1" "$status"
}

gitlab 1
is '' "$(cat calls)"
has repo/lock-diff.html '<!doctype html>'
has repo/note.md 'fails by the policy'
if command -v jq >/dev/null; then
	printf '%s\n' '[{"id": 1, "author": {"id": 8}, "body": "<!-- lockenv diff -->"},' \
		'{"id": 2, "author": {"id": 7}, "body": "hello"}]' >notes
	LOCK_REVIEW_TOKEN=secret gitlab 1
	has calls '--data-urlencode body@note.md https://h/api/v4/projects/3/merge_requests/5/notes'
	printf '%s\n' '[{"id": 2, "author": {"id": 7}, "body": "<!-- lockenv diff -->\n"}]' >notes
	LOCK_REVIEW_TOKEN=secret gitlab 1
	has calls '--request PUT --data-urlencode body@note.md https://h/api/v4/projects/3/merge_requests/5/notes/2'
else
	part 'no jq: no note is sent'
fi
cp old.lock repo/env.lock
gitlab 0

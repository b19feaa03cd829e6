/*
 * The pages of a diff for reviewers: what they say, and that nothing in a lock gets out of its
 * place in them.
 */
#include "lock_sample.h"

#include "lock/lock_diff_pages.h"
#include "lock/lock_diff_policy.h"
#include "tests/support/page_check.h"

static const struct lk_diff_page_options names = {
	.old_name = {"old.lock", 8}, .new_name = {"new.lock", 8}};

struct pages {
	struct lk_buf markdown, html;
};

static void pages_of(const struct lk_lock *from, const struct lk_lock *to,
	const struct lk_diff_page_options *options, struct pages *ret)
{
	struct lk_lock_diff diff;
	lk_buf_init(&ret->markdown, (size_t)1 << 24);
	lk_buf_init(&ret->html, (size_t)1 << 26);
	lk_lock_diff_make(from, to, NULL, &diff);
	lk_lock_diff_markdown(&diff, options, &ret->markdown);
	lk_lock_diff_html(&diff, options, &ret->html);
	lk_lock_diff_done(&diff);
	assert_false(ret->markdown.overflow);
	assert_false(ret->html.overflow);
	struct page_fault fault = page_markdown_fault(lk_buf_view(&ret->markdown));
	assert_string_equal(fault.text, "");
	fault = page_html_fault(lk_buf_view(&ret->html));
	assert_string_equal(fault.text, "");
}

static void pages_done(struct pages *pages)
{
	lk_buf_done(&pages->markdown);
	lk_buf_done(&pages->html);
}

static void pages_of_texts(const char *from, const char *to, struct pages *ret)
{
	struct lk_lock old;
	struct lk_lock new;
	parse_ok(from, &old);
	parse_ok(to, &new);
	pages_of(&old, &new, &names, ret);
	lk_lock_done(&old);
	lk_lock_done(&new);
}

static void has(const struct lk_buf *page, const char *text)
{
	if (!strstr(lk_buf_cstr(page), text)) {
		print_error("%s\nlacks: %s\n", lk_buf_cstr(page), text);
	}
	assert_non_null(strstr(lk_buf_cstr(page), text));
}

static void lacks(const struct lk_buf *page, const char *text)
{
	if (strstr(lk_buf_cstr(page), text)) {
		print_error("%s\nhas: %s\n", lk_buf_cstr(page), text);
	}
	assert_null(strstr(lk_buf_cstr(page), text));
}

/* ---- what they say ---- */

static void test_no_difference(void **state)
{
	(void)state;
	struct pages pages;
	pages_of_texts(sample, sample, &pages);
	assert_string_equal(lk_buf_cstr(&pages.markdown),
		LK_DIFF_COMMENT_MARK "\n### Lock changes: `new.lock`\n\n**No difference.**\n\n");
	has(&pages.html, "<h1 class=\"none\">No difference.</h1>");
	lacks(&pages.html, "<section");
	pages_done(&pages);
}

static void test_critical(void **state)
{
	(void)state;
	char *text = sample_with("sha256: " HASH_B, "sha256: " HASH_D);
	struct pages pages;
	pages_of_texts(sample, text, &pages);
	assert_string_equal(lk_buf_cstr(&pages.markdown),
		LK_DIFF_COMMENT_MARK
		"\n### Lock changes: `new.lock`\n"
		"\n"
		"**1 critical change: find out why before you merge.**\n"
		"\n"
		"| risk | changes | of which |\n"
		"|:--|--:|:--|\n"
		"| **critical** | **1** | same version, other hash 1 |\n"
		"\n"
		"| platform | packages | size of archives | to download |\n"
		"|:--|--:|--:|--:|\n"
		"| `linux-64` | 4 → 4 | 40.0\u00a0MB → 40.0\u00a0MB | 8.4\u00a0MB |\n"
		"\n"
		"#### Critical: same version, other hash (1)\n"
		"\n"
		"The same version and build now has other bytes. A channel that rebuilds a file "
		"under its old name, or somebody in between: find out which before this is "
		"merged.\n"
		"\n"
		"| package | old | new | size | why |\n"
		"|:--|:--|:--|--:|:--|\n"
		"| `numpy` | `2.1.3`<br>`py312h58c1407_0`<br>sha256<br>`26ab9386e80bf196`<br>"
		"`e51ebe005da77d57`<br>`decf6d989b4f34d9`<br>`6130560bc133479c` | `2.1.3`<br>"
		"`py312h58c1407_0`<br>sha256<br>`c5c5e3a5a94a5e4a`<br>`0a5f9c8e2b7f1e0d`<br>"
		"`1c2b3a4958677685`<br>`f4e3d2c1b0a99887` | ±0\u00a0B | spec `numpy` |\n"
		"\n");
	has(&pages.html,
		"<h1 class=\"critical\">1 critical change: find out why before you "
		"merge.</h1>");
	has(&pages.html, "<a class=\"risk critical\" href=\"#critical\"><b>1</b> critical</a>");
	has(&pages.html,
		"<section class=\"critical\" id=\"critical\">\n<h2>Critical <span "
		"class=\"n\">1</span></h2>\n<details id=\"hash-changed\" open>");
	has(&pages.html, "<code class=\"hex\">" HASH_B "</code>");
	has(&pages.html, "<code class=\"hex\">" HASH_D "</code>");
	pages_done(&pages);
	lk_free(text);
}

/* One replacement in the sample, and what both pages say of it. */
static const struct {
	const char *needle, *replacement;
	const char *markdown, *html;
} rows[] = {
	{"license: BSD-3-Clause", "license: LicenseRef-Proprietary",
		"| `numpy` | `2.1.3`<br>licence `BSD-3-Clause` | `2.1.3`<br>licence "
		"`LicenseRef-Proprietary` |",
		"licence <code>BSD-3-Clause</code></td><td class=\"new\"><code><span "
		"class=\"same\">2.1.3</span></code><br>licence <code>LicenseRef-Proprietary"},
	{"build: py312h58c1407_0\n      from: conda-forge/linux-64/numpy-2.1.3-py312h58c1407_0",
		"build: cuda126_0\n      from: conda-forge/linux-64/numpy-2.1.3-cuda126_0",
		"#### High risk: CUDA &lt;-&gt; CPU (1)\n",
		"<h3>CUDA &lt;-&gt; CPU</h3> <span class=\"n\">1</span></summary>"},
	{"channel-priority: strict", "channel-priority: flexible",
		"| channel priority | `strict` | `flexible` |",
		"channel priority</th><td class=\"old\"><code>strict</code></td>"},
	{"    - python 3.12.*\n    - numpy\n", "    - python 3.12.*\n    - numpy >=2|<1\n",
		"| `numpy` | `numpy >=2\\|<1` |", "<code>numpy &gt;=2|&lt;1</code>"},
	{"OMP_NUM_THREADS: '1'", "OMP_NUM_THREADS: '2'",
		"| variable `OMP_NUM_THREADS` | `1` | `2` |",
		"variable <code>OMP_NUM_THREADS</code></th><td class=\"old\"><code>1</code>"},
	{"      - python >=3.12,<3.13.0a0", "      - python >=3.12",
		"depends `python >=3.12,<3.13.0a0` | `2.1.3`",
		"depends <code>python &gt;=3.12,&lt;3.13.0a0</code></td>"},
	{"https://example.org/elsewhere/", "https://example.org/here/",
		"`https://example.org/here/libtool-2.4.0-h1_0.tar.bz2`",
		"<span class=\"same\">https://example.org/</span>here/libtool"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		char *text = sample_with(rows[i].needle, rows[i].replacement);
		struct pages pages;
		pages_of_texts(sample, text, &pages);
		has(&pages.markdown, rows[i].markdown);
		has(&pages.html, rows[i].html);
		pages_done(&pages);
		lk_free(text);
	}
}

/* A lock with the package `a` on two platforms. */
static char *two_platforms(const char *on_linux, const char *on_windows)
{
	struct lk_buf text = LK_BUF_INIT((size_t)1 << 20);
	lk_buf_puts(&text,
		"version: 1\nchannels:\n- name: c\n  url: https://h/c\n"
		"channel-priority: strict\nplatforms:\n");
	const char *const subdirs[] = {"linux-64", "win-64"};
	const char *const versions[] = {on_linux, on_windows};
	for (size_t i = 0; i < LK_COUNTOF(subdirs); i++) {
		lk_buf_appendf(&text,
			"  %s:\n    specs: []\n    solved-with: {}\n    requires: {}\n    "
			"packages:\n"
			"    - name: a\n      version: '%s'\n      build: h_0\n      from: "
			"c/%s/a-%s-h_0.conda\n      sha256: %063d%c\n",
			subdirs[i], versions[i], subdirs[i], versions[i], (int)i, versions[i][2]);
	}
	return text.ptr;
}

/* Two platforms: what both share stands there once, and says where it is. */
static void test_platforms(void **state)
{
	(void)state;
	static const char *const versions[][2] = {{"1.0", "1.0"}, {"1.1", "1.1"}, {"1.1", "1.2"}};
	char *texts[LK_COUNTOF(versions)];
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		texts[i] = two_platforms(versions[i][0], versions[i][1]);
	}
	struct pages pages;
	pages_of_texts(texts[0], texts[1], &pages);
	has(&pages.markdown, "| `a` | `1.0` | `1.1` | all | | |\n");
	has(&pages.html, "<td class=\"where\" data-on=\"linux-64 win-64\">all</td>");
	pages_done(&pages);
	pages_of_texts(texts[1], texts[2], &pages);
	has(&pages.markdown, "| `a` | `1.1` | `1.2` | `win-64` | | |\n");
	has(&pages.html, "<td class=\"where\" data-on=\"win-64\"><code>win-64</code></td>");
	has(&pages.html,
		"<td class=\"num risk low\">1</td><td class=\"num risk info zero\">–</td>"
		"</tr>\n</tbody>");
	pages_done(&pages);
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		lk_free(texts[i]);
	}
}

static void test_stat(void **state)
{
	(void)state;
	struct lk_diff_page_options options = names;
	options.stat = true;
	char *text = sample_with("sha256: " HASH_B, "sha256: " HASH_D);
	struct lk_lock old;
	struct lk_lock new;
	parse_ok(sample, &old);
	parse_ok(text, &new);
	struct pages pages;
	pages_of(&old, &new, &options, &pages);
	has(&pages.markdown, "| **critical** | **1** |");
	lacks(&pages.markdown, "numpy");
	has(&pages.html, "<b>1</b> critical");
	lacks(&pages.html, "numpy");
	lacks(&pages.html, "<script");
	pages_done(&pages);
	lk_lock_done(&old);
	lk_lock_done(&new);
	lk_free(text);
}

/* One licence and one variable changed; what each policy makes of it. */
static const struct {
	const char *policy;
	size_t failing;
	const char *markdown, *html;
} policies[] = {
	{"version: 1\ndiff: {fail: [license-changed]}\n", 1,
		"Policy `policy.yml`: **1 change fails.**\n",
		"Policy <code>policy.yml</code>: <strong>1 change fails.</strong>"},
	{"version: 1\ndiff: {fail: [severity: medium]}\n", 2, "**2 changes fail.**\n",
		"<strong>2 changes fail.</strong>"},
	{"version: 1\n", 2, "**2 changes fail.**\n", "<strong>2 changes fail.</strong>"},
	{"version: 1\ndiff: {fail: [severity: high]}\n", 0,
		"Policy `policy.yml`: everything passes.\n", ": everything passes.</p>"},
	{"version: 1\ndiff: {fail: [license-changed], except: [{package: num*, kinds: "
	 "[license-changed]}]}\n",
		0, "Policy `policy.yml`: everything passes.\n", ": everything passes.</p>"},
};

static void test_policy(void **state)
{
	(void)state;
	char *text = sample_with("license: BSD-3-Clause", "license: MIT");
	struct lk_lock old;
	struct lk_lock new;
	parse_ok(sample, &old);
	parse_ok(text, &new);
	new.variables[0].value = LK_STR("2");
	for (size_t i = 0; i < LK_COUNTOF(policies); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_policy policy;
		int rc =
			lk_policy_parse(lk_str_of(policies[i].policy), "policy.yml", &policy, &err);
		assert_string_equal(err.message, "");
		assert_int_equal(rc, 0);
		struct lk_lock_diff diff;
		lk_lock_diff_make(&old, &new, NULL, &diff);
		struct lk_diff_verdict verdict;
		lk_diff_verdict_make(&policy, &diff, &verdict);
		assert_int_equal(verdict.n_changes, policies[i].failing);
		lk_diff_verdict_done(&verdict);
		lk_lock_diff_done(&diff);
		struct lk_diff_page_options options = names;
		options.policy = &policy;
		struct pages pages;
		pages_of(&old, &new, &options, &pages);
		has(&pages.markdown, policies[i].markdown);
		has(&pages.html, policies[i].html);
		bool marked = strstr(pages.markdown.ptr, "`numpy`<br>**fails by the policy** |");
		assert_int_equal(marked, i < 3);
		pages_done(&pages);
		lk_policy_done(&policy);
	}
	lk_lock_done(&old);
	lk_lock_done(&new);
	lk_free(text);
}

/* ---- hostile text ---- */

#define RIGHT_TO_LEFT "\xe2\x80\xae" /* NOLINT(misc-misleading-bidirectional) */

/* Whatever a lock might bring, were its reader to let it through. */
static const char *const hostile[] = {
	"</details></code></td></table><script>alert(1)</script>",
	"<img src=x onerror=alert(1)>",
	"\" onmouseover=\"alert(1)",
	"' autofocus onfocus='alert(1)",
	"&lt;b&gt; &amp; &#60;",
	"@octocat and @org/team please",
	"fixes #123, GH-1, org/repo#5, !7, ~label, %milestone",
	"[click](javascript:alert(1)) ![x](https://example.org/p.png)",
	"https://example.org www.example.org a@example.org",
	":rocket: **bold** _it_ ~~no~~ $`x`$",
	"a | b || c",
	"\\| \\\\| \\`",
	"`code` `` more ``",
	"`",
	"|",
	"\\",
	"\n/close\n# heading\n---\n- [x] item\n",
	"\r\n\x1b[31mred\x07\x7f",
	RIGHT_TO_LEFT,
	"\xff\xfe broken \xc3",
	"<!-- --> ]]> <![CDATA[ {{ }} ${x} %s %n",
	" leading and trailing ",
	"",
};

/* The record of numpy with all its texts replaced. */
static void spoil(struct lk_lock *lock, lk_str text)
{
	struct lk_lock_platform *platform = &lock->platforms[0];
	struct lk_record *record =
		(struct lk_record *)lk_lock_find_package(platform, LK_STR("numpy"));
	static lk_str needs[2];
	needs[0] = text;
	needs[1] = text;
	record->name = text;
	record->version = text;
	record->build = text;
	record->channel = text;
	record->fn = text;
	record->url = text;
	record->license = text;
	record->depends = (struct lk_str_list){needs, 2};
	record->active_extras = (struct lk_str_list){needs, 1};
	lock->channels[0].url = text;
	lock->channels[1].name = text;
	lock->variables[0].value = text;
	lock->exclude_newer = text;
	platform->specs = (struct lk_str_list){needs, 1};
	platform->pins = (struct lk_str_list){needs, 1};
}

/* The script and the style are ours; what comes after them is where foreign text stands. */
static const char *body_of(const struct lk_buf *html)
{
	const char *body = strstr(lk_buf_cstr(html), "</style>");
	assert_non_null(body);
	return body;
}

static void assert_no_escape(const struct pages *pages)
{
	const char *body = body_of(&pages->html);
	assert_null(strstr(body, "<img"));
	assert_null(strstr(body, "<script>alert"));
	assert_null(strstr(body, "\" onmouseover"));
	assert_null(strstr(body, "' autofocus"));
	for (const char *at = body; *at; at++) {
		assert_true((unsigned char)*at >= 0x20 || *at == '\n' || *at == '\t');
	}
	assert_null(strstr(body, RIGHT_TO_LEFT));
	assert_null(strstr(lk_buf_cstr(&pages->markdown), RIGHT_TO_LEFT));
	assert_true(lk_utf8_is_valid(lk_buf_view(&pages->html)));
	assert_true(lk_utf8_is_valid(lk_buf_view(&pages->markdown)));
}

static void test_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(hostile); i++) {
		for (int side = 0; side < 2; side++) {
			struct lk_lock locks[2];
			parse_ok(sample, &locks[0]);
			parse_ok(sample, &locks[1]);
			spoil(&locks[side], lk_str_of(hostile[i]));
			struct lk_diff_page_options options = {
				lk_str_of(hostile[i]), lk_str_of(hostile[i]), false, NULL};
			struct pages pages;
			pages_of(&locks[0], &locks[1], &options, &pages);
			assert_no_escape(&pages);
			pages_done(&pages);
			lk_lock_done(&locks[0]);
			lk_lock_done(&locks[1]);
		}
	}
}

/* ---- long diffs ---- */

/* A lock of N packages of VERSION, whose hashes begin with the letter HASH. */
static char *long_lock(size_t n, const char *version, char hash, const char *license)
{
	struct lk_buf text = LK_BUF_INIT((size_t)1 << 26);
	lk_buf_puts(&text,
		"version: 1\nchannels:\n- name: c\n  url: https://h/c\n"
		"channel-priority: strict\nplatforms:\n  linux-64:\n    specs:\n    - "
		"p00000\n    solved-with: {}\n    requires: {}\n    packages:\n");
	for (size_t i = 0; i < n; i++) {
		lk_buf_appendf(&text,
			"    - name: p%05zu\n      version: %s\n      build: h_0\n      from: "
			"c/linux-64/p%05zu-%s-h_0.conda\n      sha256: %c%063zu\n      license: "
			"%s\n",
			i, version, i, version, hash, i, license);
	}
	return text.ptr;
}

static void test_low_risks_are_cut_first(void **state)
{
	(void)state;
	char *old = long_lock(3000, "1.0.0", 'a', "MIT");
	char *new = long_lock(3000, "1.1.0", 'b', "MIT");
	/* one critical change among three thousand of low risk */
	char *both = lk_asprintf("%s%s", new,
		"    - name: zlib\n      version: '1'\n      build: '0'\n"
		"      from: c/linux-64/zlib-1-0.conda\n      sha256: " HASH_A "\n");
	char *before = lk_asprintf("%s%s", old,
		"    - name: zlib\n      version: '1'\n      build: "
		"'0'\n      from: c/linux-64/zlib-1-0.conda\n      sha256: " HASH_B "\n");
	struct pages pages;
	pages_of_texts(before, both, &pages);
	has(&pages.markdown, "| `zlib` | `1`<br>`0`<br>sha256");
	has(&pages.markdown, "| `p00000` | `1.0.0` | `1.1.0` |");
	lacks(&pages.markdown, "`p02999`");
	has(&pages.markdown, "**Left out here, to stay within the length of a comment:** ");
	has(&pages.markdown, " minor upgrade. All of them: `lockenv diff` `old.lock` `new.lock`\n");
	assert_true(pages.markdown.len > LK_DIFF_COMMENT_MAX - 8192);
	has(&pages.html, "<code>p02999</code>");
	pages_done(&pages);
	lk_free(old);
	lk_free(new);
	lk_free(both);
	lk_free(before);
}

/* More critical changes than a comment can tell in full are told by name, and never silently cut.
 */
static void test_many_critical_ones(void **state)
{
	(void)state;
	static const size_t counts[] = {100, 1000, 20000};
	for (size_t i = 0; i < LK_COUNTOF(counts); i++) {
		char *old = long_lock(counts[i], "1.0.0", 'a', "MIT");
		char *new = long_lock(counts[i], "1.0.0", 'b', "GPL-3.0-only");
		struct pages pages;
		pages_of_texts(old, new, &pages);
		has(&pages.markdown,
			i == 0 ? "| `p00099`<br>also licence changed | `1.0.0`<br>"
			       : "`p00998`, `p00999`");
		if (counts[i] > 10000) {
			has(&pages.markdown, " same version, other hash. All of them: ");
		} else {
			lacks(&pages.markdown, "Left out");
		}
		pages_done(&pages);
		lk_free(old);
		lk_free(new);
	}
}

static void test_deterministic(void **state)
{
	(void)state;
	char *old = long_lock(200, "1.0.0", 'a', "MIT");
	char *new = long_lock(220, "2.0.0", 'b', "BSD-3-Clause");
	struct pages first;
	struct pages second;
	pages_of_texts(old, new, &first);
	pages_of_texts(old, new, &second);
	assert_string_equal(first.markdown.ptr, second.markdown.ptr);
	assert_string_equal(first.html.ptr, second.html.ptr);
	pages_done(&first);
	pages_done(&second);
	lk_free(old);
	lk_free(new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_difference),
		cmocka_unit_test(test_critical),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_platforms),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_low_risks_are_cut_first),
		cmocka_unit_test(test_many_critical_ones),
		cmocka_unit_test(test_deterministic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

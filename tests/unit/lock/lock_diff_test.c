/*
 * What a diff finds, and how it reads.
 */
#include "lock_sample.h"

#include "lock/lock_diff.h"

#define BIT(kind) (1u << (kind))

/* The fields of a package from its version to its file. */
#define FIELDS(channel, name, version, build)                                                      \
	"version: " version "\n      build: " build "\n      from: " channel "/linux-64/" name     \
	"-" version "-" build ".conda"
#define PYTHON(version, build) FIELDS("conda-forge", "python", version, build)

/* One replacement in the sample, and the one package that changed by it. */
static const struct {
	const char *needle, *replacement;
	const char *package;
	unsigned kinds;
	uint64_t download; /* bytes */
} changes[] = {
	{"sha256: " HASH_B, "sha256: " HASH_D, "numpy", BIT(LK_CHANGE_HASH), 8478406},
	/* repacked: still the same version, build and channel */
	{"numpy-2.1.3-py312h58c1407_0.conda\n      sha256: " HASH_B,
		"numpy-2.1.3-py312h58c1407_0.tar.bz2\n      sha256: " HASH_D, "numpy",
		BIT(LK_CHANGE_REPACKED), 8478406},
	{PYTHON("3.12.7", "hc5c86c4_0_cpython"), PYTHON("3.13.0", "hc5c86c4_0_cpython"), "python",
		BIT(LK_CHANGE_MINOR), 0},
	{PYTHON("3.12.7", "hc5c86c4_0_cpython"), PYTHON("3.12.10", "hc5c86c4_0_cpython"), "python",
		BIT(LK_CHANGE_PATCH), 0},
	{PYTHON("3.12.7", "hc5c86c4_0_cpython"), PYTHON("3.12.7rc1", "hc5c86c4_0_cpython"),
		"python", BIT(LK_CHANGE_DOWNGRADED), 0},
	{PYTHON("3.12.7", "hc5c86c4_0_cpython"), PYTHON("3.9.20", "hc5c86c4_0_cpython"), "python",
		BIT(LK_CHANGE_DOWNGRADED), 0},
	{PYTHON("3.12.7", "hc5c86c4_0_cpython"), PYTHON("3.12.7.0", "hc5c86c4_0_cpython"), "python",
		BIT(LK_CHANGE_REBUILT), 0},
	{PYTHON("3.12.7", "hc5c86c4_0_cpython"), PYTHON("3.12.7", "hc5c86c4_1_cpython"), "python",
		BIT(LK_CHANGE_REBUILT), 0},
	{PYTHON("3.12.7", "hc5c86c4_0_cpython") "\n      sha256: " HASH_C,
		PYTHON("3.12.7", "hc5c86c4_1_cpython") "\n      sha256: " HASH_D, "python",
		BIT(LK_CHANGE_REBUILT), 31574780},
	{"license: BSD-3-Clause", "license: LicenseRef-Proprietary", "numpy",
		BIT(LK_CHANGE_LICENSE), 0},
	{FIELDS("conda-forge", "numpy", "2.1.3", "py312h58c1407_0"),
		FIELDS("nvidia/label/cuda-12.4.0", "numpy", "2.0.0", "py312h58c1407_0"), "numpy",
		BIT(LK_CHANGE_CHANNEL) | BIT(LK_CHANGE_DOWNGRADED), 0},
	{"      - python >=3.12,<3.13.0a0", "      - python >=3.12", "numpy",
		BIT(LK_CHANGE_DEPENDS), 0},
	{"      extras:\n      - fast\n", "", "numpy", BIT(LK_CHANGE_DEPENDS), 0},
	{"      - numpy-base <0a0", "      - numpy-base <0", "numpy", BIT(LK_CHANGE_DEPENDS), 0},
	{"https://example.org/elsewhere/", "https://example.org/here/", "libtool",
		BIT(LK_CHANGE_ORIGIN), 0},
	{"md5: b6d5", "md5: a6d5", "cuda-version", BIT(LK_CHANGE_ORIGIN), 0},
	{"size: 21578", "size: 21579", "cuda-version", BIT(LK_CHANGE_ORIGIN), 0},
};

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(changes); i++) {
		char *text = sample_with(changes[i].needle, changes[i].replacement);
		struct lk_lock old;
		struct lk_lock new;
		parse_ok(sample, &old);
		parse_ok(text, &new);
		struct lk_lock_diff diff;
		lk_lock_diff_make(&old, &new, NULL, &diff);
		const struct lk_platform_diff *platform = &diff.platforms[0];
		if (platform->n_changes != 1 || platform->edits.n != 0 ||
			platform->changes[0].kinds != changes[i].kinds ||
			!lk_str_is(platform->changes[0].name, changes[i].package) ||
			platform->download != changes[i].download) {
			fail_msg("case %zu: %zu changes, kinds %x, download %llu", i,
				platform->n_changes, platform->changes[0].kinds,
				(unsigned long long)platform->download);
		}
		assert_int_equal(platform->counts[platform->changes[0].kind], 1);
		assert_false(lk_lock_diff_is_empty(&diff));
		lk_lock_diff_done(&diff);
		lk_lock_done(&old);
		lk_lock_done(&new);
		lk_free(text);
	}
}

static const struct {
	const char *needle, *replacement;
	bool header;
	enum lk_edit_field field;
	enum lk_edit_kind kind;
	const char *key, *from, *to;
	size_t n; /* edits in all */
} edits[] = {
	{"channel-priority: strict", "channel-priority: flexible", true, LK_EDIT_CHANNEL_PRIORITY,
		LK_EDIT_CHANGED, "", "strict", "flexible", 1},
	{"variables:", "exclude-newer: 2026-01-31T00:00:00Z\nvariables:", true,
		LK_EDIT_EXCLUDE_NEWER, LK_EDIT_ADDED, "", "", "2026-01-31T00:00:00Z", 1},
	{"OMP_NUM_THREADS: '1'", "OMP_NUM_THREADS: '2'", true, LK_EDIT_VARIABLES, LK_EDIT_CHANGED,
		"OMP_NUM_THREADS", "1", "2", 1},
	{"channels:\n", "channels:\n- {name: m, url: 'https://h/m'}\n", true, LK_EDIT_CHANNELS,
		LK_EDIT_ADDED, "m", "", "https://h/m", 1},
	{"- name: conda-forge\n  url: https://conda.anaconda.org/conda-forge\n- name: "
	 "nvidia/label/cuda-12.4.0\n  url: "
	 "https://conda.anaconda.org/nvidia/label/cuda-12.4.0\n",
		"- name: nvidia/label/cuda-12.4.0\n  url: "
		"https://conda.anaconda.org/nvidia/label/cuda-12.4.0\n- name: "
		"conda-forge\n  url: https://conda.anaconda.org/conda-forge\n",
		true, LK_EDIT_CHANNELS, LK_EDIT_REORDERED, "", "", "", 1},
	{"    - python 3.12.*\n    - numpy\n", "    - python 3.12.*\n", false, LK_EDIT_SPECS,
		LK_EDIT_REMOVED, "numpy", "", "", 1},
	{"    - python 3.12.*\n    - numpy\n", "    - numpy\n    - scipy\n    - python 3.12.*\n",
		false, LK_EDIT_SPECS, LK_EDIT_ADDED, "scipy", "", "", 2},
	{"    - python 3.12.*\n    - numpy\n", "    - numpy\n    - python 3.12.*\n", false,
		LK_EDIT_SPECS, LK_EDIT_REORDERED, "", "", "", 1},
	{"- numpy 2.*", "- numpy 1.*", false, LK_EDIT_PINS, LK_EDIT_CHANGED, "numpy", "numpy 2.*",
		"numpy 1.*", 1},
	{"__cuda: 13.0=0", "__cuda: 13.1=0", false, LK_EDIT_SOLVED_WITH, LK_EDIT_CHANGED, "__cuda",
		"13.0", "13.1", 1},
	{"      __archspec: 1=x86_64_v3\n", "", false, LK_EDIT_SOLVED_WITH, LK_EDIT_REMOVED,
		"__archspec", "1=x86_64_v3", "", 1},
	{"      constrains:\n      - __cuda >=12.9\n", "", false, LK_EDIT_REQUIRES_CONSTRAINS,
		LK_EDIT_REMOVED, "__cuda >=12.9", "", "", 1},
};

static void test_edits(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(edits); i++) {
		char *text = sample_with(edits[i].needle, edits[i].replacement);
		if (edits[i].field == LK_EDIT_REQUIRES_CONSTRAINS) {
			strstr(text, "- __cuda  >=12.9")[2] = 'x';
		}
		struct lk_lock old;
		struct lk_lock new;
		parse_ok(sample, &old);
		parse_ok(text, &new);
		struct lk_lock_diff diff;
		lk_lock_diff_make(&old, &new, NULL, &diff);
		const struct lk_lock_edits *found =
			edits[i].header ? &diff.edits : &diff.platforms[0].edits;
		const struct lk_lock_edits *others =
			edits[i].header ? &diff.platforms[0].edits : &diff.edits;
		assert_int_equal(found->n, edits[i].n);
		assert_int_equal(others->n, 0);
		assert_int_equal(found->items[0].field, edits[i].field);
		assert_int_equal(found->items[0].kind, edits[i].kind);
		assert_text(found->items[0].key, edits[i].key);
		assert_text(found->items[0].from, edits[i].from);
		assert_text(found->items[0].to, edits[i].to);
		lk_lock_diff_done(&diff);
		lk_lock_done(&old);
		lk_lock_done(&new);
		lk_free(text);
	}
}

static void diff_text(const char *from, const char *to, const struct lk_diff_text_options *options,
	struct lk_buf *out)
{
	struct lk_lock old;
	struct lk_lock new;
	parse_ok(from, &old);
	parse_ok(to, &new);
	struct lk_lock_diff diff;
	lk_lock_diff_make(&old, &new, NULL, &diff);
	lk_lock_diff_text(&diff, options, out);
	lk_lock_diff_done(&diff);
	lk_lock_done(&old);
	lk_lock_done(&new);
}

static void test_same(void **state)
{
	(void)state;
	struct lk_diff_text_options options = {0};
	struct lk_buf out = LK_BUF_INIT(1 << 16);
	diff_text(sample, sample, &options, &out);
	assert_string_equal(lk_buf_cstr(&out), "no difference\n");
	lk_buf_done(&out);
}

/* The sample with one of each: what a reviewer sees. */
static char *changed_sample(void)
{
	static const char *const steps[][2] = {
		{"channel-priority: strict", "channel-priority: flexible"},
		{"    - numpy\n    pins", "    - numpy\n    - scipy\n    pins"},
		{"__cuda: 13.0=0", "__cuda: 13.1=0"},
		{"      - __cuda >=12.9\n", "      - __cuda >=13\n"},
		{"      - __cuda  >=12.9\n", "      - __cuda >=13\n"},
		{"version: '12.9'", "version: '13.0'"},
		{"cuda-version-12.9", "cuda-version-13.0"},
		{"build: h1_0\n", "build: h1_1\n"},
		{"sha256: " HASH_B, "sha256: " HASH_D},
		{"license: BSD-3-Clause",
			"license: A rather long licence text, such as some packages "
			"really have, \\e[31mred"},
		{PYTHON("3.12.7", "hc5c86c4_0_cpython"), PYTHON("3.11.9", "hc5c86c4_0_cpython")},
	};
	char *text = lk_strdup(sample);
	for (size_t i = 0; i < LK_COUNTOF(steps); i++) {
		char *at = strstr(text, steps[i][0]);
		assert_non_null(at);
		char *next = lk_asprintf(
			"%.*s%s%s", (int)(at - text), text, steps[i][1], at + strlen(steps[i][0]));
		lk_free(text);
		text = next;
	}
	char *with =
		lk_asprintf("%s    - name: scipy\n      version: 1.14.1\n      build: py312_0\n"
			    "      from: conda-forge/linux-64/scipy-1.14.1-py312_0.conda\n"
			    "      sha256: " HASH_A "\n      size: 17000000\n"
			    "  osx-64: {specs: [], solved-with: {}, packages: []}\n",
			text);
	lk_free(text);
	return with;
}

static void test_text(void **state)
{
	(void)state;
	char *text = changed_sample();
	struct lk_diff_text_options options = {0};
	struct lk_buf out = LK_BUF_INIT(1 << 16);
	diff_text(sample, text, &options, &out);
	assert_string_equal(lk_buf_cstr(&out),
		"WARNING: 1 package has the same version but another hash\n"
		"\n"
		"all platforms\n"
		"  channel priority\n"
		"    ~ strict -> flexible\n"
		"\n"
		"linux-64\n"
		"  same version, other hash (1)\n"
		"    ! numpy  2.1.3  py312h58c1407_0\n"
		"        - " HASH_B "\n"
		"        + " HASH_D "\n"
		"        licence  BSD-3-Clause\n"
		"                 -> A rather long licence text, such as some packages really "
		"have, \\e[31mred\n"
		"  the host must have, if at all\n"
		"    - __cuda >=12.9\n"
		"    + __cuda >=13\n"
		"  specs\n"
		"    + scipy\n"
		"  solved with\n"
		"    ~ __cuda  13.0 -> 13.1\n"
		"  downgraded (1)\n"
		"    v python  3.12.7 -> 3.11.9\n"
		"  major upgrade (1)\n"
		"    ^ cuda-version  12.9 -> 13.0\n"
		"  added (1)\n"
		"    + scipy  1.14.1  py312_0  conda-forge\n"
		"  rebuilt (1)\n"
		"    ~ libtool  2.4.0  h1_0 -> h1_1\n"
		"  packages 4 -> 5, size 40.0 MB -> 57.0 MB, to download 25.4 MB\n"
		"\n"
		"osx-64 (new platform)\n"
		"  packages 0 -> 0, size 0 B -> 0 B, to download 0 B\n");
	lk_buf_clear(&out);
	options.stat = true;
	diff_text(sample, text, &options, &out);
	assert_string_equal(lk_buf_cstr(&out),
		"WARNING: 1 package has the same version but another hash\n"
		"\n"
		"all platforms\n"
		"  channel priority\n"
		"    ~ strict -> flexible\n"
		"\n"
		"linux-64\n"
		"  1 same version, other hash, 1 downgraded, 1 major upgrade, 1 added, 1 rebuilt\n"
		"  packages 4 -> 5, size 40.0 MB -> 57.0 MB, to download 25.4 MB\n"
		"\n"
		"osx-64 (new platform)\n"
		"  no package changed\n"
		"  packages 0 -> 0, size 0 B -> 0 B, to download 0 B\n");
	lk_buf_done(&out);
	lk_free(text);
}

/* Colour only adds escape sequences. */
static void test_colour(void **state)
{
	(void)state;
	char *text = changed_sample();
	struct lk_diff_text_options options = {.colour = true};
	struct lk_buf coloured = LK_BUF_INIT(1 << 16);
	struct lk_buf plain = LK_BUF_INIT(1 << 16);
	diff_text(sample, text, &options, &coloured);
	options.colour = false;
	diff_text(sample, text, &options, &plain);
	assert_null(strchr(lk_buf_cstr(&plain), '\033'));
	struct lk_buf stripped = LK_BUF_INIT(1 << 16);
	bool inside = false;
	for (size_t i = 0; i < coloured.len; i++) {
		inside = inside || coloured.ptr[i] == '\033';
		if (!inside) {
			lk_buf_putc(&stripped, coloured.ptr[i]);
		}
		inside = inside && coloured.ptr[i] != 'm';
	}
	assert_true(coloured.len > plain.len);
	assert_string_equal(lk_buf_cstr(&stripped), lk_buf_cstr(&plain));
	lk_buf_done(&coloured);
	lk_buf_done(&plain);
	lk_buf_done(&stripped);
	lk_free(text);
}

/* Names, versions and licences that would move a terminal's cursor are shown escaped. */
static void test_escaped(void **state)
{
	(void)state;
	char *text = sample_with("license: BSD-3-Clause", "license: \"\\u009b31m\\u202eevil\"");
	struct lk_diff_text_options options = {0};
	struct lk_buf out = LK_BUF_INIT(1 << 16);
	diff_text(sample, text, &options, &out);
	assert_null(strstr(lk_buf_cstr(&out), "\xc2\x9b"));
	static const char override[] = {(char)0xe2, (char)0x80, (char)0xae, '\0'};
	assert_null(strstr(lk_buf_cstr(&out), override));
	assert_non_null(strstr(lk_buf_cstr(&out), "evil"));
	lk_buf_done(&out);
	lk_free(text);
}

static void test_json(void **state)
{
	(void)state;
	char *text = changed_sample();
	struct lk_lock old;
	struct lk_lock new;
	parse_ok(sample, &old);
	parse_ok(text, &new);
	struct lk_lock_diff diff;
	lk_lock_diff_make(&old, &new, NULL, &diff);
	struct lk_buf out = LK_BUF_INIT(1 << 20);
	struct lk_jw w;
	lk_jw_init(&w, &out, true);
	lk_lock_diff_json(&diff, &w);
	struct lk_json_doc *doc;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_json_parse(lk_buf_view(&out), "diff", 16, &doc, &err), 0);
	const struct lk_json *root = lk_json_root(doc);
	assert_false(lk_json_bool(lk_json_get(root, "same"), true));
	const struct lk_json *edit = lk_json_at(lk_json_get(root, "edits"), 0);
	assert_text(lk_json_string(lk_json_get(edit, "field")), "channel-priority");
	const struct lk_json *platforms = lk_json_get(root, "platforms");
	assert_int_equal(lk_json_size(platforms), 2);
	assert_text(lk_json_string(lk_json_get(lk_json_at(platforms, 1), "status")), "added");
	const struct lk_json *linux_ = lk_json_at(platforms, 0);
	assert_int_equal(lk_json_int(lk_json_get(linux_, "download"), 0), 25478406);
	const struct lk_json *first = lk_json_at(lk_json_get(linux_, "packages"), 0);
	assert_text(lk_json_string(lk_json_get(first, "name")), "numpy");
	assert_int_equal(lk_json_size(lk_json_get(first, "changes")), 2);
	assert_text(lk_json_string(lk_json_at(lk_json_get(first, "changes"), 0)), "hash-changed");
	assert_text(lk_json_string(lk_json_get(lk_json_get(first, "to"), "sha256")), HASH_D);
	lk_json_doc_free(doc);
	lk_buf_done(&out);
	lk_lock_diff_done(&diff);
	lk_lock_done(&old);
	lk_lock_done(&new);
	lk_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

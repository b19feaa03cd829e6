/*
 * What a diff finds: kinds, severities, lines outside the packages, requirements, reasons.
 */
#include "lock_small.h"

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

/* ---- kinds over small locks ---- */

/* Of one package, before and after (NULL: not there). */
static const struct {
	struct small from, to;
	unsigned kinds;
	enum lk_severity severity;
} kind_rows[] = {
	{SMALL("a", "1.0"), SMALL("a", "1.0", .hash = 1), BIT(LK_CHANGE_HASH),
		LK_SEVERITY_CRITICAL},
	{SMALL("a", "1.0"), SMALL("a", "1.0", .hash = 1, .license = "MIT"),
		BIT(LK_CHANGE_HASH) | BIT(LK_CHANGE_LICENSE), LK_SEVERITY_CRITICAL},
	/* The same build in the other format has another hash of necessity; both ways. */
	{SMALL("a", "1.0", .extension = ".tar.bz2"), SMALL("a", "1.0", .hash = 1),
		BIT(LK_CHANGE_REPACKED), LK_SEVERITY_MEDIUM},
	{SMALL("a", "1.0"), SMALL("a", "1.0", .hash = 1, .extension = ".tar.bz2"),
		BIT(LK_CHANGE_REPACKED), LK_SEVERITY_MEDIUM},
	/* Other content in another subdir under the very same name is no repacking. */
	{SMALL("a", "1.0", .subdir = "noarch"), SMALL("a", "1.0", .hash = 1),
		BIT(LK_CHANGE_HASH) | BIT(LK_CHANGE_ORIGIN), LK_SEVERITY_CRITICAL},
	{SMALL("a", "1.0", .build = "pyh_0", .subdir = "noarch"),
		SMALL("a", "1.0", .build = "py312_0"),
		BIT(LK_CHANGE_REBUILT) | BIT(LK_CHANGE_ORIGIN), LK_SEVERITY_LOW},
	/* CUDA */
	{SMALL("a", "1.0", .build = "cuda126_h1_0"), SMALL("a", "1.0", .build = "cpu_h1_0"),
		BIT(LK_CHANGE_CUDA) | BIT(LK_CHANGE_REBUILT), LK_SEVERITY_HIGH},
	{SMALL("a", "1.0", .build = "cpu_h1_0"), SMALL("a", "1.1", .build = "cuda126_h1_0"),
		BIT(LK_CHANGE_CUDA) | BIT(LK_CHANGE_MINOR), LK_SEVERITY_HIGH},
	{SMALL("a", "1.0", .build = "cuda126_h1_0"), SMALL("a", "1.0", .build = "cuda129_h1_0"),
		BIT(LK_CHANGE_REBUILT), LK_SEVERITY_LOW},
	{SMALL("a", "1.0", .build = "h1_0", .depends = "cuda-version >=12,<13"),
		SMALL("a", "1.0", .build = "cpu_0"), BIT(LK_CHANGE_CUDA) | BIT(LK_CHANGE_REBUILT),
		LK_SEVERITY_HIGH},
	{SMALL("a", "1.0", .build = "h1_0", .depends = "a-mutex 1.0 cpu"),
		SMALL("a", "1.0", .build = "h1_0", .depends = "a-mutex 1.0 cuda"),
		BIT(LK_CHANGE_CUDA) | BIT(LK_CHANGE_DEPENDS), LK_SEVERITY_HIGH},
	/* channels and addresses */
	{SMALL("a", "1.0"), SMALL("a", "1.0", .channel = "extra"), BIT(LK_CHANGE_CHANNEL),
		LK_SEVERITY_HIGH},
	{SMALL("a", "1.0"), SMALL("a", "1.0", .channel = "extra", .hash = 1),
		BIT(LK_CHANGE_CHANNEL), LK_SEVERITY_HIGH},
	{SMALL("a", "1.0"), SMALL("a", "1.0", .url = "https://evil.example/x"),
		BIT(LK_CHANGE_CHANNEL), LK_SEVERITY_HIGH},
	{SMALL("a", "1.0", .url = "https://h.example/x"),
		SMALL("a", "1.0", .url = "https://h.example/y"), BIT(LK_CHANGE_ORIGIN),
		LK_SEVERITY_INFO},
	{SMALL("a", "1.0", .url = "https://h.example/x"),
		SMALL("a", "1.1", .url = "https://g.example/x"),
		BIT(LK_CHANGE_CHANNEL) | BIT(LK_CHANGE_MINOR), LK_SEVERITY_HIGH},
	/* versions */
	{SMALL("a", "1.2.3"), SMALL("a", "2.0"), BIT(LK_CHANGE_MAJOR), LK_SEVERITY_MEDIUM},
	{SMALL("a", "1.2.3"), SMALL("a", "1.3"), BIT(LK_CHANGE_MINOR), LK_SEVERITY_LOW},
	{SMALL("a", "1.2.3"), SMALL("a", "1.2.4"), BIT(LK_CHANGE_PATCH), LK_SEVERITY_LOW},
	{SMALL("a", "1.2"), SMALL("a", "1.2.1"), BIT(LK_CHANGE_PATCH), LK_SEVERITY_LOW},
	{SMALL("a", "9.0"), SMALL("a", "1!1.0"), BIT(LK_CHANGE_MAJOR), LK_SEVERITY_MEDIUM},
	{SMALL("a", "9e"), SMALL("a", "9f"), BIT(LK_CHANGE_PATCH), LK_SEVERITY_LOW},
	{SMALL("a", "2.0rc1"), SMALL("a", "2.0"), BIT(LK_CHANGE_PATCH), LK_SEVERITY_LOW},
	{SMALL("a", "1.0+1"), SMALL("a", "1.0+2"), BIT(LK_CHANGE_PATCH), LK_SEVERITY_LOW},
	{SMALL("a", "2.0"), SMALL("a", "1.2.3"), BIT(LK_CHANGE_DOWNGRADED), LK_SEVERITY_MEDIUM},
	{SMALL("a", "1!1.0"), SMALL("a", "9.0"), BIT(LK_CHANGE_DOWNGRADED), LK_SEVERITY_MEDIUM},
	{SMALL("a", "1.0"), SMALL("a", "1.0.0"), BIT(LK_CHANGE_REBUILT), LK_SEVERITY_LOW},
	{SMALL("a", "1.0", .build = "h0_0"), SMALL("a", "1.0", .build = "h0_1"),
		BIT(LK_CHANGE_REBUILT), LK_SEVERITY_LOW},
	/* the rest */
	{SMALL("a", "1.0", .license = "MIT"), SMALL("a", "1.0", .license = "GPL-3.0-only"),
		BIT(LK_CHANGE_LICENSE), LK_SEVERITY_MEDIUM},
	{SMALL("a", "1.0"), SMALL("a", "1.0", .depends = "b"), BIT(LK_CHANGE_DEPENDS),
		LK_SEVERITY_INFO},
	{SMALL("a", "1.0"), SMALL("a", "1.0", .size = 5), BIT(LK_CHANGE_ORIGIN), LK_SEVERITY_INFO},
	{SMALL("a", "1.0"), {0}, BIT(LK_CHANGE_REMOVED), LK_SEVERITY_MEDIUM},
	{{0}, SMALL("a", "1.0"), BIT(LK_CHANGE_ADDED), LK_SEVERITY_LOW},
	{SMALL("a", "1.0"), SMALL("a", "1.0"), 0, LK_SEVERITY_COUNT},
};

static void make_pair(struct small_pair *pair, const struct small *from, const struct small *to,
	const struct lk_diff_options *options)
{
	small_init(&pair->from);
	small_init(&pair->to);
	small_add(&pair->from, "linux-64", "a", from, from && from->name ? 1 : 0);
	small_add(&pair->to, "linux-64", "a", to, to && to->name ? 1 : 0);
	lk_lock_diff_make(&pair->from, &pair->to, options, &pair->diff);
}

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(kind_rows); i++) {
		struct small_pair pair;
		make_pair(&pair, &kind_rows[i].from, &kind_rows[i].to, NULL);
		const struct lk_platform_diff *platform = &pair.diff.platforms[0];
		unsigned kinds = platform->n_changes > 0 ? platform->changes[0].kinds : 0;
		if (kinds != kind_rows[i].kinds) {
			fail_msg("row %zu: kinds %x, not %x", i, kinds, kind_rows[i].kinds);
		}
		assert_int_equal(lk_lock_diff_is_empty(&pair.diff), kinds == 0);
		if (kinds != 0) {
			const struct lk_package_change *change = &platform->changes[0];
			assert_int_equal(lk_change_severity(change->kind), kind_rows[i].severity);
			assert_int_equal(platform->counts[change->kind], 1);
			assert_true(kinds >> change->kind & 1u);
			assert_int_equal(kinds & (BIT(change->kind) - 1), 0);
			for (enum lk_change k = 0; k < LK_CHANGE_COUNT; k++) {
				assert_int_equal(
					lk_platform_diff_count(platform, k), kinds >> k & 1u);
			}
		}
		small_pair_done(&pair);
	}
}

static void test_names(void **state)
{
	(void)state;
	for (enum lk_change k = 0; k < LK_CHANGE_COUNT; k++) {
		assert_int_equal(lk_change_of(lk_str_of(lk_change_name(k))), k);
		assert_true(strlen(lk_change_title(k)) > 0);
		assert_true(k == 0 || lk_change_severity(k) >= lk_change_severity(k - 1));
	}
	assert_int_equal(lk_change_of(LK_STR("hash")), LK_CHANGE_COUNT);
	assert_int_equal(lk_change_of(LK_STR("")), LK_CHANGE_COUNT);
}

static void test_growth(void **state)
{
	(void)state;
	struct small_pair pair;
	make_pair(&pair, &(struct small)SMALL("a", "1.0", .size = 5000),
		&(struct small)SMALL("a", "1.1", .size = 3000), NULL);
	const struct lk_platform_diff *platform = &pair.diff.platforms[0];
	assert_true(platform->changes[0].has_growth);
	assert_int_equal(platform->changes[0].growth, -2000);
	assert_int_equal(platform->size_from, 5000);
	assert_int_equal(platform->size_to, 3000);
	assert_int_equal(platform->download, 3000);
	small_pair_done(&pair);
}

/* ---- link scripts ---- */

struct scripts {
	enum lk_scripts old, new;
	unsigned asked;
};

static enum lk_scripts tell_scripts(void *ctx, const struct lk_record *record)
{
	struct scripts *scripts = ctx;
	scripts->asked++;
	return lk_str_is(record->version, "1.0") ? scripts->old : scripts->new;
}

static void test_scripts(void **state)
{
	(void)state;
	static const struct {
		enum lk_scripts old, new;
		bool appeared;
		size_t n_unknown;
	} rows[] = {
		{LK_SCRIPTS_NONE, LK_SCRIPTS_SOME, true, 0},
		{LK_SCRIPTS_UNKNOWN, LK_SCRIPTS_SOME, true, 0},
		{LK_SCRIPTS_SOME, LK_SCRIPTS_SOME, false, 0},
		{LK_SCRIPTS_SOME, LK_SCRIPTS_NONE, false, 0},
		{LK_SCRIPTS_NONE, LK_SCRIPTS_NONE, false, 0},
		{LK_SCRIPTS_NONE, LK_SCRIPTS_UNKNOWN, false, 1},
		{LK_SCRIPTS_UNKNOWN, LK_SCRIPTS_UNKNOWN, false, 1},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct scripts scripts = {rows[i].old, rows[i].new, 0};
		struct lk_diff_options options = {.scripts = tell_scripts, .ctx = &scripts};
		struct small_pair pair;
		make_pair(&pair, &(struct small)SMALL("a", "1.0"), &(struct small)SMALL("a", "1.1"),
			&options);
		const struct lk_package_change *change = &pair.diff.platforms[0].changes[0];
		assert_true(pair.diff.knows_scripts);
		assert_int_equal(lk_package_has(change, LK_CHANGE_SCRIPTS), rows[i].appeared);
		assert_int_equal(pair.diff.n_scripts_unknown, rows[i].n_unknown);
		assert_int_equal(change->scripts_to, rows[i].new);
		small_pair_done(&pair);
	}
	/* A package that is new brings its scripts; the same content brings nothing. */
	struct scripts scripts = {LK_SCRIPTS_SOME, LK_SCRIPTS_SOME, 0};
	struct lk_diff_options options = {.scripts = tell_scripts, .ctx = &scripts};
	struct small_pair pair;
	make_pair(&pair, NULL, &(struct small)SMALL("a", "1.1"), &options);
	assert_int_equal(pair.diff.platforms[0].changes[0].kind, LK_CHANGE_SCRIPTS);
	assert_int_equal(pair.diff.platforms[0].changes[0].scripts_from, LK_SCRIPTS_NONE);
	small_pair_done(&pair);
	scripts.asked = 0;
	make_pair(&pair, &(struct small)SMALL("a", "1.0"),
		&(struct small)SMALL("a", "1.0", .license = "MIT"), &options);
	assert_int_equal(scripts.asked, 0);
	assert_int_equal(pair.diff.n_scripts_unknown, 0);
	small_pair_done(&pair);
	make_pair(&pair, &(struct small)SMALL("a", "1.0"), NULL, &options);
	assert_int_equal(scripts.asked, 0);
	small_pair_done(&pair);
}

/* ---- requirements ---- */

static const struct {
	const char *from_depends, *from_constrains, *to_depends, *to_constrains;
	int change; /* 1 rose, -1 fell, 0 none */
	const char *from, *to;
} requirement_rows[] = {
	{"__glibc >=2.17", NULL, "__glibc >=2.28", NULL, 1, "__glibc >=2.17", "__glibc >=2.28"},
	{"__glibc >=2.28", NULL, "__glibc >=2.17", NULL, -1, "__glibc >=2.28", "__glibc >=2.17"},
	{"__glibc >=2.9", NULL, "__glibc >=2.17", NULL, 1, "__glibc >=2.9", "__glibc >=2.17"},
	{"__glibc >=2.17", NULL, "__glibc >=2.17,<3.0.a0", NULL, 1, "__glibc >=2.17",
		"__glibc >=2.17,<3.0.a0"},
	{"__glibc >=2.17,<3", NULL, "__glibc <3,>=2.17", NULL, 0, "", ""},
	{"__glibc >=2.17", NULL, "__glibc >2.17", NULL, 1, "__glibc >=2.17", "__glibc >2.17"},
	/* The strongest of several counts. */
	{"__glibc >=2.17;__glibc >=2.28", NULL, "__glibc >=2.28", NULL, 0, "", ""},
	{"__glibc >=2.17", NULL, "__glibc >=2.17;__glibc", NULL, 0, "", ""},
	/* coming and going */
	{NULL, NULL, "__cuda", NULL, 1, "", "__cuda"},
	{NULL, NULL, NULL, "__cuda >=12", 1, "", "__cuda >=12"},
	{"__cuda", NULL, NULL, NULL, -1, "__cuda", ""},
	{NULL, "__cuda >=12", NULL, NULL, -1, "__cuda >=12", ""},
	/* must be there, or must be so if it is there */
	{NULL, "__cuda >=12", "__cuda", "__cuda >=12", 1, "__cuda >=12", "__cuda >=12"},
	{"__cuda", "__cuda >=12", NULL, "__cuda >=12", -1, "__cuda >=12", "__cuda >=12"},
	{"__cuda >=12", NULL, "__cuda", "__cuda >=12", 0, "", ""},
	/* what bounds do not tell is taken for a rise, also the way back */
	{"__archspec 1 x86_64_v2", NULL, "__archspec 1 x86_64_v3", NULL, 1,
		"__archspec 1 x86_64_v2", "__archspec 1 x86_64_v3"},
	{"__archspec 1 x86_64_v3", NULL, NULL, NULL, -1, "__archspec 1 x86_64_v3", ""},
	{"__cuda 12.*", NULL, "__cuda 13.*", NULL, 1, "__cuda 12.*", "__cuda 13.*"},
};

static void test_requirements(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(requirement_rows); i++) {
		struct small from = SMALL("a", "1.0", .depends = requirement_rows[i].from_depends,
			.constrains = requirement_rows[i].from_constrains);
		struct small to = SMALL("a", "1.0", .depends = requirement_rows[i].to_depends,
			.constrains = requirement_rows[i].to_constrains);
		struct small_pair pair;
		make_pair(&pair, &from, &to, NULL);
		const struct lk_platform_diff *platform = &pair.diff.platforms[0];
		int change = platform->n_requirements == 0 ? 0
			: platform->requirements[0].rose   ? 1
							   : -1;
		if (change != requirement_rows[i].change) {
			fail_msg("row %zu: %d, not %d", i, change, requirement_rows[i].change);
		}
		if (change != 0) {
			assert_text(platform->requirements[0].from, requirement_rows[i].from);
			assert_text(platform->requirements[0].to, requirement_rows[i].to);
			assert_int_equal(platform->requirements[0].n_by, 1);
			assert_text(platform->requirements[0].by->name, "a");
			assert_int_equal(lk_platform_diff_count(platform, LK_CHANGE_REQUIREMENT),
				change > 0 ? 1 : 0);
		}
		small_pair_done(&pair);
	}
}

/* ---- reasons ---- */

static const struct lk_package_change *change_of(const struct lk_lock_diff *diff, const char *name)
{
	const struct lk_platform_diff *platform = &diff->platforms[0];
	for (size_t i = 0; i < platform->n_changes; i++) {
		if (lk_str_is(platform->changes[i].name, name)) {
			return &platform->changes[i];
		}
	}
	fail_msg("no change of %s", name);
	return NULL;
}

static void assert_because(const struct lk_lock_diff *diff, const char *name, const char *because)
{
	const struct lk_package_change *change = change_of(diff, name);
	if (!because) {
		assert_null(change->because);
		return;
	}
	assert_non_null(change->because);
	assert_text(change->because->name, because);
}

static const struct small reason_from[] = {
	SMALL("app", "1.0", .depends = "lib >=1;old"),
	SMALL("lib", "1.0", .depends = "core >=1"),
	SMALL("core", "1.0"),
	SMALL("numpy", "2.0", .build = "py311_0", .depends = "python >=3.11,<3.12"),
	SMALL("old", "1.0", .depends = "older"),
	SMALL("older", "1.0"),
	SMALL("python", "3.11.9", .depends = "ssl >=1"),
	SMALL("ssl", "1.0"),
	SMALL("tool", "1.0"),
};
static const struct small reason_to[] = {
	SMALL("app", "1.1", .depends = "lib >=1;new"),
	SMALL("lib", "1.1", .depends = "core >=1"),
	SMALL("core", "1.1"),
	SMALL("new", "1.0", .depends = "newer"),
	SMALL("newer", "1.0"),
	SMALL("numpy", "2.0", .build = "py312_0", .depends = "python >=3.12,<3.13"),
	SMALL("python", "3.12.7", .depends = "ssl >=2"),
	SMALL("ssl", "2.0"),
	SMALL("scipy", "1.0", .depends = "numpy"),
};

static void make_reasons(struct small_pair *pair)
{
	small_init(&pair->from);
	small_init(&pair->to);
	small_add(&pair->from, "linux-64", "python 3.11.*;numpy;app;tool", reason_from,
		LK_COUNTOF(reason_from));
	small_add(&pair->to, "linux-64", "python 3.12.*;numpy;app;scipy", reason_to,
		LK_COUNTOF(reason_to));
	lk_lock_diff_make(&pair->from, &pair->to, NULL, &pair->diff);
}

/* What the specs say themselves, and the ways to them. */
static void test_specs(void **state)
{
	(void)state;
	struct small_pair pair;
	make_reasons(&pair);
	const struct lk_lock_diff *diff = &pair.diff;
	const struct lk_package_change *python = change_of(diff, "python");
	assert_text(python->way->spec, "python 3.12.*");
	assert_null(python->way->needed_by);
	assert_non_null(python->edit);
	assert_int_equal(python->edit->kind, LK_EDIT_CHANGED);
	assert_text(python->edit->from, "python 3.11.*");
	assert_int_equal(change_of(diff, "tool")->edit->kind, LK_EDIT_REMOVED);
	assert_int_equal(change_of(diff, "scipy")->edit->kind, LK_EDIT_ADDED);
	assert_null(change_of(diff, "app")->edit);

	/* The way to the spec. */
	const struct lk_way *way = change_of(diff, "core")->way;
	assert_text(way->spec, "app");
	assert_text(way->needed_by->name, "lib");
	assert_text(way->needed_by->needed_by->name, "app");
	assert_null(way->needed_by->needed_by->needed_by);
	/* Of a removed package it is the old one. */
	assert_text(change_of(diff, "older")->way->needed_by->name, "old");
	small_pair_done(&pair);
}

/* What follows from other changes: ruled out, asked for, brought, no longer needed. */
static void test_causes(void **state)
{
	(void)state;
	struct small_pair pair;
	make_reasons(&pair);
	const struct lk_lock_diff *diff = &pair.diff;
	assert_because(diff, "python", NULL);
	assert_because(diff, "numpy", "python");
	assert_because(diff, "ssl", "python");
	assert_because(diff, "new", "app");
	assert_because(diff, "newer", "new");
	assert_because(diff, "old", "app");
	assert_because(diff, "older", "old");
	/* lib and core could have stayed. */
	assert_because(diff, "lib", NULL);
	assert_because(diff, "core", NULL);
	small_pair_done(&pair);
}

/* Packages that pin each other explain each other one way only; a long chain has an end. */
static void test_circles(void **state)
{
	(void)state;
	static const struct small from[] = {
		SMALL("x", "1.0", .depends = "y 1.0"),
		SMALL("y", "1.0", .depends = "x 1.0"),
	};
	static const struct small to[] = {
		SMALL("x", "2.0", .depends = "y 2.0"),
		SMALL("y", "2.0", .depends = "x 2.0"),
	};
	struct small_pair pair;
	small_init(&pair.from);
	small_init(&pair.to);
	small_add(&pair.from, "linux-64", "y", from, LK_COUNTOF(from));
	small_add(&pair.to, "linux-64", "y", to, LK_COUNTOF(to));
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	assert_because(&pair.diff, "x", "y");
	assert_because(&pair.diff, "y", NULL);
	small_pair_done(&pair);
	small_init(&pair.from);
	small_init(&pair.to);
	small_add(&pair.from, "linux-64", NULL, from, LK_COUNTOF(from));
	small_add(&pair.to, "linux-64", NULL, to, LK_COUNTOF(to));
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	const struct lk_package_change *x = change_of(&pair.diff, "x");
	const struct lk_package_change *y = change_of(&pair.diff, "y");
	assert_true((x->because == y) != (y->because == x));
	assert_int_equal(x->way->spec.len, 0);
	small_pair_done(&pair);
}

/* All dependencies of a package moved by one place: found the simple way, 100,000 of them would
 * take longer than the test may. */
static void test_many_dependencies(void **state)
{
	(void)state;
	enum {
		N = 100000
	};
	static const struct small row[] = {SMALL("x", "1.0", .depends = "y 1.0")};
	static const struct small moved[] = {SMALL("x", "2.0", .depends = "y 1.0")};
	struct small_pair pair;
	small_init(&pair.from);
	small_init(&pair.to);
	small_add(&pair.from, "linux-64", "x", row, 1);
	small_add(&pair.to, "linux-64", "x", moved, 1);
	lk_str *specs = lk_arena_calloc(&pair.to.arena, N + 1, sizeof(*specs));
	for (size_t i = 0; i <= N; i++) {
		specs[i] = lk_str_printf(&pair.to.arena, "y >=%zu", i);
	}
	struct lk_record from = pair.from.platforms[0].packages[0];
	struct lk_record to = pair.to.platforms[0].packages[0];
	from.depends = (struct lk_str_list){specs, N};
	to.depends = (struct lk_str_list){specs + 1, N};
	pair.from.platforms[0].packages = &from;
	pair.to.platforms[0].packages = &to;
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	assert_int_equal(pair.diff.platforms[0].n_changes, 1);
	assert_int_equal(pair.diff.platforms[0].changes[0].kind, LK_CHANGE_MAJOR);
	small_pair_done(&pair);
}

/* ---- channels and platforms ---- */

static void test_renamed_channel(void **state)
{
	(void)state;
	static const struct lk_channel renamed[] = {
		{{"better", 6}, {"https://example.org/main", 24}, {NULL, 0}},
		{{"extra", 5}, {"https://example.org/extra", 25}, {NULL, 0}},
	};
	static const struct small old = SMALL("a", "1.0");
	static const struct small new =
		SMALL("a", "1.0", .channel = "better", .url = "https://example.org/main/linux-64");
	struct small_pair pair;
	small_init(&pair.from);
	lk_lock_init(&pair.to, renamed, LK_COUNTOF(renamed), LK_STR("strict"));
	small_add(&pair.from, "linux-64", "a", &old, 1);
	small_add(&pair.to, "linux-64", "a", &new, 1);
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	assert_int_equal(pair.diff.platforms[0].n_changes, 0);
	assert_int_equal(pair.diff.edits.n, 1);
	assert_int_equal(pair.diff.edits.items[0].kind, LK_EDIT_RENAMED);
	assert_int_equal(pair.diff.edits.items[0].change, LK_CHANGE_SETTINGS);
	assert_text(pair.diff.edits.items[0].key, "https://example.org/main");
	assert_text(pair.diff.edits.items[0].from, "main");
	assert_text(pair.diff.edits.items[0].to, "better");
	small_pair_done(&pair);
}

/* The same name leads elsewhere: told once, not by every package. */
static void test_moved_channel(void **state)
{
	(void)state;
	static const struct lk_channel moved[] = {
		{{"main", 4}, {"https://evil.example/main", 25}, {NULL, 0}},
		{{"extra", 5}, {"https://example.org/extra", 25}, {NULL, 0}},
	};
	static const struct small old = SMALL("a", "1.0");
	static const struct small new =
		SMALL("a", "1.0", .url = "https://evil.example/main/linux-64");
	struct small_pair pair;
	small_init(&pair.from);
	lk_lock_init(&pair.to, moved, LK_COUNTOF(moved), LK_STR("strict"));
	small_add(&pair.from, "linux-64", "a", &old, 1);
	small_add(&pair.to, "linux-64", "a", &new, 1);
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	assert_int_equal(pair.diff.platforms[0].n_changes, 0);
	assert_int_equal(pair.diff.edits.n, 1);
	assert_int_equal(pair.diff.edits.items[0].kind, LK_EDIT_CHANGED);
	assert_int_equal(pair.diff.edits.items[0].change, LK_CHANGE_CHANNEL);
	assert_text(pair.diff.edits.items[0].key, "main");
	assert_text(pair.diff.edits.items[0].to, "https://evil.example/main");
	small_pair_done(&pair);
}

static void test_platforms(void **state)
{
	(void)state;
	static const struct small rows[] = {SMALL("a", "1.0"), SMALL("b", "1.0")};
	struct small_pair pair;
	small_init(&pair.from);
	small_init(&pair.to);
	small_add(&pair.from, "linux-64", "a", rows, 2);
	small_add(&pair.from, "osx-64", "a", rows, 2);
	small_add(&pair.to, "linux-64", "a", rows, 2);
	small_add(&pair.to, "win-64", "a", rows, 1);
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	const struct lk_platform_diff *platforms = pair.diff.platforms;
	assert_int_equal(pair.diff.n_platforms, 3);
	assert_true(lk_platform_diff_is_empty(&platforms[0]));
	assert_null(platforms[1].to);
	assert_int_equal(platforms[1].n_changes, 0);
	assert_int_equal(lk_platform_diff_count(&platforms[1], LK_CHANGE_PLATFORM_REMOVED), 1);
	assert_int_equal(lk_platform_diff_count(&platforms[2], LK_CHANGE_PLATFORM_ADDED), 1);
	assert_int_equal(lk_platform_diff_count(&platforms[2], LK_CHANGE_ADDED), 0);
	assert_int_equal(platforms[2].download, 1000000);
	lk_lock_diff_done(&pair.diff);
	struct lk_diff_options options = {.whole_platforms = true, .platform = LK_STR("win-64")};
	lk_lock_diff_make(&pair.from, &pair.to, &options, &pair.diff);
	assert_int_equal(pair.diff.n_platforms, 1);
	assert_int_equal(pair.diff.platforms[0].counts[LK_CHANGE_ADDED], 1);
	lk_lock_diff_done(&pair.diff);
	options.platform = LK_STR("linux-64");
	lk_lock_diff_make(&pair.from, &pair.to, &options, &pair.diff);
	assert_true(lk_lock_diff_is_empty(&pair.diff));
	small_pair_done(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_requirements),
		cmocka_unit_test(test_specs),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_circles),
		cmocka_unit_test(test_many_dependencies),
		cmocka_unit_test(test_renamed_channel),
		cmocka_unit_test(test_moved_channel),
		cmocka_unit_test(test_platforms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Other tools' lock files: what each field becomes, and where a fault is told.
 */
#include "lock_sample.h"

#include "tests/support/exchange_same.h"

#define BASE "https://conda.anaconda.org/conda-forge"

static const char pixi[] = "version: 6\n"
			   "environments:\n"
			   "  default:\n"
			   "    channels:\n"
			   "    - url: " BASE "/\n" /* 5 */
			   "    packages:\n"
			   "      linux-64:\n"
			   "      - conda: " BASE "/linux-64/app-1.0-0.conda\n"
			   "      - conda: " BASE "/noarch/lib-2-1.tar.bz2\n"
			   "packages:\n" /* 10 */
			   "- conda: " BASE "/linux-64/app-1.0-0.conda\n"
			   "  sha256: " HASH_A "\n"
			   "  depends:\n"
			   "  - lib\n"
			   "- conda: " BASE "/noarch/lib-2-1.tar.bz2\n" /* 15 */
			   "  sha256: " HASH_B "\n";

static const char conda_lock[] = "version: 1\n"
				 "metadata:\n"
				 "  channels: [{url: conda-forge, used_env_vars: []}]\n"
				 "  platforms: [linux-64]\n"
				 "package:\n" /* 5 */
				 "- name: app\n"
				 "  version: '1.0'\n"
				 "  manager: conda\n"
				 "  platform: linux-64\n"
				 "  dependencies: {lib: '>=2', python: ''}\n" /* 10 */
				 "  url: " BASE "/linux-64/app-1.0-0.conda\n"
				 "  hash: {sha256: " HASH_A "}\n"
				 "  optional: false\n";

/* TEXT with the first FROM in it replaced; owned by the caller. */
static char *bent(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	assert_non_null(at);
	return lk_asprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void import_ok(
	const char *text, const struct lk_import_options *options, struct lk_imported *ret)
{
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_import(lk_str_of(text), "f", options, NULL, ret, &err);
	assert_string_equal(err.message, "");
	assert_int_equal(rc, 0);
}

static void test_kinds(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *format; /* or NULL */
		const char *said;
	} rows[] = {
		{pixi, "pixi.lock version 6", NULL},
		{conda_lock, "conda-lock.yml version 1", NULL},
		{"@EXPLICIT\n", NULL, "@EXPLICIT"},
		{"dependencies: []\n", NULL, "is to be solved"},
		{sample, NULL, "already"},
		{"a: b", NULL, "neither"},
		{"- a", NULL, "neither"},
		{"", NULL, "neither"},
		{"a: [", NULL, "not valid YAML"},
	};
	const struct lk_import_options none = {0};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_imported imported;
		int rc = lk_import(lk_str_of(rows[i].text), "f", &none, NULL, &imported, &err);
		if (rows[i].format) {
			assert_int_equal(rc, 0);
			assert_string_equal(imported.format, rows[i].format);
			lk_imported_done(&imported);
		} else {
			assert_int_equal(rc, LK_E_FORMAT);
			assert_non_null(strstr(err.message, rows[i].said));
		}
	}
	assert_true(lk_import_is_explicit(LK_STR("# x\r\n @EXPLICIT \r\n")));
	assert_true(lk_import_is_explicit(LK_STR("\xef\xbb\xbf@EXPLICIT\nhttps://x")));
	assert_false(lk_import_is_explicit(LK_STR("# @EXPLICIT\n")));
}

static const struct fault {
	const char *from, *to; /* in the text */
	int rc;
	unsigned line;
	const char *said;
} pixi_faults[] = {
	{"version: 6", "version: 9", LK_E_FORMAT, 1, "version 9"},
	{"version: 6", "version: x", LK_E_FORMAT, 1, "whole number"},
	{"  default:", "  other:", LK_E_USAGE, 0, "no environment 'default'"},
	{"    channels:\n", "    channels: {}\n    x:\n", LK_E_FORMAT, 4, "must be a list"},
	{"      linux-64:", "      Linux:", LK_E_FORMAT, 8, "not a platform"},
	{"      linux-64:", "      noarch:", LK_E_FORMAT, 8, "not a platform"},
	{"      linux-64:", "      osx-64:", LK_E_FORMAT, 11, "neither 'osx-64' nor noarch"},
	{"packages:\n-", "packages: {}\nx:\n-", LK_E_FORMAT, 10, "must be a list"},
	{"/noarch/lib-2-1.tar.bz2", "/noarch/lib-3-1.tar.bz2", LK_E_FORMAT, 9, "does not have"},
	{"      - conda: " BASE "/noarch", "      - pypi: " BASE "/noarch", LK_E_FORMAT, 9,
		"for pip"},
	{"      - conda: " BASE "/noarch", "      - conda_source: " BASE "/noarch", LK_E_FORMAT, 9,
		"from source"},
	{"      - conda: " BASE "/noarch", "      - other: " BASE "/noarch", LK_E_FORMAT, 9,
		"must name a package"},
	{"  sha256: " HASH_A "\n", "", LK_E_INTEGRITY, 11, "has no sha256"},
	{"sha256: " HASH_A, "sha256: 12", LK_E_FORMAT, 12, "64 hexadecimal"},
	{"  depends:\n  - lib", "  depends: lib", LK_E_FORMAT, 13, "list or a mapping"},
	{"  - lib", "  - [lib]", LK_E_FORMAT, 14, "one line of text"},
	{"  - lib", "  - \"l\\nb\"", LK_E_FORMAT, 14, "one line of text"},
	{"  depends:", "  name: lib\n  depends:", LK_E_FORMAT, 16, "stands twice"},
};

static const struct fault conda_lock_faults[] = {
	{"platforms: [linux-64]", "platforms: [win-64]", LK_E_FORMAT, 9, "not among"},
	{"platforms: [linux-64]", "platforms: [linux-64, linux-64]", LK_E_FORMAT, 4, "both are"},
	{"  channels: [", "  x: [", LK_E_FORMAT, 3, "'channels'"},
	{"{url: conda-forge, ", "{", LK_E_FORMAT, 3, "no 'url'"},
	{"  manager: conda", "  manager: pip", LK_E_FORMAT, 6, "for pip"},
	{"  manager: conda\n", "", LK_E_FORMAT, 6, "no 'manager'"},
	{"  url: " BASE "/linux-64/", "  url: C:\\pkgs\\", LK_E_FORMAT, 11, "is a path"},
	{"app-1.0-0.conda", "app-1.0-0.zip", LK_E_FORMAT, 11, "no archive"},
	{"  hash: {sha256: " HASH_A "}\n", "", LK_E_INTEGRITY, 6, "has no sha256"},
	{"{lib: '>=2', ", "{lib: [2], ", LK_E_FORMAT, 10, "one line of text"},
};

static void check_faults(const char *text, const struct fault *faults, size_t n)
{
	const struct lk_import_options none = {0};
	for (size_t i = 0; i < n; i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_imported imported;
		char *LK_AUTO_FREE bad = bent(text, faults[i].from, faults[i].to);
		int rc = lk_import(lk_str_of(bad), "f", &none, NULL, &imported, &err);
		if (rc != faults[i].rc || err.line != faults[i].line ||
			!strstr(err.message, faults[i].said)) {
			fail_msg("fault %zu: %d at line %u: %s", i, rc, err.line, err.message);
		}
		assert_true(err.hint[0] || rc == LK_E_FORMAT);
	}
}

static void test_faults(void **state)
{
	(void)state;
	check_faults(pixi, pixi_faults, LK_COUNTOF(pixi_faults));
	check_faults(conda_lock, conda_lock_faults, LK_COUNTOF(conda_lock_faults));
}

static void test_fields(void **state)
{
	(void)state;
	const struct lk_import_options none = {0};
	struct lk_imported imported;
	import_ok(conda_lock, &none, &imported);
	const struct lk_lock_platform *platform = &imported.lock.platforms[0];
	const struct lk_record *app = &platform->packages[0];
	assert_true(lk_str_is(app->depends.items[0], "lib >=2"));
	assert_true(lk_str_is(app->depends.items[1], "python"));
	assert_true(lk_str_is(app->build, "0") && lk_str_is(app->channel, "conda-forge"));
	assert_int_equal(platform->specs.n, 1);
	assert_true(lk_str_is(platform->specs.items[0], "app"));
	lk_imported_done(&imported);
}

/* A circle that nothing leads into has a spec too. */
static void test_specs_of_circles(void **state)
{
	(void)state;
	const struct lk_import_options none = {0};
	struct lk_imported imported;
	char *LK_AUTO_FREE circle = bent(
		pixi, "  sha256: " HASH_B "\n", "  sha256: " HASH_B "\n  depends: [app, lib]\n");
	import_ok(circle, &none, &imported);
	const struct lk_str_list *specs = &imported.lock.platforms[0].specs;
	assert_int_equal(specs->n, 1);
	assert_true(lk_str_is(specs->items[0], "app"));
	lk_imported_done(&imported);
}

static void test_options(void **state)
{
	(void)state;
	static const lk_str virtuals[] = {{"__cuda=12.6", 11}, {"__glibc=", 8}};
	static const lk_str platforms[] = {{"win-64", 6}};
	struct lk_import_options options = {.virtuals = {virtuals, 2}};
	struct lk_imported imported;
	struct lk_error err = LK_ERROR_INIT;
	import_ok(pixi, &options, &imported);
	const struct lk_virtuals *solved_with = &imported.lock.platforms[0].solved_with;
	assert_non_null(lk_virtuals_find(solved_with, LK_STR("__cuda")));
	assert_null(lk_virtuals_find(solved_with, LK_STR("__glibc")));
	lk_imported_done(&imported);
	options = (struct lk_import_options){.platforms = {platforms, 1}};
	assert_int_equal(
		lk_import(lk_str_of(pixi), "f", &options, NULL, &imported, &err), LK_E_USAGE);
}

/* What every format carries comes back. */
static void test_round_trips(void **state)
{
	(void)state;
	static lk_export_writer *const writers[] = {
		lk_export_pixi, lk_export_pixi_v7, lk_export_conda_lock};
	const struct lk_import_options none = {0};
	const struct lk_export_options plain = {0};
	struct lk_imported imported;
	import_ok(pixi, &none, &imported);
	for (size_t i = 0; i < LK_COUNTOF(writers); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf text = LK_BUF_INIT(100000);
		struct lk_imported again;
		lk_str name;
		assert_int_equal(writers[i](&imported.lock, &plain, &text, NULL, &err), 0);
		import_ok(lk_buf_cstr(&text), &none, &again);
		assert_null(exchange_fault(&imported.lock, &again.lock, LK_PART_CONSTRAINS, &name));
		lk_imported_done(&again);
		lk_buf_done(&text);
		/* What does not fit is an error, not a torn file. */
		struct lk_buf small = LK_BUF_INIT(100);
		assert_int_equal(
			writers[i](&imported.lock, &plain, &small, NULL, &err), LK_E_FORMAT);
		lk_buf_done(&small);
	}
	lk_imported_done(&imported);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_specs_of_circles),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_round_trips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

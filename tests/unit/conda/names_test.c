/*
 * What names alone tell: subdirs, file names, identifiers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conda/record.h"
#include "conda/subdir.h"

static void check(bool got, bool wanted, const char *text)
{
	if (got != wanted) {
		fail_msg("'%s': %d, not %d", text, got, wanted);
	}
}

static void subdirs_are_told(void **state)
{
	static const struct {
		const char *text;
		bool known, valid;
		const char *os, *arch;
	} rows[] = {
		{"linux-64", true, true, "linux", "x86_64"},
		{"linux-32", true, true, "linux", "x86"},
		{"linux-aarch64", true, true, "linux", "aarch64"},
		{"linux-ppc64le", true, true, "linux", "ppc64le"},
		{"osx-arm64", true, true, "osx", "aarch64"},
		{"win-64", true, true, "win", "x86_64"},
		{"noarch", true, true, "", ""},
		{"linux-fake", false, true, "linux", "fake"},
		{"emscripten-wasm32", true, true, "emscripten", "wasm32"},
		{"linux", false, false, "", ""},
		{"Linux-64", false, false, "Linux", "x86_64"},
		{"linux-", false, false, "linux", ""},
		{"-64", false, false, "", "x86_64"},
		{"linux-64/..", false, false, "linux", "64/.."},
		{"", false, false, "", ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str s = lk_str_of(rows[i].text);
		check(lk_subdir_is_known(s), rows[i].known, rows[i].text);
		check(lk_subdir_is_valid(s), rows[i].valid, rows[i].text);
		check(lk_str_is(lk_subdir_os(s), rows[i].os), true, rows[i].text);
		check(lk_str_is(lk_subdir_arch(s), rows[i].arch), true, rows[i].text);
	}
	assert_true(lk_subdir_is_known(lk_str_of(lk_subdir_native())));
	(void)state;
}

static void file_names_have_kinds(void **state)
{
	static const struct {
		const char *fn;
		enum lk_archive_kind kind;
		const char *dist;
	} rows[] = {
		{"a-1-0.conda", LK_ARCHIVE_CONDA, "a-1-0"},
		{"a-1-0.tar.bz2", LK_ARCHIVE_TAR_BZ2, "a-1-0"},
		{"a-1-py3-none-any.whl", LK_ARCHIVE_WHEEL, "a-1-py3-none-any"},
		{"a-1-0.tar.gz", LK_ARCHIVE_UNKNOWN, "a-1-0.tar.gz"},
		{".conda", LK_ARCHIVE_UNKNOWN, ".conda"},
		{"", LK_ARCHIVE_UNKNOWN, ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str dist;
		assert_int_equal(lk_archive_kind_of(lk_str_of(rows[i].fn), &dist), rows[i].kind);
		assert_true(lk_str_is(dist, rows[i].dist));
		assert_int_equal(lk_archive_kind_of(lk_str_of(rows[i].fn), NULL), rows[i].kind);
	}
	(void)state;
}

static void dists_split_from_the_right(void **state)
{
	static const struct {
		const char *dist, *name, *version, *build;
	} rows[] = {
		{"numpy-2.1.3-py312h58c1407_0", "numpy", "2.1.3", "py312h58c1407_0"},
		{"ca-certificates-2024.2.2-hf0a4a13_0", "ca-certificates", "2024.2.2",
			"hf0a4a13_0"},
		{"a-b-c-d", "a-b", "c", "d"},
	};
	lk_str name;
	lk_str version;
	lk_str build;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		assert_true(lk_dist_split(lk_str_of(rows[i].dist), &name, &version, &build));
		assert_true(lk_str_is(name, rows[i].name));
		assert_true(lk_str_is(version, rows[i].version));
		assert_true(lk_str_is(build, rows[i].build));
	}
	static const char *const bad[] = {"", "a", "a-1", "-1-0", "a--0", "a-1-", "--"};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		check(lk_dist_split(lk_str_of(bad[i]), &name, &version, &build), false, bad[i]);
	}
	(void)state;
}

static void identifiers_follow_the_rules(void **state)
{
	static const struct {
		const char *text;
		bool name, is_virtual, build;
	} rows[] = {
		{"numpy", true, false, true},
		{"_libgcc_mutex", true, false, true},
		{"ca-certificates", true, false, false},
		{"r-base.x", true, false, false},
		{"7zip", true, false, true},
		{"__cuda", false, true, true},
		{"__cuda_arch", false, true, true},
		{"___x", false, false, true},
		{"__", false, false, true},
		{"a__b", false, false, true},
		{"a-_b", false, false, false},
		{".a", false, false, true},
		{".a", false, false, true},
		{"..", false, false, true},
		{"NumPy", false, false, true},
		{"a b", false, false, false},
		{"a/b", false, false, false},
		{"", false, false, false},
		{"py312h58c1407_0", true, false, true},
		{"a+b", false, false, true},
		{"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd", true, false,
			true},
		{"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcde", false, false,
			false},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str s = lk_str_of(rows[i].text);
		check(lk_name_is_valid(s), rows[i].name, rows[i].text);
		check(lk_name_is_virtual(s), rows[i].is_virtual, rows[i].text);
		check(lk_build_is_valid(s), rows[i].build, rows[i].text);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subdirs_are_told),
		cmocka_unit_test(file_names_have_kinds),
		cmocka_unit_test(dists_split_from_the_right),
		cmocka_unit_test(identifiers_follow_the_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

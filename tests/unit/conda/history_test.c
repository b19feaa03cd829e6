/*
 * What a history asks for in the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "conda/history.h"

/* The history, and "name=spec" of all that is asked for. */
static const struct {
	const char *text, *expected;
} cases[] = {
	{"", ""},
	{"==> 2026-01-31 12:00:00 <==\n# cmd: conda create\n# conda version: 24.1.0\n"
	 "+conda-forge/linux-64::numpy-2.1.3-py312_0\n# update specs: ['python=3.12', \"numpy\"]\n",
		"python='python=3.12' numpy='numpy'"},
	{"# update specs: ['numpy', 'scipy']\n# update specs: ['numpy >=2']\n",
		"numpy='numpy >=2' scipy='scipy'"},
	{"# install specs: ['a']\n# remove specs: ['a']\n", ""},
	{"# install specs: ['a', 'b']\n# uninstall specs: ['a']\n# create specs: ['a 1']\n",
		"b='b' a='a 1'"},
	{"# update specs: ['a']\n# neutered specs: ['a >=1']\n# freeze specs: ['z']\n",
		"a='a >=1'"},
	{"# update specs: [\"python[version='3.9.*',build=*_cpython]\", 'it\\'s', 'x\\\\']\n",
		"python='python[version='3.9.*',build=*_cpython]'"},
	{"# install specs: ['jupyter', 'python 3.4* "
	 "(target=conda-forge::python-3.4.5-1.tar.bz2)']\n",
		"jupyter='jupyter' python='python 3.4*'"},
	{"# update specs: ['conda-forge::Numpy==2=py_0', '*', 'py*', '', 'bad spec [', '__cuda']\n",
		"numpy='conda-forge::Numpy==2=py_0' __cuda='__cuda'"},
	/* conda before 4.5 */
	{"# update specs: python>=3.5.1,jupyter >=1.0.0,<2.0, matplotlib\n",
		"python='python>=3.5.1' jupyter='jupyter >=1.0.0,<2.0' matplotlib='matplotlib'"},
	{"# update specs:\n#update specs: a\n  #  install   specs:   b  \r\n# specs: c\nupdate "
	 "specs: "
	 "d\n# update spec: e\n# update specs f\n",
		"a='a' b='b'"},
	/* Cut off, or never ended. */
	{"# update specs: ['a', 'b", "a='a'"},
	{"# update specs: ['a', 'b\\", "a='a'"},
	{"# update specs: [", ""},
	{"# update specs: ,,a,,", "a='a'"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_askeds asked = {0};
		lk_history_asked(lk_str_of(cases[i].text), &arena, &asked);
		const char *got = "";
		for (size_t k = 0; k < asked.len; k++) {
			got = lk_arena_printf(&arena, "%s%s" LK_STR_FMT "='" LK_STR_FMT "'", got,
				k ? " " : "", LK_STR_ARG(asked.items[k].name),
				LK_STR_ARG(asked.items[k].spec));
		}
		if (strcmp(got, cases[i].expected) != 0) {
			fail_msg("case %zu: %s, not %s", i, got, cases[i].expected);
		}
		lk_vec_done(&asked);
	}
}

/* A word longer than any spec ends with its quote, and what follows is read. */
static void test_long_item(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_askeds asked = {0};
	const char *text = lk_arena_printf(&arena, "# update specs: ['%0*d', 'b']", 100000, 7);
	lk_history_asked(lk_str_of(text), &arena, &asked);
	assert_int_equal(asked.len, 1);
	assert_true(lk_str_is(asked.items[0].name, "b"));
	lk_vec_done(&asked);
}

/* What a history began as, the specs of a lock, and what is added. */
static const struct {
	const char *before, *specs, *added;
} notes[] = {
	{"", "", ""},
	{"# update specs: ['a']\n", "", ""},
	{"", "python 3.12.*;numpy", "# update specs: ['python 3.12.*', 'numpy']\n"},
	{"# update specs: ['a', 'B 1', 'c']\n", "b >=2",
		"# remove specs: ['a', 'c']\n# update specs: ['b >=2']\n"},
	{"# update specs: ['a']\n", "a", "# update specs: ['a']\n"},
	{"", "x[version='3.9.*',build=\"a\\b\"]",
		"# update specs: ['x[version=\\'3.9.*\\',build=\"a\\\\b\"]']\n"},
	/* What conda could not read would break it. */
	{"# update specs: ['a']\n", "a[when=\"b\"];c[extras=[d]];e[flags=[f]];py*;not a spec [",
		"# remove specs: ['a']\n"},
};

static void test_notes(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(notes); i++) {
		lk_str items[8];
		struct lk_str_list specs = {items, 0};
		lk_str rest = lk_str_of(notes[i].specs);
		lk_str part;
		while (rest.len > 0 && lk_str_split(&rest, ';', &part)) {
			items[specs.n++] = part;
		}
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
		lk_history_note(lk_str_of(notes[i].before), &specs, &out);
		assert_string_equal(lk_buf_cstr(&out), notes[i].added);
	}
}

/* The names are those that conda 26 gave. */
static void test_dists(void **state)
{
	(void)state;
	static const struct {
		const char *channel, *dist;
	} rows[] = {
		{"https://conda.anaconda.org/conda-forge/linux-64", "conda-forge"},
		{"https://conda.anaconda.org/conda-forge/", "conda-forge"},
		{"http://conda.anaconda.org/conda-forge/noarch", "conda-forge"},
		{"conda-forge", "conda-forge"},
		{"conda-forge/osx-arm64", "conda-forge"},
		{"https://conda.anaconda.org/nvidia/label/cuda-12.4.0/linux-64",
			"nvidia/label/cuda-12.4.0"},
		{"https://repo.anaconda.com/pkgs/main/linux-64", "defaults"},
		{"https://repo.anaconda.com/pkgs/r/noarch", "defaults"},
		{"https://conda.anaconda.org/pkgs/main/linux-64", "defaults"},
		{"pkgs/main", "defaults"},
		{"https://repo.anaconda.com/pkgs/msys2/win-64",
			"https://repo.anaconda.com/pkgs/msys2"},
		{"https://conda.anaconda.org/main/linux-64", "main"},
		{"https://example.org/a/b/linux-64", "https://example.org/a/b"},
		{"https://example.org:8443/get/x/noarch", "https://example.org:8443/get/x"},
		{"https://prefix.dev/conda-forge/noarch", "https://prefix.dev/conda-forge"},
		{"file:///srv/chan/noarch", "file:///srv/chan"},
		/* no credential, no second line */
		{"https://u:p@example.org/t/tk-1/a/linux-64", "https://example.org/a"},
		{"https://conda.anaconda.org/t/tk-1/a/linux-64", "a"},
		{"a\n+evil", "<unknown>"},
	};
	const struct lk_record record = {.subdir = LK_STR("linux-64"),
		.name = LK_STR("a"),
		.version = LK_STR("1\n2"),
		.build = LK_STR("0")};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
		char want[256];
		snprintf(want, sizeof(want), "%s/linux-64::a-1?2-0", rows[i].dist);
		lk_history_put(&out, lk_str_of(rows[i].channel), &record);
		assert_string_equal(lk_buf_cstr(&out), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_long_item),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_dists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

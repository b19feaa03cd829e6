/*
 * Relations between channels: references resolved, orders found, circles refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conda/relations.h"

static void references(void **state)
{
	static const struct {
		const char *from, *reference, *url; /* NULL: refused */
	} rows[] = {
		{"bioconda", "../conda-forge", "https://conda.anaconda.org/conda-forge"},
		{"conda-forge/label/rc", "../..", "https://conda.anaconda.org/conda-forge"},
		{"conda-forge/label/rc", "../../", "https://conda.anaconda.org/conda-forge"},
		{"https://h/a", "../b/label/x", "https://h/b/label/x"},
		{"https://h:8/x/a", "../b", "https://h:8/x/b"},
		{"file:///srv/c/a", "../b", "file:///srv/c/b"},
		{"https://h/a", "../..", NULL},
		{"https://h/a", "../", NULL},
		{"https://h/a", "b", NULL},
		{"https://h/a", "./b", NULL},
		{"https://h/a", "..", NULL},
		{"https://h/a", "/b", NULL},
		{"https://h/a", "//evil/b", NULL},
		{"https://h/a", "https://evil/b", NULL},
		{"https://h/a", "", NULL},
		{"https://h/a", "../b?c", NULL},
		{"https://h/a", "../b c", NULL},
		{"https://h/a", "../b\nc", NULL},
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	(void)state;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_channel from;
		struct lk_channel got;
		assert_int_equal(lk_channel_resolve(lk_str_of(rows[i].from),
					 LK_STR(LK_CHANNEL_ALIAS), &arena, &from, &err),
			0);
		int rc = lk_channel_related(&from, lk_str_of(rows[i].reference),
			LK_STR(LK_CHANNEL_ALIAS), &arena, &got, &err);
		assert_int_equal(rc, rows[i].url ? 0 : LK_E_FORMAT);
		if (rc == 0 && !lk_str_is(got.url, rows[i].url)) {
			fail_msg("row %zu: " LK_STR_FMT, i, LK_STR_ARG(got.url));
		}
	}
}

static void credentials_go_along(void **state)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_channel from;
	struct lk_channel got;
	(void)state;
	lk_arena_init(&arena);
	assert_int_equal(lk_channel_resolve(LK_STR("https://u:p@h/t/tok/x/a"),
				 LK_STR(LK_CHANNEL_ALIAS), &arena, &from, &err),
		0);
	assert_int_equal(lk_channel_related(&from, LK_STR("../b"), LK_STR(LK_CHANNEL_ALIAS), &arena,
				 &got, &err),
		0);
	assert_true(lk_str_is(got.url, "https://h/x/b"));
	assert_true(lk_str_is(got.auth_url, "https://u:p@h/t/tok/x/b"));
}

/* Channels are letters, edges "ab": a outranks b. The first N_USER letters are the user's. */
static void check_order(
	const char *letters, size_t n_user, const char *const *pairs, const char *wanted)
{
	struct lk_channels channels = {0};
	struct lk_channel_edges edges = {0};
	struct lk_error err = LK_ERROR_INIT;
	size_t order[16];
	char got[17] = "";
	size_t n = strlen(letters);
	for (size_t i = 0; i < n; i++) {
		lk_vec_push(&channels, (struct lk_channel){.name = lk_str_n(letters + i, 1)});
	}
	for (; *pairs; pairs++) {
		struct lk_channel_edge edge = {(size_t)(strchr(letters, (*pairs)[0]) - letters),
			(size_t)(strchr(letters, (*pairs)[1]) - letters)};
		lk_vec_push(&edges, edge);
	}
	int rc = lk_channels_order(&channels, n_user, &edges, order, &err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		got[i] = letters[order[i]];
	}
	assert_string_equal(rc == 0 ? got : "circle", wanted);
	assert_int_equal(rc, rc == 0 ? 0 : LK_E_FORMAT);
	lk_vec_done(&channels);
	lk_vec_done(&edges);
}

static void orders(void **state)
{
	static const struct {
		const char *letters;
		size_t n_user;
		const char *pairs[6];
		const char *wanted;
	} rows[] = {
		{"a", 1, {NULL}, "a"}, {"abc", 3, {NULL}, "abc"},
		{"bf", 1, {"fb"}, "fb"},           /* a base */
		{"rf", 1, {"rf"}, "rf"},           /* overrides */
		{"mbf", 1, {"bm", "fb"}, "fbm"},   /* the base of a base */
		{"mfh", 1, {"fm", "mh"}, "fmh"},   /* both */
		{"fb", 2, {"fb"}, "fb"},           /* the user agrees */
		{"bf", 2, {"fb"}, "bf"},           /* the user disagrees */
		{"abf", 2, {"fb"}, "afb"},         /* beside the one that declares it */
		{"abf", 2, {"af"}, "afb"},         /* the same, below */
		{"abf", 2, {"fa", "fb"}, "fab"},   /* shared */
		{"abf", 2, {"af", "bf"}, "abf"},   /* shared, below */
		{"abcd", 3, {"ca", "da"}, "dabc"}, /* what contradicts the user is passed over */
		{"ab", 1, {"ab", "ab"}, "ab"},     /* said twice */
		{"ab", 1, {"ab", "ba"}, "circle"}, {"a", 1, {"aa"}, "circle"},
		{"abc", 1, {"ba", "cb", "bc"}, "circle"},
		{"abc", 2, {"bc", "ca"}, "circle"}, /* over a channel that is not the user's */
	};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		check_order(rows[i].letters, rows[i].n_user, rows[i].pairs, rows[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references),
		cmocka_unit_test(credentials_go_along),
		cmocka_unit_test(orders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

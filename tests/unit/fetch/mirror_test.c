/*
 * Mirrors: which rule is for an address, and what is no rule.
 */
#include "fetch/mirror.h"

#include "tests/unit/fetch/fetch_support.h"

struct fixture {
	struct lk_mirrors mirrors;
	struct lk_arena arena;
	struct lk_error err;
};

static int setup(void **state)
{
	*state = lk_calloc(1, sizeof(struct fixture));
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_mirrors_done(&f->mirrors);
	lk_arena_done(&f->arena);
	lk_free(f);
	return 0;
}

static int add(struct fixture *f, const char *prefix, const char *first, const char *second)
{
	const lk_str urls[] = {lk_str_of(first), lk_str_of(second)};
	size_t n = first ? second ? 2 : 1 : 0;
	return lk_mirrors_add(&f->mirrors, lk_str_of(prefix), urls, n, &f->arena, &f->err);
}

static const char *first_mirror(const struct fixture *f, const char *url)
{
	const struct lk_mirror_rule *rule = lk_mirrors_find(&f->mirrors, lk_str_of(url));
	return rule ? rule->mirrors[0]->url.ptr : "none";
}

static void test_longest_prefix(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(first_mirror(f, "https://h.org/a/x"), "none");
	assert_int_equal(add(f, "https://h.org", "https://all.net/", NULL), 0);
	assert_int_equal(
		add(f, "HTTPS://H.org/a/", "https://u:pw@a.net/x/t", "https://h.org/a"), 0);
	assert_int_equal(add(f, "https://h.org/a/b", "http://t:/t/tk-1/b", "https://all.net"), 0);
	assert_int_equal(add(f, "https://h.org/a", "https://late.net", NULL), 0);
	assert_string_equal(first_mirror(f, "https://h.org/a/x"), "https://a.net/x/t");
	assert_string_equal(first_mirror(f, "https://h.org/a"), "https://a.net/x/t");
	assert_string_equal(first_mirror(f, "https://h.org/ab/x"), "https://all.net");
	assert_string_equal(first_mirror(f, "https://h.org/a/b/x"), "http://t:/b");
	assert_string_equal(first_mirror(f, "https://h.organic/a"), "none");
	assert_string_equal(first_mirror(f, "http://h.org/a"), "none");
	/* One mirror is one, whoever names it; its credentials are kept apart. */
	const struct lk_mirror_rule *b =
		lk_mirrors_find(&f->mirrors, LK_STR("https://h.org/a/b/c"));
	const struct lk_mirror_rule *all = lk_mirrors_find(&f->mirrors, LK_STR("https://h.org/x"));
	assert_int_equal(b->n, 2);
	assert_ptr_equal(b->mirrors[1], all->mirrors[0]);
	assert_true(lk_str_is(b->mirrors[0]->auth_url, "http://t:/t/tk-1/b"));
}

static void test_refused(void **state)
{
	static const char *const rows[][2] = {
		{"conda-forge", "https://m"},
		{"file:///x", "https://m"},
		{"https://h", "file:///x"},
		{"https://h", "oci://ghcr.io/x"},
		{"https://h", "s3://s3cret@b"},
		{"https://h", "https://u:s3cret@m?x"},
		{"https://h", "https://u:s3cret@"},
		{"https://h", NULL},
		{"", "https://m"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		if (add(f, rows[i][0], rows[i][1], NULL) != LK_E_USAGE) {
			fail_msg("%s: %s was taken", rows[i][0], rows[i][1]);
		}
		assert_null(strstr(f->err.message, "s3cret"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_longest_prefix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

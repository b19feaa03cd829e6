/*
 * Python's versions: normal forms, the order of PEP 440's own examples, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wheel/pep440.h"

static struct lk_pep440 parse(struct lk_arena *arena, const char *text)
{
	struct lk_pep440 version;
	struct lk_error err = LK_ERROR_INIT;
	if (lk_pep440_parse(lk_str_of(text), arena, &version, &err) < 0) {
		fail_msg("%s", err.message);
	}
	return version;
}

/* Source: PEP 440, "Normalization"; each spelling beside its normal form. */
static void spellings_are_normalised(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"1", "1"},
		{"v1.0", "1.0"},
		{"  1.0\n", "1.0"},
		{"1.0.0", "1.0.0"},
		{"01.002", "1.2"},
		{"0", "0"},
		{"00!00.0", "0.0"},
		{"2!1.0", "2!1.0"},
		{"1.1RC1", "1.1rc1"},
		{"1.1.a1", "1.1a1"},
		{"1.1-a1", "1.1a1"},
		{"1.1_a_1", "1.1a1"},
		{"1.1alpha1", "1.1a1"},
		{"1.1beta2", "1.1b2"},
		{"1.1c3", "1.1rc3"},
		{"1.1pre4", "1.1rc4"},
		{"1.1preview5", "1.1rc5"},
		{"1.2a", "1.2a0"},
		{"1.2post2", "1.2.post2"},
		{"1.2-post2", "1.2.post2"},
		{"1.2.post.2", "1.2.post2"},
		{"1.2.post", "1.2.post0"},
		{"1.0-r4", "1.0.post4"},
		{"1.0rev4", "1.0.post4"},
		{"1.0-1", "1.0.post1"},
		{"1.2.dev", "1.2.dev0"},
		{"1.2.dev-", "1.2.dev0"},
		{"1.2a--1", "1.2a0.post1"},
		{"1.2a-1", "1.2a1"},
		{"1.2dev3", "1.2.dev3"},
		{"1.2-dev-3", "1.2.dev3"},
		{"1.0a2.post3.dev4", "1.0a2.post3.dev4"},
		{"1.0+Ubuntu-1", "1.0+ubuntu.1"},
		{"1.0+abc_007", "1.0+abc.7"},
		{"1.0+0", "1.0+0"},
		{"2.7.1+cu126", "2.7.1+cu126"},
		{"20251122123456789012345678901234567890",
			"20251122123456789012345678901234567890"},
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_pep440 version = parse(&arena, rows[i][0]);
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
		lk_pep440_put(&version, &out);
		assert_string_equal(lk_buf_cstr(&out), rows[i][1]);
		struct lk_pep440 again = parse(&arena, rows[i][1]);
		assert_int_equal(lk_pep440_cmp(&version, &again), 0);
	}
}

/* Source: PEP 440, "Summary of permitted suffixes and relative ordering" and "Local version
 * identifiers"; each comes before all after it. */
static void order_is_that_of_pep440(void **state)
{
	(void)state;
	static const char *const chain[] = {"0.9.9", "1.dev0", "1.0.dev456", "1.0a1.dev1", "1.0a1",
		"1.0a1.post1.dev2", "1.0a1.post1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12",
		"1.0b1.dev456", "1.0b2", "1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456",
		"1.0rc1", "1.0", "1.0+abc", "1.0+abc.5", "1.0+abc.7", "1.0+abd", "1.0+5", "1.0+5.a",
		"1.0+5.0", "1.0+10", "1.0.post456.dev34", "1.0.post456", "1.0.post456+1", "1.0.0.1",
		"1.0.15", "1.1.dev1", "1.1", "1.10", "1.99999999999999999999",
		"1.100000000000000000000", "1!0.1.dev1", "1!0.1", "10!0"};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(chain); i++) {
		for (size_t k = 0; k < LK_COUNTOF(chain); k++) {
			struct lk_pep440 a = parse(&arena, chain[i]);
			struct lk_pep440 b = parse(&arena, chain[k]);
			int order = lk_pep440_cmp(&a, &b);
			if ((order > 0) - (order < 0) != (i > k) - (i < k)) {
				fail_msg("%s and %s: %d", chain[i], chain[k], order);
			}
		}
	}
}

static void equal_versions(void **state)
{
	(void)state;
	static const char *const rows[][2] = {{"1.0", "1"}, {"1.0.0", "1.0"}, {"1.0a1", "1.0.0.a1"},
		{"0!1", "1"}, {"1.0.dev0", "1.dev"}, {"1.0+a.01", "1+a-1"}, {"1c1", "1.0rc1"}};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_pep440 a = parse(&arena, rows[i][0]);
		struct lk_pep440 b = parse(&arena, rows[i][1]);
		assert_int_equal(lk_pep440_cmp(&a, &b), 0);
	}
	struct lk_pep440 plain = parse(&arena, "1.0");
	struct lk_pep440 local = parse(&arena, "1.0+cu126");
	assert_true(lk_pep440_cmp(&plain, &local) < 0);
	assert_int_equal(lk_pep440_cmp_public(&plain, &local), 0);
}

static void pre_releases(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	static const char *const pre[] = {"1a1", "1.0rc2.post1", "1.dev3", "1.post1.dev2"};
	static const char *const final[] = {"1", "1.post1", "1+dev", "2!1.0"};
	for (size_t i = 0; i < LK_COUNTOF(pre); i++) {
		struct lk_pep440 version = parse(&arena, pre[i]);
		assert_true(lk_pep440_is_pre(&version));
		version = parse(&arena, final[i]);
		assert_false(lk_pep440_is_pre(&version));
	}
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned column;
	} rows[] = {
		{"", 1},
		{" ", 1},
		{"french toast", 1},
		{"1.0.", 4},
		{".1", 1},
		{"1..2", 2},
		{"1.0+", 5},
		{"1.0+a+b", 6},
		{"1.0+_a", 5},
		{"1.0+a..b", 7},
		{"1.0-final", 4},
		{"2004d", 5},
		{"1.0a1b2", 6},
		{"1.0 2", 4},
		{"1!", 3},
		{"1!2!3", 4},
		{"1.0.*", 4},
		{"1.0\xc3\xa4", 4},
		{"1.0post1post2", 9},
		{"vv1", 2},
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_pep440 version;
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_pep440_parse(lk_str_of(rows[i].text), &arena, &version, &err);
		if (rc != LK_E_FORMAT || err.column != rows[i].column) {
			fail_msg("'%s': %d, column %u: %s", rows[i].text, rc, err.column,
				err.message);
		}
	}
	char longest[LK_PEP440_MAX_LEN + 2];
	memset(longest, '1', sizeof(longest));
	struct lk_pep440 version;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(
		lk_pep440_parse(lk_str_n(longest, sizeof(longest) - 1), &arena, &version, &err),
		LK_E_FORMAT);
	assert_int_equal(
		lk_pep440_parse(lk_str_n(longest, sizeof(longest) - 2), &arena, &version, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings_are_normalised),
		cmocka_unit_test(order_is_that_of_pep440),
		cmocka_unit_test(equal_versions),
		cmocka_unit_test(pre_releases),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Specifiers: what each operator takes, by PEP 440's own examples and its exclusions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wheel/specifier.h"

static struct lk_specifiers parse(struct lk_arena *arena, const char *text)
{
	struct lk_specifiers set;
	struct lk_error err = LK_ERROR_INIT;
	if (lk_specifiers_parse(lk_str_of(text), arena, &set, &err) < 0) {
		fail_msg("%s", err.message);
	}
	return set;
}

/* A specifier, then what it takes, then after "|" what it does not. */
static void operators(void **state)
{
	(void)state;
	static const char *const rows[][3] = {
		{"", "1 0a1 2!3+x", ""},
		{" , ", "1", ""},
		{">=1.0", "1.0 1 1.0+x 1.0.post1 2 1!0", "1.0rc1 0.9 1.0.dev1"},
		{"<=1.0", "1.0 1.0+x 1.0rc1 0.9", "1.0.post1 1.0.1"},
		{"<1.0", "0.9 0.9a1 0.9.post2+l", "1.0rc1 1.0.dev3 1.0 1.0+x 1.1"},
		{"<1.0rc2", "1.0rc1 1.0.dev1 0.9", "1.0rc2 1.0 1.0rc2.post1"},
		{"<1.0.post2", "1.0 1.0.post1", "1.0.post2 1.0.post2.dev1"},
		{">1.7", "1.7.1 1.8 1.8a1 1.7.0.1.post1", "1.7 1.7.0.post1 1.7+x 1.7rc1"},
		{">1.7.post2", "1.7.1 1.7.0.post3", "1.7.post2 1.7 1.7.post2+x 1.7.post3+x"},
		{"==1.1", "1.1 1.1.0 1.1+local", "1.1.post1 1.1a1 1.1.dev1 1.10"},
		{"==1.1+a", "1.1+a 1.1.0+A", "1.1 1.1+b"},
		{"==1.1.*", "1.1 1.1.post1 1.1a1 1.1.5 1.1.dev1 1.1+x", "1.10 1.2 1 2!1.1"},
		{"==1.0.*", "1 1a1 1.0.3", "1.1"},
		{"==2!1.*", "2!1.5", "1.5"},
		{"!=1.1", "1.1.post1 1.2", "1.1 1.1+x"},
		{"!=1.1.*", "1.2 1.0", "1.1 1.1.post1 1.1a1"},
		{"~=2.2", "2.2 2.3 2.2.post3 2.99", "3.0 2.1 3.0a1 2.2rc1"},
		{"~=1.4.5", "1.4.5 1.4.9", "1.5 1.4.4 2"},
		{"~=2.2.post3", "2.2.post3 2.9", "2.2 3.0"},
		{"~=1.4.5a4", "1.4.5a4 1.4.5 1.4.6", "1.4.5a3 1.5"},
		{"~=2.2.0", "2.2.0 2.2.7", "2.3"},
		{"~=1!2.2", "1!2.3", "2.3 1!3"},
		{"===1.0", "1.0", "1 1.0.0 1.0+x"},
		{"=== 1.0+Downstream1", "1.0+downstream1", "1.0"},
		{">= 1.0 , != 1.3.4.*,< 2.0", "1.3.3 1.4", "1.3.4 1.3.4.7 2.0 0.9"},
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_specifiers set = parse(&arena, rows[i][0]);
		for (int taken = 1; taken >= 0; taken--) {
			lk_str rest = lk_str_of(rows[i][taken ? 1 : 2]);
			lk_str word;
			while (lk_str_split(&rest, ' ', &word) && word.len > 0) {
				struct lk_pep440 version;
				struct lk_error err;
				assert_int_equal(lk_pep440_parse(word, &arena, &version, &err), 0);
				if (lk_specifiers_match(&set, &version) != taken) {
					fail_msg("'%s' and " LK_STR_FMT, rows[i][0],
						LK_STR_ARG(word));
				}
			}
		}
	}
}

static void pre_releases_are_let_in(void **state)
{
	(void)state;
	static const char *const yes[] = {
		"==1.0a1", ">=1.dev0", "<2.0rc1,>1", "~=1.0b2", "===1.0a1", ">1.0.post1.dev2"};
	static const char *const no[] = {"", ">=1.0", "!=1.0a1", "==1.0.*", "===foo", "===1.0"};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(yes); i++) {
		struct lk_specifiers set = parse(&arena, yes[i]);
		assert_true(lk_specifiers_take_pre(&set));
		set = parse(&arena, no[i]);
		assert_false(lk_specifiers_take_pre(&set));
	}
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned column;
	} rows[] = {
		{"1.0", 1},
		{"=1.0", 1},
		{"<>1.0", 2},
		{">=", 1},
		{">=1.0,2", 7},
		{">=1.0 2", 6},
		{">=1.*", 3},
		{"==1.0a1.*", 3},
		{"==1.0.post1.*", 3},
		{"==1.0+x.*", 3},
		{">=1.0+x", 3},
		{"~=1", 3},
		{"~=1.0.*", 3},
		{"==1.0.*.*", 6},
		{"==french", 3},
		{"===a b", 4},
		{"==1.0 .*", 6},
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_specifiers set;
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_specifiers_parse(lk_str_of(rows[i].text), &arena, &set, &err);
		if (rc != LK_E_FORMAT || err.column != rows[i].column) {
			fail_msg("'%s': %d, column %u: %s", rows[i].text, rc, err.column,
				err.message);
		}
	}
	char commas[LK_SPECIFIER_MAX + 1];
	memset(commas, ',', sizeof(commas));
	struct lk_specifiers set;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(
		lk_specifiers_parse(lk_str_n(commas, LK_SPECIFIER_MAX), &arena, &set, &err),
		LK_E_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators),
		cmocka_unit_test(pre_releases_are_let_in),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

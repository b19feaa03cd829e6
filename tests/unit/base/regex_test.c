/*
 * Regular expressions: a table, refusals with their column, and hostile ones within their bounds.
 */
#include "base/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
};

static const struct lk_regex *compile(struct fixture *f, lk_str text, bool nocase)
{
	const struct lk_regex *regex = NULL;
	if (lk_regex_compile(text, nocase, &f->arena, &regex, &f->err) < 0) {
		fail_msg("'" LK_STR_FMT "': %s", LK_STR_ARG(text), f->err.message);
	}
	return regex;
}

static void patterns_match(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} table[] = {
		{"^1\\.7.*$", "1.7.1", true},
		{"^1\\.7.*$", "1x7", false},
		{"^(1\\.6|1\\.7\\.1)$", "1.6", true},
		{"^(1\\.6|1\\.7\\.1)$", "1.7", false},
		{"^1|2$", "102", true}, /* a match anywhere */
		{"^1|2$", "01", false},
		{"^[[:digit:]]{4}$", "2024", true},
		{"^[[:digit:]]{4}$", "20245", false},
		{"^[0-9]{2,3}$", "1", false},
		{"^[0-9]{2,3}$", "123", true},
		{"^[0-9]{2,3}$", "1234", false},
		{"^[0-9]{2,}$", "1", false},
		{"^[0-9]{2,}$", "12345", true},
		{"^a{0}b$", "b", true},
		{"^a{0}b$", "ab", false},
		{"^(ab){0,}c$", "ababc", true},
		{"^[]a]+$", "]a]", true},
		{"^[^]a]+$", "b]", false},
		{"^[a-]+$", "a-a", true},
		{"^[\\.\\]\\-]+$", ".]-", true},
		{"^[\\.]$", "\\", false},
		{"^\\d+(?:\\.\\d+)*$", "1.70.2", true},
		{"^\\d+(?:\\.\\d+)*$", "1.a", false},
		{"^(?!1\\.7).*$", "1.8", true},
		{"^(?!1\\.7).*$", "1.7.1", false},
		{"^(.)\\1$", "aa", true},
		{"^(.)\\1$", "ab", false},
		{"^[a-c-]+$", "b-", true},
		{"^PY3[A-C]$", "py3b", true},
		{"^[^a-c]$", "B", false},
		{"^(a|)b$", "b", true},
		{"^()$", "", true},
		{"^(a*)*$", "aaa", true},
		{"^(a*)+b$", "aab", true},
		{"^\\^\\$$", "^$", true},
		{"^.$", "\xff", true},
		{"^$", "", true},
		{"^$", "a", false},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_regex *regex = compile(&f, lk_str_of(table[i].pattern), true);
		if (lk_regex_matches(regex, lk_str_of(table[i].text)) != table[i].matches) {
			fail_msg("'%s' on '%s'", table[i].pattern, table[i].text);
		}
	}
	assert_true(lk_regex_matches(compile(&f, LK_STR("^$"), false), (lk_str){NULL, 0}));
	assert_false(lk_regex_matches(compile(&f, LK_STR("^PY$"), false), LK_STR("py")));
	assert_true(lk_regex_matches(compile(&f, LK_STR("^.a$"), false), lk_str_n("\0a", 2)));
	lk_arena_done(&f.arena);
	(void)state;
}

static void errors_carry_the_column(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *says;
	} table[] = {
		{"^(1$", 5, "parenthes"},
		{"^1)$", 3, "parenthes"},
		{"^[1$", 5, "character class"},
		{"^[b-a]$", 5, "out of order"},
		{"^*a$", 2, "quantifier"},
		{"^a{2,1}$", 7, "quantifier"},
		{"^a{99999}$", 9, "too big"},
		{"^((((((((((((((((((((((1))))))))))))))))))))))$", 19, "nested"},
		{"^((a{999}){999}){999}$", 23, "too large"},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_regex *regex = NULL;
		lk_str text = lk_str_of(table[i].text);
		assert_int_equal(
			lk_regex_compile(text, false, &f.arena, &regex, &f.err), LK_E_FORMAT);
		if (f.err.column != table[i].column || !strstr(f.err.message, table[i].says)) {
			fail_msg("'%s': column %u, %s", table[i].text, f.err.column, f.err.message);
		}
		assert_null(regex);
	}
	char longer[LK_REGEX_MAX_LEN + 1];
	memset(longer, 'a', sizeof(longer));
	const struct lk_regex *regex;
	assert_int_equal(
		lk_regex_compile(lk_str_n(longer, sizeof(longer)), false, &f.arena, &regex, &f.err),
		LK_E_FORMAT);
	assert_int_equal(lk_regex_compile(lk_str_n(longer, sizeof(longer) - 1), false, &f.arena,
				 &regex, &f.err),
		0);
	lk_arena_done(&f.arena);
	(void)state;
}

/* Patterns that cost a backtracking matcher, or a table of states, time or gigabytes. */
static void hostile_patterns_are_cheap(void **state)
{
	static const char *const patterns[] = {
		"^(a*)*(a|aa)*(a*)*c$",
		"^(.*.*.*.*.*.*.*.*.*.*){30}c$",
		"^((((((((a|a)*)*)*)*)*)*)*)*c$",
		"^(a?){120}a{120}c$",
		"^(1|11|1*1*1*1*1*1*1*1*1*1*1*|.*.*.*.*.*.*.*.*.*.*.*){12}c$",
		"^.*a.{400}c$",
		"^(?R)*(a(?R))*c$",
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	static char as[16000];
	memset(as, 'a', sizeof(as));
	for (size_t i = 0; i < LK_COUNTOF(patterns); i++) {
		const struct lk_regex *regex = compile(&f, lk_str_of(patterns[i]), false);
		assert_false(lk_regex_matches(regex, lk_str_n(as, sizeof(as))));
	}
	assert_in_range(f.arena.total, 1, 1 << 20);
	lk_arena_done(&f.arena);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match),
		cmocka_unit_test(errors_carry_the_column),
		cmocka_unit_test(hostile_patterns_are_cheap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

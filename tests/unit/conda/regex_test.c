/*
 * Regular expressions: a table, refusals with their column, the C library's answer on thousands of
 * random small patterns, and hostile ones within time.
 */
#include "conda/regex_priv.h"

#include <regex.h>
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
		{"^1|2$", "102", true}, /* as POSIX: a match anywhere */
		{"^1|2$", "01", false},
		{"^[[:digit:]]{4}$", "2024", true},
		{"^[[:digit:]]{4}$", "20245", false},
		{"^[0-9]{2,3}$", "1", false},
		{"^[0-9]{2,3}$", "123", true},
		{"^[0-9]{2,3}$", "1234", false},
		{"^[0-9]{2,}$", "1", false},
		{"^[0-9]{2,}$", "12345", true},
		{"^[0-9]{,2}$", "", true},
		{"^[0-9]{,2}$", "123", false},
		{"^a{0}b$", "b", true},
		{"^a{0}b$", "ab", false},
		{"^(ab){0,}c$", "ababc", true},
		{"^[]a]+$", "]a]", true},
		{"^[^]a]+$", "b]", false},
		{"^[a-]+$", "a-a", true},
		{"^[\\.\\]\\-]+$", ".]-", true},
		{"^[\\.]$", "\\", false}, /* as conda: the backslash takes the next byte */
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
		{"^(1$", 2, "'(' is not closed"},
		{"^1)$", 3, "')' without '('"},
		{"^[1$", 2, "'[' is not closed"},
		{"^[]$", 2, "'[' is not closed"},
		{"^[a\\$", 2, "'[' is not closed"},
		{"^[[:word:]]$", 3, "no such character class"},
		{"^[[.a.]]$", 3, "collating"},
		{"^[b-a]$", 3, "ends before it begins"},
		{"^[\\d]$", 3, "not supported"},
		{"^\\d$", 2, "not supported"},
		{"^(.)\\1$", 5, "not supported"},
		{"^(?:1)$", 2, "'(?' is not supported"},
		{"^a**$", 3, "repetition is repeated"},
		{"^a{2}?$", 5, "repetition is repeated"},
		{"^*a$", 2, "nothing to repeat"},
		{"^(+a)$", 3, "nothing to repeat"},
		{"^a|*$", 4, "nothing to repeat"},
		{"^{2}$", 2, "nothing to repeat"},
		{"^a{$", 3, "bad count"},
		{"^a{}$", 3, "bad count"},
		{"^a{,}$", 3, "bad count"},
		{"^a{2,1}$", 3, "bad count"},
		{"^a{1x}$", 3, "bad count"},
		{"^((((((((()))))))))$", 10, "nested too deep"},
		{"^a{99999999999999999999}$", 3, "too large"},
		{"^((a{32}){32}){32}$", 10, "too large"},
		{"^(((()  {99}){99}){99}){99}$", 14, "too large"},
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
	const struct lk_regex *regex;
	assert_int_equal(lk_regex_compile(lk_str_n("^\0$", 3), false, &f.arena, &regex, &f.err),
		LK_E_FORMAT);
	lk_arena_done(&f.arena);
	(void)state;
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static lk_str random_text(struct lk_buf *buf, const char *const *pieces, size_t n, uint32_t *seed)
{
	lk_buf_clear(buf);
	for (unsigned left = next_random(seed) % 9; left > 0; left--) {
		lk_buf_puts(buf, pieces[next_random(seed) % n]);
	}
	return lk_buf_view(buf);
}

/* Whatever is taken at all means the same to the C library. */
static void answers_are_the_c_librarys(void **state)
{
	static const char *const pieces[] = {"a", "b", "B", ".", "(", ")", "(", ")", "|", "*", "+",
		"?", "{2}", "{0,2}", "{1,}", "[ab]", "[^a]", "[b-d]", "[[:upper:]]", "^", "$",
		"\\.", "(a|b)", "(ab)"};
	static const char *const letters[] = {"a", "b", "A", "B", "c", "."};
	struct fixture f = {.err = LK_ERROR_INIT};
	struct lk_buf LK_CLEANUP(lk_buf_done) pattern = LK_BUF_INIT(128);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(128);
	uint32_t seed = 99;
	size_t compared = 0;
	size_t matched = 0;
	for (int i = 0; i < 60000; i++) {
		const struct lk_regex *ours;
		regex_t theirs;
		bool nocase = i % 2 == 0;
		random_text(&pattern, pieces, LK_COUNTOF(pieces), &seed);
		if (lk_regex_compile(lk_buf_view(&pattern), nocase, &f.arena, &ours, &f.err) < 0) {
			continue;
		}
		int flags = REG_EXTENDED | REG_NOSUB | (nocase ? REG_ICASE : 0);
		assert_int_equal(regcomp(&theirs, lk_buf_cstr(&pattern), flags), 0);
		for (int k = 0; k < 4; k++) {
			random_text(&text, letters, LK_COUNTOF(letters), &seed);
			bool expected = regexec(&theirs, lk_buf_cstr(&text), 0, NULL, 0) == 0;
			if (lk_regex_matches(ours, lk_buf_view(&text)) != expected) {
				fail_msg("'%s' on '%s' is %d to the C library",
					lk_buf_cstr(&pattern), lk_buf_cstr(&text), expected);
			}
			compared++;
			matched += expected;
		}
		regfree(&theirs);
	}
	print_message("%zu answers compared, %zu of them yes\n", compared, matched);
	assert_in_range(compared, 20000, SIZE_MAX);
	assert_in_range(matched, compared / 10, compared - compared / 10);
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
		cmocka_unit_test(answers_are_the_c_librarys),
		cmocka_unit_test(hostile_patterns_are_cheap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

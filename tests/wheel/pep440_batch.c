/*
 * Versions and specifiers in lines, for pep440.py: "cmp TAB A TAB B" gives <, = or >, "normal TAB
 * A" the normal form, "match TAB SPECIFIERS TAB A" yes or no, "pre TAB SPECIFIERS" yes or no; what
 * cannot be read gives "!".
 */
#include <stdio.h>

#include "wheel/specifier.h"

static const char *compare(lk_str a, lk_str b, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_pep440 x;
	struct lk_pep440 y;
	if (lk_pep440_parse(a, arena, &x, &err) < 0 || lk_pep440_parse(b, arena, &y, &err) < 0) {
		return "!";
	}
	int order = lk_pep440_cmp(&x, &y);
	return order < 0 ? "<" : (order > 0 ? ">" : "=");
}

static const char *normal(lk_str a, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_pep440 x;
	if (lk_pep440_parse(a, arena, &x, &err) < 0) {
		return "!";
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4 * LK_PEP440_MAX_LEN);
	lk_pep440_put(&x, &out);
	return lk_str_dup(arena, lk_buf_view(&out)).ptr;
}

static const char *match(lk_str specifiers, lk_str a, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_specifiers set;
	struct lk_pep440 x;
	if (lk_specifiers_parse(specifiers, arena, &set, &err) < 0 ||
		lk_pep440_parse(a, arena, &x, &err) < 0) {
		return "!";
	}
	return lk_specifiers_match(&set, &x) ? "yes" : "no";
}

static const char *takes_pre(lk_str specifiers, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_specifiers set;
	if (lk_specifiers_parse(specifiers, arena, &set, &err) < 0) {
		return "!";
	}
	return lk_specifiers_take_pre(&set) ? "yes" : "no";
}

int main(void)
{
	char line[16384];
	while (fgets(line, sizeof(line), stdin)) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena;
		lk_arena_init(&arena);
		lk_str rest = lk_str_trim_end(lk_str_of(line), '\n');
		lk_str what = {0};
		lk_str first = {0};
		(void)lk_str_split(&rest, '\t', &what);
		const char *answer = "?";
		if (lk_str_is(what, "normal")) {
			answer = normal(rest, &arena);
		} else if (lk_str_is(what, "pre")) {
			answer = takes_pre(rest, &arena);
		} else if (lk_str_split(&rest, '\t', &first)) {
			answer = lk_str_is(what, "cmp") ? compare(first, rest, &arena)
							: match(first, rest, &arena);
		}
		puts(answer);
	}
	return 0;
}

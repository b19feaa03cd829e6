/*
 * Exact texts, globs and regular expressions.
 */
#include "conda/pattern.h"

#include "base/regex.h"

struct lk_pattern {
	lk_str text; /* NUL-ended */
	enum lk_pattern_kind kind;
	bool nocase;
	const struct lk_regex *regex; /* REGEX only */
};

static enum lk_pattern_kind kind_of(lk_str text)
{
	if (text.len >= 2 && text.ptr[0] == '^' && text.ptr[text.len - 1] == '$') {
		return LK_PATTERN_REGEX;
	}
	if (lk_str_is(text, "*")) {
		return LK_PATTERN_ANY;
	}
	return lk_str_find_char(text, '*') != SIZE_MAX ? LK_PATTERN_GLOB : LK_PATTERN_EXACT;
}

int lk_pattern_parse(lk_str text, bool nocase, struct lk_arena *arena,
	const struct lk_pattern **ret, struct lk_error *err)
{
	struct lk_pattern *pattern = lk_arena_calloc(arena, 1, sizeof(*pattern));
	pattern->text = lk_str_dup(arena, text);
	pattern->kind = kind_of(text);
	pattern->nocase = nocase;
	if (pattern->kind == LK_PATTERN_REGEX) {
		int rc = lk_regex_compile(text, nocase, arena, &pattern->regex, err);
		if (rc < 0) {
			return rc;
		}
	}
	*ret = pattern;
	return 0;
}

enum lk_pattern_kind lk_pattern_kind(const struct lk_pattern *pattern)
{
	return pattern ? pattern->kind : LK_PATTERN_ANY;
}

lk_str lk_pattern_text(const struct lk_pattern *pattern)
{
	return pattern ? pattern->text : LK_STR("");
}

bool lk_pattern_matches(const struct lk_pattern *pattern, lk_str s)
{
	switch (lk_pattern_kind(pattern)) {
	case LK_PATTERN_ANY:
		return true;
	case LK_PATTERN_EXACT:
		return pattern->nocase ? lk_str_eq_nocase(pattern->text, s)
				       : lk_str_eq(pattern->text, s);
	case LK_PATTERN_GLOB:
		return lk_str_glob(pattern->text, s, pattern->nocase);
	case LK_PATTERN_REGEX:
		return lk_regex_matches(pattern->regex, s);
	}
	return false;
}

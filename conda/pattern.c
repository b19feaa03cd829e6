/*
 * Exact texts, globs and regular expressions.
 */
#include "conda/pattern.h"

#include <regex.h>

#include "conda/spec_text_priv.h"

struct lk_pattern {
	lk_str text; /* NUL-ended */
	enum lk_pattern_kind kind;
	bool nocase;
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

static int regex_compile(lk_str text, bool nocase, regex_t *ret)
{
	return regcomp(ret, text.ptr, REG_EXTENDED | REG_NOSUB | (nocase ? REG_ICASE : 0));
}

/* The larger number of the interval "{m,n}" at the start of S, at most LK_REGEX_MAX_REPEAT + 1. */
static unsigned interval_max(lk_str s)
{
	unsigned largest = 1;
	unsigned number = 0;
	for (size_t i = 1; i < s.len && s.ptr[i] != '}'; i++) {
		number = lk_is_digit(s.ptr[i]) ? number * 10 + (unsigned)(s.ptr[i] - '0') : 0;
		number = number > LK_REGEX_MAX_REPEAT ? LK_REGEX_MAX_REPEAT + 1 : number;
		largest = number > largest ? number : largest;
	}
	return largest;
}

/* Where the bracket expression that begins at POS ends (its ']'), or the length of S. */
static size_t class_end(lk_str s, size_t pos)
{
	pos += pos + 1 < s.len && s.ptr[pos + 1] == '^' ? 2 : 1;
	pos += pos < s.len && s.ptr[pos] == ']';
	while (pos < s.len && s.ptr[pos] != ']') {
		char kind = pos + 1 < s.len ? s.ptr[pos + 1] : '\0';
		if (s.ptr[pos] == '[' && (kind == ':' || kind == '.' || kind == '=')) {
			size_t inner = lk_str_find_char(lk_str_skip(s, pos), ']');
			pos += inner == SIZE_MAX ? 0 : inner;
		}
		pos++;
	}
	return pos;
}

static bool is_repeat(char c)
{
	return c == '*' || c == '+' || c == '?' || c == '{';
}

struct regex_cost {
	unsigned depth;
	unsigned repeat;
};

/* What is wrong with the character at *POS, or NULL; moves over what belongs to it. */
static const char *regex_fault(lk_str text, size_t *pos, struct regex_cost *cost)
{
	char c = text.ptr[*pos];
	char next = *pos + 1 < text.len ? text.ptr[*pos + 1] : '\0';
	switch (c) {
	case '\\':
		++*pos;
		return lk_is_alnum(next) ? "letters and digits behind '\\' are not supported"
					 : NULL;
	case '[':
		*pos = class_end(text, *pos);
		return NULL;
	case '(':
		if (next == '?') {
			return "'(?' is not supported";
		}
		return ++cost->depth > LK_REGEX_MAX_DEPTH ? "it is nested too deep" : NULL;
	case ')':
		cost->depth -= cost->depth > 0;
		break;
	case '+': /* compiled as a copy and a star */
		cost->repeat *= 2;
		break;
	case '{':
		cost->repeat *= interval_max(lk_str_skip(text, *pos));
		break;
	default:
		break;
	}
	if (cost->repeat > LK_REGEX_MAX_REPEAT) {
		return "it repeats too often";
	}
	return (c == '}' || (is_repeat(c) && c != '{')) && is_repeat(next)
		? "a repetition is repeated"
		: NULL;
}

/* Refuses what regcomp would take but which is costly, or means something else to conda. */
static int regex_check(lk_str text, struct lk_error *err)
{
	if (text.len > LK_REGEX_MAX_LEN) {
		return lk_spec_fail(err, text, LK_REGEX_MAX_LEN,
			"a regular expression is longer than %d bytes", LK_REGEX_MAX_LEN);
	}
	struct regex_cost cost = {.repeat = 1};
	for (size_t i = 0; i < text.len; i++) {
		size_t start = i;
		const char *fault =
			text.ptr[i] == '\0' ? "NUL in it" : regex_fault(text, &i, &cost);
		if (fault) {
			return lk_spec_fail(err, text, start,
				"bad regular expression '" LK_STR_FMT "': %s", LK_STR_ARG(text),
				fault);
		}
	}
	return 0;
}

static int regex_try(const struct lk_pattern *pattern, lk_str text, struct lk_error *err)
{
	int rc = regex_check(text, err);
	if (rc < 0) {
		return rc;
	}
	regex_t regex;
	int code = regex_compile(pattern->text, pattern->nocase, &regex);
	if (code != 0) {
		return lk_spec_fail(err, text, 0, "bad regular expression '" LK_STR_FMT "'%s",
			LK_STR_ARG(text), code == REG_ESPACE ? ": it is too large" : "");
	}
	regfree(&regex);
	return 0;
}

int lk_pattern_parse(lk_str text, bool nocase, struct lk_arena *arena,
	const struct lk_pattern **ret, struct lk_error *err)
{
	struct lk_pattern *pattern = lk_arena_calloc(arena, 1, sizeof(*pattern));
	pattern->text = lk_str_dup(arena, text);
	pattern->kind = kind_of(text);
	pattern->nocase = nocase;
	if (pattern->kind == LK_PATTERN_REGEX) {
		int rc = regex_try(pattern, text, err);
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

/* A pattern that has become too large for the memory left matches nothing. */
static bool regex_matches(const struct lk_pattern *pattern, lk_str s)
{
	regex_t regex;
	if (regex_compile(pattern->text, pattern->nocase, &regex) != 0) {
		return false;
	}
	regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)s.len};
	bool found = regexec(&regex, s.ptr ? s.ptr : "", 1, &range, REG_STARTEND) == 0;
	regfree(&regex);
	return found;
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
		return regex_matches(pattern, s);
	}
	return false;
}

/*
 * SPDX expressions judged by lists of patterns, evaluated while they are read.
 */
#include "lock/license.h"

#define MAX_DEPTH 32

/* A single licence of an expression. */
struct term {
	lk_str base, exception;
};

struct judge {
	const struct lk_license_patterns *allow, *deny, *extra;
	lk_str rest; /* of the text, in front of the next word */
	unsigned depth;
	bool wrong; /* the text is no expression */
};

static bool is_word_char(char c)
{
	return lk_is_alnum(c) || c == '.' || c == '-' || c == '+' || c == ':' || c == '_';
}

/* The next word or parenthesis; empty at the end and before what is neither. */
static lk_str peek(const struct judge *j, lk_str *ret_rest)
{
	lk_str text = j->rest;
	size_t from = 0;
	while (from < text.len && lk_is_space(text.ptr[from])) {
		from++;
	}
	size_t to = from;
	while (to < text.len && is_word_char(text.ptr[to])) {
		to++;
	}
	if (to == from && to < text.len && (text.ptr[to] == '(' || text.ptr[to] == ')')) {
		to++;
	}
	*ret_rest = lk_str_skip(text, to);
	return lk_str_slice(text, from, to);
}

static bool take(struct judge *j, const char *word)
{
	lk_str rest;
	if (!lk_str_eq_nocase(peek(j, &rest), lk_str_of(word))) {
		return false;
	}
	j->rest = rest;
	return true;
}

static bool is_operator(lk_str word)
{
	return lk_str_eq_nocase(word, LK_STR("AND")) || lk_str_eq_nocase(word, LK_STR("OR")) ||
		lk_str_eq_nocase(word, LK_STR("WITH"));
}

static bool names_whole(const struct lk_license_patterns *patterns, lk_str text)
{
	for (size_t i = 0; patterns && i < patterns->n; i++) {
		if (patterns->items[i].is_whole &&
			lk_str_glob(patterns->items[i].text, text, true)) {
			return true;
		}
	}
	return false;
}

/* WITH_EXCEPTION: only patterns that name one count. */
static bool names_term(
	const struct lk_license_patterns *patterns, const struct term *term, bool with_exception)
{
	for (size_t i = 0; patterns && i < patterns->n; i++) {
		const struct lk_license_pattern *pattern = &patterns->items[i];
		bool counts = !pattern->is_whole && (pattern->exception.len > 0 || !with_exception);
		if (counts && lk_str_glob(pattern->base, term->base, true) &&
			(pattern->exception.len == 0 ||
				lk_str_glob(pattern->exception, term->exception, true))) {
			return true;
		}
	}
	return false;
}

static bool names_anything(const struct lk_license_patterns *patterns)
{
	for (size_t i = 0; patterns && i < patterns->n; i++) {
		if (lk_str_is(patterns->items[i].text, "*")) {
			return true;
		}
	}
	return false;
}

static bool term_passes(const struct judge *j, const struct term *term)
{
	if (names_term(j->extra, term, false)) {
		return true;
	}
	if (term->exception.len > 0 && names_term(j->deny, term, true)) {
		return false;
	}
	if (term->exception.len > 0 && names_term(j->allow, term, true)) {
		return true;
	}
	return !names_term(j->deny, term, false) &&
		(j->allow->n == 0 || names_term(j->allow, term, false));
}

/* Text that is no expression: what DENY has for one of its words is enough to stop it, while a name
 * in ALLOW speaks of a licence that stands alone. */
static bool free_text_passes(const struct judge *j, lk_str text)
{
	if (names_anything(j->extra)) {
		return true;
	}
	for (size_t i = 0; i < text.len; i++) {
		size_t from = i;
		while (i < text.len && is_word_char(text.ptr[i])) {
			i++;
		}
		struct term word = {.base = lk_str_slice(text, from, i)};
		if (word.base.len > 0 && names_term(j->deny, &word, false)) {
			return false;
		}
	}
	return j->allow->n == 0 || names_anything(j->allow);
}

/* id ["WITH" id] */
static bool single_passes(struct judge *j)
{
	struct term term = {.base = peek(j, &j->rest)};
	j->wrong = j->wrong || term.base.len == 0 || !is_word_char(term.base.ptr[0]) ||
		is_operator(term.base);
	if (!j->wrong && take(j, "WITH")) {
		term.exception = peek(j, &j->rest);
		j->wrong = term.exception.len == 0 || !is_word_char(term.exception.ptr[0]) ||
			is_operator(term.exception);
	}
	return !j->wrong && term_passes(j, &term);
}

static bool either_passes(struct judge *j);

static bool factor_passes(struct judge *j)
{
	if (j->wrong || !take(j, "(")) {
		return single_passes(j);
	}
	if (j->depth == MAX_DEPTH) {
		j->wrong = true;
		return false;
	}
	j->depth++;
	bool passes = either_passes(j);
	j->depth--;
	j->wrong = j->wrong || !take(j, ")");
	return passes;
}

static bool both_pass(struct judge *j)
{
	bool passes = factor_passes(j);
	while (!j->wrong && take(j, "AND")) {
		passes = factor_passes(j) && passes;
	}
	return passes;
}

static bool either_passes(struct judge *j)
{
	bool passes = both_pass(j);
	while (!j->wrong && take(j, "OR")) {
		passes = both_pass(j) || passes;
	}
	return passes;
}

/* Words and stars only. */
static bool is_word(lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_word_char(text.ptr[i]) && text.ptr[i] != '*') {
			return false;
		}
	}
	return text.len > 0;
}

struct lk_license_pattern lk_license_pattern_of(lk_str text, struct lk_arena *arena)
{
	static const char with[] = " WITH ";
	struct lk_license_pattern pattern = {.text = lk_str_single_spaced(arena, text)};
	pattern.base = pattern.text;
	for (size_t i = 0; i + sizeof(with) <= pattern.text.len; i++) {
		lk_str here = lk_str_slice(pattern.text, i, i + sizeof(with) - 1);
		if (lk_str_eq_nocase(here, LK_STR(with))) {
			pattern.base = lk_str_slice(pattern.text, 0, i);
			pattern.exception = lk_str_skip(pattern.text, i + here.len);
			break;
		}
	}
	pattern.is_whole = !is_word(pattern.base) ||
		(pattern.exception.len > 0 && !is_word(pattern.exception));
	return pattern;
}

bool lk_license_passes(lk_str license, const struct lk_license_patterns *allow,
	const struct lk_license_patterns *deny, const struct lk_license_patterns *extra)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct judge j = {.allow = allow, .deny = deny, .extra = extra};
	lk_str text = lk_str_single_spaced(&arena, license);
	if (text.len == 0) {
		text = LK_STR("NONE");
	}
	if (names_whole(extra, text)) {
		return true;
	}
	if (names_whole(deny, text)) {
		return false;
	}
	if (names_whole(allow, text)) {
		return true;
	}
	j.rest = text;
	bool passes = either_passes(&j);
	bool is_expression = !j.wrong && lk_str_trim(j.rest).len == 0;
	return is_expression ? passes : free_text_passes(&j, text);
}

/*
 * One specifier after the other, and how each judges a version.
 */
#include "wheel/specifier.h"

/* -- reading ----------------------------------------------------------------------------------- */

struct parser {
	lk_str text;
	struct lk_arena *arena;
	struct lk_error *err;
};

static int refuse(const struct parser *p, lk_str where, const char *what)
{
	size_t at = where.ptr ? (size_t)(where.ptr - p->text.ptr) : 0;
	lk_fail_at(p->err, NULL, 1, (unsigned)at + 1, "'" LK_STR_FMT "': %s", LK_STR_ARG(p->text),
		what);
	lk_error_excerpt(p->err, p->text);
	return LK_E_FORMAT;
}

/* Takes the operator off the front of *REST. */
static bool take_operator(lk_str *rest, enum lk_specifier_op *ret)
{
	/* A longer one before those that it begins with. */
	static const struct {
		const char *text;
		enum lk_specifier_op op;
	} operators[] = {
		{"===", LK_SPECIFIER_ARBITRARY},
		{"==", LK_SPECIFIER_EQUAL},
		{"!=", LK_SPECIFIER_NOT_EQUAL},
		{"~=", LK_SPECIFIER_COMPATIBLE},
		{"<=", LK_SPECIFIER_AT_MOST},
		{">=", LK_SPECIFIER_AT_LEAST},
		{"<", LK_SPECIFIER_BELOW},
		{">", LK_SPECIFIER_ABOVE},
	};
	for (size_t i = 0; i < LK_COUNTOF(operators); i++) {
		lk_str text = lk_str_of(operators[i].text);
		if (lk_str_starts(*rest, text)) {
			*rest = lk_str_trim(lk_str_skip(*rest, text.len));
			*ret = operators[i].op;
			return true;
		}
	}
	return false;
}

/* What PEP 440 allows with one operator and not with another. */
static int check(const struct parser *p, const struct lk_specifier *s, lk_str where)
{
	bool equality = s->op == LK_SPECIFIER_EQUAL || s->op == LK_SPECIFIER_NOT_EQUAL;
	const struct lk_pep440 *v = &s->version;
	if (s->prefix && !equality) {
		return refuse(p, where, "'.*' goes with == and != only");
	}
	if (s->prefix && (lk_pep440_is_pre(v) || v->has_post || v->n_local > 0)) {
		return refuse(p, where, "'.*' may only follow the numbers of a release");
	}
	if (v->n_local > 0 && !equality) {
		return refuse(p, where, "a local version goes with == and != only");
	}
	if (s->op == LK_SPECIFIER_COMPATIBLE && v->n_release < 2) {
		return refuse(p, where, "~= needs a version of two numbers at least");
	}
	return 0;
}

/* Any text goes; where it is a version, it may be a pre-release. */
static int keep_arbitrary(const struct parser *p, lk_str text, struct lk_specifier *ret)
{
	struct lk_error none = LK_ERROR_INIT;
	ret->text = lk_str_lower(p->arena, text);
	if (lk_pep440_parse(text, p->arena, &ret->version, &none) < 0) {
		ret->version = (struct lk_pep440){.pre = LK_PEP440_FINAL};
	}
	return 0;
}

static int parse_one(struct parser *p, lk_str clause, struct lk_specifier *ret)
{
	lk_str rest = lk_str_trim(clause);
	if (!take_operator(&rest, &ret->op)) {
		return refuse(p, rest, "an operator is missing (one of ~= == != <= >= < > ===)");
	}
	if (rest.len == 0) {
		return refuse(p, clause, "a version is missing");
	}
	if (ret->op == LK_SPECIFIER_ARBITRARY) {
		for (size_t i = 0; i < rest.len; i++) {
			if (lk_is_space(rest.ptr[i])) {
				return refuse(p, rest, "white space within a version");
			}
		}
		return keep_arbitrary(p, rest, ret);
	}
	lk_str version = rest;
	ret->prefix = lk_str_ends(rest, LK_STR(".*"));
	if (ret->prefix) {
		version = lk_str_slice(rest, 0, rest.len - 2);
	}
	if (ret->prefix && version.len > 0 && lk_is_space(version.ptr[version.len - 1])) {
		return refuse(p, lk_str_skip(version, version.len - 1), "white space before '.*'");
	}
	if (lk_pep440_parse(version, p->arena, &ret->version, p->err) < 0) {
		/* The caret belongs into the whole text. */
		p->err->column += (unsigned)(rest.ptr - p->text.ptr);
		lk_error_excerpt(p->err, p->text);
		return LK_E_FORMAT;
	}
	return check(p, ret, rest);
}

int lk_specifiers_parse(
	lk_str text, struct lk_arena *arena, struct lk_specifiers *ret, struct lk_error *err)
{
	*ret = (struct lk_specifiers){0};
	struct parser p = {.text = text, .arena = arena, .err = err};
	if (text.len > LK_SPECIFIER_MAX_LEN) {
		return lk_fail(
			err, LK_E_FORMAT, "version specifiers of %zu bytes are too long", text.len);
	}
	size_t commas = 0;
	for (size_t i = 0; i < text.len; i++) {
		commas += text.ptr[i] == ',';
	}
	if (commas >= LK_SPECIFIER_MAX) {
		return refuse(&p, text, "too many specifiers");
	}
	struct lk_specifier *items = lk_arena_calloc(arena, commas + 1, sizeof(*items));
	lk_str rest = text;
	lk_str clause;
	while (lk_str_split(&rest, ',', &clause)) {
		/* packaging takes an empty one between, before or after commas. */
		if (lk_str_trim(clause).len == 0) {
			continue;
		}
		int rc = parse_one(&p, clause, &items[ret->n]);
		if (rc < 0) {
			return rc;
		}
		ret->n++;
	}
	ret->items = items;
	return 0;
}

/* -- judging ----------------------------------------------------------------------------------- */

/* Does the release of VERSION, continued with zeros, begin with the first N numbers of PREFIX? */
static bool begins_with(const struct lk_pep440 *version, const struct lk_pep440 *prefix, size_t n)
{
	bool same = lk_pep440_number_cmp(version->epoch, prefix->epoch) == 0;
	for (size_t i = 0; same && i < n; i++) {
		const lk_pep440_number zero = {0};
		same = lk_pep440_number_cmp(prefix->release[i],
			       i < version->n_release ? version->release[i] : zero) == 0;
	}
	return same;
}

/* A local part counts only where the specifier has one. */
static bool equals(const struct lk_specifier *s, const struct lk_pep440 *version)
{
	if (s->prefix) {
		return begins_with(version, &s->version, s->version.n_release);
	}
	return s->version.n_local > 0 ? lk_pep440_cmp(version, &s->version) == 0
				      : lk_pep440_cmp_public(version, &s->version) == 0;
}

/* "<1.0" does not mean 1.0rc1, unless the specifier is a pre-release itself. */
static bool is_below(const struct lk_pep440 *bound, const struct lk_pep440 *version)
{
	return lk_pep440_cmp(version, bound) < 0 &&
		(lk_pep440_is_pre(bound) || !lk_pep440_is_pre(version) ||
			lk_pep440_cmp_base(version, bound) != 0);
}

/* ">1.0" means neither 1.0.post1 nor 1.0+local. */
static bool is_above(const struct lk_pep440 *bound, const struct lk_pep440 *version)
{
	bool excluded = (!bound->has_post && version->has_post) || version->n_local > 0;
	return lk_pep440_cmp(version, bound) > 0 &&
		!(excluded && lk_pep440_cmp_base(version, bound) == 0);
}

/* === compares texts: the normal form of the version with what was written. */
static bool is_text(lk_str text, const struct lk_pep440 *version)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) normal = LK_BUF_INIT(4 * LK_PEP440_MAX_LEN);
	lk_pep440_put(version, &normal);
	return lk_str_eq(lk_buf_view(&normal), text);
}

bool lk_specifier_matches(const struct lk_specifier *s, const struct lk_pep440 *version)
{
	switch (s->op) {
	case LK_SPECIFIER_COMPATIBLE:
		return lk_pep440_cmp_public(version, &s->version) >= 0 &&
			begins_with(version, &s->version, s->version.n_release - 1);
	case LK_SPECIFIER_EQUAL:
		return equals(s, version);
	case LK_SPECIFIER_NOT_EQUAL:
		return !equals(s, version);
	case LK_SPECIFIER_AT_MOST:
		return lk_pep440_cmp_public(version, &s->version) <= 0;
	case LK_SPECIFIER_AT_LEAST:
		return lk_pep440_cmp_public(version, &s->version) >= 0;
	case LK_SPECIFIER_BELOW:
		return is_below(&s->version, version);
	case LK_SPECIFIER_ABOVE:
		return is_above(&s->version, version);
	case LK_SPECIFIER_ARBITRARY:
		return is_text(s->text, version);
	}
	return false;
}

bool lk_specifiers_match(const struct lk_specifiers *set, const struct lk_pep440 *version)
{
	for (size_t i = 0; i < set->n; i++) {
		if (!lk_specifier_matches(&set->items[i], version)) {
			return false;
		}
	}
	return true;
}

bool lk_specifiers_take_pre(const struct lk_specifiers *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct lk_specifier *s = &set->items[i];
		if (s->op != LK_SPECIFIER_NOT_EQUAL && lk_pep440_is_pre(&s->version)) {
			return true;
		}
	}
	return false;
}

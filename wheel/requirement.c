/*
 * Name, extras, then a URL or versions, then a marker.
 */
#include "wheel/requirement.h"

#include "wheel/name.h"

struct parser {
	lk_str text;
	size_t at;
	struct lk_arena *arena;
	struct lk_error *err;
};

static int refuse(const struct parser *p, size_t at, const char *what)
{
	lk_fail_at(p->err, NULL, 1, (unsigned)at + 1, "'" LK_STR_FMT "' is no requirement: %s",
		LK_STR_ARG(p->text), what);
	lk_error_excerpt(p->err, p->text);
	return LK_E_FORMAT;
}

/* An error of a part that begins at FROM: its column becomes the whole text's. */
static int move_error(const struct parser *p, size_t from)
{
	p->err->column += (unsigned)from;
	lk_error_excerpt(p->err, p->text);
	return p->err->code;
}

static char peek(const struct parser *p)
{
	return p->at < p->text.len ? p->text.ptr[p->at] : '\0';
}

static void skip_space(struct parser *p)
{
	while (peek(p) == ' ' || peek(p) == '\t') {
		p->at++;
	}
}

static bool take(struct parser *p, char c)
{
	skip_space(p);
	if (p->at >= p->text.len || peek(p) != c) {
		return false;
	}
	p->at++;
	skip_space(p);
	return true;
}

/* A name of a distribution or an extra; separators at its end belong to what follows, which then is
 * wrong. */
static int read_name(struct parser *p, const char *what, lk_str *ret)
{
	skip_space(p);
	size_t from = p->at;
	while (lk_is_alnum(peek(p)) || peek(p) == '-' || peek(p) == '_' || peek(p) == '.') {
		p->at++;
	}
	*ret = lk_str_slice(p->text, from, p->at);
	return lk_wheel_name_is_valid(*ret) ? 0 : refuse(p, from, what);
}

static int read_extras(struct parser *p, struct lk_requirement *ret)
{
	struct lk_strs extras = {0};
	int rc = 0;
	if (!take(p, '[') || take(p, ']')) {
		return 0;
	}
	do {
		lk_str extra = {0};
		rc = read_name(p, "an extra's name is missing", &extra);
		lk_vec_push(&extras, lk_wheel_name(p->arena, extra));
	} while (rc == 0 && take(p, ','));
	if (rc == 0 && !take(p, ']')) {
		rc = refuse(p, p->at, "']' or ',' is missing");
	}
	ret->extras = lk_arena_calloc(p->arena, extras.len, sizeof(*ret->extras));
	memcpy(ret->extras, extras.items, extras.len * sizeof(*ret->extras));
	ret->n_extras = extras.len;
	lk_vec_done(&extras);
	return rc;
}

/* Up to white space: a ';' is part of an address. */
static int read_url(struct parser *p, struct lk_requirement *ret)
{
	size_t from = p->at;
	while (p->at < p->text.len && peek(p) != ' ' && peek(p) != '\t') {
		p->at++;
	}
	ret->url = lk_str_slice(p->text, from, p->at);
	return ret->url.len > 0 ? 0 : refuse(p, from, "an address is missing after '@'");
}

/* Is there a comma with nothing before it? One at the end goes. */
static bool has_empty_clause(lk_str versions)
{
	lk_str clause;
	lk_str rest = lk_str_trim(versions);
	while (lk_str_split(&rest, ',', &clause)) {
		if (rest.ptr && lk_str_trim(clause).len == 0) {
			return true;
		}
	}
	return false;
}

/* Up to the ';', in parentheses or not. */
static int read_versions(struct parser *p, struct lk_requirement *ret)
{
	bool enclosed = take(p, '(');
	size_t from = p->at;
	size_t len = lk_str_find_char(lk_str_skip(p->text, from), enclosed ? ')' : ';');
	if (enclosed && len == SIZE_MAX) {
		return refuse(p, p->text.len, "')' is missing");
	}
	p->at = len == SIZE_MAX ? p->text.len : from + len;
	lk_str versions = lk_str_slice(p->text, from, p->at);
	if (has_empty_clause(versions)) {
		return refuse(p, from, "nothing stands before a comma");
	}
	if (lk_specifiers_parse(versions, p->arena, &ret->specifiers, p->err) < 0) {
		return move_error(p, from);
	}
	p->at += enclosed;
	return 0;
}

static int read_marker(struct parser *p, struct lk_requirement *ret)
{
	if (!take(p, ';')) {
		return p->at == p->text.len ? 0 : refuse(p, p->at, "';' or the end is missing");
	}
	size_t from = p->at;
	if (lk_marker_parse(lk_str_skip(p->text, from), p->arena, &ret->marker, p->err) < 0) {
		return move_error(p, from);
	}
	return 0;
}

int lk_requirement_parse(
	lk_str text, struct lk_arena *arena, struct lk_requirement *ret, struct lk_error *err)
{
	*ret = (struct lk_requirement){0};
	if (text.len > LK_REQUIREMENT_MAX_LEN) {
		return lk_fail(
			err, LK_E_FORMAT, "a requirement of %zu bytes is too long", text.len);
	}
	struct parser p = {.text = lk_str_dup(arena, text), .arena = arena, .err = err};
	int rc = read_name(&p, "a name is missing", &ret->name);
	if (rc == 0) {
		rc = read_extras(&p, ret);
	}
	if (rc == 0) {
		rc = take(&p, '@') ? read_url(&p, ret) : read_versions(&p, ret);
	}
	return rc == 0 ? read_marker(&p, ret) : rc;
}

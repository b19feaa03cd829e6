/*
 * Licence expressions, read and written again while they are read.
 */
#include "lock/spdx.h"

#define MAX_DEPTH 32
#define MAX_EXPRESSION ((size_t)4096)

struct parser {
	lk_str rest; /* behind WORD */
	lk_str word; /* at hand; empty at the end */
	struct lk_buf *out;
	struct lk_strs *refs;
	unsigned depth;
};

/* To the next word or parenthesis. */
static void advance(struct parser *p)
{
	lk_str rest = p->rest;
	while (rest.len > 0 && lk_is_space(rest.ptr[0])) {
		rest = lk_str_skip(rest, 1);
	}
	size_t n = 0;
	while (n < rest.len && !lk_is_space(rest.ptr[n]) && rest.ptr[n] != '(' &&
		rest.ptr[n] != ')') {
		n++;
	}
	n = n == 0 && rest.len > 0 ? 1 : n;
	p->word = lk_str_slice(rest, 0, n);
	p->rest = lk_str_skip(rest, n);
}

static bool is_reference(lk_str word)
{
	lk_str id = lk_str_skip(word, LK_STR("LicenseRef-").len);
	bool right = lk_str_starts(word, LK_STR("LicenseRef-")) && id.len > 0;
	for (size_t i = 0; right && i < id.len; i++) {
		right = lk_is_alnum(id.ptr[i]) || id.ptr[i] == '-' || id.ptr[i] == '.';
	}
	return right;
}

/* A listed licence, such a one with "+", or a reference. */
static bool parse_licence(struct parser *p)
{
	bool or_later = lk_str_ends(p->word, LK_STR("+"));
	const char *id = lk_spdx_licence(p->word);
	if (!id && or_later) {
		id = lk_spdx_licence(lk_str_slice(p->word, 0, p->word.len - 1));
	} else {
		or_later = false;
	}
	if (id) {
		lk_buf_appendf(p->out, "%s%s", id, or_later ? "+" : "");
	} else if (is_reference(p->word)) {
		lk_buf_put(p->out, p->word);
		lk_vec_push(p->refs, p->word);
	} else {
		return false;
	}
	advance(p);
	return true;
}

static bool parse_with(struct parser *p)
{
	if (!lk_str_eq_nocase(p->word, LK_STR("WITH"))) {
		return true;
	}
	advance(p);
	const char *exception = lk_spdx_exception(p->word);
	if (!exception) {
		return false;
	}
	lk_buf_appendf(p->out, " WITH %s", exception);
	advance(p);
	return true;
}

static bool parse_expression(struct parser *p); /* NOLINT(misc-no-recursion): MAX_DEPTH */

/* NOLINTNEXTLINE(misc-no-recursion): MAX_DEPTH */
static bool parse_term(struct parser *p)
{
	if (!lk_str_is(p->word, "(")) {
		return parse_licence(p) && parse_with(p);
	}
	if (++p->depth > MAX_DEPTH) {
		return false;
	}
	advance(p);
	lk_buf_putc(p->out, '(');
	if (!parse_expression(p) || !lk_str_is(p->word, ")")) {
		return false;
	}
	lk_buf_putc(p->out, ')');
	p->depth--;
	advance(p);
	return true;
}

/* Terms with operators between them: which one binds first does not matter to who only rewrites. */
/* NOLINTNEXTLINE(misc-no-recursion): MAX_DEPTH */
static bool parse_expression(struct parser *p)
{
	for (;;) {
		if (!parse_term(p)) {
			return false;
		}
		bool is_and = lk_str_eq_nocase(p->word, LK_STR("AND"));
		if (!is_and && !lk_str_eq_nocase(p->word, LK_STR("OR"))) {
			return true;
		}
		lk_buf_puts(p->out, is_and ? " AND " : " OR ");
		advance(p);
	}
}

bool lk_spdx_expression(lk_str text, struct lk_arena *arena, lk_str *ret, struct lk_strs *refs)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(MAX_EXPRESSION);
	struct parser p = {.rest = text, .out = &out, .refs = refs};
	size_t n_refs = refs->len;
	advance(&p);
	if (!parse_expression(&p) || p.word.len > 0 || out.overflow) {
		refs->len = n_refs;
		return false;
	}
	*ret = lk_str_dup(arena, lk_buf_view(&out));
	return true;
}

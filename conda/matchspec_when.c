/*
 * Conditions (CEP 43): specs joined by "and", "or" and parentheses; "and" binds tighter.
 *
 * The CEP has a spec without spaces (python>=3.12). What rattler takes is taken too: a space before
 * a version that shows as one by its first character (python >=3.12, python 3.12.*).
 */
#include "conda/matchspec_priv.h"

#include "conda/spec_text_priv.h"

struct when_parser {
	struct matchspec_parser *p;
	lk_str text;
	const char *at; /* where the text was read in the spec */
	size_t pos;
	unsigned depth;
};

static int fail(struct when_parser *w, size_t pos, const char *reason)
{
	lk_spec_fail(w->p->err, w->text, pos, "bad condition '" LK_STR_FMT "': %s",
		LK_STR_ARG(w->text), reason);
	matchspec_part_error(w->p, w->text, w->at);
	return LK_E_FORMAT;
}

static void skip_spaces(struct when_parser *w)
{
	while (w->pos < w->text.len && lk_is_space(w->text.ptr[w->pos])) {
		w->pos++;
	}
}

/* The word at START: up to a space or parenthesis outside brackets and their quotes. */
static lk_str word_at(const struct when_parser *w, size_t start)
{
	size_t end = start;
	unsigned depth = 0;
	char quote = '\0';
	for (; end < w->text.len; end++) {
		char c = w->text.ptr[end];
		if (quote != '\0') {
			end += c == '\\';
			quote = c == quote ? '\0' : quote;
		} else if (depth > 0 && (c == '\'' || c == '"')) {
			quote = c;
		} else if (depth == 0 && (lk_is_space(c) || c == '(' || c == ')')) {
			break;
		}
		depth += quote == '\0' && c == '[';
		depth -= quote == '\0' && c == ']' && depth > 0;
	}
	return lk_str_slice(w->text, start, end);
}

/* The spec at the position: a word, and the words behind it that continue its version. */
static lk_str spec_here(const struct when_parser *w)
{
	size_t end = w->pos + word_at(w, w->pos).len;
	size_t next = end;
	while (next < w->text.len) {
		if (lk_is_space(w->text.ptr[next])) {
			next++;
			continue;
		}
		bool goes_on = next > end && end > w->pos &&
			(strchr("<>=!~*0123456789", w->text.ptr[next]) ||
				strchr("<>=!~,|", w->text.ptr[end - 1]));
		if (!goes_on) {
			break;
		}
		end = next + word_at(w, next).len;
		next = end;
	}
	return lk_str_slice(w->text, w->pos, end);
}

static struct lk_condition *new_condition(struct when_parser *w, enum lk_condition_op op)
{
	struct lk_condition *condition = lk_arena_calloc(w->p->arena, 1, sizeof(*condition));
	condition->op = op;
	return condition;
}

static int parse_leaf(struct when_parser *w, const struct lk_condition **ret)
{
	lk_str word = word_at(w, w->pos);
	if (word.len == 0 || lk_str_is(word, "and") || lk_str_is(word, "or")) {
		return fail(w, w->pos, "a spec is missing");
	}
	word = spec_here(w);
	struct lk_condition *leaf = new_condition(w, LK_CONDITION_SPEC);
	int rc =
		matchspec_parse_text(word, w->p->origin, true, w->p->arena, &leaf->spec, w->p->err);
	if (rc < 0) {
		lk_spec_rebase(w->p->err, w->text, w->pos);
		matchspec_part_error(w->p, w->text, w->at);
		return rc;
	}
	w->pos += word.len;
	*ret = leaf;
	return 0;
}

static int parse_or(struct when_parser *w, const struct lk_condition **ret);

static int parse_term(struct when_parser *w, const struct lk_condition **ret)
{
	skip_spaces(w);
	if (w->pos >= w->text.len || w->text.ptr[w->pos] != '(') {
		return parse_leaf(w, ret);
	}
	size_t open = w->pos++;
	if (++w->depth > LK_SPEC_MAX_DEPTH) {
		return fail(w, open, "parentheses are nested too deep");
	}
	int rc = parse_or(w, ret);
	if (rc < 0) {
		return rc;
	}
	w->depth--;
	if (w->pos >= w->text.len) {
		return fail(w, open, "'(' is not closed");
	}
	if (w->text.ptr[w->pos] != ')') {
		return fail(w, w->pos, "'and' or 'or' is missing");
	}
	w->pos++;
	return 0;
}

/* Items joined by WORD, from the left; the position ends on no space. */
static int parse_chain(struct when_parser *w, const char *word, enum lk_condition_op op,
	int (*parse_item)(struct when_parser *, const struct lk_condition **),
	const struct lk_condition **ret)
{
	const struct lk_condition *left = NULL;
	int rc = parse_item(w, &left);
	while (rc == 0) {
		skip_spaces(w);
		if (!lk_str_is(word_at(w, w->pos), word)) {
			*ret = left;
			return 0;
		}
		w->pos += strlen(word);
		struct lk_condition *both = new_condition(w, op);
		both->left = left;
		rc = parse_item(w, &both->right);
		left = both;
	}
	return rc;
}

static int parse_and(struct when_parser *w, const struct lk_condition **ret)
{
	return parse_chain(w, "and", LK_CONDITION_AND, parse_term, ret);
}

static int parse_or(struct when_parser *w, const struct lk_condition **ret)
{
	return parse_chain(w, "or", LK_CONDITION_OR, parse_and, ret);
}

int matchspec_parse_when(
	struct matchspec_parser *p, lk_str text, const char *at, const struct lk_condition **ret)
{
	struct when_parser w = {.p = p, .text = text, .at = at};
	int rc = parse_or(&w, ret);
	if (rc < 0) {
		return rc;
	}
	if (w.pos < text.len) {
		return fail(&w, w.pos,
			text.ptr[w.pos] == ')' ? "')' without '('" : "'and' or 'or' is missing");
	}
	return 0;
}

bool lk_condition_eval(const struct lk_condition *condition,
	bool (*holds)(void *ctx, const struct lk_matchspec *leaf), void *ctx)
{
	switch (condition->op) {
	case LK_CONDITION_SPEC:
		return holds(ctx, condition->spec);
	case LK_CONDITION_AND:
		return lk_condition_eval(condition->left, holds, ctx) &&
			lk_condition_eval(condition->right, holds, ctx);
	case LK_CONDITION_OR:
		return lk_condition_eval(condition->left, holds, ctx) ||
			lk_condition_eval(condition->right, holds, ctx);
	}
	return false;
}

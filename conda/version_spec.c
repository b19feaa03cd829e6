/*
 * Version specs: a recursive-descent parser into a tree of clauses, and the walk over it.
 */
#include "conda/version_spec.h"

#include "conda/pattern.h"
#include "conda/spec_text_priv.h"

enum kind {
	KIND_OR, /* of the children */
	KIND_AND,
	KIND_ANY,
	KIND_EQ, /* these have a version */
	KIND_NE,
	KIND_LT,
	KIND_LE,
	KIND_GT,
	KIND_GE,
	KIND_COMPATIBLE,
	KIND_FUZZY,
	KIND_NOT_FUZZY,
	KIND_PATTERN, /* these have a pattern over the text of a version */
	KIND_NOT_PATTERN,
};

struct lk_version_spec {
	enum kind kind;
	bool dropped_star; /* here or in any child */
	const struct lk_version *version;
	const struct lk_pattern *pattern;
	struct lk_version_spec *child, *next;
};

/* No operator at all is OP_NONE: "1.7" is exact, "1.7.*" is not. */
enum op {
	OP_NONE,
	OP_EQ,    /* == */
	OP_FUZZY, /* = */
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_COMPATIBLE,
};

static const struct {
	char text[3];
	enum kind plain; /* of an operand without '*' */
} op_table[] = {
	[OP_NONE] = {"", KIND_EQ},
	[OP_EQ] = {"==", KIND_EQ},
	[OP_FUZZY] = {"=", KIND_FUZZY},
	[OP_NE] = {"!=", KIND_NE},
	[OP_LT] = {"<", KIND_LT},
	[OP_LE] = {"<=", KIND_LE},
	[OP_GT] = {">", KIND_GT},
	[OP_GE] = {">=", KIND_GE},
	[OP_COMPATIBLE] = {"~=", KIND_COMPATIBLE},
};

struct parser {
	lk_str text;
	size_t pos;
	unsigned depth;
	enum lk_spec_origin origin;
	struct lk_arena *arena;
	struct lk_error *err;
};

static int fail_at(struct parser *p, size_t pos, const char *reason)
{
	lk_spec_fail(p->err, p->text, pos, "bad version spec '" LK_STR_FMT "': %s",
		LK_STR_ARG(lk_str_trim(p->text)), reason);
	return LK_E_FORMAT;
}

static size_t pos_of(const struct parser *p, lk_str part)
{
	return (size_t)(part.ptr - p->text.ptr);
}

static void skip_spaces(struct parser *p)
{
	while (p->pos < p->text.len && lk_is_space(p->text.ptr[p->pos])) {
		p->pos++;
	}
}

static bool at_char(const struct parser *p, char c)
{
	return p->pos < p->text.len && p->text.ptr[p->pos] == c;
}

static struct lk_version_spec *new_node(struct parser *p, enum kind kind)
{
	struct lk_version_spec *node = lk_arena_calloc(p->arena, 1, sizeof(*node));
	node->kind = kind;
	return node;
}

static int version_node(
	struct parser *p, enum kind kind, lk_str operand, struct lk_version_spec **ret)
{
	struct lk_version_spec *node = new_node(p, kind);
	int rc = lk_version_parse(operand, p->arena, &node->version, p->err);
	if (rc < 0) {
		lk_spec_rebase(p->err, p->text, pos_of(p, operand));
		return rc;
	}
	*ret = node;
	return 0;
}

static int pattern_node(
	struct parser *p, enum kind kind, lk_str text, bool nocase, struct lk_version_spec **ret)
{
	struct lk_version_spec *node = new_node(p, kind);
	int rc = lk_pattern_parse(text, nocase, p->arena, &node->pattern, p->err);
	if (rc < 0) {
		lk_spec_rebase(p->err, p->text, pos_of(p, text));
		return rc;
	}
	*ret = node;
	return 0;
}

static bool is_op_char(char c)
{
	return c == '=' || c == '<' || c == '>' || c == '!' || c == '~';
}

/* Takes the operator off *CLAUSE, with the spaces after it. */
static int take_op(struct parser *p, lk_str *clause, enum op *ret)
{
	size_t len = 0;
	while (len < clause->len && is_op_char(clause->ptr[len])) {
		len++;
	}
	lk_str op_text = lk_str_slice(*clause, 0, len);
	for (size_t i = 0; i < LK_COUNTOF(op_table); i++) {
		if (lk_str_is(op_text, op_table[i].text)) {
			*clause = lk_str_trim(lk_str_skip(*clause, len));
			*ret = (enum op)i;
			return 0;
		}
	}
	int rc = fail_at(p, pos_of(p, op_text), "no such operator");
	lk_error_hint(p->err, "operators are == = != < <= > >= ~=");
	return rc;
}

/* Without trailing "*" and ".*", however many. */
static lk_str without_stars(lk_str operand)
{
	while (operand.len > 0 && operand.ptr[operand.len - 1] == '*') {
		operand.len--;
		if (operand.len > 0 && operand.ptr[operand.len - 1] == '.') {
			operand.len--;
		}
	}
	return operand;
}

static bool has_star(lk_str s)
{
	return lk_str_find_char(s, '*') != SIZE_MAX;
}

/* A '*' within: a glob over the version's text, of characters that a version may have. */
static int glob_clause(struct parser *p, enum op op, lk_str operand, struct lk_version_spec **ret)
{
	if (op != OP_NONE && op != OP_EQ && op != OP_FUZZY && op != OP_NE) {
		return fail_at(p, pos_of(p, operand) + lk_str_find_char(operand, '*'),
			"'*' within a version does not go with an order operator");
	}
	for (size_t i = 0; i < operand.len; i++) {
		char c = operand.ptr[i];
		if (!lk_is_alnum(c) && c != '*' && (i == 0 || !lk_is_one_of(c, "._-+!"))) {
			return fail_at(p, pos_of(p, operand) + i, "invalid character");
		}
	}
	if (lk_str_ends(operand, LK_STR("."))) {
		return fail_at(p, pos_of(p, operand) + operand.len, "a segment is empty");
	}
	return pattern_node(p, op == OP_NE ? KIND_NOT_PATTERN : KIND_PATTERN, operand, true, ret);
}

/* OPERAND ends in '*', and BASE is what is left without; BASE has none. */
static int star_clause(
	struct parser *p, enum op op, lk_str base, lk_str operand, struct lk_version_spec **ret)
{
	bool alone = base.len == 0 && operand.ptr[0] == '*';
	size_t star = pos_of(p, operand) + lk_str_find_char(operand, '*');
	switch (op) {
	case OP_NONE:
	case OP_EQ:
	case OP_FUZZY:
		break;
	case OP_NE:
		if (alone) {
			return fail_at(p, star, "'!=*' excludes every version");
		}
		return version_node(p, KIND_NOT_FUZZY, base, ret);
	case OP_COMPATIBLE:
		if (!alone) {
			return fail_at(p, star, "'~=' takes no '*'");
		}
		break;
	case OP_LT:
	case OP_GT:
		if (alone) {
			return fail_at(p, star, "'*' has no order");
		}
		break;
	case OP_LE:
	case OP_GE:
		break;
	}
	if (alone) {
		*ret = new_node(p, KIND_ANY);
		return 0;
	}
	bool ordered = op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE;
	int rc = version_node(p, ordered ? op_table[op].plain : KIND_FUZZY, base, ret);
	if (rc == 0) {
		(*ret)->dropped_star = ordered;
	}
	return rc;
}

static int plain_clause(struct parser *p, enum op op, lk_str operand, struct lk_version_spec **ret)
{
	struct lk_version_spec *node;
	int rc = version_node(p, op_table[op].plain, operand, &node);
	if (rc < 0) {
		return rc;
	}
	if (op == OP_COMPATIBLE && p->origin == LK_SPEC_USER &&
		lk_version_is_one_segment(node->version)) {
		rc = fail_at(p, pos_of(p, operand), "'~=' needs a version of two segments or more");
		lk_error_hint(p->err, "write >=" LK_STR_FMT, LK_STR_ARG(operand));
		return rc;
	}
	*ret = node;
	return 0;
}

static int parse_operand(struct parser *p, enum op op, lk_str operand, struct lk_version_spec **ret)
{
	for (size_t i = 0; i < operand.len; i++) {
		if (lk_is_space(operand.ptr[i])) {
			int rc = fail_at(p, pos_of(p, operand) + i, "a space within a version");
			lk_error_hint(p->err, "join clauses by ',' (and) or '|' (or)");
			return rc;
		}
	}
	if (p->origin == LK_SPEC_REPODATA && lk_str_ends(operand, LK_STR("*."))) {
		operand.len--; /* "0.2.18.*." is in real channels */
	}
	if (!has_star(operand)) {
		return plain_clause(p, op, operand, ret);
	}
	/* Without an operator "1.7.*.*" is a glob, as in conda; with one it cannot be. */
	lk_str base = without_stars(operand);
	lk_str within = operand;
	while (within.len > 0 && within.ptr[within.len - 1] == '*') {
		within.len--;
	}
	if (has_star(op == OP_NONE ? within : base)) {
		return glob_clause(p, op, operand, ret);
	}
	return star_clause(p, op, base, operand, ret);
}

static bool ends_clause(char c)
{
	return c == '(' || c == ')' || c == '|' || c == ',';
}

static int parse_regex(struct parser *p, struct lk_version_spec **ret)
{
	lk_str rest = lk_str_skip(p->text, p->pos);
	size_t dollar = lk_str_find_char(rest, '$');
	if (dollar == SIZE_MAX) {
		return fail_at(p, p->pos, "a regular expression must end in '$'");
	}
	p->pos += dollar + 1;
	return pattern_node(p, KIND_PATTERN, lk_str_slice(rest, 0, dollar + 1), false, ret);
}

static int parse_clause(struct parser *p, struct lk_version_spec **ret)
{
	if (at_char(p, '^')) {
		return parse_regex(p, ret);
	}
	size_t start = p->pos;
	while (p->pos < p->text.len && !ends_clause(p->text.ptr[p->pos])) {
		p->pos++;
	}
	lk_str clause = lk_str_trim(lk_str_slice(p->text, start, p->pos));
	if (clause.len == 0) {
		return fail_at(p, p->pos, "a version is missing");
	}
	enum op op;
	int rc = take_op(p, &clause, &op);
	if (rc < 0) {
		return rc;
	}
	if (clause.len == 0) {
		return fail_at(p, p->pos, "a version is missing after the operator");
	}
	return parse_operand(p, op, clause, ret);
}

static int parse_spec(struct parser *p, struct lk_version_spec **ret);

static int parse_term(struct parser *p, struct lk_version_spec **ret)
{
	skip_spaces(p);
	if (!at_char(p, '(')) {
		return parse_clause(p, ret);
	}
	size_t open = p->pos;
	if (p->depth == LK_SPEC_MAX_DEPTH) {
		return fail_at(p, open, "parentheses are nested too deep");
	}
	p->depth++;
	p->pos++;
	int rc = parse_spec(p, ret);
	if (rc < 0) {
		return rc;
	}
	p->depth--;
	skip_spaces(p);
	if (!at_char(p, ')')) {
		return fail_at(p, p->pos < p->text.len ? p->pos : open,
			p->pos < p->text.len ? "unexpected text" : "'(' is not closed");
	}
	p->pos++;
	return 0;
}

/* A list of one is its item; "*" decides an OR and says nothing in an AND. */
static struct lk_version_spec *join(struct parser *p, enum kind kind, struct lk_version_spec *first)
{
	struct lk_version_spec *list = new_node(p, kind);
	struct lk_version_spec **tail = &list->child;
	struct lk_version_spec *next;
	bool any = false;
	for (struct lk_version_spec *item = first; item; item = next) {
		next = item->next;
		item->next = NULL;
		list->dropped_star |= item->dropped_star;
		if (item->kind == KIND_ANY) {
			any = true;
			continue;
		}
		*tail = item;
		tail = &item->next;
	}
	if (any && (kind == KIND_OR || !list->child)) {
		list->kind = KIND_ANY;
		list->child = NULL;
	} else if (!list->child->next) {
		list->child->dropped_star = list->dropped_star;
		return list->child;
	}
	return list;
}

/* One or more of what PARSE_ITEM reads, with SEPARATOR between. */
static int parse_list(struct parser *p, enum kind kind, char separator,
	int (*parse_item)(struct parser *, struct lk_version_spec **), struct lk_version_spec **ret)
{
	struct lk_version_spec *first = NULL;
	struct lk_version_spec **tail = &first;
	for (;;) {
		int rc = parse_item(p, tail);
		if (rc < 0) {
			return rc;
		}
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): set, as 0 was returned */
		tail = &(*tail)->next;
		skip_spaces(p);
		if (!at_char(p, separator)) {
			break;
		}
		p->pos++;
	}
	*ret = join(p, kind, first);
	return 0;
}

static int parse_and(struct parser *p, struct lk_version_spec **ret)
{
	return parse_list(p, KIND_AND, ',', parse_term, ret);
}

static int parse_spec(struct parser *p, struct lk_version_spec **ret)
{
	return parse_list(p, KIND_OR, '|', parse_and, ret);
}

int lk_version_spec_parse(lk_str text, enum lk_spec_origin origin, struct lk_arena *arena,
	const struct lk_version_spec **ret, struct lk_error *err)
{
	struct parser p = {.text = text, .origin = origin, .arena = arena, .err = err};
	if (text.len > LK_SPEC_MAX_LEN) {
		return lk_spec_fail(err, text, LK_SPEC_MAX_LEN,
			"a version spec is longer than %d bytes", LK_SPEC_MAX_LEN);
	}
	struct lk_version_spec *spec;
	int rc = parse_spec(&p, &spec);
	if (rc < 0) {
		return rc;
	}
	if (p.pos < text.len) {
		return fail_at(&p, p.pos, at_char(&p, ')') ? "')' without '('" : "unexpected text");
	}
	*ret = spec;
	return 0;
}

static bool matches_children(const struct lk_version_spec *spec, const struct lk_version *version)
{
	bool decided_by = spec->kind == KIND_OR;
	for (const struct lk_version_spec *item = spec->child; item; item = item->next) {
		if (lk_version_spec_matches(item, version) == decided_by) {
			return decided_by;
		}
	}
	return !decided_by;
}

bool lk_version_spec_matches(const struct lk_version_spec *spec, const struct lk_version *version)
{
	if (!spec) {
		return true;
	}
	switch (spec->kind) {
	case KIND_OR:
	case KIND_AND:
		return matches_children(spec, version);
	case KIND_ANY:
		return true;
	case KIND_EQ:
		return lk_version_eq(version, spec->version);
	case KIND_NE:
		return !lk_version_eq(version, spec->version);
	case KIND_LT:
		return lk_version_cmp(version, spec->version) < 0;
	case KIND_LE:
		return lk_version_cmp(version, spec->version) <= 0;
	case KIND_GT:
		return lk_version_cmp(version, spec->version) > 0;
	case KIND_GE:
		return lk_version_cmp(version, spec->version) >= 0;
	case KIND_COMPATIBLE:
		return lk_version_cmp(version, spec->version) >= 0 &&
			lk_version_shares_parent(version, spec->version);
	case KIND_FUZZY:
		return lk_version_starts_with(version, spec->version);
	case KIND_NOT_FUZZY:
		return !lk_version_starts_with(version, spec->version);
	case KIND_PATTERN:
		return lk_pattern_matches(spec->pattern, lk_version_text(version));
	case KIND_NOT_PATTERN:
		return !lk_pattern_matches(spec->pattern, lk_version_text(version));
	}
	return false;
}

bool lk_version_spec_is_any(const struct lk_version_spec *spec)
{
	return !spec || spec->kind == KIND_ANY;
}

bool lk_version_spec_dropped_star(const struct lk_version_spec *spec)
{
	return spec && spec->dropped_star;
}

static const char *op_of(enum kind kind)
{
	switch (kind) {
	case KIND_NE:
	case KIND_NOT_FUZZY:
	case KIND_NOT_PATTERN:
		return "!=";
	case KIND_LT:
		return "<";
	case KIND_LE:
		return "<=";
	case KIND_GT:
		return ">";
	case KIND_GE:
		return ">=";
	case KIND_COMPATIBLE:
		return "~=";
	case KIND_FUZZY:
		return "=";
	default:
		return "";
	}
}

static void put_node(const struct lk_version_spec *spec, const struct lk_version_spec *parent,
	struct lk_buf *buf)
{
	if (spec->kind != KIND_OR && spec->kind != KIND_AND) {
		lk_buf_puts(buf, op_of(spec->kind));
		lk_buf_put(buf,
			spec->version ? lk_version_text(spec->version)
				      : lk_pattern_text(spec->pattern));
		lk_buf_puts(buf, spec->kind == KIND_NOT_FUZZY ? ".*" : "");
		return;
	}
	bool grouped = spec->kind == KIND_OR && parent && parent->kind == KIND_AND;
	lk_buf_puts(buf, grouped ? "(" : "");
	for (const struct lk_version_spec *item = spec->child; item; item = item->next) {
		put_node(item, spec, buf);
		lk_buf_puts(buf, item->next ? (spec->kind == KIND_OR ? "|" : ",") : "");
	}
	lk_buf_puts(buf, grouped ? ")" : "");
}

void lk_version_spec_canonical(const struct lk_version_spec *spec, struct lk_buf *buf)
{
	if (lk_version_spec_is_any(spec)) {
		lk_buf_puts(buf, "*");
		return;
	}
	if (spec->kind == KIND_EQ) {
		lk_buf_puts(buf, "==");
	}
	put_node(spec, NULL, buf);
}

void lk_version_bounds_narrow(
	struct lk_version_bounds *into, const struct lk_version_bounds *bounds)
{
	int lower = !bounds->lower ? -1
		: !into->lower     ? 1
				   : lk_version_cmp(bounds->lower, into->lower);
	int upper = !bounds->upper ? 1
		: !into->upper     ? -1
				   : lk_version_cmp(bounds->upper, into->upper);
	if (lower > 0) {
		into->lower = bounds->lower;
		into->lower_open = bounds->lower_open;
	} else if (lower == 0) {
		into->lower_open = into->lower_open || bounds->lower_open;
	}
	if (upper < 0) {
		into->upper = bounds->upper;
		into->upper_open = bounds->upper_open;
	} else if (upper == 0) {
		into->upper_open = into->upper_open || bounds->upper_open;
	}
	into->exact = into->exact && bounds->exact;
}

static struct lk_version_bounds bounds_of_clause(const struct lk_version_spec *spec)
{
	const struct lk_version *version = spec->version;
	switch (spec->kind) {
	case KIND_ANY:
		return (struct lk_version_bounds){.exact = true};
	case KIND_EQ:
		return (struct lk_version_bounds){version, version, false, false, true};
	case KIND_LT:
		return (struct lk_version_bounds){NULL, version, false, true, true};
	case KIND_LE:
		return (struct lk_version_bounds){NULL, version, false, false, true};
	case KIND_GT:
		return (struct lk_version_bounds){version, NULL, true, false, true};
	case KIND_GE:
		return (struct lk_version_bounds){version, NULL, false, false, true};
	case KIND_COMPATIBLE:
		return (struct lk_version_bounds){.lower = version};
	default: /* what has no order, and prefixes, which have letters below their own version */
		return (struct lk_version_bounds){.exact = false};
	}
}

void lk_version_spec_bounds(const struct lk_version_spec *spec, struct lk_version_bounds *ret)
{
	*ret = (struct lk_version_bounds){.exact = true};
	if (!spec) {
		return;
	}
	if (spec->kind == KIND_AND) {
		for (const struct lk_version_spec *child = spec->child; child;
			child = child->next) {
			struct lk_version_bounds bounds;
			lk_version_spec_bounds(child, &bounds);
			lk_version_bounds_narrow(ret, &bounds);
		}
		return;
	}
	*ret = bounds_of_clause(spec);
}

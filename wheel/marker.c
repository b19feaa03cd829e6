/*
 * Reading a marker by recursive descent, and judging it.
 *
 *     or    = and ("or" and)*        and = atom ("and" atom)*
 *     atom  = "(" or ")" | side operator side
 *     side  = variable | quoted text
 */
#include "wheel/marker.h"

#include "wheel/name.h"
#include "wheel/specifier.h"

struct parser {
	lk_str text;
	size_t at;
	unsigned depth;
	struct lk_arena *arena;
	struct lk_error *err;
};

struct side {
	bool is_variable;
	enum lk_marker_variable variable;
	lk_str value;
};

struct markers LK_VEC_OF(const struct lk_marker *);

/* The names of the specification, and those before it in old metadata. */
static const struct {
	const char *name;
	enum lk_marker_variable variable;
} variables[] = {
	{"extra", LK_MARKER_EXTRA},
	{"implementation_name", LK_MARKER_IMPLEMENTATION_NAME},
	{"implementation_version", LK_MARKER_IMPLEMENTATION_VERSION},
	{"os_name", LK_MARKER_OS_NAME},
	{"platform_machine", LK_MARKER_PLATFORM_MACHINE},
	{"platform_python_implementation", LK_MARKER_PYTHON_IMPLEMENTATION},
	{"platform_release", LK_MARKER_PLATFORM_RELEASE},
	{"platform_system", LK_MARKER_PLATFORM_SYSTEM},
	{"platform_version", LK_MARKER_PLATFORM_VERSION},
	{"python_full_version", LK_MARKER_PYTHON_FULL_VERSION},
	{"python_version", LK_MARKER_PYTHON_VERSION},
	{"sys_platform", LK_MARKER_SYS_PLATFORM},
	{"os.name", LK_MARKER_OS_NAME},
	{"platform.machine", LK_MARKER_PLATFORM_MACHINE},
	{"platform.python_implementation", LK_MARKER_PYTHON_IMPLEMENTATION},
	{"platform.version", LK_MARKER_PLATFORM_VERSION},
	{"python_implementation", LK_MARKER_PYTHON_IMPLEMENTATION},
	{"sys.platform", LK_MARKER_SYS_PLATFORM},
};

const char *lk_marker_variable_name(enum lk_marker_variable variable)
{
	return variables[variable].name;
}

bool lk_marker_is_version(enum lk_marker_variable variable)
{
	return variable == LK_MARKER_IMPLEMENTATION_VERSION ||
		variable == LK_MARKER_PLATFORM_RELEASE ||
		variable == LK_MARKER_PYTHON_FULL_VERSION || variable == LK_MARKER_PYTHON_VERSION;
}

/* -- reading ----------------------------------------------------------------------------------- */

static int refuse(const struct parser *p, size_t at, const char *what)
{
	lk_fail_at(p->err, NULL, 1, (unsigned)at + 1,
		"'" LK_STR_FMT "' is no environment marker: %s", LK_STR_ARG(p->text), what);
	lk_error_excerpt(p->err, p->text);
	return LK_E_FORMAT;
}

static void skip_space(struct parser *p)
{
	while (p->at < p->text.len && (p->text.ptr[p->at] == ' ' || p->text.ptr[p->at] == '\t')) {
		p->at++;
	}
}

/* Letters, digits, '_' and '.': a name or a word, from here. */
static lk_str word_here(const struct parser *p)
{
	size_t end = p->at;
	while (end < p->text.len &&
		(lk_is_alnum(p->text.ptr[end]) || p->text.ptr[end] == '_' ||
			p->text.ptr[end] == '.')) {
		end++;
	}
	return lk_str_slice(p->text, p->at, end);
}

static bool take_word(struct parser *p, const char *word)
{
	skip_space(p);
	if (!lk_str_is(word_here(p), word)) {
		return false;
	}
	p->at += strlen(word);
	return true;
}

static int read_quoted(struct parser *p, struct side *ret)
{
	char quote = p->text.ptr[p->at];
	size_t from = p->at + 1;
	size_t len = lk_str_find_char(lk_str_skip(p->text, from), quote);
	if (len == SIZE_MAX) {
		return refuse(p, p->at, "the quoted text does not end");
	}
	ret->value = lk_str_slice(p->text, from, from + len);
	if (lk_str_find_char(ret->value, '\\') != SIZE_MAX || lk_str_has_control(ret->value)) {
		return refuse(p, from, "no backslash and no control character may be in the text");
	}
	p->at = from + len + 1;
	return 0;
}

static int read_side(struct parser *p, struct side *ret)
{
	skip_space(p);
	*ret = (struct side){0};
	if (p->at < p->text.len && (p->text.ptr[p->at] == '"' || p->text.ptr[p->at] == '\'')) {
		return read_quoted(p, ret);
	}
	lk_str word = word_here(p);
	for (size_t i = 0; i < LK_COUNTOF(variables); i++) {
		if (lk_str_is(word, variables[i].name)) {
			ret->is_variable = true;
			ret->variable = variables[i].variable;
			p->at += word.len;
			return 0;
		}
	}
	return refuse(p, p->at, "a variable or a quoted text is missing");
}

static int read_operator(struct parser *p, struct lk_marker *term)
{
	static const char *const operators[] = {"===", "==", "~=", "!=", "<=", ">=", "<", ">"};
	if (take_word(p, "in")) {
		term->op = LK_MARKER_IN;
		return 0;
	}
	if (take_word(p, "not")) {
		term->op = LK_MARKER_NOT_IN;
		return take_word(p, "in") ? 0 : refuse(p, p->at, "'in' is missing after 'not'");
	}
	term->op = LK_MARKER_COMPARE;
	for (size_t i = 0; i < LK_COUNTOF(operators); i++) {
		if (lk_str_starts(lk_str_skip(p->text, p->at), lk_str_of(operators[i]))) {
			term->compare = lk_str_of(operators[i]);
			p->at += term->compare.len;
			return 0;
		}
	}
	return refuse(
		p, p->at, "an operator is missing (one of == != <= >= < > ~= === in, not in)");
}

static int read_term(struct parser *p, const struct lk_marker **ret)
{
	struct lk_marker *term = lk_arena_calloc(p->arena, 1, sizeof(*term));
	struct side left = {0};
	struct side right = {0};
	term->kind = LK_MARKER_TERM;
	size_t from = p->at;
	int rc = read_side(p, &left);
	if (rc == 0) {
		rc = read_operator(p, term);
	}
	if (rc == 0) {
		rc = read_side(p, &right);
	}
	if (rc < 0) {
		return rc;
	}
	if (left.is_variable == right.is_variable) {
		return refuse(p, from, "one of the two sides must be a variable, the other a text");
	}
	term->reversed = right.is_variable;
	term->variable = term->reversed ? right.variable : left.variable;
	term->value = lk_str_dup(p->arena, term->reversed ? left.value : right.value);
	if (lk_str_is(term->compare, "~=") && !lk_marker_is_version(term->variable)) {
		return refuse(p, from, "~= compares versions only");
	}
	*ret = term;
	return 0;
}

static int read_or(struct parser *p, const struct lk_marker **ret);

static int read_atom(struct parser *p, const struct lk_marker **ret)
{
	skip_space(p);
	if (p->at >= p->text.len || p->text.ptr[p->at] != '(') {
		return read_term(p, ret);
	}
	if (++p->depth > LK_MARKER_MAX_DEPTH) {
		return refuse(p, p->at, "too many parentheses");
	}
	p->at++;
	int rc = read_or(p, ret);
	skip_space(p);
	if (rc == 0 && (p->at >= p->text.len || p->text.ptr[p->at] != ')')) {
		return refuse(p, p->at, "')' is missing");
	}
	p->at++;
	p->depth--;
	return rc;
}

/* One item stands for itself. */
static const struct lk_marker *join(
	struct parser *p, enum lk_marker_kind kind, const struct markers *items)
{
	if (items->len == 1) {
		return items->items[0];
	}
	const struct lk_marker **copy = lk_arena_calloc(p->arena, items->len, sizeof(*copy));
	memcpy((void *)copy, (const void *)items->items, items->len * sizeof(*copy));
	struct lk_marker *joined = lk_arena_calloc(p->arena, 1, sizeof(*joined));
	*joined = (struct lk_marker){.kind = kind, .items = copy, .n_items = items->len};
	return joined;
}

/* What WORD joins, each read by READ. */
static int read_list(struct parser *p, enum lk_marker_kind kind, const char *word,
	int (*read)(struct parser *, const struct lk_marker **), const struct lk_marker **ret)
{
	struct markers items = {0};
	int rc = 0;
	do {
		const struct lk_marker *item = NULL;
		rc = read(p, &item);
		lk_vec_push(&items, item);
	} while (rc == 0 && take_word(p, word));
	if (rc == 0) {
		*ret = join(p, kind, &items);
	}
	lk_vec_done(&items);
	return rc;
}

static int read_and(struct parser *p, const struct lk_marker **ret)
{
	return read_list(p, LK_MARKER_AND, "and", read_atom, ret);
}

static int read_or(struct parser *p, const struct lk_marker **ret)
{
	return read_list(p, LK_MARKER_OR, "or", read_and, ret);
}

int lk_marker_parse(
	lk_str text, struct lk_arena *arena, const struct lk_marker **ret, struct lk_error *err)
{
	struct parser p = {.text = text, .arena = arena, .err = err};
	if (text.len > LK_MARKER_MAX_LEN) {
		return lk_fail(err, LK_E_FORMAT, "an environment marker of %zu bytes is too long",
			text.len);
	}
	int rc = read_or(&p, ret);
	skip_space(&p);
	if (rc == 0 && p.at < text.len) {
		return refuse(&p, p.at, "'and' or 'or' is missing");
	}
	return rc;
}

/* -- judging ----------------------------------------------------------------------------------- */

/* LEFT op RIGHT as versions; *RET_KNOWN is false when RIGHT is none that a specifier can have. */
static bool compare_versions(lk_str op, lk_str left, lk_str right, bool *ret_known)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	struct lk_error err;
	struct lk_specifiers set;
	struct lk_pep440 version;
	*ret_known = lk_str_find_char(right, ',') == SIZE_MAX && right.len > 0 &&
		lk_specifiers_parse(lk_str_printf(&arena, LK_STR_FMT LK_STR_FMT, LK_STR_ARG(op),
					    LK_STR_ARG(right)),
			&arena, &set, &err) == 0;
	return *ret_known && lk_pep440_parse(left, &arena, &version, &err) == 0 &&
		lk_specifiers_match(&set, &version);
}

/* Texts have no order: of <= and >= only the equality is left, and < and > never hold. */
static bool compare_texts(lk_str op, lk_str left, lk_str right)
{
	bool equal = lk_str_eq(left, right);
	if (lk_str_is(op, "!=")) {
		return !equal;
	}
	return equal && !lk_str_is(op, "<") && !lk_str_is(op, ">");
}

static bool term_holds(
	const struct lk_marker *term, const struct lk_marker_environment *environment)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	lk_str here = environment->values[term->variable];
	lk_str value = term->value;
	if (term->variable == LK_MARKER_EXTRA) { /* PEP 685 */
		here = lk_wheel_name(&arena, here);
		value = lk_wheel_name(&arena, value);
	}
	lk_str left = term->reversed ? value : here;
	lk_str right = term->reversed ? here : value;
	if (term->op != LK_MARKER_COMPARE) {
		bool within = lk_str_find(right, left) != SIZE_MAX;
		return within == (term->op == LK_MARKER_IN);
	}
	if (lk_marker_is_version(term->variable)) {
		bool known;
		bool holds = compare_versions(term->compare, left, right, &known);
		if (known) {
			return holds;
		}
	}
	return compare_texts(term->compare, left, right);
}

bool lk_marker_holds(
	const struct lk_marker *marker, const struct lk_marker_environment *environment)
{
	if (!marker) {
		return true;
	}
	if (marker->kind == LK_MARKER_TERM) {
		return term_holds(marker, environment);
	}
	bool stop = marker->kind == LK_MARKER_OR;
	for (size_t i = 0; i < marker->n_items; i++) {
		if (lk_marker_holds(marker->items[i], environment) == stop) {
			return stop;
		}
	}
	return !stop;
}

/*
 * Regular expressions as small programs: compiled by recursive descent, run by following all
 * threads at once, so that no input takes more than one pass.
 *
 * Jumps are relative, so the code of an atom can be moved and copied: an operator behind it inserts
 * a fork before it, a count repeats it. Every atom leaves at least one state, so the limit on
 * states also bounds the time of compiling.
 */
#include "conda/regex_priv.h"

#include <stdint.h>

#include "conda/spec_text_priv.h"

enum op {
	OP_FOUND,
	OP_BYTE,  /* one byte, `byte` */
	OP_SET,   /* one byte of `set` */
	OP_FORK,  /* on at `to` and at `other` */
	OP_JUMP,  /* on at `to` */
	OP_BEGIN, /* on if nothing is before, */
	OP_END,   /* or behind */
};

struct byte_set {
	uint64_t bits[4];
};

struct state {
	enum op op;
	unsigned char byte;
	int16_t to, other; /* relative to the state itself */
	const struct byte_set *set;
};

struct lk_regex {
	const struct state *states;
	size_t n;
	bool nocase;
};

static bool set_has(const struct byte_set *set, unsigned char byte)
{
	return (set->bits[byte / 64] >> (byte % 64)) & 1;
}

static void set_add(struct byte_set *set, unsigned char byte)
{
	set->bits[byte / 64] |= UINT64_C(1) << (byte % 64);
}

struct compiler {
	lk_str text;
	size_t pos;
	size_t start; /* of the atom or the operator at hand */
	bool nocase;
	unsigned depth;
	struct lk_arena *arena;
	struct lk_error *err;
	struct state states[LK_REGEX_MAX_STATES];
	size_t n;
};

static int fail(struct compiler *c, size_t pos, const char *why)
{
	return lk_spec_fail(c->err, c->text, pos, "bad regular expression '" LK_STR_FMT "': %s",
		LK_STR_ARG(c->text), why);
}

static char peek(const struct compiler *c)
{
	return c->pos < c->text.len ? c->text.ptr[c->pos] : '\0';
}

/* Room for COUNT states at index AT, what stands there moved behind it. */
static int make_room(struct compiler *c, size_t at, size_t count)
{
	if (count > LK_REGEX_MAX_STATES - c->n) {
		return fail(c, c->start, "it is too large");
	}
	memmove(&c->states[at + count], &c->states[at], (c->n - at) * sizeof(c->states[0]));
	c->n += count;
	return 0;
}

static int put(struct compiler *c, size_t at, struct state state)
{
	int rc = make_room(c, at, 1);
	if (rc == 0) {
		c->states[at] = state;
	}
	return rc;
}

static int append(struct compiler *c, struct state state)
{
	return put(c, c->n, state);
}

static int append_byte(struct compiler *c, char byte)
{
	byte = c->nocase ? lk_lower(byte) : byte;
	return append(c, (struct state){.op = OP_BYTE, .byte = (unsigned char)byte});
}

static int append_set(struct compiler *c, const struct byte_set *set)
{
	struct byte_set *kept = lk_arena_calloc(c->arena, 1, sizeof(*kept));
	*kept = *set;
	return append(c, (struct state){.op = OP_SET, .set = kept});
}

/* "[:alpha:]" within brackets, at the position. */
static int parse_class(struct compiler *c, struct byte_set *set)
{
	static const struct {
		const char *name;
		char ranges[9]; /* pairs of first and last */
	} classes[] = {
		{"alnum", "09AZaz"},
		{"alpha", "AZaz"},
		{"digit", "09"},
		{"lower", "az"},
		{"upper", "AZ"},
		{"xdigit", "09AFaf"},
		{"punct", "!/:@[`{~"},
		{"blank", "\t\t  "},
		{"space", "\t\r  "},
	};
	lk_str rest = lk_str_skip(c->text, c->pos + 2);
	size_t end = lk_str_find(rest, LK_STR(":]"));
	lk_str name = lk_str_slice(rest, 0, end == SIZE_MAX ? 0 : end);
	for (size_t i = 0; i < LK_COUNTOF(classes); i++) {
		if (!lk_str_is(name, classes[i].name)) {
			continue;
		}
		for (const char *range = classes[i].ranges; *range; range += 2) {
			for (char byte = range[0]; byte <= range[1]; byte++) {
				set_add(set, (unsigned char)byte);
			}
		}
		c->pos += name.len + 4;
		return 0;
	}
	return fail(c, c->pos, "no such character class");
}

/* One byte within brackets. A backslash takes the byte behind it as it is, as in conda. */
static int parse_member(struct compiler *c, unsigned char *ret)
{
	if (peek(c) == '\\') {
		c->pos++;
		if (lk_is_alnum(peek(c))) {
			return fail(
				c, c->pos - 1, "letters and digits behind '\\' are not supported");
		}
	}
	if (c->pos >= c->text.len) {
		return fail(c, c->pos - 1, "'[' is not closed");
	}
	*ret = (unsigned char)c->text.ptr[c->pos++];
	return 0;
}

static int parse_range(struct compiler *c, struct byte_set *set)
{
	size_t start = c->pos;
	lk_str rest = lk_str_skip(c->text, start);
	if (lk_str_starts(rest, LK_STR("[:"))) {
		return parse_class(c, set);
	}
	if (lk_str_starts(rest, LK_STR("[.")) || lk_str_starts(rest, LK_STR("[="))) {
		return fail(c, start, "collating elements are not supported");
	}
	unsigned char first = 0;
	int rc = parse_member(c, &first);
	unsigned char last = first;
	rest = lk_str_skip(c->text, c->pos);
	if (rc == 0 && rest.len > 1 && rest.ptr[0] == '-' && rest.ptr[1] != ']') {
		c->pos++;
		rc = parse_member(c, &last);
	}
	if (rc == 0 && last < first) {
		rc = fail(c, start, "a range ends before it begins");
	}
	for (unsigned byte = first; rc == 0 && byte <= last; byte++) {
		set_add(set, (unsigned char)byte);
	}
	return rc;
}

static void fold_case(struct byte_set *set)
{
	for (unsigned i = 0; i < 26; i++) {
		unsigned char upper = (unsigned char)('A' + i);
		unsigned char lower = (unsigned char)('a' + i);
		if (set_has(set, lower) || set_has(set, upper)) {
			set_add(set, lower);
			set_add(set, upper);
		}
	}
}

static int parse_brackets(struct compiler *c)
{
	size_t open = c->pos++;
	bool inverted = peek(c) == '^';
	c->pos += inverted;
	struct byte_set set = {{0}};
	bool first = true;
	while (first || peek(c) != ']') {
		if (c->pos >= c->text.len) {
			return fail(c, open, "'[' is not closed");
		}
		int rc = parse_range(c, &set);
		if (rc < 0) {
			return rc;
		}
		first = false;
	}
	c->pos++;
	if (c->nocase) {
		fold_case(&set);
	}
	for (size_t i = 0; inverted && i < LK_COUNTOF(set.bits); i++) {
		set.bits[i] = ~set.bits[i];
	}
	return append_set(c, &set);
}

static int parse_alternatives(struct compiler *c);

static int parse_group(struct compiler *c)
{
	size_t open = c->pos++;
	if (peek(c) == '?') {
		return fail(c, open, "'(?' is not supported");
	}
	if (++c->depth > LK_REGEX_MAX_DEPTH) {
		return fail(c, open, "it is nested too deep");
	}
	int rc = parse_alternatives(c);
	if (rc < 0) {
		return rc;
	}
	if (peek(c) != ')') {
		return fail(c, open, "'(' is not closed");
	}
	c->depth--;
	c->pos++;
	return 0;
}

static int parse_atom(struct compiler *c)
{
	char byte = peek(c);
	switch (byte) {
	case '(':
		return parse_group(c);
	case '[':
		return parse_brackets(c);
	case '.':
		c->pos++;
		return append_set(c,
			&(struct byte_set){
				{~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0)}});
	case '^':
		c->pos++;
		return append(c, (struct state){.op = OP_BEGIN});
	case '$':
		c->pos++;
		return append(c, (struct state){.op = OP_END});
	case '*':
	case '+':
	case '?':
	case '{':
		return fail(c, c->pos, "there is nothing to repeat");
	case '\0':
		return fail(c, c->pos, "NUL in it");
	case '\\':
		c->pos++;
		if (lk_is_alnum(peek(c))) {
			return fail(
				c, c->pos - 1, "letters and digits behind '\\' are not supported");
		}
		break;
	default:
		break;
	}
	return append_byte(c, c->text.ptr[c->pos++]);
}

/* The atom that begins at state START once or not at all. */
static int make_optional(struct compiler *c, size_t start)
{
	int16_t past = (int16_t)(c->n - start + 1);
	return put(c, start, (struct state){.op = OP_FORK, .to = 1, .other = past});
}

/* One time or more. */
static int make_repeated(struct compiler *c, size_t start)
{
	int16_t back = (int16_t) - (int)(c->n - start);
	return append(c, (struct state){.op = OP_FORK, .to = back, .other = 1});
}

static int make_starred(struct compiler *c, size_t start)
{
	int rc = make_repeated(c, start);
	return rc < 0 ? rc : make_optional(c, start);
}

struct interval {
	size_t least, most; /* most: SIZE_MAX for none */
};

static size_t parse_count(struct compiler *c)
{
	size_t count = 0;
	for (; lk_is_digit(peek(c)); c->pos++) {
		count = count * 10 + (size_t)(peek(c) - '0');
		count = count > LK_REGEX_MAX_STATES ? LK_REGEX_MAX_STATES + 1 : count;
	}
	return count;
}

/* "{m}", "{m,}", "{,n}", "{m,n}" */
static int parse_interval(struct compiler *c, struct interval *ret)
{
	size_t open = c->pos++;
	bool has_least = lk_is_digit(peek(c));
	ret->least = parse_count(c);
	ret->most = ret->least;
	bool comma = peek(c) == ',';
	if (comma) {
		c->pos++;
		ret->most = lk_is_digit(peek(c)) ? parse_count(c) : SIZE_MAX;
	}
	bool empty = !has_least && (!comma || ret->most == SIZE_MAX);
	if (peek(c) != '}' || empty || ret->most < ret->least) {
		return fail(c, open, "bad count in '{}'");
	}
	c->pos++;
	return 0;
}

/* The LEN states at START appended once more; *RET is where. */
static int copy_atom(struct compiler *c, size_t start, size_t len, size_t *ret)
{
	*ret = c->n;
	int rc = make_room(c, c->n, len);
	if (rc == 0) {
		memcpy(&c->states[*ret], &c->states[start], len * sizeof(c->states[0]));
	}
	return rc;
}

static int repeat_atom(struct compiler *c, size_t start, const struct interval *times)
{
	size_t len = c->n - start;
	if (times->most == 0) {
		c->n = start;
		return append(c, (struct state){.op = OP_JUMP, .to = 1});
	}
	bool open = times->most == SIZE_MAX;
	size_t copies = open ? times->least : times->most;
	size_t last = start;
	int rc = 0;
	for (size_t i = 1; rc == 0 && i < copies; i++) {
		rc = copy_atom(c, start, len, &last);
		if (rc == 0 && i >= times->least) {
			rc = make_optional(c, last);
		}
	}
	if (rc == 0 && open) {
		rc = make_repeated(c, last);
	}
	/* The first was there to be copied until now. */
	return rc == 0 && times->least == 0 ? make_optional(c, open ? last : start) : rc;
}

static bool is_repeat(char c)
{
	return c == '*' || c == '+' || c == '?' || c == '{';
}

static int parse_repeat(struct compiler *c, size_t start)
{
	struct interval times;
	int rc;
	c->start = c->pos;
	switch (peek(c)) {
	case '{':
		rc = parse_interval(c, &times);
		rc = rc < 0 ? rc : repeat_atom(c, start, &times);
		break;
	case '*':
		c->pos++;
		rc = make_starred(c, start);
		break;
	case '+':
		c->pos++;
		rc = make_repeated(c, start);
		break;
	case '?':
		c->pos++;
		rc = make_optional(c, start);
		break;
	default:
		return 0;
	}
	if (rc == 0 && is_repeat(peek(c))) {
		rc = fail(c, c->pos - 1, "a repetition is repeated");
	}
	return rc;
}

static int parse_branch(struct compiler *c)
{
	size_t first = c->n;
	while (c->pos < c->text.len && peek(c) != '|' && peek(c) != ')') {
		size_t start = c->n;
		c->start = c->pos;
		bool anchor = peek(c) == '^' || peek(c) == '$';
		int rc = parse_atom(c);
		if (rc == 0 && anchor && is_repeat(peek(c))) {
			rc = fail(c, c->pos, "there is nothing to repeat");
		}
		rc = rc < 0 ? rc : parse_repeat(c, start);
		if (rc < 0) {
			return rc;
		}
	}
	return c->n > first ? 0 : append(c, (struct state){.op = OP_JUMP, .to = 1});
}

static int parse_alternatives(struct compiler *c)
{
	size_t start = c->n;
	int rc = parse_branch(c);
	if (rc < 0 || peek(c) != '|') {
		return rc;
	}
	c->pos++;
	rc = append(c, (struct state){.op = OP_JUMP});
	rc = rc < 0 ? rc : make_optional(c, start); /* or past the jump */
	size_t jump = c->n - 1;
	rc = rc < 0 ? rc : parse_alternatives(c);
	c->states[jump].to = (int16_t)(c->n - jump);
	return rc;
}

int lk_regex_compile(lk_str text, bool nocase, struct lk_arena *arena, const struct lk_regex **ret,
	struct lk_error *err)
{
	if (text.len > LK_REGEX_MAX_LEN) {
		return lk_spec_fail(err, text, LK_REGEX_MAX_LEN,
			"a regular expression is longer than %d bytes", LK_REGEX_MAX_LEN);
	}
	struct compiler c = {.text = text, .nocase = nocase, .arena = arena, .err = err};
	int rc = parse_alternatives(&c);
	if (rc == 0 && c.pos < text.len) {
		rc = fail(&c, c.pos, "')' without '('");
	}
	rc = rc < 0 ? rc : append(&c, (struct state){.op = OP_FOUND});
	if (rc < 0) {
		return rc;
	}
	struct lk_regex *regex = lk_arena_calloc(arena, 1, sizeof(*regex));
	struct state *states = lk_arena_calloc(arena, c.n, sizeof(*states));
	memcpy(states, c.states, c.n * sizeof(*states));
	*regex = (struct lk_regex){states, c.n, nocase};
	*ret = regex;
	return 0;
}

/* States that are reached, each once, in the order they were. */
struct threads {
	uint16_t at[LK_REGEX_MAX_STATES];
	size_t n;
	uint64_t seen[(LK_REGEX_MAX_STATES + 63) / 64];
};

static void reach(struct threads *threads, size_t state)
{
	uint64_t bit = UINT64_C(1) << (state % 64);
	if (!(threads->seen[state / 64] & bit)) {
		threads->seen[state / 64] |= bit;
		threads->at[threads->n++] = (uint16_t)state;
	}
}

static void clear(struct threads *threads)
{
	threads->n = 0;
	memset(threads->seen, 0, sizeof(threads->seen));
}

/* Follows what takes no byte; is the end among it? */
static bool follow(
	const struct lk_regex *regex, struct threads *threads, bool at_begin, bool at_end)
{
	for (size_t i = 0; i < threads->n; i++) {
		size_t at = threads->at[i];
		const struct state *state = &regex->states[at];
		switch (state->op) {
		case OP_FOUND:
			return true;
		case OP_FORK:
			reach(threads, (size_t)((ptrdiff_t)at + state->other));
			reach(threads, (size_t)((ptrdiff_t)at + state->to));
			break;
		case OP_JUMP:
			reach(threads, (size_t)((ptrdiff_t)at + state->to));
			break;
		case OP_BEGIN:
		case OP_END:
			if (state->op == OP_BEGIN ? at_begin : at_end) {
				reach(threads, at + 1);
			}
			break;
		case OP_BYTE:
		case OP_SET:
			break;
		}
	}
	return false;
}

static bool takes(const struct lk_regex *regex, const struct state *state, unsigned char byte)
{
	if (state->op == OP_SET) {
		return set_has(state->set, byte);
	}
	char folded = regex->nocase ? lk_lower((char)byte) : (char)byte;
	return state->op == OP_BYTE && state->byte == (unsigned char)folded;
}

bool lk_regex_matches(const struct lk_regex *regex, lk_str s)
{
	struct threads both[2];
	clear(&both[0]);
	for (size_t i = 0;; i++) {
		struct threads *now = &both[i % 2];
		struct threads *next = &both[(i + 1) % 2];
		reach(now, 0);
		if (follow(regex, now, i == 0, i == s.len)) {
			return true;
		}
		if (i == s.len) {
			return false;
		}
		clear(next);
		for (size_t t = 0; t < now->n; t++) {
			if (takes(regex, &regex->states[now->at[t]], (unsigned char)s.ptr[i])) {
				reach(next, now->at[t] + (size_t)1);
			}
		}
	}
}

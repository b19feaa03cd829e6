/*
 * The fast reader of YAML in our own writer's style: line by line over the source, which it does
 * not copy.
 *
 * It need not know YAML, only a part of it that means the same to every reader: ASCII, lines that
 * end in LF, keys of letters, digits, '_', '-' and '.', each value on its key's line or in block
 * style on the next ones, sequences at their key's indent. Whatever else there is makes it give up,
 * never guess: libyaml reads the text then. The fuzz target yaml_block holds the two against each
 * other.
 *
 * Sequences of mappings can be the greater part of a file: their lines are only counted at first,
 * and each item becomes a tree when somebody comes to it, of nodes that the next item uses again.
 */
#include "base/yaml.h"

#include "base/yaml_priv.h"

#define MAX_DEPTH 16   /* of collections, in the style that is read here */
#define MAX_MEMBERS 32 /* of a mapping: each key is held against all before it */
#define MAX_KEY 128    /* bytes; libyaml takes 1024 */
#define POOL 128       /* nodes that the items of a sequence share; larger items take more */

/* A sequence of mappings whose items nobody has looked at. */
struct lk_yaml_closed {
	lk_str text;     /* its lines */
	unsigned line;   /* of its first item, 1-based */
	unsigned indent; /* of the dashes */
	unsigned depth;  /* collections around the sequence */
	unsigned max_depth;
};

struct scanner {
	const char *at; /* the start of a line */
	const char *end;
	unsigned line; /* 1-based */
	unsigned max_depth;
	bool opens; /* sequences of mappings too */
	struct lk_arena *arena;
	struct lk_yaml *pool; /* nodes to use before the arena's, or NULL */
	size_t n_pooled;
};

/* Where the lines of a collection begin, and how many collections there are around it. */
struct place {
	unsigned indent;
	unsigned depth;
};

/* A part of the line at hand, up to its line feed. */
struct cursor {
	const char *at;
	const char *end;
	unsigned column; /* 1-based */
};

static struct lk_yaml *node_new(struct scanner *s, enum lk_yaml_kind kind, unsigned column)
{
	struct lk_yaml *node = s->pool && s->n_pooled < POOL
		? &s->pool[s->n_pooled++]
		: lk_arena_calloc(s->arena, 1, sizeof(*node));
	*node = (struct lk_yaml){.kind = kind, .line = s->line, .column = column};
	return node;
}

/* The line at hand from byte SKIP on. There is a line feed at the end of every line. */
static struct cursor cursor_at(const struct scanner *s, unsigned skip)
{
	const char *at = s->at + skip;
	return (struct cursor){at, memchr(at, '\n', (size_t)(s->end - at)), skip + 1};
}

static void end_line(struct scanner *s, const char *line_feed)
{
	s->at = line_feed + 1;
	s->line++;
}

/* Spaces at the start of the line at hand; 0 at the end of the text. */
static unsigned indent_of(const struct scanner *s)
{
	const char *at = s->at;
	while (at < s->end && *at == ' ') {
		at++;
	}
	return (unsigned)(at - s->at);
}

/* Does the line at hand begin with INDENT spaces and then something else? */
static bool stands_at(const struct scanner *s, unsigned indent)
{
	static const char spaces[] = "                                ";
	_Static_assert(sizeof(spaces) > 2 * (size_t)MAX_DEPTH, "for the deepest line");
	return s->end - s->at > (ptrdiff_t)indent && memcmp(s->at, spaces, indent) == 0 &&
		s->at[indent] != ' ';
}

/* A set of ASCII characters, one bit each. */
struct charset {
	uint64_t bits[2];
};

static inline bool is_in(const struct charset *set, char c)
{
	unsigned char byte = (unsigned char)c;
	return byte < 128 && (set->bits[byte / 64] >> byte % 64 & 1);
}

/* Letters, digits, '_', '-' and '.'; the first may not be one of the last two. */
static const struct charset key_chars = {
	{UINT64_C(0x03ff600000000000), UINT64_C(0x07fffffe87fffffe)}};
static const struct charset first_key_chars = {
	{UINT64_C(0x03ff000000000000), UINT64_C(0x07fffffe87fffffe)}};
/* -?:,[]{}#&*!|>'"%@` and white space. Some of them may begin a plain scalar; it depends on the
 * next character, so it is not looked into here. */
static const struct charset not_plain_first = {
	{UINT64_C(0xc40034ef00000400), UINT64_C(0x3800000128000001)}};

/* "KEY:" with a space or the end of the line behind it; C moves behind the colon. */
static bool take_key(struct cursor *c, lk_str *ret)
{
	const char *at = c->at;
	if (!is_in(&first_key_chars, *at)) {
		return false;
	}
	while (is_in(&key_chars, *at)) {
		at++;
	}
	size_t len = (size_t)(at - c->at);
	if (*at != ':' || (at[1] != ' ' && at[1] != '\n') || len > MAX_KEY) {
		return false;
	}
	*ret = lk_str_n(c->at, len);
	c->at = at + 1;
	c->column += (unsigned)len + 1;
	return true;
}

/* Plain text up to the end of its line: without ": ", " #" and a colon or space at its end. */
static bool is_plain(lk_str text)
{
	const char *end = text.ptr + text.len;
	if (is_in(&not_plain_first, text.ptr[0]) || end[-1] == ' ' || end[-1] == ':') {
		return false;
	}
	const char *at = text.ptr;
	while ((at = memchr(at, ':', (size_t)(end - at)))) {
		if (*++at == ' ') {
			return false;
		}
	}
	at = text.ptr + 1;
	while ((at = memchr(at, '#', (size_t)(end - at)))) {
		if (at[-1] == ' ') {
			return false;
		}
		at++;
	}
	return true;
}

/* INNER of single quotes with each '' made one; false when a quote stands alone. */
static bool unquote(struct scanner *s, lk_str inner, lk_str *ret)
{
	if (lk_str_find_char(inner, '\'') == SIZE_MAX) {
		*ret = inner;
		return true;
	}
	char *text = lk_arena_calloc(s->arena, inner.len, 1);
	size_t len = 0;
	for (size_t i = 0; i < inner.len; i++) {
		if (inner.ptr[i] == '\'' && (++i == inner.len || inner.ptr[i] != '\'')) {
			return false;
		}
		text[len++] = inner.ptr[i];
	}
	*ret = lk_str_n(text, len);
	return true;
}

static struct lk_yaml *take_quoted(struct scanner *s, struct cursor c, lk_str text)
{
	struct lk_yaml *node = node_new(s, LK_YAML_SCALAR, c.column);
	node->quoted = true;
	bool closed = text.len > 1 && c.end[-1] == '\'';
	return closed && unquote(s, lk_str_slice(text, 1, text.len - 1), &node->text) ? node : NULL;
}

/* What fills the rest of the line: a scalar or an empty collection. NULL: nothing that is read
 * here. */
static struct lk_yaml *value_of(struct scanner *s, struct cursor c)
{
	lk_str text = lk_str_n(c.at, (size_t)(c.end - c.at));
	if (text.len == 0) {
		return NULL;
	}
	if (*c.at == '\'') {
		return take_quoted(s, c, text);
	}
	if (lk_str_eq(text, LK_STR("[]")) || lk_str_eq(text, LK_STR("{}"))) {
		return node_new(s, *c.at == '[' ? LK_YAML_SEQUENCE : LK_YAML_MAPPING, c.column);
	}
	if (!is_plain(text)) {
		return NULL;
	}
	bool null = text.len <= 4 && lk_yaml_is_null(text);
	struct lk_yaml *node = node_new(s, null ? LK_YAML_NULL : LK_YAML_SCALAR, c.column);
	node->text = text;
	return node;
}

/* The value that ends the line at hand; the next line is at hand then. */
static struct lk_yaml *take_value(struct scanner *s, struct cursor c)
{
	struct lk_yaml *node = value_of(s, c);
	end_line(s, c.end);
	return node;
}

/* Is there an item's dash at INDENT, and something behind it? */
static bool begins_item(const struct scanner *s, unsigned indent)
{
	return stands_at(s, indent) && s->at[indent] == '-' && s->at[indent + 1] == ' ';
}

static bool begins_mapping(const struct scanner *s, unsigned indent)
{
	struct cursor c = cursor_at(s, indent + 2);
	lk_str key;
	return take_key(&c, &key);
}

/* Counts the items at PLACE and goes behind them: all lines that begin one or stand deeper. */
static void skip_items(struct scanner *s, struct place place, struct lk_yaml *sequence)
{
	struct lk_yaml_closed *closed = lk_arena_calloc(s->arena, 1, sizeof(*closed));
	const char *start = s->at;
	closed->line = s->line;
	closed->indent = place.indent;
	closed->depth = place.depth;
	closed->max_depth = s->max_depth;
	while (s->at < s->end) {
		unsigned indent = indent_of(s);
		if (indent <= place.indent && !begins_item(s, place.indent)) {
			break;
		}
		sequence->n_children += indent == place.indent;
		end_line(s, cursor_at(s, indent).end);
	}
	closed->text = lk_str_n(start, (size_t)(s->at - start));
	sequence->closed = closed;
}

static struct lk_yaml *take_mapping(struct scanner *s, struct place place);

/* The item on the line at hand, of the sequence at PLACE. */
static struct lk_yaml *take_item(struct scanner *s, struct place place)
{
	if (begins_mapping(s, place.indent)) {
		return take_mapping(s, (struct place){place.indent + 2, place.depth + 1});
	}
	return take_value(s, cursor_at(s, place.indent + 2));
}

/* The items at PLACE, all of them scalars where the first is one: a mapping is no plain text. */
static bool take_items(struct scanner *s, struct place place, struct lk_yaml *sequence)
{
	bool mappings = begins_mapping(s, place.indent);
	struct lk_yaml **link = &sequence->first;
	do {
		struct lk_yaml *item = mappings ? take_item(s, place)
						: take_value(s, cursor_at(s, place.indent + 2));
		if (!item) {
			return false;
		}
		*link = item;
		link = &item->next;
		sequence->n_children++;
	} while (begins_item(s, place.indent));
	return true;
}

static struct lk_yaml *take_sequence(struct scanner *s, struct place place)
{
	if (place.depth + 1 >= s->max_depth) {
		return NULL;
	}
	struct lk_yaml *node = node_new(s, LK_YAML_SEQUENCE, place.indent + 1);
	if (!s->opens && begins_mapping(s, place.indent)) {
		skip_items(s, place, node);
		return node;
	}
	return take_items(s, place, node) ? node : NULL;
}

/* The value of a key of the mapping at PLACE, C behind its colon: on this line or the next ones. */
static struct lk_yaml *take_member(struct scanner *s, struct cursor c, struct place place)
{
	if (c.at < c.end) {
		return take_value(s, (struct cursor){c.at + 1, c.end, c.column + 1});
	}
	end_line(s, c.end);
	struct place inner = {place.indent, place.depth + 1};
	if (begins_item(s, inner.indent)) {
		return take_sequence(s, inner);
	}
	inner.indent += 2;
	return stands_at(s, inner.indent) ? take_mapping(s, inner) : NULL;
}

/* Is there room for KEY in MAPPING, and no such key yet? SEEN has a bit for each key that is there,
 * one bit for several perhaps: most new keys need not be looked for. */
static bool may_join(const struct lk_yaml *mapping, lk_str key, uint64_t *seen)
{
	unsigned sum = (unsigned char)key.ptr[0] + 3u * (unsigned char)key.ptr[key.len - 1];
	uint64_t bit = UINT64_C(1) << (sum + 7 * key.len) % 64;
	bool new = !(*seen & bit) && mapping->n_children < MAX_MEMBERS;
	*seen |= bit;
	if (new) {
		return true;
	}
	for (const struct lk_yaml *member = mapping->first; member; member = member->next) {
		if (lk_str_eq(member->key, key)) {
			return false;
		}
	}
	return mapping->n_children < MAX_MEMBERS;
}

/* The first key stands at PLACE.indent of the line at hand, whatever is before it; the others
 * after so many spaces. A line that stands less deep ends the mapping. */
static struct lk_yaml *take_mapping(struct scanner *s, struct place place)
{
	if (place.depth + 1 >= s->max_depth) {
		return NULL;
	}
	struct lk_yaml *node = node_new(s, LK_YAML_MAPPING, place.indent + 1);
	struct lk_yaml **link = &node->first;
	uint64_t seen = 0;
	do {
		struct cursor c = cursor_at(s, place.indent);
		unsigned line = s->line;
		lk_str key;
		if (!take_key(&c, &key) || !may_join(node, key, &seen)) {
			return NULL;
		}
		struct lk_yaml *member = take_member(s, c, place);
		if (!member) {
			return NULL;
		}
		member->key = key;
		member->key_line = line;
		member->key_column = place.indent + 1;
		*link = member;
		link = &member->next;
		node->n_children++;
	} while (stands_at(s, place.indent));
	return s->at == s->end || indent_of(s) < place.indent ? node : NULL;
}

/* 1 for what is neither visible ASCII nor a space or line feed. Without a branch, so that compilers
 * make wide steps of a loop over it. */
static unsigned char odd_char(char c)
{
	unsigned char byte = (unsigned char)c;
	return (unsigned char)(((unsigned char)(byte - ' ') > '~' - ' ') & (byte != '\n'));
}

static bool is_ascii(lk_str source)
{
	enum {
		PORTION = 64
	};
	size_t at = 0;
	unsigned char odd = 0;
	for (; source.len - at >= PORTION && !odd; at += PORTION) {
		for (size_t i = 0; i < PORTION; i++) {
			odd |= odd_char(source.ptr[at + i]);
		}
	}
	for (; at < source.len && !odd; at++) {
		odd = odd_char(source.ptr[at]);
	}
	return !odd;
}

bool lk_yaml_block_parse(lk_str source, const char *name, const struct lk_yaml_limits *limits,
	struct lk_yaml_doc *ret)
{
	if (source.len == 0 || source.len > limits->max_bytes ||
		source.ptr[source.len - 1] != '\n' || !is_ascii(source)) {
		return false;
	}
	struct lk_yaml_doc doc = {.source = source};
	struct scanner s = {
		.at = source.ptr,
		.end = source.ptr + source.len,
		.line = 1,
		.max_depth = limits->max_depth < MAX_DEPTH ? limits->max_depth : MAX_DEPTH,
		.arena = &doc.arena,
	};
	doc.name = lk_str_dup(&doc.arena, lk_str_of(name));
	while (s.at < s.end && *s.at == '#') {
		end_line(&s, cursor_at(&s, 0).end);
	}
	doc.root = s.at < s.end ? take_mapping(&s, (struct place){0, 0}) : NULL;
	if (!doc.root || s.at < s.end) {
		lk_yaml_doc_done(&doc);
		return false;
	}
	*ret = doc;
	return true;
}

void lk_yaml_items_init(
	struct lk_yaml_items *ret, const struct lk_yaml *sequence, struct lk_arena *arena)
{
	*ret = (struct lk_yaml_items){
		.next = sequence->first, .closed = sequence->closed, .arena = arena};
	if (ret->closed) {
		ret->pool = lk_arena_calloc(arena, POOL, sizeof(*ret->pool));
		ret->rest = ret->closed->text;
		ret->line = ret->closed->line;
	}
}

static int next_of_closed(
	struct lk_yaml_items *items, const struct lk_yaml **ret_item, struct lk_error *err)
{
	const struct lk_yaml_closed *closed = items->closed;
	struct scanner s = {
		.at = items->rest.ptr,
		.end = items->rest.ptr + items->rest.len,
		.line = items->line,
		.max_depth = closed->max_depth,
		.opens = true,
		.arena = items->arena,
		.pool = items->pool,
	};
	if (s.at == s.end) {
		return 0;
	}
	const struct lk_yaml *item = take_item(&s, (struct place){closed->indent, closed->depth});
	/* The line after it may be one that belongs to it. */
	bool sound = item && (s.at == s.end || begins_item(&s, closed->indent));
	items->rest = lk_str_n(s.at, (size_t)(s.end - s.at));
	items->line = s.line;
	*ret_item = item;
	return sound ? 1 : lk_fail(err, LK_E_FORMAT, "not in block style");
}

int lk_yaml_items_next(
	struct lk_yaml_items *items, const struct lk_yaml **ret_item, struct lk_error *err)
{
	if (items->closed) {
		return next_of_closed(items, ret_item, err);
	}
	*ret_item = items->next;
	if (!items->next) {
		return 0;
	}
	items->next = items->next->next;
	return 1;
}

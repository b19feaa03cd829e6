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

static bool is_key_char(char c)
{
	return lk_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

/* "KEY:" with a space or the end of the line behind it; C moves behind the colon. */
static bool take_key(struct cursor *c, lk_str *ret)
{
	const char *at = c->at;
	if (!lk_is_alnum(*at) && *at != '_') {
		return false;
	}
	while (is_key_char(*at)) {
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

/* Of what a plain scalar can begin with, only what needs no look at the next character. */
static bool begins_plain(char c)
{
	return !strchr("-?:,[]{}#&*!|>'\"%@` ", c);
}

/* Plain text up to the end of its line: without ": ", " #" and a colon or space at its end. */
static bool is_plain(lk_str text)
{
	const char *end = text.ptr + text.len;
	if (!begins_plain(text.ptr[0]) || end[-1] == ' ' || end[-1] == ':') {
		return false;
	}
	const char *at = text.ptr;
	while ((at = memchr(at, ':', (size_t)(end - at)))) {
		if (*++at == ' ') {
			return false;
		}
	}
	at = text.ptr;
	while ((at = memchr(at, '#', (size_t)(end - at)))) {
		if (at++ [-1] == ' ') {
			return false;
		}
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
	bool null = lk_yaml_is_null(text);
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
	return indent_of(s) == indent && s->end - s->at > (ptrdiff_t)indent + 2 &&
		s->at[indent] == '-' && s->at[indent + 1] == ' ';
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
	for (;;) {
		bool first = begins_item(s, place.indent);
		if (!first && indent_of(s) <= place.indent) {
			break;
		}
		sequence->n_children += first;
		end_line(s, cursor_at(s, 0).end);
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
	struct lk_yaml **link = &node->first;
	while (begins_item(s, place.indent)) {
		struct lk_yaml *item = take_item(s, place);
		if (!item) {
			return NULL;
		}
		*link = item;
		link = &item->next;
		node->n_children++;
	}
	return node;
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
	return indent_of(s) == inner.indent ? take_mapping(s, inner) : NULL;
}

static bool may_join(const struct lk_yaml *mapping, lk_str key)
{
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
	do {
		struct cursor c = cursor_at(s, place.indent);
		unsigned line = s->line;
		lk_str key;
		if (!take_key(&c, &key) || !may_join(node, key)) {
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
	} while (s->at < s->end && indent_of(s) == place.indent);
	return indent_of(s) <= place.indent ? node : NULL;
}

static bool is_shown(char c)
{
	return (c >= ' ' && c <= '~') || c == '\n';
}

/* Visible ASCII, spaces and line feeds only; in portions that compilers make wide steps of. */
static bool is_ascii(lk_str source)
{
	enum {
		PORTION = 64
	};
	size_t at = 0;
	for (; source.len - at >= PORTION; at += PORTION) {
		bool shown = true;
		for (size_t i = 0; i < PORTION; i++) {
			shown &= is_shown(source.ptr[at + i]);
		}
		if (!shown) {
			return false;
		}
	}
	while (at < source.len && is_shown(source.ptr[at])) {
		at++;
	}
	return at == source.len;
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

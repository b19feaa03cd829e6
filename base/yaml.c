/*
 * The strict YAML reader: libyaml's events become a tree.
 *
 * An explicit stack of open collections instead of recursion; duplicate keys are found with a map
 * for each open mapping. libyaml counts columns in characters; errors want bytes, so the column is
 * converted where an error is made.
 */
#include "base/yaml.h"

#include <yaml.h>

#include "base/map.h"
#include "base/yaml_priv.h"

/* A collection whose end has not come yet. */
struct level {
	struct lk_yaml *node;
	struct lk_yaml *last; /* child so far */
	struct lk_map keys;
	bool has_key; /* a key waits for its value */
	lk_str key;
	unsigned key_line;
	unsigned key_column;
	size_t anchor; /* index of its anchor and 1; 0: it has none */
};

/* A node with a name, for aliases. */
struct anchor {
	struct lk_yaml *node;
	bool open; /* its end has not come yet */
};

struct reader {
	yaml_parser_t parser;
	struct lk_yaml_doc *doc;
	const struct lk_yaml_limits *limits;
	struct LK_VEC_OF(struct level) levels;
	struct LK_VEC_OF(struct anchor) anchors;
	struct lk_map anchor_names; /* to the last of that name */
	size_t aliased;             /* nodes that aliases stood for so far */
	struct lk_error *err;
};

/* The byte column of character COLUMN (both 1-based) in a line. */
static unsigned byte_column(lk_str line, unsigned column)
{
	unsigned bytes = 1;
	while (column > 1 && line.len > 0) {
		uint32_t code_point;
		size_t len = lk_utf8_decode(line, &code_point);
		len = len ? len : 1;
		line = lk_str_skip(line, len);
		bytes += (unsigned)len;
		column--;
	}
	return bytes;
}

static int vfail_at(const struct lk_yaml_doc *doc, unsigned line, unsigned column,
	struct lk_error *err, const char *fmt, va_list args) LK_PRINTF(5, 0);

static int vfail_at(const struct lk_yaml_doc *doc, unsigned line, unsigned column,
	struct lk_error *err, const char *fmt, va_list args)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) message = LK_BUF_INIT(SIZE_MAX);
	lk_buf_vappendf(&message, fmt, args);
	unsigned bytes = line ? byte_column(lk_line_of(doc->source, line), column) : 0;
	lk_fail_at(err, doc->name.ptr, line, bytes, "%s", lk_buf_cstr(&message));
	if (line) {
		lk_error_excerpt_from(err, doc->source);
	}
	return LK_E_FORMAT;
}

int lk_yaml_fail(const struct lk_yaml_doc *doc, const struct lk_yaml *node, struct lk_error *err,
	const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int rc = vfail_at(doc, node ? node->line : 0, node ? node->column : 0, err, fmt, args);
	va_end(args);
	return rc;
}

size_t lk_yaml_offset(const struct lk_yaml_doc *doc, const struct lk_yaml *node)
{
	size_t at = 0;
	for (unsigned line = 1; line < node->line && at < doc->source.len; line++) {
		lk_str rest = lk_str_skip(doc->source, at);
		size_t end = lk_str_find_char(rest, '\n');
		at += end < rest.len ? end + 1 : rest.len;
	}
	return at + byte_column(lk_str_skip(doc->source, at), node->column) - 1;
}

static int fail_at_mark(struct reader *r, const yaml_mark_t *mark, const char *fmt, ...)
	LK_PRINTF(3, 4);

static int fail_at_mark(struct reader *r, const yaml_mark_t *mark, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int rc = vfail_at(
		r->doc, (unsigned)mark->line + 1, (unsigned)mark->column + 1, r->err, fmt, args);
	va_end(args);
	return rc;
}

static int fail_as_libyaml(struct reader *r)
{
	const yaml_parser_t *parser = &r->parser;
	if (parser->error == YAML_MEMORY_ERROR) {
		lk_mem_lost();
	}
	if (parser->error == YAML_READER_ERROR) {
		/* A byte that is no character; there is no mark. */
		return lk_fail_at_offset(r->err, r->doc->name.ptr, r->doc->source,
			parser->problem_offset, "not valid YAML: %s", parser->problem);
	}
	return fail_at_mark(r, &parser->problem_mark, "not valid YAML: %s%s%s", parser->problem,
		parser->context ? " " : "", parser->context ? parser->context : "");
}

/* Tags are refused wherever they may stand, anchors unless there may be aliases. */
static int check_plain_node(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor,
	const yaml_char_t *tag)
{
	if (anchor && r->limits->max_aliased == 0) {
		return fail_at_mark(r, &event->start_mark, "anchors are not allowed here");
	}
	if (tag) {
		return fail_at_mark(r, &event->start_mark, "tags are not allowed here");
	}
	return LK_OK;
}

static struct level *top(struct reader *r)
{
	return r->levels.len ? &r->levels.items[r->levels.len - 1] : NULL;
}

/* Hangs NODE where the next value belongs. */
static void attach(struct reader *r, struct lk_yaml *node)
{
	struct level *level = top(r);
	if (!level) {
		r->doc->root = node;
		return;
	}
	if (level->has_key) {
		node->key = level->key;
		node->key_line = level->key_line;
		node->key_column = level->key_column;
		level->has_key = false;
	}
	if (level->last) {
		level->last->next = node;
	} else {
		level->node->first = node;
	}
	level->last = node;
	level->node->n_children++;
}

static struct lk_yaml *node_new(struct reader *r, const yaml_event_t *event, enum lk_yaml_kind kind)
{
	struct lk_yaml *node = lk_arena_calloc(&r->doc->arena, 1, sizeof(*node));
	node->kind = kind;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	return node;
}

static void keep_anchor(struct reader *r, const yaml_char_t *name, struct lk_yaml *node, bool open)
{
	if (name) {
		lk_str key = lk_str_dup(&r->doc->arena, lk_str_of((const char *)name));
		lk_map_set(&r->anchor_names, key, (uint32_t)r->anchors.len);
		lk_vec_push(&r->anchors, (struct anchor){node, open});
	}
}

/* The nodes of NODE and below it, at most LIMIT of them and at most MAX_DEPTH levels; what is more
 * counts as LIMIT + 1. */
static size_t count_nodes(const struct lk_yaml *node, size_t limit, unsigned max_depth)
{
	if (max_depth == 0) {
		return limit + 1;
	}
	size_t n = 1;
	for (const struct lk_yaml *child = node->first; child && n <= limit; child = child->next) {
		n += count_nodes(child, limit - n, max_depth - 1);
	}
	return n;
}

bool lk_yaml_is_null(lk_str text)
{
	return text.len == 0 || lk_str_is(text, "~") || lk_str_is(text, "null") ||
		lk_str_is(text, "Null") || lk_str_is(text, "NULL");
}

static bool wants_key(struct reader *r)
{
	const struct level *level = top(r);
	return level && level->node->kind == LK_YAML_MAPPING && !level->has_key;
}

static int take_key(struct reader *r, const yaml_event_t *event, lk_str text, bool quoted)
{
	struct level *level = top(r);
	const yaml_mark_t *mark = &event->start_mark;
	if (text.len == 0 && !quoted) {
		return fail_at_mark(r, mark, "a key is missing before ':'");
	}
	unsigned line = (unsigned)mark->line + 1;
	uint32_t first = lk_map_add(&level->keys, text, line);
	if (level->keys.len != level->node->n_children + 1) {
		return fail_at_mark(r, mark, "the key '" LK_STR_FMT "' is already on line %u",
			LK_STR_ARG(text), first);
	}
	level->key = text;
	level->key_line = line;
	level->key_column = (unsigned)mark->column + 1;
	level->has_key = true;
	return LK_OK;
}

static int take_scalar(struct reader *r, const yaml_event_t *event)
{
	int rc = check_plain_node(r, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (rc < 0) {
		return rc;
	}
	lk_str text = lk_str_n((const char *)event->data.scalar.value, event->data.scalar.length);
	if (lk_str_find_char(text, '\0') != SIZE_MAX) {
		return fail_at_mark(r, &event->start_mark, "NUL characters are not allowed here");
	}
	text = lk_str_dup(&r->doc->arena, text);
	bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (wants_key(r)) {
		return take_key(r, event, text, quoted);
	}
	bool null = !quoted && lk_yaml_is_null(text);
	struct lk_yaml *node = node_new(r, event, null ? LK_YAML_NULL : LK_YAML_SCALAR);
	node->quoted = quoted;
	node->text = text;
	attach(r, node);
	keep_anchor(r, event->data.scalar.anchor, node, false);
	return LK_OK;
}

static int take_alias(struct reader *r, const yaml_event_t *event)
{
	const yaml_mark_t *mark = &event->start_mark;
	const struct lk_yaml_limits *limits = r->limits;
	if (limits->max_aliased == 0) {
		return fail_at_mark(r, mark, "aliases are not allowed here");
	}
	lk_str name = lk_str_of((const char *)event->data.alias.anchor);
	uint32_t index = lk_map_get(&r->anchor_names, name);
	if (index == LK_MAP_NONE || r->anchors.items[index].open) {
		return fail_at_mark(r, mark,
			"the alias '" LK_STR_FMT "' stands for nothing before it",
			LK_STR_ARG(name));
	}
	const struct lk_yaml *of = r->anchors.items[index].node;
	if (wants_key(r)) {
		return fail_at_mark(r, mark, "a key must be plain text");
	}
	size_t left = limits->max_aliased - r->aliased;
	size_t n = count_nodes(of, left, limits->max_depth - (unsigned)r->levels.len + 1);
	if (n > left) {
		return fail_at_mark(r, mark, "the alias '" LK_STR_FMT "' stands for too much",
			LK_STR_ARG(name));
	}
	r->aliased += n;
	struct lk_yaml *node = node_new(r, event, of->kind);
	node->quoted = of->quoted;
	node->text = of->text;
	node->first = of->first;
	node->n_children = of->n_children;
	attach(r, node);
	return LK_OK;
}

static int open_collection(struct reader *r, const yaml_event_t *event)
{
	bool mapping = event->type == YAML_MAPPING_START_EVENT;
	int rc = mapping ? check_plain_node(r, event, event->data.mapping_start.anchor,
				   event->data.mapping_start.tag)
			 : check_plain_node(r, event, event->data.sequence_start.anchor,
				   event->data.sequence_start.tag);
	if (rc < 0) {
		return rc;
	}
	if (wants_key(r)) {
		return fail_at_mark(r, &event->start_mark, "a key must be plain text");
	}
	if (r->levels.len == r->limits->max_depth) {
		return fail_at_mark(r, &event->start_mark, "nested deeper than %u levels",
			r->limits->max_depth);
	}
	struct lk_yaml *node = node_new(r, event, mapping ? LK_YAML_MAPPING : LK_YAML_SEQUENCE);
	attach(r, node);
	const yaml_char_t *anchor =
		mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	keep_anchor(r, anchor, node, true);
	lk_vec_push(
		&r->levels, (struct level){.node = node, .anchor = anchor ? r->anchors.len : 0});
	return LK_OK;
}

static void close_collection(struct reader *r)
{
	struct level *level = &r->levels.items[--r->levels.len];
	lk_map_done(&level->keys);
	if (level->anchor > 0) {
		r->anchors.items[level->anchor - 1].open = false;
	}
}

static int take_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return r->doc->root ? fail_at_mark(r, &event->start_mark,
					      "a second document starts here; one is allowed")
				    : LK_OK;
	case YAML_ALIAS_EVENT:
		return take_alias(r, event);
	case YAML_SCALAR_EVENT:
		return take_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return open_collection(r, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_collection(r);
		return LK_OK;
	default:
		return LK_OK;
	}
}

static int read_events(struct reader *r)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&r->parser, &event)) {
			return fail_as_libyaml(r);
		}
		bool end = event.type == YAML_STREAM_END_EVENT;
		int rc = take_event(r, &event);
		yaml_event_delete(&event);
		if (rc < 0 || end) {
			return rc;
		}
	}
}

/* What only some readers take for a line break: a lone CR, U+0085, U+2028, U+2029. What stands
 * after one would be a comment to one reader and data to the next. */
static bool is_odd_break(lk_str rest)
{
	return (rest.ptr[0] == '\r' && !lk_str_starts(rest, LK_STR("\r\n"))) ||
		lk_str_starts(rest, LK_STR("\xc2\x85")) ||
		lk_str_starts(rest, LK_STR("\xe2\x80\xa8")) ||
		lk_str_starts(rest, LK_STR("\xe2\x80\xa9"));
}

/* Looks through the bytes before libyaml does. */
static int check_source(const struct lk_yaml_doc *doc, struct lk_error *err)
{
	lk_str source = doc->source;
	for (size_t i = 0; i < source.len; i++) {
		char c = source.ptr[i];
		bool odd = (c == '\r' || c == '\xc2' || c == '\xe2') &&
			is_odd_break(lk_str_skip(source, i));
		if (odd) {
			return lk_fail_at_offset(err, doc->name.ptr, source, i,
				"a line break other than LF or CR LF is not allowed");
		}
		/* libyaml takes quadratic time over many of these. */
		bool tag = c == '%' && (i == 0 || source.ptr[i - 1] == '\n') &&
			lk_str_starts(lk_str_skip(source, i), LK_STR("%TAG"));
		if (tag) {
			return lk_fail_at_offset(
				err, doc->name.ptr, source, i, "tag directives are not allowed");
		}
	}
	return LK_OK;
}

static int read_document(
	struct lk_yaml_doc *doc, const struct lk_yaml_limits *limits, struct lk_error *err)
{
	struct reader r = {.doc = doc, .limits = limits, .err = err};
	if (!yaml_parser_initialize(&r.parser)) {
		lk_mem_lost();
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	const char *text = doc->source.ptr ? doc->source.ptr : "";
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, doc->source.len);
	int rc = read_events(&r);
	while (r.levels.len > 0) {
		close_collection(&r);
	}
	lk_vec_done(&r.levels);
	lk_vec_done(&r.anchors);
	lk_map_done(&r.anchor_names);
	yaml_parser_delete(&r.parser);
	return rc;
}

int lk_yaml_parse(lk_str source, const char *name, const struct lk_yaml_limits *limits,
	struct lk_yaml_doc *ret, struct lk_error *err)
{
	if (source.len > limits->max_bytes) {
		return lk_fail_at(err, name, 0, 0, "larger than %zu bytes", limits->max_bytes);
	}
	bool marked = lk_str_starts(source, LK_STR("\xef\xbb\xbf")); /* a byte order mark */
	struct lk_yaml_doc doc = {.source = marked ? lk_str_skip(source, 3) : source};
	doc.name = lk_str_dup(&doc.arena, lk_str_of(name));
	int rc = check_source(&doc, err);
	if (rc == LK_OK) {
		rc = read_document(&doc, limits, err);
	}
	if (rc < 0) {
		lk_yaml_doc_done(&doc);
		return rc;
	}
	if (!doc.root) {
		doc.root = lk_arena_calloc(&doc.arena, 1, sizeof(*doc.root));
		doc.root->line = 1;
		doc.root->column = 1;
	}
	*ret = doc;
	return LK_OK;
}

void lk_yaml_doc_done(struct lk_yaml_doc *doc)
{
	lk_arena_done(&doc->arena);
	*doc = (struct lk_yaml_doc){0};
}

const struct lk_yaml *lk_yaml_get(const struct lk_yaml *node, const char *key)
{
	if (!node || node->kind != LK_YAML_MAPPING) {
		return NULL;
	}
	lk_str wanted = lk_str_of(key);
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		if (lk_str_eq(member->key, wanted)) {
			return member;
		}
	}
	return NULL;
}

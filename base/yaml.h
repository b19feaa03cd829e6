/*
 * YAML as a tree with positions, and an emitter with one fixed style. (libyaml behind it.)
 *
 * The reader is strict: one document, no aliases, anchors or tags, no duplicate keys, keys are
 * scalars, lines end in LF or CR LF, no NUL, depth and size limited; every error is LK_E_FORMAT
 * with file:line:column and the source line as excerpt. Scalars keep their text; whether they were
 * quoted is told, nothing is typed. For files that other tools write aliases can be allowed: an
 * alias then is one more node with the children of the node that it stands for.
 *
 * Large files in the writer's own style are read much faster by lk_yaml_block_parse: the same tree,
 * or none. Who uses it asks lk_yaml_parse about whatever it does not take, so that what is refused,
 * and how, is decided in one place:
 *
 *     if (lk_yaml_block_parse(source, name, &limits, &doc) && use(&doc)) { done }
 *     else lk_yaml_parse(source, name, &limits, &doc, err) ...
 *
 * The writer emits block style, sequences not indented under their key, no line folding, strings
 * quoted (single) only where a YAML 1.1 or 1.2 reader would see another type or break.
 */
#ifndef LK_BASE_YAML_H
#define LK_BASE_YAML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum lk_yaml_kind {
	LK_YAML_NULL, /* plain scalar: empty, ~ or null */
	LK_YAML_SCALAR,
	LK_YAML_SEQUENCE,
	LK_YAML_MAPPING,
};

struct lk_yaml {
	enum lk_yaml_kind kind;
	bool quoted;       /* scalar written with quotes or as a block */
	unsigned line;     /* 1-based, where the value starts */
	unsigned column;   /* 1-based, in characters; lk_yaml_fail makes bytes of it */
	lk_str text;       /* scalar: the value; NUL-ended when lk_yaml_parse made it */
	lk_str key;        /* when a mapping's member: its key */
	unsigned key_line; /* where that key stands */
	unsigned key_column;
	struct lk_yaml *first; /* first element or member */
	struct lk_yaml *next;  /* next sibling, in the order of the text */
	size_t n_children;
	const struct lk_yaml_closed *closed; /* items that only lk_yaml_items gives; else NULL */
};

struct lk_yaml_limits {
	size_t max_bytes;
	unsigned max_depth;
	/* How many nodes all aliases together may stand for, counted with their children; 0:
	 * neither aliases nor anchors are allowed. */
	size_t max_aliased;
};

struct lk_yaml_doc {
	struct lk_arena arena;
	lk_str name;          /* file name for errors */
	lk_str source;        /* borrowed text, for excerpts */
	struct lk_yaml *root; /* a LK_YAML_NULL node for an empty document */
};

/* SOURCE must stay valid while the document lives. */
int lk_yaml_parse(lk_str source, const char *name, const struct lk_yaml_limits *limits,
	struct lk_yaml_doc *ret, struct lk_error *err) LK_MUST_USE;
void lk_yaml_doc_done(struct lk_yaml_doc *doc);

/* The same tree, kinds, texts and positions, of SOURCE in the style of the writer below: a block
 * mapping in ASCII, plain or single-quoted scalars on one line each, comments before the first key
 * only. False, and nothing to free, for whatever is not of that style, be it YAML or not.
 *
 * A sequence of mappings is left closed: its items are counted (n_children), yet neither read nor
 * judged until lk_yaml_items comes to them. Texts are views into SOURCE where they stand there as
 * they are. */
bool lk_yaml_block_parse(lk_str source, const char *name, const struct lk_yaml_limits *limits,
	struct lk_yaml_doc *ret) LK_MUST_USE;

/* The elements of a sequence one after the other, closed or not:
 *
 *     struct lk_yaml_items items;
 *     const struct lk_yaml *item;
 *     lk_yaml_items_init(&items, node, &arena);
 *     while ((rc = lk_yaml_items_next(&items, &item, err)) > 0) { ... }
 *
 * An item of a closed sequence lives until the next call; its texts live in SOURCE or in ARENA.
 * Several threads may walk different sequences of one document, each with an arena of its own. */
struct lk_yaml_items {
	const struct lk_yaml *next;
	const struct lk_yaml_closed *closed;
	struct lk_arena *arena; /* borrowed */
	struct lk_yaml *pool;   /* of nodes, for the closed item at hand */
	lk_str rest;            /* of the closed text */
	unsigned line;
};

void lk_yaml_items_init(
	struct lk_yaml_items *ret, const struct lk_yaml *sequence, struct lk_arena *arena);
/* 1 with an item, 0 at the end. LK_E_FORMAT, without a position, when a closed item turns out not
 * to be of the block style: lk_yaml_parse tells what it is. */
int lk_yaml_items_next(struct lk_yaml_items *items, const struct lk_yaml **ret_item,
	struct lk_error *err) LK_MUST_USE;

/* A mapping's member or NULL (also when NODE is NULL or no mapping). */
const struct lk_yaml *lk_yaml_get(const struct lk_yaml *node, const char *key);
/* LK_E_FORMAT at NODE's position with the source line as excerpt. */
int lk_yaml_fail(const struct lk_yaml_doc *doc, const struct lk_yaml *node, struct lk_error *err,
	const char *fmt, ...) LK_PRINTF(4, 5);

/* Where NODE starts in the source, in bytes. */
size_t lk_yaml_offset(const struct lk_yaml_doc *doc, const struct lk_yaml *node);

struct lk_yaml_writer;

struct lk_yaml_writer *lk_yaml_writer_new(struct lk_buf *out /* borrowed */) LK_MUST_USE;
void lk_yaml_writer_free(struct lk_yaml_writer *writer);
void lk_yaml_mapping(struct lk_yaml_writer *writer);
void lk_yaml_sequence(struct lk_yaml_writer *writer);
/* Ends the innermost mapping or sequence; empty ones come out as {} and []. */
void lk_yaml_end(struct lk_yaml_writer *writer);
/* Keys and string values; quoted where that is needed. */
void lk_yaml_string(struct lk_yaml_writer *writer, lk_str text);
void lk_yaml_cstring(struct lk_yaml_writer *writer, const char *text);
/* A number or bool as plain text. */
void lk_yaml_plain(struct lk_yaml_writer *writer, const char *text);
/* Flushes; 0 or LK_E_BUG (unbalanced) or LK_E_FORMAT (text that is not UTF-8, buffer full). */
int lk_yaml_finish(struct lk_yaml_writer *writer, struct lk_error *err) LK_MUST_USE;

#endif

/*
 * What the parts of conda/envspec_edit.h share: a file opened for one edit.
 */
#ifndef LK_CONDA_ENVSPEC_EDIT_PRIV_H
#define LK_CONDA_ENVSPEC_EDIT_PRIV_H

#include "base/vec.h"
#include "base/yaml.h"
#include "conda/envspec.h"
#include "conda/envspec_edit.h"

#define LK_EDIT_MAX_BYTES ((size_t)4 << 20)

/* A scalar in the file. */
struct lk_edit_item {
	size_t begin, end; /* bytes, quotes included */
	size_t outer;      /* where the list's element starts: `begin`, or its mapping */
	unsigned line;     /* 1-based */
	char quote;        /* '\'', '"' or NUL */
	bool alone;        /* the only one in its mapping, or in none */
};
struct lk_edit_items LK_VEC_OF(struct lk_edit_item);

struct lk_editor {
	const struct lk_envspec_file *file;
	lk_str text; /* of the file, without a byte order mark */
	struct lk_yaml_doc doc;
	const struct lk_yaml *list; /* the key's value, or NULL */
	const char *key;
	struct lk_envspec before;
	struct lk_edit_items items; /* beside before.specs, or the channels */
	struct lk_buf *out;
	struct lk_error *err;
};

/* envspec_open.c: KEY is "dependencies" or "channels". Nothing is to be done after a failure. */
int lk_editor_init(struct lk_editor *e, const struct lk_envspec_file *file, const char *key,
	struct lk_buf *out, struct lk_error *err) LK_MUST_USE;
void lk_editor_done(struct lk_editor *e);
/* LK_E_USAGE: LINE (0: the file) cannot be edited, WHAT says why. */
int lk_editor_refuse(const struct lk_editor *e, unsigned line, const char *what);
/* Is the list written in brackets? */
bool lk_editor_is_flow(const struct lk_editor *e);

/* envspec_place.c: each appends the whole new text to the editor's `out`; that it reads as it
 * should is for the caller to see. */
int lk_editor_put(struct lk_editor *e, lk_str text) LK_MUST_USE;
int lk_editor_replace(
	struct lk_editor *e, const struct lk_edit_item *item, lk_str text) LK_MUST_USE;
int lk_editor_cut(struct lk_editor *e, const struct lk_edit_item *item) LK_MUST_USE;

#endif

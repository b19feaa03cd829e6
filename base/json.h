/*
 * Small JSON documents as a tree (jansson behind it), and a writer.
 *
 * For documents of at most a few tens of MiB: index.json, paths.json, conda-meta records, --json
 * output. Repodata has its own scanner. Objects keep the order of the text. Duplicate keys are
 * refused. Strings are UTF-8; NUL inside a string is refused.
 */
#ifndef LK_BASE_JSON_H
#define LK_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct lk_json; /* a value in a tree; NULL stands for "absent" everywhere below */
struct lk_json_doc;

enum lk_json_kind {
	LK_JSON_ABSENT,
	LK_JSON_NULL,
	LK_JSON_BOOL,
	LK_JSON_INT,
	LK_JSON_REAL,
	LK_JSON_STRING,
	LK_JSON_ARRAY,
	LK_JSON_OBJECT,
};

/* Parses the whole of TEXT; NAME is the file named in errors, which carry line and column
 * (LK_E_FORMAT). Nested deeper than MAX_DEPTH is refused. The document owns every value. */
int lk_json_parse(lk_str text, const char *name, unsigned max_depth, struct lk_json_doc **ret,
	struct lk_error *err) LK_MUST_USE;
void lk_json_doc_free(struct lk_json_doc *doc);
void lk_json_doc_free_p(struct lk_json_doc **doc);
const struct lk_json *lk_json_root(const struct lk_json_doc *doc);

enum lk_json_kind lk_json_kind(const struct lk_json *value);
/* The member KEY of an object; NULL when absent or VALUE is no object. */
const struct lk_json *lk_json_get(const struct lk_json *value, const char *key);
/* Members of an object or elements of an array, index 0 .. size-1 in the order of the text; 0 for
 * other kinds. lk_json_at walks an object from its start: use lk_json_each for all members. */
size_t lk_json_size(const struct lk_json *value);
const struct lk_json *lk_json_at(const struct lk_json *value, size_t index);
/* Calls FN for each member of an object in order; stops at the first non-zero result, returns it.
 * 0 for other kinds. */
int lk_json_each(const struct lk_json *value,
	int (*fn)(void *ctx, lk_str key, const struct lk_json *member), void *ctx);

/* The string, a view owned by the document; an empty view for any other kind. */
lk_str lk_json_string(const struct lk_json *value);
/* The integer (reals with integral value count); FALLBACK for any other kind. */
int64_t lk_json_int(const struct lk_json *value, int64_t fallback);
/* The number, integer or real; FALLBACK for any other kind. */
double lk_json_real(const struct lk_json *value, double fallback);
bool lk_json_bool(const struct lk_json *value, bool fallback);

/*
 * The writer appends to a buffer: two-space indent or compact, keys in the order written, no line
 * break at the end. Nesting deeper than 64 sets the buffer's overflow flag.
 *
 *     struct lk_jw w; lk_jw_init(&w, &buf, true);
 *     lk_jw_object(&w); lk_jw_key(&w, "name"); lk_jw_string(&w, name); lk_jw_end(&w);
 */
struct lk_jw {
	struct lk_buf *out;
	bool pretty;
	bool after_key;
	unsigned depth;
	unsigned char open[64]; /* '{' or '[' of each level, high bit: has members */
};

void lk_jw_init(struct lk_jw *w, struct lk_buf *out, bool pretty);
void lk_jw_object(struct lk_jw *w);
void lk_jw_array(struct lk_jw *w);
void lk_jw_end(struct lk_jw *w);
void lk_jw_key(struct lk_jw *w, const char *key);
void lk_jw_key_str(struct lk_jw *w, lk_str key);
/* Invalid UTF-8 becomes U+FFFD. */
void lk_jw_string(struct lk_jw *w, lk_str value);
void lk_jw_int(struct lk_jw *w, int64_t value);
void lk_jw_uint(struct lk_jw *w, uint64_t value);
/* Six significant digits, always valid JSON (NaN and infinities become null). */
void lk_jw_real(struct lk_jw *w, double value);
/* With the fewest digits that read back as the same number, and still recognisably a real. VALUE
 * must be finite. */
void lk_jw_exact_real(struct lk_jw *w, double value);
void lk_jw_bool(struct lk_jw *w, bool value);
void lk_jw_null(struct lk_jw *w);
/* A value of a parsed tree, copied as it is. */
void lk_jw_value(struct lk_jw *w, const struct lk_json *value);
/* Shorthands: key and value; an empty or absent string is left out by lk_jw_opt_string. */
void lk_jw_key_string(struct lk_jw *w, const char *key, lk_str value);
void lk_jw_opt_string(struct lk_jw *w, const char *key, lk_str value);
/* LEN bytes (at most LK_SHA256_LEN) in lower-case hex. */
void lk_jw_key_hex(struct lk_jw *w, const char *key, const unsigned char *bytes, size_t len);
void lk_jw_key_uint(struct lk_jw *w, const char *key, uint64_t value);
void lk_jw_strings(struct lk_jw *w, const char *key, const lk_str *items, size_t n);

#endif

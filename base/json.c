/*
 * JSON trees: jansson's values behind an opaque name.
 */
#include "base/json.h"

#include <jansson.h>

struct lk_json_doc {
	json_t *root;
};

/* A struct lk_json is jansson's json_t by another name; nothing ever looks inside one. */
static const json_t *inner(const struct lk_json *value)
{
	return (const json_t *)value;
}

static const struct lk_json *outer(const json_t *value)
{
	return (const struct lk_json *)value;
}

/* Finds the first bracket nested deeper than MAX_DEPTH, before jansson recurses into it; SIZE_MAX
 * when there is none. Right for valid text; for other text jansson has the word. */
static size_t find_too_deep(lk_str text, unsigned max_depth)
{
	unsigned depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (quoted) {
			i += c == '\\';
			quoted = c != '"';
		} else if (c == '"') {
			quoted = true;
		} else if (c == '[' || c == '{') {
			if (depth == max_depth) {
				return i;
			}
			depth++;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return SIZE_MAX;
}

int lk_json_parse(lk_str text, const char *name, unsigned max_depth, struct lk_json_doc **ret,
	struct lk_error *err)
{
	/* jansson loses one that follows a number or a word. */
	size_t nul = lk_str_find_char(text, '\0');
	if (nul != SIZE_MAX) {
		return lk_fail_at_offset(err, name, text, nul, "not valid JSON: a NUL byte");
	}
	size_t deep = find_too_deep(text, max_depth);
	if (deep != SIZE_MAX) {
		return lk_fail_at_offset(
			err, name, text, deep, "nested deeper than %u levels", max_depth);
	}
	json_error_t problem;
	json_t *root = json_loadb(text.ptr ? text.ptr : "", text.len,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
	if (root) {
		*ret = lk_calloc(1, sizeof(**ret));
		(*ret)->root = root;
		return LK_OK;
	}
	enum json_error_code code = json_error_code(&problem);
	if (code == json_error_out_of_memory) {
		lk_mem_lost();
	}
	bool escaped_nul = code == json_error_null_character || code == json_error_null_byte_in_key;
	/* jansson counts the bytes it has read, the one at fault included. */
	size_t at = problem.position > 0 ? (size_t)problem.position - 1 : 0;
	return lk_fail_at_offset(err, name, text, at, "not valid JSON: %s",
		escaped_nul ? "a string holds a NUL character" : problem.text);
}

void lk_json_doc_free(struct lk_json_doc *doc)
{
	if (doc) {
		json_decref(doc->root);
		lk_free(doc);
	}
}

void lk_json_doc_free_p(struct lk_json_doc **doc)
{
	lk_json_doc_free(LK_STEAL(*doc));
}

const struct lk_json *lk_json_root(const struct lk_json_doc *doc)
{
	return outer(doc->root);
}

enum lk_json_kind lk_json_kind(const struct lk_json *value)
{
	if (!value) {
		return LK_JSON_ABSENT;
	}
	switch (json_typeof(inner(value))) {
	case JSON_OBJECT:
		return LK_JSON_OBJECT;
	case JSON_ARRAY:
		return LK_JSON_ARRAY;
	case JSON_STRING:
		return LK_JSON_STRING;
	case JSON_INTEGER:
		return LK_JSON_INT;
	case JSON_REAL:
		return LK_JSON_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return LK_JSON_BOOL;
	case JSON_NULL:
		break;
	}
	return LK_JSON_NULL;
}

const struct lk_json *lk_json_get(const struct lk_json *value, const char *key)
{
	return outer(json_object_get(inner(value), key));
}

size_t lk_json_size(const struct lk_json *value)
{
	const json_t *v = inner(value);
	return json_is_array(v) ? json_array_size(v) : json_object_size(v);
}

/* Walks the members of an object; jansson's iterators want a value they could change, and do not.
 */
struct members {
	json_t *object;
	void *iter;
};

static struct members members_of(const struct lk_json *value)
{
	json_t *object = (json_t *)value;
	return (struct members){object, json_object_iter(object)};
}

static void members_next(struct members *members)
{
	members->iter = json_object_iter_next(members->object, members->iter);
}

const struct lk_json *lk_json_at(const struct lk_json *value, size_t index)
{
	if (lk_json_kind(value) == LK_JSON_ARRAY) {
		return outer(json_array_get(inner(value), index));
	}
	struct members members = members_of(value);
	for (size_t i = 0; i < index && members.iter; i++) {
		members_next(&members);
	}
	return outer(json_object_iter_value(members.iter));
}

int lk_json_each(const struct lk_json *value,
	int (*fn)(void *ctx, lk_str key, const struct lk_json *member), void *ctx)
{
	struct members members = members_of(value);
	while (members.iter) {
		lk_str key = lk_str_n(
			json_object_iter_key(members.iter), json_object_iter_key_len(members.iter));
		int rc = fn(ctx, key, outer(json_object_iter_value(members.iter)));
		if (rc != 0) {
			return rc;
		}
		members_next(&members);
	}
	return 0;
}

lk_str lk_json_string(const struct lk_json *value)
{
	const json_t *v = inner(value);
	return json_is_string(v) ? lk_str_n(json_string_value(v), json_string_length(v))
				 : (lk_str){NULL, 0};
}

int64_t lk_json_int(const struct lk_json *value, int64_t fallback)
{
	const json_t *v = inner(value);
	if (json_is_integer(v)) {
		return json_integer_value(v);
	}
	const double limit = 9223372036854775808.0; /* 2^63 */
	if (json_is_real(v)) {
		double real = json_real_value(v);
		if (real >= -limit && real < limit && (double)(int64_t)real == real) {
			return (int64_t)real;
		}
	}
	return fallback;
}

bool lk_json_bool(const struct lk_json *value, bool fallback)
{
	const json_t *v = inner(value);
	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

double lk_json_real(const struct lk_json *value, double fallback)
{
	const json_t *v = inner(value);
	return json_is_number(v) ? json_number_value(v) : fallback;
}

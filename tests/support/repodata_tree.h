/*
 * A repodata's text as a tree of jansson's, and one record of it: for repodata_oracle.h.
 *
 * Jansson alone keeps too little: the last of equal keys, numbers as doubles or not at all. So each
 * string and number of the text is tagged before it is parsed, which changes neither the grammar
 * nor the depth:
 *
 *     "text"      "stext"             a string
 *     12.50       "n12.50"            a number (RFC 8259) with its digits: nothing is rounded
 *     "key":      "k00000007:key":    a key and the byte where it stands: no two are equal
 */
#ifndef TESTS_SUPPORT_REPODATA_TREE_H
#define TESTS_SUPPORT_REPODATA_TREE_H

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <jansson.h>

#include "conda/repodata.h"
#include "conda/version.h"

#define ORACLE_TAG_LEN 10 /* of a key */

/* ---- text to tree ---- */

static inline bool oracle_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline size_t oracle_digits(lk_str s, size_t at)
{
	size_t from = at;

	while (at < s.len && lk_is_digit(s.ptr[at])) {
		at++;
	}
	return at - from;
}

/* -? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)? */
static inline bool oracle_is_number(lk_str s)
{
	size_t at = s.len > 0 && s.ptr[0] == '-' ? 1 : 0;
	size_t n = oracle_digits(s, at);

	if (n == 0 || (n > 1 && s.ptr[at] == '0')) {
		return false;
	}
	at += n;
	if (at < s.len && s.ptr[at] == '.') {
		n = oracle_digits(s, at + 1);
		if (n == 0) {
			return false;
		}
		at += 1 + n;
	}
	if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
		at++;
		if (at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-')) {
			at++;
		}
		n = oracle_digits(s, at);
		if (n == 0) {
			return false;
		}
		at += n;
	}
	return at == s.len;
}

/* Does a colon follow? */
static inline bool oracle_is_key(lk_str text, size_t at)
{
	while (at < text.len && oracle_is_blank(text.ptr[at])) {
		at++;
	}
	return at < text.len && text.ptr[at] == ':';
}

/* Copies the string whose quote stands at FROM, tagged; returns where it ends. */
static inline size_t oracle_tag_string(lk_str text, size_t from, struct lk_buf *out)
{
	size_t at = from + 1;

	while (at < text.len && text.ptr[at] != '"') {
		at += text.ptr[at] == '\\' && at + 1 < text.len ? 2 : 1;
	}
	at += at < text.len;
	if (oracle_is_key(text, at)) {
		lk_buf_appendf(out, "\"k%08zx:", from);
	} else {
		lk_buf_puts(out, "\"s");
	}
	lk_buf_put(out, lk_str_slice(text, from + 1, at));
	return at;
}

static inline bool oracle_is_word(char c)
{
	return lk_is_alnum(c) || c == '-' || c == '+' || c == '.';
}

/* The same for the word at FROM. What is no number jansson refuses, or knows as true, false, null;
 * and a number that is a key it must see as it is. */
static inline size_t oracle_tag_word(lk_str text, size_t from, struct lk_buf *out)
{
	size_t at = from;

	while (at < text.len && oracle_is_word(text.ptr[at])) {
		at++;
	}
	lk_str word = lk_str_slice(text, from, at);
	bool number = oracle_is_number(word) && !oracle_is_key(text, at);
	lk_buf_puts(out, number ? "\"n" : "");
	lk_buf_put(out, word);
	lk_buf_puts(out, number ? "\"" : "");
	return at;
}

/* NULL when TEXT is no JSON. Jansson loses a NUL that follows a word such as true. */
static inline json_t *oracle_tree(lk_str text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) tagged = LK_BUF_INIT(16 * text.len + 16);
	json_error_t ignored;

	if (lk_str_find_char(text, '\0') != SIZE_MAX) {
		return NULL;
	}
	for (size_t at = 0; at < text.len;) {
		char c = text.ptr[at];

		if (c == '"') {
			at = oracle_tag_string(text, at, &tagged);
		} else if (oracle_is_word(c)) {
			at = oracle_tag_word(text, at, &tagged);
		} else {
			lk_buf_putc(&tagged, c);
			at++;
		}
	}
	return json_loadb(lk_buf_cstr(&tagged), tagged.len, JSON_DECODE_ANY, &ignored);
}

static inline unsigned oracle_depth(const json_t *value)
{
	unsigned deepest = 0;
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, member)
		{
			unsigned depth = oracle_depth(member);

			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	if (json_is_array(value)) {
		json_array_foreach(value, i, member)
		{
			unsigned depth = oracle_depth(member);

			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	return 0;
}

/* ---- tagged values ---- */

static inline lk_str oracle_tagged(const json_t *value, char tag)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "";

	return text[0] == tag ? lk_str_n(text + 1, json_string_length(value) - 1) : lk_str_of(NULL);
}

/* The string's text; ptr is NULL for any other value. */
static inline lk_str oracle_text(const json_t *value)
{
	return oracle_tagged(value, 's');
}

/* The number's digits; ptr is NULL for any other value. */
static inline lk_str oracle_number(const json_t *value)
{
	return oracle_tagged(value, 'n');
}

static inline lk_str oracle_key(const char *tagged)
{
	return lk_str_of(tagged + ORACLE_TAG_LEN);
}

static inline bool oracle_key_is(const char *tagged, const char *key)
{
	return lk_str_is(oracle_key(tagged), key);
}

/* The last member of that key, or NULL. */
static inline json_t *oracle_get(const json_t *object, const char *wanted)
{
	const char *key;
	json_t *member;
	json_t *last = NULL;

	json_object_foreach((json_t *)object, key, member)
	{
		last = oracle_key_is(key, wanted) ? member : last;
	}
	return last;
}

/* The whole part of a number that is not negative and below 2^64. The number is written out without
 * exponent for that: INT . FRACTION e EXPONENT. */
static inline bool oracle_whole(const json_t *value, uint64_t *ret)
{
	enum {
		ENOUGH = 40 /* digits: far above 2^64 */
	};
	lk_str s = oracle_number(value);
	size_t n_int = oracle_digits(s, 0);
	size_t e = n_int;
	char digits[ENOUGH + 1] = "";
	size_t n = 0;
	long places = 0;

	if (n_int == 0) {
		return false;
	}
	while (e < s.len && s.ptr[e] != 'e' && s.ptr[e] != 'E') {
		e++;
	}
	if (e < s.len) {
		places = strtol(s.ptr + e + 1, NULL, 10);
		places = places > LONG_MAX / 2 ? LONG_MAX / 2 : places;
	}
	places += (long)n_int; /* digits of the mantissa that are before the point then */
	for (size_t i = 0; i < e && places > 0; i++) {
		if (s.ptr[i] == '.') {
			continue;
		}
		if (n > 0 || s.ptr[i] != '0') {
			if (n == ENOUGH) {
				return false;
			}
			digits[n++] = s.ptr[i];
		}
		places--;
	}
	for (; n > 0 && places > 0; places--) {
		if (n == ENOUGH) {
			return false;
		}
		digits[n++] = '0';
	}
	errno = 0;
	*ret = n > 0 ? strtoull(digits, NULL, 10) : 0;
	return errno == 0;
}

static inline struct lk_str_list oracle_list_of(const struct lk_strs *strs, struct lk_arena *arena)
{
	lk_str *items = lk_arena_calloc(arena, strs->len + 1, sizeof(*items));

	for (size_t i = 0; i < strs->len; i++) {
		items[i] = strs->items[i];
	}
	return (struct lk_str_list){items, strs->len};
}

static inline struct lk_str_list oracle_list(const json_t *value, struct lk_arena *arena)
{
	struct lk_strs strs = {0};
	json_t *element;
	size_t i;

	json_array_foreach(value, i, element)
	{
		if (oracle_text(element).ptr) {
			lk_vec_push(&strs, oracle_text(element));
		}
	}
	struct lk_str_list list = oracle_list_of(&strs, arena);
	lk_vec_done(&strs);
	return list;
}

/* ---- one record ---- */

static inline struct lk_str_list oracle_features(const json_t *value, struct lk_arena *arena)
{
	static const char ends[] = ", \t\n\v\f\r";
	struct lk_strs strs = {0};
	lk_str text = oracle_text(value);

	if (!text.ptr) {
		return oracle_list(value, arena);
	}
	for (const char *at = text.ptr; *(at += strspn(at, ends));) {
		size_t len = strcspn(at, ends);

		lk_vec_push(&strs, lk_str_n(at, len));
		at += len;
	}
	struct lk_str_list list = oracle_list_of(&strs, arena);
	lk_vec_done(&strs);
	return list;
}

static inline void oracle_extra(const json_t *value, struct lk_arena *arena, struct lk_record *ret)
{
	struct lk_extra *extra =
		lk_arena_calloc(arena, json_object_size(value) + 1, sizeof(*extra));
	const char *key;
	json_t *member;

	ret->extra = extra;
	json_object_foreach((json_t *)value, key, member)
	{
		lk_str group = oracle_key(key);
		size_t at = 0;

		/* Of a group that stands twice the last counts, at the place of the first. */
		while (at < ret->n_extra && !lk_str_eq(extra[at].group, group)) {
			at++;
		}
		ret->n_extra += at == ret->n_extra;
		extra[at] = (struct lk_extra){group, oracle_list(member, arena)};
	}
}

/* False for text that is no such hash; absent and empty ones are fine. */
static inline bool oracle_hash(const json_t *value, unsigned char *out, size_t len, bool *ret_has)
{
	lk_str text = oracle_text(value);

	*ret_has = text.len > 0;
	return text.len == 0 || lk_unhex(text, out, len);
}

static inline bool oracle_noarch(const json_t *value, enum lk_noarch *ret)
{
	/* Words and kinds in turn; old builders wrote truth values in many ways. */
	static const char words[] = " generic true yes on y  false no off n non none ";
	lk_str text = oracle_text(value);
	char lower[16] = "";

	*ret = LK_NOARCH_NO;
	if (json_is_true(value)) {
		*ret = LK_NOARCH_GENERIC;
		return true;
	}
	if (text.len == 0) {
		return true;
	}
	if (text.len > 8 || lk_str_find_char(text, ' ') != SIZE_MAX) {
		return false;
	}
	lower[0] = ' ';
	for (size_t i = 0; i < text.len; i++) {
		lower[1 + i] = (char)tolower((unsigned char)text.ptr[i]);
	}
	lower[1 + text.len] = ' ';
	if (strcmp(lower, " python ") == 0) {
		*ret = LK_NOARCH_PYTHON;
		return true;
	}
	const char *at = strlen(lower) == text.len + 2 ? strstr(words, lower) : NULL;
	if (at && at < strstr(words, "  ")) {
		*ret = LK_NOARCH_GENERIC;
	}
	return at != NULL;
}

/* Milliseconds, from seconds up to the year 9999. */
static inline uint64_t oracle_time(const json_t *value)
{
	uint64_t time = 0;

	if (!oracle_whole(value, &time)) {
		return 0;
	}
	return time < UINT64_C(253402300800) ? time * 1000 : time;
}

static inline bool oracle_is_file_name(lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < ' ' || c == 0x7f || strchr("/\\:", (char)c)) {
			return false;
		}
	}
	return text.len > 0 && text.len <= 255 && !lk_str_is(text, ".") && !lk_str_is(text, "..");
}

static inline bool oracle_is_version(lk_str text, struct lk_arena *arena)
{
	const struct lk_version *version;
	struct lk_error ignored = LK_ERROR_INIT;

	return oracle_is_file_name(text) && lk_version_parse(text, arena, &version, &ignored) == 0;
}

static inline lk_str oracle_url(
	const json_t *record, lk_str fn, lk_str base, struct lk_arena *arena)
{
	if (lk_archive_kind_of(fn, NULL) != LK_ARCHIVE_WHEEL) {
		return lk_str_printf(arena, LK_STR_FMT LK_STR_FMT, LK_STR_ARG(base),
			LK_STR_ARG(lk_url_encode_path(fn, arena)));
	}
	lk_str url = oracle_text(oracle_get(record, "url"));
	return url.len == 0 ? LK_STR("")
			    : lk_url_without_credentials(lk_url_join(base, url, arena), arena);
}

/* The record FN in full; false when it cannot be used. */
static inline bool oracle_record(const json_t *record, lk_str fn, lk_str base,
	const struct lk_repodata_origin *origin, struct lk_arena *arena, struct lk_record *ret)
{
	json_t *depends = oracle_get(record, "depends");

	*ret = (struct lk_record){
		.name = oracle_text(oracle_get(record, "name")),
		.version = oracle_text(oracle_get(record, "version")),
		.build = oracle_text(oracle_get(record, "build")),
		.subdir = origin->subdir,
		.fn = fn,
		.channel = origin->channel_name,
		.url = oracle_url(record, fn, base, arena),
		.timestamp = oracle_time(oracle_get(record, "timestamp")),
		.indexed_timestamp = oracle_time(oracle_get(record, "indexed_timestamp")),
		.depends = oracle_list(depends ? depends : oracle_get(record, "requires"), arena),
		.constrains = oracle_list(oracle_get(record, "constrains"), arena),
		.track_features = oracle_features(oracle_get(record, "track_features"), arena),
		.flags = oracle_list(oracle_get(record, "flags"), arena),
		.license = oracle_text(oracle_get(record, "license")),
		.license_family = oracle_text(oracle_get(record, "license_family")),
		.python_site_packages_path =
			oracle_text(oracle_get(record, "python_site_packages_path")),
	};
	oracle_extra(oracle_get(record, "extra_depends"), arena, ret);
	ret->has_size = oracle_whole(oracle_get(record, "size"), &ret->size);
	return oracle_whole(oracle_get(record, "build_number"), &ret->build_number) &&
		oracle_noarch(oracle_get(record, "noarch"), &ret->noarch) &&
		oracle_hash(oracle_get(record, "md5"), ret->md5.bytes, LK_MD5_LEN, &ret->has_md5) &&
		oracle_hash(oracle_get(record, "sha256"), ret->sha256.bytes, LK_SHA256_LEN,
			&ret->has_sha256) &&
		lk_name_is_valid(ret->name) && oracle_is_version(ret->version, arena) &&
		lk_build_is_valid(ret->build) && ret->url.len > 0;
}

static inline bool oracle_same_list(struct lk_str_list a, struct lk_str_list b)
{
	bool same = a.n == b.n;

	for (size_t i = 0; same && i < a.n; i++) {
		same = lk_str_eq(a.items[i], b.items[i]);
	}
	return same;
}

static inline bool oracle_same_extra(const struct lk_record *a, const struct lk_record *b)
{
	bool same = a->n_extra == b->n_extra;

	for (size_t i = 0; same && i < a->n_extra; i++) {
		same = lk_str_eq(a->extra[i].group, b->extra[i].group) &&
			oracle_same_list(a->extra[i].depends, b->extra[i].depends);
	}
	return same;
}

/* The field in which the two differ, or NULL. */
static inline const char *oracle_differ(const struct lk_record *a, const struct lk_record *b)
{
	const struct {
		const char *field;
		bool same;
	} fields[] = {
		{"name", lk_str_eq(a->name, b->name)},
		{"version", lk_str_eq(a->version, b->version)},
		{"build", lk_str_eq(a->build, b->build)},
		{"build_number", a->build_number == b->build_number},
		{"subdir", lk_str_eq(a->subdir, b->subdir)},
		{"fn", lk_str_eq(a->fn, b->fn)},
		{"channel", lk_str_eq(a->channel, b->channel)},
		{"url", lk_str_eq(a->url, b->url)},
		{"noarch", a->noarch == b->noarch},
		{"sha256",
			a->has_sha256 == b->has_sha256 &&
				(!a->has_sha256 || lk_sha256_eq(&a->sha256, &b->sha256))},
		{"md5",
			a->has_md5 == b->has_md5 &&
				(!a->has_md5 || memcmp(&a->md5, &b->md5, sizeof(a->md5)) == 0)},
		{"size", a->has_size == b->has_size && (!a->has_size || a->size == b->size)},
		{"timestamp", a->timestamp == b->timestamp},
		{"indexed_timestamp", a->indexed_timestamp == b->indexed_timestamp},
		{"depends", oracle_same_list(a->depends, b->depends)},
		{"constrains", oracle_same_list(a->constrains, b->constrains)},
		{"track_features", oracle_same_list(a->track_features, b->track_features)},
		{"flags", oracle_same_list(a->flags, b->flags)},
		{"extra_depends", oracle_same_extra(a, b)},
		{"active_extras", oracle_same_list(a->active_extras, b->active_extras)},
		{"license", lk_str_eq(a->license, b->license)},
		{"license_family", lk_str_eq(a->license_family, b->license_family)},
		{"python_site_packages_path",
			lk_str_eq(a->python_site_packages_path, b->python_site_packages_path)},
	};

	for (size_t i = 0; i < LK_COUNTOF(fields); i++) {
		if (!fields[i].same) {
			return fields[i].field;
		}
	}
	return NULL;
}

#endif

/*
 * A record's JSON object read into a struct lk_record.
 */
#include "conda/record_scan_priv.h"

#include "base/fs.h"
#include "base/map.h"

/* Time stamps up to here are seconds (the end of the year 9999), above it milliseconds. */
#define SECONDS_MAX UINT64_C(253402300799)

enum field_kind {
	FIELD_TEXT,
	FIELD_TIME,
	FIELD_LIST,
	FIELD_REQUIRES,
	FIELD_FEATURES,
	FIELD_NOARCH,
	FIELD_MD5,
	FIELD_SHA256,
	FIELD_SIZE,
	FIELD_BUILD_NUMBER,
	FIELD_EXTRA,
};

struct field {
	const char *key;
	size_t key_len;
	enum field_kind kind;
	size_t offset; /* of the member, where the kind alone does not tell */
};

#define KEY(text) (text), sizeof(text) - 1
#define MEMBER(name) offsetof(struct lk_record_scan, record.name)

/* In the order in which channels write them: sorted. */
static const struct field fields[] = {
	{KEY("build"), FIELD_TEXT, MEMBER(build)},
	{KEY("build_number"), FIELD_BUILD_NUMBER, 0},
	{KEY("constrains"), FIELD_LIST, MEMBER(constrains)},
	{KEY("depends"), FIELD_LIST, MEMBER(depends)},
	{KEY("extra_depends"), FIELD_EXTRA, 0},
	{KEY("flags"), FIELD_LIST, MEMBER(flags)},
	{KEY("indexed_timestamp"), FIELD_TIME, MEMBER(indexed_timestamp)},
	{KEY("license"), FIELD_TEXT, MEMBER(license)},
	{KEY("license_family"), FIELD_TEXT, MEMBER(license_family)},
	{KEY("md5"), FIELD_MD5, 0},
	{KEY("name"), FIELD_TEXT, MEMBER(name)},
	{KEY("noarch"), FIELD_NOARCH, 0},
	{KEY("python_site_packages_path"), FIELD_TEXT, MEMBER(python_site_packages_path)},
	{KEY("requires"), FIELD_REQUIRES, 0},
	{KEY("sha256"), FIELD_SHA256, 0},
	{KEY("size"), FIELD_SIZE, 0},
	{KEY("timestamp"), FIELD_TIME, MEMBER(timestamp)},
	{KEY("track_features"), FIELD_FEATURES, 0},
	{KEY("url"), FIELD_TEXT, offsetof(struct lk_record_scan, url)},
	{KEY("version"), FIELD_TEXT, MEMBER(version)},
};

struct reader {
	struct lk_scan *scan;
	struct lk_arena *arena;
	struct lk_record_scan *out;
	struct lk_record *record; /* the one in out */
	struct lk_str_list requires;
	bool has_depends;
	bool bad_noarch, bad_md5, bad_sha256; /* the last one of each */
	size_t next_field; /* behind the one found last: there the search begins */
};

static const struct field *find_field(struct reader *r, lk_str key)
{
	for (size_t i = 0; i < LK_COUNTOF(fields); i++) {
		size_t at = (r->next_field + i) % LK_COUNTOF(fields);
		const struct field *field = &fields[at];
		if (field->key_len == key.len && memcmp(field->key, key.ptr, key.len) == 0) {
			r->next_field = at + 1;
			return field;
		}
	}
	return NULL;
}

static bool put_digit(uint64_t *value, char digit)
{
	return !__builtin_mul_overflow(*value, 10u, value) &&
		!__builtin_add_overflow(*value, (uint64_t)(digit - '0'), value);
}

/* N of the exponent "eN" that stands at AT in a number, as far as it matters; 0 without one. */
static int64_t exponent_at(lk_str number, size_t at)
{
	if (at == number.len) {
		return 0;
	}
	bool negative = number.ptr[at + 1] == '-';
	bool sign = negative || number.ptr[at + 1] == '+';
	uint64_t n;
	if (!lk_str_to_u64(lk_str_skip(number, at + 1 + sign), &n) || n > INT32_MAX) {
		n = INT32_MAX;
	}
	return negative ? -(int64_t)n : (int64_t)n;
}

/* The whole part of the JSON value TEXT, where it is a number that is not negative. */
static bool to_whole(lk_str text, uint64_t *ret)
{
	if (!lk_is_digit(text.ptr[0])) {
		return false;
	}
	size_t end = 0;
	while (end < text.len && text.ptr[end] != 'e' && text.ptr[end] != 'E') {
		end++;
	}
	lk_str mantissa = lk_str_slice(text, 0, end);
	size_t dot = lk_str_find_char(mantissa, '.');
	/* How many digits are left of the point once it is moved. */
	int64_t places = (int64_t)(dot == SIZE_MAX ? end : dot) + exponent_at(text, end);
	uint64_t value = 0;
	for (size_t i = 0; i < end && places > 0; i++) {
		if (i == dot) {
			continue;
		}
		if (!put_digit(&value, text.ptr[i])) {
			return false;
		}
		places--;
	}
	for (; value > 0 && places > 0; places--) {
		if (!put_digit(&value, '0')) {
			return false;
		}
	}
	*ret = value;
	return true;
}

/* A whole number that is not negative (a fraction is cut off); *ret_has tells whether it was one.
 */
static int read_number(struct reader *r, uint64_t *ret, bool *ret_has)
{
	lk_str text;
	int rc = lk_scan_skip(r->scan, &text);
	if (rc < 0) {
		return rc;
	}
	*ret_has = to_whole(text, ret);
	return 0;
}

static struct lk_str_list list_of(const struct lk_strs *strs, struct lk_arena *arena)
{
	struct lk_str_list list = {NULL, strs->len};
	if (strs->len > 0) {
		lk_str *items = lk_arena_calloc(arena, strs->len, sizeof(*items));
		memcpy(items, strs->items, strs->len * sizeof(*items));
		list.items = items;
	}
	return list;
}

static int collect_strings(struct reader *r, struct lk_strs *strs)
{
	int rc = lk_scan_enter(r->scan, '[');
	if (rc < 0) {
		return rc;
	}
	while ((rc = lk_scan_next(r->scan, ']')) > 0) {
		bool is_text = lk_scan_peek(r->scan) == '"';
		lk_str text;
		if ((rc = lk_scan_text_or_none(r->scan, r->arena, &text)) < 0) {
			return rc;
		}
		if (is_text) {
			lk_vec_push(strs, text);
		}
	}
	return rc;
}

/* The strings of an array; other elements, and values of another kind, are passed over. */
static int read_list(struct reader *r, struct lk_str_list *ret)
{
	*ret = (struct lk_str_list){0};
	if (lk_scan_peek(r->scan) != '[') {
		return lk_scan_skip(r->scan, NULL);
	}
	struct lk_strs strs = {0};
	int rc = collect_strings(r, &strs);
	if (rc == 0) {
		*ret = list_of(&strs, r->arena);
	}
	lk_vec_done(&strs);
	return rc;
}

static bool is_feature_end(char c)
{
	return c == ',' || lk_is_space(c);
}

/* track_features: a list, or one string with commas or spaces between. */
static int read_features(struct reader *r, struct lk_str_list *ret)
{
	if (lk_scan_peek(r->scan) != '"') {
		return read_list(r, ret);
	}
	lk_str text;
	int rc = lk_scan_text_or_none(r->scan, r->arena, &text);
	if (rc < 0) {
		return rc;
	}
	struct lk_strs strs = {0};
	for (size_t i = 0; i < text.len;) {
		size_t from = i;
		while (i < text.len && !is_feature_end(text.ptr[i])) {
			i++;
		}
		if (i > from) {
			lk_vec_push(&strs, lk_str_slice(text, from, i));
		}
		i++;
	}
	*ret = list_of(&strs, r->arena);
	lk_vec_done(&strs);
	return 0;
}

static bool is_word(lk_str text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lk_str_eq_nocase(text, lk_str_of(words[i]))) {
			return true;
		}
	}
	return false;
}

/* "python", "generic", true; of old builders a word for either truth value, as conda reads them. */
static int read_noarch(struct reader *r)
{
	static const char *const generic[] = {"generic", "true", "yes", "on", "y"};
	static const char *const none[] = {"", "false", "no", "off", "n", "non", "none"};
	bool is_true = lk_scan_peek(r->scan) == 't';
	lk_str text;
	int rc = lk_scan_text_or_none(r->scan, r->arena, &text);
	if (rc < 0) {
		return rc;
	}
	r->record->noarch = LK_NOARCH_NO;
	r->bad_noarch = false;
	if (is_true || is_word(text, generic, LK_COUNTOF(generic))) {
		r->record->noarch = LK_NOARCH_GENERIC;
	} else if (lk_str_eq_nocase(text, LK_STR("python"))) {
		r->record->noarch = LK_NOARCH_PYTHON;
	} else {
		r->bad_noarch = !is_word(text, none, LK_COUNTOF(none));
	}
	return 0;
}

/* Absent, null and "" are no hash; anything else must be one. */
static int read_hash(struct reader *r, unsigned char *out, size_t len, bool *ret_has, bool *ret_bad)
{
	lk_str text;
	int rc = lk_scan_text_or_none(r->scan, r->arena, &text);
	if (rc < 0) {
		return rc;
	}
	*ret_has = text.len > 0 && lk_unhex(text, out, len);
	*ret_bad = text.len > 0 && !*ret_has;
	return 0;
}

struct extras {
	struct LK_VEC_OF(struct lk_extra) list;
	struct lk_map by_group; /* into list */
};

static int collect_extra(struct reader *r, struct extras *extras)
{
	int rc = lk_scan_enter(r->scan, '{');
	if (rc < 0) {
		return rc;
	}
	while ((rc = lk_scan_next(r->scan, '}')) > 0) {
		struct lk_scan_text key = {0};
		struct lk_extra extra;
		if ((rc = lk_scan_key(r->scan, &key)) < 0 ||
			(rc = read_list(r, &extra.depends)) < 0) {
			return rc;
		}
		extra.group = lk_scan_decode(key, r->arena);
		uint32_t next = (uint32_t)extras->list.len;
		uint32_t at = lk_map_add(&extras->by_group, extra.group, next);
		if (at == next) {
			lk_vec_push(&extras->list, extra);
		} else {
			extras->list.items[at] = extra;
		}
	}
	return rc;
}

static int read_extra(struct reader *r)
{
	r->record->extra = NULL;
	r->record->n_extra = 0;
	if (lk_scan_peek(r->scan) != '{') {
		return lk_scan_skip(r->scan, NULL);
	}
	struct extras extras = {0};
	int rc = collect_extra(r, &extras);
	size_t n = extras.list.len;
	if (rc == 0 && n > 0) {
		struct lk_extra *items = lk_arena_calloc(r->arena, n, sizeof(*items));
		memcpy(items, extras.list.items, n * sizeof(*items));
		r->record->extra = items;
		r->record->n_extra = n;
	}
	lk_vec_done(&extras.list);
	lk_map_done(&extras.by_group);
	return rc;
}

static int read_time(struct reader *r, uint64_t *ret)
{
	uint64_t value = 0;
	bool has = false;
	int rc = read_number(r, &value, &has);
	*ret = !has ? 0 : value > SECONDS_MAX ? value : value * 1000;
	return rc;
}

static int read_field(struct reader *r, const struct field *field)
{
	struct lk_record *record = r->record;
	void *member = (char *)r->out + field->offset;
	switch (field->kind) {
	case FIELD_TEXT:
		return lk_scan_text_or_none(r->scan, r->arena, member);
	case FIELD_TIME:
		return read_time(r, member);
	case FIELD_LIST:
		r->has_depends = r->has_depends || member == (void *)&record->depends;
		return read_list(r, member);
	case FIELD_REQUIRES:
		return read_list(r, &r->requires);
	case FIELD_FEATURES:
		return read_features(r, &record->track_features);
	case FIELD_NOARCH:
		return read_noarch(r);
	case FIELD_MD5:
		return read_hash(r, record->md5.bytes, LK_MD5_LEN, &record->has_md5, &r->bad_md5);
	case FIELD_SHA256:
		return read_hash(r, record->sha256.bytes, LK_SHA256_LEN, &record->has_sha256,
			&r->bad_sha256);
	case FIELD_SIZE:
		return read_number(r, &record->size, &record->has_size);
	case FIELD_BUILD_NUMBER:
		return read_number(r, &record->build_number, &r->out->has_build_number);
	case FIELD_EXTRA:
		return read_extra(r);
	}
	return lk_scan_skip(r->scan, NULL);
}

bool lk_is_safe_component(lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c < 0x20 || c == 0x7f || c == '\\' || c == ':') {
			return false;
		}
	}
	return lk_path_is_component(text);
}

/* What keeps the record from being used, or NULL. */
static const char *fault_of(const struct reader *r)
{
	const struct lk_record *record = r->record;
	if (r->bad_noarch) {
		return "unknown kind of 'noarch'";
	}
	if (r->bad_md5) {
		return "bad 'md5'";
	}
	if (r->bad_sha256) {
		return "bad 'sha256'";
	}
	if (record->name.len == 0) {
		return "no 'name'";
	}
	if (!lk_name_is_valid(record->name)) {
		return "bad 'name'";
	}
	if (record->version.len == 0) {
		return "no 'version'";
	}
	if (!lk_is_safe_component(record->version)) {
		return "bad 'version'";
	}
	if (record->build.len == 0) {
		return "no 'build'";
	}
	return lk_build_is_valid(record->build) ? NULL : "bad 'build'";
}

int lk_record_scan(struct lk_scan *scan, struct lk_arena *arena, struct lk_record_scan *ret)
{
	*ret = (struct lk_record_scan){0};
	struct reader r = {.scan = scan, .arena = arena, .out = ret, .record = &ret->record};
	int rc = lk_scan_enter(scan, '{');
	if (rc < 0) {
		return rc;
	}
	while ((rc = lk_scan_next(scan, '}')) > 0) {
		struct lk_scan_text key = {0};
		if ((rc = lk_scan_key(scan, &key)) < 0) {
			return rc;
		}
		const struct field *field = find_field(&r, lk_scan_decode(key, arena));
		rc = field ? read_field(&r, field) : lk_scan_skip(scan, NULL);
		if (rc < 0) {
			return rc;
		}
	}
	if (!r.has_depends) {
		ret->record.depends = r.requires;
	}
	ret->fault = fault_of(&r);
	return rc;
}

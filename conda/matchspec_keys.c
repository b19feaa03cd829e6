/*
 * MatchSpec, the part in brackets: "key=value, key='value', key=[a, b]".
 */
#include "conda/matchspec_priv.h"

#include "conda/spec_text_priv.h"

#define MAX_LIST 64
#define EXTRA_MAX_LEN 64

struct value {
	const char *at; /* where it was read */
	lk_str text;    /* without quotes and escapes */
	struct lk_str_list list;
	bool is_list;
	bool quoted;
};

struct reader {
	struct matchspec_parser *p;
	const char *at, *end;
};

static void skip_spaces(struct reader *r)
{
	while (r->at < r->end && lk_is_space(*r->at)) {
		r->at++;
	}
}

/* A quoted text, its quote at r->at; \" \' and \\ are escapes, other backslashes stay. */
static int read_quoted(struct reader *r, lk_str *ret)
{
	const char *open = r->at;
	const char *at = open + 1;
	size_t escapes = 0;
	while (at < r->end && *at != *open) {
		bool escape = *at == '\\' && at + 1 < r->end && lk_is_one_of(at[1], "\\'\"");
		escapes += escape;
		at += escape ? 2 : 1;
	}
	if (at >= r->end) {
		return matchspec_fail(r->p, open, "a quote is not closed");
	}
	lk_str raw = lk_str_n(open + 1, (size_t)(at - open - 1));
	r->at = at + 1;
	*ret = raw;
	if (escapes > 0) {
		char *copy = lk_arena_calloc(r->p->arena, raw.len - escapes + 1, 1);
		size_t len = 0;
		for (size_t i = 0; i < raw.len; i++) {
			bool escape = raw.ptr[i] == '\\' && i + 1 < raw.len &&
				lk_is_one_of(raw.ptr[i + 1], "\\'\"");
			i += escape;
			copy[len++] = raw.ptr[i];
		}
		*ret = lk_str_n(copy, len);
	}
	return 0;
}

/* A quoted text, or bytes up to a space, a comma or (in a list) a bracket. */
static int read_text(struct reader *r, bool in_list, lk_str *ret, bool *ret_quoted)
{
	const char *start = r->at;
	*ret_quoted = start < r->end && (*start == '\'' || *start == '"');
	if (*ret_quoted) {
		int rc = read_quoted(r, ret);
		if (rc < 0) {
			return rc;
		}
	} else {
		while (r->at < r->end && !lk_is_space(*r->at) && *r->at != ',' &&
			!(in_list && *r->at == ']')) {
			r->at++;
		}
		*ret = lk_str_n(start, (size_t)(r->at - start));
	}
	return ret->len == 0 ? matchspec_fail(r->p, start, "a value is empty") : 0;
}

static int read_list(struct reader *r, struct value *value)
{
	lk_str items[MAX_LIST];
	size_t n = 0;
	const char *open = r->at++;
	for (;;) {
		skip_spaces(r);
		if (r->at >= r->end) {
			return matchspec_fail(r->p, open, "'[' is not closed");
		}
		if (*r->at == ']') {
			break;
		}
		bool quoted;
		if (n == MAX_LIST) {
			return matchspec_fail(r->p, r->at, "more than %d items", MAX_LIST);
		}
		int rc = read_text(r, true, &items[n], &quoted);
		if (rc < 0) {
			return rc;
		}
		n++;
		skip_spaces(r);
		if (r->at < r->end && *r->at == ',') {
			r->at++;
		}
	}
	r->at++;
	if (n == 0) {
		return matchspec_fail(r->p, open, "a list is empty");
	}
	lk_str *copy = lk_arena_calloc(r->p->arena, n, sizeof(*copy));
	memcpy(copy, items, n * sizeof(*copy));
	value->list = (struct lk_str_list){copy, n};
	value->is_list = true;
	return 0;
}

static int read_value(struct reader *r, struct value *value)
{
	value->at = r->at;
	if (r->at < r->end && *r->at == '[') {
		return read_list(r, value);
	}
	return read_text(r, false, &value->text, &value->quoted);
}

/* The list, or a list of the one text. */
static struct lk_str_list as_list(struct matchspec_parser *p, const struct value *value)
{
	if (value->is_list) {
		return value->list;
	}
	lk_str *item = lk_arena_calloc(p->arena, 1, sizeof(*item));
	*item = value->text;
	return (struct lk_str_list){item, 1};
}

static int set_nothing(struct matchspec_parser *p, const struct value *value)
{
	(void)p;
	(void)value;
	return 0;
}

static int set_name(struct matchspec_parser *p, const struct value *value)
{
	if (p->origin == LK_SPEC_USER && !lk_str_eq_nocase(value->text, p->spec->name)) {
		return matchspec_fail(p, value->at, "another name is given before the brackets");
	}
	return 0;
}

static int set_version(struct matchspec_parser *p, const struct value *value)
{
	return matchspec_set_version(p, value->text, value->at);
}

static int set_build(struct matchspec_parser *p, const struct value *value)
{
	return matchspec_set_build(p, value->text, value->at);
}

static int set_build_number(struct matchspec_parser *p, const struct value *value)
{
	static const struct {
		const char *text;
		enum lk_number_op op;
	} ops[] = {
		{"==", LK_NUMBER_EQ},
		{"!=", LK_NUMBER_NE},
		{"<=", LK_NUMBER_LE},
		{">=", LK_NUMBER_GE},
		{"<", LK_NUMBER_LT},
		{">", LK_NUMBER_GT},
		{"", LK_NUMBER_EQ},
	};
	size_t i = 0;
	while (!lk_str_starts(value->text, lk_str_of(ops[i].text))) {
		i++;
	}
	lk_str number = lk_str_trim(lk_str_skip(value->text, strlen(ops[i].text)));
	p->spec->build_number_op = ops[i].op;
	if (!lk_str_to_u64(number, &p->spec->build_number)) {
		return matchspec_fail(p, value->at, "the build number is no number");
	}
	return 0;
}

static int set_channel(struct matchspec_parser *p, const struct value *value)
{
	matchspec_set_channel(p, value->text);
	return 0;
}

static int set_subdir(struct matchspec_parser *p, const struct value *value)
{
	p->spec->subdir = lk_str_is(value->text, "*") ? LK_STR("") : value->text;
	return 0;
}

static int set_url(struct matchspec_parser *p, const struct value *value)
{
	p->spec->url = value->text;
	return 0;
}

static int set_fn(struct matchspec_parser *p, const struct value *value)
{
	p->spec->fn = value->text;
	return 0;
}

static int set_md5(struct matchspec_parser *p, const struct value *value)
{
	p->spec->has_md5 = lk_unhex(value->text, p->spec->md5.bytes, LK_MD5_LEN);
	return p->spec->has_md5 ? 0 : matchspec_fail(p, value->at, "no MD5 in hexadecimal");
}

static int set_sha256(struct matchspec_parser *p, const struct value *value)
{
	p->spec->has_sha256 = lk_unhex(value->text, p->spec->sha256.bytes, LK_SHA256_LEN);
	return p->spec->has_sha256 ? 0 : matchspec_fail(p, value->at, "no SHA-256 in hexadecimal");
}

static int set_pattern(struct matchspec_parser *p, const struct value *value,
	const struct lk_pattern **ret, lk_str *ret_text)
{
	int rc = lk_pattern_parse(value->text, true, p->arena, ret, p->err);
	if (rc < 0) {
		matchspec_part_error(p, value->text, value->at);
		return rc;
	}
	*ret_text = value->text;
	return 0;
}

static int set_license(struct matchspec_parser *p, const struct value *value)
{
	return set_pattern(p, value, &p->spec->license, &p->spec->license_text);
}

static int set_license_family(struct matchspec_parser *p, const struct value *value)
{
	return set_pattern(p, value, &p->spec->license_family, &p->spec->license_family_text);
}

/* A list, or one text with spaces or commas between. */
static int set_track_features(struct matchspec_parser *p, const struct value *value)
{
	if (value->is_list) {
		p->spec->track_features = value->list;
		return 0;
	}
	lk_str items[MAX_LIST];
	size_t n = 0;
	size_t start = 0;
	for (size_t i = 0; i <= value->text.len; i++) {
		bool ends = i == value->text.len || value->text.ptr[i] == ',' ||
			lk_is_space(value->text.ptr[i]);
		if (ends && i > start) {
			if (n == MAX_LIST) {
				return matchspec_fail(p, value->at, "more than %d items", MAX_LIST);
			}
			items[n++] = lk_str_slice(value->text, start, i);
		}
		start = ends ? i + 1 : start;
	}
	if (n == 0) {
		return matchspec_fail(p, value->at, "a value is empty");
	}
	lk_str *copy = lk_arena_calloc(p->arena, n, sizeof(*copy));
	memcpy(copy, items, n * sizeof(*copy));
	p->spec->track_features = (struct lk_str_list){copy, n};
	return 0;
}

static bool is_lower_alnum(char c)
{
	return lk_is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_extra(lk_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_lower_alnum(s.ptr[i]) && !lk_is_one_of(s.ptr[i], "_.+-")) {
			return false;
		}
	}
	return s.len > 0 && s.len <= EXTRA_MAX_LEN;
}

/* WORD or WORD:WORD of [a-z0-9_*]. */
static bool is_flag(lk_str s)
{
	size_t colon = lk_str_find_char(s, ':');
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (i != colon && !is_lower_alnum(c) && c != '_' && c != '*') {
			return false;
		}
	}
	return s.len > 0 && colon != 0 && colon != s.len - 1;
}

static int check_items(struct matchspec_parser *p, const struct value *value,
	bool (*is_good)(lk_str), const char *what, struct lk_str_list *ret)
{
	struct lk_str_list list = as_list(p, value);
	for (size_t i = 0; i < list.n; i++) {
		if (!is_good(list.items[i])) {
			return matchspec_fail(p, value->at, "'" LK_STR_FMT "' is not %s",
				LK_STR_ARG(list.items[i]), what);
		}
	}
	*ret = list;
	return 0;
}

static int set_extras(struct matchspec_parser *p, const struct value *value)
{
	return check_items(p, value, is_extra, "the name of an extra", &p->spec->extras);
}

static int set_flags(struct matchspec_parser *p, const struct value *value)
{
	return check_items(p, value, is_flag, "a flag", &p->spec->flags);
}

static int set_when(struct matchspec_parser *p, const struct value *value)
{
	if (p->in_when) {
		return matchspec_fail(p, value->at, "'when' within 'when'");
	}
	/* CEP 43 wants quotes; the example of CEP 48 has none, so a channel's need not. */
	if (!value->quoted && p->origin == LK_SPEC_USER) {
		return matchspec_fail(p, value->at, "the value of 'when' must be quoted");
	}
	p->spec->when_text = lk_str_trim(value->text);
	return matchspec_parse_when(p, value->text, value->at, &p->spec->when);
}

/* Sorted by name; aliases share a bit, so that both cannot be given. Bits of keys that can also be
 * positional are those of enum matchspec_key. */
static const struct key {
	const char *name;
	int (*set)(struct matchspec_parser *p, const struct value *value);
	unsigned bit;
	bool takes_list;
} keys[] = {
	{"build", set_build, MATCHSPEC_KEY_BUILD, false},
	{"build_number", set_build_number, 1 << 8, false},
	{"build_string", set_build, MATCHSPEC_KEY_BUILD, false},
	{"channel", set_channel, MATCHSPEC_KEY_CHANNEL, false},
	{"extras", set_extras, 1 << 9, true},
	{"features", set_nothing, 1 << 10, true},
	{"flags", set_flags, 1 << 11, true},
	{"fn", set_fn, 1 << 12, false},
	{"license", set_license, 1 << 13, false},
	{"license_family", set_license_family, 1 << 14, false},
	{"md5", set_md5, MATCHSPEC_KEY_MD5, false},
	{"name", set_name, 1 << 15, false},
	{"namespace", set_nothing, 1 << 16, false},
	{"optional", set_nothing, 1 << 17, false},
	{"sha256", set_sha256, MATCHSPEC_KEY_SHA256, false},
	{"subdir", set_subdir, MATCHSPEC_KEY_SUBDIR, false},
	{"target", set_nothing, 1 << 18, false},
	{"track_features", set_track_features, 1 << 19, true},
	{"url", set_url, MATCHSPEC_KEY_URL, false},
	{"version", set_version, MATCHSPEC_KEY_VERSION, false},
	{"when", set_when, 1 << 20, false},
};

static const struct key *find_key(lk_str name)
{
	for (size_t i = 0; i < LK_COUNTOF(keys); i++) {
		if (lk_str_is(name, keys[i].name)) {
			return &keys[i];
		}
	}
	return NULL;
}

static lk_str read_word(struct reader *r)
{
	const char *start = r->at;
	while (r->at < r->end && (lk_is_alnum(*r->at) || *r->at == '_')) {
		r->at++;
	}
	return lk_str_n(start, (size_t)(r->at - start));
}

/* Refuses a second value for KEY, which was read as NAME, and a user's against a positional one. */
static int check_once(struct reader *r, const struct key *key, lk_str name, unsigned *given)
{
	struct matchspec_parser *p = r->p;
	if (*given & key->bit) {
		return matchspec_fail(
			p, name.ptr, "'" LK_STR_FMT "' is given twice", LK_STR_ARG(name));
	}
	*given |= key->bit;
	if (!(p->positional & key->bit)) {
		return 0;
	}
	if (p->origin == LK_SPEC_USER) {
		return matchspec_fail(p, name.ptr,
			"'" LK_STR_FMT "' is also given before the brackets", LK_STR_ARG(name));
	}
	p->spec->warning = "a value in brackets overrides the one before them";
	return 0;
}

static int read_pair(struct reader *r, unsigned *given)
{
	lk_str name = read_word(r);
	const struct key *key = find_key(name);
	if (!key) {
		return name.len == 0 ? matchspec_fail(r->p, name.ptr, "a key is missing")
				     : matchspec_fail(r->p, name.ptr,
					       "no such key '" LK_STR_FMT "'", LK_STR_ARG(name));
	}
	if (r->at >= r->end || *r->at != '=') {
		int rc = matchspec_fail(r->p, r->at, "'=' is missing after '%s'", key->name);
		lk_error_hint(r->p->err, "write %s='…'", key->name);
		return rc;
	}
	r->at++;
	struct value value = {0};
	int rc = check_once(r, key, name, given);
	rc = rc < 0 ? rc : read_value(r, &value);
	if (rc < 0) {
		return rc;
	}
	if (value.is_list && !key->takes_list) {
		return matchspec_fail(r->p, value.at, "'%s' takes no list", key->name);
	}
	if (r->at < r->end && *r->at != ',' && !lk_is_space(*r->at)) {
		return matchspec_fail(r->p, r->at, "unexpected text after a value");
	}
	return key->set(r->p, &value);
}

int matchspec_parse_keys(struct matchspec_parser *p, lk_str inside)
{
	struct reader r = {.p = p, .at = inside.ptr, .end = inside.ptr + inside.len};
	unsigned given = 0;
	for (;;) {
		skip_spaces(&r);
		int rc = read_pair(&r, &given);
		if (rc < 0) {
			return rc;
		}
		skip_spaces(&r);
		if (r.at == r.end) {
			return 0;
		}
		r.at += *r.at == ','; /* conda takes a space too */
	}
}

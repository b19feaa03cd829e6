/*
 * MatchSpec, the outer and the positional part: comment, brackets, URL, channel, name, version,
 * build.
 */
#include "conda/matchspec.h"

#include "conda/matchspec_priv.h"
#include "conda/spec_text_priv.h"
#include "conda/subdir.h"

#define MAX_BRACKETS 8 /* one within the other */

int matchspec_fail(struct matchspec_parser *p, const char *at, const char *fmt, ...)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) reason = LK_BUF_INIT(sizeof(p->err->message));
	va_list args;
	va_start(args, fmt);
	lk_buf_vappendf(&reason, fmt, args);
	va_end(args);
	return lk_spec_fail(p->err, p->text, (size_t)(at - p->text.ptr),
		"bad spec '" LK_STR_FMT "': %s", LK_STR_ARG(lk_str_trim(p->text)),
		lk_buf_cstr(&reason));
}

void matchspec_part_error(struct matchspec_parser *p, lk_str part, const char *at)
{
	bool slice = part.ptr >= p->text.ptr && part.ptr <= p->text.ptr + p->text.len;
	size_t pos = (size_t)((slice ? part.ptr : at) - p->text.ptr);
	if (slice) {
		lk_spec_rebase(p->err, p->text, pos);
	} else {
		lk_spec_pin(p->err, p->text, pos);
	}
}

int matchspec_set_version(struct matchspec_parser *p, lk_str text, const char *at)
{
	const struct lk_version_spec *version;
	int rc = lk_version_spec_parse(text, p->origin, p->arena, &version, p->err);
	if (rc < 0) {
		matchspec_part_error(p, text, at);
		return rc;
	}
	struct lk_matchspec *spec = p->spec;
	spec->version = lk_version_spec_is_any(version) ? NULL : version;
	spec->version_text = LK_STR("");
	if (spec->version) {
		struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(SIZE_MAX);
		lk_version_spec_canonical(version, &buf);
		spec->version_text = lk_str_dup(p->arena, lk_buf_view(&buf));
	}
	if (lk_version_spec_dropped_star(version)) {
		spec->warning = "'.*' after an order operator is ignored";
	}
	return 0;
}

int matchspec_set_build(struct matchspec_parser *p, lk_str text, const char *at)
{
	const struct lk_pattern *build;
	int rc = lk_pattern_parse(text, true, p->arena, &build, p->err);
	if (rc < 0) {
		matchspec_part_error(p, text, at);
		return rc;
	}
	bool any = lk_pattern_kind(build) == LK_PATTERN_ANY;
	p->spec->build = any ? NULL : build;
	p->spec->build_text = any ? LK_STR("") : lk_pattern_text(build);
	return 0;
}

/* "channel/subdir" if the last component is a subdir, else all of it is the channel. What is kept
 * as the channel ends in neither a slash nor a subdir, so that it reads the same when written out.
 */
void matchspec_set_channel(struct matchspec_parser *p, lk_str text)
{
	lk_str subdir = LK_STR("");
	for (;;) {
		text = lk_str_trim_end(text, '/');
		size_t slash = lk_str_rfind_char(text, '/');
		if (slash == SIZE_MAX || !lk_subdir_is_known(lk_str_skip(text, slash + 1))) {
			break;
		}
		subdir = subdir.len > 0 ? subdir : lk_str_skip(text, slash + 1);
		text = lk_str_slice(text, 0, slash);
	}
	p->spec->subdir = subdir.len > 0 ? subdir : p->spec->subdir;
	p->spec->channel = lk_str_is(text, "*") ? LK_STR("") : text;
}

static bool is_file_name(lk_str s)
{
	enum lk_archive_kind kind = lk_archive_kind_of(s, NULL);
	return kind == LK_ARCHIVE_CONDA || kind == LK_ARCHIVE_TAR_BZ2;
}

/* Whether S is the URL or path of an archive. The file's name holds no '=': "foo==1.conda" is a
 * spec.
 */
static bool is_archive(lk_str s)
{
	size_t fn = lk_str_rfind_char(s, '/') + 1; /* 0 when there is no slash */
	for (size_t i = 0; i < s.len; i++) {
		if (lk_is_space(s.ptr[i]) || (i >= fn && lk_is_one_of(s.ptr[i], ":="))) {
			return false;
		}
	}
	return is_file_name(lk_str_skip(s, fn));
}

/* The spec cut into its large pieces; views into the text. */
struct outline {
	lk_str body; /* before the brackets, trimmed */
	lk_str keys; /* between the brackets */
	bool has_keys;
	lk_str hash; /* of an archive's URL, without '#' */
};

/* Where brackets and quotes stand while the text is walked through. */
struct bracket_scan {
	size_t open[MAX_BRACKETS];
	unsigned depth;
	char quote;
	size_t last_open, last_close; /* the pair that closed last; SIZE_MAX: none */
	size_t end;                   /* of the text before a comment */
};

/* The word behind the '#' at POS if an archive's URL ends there, else a NULL view. */
static lk_str hash_after(lk_str text, size_t pos)
{
	lk_str before = lk_str_slice(text, 0, pos);
	if (pos == 0 || lk_is_space(text.ptr[pos - 1]) || !is_archive(lk_str_trim(before))) {
		return (lk_str){NULL, 0};
	}
	size_t end = pos + 1;
	while (end < text.len && !lk_is_space(text.ptr[end])) {
		end++;
	}
	return lk_str_slice(text, pos + 1, end);
}

static int scan_step(struct matchspec_parser *p, struct bracket_scan *s, size_t *i)
{
	char c = p->text.ptr[*i];
	if (s->quote != '\0') {
		*i += c == '\\';
		s->quote = c == s->quote ? '\0' : s->quote;
		return 0;
	}
	switch (c) {
	case '[':
		if (s->depth == MAX_BRACKETS) {
			return matchspec_fail(p, p->text.ptr + *i, "brackets are nested too deep");
		}
		s->open[s->depth++] = *i;
		break;
	case ']':
		if (s->depth > 0) {
			s->last_open = s->open[--s->depth];
			s->last_close = *i;
		}
		break;
	case '\'':
	case '"':
		s->quote = s->depth > 0 ? c : '\0';
		break;
	default:
		break;
	}
	return 0;
}

/* Finds the brackets at the end; a '#' starts a comment, or the hash behind an archive's URL. */
static int scan_brackets(struct matchspec_parser *p, struct bracket_scan *s, struct outline *out)
{
	for (size_t i = 0; i < s->end; i++) {
		if (p->text.ptr[i] == '#' && s->quote == '\0') {
			s->end = i;
			out->hash = hash_after(p->text, i);
			break;
		}
		int rc = scan_step(p, s, &i);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int outline(struct matchspec_parser *p, struct outline *ret)
{
	struct outline out = {0};
	struct bracket_scan s = {.last_open = SIZE_MAX, .last_close = SIZE_MAX, .end = p->text.len};
	int rc = scan_brackets(p, &s, &out);
	if (rc < 0) {
		return rc;
	}
	lk_str text = lk_str_trim(lk_str_slice(p->text, 0, s.end));
	size_t text_end = (size_t)(text.ptr - p->text.ptr) + text.len;
	out.body = text;
	if (s.depth > 0) {
		return matchspec_fail(
			p, p->text.ptr + s.open[0], "'[' is not closed, or a quote behind it");
	}
	if (s.last_close != SIZE_MAX && s.last_close + 1 == text_end) {
		out.has_keys = true;
		out.keys = lk_str_slice(p->text, s.last_open + 1, s.last_close);
		out.body = lk_str_slice(text, 0, (size_t)(out.keys.ptr - 1 - text.ptr));
		out.body = lk_str_trim(out.body);
		if (lk_str_ends(out.body, LK_STR("]"))) {
			return matchspec_fail(p, out.keys.ptr - 1, "a second '[…]'");
		}
	} else if (s.last_close != SIZE_MAX && lk_str_find_char(text, '^') == SIZE_MAX) {
		return matchspec_fail(
			p, p->text.ptr + s.last_close + 1, "unexpected text after ']'");
	}
	for (size_t i = 0; i < out.body.len; i++) { /* they would open a text in brackets only */
		if (out.body.ptr[i] == '\'' || out.body.ptr[i] == '"') {
			return matchspec_fail(p, out.body.ptr + i, "a quote outside brackets");
		}
	}
	*ret = out;
	return 0;
}

static bool is_name_end(char c)
{
	return lk_is_space(c) || c == '=' || c == '<' || c == '>' || c == '!' || c == '~';
}

static int check_name(struct matchspec_parser *p, lk_str written, lk_str name, bool glob)
{
	if (is_file_name(name)) { /* alone it would be the path of an archive */
		return matchspec_fail(p, written.ptr,
			"'" LK_STR_FMT "' is a file name, not a package name", LK_STR_ARG(written));
	}
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		if (!lk_is_alnum(c) && c != '-' && c != '_' && c != '.' && !(glob && c == '*')) {
			return matchspec_fail(p, written.ptr + i, "invalid character in the name");
		}
	}
	if (!glob && !lk_name_is_valid(name) && !lk_name_is_virtual(name)) {
		return matchspec_fail(p, written.ptr, "'" LK_STR_FMT "' is not a package name",
			LK_STR_ARG(written));
	}
	return 0;
}

/* A name that is a regular expression must read the same wherever it stands: its brackets may not
 * pair with others in the spec, and a ':' would end a channel. */
static int check_regex_name(struct matchspec_parser *p, lk_str name)
{
	size_t depth = 0;
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] == ':') {
			return matchspec_fail(p, name.ptr + i, "invalid character in the name");
		}
		depth += name.ptr[i] == '[';
		if (name.ptr[i] == ']' && depth-- == 0) {
			return matchspec_fail(p, name.ptr + i, "']' without '['");
		}
	}
	return depth > 0 ? matchspec_fail(p, name.ptr, "'[' is not closed in the name") : 0;
}

static int set_name(struct matchspec_parser *p, lk_str written)
{
	struct lk_matchspec *spec = p->spec;
	if (written.len == 0) {
		int rc = matchspec_fail(p, written.ptr, "a package name is missing");
		lk_error_hint(p->err, "write one first, as in 'python >=3.11'");
		return rc;
	}
	const struct lk_pattern *pattern;
	lk_str name = lk_str_lower(p->arena, written);
	int rc = lk_pattern_parse(name, true, p->arena, &pattern, p->err);
	if (rc < 0) {
		matchspec_part_error(p, written, written.ptr);
		return rc;
	}
	spec->name = name;
	spec->name_kind = lk_pattern_kind(pattern);
	p->positional |= MATCHSPEC_KEY_NAME;
	if (spec->name_kind == LK_PATTERN_REGEX) {
		spec->name_pattern = pattern;
		return check_regex_name(p, written);
	}
	spec->name_pattern = spec->name_kind == LK_PATTERN_GLOB ? pattern : NULL;
	return check_name(p, written, name, spec->name_kind != LK_PATTERN_EXACT);
}

/* "md5", "sha256" or "sha256:sha256" behind a URL. */
static int set_hash(struct matchspec_parser *p, lk_str hash)
{
	struct lk_matchspec *spec = p->spec;
	bool tagged = lk_str_starts(hash, LK_STR("sha256:"));
	lk_str hex = tagged ? lk_str_skip(hash, 7) : hash;
	spec->has_md5 = !tagged && lk_unhex(hex, spec->md5.bytes, LK_MD5_LEN);
	spec->has_sha256 = lk_unhex(hex, spec->sha256.bytes, LK_SHA256_LEN);
	if (!spec->has_md5 && !spec->has_sha256) {
		return matchspec_fail(p, hash.ptr, "the hash is no MD5 and no SHA-256");
	}
	p->positional |= spec->has_md5 ? MATCHSPEC_KEY_MD5 : MATCHSPEC_KEY_SHA256;
	return 0;
}

static int parse_archive(struct matchspec_parser *p, lk_str url, lk_str hash)
{
	lk_str fn = lk_str_skip(url, lk_str_rfind_char(url, '/') + 1);
	lk_str dist;
	lk_str name;
	lk_str version;
	lk_str build;
	(void)lk_archive_kind_of(fn, &dist);
	if (!lk_dist_split(dist, &name, &version, &build)) {
		return matchspec_fail(p, fn.ptr, "the file name is not name-version-build");
	}
	p->spec->url = url;
	p->positional |= MATCHSPEC_KEY_URL;
	int rc = set_name(p, name);
	if (rc < 0 || hash.ptr == NULL) {
		return rc;
	}
	return set_hash(p, hash);
}

/* Takes "channel::", "channel:namespace:" or "namespace:" off *BODY. */
static void split_channel(struct matchspec_parser *p, lk_str *body)
{
	lk_str rest = *body;
	lk_str channel = LK_STR("");
	size_t colons = SIZE_MAX;
	for (size_t i = 0; i + 1 < rest.len; i++) {
		colons = rest.ptr[i] == ':' && rest.ptr[i + 1] == ':' ? i : colons;
	}
	if (colons != SIZE_MAX) {
		channel = lk_str_slice(rest, 0, colons);
		rest = lk_str_skip(rest, colons + 2);
	} else {
		size_t head = 0;
		while (head < rest.len && !lk_is_space(rest.ptr[head])) {
			head++;
		}
		size_t last = lk_str_rfind_char(lk_str_slice(rest, 0, head), ':');
		if (last == SIZE_MAX) {
			return;
		}
		size_t first = lk_str_rfind_char(lk_str_slice(rest, 0, last), ':');
		channel = first == SIZE_MAX ? channel : lk_str_slice(rest, 0, first);
		rest = lk_str_skip(rest, last + 1);
	}
	if (channel.len > 0) {
		matchspec_set_channel(p, channel);
		p->positional |= MATCHSPEC_KEY_CHANNEL;
		p->positional |= p->spec->subdir.len > 0 ? MATCHSPEC_KEY_SUBDIR : 0;
	}
	*body = rest;
}

static lk_str name_run(lk_str s)
{
	if (s.len > 0 && s.ptr[0] == '^') {
		size_t dollar = lk_str_find_char(s, '$');
		return lk_str_slice(s, 0, dollar == SIZE_MAX ? s.len : dollar + 1);
	}
	size_t len = 0;
	while (len < s.len && !is_name_end(s.ptr[len])) {
		len++;
	}
	return lk_str_slice(s, 0, len);
}

/* A character after which a word belongs to the version. */
static bool binds_right(char c)
{
	return lk_is_one_of(c, "=!|,<>~(");
}

static lk_str trim_end(lk_str s)
{
	while (s.len > 0 && lk_is_space(s.ptr[s.len - 1])) {
		s.len--;
	}
	return s;
}

/* Cuts the build off TAIL: the last word, after a space or a '=' that is no operator's. */
static lk_str split_build(lk_str *tail)
{
	size_t start = tail->len;
	while (start > 0 && tail->ptr[start - 1] != '=' && !lk_is_space(tail->ptr[start - 1])) {
		start--;
	}
	lk_str build = lk_str_skip(*tail, start);
	lk_str before = trim_end(lk_str_slice(*tail, 0, start));
	if (lk_str_ends(before, LK_STR("="))) {
		before = trim_end(lk_str_slice(before, 0, before.len - 1));
	} else if (before.len == start) {
		return LK_STR("");
	}
	bool regex = build.len > 0 && build.ptr[0] == '^';
	for (size_t i = 0; i < build.len; i++) {
		char c = build.ptr[i];
		if (lk_is_one_of(c, ",|<>~=-") || (!regex && (c == '(' || c == ')'))) {
			return LK_STR("");
		}
	}
	if (build.len == 0 || before.len == 0 || binds_right(before.ptr[before.len - 1])) {
		return LK_STR("");
	}
	*tail = before;
	return build;
}

/* "=V" with a build is exact: the '=' goes, unless more than one clause stands there. */
static lk_str exact_with_build(lk_str version)
{
	bool single = version.len > 1 && version.ptr[0] == '=';
	for (size_t i = 1; i < version.len; i++) {
		single = single && !lk_is_one_of(version.ptr[i], "=,|");
	}
	return single ? lk_str_trim(lk_str_skip(version, 1)) : version;
}

static int refuse_if(struct matchspec_parser *p, lk_str tail)
{
	for (size_t i = 0, end = 0; i < tail.len; i = end + 1) {
		end = i;
		while (end < tail.len && !lk_is_space(tail.ptr[end])) {
			end++;
		}
		lk_str word = lk_str_slice(tail, i, end);
		if (lk_str_is(word, "if")) {
			int rc =
				matchspec_fail(p, word.ptr, "conditions by 'if' are not supported");
			lk_error_hint(p->err, "write [when=\"…\"]");
			return rc;
		}
	}
	return 0;
}

/* Version and build: what stands behind the name, as written. */
static int parse_tail(struct matchspec_parser *p, lk_str written)
{
	lk_str tail = lk_str_trim(written);
	bool attached = written.len > 0 && !lk_is_space(written.ptr[0]);
	if (tail.len == 0 || (attached && lk_str_is(tail, "="))) {
		return 0; /* "foo=" asks for nothing */
	}
	int rc = refuse_if(p, tail);
	if (rc < 0) {
		return rc;
	}
	lk_str build = split_build(&tail);
	if (build.len > 0) {
		tail = exact_with_build(tail);
		p->positional |= MATCHSPEC_KEY_BUILD;
		rc = matchspec_set_build(p, build, build.ptr);
		if (rc < 0) {
			return rc;
		}
	}
	p->positional |= MATCHSPEC_KEY_VERSION;
	return matchspec_set_version(p, tail, tail.ptr);
}

static int set_feature(struct matchspec_parser *p, lk_str feature)
{
	lk_str *item = lk_arena_calloc(p->arena, 1, sizeof(*item));
	*item = feature;
	p->spec->track_features = (struct lk_str_list){item, 1};
	p->spec->name = LK_STR("*");
	p->spec->name_kind = LK_PATTERN_ANY;
	return check_name(p, feature, feature, false);
}

static int parse_body(struct matchspec_parser *p, const struct outline *out)
{
	lk_str body = out->body;
	if (is_archive(body)) {
		return parse_archive(p, body, out->hash);
	}
	split_channel(p, &body);
	lk_str name = name_run(body);
	if (name.len > 1 && name.len == body.len && lk_str_ends(name, LK_STR("@"))) {
		return set_feature(p, lk_str_slice(name, 0, name.len - 1)); /* "x@" */
	}
	int rc = set_name(p, name);
	return rc < 0 ? rc : parse_tail(p, lk_str_skip(body, name.len));
}

static int check_text(struct matchspec_parser *p)
{
	lk_str text = lk_str_trim(p->text);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if ((c < ' ' && c != '\t') || c == 0x7f) {
			return matchspec_fail(p, text.ptr + i, "a control character");
		}
	}
	return 0;
}

int matchspec_parse_text(lk_str text, enum lk_spec_origin origin, bool in_when,
	struct lk_arena *arena, const struct lk_matchspec **ret, struct lk_error *err)
{
	if (text.len > LK_SPEC_MAX_LEN) {
		return lk_spec_fail(err, text, LK_SPEC_MAX_LEN, "a spec is longer than %d bytes",
			LK_SPEC_MAX_LEN);
	}
	struct matchspec_parser p = {
		.text = lk_str_dup(arena, text),
		.origin = origin,
		.in_when = in_when,
		.arena = arena,
		.err = err,
		.spec = lk_arena_calloc(arena, 1, sizeof(*p.spec)),
	};
	p.spec->text = p.text;
	struct outline out = {0};
	int rc = check_text(&p);
	rc = rc < 0 ? rc : outline(&p, &out);
	rc = rc < 0 ? rc : parse_body(&p, &out);
	if (rc == 0 && out.has_keys) {
		rc = matchspec_parse_keys(&p, out.keys);
	}
	if (rc == 0) {
		*ret = p.spec;
	}
	return rc;
}

int lk_matchspec_parse(lk_str text, enum lk_spec_origin origin, struct lk_arena *arena,
	const struct lk_matchspec **ret, struct lk_error *err)
{
	return matchspec_parse_text(text, origin, false, arena, ret, err);
}

/*
 * MatchSpec written out in the canonical form of CEP 29 appendix A: channel::name, then what can
 * stand before the brackets without being misread, then the rest in brackets in a fixed order.
 */
#include "conda/matchspec.h"

#include "conda/spec_text_priv.h"
#include "conda/subdir.h"

struct writer {
	struct lk_buf *out;
	bool open; /* a bracket was written */
};

static bool is_plain(char c)
{
	return lk_is_alnum(c) || lk_is_one_of(c, "_.*+-/:");
}

static bool all_plain(lk_str s)
{
	size_t i = 0;
	while (i < s.len && is_plain(s.ptr[i])) {
		i++;
	}
	return i == s.len;
}

/* In the quote that saves escapes. A backslash is escaped only where it would act as one. */
static void put_quoted(struct lk_buf *out, lk_str s)
{
	char quote = lk_str_find_char(s, '\'') == SIZE_MAX ? '\'' : '"';
	lk_buf_putc(out, quote);
	for (size_t i = 0; i < s.len; i++) {
		char next = i + 1 < s.len ? s.ptr[i + 1] : quote;
		bool acts = s.ptr[i] == '\\' && lk_is_one_of(next, "\\'\"");
		if (acts || s.ptr[i] == quote) {
			lk_buf_putc(out, '\\');
		}
		lk_buf_putc(out, s.ptr[i]);
	}
	lk_buf_putc(out, quote);
}

static void put_key(struct writer *w, const char *key)
{
	lk_buf_putc(w->out, w->open ? ',' : '[');
	lk_buf_puts(w->out, key);
	lk_buf_putc(w->out, '=');
	w->open = true;
}

static void put_pair(struct writer *w, const char *key, lk_str value)
{
	if (value.len == 0) {
		return;
	}
	put_key(w, key);
	if (all_plain(value)) {
		lk_buf_put(w->out, value);
	} else {
		put_quoted(w->out, value);
	}
}

static void put_always_quoted(struct writer *w, const char *key, lk_str value)
{
	if (value.len > 0) {
		put_key(w, key);
		put_quoted(w->out, value);
	}
}

static void put_list(struct writer *w, const char *key, struct lk_str_list list)
{
	if (list.n == 0) {
		return;
	}
	put_key(w, key);
	for (size_t i = 0; i < list.n; i++) {
		lk_buf_puts(w->out, i == 0 ? "[" : ", ");
		put_quoted(w->out, list.items[i]);
	}
	lk_buf_putc(w->out, ']');
}

static void put_features(struct writer *w, struct lk_str_list features)
{
	if (features.n == 1 && all_plain(features.items[0])) { /* else it would be cut */
		put_pair(w, "track_features", features.items[0]);
	} else {
		put_list(w, "track_features", features);
	}
}

static void put_hex(struct writer *w, const char *key, const unsigned char *bytes, size_t len)
{
	char hex[LK_HEX_MAX];
	lk_hex(bytes, len, hex);
	put_pair(w, key, lk_str_of(hex));
}

static void put_build_number(struct writer *w, const struct lk_matchspec *spec)
{
	static const char *const ops[] = {
		[LK_NUMBER_ANY] = "",
		[LK_NUMBER_EQ] = "",
		[LK_NUMBER_NE] = "!=",
		[LK_NUMBER_LT] = "<",
		[LK_NUMBER_LE] = "<=",
		[LK_NUMBER_GT] = ">",
		[LK_NUMBER_GE] = ">=",
	};
	if (spec->build_number_op != LK_NUMBER_ANY) {
		struct lk_buf LK_CLEANUP(lk_buf_done) value = LK_BUF_INIT(32);
		lk_buf_appendf(&value, "%s%llu", ops[spec->build_number_op],
			(unsigned long long)spec->build_number);
		put_pair(w, "build_number", lk_buf_view(&value));
	}
}

/* Can a channel stand before the name? */
static bool channel_leads(lk_str channel)
{
	return channel.len > 0 && all_plain(channel) &&
		lk_str_find(channel, LK_STR("::")) == SIZE_MAX;
}

/* One clause that is exact, fuzzy or "!=": it can follow the name. A '*' inside only as "!=V.*". */
static bool version_follows(lk_str version)
{
	bool single = lk_str_starts(version, LK_STR("=")) || lk_str_starts(version, LK_STR("!=")) ||
		lk_str_starts(version, LK_STR("~="));
	for (size_t i = 0; i < version.len; i++) {
		single = single && !lk_is_one_of(version.ptr[i], "<>|,(^$");
	}
	return single;
}

static bool build_follows(lk_str build)
{
	for (size_t i = 0; i < build.len; i++) {
		if (!lk_is_alnum(build.ptr[i]) && !lk_is_one_of(build.ptr[i], "_.+")) {
			return false;
		}
	}
	return build.len > 0;
}

static void put_version_and_build(struct writer *w, const struct lk_matchspec *spec)
{
	lk_str version = spec->version_text;
	lk_str build = spec->build_text;
	bool equal = lk_str_starts(version, LK_STR("="));
	bool follows = version_follows(version) && (equal || build.len == 0);
	if (follows) {
		lk_buf_put(w->out, version);
		if (lk_str_starts(version, LK_STR("==")) && build_follows(build)) {
			lk_buf_putc(w->out, '=');
			lk_buf_put(w->out, build);
			return;
		}
	} else {
		put_always_quoted(w, "version", version);
	}
	put_pair(w, "build", build);
}

void lk_matchspec_canonical(const struct lk_matchspec *spec, struct lk_buf *buf)
{
	struct writer w = {.out = buf};
	bool channel_first = channel_leads(spec->channel);
	bool subdir_first = channel_first && lk_subdir_is_known(spec->subdir);
	if (channel_first) {
		lk_buf_put(buf, spec->channel);
		if (subdir_first) {
			lk_buf_putc(buf, '/');
			lk_buf_put(buf, spec->subdir);
		}
		lk_buf_puts(buf, "::");
	}
	lk_buf_put(buf, spec->name);
	put_version_and_build(&w, spec);
	put_build_number(&w, spec);
	put_pair(&w, "channel", channel_first ? LK_STR("") : spec->channel);
	put_pair(&w, "subdir", subdir_first ? LK_STR("") : spec->subdir);
	put_pair(&w, "url", spec->url);
	put_pair(&w, "fn", spec->fn);
	if (spec->has_md5) {
		put_hex(&w, "md5", spec->md5.bytes, LK_MD5_LEN);
	}
	if (spec->has_sha256) {
		put_hex(&w, "sha256", spec->sha256.bytes, LK_SHA256_LEN);
	}
	put_pair(&w, "license", spec->license_text);
	put_pair(&w, "license_family", spec->license_family_text);
	put_features(&w, spec->track_features);
	put_list(&w, "extras", spec->extras);
	put_list(&w, "flags", spec->flags);
	put_always_quoted(&w, "when", spec->when_text);
	lk_buf_puts(buf, w.open ? "]" : "");
}

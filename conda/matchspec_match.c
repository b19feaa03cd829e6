/*
 * MatchSpec against a record, and against a channel.
 */
#include "conda/matchspec.h"

static bool name_matches(const struct lk_matchspec *spec, lk_str name)
{
	switch (spec->name_kind) {
	case LK_PATTERN_EXACT:
		return lk_str_eq(spec->name, name);
	case LK_PATTERN_ANY:
		return true;
	default:
		return lk_pattern_matches(spec->name_pattern, name);
	}
}

bool lk_matchspec_matches_nvb(const struct lk_matchspec *spec, lk_str name,
	const struct lk_version *version, lk_str build)
{
	return name_matches(spec, name) && lk_version_spec_matches(spec->version, version) &&
		lk_pattern_matches(spec->build, build);
}

bool lk_matchspec_matches_virtual(const struct lk_matchspec *spec, const struct lk_virtual *virtual)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_version *version;

	return virtual && lk_version_parse(virtual->version, &arena, &version, &ignored) == 0 &&
		lk_matchspec_matches_nvb(spec, virtual->name, version, virtual->build);
}

static bool number_matches(enum lk_number_op op, uint64_t wanted, uint64_t number)
{
	switch (op) {
	case LK_NUMBER_ANY:
		return true;
	case LK_NUMBER_EQ:
		return number == wanted;
	case LK_NUMBER_NE:
		return number != wanted;
	case LK_NUMBER_LT:
		return number < wanted;
	case LK_NUMBER_LE:
		return number <= wanted;
	case LK_NUMBER_GT:
		return number > wanted;
	case LK_NUMBER_GE:
		return number >= wanted;
	}
	return false;
}

/* An empty PATTERN asks for nothing. */
static bool text_matches(lk_str pattern, lk_str text)
{
	return pattern.len == 0 || lk_str_glob(pattern, text, false);
}

static bool same_text(lk_str wanted, lk_str text)
{
	return wanted.len == 0 || lk_str_eq(wanted, text);
}

static bool hashes_match(const struct lk_matchspec *spec, const struct lk_record *record)
{
	if (spec->has_md5 &&
		!(record->has_md5 && memcmp(spec->md5.bytes, record->md5.bytes, LK_MD5_LEN) == 0)) {
		return false;
	}
	return !spec->has_sha256 ||
		(record->has_sha256 && lk_sha256_eq(&spec->sha256, &record->sha256));
}

/* Does every entry of WANTED, a glob, match some entry of HAVE? */
static bool all_among(struct lk_str_list wanted, struct lk_str_list have)
{
	for (size_t i = 0; i < wanted.n; i++) {
		size_t j = 0;
		while (j < have.n && !lk_str_glob(wanted.items[i], have.items[j], false)) {
			j++;
		}
		if (j == have.n) {
			return false;
		}
	}
	return true;
}

bool lk_matchspec_asks_beyond(const struct lk_matchspec *spec)
{
	return spec->build || spec->build_number_op != LK_NUMBER_ANY || spec->subdir.len > 0 ||
		spec->url.len > 0 || spec->fn.len > 0 || spec->has_md5 || spec->has_sha256 ||
		spec->license || spec->license_family || spec->track_features.n > 0 ||
		spec->flags.n > 0;
}

bool lk_matchspec_matches_beyond(const struct lk_matchspec *spec, const struct lk_record *record)
{
	return lk_pattern_matches(spec->build, record->build) &&
		number_matches(spec->build_number_op, spec->build_number, record->build_number) &&
		text_matches(spec->subdir, record->subdir) && same_text(spec->url, record->url) &&
		same_text(spec->fn, record->fn) && hashes_match(spec, record) &&
		lk_pattern_matches(spec->license, record->license) &&
		lk_pattern_matches(spec->license_family, record->license_family) &&
		all_among(spec->track_features, record->track_features) &&
		all_among(spec->flags, record->flags);
}

bool lk_matchspec_matches(const struct lk_matchspec *spec, const struct lk_record *record,
	const struct lk_version *version)
{
	return name_matches(spec, record->name) &&
		lk_version_spec_matches(spec->version, version) &&
		lk_matchspec_matches_beyond(spec, record);
}

/* What is left of S behind PREFIX and a slash; a NULL view when S does not begin so. */
static lk_str below(lk_str s, lk_str prefix)
{
	prefix = lk_str_trim_end(prefix, '/');
	bool is_below = lk_str_starts(s, prefix) && s.len > prefix.len && s.ptr[prefix.len] == '/';
	return is_below ? lk_str_skip(s, prefix.len + 1) : (lk_str){NULL, 0};
}

bool lk_matchspec_channel_matches(
	const struct lk_matchspec *spec, lk_str channel_name, lk_str channel_url, lk_str alias)
{
	lk_str wanted = lk_str_trim_end(spec->channel, '/');
	lk_str url = lk_str_trim_end(channel_url, '/');
	if (wanted.len == 0) {
		return true;
	}
	if (lk_str_find(wanted, LK_STR("://")) != SIZE_MAX) {
		return lk_str_glob(wanted, url, false);
	}
	if (wanted.ptr[0] == '/') {
		lk_str path =
			lk_str_starts(url, LK_STR("file://")) ? lk_str_skip(url, 7) : LK_STR("");
		return lk_str_glob(wanted, path, false);
	}
	lk_str short_name = below(url, alias);
	return lk_str_glob(wanted, lk_str_trim_end(channel_name, '/'), false) ||
		(short_name.ptr && lk_str_glob(wanted, short_name, false));
}

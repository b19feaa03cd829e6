/*
 * Lines of versions to compare and of specs to match.
 */
#include "conda/debug_batch.h"

#include "conda/matchspec.h"
#include "conda/spec_text_priv.h"

static int split_line(
	lk_str line, const char *form, lk_str *ret_left, lk_str *ret_right, struct lk_error *err)
{
	size_t tab = lk_str_find_char(line, '\t');
	if (tab == SIZE_MAX) {
		return lk_spec_fail(err, line, line.len, "a tab is missing: a line is %s", form);
	}
	lk_str right = lk_str_skip(line, tab + 1);
	size_t second = lk_str_find_char(right, '\t');
	if (second != SIZE_MAX) {
		return lk_spec_fail(
			err, line, tab + 1 + second, "a second tab: a line is %s", form);
	}
	*ret_left = lk_str_slice(line, 0, tab);
	*ret_right = right;
	return 0;
}

static int parse_version(lk_str line, lk_str text, struct lk_arena *arena,
	const struct lk_version **ret, struct lk_error *err)
{
	int rc = lk_version_parse(text, arena, ret, err);
	if (rc < 0) {
		lk_spec_rebase(err, line, (size_t)(text.ptr - line.ptr));
	}
	return rc;
}

int lk_debug_compare_line(lk_str line, char *ret_order, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	lk_str left = LK_STR("");
	lk_str right = LK_STR("");
	const struct lk_version *a = NULL;
	const struct lk_version *b = NULL;
	int rc = split_line(line, "VERSION TAB VERSION", &left, &right, err);
	rc = rc < 0 ? rc : parse_version(line, left, &arena, &a, err);
	rc = rc < 0 ? rc : parse_version(line, right, &arena, &b, err);
	if (rc < 0) {
		return rc;
	}
	int order = lk_version_cmp(a, b);
	*ret_order = order < 0 ? '<' : (order > 0 ? '>' : '=');
	return 0;
}

int lk_debug_match_line(lk_str line, bool *ret_matches, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	lk_str left = LK_STR("");
	lk_str right = LK_STR("");
	int rc = split_line(line, "SPEC TAB NAME-VERSION-BUILD", &left, &right, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_matchspec *spec;
	rc = lk_matchspec_parse(left, LK_SPEC_REPODATA, &arena, &spec, err);
	if (rc < 0) {
		lk_spec_rebase(err, line, 0);
		return rc;
	}
	lk_str name;
	lk_str version_text;
	lk_str build;
	if (!lk_dist_split(lk_str_trim(right), &name, &version_text, &build)) {
		return lk_spec_fail(err, line, (size_t)(right.ptr - line.ptr),
			"'" LK_STR_FMT "' is not name-version-build", LK_STR_ARG(right));
	}
	const struct lk_version *version;
	rc = parse_version(line, version_text, &arena, &version, err);
	if (rc < 0) {
		return rc;
	}
	*ret_matches = lk_matchspec_matches_nvb(spec, name, version, build);
	return 0;
}

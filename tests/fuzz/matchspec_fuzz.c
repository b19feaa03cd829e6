/*
 * MatchSpecs from hostile text: the canonical form is a fixed point and matches the same packages.
 */
#include <stdlib.h>

#include "conda/matchspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static bool always(void *ctx, const struct lk_matchspec *leaf)
{
	(void)ctx;
	return leaf->name.len > 0;
}

static const struct lk_record samples[] = {
	{.name = {"foo", 3},
		.version = {"1.0", 3},
		.build = {"py27_0", 6},
		.subdir = {"noarch", 6}},
	{.name = {"a", 1}, .version = {"1.7.1", 5}, .build = {"0", 1}, .license = {"MIT", 3}},
	{.name = {"__cuda", 6}, .version = {"12.4", 4}, .build = {"0", 1}},
};

static void compare_matches(const struct lk_matchspec *spec, const struct lk_matchspec *again)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err;
	lk_str alias = LK_STR("https://a");
	for (size_t i = 0; i < LK_COUNTOF(samples); i++) {
		const struct lk_version *version;
		require(lk_version_parse(samples[i].version, &arena, &version, &err) == 0);
		require(lk_matchspec_matches(spec, &samples[i], version) ==
			lk_matchspec_matches(again, &samples[i], version));
	}
	require(lk_matchspec_channel_matches(spec, LK_STR("c"), LK_STR("https://a/c"), alias) ==
		lk_matchspec_channel_matches(again, LK_STR("c"), LK_STR("https://a/c"), alias));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err;
	lk_str text = lk_str_n((const char *)data, size);
	const struct lk_matchspec *spec;
	const struct lk_matchspec *again;
	if (lk_matchspec_parse(text, LK_SPEC_USER, &arena, &spec, &err) < 0) {
		require(err.column >= 1 && err.column <= text.len + 1);
	}
	if (lk_matchspec_parse(text, LK_SPEC_REPODATA, &arena, &spec, &err) < 0) {
		return 0;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) once = LK_BUF_INIT(SIZE_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) twice = LK_BUF_INIT(SIZE_MAX);
	lk_matchspec_canonical(spec, &once);
	if (once.len > LK_SPEC_MAX_LEN) {
		return 0;
	}
	require(lk_matchspec_parse(lk_buf_view(&once), LK_SPEC_REPODATA, &arena, &again, &err) ==
		0);
	lk_matchspec_canonical(again, &twice);
	require(lk_str_eq(lk_buf_view(&once), lk_buf_view(&twice)));
	compare_matches(spec, again);
	if (spec->when) {
		require(lk_condition_eval(spec->when, always, NULL));
	}
	return 0;
}

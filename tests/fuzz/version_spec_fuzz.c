/*
 * Version specs from hostile text: the canonical form is a fixed point and matches the same
 * versions.
 */
#include <stdlib.h>

#include "conda/version_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static const char *const samples[] = {
	"0", "1", "1.0", "1.7.1", "1.7rc1", "2.0.post1", "1!2.3", "1.7+a.1", "2023.1.0", "1.0.1_"};

/* The spec is all but the last line, which is one more version to match. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err;
	lk_str all = lk_str_n((const char *)data, size);
	size_t newline = lk_str_rfind_char(all, '\n');
	lk_str text = lk_str_slice(all, 0, newline);
	const struct lk_version_spec *spec;
	const struct lk_version_spec *again;
	if (lk_version_spec_parse(text, LK_SPEC_REPODATA, &arena, &spec, &err) < 0) {
		require(err.column >= 1 && err.column <= text.len + 1);
		return 0;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) once = LK_BUF_INIT(SIZE_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) twice = LK_BUF_INIT(SIZE_MAX);
	lk_version_spec_canonical(spec, &once);
	require(lk_version_spec_parse(lk_buf_view(&once), LK_SPEC_REPODATA, &arena, &again, &err) ==
		0);
	lk_version_spec_canonical(again, &twice);
	require(lk_str_eq(lk_buf_view(&once), lk_buf_view(&twice)));
	const struct lk_version *version;
	for (size_t i = 0; i < LK_COUNTOF(samples); i++) {
		require(lk_version_parse(lk_str_of(samples[i]), &arena, &version, &err) == 0);
		require(lk_version_spec_matches(spec, version) ==
			lk_version_spec_matches(again, version));
	}
	lk_str last = newline == SIZE_MAX ? LK_STR("") : lk_str_skip(all, newline + 1);
	if (lk_version_parse(last, &arena, &version, &err) == 0) {
		require(lk_version_spec_matches(spec, version) ==
			lk_version_spec_matches(again, version));
	}
	return 0;
}

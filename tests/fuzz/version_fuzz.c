/*
 * Versions from hostile text: pairs of lines parse or fail cleanly, and their order is an order.
 */
#include <stdlib.h>

#include "conda/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* The first line against the second and the third. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err;
	lk_str rest = lk_str_n((const char *)data, size);
	const struct lk_version *v[3];
	lk_str line;
	for (int i = 0; i < 3; i++) {
		if (!lk_str_split(&rest, '\n', &line)) {
			return 0;
		}
		if (lk_version_parse(line, &arena, &v[i], &err) < 0) {
			require(err.column >= 1 && err.column <= line.len + 1);
			return 0;
		}
		require(lk_version_cmp(v[i], v[i]) == 0 && lk_version_starts_with(v[i], v[i]));
	}
	int ab = sign(lk_version_cmp(v[0], v[1]));
	int bc = sign(lk_version_cmp(v[1], v[2]));
	int ac = sign(lk_version_cmp(v[0], v[2]));
	require(sign(lk_version_cmp(v[1], v[0])) == -ab);
	require(lk_version_eq(v[0], v[1]) == (ab == 0));
	require(ab * bc < 0 || ac == sign(ab + bc));
	if (ab == 0) {
		require(lk_version_starts_with(v[0], v[2]) == lk_version_starts_with(v[1], v[2]));
	}
	return 0;
}

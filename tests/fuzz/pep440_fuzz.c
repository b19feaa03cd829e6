/*
 * Python's versions and specifiers from hostile text: the first line is a version, the second too,
 * the third a set of specifiers. All are read or refused with a column inside; the order is an
 * order, normal forms are read back as the same, and what a set takes, its clauses take.
 */
#include <stdlib.h>

#include "wheel/specifier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition) {
		abort();
	}
}

static bool read_version(lk_str *rest, struct lk_arena *arena, struct lk_pep440 *ret)
{
	struct lk_error err;
	lk_str line;
	if (!lk_str_split(rest, '\n', &line)) {
		return false;
	}
	if (lk_pep440_parse(line, arena, ret, &err) < 0) {
		require(err.column <= line.len + 1);
		return false;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(8 * LK_PEP440_MAX_LEN);
	lk_pep440_put(ret, &out);
	require(!out.overflow);
	struct lk_pep440 again;
	if (out.len <= LK_PEP440_MAX_LEN) {
		require(lk_pep440_parse(lk_buf_view(&out), arena, &again, &err) == 0);
		require(lk_pep440_cmp(ret, &again) == 0);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err;
	lk_str rest = lk_str_n((const char *)data, size);
	struct lk_pep440 a;
	struct lk_pep440 b;
	if (!read_version(&rest, &arena, &a) || !read_version(&rest, &arena, &b)) {
		return 0;
	}
	int ab = lk_pep440_cmp(&a, &b);
	int ba = lk_pep440_cmp(&b, &a);
	require((ab > 0) == (ba < 0) && (ab == 0) == (ba == 0));
	struct lk_specifiers set;
	if (!rest.ptr || lk_specifiers_parse(rest, &arena, &set, &err) < 0) {
		return 0;
	}
	bool all = true;
	for (size_t i = 0; i < set.n; i++) {
		all = all && lk_specifier_matches(&set.items[i], &a);
	}
	require(all == lk_specifiers_match(&set, &a));
	return 0;
}

/*
 * Three locks, one after the other with lines "%" between them, merged: the result holds together
 * and reads back to its own bytes, or is refused; what only one side changed is as that side has
 * it; either side may be ours.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lock/lock_merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void put(const struct lk_lock *lock, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	lk_buf_init(out, LK_LOCK_MAX_BYTES);
	must(lk_lock_write(lock, out, &err) == 0);
}

static bool is_consistent(const struct lk_lock *lock)
{
	struct lk_error err = LK_ERROR_INIT;
	for (size_t i = 0; i < lock->n_platforms; i++) {
		if (lk_lock_check_consistent(&lock->platforms[i], NULL, &err) < 0) {
			return false;
		}
	}
	return true;
}

/* What was merged is canonical and good, with a side chosen at least canonical. */
static bool merge(const struct lk_lock *base, const struct lk_lock *ours,
	const struct lk_lock *theirs, enum lk_merge_side prefer, struct lk_buf *ret)
{
	struct lk_lock_merge merged;
	struct lk_lock again;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	lk_lock_merge_make(base, ours, theirs, prefer, &merged);
	for (size_t i = 0; i < merged.n_collisions; i++) {
		lk_merge_collision_text(&merged.collisions[i], &text);
	}
	bool clean = lk_lock_merge_is_clean(&merged);
	if (clean || prefer != LK_MERGE_NEITHER) {
		put(&merged.lock, ret);
		must(lk_lock_parse(lk_buf_view(ret), "merged", NULL, &again, &err) == 0);
		lk_buf_clear(&text);
		must(lk_lock_write(&again, &text, &err) == 0);
		must(lk_str_eq(lk_buf_view(ret), lk_buf_view(&text)));
		must(!clean || is_consistent(&again));
		lk_lock_done(&again);
	}
	lk_buf_done(&text);
	lk_lock_merge_done(&merged);
	return clean;
}

static bool is_clean(
	const struct lk_lock *base, const struct lk_lock *ours, const struct lk_lock *theirs)
{
	struct lk_buf bytes = LK_BUF_INIT(0);
	bool clean = merge(base, ours, theirs, LK_MERGE_NEITHER, &bytes);
	lk_buf_done(&bytes);
	return clean;
}

/* The merge is WANTED's bytes, or WANTED does not hold together. */
static void must_be(const struct lk_lock *base, const struct lk_lock *ours,
	const struct lk_lock *theirs, const struct lk_lock *wanted)
{
	struct lk_buf bytes = LK_BUF_INIT(0);
	struct lk_buf expected;
	bool clean = merge(base, ours, theirs, LK_MERGE_NEITHER, &bytes);
	must(clean == is_consistent(wanted));
	if (clean) {
		put(wanted, &expected);
		must(lk_str_eq(lk_buf_view(&bytes), lk_buf_view(&expected)));
		lk_buf_done(&expected);
	}
	lk_buf_done(&bytes);
}

static void judge(const struct lk_lock *b, const struct lk_lock *x, const struct lk_lock *y)
{
	must_be(b, x, b, x);
	must_be(b, b, x, x);
	must_be(b, x, x, x);
	must_be(NULL, y, y, y);
	must(is_clean(b, x, y) == is_clean(b, y, x));
	(void)is_clean(NULL, x, y);
	for (enum lk_merge_side side = LK_MERGE_OURS; side <= LK_MERGE_THEIRS; side++) {
		struct lk_buf bytes = LK_BUF_INIT(0);
		(void)merge(b, x, y, side, &bytes);
		lk_buf_done(&bytes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_lock locks[3];
	struct lk_error err = LK_ERROR_INIT;
	lk_str rest = lk_str_n((const char *)data, size);
	size_t n = 0;
	while (n < 3) {
		size_t end = lk_str_find(rest, LK_STR("\n%\n"));
		lk_str text = lk_str_slice(rest, 0, end);
		if (lk_lock_parse(text, "fuzz", NULL, &locks[n], &err) < 0) {
			break;
		}
		n++;
		rest = end == SIZE_MAX ? rest : lk_str_skip(rest, end + 3);
	}
	if (n == 3) {
		judge(&locks[0], &locks[1], &locks[2]);
	}
	for (size_t i = 0; i < n; i++) {
		lk_lock_done(&locks[i]);
	}
	return 0;
}

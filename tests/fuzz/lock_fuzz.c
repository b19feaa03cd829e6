/*
 * Any bytes as a lock: what parses can be written, and reads back to the same bytes. Comparing it
 * with itself finds nothing; the checks survive it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lock/check.h"
#include "lock/lock_diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void compare(const struct lk_lock *a, const struct lk_lock *b)
{
	struct lk_lock_diff diff;
	lk_lock_diff_make(a, b, NULL, &diff);
	must(lk_lock_diff_is_empty(&diff));
	lk_lock_diff_done(&diff);
}

static void check(const struct lk_lock *lock)
{
	struct lk_error err = LK_ERROR_INIT;
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *platform = &lock->platforms[i];
		int consistent = lk_lock_check_consistent(platform, NULL, &err);
		int host = lk_lock_check_host(platform, &platform->solved_with, &err);
		must(consistent <= 0 && host <= 0);
	}
}

/* TEXT is what the writer made of it. */
static void find(const struct lk_lock *lock, lk_str text)
{
	struct lk_findings findings = {0};
	lk_check_form(lock, text, &findings);
	must(findings.list.len == 0);
	lk_check_consistent(lock, LK_STR(""), &findings);
	lk_check_transport(lock, LK_STR(""), &findings);
	for (size_t i = 0; i < findings.list.len; i++) {
		must(findings.list.items[i].message.len > 0);
	}
	lk_findings_done(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_lock lock;
	struct lk_error err = LK_ERROR_INIT;
	if (lk_lock_parse(lk_str_n((const char *)data, size), "fuzz", NULL, &lock, &err) < 0) {
		return 0;
	}
	struct lk_buf first = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_buf second = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_lock again;
	must(lk_lock_write(&lock, &first, &err) == 0);
	must(lk_lock_parse(lk_buf_view(&first), "again", NULL, &again, &err) == 0);
	must(lk_lock_write(&again, &second, &err) == 0);
	must(lk_str_eq(lk_buf_view(&first), lk_buf_view(&second)));
	compare(&lock, &again);
	check(&lock);
	find(&again, lk_buf_view(&first));
	lk_lock_done(&lock);
	lk_lock_done(&again);
	lk_buf_done(&first);
	lk_buf_done(&second);
	return 0;
}

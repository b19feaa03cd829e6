/*
 * Any bytes as a lock: in the quick way and in libyaml's the same is read or refused; what parses
 * can be written, and reads back to the same bytes. Comparing it with itself finds nothing; the
 * checks survive it; on the pages of a diff it stays in its place.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lock/check.h"
#include "tests/support/page_check.h"

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

/* All that is in the lock as if it were new. */
static void show(const struct lk_lock *lock)
{
	struct lk_lock nothing;
	struct lk_lock_diff diff;
	struct lk_diff_options all = {.whole_platforms = true};
	struct lk_diff_page_options names = {.old_name = LK_STR("a"), .new_name = LK_STR("b")};
	struct lk_buf markdown = LK_BUF_INIT(LK_DIFF_COMMENT_MAX);
	struct lk_buf html = LK_BUF_INIT(LK_LOCK_MAX_BYTES * 4);
	lk_lock_init(&nothing, NULL, 0, LK_STR("strict"));
	lk_lock_diff_make(&nothing, lock, &all, &diff);
	lk_lock_diff_markdown(&diff, &names, &markdown);
	lk_lock_diff_html(&diff, &names, &html);
	must(!markdown.overflow && !html.overflow);
	must(page_markdown_fault(lk_buf_view(&markdown)).text[0] == '\0');
	must(page_html_fault(lk_buf_view(&html)).text[0] == '\0');
	lk_buf_done(&markdown);
	lk_buf_done(&html);
	lk_lock_diff_done(&diff);
	lk_lock_done(&nothing);
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

/* With a byte order mark before it libyaml reads the text: the same verdict, the same lock. */
static void read_slowly(lk_str text, int rc, const struct lk_lock *lock, const struct lk_error *err)
{
	struct lk_error other = LK_ERROR_INIT;
	struct lk_buf marked = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_lock slow;
	if (lk_str_starts(text, LK_STR("\xef\xbb\xbf"))) {
		return;
	}
	lk_buf_puts(&marked, "\xef\xbb\xbf");
	lk_buf_put(&marked, text);
	must(lk_lock_parse(lk_buf_view(&marked), "fuzz", NULL, &slow, &other) == rc);
	if (rc == 0) {
		compare(lock, &slow);
		lk_lock_done(&slow);
	} else {
		must(strcmp(err->message, other.message) == 0 && err->line == other.line);
	}
	lk_buf_done(&marked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_lock lock;
	struct lk_error err = LK_ERROR_INIT;
	lk_str text = lk_str_n((const char *)data, size);
	int rc = lk_lock_parse(text, "fuzz", NULL, &lock, &err);
	read_slowly(text, rc, &lock, &err);
	if (rc < 0) {
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
	show(&lock);
	check(&lock);
	find(&again, lk_buf_view(&first));
	lk_lock_done(&lock);
	lk_lock_done(&again);
	lk_buf_done(&first);
	lk_buf_done(&second);
	return 0;
}

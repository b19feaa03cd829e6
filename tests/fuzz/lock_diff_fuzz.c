/*
 * Two locks, a line "=====" between them: their diff is of use whatever stands in them. The text
 * keeps to its columns and has no control character, the JSON is JSON, the way back changes as
 * many packages, and a diff without reasons finds the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lock/lock_diff_group.h"
#include "lock/lock_diff_policy.h"

#define OUT_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

static enum lk_scripts some_scripts(void *ctx, const struct lk_record *record)
{
	(void)ctx;
	return (enum lk_scripts)(record->sha256.bytes[0] % 3);
}

/* East Asian wide characters would need their width here: they are counted as one, so the limit is
 * checked for lines without them only. */
static void check_line(lk_str line)
{
	size_t columns = 0;
	bool wide = false;
	while (line.len > 0) {
		uint32_t c = 0;
		size_t len = lk_utf8_decode(line, &c);
		must(len > 0 && c >= 0x20 && c != 0x7f);
		wide = wide || c >= 0x1100;
		columns++;
		line = lk_str_skip(line, len);
	}
	must(wide || columns <= 80);
}

static void check_text(const struct lk_lock_diff *diff, bool stat)
{
	struct lk_buf out = LK_BUF_INIT(OUT_MAX);
	struct lk_diff_text_options options = {.stat = stat};
	lk_lock_diff_text(diff, &options, &out);
	must(out.len > 0);
	lk_str rest = lk_buf_view(&out);
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		check_line(line);
	}
	lk_buf_done(&out);
}

static void check_json(const struct lk_lock_diff *diff)
{
	struct lk_buf out = LK_BUF_INIT(OUT_MAX);
	struct lk_error err = LK_ERROR_INIT;
	struct lk_json_doc *doc;
	struct lk_jw w;
	lk_jw_init(&w, &out, true);
	lk_lock_diff_json(diff, &w);
	must(lk_json_parse(lk_buf_view(&out), "diff", 16, &doc, &err) == 0);
	must(lk_json_bool(lk_json_get(lk_json_root(doc), "same"), true) ==
		lk_lock_diff_is_empty(diff));
	lk_json_doc_free(doc);
	lk_buf_done(&out);
}

static size_t count_changes(const struct lk_lock_diff *diff)
{
	size_t n = 0;
	for (size_t i = 0; i < diff->n_platforms; i++) {
		n += diff->platforms[i].n_changes;
	}
	return n;
}

static void check_groups(const struct lk_lock_diff *diff)
{
	struct lk_diff_groups groups;
	size_t n = 0;
	lk_diff_groups_make(diff, &groups);
	for (size_t i = 0; i < groups.n_packages; i++) {
		n += groups.sets[groups.packages[i].set].n;
	}
	must(n == count_changes(diff));
	lk_diff_groups_done(&groups);
}

static void check_verdict(const struct lk_lock_diff *diff)
{
	struct lk_policy policy = {0};
	struct lk_diff_verdict verdict;
	lk_diff_verdict_make(&policy, diff, &verdict);
	must(verdict.n == 0 || !lk_lock_diff_is_empty(diff));
	must(verdict.n >= count_changes(diff));
	struct lk_buf out = LK_BUF_INIT(OUT_MAX);
	lk_diff_verdict_text(&verdict, false, &out);
	lk_buf_done(&out);
	lk_diff_verdict_done(&verdict);
}

static void compare(const struct lk_lock *a, const struct lk_lock *b)
{
	struct lk_diff_options options = {.scripts = some_scripts, .whole_platforms = true};
	struct lk_lock_diff diff;
	struct lk_lock_diff other;
	lk_lock_diff_make(a, b, &options, &diff);
	check_text(&diff, false);
	check_text(&diff, true);
	check_json(&diff);
	check_groups(&diff);
	check_verdict(&diff);
	lk_lock_diff_make(b, a, &options, &other);
	must(count_changes(&diff) == count_changes(&other));
	must(lk_lock_diff_is_empty(&diff) == lk_lock_diff_is_empty(&other));
	lk_lock_diff_done(&other);
	options.no_reasons = true;
	lk_lock_diff_make(a, b, &options, &other);
	must(count_changes(&diff) == count_changes(&other));
	lk_lock_diff_done(&other);
	lk_lock_diff_done(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lk_str text = lk_str_n((const char *)data, size);
	size_t middle = lk_str_find(text, LK_STR("=====\n"));
	struct lk_lock a;
	struct lk_lock b;
	struct lk_error err = LK_ERROR_INIT;
	if (middle == SIZE_MAX ||
		lk_lock_parse(lk_str_slice(text, 0, middle), "old", NULL, &a, &err) < 0) {
		return 0;
	}
	if (lk_lock_parse(lk_str_skip(text, middle + 6), "new", NULL, &b, &err) == 0) {
		compare(&a, &b);
		lk_lock_done(&b);
	}
	lk_lock_done(&a);
	return 0;
}

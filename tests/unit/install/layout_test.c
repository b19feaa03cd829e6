/*
 * Plan, layout and the tree digest, on values.
 */
#include "install/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "install/clobber.h"
#include "install/plan.h"
#include "install/stamp.h"
#include "install/tree_digest.h"

#define PATH(text, kind)                                                                           \
	{                                                                                          \
		.path = {(text), sizeof(text) - 1}, .type = (kind)                                 \
	}

static void test_path_order(void **state)
{
	(void)state;
	static const char *const sorted[] = {
		"a", "a/b", "a/b/c", "a/b.c", "a/c", "a b", "a-b", "ab"};
	for (size_t i = 0; i < LK_COUNTOF(sorted); i++) {
		for (size_t j = 0; j < LK_COUNTOF(sorted); j++) {
			int order = lk_path_order(lk_str_of(sorted[i]), lk_str_of(sorted[j]));
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void test_plan(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_record want[] = {
		{.name = LK_STR("new"), .has_sha256 = true},
		{.name = LK_STR("same"), .has_sha256 = true, .sha256 = {{1}}},
		{.name = LK_STR("up"), .has_sha256 = true, .sha256 = {{2}}},
	};
	struct lk_prefix_record installed[] = {
		{.record = {.name = LK_STR("up"), .has_sha256 = true, .sha256 = {{3}}}},
		{.record = {.name = LK_STR("old"), .has_sha256 = true}},
		{.record = {.name = LK_STR("same"), .has_sha256 = true, .sha256 = {{1}}}},
	};
	const struct lk_prefix_records have = {installed, 3, 3};
	struct lk_plan plan;
	assert_int_equal(lk_plan_make(&have, want, 3, &arena, &plan, &err), 0);
	assert_int_equal(plan.n_steps, 4);
	static const enum lk_plan_action actions[] = {
		LK_PLAN_ADD, LK_PLAN_REMOVE, LK_PLAN_KEEP, LK_PLAN_REPLACE};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(plan.steps[i].action, actions[i]);
	}
	assert_int_equal(
		plan.added * 1000 + plan.removed * 100 + plan.kept * 10 + plan.replaced, 1111);
	want[1].name = want[0].name;
	assert_int_equal(lk_plan_make(&have, want, 2, &arena, &plan, &err), LK_E_FORMAT);
}

/* Makes a layout of packages whose paths are given; returns the code of layout and clobber. */
static int resolve(const struct lk_package *packages, size_t n, bool strict, struct lk_layout *ret,
	struct lk_error *err)
{
	static struct lk_layout_package list[4];
	static const char *const names[] = {"a", "b", "c", "d"};
	for (size_t i = 0; i < n; i++) {
		list[i] = (struct lk_layout_package){.package = &packages[i], .rank = (uint32_t)i};
		list[i].record.name = lk_str_of(names[i]);
		list[i].record.noarch = packages[i].noarch;
	}
	const struct lk_report silent = {0};
	int rc = lk_layout_make(list, n, LK_STR("/e"), LK_STR("linux-64"), true, ret, err);
	if (rc == 0) {
		rc = lk_clobber_resolve(ret, strict, &silent, err);
		if (rc < 0) {
			lk_layout_done(ret);
		}
	}
	return rc;
}

static void test_layout_refuses(void **state)
{
	(void)state;
	static struct lk_package_path bad[][1] = {
		{PATH("../x", LK_PATH_FILE)},
		{PATH("/x", LK_PATH_FILE)},
		{PATH("a/../x", LK_PATH_FILE)},
		{PATH("conda-meta/x.json", LK_PATH_FILE)},
		{PATH("conda-meta", LK_PATH_SOFTLINK)},
		{{.path = {"l", 1},
			.type = LK_PATH_SOFTLINK,
			.prefix_mode = LK_PREFIX_TEXT,
			.placeholder = {"/p", 2}}},
	};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_layout layout;
		const struct lk_package package = {.paths = bad[i], .n_paths = 1};
		assert_int_equal(resolve(&package, 1, false, &layout, &err), LK_E_INTEGRITY);
		assert_non_null(strstr(err.message, "package 'a'"));
	}
}

static void test_tree_digest(void **state)
{
	(void)state;
	/* { printf 'a\0f\0%s\0%064d\n' 644 0; printf 'b\\nc\\\\n\0l\0-\0x\\\\\\n\n';
	 *   printf 'd\0d\0%s\0\n' 755; } | sha256sum */
	struct lk_tree_line items[] = {
		{.path = LK_STR("d"), .type = 'd', .mode = 0755},
		{.path = LK_STR("b\nc\\n"), .type = 'l', .target = LK_STR("x\\\n")},
		{.path = LK_STR("a"), .type = 'f', .mode = 0644},
	};
	struct lk_tree_lines lines = {items, 3, 3};
	char hex[LK_HEX_MAX];
	const struct lk_tree_text none = {.text = LK_BUF_INIT(0)};
	struct lk_sha256 digest = lk_tree_digest(&none, &lines);
	lk_hex(digest.bytes, LK_SHA256_LEN, hex);
	assert_string_equal(
		hex, "4cb8da03a1e62f397ef6af030f65e5b4facb30da82231048e5424033ad1b13f9");

	/* The same where some of it is a layout's. */
	struct lk_entry entries[] = {
		{.path = LK_STR("a"), .kind = LK_ENTRY_FILE, .mode = 0644},
		{.path = LK_STR("d"), .kind = LK_ENTRY_DIRECTORY, .mode = 0755},
	};
	const struct lk_layout layout = {.entries = entries, .n_entries = LK_COUNTOF(entries)};
	struct lk_tree_text LK_CLEANUP(lk_tree_text_done) text = {.text = LK_BUF_INIT(0)};
	lk_tree_text_make(&layout, &text);
	struct lk_tree_lines link = {&lines.items[1], 1, 1};
	struct lk_sha256 same = lk_tree_digest(&text, &link);
	assert_true(lk_sha256_eq(&same, &digest));
}

static void test_stamp(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	struct lk_buf LK_CLEANUP(lk_buf_done) records = LK_BUF_INIT(4096);
	struct lk_sha256 sha256 = lk_sha256_of("x", 1);
	lk_stamp_add_record(&records, LK_STR("a-1-0.json"), &sha256);
	lk_stamp_add_record(&records, LK_STR("b-1-0.json"), &sha256);
	const struct lk_stamp stamp = {.subdir = LK_STR("linux-64"),
		.prefix = LK_STR("/my env"),
		.compile = true,
		.files = 7,
		.mode = 02750,
		.record_lines = lk_buf_view(&records),
		.tree_digest = LK_STR("00000000000000000000000000000000"
				      "00000000000000000000000000000000")};
	struct lk_stamp back;
	lk_str name;
	lk_stamp_format(&stamp, &text);
	assert_true(lk_stamp_parse(lk_buf_view(&text), &back));
	assert_true(lk_str_is(back.prefix, "/my env"));
	assert_true(back.compile);
	assert_int_equal(back.files, 7);
	assert_int_equal(back.mode, 02750);
	assert_true(lk_stamp_next_record(&back.record_lines, &name, &sha256));
	assert_true(lk_stamp_next_record(&back.record_lines, &name, &sha256));
	assert_true(lk_str_is(name, "b-1-0.json"));
	assert_false(lk_stamp_next_record(&back.record_lines, &name, &sha256));
	/* any cut and any other byte make it none */
	for (size_t len = 0; len < text.len; len++) {
		assert_false(lk_stamp_parse(lk_str_n(text.ptr, len), &back));
	}
	for (size_t i = 0; i < text.len; i++) {
		text.ptr[i] = (char)(text.ptr[i] ^ 1);
		assert_false(lk_stamp_parse(lk_buf_view(&text), &back));
		text.ptr[i] = (char)(text.ptr[i] ^ 1);
	}
	assert_true(lk_stamp_parse(lk_buf_view(&text), &back));
	lk_buf_puts(&text, "more\n");
	assert_false(lk_stamp_parse(lk_buf_view(&text), &back));
	/* a record outside of conda-meta */
	lk_buf_clear(&text);
	lk_stamp_add_record(&records, LK_STR("../x.json"), &sha256);
	struct lk_stamp odd = stamp;
	odd.record_lines = lk_buf_view(&records);
	lk_stamp_format(&odd, &text);
	assert_false(lk_stamp_parse(lk_buf_view(&text), &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_order),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_layout_refuses),
		cmocka_unit_test(test_tree_digest),
		cmocka_unit_test(test_stamp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

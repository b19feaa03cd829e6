/*
 * What a level's process tells: written, read back, and read from who lies; then shown to people.
 */
#include "planted.h"

#include <math.h>

#include "base/json.h"

static void round_trip(void **state)
{
	struct planted *p = *state;
	static const double errors[] = {0, 4.2e-7, 5e-324, 1.7976931348623157e308, INFINITY, NAN};
	struct lk_smoke_library items[] = {
		{LK_STR("/env/lib/liba b.so.1.2"), LK_STR("1.2"), true, {0}, {0}},
		{LK_STR("/usr/lib/libb\tc\nend\n.so"), {0}, false, {0}, {0}},
	};
	const struct lk_smoke_libraries libraries = {.items = items, .len = 2};
	for (size_t i = 0; i < LK_COUNTOF(errors); i++) {
		struct lk_level_report report = {0};
		lk_level_measure(&report, "float64", errors[i], 1e-5, "x");
		report.measures[0].cases = UINT32_MAX;
		lk_level_fact(&report, "cuda", "%d\n.\t4", 12);
		lk_level_say(&report, LK_SMOKE_FAILED, "first\nend\nstatus passed");
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_CHILD_REPORT_MAX);
		lk_child_report_put(&report, &libraries, &text);
		struct lk_smoke_level level = {.name = LK_STR("blas")};
		assert_true(lk_child_report_parse(lk_buf_view(&text), &p->arena, &level));
		assert_level(level, FAILED, "first end status passed");
		assert_int_equal(level.n_measures, 1);
		assert_memory_equal(&level.measures[0].error, &errors[i], sizeof(double));
		assert_true(level.measures[0].bound == 1e-5);
		assert_int_equal(level.measures[0].cases, UINT32_MAX);
		assert_true(lk_str_is(level.measures[0].precision, "float64"));
		assert_int_equal(level.n_facts, 1);
		assert_true(lk_str_is(level.facts[0].key, "cuda"));
		assert_true(lk_str_is(level.facts[0].value, "12 . 4"));
		assert_true(lk_str_is(level.name, "blas"));
		assert_int_equal(level.n_libraries, 2);
		assert_true(lk_str_eq(level.libraries[0].path, items[0].path));
		assert_true(
			lk_str_is(level.libraries[0].version, "1.2") && level.libraries[0].inside);
		assert_true(lk_str_is(level.libraries[1].path, "/usr/lib/libb c end .so"));
		assert_true(level.libraries[1].version.len == 0 && !level.libraries[1].inside);
	}
}

static void garbage_is_refused(void **state)
{
	struct planted *p = *state;

	const lk_str rows[] = {
		LK_STR(""),
		LK_STR("\n"),
		LK_STR("end\n"),
		LK_STR("status passed\n"),
		LK_STR("status passed\nreason x\n"),
		LK_STR("status passed\nend"), /* cut off */
		LK_STR("status passed\nen"),
		LK_STR("status passed\nend\nend\n"),
		LK_STR("status passed\nend\nstatus failed\nend\n"),
		LK_STR("status passed\nend \n"),
		LK_STR("status passed\n end\n"),
		LK_STR("status passed\r\nend\r\n"),
		LK_STR("status PASSED\nend\n"),
		LK_STR("status \nend\n"),
		LK_STR("status\nend\n"),
		LK_STR("status passed\n\nend\n"),
		LK_STR("status passed\nhello\nend\n"),
		LK_STR("noise\nstatus passed\nend\n"),
		LK_STR("status passed\nmeasure\nend\n"),
		LK_STR("status passed\nmeasure float32\nend\n"),
		LK_STR("status passed\nmeasure float32\t1\t1\nend\n"),
		LK_STR("status passed\nmeasure float32\t1\t1\t1\nend\n"),
		LK_STR("status passed\nmeasure float32\t1e-7\t1\t1\t1\nend\n"),
		LK_STR("status passed\nmeasure float32\t-1\t1\t1\t1\nend\n"),
		LK_STR("status passed\nmeasure x\t99999999999999999999\t1\t1\t1\nend\n"),
		LK_STR("status passed\nmeasure float32\t1\tnan\t1\t1\nend\n"),
		LK_STR("status passed\nmeasure float32\t1\t1\t4294967296\t1\nend\n"),
		LK_STR("status passed\nmeasure float32\t1\t1\tx\t1\nend\n"),
		LK_STR("status passed\nmeasure float32\t1\t1\t1\t1\t1\nend"),
		LK_STR("status passed\nmeasure float32\t1\t1\t1\tx\nend\n"),
		LK_STR("status passed\nmeasure a\t1\t1\t1\t1\nmeasure b\t1\t1\t1\t1\n"
		       "measure c\t1\t1\t1\t1\nmeasure d\t1\t1\t1\t1\nmeasure "
		       "e\t1\t1\t1\t1\nend\n"),
		LK_STR("status passed\nfact\nend\n"),
		LK_STR("status passed\nfact cuda\nend\n"),
		LK_STR("status passed\nlibrary\nend\n"),
		LK_STR("status passed\nlibrary inside\nend\n"),
		LK_STR("status passed\nlibrary inside\t1.2\nend\n"),
		LK_STR("status passed\nlibrary beside\t1.2\t/x\nend\n"),
		LK_STR("status passed\0\nend\n"),
		LK_STR("\0\0\0\0"),
		LK_STR("\x7f"
		       "ELF\x02\x01\x01\nend\n"),
		LK_STR("\xff\xfe\n\x80 \nend\n"),
	};
	const struct lk_smoke_level before = {.name = LK_STR("x"), .status = LK_SMOKE_FAILED};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_smoke_level level = before;
		if (lk_child_report_parse(rows[i], &p->arena, &level)) {
			fail_msg("row %zu: '" LK_STR_FMT "'", i, LK_STR_ARG(rows[i]));
		}
		assert_memory_equal(&level, &before, sizeof(level));
	}
}

/* As many libraries as a report can hold cost memory in proportion, not in the square. */
static void many_libraries(void **state)
{
	struct planted *p = *state;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_CHILD_REPORT_MAX);
	lk_buf_puts(&text, "status passed\n");
	size_t n = 0;
	while (text.len + 64 < LK_CHILD_REPORT_MAX) {
		lk_buf_puts(&text, "library inside\t\t\n");
		n++;
	}
	lk_buf_puts(&text, "end\n");
	size_t before = p->arena.total;
	struct lk_smoke_level level = {0};
	assert_true(lk_child_report_parse(lk_buf_view(&text), &p->arena, &level));
	assert_int_equal(level.n_libraries, n);
	assert_true(p->arena.total - before < 64 * LK_CHILD_REPORT_MAX);
}

/* A reason is cut off, not lost. */
static void long_reason(void **state)
{
	(void)state;
	struct lk_level_report report = {0};
	char *long_text = lk_calloc(10001, 1);
	memset(long_text, 'x', 10000);
	lk_level_say(&report, LK_SMOKE_FAILED, "%s", long_text);
	assert_int_equal(strlen(report.reason), sizeof(report.reason) - 1);
	lk_level_say(&report, LK_SMOKE_PASSED, "short");
	assert_string_equal(report.reason, "short");
	lk_free(long_text);
}

static void measures(void **state)
{
	(void)state;
	struct lk_level_report report = {.status = LK_SMOKE_PASSED};
	assert_true(lk_level_measure(&report, "float32", 1e-7, 1e-5, "a"));
	assert_true(lk_level_measure(&report, "float32", 1e-8, 1e-5, "b"));
	assert_true(report.measures[0].error == 1e-7 && report.measures[0].cases == 2 &&
		report.status == LK_SMOKE_PASSED);
	assert_true(lk_level_measure(&report, "float32", 1e-5, 1e-5, "at the bound"));
	assert_false(lk_level_measure(&report, "float32", 1.1e-5, 1e-5, "c"));
	assert_string_equal(report.reason, "float32, c: error 1.1e-05 is above 1e-05");
	assert_false(lk_level_measure(&report, "float32", INFINITY, 1e-5, "d"));
	assert_false(lk_level_measure(&report, "float32", NAN, 1e-5, "e"));
	assert_string_equal(
		report.reason, "float32, e: the output has numbers that are not finite");
	assert_true(lk_level_measure(&report, "float32", 1e-7, 1e-5, "f"));
	assert_true(isnan(report.measures[0].error)); /* the worst that was seen */
	/* Another precision is another measure, and more than there is room for are counted too. */
	assert_true(lk_level_measure(&report, "bfloat16", 1e-3, 1e-2, "g"));
	assert_int_equal(report.n_measures, 2);
	assert_true(report.measures[1].error == 1e-3 && report.measures[1].bound == 1e-2);
	assert_int_equal(report.status, LK_SMOKE_FAILED);
}

static struct lk_smoke_library shown_libraries[] = {
	{LK_STR("/env/lib/libx.so.3"), LK_STR("3"), true, {0}, {0}},
	{LK_STR("/tmp/\x1b[2Jevil.so"), {0}, false, {0}, {0}},
};

static const struct lk_smoke_measure shown_measures[] = {
	{.precision = LK_STR("float32"), .error = NAN, .bound = 1e-5, .cases = 3},
};
static const struct lk_smoke_fact shown_facts[] = {{LK_STR("cuda"), LK_STR("12.4\x1b")}};

static struct lk_smoke_result shown_result(struct lk_smoke_level levels[2])
{
	levels[0] = (struct lk_smoke_level){
		.name = LK_STR("blas"),
		.status = LK_SMOKE_FAILED,
		.reason = LK_STR("bad \x1b]0;title\x07 \xff \"quoted\" \xc2\x9b"),
		.seconds = 1.5,
		.device = -1,
		.measures = shown_measures,
		.n_measures = 1,
		.facts = shown_facts,
		.n_facts = 1,
		.libraries = shown_libraries,
		.n_libraries = 2,
	};
	levels[1] = (struct lk_smoke_level){
		.name = LK_STR("torch-cuda"),
		.status = LK_SMOKE_ABSENT,
		.reason = LK_STR("none"),
	};
	return (struct lk_smoke_result){.levels = levels, .n_levels = 2, .prefix = LK_STR("/env")};
}

static void table_is_escaped(void **state)
{
	(void)state;
	struct lk_smoke_level levels[2];
	const struct lk_smoke_result result = shown_result(levels);
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(65536);
	lk_smoke_text(&result, false, true, &out);
	lk_str text = lk_buf_view(&out);
	assert_true(lk_utf8_is_valid(text));
	for (size_t i = 0; i < text.len; i++) {
		assert_true(text.ptr[i] == '\n' || (text.ptr[i] >= ' ' && text.ptr[i] != 0x7f));
	}
	static const char *const parts[] = {
		"blas             FAILED     1.50  float32    nan      1e-05      3\n",
		"uses lib/libx.so.3 (3)\n", "OUTSIDE /tmp/", "evil.so\n",
		"torch-cuda    0  absent   "};
	for (size_t i = 0; i < LK_COUNTOF(parts); i++) {
		if (lk_str_find(text, lk_str_of(parts[i])) == SIZE_MAX) {
			fail_msg("no '%s' in\n%s", parts[i], lk_buf_cstr(&out));
		}
	}
}

static void json_reads_back(void **state)
{
	struct planted *p = *state;
	struct lk_smoke_level levels[2];
	const struct lk_smoke_result result = shown_result(levels);
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(65536);
	struct lk_jw w;
	lk_jw_init(&w, &out, true);
	lk_smoke_json(&result, &w);
	struct lk_json_doc *doc = NULL;
	if (lk_json_parse(lk_buf_view(&out), "out", 16, &doc, &p->err) != 0) {
		fail_msg("%s", p->err.message);
	}
	const struct lk_json *root = lk_json_root(doc);
	assert_true(lk_str_is(lk_json_string(lk_json_get(root, "prefix")), "/env"));
	const struct lk_json *blas = lk_json_at(lk_json_get(root, "levels"), 0);
	assert_true(lk_str_is(lk_json_string(lk_json_get(blas, "status")), "failed"));
	const struct lk_json *measure = lk_json_at(lk_json_get(blas, "measures"), 0);
	assert_int_equal(lk_json_kind(lk_json_get(measure, "error")), LK_JSON_NULL);
	assert_true(fabs(lk_json_real(lk_json_get(measure, "bound"), 0) - 1e-5) < 1e-15);
	assert_int_equal(lk_json_int(lk_json_get(measure, "cases"), 0), 3);
	const struct lk_json *fact = lk_json_get(lk_json_get(blas, "facts"), "cuda");
	assert_true(lk_str_is(lk_json_string(fact), "12.4\x1b"));
	assert_null(lk_json_get(blas, "device"));
	const struct lk_json *libraries = lk_json_get(blas, "libraries");
	assert_int_equal(lk_json_size(libraries), 2);
	assert_true(lk_json_bool(lk_json_get(lk_json_at(libraries, 0), "inside"), false));
	assert_false(lk_json_bool(lk_json_get(lk_json_at(libraries, 1), "inside"), true));
	lk_json_doc_free(doc);
}

#define PLANTED_TEST(f) cmocka_unit_test_setup_teardown(f, planted_setup, planted_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANTED_TEST(round_trip),
		PLANTED_TEST(garbage_is_refused),
		PLANTED_TEST(many_libraries),
		cmocka_unit_test(long_reason),
		cmocka_unit_test(measures),
		cmocka_unit_test(table_is_escaped),
		PLANTED_TEST(json_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

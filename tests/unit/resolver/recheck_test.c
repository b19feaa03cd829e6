/*
 * The re-check finds each kind of fault in an answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "resolver/task.h"
#include "tests/support/case_file.h"

#define MAX_SPECS 3

struct row {
	const char *records; /* one a line, as in resolver cases */
	const char *specs, *pins, *virtuals;
	const char *fault; /* NULL: holds together */
};

static const struct row rows[] = {
	{"c/noarch: a 1 0", "a", "", "", NULL},
	{"c/noarch: a 1 0", "b", "", "", "the specs needs 'b', which is not there"},
	{"c/noarch: a 1 0", "a >=2", "", "", "but a-1-0 is there"},
	{"c/noarch: a 1 0", "d::a", "", "", "but a-1-0 is there"},
	{"c/noarch: a 1 0", "c::a", "", "", NULL},
	{"c/noarch: a 1 0", "a", "a >=2", "", "the pins allows only 'a >=2', but a-1-0 is there"},
	{"c/noarch: a 1 0", "a", "b >=2", "", NULL},
	{"c/noarch: a 1 0\nc/noarch: a 2 0", "a", "", "", "a is there twice"},
	{"c/noarch: a 1 0 | depends b", "a", "", "", "a-1-0 needs 'b'"},
	{"c/noarch: a 1 0 | depends b\nc/noarch: b 1 0", "a", "", "", NULL},
	{"c/noarch: a 1 0 | constrains b <1\nc/noarch: b 1 0", "a, b", "", "",
		"a-1-0 allows only 'b <1', but b-1-0 is there"},
	{"c/noarch: a 1 0 | constrains b <1", "a", "", "", NULL},
	{"c/noarch: a 1 0 | depends b[when=\"a\"]", "a", "", "", "a-1-0 needs 'b"},
	{"c/noarch: a 1 0 | depends b[when=\"d\"]", "a", "", "", NULL},
	{"c/noarch: a 1 0 | extra g: b", "a[extras=[g]]", "", "", "a-1-0 needs 'b'"},
	{"c/noarch: a 1 0 | extra g: b", "a", "", "", NULL},
	{"c/noarch: a 1 0 | extra g: a[extras=[h]] | extra h: b", "a[extras=[g]]", "", "",
		"a-1-0 needs 'b'"},
	{"c/noarch: a 1 0 | depends __cuda >=12", "a", "", "", "a-1-0 needs '__cuda >=12'"},
	{"c/noarch: a 1 0 | depends __cuda >=12", "a", "", "__cuda=12.4", NULL},
	{"c/noarch: a 1 0 | constrains __cuda >=12", "a", "", "__cuda=11",
		"a-1-0 allows only '__cuda >=12'"},
	{"c/noarch: a 1 0 | constrains __cuda >=12", "a", "", "", NULL},
};

static size_t parse_all(const char *text, struct lk_arena *arena, const struct lk_matchspec **ret)
{
	struct case_strs texts = {0};
	struct lk_error err = LK_ERROR_INIT;
	size_t n;

	case_list(lk_str_of(text), &texts);
	n = texts.len;
	assert_true(n <= MAX_SPECS);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(
			lk_matchspec_parse(texts.items[i], LK_SPEC_USER, arena, &ret[i], &err), 0);
	}
	lk_vec_done(&texts);
	return n;
}

static int recheck(const struct row *row, bool with_virtuals, struct lk_error *err)
{
	const struct lk_channel channels[] = {
		{.name = LK_STR("c"), .url = LK_STR("https://h/c")},
		{.name = LK_STR("d"), .url = LK_STR("https://h/d")},
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_record records[MAX_SPECS];
	const struct lk_record *list[MAX_SPECS];
	const struct lk_matchspec *specs[MAX_SPECS];
	const struct lk_matchspec *pins[MAX_SPECS];
	struct lk_virtuals virtuals = {0};
	lk_str rest = lk_str_of(row->records);
	lk_str line;
	size_t n = 0;
	struct lk_task task = {.channels = channels,
		.n_channels = LK_COUNTOF(channels),
		.alias = LK_STR("https://h"),
		.specs = specs,
		.n_specs = parse_all(row->specs, &arena, specs),
		.pins = pins,
		.n_pins = parse_all(row->pins, &arena, pins),
		.virtuals = with_virtuals ? &virtuals : NULL};
	int rc;

	while (lk_str_split(&rest, '\n', &line)) {
		assert_true(n < MAX_SPECS && case_record(&arena, line, &records[n]));
		list[n] = &records[n];
		n++;
	}
	if (row->virtuals[0]) {
		assert_int_equal(
			lk_virtuals_set_text(&virtuals, lk_str_of(row->virtuals), &arena, err), 0);
	}
	rc = lk_recheck(list, n, &task, err);
	lk_vec_done(&virtuals);
	return rc;
}

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		int rc = recheck(&rows[i], true, &err);

		if (rc != (rows[i].fault ? LK_E_UNSAT : 0) ||
			(rows[i].fault && !strstr(err.message, rows[i].fault))) {
			fail_msg("row %zu: got %d '%s'", i, rc, err.message);
		}
	}
}

static void test_without_virtual_packages(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		bool only_virtual = rows[i].fault && strstr(rows[i].fault, "__cuda");

		assert_int_equal(recheck(&rows[i], false, &err),
			rows[i].fault && !only_virtual ? LK_E_UNSAT : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_without_virtual_packages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

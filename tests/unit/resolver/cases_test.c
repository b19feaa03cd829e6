/*
 * Every question of tests/cases/resolver, each also with the records in other orders and without
 * presolve: the answer is the same.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fs.h"
#include "tests/support/case_task.h"

#define CASES LK_TEST_DATA "/../cases/resolver"
#define ORDERS 8

/* WANT is "[channel/]name-version-build" with the groups that are on, or a file name. */
static bool is_named(const struct lk_solution *solution, size_t i, lk_str want)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(4096);
	const struct lk_record *r = solution->records[i];

	if (lk_archive_kind_of(want, NULL) != LK_ARCHIVE_UNKNOWN) {
		return lk_str_eq(r->fn, want);
	}
	if (lk_str_find_char(want, '/') != SIZE_MAX) {
		lk_buf_appendf(&buf, LK_STR_FMT "/", LK_STR_ARG(r->channel));
	}
	lk_buf_appendf(&buf, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT, LK_STR_ARG(r->name),
		LK_STR_ARG(r->version), LK_STR_ARG(r->build));
	for (size_t k = 0; k < solution->extras[i].n; k++) {
		lk_buf_appendf(&buf, " [" LK_STR_FMT "]", LK_STR_ARG(solution->extras[i].items[k]));
	}
	return lk_str_eq(lk_buf_view(&buf), want);
}

static void show(const struct lk_solution *solution, const struct lk_error *err)
{
	for (size_t i = 0; i < solution->n_records; i++) {
		const struct lk_record *r = solution->records[i];

		print_message("  got " LK_STR_FMT "/" LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT "\n",
			LK_STR_ARG(r->channel), LK_STR_ARG(r->name), LK_STR_ARG(r->version),
			LK_STR_ARG(r->build));
	}
	if (err->code != LK_OK) {
		print_message("  got error: %s\n", err->message);
	}
	for (size_t i = 0; i < solution->n_reasons; i++) {
		print_message("  got %*s" LK_STR_FMT "\n", (int)solution->reasons[i].depth * 2, "",
			LK_STR_ARG(solution->reasons[i].text));
	}
}

static bool all_in(const struct case_strs *parts, const char *text)
{
	for (size_t i = 0; i < parts->len; i++) {
		if (lk_str_find(lk_str_of(text), parts->items[i]) == SIZE_MAX) {
			print_message("  missing: " LK_STR_FMT "\n", LK_STR_ARG(parts->items[i]));
			return false;
		}
	}
	return true;
}

static bool has_all(const struct case_question *q, const struct lk_solution *solution,
	const struct lk_error *err)
{
	for (size_t i = 0; i < q->reasons.len; i++) {
		bool found = false;

		for (size_t k = 0; !found && k < solution->n_reasons; k++) {
			found = lk_str_find(solution->reasons[k].text, q->reasons.items[i]) !=
				SIZE_MAX;
		}
		if (!found) {
			print_message(
				"  no line has: " LK_STR_FMT "\n", LK_STR_ARG(q->reasons.items[i]));
			return false;
		}
	}
	return all_in(&q->errors, err->message) && all_in(&q->hints, err->hint);
}

static void on_warn(void *ctx, const char *message)
{
	lk_buf_appendf(ctx, "%s\n", message);
}

static bool warned_as_expected(const struct case_question *q, struct lk_buf *warnings)
{
	size_t lines = 0;

	for (size_t i = 0; i < warnings->len; i++) {
		lines += warnings->ptr[i] == '\n';
	}
	if (lines != q->warnings.len) {
		print_message("  got warnings:\n%s", lk_buf_cstr(warnings));
		return false;
	}
	return all_in(&q->warnings, lk_buf_cstr(warnings));
}

static void put_move(const struct lk_move *move, struct lk_buf *out)
{
	lk_buf_appendf(out, "%s" LK_STR_FMT,
		move->from_version.len == 0         ? "new "
			: move->to_version.len == 0 ? "gone "
						    : "",
		LK_STR_ARG(move->name));
	if (move->from_version.len > 0) {
		lk_buf_appendf(out, " " LK_STR_FMT " " LK_STR_FMT, LK_STR_ARG(move->from_version),
			LK_STR_ARG(move->from_build));
	}
	if (move->to_version.len > 0) {
		lk_buf_appendf(out, "%s " LK_STR_FMT " " LK_STR_FMT,
			move->from_version.len > 0 ? " ->" : "", LK_STR_ARG(move->to_version),
			LK_STR_ARG(move->to_build));
	}
	for (size_t i = 0; i < move->n_reasons; i++) {
		lk_buf_appendf(out, "%s" LK_STR_FMT, i == 0 ? ": " : "; ",
			LK_STR_ARG(move->reasons[i].text));
	}
}

static bool moved_as_expected(const struct case_question *q, const struct lk_solution *solution)
{
	bool good = q->moved.len == 0 || q->moved.len == solution->n_moves;

	for (size_t i = 0; q->moved.len > 0 && i < solution->n_moves; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(1 << 16);

		put_move(&solution->moves[i], &line);
		if (i >= q->moved.len || !lk_str_eq(lk_buf_view(&line), q->moved.items[i])) {
			print_message("  got moved %s\n", lk_buf_cstr(&line));
			good = false;
		}
	}
	return good;
}

static bool as_expected(const struct case_question *q, const struct lk_solution *solution, int rc,
	const struct lk_error *err)
{
	if (!q->has_solution) {
		return rc < 0 && rc != LK_E_BUG && has_all(q, solution, err);
	}
	if (rc != 0 || solution->n_records != q->solution.len) {
		return false;
	}
	for (size_t i = 0; i < q->solution.len; i++) {
		if (!is_named(solution, i, q->solution.items[i])) {
			print_message("  want " LK_STR_FMT "\n", LK_STR_ARG(q->solution.items[i]));
			return false;
		}
	}
	for (size_t i = 0; i < q->walk.len; i++) {
		if (i >= solution->n_records || !lk_str_eq(solution->walk[i], q->walk.items[i])) {
			return false;
		}
	}
	return moved_as_expected(q, solution);
}

/* SEED as for struct case_order. PLAIN: no presolve, libsolv is told the order backwards, and the
 * records come from a repodata.json. */
static bool ask(const struct case_file *file, const struct case_question *q, const char *name,
	uint64_t seed, bool plain)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) warnings = LK_BUF_INIT(1 << 16);
	const struct lk_report report = {.warn = on_warn, .ctx = &warnings};
	const struct case_order how = {seed, q->has_solution, plain};
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	struct case_task LK_CLEANUP(case_task_done) task;
	struct lk_error err = LK_ERROR_INIT;
	int rc = case_task_make(file, q, &how, &task, &err);

	if (rc < 0) {
		fail_msg("%s", err.message);
	}
	task.task.no_presolve = plain;
	task.task.worst_first = plain;
	rc = lk_solve(&task.task, &report, &solution, &err);
	if (!as_expected(q, &solution, rc, &err) || !warned_as_expected(q, &warnings)) {
		show(&solution, &err);
		print_message("%s: " LK_STR_FMT " (seed %llu%s)\n", name, LK_STR_ARG(q->title),
			(unsigned long long)seed, plain ? ", plain" : "");
		return false;
	}
	return true;
}

static size_t run_file(const char *name, size_t *failed)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1 << 20);
	struct lk_error err = LK_ERROR_INIT;
	struct case_file file = {0};
	char *path = lk_asprintf("%s/%s", CASES, name);
	unsigned bad;
	size_t n;

	assert_int_equal(lk_fs_read_file(AT_FDCWD, path, &text, &err), 0);
	bad = case_file_parse(lk_buf_view(&text), &file);
	if (bad) {
		fail_msg("%s:%u is not understood", name, bad);
	}
	for (size_t i = 0; i < file.questions.len; i++) {
		const struct case_question *q = &file.questions.items[i];
		bool good = true;

		if (q->why.len == 0) {
			fail_msg("%s: '" LK_STR_FMT "' does not say what it proves", name,
				LK_STR_ARG(q->title));
		}
		for (unsigned order = 0; good && order < ORDERS; order++) {
			good = ask(&file, q, name, order * PICK_SEED, false) &&
				ask(&file, q, name, order * PICK_SEED, true);
		}
		*failed += !good;
	}
	n = file.questions.len;
	case_file_done(&file);
	lk_free(path);
	return n;
}

static void test_cases(void **state)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_strs names = {0};
	size_t failed = 0;
	size_t n = 0;

	(void)state;
	assert_int_equal(lk_fs_list(AT_FDCWD, CASES, &arena, &names, &err), 0);
	for (size_t i = 0; i < names.len; i++) {
		if (lk_str_ends(names.items[i], LK_STR(".txt"))) {
			n += run_file(names.items[i].ptr, &failed);
		}
	}
	print_message("%zu questions, each in %d orders\n", n, ORDERS);
	assert_true(n > 0);
	assert_int_equal(failed, 0);
	lk_vec_done(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

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
#include "tests/support/case_file.h"

#define CASES LK_TEST_DATA "/../cases/resolver"
#define ORDERS 4

struct name_rows LK_VEC_OF(struct lk_reached);

/* A reach over all records of the file, those of a name in an order that ORDER decides. */
static void make_reach(const struct case_file *file, unsigned order, struct lk_arena *arena,
	struct lk_reach *reach)
{
	lk_str *names = lk_arena_calloc(arena, file->records.len, sizeof(*names));

	reach->names = lk_arena_calloc(arena, file->records.len, sizeof(*reach->names));
	for (size_t i = 0; i < file->records.len; i++) {
		names[i] = file->records.items[i].name;
	}
	qsort(names, file->records.len, sizeof(*names), lk_str_cmp_qsort);
	for (size_t i = 0; i < file->records.len; i++) {
		struct lk_record *records;
		unsigned *channels;
		size_t n = 0;

		if (i > 0 && lk_str_eq(names[i - 1], names[i])) {
			continue;
		}
		records = lk_arena_calloc(arena, file->records.len, sizeof(*records));
		channels = lk_arena_calloc(arena, file->records.len, sizeof(*channels));
		for (size_t k = 0; k < file->records.len; k++) {
			size_t from = order % 2 ? file->records.len - 1 - k : k;
			size_t at = order > 1 ? (k * 7 + order) % (n + 1) : n;

			if (!lk_str_eq(file->records.items[from].name, names[i])) {
				continue;
			}
			records[n] = records[at];
			channels[n++] = channels[at];
			records[at] = file->records.items[from];
			channels[at] = 0;
			while (!lk_str_eq(
				file->channels.items[channels[at]], records[at].channel)) {
				channels[at]++;
			}
		}
		reach->names[reach->n_names++] = (struct lk_reached){
			.name = names[i], .records = records, .channels = channels, .n = n};
	}
}

static const struct lk_matchspec **parse_specs(
	const struct case_strs *texts, struct lk_arena *arena)
{
	const struct lk_matchspec **specs =
		lk_arena_calloc(arena, texts->len, sizeof(const struct lk_matchspec *));
	struct lk_error err = LK_ERROR_INIT;

	for (size_t i = 0; i < texts->len; i++) {
		if (lk_matchspec_parse(texts->items[i], LK_SPEC_USER, arena, &specs[i], &err) !=
			0) {
			fail_msg("%s", err.message);
		}
	}
	return specs;
}

static bool is_named(const struct lk_solution *solution, size_t i, lk_str want)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(4096);
	const struct lk_record *r = solution->records[i];

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
	return true;
}

static bool ask(const struct case_file *file, const struct case_question *q, const char *name,
	unsigned order, bool no_presolve)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) warnings = LK_BUF_INIT(1 << 16);
	const struct lk_report report = {.ctx = &warnings, .warn = on_warn};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_channel *channels =
		lk_arena_calloc(&arena, file->channels.len, sizeof(*channels));
	struct lk_error err = LK_ERROR_INIT;
	struct lk_virtuals virtuals = {0};
	struct lk_reach reach = {0};
	struct lk_solution solution;
	struct lk_task task = {.reach = &reach,
		.channels = channels,
		.n_channels = file->channels.len,
		.alias = LK_STR("https://h"),
		.specs = parse_specs(&q->specs, &arena),
		.n_specs = q->specs.len,
		.pins = parse_specs(&q->pins, &arena),
		.n_pins = q->pins.len,
		.virtuals = &virtuals,
		.channel_priority = q->priority,
		.exclude_newer = q->newer,
		.locked = q->locked.items,
		.n_locked = q->locked.len,
		.update = q->update.items,
		.n_update = q->update_all ? 0 : q->update.len,
		.update_all = q->update_all,
		.known_names = q->known.items,
		.n_known_names = q->known.len,
		.no_presolve = no_presolve};
	bool good = true;
	int rc;

	for (size_t i = 0; i < file->channels.len; i++) {
		channels[i].name = file->channels.items[i];
		channels[i].url = lk_str_printf(
			&arena, "https://h/" LK_STR_FMT, LK_STR_ARG(file->channels.items[i]));
	}
	for (size_t i = 0; i < q->virtuals.len; i++) {
		assert_int_equal(
			lk_virtuals_set_text(&virtuals, q->virtuals.items[i], &arena, &err), 0);
	}
	make_reach(file, order, &arena, &reach);
	rc = lk_solve(&task, &report, &solution, &err);
	if (!as_expected(q, &solution, rc, &err) || !warned_as_expected(q, &warnings)) {
		show(&solution, &err);
		print_message("%s: " LK_STR_FMT " (order %u%s)\n", name, LK_STR_ARG(q->title),
			order, no_presolve ? ", no presolve" : "");
		good = false;
	}
	lk_solution_done(&solution);
	lk_vec_done(&virtuals);
	return good;
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
		bool good = true;

		for (unsigned order = 0; good && order < ORDERS; order++) {
			good = ask(&file, &file.questions.items[i], name, order, false) &&
				ask(&file, &file.questions.items[i], name, order, true);
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

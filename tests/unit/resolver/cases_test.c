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
#include "tests/support/pick.h"

#define CASES LK_TEST_DATA "/../cases/resolver"
#define ORDERS 8

/* The repodata of one subdir of a channel, its records in some order. */
struct repodata {
	lk_str channel, subdir;
	const struct lk_record **records;
	size_t n;
};
struct repodatas LK_VEC_OF(struct repodata);

static int records_of(void *ctx, lk_str name, struct lk_arena *arena, struct lk_records *ret,
	struct lk_error *err)
{
	const struct repodata *repodata = ctx;

	(void)arena;
	(void)err;
	for (size_t i = 0; i < repodata->n; i++) {
		if (lk_str_eq(repodata->records[i]->name, name)) {
			lk_vec_push(ret, *repodata->records[i]);
		}
	}
	return 0;
}

static struct repodata *repodata_of(
	struct repodatas *all, const struct lk_record *record, size_t max, struct lk_arena *arena)
{
	for (size_t i = 0; i < all->len; i++) {
		if (lk_str_eq(all->items[i].channel, record->channel) &&
			lk_str_eq(all->items[i].subdir, record->subdir)) {
			return &all->items[i];
		}
	}
	lk_vec_push(all,
		(struct repodata){.channel = record->channel,
			.subdir = record->subdir,
			.records = lk_arena_calloc(arena, max, sizeof(const struct lk_record *))});
	return &all->items[all->len - 1];
}

/* An order of N things: as they are for a SEED of 0, else a random one. */
static size_t *some_order(struct lk_arena *arena, uint64_t *seed, size_t n)
{
	size_t *order = lk_arena_calloc(arena, n, sizeof(*order));

	for (size_t i = 0; i < n; i++) {
		order[i] = i;
	}
	if (*seed) {
		pick_order(seed, order, n);
	}
	return order;
}

/* n_channels when the question does not use that channel. */
static unsigned channel_index(const struct lk_task *task, lk_str name)
{
	unsigned at = 0;

	while (at < task->n_channels && !lk_str_eq(task->channels[at].name, name)) {
		at++;
	}
	return at;
}

/* The roots as a solve would give them: what the specs name and what the lock holds. */
static lk_str *root_names(const struct lk_task *task, struct lk_arena *arena, uint64_t *seed)
{
	size_t n = task->n_specs + task->n_locked;
	size_t *order = some_order(arena, seed, n);
	lk_str *names = lk_arena_calloc(arena, n, sizeof(*names));

	for (size_t i = 0; i < n; i++) {
		names[order[i]] = i < task->n_specs ? task->specs[i]->name
						    : task->locked[i - task->n_specs].name;
	}
	return names;
}

/* What TASK reaches of the file's records. SEED decides the order of the records in each repodata,
 * of the repodata (not of the channels), of the roots and, for a question with a solution, even of
 * the names: all that could change the order in which libsolv comes to see things. */
static void make_reach(const struct case_file *file, const struct case_question *q,
	const struct lk_task *task, uint64_t seed, struct lk_arena *arena, struct lk_reach *reach)
{
	size_t n = file->records.len;
	const size_t *order = some_order(arena, &seed, n);
	struct repodatas all = {0};
	struct lk_source *sources = lk_arena_calloc(arena, n, sizeof(*sources));
	size_t n_sources = 0;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_reached *names;

	for (size_t i = 0; i < n; i++) {
		const struct lk_record *record = &file->records.items[order[i]];
		struct repodata *repodata = repodata_of(&all, record, n, arena);

		repodata->records[repodata->n++] = record;
	}
	order = some_order(arena, &seed, all.len);
	for (size_t i = 0; i < all.len; i++) {
		struct repodata *repodata = &all.items[order[i]];
		unsigned channel = channel_index(task, repodata->channel);

		if (channel < task->n_channels) {
			sources[n_sources++] = (struct lk_source){
				.ctx = repodata, .records = records_of, .channel = channel};
		}
	}
	assert_int_equal(lk_reach_load(sources, n_sources, root_names(task, arena, &seed),
				 task->n_specs + task->n_locked, reach, &err),
		0);
	lk_vec_done(&all);
	if (q->has_solution) {
		order = some_order(arena, &seed, reach->n_names);
		names = lk_arena_calloc(arena, reach->n_names, sizeof(*names));
		for (size_t i = 0; i < reach->n_names; i++) {
			names[order[i]] = reach->names[i];
		}
		reach->names = names;
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

static struct lk_channel *make_channels(const struct case_strs *names, struct lk_arena *arena)
{
	struct lk_channel *channels = lk_arena_calloc(arena, names->len, sizeof(*channels));

	for (size_t i = 0; i < names->len; i++) {
		channels[i].name = names->items[i];
		channels[i].url =
			lk_str_printf(arena, "https://h/" LK_STR_FMT, LK_STR_ARG(names->items[i]));
	}
	return channels;
}

static void make_virtuals(
	const struct case_strs *texts, struct lk_arena *arena, struct lk_virtuals *virtuals)
{
	struct lk_error err = LK_ERROR_INIT;

	for (size_t i = 0; i < texts->len; i++) {
		assert_int_equal(lk_virtuals_set_text(virtuals, texts->items[i], arena, &err), 0);
	}
}

/* SEED as for make_reach. PLAIN: no presolve, and libsolv is told the order backwards. */
static bool ask(const struct case_file *file, const struct case_question *q, const char *name,
	uint64_t seed, bool plain)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) warnings = LK_BUF_INIT(1 << 16);
	const struct lk_report report = {.warn = on_warn, .ctx = &warnings};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_reach LK_CLEANUP(lk_reach_done) reach = {0};
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	const struct case_strs *channels = q->channels.len ? &q->channels : &file->channels;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_virtuals virtuals = {0};
	struct lk_task task = {.reach = &reach,
		.channels = make_channels(channels, &arena),
		.n_channels = channels->len,
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
		.no_presolve = plain,
		.worst_first = plain};
	int rc;

	make_virtuals(&q->virtuals, &arena, &virtuals);
	make_reach(file, q, &task, seed, &arena, &reach);
	rc = lk_solve(&task, &report, &solution, &err);
	lk_vec_done(&virtuals);
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

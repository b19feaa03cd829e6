/*
 * Resolver cases from hostile text: every question is answered without a crash, the answer passes
 * its own re-check, and it is the same in another order, without presolve and with libsolv told the
 * order backwards.
 */
#include "tests/support/case_task.h"

#define MAX_RECORDS 200
#define MAX_QUESTIONS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition) {
		abort();
	}
}

/* No address twice in a channel: a repodata cannot have that. */
static bool all_differ(const struct case_file *file)
{
	for (size_t i = 0; i < file->records.len; i++) {
		for (size_t k = 0; k < i; k++) {
			if (lk_str_eq(file->records.items[i].url, file->records.items[k].url)) {
				return false;
			}
		}
	}
	return true;
}

/* A lock has a name once. */
static bool is_lock(const struct case_question *q)
{
	for (size_t i = 0; i < q->locked.len; i++) {
		for (size_t k = 0; k < i; k++) {
			if (lk_str_eq(q->locked.items[i].name, q->locked.items[k].name)) {
				return false;
			}
		}
	}
	return true;
}

static int solve(const struct case_file *file, const struct case_question *q, uint64_t seed,
	struct case_task *task, struct lk_solution *solution)
{
	const struct case_order how = {.seed = seed};
	struct lk_error err = LK_ERROR_INIT;
	int rc = case_task_make(file, q, &how, task, &err);

	task->task.no_presolve = seed > 0;
	task->task.worst_first = seed > 0;
	rc = rc < 0 ? rc : lk_solve(&task->task, NULL, solution, &err);
	require(rc != LK_E_BUG);
	return rc;
}

static void answer(const struct case_file *file, const struct case_question *q)
{
	struct case_task LK_CLEANUP(case_task_done) task;
	struct case_task LK_CLEANUP(case_task_done) other_task;
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	struct lk_solution LK_CLEANUP(lk_solution_done) other = {0};
	int rc = solve(file, q, 0, &task, &solution);

	require(solve(file, q, PICK_SEED, &other_task, &other) == rc);
	if (rc == LK_E_UNSAT) {
		struct lk_error err = LK_ERROR_INIT;

		require(solution.n_reasons > 0);
		require(lk_suggest(&task.task, NULL, &solution, &err) == 0);
	}
	require(other.n_records == solution.n_records);
	for (size_t i = 0; i < solution.n_records; i++) {
		require(lk_str_eq(solution.records[i]->url, other.records[i]->url));
		require(lk_str_eq(solution.walk[i], other.walk[i]));
		require(solution.extras[i].n == other.extras[i].n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct case_file file = {0};
	bool good = case_file_parse(lk_str_n((const char *)data, size), &file) == 0 &&
		file.records.len <= MAX_RECORDS && file.questions.len <= MAX_QUESTIONS &&
		all_differ(&file);

	for (size_t i = 0; good && i < file.questions.len; i++) {
		if (is_lock(&file.questions.items[i])) {
			answer(&file, &file.questions.items[i]);
		}
	}
	case_file_done(&file);
	return 0;
}

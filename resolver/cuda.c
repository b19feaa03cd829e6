/*
 * No silent CPU: who asks for CUDA must state a target that has it.
 */
#include "conda/cuda_build.h"
#include "resolver/task.h"

bool lk_spec_asks_cuda(const struct lk_matchspec *spec)
{
	static const char *const names[] = {"cuda-version", "pytorch-cuda", "pytorch-gpu"};

	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		if (lk_str_is(spec->name, names[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < spec->flags.n; i++) {
		if (lk_str_find(spec->flags.items[i], LK_STR("cuda")) != SIZE_MAX) {
			return true;
		}
	}
	return lk_build_says_cuda(spec->build_text);
}

/* A spec with a condition asks only where it was heard: what is chosen then meets it. */
static bool is_heard(const struct lk_matchspec *spec, const struct lk_solution *solution)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_version *version;

	for (size_t i = 0; spec->when && i < solution->n_records; i++) {
		const struct lk_record *record = solution->records[i];

		if (lk_str_eq(record->name, spec->name)) {
			return lk_version_parse(record->version, &arena, &version, &err) == 0 &&
				lk_matchspec_matches(spec, record, version);
		}
	}
	return !spec->when;
}

int lk_check_cuda(const struct lk_task *task, struct lk_solution *solution, struct lk_error *err)
{
	struct lk_culprit *culprits =
		lk_arena_calloc(&solution->arena, task->n_specs, sizeof(*culprits));
	struct lk_reason *reasons =
		lk_arena_calloc(&solution->arena, task->n_specs, sizeof(*reasons));
	size_t n = 0;

	if (lk_virtuals_find(task->virtuals, LK_STR("__cuda"))) {
		return 0;
	}
	for (size_t i = 0; i < task->n_specs; i++) {
		if (lk_spec_asks_cuda(task->specs[i]) && is_heard(task->specs[i], solution)) {
			culprits[n] = (struct lk_culprit){.index = i};
			reasons[n++].text = lk_str_printf(&solution->arena,
				"'" LK_STR_FMT
				"' asks for CUDA, but this lock is solved without __cuda",
				LK_STR_ARG(task->specs[i]->text));
		}
	}
	if (n == 0) {
		return 0;
	}
	solution->culprits = culprits;
	solution->n_culprits = n;
	solution->reasons = reasons;
	solution->n_reasons = n;
	solution->missed = LK_STR("__cuda");
	(void)lk_fail(err, LK_E_UNSAT, LK_STR_FMT, LK_STR_ARG(reasons[0].text));
	lk_error_hint(
		err, "describe the target's driver with --cuda VERSION, or leave that spec out");
	return LK_E_UNSAT;
}

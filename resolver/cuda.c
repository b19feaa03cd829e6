/*
 * No silent CPU: who asks for CUDA must state a target that has it.
 */
#include "resolver/task.h"

static bool has(lk_str text, const char *part)
{
	return lk_str_find(text, lk_str_of(part)) != SIZE_MAX;
}

bool lk_spec_asks_cuda(const struct lk_matchspec *spec)
{
	static const char *const names[] = {"cuda-version", "pytorch-cuda", "pytorch-gpu"};
	char build[256];
	size_t n = spec->build_text.len < sizeof(build) ? spec->build_text.len : sizeof(build);

	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		if (lk_str_is(spec->name, names[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < spec->flags.n; i++) {
		if (has(spec->flags.items[i], "cuda")) {
			return true;
		}
	}
	for (size_t i = 0; i < n; i++) {
		char c = spec->build_text.ptr[i];

		build[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return (has(lk_str_n(build, n), "cuda") || has(lk_str_n(build, n), "gpu")) &&
		!has(lk_str_n(build, n), "nocuda") && !has(lk_str_n(build, n), "no_cuda");
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

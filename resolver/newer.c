/*
 * Why a package is not newer: the best-ranked record against the choices made before it.
 *
 * The definition gives each name its best record with which the whole still has a solution, given
 * the choices before it. So a better record clashes with those and the specs; narrowing finds how,
 * and what the clash does not need is dropped.
 */
#include "resolver/newer_priv.h"

void lk_reasons_take(struct lk_explanation *explanation, struct lk_solution *solution,
	const struct lk_reason **ret, size_t *ret_n)
{
	struct lk_reason *lines =
		lk_arena_calloc(&solution->arena, explanation->lines.len, sizeof(*lines));

	for (size_t i = 0; i < explanation->lines.len; i++) {
		lines[i] = explanation->lines.items[i];
	}
	*ret = lines;
	*ret_n = explanation->lines.len;
	lk_vec_done(&explanation->lines);
	lk_vec_done(&explanation->culprits);
}

/* What is taken as given, with room for what is used of it. */
struct given {
	bool *roots;
	struct lk_root_mask mask;
	size_t n_roots;
	struct lk_u32s fixed; /* the refuted candidate is the last */
	bool whole_version;
};

static bool clashes(
	const struct lk_state *state, const struct given *given, struct lk_narrow *narrow)
{
	const struct lk_given all = {.mask = &given->mask,
		.fixed = given->fixed.items,
		.n_fixed = given->fixed.len,
		.whole_version = given->whole_version};

	lk_narrow_init(narrow, state);
	lk_narrow_run(narrow, &all);
	return narrow->clash != LK_NO_INDEX;
}

/* Keeps of GIVEN what the clash of NARROW rests on. */
static void keep_used(
	const struct lk_state *state, struct given *given, const struct lk_narrow *narrow)
{
	struct lk_given_used used = {.roots = given->roots,
		.fixed = lk_calloc(state->problem->candidates.len, sizeof(*used.fixed))};
	uint32_t supposed = given->fixed.items[given->fixed.len - 1];
	size_t n = 0;

	memset(given->roots, 0, given->n_roots * sizeof(*given->roots));
	lk_narrow_trace(narrow, &used);
	for (size_t i = 0; i < given->fixed.len; i++) {
		uint32_t c = given->fixed.items[i];

		if (used.fixed[c] || c == supposed) {
			given->fixed.items[n++] = c;
		}
	}
	given->fixed.len = n;
	lk_free(used.fixed);
}

/* Drops earlier choices without which it clashes too, the last ones first. */
static void shrink(const struct lk_state *state, struct given *given)
{
	for (size_t i = given->fixed.len - 1; i-- > 0;) {
		struct given less = *given;
		struct lk_narrow narrow;

		less.fixed = (struct lk_u32s){0};
		for (size_t k = 0; k < given->fixed.len; k++) {
			if (k != i) {
				lk_vec_push(&less.fixed, given->fixed.items[k]);
			}
		}
		if (clashes(state, &less, &narrow)) {
			lk_vec_done(&given->fixed);
			given->fixed = less.fixed;
		} else {
			lk_vec_done(&less.fixed);
		}
		lk_narrow_done(&narrow);
	}
}

/* Everything that may be given: all of the root, FIXED and CANDIDATE. */
static void give_all(struct given *given, const struct lk_u32s *fixed, uint32_t candidate)
{
	memset(given->roots, 1, given->n_roots * sizeof(*given->roots));
	lk_vec_clear(&given->fixed);
	for (size_t i = 0; i < fixed->len; i++) {
		lk_vec_push(&given->fixed, fixed->items[i]);
	}
	lk_vec_push(&given->fixed, candidate);
}

bool lk_refuted(struct lk_explanation *explanation, const struct lk_state *state,
	const struct lk_u32s *fixed, uint32_t candidate, bool whole_version)
{
	const struct lk_candidate *root = &state->problem->candidates.items[LK_ROOT];
	struct given given = {
		.n_roots = root->n_needs + root->n_limits, .whole_version = whole_version};
	struct lk_narrow narrow;
	bool refuted;

	given.roots = lk_calloc(given.n_roots, sizeof(*given.roots));
	given.mask = (struct lk_root_mask){given.roots, given.roots + root->n_needs};
	give_all(&given, fixed, candidate);
	refuted = clashes(state, &given, &narrow);
	if (refuted && explanation) {
		explanation->supposed = candidate;
		explanation->whole_version = whole_version;
		keep_used(state, &given, &narrow);
		shrink(state, &given);
		lk_narrow_done(&narrow);
		if (!clashes(state, &given, &narrow)) {
			/* What is left is narrowed in another order, and then less is seen. */
			lk_narrow_done(&narrow);
			give_all(&given, fixed, candidate);
			(void)clashes(state, &given, &narrow);
		}
		lk_explain_clash(explanation, 0, &narrow);
	}
	lk_narrow_done(&narrow);
	lk_vec_done(&given.fixed);
	lk_free(given.roots);
	return refuted;
}

void lk_choices_before(const struct lk_problem *problem, const struct lk_walk *walk, size_t at,
	struct lk_u32s *ret)
{
	lk_vec_clear(ret);
	for (size_t i = 1; i < walk->fixed.len; i++) {
		uint32_t c = walk->fixed.items[i];

		if (i < at || (i > at && problem->candidates.items[c].locked)) {
			lk_vec_push(ret, c);
		}
	}
}

/* A record of NAME that a hard filter took out and that is newer than VERSION; NULL: none. */
static const struct lk_out *newest_out(
	const struct lk_problem *problem, uint32_t name, const struct lk_version *version)
{
	const struct lk_out *newest = NULL;

	for (size_t i = 0; i < problem->outs.len; i++) {
		const struct lk_out *out = &problem->outs.items[i];

		if (out->name == name && out->version &&
			lk_version_cmp(out->version, version) > 0 &&
			(!newest || lk_version_cmp(out->version, newest->version) > 0)) {
			newest = out;
		}
	}
	return newest;
}

/* The answer's candidate of NAME, or LK_NO_INDEX. */
static uint32_t fixed_of(const struct lk_problem *problem, const struct lk_walk *walk, lk_str name)
{
	uint32_t index = lk_problem_name(problem, name);

	for (size_t i = 1; i < walk->fixed.len; i++) {
		if (problem->candidates.items[walk->fixed.items[i]].name == index) {
			return walk->fixed.items[i];
		}
	}
	return LK_NO_INDEX;
}

/* What is before an updated name: python, which an update keeps in its minor version; with MORE,
 * names to be updated that were given earlier, and kept packages that specs name, which do not fall
 * back. */
static void updates_before(const struct lk_problem *problem, const struct lk_walk *walk,
	lk_str name, bool more, struct lk_u32s *ret)
{
	const struct lk_task *task = problem->task;
	uint32_t python = fixed_of(problem, walk, LK_STR("python"));

	lk_vec_clear(ret);
	if (python != LK_NO_INDEX && problem->candidates.items[python].locked) {
		lk_vec_push(ret, python);
	}
	for (size_t i = 0; more && i < task->n_update && !lk_str_eq(task->update[i], name); i++) {
		uint32_t c = fixed_of(problem, walk, task->update[i]);

		if (c != LK_NO_INDEX) {
			lk_vec_push(ret, c);
		}
	}
	for (size_t i = 0; more && i < task->n_specs; i++) {
		uint32_t c = fixed_of(problem, walk, task->specs[i]->name);

		if (c != LK_NO_INDEX && c != python && problem->candidates.items[c].locked) {
			lk_vec_push(ret, c);
		}
	}
}

static bool is_updated(const struct lk_task *task, lk_str name)
{
	for (size_t i = 0; i < task->n_update; i++) {
		if (lk_str_eq(task->update[i], name)) {
			return true;
		}
	}
	return false;
}

/* Why CANDIDATE, the walk's item AT, is not BEST, as lines. */
static void why_not(struct lk_explanation *explanation, const struct lk_state *state,
	const struct lk_walk *walk, size_t at, uint32_t best)
{
	const struct lk_candidate *c = &state->problem->candidates.items[walk->fixed.items[at]];
	bool whole =
		lk_version_cmp(c->version, state->problem->candidates.items[best].version) != 0;
	struct lk_u32s before = {0};
	bool told = false;

	if (c->locked) {
		lk_explain_line(explanation, 0,
			lk_str_printf(explanation->arena,
				"it is kept as it was locked (--update " LK_STR_FMT " lets it go)",
				LK_STR_ARG(c->record->name)));
		return;
	}
	for (unsigned step = 0; !told && step < 3; step++) {
		if (step == 2) {
			lk_choices_before(state->problem, walk, at, &before);
		} else if (is_updated(state->problem->task, c->record->name)) {
			updates_before(state->problem, walk, c->record->name, step > 0, &before);
		} else {
			continue;
		}
		told = lk_refuted(explanation, state, &before, best, whole);
	}
	if (!told) {
		lk_explain_line(explanation, 0,
			LK_STR("no choice of the packages after it fits together with that one"));
	}
	lk_vec_done(&before);
}

static bool is_root(const struct lk_task *task, lk_str name)
{
	for (size_t i = 0; i < task->n_specs; i++) {
		if (lk_str_eq(task->specs[i]->name, name)) {
			return true;
		}
	}
	return false;
}

/* Is NAME one of those that the task wants told of? */
static bool is_told(const struct lk_task *task, lk_str name)
{
	return task->tell_behind == LK_BEHIND_ALL || is_updated(task, name) ||
		(task->tell_behind == LK_BEHIND_ROOTS && is_root(task, name));
}

/* Fills RET for the walk's item AT; false: nothing is newer or ranks before it. */
static bool tell_one(const struct lk_state *state, const struct lk_walk *walk, size_t at,
	struct lk_solution *solution, struct lk_behind *ret)
{
	struct lk_problem *problem = state->problem;
	uint32_t index = walk->fixed.items[at];
	const struct lk_candidate *c = &problem->candidates.items[index];
	uint32_t best = problem->names.items[c->name].first;
	const struct lk_candidate *first = &problem->candidates.items[best];
	const struct lk_version *version =
		lk_version_cmp(first->version, c->version) > 0 ? first->version : c->version;
	const struct lk_out *out = newest_out(problem, c->name, version);
	struct lk_explanation explanation = {
		.problem = problem, .arena = &solution->arena, .supposed = LK_NO_INDEX};
	const struct lk_record *other = out ? out->record : first->record;

	if (!out && best == index) {
		return false;
	}
	if (out) {
		lk_explain_out(&explanation, out);
	} else {
		why_not(&explanation, state, walk, at, best);
	}
	*ret = (struct lk_behind){.name = lk_str_dup(&solution->arena, c->record->name),
		.version = lk_str_dup(&solution->arena, c->record->version),
		.build = lk_str_dup(&solution->arena, c->record->build),
		.not_version = lk_str_dup(&solution->arena, other->version),
		.not_build = lk_str_dup(&solution->arena, other->build),
		.is_root = is_root(problem->task, c->record->name),
		.is_updated = is_updated(problem->task, c->record->name)};
	lk_reasons_take(&explanation, solution, &ret->reasons, &ret->n_reasons);
	return true;
}

void lk_tell_behind(
	const struct lk_state *state, const struct lk_walk *walk, struct lk_solution *solution)
{
	const struct lk_task *task = state->problem->task;
	struct lk_behind *all = lk_arena_calloc(&solution->arena, walk->fixed.len, sizeof(*all));
	size_t n = 0;

	for (size_t i = 1; i < walk->fixed.len; i++) {
		const struct lk_candidate *c =
			&state->problem->candidates.items[walk->fixed.items[i]];

		if (c->record && is_told(task, c->record->name)) {
			n += tell_one(state, walk, i, solution, &all[n]);
		}
	}
	solution->behind = all;
	solution->n_behind = n;
}

/*
 * What an answer over an existing lock has otherwise than the lock, and why.
 *
 * A kept record that is not in the answer clashes with what the definition puts before it: the
 * specs and pins, the packages to be updated, the kept ones that the lock has before it. So that is
 * where its clash is looked for, in this order: no reason rests on a package that itself moved
 * later.
 */
#include "resolver/newer_priv.h"

struct mover {
	const struct lk_state *state;
	const struct lk_problem *problem;
	struct lk_solution *solution;
	uint32_t *fixed; /* by name: the record's candidate in the answer, or LK_NO_INDEX */
};

static uint32_t fixed_of(const struct mover *m, lk_str name)
{
	uint32_t index = lk_problem_name(m->problem, name);

	return index == LK_NO_INDEX ? LK_NO_INDEX : m->fixed[index];
}

/* The candidate that the lock's record of NAME is, or LK_NO_INDEX. */
static uint32_t locked_of(const struct mover *m, uint32_t name)
{
	const struct lk_candidate_name *n = &m->problem->names.items[name];

	for (uint32_t c = n->first; c < n->first + n->n; c++) {
		if (m->problem->candidates.items[c].locked) {
			return c;
		}
	}
	return LK_NO_INDEX;
}

static const struct lk_out *out_of(const struct mover *m, const struct lk_record *locked)
{
	for (size_t i = 0; i < m->problem->outs.len; i++) {
		if (lk_str_eq(m->problem->outs.items[i].record->url, locked->url)) {
			return &m->problem->outs.items[i];
		}
	}
	return NULL;
}

/* Tries to tell how CANDIDATE clashes with GIVEN; false, and no line, when it is not seen to. */
static bool tell_clash(const struct mover *m, const struct lk_u32s *given, uint32_t candidate,
	struct lk_explanation *explanation)
{
	lk_vec_clear(&explanation->lines);
	lk_vec_clear(&explanation->culprits);
	return lk_refuted(explanation, m->state, given, candidate, false);
}

/* With one of the packages to be updated: of the clashes that there are, the one told shortest. */
static bool tell_clash_with_one(
	const struct mover *m, uint32_t candidate, struct lk_explanation *explanation)
{
	const struct lk_task *task = m->problem->task;
	struct lk_explanation best = {0};

	for (size_t i = 0; i < task->n_update; i++) {
		uint32_t c = fixed_of(m, task->update[i]);
		struct lk_u32s one = {.items = &c, .len = 1};

		if (c != LK_NO_INDEX && tell_clash(m, &one, candidate, explanation) &&
			(best.lines.len == 0 || explanation->lines.len < best.lines.len)) {
			struct lk_explanation shorter = *explanation;

			explanation->lines = best.lines;
			explanation->culprits = best.culprits;
			best = shorter;
		}
	}
	if (best.lines.len > 0) {
		lk_vec_done(&explanation->lines);
		lk_vec_done(&explanation->culprits);
		*explanation = best;
	}
	return best.lines.len > 0;
}

/* The packages to be updated, then of the lock's first N those that are kept, as the answer has
 * them. */
static void list_before(const struct mover *m, size_t n, struct lk_u32s *ret)
{
	const struct lk_task *task = m->problem->task;

	lk_vec_clear(ret);
	for (size_t i = 0; i < task->n_update + n; i++) {
		bool kept = i >= task->n_update;
		lk_str name = kept ? task->locked[i - task->n_update].name : task->update[i];
		uint32_t c = fixed_of(m, name);

		if (c != LK_NO_INDEX && (!kept || lk_task_keeps(task, name))) {
			lk_vec_push(ret, c);
		}
	}
}

/* The whole answer but NAME. */
static void list_others(const struct mover *m, uint32_t name, struct lk_u32s *ret)
{
	lk_vec_clear(ret);
	for (uint32_t i = 1; i < m->problem->names.len; i++) {
		if (i != name && m->fixed[i] != LK_NO_INDEX) {
			lk_vec_push(ret, m->fixed[i]);
		}
	}
}

/* What the definition puts before the lock's record AT: the specs, the packages to be updated, then
 * the kept ones before it. Should narrowing see no clash with those, with the whole answer. */
static bool tell_cause(
	const struct mover *m, size_t at, uint32_t candidate, struct lk_explanation *explanation)
{
	struct lk_u32s given = {0};
	/* Telling drops what a clash does not need: the updated one too. */
	bool told = tell_clash_with_one(m, candidate, explanation);

	if (!told) {
		list_before(m, 0, &given);
		told = tell_clash(m, &given, candidate, explanation);
	}
	if (!told) {
		list_before(m, at, &given);
		told = tell_clash(m, &given, candidate, explanation);
	}
	if (!told) {
		list_others(m, m->problem->candidates.items[candidate].name, &given);
		told = tell_clash(m, &given, candidate, explanation);
	}
	lk_vec_done(&given);
	return told;
}

/* Why the lock's record AT is not what the answer has of its name. */
static void why_moved(const struct mover *m, size_t at, struct lk_explanation *explanation)
{
	const struct lk_record *record = &m->problem->task->locked[at];
	uint32_t candidate = locked_of(m, lk_problem_name(m->problem, record->name));
	const struct lk_out *out = out_of(m, record);

	if (candidate == LK_NO_INDEX && out) {
		lk_explain_out(explanation, out);
		return;
	}
	if (candidate == LK_NO_INDEX) {
		lk_explain_line(
			explanation, 0, LK_STR("the locked archive cannot be had any more"));
		return;
	}
	if (!tell_cause(m, at, candidate, explanation)) {
		lk_explain_line(explanation, 0,
			LK_STR("nothing fits together with it and what comes before it"));
	}
}

/* Who of the answer was first to need NAME, as a line; none for what a spec asks for. */
static void who_needs(const struct mover *m, const struct lk_walk *walk, uint32_t name,
	struct lk_explanation *explanation)
{
	for (size_t i = 0; i < walk->fixed.len; i++) {
		uint32_t index = walk->fixed.items[i];
		const struct lk_candidate *c = &m->problem->candidates.items[index];

		for (uint32_t k = 0; k < c->n_needs; k++) {
			if (m->problem->specs.items[c->needs[k].spec].name != name) {
				continue;
			}
			if (index != LK_ROOT) {
				lk_explain_line(explanation, 0,
					lk_str_printf(explanation->arena,
						LK_STR_FMT " needs " LK_STR_FMT,
						LK_STR_ARG(lk_explain_candidates(
							explanation, &index, 1)),
						LK_STR_ARG(lk_explain_spec(
							explanation, c->needs[k].spec))));
			}
			return;
		}
	}
}

static void fill(const struct mover *m, lk_str name, const struct lk_record *from,
	const struct lk_record *to, struct lk_explanation *explanation, struct lk_move *ret)
{
	struct lk_arena *arena = &m->solution->arena;

	*ret = (struct lk_move){.name = lk_str_dup(arena, name)};
	if (from) {
		ret->from_version = lk_str_dup(arena, from->version);
		ret->from_build = lk_str_dup(arena, from->build);
	}
	if (to) {
		ret->to_version = lk_str_dup(arena, to->version);
		ret->to_build = lk_str_dup(arena, to->build);
	}
	lk_reasons_take(explanation, m->solution, &ret->reasons, &ret->n_reasons);
}

/* The place of NAME's record in the lock; n_locked when it has none. */
static size_t place_in_lock(const struct lk_task *task, lk_str name)
{
	size_t at = 0;

	while (at < task->n_locked && !lk_str_eq(task->locked[at].name, name)) {
		at++;
	}
	return at;
}

/* One of the answer; false: it is as it was, or it is one of those to be updated. */
static bool tell_chosen(
	const struct mover *m, const struct lk_walk *walk, uint32_t candidate, struct lk_move *ret)
{
	const struct lk_task *task = m->problem->task;
	const struct lk_candidate *c = &m->problem->candidates.items[candidate];
	size_t at = place_in_lock(task, c->record->name);
	struct lk_explanation explanation = {.problem = (struct lk_problem *)m->problem,
		.arena = &m->solution->arena,
		.supposed = LK_NO_INDEX};

	if (c->locked || !lk_task_keeps(task, c->record->name)) {
		return false;
	}
	if (at < task->n_locked) {
		why_moved(m, at, &explanation);
		fill(m, c->record->name, &task->locked[at], c->record, &explanation, ret);
	} else {
		who_needs(m, walk, c->name, &explanation);
		fill(m, c->record->name, NULL, c->record, &explanation, ret);
	}
	return true;
}

void lk_tell_moves(
	const struct lk_state *state, const struct lk_walk *walk, struct lk_solution *solution)
{
	const struct lk_problem *problem = state->problem;
	const struct lk_task *task = problem->task;
	struct mover m = {.state = state, .problem = problem, .solution = solution};
	struct lk_explanation none = {0};
	struct lk_move *all;
	size_t n = 0;

	if (task->n_locked == 0 || task->update_all) {
		return;
	}
	all = lk_arena_calloc(&solution->arena, walk->fixed.len + task->n_locked, sizeof(*all));
	m.fixed = lk_calloc(problem->names.len, sizeof(*m.fixed));
	for (size_t i = 0; i < problem->names.len; i++) {
		m.fixed[i] = LK_NO_INDEX;
	}
	for (size_t i = 1; i < walk->fixed.len; i++) {
		const struct lk_candidate *c = &problem->candidates.items[walk->fixed.items[i]];

		m.fixed[c->name] = c->record ? walk->fixed.items[i] : LK_NO_INDEX;
	}
	for (size_t i = 1; i < walk->fixed.len; i++) {
		if (problem->candidates.items[walk->fixed.items[i]].record) {
			n += tell_chosen(&m, walk, walk->fixed.items[i], &all[n]);
		}
	}
	for (size_t i = 0; i < task->n_locked; i++) {
		if (fixed_of(&m, task->locked[i].name) == LK_NO_INDEX) {
			fill(&m, task->locked[i].name, &task->locked[i], NULL, &none, &all[n++]);
		}
	}
	lk_free(m.fixed);
	solution->moves = all;
	solution->n_moves = n;
}

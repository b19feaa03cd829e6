/*
 * The defined answer: names breadth first, each the best record with which the whole still has a
 * solution.
 *
 * A better candidate is refuted by unit propagation where that is enough. Where it is not, the walk
 * goes on as if the candidate were good and often ends without trouble: then everything chosen on
 * the way is proven, because the whole is a solution and every better candidate was refuted. Only
 * at a dead end is libsolv asked which choice was the first wrong one: solvability falls once along
 * the choices made, so a search by halves finds it. A solution of libsolv's is kept as a witness:
 * choices that agree with it need no proof.
 *
 * Relock: first each name that the lock holds and that is not to be updated, in the lock's order,
 * is narrowed to the best candidate, the locked one before all, with which there is a solution.
 * Narrowed is not chosen: a package that nothing needs any more is not kept. Before these each name
 * to be updated is narrowed to its best release; the build that disturbs nothing is chosen later.
 */
#include "resolver/walk_priv.h"

#include <stdlib.h>

#include "resolver/oracle_priv.h"

/* A choice and what to go back to when it was wrong. */
struct level {
	uint32_t choice;
	size_t trail, queued, head, fixed;
};
struct levels LK_VEC_OF(struct level);

#define NOT_KNOWN SIZE_MAX

struct walker {
	struct lk_state *state;
	struct lk_problem *problem;
	const struct lk_report *report;
	struct levels levels;
	struct lk_u32s queue; /* names */
	bool *is_queued;      /* by name */
	size_t head;
	struct lk_u32s fixed; /* candidates */
	bool *is_fixed;       /* by candidate */
	bool *witness;        /* by candidate; a solution with the first `proven` choices */
	size_t proven;        /* NOT_KNOWN: no witness */
	size_t oracle_calls;
};

static bool is_fixed(const void *ctx, uint32_t candidate)
{
	return ((const struct walker *)ctx)->is_fixed[candidate];
}

static int cmp_name_r(const void *left, const void *right, void *ctx)
{
	const struct lk_candidate_name *names = ctx;

	return lk_str_cmp(
		names[*(const uint32_t *)left].text, names[*(const uint32_t *)right].text);
}

/* Queues the name of a need, unless that was done. */
static void enqueue(struct walker *w, const struct lk_need *need)
{
	uint32_t name = w->problem->specs.items[need->spec].name;

	if (name != LK_NO_INDEX && !w->is_queued[name]) {
		w->is_queued[name] = true;
		lk_vec_push(&w->queue, name);
	}
}

/* Queues what CANDIDATE needs as far as conditions hold among the fixed ones. */
static void enqueue_needs(struct walker *w, uint32_t candidate, bool conditional_only)
{
	const struct lk_candidate *c = &w->problem->candidates.items[candidate];

	for (uint32_t i = 0; i < c->n_needs; i++) {
		const struct lk_need *need = &c->needs[i];

		if ((need->when || !conditional_only) &&
			lk_when_holds(w->problem, need->when, is_fixed, w)) {
			enqueue(w, need);
		}
	}
}

/* Names queued since START come by name, but the root's in the order of the specs. */
static void sort_queue(struct walker *w, size_t start)
{
	if (w->queue.len - start > 1) {
		qsort_r(w->queue.items + start, w->queue.len - start, sizeof(*w->queue.items),
			cmp_name_r, w->problem->names.items);
	}
}

static void fix(struct walker *w, uint32_t candidate)
{
	size_t start = w->queue.len;

	w->is_fixed[candidate] = true;
	lk_vec_push(&w->fixed, candidate);
	enqueue_needs(w, candidate, false);
	if (candidate != LK_ROOT) {
		sort_queue(w, start);
	}
}

/* Conditions that came true after their record was fixed; false when there is none left. */
static bool enqueue_conditional(struct walker *w)
{
	size_t start = w->queue.len;

	for (size_t i = 0; i < w->fixed.len; i++) {
		enqueue_needs(w, w->fixed.items[i], true);
	}
	sort_queue(w, start);
	return w->queue.len > start;
}

/* Takes back the choices after the first N. */
static void back_to(struct walker *w, size_t n)
{
	const struct level *level;

	if (n == w->levels.len) {
		return;
	}
	level = &w->levels.items[n];
	lk_state_back(w->state, level->trail);
	while (w->queue.len > level->queued) {
		w->is_queued[w->queue.items[--w->queue.len]] = false;
	}
	while (w->fixed.len > level->fixed) {
		w->is_fixed[w->fixed.items[--w->fixed.len]] = false;
	}
	w->head = level->head;
	w->levels.len = n;
}

/* Is there a solution with the first N choices? Keeps it as witness; choices after them that it
 * agrees with are proven too. */
static bool solvable(struct walker *w, size_t n)
{
	size_t trail = n < w->levels.len ? w->levels.items[n].trail : w->state->trail.len;

	w->oracle_calls++;
	if (!lk_oracle_ask(w->state, trail, NULL, w->witness)) {
		return false;
	}
	while (n < w->levels.len && w->witness[w->levels.items[n].choice]) {
		n++;
	}
	w->proven = n;
	return true;
}

/* There is no solution with the first BAD choices. The least number of choices that have none. */
static size_t least_unsolvable(struct walker *w, size_t bad)
{
	/* The choice after the proven ones is the likeliest culprit, so it is looked at first. */
	bool first = w->proven != NOT_KNOWN;
	size_t from = first ? w->proven + 1 : 0;

	while (from < bad) {
		size_t middle = first ? from : from + (bad - from) / 2;

		first = false;
		if (solvable(w, middle)) {
			from = w->proven + 1;
		} else {
			bad = middle;
		}
	}
	return bad;
}

/* No solution with all the choices: finds the first wrong one, refuses it and goes on from there.
 * False when there is no solution even without any. */
static bool leave_dead_end(struct walker *w)
{
	size_t bad = least_unsolvable(w, w->levels.len);

	while (bad > 0) {
		uint32_t wrong = w->levels.items[bad - 1].choice;

		back_to(w, bad - 1);
		if (lk_state_refuse(w->state, wrong)) {
			return true;
		}
		/* Without that choice there is none either, which the witness did not know. */
		w->proven = NOT_KNOWN;
		bad = least_unsolvable(w, bad - 1);
	}
	return false;
}

/* The best open candidate of NAME, a locked one before all. */
static uint32_t best_of(const struct walker *w, uint32_t name)
{
	const struct lk_candidate_name *n = &w->problem->names.items[name];
	uint32_t best = LK_NO_INDEX;

	for (uint32_t c = n->first; c < n->first + n->n; c++) {
		if (w->state->value[c] > 0) {
			return c;
		}
		if (w->state->value[c] == 0) {
			if (w->problem->candidates.items[c].locked) {
				return c;
			}
			best = best == LK_NO_INDEX ? c : best;
		}
	}
	return best;
}

/* One more choice; false when it contradicts at once (it is then taken back). */
static bool choose(struct walker *w, uint32_t candidate)
{
	lk_vec_push(&w->levels,
		(struct level){.choice = candidate,
			.trail = w->state->trail.len,
			.queued = w->queue.len,
			.head = w->head,
			.fixed = w->fixed.len});
	if (lk_state_choose(w->state, candidate)) {
		if (w->proven == w->levels.len - 1 && w->witness[candidate]) {
			w->proven = w->levels.len;
		}
		return true;
	}
	back_to(w, w->levels.len - 1);
	return false;
}

/* Settles the name at the head of the queue; false when there is no solution at all. */
static bool settle(struct walker *w)
{
	uint32_t name = w->queue.items[w->head];
	uint32_t candidate = best_of(w, name);

	if (candidate == LK_NO_INDEX) {
		return leave_dead_end(w);
	}
	if (w->state->value[candidate] == 0 && !choose(w, candidate)) {
		return lk_state_refuse(w->state, candidate) || leave_dead_end(w);
	}
	w->head++;
	fix(w, candidate);
	return true;
}

static int run(struct walker *w, struct lk_error *err)
{
	fix(w, LK_ROOT);
	while (w->head < w->queue.len || enqueue_conditional(w)) {
		if (lk_report_stop(w->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted while solving");
		}
		if (!settle(w)) {
			return LK_E_UNSAT;
		}
	}
	return 0;
}

/* Is there a solution with CANDIDATE, given what holds? Leaves the state as it was. */
static bool possible(struct walker *w, uint32_t candidate)
{
	size_t trail = w->state->trail.len;
	bool yes;

	if (w->proven == 0 && w->witness[candidate]) {
		return true;
	}
	yes = lk_state_choose(w->state, candidate);
	if (yes) {
		w->oracle_calls++;
		yes = lk_oracle_ask(w->state, w->state->trail.len, NULL, w->witness);
		w->proven = yes ? 0 : w->proven;
	}
	lk_state_back(w->state, trail);
	return yes;
}

/* Refuses every other candidate of CANDIDATE's name, but the builds of its release if RELEASE. */
static bool narrow(struct walker *w, uint32_t candidate, bool release)
{
	const struct lk_candidate_name *name =
		&w->problem->names.items[w->problem->candidates.items[candidate].name];

	for (uint32_t c = name->first; c < name->first + name->n; c++) {
		bool stays = release ? lk_rank_cmp_release(w->problem, c, candidate) == 0
				     : c == candidate;

		if (!stays && !lk_state_refuse(w->state, c)) {
			return false;
		}
	}
	return true;
}

/* To the best candidate, or release, with which there is a solution. */
static bool narrow_name(struct walker *w, uint32_t name, bool release)
{
	for (;;) {
		uint32_t candidate = best_of(w, name);

		if (candidate == LK_NO_INDEX) {
			return true;
		}
		if (w->state->value[candidate] > 0 || possible(w, candidate)) {
			return narrow(w, candidate, release);
		}
		if (!lk_state_refuse(w->state, candidate)) {
			return false;
		}
	}
}

/* The locked candidate of the lock's record I, if it is open or chosen. */
static uint32_t locked_candidate(const struct walker *w, size_t i)
{
	uint32_t name = lk_problem_name(w->problem, w->problem->task->locked[i].name);
	uint32_t candidate = name == LK_NO_INDEX ? LK_NO_INDEX : best_of(w, name);

	return candidate != LK_NO_INDEX && w->problem->candidates.items[candidate].locked
		? candidate
		: LK_NO_INDEX;
}

/* When all locked records together still make a solution, one question answers for all. */
static void try_whole_lock(struct walker *w)
{
	size_t trail = w->state->trail.len;
	bool good = true;

	for (size_t i = 0; good && i < w->problem->task->n_locked; i++) {
		uint32_t candidate = locked_candidate(w, i);

		good = candidate == LK_NO_INDEX || lk_state_choose(w->state, candidate);
	}
	if (good) {
		w->oracle_calls++;
		good = lk_oracle_ask(w->state, w->state->trail.len, NULL, w->witness);
		w->proven = good ? 0 : w->proven;
	}
	lk_state_back(w->state, trail);
}

static bool holds(const struct lk_task *task, lk_str name)
{
	for (size_t i = 0; i < task->n_locked; i++) {
		if (lk_str_eq(task->locked[i].name, name)) {
			return true;
		}
	}
	return false;
}

static bool narrow_to_lock(struct walker *w)
{
	const struct lk_task *task = w->problem->task;

	if (task->n_locked == 0 || task->update_all) {
		return true;
	}
	for (size_t i = 0; i < task->n_update; i++) {
		uint32_t name = lk_problem_name(w->problem, task->update[i]);

		if (name != LK_NO_INDEX && holds(task, task->update[i]) &&
			!narrow_name(w, name, true)) {
			return false;
		}
	}
	try_whole_lock(w);
	for (size_t i = 0; i < task->n_locked; i++) {
		uint32_t name = lk_problem_name(w->problem, task->locked[i].name);

		if (name != LK_NO_INDEX && lk_task_keeps(task, task->locked[i].name) &&
			!narrow_name(w, name, false)) {
			return false;
		}
	}
	return true;
}

/* The first two numbers of VERSION: what extensions of python are built for. */
static const struct lk_version *minor_of(const struct lk_version *version, struct lk_arena *arena)
{
	lk_str text = lk_version_text(version);
	size_t dot = lk_str_find_char(text, '.');
	const struct lk_version *minor = version;
	struct lk_error ignored = LK_ERROR_INIT;
	size_t next =
		dot == SIZE_MAX ? SIZE_MAX : lk_str_find_char(lk_str_skip(text, dot + 1), '.');

	if (next != SIZE_MAX &&
		lk_version_parse(lk_str_slice(text, 0, dot + 1 + next), arena, &minor, &ignored) <
			0) {
		minor = version;
	}
	return minor;
}

/* The candidate of NAME that the lock keeps, or LK_NO_INDEX. */
static uint32_t kept_of(const struct lk_problem *problem, uint32_t name)
{
	const struct lk_candidate_name *n =
		name == LK_NO_INDEX ? NULL : &problem->names.items[name];

	for (uint32_t c = n ? n->first : 0; n && c < n->first + n->n; c++) {
		if (problem->candidates.items[c].locked) {
			return c;
		}
	}
	return LK_NO_INDEX;
}

/* Refuses the candidates of KEPT's name that are lower, or (MINOR not NULL) not within MINOR. */
static bool keep_from_falling(struct lk_state *state, uint32_t kept, const struct lk_version *minor)
{
	struct lk_problem *problem = state->problem;
	const struct lk_candidate_name *name =
		&problem->names.items[problem->candidates.items[kept].name];
	bool good = true;

	for (uint32_t c = name->first; good && c < name->first + name->n; c++) {
		bool stays = minor
			? lk_version_starts_with(problem->candidates.items[c].version, minor)
			: lk_rank_cmp_release(problem, c, kept) <= 0;

		good = stays || lk_state_refuse(state, c);
	}
	return good;
}

bool lk_walk_gently(struct lk_state *state)
{
	struct lk_problem *problem = state->problem;
	const struct lk_task *task = problem->task;
	uint32_t python = kept_of(problem, lk_problem_name(problem, LK_STR("python")));
	bool good = python == LK_NO_INDEX ||
		keep_from_falling(state, python,
			minor_of(problem->candidates.items[python].version, &problem->arena));

	for (size_t i = 0; good && i < task->n_specs; i++) {
		uint32_t kept = kept_of(problem, lk_problem_name(problem, task->specs[i]->name));

		good = kept == LK_NO_INDEX || keep_from_falling(state, kept, NULL);
	}
	return good;
}

int lk_walk(struct lk_state *state, const struct lk_report *report, struct lk_walk *ret,
	struct lk_error *err)
{
	struct walker w = {.state = state, .problem = state->problem, .report = report};
	int rc;

	w.proven = NOT_KNOWN;
	w.is_queued = lk_calloc(w.problem->names.len, sizeof(*w.is_queued));
	w.is_fixed = lk_calloc(w.problem->candidates.len, sizeof(*w.is_fixed));
	w.witness = lk_calloc(w.problem->candidates.len, sizeof(*w.witness));
	rc = narrow_to_lock(&w) ? run(&w, err) : LK_E_UNSAT;
	*ret = (struct lk_walk){.fixed = w.fixed, .oracle_calls = w.oracle_calls};
	lk_vec_done(&w.levels);
	lk_vec_done(&w.queue);
	lk_free(w.is_queued);
	lk_free(w.is_fixed);
	lk_free(w.witness);
	return rc;
}

void lk_walk_done(struct lk_walk *walk)
{
	lk_vec_done(&walk->fixed);
}

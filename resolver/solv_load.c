/*
 * A problem's open part as a libsolv pool (docs/architecture.md, "Solving with a libsolv that knows
 * nothing of conda").
 *
 * A candidate is a solvable whose evr is its place in our order, so that libsolv compares plain
 * integers. A spec is an id with an explicit list of providers. A limit is a conflict with an id
 * whose providers are the candidates that the spec does not match. Every solvable provides its own
 * name, or libsolv would make no rule against two of one name.
 */
#include "resolver/solv_priv.h"

#include <solv/queue.h>
#include <stdio.h>

static bool is_out(const struct lk_solv *solv, uint32_t candidate)
{
	return solv->state->value[candidate] < 0 && solv->state->since[candidate] < solv->trail_len;
}

static bool need_counts(const struct lk_solv *solv, uint32_t candidate, uint32_t need)
{
	return candidate != LK_ROOT || !solv->mask || solv->mask->needs[need];
}

static bool limit_counts(const struct lk_solv *solv, uint32_t candidate, uint32_t limit)
{
	return candidate != LK_ROOT || !solv->mask || solv->mask->limits[limit];
}

/* What find_reachable has come to. */
struct reaching {
	bool *seen; /* by candidate */
	bool *done; /* by spec */
	struct lk_u32s stack;
};

static void reach_candidate(struct reaching *reaching, uint32_t candidate)
{
	if (!reaching->seen[candidate]) {
		reaching->seen[candidate] = true;
		lk_vec_push(&reaching->stack, candidate);
	}
}

static void reach_needs(const struct lk_solv *solv, struct reaching *reaching, uint32_t index)
{
	const struct lk_problem *problem = solv->state->problem;
	const struct lk_candidate *candidate = &problem->candidates.items[index];

	for (uint32_t i = 0; i < candidate->n_needs; i++) {
		uint32_t s = candidate->needs[i].spec;
		const struct lk_interned_spec *spec = &problem->specs.items[s];

		if (reaching->done[s] || !need_counts(solv, index, i)) {
			continue;
		}
		reaching->done[s] = true;
		for (uint32_t k = 0; k < spec->n_match; k++) {
			if (!is_out(solv, spec->match[k])) {
				reach_candidate(reaching, spec->match[k]);
			}
		}
	}
}

/* Everything that a solution might hold: from the root and what is chosen, along all needs. */
static void find_reachable(struct lk_solv *solv)
{
	const struct lk_problem *problem = solv->state->problem;
	struct reaching reaching = {
		.seen = lk_calloc(problem->candidates.len, sizeof(*reaching.seen)),
		.done = lk_calloc(problem->specs.len, sizeof(*reaching.done))};

	reach_candidate(&reaching, LK_ROOT);
	for (size_t i = 0; i < solv->trail_len; i++) {
		uint32_t c = solv->state->trail.items[i];

		if (c < problem->candidates.len && solv->state->value[c] > 0) {
			reach_candidate(&reaching, c);
		}
	}
	while (reaching.stack.len > 0) {
		reach_needs(solv, &reaching, reaching.stack.items[--reaching.stack.len]);
	}
	for (uint32_t c = 0; c < problem->candidates.len; c++) {
		if (reaching.seen[c]) {
			lk_vec_push(&solv->loaded, c);
		}
	}
	lk_vec_done(&reaching.stack);
	lk_free(reaching.done);
	lk_free(reaching.seen);
}

/* An id of its own for object NUMBER of KIND (one letter). */
static Id make_id(Pool *pool, char kind, uint32_t number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%c%u", kind, number);
	return pool_str2id(pool, text, 1);
}

static Id need_id(struct lk_solv *solv, uint32_t spec)
{
	if (!solv->need_id[spec]) {
		solv->need_id[spec] = make_id(solv->pool, 's', spec);
	}
	return solv->need_id[spec];
}

static Id when_id(struct lk_solv *solv, const struct lk_when *when)
{
	Id left;

	if (when->op == LK_CONDITION_SPEC) {
		return need_id(solv, when->spec);
	}
	left = when_id(solv, when->left);
	return pool_rel2id(solv->pool, left, when_id(solv, when->right),
		when->op == LK_CONDITION_AND ? REL_AND : REL_OR, 1);
}

static void load_candidate(struct lk_solv *solv, uint32_t index, Solvable *solvable)
{
	const struct lk_problem *problem = solv->state->problem;
	const struct lk_candidate *candidate = &problem->candidates.items[index];
	const struct lk_candidate_name *name = &problem->names.items[candidate->name];
	Offset *provides = &solvable->provides;
	uint32_t place = index - name->first;
	char evr[16];

	(void)snprintf(
		evr, sizeof(evr), "%u", problem->task->worst_first ? place + 1 : name->n - place);
	solvable->name = make_id(solv->pool, 'n', candidate->name);
	solvable->evr = pool_str2id(solv->pool, evr, 1);
	solvable->arch = ARCH_NOARCH;
	*provides = repo_addid_dep(solv->repo, *provides, solvable->name, 0);
	for (uint32_t i = 0; i < candidate->n_needs; i++) {
		const struct lk_need *need = &candidate->needs[i];
		Id id;

		if (need_counts(solv, index, i)) {
			id = need_id(solv, need->spec);
			if (need->when) {
				id = pool_rel2id(
					solv->pool, id, when_id(solv, need->when), REL_COND, 1);
			}
			solvable->requires = repo_addid(solv->repo, solvable->requires, id);
		}
	}
	for (uint32_t i = 0; i < candidate->n_limits; i++) {
		uint32_t spec = candidate->limits[i];

		if (problem->specs.items[spec].name != LK_NO_INDEX &&
			limit_counts(solv, index, i)) {
			if (!solv->limit_id[spec]) {
				solv->limit_id[spec] = make_id(solv->pool, 'l', spec);
			}
			solvable->conflicts =
				repo_addid(solv->repo, solvable->conflicts, solv->limit_id[spec]);
		}
	}
}

static void set_providers(struct lk_solv *solv)
{
	const struct lk_problem *problem = solv->state->problem;
	Queue list;

	queue_init(&list);
	for (uint32_t s = 0; s < problem->specs.len; s++) {
		const struct lk_interned_spec *spec = &problem->specs.items[s];

		if (solv->need_id[s]) {
			queue_empty(&list);
			for (uint32_t i = 0; i < spec->n_match; i++) {
				if (solv->solvable_of[spec->match[i]]) {
					queue_push(&list, solv->solvable_of[spec->match[i]]);
				}
			}
			pool_set_whatprovides(solv->pool, solv->need_id[s],
				pool_queuetowhatprovides(solv->pool, &list));
		}
		if (solv->limit_id[s]) {
			const struct lk_candidate_name *name = &problem->names.items[spec->name];

			queue_empty(&list);
			for (uint32_t c = name->first; c < name->first + name->n; c++) {
				if (solv->solvable_of[c] && !lk_spec_has(spec, c)) {
					queue_push(&list, solv->solvable_of[c]);
				}
			}
			pool_set_whatprovides(solv->pool, solv->limit_id[s],
				pool_queuetowhatprovides(solv->pool, &list));
		}
	}
	queue_free(&list);
}

void lk_solv_load(struct lk_solv *solv, const struct lk_state *state, size_t trail_len,
	const struct lk_root_mask *mask)
{
	*solv = (struct lk_solv){.state = state, .mask = mask, .trail_len = trail_len};
	solv->solvable_of = lk_calloc(state->problem->candidates.len, sizeof(*solv->solvable_of));
	solv->need_id = lk_calloc(state->problem->specs.len, sizeof(*solv->need_id));
	solv->limit_id = lk_calloc(state->problem->specs.len, sizeof(*solv->limit_id));
	find_reachable(solv);

	solv->pool = pool_create();
	solv->repo = repo_create(solv->pool, "problem");
	solv->first_solvable = repo_add_solvable_block(solv->repo, (int)solv->loaded.len);
	for (size_t i = 0; i < solv->loaded.len; i++) {
		Id id = solv->first_solvable + (Id)i;

		solv->solvable_of[solv->loaded.items[i]] = id;
		load_candidate(solv, solv->loaded.items[i], pool_id2solvable(solv->pool, id));
	}
	pool_createwhatprovides(solv->pool);
	set_providers(solv);
}

void lk_solv_done(struct lk_solv *solv)
{
	pool_free(solv->pool);
	lk_vec_done(&solv->loaded);
	lk_free(solv->solvable_of);
	lk_free(solv->need_id);
	lk_free(solv->limit_id);
}

/*
 * Unit propagation with counters: each spec knows how many of its matches are left.
 */
#include "resolver/propagate_priv.h"

/* Trail items are candidates, or specs that became needed, with this bit. */
#define SPEC_BIT 0x80000000u

struct lk_lists lk_lists_of(const struct lk_pairs *pairs, size_t n)
{
	struct lk_lists lists = {.start = lk_calloc(n + 2, sizeof(*lists.start)),
		.items = lk_calloc(pairs->len, sizeof(*lists.items))};

	for (size_t i = 0; i < pairs->len; i++) {
		lists.start[pairs->items[i].from + 2]++;
	}
	for (size_t i = 2; i < n + 2; i++) {
		lists.start[i] += lists.start[i - 1];
	}
	for (size_t i = 0; i < pairs->len; i++) {
		lists.items[lists.start[pairs->items[i].from + 1]++] = pairs->items[i].to;
	}
	return lists;
}

void lk_lists_done(struct lk_lists *lists)
{
	lk_free(lists->start);
	lk_free(lists->items);
}

static void match_when(struct lk_problem *problem, const struct lk_when *when)
{
	if (when && when->op == LK_CONDITION_SPEC) {
		lk_problem_match(problem, when->spec);
	} else if (when) {
		match_when(problem, when->left);
		match_when(problem, when->right);
	}
}

static void match_all(struct lk_problem *problem)
{
	for (size_t c = 0; c < problem->candidates.len; c++) {
		const struct lk_candidate *candidate = &problem->candidates.items[c];

		for (uint32_t i = 0; i < candidate->n_needs; i++) {
			lk_problem_match(problem, candidate->needs[i].spec);
			match_when(problem, candidate->needs[i].when);
		}
		for (uint32_t i = 0; i < candidate->n_limits; i++) {
			lk_problem_match(problem, candidate->limits[i]);
		}
	}
}

/* Fills `met_by` from the specs that are needs, `limits_on` from those that are limits. */
static void index_specs(struct lk_state *state, const bool *is_need, const bool *is_limit)
{
	const struct lk_problem *problem = state->problem;
	struct lk_pairs met = {0};
	struct lk_pairs limits = {0};

	for (uint32_t s = 0; s < problem->specs.len; s++) {
		const struct lk_interned_spec *spec = &problem->specs.items[s];

		for (uint32_t i = 0; is_need[s] && i < spec->n_match; i++) {
			lk_vec_push(&met, (struct lk_pair){spec->match[i], s});
		}
		if (is_limit[s] && spec->name != LK_NO_INDEX) {
			lk_vec_push(&limits, (struct lk_pair){spec->name, s});
		}
	}
	state->met_by = lk_lists_of(&met, problem->candidates.len);
	state->limits_on = lk_lists_of(&limits, problem->names.len);
	lk_vec_done(&met);
	lk_vec_done(&limits);
}

static void index_candidates(struct lk_state *state, bool *is_need, bool *is_limit)
{
	const struct lk_problem *problem = state->problem;
	struct lk_pairs needs = {0};
	struct lk_pairs limits = {0};

	for (uint32_t c = 0; c < problem->candidates.len; c++) {
		const struct lk_candidate *candidate = &problem->candidates.items[c];
		bool conditional = false;

		for (uint32_t i = 0; i < candidate->n_needs; i++) {
			is_need[candidate->needs[i].spec] = true;
			if (candidate->needs[i].when) {
				conditional = true;
			} else {
				lk_vec_push(&needs, (struct lk_pair){candidate->needs[i].spec, c});
			}
		}
		for (uint32_t i = 0; i < candidate->n_limits; i++) {
			is_limit[candidate->limits[i]] = true;
			lk_vec_push(&limits, (struct lk_pair){candidate->limits[i], c});
		}
		if (conditional) {
			lk_vec_push(&state->conditional, c);
		}
	}
	state->needed_by = lk_lists_of(&needs, problem->specs.len);
	state->limited_by = lk_lists_of(&limits, problem->specs.len);
	lk_vec_done(&needs);
	lk_vec_done(&limits);
}

void lk_state_init(struct lk_state *state, struct lk_problem *problem)
{
	bool *is_need;
	bool *is_limit;

	match_all(problem);
	*state = (struct lk_state){.problem = problem};
	state->value = lk_calloc(problem->candidates.len, sizeof(*state->value));
	state->since = lk_calloc(problem->candidates.len, sizeof(*state->since));
	state->left = lk_calloc(problem->specs.len, sizeof(*state->left));
	state->needed = lk_calloc(problem->specs.len, sizeof(*state->needed));
	state->has_chosen = lk_calloc(problem->names.len, sizeof(*state->has_chosen));
	is_need = lk_calloc(problem->specs.len, sizeof(*is_need));
	is_limit = lk_calloc(problem->specs.len, sizeof(*is_limit));
	index_candidates(state, is_need, is_limit);
	index_specs(state, is_need, is_limit);
	for (size_t s = 0; s < problem->specs.len; s++) {
		state->left[s] = problem->specs.items[s].n_match;
	}
	lk_free(is_need);
	lk_free(is_limit);
}

void lk_state_done(struct lk_state *state)
{
	lk_free(state->value);
	lk_free(state->since);
	lk_free(state->left);
	lk_free(state->needed);
	lk_free(state->has_chosen);
	lk_vec_done(&state->trail);
	lk_vec_done(&state->conditional);
	lk_lists_done(&state->met_by);
	lk_lists_done(&state->needed_by);
	lk_lists_done(&state->limited_by);
	lk_lists_done(&state->limits_on);
}

static void set(struct lk_state *state, uint32_t candidate, signed char value)
{
	if (state->value[candidate] != 0) {
		state->conflict = state->conflict || state->value[candidate] != value;
		return;
	}
	state->value[candidate] = value;
	state->since[candidate] = (uint32_t)state->trail.len;
	lk_vec_push(&state->trail, candidate);
	if (value > 0) {
		state->has_chosen[state->problem->candidates.items[candidate].name] = true;
	}
	if (value < 0) {
		for (uint32_t i = state->met_by.start[candidate];
			i < state->met_by.start[candidate + 1]; i++) {
			state->left[state->met_by.items[i]]--;
		}
	}
}

static void set_needed(struct lk_state *state, uint32_t spec)
{
	if (!state->needed[spec]) {
		state->needed[spec] = true;
		lk_vec_push(&state->trail, spec | SPEC_BIT);
	}
}

static void refuse_list(struct lk_state *state, const struct lk_lists *lists, uint32_t index)
{
	for (uint32_t i = lists->start[index]; i < lists->start[index + 1]; i++) {
		set(state, lists->items[i], -1);
	}
}

/* A needed spec's name may have no other candidate. */
static void refuse_complement(struct lk_state *state, const struct lk_interned_spec *spec)
{
	const struct lk_candidate_name *name;
	uint32_t next = 0;

	if (spec->name == LK_NO_INDEX) {
		return;
	}
	name = &state->problem->names.items[spec->name];
	for (uint32_t c = name->first; c < name->first + name->n; c++) {
		if (next < spec->n_match && spec->match[next] == c) {
			next++;
		} else {
			set(state, c, -1);
		}
	}
}

/* A needed spec with one match left chooses it. */
static void check_needed(struct lk_state *state, uint32_t index)
{
	const struct lk_interned_spec *spec = &state->problem->specs.items[index];

	if (state->left[index] == 0) {
		state->conflict = true;
	}
	/* Where one is chosen, that is the one left, or soon there is none. */
	if (state->left[index] != 1 || state->has_chosen[spec->name]) {
		return;
	}
	for (uint32_t i = 0; i < spec->n_match; i++) {
		if (state->value[spec->match[i]] >= 0) {
			set(state, spec->match[i], 1);
			return;
		}
	}
}

static void after_refused(struct lk_state *state, uint32_t candidate)
{
	for (uint32_t i = state->met_by.start[candidate]; i < state->met_by.start[candidate + 1];
		i++) {
		uint32_t spec = state->met_by.items[i];

		if (state->left[spec] == 0) {
			refuse_list(state, &state->needed_by, spec);
		}
		if (state->needed[spec]) {
			check_needed(state, spec);
		}
	}
}

static void after_chosen(struct lk_state *state, uint32_t index)
{
	const struct lk_problem *problem = state->problem;
	const struct lk_candidate *candidate = &problem->candidates.items[index];
	const struct lk_candidate_name *name = &problem->names.items[candidate->name];

	for (uint32_t c = name->first; c < name->first + name->n; c++) {
		if (c != index) {
			set(state, c, -1);
		}
	}
	for (uint32_t i = 0; i < candidate->n_needs; i++) {
		if (!candidate->needs[i].when) {
			set_needed(state, candidate->needs[i].spec);
		}
	}
	for (uint32_t i = 0; i < candidate->n_limits; i++) {
		refuse_complement(state, &problem->specs.items[candidate->limits[i]]);
	}
	for (uint32_t i = state->limits_on.start[candidate->name];
		i < state->limits_on.start[candidate->name + 1]; i++) {
		uint32_t spec = state->limits_on.items[i];

		if (!lk_spec_has(&problem->specs.items[spec], index)) {
			refuse_list(state, &state->limited_by, spec);
		}
	}
}

static bool is_chosen(const void *ctx, uint32_t candidate)
{
	return ((const struct lk_state *)ctx)->value[candidate] > 0;
}

/* Needs of chosen candidates whose condition has come true. */
static void check_conditional(struct lk_state *state)
{
	for (size_t i = 0; i < state->conditional.len; i++) {
		uint32_t c = state->conditional.items[i];
		const struct lk_candidate *candidate = &state->problem->candidates.items[c];

		for (uint32_t k = 0; state->value[c] > 0 && k < candidate->n_needs; k++) {
			const struct lk_need *need = &candidate->needs[k];

			if (need->when && !state->needed[need->spec] &&
				lk_when_holds(state->problem, need->when, is_chosen, state)) {
				set_needed(state, need->spec);
			}
		}
	}
}

static bool propagate(struct lk_state *state)
{
	bool chosen = false; /* only a choice makes a condition true */

	while (!state->conflict) {
		uint32_t item;

		if (state->head == state->trail.len && chosen) {
			chosen = false;
			check_conditional(state);
		}
		if (state->head == state->trail.len) {
			return true;
		}
		item = state->trail.items[state->head++];
		if (item & SPEC_BIT) {
			refuse_complement(state, &state->problem->specs.items[item & ~SPEC_BIT]);
			check_needed(state, item & ~SPEC_BIT);
		} else if (state->value[item] > 0) {
			chosen = true;
			after_chosen(state, item);
		} else {
			after_refused(state, item);
		}
	}
	return false;
}

bool lk_state_choose(struct lk_state *state, uint32_t candidate)
{
	set(state, candidate, 1);
	return propagate(state);
}

bool lk_state_refuse(struct lk_state *state, uint32_t candidate)
{
	set(state, candidate, -1);
	return propagate(state);
}

static bool breaks_own_limit(const struct lk_problem *problem, uint32_t index)
{
	const struct lk_candidate *candidate = &problem->candidates.items[index];

	for (uint32_t i = 0; i < candidate->n_limits; i++) {
		const struct lk_interned_spec *spec = &problem->specs.items[candidate->limits[i]];

		if (spec->name == candidate->name && !lk_spec_has(spec, index)) {
			return true;
		}
	}
	return false;
}

void lk_state_clean(struct lk_state *state)
{
	const struct lk_problem *problem = state->problem;

	for (uint32_t s = 0; s < problem->specs.len; s++) {
		if (state->left[s] == 0) {
			refuse_list(state, &state->needed_by, s);
		}
	}
	for (uint32_t c = 0; c < problem->candidates.len; c++) {
		if (breaks_own_limit(problem, c)) {
			set(state, c, -1);
		}
	}
	/* Without a choice nothing is needed, so there is nothing to contradict but the root's
	 * refusal. */
	(void)propagate(state);
}

void lk_state_back(struct lk_state *state, size_t len)
{
	while (state->trail.len > len) {
		uint32_t item = state->trail.items[--state->trail.len];

		if (item & SPEC_BIT) {
			state->needed[item & ~SPEC_BIT] = false;
			continue;
		}
		if (state->value[item] > 0) {
			state->has_chosen[state->problem->candidates.items[item].name] = false;
		}
		if (state->value[item] < 0) {
			for (uint32_t i = state->met_by.start[item];
				i < state->met_by.start[item + 1]; i++) {
				state->left[state->met_by.items[i]]++;
			}
		}
		state->value[item] = 0;
	}
	if (state->head > len) {
		state->head = len;
	}
	state->conflict = false;
}

/*
 * No silent CPU: who was taken with CUDA and who without, where there was a choice.
 *
 * A record is of the CUDA kind when it depends on __cuda, or when everything that could meet one of
 * its needs is. On a target without __cuda those records were filtered out; they count all the
 * same, and so do the needs that only they could have met.
 */
#include "resolver/newer_priv.h"

#define MAX_CHOICES 64
#define MAX_RIVALS 8

struct kinds {
	const struct lk_state *state;
	struct lk_problem *problem;
	bool *candidate; /* of the CUDA kind */
	uint32_t *left;  /* by spec: matches that are not */
	struct lk_u32s todo;
};

static void set_cuda(struct kinds *kinds, uint32_t candidate)
{
	if (candidate != LK_ROOT && !kinds->candidate[candidate]) {
		kinds->candidate[candidate] = true;
		lk_vec_push(&kinds->todo, candidate);
	}
}

static void set_needing(struct kinds *kinds, uint32_t spec)
{
	const struct lk_lists *needed_by = &kinds->state->needed_by;

	for (uint32_t i = needed_by->start[spec]; i < needed_by->start[spec + 1]; i++) {
		set_cuda(kinds, needed_by->items[i]);
	}
}

static bool is_cuda_out(const struct lk_problem *problem, const struct lk_out *out)
{
	return out->version && out->kind == LK_OUT_VIRTUAL_NEED &&
		problem->specs.items[lk_map_get(&problem->spec_index, out->detail)].on_cuda;
}

/* Would a record of the CUDA kind among OUTS, which were filtered out, match SPEC? */
static bool has_cuda_out(const struct lk_problem *problem, const struct lk_lists *outs,
	const struct lk_interned_spec *spec)
{
	for (uint32_t i = outs->start[spec->name]; i < outs->start[spec->name + 1]; i++) {
		const struct lk_out *out = &problem->outs.items[outs->items[i]];

		if (is_cuda_out(problem, out) &&
			lk_matchspec_matches(spec->spec, out->record, out->version)) {
			return true;
		}
	}
	return false;
}

/* Needs that nothing meets any more but that a record of the CUDA kind would. */
static void check_outs(struct kinds *kinds)
{
	const struct lk_problem *problem = kinds->problem;
	struct lk_pairs pairs = {0};
	struct lk_lists outs;

	for (uint32_t i = 0; i < problem->outs.len; i++) {
		lk_vec_push(&pairs, (struct lk_pair){problem->outs.items[i].name, i});
	}
	outs = lk_lists_of(&pairs, problem->names.len);
	for (uint32_t s = 0; s < problem->specs.len; s++) {
		const struct lk_interned_spec *spec = &problem->specs.items[s];

		if (spec->spec && spec->n_match == 0 && spec->name != LK_NO_INDEX &&
			has_cuda_out(problem, &outs, spec)) {
			set_needing(kinds, s);
		}
	}
	lk_lists_done(&outs);
	lk_vec_done(&pairs);
}

static void find_kinds(struct kinds *kinds)
{
	const struct lk_problem *problem = kinds->problem;
	const struct lk_lists *met_by = &kinds->state->met_by;

	for (uint32_t s = 0; s < problem->specs.len; s++) {
		kinds->left[s] = problem->specs.items[s].n_match;
	}
	for (uint32_t c = 1; c < problem->candidates.len; c++) {
		if (problem->candidates.items[c].needs_cuda) {
			set_cuda(kinds, c);
		}
	}
	check_outs(kinds);
	while (kinds->todo.len > 0) {
		uint32_t c = kinds->todo.items[--kinds->todo.len];

		for (uint32_t i = met_by->start[c]; i < met_by->start[c + 1]; i++) {
			if (--kinds->left[met_by->items[i]] == 0) {
				set_needing(kinds, met_by->items[i]);
			}
		}
	}
}

/* The records of one name, by kind. */
struct builds {
	uint32_t best;            /* candidate of the other kind, or LK_NO_INDEX */
	const struct lk_out *out; /* or one that was filtered out */
	const struct lk_record *other;
	bool own_word, other_word; /* the kind's word is in every build of it, and in none else */
};

static bool has_word(const struct lk_record *record, bool cuda)
{
	return lk_str_find(record->build, cuda ? LK_STR("cuda") : LK_STR("cpu")) != SIZE_MAX;
}

static bool is_like(const struct lk_problem *problem, uint32_t a, uint32_t b)
{
	const struct lk_candidate *all = problem->candidates.items;

	return lk_version_cmp(all[a].version, all[b].version) == 0;
}

/* Looks at all records of the name of CHOSEN; the other kind has CUDA when CUDA is set. */
static void look_at_builds(
	const struct kinds *kinds, uint32_t chosen, bool cuda, struct builds *ret)
{
	const struct lk_problem *problem = kinds->problem;
	uint32_t index = problem->candidates.items[chosen].name;
	const struct lk_candidate_name *name = &problem->names.items[index];

	*ret = (struct builds){.best = LK_NO_INDEX, .other_word = true};
	for (uint32_t c = name->first; c < name->first + name->n; c++) {
		const struct lk_record *record = problem->candidates.items[c].record;
		bool is_other = kinds->candidate[c] == cuda;

		/* Of its own version, where there is one. */
		if (is_other &&
			(ret->best == LK_NO_INDEX ||
				(is_like(problem, c, chosen) &&
					!is_like(problem, ret->best, chosen)))) {
			ret->best = c;
			ret->other = record;
		}
		ret->other_word = ret->other_word && has_word(record, cuda) == is_other;
	}
	for (size_t i = 0; i < problem->outs.len; i++) {
		const struct lk_out *out = &problem->outs.items[i];

		if (out->name != index || !cuda || !is_cuda_out(problem, out)) {
			continue;
		}
		ret->other_word = ret->other_word && has_word(out->record, true);
		if (ret->best == LK_NO_INDEX &&
			(!ret->out || lk_version_cmp(out->version, ret->out->version) > 0)) {
			ret->out = out;
			ret->other = out->record;
		}
	}
}

/* Why OTHER, which nothing refutes, ranks behind CHOSEN. */
static lk_str rank_reason(
	struct lk_arena *arena, const struct lk_candidate *chosen, const struct lk_candidate *other)
{
	const struct lk_record *a = chosen->record;
	const struct lk_record *b = other->record;

	if (lk_version_cmp(chosen->version, other->version) > 0) {
		return lk_str_printf(arena, "it is newer than " LK_STR_FMT, LK_STR_ARG(b->version));
	}
	if (a->build_number > b->build_number) {
		return lk_str_printf(arena, "its build number %llu is above %llu of " LK_STR_FMT,
			(unsigned long long)a->build_number, (unsigned long long)b->build_number,
			LK_STR_ARG(b->build));
	}
	return lk_str_printf(arena, "it ranks before " LK_STR_FMT, LK_STR_ARG(b->build));
}

/* The best candidate of the other kind and CHOSEN's version that could have been taken as well, as
 * far as BEFORE goes; LK_NO_INDEX: none. */
static uint32_t find_rival(const struct kinds *kinds, uint32_t chosen, const struct lk_u32s *before)
{
	const struct lk_candidate *all = kinds->problem->candidates.items;
	const struct lk_candidate_name *name = &kinds->problem->names.items[all[chosen].name];
	unsigned tries = 0;

	for (uint32_t c = name->first; c < name->first + name->n && tries < MAX_RIVALS; c++) {
		if (kinds->candidate[c] == kinds->candidate[chosen] ||
			!is_like(kinds->problem, c, chosen)) {
			continue;
		}
		tries++;
		if (!lk_refuted(NULL, kinds->state, before, c, false)) {
			return c;
		}
	}
	return LK_NO_INDEX;
}

static void explain_choice(const struct kinds *kinds, const struct lk_walk *walk, size_t at,
	uint32_t best, struct lk_explanation *explanation)
{
	const struct lk_candidate *all = kinds->problem->candidates.items;
	uint32_t chosen = walk->fixed.items[at];
	struct lk_u32s before = {0};
	uint32_t rival;

	lk_choices_before(kinds->problem, walk, at, &before);
	rival = find_rival(kinds, chosen, &before);
	if (rival != LK_NO_INDEX && rival > chosen) {
		lk_explain_line(
			explanation, 0, rank_reason(explanation->arena, &all[chosen], &all[rival]));
	} else if (rival != LK_NO_INDEX ||
		!lk_refuted(explanation, kinds->state, &before, best, false)) {
		lk_explain_line(explanation, 0,
			LK_STR("no choice of the packages after it fits together with another"));
	}
	lk_vec_done(&before);
}

static lk_str reason_of(const struct kinds *kinds, const struct lk_walk *walk, size_t at,
	const struct builds *builds, struct lk_solution *solution)
{
	struct lk_explanation explanation = {
		.problem = kinds->problem, .arena = &solution->arena, .supposed = LK_NO_INDEX};
	uint32_t chosen = walk->fixed.items[at];
	lk_str reason;

	if (builds->out) {
		lk_explain_out(&explanation, builds->out);
	} else if (kinds->problem->candidates.items[chosen].locked) {
		lk_explain_line(&explanation, 0, LK_STR("it is kept as it was locked"));
	} else {
		explain_choice(kinds, walk, at, builds->best, &explanation);
	}
	reason = explanation.lines.items[0].text;
	lk_vec_done(&explanation.lines);
	return reason;
}

static void tell_choice(const struct kinds *kinds, const struct lk_walk *walk, size_t at,
	struct lk_solution *solution, struct lk_cuda_choice *choices)
{
	uint32_t chosen = walk->fixed.items[at];
	const struct lk_record *record = kinds->problem->candidates.items[chosen].record;
	bool has_cuda = kinds->candidate[chosen];
	struct lk_arena *arena = &solution->arena;
	struct builds builds;

	look_at_builds(kinds, chosen, !has_cuda, &builds);
	if (!builds.other) {
		return;
	}
	choices[solution->n_cuda++] = (struct lk_cuda_choice){
		.name = lk_str_dup(arena, record->name),
		.version = lk_str_dup(arena, record->version),
		.build = lk_str_dup(arena, record->build),
		.has_cuda = has_cuda,
		.reason = reason_of(kinds, walk, at, &builds, solution),
		.other = builds.other_word
			? lk_str_printf(arena, LK_STR_FMT " *=*%s*", LK_STR_ARG(record->name),
				  has_cuda ? "cpu" : "cuda")
			: lk_str_printf(arena, LK_STR_FMT "==" LK_STR_FMT "=" LK_STR_FMT,
				  LK_STR_ARG(record->name), LK_STR_ARG(builds.other->version),
				  LK_STR_ARG(builds.other->build)),
		.needs_cuda = !has_cuda &&
			!lk_virtuals_find(kinds->problem->task->virtuals, LK_STR("__cuda")),
	};
}

/* Marks the names of the root's needs and of what their records need. */
static void mark_near(const struct lk_problem *problem, const struct lk_walk *walk, bool *near)
{
	const struct lk_interned_spec *specs = problem->specs.items;
	bool *is_root = lk_calloc(problem->names.len + 1, sizeof(*is_root));

	for (size_t i = 0; i < walk->fixed.len; i++) {
		uint32_t index = walk->fixed.items[i];
		const struct lk_candidate *c = &problem->candidates.items[index];

		if (index != LK_ROOT && !is_root[c->name]) {
			continue;
		}
		for (uint32_t k = 0; k < c->n_needs; k++) {
			uint32_t name = specs[c->needs[k].spec].name;

			if (name != LK_NO_INDEX) {
				near[name] = true;
				is_root[name] = is_root[name] || index == LK_ROOT;
			}
		}
	}
	lk_free(is_root);
}

void lk_tell_cuda(
	const struct lk_state *state, const struct lk_walk *walk, struct lk_solution *solution)
{
	struct lk_problem *problem = state->problem;
	struct kinds kinds = {.state = state, .problem = problem};
	bool *near = lk_calloc(problem->names.len, sizeof(*near));
	struct lk_cuda_choice *choices =
		lk_arena_calloc(&solution->arena, MAX_CHOICES, sizeof(*choices));

	kinds.candidate = lk_calloc(problem->candidates.len, sizeof(*kinds.candidate));
	kinds.left = lk_calloc(problem->specs.len, sizeof(*kinds.left));
	find_kinds(&kinds);
	mark_near(problem, walk, near);
	for (size_t i = 1; i < walk->fixed.len && solution->n_cuda < MAX_CHOICES; i++) {
		const struct lk_candidate *c = &problem->candidates.items[walk->fixed.items[i]];

		if (c->record && near[c->name]) {
			tell_choice(&kinds, walk, i, solution, choices);
		}
	}
	solution->cuda = choices;
	lk_vec_done(&kinds.todo);
	lk_free(kinds.candidate);
	lk_free(kinds.left);
	lk_free(near);
}

/*
 * Extras (CEP 44): each group that is asked for becomes the name "name[group]".
 *
 * It has one candidate for each candidate of the name, in the same order, which needs exactly that
 * one and what its group depends on (nothing, when it has no such group). A need of
 * name[extras=[group]] becomes two needs: of the record and of "name[group]". So whoever asks turns
 * the group on for whichever record is chosen, and the solver needs to know nothing of extras.
 */
#include "resolver/problem_priv.h"

#define MAX_GROUP_CANDIDATES ((size_t)1 << 20)

struct expansion {
	struct lk_problem *problem;
	struct lk_u32s any_specs; /* by name: the spec that all its candidates meet */
	size_t n_candidates;      /* of groups */
	struct lk_error *err;
};

/* The group's dependencies as needs of a candidate; false when one rules it out. */
static bool group_needs(struct lk_problem *problem, const struct lk_record *record, lk_str group,
	struct lk_needs *needs)
{
	struct lk_error ignored;

	for (size_t i = 0; i < record->n_extra; i++) {
		const struct lk_str_list *depends = &record->extra[i].depends;

		for (size_t k = 0; lk_str_eq(record->extra[i].group, group) && k < depends->n;
			k++) {
			struct lk_need need;
			enum lk_meaning meaning;
			uint32_t spec;

			if (lk_problem_intern(problem, depends->items[k], &spec, &ignored) < 0) {
				return false;
			}
			meaning = lk_problem_need(problem, spec, &need);
			if (meaning == LK_MEANS_UNSUPPORTED) {
				return false;
			}
			/* A virtual package that is missing stays a need that nothing meets. */
			if (meaning != LK_MEANS_NOTHING) {
				lk_vec_push(needs, need);
			}
		}
	}
	return true;
}

static struct lk_need *needs_dup(struct lk_problem *problem, const struct lk_needs *needs)
{
	struct lk_need *copy = lk_arena_calloc(&problem->arena, needs->len, sizeof(*copy));

	for (size_t i = 0; i < needs->len; i++) {
		copy[i] = needs->items[i];
	}
	return copy;
}

static void add_group_candidates(struct lk_problem *problem, uint32_t name)
{
	uint32_t base = problem->names.items[name].base;
	uint32_t first = problem->names.items[base].first;
	uint32_t end = first + problem->names.items[base].n;
	struct lk_needs needs = {0};

	problem->names.items[name].first = (uint32_t)problem->candidates.len;
	for (uint32_t c = first; c < end; c++) {
		struct lk_candidate tied = problem->candidates.items[c];

		lk_vec_clear(&needs);
		lk_vec_push(&needs, (struct lk_need){.spec = lk_problem_add_exact(problem, c)});
		if (!group_needs(problem, tied.record, problem->names.items[name].group, &needs)) {
			continue;
		}
		lk_vec_push(&problem->candidates,
			(struct lk_candidate){.name = name,
				.base = c,
				.channel = tied.channel,
				.locked = tied.locked,
				.needs = needs_dup(problem, &needs),
				.n_needs = (uint32_t)needs.len});
		problem->names.items[name].n++;
	}
	lk_vec_done(&needs);
}

/* The name of GROUP of the package BASE; made with its candidates when it is new. */
static int group_name(struct expansion *x, uint32_t base, lk_str group, uint32_t *ret)
{
	struct lk_problem *problem = x->problem;
	lk_str text = lk_str_printf(&problem->arena, LK_STR_FMT "[" LK_STR_FMT "]",
		LK_STR_ARG(problem->names.items[base].text), LK_STR_ARG(group));

	*ret = lk_problem_name(problem, text);
	if (*ret != LK_NO_INDEX) {
		return 0;
	}
	x->n_candidates += problem->names.items[base].n;
	if (x->n_candidates > MAX_GROUP_CANDIDATES) {
		lk_fail(x->err, LK_E_FORMAT,
			"extras of more than %zu records are asked for, '" LK_STR_FMT
			"' among them",
			MAX_GROUP_CANDIDATES, LK_STR_ARG(text));
		lk_error_hint(x->err, "leave the package that asks for so many extras out");
		return LK_E_FORMAT;
	}
	*ret = lk_problem_add_name(problem, text);
	problem->names.items[*ret].base = base;
	problem->names.items[*ret].group = lk_str_dup(&problem->arena, group);
	add_group_candidates(problem, *ret);
	return 0;
}

/* A spec that every candidate of NAME meets. */
static uint32_t any_of(struct lk_problem *problem, uint32_t name)
{
	const struct lk_candidate_name *n = &problem->names.items[name];
	struct lk_interned_spec spec = {.name = name, .n_match = n->n, .matched = true};

	spec.match = lk_arena_calloc(&problem->arena, n->n, sizeof(*spec.match));
	for (uint32_t i = 0; i < n->n; i++) {
		spec.match[i] = n->first + i;
	}
	lk_vec_push(&problem->specs, spec);
	return (uint32_t)problem->specs.len - 1;
}

/* The need of a group that a need with extras also means. */
static int need_of_group(struct expansion *x, const struct lk_need *need, uint32_t base,
	lk_str group, struct lk_need *ret)
{
	uint32_t name;
	int rc = group_name(x, base, group, &name);

	if (rc < 0) {
		return rc;
	}
	while (x->any_specs.len <= name) {
		lk_vec_push(&x->any_specs, LK_NO_INDEX);
	}
	if (x->any_specs.items[name] == LK_NO_INDEX) {
		x->any_specs.items[name] = any_of(x->problem, name);
	}
	*ret = (struct lk_need){.spec = x->any_specs.items[name], .when = need->when};
	return 0;
}

static int expand_need(struct expansion *x, struct lk_need need, struct lk_needs *needs)
{
	const struct lk_matchspec *spec = x->problem->specs.items[need.spec].spec;
	uint32_t base;

	lk_vec_push(needs, need);
	if (!spec || spec->extras.n == 0) {
		return 0;
	}
	base = lk_problem_name(x->problem, spec->name);
	for (size_t k = 0; base != LK_NO_INDEX && k < spec->extras.n; k++) {
		struct lk_need of_group;
		int rc = need_of_group(x, &need, base, spec->extras.items[k], &of_group);

		if (rc < 0) {
			return rc;
		}
		lk_vec_push(needs, of_group);
	}
	return 0;
}

static int expand_candidate(struct expansion *x, uint32_t candidate, struct lk_needs *needs)
{
	struct lk_problem *problem = x->problem;

	lk_vec_clear(needs);
	for (uint32_t i = 0; i < problem->candidates.items[candidate].n_needs; i++) {
		int rc = expand_need(x, problem->candidates.items[candidate].needs[i], needs);

		if (rc < 0) {
			return rc;
		}
	}
	if (needs->len > problem->candidates.items[candidate].n_needs) {
		struct lk_candidate *c = &problem->candidates.items[candidate];

		c->needs = needs_dup(problem, needs);
		c->n_needs = (uint32_t)needs->len;
	}
	return 0;
}

int lk_extras_expand(struct lk_problem *problem, struct lk_error *err)
{
	struct expansion x = {.problem = problem, .err = err};
	struct lk_needs needs = {0};
	int rc = 0;

	if (!problem->has_extras) {
		return 0;
	}
	/* Groups may ask for groups: their candidates are appended and so reached by this loop too.
	 */
	for (uint32_t c = 0; rc == 0 && c < problem->candidates.len; c++) {
		rc = expand_candidate(&x, c, &needs);
	}
	lk_vec_done(&needs);
	lk_vec_done(&x.any_specs);
	return rc;
}

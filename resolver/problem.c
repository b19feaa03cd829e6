/*
 * The problem's tables: names, specs interned by text, what a spec matches, conditions folded.
 */
#include "resolver/problem_priv.h"

#include <stdlib.h>

void lk_problem_init(struct lk_problem *problem, const struct lk_task *task)
{
	*problem = (struct lk_problem){.task = task};
	lk_arena_init(&problem->arena);
	lk_problem_add_name(problem, LK_STR(""));
	problem->names.items[LK_ROOT].n = 1;
	lk_vec_push(
		&problem->candidates, (struct lk_candidate){.name = LK_ROOT, .base = LK_NO_INDEX});
}

void lk_problem_done(struct lk_problem *problem)
{
	lk_map_done(&problem->name_index);
	lk_map_done(&problem->spec_index);
	lk_vec_done(&problem->names);
	lk_vec_done(&problem->candidates);
	lk_vec_done(&problem->specs);
	lk_vec_done(&problem->outs);
	lk_arena_done(&problem->arena);
}

bool lk_task_keeps(const struct lk_task *task, lk_str name)
{
	for (size_t i = 0; i < task->n_update; i++) {
		if (lk_str_eq(task->update[i], name)) {
			return false;
		}
	}
	return !task->update_all;
}

uint32_t lk_problem_name(const struct lk_problem *problem, lk_str name)
{
	return lk_map_get(&problem->name_index, name);
}

uint32_t lk_problem_add_name(struct lk_problem *problem, lk_str name)
{
	uint32_t index = (uint32_t)problem->names.len;
	uint32_t known = lk_map_add(&problem->name_index, name, index);

	if (known == index) {
		lk_vec_push(&problem->names,
			(struct lk_candidate_name){.text = name, .base = LK_NO_INDEX});
	}
	return known;
}

uint32_t lk_problem_add_spec(struct lk_problem *problem, const struct lk_matchspec *spec)
{
	lk_vec_push(&problem->specs,
		(struct lk_interned_spec){.spec = spec,
			.name = LK_NO_INDEX,
			.on_cuda = lk_str_is(spec->name, "__cuda") ||
				lk_str_is(spec->name, "__cuda_arch")});
	problem->has_extras = problem->has_extras || spec->extras.n > 0;
	return (uint32_t)problem->specs.len - 1;
}

int lk_problem_intern(
	struct lk_problem *problem, lk_str text, uint32_t *ret_spec, struct lk_error *err)
{
	uint32_t known = lk_map_get(&problem->spec_index, text);

	if (known == LK_MAP_NONE) {
		const struct lk_matchspec *spec = lk_reach_spec(problem->task->reach, text);
		int rc = spec
			? 0
			: lk_matchspec_parse(text, LK_SPEC_REPODATA, &problem->arena, &spec, err);

		if (rc < 0) {
			return rc;
		}
		known = lk_problem_add_spec(problem, spec);
		lk_map_set(&problem->spec_index, text, known);
	}
	*ret_spec = known;
	return 0;
}

uint32_t lk_problem_add_exact(struct lk_problem *problem, uint32_t candidate)
{
	uint32_t *match = lk_arena_calloc(&problem->arena, 1, sizeof(*match));

	*match = candidate;
	lk_vec_push(&problem->specs,
		(struct lk_interned_spec){.name = problem->candidates.items[candidate].name,
			.match = match,
			.n_match = 1,
			.matched = true});
	return (uint32_t)problem->specs.len - 1;
}

/* Does a candidate of SPEC's name and with a fitting version satisfy it, channel included? */
static bool accepts(const struct lk_problem *problem, const struct lk_matchspec *spec,
	const struct lk_candidate *candidate)
{
	const struct lk_channel *where;

	if (!lk_matchspec_matches_beyond(spec, candidate->record)) {
		return false;
	}
	if (spec->channel.len == 0) {
		return true;
	}
	where = &problem->task->channels[candidate->channel];
	return lk_matchspec_channel_matches(spec, where->name, where->url, problem->task->alias);
}

const struct lk_interned_spec *lk_problem_match(struct lk_problem *problem, uint32_t index)
{
	struct lk_interned_spec *spec = &problem->specs.items[index];
	const struct lk_candidate_name *name;
	const struct lk_version *version = NULL; /* equal ones follow each other and are the same */
	bool fits = false;
	bool asks_more;

	if (spec->matched) {
		return spec;
	}
	spec->matched = true;
	spec->name = lk_problem_name(problem, spec->spec->name);
	if (spec->name == LK_NO_INDEX) {
		return spec;
	}
	name = &problem->names.items[spec->name];
	asks_more = spec->spec->channel.len > 0 || lk_matchspec_asks_beyond(spec->spec);
	spec->match = lk_arena_calloc(&problem->arena, name->n, sizeof(*spec->match));
	for (uint32_t c = name->first; c < name->first + name->n; c++) {
		const struct lk_candidate *candidate = &problem->candidates.items[c];

		if (candidate->version != version) {
			version = candidate->version;
			fits = lk_version_spec_matches(spec->spec->version, version);
		}
		if (fits && (!asks_more || accepts(problem, spec->spec, candidate))) {
			spec->match[spec->n_match++] = c;
		}
	}
	return spec;
}

int lk_index_cmp_qsort(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

bool lk_spec_has(const struct lk_interned_spec *spec, uint32_t candidate)
{
	uint32_t low = 0;
	uint32_t high = spec->n_match;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (spec->match[middle] < candidate) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < spec->n_match && spec->match[low] == candidate;
}

/* Does the target's set of virtual packages hold one that SPEC accepts? */
static bool virtuals_meet(const struct lk_virtuals *virtuals, const struct lk_matchspec *spec)
{
	return lk_matchspec_matches_virtual(spec, lk_virtuals_find(virtuals, spec->name));
}

static const struct lk_when *when_new(struct lk_problem *problem, enum lk_condition_op op,
	uint32_t spec, const struct lk_when *left, const struct lk_when *right)
{
	struct lk_when *when = lk_arena_calloc(&problem->arena, 1, sizeof(*when));

	*when = (struct lk_when){.op = op, .spec = spec, .left = left, .right = right};
	return when;
}

static void fold_leaf(struct lk_problem *problem, const struct lk_matchspec *spec,
	int *ret_constant, const struct lk_when **ret)
{
	if (lk_name_is_virtual(spec->name)) {
		*ret_constant = virtuals_meet(problem->task->virtuals, spec);
		return;
	}
	*ret_constant = -1;
	*ret = when_new(problem, LK_CONDITION_SPEC, lk_problem_add_spec(problem, spec), NULL, NULL);
}

/* *RET_CONSTANT is 1 or 0 when the virtual packages decide CONDITION, else -1 and *RET is it. */
static void fold(struct lk_problem *problem, const struct lk_condition *condition,
	int *ret_constant, const struct lk_when **ret)
{
	int absorbing = condition->op == LK_CONDITION_OR;
	const struct lk_when *left = NULL;
	const struct lk_when *right = NULL;
	int l;
	int r;

	if (condition->op == LK_CONDITION_SPEC) {
		fold_leaf(problem, condition->spec, ret_constant, ret);
		return;
	}
	fold(problem, condition->left, &l, &left);
	fold(problem, condition->right, &r, &right);
	if (l == absorbing || r == absorbing) {
		*ret_constant = absorbing;
	} else if (l >= 0 && r >= 0) {
		*ret_constant = !absorbing;
	} else {
		*ret_constant = -1;
		*ret = l >= 0    ? right
			: r >= 0 ? left
				 : when_new(problem, condition->op, LK_NO_INDEX, left, right);
	}
}

bool lk_when_holds(const struct lk_problem *problem, const struct lk_when *when,
	bool (*holds)(const void *ctx, uint32_t candidate), const void *ctx)
{
	const struct lk_interned_spec *spec;

	if (!when) {
		return true;
	}
	if (when->op == LK_CONDITION_AND) {
		return lk_when_holds(problem, when->left, holds, ctx) &&
			lk_when_holds(problem, when->right, holds, ctx);
	}
	if (when->op == LK_CONDITION_OR) {
		return lk_when_holds(problem, when->left, holds, ctx) ||
			lk_when_holds(problem, when->right, holds, ctx);
	}
	spec = &problem->specs.items[when->spec];
	for (uint32_t i = 0; i < spec->n_match; i++) {
		if (holds(ctx, spec->match[i])) {
			return true;
		}
	}
	return false;
}

/* Extras groups inside a condition's specs would turn groups on; no channel does that. */
static bool supported(const struct lk_matchspec *spec)
{
	return spec->name_kind == LK_PATTERN_EXACT;
}

static bool condition_supported(const struct lk_condition *condition)
{
	if (condition->op == LK_CONDITION_SPEC) {
		return supported(condition->spec);
	}
	return condition_supported(condition->left) && condition_supported(condition->right);
}

/* The condition's part of both meanings: LK_MEANS_RECORDS when the spec itself has to be judged. */
static enum lk_meaning judge_condition(struct lk_problem *problem, const struct lk_matchspec *spec,
	const struct lk_when **ret_when)
{
	int constant;

	*ret_when = NULL;
	if (!supported(spec) || (spec->when && !condition_supported(spec->when))) {
		return LK_MEANS_UNSUPPORTED;
	}
	if (!spec->when) {
		return LK_MEANS_RECORDS;
	}
	fold(problem, spec->when, &constant, ret_when);
	return constant == 0 ? LK_MEANS_NOTHING : LK_MEANS_RECORDS;
}

static enum lk_meaning judge_need(struct lk_problem *problem, const struct lk_matchspec *spec,
	const struct lk_when **ret_when)
{
	enum lk_meaning meaning = judge_condition(problem, spec, ret_when);

	if (meaning != LK_MEANS_RECORDS || !lk_name_is_virtual(spec->name)) {
		return meaning;
	}
	if (virtuals_meet(problem->task->virtuals, spec)) {
		return LK_MEANS_NOTHING;
	}
	/* Under a condition it is a need that no record meets, so the condition may not come true.
	 */
	return *ret_when ? LK_MEANS_RECORDS : LK_MEANS_MISSING;
}

static enum lk_meaning judge_limit(struct lk_problem *problem, const struct lk_matchspec *spec)
{
	const struct lk_virtuals *virtuals = problem->task->virtuals;
	const struct lk_when *when;
	enum lk_meaning meaning = judge_condition(problem, spec, &when);

	if (meaning != LK_MEANS_RECORDS) {
		return meaning;
	}
	if (when) {
		return LK_MEANS_UNSUPPORTED;
	}
	if (!lk_name_is_virtual(spec->name)) {
		return LK_MEANS_RECORDS;
	}
	return !lk_virtuals_find(virtuals, spec->name) || virtuals_meet(virtuals, spec)
		? LK_MEANS_NOTHING
		: LK_MEANS_MISSING;
}

enum lk_meaning lk_problem_need(
	struct lk_problem *problem, uint32_t index, struct lk_need *ret_need)
{
	struct lk_interned_spec *spec = &problem->specs.items[index];

	if (spec->as_need == LK_MEANS_UNKNOWN) {
		const struct lk_when *when;
		enum lk_meaning meaning = judge_need(problem, spec->spec, &when);

		spec = &problem->specs.items[index]; /* folding may have added specs */
		spec->as_need = meaning;
		spec->when = when;
	}
	*ret_need = (struct lk_need){.spec = index, .when = spec->when};
	return spec->as_need;
}

enum lk_meaning lk_problem_limit(struct lk_problem *problem, uint32_t index)
{
	struct lk_interned_spec *spec = &problem->specs.items[index];

	if (spec->as_limit == LK_MEANS_UNKNOWN) {
		enum lk_meaning meaning = judge_limit(problem, spec->spec);

		spec = &problem->specs.items[index];
		spec->as_limit = meaning;
	}
	return spec->as_limit;
}

/*
 * Why there is no solution: first the smallest set of root items that collide, then why they do.
 *
 * Specs that fail alone come first: unknown names, versions that do not exist, records that the
 * target's virtual packages or a filter rule out. Else narrowing finds a clash in nearly all cases,
 * and what it rests on, without libsolv; of that, what the clash does not need is dropped. Where
 * narrowing finds none, libsolv is asked which items have no solution together, and the ways out of
 * them are narrowed one by one.
 */
#include "resolver/explain_priv.h"

#include <stdlib.h>

#define MAX_CASES 3

/* The root's items that count: needs, then limits. */
struct core {
	bool *items;
	uint32_t n;
	struct lk_root_mask mask;
};

static const struct lk_candidate *root_of(const struct lk_problem *problem)
{
	return &problem->candidates.items[LK_ROOT];
}

static void core_init(struct core *core, const struct lk_problem *problem)
{
	const struct lk_candidate *root = root_of(problem);

	core->n = root->n_needs + root->n_limits;
	core->items = lk_calloc(core->n, sizeof(*core->items));
	core->mask = (struct lk_root_mask){core->items, core->items + root->n_needs};
	memset(core->items, 1, core->n * sizeof(*core->items));
}

static void core_done(struct core *core)
{
	lk_free(core->items);
}

/* --- specs that fail alone --- */

/* Item ITEM of the root is to blame; false: its spec is already, by another item. */
static bool add_culprit(struct lk_explanation *explanation, uint32_t item)
{
	struct lk_culprit culprit = lk_explain_culprit(explanation, item);

	for (size_t i = 0; i < explanation->culprits.len; i++) {
		if (explanation->culprits.items[i].is_pin == culprit.is_pin &&
			explanation->culprits.items[i].index == culprit.index) {
			return false;
		}
	}
	lk_vec_push(&explanation->culprits, culprit);
	return true;
}

/* True when the root's need ITEM can be met by no candidate; says why. */
static bool explain_alone(struct lk_explanation *explanation, uint32_t item)
{
	uint32_t index = root_of(explanation->problem)->needs[item].spec;
	const struct lk_interned_spec *spec = lk_problem_match(explanation->problem, index);
	const struct lk_matchspec *asked = spec->spec;
	size_t line = explanation->lines.len;

	if (spec->n_match > 0 || !asked) {
		return false;
	}
	(void)add_culprit(explanation, item);
	lk_explain_line(explanation, 0,
		lk_str_printf(explanation->arena, "'" LK_STR_FMT "' cannot be had",
			LK_STR_ARG(asked->text)));
	if (!lk_explain_outs(explanation, 1, &asked, 1)) {
		explanation->lines.len = line;
		lk_explain_line(explanation, 0,
			lk_str_printf(explanation->arena, LK_STR_FMT ": " LK_STR_FMT,
				LK_STR_ARG(lk_explain_spec(explanation, index)),
				LK_STR_ARG(lk_explain_nothing(explanation, asked))));
	}
	return true;
}

/* --- the smallest core --- */

/* Narrows what CORE holds; on a clash CORE becomes what the clash rests on. */
static bool clashes(const struct lk_state *state, struct core *core)
{
	struct lk_given_used used = {.roots = lk_calloc(core->n, sizeof(*used.roots))};
	struct lk_narrow narrow;
	bool clashed;

	lk_narrow_init(&narrow, state);
	lk_narrow_run(&narrow, &(struct lk_given){.mask = &core->mask});
	clashed = lk_narrow_clashed(&narrow);
	if (clashed) {
		lk_narrow_trace(&narrow, &used);
		memcpy(core->items, used.roots, core->n * sizeof(*core->items));
	}
	lk_narrow_done(&narrow);
	lk_free(used.roots);
	return clashed;
}

/* Drops items without which there is a clash too. From the end: what was asked for first is the
 * last to be given up as the culprit. */
static void shrink_clash(
	const struct lk_state *state, const struct lk_report *report, struct core *core)
{
	bool *before = lk_calloc(core->n, sizeof(*before));

	for (uint32_t i = core->n; i-- > 0 && !lk_report_stop(report);) {
		if (core->items[i]) {
			memcpy(before, core->items, core->n * sizeof(*before));
			core->items[i] = false;
			if (!clashes(state, core)) {
				memcpy(core->items, before, core->n * sizeof(*before));
			}
		}
	}
	lk_free(before);
}

/* The same by libsolv's word, for the items FROM up to TO. Halves that can go whole go at once; the
 * answer is that of trying one after the other from the end. */
static void shrink_unsolvable(const struct lk_state *state, const struct lk_report *report,
	struct core *core, uint32_t from, uint32_t to)
{
	uint32_t middle = from + (to - from) / 2;

	if (from == to || lk_report_stop(report)) {
		return;
	}
	memset(core->items + from, 0, to - from);
	if (!lk_oracle_ask(state, state->trail.len, &core->mask, NULL)) {
		return;
	}
	memset(core->items + from, 1, to - from);
	if (to - from > 1) {
		shrink_unsolvable(state, report, core, middle, to);
		shrink_unsolvable(state, report, core, from, middle);
	}
}

/* --- telling --- */

/* The demanded name with the fewest ways out; LK_ROOT: none. */
static uint32_t fewest_ways(const struct lk_narrow *narrow)
{
	uint32_t best = LK_ROOT;

	for (uint32_t i = 1; i < narrow->problem->names.len; i++) {
		if (narrow->demand[i].kind != LK_CAUSE_NONE && narrow->open[i] > 1 &&
			(best == LK_ROOT || narrow->open[i] < narrow->open[best])) {
			best = i;
		}
	}
	return best;
}

/* No clash until something is chosen: each choice for one name on its own. */
static void tell_cases(struct lk_explanation *explanation, const struct lk_state *state,
	const struct core *core, const struct lk_narrow *narrow)
{
	uint32_t index = fewest_ways(narrow);
	const struct lk_candidate_name *name = &explanation->problem->names.items[index];
	unsigned told = 0;

	if (index == LK_ROOT) {
		lk_explain_line(
			explanation, 0, LK_STR("no choice of their packages fits together"));
	}
	for (uint32_t c = name->first; index != LK_ROOT && c < name->first + name->n; c++) {
		struct lk_narrow one;

		if (narrow->cause[c].kind != LK_CAUSE_NONE || ++told > MAX_CASES) {
			continue;
		}
		lk_explain_line(explanation, 0,
			lk_str_printf(explanation->arena, "with " LK_STR_FMT ":",
				LK_STR_ARG(lk_explain_candidates(explanation, &c, 1))));
		lk_narrow_init(&one, state);
		lk_narrow_run(
			&one, &(struct lk_given){.mask = &core->mask, .fixed = &c, .n_fixed = 1});
		if (one.clash != LK_NO_INDEX) {
			lk_explain_clash(explanation, 1, &one);
		} else {
			lk_explain_line(explanation, 1,
				LK_STR("no choice of the other packages fits together"));
		}
		lk_narrow_done(&one);
	}
	if (told > MAX_CASES) {
		lk_explain_line(explanation, 0,
			lk_str_printf(explanation->arena, "nor with %u more of " LK_STR_FMT,
				told - MAX_CASES, LK_STR_ARG(name->text)));
	}
}

static void tell(
	struct lk_explanation *explanation, const struct lk_state *state, const struct core *core)
{
	struct lk_narrow narrow;

	lk_narrow_init(&narrow, state);
	lk_narrow_run(&narrow, &(struct lk_given){.mask = &core->mask});
	if (narrow.clash != LK_NO_INDEX) {
		lk_explain_clash(explanation, 0, &narrow);
	} else {
		tell_cases(explanation, state, core, &narrow);
	}
	lk_narrow_done(&narrow);
}

/* Is the virtual package NAME there on one kind of system alone, whatever is stated? */
static bool is_of_platform(lk_str name)
{
	return lk_str_is(name, "__win") || lk_str_is(name, "__osx") || lk_str_is(name, "__linux") ||
		lk_str_is(name, "__unix");
}

/* What to do: when a virtual package was missed, first of all the option that gives it. */
static void hint(
	const struct lk_explanation *explanation, const char *otherwise, struct lk_error *err)
{
	if (explanation->virtual && !is_of_platform(explanation->virtual->name)) {
		lk_error_hint(err, "describe the target with " LK_STR_FMT ", or %s",
			LK_STR_ARG(lk_explain_option(explanation)), otherwise);
	} else {
		lk_error_hint(err, "%s", otherwise);
	}
}

static int fail_core(
	struct lk_explanation *explanation, const struct core *core, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(1500);
	size_t n = 0;
	int rc;

	for (uint32_t i = 0; i < core->n; i++) {
		if (core->items[i] && add_culprit(explanation, i)) {
			lk_buf_appendf(&names, "%s" LK_STR_FMT, n++ ? ", " : "",
				LK_STR_ARG(lk_explain_root(explanation, i)));
		}
	}
	rc = lk_fail(err, LK_E_UNSAT, "the specs cannot be satisfied%s: %s",
		n > 1 ? " together" : "", lk_buf_cstr(&names));
	hint(explanation, "relax one of these specs, or change the channels", err);
	return rc;
}

static int explain_core(struct lk_state *state, const struct lk_report *report,
	struct lk_explanation *explanation, struct lk_error *err)
{
	struct core core;
	int rc;

	core_init(&core, state->problem);
	if (clashes(state, &core)) {
		shrink_clash(state, report, &core);
	} else {
		lk_state_clean(state);
		shrink_unsolvable(state, report, &core, 0, core.n);
		lk_state_back(state, 0);
	}
	if (lk_report_stop(report)) {
		rc = lk_fail(err, LK_E_INTERRUPTED, "interrupted while solving");
	} else {
		tell(explanation, state, &core);
		rc = fail_core(explanation, &core, err);
	}
	core_done(&core);
	return rc;
}

static int fail_alone(const struct lk_explanation *explanation, struct lk_error *err)
{
	const struct lk_reason *first = explanation->lines.items;
	bool more = explanation->lines.len > 1 && first[1].depth == 1;
	int rc = lk_fail(err, LK_E_UNSAT, LK_STR_FMT "%s" LK_STR_FMT, LK_STR_ARG(first->text),
		more ? ": " : "", LK_STR_ARG(more ? first[1].text : (lk_str){0}));

	hint(explanation, "check the spelling and the channels", err);
	return rc;
}

static void keep(const struct lk_explanation *explanation, struct lk_solution *solution)
{
	struct lk_reason *lines =
		lk_arena_calloc(&solution->arena, explanation->lines.len, sizeof(*lines));
	struct lk_culprit *culprits =
		lk_arena_calloc(&solution->arena, explanation->culprits.len, sizeof(*culprits));

	for (size_t i = 0; i < explanation->lines.len; i++) {
		lines[i] = explanation->lines.items[i];
	}
	for (size_t i = 0; i < explanation->culprits.len; i++) {
		culprits[i] = explanation->culprits.items[i];
	}
	solution->reasons = lines;
	solution->n_reasons = explanation->lines.len;
	solution->culprits = culprits;
	solution->n_culprits = explanation->culprits.len;
	if (explanation->virtual) {
		solution->missed = lk_str_dup(&solution->arena, explanation->virtual->name);
	}
}

int lk_explain(struct lk_state *state, const struct lk_report *report, struct lk_solution *solution,
	struct lk_error *err)
{
	const struct lk_candidate *root = root_of(state->problem);
	struct lk_explanation explanation = {
		.problem = state->problem, .arena = &solution->arena, .supposed = LK_NO_INDEX};
	size_t alone = 0;
	int rc;

	for (uint32_t i = 0; i < root->n_needs; i++) {
		alone += !root->needs[i].when && explain_alone(&explanation, i);
	}
	rc = alone > 0 ? fail_alone(&explanation, err)
		       : explain_core(state, report, &explanation, err);
	keep(&explanation, solution);
	lk_vec_done(&explanation.lines);
	lk_vec_done(&explanation.culprits);
	return rc;
}

/*
 * Why there is no solution.
 *
 * First the specs that fail alone: unknown names, versions that do not exist, records that the
 * target's virtual packages or a filter rule out. When each could be met alone, the specs are
 * dropped one by one as long as what is left still has no solution: the rest is a smallest core.
 * Then libsolv's proof for that core is told as a tree: each spec, who of its records needs what,
 * and where that ends.
 */
#include "resolver/explain_priv.h"

#include <stdlib.h>

#define MAX_DEPTH 5
#define MAX_CHILDREN 4
#define MAX_TEXTS 3

struct tree {
	struct lk_explanation *explanation;
	struct lk_problem *problem;
	const struct lk_root_mask *mask;
	struct lk_clashes clashes;
	bool *told; /* by spec */
};

static const struct lk_candidate *root_of(const struct lk_problem *problem)
{
	return &problem->candidates.items[LK_ROOT];
}

/* --- specs that fail alone --- */

/* True when SPEC can be met by no candidate; says why. */
static bool explain_alone(struct lk_explanation *explanation, uint32_t index)
{
	const struct lk_interned_spec *spec = lk_problem_match(explanation->problem, index);
	const struct lk_matchspec *asked = spec->spec;
	size_t line = explanation->lines.len;

	if (spec->n_match > 0 || !asked) {
		return false;
	}
	lk_explain_line(explanation, 0,
		lk_str_printf(explanation->arena, "'" LK_STR_FMT "' cannot be had",
			LK_STR_ARG(asked->text)));
	if (!lk_explain_outs(explanation, 1, asked)) {
		explanation->lines.len = line;
		lk_explain_line(explanation, 0,
			lk_str_printf(explanation->arena, LK_STR_FMT ": " LK_STR_FMT,
				LK_STR_ARG(lk_explain_spec(explanation, index)),
				LK_STR_ARG(lk_explain_nothing(explanation, asked))));
	}
	return true;
}

/* --- the smallest core --- */

struct shrinking {
	const struct lk_state *state;
	const struct lk_report *report;
	struct lk_root_mask mask;
};

/* Drops from ASKED, FROM up to TO, what the contradiction does not need. Halves that can go whole
 * go at once; the answer is that of trying one after the other from the end: what was asked for
 * first is the last to be given up as the culprit. */
static void shrink(const struct shrinking *s, bool *asked, uint32_t from, uint32_t to)
{
	uint32_t middle = from + (to - from) / 2;

	if (from == to || lk_report_stop(s->report)) {
		return;
	}
	memset(asked + from, 0, to - from);
	if (!lk_oracle_ask(s->state, s->state->trail.len, &s->mask, NULL)) {
		return;
	}
	memset(asked + from, 1, to - from);
	if (to - from > 1) {
		shrink(s, asked, middle, to);
		shrink(s, asked, from, middle);
	}
}

/* --- the proof as a tree --- */

/* The root's need or pin that leaves SPEC no record, or NULL. */
static const struct lk_matchspec *excluder(
	const struct tree *tree, const struct lk_interned_spec *spec)
{
	const struct lk_candidate *root = root_of(tree->problem);

	for (uint32_t i = 0; i < root->n_needs + root->n_limits; i++) {
		bool is_need = i < root->n_needs;
		uint32_t index = is_need ? root->needs[i].spec : root->limits[i - root->n_needs];
		const struct lk_interned_spec *other = &tree->problem->specs.items[index];
		bool common = false;

		if (is_need ? !tree->mask->needs[i] : !tree->mask->limits[i - root->n_needs]) {
			continue;
		}
		if (other == spec || other->name != spec->name || !other->spec) {
			continue;
		}
		for (uint32_t k = 0; !common && k < spec->n_match; k++) {
			common = lk_spec_has(other, spec->match[k]);
		}
		if (!common) {
			return other->spec;
		}
	}
	return NULL;
}

/* Clashes of the candidates that match SPEC, best first, one of a kind and name after another. */
static int cmp_clash_r(const void *left, const void *right, void *ctx)
{
	const struct tree *tree = ctx;
	const struct lk_clash *a = left;
	const struct lk_clash *b = right;
	uint32_t name_a = tree->problem->specs.items[a->spec].name;
	uint32_t name_b = tree->problem->specs.items[b->spec].name;

	if (a->from != b->from) {
		return a->from < b->from ? -1 : 1;
	}
	if (a->kind != b->kind) {
		return a->kind < b->kind ? -1 : 1;
	}
	if (name_a != name_b) {
		return name_a < name_b ? -1 : 1;
	}
	return a->spec < b->spec ? -1 : a->spec > b->spec;
}

static bool like(const struct tree *tree, const struct lk_clash *a, const struct lk_clash *b)
{
	const struct lk_interned_spec *specs = tree->problem->specs.items;

	return a->kind == b->kind &&
		tree->problem->candidates.items[a->from].name ==
		tree->problem->candidates.items[b->from].name &&
		(a->spec == b->spec ||
			(specs[a->spec].spec && specs[b->spec].spec &&
				lk_str_eq(specs[a->spec].spec->name, specs[b->spec].spec->name)));
}

/* What one line says: who clashes, over which specs. */
struct group {
	struct lk_u32s from;
	struct lk_u32s specs;
};

static void add_unique(struct lk_u32s *list, uint32_t value)
{
	for (size_t i = 0; i < list->len; i++) {
		if (list->items[i] == value) {
			return;
		}
	}
	lk_vec_push(list, value);
}

static lk_str join_specs(const struct tree *tree, const struct lk_u32s *specs)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(4096);

	for (size_t i = 0; i < specs->len && i < MAX_TEXTS; i++) {
		lk_str text = lk_explain_spec(tree->explanation, specs->items[i]);

		lk_buf_appendf(&buf, "%s" LK_STR_FMT, i == 0 ? "" : ", ", LK_STR_ARG(text));
	}
	if (specs->len > MAX_TEXTS) {
		lk_buf_appendf(&buf, " and %zu more", specs->len - MAX_TEXTS);
	}
	return lk_str_dup(tree->explanation->arena, lk_buf_view(&buf));
}

static lk_str who(const struct tree *tree, const struct lk_u32s *from)
{
	const struct lk_record **records = lk_calloc(from->len, sizeof(*records));
	size_t n = 0;
	lk_str text;

	for (size_t i = 0; i < from->len; i++) {
		const struct lk_candidate *c = &tree->problem->candidates.items[from->items[i]];

		if (c->base != LK_NO_INDEX) {
			c = &tree->problem->candidates.items[c->base];
		}
		if (c->record) {
			records[n++] = c->record;
		}
	}
	text = n > 0 ? lk_explain_group(tree->explanation, records, n) : LK_STR("the specs");
	lk_free(records);
	return text;
}

/* One line for GROUP; true when what is needed is worth a look of its own. */
static bool tell_group(
	const struct tree *tree, unsigned depth, enum lk_clash_kind kind, const struct group *group)
{
	const struct lk_interned_spec *first = &tree->problem->specs.items[group->specs.items[0]];
	const struct lk_matchspec *by = first->name == LK_NO_INDEX ? NULL : excluder(tree, first);
	struct lk_arena *arena = tree->explanation->arena;
	lk_str text = lk_str_printf(arena, LK_STR_FMT " %s " LK_STR_FMT,
		LK_STR_ARG(who(tree, &group->from)),
		kind == LK_CLASH_NEED ? "needs" : "allows only",
		LK_STR_ARG(join_specs(tree, &group->specs)));

	if (by) {
		text = lk_str_printf(arena, LK_STR_FMT ", which '" LK_STR_FMT "' excludes",
			LK_STR_ARG(text), LK_STR_ARG(by->text));
	} else if (first->n_match == 0 && first->spec && kind == LK_CLASH_NEED) {
		text = lk_str_printf(arena, LK_STR_FMT ": " LK_STR_FMT, LK_STR_ARG(text),
			LK_STR_ARG(lk_explain_nothing(tree->explanation, first->spec)));
	}
	lk_explain_line(tree->explanation, depth, text);
	return !by && kind == LK_CLASH_NEED;
}

static void tell_spec(struct tree *tree, unsigned depth, uint32_t index);

/* The clashes of SPEC's matches, unlike ones apart. */
static void tell_clashes(struct tree *tree, unsigned depth, struct lk_clash *clashes, size_t n)
{
	size_t children = 0;
	bool *done = lk_calloc(n, sizeof(*done));

	for (size_t i = 0; i < n && children < MAX_CHILDREN; i++) {
		struct group group = {0};

		if (done[i]) {
			continue;
		}
		for (size_t k = i; k < n; k++) {
			if (!done[k] && like(tree, &clashes[i], &clashes[k])) {
				done[k] = true;
				add_unique(&group.from, clashes[k].from);
				add_unique(&group.specs, clashes[k].spec);
			}
		}
		if (tell_group(tree, depth, clashes[i].kind, &group)) {
			for (size_t k = 0; k < group.specs.len && k < MAX_TEXTS; k++) {
				tell_spec(tree, depth + 1, group.specs.items[k]);
			}
		}
		children++;
		lk_vec_done(&group.from);
		lk_vec_done(&group.specs);
	}
	lk_free(done);
}

/* Who of the records that match the spec clashes with what, at DEPTH. */
static void tell_spec(struct tree *tree, unsigned depth, uint32_t index)
{
	const struct lk_interned_spec *spec = &tree->problem->specs.items[index];
	const struct lk_matchspec *asked = spec->spec;
	struct lk_clashes mine = {0};

	if (depth > MAX_DEPTH || tree->told[index]) {
		return;
	}
	tree->told[index] = true;
	for (size_t i = 0; i < tree->clashes.len; i++) {
		if (lk_spec_has(spec, tree->clashes.items[i].from)) {
			lk_vec_push(&mine, tree->clashes.items[i]);
		}
	}
	if (mine.len > 1) {
		qsort_r(mine.items, mine.len, sizeof(*mine.items), cmp_clash_r, tree);
	}
	tell_clashes(tree, depth, mine.items, mine.len);
	lk_vec_done(&mine);
	if (asked) {
		(void)lk_explain_outs(tree->explanation, depth, asked);
	}
}

/* Tells the core that MASK is; the names of its specs into NAMES. */
static void tell_core(struct lk_state *state, struct lk_explanation *explanation,
	const struct lk_root_mask *mask, struct lk_buf *names)
{
	const struct lk_candidate *root = root_of(state->problem);
	struct tree tree = {.explanation = explanation, .problem = state->problem, .mask = mask};

	tree.told = lk_calloc(state->problem->specs.len, sizeof(*tree.told));
	(void)lk_oracle_explain(state, mask, &tree.clashes);
	for (uint32_t i = 0; i < root->n_needs + root->n_limits; i++) {
		bool is_need = i < root->n_needs;
		uint32_t spec = is_need ? root->needs[i].spec : root->limits[i - root->n_needs];
		lk_str text;

		if (is_need ? !mask->needs[i] : !mask->limits[i - root->n_needs]) {
			continue;
		}
		text = lk_explain_spec(explanation, spec);
		lk_buf_appendf(names, "%s" LK_STR_FMT, names->len ? ", " : "", LK_STR_ARG(text));
		lk_explain_line(explanation, 0,
			lk_str_printf(explanation->arena, LK_STR_FMT " is %s", LK_STR_ARG(text),
				is_need ? "asked for" : "pinned"));
		if (is_need) {
			tell_spec(&tree, 1, spec);
		}
	}
	lk_vec_done(&tree.clashes);
	lk_free(tree.told);
}

/* What to do: when a virtual package was missed, first of all the option that gives it. */
static void hint(
	const struct lk_explanation *explanation, const char *otherwise, struct lk_error *err)
{
	if (explanation->virtual) {
		lk_error_hint(err, "describe the target with " LK_STR_FMT ", or %s",
			LK_STR_ARG(lk_explain_option(explanation)), otherwise);
	} else {
		lk_error_hint(err, "%s", otherwise);
	}
}

static int explain_core(struct lk_state *state, const struct lk_report *report,
	struct lk_explanation *explanation, struct lk_error *err)
{
	const struct lk_candidate *root = root_of(state->problem);
	bool *needs = lk_calloc(root->n_needs, sizeof(*needs));
	bool *limits = lk_calloc(root->n_limits, sizeof(*limits));
	const struct shrinking shrinking = {
		.state = state, .report = report, .mask = {.needs = needs, .limits = limits}};
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(1500);
	int rc;

	memset(needs, 1, root->n_needs * sizeof(*needs));
	memset(limits, 1, root->n_limits * sizeof(*limits));
	lk_state_clean(state);
	shrink(&shrinking, limits, 0, root->n_limits);
	shrink(&shrinking, needs, 0, root->n_needs);
	lk_state_back(state, 0);
	if (lk_report_stop(report)) {
		rc = lk_fail(err, LK_E_INTERRUPTED, "interrupted while solving");
	} else {
		tell_core(state, explanation, &shrinking.mask, &names);
		rc = lk_fail(err, LK_E_UNSAT, "the specs cannot be satisfied%s: %s",
			lk_str_find(lk_buf_view(&names), LK_STR("', '")) == SIZE_MAX ? ""
										     : " together",
			lk_buf_cstr(&names));
		hint(explanation, "relax one of these specs, or change the channels", err);
	}
	lk_free(needs);
	lk_free(limits);
	return rc;
}

int lk_explain(struct lk_state *state, const struct lk_report *report, struct lk_solution *solution,
	struct lk_error *err)
{
	const struct lk_candidate *root = root_of(state->problem);
	struct lk_explanation explanation = {.problem = state->problem, .arena = &solution->arena};
	struct lk_reason *lines;
	size_t alone = 0;
	int rc = LK_E_UNSAT;

	for (uint32_t i = 0; i < root->n_needs; i++) {
		alone += !root->needs[i].when && explain_alone(&explanation, root->needs[i].spec);
	}
	if (alone == 0) {
		rc = explain_core(state, report, &explanation, err);
	} else {
		const struct lk_reason *first = explanation.lines.items;
		bool more = explanation.lines.len > 1 && first[1].depth == 1;

		rc = lk_fail(err, LK_E_UNSAT, LK_STR_FMT "%s" LK_STR_FMT, LK_STR_ARG(first->text),
			more ? ": " : "", LK_STR_ARG(more ? first[1].text : (lk_str){0}));
		hint(&explanation, "check the spelling and the channels", err);
	}
	lines = lk_arena_calloc(&solution->arena, explanation.lines.len, sizeof(*lines));
	for (size_t i = 0; i < explanation.lines.len; i++) {
		lines[i] = explanation.lines.items[i];
	}
	solution->reasons = lines;
	solution->n_reasons = explanation.lines.len;
	lk_vec_done(&explanation.lines);
	return rc;
}

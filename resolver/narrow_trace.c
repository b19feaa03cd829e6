/*
 * What a clash rests on: from it back through the causes to what was given.
 */
#include "resolver/narrow_priv.h"

/* Claims still to be traced: candidates, or names with this bit. */
#define NAME_BIT 0x80000000u

struct trace {
	const struct lk_narrow *narrow;
	const struct lk_problem *problem;
	struct lk_given_used *used;
	bool has_conditions;
	bool *candidates, *names; /* claimed before */
	struct lk_u32s todo;
};

static void claim_refused(struct trace *trace, uint32_t candidate)
{
	if (!trace->candidates[candidate]) {
		trace->candidates[candidate] = true;
		lk_vec_push(&trace->todo, candidate);
	}
}

static void claim_demanded(struct trace *trace, uint32_t name)
{
	if (!trace->names[name]) {
		trace->names[name] = true;
		lk_vec_push(&trace->todo, name | NAME_BIT);
	}
}

static void claim_matches(struct trace *trace, uint32_t spec)
{
	const struct lk_interned_spec *s = &trace->problem->specs.items[spec];

	for (uint32_t i = 0; i < s->n_match; i++) {
		claim_refused(trace, s->match[i]);
	}
}

/* What makes WHEN true: its names are demanded, and nothing else of them is left. */
static void claim_when(struct trace *trace, const struct lk_when *when)
{
	const struct lk_interned_spec *spec;
	const struct lk_candidate_name *name;

	if (when->op != LK_CONDITION_SPEC) {
		claim_when(trace, when->left);
		claim_when(trace, when->right);
		return;
	}
	spec = &trace->problem->specs.items[when->spec];
	if (spec->name == LK_NO_INDEX || trace->narrow->demand[spec->name].kind == LK_CAUSE_NONE) {
		return; /* the other side of an "or" */
	}
	name = &trace->problem->names.items[spec->name];
	claim_demanded(trace, spec->name);
	for (uint32_t c = name->first; c < name->first + name->n; c++) {
		if (!lk_spec_has(spec, c) && trace->narrow->cause[c].kind != LK_CAUSE_NONE) {
			claim_refused(trace, c);
		}
	}
}

/* The conditions of CANDIDATE's needs on NAME (or of its need SPEC) that have come true. */
static void claim_conditions(struct trace *trace, uint32_t candidate, uint32_t name, uint32_t spec)
{
	const struct lk_candidate *c = &trace->problem->candidates.items[candidate];

	for (uint32_t i = 0; i < c->n_needs; i++) {
		const struct lk_need *need = &c->needs[i];

		if (need->when &&
			(need->spec == spec ||
				trace->problem->specs.items[need->spec].name == name) &&
			lk_narrow_counts(trace->narrow, need)) {
			claim_when(trace, need->when);
		}
	}
}

/* The refused of NAME that mattered: those that would not have wanted it so. X: the candidate that
 * the name refused; LK_NO_INDEX: the name DEMANDED that it demanded. */
static void claim_relevant(
	struct trace *trace, uint32_t name, uint32_t when, uint32_t x, uint32_t demanded)
{
	const struct lk_narrow *narrow = trace->narrow;
	const struct lk_candidate_name *n = &trace->problem->names.items[name];

	if (x != LK_NO_INDEX) {
		demanded = trace->problem->candidates.items[x].name;
	}
	for (uint32_t c = n->first; c < n->first + n->n; c++) {
		if (trace->has_conditions) {
			claim_conditions(trace, c, demanded, LK_NO_INDEX);
		}
		if (narrow->cause[c].kind != LK_CAUSE_NONE && narrow->cause[c].when < when &&
			!trace->candidates[c] && lk_narrow_mattered(narrow, c, x, demanded)) {
			claim_refused(trace, c);
		}
	}
}

static void note_given(struct trace *trace, const struct lk_cause *cause)
{
	const struct lk_candidate *root = &trace->problem->candidates.items[LK_ROOT];

	if (cause->kind == LK_CAUSE_ROOT) {
		trace->used->roots[cause->by] = true;
		if (cause->by < root->n_needs && root->needs[cause->by].when) {
			claim_when(trace, root->needs[cause->by].when);
		}
	} else if (cause->kind == LK_CAUSE_FIXED) {
		trace->used->fixed[cause->by] = true;
	}
}

static void trace_refused(struct trace *trace, uint32_t candidate)
{
	const struct lk_cause *cause = &trace->narrow->cause[candidate];
	const struct lk_interned_spec *specs = trace->problem->specs.items;

	note_given(trace, cause);
	switch (cause->kind) {
	case LK_CAUSE_NAME:
		claim_demanded(trace, cause->by);
		claim_relevant(trace, cause->by, cause->when, candidate, LK_NO_INDEX);
		break;
	case LK_CAUSE_NEED:
		claim_matches(trace, cause->by);
		claim_conditions(trace, candidate, LK_ROOT, cause->by);
		break;
	case LK_CAUSE_LIMIT:
		/* A limit on the own name is broken by the record itself. */
		if (specs[cause->by].name != trace->problem->candidates.items[candidate].name) {
			claim_demanded(trace, specs[cause->by].name);
			claim_matches(trace, cause->by);
		}
		break;
	default:
		break;
	}
}

static void trace_demanded(struct trace *trace, uint32_t name)
{
	const struct lk_cause *cause = &trace->narrow->demand[name];

	note_given(trace, cause);
	if (cause->kind == LK_CAUSE_NAME) {
		claim_demanded(trace, cause->by);
		claim_relevant(trace, cause->by, cause->when, LK_NO_INDEX, name);
	}
}

bool lk_narrow_mattered(
	const struct lk_narrow *narrow, uint32_t candidate, uint32_t x, uint32_t demanded)
{
	return x == LK_NO_INDEX
		? lk_narrow_spec_on(narrow, candidate, demanded, LK_NO_INDEX, false) == LK_NO_INDEX
		: lk_narrow_accepts(narrow, candidate, x);
}

void lk_narrow_trace(const struct lk_narrow *narrow, struct lk_given_used *used)
{
	struct trace trace = {.narrow = narrow,
		.problem = narrow->problem,
		.used = used,
		.has_conditions = narrow->state->conditional.len > 0};

	trace.candidates = lk_calloc(trace.problem->candidates.len, sizeof(*trace.candidates));
	trace.names = lk_calloc(trace.problem->names.len, sizeof(*trace.names));
	if (narrow->clash == LK_NO_INDEX) {
		note_given(&trace,
			&(struct lk_cause){.kind = LK_CAUSE_ROOT, .by = narrow->clash_root});
	} else {
		const struct lk_candidate_name *name = &trace.problem->names.items[narrow->clash];

		claim_demanded(&trace, narrow->clash);
		for (uint32_t c = name->first; c < name->first + name->n; c++) {
			claim_refused(&trace, c);
		}
	}
	while (trace.todo.len > 0) {
		uint32_t item = trace.todo.items[--trace.todo.len];

		if (item & NAME_BIT) {
			trace_demanded(&trace, item & ~NAME_BIT);
		} else {
			trace_refused(&trace, item);
		}
	}
	lk_vec_done(&trace.todo);
	lk_free(trace.candidates);
	lk_free(trace.names);
}

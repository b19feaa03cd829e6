/*
 * A clash as a tree of lines: who needs what, and what ruled that out, one deeper each time.
 *
 * Candidates that fall for like reasons share a line. What was told once is not told again.
 */
#include "resolver/explain_priv.h"

#define MAX_DEPTH 12u
#define MAX_LINES 200u
#define MAX_TEXTS 3

struct teller {
	struct lk_explanation *explanation;
	const struct lk_narrow *narrow;
	const struct lk_problem *problem;
	bool *told;      /* by candidate */
	bool *told_name; /* by name */
};

/* Candidates that fell for like reasons, and the specs that it is about. */
struct group {
	enum lk_cause_kind kind;
	uint32_t about; /* the root's item, the fixed candidate, or a name */
	struct lk_u32s who;
	struct lk_u32s specs;
};
struct groups LK_VEC_OF(struct group);

static void tell_refused(
	struct teller *t, unsigned depth, const struct lk_u32s *refused, bool roots_too);
static void tell_demand(struct teller *t, unsigned depth, uint32_t name);

static const struct lk_interned_spec *spec_at(const struct teller *t, uint32_t spec)
{
	return &t->problem->specs.items[spec];
}

static bool is_full(const struct teller *t, unsigned depth)
{
	return depth > MAX_DEPTH || t->explanation->lines.len >= MAX_LINES;
}

static void add_unique(struct lk_u32s *list, uint32_t value)
{
	for (size_t i = list->len; i-- > 0;) {
		if (list->items[i] == value) {
			return;
		}
	}
	lk_vec_push(list, value);
}

static void groups_done(struct groups *groups)
{
	for (size_t i = 0; i < groups->len; i++) {
		lk_vec_done(&groups->items[i].who);
		lk_vec_done(&groups->items[i].specs);
	}
	lk_vec_done(groups);
}

/* What a cause is about: a spec counts by its name, so that needs of one name share a line. */
static uint32_t about(const struct teller *t, const struct lk_cause *cause)
{
	uint32_t name;

	if (cause->kind != LK_CAUSE_NEED && cause->kind != LK_CAUSE_LIMIT) {
		return cause->by;
	}
	name = spec_at(t, cause->by)->name;
	/* Names that no channel has are told apart by the spec. */
	return name == LK_NO_INDEX ? (uint32_t)t->problem->names.len + cause->by : name;
}

static struct group *group_of(const struct teller *t, struct groups *groups, uint32_t candidate)
{
	const struct lk_cause *cause = &t->narrow->cause[candidate];
	uint32_t what = about(t, cause);

	for (size_t i = 0; i < groups->len; i++) {
		if (groups->items[i].kind == cause->kind && groups->items[i].about == what) {
			return &groups->items[i];
		}
	}
	lk_vec_push(groups, (struct group){.kind = cause->kind, .about = what});
	return &groups->items[groups->len - 1];
}

static lk_str join_specs(const struct teller *t, const struct lk_u32s *specs)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(4096);

	for (size_t i = 0; i < specs->len && i < MAX_TEXTS; i++) {
		lk_buf_appendf(&buf, "%s" LK_STR_FMT, i == 0 ? "" : ", ",
			LK_STR_ARG(lk_explain_spec(t->explanation, specs->items[i])));
	}
	if (specs->len > MAX_TEXTS) {
		lk_buf_appendf(&buf, " and %zu more", specs->len - MAX_TEXTS);
	}
	return lk_str_dup(t->explanation->arena, lk_buf_view(&buf));
}

/* "WHO needs SPECS", "WHO allow only SPECS" … */
static lk_str say(
	const struct teller *t, const struct lk_u32s *who, bool needs, const struct lk_u32s *specs)
{
	const char *verb = needs ? (who->len > 1 ? "need" : "needs")
				 : (who->len > 1 ? "allow only" : "allows only");

	return lk_str_printf(t->explanation->arena, LK_STR_FMT " %s " LK_STR_FMT,
		LK_STR_ARG(lk_explain_candidates(t->explanation, who->items, who->len)), verb,
		LK_STR_ARG(join_specs(t, specs)));
}

/* ", which 'X' excludes" when all of MATCHES fell to one root item or one fixed record. */
static bool say_sole_cause(const struct teller *t, const struct lk_u32s *matches, lk_str *text)
{
	const struct lk_cause *first;

	if (matches->len == 0) {
		return false;
	}
	first = &t->narrow->cause[matches->items[0]];
	if (first->kind != LK_CAUSE_ROOT && first->kind != LK_CAUSE_FIXED) {
		return false;
	}
	for (size_t i = 1; i < matches->len; i++) {
		const struct lk_cause *cause = &t->narrow->cause[matches->items[i]];

		if (cause->kind != first->kind || cause->by != first->by) {
			return false;
		}
	}
	if (first->kind == LK_CAUSE_ROOT) {
		*text = lk_str_printf(t->explanation->arena,
			LK_STR_FMT ", which " LK_STR_FMT " excludes", LK_STR_ARG(*text),
			LK_STR_ARG(lk_explain_root(t->explanation, first->by)));
	} else if (first->by != t->explanation->supposed) {
		*text = lk_str_printf(t->explanation->arena,
			LK_STR_FMT ", but " LK_STR_FMT " comes first", LK_STR_ARG(*text),
			LK_STR_ARG(lk_explain_candidates(t->explanation, &first->by, 1)));
	}
	return true;
}

/* TEXT, and what there is instead of a match of SPEC. */
static lk_str say_nothing(const struct teller *t, uint32_t spec, lk_str text)
{
	const struct lk_interned_spec *s = spec_at(t, spec);

	if (!s->spec || s->n_match > 0) {
		return text;
	}
	return lk_str_printf(t->explanation->arena, LK_STR_FMT ": " LK_STR_FMT, LK_STR_ARG(text),
		LK_STR_ARG(lk_explain_nothing(t->explanation, s->spec)));
}

/* Every match of SPECS. */
static void matches_of(const struct teller *t, const struct lk_u32s *specs, struct lk_u32s *ret)
{
	for (size_t i = 0; i < specs->len; i++) {
		const struct lk_interned_spec *spec = spec_at(t, specs->items[i]);

		for (uint32_t k = 0; k < spec->n_match; k++) {
			lk_vec_push(ret, spec->match[k]);
		}
	}
}

/* Lines for the records that a filter took out and that one of SPECS matches. */
static bool tell_outs(struct teller *t, unsigned depth, const struct lk_u32s *specs)
{
	const struct lk_matchspec **list =
		lk_calloc(specs->len, sizeof(const struct lk_matchspec *));
	size_t n = 0;
	bool any;

	for (size_t i = 0; i < specs->len; i++) {
		if (spec_at(t, specs->items[i])->spec) {
			list[n++] = spec_at(t, specs->items[i])->spec;
		}
	}
	any = n > 0 && lk_explain_outs(t->explanation, depth, list, n);
	lk_free(list);
	return any;
}

/* A line that GROUP's records need or allow only what has fallen, then why that has. */
static void tell_wants(struct teller *t, unsigned depth, const struct group *group)
{
	lk_str text = say(t, &group->who, group->kind == LK_CAUSE_NEED, &group->specs);
	const struct lk_interned_spec *first = spec_at(t, group->specs.items[0]);
	size_t line = t->explanation->lines.len;
	struct lk_u32s matches = {0};

	matches_of(t, &group->specs, &matches);
	if (say_sole_cause(t, &matches, &text)) {
		lk_explain_line(t->explanation, depth, text);
	} else {
		lk_explain_line(t->explanation, depth, text);
		if (group->kind == LK_CAUSE_LIMIT) {
			tell_demand(t, depth + 1, first->name);
		}
		tell_refused(t, depth + 1, &matches, true);
		if (!tell_outs(t, depth + 1, &group->specs) && matches.len == 0) {
			t->explanation->lines.items[line].text =
				say_nothing(t, group->specs.items[0], text);
		}
	}
	lk_vec_done(&matches);
}

/* The candidates of NAME that were open at step WHEN into OPEN, their specs on TARGET into SPECS;
 * those that had fallen and mattered into FALLEN. X as in lk_narrow_mattered. */
struct narrowing {
	struct lk_u32s open, specs, fallen;
	bool needs;
};

static void look_back(const struct teller *t, uint32_t name, uint32_t when, uint32_t target,
	uint32_t x, struct narrowing *ret)
{
	const struct lk_candidate_name *n = &t->problem->names.items[name];

	ret->needs = true;
	for (uint32_t c = n->first; c < n->first + n->n; c++) {
		const struct lk_cause *cause = &t->narrow->cause[c];

		if (cause->kind != LK_CAUSE_NONE && cause->when < when) {
			if (lk_narrow_mattered(t->narrow, c, x, target)) {
				lk_vec_push(&ret->fallen, c);
			}
		} else {
			uint32_t spec = lk_narrow_spec_on(t->narrow, c, target, x, true);

			lk_vec_push(&ret->open, c);
			ret->needs = ret->needs &&
				lk_narrow_spec_on(t->narrow, c, target, x, false) != LK_NO_INDEX;
			if (spec != LK_NO_INDEX) {
				add_unique(&ret->specs, spec);
			}
		}
	}
}

static void narrowing_done(struct narrowing *narrowing)
{
	lk_vec_done(&narrowing->open);
	lk_vec_done(&narrowing->specs);
	lk_vec_done(&narrowing->fallen);
}

static bool has_line(const struct lk_explanation *explanation, lk_str text)
{
	for (size_t i = explanation->lines.len; i-- > 0;) {
		if (lk_str_eq(explanation->lines.items[i].text, text)) {
			return true;
		}
	}
	return false;
}

/* Is NAME demanded by what is given itself? */
static bool is_given(const struct teller *t, uint32_t name)
{
	enum lk_cause_kind kind = t->narrow->demand[name].kind;

	return kind == LK_CAUSE_ROOT || kind == LK_CAUSE_FIXED;
}

/* What the open candidates of NAME want of TARGET, as a line, and why just they were open. */
static void tell_narrowing(
	struct teller *t, unsigned depth, uint32_t name, uint32_t when, uint32_t target, uint32_t x)
{
	struct narrowing narrowing = {0};

	look_back(t, name, when, target, x, &narrowing);
	/* That an extras group needs its package goes without saying. */
	if (narrowing.specs.len > 0 && spec_at(t, narrowing.specs.items[0])->spec) {
		lk_str line = say(t, &narrowing.open, narrowing.needs, &narrowing.specs);
		struct lk_u32s matches = {0};

		matches_of(t, &narrowing.specs, &matches);
		if (!say_sole_cause(t, &matches, &line) && matches.len == 0) {
			line = say_nothing(t, narrowing.specs.items[0], line);
		}
		lk_vec_done(&matches);
		/* One line often says both why a name is wanted and how. */
		if (!has_line(t->explanation, line)) {
			lk_explain_line(t->explanation, depth, line);
		}
	}
	tell_demand(t, depth + 1, name);
	tell_refused(t, depth + 1, &narrowing.fallen, !is_given(t, name));
	narrowing_done(&narrowing);
}

static void tell_demand(struct teller *t, unsigned depth, uint32_t name)
{
	const struct lk_cause *cause = &t->narrow->demand[name];

	if (is_full(t, depth) || cause->kind != LK_CAUSE_NAME || t->told_name[name]) {
		return;
	}
	t->told_name[name] = true;
	tell_narrowing(t, depth, cause->by, cause->when, name, LK_NO_INDEX);
}

static void tell_group(struct teller *t, unsigned depth, const struct group *group, bool roots_too)
{
	struct lk_arena *arena = t->explanation->arena;
	uint32_t x = group->who.items[0];
	lk_str who;

	switch (group->kind) {
	case LK_CAUSE_NEED:
	case LK_CAUSE_LIMIT:
		tell_wants(t, depth, group);
		return;
	case LK_CAUSE_NAME:
		tell_narrowing(t, depth, group->about, t->narrow->cause[x].when,
			t->problem->candidates.items[x].name, x);
		return;
	default:
		break;
	}
	if (!roots_too) {
		return;
	}
	who = lk_explain_candidates(t->explanation, group->who.items, group->who.len);
	if (group->kind == LK_CAUSE_ROOT) {
		lk_explain_line(t->explanation, depth,
			lk_str_printf(arena, LK_STR_FMT " excludes " LK_STR_FMT,
				LK_STR_ARG(lk_explain_root(t->explanation, group->about)),
				LK_STR_ARG(who)));
	} else if (group->about != t->explanation->supposed) {
		lk_explain_line(t->explanation, depth,
			lk_str_printf(arena, LK_STR_FMT " comes before " LK_STR_FMT,
				LK_STR_ARG(lk_explain_candidates(t->explanation, &group->about, 1)),
				LK_STR_ARG(who)));
	}
}

/* Why REFUSED fell, one line for like reasons. */
static void tell_refused(
	struct teller *t, unsigned depth, const struct lk_u32s *refused, bool roots_too)
{
	struct groups groups = {0};

	for (size_t i = 0; i < refused->len; i++) {
		uint32_t c = refused->items[i];
		const struct lk_cause *cause = &t->narrow->cause[c];
		struct group *group;

		if (t->told[c] || cause->kind == LK_CAUSE_NONE) {
			continue;
		}
		t->told[c] = true;
		group = group_of(t, &groups, c);
		lk_vec_push(&group->who, c);
		if (cause->kind == LK_CAUSE_NEED || cause->kind == LK_CAUSE_LIMIT) {
			add_unique(&group->specs, cause->by);
		}
	}
	for (size_t i = 0; i < groups.len && !is_full(t, depth); i++) {
		tell_group(t, depth, &groups.items[i], roots_too);
	}
	groups_done(&groups);
}

static lk_str say_fixed(const struct teller *t, uint32_t candidate)
{
	const struct lk_candidate *c = &t->problem->candidates.items[candidate];

	if (candidate != t->explanation->supposed || !t->explanation->whole_version) {
		return lk_explain_candidates(t->explanation, &candidate, 1);
	}
	return lk_str_printf(t->explanation->arena, LK_STR_FMT " " LK_STR_FMT,
		LK_STR_ARG(c->record->name), LK_STR_ARG(c->record->version));
}

/* What was given, of which no candidate of NAME meets all. */
static void tell_given(struct teller *t, unsigned depth, uint32_t name)
{
	const struct lk_candidate_name *n = &t->problem->names.items[name];
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(4096);
	struct lk_u32s items = {0};
	lk_str fixed = {0};

	if (t->narrow->demand[name].kind == LK_CAUSE_ROOT) {
		lk_vec_push(&items, t->narrow->demand[name].by);
	}
	for (uint32_t c = n->first; c < n->first + n->n; c++) {
		const struct lk_cause *cause = &t->narrow->cause[c];

		if (cause->kind == LK_CAUSE_ROOT) {
			add_unique(&items, cause->by);
		} else if (cause->kind == LK_CAUSE_FIXED) {
			fixed = say_fixed(t, cause->by);
		}
	}
	for (size_t i = 0; i < items.len; i++) {
		lk_buf_appendf(&buf, "%s" LK_STR_FMT,
			i == 0                       ? ""
				: i + 1 == items.len ? " and "
						     : ", ",
			LK_STR_ARG(lk_explain_root(t->explanation, items.items[i])));
	}
	lk_vec_done(&items);
	lk_explain_line(t->explanation, depth,
		fixed.len > 0 ? lk_str_printf(t->explanation->arena,
					LK_STR_FMT " does not match " LK_STR_FMT, LK_STR_ARG(fixed),
					LK_STR_ARG(lk_buf_view(&buf)))
			      : lk_str_printf(t->explanation->arena,
					"no " LK_STR_FMT " matches " LK_STR_FMT,
					LK_STR_ARG(n->text), LK_STR_ARG(lk_buf_view(&buf))));
}

/* Records that would have met the root's need for NAME, had no filter taken them out. */
static void tell_outs_of_demand(struct teller *t, unsigned depth, uint32_t name)
{
	const struct lk_candidate *root = &t->problem->candidates.items[LK_ROOT];
	const struct lk_cause *cause = &t->narrow->demand[name];
	struct lk_u32s specs = {0};

	if (cause->kind == LK_CAUSE_ROOT) {
		lk_vec_push(&specs, root->needs[cause->by].spec);
		(void)tell_outs(t, depth, &specs);
	}
	lk_vec_done(&specs);
}

void lk_explain_clash(
	struct lk_explanation *explanation, unsigned depth, const struct lk_narrow *narrow)
{
	struct teller t = {
		.explanation = explanation, .narrow = narrow, .problem = explanation->problem};
	const struct lk_candidate_name *name = &t.problem->names.items[narrow->clash];
	size_t before = explanation->lines.len;
	struct lk_u32s all = {0};

	t.told = lk_calloc(t.problem->candidates.len, sizeof(*t.told));
	t.told_name = lk_calloc(t.problem->names.len, sizeof(*t.told_name));
	for (uint32_t c = name->first; c < name->first + name->n; c++) {
		lk_vec_push(&all, c);
	}
	tell_demand(&t, depth, narrow->clash);
	tell_outs_of_demand(&t, depth, narrow->clash);
	tell_refused(&t, depth, &all, !is_given(&t, narrow->clash));
	if (explanation->lines.len == before) {
		tell_given(&t, depth, narrow->clash);
	}
	lk_vec_done(&all);
	lk_free(t.told);
	lk_free(t.told_name);
}

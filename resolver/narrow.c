/*
 * Narrowing: demanded names, refused candidates and why.
 */
#include "resolver/narrow_priv.h"

#define MAX_WORK ((size_t)40 << 20)

void lk_narrow_init(struct lk_narrow *narrow, const struct lk_state *state)
{
	const struct lk_problem *problem = state->problem;
	size_t candidates = problem->candidates.len;
	size_t names = problem->names.len;

	*narrow = (struct lk_narrow){.state = state,
		.problem = problem,
		.clash = LK_NO_INDEX,
		.clash_root = LK_NO_INDEX,
		.max_work = MAX_WORK};
	narrow->cause = lk_calloc(candidates, sizeof(*narrow->cause));
	narrow->demand = lk_calloc(names, sizeof(*narrow->demand));
	narrow->left = lk_calloc(problem->specs.len, sizeof(*narrow->left));
	narrow->open = lk_calloc(names, sizeof(*narrow->open));
	narrow->is_waiting = lk_calloc(names, sizeof(*narrow->is_waiting));
	narrow->room.mark = lk_calloc(candidates, sizeof(*narrow->room.mark));
	narrow->room.count = lk_calloc(names, sizeof(*narrow->room.count));
	narrow->room.slot = lk_calloc(names, sizeof(*narrow->room.slot));
	for (size_t i = 0; i < names; i++) {
		narrow->open[i] = problem->names.items[i].n;
	}
	for (size_t i = 0; i < problem->specs.len; i++) {
		narrow->left[i] = problem->specs.items[i].n_match;
	}
}

void lk_narrow_done(struct lk_narrow *narrow)
{
	lk_free(narrow->cause);
	lk_free(narrow->demand);
	lk_free(narrow->left);
	lk_free(narrow->open);
	lk_free(narrow->is_waiting);
	lk_free(narrow->room.mark);
	lk_free(narrow->room.count);
	lk_free(narrow->room.slot);
	lk_vec_done(&narrow->refused);
	lk_vec_done(&narrow->names);
}

bool lk_narrow_clashed(const struct lk_narrow *narrow)
{
	return narrow->clash != LK_NO_INDEX || narrow->clash_root != LK_NO_INDEX;
}

static bool is_open(const struct lk_narrow *narrow, uint32_t candidate)
{
	return narrow->cause[candidate].kind == LK_CAUSE_NONE;
}

static void await(struct lk_narrow *narrow, uint32_t name)
{
	if (!narrow->is_waiting[name]) {
		narrow->is_waiting[name] = true;
		lk_vec_push(&narrow->names, name);
	}
}

static void check_clash(struct lk_narrow *narrow, uint32_t name)
{
	if (narrow->open[name] == 0 && narrow->demand[name].kind != LK_CAUSE_NONE &&
		narrow->clash == LK_NO_INDEX) {
		narrow->clash = name;
	}
}

static void refuse(
	struct lk_narrow *narrow, uint32_t candidate, enum lk_cause_kind kind, uint32_t by)
{
	uint32_t name = narrow->problem->candidates.items[candidate].name;

	if (candidate == LK_ROOT || !is_open(narrow, candidate)) {
		return;
	}
	narrow->cause[candidate] =
		(struct lk_cause){.kind = kind, .by = by, .when = narrow->steps++};
	narrow->open[name]--;
	lk_vec_push(&narrow->refused, candidate);
	if (narrow->demand[name].kind != LK_CAUSE_NONE) {
		await(narrow, name);
		check_clash(narrow, name);
	}
}

static void demand(struct lk_narrow *narrow, uint32_t name, enum lk_cause_kind kind, uint32_t by)
{
	if (narrow->demand[name].kind == LK_CAUSE_NONE) {
		narrow->demand[name] =
			(struct lk_cause){.kind = kind, .by = by, .when = narrow->steps++};
		await(narrow, name);
		check_clash(narrow, name);
	}
}

/* Refuses all of SPEC's name that SPEC does not match. */
static void refuse_others(struct lk_narrow *narrow, const struct lk_interned_spec *spec,
	enum lk_cause_kind kind, uint32_t by)
{
	const struct lk_candidate_name *name = &narrow->problem->names.items[spec->name];
	uint32_t next = 0;

	for (uint32_t c = name->first; c < name->first + name->n; c++) {
		if (next < spec->n_match && spec->match[next] == c) {
			next++;
		} else {
			refuse(narrow, c, kind, by);
		}
	}
}

/* Those who need what cannot be met any more go too. */
static void work_off_refused(struct lk_narrow *narrow)
{
	const struct lk_state *state = narrow->state;

	while (narrow->head < narrow->refused.len) {
		uint32_t c = narrow->refused.items[narrow->head++];

		for (uint32_t i = state->met_by.start[c]; i < state->met_by.start[c + 1]; i++) {
			uint32_t spec = state->met_by.items[i];

			narrow->work++;
			if (--narrow->left[spec] > 0) {
				continue;
			}
			for (uint32_t k = state->needed_by.start[spec];
				k < state->needed_by.start[spec + 1]; k++) {
				refuse(narrow, state->needed_by.items[k], LK_CAUSE_NEED, spec);
			}
		}
	}
}

/* Is WHEN true whatever is chosen from now on? */
static bool only_true(const struct lk_narrow *narrow, const struct lk_when *when)
{
	const struct lk_interned_spec *spec;
	uint32_t n = 0;

	if (when->op == LK_CONDITION_AND) {
		return only_true(narrow, when->left) && only_true(narrow, when->right);
	}
	if (when->op == LK_CONDITION_OR) {
		return only_true(narrow, when->left) || only_true(narrow, when->right);
	}
	spec = &narrow->problem->specs.items[when->spec];
	for (uint32_t i = 0; i < spec->n_match; i++) {
		n += is_open(narrow, spec->match[i]);
	}
	return n > 0 && n == narrow->open[spec->name] &&
		narrow->demand[spec->name].kind != LK_CAUSE_NONE;
}

bool lk_narrow_counts(const struct lk_narrow *narrow, const struct lk_need *need)
{
	return !need->when || only_true(narrow, need->when);
}

/* --- one demanded name --- */

/* The narrower of two specs, where SPEC is on NAME and excludes X (LK_NO_INDEX: whatever). */
static uint32_t narrower(
	const struct lk_narrow *narrow, uint32_t best, uint32_t spec, uint32_t name, uint32_t x)
{
	const struct lk_interned_spec *specs = narrow->problem->specs.items;

	if (specs[spec].name != name || (x != LK_NO_INDEX && lk_spec_has(&specs[spec], x))) {
		return best;
	}
	return best == LK_NO_INDEX || specs[spec].n_match < specs[best].n_match ? spec : best;
}

uint32_t lk_narrow_spec_on(
	const struct lk_narrow *narrow, uint32_t candidate, uint32_t name, uint32_t x, bool limits)
{
	const struct lk_candidate *c = &narrow->problem->candidates.items[candidate];
	uint32_t best = LK_NO_INDEX;

	for (uint32_t i = 0; i < c->n_needs; i++) {
		if (lk_narrow_counts(narrow, &c->needs[i])) {
			best = narrower(narrow, best, c->needs[i].spec, name, x);
		}
	}
	for (uint32_t i = 0; best == LK_NO_INDEX && limits && i < c->n_limits; i++) {
		best = narrower(narrow, best, c->limits[i], name, x);
	}
	return best;
}

bool lk_narrow_accepts(const struct lk_narrow *narrow, uint32_t candidate, uint32_t x)
{
	const struct lk_candidate *c = &narrow->problem->candidates.items[candidate];
	const struct lk_interned_spec *specs = narrow->problem->specs.items;
	uint32_t name = narrow->problem->candidates.items[x].name;

	for (uint32_t i = 0; i < c->n_needs; i++) {
		const struct lk_interned_spec *spec = &specs[c->needs[i].spec];

		if (spec->name == name && !lk_spec_has(spec, x) &&
			lk_narrow_counts(narrow, &c->needs[i])) {
			return false;
		}
	}
	for (uint32_t i = 0; i < c->n_limits; i++) {
		const struct lk_interned_spec *spec = &specs[c->limits[i]];

		if (spec->name == name && !lk_spec_has(spec, x)) {
			return false;
		}
	}
	return true;
}

/* What the open candidates of one name want of another: one entry a want. */
struct want {
	uint32_t candidate, spec;
	bool is_need;
	uint32_t next; /* want on the same name, or LK_NO_INDEX */
};
struct wants {
	struct {
		struct want *items;
		size_t len, cap;
	} all;
	struct {
		struct wanted {
			uint32_t name;
			uint32_t first;            /* the newest want */
			uint32_t touched, needing; /* candidates */
			uint32_t last, last_need;  /* candidate counted last */
		} * items;
		size_t len, cap;
	} names;
};

static void add_want(
	struct lk_narrow *narrow, struct wants *wants, uint32_t c, uint32_t spec, bool is_need)
{
	uint32_t name = narrow->problem->specs.items[spec].name;
	struct wanted *wanted;

	narrow->work++;
	if (name == LK_NO_INDEX || name == narrow->problem->candidates.items[c].name) {
		return;
	}
	if (narrow->room.count[name] != narrow->room.stamp) {
		narrow->room.count[name] = narrow->room.stamp;
		narrow->room.slot[name] = (uint32_t)wants->names.len;
		lk_vec_push(&wants->names,
			(struct wanted){.name = name,
				.first = LK_NO_INDEX,
				.last = LK_NO_INDEX,
				.last_need = LK_NO_INDEX});
	}
	wanted = &wants->names.items[narrow->room.slot[name]];
	wanted->touched += wanted->last != c;
	wanted->last = c;
	wanted->needing += is_need && wanted->last_need != c;
	wanted->last_need = is_need ? c : wanted->last_need;
	lk_vec_push(&wants->all,
		(struct want){
			.candidate = c, .spec = spec, .is_need = is_need, .next = wanted->first});
	wanted->first = (uint32_t)wants->all.len - 1;
}

static void gather_wants(struct lk_narrow *narrow, uint32_t name, struct wants *wants)
{
	const struct lk_candidate_name *n = &narrow->problem->names.items[name];

	narrow->room.stamp++;
	for (uint32_t c = n->first; c < n->first + n->n; c++) {
		const struct lk_candidate *candidate = &narrow->problem->candidates.items[c];

		for (uint32_t i = 0; is_open(narrow, c) && i < candidate->n_needs; i++) {
			if (lk_narrow_counts(narrow, &candidate->needs[i])) {
				add_want(narrow, wants, c, candidate->needs[i].spec, true);
			}
		}
		for (uint32_t i = 0; is_open(narrow, c) && i < candidate->n_limits; i++) {
			add_want(narrow, wants, c, candidate->limits[i], false);
		}
	}
}

/* Marks what the wants of one candidate, a run from FIRST on, accept; returns the want after. */
static uint32_t mark_accepted(struct lk_narrow *narrow, const struct wants *wants, uint32_t first)
{
	const struct want *want = &wants->all.items[first];
	const struct lk_interned_spec *spec = &narrow->problem->specs.items[want->spec];
	uint32_t c = want->candidate;
	uint32_t next = want->next;
	bool alone = next == LK_NO_INDEX || wants->all.items[next].candidate != c;

	for (uint32_t i = 0; i < spec->n_match; i++) {
		narrow->work++;
		if (alone || lk_narrow_accepts(narrow, c, spec->match[i])) {
			narrow->room.mark[spec->match[i]] = narrow->room.stamp;
		}
	}
	while (next != LK_NO_INDEX && wants->all.items[next].candidate == c) {
		next = wants->all.items[next].next;
	}
	return next;
}

/* Refuses what none of NAME's open candidates, who all want something of WANTED, accepts. */
static void narrow_other(struct lk_narrow *narrow, uint32_t name, const struct wants *wants,
	const struct wanted *wanted)
{
	const struct lk_candidate_name *other = &narrow->problem->names.items[wanted->name];
	uint32_t want = wanted->first;
	uint32_t last = LK_NO_INDEX;

	narrow->room.stamp++;
	while (want != LK_NO_INDEX && narrow->work < narrow->max_work) {
		const struct want *w = &wants->all.items[want];
		bool same = w->spec == last &&
			(w->next == LK_NO_INDEX ||
				wants->all.items[w->next].candidate != w->candidate);

		/* Neighbours mostly want the same. */
		last = w->spec;
		want = same ? w->next : mark_accepted(narrow, wants, want);
	}
	if (want != LK_NO_INDEX) {
		return;
	}
	for (uint32_t c = other->first; c < other->first + other->n; c++) {
		if (narrow->room.mark[c] != narrow->room.stamp) {
			refuse(narrow, c, LK_CAUSE_NAME, name);
		}
	}
}

/* Limits on NAME that leave it nothing refuse their owners. */
static void check_limits_on(struct lk_narrow *narrow, uint32_t name)
{
	const struct lk_state *state = narrow->state;

	for (uint32_t i = state->limits_on.start[name]; i < state->limits_on.start[name + 1]; i++) {
		uint32_t index = state->limits_on.items[i];
		const struct lk_interned_spec *spec = &narrow->problem->specs.items[index];
		bool any = false;

		for (uint32_t k = 0; !any && k < spec->n_match; k++) {
			any = is_open(narrow, spec->match[k]);
			narrow->work++;
		}
		for (uint32_t k = state->limited_by.start[index];
			!any && k < state->limited_by.start[index + 1]; k++) {
			refuse(narrow, state->limited_by.items[k], LK_CAUSE_LIMIT, index);
		}
	}
}

static void look_at(struct lk_narrow *narrow, uint32_t name)
{
	struct wants wants = {0};
	uint32_t open = narrow->open[name];

	gather_wants(narrow, name, &wants);
	for (size_t i = 0; i < wants.names.len && !lk_narrow_clashed(narrow); i++) {
		const struct wanted *wanted = &wants.names.items[i];

		if (wanted->touched == open) {
			if (wanted->needing == open) {
				demand(narrow, wanted->name, LK_CAUSE_NAME, name);
			}
			narrow_other(narrow, name, &wants, wanted);
		}
	}
	lk_vec_done(&wants.all);
	lk_vec_done(&wants.names);
	if (!lk_narrow_clashed(narrow)) {
		check_limits_on(narrow, name);
	}
}

/* --- what is given --- */

/* Item I of the root, a need or limit. */
static void give_item(struct lk_narrow *narrow, const struct lk_candidate *root, uint32_t i)
{
	bool is_need = i < root->n_needs;
	uint32_t index = is_need ? root->needs[i].spec : root->limits[i - root->n_needs];
	const struct lk_interned_spec *spec = &narrow->problem->specs.items[index];

	if (spec->name != LK_NO_INDEX) {
		if (is_need) {
			demand(narrow, spec->name, LK_CAUSE_ROOT, i);
		}
		refuse_others(narrow, spec, LK_CAUSE_ROOT, i);
	} else if (is_need && narrow->clash_root == LK_NO_INDEX) {
		narrow->clash_root = i;
	}
}

/* The root's items that count; of the conditional ones only when IS_LATER. */
static void give_root(struct lk_narrow *narrow, bool is_later)
{
	const struct lk_candidate *root = &narrow->problem->candidates.items[LK_ROOT];
	const struct lk_root_mask *mask = narrow->mask;

	for (uint32_t i = 0; i < root->n_needs; i++) {
		if ((!mask || mask->needs[i]) && !root->needs[i].when == !is_later &&
			lk_narrow_counts(narrow, &root->needs[i])) {
			give_item(narrow, root, i);
		}
	}
	for (uint32_t i = 0; !is_later && i < root->n_limits; i++) {
		if (!mask || mask->limits[i]) {
			give_item(narrow, root, root->n_needs + i);
		}
	}
}

/* Needs whose condition has come true since. */
static void give_conditional(struct lk_narrow *narrow)
{
	const struct lk_state *state = narrow->state;

	give_root(narrow, true);
	for (size_t i = 0; i < state->conditional.len; i++) {
		uint32_t c = state->conditional.items[i];
		const struct lk_candidate *candidate = &narrow->problem->candidates.items[c];

		for (uint32_t k = 0; c != LK_ROOT && is_open(narrow, c) && k < candidate->n_needs;
			k++) {
			const struct lk_need *need = &candidate->needs[k];

			narrow->work++;
			if (!need->when || !lk_narrow_counts(narrow, need)) {
				continue;
			}
			if (narrow->left[need->spec] == 0) {
				refuse(narrow, c, LK_CAUSE_NEED, need->spec);
			} else if (narrow->demand[candidate->name].kind != LK_CAUSE_NONE) {
				await(narrow, candidate->name);
			}
		}
	}
}

/* CANDIDATE is chosen, or (WHOLE_VERSION) one of its version. */
static void give_fixed(struct lk_narrow *narrow, uint32_t candidate, bool whole_version)
{
	const struct lk_candidate *all = narrow->problem->candidates.items;
	uint32_t name = all[candidate].name;
	const struct lk_candidate_name *n = &narrow->problem->names.items[name];

	demand(narrow, name, LK_CAUSE_FIXED, candidate);
	for (uint32_t c = n->first; c < n->first + n->n; c++) {
		if (c != candidate &&
			!(whole_version &&
				lk_version_cmp(all[c].version, all[candidate].version) == 0)) {
			refuse(narrow, c, LK_CAUSE_FIXED, candidate);
		}
	}
}

/* What can be in no solution whatever is given. */
static void clean(struct lk_narrow *narrow)
{
	const struct lk_problem *problem = narrow->problem;
	const struct lk_state *state = narrow->state;

	for (uint32_t s = 0; s < problem->specs.len; s++) {
		for (uint32_t i = state->needed_by.start[s];
			narrow->left[s] == 0 && i < state->needed_by.start[s + 1]; i++) {
			refuse(narrow, state->needed_by.items[i], LK_CAUSE_NEED, s);
		}
	}
	for (uint32_t c = 1; c < problem->candidates.len; c++) {
		const struct lk_candidate *candidate = &problem->candidates.items[c];

		for (uint32_t i = 0; i < candidate->n_limits; i++) {
			const struct lk_interned_spec *spec =
				&problem->specs.items[candidate->limits[i]];

			if (spec->name == candidate->name && !lk_spec_has(spec, c)) {
				refuse(narrow, c, LK_CAUSE_LIMIT, candidate->limits[i]);
			}
		}
	}
	work_off_refused(narrow);
}

static bool is_over(const struct lk_narrow *narrow)
{
	return lk_narrow_clashed(narrow) || narrow->work >= narrow->max_work;
}

/* Works off what is waiting. */
static void settle(struct lk_narrow *narrow)
{
	work_off_refused(narrow);
	while (!is_over(narrow) && narrow->name_head < narrow->names.len) {
		uint32_t name = narrow->names.items[narrow->name_head++];

		narrow->is_waiting[name] = false;
		look_at(narrow, name);
		work_off_refused(narrow);
	}
}

void lk_narrow_run(struct lk_narrow *narrow, const struct lk_given *given)
{
	uint32_t before;

	/* What is given comes first: it is the plainest cause. */
	narrow->mask = given->mask;
	give_root(narrow, false);
	for (size_t i = 0; i < given->n_fixed; i++) {
		give_fixed(
			narrow, given->fixed[i], given->whole_version && i + 1 == given->n_fixed);
	}
	clean(narrow);
	settle(narrow);
	do {
		before = narrow->steps;
		if (!is_over(narrow)) {
			give_conditional(narrow);
			settle(narrow);
		}
	} while (!is_over(narrow) && narrow->steps > before);
}

/*
 * The wording of explanations: records in groups, what a filter took out, near misses.
 */
#include "resolver/explain_priv.h"

#include <stdlib.h>

#define MAX_OUT_LINES 4
#define MAX_BUILDS 4
#define MAX_SPEC 200 /* bytes; a channel may write what it likes */

void lk_explain_line(struct lk_explanation *explanation, unsigned depth, lk_str text)
{
	lk_vec_push(&explanation->lines, (struct lk_reason){.depth = depth, .text = text});
}

static lk_str in_short(const struct lk_explanation *explanation, lk_str spec)
{
	return lk_str_shorten(explanation->arena, spec, MAX_SPEC);
}

lk_str lk_explain_spec(const struct lk_explanation *explanation, uint32_t spec)
{
	const struct lk_interned_spec *s = &explanation->problem->specs.items[spec];

	return lk_str_printf(explanation->arena, "'" LK_STR_FMT "'",
		LK_STR_ARG(in_short(explanation,
			s->spec ? s->spec->text
				: explanation->problem->names.items[s->name].text)));
}

/* Is SPEC the user's spec behind the root's need ASKED, itself or its extras group? */
static bool is_behind(const struct lk_problem *problem, const struct lk_matchspec *spec,
	const struct lk_interned_spec *asked)
{
	const struct lk_candidate_name *name;

	if (asked->spec) {
		return asked->spec == spec;
	}
	name = &problem->names.items[asked->name];
	if (name->base == LK_NO_INDEX ||
		!lk_str_eq(problem->names.items[name->base].text, spec->name)) {
		return false;
	}
	for (size_t i = 0; i < spec->extras.n; i++) {
		if (lk_str_eq(spec->extras.items[i], name->group)) {
			return true;
		}
	}
	return false;
}

struct lk_culprit lk_explain_culprit(const struct lk_explanation *explanation, uint32_t item)
{
	const struct lk_problem *problem = explanation->problem;
	const struct lk_candidate *root = &problem->candidates.items[LK_ROOT];
	struct lk_culprit culprit = {.is_pin = item >= root->n_needs};
	const struct lk_interned_spec *asked =
		&problem->specs.items[culprit.is_pin ? root->limits[item - root->n_needs]
						     : root->needs[item].spec];
	const struct lk_matchspec *const *list =
		culprit.is_pin ? problem->task->pins : problem->task->specs;

	/* Specs that a virtual package meets are no items of the root. */
	while (!is_behind(problem, list[culprit.index], asked)) {
		culprit.index++;
	}
	culprit.is_alone = asked->n_match == 0;
	return culprit;
}

lk_str lk_explain_root(const struct lk_explanation *explanation, uint32_t item)
{
	const struct lk_task *task = explanation->problem->task;
	struct lk_culprit culprit = lk_explain_culprit(explanation, item);

	return lk_str_printf(explanation->arena, "%s'" LK_STR_FMT "'",
		!culprit.is_pin                                ? ""
			: lk_task_demands(task, culprit.index) ? "the update to "
							       : "the pin ",
		LK_STR_ARG(in_short(explanation,
			(culprit.is_pin ? task->pins : task->specs)[culprit.index]->text)));
}

/* Some records of one name, to be said in a few words. */
struct crowd {
	lk_str name;
	const struct lk_record *first;
	const struct lk_record *oldest, *newest;
	const struct lk_version *low, *high;
	size_t n;
};

static void crowd_add(struct crowd *crowd, lk_str name, const struct lk_record *record,
	const struct lk_version *version)
{
	if (crowd->n++ == 0) {
		*crowd = (struct crowd){name, record, record, record, version, version, 1};
		return;
	}
	if (version && (!crowd->low || lk_version_cmp(version, crowd->low) < 0)) {
		crowd->oldest = record;
		crowd->low = version;
	}
	if (version && (!crowd->high || lk_version_cmp(version, crowd->high) > 0)) {
		crowd->newest = record;
		crowd->high = version;
	}
}

/* "name 1.0 build", "name 1.0 (3 builds)" or "name 1.0 … 2.0 (7 records)". */
static lk_str crowd_text(const struct lk_explanation *explanation, const struct crowd *crowd)
{
	const struct lk_record *first = crowd->first;

	if (crowd->n == 1) {
		return lk_str_printf(explanation->arena, LK_STR_FMT " " LK_STR_FMT " " LK_STR_FMT,
			LK_STR_ARG(crowd->name), LK_STR_ARG(first->version),
			LK_STR_ARG(first->build));
	}
	if (lk_str_eq(crowd->oldest->version, crowd->newest->version)) {
		return lk_str_printf(explanation->arena, LK_STR_FMT " " LK_STR_FMT " (%zu builds)",
			LK_STR_ARG(crowd->name), LK_STR_ARG(first->version), crowd->n);
	}
	return lk_str_printf(explanation->arena,
		LK_STR_FMT " " LK_STR_FMT " … " LK_STR_FMT " (%zu records)",
		LK_STR_ARG(crowd->name), LK_STR_ARG(crowd->oldest->version),
		LK_STR_ARG(crowd->newest->version), crowd->n);
}

lk_str lk_explain_candidates(
	const struct lk_explanation *explanation, const uint32_t *candidates, size_t n)
{
	const struct lk_candidate *all = explanation->problem->candidates.items;
	struct crowd crowd = {0};

	for (size_t i = 0; i < n; i++) {
		const struct lk_candidate *c = &all[candidates[i]];
		lk_str name = explanation->problem->names.items[c->name].text;

		/* An extras group has the versions of the package that it belongs to. */
		c = c->base == LK_NO_INDEX ? c : &all[c->base];
		if (c->record) {
			crowd_add(&crowd, name, c->record, c->version);
		}
	}
	if (n == 1 && all[candidates[0]].locked) {
		return lk_str_printf(explanation->arena, LK_STR_FMT " (kept)",
			LK_STR_ARG(crowd_text(explanation, &crowd)));
	}
	return crowd.n > 0 ? crowd_text(explanation, &crowd) : LK_STR("the specs");
}

/* "this lock is solved with __cuda 12.2" or "… without __cuda". */
static lk_str explain_virtual(struct lk_explanation *explanation, const struct lk_matchspec *spec)
{
	lk_str name = spec->name;
	const struct lk_virtual *found =
		lk_virtuals_find(explanation->problem->task->virtuals, name);

	if (!explanation->virtual) {
		explanation->virtual = spec;
	}
	if (!found) {
		return lk_str_printf(explanation->arena, "this lock is solved without " LK_STR_FMT,
			LK_STR_ARG(name));
	}
	if (lk_str_is(found->build, "0")) {
		return lk_str_printf(explanation->arena,
			"this lock is solved with " LK_STR_FMT " " LK_STR_FMT, LK_STR_ARG(name),
			LK_STR_ARG(found->version));
	}
	return lk_str_printf(explanation->arena,
		"this lock is solved with " LK_STR_FMT " " LK_STR_FMT "=" LK_STR_FMT,
		LK_STR_ARG(name), LK_STR_ARG(found->version), LK_STR_ARG(found->build));
}

lk_str lk_explain_option(const struct lk_explanation *explanation)
{
	static const char *const options[][2] = {
		{"__cuda", "--cuda VERSION"},
		{"__cuda_arch", "--cuda-arch VERSION"},
		{"__glibc", "--glibc VERSION"},
		{"__archspec", "--archspec NAME"},
	};
	const struct lk_matchspec *spec = explanation->virtual;

	if (lk_str_is(spec->name, "__archspec") && lk_build_is_valid(spec->build_text)) {
		return lk_str_printf(
			explanation->arena, "--archspec " LK_STR_FMT, LK_STR_ARG(spec->build_text));
	}
	for (size_t i = 0; i < LK_COUNTOF(options); i++) {
		if (lk_str_is(spec->name, options[i][0])) {
			return lk_str_of(options[i][1]);
		}
	}
	return lk_str_printf(
		explanation->arena, "--virtual " LK_STR_FMT "=VERSION", LK_STR_ARG(spec->name));
}

/* What the filter says of CROWD, who fell like OUT. */
static lk_str virtual_text(
	struct lk_explanation *explanation, const struct lk_out *out, const struct crowd *crowd)
{
	bool needs = out->kind == LK_OUT_VIRTUAL_NEED;
	struct lk_error err = LK_ERROR_INIT;
	lk_str about = {0};
	uint32_t spec;

	/* It was interned when it ruled the record out, so this only looks it up. */
	if (lk_problem_intern(explanation->problem, out->detail, &spec, &err) == 0) {
		about = explain_virtual(explanation, explanation->problem->specs.items[spec].spec);
	}
	return lk_str_printf(explanation->arena, LK_STR_FMT " %s%s " LK_STR_FMT ", " LK_STR_FMT,
		LK_STR_ARG(crowd_text(explanation, crowd)), needs ? "need" : "allow",
		crowd->n > 1 ? (needs ? "" : " only") : (needs ? "s" : "s only"),
		LK_STR_ARG(out->detail), LK_STR_ARG(about));
}

static const char *unusable_text(const struct lk_out *out)
{
	if (out->kind == LK_OUT_UNREADABLE) {
		return "unreadable";
	}
	return lk_archive_kind_of(out->detail, NULL) == LK_ARCHIVE_WHEEL
		? "a wheel, which this version cannot install"
		: "not supported";
}

static lk_str out_text(
	struct lk_explanation *explanation, const struct lk_out *out, const struct crowd *crowd)
{
	lk_str channel = explanation->problem->task->channels[out->channel].name;
	lk_str who = crowd_text(explanation, crowd);
	const char *is = crowd->n > 1 ? "are" : "is";
	struct lk_arena *arena = explanation->arena;

	switch (out->kind) {
	case LK_OUT_PRIORITY:
		return lk_str_printf(arena,
			LK_STR_FMT " %s in channel " LK_STR_FMT ", but " LK_STR_FMT
				   " comes first and has the name (strict channel priority)",
			LK_STR_ARG(who), is, LK_STR_ARG(channel), LK_STR_ARG(out->detail));
	case LK_OUT_CHANNEL:
		return lk_str_printf(arena,
			LK_STR_FMT " %s in channel " LK_STR_FMT
				   ", but the specs ask for another channel",
			LK_STR_ARG(who), is, LK_STR_ARG(channel));
	case LK_OUT_NEWER:
		return lk_str_printf(arena,
			LK_STR_FMT " %s newer than the date that records may have", LK_STR_ARG(who),
			is);
	case LK_OUT_UNHASHED:
		return lk_str_printf(arena,
			"the channel gives no sha256 of " LK_STR_FMT
			", and offline nothing can be fetched to be hashed",
			LK_STR_ARG(who));
	case LK_OUT_VIRTUAL_NEED:
	case LK_OUT_VIRTUAL_LIMIT:
		return virtual_text(explanation, out, crowd);
	default:
		return lk_str_printf(arena, LK_STR_FMT " cannot be used: '" LK_STR_FMT "' is %s",
			LK_STR_ARG(who), LK_STR_ARG(out->detail), unusable_text(out));
	}
}

static int cmp_out_qsort(const void *left, const void *right)
{
	const struct lk_out *a = *(const struct lk_out *const *)left;
	const struct lk_out *b = *(const struct lk_out *const *)right;
	int c = 0;

	if (a->version && b->version) {
		c = lk_version_cmp(b->version, a->version);
	}
	return c ? c : lk_str_cmp(a->record->url, b->record->url);
}

static bool same_reason(const struct lk_out *a, const struct lk_out *b)
{
	return a->kind == b->kind && a->channel == b->channel && lk_str_eq(a->detail, b->detail);
}

/* One line for the reason of OUTS[AT] and for all after it that share it; those are set to NULL. */
static void explain_reason(struct lk_explanation *explanation, unsigned depth,
	const struct lk_out **outs, size_t at, size_t n)
{
	const struct lk_out *first = outs[at];
	struct crowd crowd = {0};

	for (size_t k = at; k < n; k++) {
		if (outs[k] && same_reason(first, outs[k])) {
			crowd_add(&crowd, outs[k]->record->name, outs[k]->record, outs[k]->version);
			outs[k] = NULL;
		}
	}
	lk_explain_line(explanation, depth, out_text(explanation, first, &crowd));
}

void lk_explain_out(struct lk_explanation *explanation, const struct lk_out *out)
{
	struct crowd crowd = {0};

	crowd_add(&crowd, out->record->name, out->record, out->version);
	lk_explain_line(explanation, 0, out_text(explanation, out, &crowd));
}

static bool is_wanted(
	const struct lk_out *out, const struct lk_matchspec *const *specs, size_t n_specs)
{
	for (size_t i = 0; i < n_specs; i++) {
		if (lk_str_eq(out->record->name, specs[i]->name) &&
			(!out->version ||
				lk_matchspec_matches(specs[i], out->record, out->version))) {
			return true;
		}
	}
	return false;
}

bool lk_explain_outs(struct lk_explanation *explanation, unsigned depth,
	const struct lk_matchspec *const *specs, size_t n_specs)
{
	struct lk_problem *problem = explanation->problem;
	const struct lk_out **outs = lk_calloc(problem->outs.len, sizeof(const struct lk_out *));
	size_t n = 0;
	size_t lines = 0;

	for (size_t i = 0; i < problem->outs.len; i++) {
		if (is_wanted(&problem->outs.items[i], specs, n_specs)) {
			outs[n++] = &problem->outs.items[i];
		}
	}
	if (n > 1) {
		qsort(outs, n, sizeof(*outs), cmp_out_qsort);
	}
	for (size_t i = 0; i < n && lines < MAX_OUT_LINES; i++) {
		if (outs[i]) {
			explain_reason(explanation, depth, outs, i, n);
			lines++;
		}
	}
	lk_free(outs);
	return n > 0;
}

struct near {
	unsigned distance[LK_MAX_NEAR];
	size_t n;
};

/* Keeps the nearest in order; equal ones in the order they come in. */
static void note_near(struct near *near, lk_str *names, lk_str name, unsigned distance)
{
	size_t at = near->n;

	while (at > 0 && near->distance[at - 1] > distance) {
		at--;
	}
	if (at == LK_MAX_NEAR) {
		return;
	}
	near->n += near->n < LK_MAX_NEAR;
	for (size_t i = near->n - 1; i > at; i--) {
		near->distance[i] = near->distance[i - 1];
		names[i] = names[i - 1];
	}
	near->distance[at] = distance;
	names[at] = name;
}

size_t lk_near_names(lk_str name, const lk_str *known, size_t n_known, lk_str ret_near[LK_MAX_NEAR])
{
	unsigned limit = name.len <= 4 ? 1 : 2;
	struct near near = {.n = 0};

	for (size_t i = 0; i < n_known; i++) {
		unsigned distance = lk_str_distance(name, known[i], limit);

		if (distance > 0 && distance <= limit) { /* 0: of another platform */
			note_near(&near, ret_near, known[i], distance);
		}
	}
	return near.n;
}

/* "'a', 'b' or 'c'", or empty. */
static lk_str near_misses(const struct lk_explanation *explanation, lk_str name)
{
	const struct lk_task *task = explanation->problem->task;
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(1024);
	lk_str near[LK_MAX_NEAR];
	size_t n = lk_near_names(name, task->known_names, task->n_known_names, near);

	for (size_t i = 0; i < n; i++) {
		lk_buf_appendf(&buf, "%s'" LK_STR_FMT "'",
			i == 0               ? ""
				: i + 1 == n ? " or "
					     : ", ",
			LK_STR_ARG(near[i]));
	}
	return lk_str_dup(explanation->arena, lk_buf_view(&buf));
}

/* The newest of NAME's candidates below WANTED or, with SIGN -1, the oldest above it (WANTED NULL:
 * of all); NULL: none. The best rank may be neither. */
static const struct lk_candidate *extreme(const struct lk_problem *problem,
	const struct lk_candidate_name *name, int sign, const struct lk_version *wanted)
{
	const struct lk_candidate *found = NULL;

	for (uint32_t i = 0; i < name->n; i++) {
		const struct lk_candidate *c = &problem->candidates.items[name->first + i];

		if ((!wanted || lk_version_cmp(c->version, wanted) * sign < 0) &&
			(!found || lk_version_cmp(c->version, found->version) * sign > 0)) {
			found = c;
		}
	}
	return found;
}

/* The first version that SPEC's version part names, or NULL. */
static const struct lk_version *wanted_version(
	const struct lk_explanation *explanation, const struct lk_matchspec *spec)
{
	lk_str text = spec->version_text;
	const struct lk_version *version = NULL;
	struct lk_error err = LK_ERROR_INIT;
	size_t start = 0;
	size_t end;

	while (start < text.len && strchr("=<>!~(", text.ptr[start])) {
		start++;
	}
	end = start;
	while (end < text.len && !strchr(",|)*", text.ptr[end])) {
		end++;
	}
	while (end > start && text.ptr[end - 1] == '.') {
		end--;
	}
	if (lk_version_parse(lk_str_slice(text, start, end), explanation->arena, &version, &err) <
		0) {
		return NULL;
	}
	return version;
}

/* The builds that there are, where only the build does not match; empty: that is not all. */
static lk_str other_builds(const struct lk_explanation *explanation,
	const struct lk_candidate_name *name, const struct lk_matchspec *spec)
{
	const struct lk_problem *problem = explanation->problem;
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(4096);
	struct lk_matchspec any = *spec;
	lk_str version = {0};
	size_t n = 0;

	any.build = NULL;
	for (uint32_t i = 0; spec->build && i < name->n; i++) {
		const struct lk_candidate *c = &problem->candidates.items[name->first + i];

		if (!lk_matchspec_matches(&any, c->record, c->version) ||
			(n > 0 && !lk_str_eq(c->record->version, version))) {
			continue;
		}
		version = c->record->version;
		if (n++ < MAX_BUILDS) {
			lk_buf_appendf(&buf, "%s" LK_STR_FMT, n > 1 ? ", " : "",
				LK_STR_ARG(c->record->build));
		}
	}
	if (n > MAX_BUILDS) {
		lk_buf_appendf(&buf, " and %zu more", n - MAX_BUILDS);
	}
	if (n == 0) {
		return LK_STR("");
	}
	return lk_str_printf(explanation->arena, "; the builds of " LK_STR_FMT " are " LK_STR_FMT,
		LK_STR_ARG(version), LK_STR_ARG(lk_buf_view(&buf)));
}

/* No record of NAME, which has some, matches SPEC: what there is instead. */
static lk_str nothing_matches(const struct lk_explanation *explanation,
	const struct lk_candidate_name *name, const struct lk_matchspec *spec)
{
	const struct lk_problem *problem = explanation->problem;
	const struct lk_version *wanted = wanted_version(explanation, spec);
	const struct lk_candidate *below = wanted ? extreme(problem, name, 1, wanted) : NULL;
	const struct lk_candidate *above = wanted ? extreme(problem, name, -1, wanted) : NULL;
	bool between = below && above;
	lk_str builds = other_builds(explanation, name, spec);
	lk_str text = in_short(explanation, spec->text);

	if (builds.len > 0) {
		return lk_str_printf(explanation->arena,
			"no record matches '" LK_STR_FMT "'" LK_STR_FMT, LK_STR_ARG(text),
			LK_STR_ARG(builds));
	}
	below = between ? below : extreme(problem, name, 1, NULL);
	above = between ? above : extreme(problem, name, -1, NULL);
	return lk_str_printf(explanation->arena,
		"no record matches '" LK_STR_FMT "'; the %s " LK_STR_FMT " and %s" LK_STR_FMT,
		LK_STR_ARG(text), between ? "nearest are" : "newest is",
		LK_STR_ARG(below->record->version), between ? "" : "the oldest ",
		LK_STR_ARG(above->record->version));
}

lk_str lk_explain_nothing(struct lk_explanation *explanation, const struct lk_matchspec *spec)
{
	const struct lk_problem *problem = explanation->problem;
	const struct lk_candidate_name *name;
	uint32_t index = lk_problem_name(problem, spec->name);
	lk_str near;

	if (lk_name_is_virtual(spec->name)) {
		return explain_virtual(explanation, spec);
	}
	if (!lk_reach_find(problem->task->reach, spec->name)) {
		near = near_misses(explanation, spec->name);
		return lk_str_printf(explanation->arena,
			"no channel has a package named '" LK_STR_FMT "'%s" LK_STR_FMT "%s",
			LK_STR_ARG(spec->name), near.len ? "; did you mean " : "", LK_STR_ARG(near),
			near.len ? "?" : "");
	}
	name = &problem->names.items[index];
	if (name->n == 0) {
		return lk_str_printf(explanation->arena,
			"no record of '" LK_STR_FMT "' can be used here", LK_STR_ARG(spec->name));
	}
	return nothing_matches(explanation, name, spec);
}

/*
 * Order of the candidates of a name, best first (conda-formats.md 4.3, rattler's column).
 *
 * No tracked features before any; the channel when priority is flexible; higher version; higher
 * build number; then the dependency comparison; newer time stamp; and, so that no two are equal,
 * build string (higher first), channel, URL.
 *
 * Dependency comparison, among candidates equal so far: for each name that all of them need without
 * condition, in bytewise order, compare the best that each could get: the highest version that a
 * spec matches (matches with tracked features only come after), the worst of these over the
 * candidate's specs of that name. No match loses to a match. The first difference decides.
 */
#include <stdlib.h>

#include "resolver/problem_priv.h"

/* What a need could get at best. */
struct best {
	const struct lk_version *version; /* NULL: nothing */
	bool tracked;                     /* every match has tracked features */
};

/* An unconditional need. */
struct want {
	lk_str name;
	uint32_t spec;
};

struct wants LK_VEC_OF(struct want);

struct sorted {
	uint32_t candidate;
	size_t first_want, n_wants; /* while a run of equals is sorted, in its `wants` */
	struct best *best;          /* then, too: by shared name */
};

struct ranking {
	struct lk_problem *problem;
	struct best *best;     /* by spec */
	bool *known;           /* beside it */
	struct wants wants;    /* of the run, candidate after candidate, each by name */
	struct lk_strs shared; /* sorted */
};

static int cmp_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int lk_rank_cmp_release(const struct lk_problem *problem, uint32_t left, uint32_t right)
{
	const struct lk_candidate *a = &problem->candidates.items[left];
	const struct lk_candidate *b = &problem->candidates.items[right];
	int c = (a->record->track_features.n > 0) - (b->record->track_features.n > 0);

	if (c == 0 && problem->task->channel_priority == LK_PRIORITY_FLEXIBLE) {
		c = cmp_u64(a->channel, b->channel);
	}
	return c ? c : lk_version_cmp(b->version, a->version);
}

static int cmp_main(const struct lk_problem *problem, uint32_t left, uint32_t right)
{
	int c = lk_rank_cmp_release(problem, left, right);

	return c ? c
		 : cmp_u64(problem->candidates.items[right].record->build_number,
			   problem->candidates.items[left].record->build_number);
}

static int cmp_best(const struct best *a, const struct best *b)
{
	if (!a->version || !b->version) {
		return !a->version - !b->version;
	}
	if (a->tracked != b->tracked) {
		return a->tracked - b->tracked;
	}
	return lk_version_cmp(b->version, a->version);
}

static int cmp_last(const struct lk_problem *problem, uint32_t left, uint32_t right)
{
	const struct lk_candidate *a = &problem->candidates.items[left];
	const struct lk_candidate *b = &problem->candidates.items[right];
	int c = cmp_u64(b->record->timestamp, a->record->timestamp);

	if (c == 0) {
		c = lk_str_cmp(b->record->build, a->record->build);
	}
	if (c == 0) {
		c = cmp_u64(a->channel, b->channel);
	}
	return c ? c : lk_str_cmp(a->record->url, b->record->url);
}

static int cmp_main_r(const void *left, const void *right, void *ctx)
{
	const struct ranking *ranking = ctx;

	return cmp_main(ranking->problem, ((const struct sorted *)left)->candidate,
		((const struct sorted *)right)->candidate);
}

static int cmp_run_r(const void *left, const void *right, void *ctx)
{
	const struct ranking *ranking = ctx;
	const struct sorted *a = left;
	const struct sorted *b = right;

	for (size_t i = 0; i < ranking->shared.len; i++) {
		int c = cmp_best(&a->best[i], &b->best[i]);

		if (c) {
			return c;
		}
	}
	return cmp_last(ranking->problem, a->candidate, b->candidate);
}

static struct best best_of_spec(struct ranking *ranking, uint32_t index)
{
	struct lk_problem *problem = ranking->problem;
	const struct lk_interned_spec *spec;
	struct best best = {.tracked = true};

	if (ranking->known[index]) {
		return ranking->best[index];
	}
	spec = lk_problem_match(problem, index);

	for (uint32_t i = 0; i < spec->n_match; i++) {
		const struct lk_candidate *match = &problem->candidates.items[spec->match[i]];

		if (!best.version || lk_version_cmp(match->version, best.version) > 0) {
			best.version = match->version;
		}
		best.tracked = best.tracked && match->record->track_features.n > 0;
	}
	ranking->known[index] = true;
	ranking->best[index] = best;
	return best;
}

static int cmp_want(const void *left, const void *right)
{
	return lk_str_cmp(((const struct want *)left)->name, ((const struct want *)right)->name);
}

/* The candidate's unconditional needs into `wants`, by name. */
static void list_wants(struct ranking *ranking, struct sorted *s)
{
	const struct lk_problem *problem = ranking->problem;
	const struct lk_candidate *c = &problem->candidates.items[s->candidate];

	s->first_want = ranking->wants.len;
	for (uint32_t i = 0; i < c->n_needs; i++) {
		uint32_t spec = c->needs[i].spec;

		if (!c->needs[i].when) {
			lk_vec_push(&ranking->wants,
				(struct want){problem->specs.items[spec].spec->name, spec});
		}
	}
	s->n_wants = ranking->wants.len - s->first_want;
	if (s->n_wants > 1) {
		qsort(ranking->wants.items + s->first_want, s->n_wants, sizeof(struct want),
			cmp_want);
	}
}

/* Leaves in `shared` what the candidate wants, each name once. */
static void keep_wanted(struct ranking *ranking, const struct sorted *s)
{
	struct lk_strs *names = &ranking->shared;
	const struct want *wants = ranking->wants.items;
	size_t end = s->first_want + s->n_wants;
	size_t w = s->first_want;
	size_t kept = 0;

	for (size_t i = 0; i < names->len; i++) {
		lk_str name = names->items[i];

		while (w < end && lk_str_cmp(wants[w].name, name) < 0) {
			w++;
		}
		if (w < end && lk_str_eq(wants[w].name, name) &&
			(kept == 0 || !lk_str_eq(names->items[kept - 1], name))) {
			names->items[kept++] = name;
		}
	}
	names->len = kept;
}

/* The names that every candidate of the run wants, sorted and unique, into `shared`. */
static void find_shared(struct ranking *ranking, struct sorted *run, size_t n)
{
	lk_vec_clear(&ranking->wants);
	lk_vec_clear(&ranking->shared);
	for (size_t k = 0; k < n; k++) {
		list_wants(ranking, &run[k]);
	}
	for (size_t i = 0; i < run[0].n_wants; i++) {
		lk_vec_push(&ranking->shared, ranking->wants.items[i].name);
	}
	for (size_t k = 0; k < n; k++) {
		keep_wanted(ranking, &run[k]);
	}
}

/* For each shared name the worst over the candidate's wants of it. */
static void find_best(struct ranking *ranking, struct sorted *s)
{
	const struct want *wants = ranking->wants.items;
	size_t end = s->first_want + s->n_wants;
	size_t w = s->first_want;

	for (size_t i = 0; i < ranking->shared.len; i++) {
		lk_str name = ranking->shared.items[i];

		while (!lk_str_eq(wants[w].name, name)) {
			w++;
		}
		s->best[i] = best_of_spec(ranking, wants[w].spec);
		for (w++; w < end && lk_str_eq(wants[w].name, name); w++) {
			struct best best = best_of_spec(ranking, wants[w].spec);

			if (cmp_best(&s->best[i], &best) < 0) {
				s->best[i] = best;
			}
		}
	}
}

static void sort_run(struct ranking *ranking, struct sorted *run, size_t n)
{
	struct best *all;

	find_shared(ranking, run, n);
	all = lk_calloc(n * ranking->shared.len, sizeof(*all));
	for (size_t k = 0; k < n; k++) {
		run[k].best = all + k * ranking->shared.len;
		find_best(ranking, &run[k]);
	}
	qsort_r(run, n, sizeof(*run), cmp_run_r, ranking);
	lk_free(all);
}

/* Writes the candidates of NAME in order to ORDER, which maps new numbers to old ones. */
static void rank_name(struct ranking *ranking, const struct lk_candidate_name *name,
	struct sorted *sorted, uint32_t *order)
{
	const struct lk_problem *problem = ranking->problem;
	size_t start = 0;

	for (uint32_t i = 0; i < name->n; i++) {
		sorted[i] = (struct sorted){.candidate = name->first + i};
	}
	qsort_r(sorted, name->n, sizeof(*sorted), cmp_main_r, ranking);
	for (size_t i = 1; i <= name->n; i++) {
		if (i == name->n ||
			cmp_main(problem, sorted[start].candidate, sorted[i].candidate) != 0) {
			if (i - start > 1) {
				sort_run(ranking, sorted + start, i - start);
			}
			start = i;
		}
	}
	for (uint32_t i = 0; i < name->n; i++) {
		order[name->first + i] = sorted[i].candidate;
	}
}

/* Gives the matches of SPEC their new numbers, which rise again: those of a name stay together.
 * MARKED is all false, before and after. */
static void renumber_matches(const struct lk_problem *problem, struct lk_interned_spec *spec,
	const uint32_t *renamed, bool *marked)
{
	uint32_t n = 0;
	uint32_t c = spec->n_match > 0 ? problem->names.items[spec->name].first : 0;

	for (uint32_t i = 0; i < spec->n_match; i++) {
		marked[renamed[spec->match[i]]] = true;
	}
	for (; n < spec->n_match; c++) {
		if (marked[c]) {
			marked[c] = false;
			spec->match[n++] = c;
		}
	}
}

/* Puts the candidates into ORDER and renumbers the matches made so far. */
static void renumber(struct lk_problem *problem, const uint32_t *order)
{
	size_t n = problem->candidates.len;
	struct lk_candidate *candidates = lk_calloc(n, sizeof(*candidates));
	uint32_t *renamed = lk_calloc(n, sizeof(*renamed));
	bool *marked = lk_calloc(n, sizeof(*marked));

	for (uint32_t i = 0; i < n; i++) {
		candidates[i] = problem->candidates.items[order[i]];
		renamed[order[i]] = i;
	}
	memcpy(problem->candidates.items, candidates, n * sizeof(*candidates));
	for (size_t s = 0; s < problem->specs.len; s++) {
		renumber_matches(problem, &problem->specs.items[s], renamed, marked);
	}
	lk_free(marked);
	lk_free(renamed);
	lk_free(candidates);
}

void lk_rank(struct lk_problem *problem)
{
	uint32_t *order = lk_calloc(problem->candidates.len, sizeof(*order));
	struct sorted *sorted = lk_calloc(problem->candidates.len, sizeof(*sorted));
	struct ranking ranking = {.problem = problem,
		.best = lk_calloc(problem->specs.len, sizeof(*ranking.best)),
		.known = lk_calloc(problem->specs.len, sizeof(*ranking.known))};

	for (size_t i = 1; i < problem->names.len; i++) {
		if (problem->names.items[i].n > 0) {
			rank_name(&ranking, &problem->names.items[i], sorted, order);
		}
	}
	renumber(problem, order);
	lk_vec_done(&ranking.shared);
	lk_vec_done(&ranking.wants);
	lk_free(ranking.known);
	lk_free(ranking.best);
	lk_free(sorted);
	lk_free(order);
}

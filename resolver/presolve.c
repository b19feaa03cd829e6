/*
 * Presolve without loss: one candidate stands for all that differ from it in rank alone.
 *
 * Specs that match the same open candidates are one class. Two candidates of a name are alike when
 * their needs, conditions and limits are of the same classes and the same classes match them. Every
 * solution with the worse of the two is one with the better in its place, so the worse can go. That
 * makes more specs the same, so it is done until nothing changes.
 */
#include <stdlib.h>

#include "resolver/propagate_priv.h"

#define MAX_ROUNDS 8

struct alike {
	uint64_t hash;
	const uint32_t *signature;
	uint32_t len;
	uint32_t candidate;
	bool locked;
};

struct presolve {
	struct lk_state *state;
	const struct lk_problem *problem;
	uint32_t *class_of; /* by spec; LK_NO_INDEX: no open candidate uses it */
	uint32_t n_classes;
	struct lk_lists classes; /* of each candidate: the classes that match it */
	struct lk_u32s words;    /* signatures, one after the other */
	size_t merged;           /* in this round */
};

static uint64_t hash_words(const uint32_t *words, size_t n)
{
	return lk_str_hash(lk_str_n((const char *)words, n * sizeof(*words)));
}

static void use_when(struct presolve *pre, const struct lk_when *when)
{
	if (when && when->op == LK_CONDITION_SPEC) {
		pre->class_of[when->spec] = 0;
	} else if (when) {
		use_when(pre, when->left);
		use_when(pre, when->right);
	}
}

static void find_used(struct presolve *pre)
{
	for (size_t s = 0; s < pre->problem->specs.len; s++) {
		pre->class_of[s] = LK_NO_INDEX;
	}
	for (uint32_t c = 0; c < pre->problem->candidates.len; c++) {
		const struct lk_candidate *candidate = &pre->problem->candidates.items[c];

		if (pre->state->value[c] < 0) {
			continue;
		}
		for (uint32_t i = 0; i < candidate->n_needs; i++) {
			pre->class_of[candidate->needs[i].spec] = 0;
			use_when(pre, candidate->needs[i].when);
		}
		for (uint32_t i = 0; i < candidate->n_limits; i++) {
			pre->class_of[candidate->limits[i]] = 0;
		}
	}
}

/* Gives every used spec its class: the first spec with the same name and open matches. */
static void classify(struct presolve *pre)
{
	const struct lk_problem *problem = pre->problem;
	struct lk_arena LK_CLEANUP(lk_arena_done) keys = {0};
	struct lk_map known = {0};
	struct lk_pairs pairs = {0};

	pre->n_classes = 0;
	for (uint32_t s = 0; s < problem->specs.len; s++) {
		const struct lk_interned_spec *spec = &problem->specs.items[s];
		uint32_t *key;
		size_t n = 1;

		if (pre->class_of[s] == LK_NO_INDEX) {
			continue;
		}
		key = lk_arena_calloc(&keys, spec->n_match + 1, sizeof(*key));
		key[0] = spec->name;
		for (uint32_t i = 0; i < spec->n_match; i++) {
			if (pre->state->value[spec->match[i]] >= 0) {
				key[n++] = spec->match[i];
			}
		}
		pre->class_of[s] = lk_map_add(
			&known, lk_str_n((const char *)key, n * sizeof(*key)), pre->n_classes);
		if (pre->class_of[s] == pre->n_classes) {
			for (size_t i = 1; i < n; i++) {
				lk_vec_push(&pairs, (struct lk_pair){key[i], pre->n_classes});
			}
			pre->n_classes++;
		}
	}
	lk_map_done(&known);
	pre->classes = lk_lists_of(&pairs, problem->candidates.len);
	lk_vec_done(&pairs);
}

/* A set in a signature: its size, then its words, sorted and unique. */
static size_t open_set(struct lk_u32s *words)
{
	lk_vec_push(words, 0);
	return words->len;
}

static void close_set(struct lk_u32s *words, size_t start)
{
	size_t kept = start;

	if (words->len > start) {
		qsort(words->items + start, words->len - start, sizeof(*words->items),
			lk_index_cmp_qsort);
	}
	for (size_t i = start; i < words->len; i++) {
		if (kept == start || words->items[kept - 1] != words->items[i]) {
			words->items[kept++] = words->items[i];
		}
	}
	words->len = kept;
	words->items[start - 1] = (uint32_t)(kept - start);
}

/* Appends what tells CANDIDATE from others of its name. Conditions count by identity. */
static void sign(struct presolve *pre, uint32_t c)
{
	const struct lk_candidate *candidate = &pre->problem->candidates.items[c];
	struct lk_u32s *words = &pre->words;
	size_t start = open_set(words);

	for (uint32_t i = 0; i < candidate->n_needs; i++) {
		if (!candidate->needs[i].when) {
			lk_vec_push(words, pre->class_of[candidate->needs[i].spec]);
		}
	}
	close_set(words, start);
	start = open_set(words);
	for (uint32_t i = 0; i < candidate->n_needs; i++) {
		if (candidate->needs[i].when) {
			lk_vec_push(words, candidate->needs[i].spec);
		}
	}
	close_set(words, start);
	start = open_set(words);
	for (uint32_t i = 0; i < candidate->n_limits; i++) {
		lk_vec_push(words, pre->class_of[candidate->limits[i]]);
	}
	close_set(words, start);
	for (uint32_t i = pre->classes.start[c]; i < pre->classes.start[c + 1]; i++) {
		lk_vec_push(words, pre->classes.items[i]);
	}
}

static int cmp_alike_qsort(const void *left, const void *right)
{
	const struct alike *a = left;
	const struct alike *b = right;
	int c = 0;

	if (a->hash != b->hash) {
		return a->hash < b->hash ? -1 : 1;
	}
	if (a->len != b->len) {
		return a->len < b->len ? -1 : 1;
	}
	c = memcmp(a->signature, b->signature, a->len * sizeof(*a->signature));
	if (c == 0) {
		c = b->locked - a->locked;
	}
	return c ? c : lk_index_cmp_qsort(&a->candidate, &b->candidate);
}

static bool is_alike(const struct alike *a, const struct alike *b)
{
	return a->hash == b->hash && a->len == b->len &&
		memcmp(a->signature, b->signature, a->len * sizeof(*a->signature)) == 0;
}

static bool merge_name(
	struct presolve *pre, const struct lk_candidate_name *name, struct alike *alike)
{
	struct lk_state *state = pre->state;
	size_t n = 0;
	size_t first = 0;

	lk_vec_clear(&pre->words);
	for (uint32_t c = name->first; c < name->first + name->n; c++) {
		if (state->value[c] == 0) {
			/* `len` is the end for now: the words may still move. */
			sign(pre, c);
			alike[n++] = (struct alike){.len = (uint32_t)pre->words.len,
				.candidate = c,
				.locked = pre->problem->candidates.items[c].locked};
		}
	}
	for (size_t i = n; i-- > 0;) {
		uint32_t start = i > 0 ? alike[i - 1].len : 0;

		alike[i].len -= start;
		alike[i].signature = pre->words.items + start;
		alike[i].hash = hash_words(alike[i].signature, alike[i].len);
	}
	if (n > 1) {
		qsort(alike, n, sizeof(*alike), cmp_alike_qsort);
	}
	for (size_t i = 1; i < n; i++) {
		if (!is_alike(&alike[first], &alike[i])) {
			first = i;
		} else if (!lk_state_refuse(state, alike[i].candidate)) {
			return false;
		} else {
			pre->merged++;
		}
	}
	return true;
}

/* False when what is left turns out to have no solution. */
static bool merge_round(struct presolve *pre, struct alike *alike)
{
	bool good = true;

	pre->merged = 0;
	find_used(pre);
	classify(pre);
	for (size_t i = 1; good && i < pre->problem->names.len; i++) {
		if (pre->problem->names.items[i].n > 1) {
			good = merge_name(pre, &pre->problem->names.items[i], alike);
		}
	}
	lk_lists_done(&pre->classes);
	return good;
}

bool lk_presolve(struct lk_state *state)
{
	const struct lk_problem *problem = state->problem;
	struct presolve pre = {.state = state, .problem = problem, .merged = 1};
	struct alike *alike = lk_calloc(problem->candidates.len, sizeof(*alike));
	bool good = true;

	pre.class_of = lk_calloc(problem->specs.len, sizeof(*pre.class_of));
	for (int round = 0; good && pre.merged > 0 && round < MAX_ROUNDS; round++) {
		good = merge_round(&pre, alike);
	}
	lk_vec_done(&pre.words);
	lk_free(pre.class_of);
	lk_free(alike);
	return good;
}

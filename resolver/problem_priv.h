/*
 * The problem as numbers: what every stage of the resolver works on.
 *
 * Candidates are the records that the hard filters left, grouped by name, best rank first, so that
 * within a name a smaller index is a better record. Candidate 0 is the root: its needs are the
 * user's specs, its limits the pins, and it is always chosen. Specs are interned by text; each has
 * the list of candidates that our matcher accepts. Virtual packages are values and gone here: a
 * need they meet is dropped, a record they rule out is in `outs` with the reason.
 *
 * An extras group (CEP 44) that somebody asks for becomes a name of its own, "name[group]", with
 * one candidate for each candidate of the name, tied to it by a need, that carries the group's
 * depends.
 *
 *     lk_problem_init(&problem, task);
 *     lk_candidates_load(&problem, report, err);   names, candidates, outs, specs
 *     lk_rank(&problem);                           order within each name
 *     lk_extras_expand(&problem, err);             "name[group]" beside the names
 *     ... presolve, walk, explain read it ...
 *     lk_problem_done(&problem);
 */
#ifndef LK_RESOLVER_PROBLEM_PRIV_H
#define LK_RESOLVER_PROBLEM_PRIV_H

#include "base/map.h"
#include "base/vec.h"
#include "resolver/task.h"

#define LK_NO_INDEX UINT32_MAX
#define LK_ROOT 0u /* candidate and name */

/* A condition with virtual packages folded away; a NULL pointer is "always". */
struct lk_when {
	enum lk_condition_op op;
	uint32_t spec;
	const struct lk_when *left, *right;
};

struct lk_need {
	uint32_t spec;
	const struct lk_when *when;
};

struct lk_candidate {
	const struct lk_record *record; /* NULL: the root or an extras group */
	const struct lk_version *version;
	uint32_t name;
	uint32_t base; /* of an extras group: the candidate it belongs to, else LK_NO_INDEX */
	unsigned channel;
	bool locked;     /* held by the lock and not to be updated */
	bool needs_cuda; /* a need that is about __cuda, met or not */
	struct lk_need *needs;
	uint32_t n_needs;
	uint32_t *limits; /* specs of `constrains` */
	uint32_t n_limits;
};

struct lk_candidate_name {
	lk_str text;
	uint32_t first, n; /* candidates */
	uint32_t base;     /* of an extras group: the package's name, else LK_NO_INDEX */
	lk_str group;
};

enum lk_meaning {
	LK_MEANS_UNKNOWN,     /* not asked yet */
	LK_MEANS_RECORDS,     /* a need of, or a limit on, records */
	LK_MEANS_NOTHING,     /* a virtual package meets it, or its condition is never true */
	LK_MEANS_MISSING,     /* the virtual packages are not as it wants them */
	LK_MEANS_UNSUPPORTED, /* a name pattern, a condition on what cannot be conditional */
};

struct lk_interned_spec {
	const struct lk_matchspec *spec; /* NULL: exactly the candidate in `match` */
	uint32_t name;                   /* LK_NO_INDEX: no channel has it */
	uint32_t *match;                 /* candidates, rising; valid once `matched` */
	uint32_t n_match;
	bool matched;
	bool on_cuda; /* it is about __cuda or __cuda_arch */
	enum lk_meaning as_need, as_limit;
	const struct lk_when *when; /* as a need */
};

enum lk_out_kind {
	LK_OUT_PRIORITY,      /* a channel before its own has the name */
	LK_OUT_CHANNEL,       /* a spec asks for another channel */
	LK_OUT_NEWER,         /* after --exclude-newer */
	LK_OUT_UNHASHED,      /* without sha256, and nothing can be fetched to be hashed */
	LK_OUT_UNREADABLE,    /* a version or dependency that does not parse */
	LK_OUT_UNSUPPORTED,   /* something we cannot honour */
	LK_OUT_VIRTUAL_NEED,  /* needs a virtual package that the target lacks */
	LK_OUT_VIRTUAL_LIMIT, /* constrains a virtual package that the target has otherwise */
};

/* A record that a hard filter removed, kept for explanations. */
struct lk_out {
	const struct lk_record *record;
	const struct lk_version *version; /* NULL when unreadable */
	uint32_t name;
	unsigned channel;
	enum lk_out_kind kind;
	lk_str detail; /* the dependency, the channel … */
};

struct lk_candidate_names LK_VEC_OF(struct lk_candidate_name);
struct lk_candidates LK_VEC_OF(struct lk_candidate);
struct lk_interned_specs LK_VEC_OF(struct lk_interned_spec);
struct lk_outs LK_VEC_OF(struct lk_out);
struct lk_needs LK_VEC_OF(struct lk_need);

struct lk_problem {
	struct lk_arena arena;
	const struct lk_task *task;
	struct lk_map name_index; /* text to names */
	struct lk_candidate_names names;
	struct lk_candidates candidates;
	struct lk_map spec_index; /* text to specs, repodata's alone */
	struct lk_interned_specs specs;
	bool has_extras; /* some spec asks for extras */
	struct lk_outs outs;
};

void lk_problem_init(struct lk_problem *problem, const struct lk_task *task);
void lk_problem_done(struct lk_problem *problem);

/* Does the task keep the lock's record of NAME, as far as the specs allow? */
bool lk_task_keeps(const struct lk_task *task, lk_str name);

uint32_t lk_problem_name(const struct lk_problem *problem, lk_str name);
uint32_t lk_problem_add_name(struct lk_problem *problem, lk_str name);
/* Interns a dependency string; LK_E_FORMAT when it does not parse. */
int lk_problem_intern(struct lk_problem *problem, lk_str text, uint32_t *ret_spec,
	struct lk_error *err) LK_MUST_USE;
uint32_t lk_problem_add_spec(struct lk_problem *problem, const struct lk_matchspec *spec);
/* A spec that just CANDIDATE meets. */
uint32_t lk_problem_add_exact(struct lk_problem *problem, uint32_t candidate);
/* Fills in `match`. Before lk_rank the numbers are those of the order of loading. */
const struct lk_interned_spec *lk_problem_match(struct lk_problem *problem, uint32_t index);
/* Two indices, rising: for qsort. */
int lk_index_cmp_qsort(const void *left, const void *right);
/* Is CANDIDATE among the matches of SPEC (which is matched)? */
bool lk_spec_has(const struct lk_interned_spec *spec, uint32_t candidate);

/* Is WHEN (NULL: yes) true, when just the candidates for which HOLDS says so are chosen? */
bool lk_when_holds(const struct lk_problem *problem, const struct lk_when *when,
	bool (*holds)(const void *ctx, uint32_t candidate), const void *ctx);

/* What the dependency spec INDEX means for this target (extras are left to lk_extras_expand), and
 * what it means as a constraint. */
enum lk_meaning lk_problem_need(
	struct lk_problem *problem, uint32_t index, struct lk_need *ret_need);
enum lk_meaning lk_problem_limit(struct lk_problem *problem, uint32_t index);

int lk_candidates_load(struct lk_problem *problem, const struct lk_report *report,
	struct lk_error *err) LK_MUST_USE;
void lk_rank(struct lk_problem *problem);
/* Two candidates of a name by what ranks before builds: tracked features, the channel when priority
 * is flexible, version. Negative: LEFT is the better release; 0: builds of one. */
int lk_rank_cmp_release(const struct lk_problem *problem, uint32_t left, uint32_t right);
/* LK_E_FORMAT when groups times records are more than anybody means. */
int lk_extras_expand(struct lk_problem *problem, struct lk_error *err) LK_MUST_USE;

#endif

/*
 * What is told of an answer: why there is none, and what would give one.
 *
 *     rc = lk_solve(&task, report, &solution, err);
 *     if (rc == LK_E_UNSAT) rc = lk_suggest(&task, report, &solution, err);
 *     ... solution.culprits, .reasons, .suggestions ...
 */
#ifndef LK_RESOLVER_WHY_H
#define LK_RESOLVER_WHY_H

#include "base/err.h"
#include "base/report.h"
#include "base/str.h"

struct lk_matchspec;
struct lk_task;
struct lk_solution;

/* One line of an explanation, children indented one deeper than their parent. */
struct lk_reason {
	unsigned depth;
	lk_str text;
};

/* A spec or pin without which the others would not collide. */
struct lk_culprit {
	bool is_pin;
	size_t index;  /* into the task's specs or pins */
	bool is_alone; /* nothing at all matches it */
};

enum lk_suggestion_kind {
	LK_SUGGEST_SPEC,     /* TEXT in place of spec INDEX; its name is then VERSION */
	LK_SUGGEST_DROP,     /* the specs without INDEX */
	LK_SUGGEST_UNPIN,    /* the pins without INDEX */
	LK_SUGGEST_VIRTUAL,  /* the virtual package TEXT, "NAME=VERSION[=BUILD]" */
	LK_SUGGEST_NEWER,    /* exclude-newer at INSTANT */
	LK_SUGGEST_FLEXIBLE, /* flexible channel priority */
};

/* One change with which there is a solution: it was solved with. */
struct lk_suggestion {
	enum lk_suggestion_kind kind;
	size_t index;
	lk_str text, version;
	uint64_t instant; /* ms since 1970 */
};

#define LK_MAX_SUGGESTIONS 3

/* After TASK had no solution: a few small changes of it that have one, the least first, into
 * SOLUTION. Tries a bounded number of them, each by solving. 0 (none found is no error), or
 * LK_E_INTERRUPTED. */
int lk_suggest(const struct lk_task *task, const struct lk_report *report,
	struct lk_solution *solution, struct lk_error *err) LK_MUST_USE;

/* Does the user's SPEC ask for CUDA: by a name that has no other meaning (cuda-version,
 * pytorch-cuda, pytorch-gpu), a build with "cuda" or "gpu" in it, a flag with "cuda" in it? */
bool lk_spec_asks_cuda(const struct lk_matchspec *spec);

/* After TASK was solved: LK_E_UNSAT, told of in SOLUTION and ERR like any other, when a spec asks
 * for CUDA (one whose condition was not true does not) and the target has no __cuda; else 0. */
int lk_check_cuda(
	const struct lk_task *task, struct lk_solution *solution, struct lk_error *err) LK_MUST_USE;

/* For whom the answer tells why it is not the best-ranked, or newest, record. */
enum lk_behind_whom {
	LK_BEHIND_UPDATED, /* the names that were to be updated, always */
	LK_BEHIND_ROOTS,   /* the specs' own names */
	LK_BEHIND_ALL,
};

/* A package that is not the record NOT, and why: what filters that one out, or which specs and
 * earlier choices it clashes with, no more of them than needed. */
struct lk_behind {
	lk_str name, version, build;
	lk_str not_version, not_build;
	bool is_root, is_updated;
	const struct lk_reason *reasons;
	size_t n_reasons;
};

/* A package that an answer over an existing lock has otherwise than the lock, though nobody asked
 * for that by name: it moved, is new (from_version empty) or gone (to_version empty). Reasons: what
 * the locked record clashes with; who needs the new one (none: a spec does); of one that is gone
 * none, for nothing needs it any more. */
struct lk_move {
	lk_str name;
	lk_str from_version, from_build;
	lk_str to_version, to_build;
	const struct lk_reason *reasons;
	size_t n_reasons;
};

/* A package of the specs, or a direct dependency of one, that has records of both kinds: with a
 * need of __cuda somewhere in their closure, and without. */
struct lk_cuda_choice {
	lk_str name, version, build;
	bool has_cuda;   /* the kind that was taken */
	lk_str reason;   /* why that kind */
	lk_str other;    /* the spec that asks for the other kind */
	bool needs_cuda; /* beside that spec the target needs __cuda */
};

#define LK_MAX_NEAR 3

/* The names that NAME may have been meant for, nearest first; returns how many. KNOWN is sorted. */
size_t lk_near_names(
	lk_str name, const lk_str *known, size_t n_known, lk_str ret_near[LK_MAX_NEAR]);

#endif

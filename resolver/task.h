/*
 * Solving: a task value in, a solution value out. No file, no network, no clock, no environment.
 *
 * The answer is defined (docs/architecture.md, "The answer is defined, not emergent"): names are
 * walked breadth first, root specs in the order given, and each gets the best-ranked record with
 * which the whole still has a solution. It does not depend on record order, libsolv's version or
 * its heuristics.
 *
 *     struct lk_task task = {...};
 *     struct lk_solution solution;
 *     rc = lk_solve(&task, report, &solution, err);
 *     ... solution.records[i] ...
 *     lk_solution_done(&solution);
 */
#ifndef LK_RESOLVER_TASK_H
#define LK_RESOLVER_TASK_H

#include "base/report.h"
#include "conda/channel.h"
#include "conda/matchspec.h"
#include "conda/reach.h"
#include "conda/virtual.h"
#include "resolver/why.h"

enum lk_channel_priority {
	LK_PRIORITY_STRICT,
	LK_PRIORITY_FLEXIBLE,
	LK_PRIORITY_DISABLED,
};

struct lk_task {
	const struct lk_reach *reach;      /* candidates; borrowed until the solution is done */
	const struct lk_channel *channels; /* highest priority first */
	size_t n_channels;
	lk_str alias;                            /* channel alias, for channel::name specs */
	const struct lk_matchspec *const *specs; /* the user's, in their order */
	size_t n_specs;
	const struct lk_matchspec *const *pins; /* constrain without requesting */
	size_t n_pins;
	size_t n_demands; /* so many of the pins, the last, are what an update asks for */
	const struct lk_virtuals *virtuals;
	enum lk_channel_priority channel_priority;
	uint64_t exclude_newer; /* ms since 1970; 0: no limit */
	bool offline; /* nothing can be fetched: no records of a network without a sha256 */
	/* Relock: records of an existing lock in its walk order (lk_walk_order), one a name; those
	 * of `update` names are not kept: each of these, in the order given, gets the best release
	 * with which no other package that a spec names falls back and python keeps its minor
	 * version, if there is an answer like that. `reach` was loaded with their names among the
	 * roots. */
	const struct lk_record *locked;
	size_t n_locked;
	const lk_str *update;
	size_t n_update;
	bool update_all;
	/* All names that the channels have, sorted bytewise, for near misses; may be empty. */
	const lk_str *known_names;
	size_t n_known_names;
	bool no_presolve; /* the same answer, later: for tests */
	enum lk_behind_whom tell_behind;
	bool no_reasons;  /* without a solution, not told why */
	bool worst_first; /* libsolv is told the order backwards; the same answer: for tests */
};

struct lk_solution {
	struct lk_arena arena;
	const struct lk_record *const *records; /* sorted by name; borrowed from reach or locked */
	const struct lk_str_list *extras;       /* beside them: active groups, sorted */
	size_t n_records;
	const lk_str
		*walk; /* the names in the order the definition fixed them, n_records of them */
	const struct lk_behind *behind; /* as the task's tell_behind asks, in the walk's order */
	size_t n_behind;
	const struct lk_cuda_choice *cuda; /* unless no_reasons */
	size_t n_cuda;
	const struct lk_move *moves; /* unless no_reasons: against task.locked, in the walk's order,
					then what is gone in the lock's; none with update_all */
	size_t n_moves;
	/* When unsatisfiable (LK_E_UNSAT) instead: the few specs that collide, and why they do. */
	const struct lk_culprit *culprits;
	size_t n_culprits;
	const struct lk_reason *reasons;
	size_t n_reasons;
	lk_str missed; /* the first virtual package that the reasons miss; or empty */
	const struct lk_suggestion *suggestions; /* by lk_suggest */
	size_t n_suggestions;
	struct {
		size_t names, records; /* that passed the hard filters */
		size_t kept;           /* records that presolve left */
		size_t solver_calls;   /* of libsolv */
	} stats;
};

/* Is the task's pin INDEX what an update asks for? */
static inline bool lk_task_demands(const struct lk_task *task, size_t pin)
{
	return pin + task->n_demands >= task->n_pins;
}

/* Every name in a spec, dependency or pin must be exact: a spec or pin with a pattern is
 * LK_E_USAGE, a record with one is not used. A locked record whose bytes were replaced in its
 * channel is not kept and warned about.
 *
 * 0, LK_E_UNSAT (ret_solution then holds the reasons; err the one-line summary), LK_E_INTERRUPTED,
 * LK_E_FORMAT when extras multiply beyond a limit, or LK_E_BUG when the answer fails its own
 * re-check. ret_solution is always safe to pass to lk_solution_done. */
int lk_solve(const struct lk_task *task, const struct lk_report *report,
	struct lk_solution *ret_solution, struct lk_error *err) LK_MUST_USE;
void lk_solution_done(struct lk_solution *solution);

/* Checks with our own matcher alone that RECORDS hold together for TASK (its specs, pins, virtual
 * packages, channels and alias; nothing else of it is looked at): one record a name, every
 * dependency met inside or by a virtual package (those NULL: not looked at), every constraint and
 * pin kept, every spec met, conditions and extras included. 0, or LK_E_UNSAT with the first fault
 * in err. Also used on environments that others solved. */
int lk_recheck(const struct lk_record *const *records, size_t n_records, const struct lk_task *task,
	struct lk_error *err) LK_MUST_USE;

/* The order in which the walk of the definition comes to RECORDS, which hold together for TASK (its
 * specs, virtual packages, channels and alias; nothing else of it is looked at): indices into
 * RECORDS, N_RECORDS of them, into RET_ORDER; what the walk does not reach comes last, by name. For
 * relocking from a file that keeps packages sorted. */
int lk_walk_order(const struct lk_record *const *records, size_t n_records,
	const struct lk_task *task, size_t *ret_order, struct lk_error *err) LK_MUST_USE;

#endif

/*
 * Why candidates fall, told in names: what explanations are made from.
 *
 * Stronger than unit propagation and with a cause for every step. Names that some solution must
 * hold are demanded; what every open candidate of a demanded name needs, or allows, narrows other
 * names too. So "every python that is left allows only python_abi 3.12" is one step, as a person
 * would say it. Every step is sound: a clash (a demanded name with nothing left) proves that there
 * is no solution. Conditional needs count once their condition can only be true. Not every
 * contradiction is found.
 *
 *     lk_narrow_init(&narrow, state);           STATE gives the lists alone, not its choices
 *     lk_narrow_run(&narrow, &given);
 *     if (narrow.clash != LK_NO_INDEX) lk_narrow_trace(&narrow, &given_used);
 *     lk_narrow_done(&narrow);
 */
#ifndef LK_RESOLVER_NARROW_PRIV_H
#define LK_RESOLVER_NARROW_PRIV_H

#include "resolver/oracle_priv.h"

/* Why a candidate is refused, or a name demanded. */
enum lk_cause_kind {
	LK_CAUSE_NONE,  /* open; not demanded */
	LK_CAUSE_ROOT,  /* the root's need or, counted on, limit number BY */
	LK_CAUSE_FIXED, /* candidate BY, of the same name, is given (or another of its version) */
	LK_CAUSE_NAME,  /* every candidate of the demanded name BY that was open then wants it so */
	LK_CAUSE_NEED,  /* its own need BY (a spec) has no match left */
	LK_CAUSE_LIMIT, /* its own limit BY (a spec) leaves a demanded name nothing */
};

struct lk_cause {
	enum lk_cause_kind kind;
	uint32_t by;
	uint32_t when; /* steps before it */
};

/* What is taken as given: root needs and limits by MASK (NULL: all), and chosen candidates. The
 * last of those stands for all of its version when WHOLE_VERSION is set. */
struct lk_given {
	const struct lk_root_mask *mask;
	const uint32_t *fixed;
	size_t n_fixed;
	bool whole_version;
};

/* Which of the given a clash rests on. */
struct lk_given_used {
	bool *roots; /* by the root's need, then limit */
	bool *fixed; /* by candidate */
};

struct lk_narrow {
	const struct lk_state *state;
	const struct lk_problem *problem;
	const struct lk_root_mask *mask;
	struct lk_cause *cause;  /* by candidate */
	struct lk_cause *demand; /* by name */
	uint32_t *left;          /* by spec that is a need: matches that are not refused */
	uint32_t *open;          /* by name: candidates that are not refused */
	struct lk_u32s refused;  /* candidates in their order */
	size_t head;             /* those before it have been worked off */
	struct lk_u32s names;    /* demanded ones to look at */
	size_t name_head;
	bool *is_waiting; /* by name: among `names` */
	uint32_t steps;
	uint32_t clash;          /* a name, or LK_NO_INDEX */
	uint32_t clash_root;     /* a root need that no record at all matches, or LK_NO_INDEX */
	size_t work, max_work;   /* it gives up beyond */
	struct {                 /* room for looking at one name */
		uint32_t *mark;  /* by candidate */
		uint32_t *count; /* by name */
		uint32_t *slot;  /* by name */
		uint32_t stamp;
	} room;
};

void lk_narrow_init(struct lk_narrow *narrow, const struct lk_state *state);
void lk_narrow_done(struct lk_narrow *narrow);
/* What follows from GIVEN. Up to the first clash. */
void lk_narrow_run(struct lk_narrow *narrow, const struct lk_given *given);
bool lk_narrow_clashed(const struct lk_narrow *narrow);
/* After a clash. USED is zeroed. */
void lk_narrow_trace(const struct lk_narrow *narrow, struct lk_given_used *used);

/* Does NEED count: has it no condition, or one that can only be true? */
bool lk_narrow_counts(const struct lk_narrow *narrow, const struct lk_need *need);
/* Does CANDIDATE accept X as far as its needs that count and its limits go? */
bool lk_narrow_accepts(const struct lk_narrow *narrow, uint32_t candidate, uint32_t x);
/* Would the candidate, had it been open, have kept its name from refusing X, or (X LK_NO_INDEX)
 * from demanding the name DEMANDED? */
bool lk_narrow_mattered(
	const struct lk_narrow *narrow, uint32_t candidate, uint32_t x, uint32_t demanded);
/* The narrowest spec of CANDIDATE's needs that count (or, with LIMITS, else of its limits) that is
 * on NAME and excludes X (LK_NO_INDEX: whatever); LK_NO_INDEX: none. */
uint32_t lk_narrow_spec_on(
	const struct lk_narrow *narrow, uint32_t candidate, uint32_t name, uint32_t x, bool limits);

#endif

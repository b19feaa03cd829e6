/*
 * What real environments ask: the problems that envs_solve solves.
 */
#ifndef TESTS_REAL_ENVS_ASK_H
#define TESTS_REAL_ENVS_ASK_H

#include "tests/real/envs.h"

/* An environment and its problem. */
struct listed {
	lk_str line, label;
	lk_str problem; /* channels, specs, virtuals, newest: as JSON, equal for equal problems */
	unsigned draw;
};

struct listed_envs LK_VEC_OF(struct listed);

struct asking {
	const char *platform;
	uint64_t sample; /* at most so many environments, drawn by a fixed seed */
	bool then;       /* only records as old as the environment's newest */
	FILE *list;      /* of exceptions; may be NULL */
	struct envs envs;
	struct lk_arena arena;
	struct listed_envs all; /* those drawn, equal problems together */
	size_t with_specs;      /* of which they were drawn */
	size_t amended, other_channel;
};

/* Fills `all`. An environment that holds for the target and strict channel priority is an answer to
 * its specs. What is none as stated shows that its target or a root's channel was another than the
 * data tell: the problem is made for one that the environment itself proves, by the rules in
 * envs_ask.c, and that is listed. */
int envs_ask(struct asking *ask, struct lk_error *err);
void envs_ask_done(struct asking *ask);

/* A line in the list of exceptions. */
void envs_note(const struct asking *ask, lk_str label, const char *kind, const char *text);

/* NULL when there is none of NAME. */
const struct lk_record *envs_find_name(
	const struct lk_record *const *records, size_t n, lk_str name);

#endif

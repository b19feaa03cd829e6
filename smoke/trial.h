/*
 * One case of a computing level: inputs in one precision, an output that is poisoned, and its
 * distance from the reference on those very inputs. The level gets the numbers and computes, by
 * whatever library it tests; nothing else differs between levels.
 */
#ifndef LK_SMOKE_TRIAL_H
#define LK_SMOKE_TRIAL_H

#include "smoke/attention.h"
#include "smoke/level.h"

enum lk_precision {
	LK_FLOAT64,
	LK_FLOAT32,
	LK_BFLOAT16,
};

/* "float64", "float32", "bfloat16". */
const char *lk_precision_name(enum lk_precision precision);
/* Bytes of a number. */
size_t lk_precision_size(enum lk_precision precision);
/* The bound of ||out - ref|| / ||ref||; docs/smoke.md says where it comes from. */
double lk_precision_bound(enum lk_precision precision);

struct lk_trial {
	struct lk_attention_shape shape;
	enum lk_precision precision;
	size_t count; /* numbers in each of Q, K, V and the output */
	size_t bytes; /* of each of them */
	/* Row-major (batch, heads, n, d_k), in the precision. */
	void *q, *k, *v;
	void *out;     /* NaN in each number until the level writes it */
	double begun;  /* when the inputs were ready, lk_level_seconds */
	double *exact; /* Q, K, V one after the other, as the reference takes them */
};

/* Inputs that depend on SEED alone. Freed by lk_trial_done. */
void lk_trial_init(struct lk_trial *trial, const struct lk_attention_shape *shape,
	enum lk_precision precision, uint64_t seed);
void lk_trial_done(struct lk_trial *trial);

/* Fills COUNT numbers of a precision with NaN, as `out` is: for what a level computes on the way.
 */
void lk_trial_poison(void *numbers, enum lk_precision precision, size_t count);

/* Holds `out` against the reference: the whole of it against the bound, and each row, so that a
 * single number that is wrong or missing shows in every precision. Adds the measure to REPORT;
 * false when it failed. */
bool lk_trial_judge(const struct lk_trial *trial, struct lk_level_report *report);

/* "batch 2, heads 3, n 5, d_k 64, causal". */
#define LK_SHAPE_TEXT_MAX 128
void lk_shape_text(const struct lk_attention_shape *shape, char ret[LK_SHAPE_TEXT_MAX]);

#endif

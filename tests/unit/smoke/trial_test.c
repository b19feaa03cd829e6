/*
 * One case of a level: its numbers in each precision, and the judgement on what came out.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "smoke/trial.h"

static const struct lk_attention_shape shape = {2, 3, 127, 64, true};

static double bfloat16(uint16_t half)
{
	uint32_t bits = (uint32_t)half << 16;
	float value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* The reference gets the very numbers that the level gets, the nearest to those drawn. */
static void inputs_are_the_same(void **state)
{
	(void)state;
	double *drawn = lk_calloc(3 * lk_attention_count(&shape), sizeof(*drawn));
	lk_attention_fill(drawn, 3 * lk_attention_count(&shape), 7);
	for (int p = LK_FLOAT64; p <= LK_BFLOAT16; p++) {
		struct lk_trial t;
		lk_trial_init(&t, &shape, (enum lk_precision)p, 7);
		assert_int_equal(t.bytes, t.count * lk_precision_size(t.precision));
		for (size_t i = 0; i < t.count; i++) {
			double v = p == LK_FLOAT64 ? ((double *)t.v)[i]
				: p == LK_FLOAT32  ? (double)((float *)t.v)[i]
						   : bfloat16(((uint16_t *)t.v)[i]);
			double wanted = drawn[2 * t.count + i];
			assert_true(v == t.exact[2 * t.count + i]);
			assert_true(p != LK_BFLOAT16 ? v == wanted
						     : fabs(v - wanted) <= fabs(wanted) / 256);
		}
		lk_trial_done(&t);
	}
	lk_free(drawn);
}

/* What nobody wrote is no number, in any precision. */
static void unwritten_fails(void **state)
{
	(void)state;
	for (int p = LK_FLOAT64; p <= LK_BFLOAT16; p++) {
		struct lk_trial t;
		struct lk_level_report report = {.status = LK_SMOKE_PASSED};
		lk_trial_init(&t, &shape, (enum lk_precision)p, 7);
		assert_false(lk_trial_judge(&t, &report));
		assert_int_equal(report.status, LK_SMOKE_FAILED);
		assert_non_null(strstr(report.reason, lk_precision_name(t.precision)));
		assert_non_null(strstr(report.reason, "n 127, d_k 64, causal: the output has"));
		lk_trial_done(&t);
	}
}

/* Right by the reference itself; and one number that is off by as much as the others are large. */
static void judges(void **state)
{
	(void)state;
	struct lk_trial t;
	struct lk_level_report report = {.status = LK_SMOKE_PASSED};
	lk_trial_init(&t, &shape, LK_BFLOAT16, 7);
	double *right = lk_calloc(t.count, sizeof(*right));
	lk_attention_reference(&shape, t.exact, t.exact + t.count, t.exact + 2 * t.count, right);
	uint16_t *out = t.out;
	for (size_t i = 0; i < t.count; i++) {
		float value = (float)right[i];
		uint32_t bits;
		memcpy(&bits, &value, sizeof(bits));
		out[i] = (uint16_t)(bits >> 16); /* towards zero: twice the error of the nearest */
	}
	assert_true(lk_trial_judge(&t, &report));
	assert_int_equal(report.n_measures, 1);
	assert_true(report.measures[0].error > 1e-4 && report.measures[0].error < 5e-3);
	assert_true(report.measures[0].cases == 1 && report.measures[0].seconds > 0);
	out[t.count - 7] ^= 0x8000;
	assert_false(lk_trial_judge(&t, &report));
	assert_non_null(strstr(report.reason, " of row 761 alone is above 0.04"));
	assert_true(report.measures[0].error < 1e-2);
	lk_free(right);
	lk_trial_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inputs_are_the_same),
		cmocka_unit_test(unwritten_fails),
		cmocka_unit_test(judges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

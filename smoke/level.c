/*
 * The table of levels, and what they share.
 */
#include "smoke/level.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/str.h"

const struct lk_level lk_levels[] = {
	{"reference", false, false, lk_level_reference},
	{"blas", false, false, lk_level_blas},
	{"torch-cpu", false, false, lk_level_torch_cpu},
	{"driver", true, false, lk_level_driver},
	{"nvrtc", true, true, lk_level_nvrtc},
	{"cublas", true, true, lk_level_cublas},
	{"cudnn", true, true, lk_level_cudnn},
	{"nccl", true, true, lk_level_nccl},
	{"torch-cuda", true, true, lk_level_torch_cuda},
};
const size_t lk_n_levels = LK_COUNTOF(lk_levels);

void lk_level_say(struct lk_level_report *report, enum lk_smoke_status status, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report->status = status;
	vsnprintf(report->reason, sizeof(report->reason), fmt, args);
	va_end(args);
}

/* The last one stands in for all that find no place. */
static struct lk_level_measure *measure_of(struct lk_level_report *report, const char *precision)
{
	for (size_t i = 0; i < report->n_measures; i++) {
		if (strcmp(report->measures[i].precision, precision) == 0) {
			return &report->measures[i];
		}
	}
	if (report->n_measures == LK_LEVEL_MEASURES) {
		return &report->measures[LK_LEVEL_MEASURES - 1];
	}
	struct lk_level_measure *measure = &report->measures[report->n_measures++];
	*measure = (struct lk_level_measure){0};
	snprintf(measure->precision, sizeof(measure->precision), "%s", precision);
	return measure;
}

bool lk_level_measure(struct lk_level_report *report, const char *precision, double error,
	double bound, const char *what)
{
	struct lk_level_measure *measure = measure_of(report, precision);
	if (measure->cases == 0 || isnan(error) || error > measure->error) {
		measure->error = error;
	}
	measure->bound = bound;
	measure->cases++;
	if (error <= bound) { /* false for NaN */
		return true;
	}
	if (isnan(error)) {
		lk_level_say(report, LK_SMOKE_FAILED,
			"%s, %s: the output has numbers that are not finite", precision, what);
	} else {
		lk_level_say(report, LK_SMOKE_FAILED, "%s, %s: error %.3g is above %.3g", precision,
			what, error, bound);
	}
	return false;
}

void lk_level_took(struct lk_level_report *report, const char *precision, double seconds)
{
	measure_of(report, precision)->seconds += seconds;
}

double lk_level_seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void lk_level_fact(struct lk_level_report *report, const char *key, const char *fmt, ...)
{
	if (report->n_facts == LK_LEVEL_FACTS) {
		return;
	}
	struct lk_level_fact *fact = &report->facts[report->n_facts++];
	va_list args;
	va_start(args, fmt);
	snprintf(fact->key, sizeof(fact->key), "%s", key);
	vsnprintf(fact->value, sizeof(fact->value), fmt, args);
	va_end(args);
}

/*
 * The judgement: what of an environment would fail on its targets.
 *
 *     lk_links_make(&survey, machine, &links);
 *     lk_judge(&survey, &links, targets, n, &flaws);
 *     lk_judge_highest(&survey, &links, &highest);
 */
#ifndef LK_AUDIT_JUDGE_H
#define LK_AUDIT_JUDGE_H

#include "audit/flaw.h"
#include "audit/links.h"

/* A machine, or a kind of machines, that the environment is to run on. */
struct lk_target {
	lk_str name;    /* of a node; empty: the only one */
	lk_str glibc;   /* "2.28"; empty: not known */
	unsigned level; /* of x86-64, 1 to 4; 0: not known */
};

/* All flaws of the ELF files, those of one file together. TARGETS: any number. */
void lk_judge(const struct lk_survey *survey, const struct lk_links *links,
	const struct lk_target *targets, size_t n_targets, struct lk_flaws *ret);

/* The highest version of a family (GLIBC, GLIBCXX, CXXABI) that a package's files need. */
struct lk_highest {
	uint32_t package; /* or LK_SURVEY_NONE: of the files of none */
	lk_str family;
	lk_str version; /* "2.17" */
	uint32_t file;  /* the first that needs it */
};
struct lk_highests LK_VEC_OF(struct lk_highest);

/* By package, in the order of the survey, and family. */
void lk_judge_highest(
	const struct lk_survey *survey, const struct lk_links *links, struct lk_highests *ret);

#endif

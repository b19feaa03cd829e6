/*
 * A diff held against a policy: which of its changes fail a pipeline (docs/policy.md).
 *
 *     lk_diff_verdict_make(&policy, &diff, &verdict);
 *     if (verdict.n > 0) ...
 *     lk_diff_verdict_text(&verdict, colour, &out);
 *     lk_diff_verdict_done(&verdict);
 */
#ifndef LK_LOCK_LOCK_DIFF_POLICY_H
#define LK_LOCK_LOCK_DIFF_POLICY_H

#include "lock/policy.h"

/* One kind of one change; a package whose change has several kinds that fail is there for each. */
struct lk_diff_failure {
	enum lk_change kind;
	lk_str platform; /* empty: the header */
	/* The package; of other lines what they are about ("__cuda", a channel's or spec's name),
	 * or empty. */
	lk_str subject;
	bool is_package;
};

struct lk_diff_verdict {
	struct lk_arena arena;
	const struct lk_policy *policy;      /* borrowed, as all texts are */
	size_t n_platforms;                  /* of the diff */
	const struct lk_diff_failure *items; /* by kind, subject, platform */
	size_t n;
	size_t n_changes; /* that fail, each once: packages on a platform, other lines */
};

void lk_diff_verdict_make(const struct lk_policy *policy, const struct lk_lock_diff *diff,
	struct lk_diff_verdict *ret);
void lk_diff_verdict_done(struct lk_diff_verdict *verdict);

/* What fails and where, or that nothing does, within 80 columns; escaped. */
void lk_diff_verdict_text(const struct lk_diff_verdict *verdict, bool colour, struct lk_buf *buf);
/* The member "policy" of the object that is open. */
void lk_diff_verdict_json(const struct lk_diff_verdict *verdict, struct lk_jw *w);

#endif

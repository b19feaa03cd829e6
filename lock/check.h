/*
 * What is wrong with a lock, as values: every finding, not only the first.
 *
 *     struct lk_findings findings = {0};
 *     lk_check_consistent(&lock, platform, &findings);
 *     lk_check_policy(&lock, platform, &policy, &findings);
 *     ... findings.items[i].message ...
 *     lk_findings_done(&findings);
 *
 * Equal findings about several platforms or packages are one: platforms and packages are lists, in
 * the order in which they were found, which is that of the lock. PLATFORM everywhere below: only
 * this one, empty for all. No file, no network, no environment.
 */
#ifndef LK_LOCK_CHECK_H
#define LK_LOCK_CHECK_H

#include "base/map.h"
#include "lock/lockfile.h"
#include "lock/policy.h"

enum lk_finding_kind {
	LK_FINDING_SPEC, /* these five as enum lk_lock_fault_kind */
	LK_FINDING_PIN,
	LK_FINDING_MISSING,
	LK_FINDING_UNMET,
	LK_FINDING_CONSTRAINT,
	LK_FINDING_PLATFORMS, /* these four: not what the environment file says */
	LK_FINDING_SPECS,
	LK_FINDING_CHANNELS,
	LK_FINDING_VARIABLES,
	LK_FINDING_CHANNEL_DENIED, /* these five: against the policy */
	LK_FINDING_LICENSE_DENIED,
	LK_FINDING_PACKAGE_DENIED,
	LK_FINDING_REQUIREMENT,
	LK_FINDING_INTEGRITY,
	LK_FINDING_PLAIN_HTTP, /* these three: worth telling, no fault by itself */
	LK_FINDING_FORM,
	LK_FINDING_UNKNOWN, /* a field that this version does not know */
	LK_FINDING_COUNT,
};

enum lk_finding_level {
	LK_LEVEL_FINDING, /* exit 1 */
	LK_LEVEL_WARNING,
	LK_LEVEL_NOTE,
};

struct lk_finding {
	enum lk_finding_kind kind;
	enum lk_finding_level level;
	struct lk_strs platforms; /* empty: the lock as a whole */
	struct lk_strs packages;  /* empty: none in particular */
	lk_str message;           /* a sentence about the packages, or by itself */
	lk_str hint;              /* what to do */
	struct lk_map known;      /* the packages, for merging */
};

struct lk_findings {
	struct lk_arena arena;
	struct LK_VEC_OF(struct lk_finding) list;
	struct lk_map known; /* kind and message to index */
	size_t n_findings;   /* of level FINDING */
};

/* A zeroed struct is empty. */
void lk_findings_done(struct lk_findings *findings);
/* Adds one about PLATFORM and PACKAGE (either may be empty), or adds these to one that says the
 * same. Texts are copied. */
struct lk_finding *lk_findings_add(struct lk_findings *findings, enum lk_finding_kind kind,
	lk_str platform, lk_str package, const char *fmt, ...) LK_PRINTF(5, 6);
/* Makes findings of warnings and notes, as --strict wants it. */
void lk_findings_harden(struct lk_findings *findings);
/* "dependency-missing" … */
const char *lk_finding_name(enum lk_finding_kind kind);

/* Does each platform hold together? As lk_lock_each_fault. */
void lk_check_consistent(const struct lk_lock *lock, lk_str platform, struct lk_findings *findings);
/* Is TEXT, which LOCK was read from, what the writer makes of it? The first line that is not is
 * named. */
void lk_check_form(const struct lk_lock *lock, lk_str text, struct lk_findings *findings);
/* Is anything to be fetched by plain http? */
void lk_check_transport(const struct lk_lock *lock, lk_str platform, struct lk_findings *findings);
/* What the policy does not let pass. */
void lk_check_policy(const struct lk_lock *lock, lk_str platform, const struct lk_policy *policy,
	struct lk_findings *findings);

/* What an environment file asks for, all borrowed. */
struct lk_check_wanted {
	lk_str file;                       /* its name, for messages */
	const struct lk_channel *channels; /* by URL, highest priority first */
	size_t n_channels;
	struct lk_str_list extra_channels; /* URLs that the lock may have besides */
	bool any_channels;                 /* the lock may have whatever others it likes */
	struct lk_str_list platforms;      /* empty: the file does not say */
	const struct lk_lock_variable *variables;
	size_t n_variables;
	const struct lk_str_list *specs; /* beside the lock's platforms */
};

/* Does the lock answer just that? Specs are compared by their meaning, and in their order. */
void lk_check_wanted(const struct lk_lock *lock, lk_str platform,
	const struct lk_check_wanted *wanted, struct lk_findings *findings);

#endif

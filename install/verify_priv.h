/*
 * Between the files of verify: what is known of a prefix, and what is found.
 */
#ifndef LK_INSTALL_VERIFY_PRIV_H
#define LK_INSTALL_VERIFY_PRIV_H

#include "install/verify.h"
#include "install/verify_path.h"

struct lk_checks LK_VEC_OF(struct lk_check);

/* A conda-meta/NAME.json. */
struct lk_verify_record {
	lk_str name;
	bool ours; /* the state tells of it */
	bool readable;
	struct lk_prefix_record record;
	char *fault; /* why it is not readable; owned */
};

/* What the record FROM says of its paths, added to CHECKS; paths are owned by ARENA, the package's
 * name is the record's. MAY_LEAD: files may
 * be symlinks. */
void lk_verify_plan_record(const struct lk_verify_record *from, bool may_lead,
	struct lk_arena *arena, struct lk_checks *checks);
/* Sorts CHECKS and adds the directories that they lie in (paths owned by ARENA); MODES: with their
 * mode. */
void lk_verify_plan_end(struct lk_checks *checks, bool modes, struct lk_arena *arena);

/* Looks at all of CHECKS; what differs is added to VERIFY's findings. */
int lk_verify_check(int root_fd, const struct lk_checks *checks, unsigned jobs,
	const struct lk_report *report, struct lk_verify *verify, struct lk_error *err) LK_MUST_USE;

/* Adds what is in the prefix and belongs to none of VERIFY's records. */
int lk_verify_foreign(int root_fd, const struct lk_report *report, struct lk_verify *verify,
	struct lk_error *err) LK_MUST_USE;

/* DETAIL is copied, the other strings are not. */
void lk_verify_find(struct lk_verify *verify, enum lk_finding_kind kind, lk_str path,
	lk_str package, unsigned what, lk_str detail);

#endif

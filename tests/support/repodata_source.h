/*
 * A repodata at hand as a source of records.
 */
#ifndef LK_TESTS_REPODATA_SOURCE_H
#define LK_TESTS_REPODATA_SOURCE_H

#include "conda/reach.h"

static inline int repodata_source_records(void *ctx, lk_str name, struct lk_arena *arena,
	struct lk_records *ret, struct lk_error *err)
{
	return lk_repodata_records(ctx, name, arena, ret, err);
}

static inline struct lk_source source_of_repodata(struct lk_repodata *repodata, unsigned channel)
{
	return (struct lk_source){
		.ctx = repodata, .records = repodata_source_records, .channel = channel};
}

#endif

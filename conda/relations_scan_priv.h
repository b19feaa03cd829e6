/*
 * info.channel_relations (CEP 42), which repodata.json and the index of shards share.
 */
#ifndef LK_CONDA_RELATIONS_SCAN_PRIV_H
#define LK_CONDA_RELATIONS_SCAN_PRIV_H

#include "conda/json_scan_priv.h"
#include "conda/repodata.h"

/* Reads the value at the cursor; what is no object, and members of other kinds, say nothing. */
int lk_channel_relations_scan(
	struct lk_scan *scan, struct lk_arena *arena, struct lk_channel_relations *ret) LK_MUST_USE;

#endif

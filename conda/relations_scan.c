/*
 * info.channel_relations (CEP 42) as it stands in repodata.
 */
#include "conda/relations_scan_priv.h"

struct relations_scan {
	struct lk_scan *scan;
	struct lk_arena *arena;
	struct lk_channel_relations *relations;
};

static int scan_relation(void *ctx, struct lk_scan_text key)
{
	struct relations_scan *rs = ctx;
	if (lk_scan_is(key, "base")) {
		return lk_scan_text_or_none(rs->scan, rs->arena, &rs->relations->base);
	}
	if (lk_scan_is(key, "overrides")) {
		return lk_scan_text_or_none(rs->scan, rs->arena, &rs->relations->overrides);
	}
	return lk_scan_skip(rs->scan, NULL);
}

int lk_channel_relations_scan(
	struct lk_scan *scan, struct lk_arena *arena, struct lk_channel_relations *ret)
{
	struct relations_scan rs = {scan, arena, ret};
	return lk_scan_peek(scan) == '{' ? lk_scan_each(scan, scan_relation, &rs)
					 : lk_scan_skip(scan, NULL);
}

/*
 * Names and limits of repodata files.
 */
#include "fetch/repodata_form_priv.h"

#include "fetch/fetch.h"
#include "fetch/repodata_cache.h"

const char *lk_form_name(enum lk_form form, const char *file_name, struct lk_arena *arena)
{
	switch (form) {
	case LK_FORM_SHARDS:
		return LK_REPODATA_SHARDS;
	case LK_FORM_ZST:
		return lk_arena_printf(arena, "%s.zst", file_name);
	default:
		return file_name;
	}
}

enum lk_form lk_form_of(const char *file)
{
	lk_str name = lk_str_of(file);
	if (lk_str_ends(name, LK_STR(LK_REPODATA_SHARDS))) {
		return LK_FORM_SHARDS;
	}
	return lk_str_ends(name, LK_STR(".zst")) ? LK_FORM_ZST : LK_FORM_JSON;
}

size_t lk_form_max(enum lk_form form)
{
	return form == LK_FORM_SHARDS ? LK_FETCH_SHARD_MAX : LK_FETCH_REPODATA_MAX;
}

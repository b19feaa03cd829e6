/*
 * Link scripts as far as the cache tells.
 */
#include "cli/known_scripts.h"

#include "store/link_scripts.h"

void lk_known_scripts_init(struct lk_known_scripts *known, struct lk_app *app)
{
	struct lk_error ignored = LK_ERROR_INIT;
	*known = (struct lk_known_scripts){0};
	if (lk_app_cache_look(app, &known->cache, &ignored) < 0) {
		known->cache = NULL;
	}
}

void lk_known_scripts_done(struct lk_known_scripts *known)
{
	lk_cache_free(known->cache);
}

enum lk_scripts lk_known_scripts_of(void *ctx, const struct lk_record *record)
{
	const struct lk_known_scripts *known = ctx;
	struct lk_error ignored = LK_ERROR_INIT;
	bool has = false;
	if (!known->cache || lk_cache_has_link_scripts(known->cache, record, &has, &ignored) < 0) {
		return LK_SCRIPTS_UNKNOWN;
	}
	return has ? LK_SCRIPTS_SOME : LK_SCRIPTS_NONE;
}

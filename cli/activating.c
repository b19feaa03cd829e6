/*
 * The environment to activate, and the variables in force.
 */
#include "cli/activating.h"

#include <stdlib.h>

#include "base/fs.h"

#define DEFAULT_PREFIX "env"

int lk_activating_prefix(struct lk_app *app, const char *prefix, const char *name, const char **ret,
	struct lk_error *err)
{
	char *LK_AUTO_FREE absolute = NULL;
	const char *chosen = NULL;
	int rc = lk_app_prefix(app, prefix, name, &chosen, err);
	if (rc == 0) {
		rc = lk_path_absolute(chosen ? chosen : DEFAULT_PREFIX, &absolute, err);
	}
	if (rc == 0) {
		*ret = lk_arena_strndup(&app->arena, absolute, strlen(absolute));
	}
	return rc;
}

const char *lk_activating_getenv(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

const char *lk_activating_nothing(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

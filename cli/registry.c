/*
 * Registering environments.
 */
#include "cli/registry.h"

#include "conda/environments.h"

void lk_app_register(struct lk_app *app, const char *prefix, bool there)
{
	const struct lk_config *config;
	const char *home = lk_app_expand_home(app, LK_STR("~"));
	struct lk_error err = LK_ERROR_INIT;
	bool changed = false;
	if (home[0] != '/') {
		return; /* nobody's; then no configuration need be looked for either */
	}
	int rc = lk_app_config(app, &config, &err);
	if (rc == 0 && !config->register_envs) {
		return;
	}
	if (rc == 0) {
		rc = there ? lk_environments_add(home, prefix, &changed, &err)
			   : lk_environments_remove(home, prefix, &changed, &err);
	}
	if (rc < 0) {
		lk_note(&app->report, 1, "'%s' is not %s ~/.conda/environments.txt: %s", prefix,
			there ? "noted in" : "taken out of", err.message);
	}
}

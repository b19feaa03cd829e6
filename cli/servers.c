/*
 * Where credentials are looked for, strongest first.
 */
#include "cli/servers.h"

#include <stdlib.h>
#include <unistd.h>

#define PLACES_MAX 8

struct places {
	struct lk_arena *arena;
	struct lk_credentials_place items[PLACES_MAX];
	size_t n;
};

static const char *env_value(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* Adds the file that the VARIABLE names. */
static bool add_named(
	struct places *places, enum lk_credentials_format format, const char *variable)
{
	const char *path = env_value(variable);
	if (path) {
		places->items[places->n++] = (struct lk_credentials_place){format, path, true};
	}
	return path != NULL;
}

/* Adds DIR with REST after it, where DIR is known. */
static void add_usual(
	struct places *places, enum lk_credentials_format format, const char *dir, const char *rest)
{
	if (dir) {
		const char *path = lk_arena_printf(places->arena, "%s%s", dir, rest);
		places->items[places->n++] = (struct lk_credentials_place){format, path, false};
	}
}

/* Where anaconda-client, by now and in the past, keeps tokens. */
static void add_anaconda(struct places *places)
{
	const char *home = env_value("HOME");
	const char *own = env_value("BINSTAR_CONFIG_DIR");
	const char *config = env_value("XDG_CONFIG_HOME");
	const char *data = env_value("XDG_DATA_HOME");
	if (own) {
		add_usual(places, LK_CREDENTIALS_ANACONDA, own, "/data");
		return;
	}
	add_usual(places, LK_CREDENTIALS_ANACONDA, config ? config : home,
		config ? "/binstar" : "/.config/binstar");
	add_usual(places, LK_CREDENTIALS_ANACONDA, data ? data : home,
		data ? "/binstar" : "/.local/share/binstar");
	add_usual(places, LK_CREDENTIALS_ANACONDA, home, "/.continuum/anaconda-client/tokens");
}

static int read_environment(struct lk_credentials *credentials, struct lk_error *err)
{
	size_t n = 0;
	while (environ[n]) {
		n++;
	}
	lk_credentials_begin(credentials, "the environment", false);
	return lk_credentials_add_environment(credentials, (const char *const *)environ, n, err);
}

int lk_app_network(struct lk_app *app, const struct lk_config *config, struct lk_network **ret,
	struct lk_error *err)
{
	struct lk_network *network LK_CLEANUP(lk_network_free_p) = lk_network_new();
	struct places places = {.arena = &network->arena};
	const char *home = env_value("HOME");
	int rc = read_environment(&network->credentials, err);
	if (rc < 0) {
		return rc;
	}
	(void)add_named(&places, LK_CREDENTIALS_RATTLER, "RATTLER_AUTH_FILE");
	add_usual(&places, LK_CREDENTIALS_RATTLER, home, "/.rattler/credentials.json");
	add_usual(&places, LK_CREDENTIALS_MAMBA, home, "/.mamba/auth/authentication.json");
	if (config->add_anaconda_token) {
		add_anaconda(&places);
	}
	if (!add_named(&places, LK_CREDENTIALS_NETRC, "NETRC")) {
		add_usual(&places, LK_CREDENTIALS_NETRC, home, "/.netrc");
	}
	rc = lk_credentials_read(&network->credentials, places.items, places.n, &app->report, err);
	if (rc == 0) {
		*ret = LK_STEAL(network);
	}
	return rc;
}

/*
 * Credentials, proxies and TLS: what .condarc and the environment say of them, strongest first.
 */
#include "cli/servers.h"

#include <stdlib.h>
#include <sys/stat.h>
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
		places->items[places->n++] = (struct lk_credentials_place){path, format, true};
	}
	return path != NULL;
}

/* Adds DIR with REST after it, where DIR is known. */
static void add_usual(
	struct places *places, enum lk_credentials_format format, const char *dir, const char *rest)
{
	if (dir) {
		const char *path = lk_arena_printf(places->arena, "%s%s", dir, rest);
		places->items[places->n++] = (struct lk_credentials_place){path, format, false};
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

/* The credentials that URLs of the configuration carry: a lock has these URLs without them. */
static int read_configuration(
	const struct lk_config *config, struct lk_network *network, struct lk_error *err)
{
	struct lk_credentials *credentials = &network->credentials;
	const struct lk_str_list *const lists[] = {
		&config->channels, &config->default_channels, &config->migrated_channel_aliases};
	lk_credentials_begin(credentials, "the configuration", false);
	int rc = lk_credentials_add_url(credentials, config->channel_alias, err);
	for (size_t i = 0; i < LK_COUNTOF(lists); i++) {
		for (size_t k = 0; rc == 0 && k < lists[i]->n; k++) {
			rc = lk_credentials_add_url(credentials, lists[i]->items[k], err);
		}
	}
	for (size_t i = 0; rc == 0 && i < config->custom_channels.n; i++) {
		rc = lk_credentials_add_url(
			credentials, config->custom_channels.items[i].text, err);
	}
	const struct lk_config_map *many = &config->custom_multichannels;
	for (size_t i = 0; i < many->n; i++) {
		for (size_t k = 0; rc == 0 && k < many->items[i].values.n; k++) {
			rc = lk_credentials_add_url(
				credentials, many->items[i].values.items[k], err);
		}
	}
	return rc;
}

static int read_credentials(struct lk_app *app, const struct lk_config *config,
	struct lk_network *network, struct lk_error *err)
{
	struct places places = {.arena = &network->arena};
	const char *home = env_value("HOME");
	int rc = read_environment(&network->credentials, err);
	rc = rc < 0 ? rc : read_configuration(config, network, err);
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
	return lk_credentials_read(
		&network->credentials, places.items, places.n, &app->report, err);
}

/* The value of the first variable of NAMES, which ends with NULL, that is set. */
static const char *first_set(const char *const *names, const char **ret_name)
{
	for (; *names; names++) {
		const char *value = env_value(*names);
		if (value) {
			*ret_name = *names;
			return value;
		}
	}
	return NULL;
}

#define FROM_CONFIGURATION 0
#define FROM_ENVIRONMENT 1

static int read_proxies(
	const struct lk_config *config, struct lk_network *network, struct lk_error *err)
{
	/* A web server sets HTTP_PROXY from what a client sends: not believed in a CGI program. */
	const bool is_cgi = env_value("REQUEST_METHOD") != NULL;
	const char *const https[] = {"https_proxy", "HTTPS_PROXY", NULL};
	const char *const http[] = {"http_proxy", is_cgi ? NULL : "HTTP_PROXY", NULL};
	const char *const all[] = {"all_proxy", "ALL_PROXY", NULL};
	const char *const except[] = {"no_proxy", "NO_PROXY", NULL};
	const struct {
		const char *where;
		const char *const *names;
	} variables[] = {{"https", https}, {"http", http}, {"all", all}};
	const char *name = NULL;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < config->proxy_servers.n; i++) {
		const struct lk_config_entry *entry = &config->proxy_servers.items[i];
		rc = lk_proxies_add(&network->proxies, FROM_CONFIGURATION, entry->name, entry->text,
			"proxy_servers of .condarc", &network->arena, err);
	}
	for (size_t i = 0; rc == 0 && i < LK_COUNTOF(variables); i++) {
		const char *value = first_set(variables[i].names, &name);
		if (value) {
			rc = lk_proxies_add(&network->proxies, FROM_ENVIRONMENT,
				lk_str_of(variables[i].where), lk_str_of(value), name,
				&network->arena, err);
		}
	}
	network->proxies.except = first_set(except, &name);
	return rc;
}

/* The URLs that a key of mirrored_channels stands for, each with the mirrors. */
static int add_mirrors(const struct lk_config *config, const struct lk_config_entry *entry,
	struct lk_network *network, struct lk_error *err)
{
	struct lk_arena *arena = &network->arena;
	struct lk_strs references = {0};
	int rc = 0;
	lk_config_expand_channel(config, entry->name, arena, &references);
	for (size_t i = 0; rc == 0 && i < references.len; i++) {
		struct lk_channel channel;
		rc = lk_channel_resolve(
			references.items[i], config->channel_alias, arena, &channel, err);
		if (rc == 0) {
			rc = lk_mirrors_add(&network->mirrors, channel.url, entry->values.items,
				entry->values.n, arena, err);
		}
	}
	lk_vec_done(&references);
	return rc;
}

int lk_app_network(struct lk_app *app, const struct lk_config *config, struct lk_network **ret,
	struct lk_error *err)
{
	struct lk_network *network LK_CLEANUP(lk_network_free_p) = lk_network_new();
	int rc = read_credentials(app, config, network, err);
	if (rc == 0) {
		rc = read_proxies(config, network, err);
	}
	for (size_t i = 0; rc == 0 && i < config->mirrored_channels.n; i++) {
		rc = add_mirrors(config, &config->mirrored_channels.items[i], network, err);
	}
	if (rc == 0) {
		*ret = LK_STEAL(network);
	}
	return rc;
}

static int configured_path(struct lk_app *app, const char *key, lk_str text, const char **ret,
	struct stat *ret_stat, struct lk_error *err)
{
	*ret = NULL;
	if (text.len == 0) {
		return 0;
	}
	const char *path = lk_app_expand_home(app, text);
	if (stat(path, ret_stat) != 0 || access(path, R_OK) != 0) {
		lk_fail(err, LK_E_USAGE, "%s: '%s' cannot be read", key, path);
		lk_error_hint(err, "check the path in .condarc or CONDA_*");
		return err->code;
	}
	*ret = path;
	return 0;
}

/* Whom to trust when the configuration names nobody. */
static void trusted_of_environment(
	struct lk_app *app, const struct lk_config *config, struct lk_http_tls *tls)
{
	const char *const bundles[] = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", NULL};
	const char *const files[] = {"SSL_CERT_FILE", NULL};
	const char *name = NULL;
	const char *path = config->ssl_truststore ? NULL : first_set(bundles, &name);
	bool is_bundle = path != NULL;
	path = path ? path : first_set(files, &name);
	struct stat st;
	if (path && (stat(path, &st) != 0 || access(path, R_OK) != 0)) {
		lk_warn(&app->report, "%s names '%s', which cannot be read: not used", name, path);
		path = NULL;
	}
	bool folder = path && S_ISDIR(st.st_mode);
	tls->ca_file = folder ? NULL : path;
	tls->ca_folder = folder ? path : NULL;
	if (!is_bundle && !folder) {
		tls->ca_folder = env_value("SSL_CERT_DIR");
	}
}

int lk_app_tls(struct lk_app *app, const struct lk_config *config, struct lk_http_tls *ret,
	struct lk_error *err)
{
	struct lk_http_tls tls = {.no_verify = !config->ssl_verify};
	struct stat st;
	const char *trusted;
	int rc = configured_path(app, "ssl_verify", config->ssl_ca_path, &trusted, &st, err);
	if (rc == 0 && trusted) {
		tls.ca_file = S_ISDIR(st.st_mode) ? NULL : trusted;
		tls.ca_folder = S_ISDIR(st.st_mode) ? trusted : NULL;
	} else if (rc == 0 && !tls.no_verify) {
		trusted_of_environment(app, config, &tls);
	}
	if (rc == 0) {
		rc = configured_path(app, "client_ssl_cert", config->client_ssl_cert,
			&tls.client_cert, &st, err);
	}
	if (rc == 0) {
		rc = configured_path(app, "client_ssl_cert_key", config->client_ssl_cert_key,
			&tls.client_key, &st, err);
	}
	*ret = tls;
	return rc;
}

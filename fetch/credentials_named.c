/*
 * Credentials whose names tell where they belong: variables, and the token files of
 * anaconda-client.
 */
#include "conda/url.h"
#include "fetch/credentials_priv.h"

#define VARIABLE_TOKEN "LOCKENV_TOKEN_"
#define VARIABLE_CONDA_TOKEN "LOCKENV_CONDA_TOKEN_"
#define VARIABLE_USERNAME "LOCKENV_USERNAME_"
#define VARIABLE_PASSWORD "LOCKENV_PASSWORD_"
#define PORT_MARK "_PORT_"

static bool is_port(lk_str text)
{
	uint64_t port;
	return lk_str_to_u64(text, &port) && port <= UINT16_MAX;
}

/* "MY__HOST_EXAMPLE_ORG_PORT_8443" to "my-host.example.org:8443". No two hosts have one name: an
 * underscore, which no name in the DNS of hosts has, stands for nothing else. */
static lk_str host_of(lk_str name, struct lk_arena *arena)
{
	struct lk_buf host LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(name.len + 1);
	for (size_t i = 0; i < name.len; i++) {
		lk_str rest = lk_str_skip(name, i);
		lk_str port = lk_str_skip(rest, sizeof(PORT_MARK) - 1);
		if (lk_str_starts(rest, LK_STR(PORT_MARK)) && is_port(port)) {
			lk_buf_putc(&host, ':');
			lk_buf_put(&host, port);
			break;
		}
		bool dash = lk_str_starts(rest, LK_STR("__"));
		lk_buf_putc(&host, dash ? '-' : name.ptr[i] == '_' ? '.' : lk_lower(name.ptr[i]));
		i += dash;
	}
	return lk_str_dup(arena, lk_buf_view(&host));
}

/* Labels of letters, digits and inner dashes, then perhaps a port. */
static bool is_host(lk_str host)
{
	size_t colon = lk_str_find_char(host, ':');
	lk_str rest = lk_str_slice(host, 0, colon);
	lk_str label;
	bool any = false;
	while (lk_str_split(&rest, '.', &label)) {
		any = true;
		if (label.len == 0 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-') {
			return false;
		}
		for (size_t i = 0; i < label.len; i++) {
			if (!lk_is_alnum(label.ptr[i]) && label.ptr[i] != '-') {
				return false;
			}
		}
	}
	return any;
}

/* The value of the variable PREFIX HOST; NULL when it is not set. */
static const char *value_of(
	const char *const *environment, size_t n, const char *prefix, lk_str host)
{
	for (size_t i = 0; i < n; i++) {
		lk_str rest = lk_str_of(environment[i]);
		lk_str name;
		(void)lk_str_split(&rest, '=', &name);
		if (rest.ptr && lk_str_starts(name, lk_str_of(prefix)) &&
			lk_str_eq(lk_str_skip(name, strlen(prefix)), host)) {
			return rest.ptr;
		}
	}
	return NULL;
}

/* Takes all variables that begin with PREFIX. */
static int add_variables(struct lk_credentials *credentials, const char *const *environment,
	size_t n, const char *prefix, enum lk_credential_kind kind, struct lk_error *err)
{
	for (size_t i = 0; i < n; i++) {
		lk_str secret = lk_str_of(environment[i]);
		lk_str name;
		(void)lk_str_split(&secret, '=', &name);
		if (!secret.ptr || !lk_str_starts(name, lk_str_of(prefix))) {
			continue;
		}
		lk_str rest = lk_str_skip(name, strlen(prefix));
		lk_str host = host_of(rest, &credentials->arena);
		if (!is_host(host)) {
			lk_fail(err, LK_E_FORMAT, "the variable " LK_STR_FMT " names no host",
				LK_STR_ARG(name));
			lk_error_hint(err,
				"end it with the host, '_' for each dot and '__' for each dash");
			return err->code;
		}
		lk_str user = secret;
		bool basic = kind == LK_CREDENTIAL_BASIC;
		if (basic) {
			const char *password = value_of(environment, n, VARIABLE_PASSWORD, rest);
			secret = lk_str_of(password ? password : "");
		}
		int rc = lk_credentials_put(
			credentials, kind, host, basic ? &user : NULL, &secret, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

int lk_credentials_add_environment(struct lk_credentials *credentials,
	const char *const *environment, size_t n, struct lk_error *err)
{
	static const struct {
		const char *prefix;
		enum lk_credential_kind kind;
	} variables[] = {
		{VARIABLE_TOKEN, LK_CREDENTIAL_BEARER},
		{VARIABLE_CONDA_TOKEN, LK_CREDENTIAL_TOKEN},
		{VARIABLE_USERNAME, LK_CREDENTIAL_BASIC},
	};
	size_t had = credentials->items.len;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < LK_COUNTOF(variables); i++) {
		rc = add_variables(
			credentials, environment, n, variables[i].prefix, variables[i].kind, err);
	}
	if (rc < 0) {
		credentials->items.len = had;
	}
	return rc;
}

void lk_credentials_split_userinfo(
	lk_str userinfo, struct lk_arena *arena, lk_str *ret_user, lk_str *ret_password)
{
	lk_str password = userinfo;
	lk_str user = LK_STR("");
	(void)lk_str_split(&password, ':', &user);
	*ret_user = lk_url_decode(user, arena);
	*ret_password = password.ptr ? lk_url_decode(password, arena) : LK_STR("");
}

int lk_credentials_add_url(struct lk_credentials *credentials, lk_str url, struct lk_error *err)
{
	struct lk_url_parts parts;
	if (!lk_url_split(url, &parts)) {
		return 0;
	}
	size_t token_len = lk_url_token_len(&parts);
	lk_str where = lk_url_without_credentials(url, &credentials->arena);
	if (parts.has_userinfo) {
		lk_str user;
		lk_str password;
		lk_credentials_split_userinfo(
			parts.userinfo, &credentials->arena, &user, &password);
		return lk_credentials_put(
			credentials, LK_CREDENTIAL_BASIC, where, &user, &password, err);
	}
	lk_str token = lk_str_slice(parts.path, sizeof("/t/") - 1, token_len);
	return token_len == 0
		? 0
		: lk_credentials_put(credentials, LK_CREDENTIAL_TOKEN, where, NULL, &token, err);
}

/* URL with its first "/api", "/api.", ".api/" or ".api." made "conda"; URL itself without one. */
static lk_str conda_for_api(lk_str url, struct lk_arena *arena)
{
	for (size_t at = 0; at + 4 <= url.len; at++) {
		lk_str rest = lk_str_skip(url, at);
		bool begins = rest.ptr[0] == '/' || rest.ptr[0] == '.';
		bool ends = rest.len == 4 ||
			(rest.len > 4 && (rest.ptr[4] == '/' || rest.ptr[4] == '.'));
		if (begins && ends && lk_str_starts(lk_str_skip(rest, 1), LK_STR("api"))) {
			return lk_str_printf(arena, LK_STR_FMT "conda" LK_STR_FMT,
				LK_STR_ARG(lk_str_slice(url, 0, at + 1)),
				LK_STR_ARG(lk_str_skip(rest, 4)));
		}
	}
	return url;
}

int lk_credentials_add_anaconda(
	struct lk_credentials *credentials, lk_str name, lk_str text, struct lk_error *err)
{
	struct lk_arena *arena = &credentials->arena;
	lk_str ending = LK_STR(".token");
	if (!lk_str_ends(name, ending)) {
		return 0;
	}
	lk_str url = lk_url_decode(lk_str_slice(name, 0, name.len - ending.len), arena);
	lk_str token = lk_str_trim(text);
	struct lk_url_parts parts;
	if (!lk_url_split(url, &parts)) {
		return 0;
	}
	int rc = lk_credentials_put(credentials, LK_CREDENTIAL_TOKEN, url, NULL, &token, err);
	lk_str served = conda_for_api(url, arena);
	if (rc < 0 || served.ptr == url.ptr) {
		return rc;
	}
	return lk_credentials_put(credentials, LK_CREDENTIAL_TOKEN, served, NULL, &token, err);
}

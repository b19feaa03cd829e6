/*
 * The credentials files of rattler and libmamba: JSON objects with a member for each host.
 */
#include "base/base64.h"
#include "base/json.h"
#include "fetch/credentials_priv.h"

struct reader {
	struct lk_credentials *credentials;
	struct lk_error *err;
};

static int fail_member(const struct reader *r, lk_str host, const char *why)
{
	return lk_fail_at(r->err, lk_credentials_source(r->credentials), 0, 0,
		"the entry for '" LK_STR_FMT "' %s", LK_STR_ARG(host), why);
}

static bool is_string(const struct lk_json *value)
{
	return lk_json_kind(value) == LK_JSON_STRING;
}

static int put_token(const struct reader *r, enum lk_credential_kind kind, lk_str host,
	const struct lk_json *token)
{
	if (!is_string(token)) {
		return fail_member(r, host, "has no token");
	}
	lk_str secret = lk_json_string(token);
	return lk_credentials_put(r->credentials, kind, host, NULL, &secret, r->err);
}

/* rattler's {"KIND": …}. */
static int rattler_member(void *ctx, lk_str host, const struct lk_json *entry)
{
	const struct reader *r = ctx;
	const struct lk_json *value;
	if ((value = lk_json_get(entry, "BearerToken"))) {
		return put_token(r, LK_CREDENTIAL_BEARER, host, value);
	}
	if ((value = lk_json_get(entry, "CondaToken"))) {
		return put_token(r, LK_CREDENTIAL_TOKEN, host, value);
	}
	if ((value = lk_json_get(entry, "BasicHTTP"))) {
		const struct lk_json *user = lk_json_get(value, "username");
		const struct lk_json *password = lk_json_get(value, "password");
		if (!is_string(user) || !is_string(password)) {
			return fail_member(r, host, "has no username and password");
		}
		lk_str texts[] = {lk_json_string(user), lk_json_string(password)};
		return lk_credentials_put(
			r->credentials, LK_CREDENTIAL_BASIC, host, &texts[0], &texts[1], r->err);
	}
	if (lk_json_get(entry, "S3Credentials")) {
		return lk_credentials_put(
			r->credentials, LK_CREDENTIAL_S3, host, NULL, NULL, r->err);
	}
	if (lk_json_get(entry, "OAuth")) {
		return lk_credentials_put(
			r->credentials, LK_CREDENTIAL_OAUTH, host, NULL, NULL, r->err);
	}
	return lk_json_kind(entry) == LK_JSON_OBJECT ? 0 : fail_member(r, host, "is no object");
}

static int mamba_basic(const struct reader *r, lk_str host, const struct lk_json *entry)
{
	const struct lk_json *password = lk_json_get(entry, "password");
	struct lk_buf plain LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(LK_CREDENTIALS_MAX);
	if (!is_string(password) || !lk_base64_decode(lk_json_string(password), &plain) ||
		memchr(lk_buf_cstr(&plain), '\0', plain.len)) {
		return fail_member(r, host, "has no password in base64");
	}
	lk_str user = lk_json_string(lk_json_get(entry, "user"));
	lk_str secret = lk_buf_view(&plain);
	int rc = lk_credentials_put(
		r->credentials, LK_CREDENTIAL_BASIC, host, &user, &secret, r->err);
	return rc;
}

/* libmamba's {"type": KIND, …}. */
static int mamba_member(void *ctx, lk_str host, const struct lk_json *entry)
{
	const struct reader *r = ctx;
	lk_str type = lk_json_string(lk_json_get(entry, "type"));
	const struct lk_json *token = lk_json_get(entry, "token");
	if (lk_str_is(type, "BearerToken")) {
		return put_token(r, LK_CREDENTIAL_BEARER, host, token);
	}
	if (lk_str_is(type, "CondaToken")) {
		return put_token(r, LK_CREDENTIAL_TOKEN, host, token);
	}
	if (lk_str_is(type, "BasicHTTPAuthentication")) {
		return mamba_basic(r, host, entry);
	}
	return lk_json_kind(entry) == LK_JSON_OBJECT ? 0 : fail_member(r, host, "is no object");
}

/* What the parser says may quote the text, and so may the excerpt: only the place is passed on. */
static int fail_json(const char *name, struct lk_error *err)
{
	unsigned line = err->line;
	unsigned column = err->column;
	lk_fail_at(err, name, line, column, "not a JSON file that can be read");
	lk_error_hint(err, "write the credentials anew with the program that made the file");
	return err->code;
}

static int read_json(struct lk_credentials *credentials, lk_str text,
	int (*member)(void *ctx, lk_str host, const struct lk_json *entry), struct lk_error *err)
{
	struct lk_json_doc *doc LK_CLEANUP(lk_json_doc_free_p) = NULL;
	struct reader r = {credentials, err};
	const char *name = lk_credentials_source(credentials);
	if (lk_json_parse(text, name, LK_CREDENTIALS_DEPTH_MAX, &doc, err) < 0) {
		return fail_json(name, err);
	}
	if (lk_json_kind(lk_json_root(doc)) != LK_JSON_OBJECT) {
		return lk_fail_at(err, name, 1, 1, "not an object of hosts");
	}
	size_t n = credentials->items.len;
	int rc = lk_json_each(lk_json_root(doc), member, &r);
	if (rc < 0) {
		credentials->items.len = n;
	}
	return rc;
}

int lk_credentials_add_rattler(
	struct lk_credentials *credentials, lk_str text, struct lk_error *err)
{
	return read_json(credentials, text, rattler_member, err);
}

int lk_credentials_add_mamba(struct lk_credentials *credentials, lk_str text, struct lk_error *err)
{
	return read_json(credentials, text, mamba_member, err);
}

/*
 * What is made of a signature.
 */
#include "cli/signing.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "store/public_key.h"
#include "store/trusted_keys.h"

#define SYSTEM_FOLDER "/etc/lockenv"

/* What a signature is held against. */
struct check {
	struct lk_app *app;
	bool demanded;
	const char *path, *sig_path;
	lk_str message;
	struct lk_trusted_keys trusted;
	struct lk_signature signature;
};

static const char *env_value(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* trusted_keys and trusted_keys.d of a folder; what is not there has none. */
static int read_folder(struct check *c, const char *folder, struct lk_error *err)
{
	const char *file = lk_arena_printf(&c->app->arena, "%s/trusted_keys", folder);
	int rc = lk_trusted_keys_read(&c->trusted, file, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		rc = 0;
	}
	if (rc == 0) {
		rc = lk_trusted_keys_read_folder(
			&c->trusted, lk_arena_printf(&c->app->arena, "%s.d", file), err);
	}
	return rc;
}

static int read_trusted(struct check *c, struct lk_error *err)
{
	const char *only = env_value("LOCKENV_TRUSTED_KEYS");
	const char *xdg = env_value("XDG_CONFIG_HOME");
	const char *home = env_value("HOME");
	if (only) {
		int rc = lk_trusted_keys_read(&c->trusted, only, err);
		if (rc == LK_E_NOT_FOUND) {
			rc = lk_fail(err, LK_E_USAGE, "there are no trusted keys '%s'", only);
			lk_error_hint(err, "check the path in LOCKENV_TRUSTED_KEYS");
		}
		return rc;
	}
	int rc = read_folder(c, SYSTEM_FOLDER, err);
	if (rc == 0 && (xdg || home)) {
		rc = read_folder(c,
			lk_arena_printf(&c->app->arena, "%s%s/lockenv", xdg ? xdg : home,
				xdg ? "" : "/.config"),
			err);
	}
	return rc;
}

/* LK_E_NOT_FOUND when there is none. */
static int read_signature(struct check *c, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_SIGNATURE_MAX_BYTES);
	int rc = lk_fs_read_file(AT_FDCWD, c->sig_path, &text, err);
	if (rc == LK_E_FORMAT) { /* too long, a folder */
		err->code = LK_E_INTEGRITY;
		rc = LK_E_INTEGRITY;
	}
	return rc < 0 ? rc
		      : lk_signature_parse(lk_buf_view(&text), c->sig_path, &c->app->arena,
				&c->signature, err);
}

static int missing(const struct check *c, struct lk_error *err)
{
	lk_fail(err, LK_E_INTEGRITY, "'%s' is not signed: there is no '%s'", c->path, c->sig_path);
	lk_error_hint(err, "get the signature from who made it, and put it beside it");
	return LK_E_INTEGRITY;
}

static int broken(const struct check *c, const char *who, struct lk_error *err)
{
	lk_fail(err, LK_E_INTEGRITY, "'%s' is not what %s signed with '%s'", c->path, who,
		c->sig_path);
	lk_error_hint(err, "it was changed, or the signature is of something else: get both again");
	return LK_E_INTEGRITY;
}

/* What err says is an error where a signature is demanded, else a warning. */
static int refuse_or_warn(const struct check *c, struct lk_error *err)
{
	if (c->demanded) {
		return LK_E_INTEGRITY;
	}
	lk_warn(&c->app->report, "%s", err->message);
	lk_error_clear(err);
	return 0;
}

static int untrusted(const struct check *c, const char *who, struct lk_error *err)
{
	if (c->trusted.len == 0) {
		lk_fail(err, LK_E_INTEGRITY, "'%s' is signed by %s, but no key is trusted here",
			c->path, who);
	} else if (c->signature.is_ssh) {
		lk_fail(err, LK_E_INTEGRITY,
			"'%s' is signed by %s, which is not among the %zu trusted here", c->path,
			who, c->trusted.len);
	} else {
		lk_fail(err, LK_E_INTEGRITY,
			"'%s' is not what any of the %zu keys trusted here signed", c->path,
			c->trusted.len);
	}
	lk_error_hint(err,
		"if you trust the signer, put the public key into "
		"~/.config/lockenv/trusted_keys or " SYSTEM_FOLDER "/trusted_keys");
	return refuse_or_warn(c, err);
}

static int expired(const struct check *c, const char *who, struct lk_error *err)
{
	lk_fail(err, LK_E_INTEGRITY, "'%s' is signed by %s, which is not valid at this time",
		c->path, who);
	lk_error_hint(err, "look at valid-after and valid-before of the key, and at the clock");
	return refuse_or_warn(c, err);
}

/* Now in UTC, as 20260131235959. */
static uint64_t digits_now(void)
{
	time_t now = time(NULL);
	struct tm tm = {0};
	(void)gmtime_r(&now, &tm);
	uint64_t date = (uint64_t)(tm.tm_year + 1900) * 10000 + (uint64_t)(tm.tm_mon + 1) * 100 +
		(uint64_t)tm.tm_mday;
	return date * 1000000 + (uint64_t)tm.tm_hour * 10000 + (uint64_t)tm.tm_min * 100 +
		(uint64_t)tm.tm_sec;
}

static int judge(struct check *c, struct lk_error *err)
{
	const struct lk_trusted_key *key = NULL;
	enum lk_trust trust =
		lk_trusted_keys_judge(&c->trusted, &c->signature, c->message, digits_now(), &key);
	char who[LK_FINGERPRINT_MAX] = "an unknown key";
	if (key || c->signature.is_ssh) {
		lk_public_key_fingerprint(key ? &key->key : &c->signature.key, who);
	}
	if (trust == LK_TRUST_HOLDS && key) {
		lk_note(&c->app->report, 0, "'%s' is signed by %s (" LK_STR_FMT ")", c->path, who,
			LK_STR_ARG(key->owner));
		return 0;
	}
	if (trust == LK_TRUST_BROKEN) {
		return broken(c, who, err);
	}
	return trust == LK_TRUST_EXPIRED ? expired(c, who, err) : untrusted(c, who, err);
}

static int check(struct check *c, struct lk_error *err)
{
	int rc = read_signature(c, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		return c->demanded ? missing(c, err) : 0;
	}
	struct lk_error unread = *err;
	int trusted_rc = read_trusted(c, err);
	if (trusted_rc < 0) {
		return trusted_rc;
	}
	if (!c->demanded && c->trusted.len == 0) {
		return 0; /* signatures mean nothing here */
	}
	if (rc < 0) {
		*err = unread;
		return rc;
	}
	return judge(c, err);
}

int lk_app_check_signature(
	struct lk_app *app, bool demanded, const char *path, lk_str message, struct lk_error *err)
{
	const char *always = env_value("LOCKENV_REQUIRE_SIGNATURE");
	struct check c = {
		.app = app,
		.demanded = demanded || (always && strcmp(always, "0") != 0),
		.path = path,
		.sig_path = lk_arena_printf(&app->arena, "%s.sig", path),
		.message = message,
	};
	int rc = check(&c, err);
	lk_trusted_keys_done(&c.trusted);
	return rc;
}

/*
 * Who we are to which server: what the user's credentials files and variables say.
 *
 * Filled once, source by source, the one that wins first; then asked for each address. The first
 * source that has an entry for an address decides, and within a source the closest entry: the host
 * before "*.parent", the nearer parent before the farther, an entry that names a port, a scheme or
 * a path before one that does not.
 *
 *     lk_credentials_init(&credentials);
 *     lk_credentials_add_rattler(&credentials, text, name, err);    ... and so on
 *     const struct lk_credential *credential = lk_credentials_find(&credentials, url);
 *     lk_credentials_done(&credentials);
 *
 * Nothing here reads the environment: it comes in as a value. No text of a secret comes into an
 * error: errors name the source, the position and the host. A secret with a control character,
 * which could end a header and begin another, is refused (LK_E_FORMAT), as is what cannot be a part
 * of a URL's path where it would become one. Sources: docs/network.md.
 */
#ifndef LK_FETCH_CREDENTIALS_H
#define LK_FETCH_CREDENTIALS_H

#include "base/err.h"
#include "base/report.h"
#include "base/str.h"

/* A credentials file, and how deep its JSON goes at most. */
#define LK_CREDENTIALS_MAX ((size_t)1 << 20)
#define LK_CREDENTIALS_DEPTH_MAX 8

enum lk_credential_kind {
	LK_CREDENTIAL_BASIC,  /* user and secret: Authorization: Basic */
	LK_CREDENTIAL_BEARER, /* Authorization: Bearer */
	LK_CREDENTIAL_TOKEN,  /* /t/SECRET in front of the path */
	LK_CREDENTIAL_S3,     /* known, but of no use here: no secret is kept */
	LK_CREDENTIAL_OAUTH,  /* the same */
};

/* Texts are owned by the credentials. */
struct lk_credential {
	enum lk_credential_kind kind;
	lk_str scheme; /* empty: any */
	lk_str host;   /* lower case; "*.PARENT" is PARENT and all below it; "*" every host */
	lk_str port;   /* empty: any */
	lk_str path;   /* without slash at its end; empty: all */
	const char *user;
	const char *secret;
	size_t source; /* index into `sources` */
};

struct lk_credential_source {
	const char *name; /* of the file or variable, for messages */
	bool open;        /* others may read it */
	bool told;        /* that they may */
};

struct lk_credentials {
	struct lk_arena arena;
	struct LK_VEC_OF(struct lk_credential_source) sources; /* the one that wins first */
	struct LK_VEC_OF(struct lk_credential) items;
};

void lk_credentials_init(struct lk_credentials *credentials);
void lk_credentials_done(struct lk_credentials *credentials);

/* Begins a source, weaker than those before. NAME is copied. OPEN: others may read it. */
void lk_credentials_begin(struct lk_credentials *credentials, const char *name, bool open);

/*
 * Each adds what TEXT says to the source that was begun last; after an error it has none of it.
 * LK_E_FORMAT with a position where there is one.
 */

/* rattler's credentials.json: an object of hosts ("*.PARENT" too) with {"BearerToken": T},
 * {"BasicHTTP": {"username": U, "password": P}}, {"CondaToken": T}, {"S3Credentials": …} or
 * {"OAuth": …}; other kinds are passed over. */
int lk_credentials_add_rattler(
	struct lk_credentials *credentials, lk_str text, struct lk_error *err) LK_MUST_USE;
/* libmamba's authentication.json: an object of hosts, which a path may follow, with
 * {"type": "CondaToken" or "BearerToken", "token": T} or {"type": "BasicHTTPAuthentication",
 * "user": U, "password": P in base64}; other types are passed over. */
int lk_credentials_add_mamba(
	struct lk_credentials *credentials, lk_str text, struct lk_error *err) LK_MUST_USE;
/* A netrc file (the form that curl and ftp read): machine, default, login, password, account;
 * macdef and its lines are passed over, as is an entry without password. */
int lk_credentials_add_netrc(
	struct lk_credentials *credentials, lk_str text, struct lk_error *err) LK_MUST_USE;
/* anaconda-client's file NAME, "<URL, its odd characters as %XX>.token", which holds a conda token
 * for all below that URL, and below it with "conda" for the first "api" (as conda does). */
int lk_credentials_add_anaconda(struct lk_credentials *credentials, lk_str name, lk_str text,
	struct lk_error *err) LK_MUST_USE;
/* LOCKENV_TOKEN_HOST, LOCKENV_CONDA_TOKEN_HOST, LOCKENV_USERNAME_HOST with LOCKENV_PASSWORD_HOST.
 * ENVIRONMENT has N texts NAME=VALUE; others are passed over. In HOST, which is in upper case, "_"
 * is ".", "__" is "-" and "_PORT_" precedes the port. */
int lk_credentials_add_environment(struct lk_credentials *credentials,
	const char *const *environment, size_t n, struct lk_error *err) LK_MUST_USE;

/* What is written into URL, such as a channel's in .condarc: USER:PASSWORD@, or else /t/TOKEN, for
 * all below its path. A URL without them adds nothing. */
int lk_credentials_add_url(
	struct lk_credentials *credentials, lk_str url, struct lk_error *err) LK_MUST_USE;

/* Splits USER:PASSWORD, each percent-encoded; the texts are owned by ARENA. */
void lk_credentials_split_userinfo(
	lk_str userinfo, struct lk_arena *arena, lk_str *ret_user, lk_str *ret_password);

enum lk_credentials_format {
	LK_CREDENTIALS_RATTLER,
	LK_CREDENTIALS_MAMBA,
	LK_CREDENTIALS_NETRC,
	LK_CREDENTIALS_ANACONDA, /* a folder of *.token files */
};

struct lk_credentials_place {
	const char *path;
	enum lk_credentials_format format;
	bool asked_for; /* the user names it: it must be there and be readable */
};

/* Reads N places, each weaker than those before. One that is not there has nothing; one that cannot
 * be read or understood is a warning to REPORT, or an error when it was asked for: LK_E_USAGE when
 * it is not there, LK_E_FORMAT, LK_E_FS. */
int lk_credentials_read(struct lk_credentials *credentials,
	const struct lk_credentials_place *places, size_t n, const struct lk_report *report,
	struct lk_error *err) LK_MUST_USE;

/* What goes with URL, which has no credentials in it, or NULL. Borrowed. */
const struct lk_credential *lk_credentials_find(
	const struct lk_credentials *credentials, lk_str url);

#endif

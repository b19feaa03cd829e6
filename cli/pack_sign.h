/*
 * lockenv pack --sign: the signature beside a bundle.
 *
 *     lk_pack_sign_open(app, options->sign, &signing, err);       reads the key, before any work
 *     lk_pack_sign_prepare(&signing, "env.lockpack", text, err);  on the disk under another name
 *     ... the bundle gets its name ...
 *     lk_pack_sign_publish(&signing, err);                        env.lockpack.sig
 *     lk_pack_sign_done(&signing);
 */
#ifndef LK_CLI_PACK_SIGN_H
#define LK_CLI_PACK_SIGN_H

#include "cli/app.h"
#include "store/public_key.h"
#include "store/sign_key.h"

struct lk_pack_signing {
	struct lk_app *app;
	bool wanted; /* is there a key? Without one an old signature is warned of, no more */
	struct lk_sign_key key;
	char fingerprint[LK_FINGERPRINT_MAX];
	const char *path; /* of the signature */
	char *prepared;   /* its name until then; NULL: none */
};

/* The key in the file OPTION, else in that of LOCKENV_SIGN_KEY. One that others can read is warned
 * of. */
int lk_pack_sign_open(struct lk_app *app, const char *option, struct lk_pack_signing *ret,
	struct lk_error *err) LK_MUST_USE;
/* MESSAGE: the MANIFEST of the bundle PATH. */
int lk_pack_sign_prepare(struct lk_pack_signing *signing, const char *path, lk_str message,
	struct lk_error *err) LK_MUST_USE;
int lk_pack_sign_publish(struct lk_pack_signing *signing, struct lk_error *err) LK_MUST_USE;
/* Overwrites the key; removes what was not published. */
void lk_pack_sign_done(struct lk_pack_signing *signing);

#endif

/*
 * Signatures as commands meet them: which keys are trusted here, and what is made of a signature
 * beside a lock or a bundle.
 *
 * Trusted keys are those of LOCKENV_TRUSTED_KEYS; else of /etc/lockenv/trusted_keys and the .pub
 * and .pem files in /etc/lockenv/trusted_keys.d, and of the same under $XDG_CONFIG_HOME
 * (~/.config).
 */
#ifndef LK_CLI_SIGNING_H
#define LK_CLI_SIGNING_H

#include "cli/app.h"

/* Holds MESSAGE, the whole of what will be used, against the signature in the file PATH.sig, PATH
 * being the lock or the bundle. DEMANDED (or LOCKENV_REQUIRE_SIGNATURE): LK_E_INTEGRITY unless a
 * trusted key signed it. Otherwise one that is there is looked at if any key is trusted: refused
 * when the key that it names did not sign this, a warning when no trusted one did. */
int lk_app_check_signature(struct lk_app *app, bool demanded, const char *path, lk_str message,
	struct lk_error *err) LK_MUST_USE;

#endif

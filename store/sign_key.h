/*
 * Private Ed25519 keys: PEM as openssl writes them (PKCS #8, RFC 8410), and ssh-keygen's form.
 *
 * Keys under a passphrase are refused: nothing here asks for one. Nothing of a key is in an error.
 */
#ifndef LK_STORE_SIGN_KEY_H
#define LK_STORE_SIGN_KEY_H

#include "base/ed25519.h"
#include "base/err.h"
#include "base/str.h"

#define LK_SIGN_KEY_MAX_BYTES ((size_t)16 << 10)

struct lk_sign_key {
	struct lk_ed25519_seed seed;
	struct lk_ed25519_key public;
	bool is_ssh; /* ssh-keygen's: what it signs is for ssh-keygen too (store/signature.h) */
};

/* NAME is the file's. LK_E_FORMAT when TEXT is not just one such key. */
int lk_sign_key_parse(
	lk_str text, const char *name, struct lk_sign_key *ret, struct lk_error *err) LK_MUST_USE;
/* The key in the file PATH; LK_E_USAGE when there is none. RET_OPEN, if it is not NULL: can others
 * than its owner read it? */
int lk_sign_key_read(const char *path, struct lk_sign_key *ret, bool *ret_open,
	struct lk_error *err) LK_MUST_USE;
/* Overwrites it; for LK_CLEANUP. */
void lk_sign_key_wipe(struct lk_sign_key *key);

#endif

/*
 * Detached signatures over a message, the bytes of a lock or of a bundle's MANIFEST, in the forms
 * that stock tools make and check:
 *
 *     64 bytes            openssl pkeyutl -verify -rawin -pubin -inkey KEY -sigfile SIG -in MESSAGE
 *     SSH SIGNATURE       ssh-keygen -Y verify -n lockenv -s SIG … <MESSAGE
 *                         (OpenSSH's PROTOCOL.sshsig; it names its key)
 *
 * A signature is either read whole or refused: no byte of it can change without that.
 */
#ifndef LK_STORE_SIGNATURE_H
#define LK_STORE_SIGNATURE_H

#include "base/digest.h"
#include "base/ed25519.h"
#include "base/err.h"
#include "base/str.h"
#include "store/sign_key.h"

#define LK_SIGNATURE_NAMESPACE "lockenv"
#define LK_SIGNATURE_MAX_BYTES ((size_t)16 << 10)

struct lk_signature {
	struct lk_ed25519_signature bytes;
	bool is_ssh; /* what follows is there */
	struct lk_ed25519_key key;
	enum lk_digest_kind hash;
	lk_str reserved; /* for what ssh-keygen may add one day; signed along */
};

/* NAME is the file's. LK_E_INTEGRITY for anything that is not a signature by an Ed25519 key for the
 * namespace "lockenv". RET borrows from ARENA. */
int lk_signature_parse(lk_str text, const char *name, struct lk_arena *arena,
	struct lk_signature *ret, struct lk_error *err) LK_MUST_USE;

/* Did the owner of KEY sign MESSAGE? KEY need not be the one that the signature names: then no. */
bool lk_signature_holds(const struct lk_signature *signature, const struct lk_ed25519_key *key,
	lk_str message) LK_MUST_USE;

/* Appends KEY's signature over MESSAGE, in the form that goes with the key: the same bytes as the
 * stock tool would write. */
void lk_signature_put(struct lk_buf *out, const struct lk_sign_key *key, lk_str message);

#endif

/*
 * Ed25519 signatures (RFC 8032, the pure form). (libcrypto behind it.)
 */
#ifndef LK_BASE_ED25519_H
#define LK_BASE_ED25519_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"

#define LK_ED25519_KEY_LEN 32
#define LK_ED25519_SIGNATURE_LEN 64

/* The secret that all else of a private key follows from; wipe it (explicit_bzero). */
struct lk_ed25519_seed {
	unsigned char bytes[LK_ED25519_KEY_LEN];
};
/* A public key. */
struct lk_ed25519_key {
	unsigned char bytes[LK_ED25519_KEY_LEN];
};
struct lk_ed25519_signature {
	unsigned char bytes[LK_ED25519_SIGNATURE_LEN];
};

/* The two below fail only where libcrypto lacks memory or the algorithm, which ends the run
 * (base/mem.h). The same seed and bytes give the same signature. */
struct lk_ed25519_key lk_ed25519_public(const struct lk_ed25519_seed *seed);
struct lk_ed25519_signature lk_ed25519_sign(
	const struct lk_ed25519_seed *seed, const void *bytes, size_t len);

/* Did the owner of KEY sign these bytes? A key that is no point of the curve has signed nothing. */
bool lk_ed25519_holds(const struct lk_ed25519_key *key,
	const struct lk_ed25519_signature *signature, const void *bytes, size_t len) LK_MUST_USE;

static inline bool lk_ed25519_key_eq(const struct lk_ed25519_key *a, const struct lk_ed25519_key *b)
{
	return memcmp(a->bytes, b->bytes, LK_ED25519_KEY_LEN) == 0;
}

#endif

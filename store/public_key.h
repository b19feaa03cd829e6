/*
 * Public Ed25519 keys as files have them, and their fingerprints.
 */
#ifndef LK_STORE_PUBLIC_KEY_H
#define LK_STORE_PUBLIC_KEY_H

#include "base/ed25519.h"
#include "base/str.h"

#define LK_SSH_ED25519 "ssh-ed25519"
#define LK_FINGERPRINT_MAX (sizeof("SHA256:") + 43)

/* SSH's form (RFC 8709, section 4): false when BLOB is of another type or not of that form. */
bool lk_public_key_from_ssh(lk_str blob, struct lk_ed25519_key *ret) LK_MUST_USE;
void lk_public_key_put_ssh(struct lk_buf *out, const struct lk_ed25519_key *key);
/* What a PEM block "PUBLIC KEY" holds (RFC 8410, section 4): false for other keys. */
bool lk_public_key_from_spki(lk_str der, struct lk_ed25519_key *ret) LK_MUST_USE;

/* The type that such a blob names: "ssh-ed25519", "ssh-rsa"; empty when it is none. */
lk_str lk_ssh_key_type(lk_str blob);

/* "SHA256:…", as ssh-keygen -l shows it, NUL-ended. */
void lk_public_key_fingerprint(const struct lk_ed25519_key *key, char ret[LK_FINGERPRINT_MAX]);
/* The same of a blob of any type. */
void lk_ssh_fingerprint(lk_str blob, char ret[LK_FINGERPRINT_MAX]);

#endif

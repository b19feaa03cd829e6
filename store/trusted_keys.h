/*
 * The keys whose signatures count: local files, never anything that came with what is signed.
 *
 * One key a line, as in a .pub file of ssh-keygen or in its allowed signers file; '#' begins a
 * comment; PEM blocks "PUBLIC KEY" may stand between:
 *
 *     ssh-ed25519 AAAA… alice@example.org
 *     alice@example.org namespaces="lockenv,git",valid-before="20300101Z" ssh-ed25519 AAAA…
 *
 * Lines with keys of other types, for other namespaces only, and of certificate authorities are no
 * error and count for nothing. Times must be UTC (Z); other options are an error, for what they
 * demand would not be held.
 */
#ifndef LK_STORE_TRUSTED_KEYS_H
#define LK_STORE_TRUSTED_KEYS_H

#include "base/ed25519.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "store/signature.h"

#define LK_TRUSTED_KEYS_MAX_BYTES ((size_t)1 << 20)

struct lk_trusted_key {
	struct lk_ed25519_key key;
	lk_str owner; /* principals or comment of its line, or the file's name */
	uint64_t valid_after, valid_before; /* both included; UTC as digits: 20301231235959 */
};

struct lk_trusted_keys {
	struct lk_trusted_key *items;
	size_t len;
	size_t cap;
	struct lk_arena arena; /* owns the texts */
};

void lk_trusted_keys_done(struct lk_trusted_keys *keys);

/* Appends those of TEXT; NAME is the file's. LK_E_FORMAT with its line. */
int lk_trusted_keys_parse(struct lk_trusted_keys *keys, lk_str text, const char *name,
	struct lk_error *err) LK_MUST_USE;
/* Appends those of the file PATH. LK_E_NOT_FOUND; LK_E_INTEGRITY when others than its owner, who is
 * the caller or root, can write it or the folder it is in. */
int lk_trusted_keys_read(
	struct lk_trusted_keys *keys, const char *path, struct lk_error *err) LK_MUST_USE;
/* The same of every *.pub and *.pem in the folder PATH, by name; of none when it is not there. */
int lk_trusted_keys_read_folder(
	struct lk_trusted_keys *keys, const char *path, struct lk_error *err) LK_MUST_USE;

enum lk_trust {
	LK_TRUST_HOLDS,   /* a trusted key signed it */
	LK_TRUST_EXPIRED, /* one did that is not valid at the time */
	LK_TRUST_UNKNOWN, /* the key that it names did, which is not trusted */
	LK_TRUST_BROKEN,  /* the key that it names did not sign that */
	LK_TRUST_NONE,    /* it names no key, and no trusted one signed that */
};

/* NOW as in struct lk_trusted_key. RET_KEY: the trusted key where there is one, else NULL. */
enum lk_trust lk_trusted_keys_judge(const struct lk_trusted_keys *keys,
	const struct lk_signature *signature, lk_str message, uint64_t now,
	const struct lk_trusted_key **ret_key);

#endif

/*
 * SHA-256, SHA-512 and MD5, in one go or as bytes pass by. (libcrypto behind it.)
 *
 * MD5 is only ever compared where a channel has nothing better; it is never a reason to trust.
 */
#ifndef LK_BASE_DIGEST_H
#define LK_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/str.h"

#define LK_SHA256_LEN 32
#define LK_SHA512_LEN 64
#define LK_MD5_LEN 16
#define LK_HEX_MAX (2 * LK_SHA256_LEN + 1)

struct lk_sha256 {
	unsigned char bytes[LK_SHA256_LEN];
};
struct lk_md5 {
	unsigned char bytes[LK_MD5_LEN];
};

enum lk_digest_kind {
	LK_DIGEST_SHA256,
	LK_DIGEST_MD5,
	LK_DIGEST_SHA512,
};

struct lk_digest;

/* Lost memory and a libcrypto without the algorithm end the run (base/mem.h): nothing here fails
 * otherwise but the reading of files. */
struct lk_digest *lk_digest_new(enum lk_digest_kind kind) LK_MUST_USE;
void lk_digest_free(struct lk_digest *digest);
void lk_digest_free_p(struct lk_digest **digest);
void lk_digest_update(struct lk_digest *digest, const void *bytes, size_t len);
/* Writes the 32, 64 or 16 bytes to OUT; the digest can then be freed or started again. */
void lk_digest_final(struct lk_digest *digest, unsigned char *out);
void lk_digest_restart(struct lk_digest *digest);

/* Adds FD from its start (pread; the offset does not move) to its end. NAME is for errors. ret_size
 * (bytes) may be NULL. LK_E_FS on a read error. */
int lk_digest_fd(struct lk_digest *digest, int fd, const char *name, uint64_t *ret_size,
	struct lk_error *err) LK_MUST_USE;

struct lk_sha256 lk_sha256_of(const void *bytes, size_t len);
/* The same for one SHA-256. */
int lk_sha256_fd(int fd, const char *name, struct lk_sha256 *ret, uint64_t *ret_size,
	struct lk_error *err) LK_MUST_USE;

/* For a program that runs on hosts it was not built on: libcrypto does not read the host's
 * openssl.cnf, which may name modules that are not ours. Before anything else of this header, once.
 */
void lk_digest_ignore_config(void);

static inline bool lk_sha256_eq(const struct lk_sha256 *a, const struct lk_sha256 *b)
{
	return memcmp(a->bytes, b->bytes, LK_SHA256_LEN) == 0;
}

#endif

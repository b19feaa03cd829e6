/*
 * Digests over libcrypto's EVP.
 */
#include "base/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

#define READ_CHUNK ((size_t)256 * 1024)

struct lk_digest {
	EVP_MD_CTX *ctx;
	EVP_MD *md;
};

/* libcrypto fails here only when it lacks memory or was built or configured without the algorithm.
 */
static void check(int ok)
{
	if (ok != 1) {
		lk_die("libcrypto refuses to compute a digest");
	}
}

void lk_digest_ignore_config(void)
{
	check(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL));
}

struct lk_digest *lk_digest_new(enum lk_digest_kind kind)
{
	static const char *const names[] = {
		[LK_DIGEST_SHA256] = "SHA2-256",
		[LK_DIGEST_MD5] = "MD5",
		[LK_DIGEST_SHA512] = "SHA2-512",
	};
	struct lk_digest *digest = lk_calloc(1, sizeof(*digest));
	/* "-fips": MD5 compares what a channel says, it protects nothing. */
	digest->md = EVP_MD_fetch(NULL, names[kind], "-fips");
	digest->ctx = EVP_MD_CTX_new();
	check(digest->md && digest->ctx);
	lk_digest_restart(digest);
	return digest;
}

void lk_digest_free(struct lk_digest *digest)
{
	if (digest) {
		EVP_MD_CTX_free(digest->ctx);
		EVP_MD_free(digest->md);
		lk_free(digest);
	}
}

void lk_digest_free_p(struct lk_digest **digest)
{
	lk_digest_free(LK_STEAL(*digest));
}

void lk_digest_update(struct lk_digest *digest, const void *bytes, size_t len)
{
	check(EVP_DigestUpdate(digest->ctx, bytes, len));
}

void lk_digest_final(struct lk_digest *digest, unsigned char *out)
{
	check(EVP_DigestFinal_ex(digest->ctx, out, NULL));
}

void lk_digest_restart(struct lk_digest *digest)
{
	check(EVP_DigestInit_ex2(digest->ctx, digest->md, NULL));
}

struct lk_sha256 lk_sha256_of(const void *bytes, size_t len)
{
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	struct lk_sha256 result = {{0}};
	lk_digest_update(digest, bytes, len);
	lk_digest_final(digest, result.bytes);
	return result;
}

int lk_digest_fd(struct lk_digest *digest, int fd, const char *name, uint64_t *ret_size,
	struct lk_error *err)
{
	char *LK_AUTO_FREE chunk = lk_reallocarray(NULL, READ_CHUNK, 1);
	uint64_t size = 0;
	for (;;) {
		ssize_t got = TEMP_FAILURE_RETRY(pread(fd, chunk, READ_CHUNK, (off_t)size));
		if (got < 0) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", name);
		}
		if (got == 0) {
			break;
		}
		lk_digest_update(digest, chunk, (size_t)got);
		size += (uint64_t)got;
	}
	if (ret_size) {
		*ret_size = size;
	}
	return LK_OK;
}

int lk_sha256_fd(
	int fd, const char *name, struct lk_sha256 *ret, uint64_t *ret_size, struct lk_error *err)
{
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	int rc = lk_digest_fd(digest, fd, name, ret_size, err);
	if (rc == LK_OK) {
		lk_digest_final(digest, ret->bytes);
	}
	return rc;
}

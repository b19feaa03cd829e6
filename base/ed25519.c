/*
 * Ed25519 over libcrypto's EVP.
 */
#include "base/ed25519.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/mem.h"

/* "-fips": a host that is configured for FIPS still has the algorithm in the default provider. */
#define PROPERTIES "-fips"

static void check(int ok)
{
	if (ok != 1) {
		lk_die("libcrypto refuses to compute an Ed25519 signature");
	}
}

static EVP_PKEY *private_key(const struct lk_ed25519_seed *seed)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(
		NULL, "ED25519", PROPERTIES, seed->bytes, sizeof(seed->bytes));
	check(key != NULL);
	return key;
}

static EVP_MD_CTX *new_context(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	check(ctx != NULL);
	return ctx;
}

struct lk_ed25519_key lk_ed25519_public(const struct lk_ed25519_seed *seed)
{
	EVP_PKEY *key = private_key(seed);
	struct lk_ed25519_key public;
	size_t len = sizeof(public.bytes);
	check(EVP_PKEY_get_raw_public_key(key, public.bytes, &len));
	EVP_PKEY_free(key);
	return public;
}

struct lk_ed25519_signature lk_ed25519_sign(
	const struct lk_ed25519_seed *seed, const void *bytes, size_t len)
{
	EVP_PKEY *key = private_key(seed);
	EVP_MD_CTX *ctx = new_context();
	struct lk_ed25519_signature signature;
	size_t size = sizeof(signature.bytes);
	check(EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, PROPERTIES, key, NULL));
	check(EVP_DigestSign(ctx, signature.bytes, &size, bytes, len));
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return signature;
}

bool lk_ed25519_holds(const struct lk_ed25519_key *key,
	const struct lk_ed25519_signature *signature, const void *bytes, size_t len)
{
	EVP_PKEY *public = EVP_PKEY_new_raw_public_key_ex(
		NULL, "ED25519", PROPERTIES, key->bytes, sizeof(key->bytes));
	check(public != NULL);
	EVP_MD_CTX *ctx = new_context();
	check(EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, PROPERTIES, public, NULL));
	bool holds =
		EVP_DigestVerify(ctx, signature->bytes, sizeof(signature->bytes), bytes, len) == 1;
	ERR_clear_error(); /* a refusal leaves a record of it */
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(public);
	return holds;
}

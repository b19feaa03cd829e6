/*
 * Public Ed25519 keys.
 */
#include "store/public_key.h"

#include "base/base64.h"
#include "base/digest.h"
#include "store/ssh_wire.h"

/* DER of a SubjectPublicKeyInfo up to the key: a sequence of the algorithm 1.3.101.112 and a bit
 * string. Nothing in it can vary. */
static const char spki_start[] = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

static bool key_from(lk_str bytes, struct lk_ed25519_key *ret)
{
	if (bytes.len != sizeof(ret->bytes)) {
		return false;
	}
	memcpy(ret->bytes, bytes.ptr, sizeof(ret->bytes));
	return true;
}

bool lk_public_key_from_ssh(lk_str blob, struct lk_ed25519_key *ret)
{
	struct lk_ssh_wire wire = {.rest = blob};
	lk_str type = lk_ssh_string(&wire);
	lk_str key = lk_ssh_string(&wire);
	return lk_ssh_is_whole(&wire) && lk_str_is(type, LK_SSH_ED25519) && key_from(key, ret);
}

void lk_public_key_put_ssh(struct lk_buf *out, const struct lk_ed25519_key *key)
{
	lk_ssh_put_string(out, LK_SSH_ED25519, strlen(LK_SSH_ED25519));
	lk_ssh_put_string(out, key->bytes, sizeof(key->bytes));
}

bool lk_public_key_from_spki(lk_str der, struct lk_ed25519_key *ret)
{
	lk_str start = lk_str_n(spki_start, sizeof(spki_start) - 1);
	return lk_str_starts(der, start) && key_from(lk_str_skip(der, start.len), ret);
}

lk_str lk_ssh_key_type(lk_str blob)
{
	struct lk_ssh_wire wire = {.rest = blob};
	return lk_ssh_string(&wire);
}

void lk_ssh_fingerprint(lk_str blob, char ret[LK_FINGERPRINT_MAX])
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_FINGERPRINT_MAX);
	struct lk_sha256 digest = lk_sha256_of(blob.ptr, blob.len);
	lk_buf_puts(&text, "SHA256:");
	lk_base64_put(&text, digest.bytes, sizeof(digest.bytes));
	lk_buf_truncate(&text, LK_FINGERPRINT_MAX - 1); /* without the padding */
	memcpy(ret, lk_buf_cstr(&text), LK_FINGERPRINT_MAX);
}

void lk_public_key_fingerprint(const struct lk_ed25519_key *key, char ret[LK_FINGERPRINT_MAX])
{
	struct lk_buf LK_CLEANUP(lk_buf_done) blob = LK_BUF_INIT(64);
	lk_public_key_put_ssh(&blob, key);
	lk_ssh_fingerprint(lk_buf_view(&blob), ret);
}

/*
 * Detached signatures.
 */
#include "store/signature.h"

#include "store/pem.h"
#include "store/public_key.h"
#include "store/ssh_wire.h"

#define MAGIC "SSHSIG"
#define VERSION 1
#define LABEL "SSH SIGNATURE"
#define LINE_WIDTH 70 /* as ssh-keygen */
#define MAX_SIGNED_BYTES ((size_t)LK_SIGNATURE_MAX_BYTES + 1024)

static const struct {
	const char *name;
	enum lk_digest_kind kind;
	size_t len;
} hashes[] = {
	{"sha512", LK_DIGEST_SHA512, LK_SHA512_LEN},
	{"sha256", LK_DIGEST_SHA256, LK_SHA256_LEN},
};

static int refuse(struct lk_error *err, const char *name, const char *what)
{
	lk_fail(err, LK_E_INTEGRITY, "the signature '%s' %s", name, what);
	lk_error_hint(err,
		"sign with 'lockenv pack --sign KEY', with 'ssh-keygen -Y sign -n "
		"lockenv', or with 'openssl pkeyutl -sign -rawin'");
	return LK_E_INTEGRITY;
}

static bool find_hash(lk_str name, enum lk_digest_kind *ret)
{
	for (size_t i = 0; i < LK_COUNTOF(hashes); i++) {
		if (lk_str_is(name, hashes[i].name)) {
			*ret = hashes[i].kind;
			return true;
		}
	}
	return false;
}

/* The inner blob: the key's type again, and the 64 bytes. */
static bool take_bytes(lk_str blob, struct lk_ed25519_signature *ret)
{
	struct lk_ssh_wire wire = {.rest = blob};
	lk_str type = lk_ssh_string(&wire);
	lk_str bytes = lk_ssh_string(&wire);
	if (!lk_ssh_is_whole(&wire) || !lk_str_is(type, LK_SSH_ED25519) ||
		bytes.len != sizeof(ret->bytes)) {
		return false;
	}
	memcpy(ret->bytes, bytes.ptr, sizeof(ret->bytes));
	return true;
}

static int other_type(struct lk_error *err, const char *name, lk_str key)
{
	char fingerprint[LK_FINGERPRINT_MAX];
	lk_str type = lk_ssh_key_type(key);
	if (type.len == 0) {
		return refuse(err, name, "names no key");
	}
	lk_ssh_fingerprint(key, fingerprint);
	lk_fail(err, LK_E_INTEGRITY,
		"the signature '%s' is by the key %s of type '" LK_STR_FMT "', not " LK_SSH_ED25519,
		name, fingerprint, LK_STR_ARG(type));
	lk_error_hint(err, "sign with a key that 'ssh-keygen -t ed25519' made");
	return LK_E_INTEGRITY;
}

static int other_namespace(struct lk_error *err, const char *name, lk_str space)
{
	lk_fail(err, LK_E_INTEGRITY,
		"the signature '%s' is for '" LK_STR_FMT "', not for '" LK_SIGNATURE_NAMESPACE "'",
		name, LK_STR_ARG(space));
	lk_error_hint(err, "sign with 'ssh-keygen -Y sign -n " LK_SIGNATURE_NAMESPACE "'");
	return LK_E_INTEGRITY;
}

static int parse_blob(lk_str blob, const char *name, struct lk_arena *arena,
	struct lk_signature *ret, struct lk_error *err)
{
	struct lk_ssh_wire wire = {.rest = blob};
	lk_str magic = lk_ssh_bytes(&wire, strlen(MAGIC));
	uint32_t version = lk_ssh_u32(&wire);
	lk_str key = lk_ssh_string(&wire);
	lk_str space = lk_ssh_string(&wire);
	lk_str reserved = lk_ssh_string(&wire);
	lk_str hash = lk_ssh_string(&wire);
	lk_str bytes = lk_ssh_string(&wire);
	if (!lk_ssh_is_whole(&wire) || !lk_str_is(magic, MAGIC)) {
		return refuse(err, name, "is damaged");
	}
	if (version != VERSION) {
		return refuse(err, name, "is of a version that is not known here");
	}
	if (!lk_str_is(lk_ssh_key_type(key), LK_SSH_ED25519)) {
		return other_type(err, name, key);
	}
	if (!lk_str_is(space, LK_SIGNATURE_NAMESPACE)) {
		return other_namespace(err, name, space);
	}
	if (!find_hash(hash, &ret->hash)) {
		return refuse(err, name, "uses a hash that is not known here");
	}
	if (!lk_public_key_from_ssh(key, &ret->key) || !take_bytes(bytes, &ret->bytes)) {
		return refuse(err, name, "is damaged");
	}
	ret->reserved = lk_str_dup(arena, reserved);
	ret->is_ssh = true;
	return 0;
}

static int parse_armour(lk_str text, const char *name, struct lk_arena *arena,
	struct lk_signature *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) blob = LK_BUF_INIT(LK_SIGNATURE_MAX_BYTES);
	struct lk_lines lines = lk_lines_of(text);
	lk_str line;
	lk_str label;
	if (!lk_lines_next(&lines, &line) || !lk_pem_begins(line, &label) ||
		!lk_str_is(label, LABEL)) {
		return refuse(err, name, "is neither 64 bytes nor an " LABEL);
	}
	if (lk_pem_body(&lines, name, label, &blob, err) < 0 || lines.rest.len > 0) {
		return refuse(err, name, "is damaged");
	}
	return parse_blob(lk_buf_view(&blob), name, arena, ret, err);
}

int lk_signature_parse(lk_str text, const char *name, struct lk_arena *arena,
	struct lk_signature *ret, struct lk_error *err)
{
	struct lk_signature signature = {.is_ssh = false};
	int rc = 0;
	if (text.len == sizeof(signature.bytes)) {
		memcpy(signature.bytes.bytes, text.ptr, sizeof(signature.bytes));
	} else {
		rc = parse_armour(text, name, arena, &signature, err);
	}
	if (rc == 0) {
		*ret = signature;
	}
	return rc;
}

/* What ssh-keygen signs in the place of MESSAGE: where it is for, and its hash. */
static void put_signed(
	struct lk_buf *out, enum lk_digest_kind kind, lk_str reserved, lk_str message)
{
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(kind);
	unsigned char bytes[LK_SHA512_LEN];
	lk_digest_update(digest, message.ptr, message.len);
	lk_digest_final(digest, bytes);
	lk_buf_puts(out, MAGIC);
	lk_ssh_put_string(out, LK_SIGNATURE_NAMESPACE, strlen(LK_SIGNATURE_NAMESPACE));
	lk_ssh_put_string(out, reserved.ptr, reserved.len);
	for (size_t i = 0; i < LK_COUNTOF(hashes); i++) {
		if (hashes[i].kind == kind) {
			lk_ssh_put_string(out, hashes[i].name, strlen(hashes[i].name));
			lk_ssh_put_string(out, bytes, hashes[i].len);
		}
	}
}

bool lk_signature_holds(
	const struct lk_signature *signature, const struct lk_ed25519_key *key, lk_str message)
{
	if (!signature->is_ssh) {
		return lk_ed25519_holds(key, &signature->bytes, message.ptr, message.len);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_SIGNED_BYTES);
	put_signed(&text, signature->hash, signature->reserved, message);
	return lk_ed25519_key_eq(key, &signature->key) &&
		lk_ed25519_holds(key, &signature->bytes, text.ptr, text.len);
}

static void put_ssh(struct lk_buf *out, const struct lk_sign_key *key, lk_str message)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_SIGNED_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) part = LK_BUF_INIT(256);
	struct lk_buf LK_CLEANUP(lk_buf_done) blob = LK_BUF_INIT(1024);
	put_signed(&text, LK_DIGEST_SHA512, LK_STR(""), message);
	struct lk_ed25519_signature bytes = lk_ed25519_sign(&key->seed, text.ptr, text.len);
	lk_buf_puts(&blob, MAGIC);
	lk_ssh_put_u32(&blob, VERSION);
	lk_public_key_put_ssh(&part, &key->public);
	lk_ssh_put_string(&blob, part.ptr, part.len);
	lk_ssh_put_string(&blob, LK_SIGNATURE_NAMESPACE, strlen(LK_SIGNATURE_NAMESPACE));
	lk_ssh_put_string(&blob, NULL, 0);
	lk_ssh_put_string(&blob, "sha512", strlen("sha512"));
	lk_buf_clear(&part);
	lk_ssh_put_string(&part, LK_SSH_ED25519, strlen(LK_SSH_ED25519));
	lk_ssh_put_string(&part, bytes.bytes, sizeof(bytes.bytes));
	lk_ssh_put_string(&blob, part.ptr, part.len);
	lk_pem_put(out, LABEL, LINE_WIDTH, lk_buf_view(&blob));
}

void lk_signature_put(struct lk_buf *out, const struct lk_sign_key *key, lk_str message)
{
	if (key->is_ssh) {
		put_ssh(out, key, message);
		return;
	}
	struct lk_ed25519_signature bytes = lk_ed25519_sign(&key->seed, message.ptr, message.len);
	lk_buf_append(out, bytes.bytes, sizeof(bytes.bytes));
}

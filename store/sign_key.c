/*
 * Private Ed25519 keys.
 */
#include "store/sign_key.h"

#include <sys/stat.h>

#include "base/fs.h"
#include "store/pem.h"
#include "store/public_key.h"
#include "store/ssh_wire.h"

#define SSH_MAGIC "openssh-key-v1"
#define SSH_BLOCK 8 /* what a section without cipher is padded to */

/* DER of a private key up to its seed (RFC 8410, section 7): version 1, and version 2, which has
 * the public key behind the seed. Nothing in it can vary. */
static const char pkcs8_v1[] = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
static const char pkcs8_v2[] = "\x30\x51\x02\x01\x01\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
static const char pkcs8_public[] = "\x81\x21\x00";

void lk_sign_key_wipe(struct lk_sign_key *key)
{
	explicit_bzero(key, sizeof(*key));
}

static int no_key(struct lk_error *err, const char *name, unsigned line, const char *what)
{
	lk_fail_at(err, name, line, line ? 1 : 0, "%s", what);
	lk_error_hint(err,
		"give a private Ed25519 key, as 'openssl genpkey -algorithm ed25519' or "
		"'ssh-keygen -t ed25519' writes it");
	return LK_E_FORMAT;
}

static int locked_key(struct lk_error *err, const char *name, unsigned line)
{
	lk_fail_at(err, name, line, 1, "the key is under a passphrase, which is never asked for");
	lk_error_hint(err,
		"sign with 'ssh-keygen -Y sign -n lockenv' or 'openssl pkeyutl -sign "
		"-rawin', which ask, or give a key without one");
	return LK_E_FORMAT;
}

static void take_seed(struct lk_sign_key *key, lk_str seed)
{
	memcpy(key->seed.bytes, seed.ptr, sizeof(key->seed.bytes));
	key->public = lk_ed25519_public(&key->seed);
}

static bool is_public(const struct lk_sign_key *key, lk_str bytes)
{
	return lk_str_eq(
		bytes, lk_str_n((const char *)key->public.bytes, sizeof(key->public.bytes)));
}

static bool parse_pkcs8(lk_str der, struct lk_sign_key *ret)
{
	struct lk_ssh_wire wire = {.rest = der};
	lk_str start = lk_ssh_bytes(&wire, sizeof(pkcs8_v1) - 1);
	lk_str seed = lk_ssh_bytes(&wire, LK_ED25519_KEY_LEN);
	if (wire.bad) {
		return false;
	}
	take_seed(ret, seed);
	if (memcmp(start.ptr, pkcs8_v1, start.len) == 0) {
		return lk_ssh_is_whole(&wire);
	}
	lk_str between = lk_ssh_bytes(&wire, sizeof(pkcs8_public) - 1);
	lk_str public = lk_ssh_bytes(&wire, LK_ED25519_KEY_LEN);
	return memcmp(start.ptr, pkcs8_v2, start.len) == 0 && lk_ssh_is_whole(&wire) &&
		memcmp(between.ptr, pkcs8_public, between.len) == 0 && is_public(ret, public);
}

/* The section that a passphrase would cover: twice a number, the key, a comment, 1, 2, 3 … */
static bool parse_ssh_section(lk_str section, struct lk_sign_key *ret)
{
	struct lk_ssh_wire wire = {.rest = section};
	uint32_t first = lk_ssh_u32(&wire);
	uint32_t second = lk_ssh_u32(&wire);
	lk_str type = lk_ssh_string(&wire);
	lk_str public = lk_ssh_string(&wire);
	lk_str private = lk_ssh_string(&wire);
	(void)lk_ssh_string(&wire); /* the comment */
	if (wire.bad || first != second || !lk_str_is(type, LK_SSH_ED25519) ||
		private.len != 2 * sizeof(ret->public.bytes) || wire.rest.len >= SSH_BLOCK ||
		section.len % SSH_BLOCK != 0) {
		return false;
	}
	for (size_t i = 0; i < wire.rest.len; i++) {
		if (wire.rest.ptr[i] != (char)(i + 1)) {
			return false;
		}
	}
	take_seed(ret, private);
	return is_public(ret, public) && is_public(ret, lk_str_skip(private, LK_ED25519_KEY_LEN));
}

/* ssh-keygen's form, as OpenSSH's PROTOCOL.key has it. */
static int parse_ssh(
	lk_str blob, const char *name, unsigned line, struct lk_sign_key *ret, struct lk_error *err)
{
	struct lk_ssh_wire wire = {.rest = blob};
	lk_str magic = lk_ssh_bytes(&wire, sizeof(SSH_MAGIC));
	lk_str cipher = lk_ssh_string(&wire);
	lk_str kdf = lk_ssh_string(&wire);
	lk_str kdf_options = lk_ssh_string(&wire);
	uint32_t n_keys = lk_ssh_u32(&wire);
	lk_str public = lk_ssh_string(&wire);
	lk_str section = lk_ssh_string(&wire);
	if (!lk_ssh_is_whole(&wire) || memcmp(magic.ptr, SSH_MAGIC, magic.len) != 0 ||
		n_keys != 1) {
		return no_key(err, name, line, "what begins here is no key of ssh-keygen");
	}
	if (!lk_str_is(lk_ssh_key_type(public), LK_SSH_ED25519)) {
		return no_key(err, name, line, "the key is not of the type ssh-ed25519");
	}
	if (!lk_str_is(cipher, "none")) {
		return locked_key(err, name, line);
	}
	struct lk_ed25519_key outer;
	if (!lk_str_is(kdf, "none") || kdf_options.len > 0 || !parse_ssh_section(section, ret) ||
		!lk_public_key_from_ssh(public, &outer) ||
		!lk_ed25519_key_eq(&outer, &ret->public)) {
		return no_key(err, name, line, "what begins here is no sound key of ssh-keygen");
	}
	ret->is_ssh = true;
	return 0;
}

static int parse_block(lk_str label, lk_str bytes, const char *name, unsigned line,
	struct lk_sign_key *ret, struct lk_error *err)
{
	if (lk_str_is(label, "OPENSSH PRIVATE KEY")) {
		return parse_ssh(bytes, name, line, ret, err);
	}
	return parse_pkcs8(bytes, ret) ? 0 : no_key(err, name, line, "the key is no Ed25519 key");
}

/* Of a block that is not looked into: why not. 0 when it may be a key. */
static int check_label(lk_str label, const char *name, unsigned line, struct lk_error *err)
{
	if (lk_str_is(label, "PRIVATE KEY") || lk_str_is(label, "OPENSSH PRIVATE KEY")) {
		return 0;
	}
	if (lk_str_is(label, "ENCRYPTED PRIVATE KEY")) {
		return locked_key(err, name, line);
	}
	if (lk_str_ends(label, LK_STR("PUBLIC KEY"))) {
		return no_key(err, name, line, "this is a public key, which cannot sign");
	}
	return no_key(err, name, line,
		lk_str_ends(label, LK_STR("PRIVATE KEY")) ? "the key is no Ed25519 key"
							  : "what begins here is no private key");
}

/* Only white space is left. */
static bool is_at_end(struct lk_lines *lines)
{
	lk_str line;
	while (lk_lines_next(lines, &line)) {
		if (lk_str_trim(line).len > 0) {
			return false;
		}
	}
	return true;
}

int lk_sign_key_parse(lk_str text, const char *name, struct lk_sign_key *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_wipe) bytes = LK_BUF_INIT(LK_SIGN_KEY_MAX_BYTES);
	struct lk_sign_key LK_CLEANUP(lk_sign_key_wipe) key = {.is_ssh = false};
	struct lk_lines lines = lk_lines_of(text);
	lk_str line;
	lk_str label = {NULL, 0};
	(void)lk_buf_room(
		&bytes, text.len < LK_SIGN_KEY_MAX_BYTES ? text.len : LK_SIGN_KEY_MAX_BYTES);
	while (lk_lines_next(&lines, &line) && !lk_pem_begins(line, &label)) {
	}
	if (label.len == 0) {
		bool public = lk_str_starts(lk_str_trim(text), LK_STR(LK_SSH_ED25519 " "));
		return no_key(err, name, 0,
			public ? "this is a public key, which cannot sign"
			       : "there is no private key in it");
	}
	unsigned begin = lines.number;
	int rc = check_label(label, name, begin, err);
	if (rc == 0) {
		rc = lk_pem_body(&lines, name, label, &bytes, err);
	}
	if (rc == 0) {
		rc = parse_block(label, lk_buf_view(&bytes), name, begin, &key, err);
	}
	if (rc == 0 && !is_at_end(&lines)) {
		rc = no_key(err, name, lines.number, "there is more than one key in it");
	}
	if (rc == 0) {
		*ret = key;
	}
	return rc;
}

int lk_sign_key_read(
	const char *path, struct lk_sign_key *ret, bool *ret_open, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_wipe) text = LK_BUF_INIT(LK_SIGN_KEY_MAX_BYTES);
	struct stat st;
	(void)lk_buf_room(&text, LK_SIGN_KEY_MAX_BYTES);
	bool open = stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0;
	int rc = lk_fs_read_file(AT_FDCWD, path, &text, err);
	if (rc == LK_E_NOT_FOUND) {
		return no_key(err, path, 0, "there is no such file");
	}
	if (rc == 0) {
		rc = lk_sign_key_parse(lk_buf_view(&text), path, ret, err);
	}
	if (rc == 0 && ret_open) {
		*ret_open = open;
	}
	return rc;
}

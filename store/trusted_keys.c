/*
 * The keys whose signatures count.
 */
#include "store/trusted_keys.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/fs.h"
#include "store/pem.h"
#include "store/public_key.h"

#define BLOB_MAX_BYTES ((size_t)16 << 10)

/* What a line asks for. */
struct options {
	bool elsewhere; /* for certificates, or not for our namespace */
	uint64_t valid_after, valid_before;
};

struct reading {
	struct lk_trusted_keys *keys;
	const char *name;
	struct lk_lines lines;
	lk_str line; /* the one at hand */
	struct lk_error *err;
};

void lk_trusted_keys_done(struct lk_trusted_keys *keys)
{
	lk_vec_done(keys);
	lk_arena_done(&keys->arena);
}

/* AT: a part of the line at hand. */
static int fail(const struct reading *r, lk_str at, const char *hint, const char *what)
{
	unsigned column = at.ptr ? (unsigned)(at.ptr - r->line.ptr) + 1 : 1;
	lk_fail_at(r->err, r->name, r->lines.number, column, "%s", what);
	lk_error_excerpt(r->err, r->line);
	lk_error_hint(r->err, "%s", hint);
	return LK_E_FORMAT;
}

/* The part of *REST up to the next space that is not between double quotes. */
static lk_str take_word(lk_str *rest)
{
	*rest = lk_str_trim(*rest);
	size_t len = 0;
	bool quoted = false;
	while (len < rest->len && (quoted || !lk_is_space(rest->ptr[len]))) {
		quoted ^= rest->ptr[len++] == '"';
	}
	lk_str word = lk_str_slice(*rest, 0, len);
	*rest = lk_str_trim(lk_str_skip(*rest, len));
	return word;
}

/* A key type that SSH knows; only one counts. */
static bool is_key_type(lk_str word)
{
	static const char *const others[] = {"ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256",
		"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com",
		"sk-ecdsa-sha2-nistp256@openssh.com"};
	for (size_t i = 0; i < LK_COUNTOF(others); i++) {
		if (lk_str_is(word, others[i])) {
			return true;
		}
	}
	return lk_str_is(word, LK_SSH_ED25519) ||
		lk_str_ends(word, LK_STR("-cert-v01@openssh.com"));
}

/* Digits of a time: 8 for a day, 12 or 14 with the time of day. */
static bool parse_time(lk_str text, uint64_t *ret)
{
	static const uint64_t after[] = {1000000, 100, 1}; /* what is not said */
	if (text.len < 9 || text.len > 15 || text.len == 11 || text.len % 2 == 0 ||
		text.ptr[text.len - 1] != 'Z') {
		return false;
	}
	uint64_t value = 0;
	if (!lk_str_to_u64(lk_str_slice(text, 0, text.len - 1), &value)) {
		return false;
	}
	value *= after[text.len == 9 ? 0 : (text.len - 11) / 2];
	*ret = value;
	return value / 100000000 % 100 - 1 < 12 && value / 1000000 % 100 - 1 < 31 &&
		value / 10000 % 100 < 24 && value / 100 % 100 < 60 && value % 100 < 60;
}

/* Is NAME for the patterns of LIST, as ssh-keygen reads them? -1: not understood. */
static int matches_list(lk_str list, lk_str name)
{
	int found = 0;
	lk_str pattern;
	while (lk_str_split(&list, ',', &pattern)) {
		bool negated = lk_str_starts(pattern, LK_STR("!"));
		if (lk_str_find_char(pattern, '?') != SIZE_MAX) {
			return -1;
		}
		if (lk_str_glob(lk_str_skip(pattern, negated), name, false)) {
			if (negated) {
				return 0;
			}
			found = 1;
		}
	}
	return found;
}

static int take_option(const struct reading *r, lk_str option, struct options *ret)
{
	static const char time_hint[] = "write it as UTC: \"20300131Z\" or \"20300131235959Z\"";
	size_t at = lk_str_find_char(option, '=');
	lk_str name = lk_str_slice(option, 0, at);
	lk_str value = at == SIZE_MAX ? (lk_str){NULL, 0} : lk_str_skip(option, at + 1);
	if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"') {
		value = lk_str_slice(value, 1, value.len - 1);
	}
	if (lk_str_eq_nocase(name, LK_STR("cert-authority")) && at == SIZE_MAX) {
		ret->elsewhere = true;
		return 0;
	}
	if (lk_str_eq_nocase(name, LK_STR("namespaces")) && value.len > 0) {
		int found = matches_list(value, LK_STR(LK_SIGNATURE_NAMESPACE));
		ret->elsewhere = ret->elsewhere || found == 0;
		return found >= 0 ? 0
				  : fail(r, option, "write the namespaces out, or use '*'",
					    "a pattern with '?' is not understood here");
	}
	if (lk_str_eq_nocase(name, LK_STR("valid-after"))) {
		return parse_time(value, &ret->valid_after)
			? 0
			: fail(r, option, time_hint, "the time is not understood");
	}
	if (lk_str_eq_nocase(name, LK_STR("valid-before"))) {
		return parse_time(value, &ret->valid_before)
			? 0
			: fail(r, option, time_hint, "the time is not understood");
	}
	return fail(r, option,
		"known are namespaces=, valid-after=, valid-before= and cert-authority",
		"this option of a key is not understood");
}

/* Options stand between commas outside double quotes. */
static int take_options(const struct reading *r, lk_str text, struct options *ret)
{
	int rc = 0;
	while (rc == 0 && text.len > 0) {
		size_t len = 0;
		bool quoted = false;
		while (len < text.len && (quoted || text.ptr[len] != ',')) {
			quoted ^= text.ptr[len++] == '"';
		}
		if (quoted) {
			return fail(r, text, "close the double quotes", "the quotes have no end");
		}
		rc = take_option(r, lk_str_slice(text, 0, len), ret);
		text = lk_str_skip(text, len + 1);
	}
	return rc;
}

static void push(struct reading *r, const struct lk_ed25519_key *key, lk_str owner,
	const struct options *options)
{
	struct lk_trusted_key trusted = {
		.key = *key,
		.owner = lk_str_dup(&r->keys->arena, owner),
		.valid_after = options->valid_after,
		.valid_before = options->valid_before,
	};
	lk_vec_push(r->keys, trusted);
}

/* TYPE is known, REST begins with the key itself. */
static int take_key(struct reading *r, lk_str type, lk_str rest, lk_str principals,
	const struct options *options)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) blob = LK_BUF_INIT(BLOB_MAX_BYTES);
	struct lk_ed25519_key key;
	lk_str text = take_word(&rest);
	if (!lk_base64_decode(text, &blob) ||
		!lk_str_eq(lk_ssh_key_type(lk_buf_view(&blob)), type)) {
		return fail(r, text.len > 0 ? text : type, "copy the line from the .pub file again",
			"the key is damaged");
	}
	if (!lk_str_is(type, LK_SSH_ED25519)) {
		return 0;
	}
	if (!lk_public_key_from_ssh(lk_buf_view(&blob), &key)) {
		return fail(
			r, text, "copy the line from the .pub file again", "the key is damaged");
	}
	if (!options->elsewhere) {
		lk_str owner = principals.len > 0 ? principals : rest;
		push(r, &key, owner.len > 0 ? owner : lk_path_basename(lk_str_of(r->name)),
			options);
	}
	return 0;
}

static int parse_line(struct reading *r)
{
	struct options options = {.valid_before = UINT64_MAX};
	lk_str principals = {NULL, 0};
	lk_str rest = r->line;
	lk_str first = take_word(&rest);
	lk_str word = first;
	if (first.len == 0 || first.ptr[0] == '#') {
		return 0;
	}
	if (!is_key_type(word)) {
		principals = first;
		word = take_word(&rest);
	}
	if (!is_key_type(word) && rest.len > 0) {
		int rc = take_options(r, word, &options);
		if (rc < 0) {
			return rc;
		}
		word = take_word(&rest);
	}
	if (!is_key_type(word)) {
		return fail(r, first,
			"write it as in a .pub file: " LK_SSH_ED25519 " AAAA… comment",
			"there is no public key in this line");
	}
	return take_key(r, word, rest, principals, &options);
}

static int parse_block(struct reading *r, lk_str label)
{
	static const struct options options = {.valid_before = UINT64_MAX};
	static const char hint[] = "give Ed25519 keys: 'openssl pkey -in KEY -pubout'";
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT(BLOB_MAX_BYTES);
	struct lk_ed25519_key key;
	if (!lk_str_is(label, "PUBLIC KEY")) {
		return fail(r, r->line, hint, "what begins here is no public key");
	}
	unsigned begin = r->lines.number;
	int rc = lk_pem_body(&r->lines, r->name, label, &bytes, r->err);
	if (rc == 0 && !lk_public_key_from_spki(lk_buf_view(&bytes), &key)) {
		r->lines.number = begin;
		return fail(r, r->line, hint, "the key is no Ed25519 key");
	}
	if (rc == 0) {
		push(r, &key, lk_path_basename(lk_str_of(r->name)), &options);
	}
	return rc;
}

int lk_trusted_keys_parse(
	struct lk_trusted_keys *keys, lk_str text, const char *name, struct lk_error *err)
{
	struct reading r = {.keys = keys, .name = name, .lines = lk_lines_of(text), .err = err};
	lk_str label;
	int rc = 0;
	while (rc == 0 && lk_lines_next(&r.lines, &r.line)) {
		rc = lk_pem_begins(r.line, &label) ? parse_block(&r, label) : parse_line(&r);
	}
	return rc;
}

/* LK_E_INTEGRITY when others could have put what is there. A folder with the sticky bit lets them
 * add, not replace. */
static int check_writers(const char *path, bool is_folder, struct lk_error *err)
{
	struct stat st;
	struct statvfs fs;
	if (stat(path, &st) != 0) {
		return lk_fail_errno(err,
			errno == ENOENT || errno == ENOTDIR ? LK_E_NOT_FOUND : LK_E_FS, errno,
			"cannot look at '%s'", path);
	}
	if ((st.st_mode & 022) != 0 && !(is_folder && (st.st_mode & S_ISVTX) != 0)) {
		lk_fail(err, LK_E_INTEGRITY, "others can write '%s', which says whom to trust",
			path);
		lk_error_hint(err, "take that away: chmod go-w '%s'", path);
		return LK_E_INTEGRITY;
	}
	/* On a medium that nobody writes to, as in an image, owners mean nothing. */
	bool foreign = st.st_uid != 0 && st.st_uid != geteuid() &&
		(statvfs(path, &fs) != 0 || (fs.f_flag & ST_RDONLY) == 0);
	if (foreign) {
		lk_fail(err, LK_E_INTEGRITY,
			"'%s', which says whom to trust, belongs to the user %u, neither you nor "
			"root",
			path, (unsigned)st.st_uid);
		lk_error_hint(err, "make it your own: copy it, and look at what it says");
		return LK_E_INTEGRITY;
	}
	return 0;
}

static int check_place(const char *path, struct lk_error *err)
{
	lk_str dir = lk_path_dirname(lk_str_of(path));
	char *LK_AUTO_FREE folder =
		dir.len > 0 ? lk_strndup(dir.ptr, dir.len) : lk_strdup(path[0] == '/' ? "/" : ".");
	int rc = check_writers(path, false, err);
	return rc < 0 ? rc : check_writers(folder, true, err);
}

int lk_trusted_keys_read(struct lk_trusted_keys *keys, const char *path, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_TRUSTED_KEYS_MAX_BYTES);
	int rc = check_place(path, err);
	if (rc == 0) {
		rc = lk_fs_read_file(AT_FDCWD, path, &text, err);
	}
	return rc < 0 ? rc : lk_trusted_keys_parse(keys, lk_buf_view(&text), path, err);
}

int lk_trusted_keys_read_folder(
	struct lk_trusted_keys *keys, const char *path, struct lk_error *err)
{
	struct lk_strs names = {0};
	int rc = lk_fs_list(AT_FDCWD, path, &keys->arena, &names, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		lk_str name = names.items[i];
		if (lk_str_ends(name, LK_STR(".pub")) || lk_str_ends(name, LK_STR(".pem"))) {
			rc = lk_trusted_keys_read(keys,
				lk_arena_printf(
					&keys->arena, "%s/" LK_STR_FMT, path, LK_STR_ARG(name)),
				err);
		}
	}
	lk_vec_done(&names);
	return rc;
}

static bool is_valid(const struct lk_trusted_key *key, uint64_t now)
{
	return key->valid_after <= now && now <= key->valid_before;
}

enum lk_trust lk_trusted_keys_judge(const struct lk_trusted_keys *keys,
	const struct lk_signature *signature, lk_str message, uint64_t now,
	const struct lk_trusted_key **ret_key)
{
	*ret_key = NULL;
	if (signature->is_ssh && !lk_signature_holds(signature, &signature->key, message)) {
		return LK_TRUST_BROKEN;
	}
	for (size_t i = 0; i < keys->len; i++) {
		const struct lk_trusted_key *key = &keys->items[i];
		if ((!*ret_key || is_valid(key, now)) &&
			lk_signature_holds(signature, &key->key, message)) {
			*ret_key = key;
			if (is_valid(key, now)) {
				return LK_TRUST_HOLDS;
			}
		}
	}
	if (*ret_key) {
		return LK_TRUST_EXPIRED;
	}
	return signature->is_ssh ? LK_TRUST_UNKNOWN : LK_TRUST_NONE;
}

/*
 * The state file of a prefix.
 */
#include "install/stamp.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"

#define FIRST_LINE "lockenv-state 2"
#define RECORD_KEY "record "
#define CHECK_BYTES (strlen("check ") + LK_HEX_MAX) /* of the last line */

static int add_record(struct lk_digest *digest, int meta_fd, lk_str name, struct lk_error *err)
{
	struct stat status;
	if (fstatat(meta_fd, name.ptr, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot look at 'conda-meta/%s'", name.ptr);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(1024);
	lk_buf_put(&line, name);
	lk_buf_putc(&line, '\0');
	lk_buf_appendf(&line, "%lld %lld.%09ld\n", (long long)status.st_size,
		(long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
	lk_digest_update(digest, line.ptr, line.len);
	return 0;
}

int lk_stamp_records(int meta_fd, struct lk_sha256 *ret, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	struct lk_strs names = {0};
	int rc = lk_fs_list(meta_fd, ".", &arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		if (lk_str_ends(names.items[i], LK_STR(".json"))) {
			rc = add_record(digest, meta_fd, names.items[i], err);
		}
	}
	lk_vec_done(&names);
	if (rc == 0) {
		lk_digest_final(digest, ret->bytes);
	}
	return rc;
}

void lk_stamp_add_record(struct lk_buf *lines, lk_str name, const struct lk_sha256 *sha256)
{
	char hex[LK_HEX_MAX];
	lk_hex(sha256->bytes, LK_SHA256_LEN, hex);
	lk_buf_appendf(lines, RECORD_KEY "%s " LK_STR_FMT "\n", hex, LK_STR_ARG(name));
}

bool lk_stamp_next_record(lk_str *rest, lk_str *ret_name, struct lk_sha256 *ret)
{
	const size_t hex = LK_HEX_MAX - 1;
	lk_str line;
	if (rest->len == 0 || !lk_str_split(rest, '\n', &line) ||
		!lk_str_starts(line, LK_STR(RECORD_KEY))) {
		return false;
	}
	line = lk_str_skip(line, strlen(RECORD_KEY));
	*ret_name = lk_str_skip(line, hex + 1);
	return line.len > hex + 1 && line.ptr[hex] == ' ' && lk_path_is_component(*ret_name) &&
		lk_unhex(lk_str_slice(line, 0, hex), ret->bytes, LK_SHA256_LEN);
}

static void put_hash(struct lk_buf *out, const char *key, const struct lk_sha256 *sha256)
{
	char hex[LK_HEX_MAX];
	lk_hex(sha256->bytes, LK_SHA256_LEN, hex);
	lk_buf_appendf(out, "%s %s\n", key, hex);
}

void lk_stamp_format(const struct lk_stamp *stamp, struct lk_buf *out)
{
	size_t start = out->len;
	lk_buf_puts(out, FIRST_LINE "\n");
	put_hash(out, "lock", &stamp->lock);
	put_hash(out, "records", &stamp->records);
	lk_buf_appendf(out, "platform " LK_STR_FMT "\nprefix " LK_STR_FMT "\n",
		LK_STR_ARG(stamp->subdir), LK_STR_ARG(stamp->prefix));
	lk_buf_appendf(out, "compile %d\nsymlinks %d\ntree " LK_STR_FMT "\n", stamp->compile,
		stamp->symlinks, LK_STR_ARG(stamp->tree_digest));
	lk_buf_appendf(out, "files %llu\nmode %o\n", (unsigned long long)stamp->files, stamp->mode);
	put_hash(out, "history", &stamp->history);
	lk_buf_put(out, stamp->record_lines);
	struct lk_sha256 check = lk_sha256_of(lk_buf_cstr(out) + start, out->len - start);
	put_hash(out, "check", &check);
}

/* Octal digits, as %o writes them. */
static bool get_mode(lk_str text, unsigned *ret)
{
	*ret = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '7') {
			return false;
		}
		*ret = 8 * *ret + (unsigned)(text.ptr[i] - '0');
	}
	return text.len > 0 && text.len <= 4;
}

static bool are_records(lk_str lines)
{
	lk_str name;
	struct lk_sha256 sha256;
	while (lines.len > 0) {
		if (!lk_stamp_next_record(&lines, &name, &sha256)) {
			return false;
		}
	}
	return true;
}

/* Is TEXT, its last line included, what we write of STAMP? */
static bool is_written(const struct lk_stamp *stamp, lk_str text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) written = LK_BUF_INIT(LK_STAMP_MAX);
	lk_stamp_format(stamp, &written);
	return !written.overflow && lk_str_eq(lk_buf_view(&written), text);
}

bool lk_stamp_parse(lk_str text, struct lk_stamp *ret)
{
	enum {
		LOCK,
		RECORDS,
		SUBDIR,
		PREFIX,
		COMPILE,
		SYMLINKS,
		TREE,
		FILES,
		MODE,
		HISTORY
	};
	static const char *const keys[] = {"lock ", "records ", "platform ", "prefix ", "compile ",
		"symlinks ", "tree ", "files ", "mode ", "history "};
	lk_str values[LK_COUNTOF(keys)];
	struct lk_stamp stamp = {0};
	struct lk_sha256 tree;
	const lk_str whole = text;
	lk_str line;
	text = lk_str_slice(text, 0, text.len > CHECK_BYTES ? text.len - CHECK_BYTES : 0);
	if (!lk_str_split(&text, '\n', &line) || !lk_str_is(line, FIRST_LINE)) {
		return false;
	}
	for (size_t i = 0; i < LK_COUNTOF(keys); i++) {
		if (!lk_str_split(&text, '\n', &line) || !lk_str_starts(line, lk_str_of(keys[i]))) {
			return false;
		}
		values[i] = lk_str_skip(line, strlen(keys[i]));
	}
	stamp.subdir = values[SUBDIR];
	stamp.prefix = values[PREFIX];
	stamp.compile = lk_str_is(values[COMPILE], "1");
	stamp.symlinks = lk_str_is(values[SYMLINKS], "1");
	stamp.tree_digest = values[TREE];
	stamp.record_lines = text;
	if (!are_records(text) || !get_mode(values[MODE], &stamp.mode) ||
		!lk_unhex(values[LOCK], stamp.lock.bytes, LK_SHA256_LEN) ||
		!lk_unhex(values[RECORDS], stamp.records.bytes, LK_SHA256_LEN) ||
		!lk_unhex(values[HISTORY], stamp.history.bytes, LK_SHA256_LEN) ||
		!lk_unhex(values[TREE], tree.bytes, LK_SHA256_LEN) ||
		!lk_str_to_u64(values[FILES], &stamp.files) || !is_written(&stamp, whole)) {
		return false;
	}
	*ret = stamp;
	return true;
}

int lk_stamp_load(int prefix_fd, struct lk_arena *arena, struct lk_stamp *ret, bool *ret_found,
	struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_STAMP_MAX);
	struct lk_sha256 records;
	struct lk_stamp found;
	int LK_AUTO_CLOSE meta = -1;
	*ret_found = false;
	int rc = lk_fs_open_beneath(prefix_fd, "conda-meta", O_RDONLY | O_DIRECTORY, 0, &meta, err);
	rc = rc < 0 ? rc : lk_fs_read_beneath(meta, LK_STAMP_NAME, &text, err);
	if (rc == LK_E_NOT_FOUND || rc == LK_E_FORMAT) {
		lk_error_clear(err);
		return 0;
	}
	if (rc < 0 || !lk_stamp_parse(lk_str_dup(arena, lk_buf_view(&text)), &found)) {
		return rc;
	}
	rc = lk_stamp_records(meta, &records, err);
	*ret_found = rc == 0 && lk_sha256_eq(&records, &found.records);
	*ret = found;
	return rc;
}

bool lk_stamp_read(int prefix_fd, struct lk_arena *arena, struct lk_stamp *ret)
{
	struct lk_error ignored = LK_ERROR_INIT;
	bool found;
	return lk_stamp_load(prefix_fd, arena, ret, &found, &ignored) == 0 && found;
}

bool lk_stamp_holds(int prefix_fd, const struct lk_stamp *want, struct lk_arena *arena,
	struct lk_stamp *ret_found)
{
	struct lk_stamp found;
	if (!lk_stamp_read(prefix_fd, arena, &found) || !lk_sha256_eq(&found.lock, &want->lock) ||
		!lk_str_eq(found.subdir, want->subdir) || !lk_str_eq(found.prefix, want->prefix) ||
		found.compile != want->compile) {
		return false;
	}
	*ret_found = found;
	return true;
}

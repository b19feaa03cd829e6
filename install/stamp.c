/*
 * The state file of a prefix.
 */
#include "install/stamp.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"

#define FIRST_LINE "lockenv-state 1"

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

void lk_stamp_format(const struct lk_stamp *stamp, struct lk_buf *out)
{
	char hex[LK_HEX_MAX];
	lk_hex(stamp->lock.bytes, LK_SHA256_LEN, hex);
	lk_buf_appendf(out, FIRST_LINE "\nlock %s\n", hex);
	lk_hex(stamp->records.bytes, LK_SHA256_LEN, hex);
	lk_buf_appendf(out, "records %s\nplatform " LK_STR_FMT "\nprefix " LK_STR_FMT "\n", hex,
		LK_STR_ARG(stamp->subdir), LK_STR_ARG(stamp->prefix));
	lk_buf_appendf(out, "compile %d\ntree " LK_STR_FMT "\nfiles %llu\n", stamp->compile,
		LK_STR_ARG(stamp->tree_digest), (unsigned long long)stamp->files);
}

bool lk_stamp_parse(lk_str text, struct lk_stamp *ret)
{
	static const char *const keys[] = {
		"lock ", "records ", "platform ", "prefix ", "compile ", "tree ", "files "};
	lk_str values[LK_COUNTOF(keys)];
	struct lk_stamp stamp = {0};
	lk_str line;
	if (!lk_str_ends(text, LK_STR("\n")) || !lk_str_split(&text, '\n', &line) ||
		!lk_str_is(line, FIRST_LINE)) {
		return false;
	}
	for (size_t i = 0; i < LK_COUNTOF(keys); i++) {
		if (!lk_str_split(&text, '\n', &line) || !lk_str_starts(line, lk_str_of(keys[i]))) {
			return false;
		}
		values[i] = lk_str_skip(line, strlen(keys[i]));
	}
	stamp.subdir = values[2];
	stamp.prefix = values[3];
	stamp.compile = lk_str_is(values[4], "1");
	stamp.tree_digest = values[5];
	if (text.len > 0 || !lk_unhex(values[0], stamp.lock.bytes, LK_SHA256_LEN) ||
		!lk_unhex(values[1], stamp.records.bytes, LK_SHA256_LEN) ||
		values[5].len != LK_HEX_MAX - 1 || !lk_str_to_u64(values[6], &stamp.files)) {
		return false;
	}
	*ret = stamp;
	return true;
}

bool lk_stamp_holds(int prefix_fd, const struct lk_stamp *want, struct lk_arena *arena,
	struct lk_stamp *ret_found)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_STAMP_MAX);
	struct lk_stamp found;
	struct lk_sha256 records;
	int LK_AUTO_CLOSE meta =
		openat(prefix_fd, "conda-meta", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (meta < 0 || lk_fs_read_beneath(meta, LK_STAMP_NAME, &text, &ignored) < 0 ||
		!lk_stamp_parse(lk_str_dup(arena, lk_buf_view(&text)), &found)) {
		return false;
	}
	if (!lk_sha256_eq(&found.lock, &want->lock) || !lk_str_eq(found.subdir, want->subdir) ||
		!lk_str_eq(found.prefix, want->prefix) || found.compile != want->compile ||
		lk_stamp_records(meta, &records, &ignored) < 0 ||
		!lk_sha256_eq(&records, &found.records)) {
		return false;
	}
	*ret_found = found;
	return true;
}

/*
 * Credentials files found, read and, when their modes let others read them, marked.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "fetch/credentials_priv.h"

static int read_text(const char *path, struct lk_buf *text, bool *ret_open, struct lk_error *err)
{
	struct stat st;
	int LK_AUTO_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		enum lk_code code = errno == ENOENT || errno == ENOTDIR ? LK_E_NOT_FOUND : LK_E_FS;
		return lk_fail_errno(err, code, errno, "cannot open '%s'", path);
	}
	*ret_open = S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
	for (;;) {
		char *room = lk_buf_room(text, 4096);
		ssize_t got = room ? read(fd, room, 4096) : 0;
		if (!room) {
			return lk_fail_at(err, path, 0, 0, "larger than %zu bytes",
				LK_CREDENTIALS_MAX - 4096);
		}
		if (got == 0) {
			return 0;
		}
		if (got < 0 && errno != EINTR) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", path);
		}
		text->len += got > 0 ? (size_t)got : 0;
	}
}

static int read_file(struct lk_credentials *credentials, enum lk_credentials_format format,
	const char *path, struct lk_error *err)
{
	struct lk_buf text LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(LK_CREDENTIALS_MAX);
	bool open = false;
	int rc = read_text(path, &text, &open, err);
	if (rc < 0) {
		return rc;
	}
	lk_credentials_begin(credentials, path, open);
	lk_str view = lk_buf_view(&text);
	switch (format) {
	case LK_CREDENTIALS_RATTLER:
		return lk_credentials_add_rattler(credentials, view, err);
	case LK_CREDENTIALS_MAMBA:
		return lk_credentials_add_mamba(credentials, view, err);
	case LK_CREDENTIALS_NETRC:
		return lk_credentials_add_netrc(credentials, view, err);
	case LK_CREDENTIALS_ANACONDA:
		return lk_credentials_add_anaconda(
			credentials, lk_path_basename(lk_str_of(path)), view, err);
	}
	return 0;
}

/* A place of which nothing is known is passed over; another may be told about. */
static void forgive(const struct lk_report *report, struct lk_error *err)
{
	if (err->code != LK_E_NOT_FOUND) {
		lk_warn(report, "%s%s%s: these credentials are not used", err->file,
			err->file[0] ? ": " : "", err->message);
	}
	lk_error_clear(err);
}

static int read_folder(struct lk_credentials *credentials, const char *path,
	const struct lk_report *report, struct lk_error *err)
{
	struct lk_strs names = {0};
	int rc = lk_fs_list(AT_FDCWD, path, &credentials->arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		if (lk_str_ends(names.items[i], LK_STR(".token"))) {
			const char *file = lk_arena_printf(&credentials->arena, "%s/" LK_STR_FMT,
				path, LK_STR_ARG(names.items[i]));
			if (read_file(credentials, LK_CREDENTIALS_ANACONDA, file, err) < 0) {
				forgive(report, err);
			}
		}
	}
	lk_vec_done(&names);
	return rc;
}

int lk_credentials_read(struct lk_credentials *credentials,
	const struct lk_credentials_place *places, size_t n, const struct lk_report *report,
	struct lk_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct lk_credentials_place *place = &places[i];
		int rc = place->format == LK_CREDENTIALS_ANACONDA
			? read_folder(credentials, place->path, report, err)
			: read_file(credentials, place->format, place->path, err);
		if (rc == LK_E_INTERRUPTED || (rc < 0 && place->asked_for)) {
			return rc == LK_E_NOT_FOUND
				? lk_fail(err, LK_E_USAGE, "there is no credentials file '%s'",
					  place->path)
				: rc;
		}
		if (rc < 0) {
			forgive(report, err);
		}
	}
	return 0;
}

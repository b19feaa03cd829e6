/*
 * Listing a prefix, then looking into its files, some at a time.
 */
#include "audit/prefix_walk.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/workers.h"

#define MAX_DEPTH 128
#define MAX_FILES 20000000u
#define CHUNK 256 /* files that one worker takes at a time */

struct walk {
	struct lk_survey *survey;
	struct lk_error *err;
	struct lk_buf path; /* of the folder, in the environment; ends in '/' unless empty */
	unsigned depth;
};

/* ---- listing ---- */

static void close_dir(DIR **dir)
{
	if (*dir) {
		closedir(*dir);
	}
}

static int fail(struct walk *w, const char *name)
{
	return lk_fail_errno(
		w->err, LK_E_FS, errno, "cannot read '%s%s'", lk_buf_cstr(&w->path), name);
}

static enum lk_survey_type type_of(int fd, const struct dirent *entry, bool *ret_known)
{
	unsigned char type = entry->d_type;
	struct stat st;
	if (type == DT_UNKNOWN && fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		type = S_ISREG(st.st_mode)    ? DT_REG
			: S_ISDIR(st.st_mode) ? DT_DIR
			: S_ISLNK(st.st_mode) ? DT_LNK
					      : DT_UNKNOWN;
	}
	*ret_known = type == DT_REG || type == DT_DIR || type == DT_LNK;
	return type == DT_DIR ? LK_SURVEY_FOLDER : type == DT_LNK ? LK_SURVEY_LINK : LK_SURVEY_FILE;
}

/* Another environment, or what is none of this one's business. */
static bool is_left_out(const struct walk *w, int fd, const char *name)
{
	struct stat st;
	bool at_top = w->depth == 0;
	return (at_top && (strcmp(name, "conda-meta") == 0 || strcmp(name, "pkgs") == 0)) ||
		fstatat(fd, "conda-meta/history", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int add_link(struct walk *w, int fd, const char *name, struct lk_survey_file *file)
{
	char target[4096];
	ssize_t n = readlinkat(fd, name, target, sizeof(target));
	if (n < 0) {
		return fail(w, name);
	}
	file->target = lk_str_dup(&w->survey->arena, lk_str_n(target, (size_t)n));
	return 0;
}

static int list(struct walk *w, int fd /* taken */);

static int add_folder(struct walk *w, int fd, const char *name)
{
	size_t len = w->path.len;
	int inner = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (inner < 0) {
		return errno == ENOENT ? 0 : fail(w, name);
	}
	if (is_left_out(w, inner, name)) {
		close(inner);
		return 0;
	}
	lk_buf_puts(&w->path, name);
	lk_buf_putc(&w->path, '/');
	w->depth++;
	int rc;
	if (w->path.overflow || w->depth > MAX_DEPTH) {
		close(inner);
		rc = lk_fail(w->err, LK_E_FS, "'%s' lies too deep", name);
	} else {
		rc = list(w, inner);
	}
	w->depth--;
	lk_buf_truncate(&w->path, len);
	return rc;
}

static int add_entry(struct walk *w, int fd, const struct dirent *entry)
{
	const char *name = entry->d_name;
	bool known;
	enum lk_survey_type type = type_of(fd, entry, &known);
	size_t len = w->path.len;
	if (!known || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		return 0;
	}
	if (type == LK_SURVEY_FOLDER) {
		return add_folder(w, fd, name);
	}
	if (w->survey->files.len >= MAX_FILES) {
		return lk_fail(w->err, LK_E_FS, "there are more than %u files", MAX_FILES);
	}
	lk_buf_puts(&w->path, name);
	struct lk_survey_file *file =
		lk_survey_add(w->survey, lk_buf_view(&w->path), type, LK_SURVEY_NONE);
	lk_buf_truncate(&w->path, len);
	return type == LK_SURVEY_LINK ? add_link(w, fd, name, file) : 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): MAX_DEPTH bounds it */
static int list(struct walk *w, int fd)
{
	DIR *dir LK_CLEANUP(close_dir) = fdopendir(fd);
	if (!dir) {
		close(fd);
		return fail(w, "");
	}
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry) {
			return errno == 0 ? 0 : fail(w, "");
		}
		int rc = add_entry(w, fd, entry);
		if (rc < 0) {
			return rc;
		}
	}
}

/* ---- looking ---- */

int lk_survey_look_at(int dirfd, const char *path, struct lk_arena *arena, struct lk_seen *ret,
	struct lk_error *err)
{
	int fd LK_AUTO_CLOSE = -1;
	struct stat st;
	struct lk_bytes bytes;
	int rc = lk_fs_open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK, 0, &fd, err);
	if (rc < 0) {
		return rc;
	}
	if (fstat(fd, &st) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", path);
	}
	*ret = (struct lk_seen){0};
	if (!S_ISREG(st.st_mode)) {
		return 0;
	}
	lk_bytes_of_file(&bytes, fd, (uint64_t)st.st_size);
	return lk_survey_look(&bytes, arena, ret, err);
}

struct looking {
	struct lk_survey *survey;
	int fd;
	struct lk_arena *arenas; /* of each chunk */
};

static int look_at_chunk(void *ctx, size_t index, struct lk_error *err)
{
	struct looking *l = ctx;
	struct lk_survey_file *files = l->survey->files.items;
	size_t end = (index + 1) * CHUNK;
	end = end < l->survey->files.len ? end : l->survey->files.len;
	for (size_t i = index * CHUNK; i < end; i++) {
		if (files[i].type != LK_SURVEY_FILE) {
			continue;
		}
		int rc = lk_survey_look_at(
			l->fd, files[i].path.ptr, &l->arenas[index], &files[i].seen, err);
		if (rc < 0 && rc != LK_E_NOT_FOUND) {
			files[i].seen.content = LK_CONTENT_UNREAD;
			files[i].seen.why = lk_str_dup(&l->arenas[index], lk_str_of(err->message));
		}
		lk_error_clear(err);
	}
	return 0;
}

int lk_survey_walk(
	struct lk_survey *survey, const char *prefix, unsigned jobs, struct lk_error *err)
{
	struct walk w = {survey, err, LK_BUF_INIT(4096), 0};
	int fd LK_AUTO_CLOSE = open(prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return lk_fail_errno(err,
			errno == ENOENT || errno == ENOTDIR ? LK_E_NOT_FOUND : LK_E_FS, errno,
			"cannot open '%s'", prefix);
	}
	int inner = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (inner < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", prefix);
	}
	int rc = list(&w, inner);
	lk_buf_done(&w.path);
	if (rc < 0) {
		return lk_wrap(err, "%s", prefix);
	}
	lk_survey_settle(survey);
	size_t chunks = (survey->files.len + CHUNK - 1) / CHUNK;
	struct lk_arena *arenas LK_AUTO_FREE = lk_calloc(chunks, sizeof(*arenas));
	struct looking l = {survey, fd, arenas};
	rc = lk_workers_run(jobs, chunks, look_at_chunk, &l, err);
	for (size_t i = 0; i < chunks; i++) {
		lk_arena_take(&survey->arena, &arenas[i]);
	}
	return rc;
}

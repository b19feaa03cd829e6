/*
 * Squashfs images.
 */
#include "install/image.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/spawn.h"
#include "install/write.h"

#define MAX_ARGUMENTS 24
/* An eighth of the time that mksquashfs's own 15 takes, for images 9 per cent larger (of python).
 */
#define ZSTD_LEVEL "9"
#define MAX_SAID ((size_t)1 << 20)

/* In the working folder. */
static const char tree_name[] = LK_SITE_NEW "/tree";
static const char image_name[] = LK_SITE_NEW "/image";

/* ---- the place ---- */

static int check_target(const char *path, struct lk_error *err)
{
	struct stat st;
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		lk_fail(err, LK_E_USAGE, "'%s' is there and is no file", path);
		lk_error_hint(err, "give the image another name");
		return LK_E_USAGE;
	}
	return 0;
}

/* The folder is one beside ".NAME": nothing that is called so is made itself. */
int lk_image_begin(const char *path, struct lk_image *ret, const struct lk_report *report,
	struct lk_error *err)
{
	struct lk_image image = {0};
	lk_str dir = lk_path_dirname(lk_str_of(path));
	const char *base = lk_path_basename(lk_str_of(path)).ptr;
	int rc = check_target(path, err);
	image.path = lk_arena_strndup(&image.arena, path, strlen(path));
	if (rc == 0) {
		rc = lk_site_open(lk_arena_printf(&image.arena, LK_STR_FMT "/.%s",
					  LK_STR_ARG(lk_str_trim_end(dir, '/')), base),
			&image.site, err);
	}
	if (rc < 0) {
		lk_arena_done(&image.arena);
		return rc;
	}
	rc = lk_site_own(&image.site, 0, report, err);
	if (rc == 0 && mkdirat(image.site.work_fd, LK_SITE_NEW, 0700) != 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot work beside '%s'", path);
	}
	if (rc < 0) {
		lk_image_done(&image);
		return rc;
	}
	char *LK_AUTO_FREE work = lk_site_work_path(&image.site);
	image.tree = lk_arena_printf(&image.arena, "%s/%s", work, tree_name);
	*ret = image;
	return 0;
}

void lk_image_done(struct lk_image *image)
{
	lk_site_done(&image->site);
	lk_arena_done(&image->arena);
}

/* ---- times ---- */

static const struct timespec fixed[] = {{.tv_sec = LK_WRITE_EPOCH}, {.tv_sec = LK_WRITE_EPOCH}};

static int fail_times(struct lk_error *err, const char *name)
{
	return lk_fail_errno(err, LK_E_FS, errno, "cannot set the time of '%s'", name);
}

static int fix_times(int taken, struct lk_error *err);

static int fix_entry(int dirfd, const char *name, struct lk_error *err)
{
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return fail_times(err, name);
	}
	if (S_ISLNK(st.st_mode)) {
		return utimensat(dirfd, name, fixed, AT_SYMLINK_NOFOLLOW) == 0
			? 0
			: fail_times(err, name);
	}
	if (!S_ISDIR(st.st_mode)) {
		return 0;
	}
	int below = lk_fs_open_dir(dirfd, name);
	return below >= 0 ? fix_times(below, err) : fail_times(err, name);
}

/* The directory FD (taken), and all directories and symlinks below it: their times are those of
 * extracting and linking. Files bear what their archives say. */
static int fix_times(int taken, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	int LK_AUTO_CLOSE fd = taken;
	int rc = lk_fs_list(fd, ".", &arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		rc = fix_entry(fd, names.items[i].ptr, err);
	}
	lk_vec_done(&names);
	return rc == 0 && futimens(fd, fixed) != 0 ? fail_times(err, "a directory") : rc;
}

static int fix_tree(const struct lk_image *image, struct lk_error *err)
{
	static const char history[] = "conda-meta/history";
	int LK_AUTO_CLOSE tree =
		openat(image->site.work_fd, tree_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", image->tree);
	}
	if (utimensat(tree, history, fixed, AT_SYMLINK_NOFOLLOW) != 0) {
		return fail_times(err, history);
	}
	return fix_times(lk_fd_take(&tree), err);
}

/* ---- mksquashfs ---- */

/* The last line that it said, without the decoration of fatal errors. */
static lk_str last_line(lk_str said)
{
	lk_str last = {NULL, 0};
	lk_str line;
	while (lk_str_split(&said, '\n', &line)) {
		line = lk_str_trim(line);
		last = line.len > 0 ? line : last;
	}
	lk_str fatal = LK_STR("FATAL ERROR:");
	return lk_str_trim(lk_str_starts(last, fatal) ? lk_str_skip(last, fatal.len) : last);
}

static int fail_said(int said_fd, const char *path, int status, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) said = LK_BUF_INIT(MAX_SAID);
	struct stat st;
	size_t len = fstat(said_fd, &st) == 0 && (uint64_t)st.st_size < MAX_SAID
		? (size_t)st.st_size
		: MAX_SAID;
	char *to = lk_buf_room(&said, len);
	ssize_t got = to ? TEMP_FAILURE_RETRY(pread(said_fd, to, len, 0)) : 0;
	said.len = got > 0 ? (size_t)got : 0;
	lk_str line = last_line(lk_buf_view(&said));
	lk_fail(err, LK_E_FS, "mksquashfs could not make '%s' (exit code %d): " LK_STR_FMT, path,
		status, LK_STR_ARG(line.len > 0 ? line : LK_STR("it does not say why")));
	bool is_full = lk_str_find(lk_buf_view(&said), LK_STR("No space left")) != SIZE_MAX ||
		lk_str_find(line, LK_STR("out of space")) != SIZE_MAX;
	lk_error_hint(err, "%s",
		is_full ? "free some space on this file system, or use another one"
			: "squashfs-tools 4.4 or newer is needed; 'mksquashfs -help' tells its "
			  "compressions");
	return LK_E_FS;
}

/* Hard links are those of the cache or none, as its file system has it: never in the image. Equal
 * files are stored once all the same. */
static void put_arguments(
	struct lk_arena *arena, const struct lk_image_options *options, const char **argv)
{
	const char *const always[] = {"mksquashfs", tree_name, image_name, "-noappend",
		"-no-progress", "-quiet", "-exit-on-error", "-reproducible", "-all-root",
		"-no-xattrs", "-no-hardlinks", "-b", "131072", "-mkfs-time",
		lk_arena_printf(arena, "%lld", (long long)LK_WRITE_EPOCH), "-comp",
		options->compression ? options->compression : "zstd"};
	size_t n = LK_COUNTOF(always);
	memcpy(argv, always, sizeof(always));
	if (!options->compression || strcmp(options->compression, "zstd") == 0) {
		argv[n++] = "-Xcompression-level";
		argv[n++] = ZSTD_LEVEL;
	}
	if (options->jobs > 0) {
		argv[n++] = "-processors";
		argv[n++] = lk_arena_printf(arena, "%u", options->jobs);
	}
	argv[n] = NULL;
}

static int run_mksquashfs(
	struct lk_image *image, const struct lk_image_options *options, struct lk_error *err)
{
	const char *argv[MAX_ARGUMENTS];
	put_arguments(&image->arena, options, argv);
	const char *const env[] = {NULL}; /* SOURCE_DATE_EPOCH would change times */
	int LK_AUTO_CLOSE said = -1;
	int status = 0;
	int rc = lk_fs_scratch_file(image->site.work_fd, &said, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_spawn spawn = {
		image->site.work_fd, options->mksquashfs, argv, env, -1, said};
	rc = lk_spawn_wait(&spawn, &status, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_hint(err, "install squashfs-tools");
		err->code = LK_E_USAGE;
		return LK_E_USAGE;
	}
	return rc == 0 && status != 0 ? fail_said(said, image->path, status, err) : rc;
}

/* On the disk, then to its name. */
static int publish(struct lk_image *image, uint64_t *ret_size, struct lk_error *err)
{
	struct stat st;
	const char *name = lk_path_basename(lk_str_of(image->path)).ptr;
	int LK_AUTO_CLOSE fd =
		openat(image->site.work_fd, image_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || fsync(fd) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", image->path);
	}
	int rc = lk_fs_rename(image->site.work_fd, image_name, image->site.parent_fd, name, err);
	if (rc == 0) {
		*ret_size = (uint64_t)st.st_size;
		rc = lk_fs_sync_dir(image->site.parent_fd, ".", err);
	}
	return rc;
}

int lk_image_finish(struct lk_image *image, const struct lk_image_options *options,
	const struct lk_report *report, uint64_t *ret_size, struct lk_error *err)
{
	const struct lk_progress progress = {.stage = "squash"};
	lk_report_progress(report, &progress);
	int rc = fix_tree(image, err);
	if (rc == 0) {
		rc = run_mksquashfs(image, options, err);
	}
	if (lk_report_stop(report)) {
		return lk_fail(
			err, LK_E_INTERRUPTED, "interrupted before '%s' was whole", image->path);
	}
	return rc < 0 ? rc : publish(image, ret_size, err);
}

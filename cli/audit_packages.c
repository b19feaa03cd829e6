/*
 * Packages, each by a worker, and their files in one place.
 */
#include "cli/audit_packages.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/fatbin.h"
#include "audit/prefix_walk.h"
#include "base/fs.h"
#include "base/workers.h"
#include "install/noarch.h"
#include "install/trees.h"
#include "store/archive.h"

#define INFO_FILE_MAX ((size_t)128 << 20) /* bytes of one file in info/ */
#define HEAD_MAX 65536u                   /* bytes that tell what a file is */
#define MEMORY_MAX ((size_t)8 << 20)      /* of a file that is looked into in memory */

/* ---- a tree ---- */

static int look_at_path(const struct lk_tree *tree, const struct lk_package_path *path,
	const struct lk_tree_file *file, struct lk_package_files *ret, struct lk_error *err)
{
	struct lk_package_file added = {.path = path->path};
	int rc = 0;
	if (path->type == LK_PATH_DIRECTORY) {
		return 0;
	}
	if (path->type == LK_PATH_SOFTLINK) {
		added.type = LK_SURVEY_LINK;
		added.target = file->target;
	} else {
		char *name LK_AUTO_FREE = lk_strndup(path->path.ptr, path->path.len);
		rc = lk_survey_look_at(tree->fd, name, &ret->arena, &added.seen, err);
	}
	lk_vec_push(&ret->files, added);
	return rc;
}

static int read_tree(struct lk_tree *tree, struct lk_package_files *ret, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < tree->package->n_paths; i++) {
		rc = look_at_path(tree, &tree->package->paths[i], &tree->files[i], ret, err);
	}
	ret->package = LK_STEAL(tree->package);
	return rc;
}

/* ---- an archive ---- */

static const char *const info_files[] = {"info/index.json", "info/paths.json", "info/link.json",
	"info/files", "info/has_prefix", "info/no_link", "info/no_softlink"};

struct reading {
	struct lk_archive *archive;
	struct lk_package_files *ret;
	struct lk_buf info[LK_COUNTOF(info_files)];
	bool has_info[LK_COUNTOF(info_files)];
	struct lk_buf head; /* of the member: its beginning, or all of it in memory */
	struct lk_error *err;
};

static int read_into(struct reading *r, struct lk_buf *buf, size_t max)
{
	while (buf->len < max) {
		size_t want = max - buf->len < HEAD_MAX ? max - buf->len : HEAD_MAX;
		char *room = lk_buf_room(buf, want);
		if (!room) {
			return lk_fail(r->err, LK_E_INTEGRITY, "'%s' has too large a file in info/",
				lk_archive_name(r->archive));
		}
		ssize_t n = lk_archive_read(r->archive, room, want, r->err);
		if (n <= 0) {
			return (int)n;
		}
		buf->len += (size_t)n;
		buf->ptr[buf->len] = '\0';
	}
	return 0;
}

/* A file without a name, for what is too large for the memory. */
static int open_scratch(int *ret, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const char *folder = getenv("TMPDIR");
	char *name;
	folder = folder && folder[0] == '/' ? folder : "/tmp";
	int dir LK_AUTO_CLOSE = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		lk_fail_errno(err, LK_E_FS, errno, "cannot unpack a file in '%s'", folder);
		lk_error_hint(err, "name a folder that can be written with TMPDIR");
		return err->code;
	}
	int rc = lk_fs_temp_file(dir, "lockenv-audit", 0600, &arena, &name, ret, err);
	if (rc == 0 && unlinkat(dir, name, 0) != 0) {
		lk_close_p(ret);
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot remove '%s/%s'", folder, name);
	}
	return rc;
}

/* The rest of a large file behind its HEAD. */
static int look_through_file(struct reading *r, struct lk_seen *ret)
{
	char part[HEAD_MAX];
	struct lk_bytes bytes;
	uint64_t size = r->head.len;
	int fd LK_AUTO_CLOSE = -1;
	int rc = open_scratch(&fd, r->err);
	if (rc == 0) {
		rc = lk_fs_write_all(
			fd, lk_buf_cstr(&r->head), r->head.len, "a file of TMPDIR", r->err);
	}
	while (rc == 0) {
		ssize_t n = lk_archive_read(r->archive, part, sizeof(part), r->err);
		if (n <= 0) {
			rc = (int)n;
			break;
		}
		size += (uint64_t)n;
		rc = lk_fs_write_all(fd, part, (size_t)n, "a file of TMPDIR", r->err);
	}
	if (rc < 0) {
		return rc;
	}
	lk_bytes_of_file(&bytes, fd, size);
	return lk_survey_look(&bytes, &r->ret->arena, ret, r->err);
}

static int look_at_member(struct reading *r, const struct lk_member *member, struct lk_seen *ret)
{
	struct lk_bytes bytes;
	lk_buf_clear(&r->head);
	int rc = read_into(r, &r->head, HEAD_MAX);
	lk_bytes_of_memory(&bytes, lk_buf_cstr(&r->head), r->head.len);
	if (rc == 0 && (lk_elf_is(&bytes) || lk_fatbin_is(&bytes))) {
		rc = read_into(r, &r->head, MEMORY_MAX);
		if (rc == 0 && member->size > MEMORY_MAX) {
			return look_through_file(r, ret);
		}
		lk_bytes_of_memory(&bytes, lk_buf_cstr(&r->head), r->head.len);
	}
	return rc < 0 ? rc : lk_survey_look(&bytes, &r->ret->arena, ret, r->err);
}

/* Names as they are in most archives: tar itself puts "./" in front. */
static lk_str plain_name(lk_str name)
{
	while (lk_str_starts(name, LK_STR("./"))) {
		name = lk_str_skip(name, 2);
	}
	return lk_str_trim_end(name, '/');
}

/* A hard link has what the file has that it is another name of. */
static void see_as(struct lk_package_files *files, lk_str name, struct lk_seen *ret)
{
	for (size_t i = files->files.len; i > 0; i--) {
		if (lk_str_eq(files->files.items[i - 1].path, name)) {
			*ret = files->files.items[i - 1].seen;
			return;
		}
	}
}

static int take_member(struct reading *r, const struct lk_member *member)
{
	struct lk_arena *arena = &r->ret->arena;
	struct lk_package_file file = {.path = lk_str_dup(arena, plain_name(member->name))};
	for (size_t i = 0; i < LK_COUNTOF(info_files); i++) {
		if (lk_str_is(file.path, info_files[i]) && member->type == LK_MEMBER_FILE) {
			r->has_info[i] = true;
			return read_into(r, &r->info[i], INFO_FILE_MAX);
		}
	}
	int rc = 0;
	if (lk_str_starts(file.path, LK_STR("info/")) || member->type == LK_MEMBER_DIRECTORY) {
		return 0;
	}
	if (!lk_path_is_contained(file.path) || member->type == LK_MEMBER_OTHER) {
		return lk_fail(r->err, LK_E_INTEGRITY, "'%s' has an unsafe member '" LK_STR_FMT "'",
			lk_archive_name(r->archive), LK_STR_ARG(member->name));
	}
	if (member->type == LK_MEMBER_SYMLINK) {
		file.type = LK_SURVEY_LINK;
		file.target = lk_str_dup(arena, member->link);
	} else if (member->type == LK_MEMBER_HARDLINK) {
		see_as(r->ret, plain_name(member->link), &file.seen);
	} else {
		rc = look_at_member(r, member, &file.seen);
	}
	lk_vec_push(&r->ret->files, file);
	return rc;
}

static int read_members(struct reading *r)
{
	struct lk_member member;
	bool end = false;
	int rc = lk_archive_next(r->archive, &member, &end, r->err);
	while (rc == 0 && !end) {
		rc = take_member(r, &member);
		rc = rc < 0 ? rc : lk_archive_next(r->archive, &member, &end, r->err);
	}
	return rc;
}

static int parse_info(struct reading *r)
{
	lk_str texts[LK_COUNTOF(info_files)] = {0};
	for (size_t i = 0; i < LK_COUNTOF(info_files); i++) {
		if (r->has_info[i]) {
			texts[i] = lk_str_of(lk_buf_cstr(&r->info[i]));
			texts[i].len = r->info[i].len;
		}
	}
	struct lk_package_texts all = {
		texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6]};
	return lk_package_parse(&all, lk_archive_name(r->archive), &r->ret->package, r->err);
}

static int read_archive(struct lk_cache *cache, const struct lk_record *record,
	const struct lk_report *report, struct lk_package_files *ret, struct lk_error *err)
{
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct lk_archive *archive LK_CLEANUP(lk_archive_free_p) = NULL;
	char *name LK_AUTO_FREE = lk_strndup(record->fn.ptr, record->fn.len);
	int rc = lk_cache_open_hashed(cache, record, report, &blob, err);
	if (rc == 0) {
		rc = lk_archive_open(
			&blob, name, lk_archive_kind_of(record->fn, NULL), &archive, err);
	}
	if (rc < 0) {
		return rc;
	}
	struct reading r = {.archive = archive, .ret = ret, .err = err};
	lk_buf_init(&r.head, MEMORY_MAX + HEAD_MAX);
	for (size_t i = 0; i < LK_COUNTOF(info_files); i++) {
		lk_buf_init(&r.info[i], INFO_FILE_MAX);
	}
	rc = read_members(&r);
	rc = rc < 0 ? rc : parse_info(&r);
	rc = rc < 0 ? rc : lk_package_check_record(ret->package, record, err);
	for (size_t i = 0; i < LK_COUNTOF(info_files); i++) {
		lk_buf_done(&r.info[i]);
	}
	lk_buf_done(&r.head);
	return rc;
}

/* ---- both ---- */

int lk_package_files_read(struct lk_cache *cache, const struct lk_record *record,
	const struct lk_report *report, struct lk_package_files *ret, struct lk_error *err)
{
	const struct lk_tree_options options = {0};
	struct lk_tree LK_CLEANUP(lk_tree_done) tree = {.fd = -1};
	*ret = (struct lk_package_files){0};
	int rc = lk_tree_ensure(cache, record, &options, report, &tree, err);
	if (rc == 0) {
		return read_tree(&tree, ret, err);
	}
	return lk_cache_has_archive(cache, record) ? read_archive(cache, record, report, ret, err)
						   : rc;
}

void lk_package_files_done(struct lk_package_files *files)
{
	lk_vec_done(&files->files);
	lk_package_free(files->package);
	files->package = NULL;
	lk_arena_done(&files->arena);
}

struct work {
	struct lk_cache *cache;
	const struct lk_record *records;
	struct lk_package_files *files;
	const struct lk_report *report;
};

static int read_one(void *ctx, size_t index, struct lk_error *err)
{
	struct work *w = ctx;
	if (lk_report_stop(w->report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
	}
	return lk_package_files_read(
		w->cache, &w->records[index], w->report, &w->files[index], err);
}

/* ---- placing ---- */

static int path_cmp(const void *a, const void *b)
{
	const struct lk_package_path *left = a;
	const struct lk_package_path *right = b;
	return lk_str_cmp(left->path, right->path);
}

/* What the package says of a file of its archive; NULL for one that it does not list. */
static const struct lk_package_path *listed(const struct lk_package *package, lk_str path)
{
	const struct lk_package_path key = {.path = path};
	return package->n_paths == 0 ? NULL
				     : bsearch(&key, package->paths, package->n_paths,
					       sizeof(*package->paths), path_cmp);
}

static void place(struct lk_survey *survey, const struct lk_package_files *files,
	const struct lk_python *python, uint32_t index)
{
	const struct lk_package *package = files->package;
	for (size_t i = 0; i < files->files.len; i++) {
		const struct lk_package_file *from = &files->files.items[i];
		const struct lk_package_path *path = listed(package, from->path);
		if (package->has_list && !path) {
			continue;
		}
		lk_str at = package->noarch == LK_NOARCH_PYTHON && python
			? lk_noarch_target(python, from->path, &survey->arena)
			: from->path;
		struct lk_survey_file *file = lk_survey_add(survey, at, from->type, index);
		file->target = from->target;
		file->seen = from->seen;
		if (path && path->prefix_mode != LK_PREFIX_NONE) {
			file->placeholder = lk_str_dup(&survey->arena, path->placeholder);
		}
	}
}

static int find_python(const struct lk_record *records, const struct lk_package_files *files,
	size_t n, lk_str subdir, struct lk_arena *arena, struct lk_python *ret, bool *ret_found,
	struct lk_error *err)
{
	*ret_found = false;
	for (size_t i = 0; i < n; i++) {
		if (lk_str_is(records[i].name, "python")) {
			*ret_found = true;
			return lk_python_init(records[i].version,
				files[i].package->python_site_packages_path, subdir, arena, ret,
				err);
		}
	}
	return 0;
}

int lk_audit_packages(struct lk_cache *cache, const struct lk_record *records, size_t n,
	lk_str subdir, unsigned jobs, const struct lk_report *report, struct lk_survey *survey,
	struct lk_error *err)
{
	struct lk_package_files *files LK_AUTO_FREE = lk_calloc(n, sizeof(*files));
	struct work work = {cache, records, files, report};
	struct lk_python python = {0};
	bool has_python = false;
	int rc = lk_trees_find(cache, records, n, report, err);
	if (rc == 0) {
		rc = lk_workers_run(jobs, n, read_one, &work, err);
	}
	if (rc == 0) {
		rc = find_python(
			records, files, n, subdir, &survey->arena, &python, &has_python, err);
	}
	for (size_t i = 0; i < n; i++) {
		if (rc == 0) {
			lk_str dist;
			(void)lk_archive_kind_of(records[i].fn, &dist);
			uint32_t package = lk_survey_add_package(survey, records[i].name, dist);
			place(survey, &files[i], has_python ? &python : NULL, package);
			lk_arena_take(&survey->arena, &files[i].arena);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (files[i].package) {
			lk_arena_take(&survey->arena, &files[i].package->arena);
		}
		lk_package_files_done(&files[i]);
	}
	if (rc == 0) {
		lk_survey_settle(survey);
	}
	return rc;
}

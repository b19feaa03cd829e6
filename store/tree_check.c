/*
 * A tree against its own metadata.
 */
#include "store/tree_priv.h"

#include <stdio.h>

#include "base/fs.h"

#define INFO_FILE_MAX ((size_t)128 * 1024 * 1024) /* bytes of one file in info/ */

/* ---- metadata ---- */

/* *RET views BUF; without a pointer when there is no such file. */
static int read_info(int dirfd, const char *name, const char *path, struct lk_buf *buf, lk_str *ret,
	struct lk_error *err)
{
	lk_buf_init(buf, INFO_FILE_MAX);
	int rc = lk_fs_read_beneath(dirfd, path, buf, err);
	if (rc == 0) {
		*ret = buf->len > 0 ? lk_buf_view(buf) : LK_STR("");
	}
	if (rc == LK_E_NOT_FOUND) {
		return 0;
	}
	if (rc == LK_E_FORMAT) {
		err->code = LK_E_INTEGRITY;
		rc = lk_wrap(err, "package '%s'", name);
	}
	return rc;
}

/* TEXT, which was read of PATH (without a pointer: there was none), is what was sealed? */
static int check_sealed(const struct lk_listing *sealed, const char *name, const char *path,
	lk_str text, struct lk_error *err)
{
	const struct lk_entry *entry = lk_listing_find(sealed, lk_str_of(path));
	bool is_file = entry && entry->type == LK_PATH_FILE;
	struct lk_sha256 have = lk_sha256_of(text.ptr ? text.ptr : "", text.len);
	bool same = text.ptr ? is_file && lk_sha256_eq(&have, &entry->sha256) : !entry;
	return same ? 0
		    : lk_fail(err, LK_E_INTEGRITY,
			      "package '%s': '%s' was changed while it was read", name, path);
}

int lk_tree_load_package(int dirfd, const char *name, const struct lk_listing *sealed,
	struct lk_package **ret, struct lk_error *err)
{
	static const char *const files[] = {"info/index.json", "info/paths.json", "info/link.json",
		"info/files", "info/has_prefix", "info/no_link", "info/no_softlink"};
	struct lk_buf bufs[LK_COUNTOF(files)] = {0};
	lk_str texts[LK_COUNTOF(files)] = {0};
	int rc = 0;
	for (size_t i = 0; i < LK_COUNTOF(files) && rc == 0; i++) {
		rc = read_info(dirfd, name, files[i], &bufs[i], &texts[i], err);
		if (rc == 0 && sealed) {
			rc = check_sealed(sealed, name, files[i], texts[i], err);
		}
	}
	if (rc == 0) {
		struct lk_package_texts all = {
			texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6]};
		rc = lk_package_parse(&all, name, ret, err);
	}
	for (size_t i = 0; i < LK_COUNTOF(files); i++) {
		lk_buf_done(&bufs[i]);
	}
	return rc;
}

/* ---- paths ---- */

struct check {
	const char *name;
	const struct lk_tree_options *options;
	const struct lk_report *report;
};

static const char *type_name(enum lk_path_type type)
{
	return type == LK_PATH_FILE ? "file" : type == LK_PATH_SOFTLINK ? "symlink" : "directory";
}

/* An error, or under safety_warn a warning. */
static int mismatch(const struct check *check, lk_str path, const char *what, struct lk_error *err)
{
	if (check->options->safety_warn) {
		lk_warn(check->report, "package '%s': '" LK_STR_FMT "' %s", check->name,
			LK_STR_ARG(path), what);
		return 0;
	}
	return lk_fail(err, LK_E_INTEGRITY, "package '%s': '" LK_STR_FMT "' %s", check->name,
		LK_STR_ARG(path), what);
}

static int check_file(const struct check *check, const struct lk_package_path *path,
	const struct lk_entry *entry, struct lk_error *err)
{
	if (path->has_size && path->size != entry->size) {
		char what[128];
		(void)snprintf(what, sizeof(what), "has %llu bytes, info/paths.json says %llu",
			(unsigned long long)entry->size, (unsigned long long)path->size);
		return mismatch(check, path->path, what, err);
	}
	if (path->has_sha256 && !lk_sha256_eq(&path->sha256, &entry->sha256)) {
		char have[LK_HEX_MAX];
		char want[LK_HEX_MAX];
		char what[256];
		lk_hex(entry->sha256.bytes, LK_SHA256_LEN, have);
		lk_hex(path->sha256.bytes, LK_SHA256_LEN, want);
		(void)snprintf(
			what, sizeof(what), "has sha256 %s, info/paths.json says %s", have, want);
		return mismatch(check, path->path, what, err);
	}
	return 0;
}

static int check_path(const struct check *check, struct lk_package_path *path,
	const struct lk_entry *entry, bool typed, struct lk_error *err)
{
	if (typed && path->type != entry->type) {
		char what[128];
		(void)snprintf(what, sizeof(what), "is a %s, info/paths.json says %s",
			type_name(entry->type), type_name(path->type));
		int rc = mismatch(check, path->path, what, err);
		if (rc < 0) {
			return rc;
		}
	}
	path->type = entry->type;
	if (path->type != LK_PATH_FILE) {
		path->prefix_mode = LK_PREFIX_NONE; /* a link is recreated as it is */
	}
	return path->type == LK_PATH_FILE ? check_file(check, path, entry, err) : 0;
}

/* A listed path that the archive lacks: *RET_KEEP tells whether it stays listed. */
static int check_missing(const struct check *check, const struct lk_package_path *path, bool typed,
	bool *ret_keep, struct lk_error *err)
{
	/* An empty directory need not be a member: linking makes it. */
	*ret_keep = typed && path->type == LK_PATH_DIRECTORY;
	if (typed && !*ret_keep) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s': '" LK_STR_FMT
			"' is listed in info/paths.json but not in the archive",
			check->name, LK_STR_ARG(path->path));
	}
	if (!typed) {
		lk_warn(check->report,
			"package '%s': '" LK_STR_FMT
			"' is listed in info/files but not in the archive: left out",
			check->name, LK_STR_ARG(path->path));
	}
	return 0;
}

static bool is_payload(const struct lk_entry *entry)
{
	return entry->type != LK_PATH_DIRECTORY && !lk_str_starts(entry->path, LK_STR("info/"));
}

/* Packages older than info/files: all of the payload is to be installed. */
static void take_all(struct lk_package *package, const struct lk_listing *listing)
{
	package->paths =
		lk_arena_calloc(&package->arena, listing->entries.len + 1, sizeof(*package->paths));
	for (size_t i = 0; i < listing->entries.len; i++) {
		const struct lk_entry *entry = &listing->entries.items[i];
		if (is_payload(entry)) {
			package->paths[package->n_paths++] = (struct lk_package_path){
				.path = lk_str_dup(&package->arena, entry->path),
				.type = entry->type,
			};
		}
	}
	lk_package_find_scripts(package);
}

static struct lk_tree_file file_of(const struct lk_entry *entry, struct lk_arena *arena)
{
	return (struct lk_tree_file){
		.size = entry->size,
		.mtime = entry->mtime,
		.sha256 = entry->sha256,
		.mode = lk_entry_mode(entry),
		.target = entry->target.len > 0 ? lk_str_dup(arena, entry->target) : LK_STR(""),
	};
}

/* Walks the package's paths and the listing side by side: both are sorted. FILES has room for each
 * path. */
static int check_paths(const struct check *check, struct lk_package *package,
	const struct lk_listing *listing, struct lk_tree_file *files, struct lk_error *err)
{
	const struct lk_entry *entries = listing->entries.items;
	bool typed = package->has_paths_json;
	size_t at = 0;
	size_t kept = 0;
	size_t unlisted = 0;
	for (size_t i = 0; i < package->n_paths; i++) {
		struct lk_package_path *path = &package->paths[i];
		while (at < listing->entries.len && lk_str_cmp(entries[at].path, path->path) < 0) {
			unlisted += is_payload(&entries[at++]);
		}
		bool keep = at < listing->entries.len && lk_str_eq(entries[at].path, path->path);
		const struct lk_entry *entry = keep ? &entries[at++] : NULL;
		int rc = entry ? check_path(check, path, entry, typed, err)
			       : check_missing(check, path, typed, &keep, err);
		if (rc < 0) {
			return rc;
		}
		if (keep) {
			files[kept] =
				entry ? file_of(entry, &package->arena) : (struct lk_tree_file){0};
			package->paths[kept++] = *path;
		}
	}
	package->n_paths = kept;
	while (at < listing->entries.len) {
		unlisted += is_payload(&entries[at++]);
	}
	if (unlisted > 0) {
		lk_note(check->report, 1,
			"package '%s': %zu files that it does not list are not installed",
			check->name, unlisted);
	}
	return 0;
}

static int check_links(
	const struct check *check, const struct lk_listing *listing, struct lk_error *err)
{
	const struct lk_entry *first = NULL;
	size_t n = 0;
	for (size_t i = 0; i < listing->entries.len; i++) {
		const struct lk_entry *entry = &listing->entries.items[i];
		if (entry->type == LK_PATH_SOFTLINK &&
			lk_link_escapes(entry->path, entry->target)) {
			first = first ? first : entry;
			n++;
		}
	}
	if (first && check->options->strict) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s': symlink '" LK_STR_FMT "' -> '" LK_STR_FMT
			"' leads out of the environment",
			check->name, LK_STR_ARG(first->path), LK_STR_ARG(first->target));
	}
	if (first) {
		lk_warn(check->report,
			"package '%s': %zu symlink%s out of the environment ('" LK_STR_FMT
			"' -> '" LK_STR_FMT "')",
			check->name, n, n == 1 ? " leads" : "s lead", LK_STR_ARG(first->path),
			LK_STR_ARG(first->target));
	}
	return 0;
}

int lk_tree_check_contents(struct lk_package *package, const struct lk_listing *listing,
	const char *name, const struct lk_tree_options *options, const struct lk_report *report,
	const struct lk_tree_file **ret_files, struct lk_error *err)
{
	struct check check = {name, options, report};
	if (!package->has_list) {
		take_all(package, listing);
	}
	struct lk_tree_file *files =
		lk_arena_calloc(&package->arena, package->n_paths + 1, sizeof(*files));
	*ret_files = files;
	int rc = check_paths(&check, package, listing, files, err);
	return rc < 0 ? rc : check_links(&check, listing, err);
}

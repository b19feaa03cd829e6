/*
 * Trees: found and checked, or made beside their place and renamed into it.
 */
#include "store/tree.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/cache_priv.h"
#include "store/extract.h"
#include "store/seal.h"
#include "store/tree_priv.h"

/* Others may publish or damage the same tree again and again; not for ever. */
#define MAX_TRIES 5

struct ensure {
	struct lk_cache *cache;
	const struct lk_record *record;
	const struct lk_tree_options *options;
	const struct lk_report *report;
	char *fn;   /* the archive's file name, for errors */
	char *name; /* the tree's in trees/ */
	bool claimed;
};

/* What stands under the tree's name. */
struct found {
	int fd;       /* or -1 */
	bool damaged; /* it is not what was sealed */
	bool foreign; /* some of it is another user's */
	bool fresh;   /* not known to be on the disk */
	bool later;   /* its listed files were not looked at yet */
	ino_t ino;
	dev_t dev;
	int64_t used; /* seconds since 1970 */
};

/* ---- the archive ---- */

/* Who can write to a file could do so after it was hashed, in place of BLOB: a copy that nobody
 * else can, hashed as it is made. */
static int copy_archive(const struct ensure *e, struct lk_blob *blob, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_sha256 sha256;
	int LK_AUTO_CLOSE fd = -1;
	/* On a disk where there is one: archives are large. */
	const struct lk_tree_place *place = e->options->place;
	int dir = e->cache->writable ? e->cache->layers->tmp : place ? place->fd : -1;
	char *name;
	int rc = dir >= 0 ? lk_fs_temp_file(dir, "copy", 0600, &arena, &name, &fd, err)
			  : lk_fs_scratch_file(AT_FDCWD, &fd, err);
	if (rc == 0 && dir >= 0 && unlinkat(dir, name, 0) != 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot remove '%s'", name);
	}
	if (rc == 0) {
		rc = lk_blob_copy(blob, fd, e->fn, &sha256, err);
	}
	if (rc == 0 && !lk_sha256_eq(&sha256, &e->record->sha256)) {
		rc = lk_fail(err, LK_E_INTEGRITY, "'%s' was changed while it was read", e->fn);
	}
	lk_blob_done(blob);
	return rc < 0 ? rc : lk_blob_from_fd(lk_fd_take(&fd), e->fn, blob, err);
}

/* The archive, opened for its members only after all of it was hashed. */
static int open_archive(const struct ensure *e, struct lk_archive **ret, struct lk_error *err)
{
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	int rc = lk_cache_open_hashed(e->cache, e->record, e->report, &blob, err);
	if (rc == LK_E_NOT_FOUND) {
		err->code = LK_E_OFFLINE;
		lk_error_hint(err, "get it with 'lockenv fetch' where there is a network");
		return err->code;
	}
	if (rc == 0 && !lk_blob_is_steady(&blob)) {
		rc = copy_archive(e, &blob, err);
	}
	return rc < 0
		? rc
		: lk_archive_open(&blob, e->fn, lk_archive_kind_of(e->record->fn, NULL), ret, err);
}

static int extract(const struct ensure *e, int dirfd, struct lk_listing *ret, struct lk_error *err)
{
	struct lk_archive *archive LK_CLEANUP(lk_archive_free_p) = NULL;
	int rc = open_archive(e, &archive, err);
	if (rc < 0) {
		return rc;
	}
	lk_archive_set_gate(archive, e->options->gate);
	struct lk_extract_options options = {.subdir = e->record->subdir,
		.report = e->report,
		.claims = e->options->claims,
		.dir_mode = e->cache->writable ? e->cache->layers[0].dir_mode : 0};
	return lk_extract(archive, dirfd, &options, ret, err);
}

/* ---- a tree that is there ---- */

static int load(const struct ensure *e, int dirfd, const struct lk_listing *listing, bool foreign,
	struct lk_tree *ret, struct lk_error *err)
{
	struct lk_package *package;
	int rc = lk_tree_load_package(dirfd, e->fn, foreign ? listing : NULL, &package, err);
	if (rc < 0) {
		return rc;
	}
	rc = lk_package_check_record(package, e->record, err);
	if (rc == 0) {
		rc = lk_tree_check_contents(
			package, listing, e->fn, e->options, e->report, &ret->files, err);
	}
	if (rc < 0) {
		lk_package_free(package);
		return rc;
	}
	ret->package = package;
	return 0;
}

/* Who owns a tree could have made both its files and its seal: only the archive, whose hash is in
 * the lock, tells what a stranger's tree must be. */
static int check_foreign(const struct ensure *e, lk_str seal, struct lk_error *err)
{
	struct lk_listing LK_CLEANUP(lk_listing_done) listing = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) want = LK_BUF_INIT(LK_SEAL_MAX);
	int rc = extract(e, -1, &listing, err);
	if (rc == 0) {
		rc = lk_seal_format(&listing, &want, err);
	}
	if (rc == 0 && !lk_str_eq(lk_buf_view(&want), seal)) {
		rc = lk_fail(err, LK_E_INTEGRITY, "its seal is not that of its archive");
	}
	return rc;
}

static bool is_info(const struct lk_entry *entry)
{
	return lk_str_is(entry->path, "info") || lk_str_starts(entry->path, LK_STR("info/"));
}

/* Is entry I of LISTING a directory that something else in it shows to be one? */
static bool is_entered(const struct lk_listing *listing, size_t i)
{
	const struct lk_entry *entry = &listing->entries.items[i];
	const struct lk_entry *next = entry + 1;
	return entry->type == LK_PATH_DIRECTORY && i + 1 < listing->entries.len &&
		lk_str_starts(next->path, entry->path) && next->path.ptr[entry->path.len] == '/';
}

/* Is anything there, info/ and directories that others of it need apart, that PACKAGE does not
 * list? Both are sorted. */
static bool has_more(const struct lk_listing *listing, const struct lk_package *package)
{
	size_t at = 0;
	for (size_t i = 0; i < listing->entries.len; i++) {
		const struct lk_entry *entry = &listing->entries.items[i];
		while (at < package->n_paths &&
			lk_str_cmp(package->paths[at].path, entry->path) < 0) {
			at++;
		}
		bool listed =
			at < package->n_paths && lk_str_eq(package->paths[at].path, entry->path);
		if (!listed && !is_info(entry) && !is_entered(listing, i)) {
			return true;
		}
	}
	return false;
}

/* The flags for lk_seal_check of the first part (PACKAGE is NULL), which is what is read of the
 * tree: info/; and of the second, which is what else nobody checks who links the listed files. A
 * directory is known by what is checked in it. */
static bool *make_later(const struct lk_listing *listing, const struct lk_package *package)
{
	size_t n = listing->entries.len;
	const struct lk_entry *entries = listing->entries.items;
	bool *later = lk_calloc(n, sizeof(bool));
	for (size_t i = 0, at = 0; i < n; i++) {
		lk_str path = entries[i].path;
		later[i] = is_info(&entries[i]) == (package != NULL);
		if (later[i] || !package) {
			continue;
		}
		while (at < package->n_paths && lk_str_cmp(package->paths[at].path, path) < 0) {
			at++;
		}
		bool listed = at < package->n_paths && lk_str_eq(package->paths[at].path, path);
		later[i] = is_entered(listing, i) || (listed && entries[i].type == LK_PATH_FILE);
	}
	return later;
}

static int check_part(struct found *found, const struct lk_listing *listing,
	const struct lk_package *package, struct lk_error *err)
{
	bool *LK_AUTO_FREE later = make_later(listing, package);
	return lk_seal_check(found->fd, listing, later, false, &found->foreign, err);
}

/* LK_E_NOT_FOUND when LAYER has no tree; LK_E_INTEGRITY when it is not what was sealed. LATER: its
 * listed files may be left unchecked. */
static int open_sealed(const struct ensure *e, const struct lk_layer *layer, bool later,
	struct found *ret, struct lk_listing *listing, struct lk_error *err)
{
	if (layer->trees < 0) {
		return lk_fail(err, LK_E_NOT_FOUND, "'%s' has no trees", layer->path);
	}
	int rc =
		lk_fs_open_beneath(layer->trees, e->name, O_RDONLY | O_DIRECTORY, 0, &ret->fd, err);
	if (rc < 0) {
		ret->fd = -1;
		return rc;
	}
	struct stat st;
	if (fstat(ret->fd, &st) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read the tree of '%s'", e->fn);
	}
	ret->ino = st.st_ino;
	ret->dev = st.st_dev;
	ret->used = st.st_mtim.tv_sec;
	struct lk_buf LK_CLEANUP(lk_buf_done) seal = LK_BUF_INIT(LK_SEAL_MAX);
	bool foreign = false;
	rc = lk_seal_read(ret->fd, &seal, &foreign, err);
	if (rc == 0) {
		rc = lk_seal_parse(lk_buf_view(&seal), listing, err);
	}
	if (rc == 0 && foreign) {
		rc = check_foreign(e, lk_buf_view(&seal), err);
	}
	ret->fresh = !lk_seal_is_settled(ret->fd);
	ret->later = later && !e->options->verify && !foreign && !ret->fresh;
	if (rc == 0 && ret->later) {
		rc = check_part(ret, listing, NULL, err);
	} else if (rc == 0) {
		rc = lk_seal_check(ret->fd, listing, NULL,
			e->options->verify || foreign || ret->fresh, &foreign, err);
	}
	ret->foreign = ret->foreign || foreign;
	return rc;
}

/* A tree of another user that cannot be read is as good as none. */
static bool is_kept_from_us(const struct ensure *e, const struct lk_layer *layer,
	struct found *found, const struct lk_error *err)
{
	struct stat st;
	if (err->code != LK_E_FS || err->sys_errno != EACCES ||
		fstatat(layer->trees, e->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return false;
	}
	found->ino = st.st_ino;
	found->dev = st.st_dev;
	return true;
}

static int use_sealed(const struct ensure *e, size_t index, bool later, struct found *found,
	struct lk_tree *ret, struct lk_error *err)
{
	struct lk_listing LK_CLEANUP(lk_listing_done) listing = {0};
	const struct lk_layer *layer = &e->cache->layers[index];
	struct lk_tree tree = {0};
	int rc = open_sealed(e, layer, later, found, &listing, err);
	bool opened = rc == 0;
	if (rc == 0) {
		rc = load(e, found->fd, &listing, found->foreign, &tree, err);
	}
	if (rc == 0 && found->later) {
		opened = false;
		rc = check_part(found, &listing, tree.package, err);
	}
	if (rc < 0) {
		found->damaged =
			!opened && (rc == LK_E_INTEGRITY || is_kept_from_us(e, layer, found, err));
		lk_package_free(tree.package);
		return rc;
	}
	bool ours = index == 0 && e->cache->writable;
	if (ours && found->used < e->options->now - LK_CACHE_USE_S) {
		(void)futimens(found->fd, NULL);
	}
	tree.fd = lk_fd_take(&found->fd);
	tree.path = lk_asprintf("%s/trees/%s", layer->path, e->name);
	tree.layer = index;
	tree.foreign = found->foreign;
	tree.fresh = found->fresh && ours;
	tree.unchecked = found->later;
	*ret = tree;
	return 0;
}

static int use_layer(const struct ensure *e, size_t index, struct found *found, struct lk_tree *ret,
	struct lk_error *err)
{
	int rc = use_sealed(e, index, e->options->later, found, ret, err);
	if (rc == 0 && ret->unchecked && ret->foreign) {
		/* Another user's file has shown up: no trust in what was read before. */
		lk_tree_done(ret);
		*found = (struct found){.fd = -1};
		rc = use_sealed(e, index, false, found, ret, err);
	}
	return rc;
}

/* The first whole tree of the layers that are only read; LK_E_NOT_FOUND when there is none. */
static int use_layers(const struct ensure *e, struct lk_tree *ret, struct lk_error *err)
{
	int rc = LK_E_NOT_FOUND;
	for (size_t i = e->cache->writable; i < e->cache->n_layers && rc < 0; i++) {
		struct found found = {.fd = -1};
		rc = use_layer(e, i, &found, ret, err);
		lk_close_p(&found.fd);
		if (rc < 0 && rc != LK_E_NOT_FOUND) {
			lk_warn(e->report, "the tree of '%s' in the cache '%s' is passed over: %s",
				e->fn, e->cache->layers[i].path, err->message);
		}
	}
	return rc < 0 ? LK_E_NOT_FOUND : 0;
}

/* ---- a tree that is to be made ---- */

static int seal(int dirfd, const struct lk_listing *listing, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_SEAL_MAX);
	int rc = lk_seal_format(listing, &text, err);
	return rc < 0 ? rc : lk_seal_write(dirfd, lk_buf_view(&text), err);
}

/* Extracts into the empty directory DIRFD and checks; seals what others will use. */
static int make_in(
	const struct ensure *e, int dirfd, bool sealed, struct lk_tree *ret, struct lk_error *err)
{
	struct lk_listing LK_CLEANUP(lk_listing_done) listing = {0};
	int rc = extract(e, dirfd, &listing, err);
	if (rc == 0) {
		rc = load(e, dirfd, &listing, false, ret, err);
	}
	if (rc < 0 || !sealed) {
		ret->has_more = rc == 0 && has_more(&listing, ret->package);
		return rc;
	}
	rc = seal(dirfd, &listing, err);
	if (rc == 0 && fchmod(dirfd, e->cache->layers[0].dir_mode) != 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot extract '%s'", e->fn);
	}
	if (rc < 0) {
		lk_package_free(ret->package);
		ret->package = NULL;
	}
	return rc;
}

/* Where two names cannot be exchanged, or the damaged tree has gone meanwhile. */
static int replace_in_steps(
	const struct ensure *e, const char *work, bool *ret_published, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	int trees = lk_cache_trees_fd(e->cache);
	int tmp = lk_cache_tmp_fd(e->cache);
	char *aside = lk_arena_printf(&arena, "%s.damaged", work);
	int rc = lk_fs_rename(trees, e->name, tmp, aside, err);
	if (rc == 0) {
		rc = lk_fs_remove_tree(tmp, aside, err);
	} else if (err->sys_errno == ENOENT) {
		rc = 0;
	}
	bool exists = false;
	if (rc == 0) {
		rc = lk_fs_rename_noreplace(tmp, work, trees, e->name, &exists, err);
	}
	*ret_published = rc == 0 && !exists;
	return rc;
}

/* Puts tmp/WORK in the place of the damaged tree FOUND. Whoever was first wins: when a good one
 * stands there by now, *RET_PUBLISHED is false. What was replaced is then tmp/WORK. */
static int replace(const struct ensure *e, const char *work, const struct found *found,
	bool *ret_published, struct lk_error *err)
{
	int trees = lk_cache_trees_fd(e->cache);
	int tmp = lk_cache_tmp_fd(e->cache);
	int rc = lk_fs_exchange(tmp, work, trees, e->name, err);
	if (rc == LK_E_NOT_FOUND || (rc < 0 && err->sys_errno == ENOENT)) {
		return replace_in_steps(e, work, ret_published, err);
	}
	if (rc < 0) {
		return rc;
	}
	*ret_published = true;
	struct stat st;
	if (fstatat(tmp, work, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		(st.st_ino != found->ino || st.st_dev != found->dev)) {
		*ret_published = false;
		rc = lk_fs_exchange(tmp, work, trees, e->name, err);
	}
	return rc;
}

static int publish(const struct ensure *e, const char *work, const struct found *found,
	bool *ret_published, struct lk_error *err)
{
	if (found->damaged) {
		return replace(e, work, found, ret_published, err);
	}
	bool exists = false;
	int rc = lk_fs_rename_noreplace(lk_cache_tmp_fd(e->cache), work,
		lk_cache_trees_fd(e->cache), e->name, &exists, err);
	*ret_published = rc == 0 && !exists;
	return rc;
}

/* A tree would have to be made, and there is no place for it. */
static int fail_only_read(const struct ensure *e, struct lk_error *err)
{
	if (!lk_cache_has_archive(e->cache, e->record)) {
		lk_fail(err, LK_E_OFFLINE, "'%s' is not in the cache '%s'", e->fn,
			lk_cache_names(e->cache));
		lk_error_hint(err, "get it with 'lockenv fetch' where there is a network");
		return err->code;
	}
	lk_fail(err, LK_E_FS, "'%s' is not extracted in the cache '%s', which is only read", e->fn,
		lk_cache_names(e->cache));
	lk_error_hint(err, "name a folder that may be written first: --cache DIR:...");
	return err->code;
}

/* In the caller's own place, which he removes with all that is in it. */
static int make_apart(const struct ensure *e, struct lk_tree *ret, struct lk_error *err)
{
	const struct lk_tree_place *place = e->options->place;
	if (!place) {
		return fail_only_read(e, err);
	}
	char *path LK_AUTO_FREE = lk_asprintf("%s/%s", place->path, e->name);
	int fd LK_AUTO_CLOSE = -1;
	if (mkdirat(place->fd, e->name, 0700) == 0) {
		fd = lk_fs_open_dir(place->fd, e->name);
	}
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make '%s'", path);
	}
	struct lk_tree made = {0};
	int rc = make_in(e, fd, false, &made, err);
	if (rc < 0) {
		return rc;
	}
	*ret = made;
	ret->fd = lk_fd_take(&fd);
	ret->path = LK_STEAL(path);
	ret->movable = true;
	return 0;
}

/* *RET_PUBLISHED is false when another process was faster: its tree is to be used. */
static int make(const struct ensure *e, const struct found *found, struct lk_tree *ret,
	bool *ret_published, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	int tmp = lk_cache_tmp_fd(e->cache);
	char *work;
	int rc = lk_fs_temp_dir(tmp, "tree", &arena, &work, err);
	if (rc < 0) {
		return lk_wrap(err, "cache '%s'", lk_cache_path(e->cache));
	}
	struct lk_tree made = {0};
	int fd LK_AUTO_CLOSE = lk_fs_open_dir(tmp, work);
	if (fd < 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s/tmp/%s'",
			lk_cache_path(e->cache), work);
	} else {
		rc = make_in(e, fd, true, &made, err);
	}
	*ret_published = false;
	if (rc == 0) {
		rc = publish(e, work, found, ret_published, err);
		if (rc < 0) {
			lk_cache_hint_others(e->cache, err);
		}
	}
	/* What is still under the name: our unfinished or beaten work, or the damaged tree. */
	struct lk_error ignored = LK_ERROR_INIT;
	int removed = lk_fs_remove_tree(tmp, work, &ignored);
	(void)removed;
	if (rc < 0 || !*ret_published) {
		lk_package_free(made.package);
		return rc;
	}
	lk_note(e->report, 1, "extracted '%s'", e->fn);
	*ret = made;
	ret->fd = lk_fd_take(&fd);
	ret->path = lk_asprintf("%s/trees/%s", lk_cache_path(e->cache), e->name);
	ret->layer = 0;
	ret->fresh = true;
	return 0;
}

/* ---- both ---- */

/* The tree in the folder itself is damaged as ERR says, and nothing is better. */
static int tell_damaged(const struct ensure *e, struct lk_error *err)
{
	char *why LK_AUTO_FREE = lk_strdup(err->message);
	if (!lk_cache_has_archive(e->cache, e->record)) {
		lk_fail(err, LK_E_INTEGRITY, "the tree of '%s' in the cache is damaged: %s", e->fn,
			why);
		lk_error_hint(err, "get its archive with 'lockenv fetch'");
		return err->code;
	}
	lk_warn(e->report, "the tree of '%s' in the cache was damaged (%s): made again", e->fn,
		why);
	return 0;
}

/* Makes it this process's work to extract the tree, waiting for whoever is at it where that is
 * asked for. LK_E_NOT_FOUND when it is not. */
static int claim(struct ensure *e, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) who = LK_BUF_INIT(NAME_MAX);
	struct lk_claims *claims = e->options->claims;
	unsigned round = 0;
	e->claimed = true;
	while (!lk_claim_take(claims, LK_CLAIM_TREE, e->record, round == 0 ? &who : NULL)) {
		if (!e->options->wait) {
			e->claimed = false;
			return lk_fail(err, LK_E_NOT_FOUND, "%s is extracting '%s'",
				lk_buf_cstr(&who), e->fn);
		}
		if (round == 0) {
			lk_note(e->report, 1, "%s is extracting '%s': waiting for it",
				lk_buf_cstr(&who), e->fn);
		}
		if (lk_report_stop(e->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
		lk_claims_pause(claims, round++);
	}
	return 0;
}

/* Was what was FOUND taken away or replaced since? */
static bool has_moved(const struct ensure *e, const struct found *found)
{
	struct stat st;
	return fstatat(lk_cache_trees_fd(e->cache), e->name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		st.st_ino != found->ino || st.st_dev != found->dev;
}

/* One round: the tree that is there, else a new one. *RET_DONE is false when it is to be looked for
 * again: another process changed it meanwhile, or was at it. */
static int try_once(struct ensure *e, struct lk_tree *ret, bool *ret_done, struct lk_error *err)
{
	struct found found = {.fd = -1};
	*ret_done = true;
	int rc = e->cache->writable ? use_layer(e, 0, &found, ret, err) : LK_E_NOT_FOUND;
	bool stale = rc == LK_E_FS && err->sys_errno == ESTALE;
	if (stale || (found.damaged && has_moved(e, &found))) {
		*ret_done = false;
		lk_close_p(&found.fd);
		return 0;
	}
	if (rc == LK_E_NOT_FOUND || found.damaged) {
		struct lk_error ignored = LK_ERROR_INIT; /* was warned of */
		rc = use_layers(e, ret, &ignored);
		if (rc < 0 && e->options->claims && !e->claimed) {
			*ret_done = false;
			rc = claim(e, err);
		} else if (rc < 0) {
			rc = found.damaged ? tell_damaged(e, err) : 0;
			rc = rc < 0                  ? rc
				: e->cache->writable ? make(e, &found, ret, ret_done, err)
						     : make_apart(e, ret, err);
		}
	}
	lk_close_p(&found.fd);
	return rc;
}

int lk_tree_ensure(struct lk_cache *cache, const struct lk_record *record,
	const struct lk_tree_options *options, const struct lk_report *report, struct lk_tree *ret,
	struct lk_error *err)
{
	int rc = lk_cache_check_record(record, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(NAME_MAX);
	lk_cache_tree_name(record, &name);
	struct ensure e = {
		.cache = cache,
		.record = record,
		.options = options,
		.report = report,
		.fn = lk_strndup(record->fn.ptr, record->fn.len),
		.name = lk_strdup(lk_buf_cstr(&name)),
	};
	bool done = false;
	for (unsigned i = 0; i < MAX_TRIES && rc == 0 && !done; i++) {
		rc = try_once(&e, ret, &done, err);
	}
	if (e.claimed) {
		lk_claim_release(options->claims, LK_CLAIM_TREE, record);
	}
	if (rc == 0 && !done) {
		rc = lk_fail(err, LK_E_FS, "the tree of '%s' changes while it is used", e.fn);
	}
	if (rc == 0) {
		lk_error_clear(err); /* of what was looked for in vain */
	}
	lk_free(e.name);
	lk_free(e.fn);
	return rc;
}

bool lk_tree_file_holds(const struct lk_tree_file *file, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == file->size &&
		(st->st_mode & 07777) == file->mode && st->st_mtim.tv_sec == file->mtime &&
		st->st_mtim.tv_nsec == 0 && (st->st_uid == 0 || st->st_uid == geteuid());
}

void lk_tree_done(struct lk_tree *tree)
{
	lk_close_p(&tree->fd);
	lk_free(tree->path);
	tree->path = NULL;
	lk_package_free(tree->package);
	tree->package = NULL;
}

/*
 * What goes into a bundle: locks, the archives that they name, and where these are.
 */
#include <stdlib.h>

#include "base/fs.h"
#include "cli/packing.h"
#include "store/inventory.h"

#define ARCHIVE_NAME_MAX ((size_t)512)

void lk_pack_add(struct lk_packing *p, const struct lk_manifest_entry *entry,
	const struct lk_pack_member *member)
{
	lk_map_set(&p->by_path, entry->path, (uint32_t)p->entries.len);
	lk_vec_push(&p->entries, *entry);
	lk_vec_push(&p->members, *member);
}

/* ---- locks ---- */

/* "locks/NAME.lock" of a file NAME.lock or NAME. */
static lk_str lock_path(struct lk_packing *p, const char *file)
{
	lk_str name = lk_path_basename(lk_str_of(file));
	if (lk_str_ends(name, LK_STR(".lock"))) {
		name = lk_str_slice(name, 0, name.len - strlen(".lock"));
	}
	return lk_str_printf(&p->app->arena, "locks/" LK_STR_FMT ".lock", LK_STR_ARG(name));
}

static void add_archive(
	struct lk_packing *p, const struct lk_lock *lock, const struct lk_record *record)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) path = LK_BUF_INIT(ARCHIVE_NAME_MAX);
	lk_buf_puts(&path, "archives/");
	lk_cache_archive_name(record, &path);
	uint32_t known = lk_map_get(&p->by_path, lk_buf_view(&path));
	if (known != LK_MAP_NONE) {
		struct lk_record *first = &p->members.items[known].record;
		if (!first->has_size) {
			*first = *record;
			p->entries.items[known].size = record->size;
		}
		return;
	}
	const struct lk_manifest_entry entry = {
		.kind = LK_MANIFEST_ARCHIVE,
		.path = lk_str_dup(&p->app->arena, lk_buf_view(&path)),
		.sha256 = record->sha256,
		.size = record->size,
	};
	lk_pack_add(p, &entry, &(struct lk_pack_member){.record = *record, .lock = lock});
}

/* The platforms that are packed: those asked for, else all; sorted, each once. */
static int choose_platforms(struct lk_packing *p, const struct lk_lock_arg *arg,
	struct lk_str_list *ret, struct lk_error *err)
{
	struct lk_strs names = {0};
	const struct lk_args *wanted = &p->options->platforms;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < wanted->len; i++) {
		const struct lk_lock_platform *platform;
		rc = lk_lock_arg_platform(arg, wanted->items[i], false, &platform, err);
		lk_vec_push(&names, lk_str_of(wanted->items[i]));
	}
	for (size_t i = 0; wanted->len == 0 && i < arg->lock.n_platforms; i++) {
		lk_vec_push(&names, arg->lock.platforms[i].subdir);
	}
	if (names.len > 0) {
		qsort(names.items, names.len, sizeof(*names.items), lk_str_cmp_qsort);
	}
	lk_str *list = lk_arena_calloc(&p->app->arena, names.len, sizeof(*list));
	size_t n = 0;
	for (size_t i = 0; i < names.len; i++) {
		if (n == 0 || !lk_str_eq(list[n - 1], names.items[i])) {
			list[n++] = names.items[i];
		}
	}
	lk_vec_done(&names);
	*ret = (struct lk_str_list){list, n};
	return rc;
}

static int fail_same_name(
	struct lk_packing *p, uint32_t known, const char *file, lk_str path, struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "'%s' and '%s' would both be '" LK_STR_FMT "' in the bundle",
		p->members.items[known].file, file, LK_STR_ARG(path));
	lk_error_hint(err, "give one of them another name");
	return LK_E_USAGE;
}

static int add_lock(
	struct lk_packing *p, const char *file, struct lk_lock_arg *arg, struct lk_error *err)
{
	struct lk_manifest_entry entry = {.kind = LK_MANIFEST_LOCK, .path = lock_path(p, file)};
	uint32_t known = lk_map_get(&p->by_path, entry.path);
	if (known != LK_MAP_NONE) {
		return fail_same_name(p, known, file, entry.path, err);
	}
	int rc = lk_lock_arg_read(p->app, file, arg, err);
	if (rc == 0) {
		rc = choose_platforms(p, arg, &entry.platforms, err);
	}
	if (rc < 0) {
		return rc;
	}
	entry.sha256 = lk_sha256_of(lk_buf_cstr(&arg->text), arg->text.len);
	entry.size = arg->text.len;
	lk_pack_add(p, &entry, &(struct lk_pack_member){.text = &arg->text, .file = file});
	for (size_t i = 0; i < entry.platforms.n; i++) {
		const struct lk_lock_platform *platform =
			lk_lock_find_platform(&arg->lock, entry.platforms.items[i]);
		for (size_t k = 0; k < platform->n_packages; k++) {
			add_archive(p, &arg->lock, &platform->packages[k]);
		}
	}
	return 0;
}

int lk_pack_add_locks(struct lk_packing *p, const struct lk_args *locks, struct lk_error *err)
{
	p->locks = lk_calloc(locks->len, sizeof(*p->locks));
	p->n_locks = locks->len;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < locks->len; i++) {
		rc = add_lock(p, locks->items[i], &p->locks[i], err);
	}
	return rc;
}

/* ---- what the far side has ---- */

/* What of P's archives the file PATH, an inventory or an earlier bundle, has: one flag for each
 * member. */
static int look_up(struct lk_packing *p, const char *path, bool *ret_has, struct lk_error *err)
{
	struct lk_inventory inventory = {0};
	struct lk_bundle *LK_CLEANUP(lk_bundle_free_p) bundle = NULL;
	int rc = lk_bundle_is(path) ? lk_bundle_open(path, &bundle, err)
				    : lk_inventory_read(path, &inventory, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_fail(err, LK_E_USAGE, "there is no inventory '%s'", path);
		lk_error_hint(err, "make one on the far side: lockenv cache inventory > %s", path);
		rc = LK_E_USAGE;
	}
	for (size_t i = 0; rc == 0 && i < p->members.len; i++) {
		const struct lk_record *record = &p->members.items[i].record;
		ret_has[i] = p->entries.items[i].kind == LK_MANIFEST_ARCHIVE && record->has_size &&
			(bundle ? lk_bundle_has_archive(bundle, record)
				: lk_inventory_has(&inventory, record));
	}
	lk_inventory_done(&inventory);
	return rc;
}

int lk_pack_leave_out(struct lk_packing *p, struct lk_error *err)
{
	const struct lk_args *delta = &p->options->delta;
	bool *LK_AUTO_FREE has = lk_calloc(p->members.len, sizeof(*has));
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < delta->len; i++) {
		rc = look_up(p, delta->items[i], has, err);
		for (size_t k = 0; rc == 0 && k < p->members.len; k++) {
			struct lk_manifest_entry *entry = &p->entries.items[k];
			entry->absent = has[k] && (i == 0 || entry->absent);
		}
	}
	return rc;
}

/* ---- where archives are ---- */

static int open_folder(const char *path, struct lk_cache **ret, struct lk_error *err)
{
	*ret = lk_cache_new();
	int rc = lk_cache_add_folder(*ret, path, err);
	if (rc == LK_E_NOT_FOUND) {
		err->code = LK_E_USAGE;
		(void)lk_wrap(err, "--from '%s'", path);
		lk_error_hint(err, "give --from a folder of archives, a cache or a bundle");
	}
	return rc == LK_E_NOT_FOUND ? LK_E_USAGE : rc;
}

static int open_places(struct lk_packing *p, struct lk_error *err)
{
	const struct lk_args *from = &p->options->from;
	int rc = p->options->fetch && !p->options->dry_run
		? lk_app_cache(p->app, &p->cache, err)
		: lk_app_cache_look(p->app, &p->cache, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		rc = 0;
	}
	for (size_t i = 0; rc == 0 && i < from->len; i++) {
		struct lk_pack_place place = {.path = from->items[i]};
		if (lk_bundle_is(place.path)) {
			rc = lk_bundle_open(place.path, &place.bundle, err);
		} else {
			rc = open_folder(place.path, &place.folder, err);
		}
		lk_vec_push(&p->places, place);
	}
	return rc;
}

/* From the place NUMBER; LK_E_NOT_FOUND when it does not have it. */
static int open_at(const struct lk_packing *p, size_t number, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err)
{
	if (number == 0) {
		return p->cache ? lk_cache_open_archive(p->cache, record, ret, err)
				: lk_fail(err, LK_E_NOT_FOUND, "there is no cache");
	}
	const struct lk_pack_place *place = &p->places.items[number - 1];
	return place->bundle ? lk_bundle_open_archive(place->bundle, record, ret, err)
			     : lk_cache_open_archive(place->folder, record, ret, err);
}

/* One of the wrong size is as good as none: another place may have the right one. */
static int find_one(struct lk_packing *p, size_t index, struct lk_error *err)
{
	struct lk_pack_member *member = &p->members.items[index];
	for (size_t i = 0; !member->found && i <= p->places.len; i++) {
		struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
		int rc = open_at(p, i, &member->record, &blob, err);
		if (rc == 0) {
			member->found = true;
			member->place = i;
			p->entries.items[index].size = blob.size;
		} else if (rc == LK_E_INTEGRITY) {
			lk_warn(&p->app->report, "%s", err->message);
		} else if (rc != LK_E_NOT_FOUND) {
			return rc;
		}
	}
	lk_error_clear(err);
	return 0;
}

int lk_pack_find_missing(struct lk_packing *p, struct lk_error *err)
{
	int rc = 0;
	lk_vec_clear(&p->missing);
	for (size_t i = 0; rc == 0 && i < p->members.len; i++) {
		const struct lk_manifest_entry *entry = &p->entries.items[i];
		if (entry->kind != LK_MANIFEST_ARCHIVE || entry->absent) {
			continue;
		}
		rc = find_one(p, i, err);
		if (rc == 0 && !p->members.items[i].found) {
			lk_vec_push(&p->missing, &p->members.items[i].record);
		}
	}
	return rc;
}

int lk_pack_find(struct lk_packing *p, struct lk_error *err)
{
	int rc = open_places(p, err);
	return rc < 0 ? rc : lk_pack_find_missing(p, err);
}

static char *archive_name(
	const struct lk_packing *p, size_t number, const struct lk_manifest_entry *entry)
{
	const char *folder =
		number == 0 ? lk_cache_path(p->cache) : p->places.items[number - 1].path;
	lk_str name = number == 0 ? entry->path : lk_manifest_name(entry);
	return lk_asprintf("%s/" LK_STR_FMT, folder, LK_STR_ARG(name));
}

int lk_pack_open(void *ctx, const struct lk_manifest_entry *entry, struct lk_bundle_source *ret,
	struct lk_error *err)
{
	const struct lk_packing *p = ctx;
	const struct lk_pack_member *member =
		&p->members.items[lk_map_get(&p->by_path, entry->path)];
	if (entry->kind == LK_MANIFEST_LOCK) {
		ret->bytes = lk_buf_view(member->text);
		return 0;
	}
	if (lk_manifest_is_program(entry)) {
		ret->name = lk_strdup(member->file);
		return lk_pack_open_file(member->file, &ret->blob, err);
	}
	ret->name = archive_name(p, member->place, entry);
	return open_at(p, member->place, &member->record, &ret->blob, err);
}

/* Out of the cache when its bytes are wrong; the cache that was opened to look may change nothing.
 */
static bool drop(struct lk_packing *p, const struct lk_record *record)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct lk_cache *cache = NULL;
	int rc = lk_app_cache_layers(p->app, &cache, &ignored);
	if (rc == 0) {
		rc = lk_cache_open_hashed(cache, record, &p->app->report, &blob, &ignored);
	}
	bool dropped = rc == LK_E_INTEGRITY && lk_cache_is_writable(cache) &&
		!lk_cache_has_archive(cache, record);
	lk_cache_free(cache);
	return dropped;
}

int lk_pack_set_aside(
	struct lk_packing *p, const struct lk_manifest_entry *entry, struct lk_error *err)
{
	const struct lk_pack_member *member =
		&p->members.items[lk_map_get(&p->by_path, entry->path)];
	bool is_cached = entry->kind == LK_MANIFEST_ARCHIVE && member->place == 0;
	lk_error_hint(err, "remove that file, or put a good one in its place");
	if (is_cached && drop(p, &member->record)) {
		lk_error_hint(err, "it was taken out of the cache; 'lockenv fetch' gets it again");
	}
	return (int)err->code;
}

void lk_pack_done(struct lk_packing *p)
{
	for (size_t i = 0; i < p->places.len; i++) {
		lk_bundle_free(p->places.items[i].bundle);
		lk_cache_free(p->places.items[i].folder);
	}
	for (size_t i = 0; i < p->n_locks; i++) {
		lk_lock_arg_done(&p->locks[i]);
	}
	lk_free(p->locks);
	lk_cache_free(p->cache);
	lk_map_done(&p->by_path);
	lk_vec_done(&p->places);
	lk_vec_done(&p->entries);
	lk_vec_done(&p->members);
	lk_vec_done(&p->missing);
}

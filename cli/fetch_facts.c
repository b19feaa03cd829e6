/*
 * The archives of a lock, each looked into by a worker, and what was found in the lock.
 */
#include "cli/fetch_facts.h"

#include <stdlib.h>

#include "audit/symver.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/workers.h"
#include "cli/audit_packages.h"
#include "lock/lock_facts.h"

struct found {
	struct lk_arena arena;
	struct lk_facts facts;
};

struct work {
	struct lk_app *app;
	struct lk_cache *cache;
	struct lk_records records; /* one for each archive */
	struct lk_map by_hash;     /* of the archive, to the index into both */
	struct found *found;       /* beside the records */
};

static void work_done(struct work *w)
{
	for (size_t i = 0; w->found && i < w->records.len; i++) {
		lk_arena_done(&w->found[i].arena);
	}
	lk_free(w->found);
	lk_vec_done(&w->records);
	lk_map_done(&w->by_hash);
}

static lk_str hash_of(const struct lk_record *record)
{
	return lk_str_n((const char *)record->sha256.bytes, sizeof(record->sha256.bytes));
}

/* The newest glibc that a version needed by ELF asks for, if newer than *HIGHEST. */
static void look_at_versions(const struct lk_elf *elf, lk_str *highest)
{
	for (size_t i = 0; i < elf->n_versions_needed; i++) {
		const struct lk_elf_need *need = &elf->versions_needed[i];
		lk_str glibc = need->weak ? LK_STR("") : lk_symver_glibc(need->version);
		if (glibc.len > 0 && (highest->len == 0 || lk_symver_cmp(glibc, *highest) > 0)) {
			*highest = glibc;
		}
	}
}

static void summarise(const struct lk_package_files *files, struct found *ret)
{
	struct lk_gpu_codes LK_CLEANUP(lk_gpu_codes_done) codes = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(65536);
	lk_str glibc = LK_STR("");
	for (size_t i = 0; i < files->files.len; i++) {
		const struct lk_seen *seen = &files->files.items[i].seen;
		if (seen->device) {
			lk_gpu_codes_add_all(&codes, &seen->device->codes);
		}
		if (seen->elf && !seen->elf->is_debug) {
			look_at_versions(seen->elf, &glibc);
		}
	}
	lk_gpu_put_codes(&codes, &text);
	ret->facts.gpu = lk_str_dup(&ret->arena, lk_buf_view(&text));
	ret->facts.glibc = lk_str_dup(&ret->arena, glibc);
}

static int look_into(void *ctx, size_t index, struct lk_error *err)
{
	struct work *w = ctx;
	const struct lk_report *report = &w->app->report;
	struct lk_package_files files;
	if (lk_report_stop(report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
	}
	int rc = lk_package_files_read(w->cache, &w->records.items[index], report, &files, err);
	if (rc == 0) {
		summarise(&files, &w->found[index]);
	}
	lk_package_files_done(&files);
	return rc;
}

static void tell_lie(const struct lk_app *app, const struct lk_record *record, const char *field,
	lk_str said, lk_str has)
{
	if (said.len > 0 && !lk_str_eq(said, has)) {
		lk_warn(&app->report,
			LK_STR_FMT " " LK_STR_FMT " has %s '" LK_STR_FMT "', not '" LK_STR_FMT
				   "' as the lock says",
			LK_STR_ARG(record->name), LK_STR_ARG(record->version), field,
			LK_STR_ARG(has), LK_STR_ARG(said));
	}
}

static bool found_facts(void *ctx, const struct lk_record *record, struct lk_facts *ret)
{
	const struct work *w = ctx;
	uint32_t at = lk_map_get(&w->by_hash, hash_of(record));
	if (at == LK_MAP_NONE) {
		return false;
	}
	*ret = w->found[at].facts;
	tell_lie(w->app, record, "gpu", record->facts.gpu, ret->gpu);
	tell_lie(w->app, record, "glibc", record->facts.glibc, ret->glibc);
	return true;
}

/* The lock's file, unless it has that text. */
static int write_lock(struct lk_lock_arg *arg, bool locked, bool *ret_changed, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	int rc = lk_lock_write(&arg->lock, &text, err);
	if (rc < 0) {
		return rc;
	}
	*ret_changed = !lk_str_eq(lk_buf_view(&text), lk_buf_view(&arg->text));
	if (!*ret_changed || locked) {
		return 0;
	}
	char *target = realpath(arg->path, NULL);
	rc = lk_fs_write_atomic(
		AT_FDCWD, target ? target : arg->path, lk_buf_cstr(&text), text.len, 0, err);
	free(target); /* realpath's own allocation */
	return rc;
}

int lk_fetch_facts(struct lk_app *app, struct lk_cache *cache, const struct lk_records *records,
	bool locked, struct lk_lock_arg *arg, bool *ret_changed, struct lk_error *err)
{
	struct work LK_CLEANUP(work_done) w = {.app = app, .cache = cache};
	if (arg->bundle) {
		lk_fail(err, LK_E_USAGE, "'%s' is a bundle: its lock cannot be changed", arg->path);
		lk_error_hint(err, "record the facts in the lock, then pack it");
		return LK_E_USAGE;
	}
	for (size_t i = 0; i < records->len; i++) {
		uint32_t next = (uint32_t)w.records.len;
		if (lk_map_add(&w.by_hash, hash_of(&records->items[i]), next) == next) {
			lk_vec_push(&w.records, records->items[i]);
		}
	}
	w.found = lk_calloc(w.records.len, sizeof(*w.found));
	int rc = lk_workers_run(app->common.jobs, w.records.len, look_into, &w, err);
	if (rc < 0) {
		return rc;
	}
	(void)lk_lock_set_facts(&arg->lock, found_facts, &w);
	return write_lock(arg, locked, ret_changed, err);
}

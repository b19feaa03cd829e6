/*
 * Repair.
 */
#include "install/repair.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/map.h"

int lk_repair_check(const struct lk_verify *found, const char *prefix, struct lk_error *err)
{
	if (found->state == LK_VERIFY_FOREIGN) {
		lk_fail(err, LK_E_USAGE, "'%s' was not installed by lockenv: it cannot be repaired",
			prefix);
		lk_error_hint(err, "make it equal to a lock: lockenv install LOCK -p %s", prefix);
		return err->code;
	}
	if (found->state == LK_VERIFY_DAMAGED || found->records_changed) {
		lk_fail(err, LK_E_FINDING,
			"what '%s' tells of itself is damaged: it can be repaired by its lock "
			"alone",
			prefix);
		lk_error_hint(err, "give the lock: lockenv verify --repair %s LOCK", prefix);
		return err->code;
	}
	return 0;
}

static int cmp_record(const void *a, const void *b)
{
	return lk_str_cmp(((const struct lk_record *)a)->name, ((const struct lk_record *)b)->name);
}

struct lk_record *lk_repair_records(struct lk_verify *found, bool all, size_t *ret_n)
{
	struct lk_map LK_CLEANUP(lk_map_done) damaged = {0};
	struct lk_record *records =
		lk_arena_calloc(&found->arena, found->records.len + 1, sizeof(*records));
	*ret_n = 0;
	for (size_t i = 0; i < found->findings.len; i++) {
		lk_map_add(&damaged, found->findings.items[i].package, 0);
	}
	for (size_t i = 0; i < found->records.len; i++) {
		const struct lk_record *record = &found->records.items[i].record;
		if (all || lk_map_get(&damaged, record->name) != LK_MAP_NONE) {
			records[(*ret_n)++] = *record;
		}
	}
	qsort(records, *ret_n, sizeof(*records), cmp_record);
	return records;
}

/* A record has the address of its channel's folder where a lock has the channel's name. */
static struct lk_channel *channels_of(
	struct lk_verify *found, const struct lk_record *records, size_t n)
{
	struct lk_channel *channels = lk_arena_calloc(&found->arena, n + 1, sizeof(*channels));
	for (size_t i = 0; i < n; i++) {
		channels[i].name = records[i].channel;
		channels[i].url = lk_path_dirname(records[i].channel);
	}
	return channels;
}

/* The one thing in a prefix that no install changes. */
static int mend_root(const char *prefix, const struct lk_verify *found, struct lk_error *err)
{
	if ((found->root.st_mode & 07777) == found->stamp.mode ||
		chmod(prefix, found->stamp.mode) == 0) {
		return 0;
	}
	return lk_fail_errno(err, LK_E_FS, errno, "cannot set the mode of '%s'", prefix);
}

int lk_repair(struct lk_cache *cache, const char *prefix, struct lk_verify *found,
	const struct lk_install_options *options, const struct lk_report *report,
	struct lk_install_result *ret, struct lk_error *err)
{
	size_t n = 0;
	const struct lk_record *records = lk_repair_records(found, true, &n);
	const struct lk_channel *channels = channels_of(found, records, n);
	const struct lk_stamp *stamp = &found->stamp;
	struct lk_install_options mend = *options;
	lk_str final = lk_str_dup(&found->arena, stamp->prefix);
	mend.compile = stamp->compile;
	mend.subdir = stamp->subdir;
	mend.specs = lk_meta_asked(&found->records, &found->arena);
	mend.final_prefix = lk_str_is(final, prefix) ? NULL : final.ptr;
	mend.link = stamp->symlinks ? LK_LINK_SYMLINK : options->link;
	mend.expect = stamp->tree_digest;
	mend.verify = true;
	int rc = mend_root(prefix, found, err);
	return rc < 0 ? rc
		      : lk_install(cache, prefix, records, n, channels, n, &stamp->lock, &mend,
				report, ret, err);
}

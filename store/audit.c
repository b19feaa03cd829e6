/*
 * Auditing a cache, entry by entry.
 */
#include "store/audit.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/relay.h"
#include "base/workers.h"
#include "store/cache_priv.h"
#include "store/seal.h"

/* One part of one layer. */
struct part {
	const struct lk_layer *layer;
	const char *name;
	int fd;
	bool trees;
	struct lk_strs names;
	char **why;    /* one for each name: what is wrong, or NULL */
	bool *damaged; /* of these: its bytes are, it could be read */
	struct lk_relay relay;
};

void lk_audit_done(struct lk_audit *audit)
{
	lk_vec_done(&audit->findings);
	lk_arena_done(&audit->arena);
}

/* ---- one entry ---- */

static int check_archive(const struct part *part, const char *name, const struct lk_sha256 *want,
	struct lk_error *err)
{
	int fd LK_AUTO_CLOSE = -1;
	struct lk_sha256 have;
	struct stat st;
	int rc = lk_fs_open_beneath(part->fd, name, O_RDONLY | O_NONBLOCK, 0, &fd, err);
	if (rc == LK_E_FS && err->sys_errno == ELOOP) {
		return lk_fail(err, LK_E_INTEGRITY, "it is a symlink");
	}
	if (rc == 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		return lk_fail(err, LK_E_INTEGRITY, "it is no regular file");
	}
	rc = rc < 0 ? rc : lk_sha256_fd(fd, name, &have, NULL, err);
	if (rc == 0 && !lk_sha256_eq(&have, want)) {
		char hex[LK_HEX_MAX];
		lk_hex(have.bytes, LK_SHA256_LEN, hex);
		rc = lk_fail(err, LK_E_INTEGRITY, "its sha256 is %s", hex);
	}
	return rc;
}

static int check_tree(const struct part *part, const char *name, struct lk_error *err)
{
	struct lk_listing LK_CLEANUP(lk_listing_done) listing = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) seal = LK_BUF_INIT(LK_SEAL_MAX);
	int fd LK_AUTO_CLOSE = -1;
	bool foreign;
	int rc = lk_fs_open_beneath(part->fd, name, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	if (rc == LK_E_FS && (err->sys_errno == ELOOP || err->sys_errno == ENOTDIR)) {
		return lk_fail(err, LK_E_INTEGRITY, "it is no folder");
	}
	if (rc == 0) {
		rc = lk_seal_read(fd, &seal, &foreign, err);
	}
	if (rc == 0) {
		rc = lk_seal_parse(lk_buf_view(&seal), &listing, err);
	}
	return rc < 0 ? rc : lk_seal_check(fd, &listing, NULL, true, &foreign, err);
}

static int check_entry(void *ctx, size_t index, struct lk_error *err)
{
	struct part *part = ctx;
	struct lk_sha256 sha256;
	lk_str stem;
	lk_str name = part->names.items[index];
	if (lk_report_stop(&part->relay.items[index].report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
	}
	if (!lk_cache_split_name(name, &stem, &sha256)) {
		return 0;
	}
	int rc = part->trees ? check_tree(part, name.ptr, err)
			     : check_archive(part, name.ptr, &sha256, err);
	lk_relay_step(&part->relay, "check");
	if (rc < 0 && rc != LK_E_NOT_FOUND) { /* else: cleaned away meanwhile */
		part->why[index] = lk_strdup(err->message);
		part->damaged[index] = rc == LK_E_INTEGRITY;
	}
	return 0;
}

/* ---- all of them ---- */

static bool set_aside(
	const struct lk_cache *cache, const struct part *part, lk_str name, struct lk_arena *arena)
{
	struct lk_error ignored = LK_ERROR_INIT;
	int tmp = lk_cache_tmp_fd(cache);
	char *dir;
	if (lk_fs_temp_dir(tmp, "damaged", arena, &dir, &ignored) < 0) {
		return false;
	}
	const char *moved = lk_arena_printf(arena, "%s/" LK_STR_FMT, dir, LK_STR_ARG(name));
	if (lk_fs_rename(part->fd, name.ptr, tmp, moved, &ignored) < 0) {
		(void)unlinkat(tmp, dir, AT_REMOVEDIR);
		return false;
	}
	return true;
}

static void note_findings(
	const struct lk_cache *cache, struct part *part, bool aside, struct lk_audit *audit)
{
	for (size_t i = 0; i < part->names.len; i++) {
		struct lk_sha256 sha256;
		lk_str stem;
		bool ours = lk_cache_split_name(part->names.items[i], &stem, &sha256);
		audit->n_trees += ours && part->trees;
		audit->n_archives += ours && !part->trees;
		if (!part->why[i]) {
			continue;
		}
		struct lk_audit_finding finding = {
			.path = lk_str_printf(&audit->arena, "%s/%s/" LK_STR_FMT, part->layer->path,
				part->name, LK_STR_ARG(part->names.items[i])),
			.why = lk_str_dup(&audit->arena, lk_str_of(part->why[i])),
			.aside = aside && part->damaged[i] &&
				set_aside(cache, part, part->names.items[i], &audit->arena),
		};
		lk_vec_push(&audit->findings, finding);
		lk_free(part->why[i]);
	}
}

static int audit_part(struct lk_cache *cache, struct part *part, bool aside, unsigned jobs,
	const struct lk_report *report, struct lk_audit *audit, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	if (part->fd < 0) {
		return 0;
	}
	int rc = lk_fs_list(part->fd, ".", &arena, &part->names, err);
	if (rc < 0) {
		return lk_wrap(err, "cache '%s'", part->layer->path);
	}
	part->why = lk_calloc(part->names.len, sizeof(*part->why));
	part->damaged = lk_calloc(part->names.len, sizeof(*part->damaged));
	lk_relay_init(&part->relay, report, part->names.len);
	rc = lk_workers_run(jobs, part->names.len, check_entry, part, err);
	lk_relay_flush(&part->relay);
	lk_relay_done(&part->relay);
	note_findings(cache, part, aside && rc == 0, audit);
	lk_free(part->damaged);
	lk_free(part->why);
	lk_vec_done(&part->names);
	return rc;
}

int lk_audit_run(struct lk_cache *cache, bool aside, unsigned jobs, const struct lk_report *report,
	struct lk_audit *ret, struct lk_error *err)
{
	struct lk_audit audit = {0};
	int rc = 0;
	for (size_t i = 0; i < cache->n_layers && rc == 0; i++) {
		const struct lk_layer *layer = &cache->layers[i];
		bool ours = aside && i == 0 && cache->writable;
		struct part archives = {.layer = layer, .name = "archives", .fd = layer->archives};
		struct part trees = {
			.layer = layer, .name = "trees", .fd = layer->trees, .trees = true};
		rc = audit_part(cache, &archives, ours, jobs, report, &audit, err);
		if (rc == 0) {
			rc = audit_part(cache, &trees, ours, jobs, report, &audit, err);
		}
	}
	if (rc < 0) {
		lk_audit_done(&audit);
		return rc;
	}
	lk_error_clear(err); /* of what was found */
	*ret = audit;
	return 0;
}

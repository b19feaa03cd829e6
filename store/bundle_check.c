/*
 * Checking bundles: what is there is held against the manifest, member by member.
 */
#include "store/bundle_check.h"

#include "base/relay.h"
#include "base/workers.h"
#include "store/bundle_priv.h"

#define CHUNK ((size_t)256 * 1024)
#define PATH_MAX_BYTES ((size_t)4095)

/* ---- files ---- */

static uint64_t largest(const struct lk_bundle *bundle)
{
	uint64_t size = 0;
	for (size_t i = 0; i < bundle->volumes.len; i++) {
		size = bundle->volumes.items[i].size > size ? bundle->volumes.items[i].size : size;
	}
	return size;
}

/* Are the files just the bundle, however it was cut? */
static bool is_complete(const struct lk_bundle *bundle)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < bundle->volumes.len; i++) {
		if (bundle->volumes.items[i].fd < 0) {
			return false;
		}
		sum += bundle->volumes.items[i].size;
	}
	return sum == bundle->layout.total;
}

static char *file_name(const struct lk_bundle *bundle, size_t index)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(PATH_MAX_BYTES);
	if (bundle->is_cut) {
		lk_bundle_put_volume(bundle->path, index + 1, &name);
	} else {
		lk_buf_puts(&name, bundle->path);
	}
	return lk_strdup(lk_buf_cstr(&name));
}

/* What files there must be. Their volumes get the sizes that they must have, so that what lies
 * behind a gap is where it belongs. */
static void plan_files(struct lk_bundle_check *check)
{
	struct lk_bundle *bundle = check->bundle;
	uint64_t total = bundle->layout.total;
	bool complete = is_complete(bundle);
	uint64_t size = bundle->is_cut ? largest(bundle) : total;
	uint64_t at = 0;
	for (size_t i = 0; i < bundle->volumes.len || at < total; i++) {
		if (i >= LK_BUNDLE_MAX_VOLUMES) {
			break;
		}
		if (i == bundle->volumes.len) {
			lk_vec_push(&bundle->volumes, (struct lk_volume){-1, 0});
		}
		struct lk_volume *volume = &bundle->volumes.items[i];
		uint64_t rest = total - at;
		struct lk_bundle_file file = {
			.name = file_name(bundle, i),
			.from = at,
			.has = volume->size,
			.is_there = volume->fd >= 0,
			.is_surplus = rest == 0,
		};
		file.must = complete ? volume->size : rest < size ? rest : size;
		check->has_more = check->has_more || file.is_surplus || file.has > file.must;
		volume->size = file.must;
		at += file.must;
		lk_vec_push(&check->files, file);
	}
}

/* ---- parts ---- */

static void plan_parts(struct lk_bundle_check *check)
{
	const struct lk_bundle *bundle = check->bundle;
	const uint64_t *offsets = bundle->layout.offsets;
	size_t text_end = LK_BUNDLE_BLOCK + bundle->text.len;
	struct lk_bundle_part part = {.from = text_end, .size = offsets[0] - text_end};
	if (part.size > 0) {
		lk_vec_push(&check->parts, part);
	}
	for (size_t i = 0; i < bundle->manifest.n_entries; i++) {
		part = (struct lk_bundle_part){
			.entry = &bundle->manifest.entries[i],
			.from = offsets[i],
			.size = offsets[i + 1] - offsets[i],
		};
		if (!part.entry->absent) {
			lk_vec_push(&check->parts, part);
		}
	}
	part = (struct lk_bundle_part){
		.from = offsets[bundle->manifest.n_entries], .size = LK_BUNDLE_END};
	lk_vec_push(&check->parts, part);
	check->total = bundle->layout.total;
	check->whole = text_end;
}

/* Are all bytes of PART in files? */
static bool is_there(const struct lk_bundle_check *check, const struct lk_bundle_part *part)
{
	uint64_t have = 0;
	for (size_t i = 0; i < check->files.len; i++) {
		const struct lk_bundle_file *file = &check->files.items[i];
		uint64_t until = file->from + (file->has < file->must ? file->has : file->must);
		uint64_t begin = part->from > file->from ? part->from : file->from;
		uint64_t end = part->from + part->size < until ? part->from + part->size : until;
		have += end > begin ? end - begin : 0;
	}
	return have == part->size;
}

struct checking {
	struct lk_bundle_check *check;
	struct lk_relay relay;
};

static int hash_member(struct checking *c, size_t index, const struct lk_blob *blob,
	struct lk_sha256 *ret, struct lk_error *err)
{
	const char *name = c->check->bundle->path;
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	char *LK_AUTO_FREE chunk = lk_reallocarray(NULL, CHUNK, 1);
	for (uint64_t at = 0; at < blob->size;) {
		ssize_t got = lk_blob_read_at(blob, at, chunk, CHUNK, name, err);
		if (got < 0) {
			return (int)got;
		}
		if (lk_report_stop(&c->relay.items[index].report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted while checking");
		}
		lk_digest_update(digest, chunk, (size_t)got);
		lk_relay_bytes(&c->relay, "check", (uint64_t)got);
		at += (uint64_t)got;
	}
	lk_digest_final(digest, ret->bytes);
	return 0;
}

static int check_member(struct checking *c, size_t index, struct lk_error *err)
{
	const struct lk_bundle_part *part = &c->check->parts.items[index];
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct lk_sha256 have = {{0}};
	int rc = lk_bundle_open_member(c->check->bundle, part->entry, &blob, err);
	if (rc == 0) {
		rc = hash_member(c, index, &blob, &have, err);
	}
	if (rc == 0 && !lk_sha256_eq(&have, &part->entry->sha256)) {
		rc = lk_fail(err, LK_E_INTEGRITY, "another sha256");
	}
	return rc;
}

static int check_part(void *ctx, size_t index, struct lk_error *err)
{
	static const unsigned char zeros[LK_BUNDLE_END];
	struct checking *c = ctx;
	struct lk_bundle_part *part = &c->check->parts.items[index];
	if (!is_there(c->check, part)) {
		part->state = LK_BUNDLE_MISSING;
		return 0;
	}
	int rc = part->entry ? check_member(c, index, err)
			     : lk_bundle_compare(c->check->bundle, part->from, zeros,
				       (size_t)part->size, "its end", err);
	if (rc == LK_E_INTEGRITY) {
		part->state = LK_BUNDLE_DAMAGED;
		rc = 0;
	}
	lk_relay_step(&c->relay, "check");
	return rc;
}

/* ---- what to copy again ---- */

static void add_range(struct lk_bundle_check *check, size_t file, uint64_t from, uint64_t size)
{
	struct lk_bundle_ranges *ranges = &check->ranges;
	if (ranges->len > 0) {
		struct lk_bundle_range *last = &ranges->items[ranges->len - 1];
		if (last->file == file && last->from + last->size == from) {
			last->size += size;
			return;
		}
	}
	lk_vec_push(ranges, (struct lk_bundle_range){file, from, size});
}

/* The bytes of PART, cut where files end: of a missing one only those that are not there. */
static void add_ranges(struct lk_bundle_check *check, const struct lk_bundle_part *part)
{
	for (size_t i = 0; i < check->files.len; i++) {
		const struct lk_bundle_file *file = &check->files.items[i];
		uint64_t begin = file->from;
		if (part->state == LK_BUNDLE_MISSING) {
			begin += file->has < file->must ? file->has : file->must;
		}
		uint64_t end = file->from + file->must;
		begin = begin > part->from ? begin : part->from;
		end = end < part->from + part->size ? end : part->from + part->size;
		if (end > begin) {
			add_range(check, i, begin - file->from, end - begin);
		}
	}
}

static void sum_up(struct lk_bundle_check *check)
{
	for (size_t i = 0; i < check->parts.len; i++) {
		const struct lk_bundle_part *part = &check->parts.items[i];
		check->n_missing += part->state == LK_BUNDLE_MISSING;
		check->n_damaged += part->state == LK_BUNDLE_DAMAGED;
		if (part->state == LK_BUNDLE_WHOLE) {
			check->whole += part->size;
		} else {
			add_ranges(check, part);
		}
	}
}

int lk_bundle_check(const char *path, unsigned jobs, const struct lk_report *report,
	struct lk_bundle_check *ret, struct lk_error *err)
{
	struct lk_bundle_check check = {0};
	int rc = lk_bundle_open_part(path, &check.bundle, err);
	if (rc < 0) {
		return rc;
	}
	plan_files(&check);
	plan_parts(&check);
	struct checking c = {.check = &check};
	lk_relay_init(&c.relay, report, check.parts.len);
	c.relay.bytes_all = check.total;
	rc = lk_workers_run(jobs, check.parts.len, check_part, &c, err);
	lk_relay_done(&c.relay);
	if (rc < 0) {
		lk_bundle_check_done(&check);
		return rc;
	}
	sum_up(&check);
	*ret = check;
	return 0;
}

void lk_bundle_check_done(struct lk_bundle_check *check)
{
	for (size_t i = 0; i < check->files.len; i++) {
		lk_free(check->files.items[i].name);
	}
	lk_vec_done(&check->files);
	lk_vec_done(&check->parts);
	lk_vec_done(&check->ranges);
	lk_bundle_free(check->bundle);
	*check = (struct lk_bundle_check){0};
}

/*
 * Writing bundles: every member is copied to where the manifest says it lies, and hashed on the
 * way.
 */
#include "store/bundle_write.h"

#include <stdlib.h>

#include "base/relay.h"
#include "base/workers.h"
#include "store/bundle_out_priv.h"

#define CHUNK ((size_t)256 * 1024)

struct packing {
	const struct lk_manifest *manifest;
	struct lk_bundle_layout layout;
	struct lk_bundle_out out;
	lk_bundle_source_fn *source;
	void *ctx;
	struct lk_relay relay;
	struct lk_u32s order; /* members that are there, the largest first */
	bool *wrong;          /* of these: its bytes were not the manifest's */
};

static uint64_t manifest_text(const struct lk_manifest *manifest, struct lk_buf *ret)
{
	lk_buf_init(ret, LK_MANIFEST_MAX_BYTES);
	lk_manifest_write(manifest, ret);
	struct lk_bundle_layout layout;
	lk_bundle_layout_init(&layout, manifest, ret->len);
	uint64_t total = layout.total;
	lk_bundle_layout_done(&layout);
	return total;
}

uint64_t lk_bundle_size_of(const struct lk_manifest *manifest)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(0);
	return manifest_text(manifest, &text);
}

size_t lk_bundle_volumes_of(uint64_t size, uint64_t volume_size)
{
	return volume_size == 0 ? 1 : (size_t)((size - 1) / volume_size + 1);
}

/* ---- one member ---- */

static void source_done(struct lk_bundle_source *source)
{
	lk_blob_done(&source->blob);
	lk_free(source->name);
}

static ssize_t read_source(const struct lk_bundle_source *source, uint64_t at, char *chunk,
	const char *name, struct lk_error *err)
{
	if (!source->bytes.ptr) {
		return lk_blob_read_at(&source->blob, at, chunk, CHUNK, name, err);
	}
	lk_str part = lk_str_slice(source->bytes, (size_t)at, (size_t)at + CHUNK);
	if (part.len > 0) {
		memcpy(chunk, part.ptr, part.len);
	}
	return (ssize_t)part.len;
}

static int check_hash(const struct lk_manifest_entry *entry, const struct lk_sha256 *have,
	const char *name, struct lk_error *err)
{
	if (lk_sha256_eq(have, &entry->sha256)) {
		return 0;
	}
	char is[LK_HEX_MAX];
	char must[LK_HEX_MAX];
	lk_hex(have->bytes, LK_SHA256_LEN, is);
	lk_hex(entry->sha256.bytes, LK_SHA256_LEN, must);
	return lk_fail(err, LK_E_INTEGRITY, "'%s': sha256 is %s, expected is %s", name, is, must);
}

static int copy_bytes(struct packing *p, size_t index, uint64_t to,
	const struct lk_bundle_source *source, struct lk_error *err)
{
	const struct lk_manifest_entry *entry = &p->manifest->entries[p->order.items[index]];
	const char *name = source->name ? source->name : entry->path.ptr;
	uint64_t size = source->bytes.ptr ? source->bytes.len : source->blob.size;
	if (size != entry->size) {
		return lk_fail(err, LK_E_INTEGRITY, "'%s': size is %llu bytes, expected are %llu",
			name, (unsigned long long)size, (unsigned long long)entry->size);
	}
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	char *LK_AUTO_FREE chunk = lk_reallocarray(NULL, CHUNK, 1);
	for (uint64_t at = 0; at < size;) {
		ssize_t got = read_source(source, at, chunk, name, err);
		if (got < 0) {
			return (int)got;
		}
		lk_digest_update(digest, chunk, (size_t)got);
		int rc = lk_bundle_out_write(&p->out, to + at, chunk, (size_t)got, err);
		if (rc < 0) {
			return rc;
		}
		if (lk_report_stop(&p->relay.items[index].report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted while packing");
		}
		lk_relay_bytes(&p->relay, "pack", (uint64_t)got);
		at += (uint64_t)got;
	}
	struct lk_sha256 have = {{0}};
	lk_digest_final(digest, have.bytes);
	return check_hash(entry, &have, name, err);
}

/* Zeros behind it are there already. */
static int pack_member(void *ctx, size_t index, struct lk_error *err)
{
	struct packing *p = ctx;
	uint32_t number = p->order.items[index];
	const struct lk_manifest_entry *entry = &p->manifest->entries[number];
	struct lk_bundle_source LK_CLEANUP(source_done) source = {.blob = LK_BLOB_NONE};
	int rc = p->source(p->ctx, entry, &source, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_bundle_header header;
	lk_bundle_header_of(entry, &header);
	uint64_t at = p->layout.offsets[number];
	rc = lk_bundle_out_write(&p->out, at, header.bytes, header.len, err);
	if (rc == 0) {
		rc = copy_bytes(p, index, at + header.len, &source, err);
	}
	p->wrong[index] = rc == LK_E_INTEGRITY;
	lk_relay_step(&p->relay, "pack");
	return rc;
}

/* ---- all of them ---- */

static int cmp_size(const void *a, const void *b, void *ctx)
{
	const struct lk_manifest_entry *entries = ((const struct packing *)ctx)->manifest->entries;
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;
	if (entries[left].size != entries[right].size) {
		return entries[left].size > entries[right].size ? -1 : 1;
	}
	return left < right ? -1 : 1;
}

/* Large ones first, so that no thread is left alone with one at the end. */
static uint64_t put_in_order(struct packing *p)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < p->manifest->n_entries; i++) {
		if (!p->manifest->entries[i].absent) {
			lk_vec_push(&p->order, (uint32_t)i);
			sum += p->manifest->entries[i].size;
		}
	}
	if (p->order.len > 0) {
		qsort_r(p->order.items, p->order.len, sizeof(*p->order.items), cmp_size, p);
	}
	return sum;
}

static int write_manifest(
	const struct lk_bundle_out *out, const struct lk_buf *text, struct lk_error *err)
{
	struct lk_bundle_header header;
	lk_bundle_header_of_manifest(text->len, &header);
	int rc = lk_bundle_out_write(out, 0, header.bytes, header.len, err);
	return rc < 0 ? rc : lk_bundle_out_write(out, header.len, text->ptr, text->len, err);
}

static int check_request(uint64_t total, const struct lk_bundle_write_options *options,
	const struct lk_buf *text, struct lk_error *err)
{
	if (text->overflow) {
		return lk_fail(err, LK_E_USAGE, "too many packages for one bundle");
	}
	size_t n = lk_bundle_volumes_of(total, options->volume_size);
	if (n > LK_BUNDLE_MAX_VOLUMES) {
		lk_fail(err, LK_E_USAGE, "%zu volumes are more than %u", n, LK_BUNDLE_MAX_VOLUMES);
		lk_error_hint(err, "make the volumes larger");
		return LK_E_USAGE;
	}
	return 0;
}

/* The first that failed for its bytes, or NULL. */
static const struct lk_manifest_entry *first_wrong(const struct packing *p)
{
	for (size_t i = 0; i < p->order.len; i++) {
		if (p->wrong[i]) {
			return &p->manifest->entries[p->order.items[i]];
		}
	}
	return NULL;
}

static int write_members(struct packing *p, unsigned jobs, const struct lk_report *report,
	uint64_t bytes, struct lk_error *err)
{
	p->wrong = lk_calloc(p->order.len, sizeof(*p->wrong));
	lk_relay_init(&p->relay, report, p->order.len);
	p->relay.bytes_all = bytes;
	int rc = lk_workers_run(jobs, p->order.len, pack_member, p, err);
	lk_relay_done(&p->relay);
	return rc;
}

int lk_bundle_write(const struct lk_manifest *manifest, const char *path,
	lk_bundle_source_fn *source, void *ctx, const struct lk_bundle_write_options *options,
	const struct lk_report *report, const struct lk_manifest_entry **ret_wrong,
	struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(0);
	uint64_t total = manifest_text(manifest, &text);
	*ret_wrong = NULL;
	int rc = check_request(total, options, &text, err);
	if (rc < 0) {
		return rc;
	}
	struct packing p = {.manifest = manifest, .source = source, .ctx = ctx};
	lk_bundle_layout_init(&p.layout, manifest, text.len);
	uint64_t bytes = put_in_order(&p);
	rc = lk_bundle_out_open(&p.out, path, total, options->volume_size, err);
	if (rc == 0) {
		rc = write_manifest(&p.out, &text, err);
	}
	if (rc == 0) {
		rc = write_members(&p, options->jobs, report, bytes, err);
		*ret_wrong = first_wrong(&p);
	}
	if (rc == 0) {
		rc = lk_bundle_out_publish(&p.out, err);
	}
	lk_bundle_out_done(&p.out);
	lk_free(p.wrong);
	lk_vec_done(&p.order);
	lk_bundle_layout_done(&p.layout);
	return rc;
}

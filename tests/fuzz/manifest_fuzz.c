/*
 * Manifests of bundles: what is read is written again byte for byte, and its layout leaves no byte
 * to two members. The input lacks the sum at its end, which no mutation would hit.
 */
#include <stdint.h>
#include <stdlib.h>

#include "store/bundle_layout.h"

#define EXTRA 128 /* bytes of the sum's line, and some */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void check_layout(const struct lk_manifest *manifest, size_t text_size)
{
	struct lk_bundle_layout layout;
	lk_bundle_layout_init(&layout, manifest, text_size);
	for (size_t i = 0; i < manifest->n_entries; i++) {
		const struct lk_manifest_entry *entry = &manifest->entries[i];
		uint64_t room = layout.offsets[i + 1] - layout.offsets[i];
		must(layout.offsets[i] % LK_BUNDLE_BLOCK == 0);
		must(layout.offsets[i + 1] >= layout.offsets[i]);
		must(entry->absent ? room == 0 : room > entry->size);
		must(lk_manifest_find(manifest, entry->path) == entry);
		must(lk_manifest_name(entry).len > 0);
	}
	must(layout.total > text_size);
	lk_bundle_layout_done(&layout);
}

static void check(lk_str text)
{
	struct lk_manifest manifest;
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_manifest_parse(text, "MANIFEST", &manifest, &err);
	if (rc < 0) {
		must(rc == LK_E_FORMAT && err.line > 0);
		return;
	}
	struct lk_buf out = LK_BUF_INIT(LK_MANIFEST_MAX_BYTES);
	lk_manifest_write(&manifest, &out);
	must(lk_str_eq(lk_buf_view(&out), text));
	lk_buf_done(&out);
	check_layout(&manifest, text.len);
	lk_manifest_done(&manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lk_str given = lk_str_n((const char *)data, size);
	check(given);
	char hex[LK_HEX_MAX];
	struct lk_sha256 sum = lk_sha256_of(data, size);
	struct lk_buf text = LK_BUF_INIT(size + EXTRA);
	lk_hex(sum.bytes, LK_SHA256_LEN, hex);
	lk_buf_put(&text, given);
	lk_buf_appendf(&text, "# sum %s\n", hex);
	check(lk_buf_view(&text));
	lk_buf_done(&text);
	return 0;
}

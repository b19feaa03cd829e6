/*
 * Any lines as the seal of a tree, ended by their digest: refused, or a listing of contained paths
 * in order, which is written as a seal that is read as the same.
 */
#include <stdlib.h>

#include "base/fs.h"
#include "store/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void end_seal(struct lk_buf *text)
{
	char hex[LK_HEX_MAX];
	struct lk_sha256 sha256 = lk_sha256_of(text->ptr ? text->ptr : "", text->len);
	lk_hex(sha256.bytes, LK_SHA256_LEN, hex);
	lk_buf_appendf(text, "end\t%s\n", hex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) sealed = LK_BUF_INIT((size_t)64 << 20);
	struct lk_listing LK_CLEANUP(lk_listing_done) listing = {0};
	struct lk_listing LK_CLEANUP(lk_listing_done) back = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)64 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) again = LK_BUF_INIT((size_t)64 << 20);
	lk_buf_append(&sealed, data, size);
	end_seal(&sealed);
	if (lk_seal_parse(lk_buf_view(&sealed), &listing, &err) < 0) {
		must(err.code == LK_E_INTEGRITY);
		return 0;
	}
	for (size_t i = 0; i < listing.entries.len; i++) {
		const struct lk_entry *entry = &listing.entries.items[i];
		must(lk_path_is_contained(entry->path));
		must(i == 0 || lk_str_cmp(listing.entries.items[i - 1].path, entry->path) < 0);
	}
	must(lk_seal_format(&listing, &text, &err) == 0);
	must(lk_seal_parse(lk_buf_view(&text), &back, &err) == 0);
	must(lk_seal_format(&back, &again, &err) == 0);
	must(lk_str_eq(lk_buf_view(&text), lk_buf_view(&again)));
	return 0;
}

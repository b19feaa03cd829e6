/*
 * Prefix replacement on any bytes. The first byte chooses mode and platform, the second the length
 * of the placeholder that follows; the rest is the file.
 */
#include <stdlib.h>

#include "install/prefix_patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In parts of STEP bytes a binary becomes the same. */
static void check_parts(const struct lk_prefix_patch *patch, lk_str bytes, size_t step, lk_str want)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) part = LK_BUF_INIT(1 << 20);
	struct lk_binary_patch binary = {.patch = patch, .file = "f"};
	for (bool last = false; !last;) {
		lk_str next = lk_str_slice(bytes, 0, step);
		bytes = lk_str_skip(bytes, next.len);
		last = bytes.len == 0;
		lk_buf_put(&part, next);
		lk_str rest = lk_buf_view(&part);
		if (lk_binary_patch_part(&binary, &rest, last, &out, &err) < 0 ||
			rest.len >= patch->placeholder.len) {
			abort();
		}
		memmove(part.ptr, rest.ptr, rest.len);
		lk_buf_truncate(&part, rest.len);
	}
	if (!lk_str_eq(lk_buf_view(&out), want)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const prefixes[] = {
		"/e", "/my env", "/opt/some/longer/prefix/of/ours", ""};
	if (size < 2 || size - 2 < data[1]) {
		return 0;
	}
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 20);
	const struct lk_prefix_patch patch = {
		data[0] & 1 ? LK_PREFIX_TEXT : LK_PREFIX_BINARY,
		lk_str_n((const char *)data + 2, data[1]),
		lk_str_of(prefixes[data[0] >> 1 & 3]),
		data[0] & 8            ? LK_STR("win-64")
			: data[0] & 16 ? LK_STR("osx-64")
				       : LK_STR("linux-64"),
	};
	lk_str bytes = lk_str_n((const char *)data + 2 + data[1], size - 2 - data[1]);
	size_t count = 0;
	int rc = lk_prefix_patch(&patch, bytes, "f", &out, &count, &err);
	/* A binary keeps its length; nothing changes where nothing was found. */
	if (rc == 0 && patch.mode == LK_PREFIX_BINARY && out.len != bytes.len) {
		abort();
	}
	if (rc == 0 && patch.mode == LK_PREFIX_BINARY && bytes.len > 0 &&
		!lk_str_starts(patch.subdir, LK_STR("win"))) {
		check_parts(&patch, bytes, 1 + data[0] % 7, lk_buf_view(&out));
	}
	if (rc == 0 && count == 0 && !lk_str_eq(lk_buf_view(&out), bytes)) {
		abort();
	}
	return 0;
}

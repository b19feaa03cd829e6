/*
 * Prefix replacement on any bytes. The first byte chooses mode and platform, the second the length
 * of the placeholder that follows; the rest is the file.
 */
#include <stdlib.h>

#include "install/prefix_patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	if (rc == 0 && count == 0 && !lk_str_eq(lk_buf_view(&out), bytes)) {
		abort();
	}
	return 0;
}

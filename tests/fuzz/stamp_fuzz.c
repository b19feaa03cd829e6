/*
 * Any bytes as a prefix's state file, also with the right sum behind them: what is taken is just
 * what is written of it, and each of its records is a file of conda-meta.
 */
#include <stdlib.h>

#include "base/fs.h"
#include "install/stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(lk_str text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) again = LK_BUF_INIT(LK_STAMP_MAX);
	struct lk_stamp stamp;
	struct lk_sha256 sha256;
	lk_str name;
	if (!lk_stamp_parse(text, &stamp)) {
		return;
	}
	lk_stamp_format(&stamp, &again);
	if (!lk_str_eq(lk_buf_view(&again), text)) {
		abort();
	}
	while (stamp.record_lines.len > 0) {
		if (!lk_stamp_next_record(&stamp.record_lines, &name, &sha256) ||
			!lk_path_is_component(name)) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_STAMP_MAX);
	char hex[LK_HEX_MAX];
	check(lk_str_n((const char *)data, size));
	lk_buf_append(&text, data, size);
	struct lk_sha256 sum = lk_sha256_of(lk_buf_cstr(&text), text.len);
	lk_hex(sum.bytes, LK_SHA256_LEN, hex);
	lk_buf_appendf(&text, "check %s\n", hex);
	check(lk_buf_view(&text));
	return 0;
}

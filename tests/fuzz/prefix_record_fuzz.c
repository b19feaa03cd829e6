/*
 * Any bytes as a conda-meta record: refused, or written again so that it reads and writes the same.
 */
#include <stdlib.h>

#include "conda/prefix_record.h"

#define LIMIT ((size_t)1 << 26)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_record(const struct lk_prefix_record *record, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	if (lk_prefix_record_write(record, out, &err) < 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_prefix_record record;
	struct lk_error err = LK_ERROR_INIT;
	lk_str text = lk_str_n((const char *)data, size);
	if (lk_prefix_record_parse(text, "record", &record, &err) < 0) {
		if (err.code != LK_E_FORMAT) {
			abort();
		}
		return 0;
	}
	struct lk_buf first = LK_BUF_INIT(LIMIT);
	struct lk_buf second = LK_BUF_INIT(LIMIT);
	write_record(&record, &first);
	lk_prefix_record_done(&record);
	if (lk_prefix_record_parse(lk_buf_view(&first), "record", &record, &err) < 0) {
		abort();
	}
	write_record(&record, &second);
	if (!lk_str_eq(lk_buf_view(&first), lk_buf_view(&second))) {
		abort();
	}
	lk_prefix_record_done(&record);
	lk_buf_done(&first);
	lk_buf_done(&second);
	return 0;
}

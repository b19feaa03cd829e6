/*
 * JSON: any text is read or refused; what was read is written in both styles and reads back.
 */
#include <stdlib.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_DEPTH 32

/* VALUE as compact text; its pretty form must read back to the same. */
static void write_both(const struct lk_json *value, struct lk_buf *compact)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) pretty = LK_BUF_INIT(SIZE_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) again = LK_BUF_INIT(SIZE_MAX);
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	struct lk_jw w;
	lk_jw_init(&w, compact, false);
	lk_jw_value(&w, value);
	lk_jw_init(&w, &pretty, true);
	lk_jw_value(&w, value);
	if (lk_json_parse(lk_buf_view(&pretty), "pretty", MAX_DEPTH, &doc, &err) != LK_OK) {
		abort();
	}
	lk_jw_init(&w, &again, false);
	lk_jw_value(&w, lk_json_root(doc));
	if (!lk_str_eq(lk_buf_view(&again), lk_buf_view(compact))) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	lk_str text = lk_str_n((const char *)data, size);
	if (lk_json_parse(text, "input", MAX_DEPTH, &doc, &err) == LK_OK) {
		struct lk_buf LK_CLEANUP(lk_buf_done) compact = LK_BUF_INIT(SIZE_MAX);
		write_both(lk_json_root(doc), &compact);
	} else if (err.code != LK_E_FORMAT || err.line == 0) {
		abort();
	}
	return 0;
}

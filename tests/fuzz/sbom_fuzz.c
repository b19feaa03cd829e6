/*
 * Any bytes as a licence: what is an SPDX expression stays the same when it is read again. And as a
 * lock: its bills of materials are JSON.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "lock/exchange.h"
#include "lock/spdx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void read_licence(lk_str text)
{
	struct lk_arena arena = {0};
	struct lk_strs refs = {0};
	lk_str once;
	lk_str twice;
	if (lk_spdx_expression(text, &arena, &once, &refs)) {
		size_t n = refs.len;
		must(lk_spdx_expression(once, &arena, &twice, &refs));
		must(lk_str_eq(once, twice) && refs.len == 2 * n);
	} else {
		must(refs.len == 0);
	}
	lk_vec_done(&refs);
	lk_arena_done(&arena);
}

static void export(const struct lk_lock *lock, lk_export_writer *write)
{
	struct lk_export_options options = {.name = LK_STR("fuzz")};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_json_doc *doc;
	struct lk_buf out = LK_BUF_INIT((size_t)64 << 20);
	must(write(lock, &options, &out, NULL, &err) == 0);
	must(lk_json_parse(lk_buf_view(&out), "bom", 16, &doc, &err) == 0);
	lk_json_doc_free(doc);
	lk_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lk_str text = lk_str_n((const char *)data, size);
	struct lk_lock lock;
	struct lk_error err = LK_ERROR_INIT;
	read_licence(text);
	if (lk_lock_parse(text, "fuzz", NULL, &lock, &err) == 0) {
		export(&lock, lk_export_cyclonedx);
		export(&lock, lk_export_spdx);
		lk_lock_done(&lock);
	}
	return 0;
}

/*
 * For the tests of repodata: text opened, records asked for.
 */
#ifndef LK_TESTS_REPODATA_SUPPORT_H
#define LK_TESTS_REPODATA_SUPPORT_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conda/repodata.h"

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
	struct lk_records records;
	struct lk_repodata *repodata;
	struct lk_buf told;
};

static inline int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	lk_arena_init(&f->arena);
	lk_buf_init(&f->told, 1 << 20);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	lk_repodata_free(f->repodata);
	lk_vec_done(&f->records);
	lk_buf_done(&f->told);
	lk_arena_done(&f->arena);
	lk_free(f);
	return 0;
}

static inline int open_buf(struct fixture *f, struct lk_buf *json)
{
	const struct lk_repodata_origin origin = {
		.channel_name = LK_STR("ch"),
		.channel_url = LK_STR("https://h/c"),
		.subdir = LK_STR("linux-64"),
		.file = "repodata.json",
	};
	lk_repodata_free(f->repodata);
	f->repodata = NULL;
	return lk_repodata_open(json, &origin, &f->repodata, &f->err);
}

static inline int open_text(struct fixture *f, lk_str text)
{
	struct lk_buf json = LK_BUF_INIT(4 << 20);
	lk_buf_put(&json, text);
	int rc = open_buf(f, &json);
	assert_int_equal(json.len, 0);
	return rc;
}

static inline void must_open(struct fixture *f, const char *text)
{
	if (open_text(f, lk_str_of(text)) < 0) {
		fail_msg("%u:%u: %s", f->err.line, f->err.column, f->err.message);
	}
}

static inline const struct lk_records *records_of(struct fixture *f, const char *name)
{
	lk_vec_clear(&f->records);
	assert_int_equal(
		lk_repodata_records(f->repodata, lk_str_of(name), &f->arena, &f->records, &f->err),
		0);
	return &f->records;
}

static inline const struct lk_record *only_record(struct fixture *f, const char *name)
{
	const struct lk_records *records = records_of(f, name);
	assert_int_equal(records->len, 1);
	return &records->items[0];
}

#define BASE "\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":0"

/* One record with the members MORE. */
static inline const struct lk_record *record_with(struct fixture *f, const char *more)
{
	must_open(f,
		lk_str_printf(&f->arena, "{\"packages.conda\":{\"a-1-0.conda\":{" BASE "%s%s}}}",
			more[0] ? "," : "", more)
			.ptr);
	return only_record(f, "a");
}

static inline void check_list(struct lk_str_list list, const char *wanted)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < list.n; i++) {
		lk_buf_appendf(&text, "%s" LK_STR_FMT, i ? "|" : "", LK_STR_ARG(list.items[i]));
	}
	assert_string_equal(lk_buf_cstr(&text), wanted);
}

/* What lk_repodata_tell says, a line each: "warning: ..." and "note N: ...". */
static inline void keep_warning(void *ctx, const char *message)
{
	lk_buf_appendf(ctx, "warning: %s\n", message);
}

static inline void keep_note(void *ctx, int level, const char *message)
{
	lk_buf_appendf(ctx, "note %d: %s\n", level, message);
}

static inline const char *told(struct fixture *f)
{
	const struct lk_report report = {.ctx = &f->told, .warn = keep_warning, .note = keep_note};
	lk_buf_clear(&f->told);
	lk_repodata_tell(f->repodata, &report);
	return lk_buf_cstr(&f->told);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif

/*
 * What progress looks like, to the column.
 */
#include "cli/progress_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

static const struct lk_progress_file files[] = {
	{LK_STR("pytorch-2.5.1-cuda126_py312hf7c3db7_306.conda"), 450000000, 1000000000},
	{LK_STR("a\033[31m\xc3\xa9"), 999999, 0},
	{LK_STR("zlib-1.3.1-hb9d3cd8_2.conda"), 92286, 92286},
};
static const uint64_t rates[] = {34567890, 0, 1};

static const struct lk_progress progress = {
	.stage = "fetch",
	.done = 12,
	.total = 300,
	.bytes = 1200000000,
	.bytes_all = 3400000000,
	.files = files,
	.n_files = LK_COUNTOF(files),
};

static void assert_frame(
	const struct lk_progress *p, const struct lk_frame *frame, const char *wanted)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 16);
	unsigned lines = lk_progress_put_frame(p, frame, &out);
	if (strcmp(lk_buf_cstr(&out), wanted) != 0) {
		print_error("%s\n", lk_buf_cstr(&out));
	}
	assert_string_equal(lk_buf_cstr(&out), wanted);
	unsigned feeds = 0;
	for (const char *c = wanted; *c != '\0'; c++) {
		feeds += *c == '\n';
	}
	assert_int_equal(lines, feeds + 1);
}

static void test_frame(void **state)
{
	(void)state;
	struct lk_frame frame = {.columns = 100, .rows = 24, .rate = 85000000, .file_rates = rates};
	assert_frame(&progress, &frame,
		"pytorch-2.5.1-cuda126_py312hf7c3db7_306.conda     [#########           ]  45%  "
		"450.0 MB   34.5 MB/s\n"
		"a?[31m??                                          [                    ]       "
		"999.9 kB            \n"
		"zlib-1.3.1-hb9d3cd8_2.conda                       [####################] 100%   "
		"92.2 kB       1 B/s\n"
		"fetch [#######             ] 12 of 300, 1.2 GB of 3.4 GB, 85.0 MB/s, 26 s left");
	frame.columns = 61;
	assert_frame(&progress, &frame,
		"pytorch-2.5.1-cuda126_py312hf7c..  45%  450.0 MB   34.5 MB/s\n"
		"a?[31m??                                999.9 kB            \n"
		"zlib-1.3.1-hb9d3cd8_2.conda       100%   92.2 kB       1 B/s\n"
		"fetch [#######             ] 12 of 300, 1.2 GB of 3.4 GB, ..");
	frame.columns = 31;
	assert_frame(&progress, &frame,
		"pytorch-2.5.1-cuda126_p..  45%\n"
		"a?[31m??                      \n"
		"zlib-1.3.1-hb9d3cd8_2.c.. 100%\n"
		"fetch 12 of 300, 1.2 GB of 3..");
	frame = (struct lk_frame){.columns = 80, .rows = 24, .color = true};
	const struct lk_progress link = {.stage = "link", .done = 1, .total = 4};
	assert_frame(&link, &frame, "link [\033[32m#####               \033[0m] 1 of 4");
}

/* However small the terminal is, and however many files there are. */
static void test_room(void **state)
{
	(void)state;
	struct lk_frame frame = {.columns = 31, .rows = 4};
	assert_frame(&progress, &frame,
		"pytorch-2.5.1-cuda126_p..  45%\nand 2 more\nfetch 12 of 300, 1.2 GB of 3..");
	frame.rows = 3;
	assert_frame(&progress, &frame, "and 3 more\nfetch 12 of 300, 1.2 GB of 3..");
	frame.rows = 2;
	assert_frame(&progress, &frame, "fetch 12 of 300, 1.2 GB of 3..");
	frame.rows = 0;
	frame.columns = 4;
	assert_frame(&progress, &frame, "f..");
	frame.columns = 0;
	assert_frame(&progress, &frame, ".");
	for (unsigned columns = 0; columns < 120; columns++) {
		for (unsigned rows = 0; rows < 8; rows++) {
			struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 16);
			frame = (struct lk_frame){columns, rows, false, UINT64_MAX, rates};
			unsigned lines = lk_progress_put_frame(&progress, &frame, &out);
			assert_true(lines < (rows > 2 ? rows : 2));
			lk_str rest = lk_buf_view(&out);
			lk_str line;
			while (lk_str_split(&rest, '\n', &line)) {
				assert_true(line.len < (columns > 2 ? columns : 2));
			}
		}
	}
	struct lk_progress_file many[100];
	for (size_t i = 0; i < LK_COUNTOF(many); i++) {
		many[i] = files[0];
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 16);
	struct lk_progress crowd = progress;
	crowd.files = many;
	crowd.n_files = LK_COUNTOF(many);
	frame = (struct lk_frame){.columns = 80, .rows = 200};
	assert_int_equal(lk_progress_put_frame(&crowd, &frame, &out), 17);
}

static void test_line(void **state)
{
	static const struct {
		struct lk_progress progress;
		uint64_t rate;
		const char *text;
	} rows[] = {
		{{.stage = "fetch", .done = 1, .total = 2, .bytes = 5, .bytes_all = 10}, 2,
			"fetch: 1 of 2, 5 B of 10 B, 2 B/s, 3 s left"},
		{{.stage = "fetch", .total = 2, .bytes = 1, .bytes_all = 621}, 1,
			"fetch: 0 of 2, 1 B of 621 B, 1 B/s, 10 min 20 s left"},
		{{.stage = "fetch", .total = 2, .bytes = 1, .bytes_all = 3901}, 1,
			"fetch: 0 of 2, 1 B of 3.9 kB, 1 B/s, 1 h 05 min left"},
		{{.stage = "fetch", .total = 2, .bytes = 5, .bytes_all = 5}, 1,
			"fetch: 0 of 2, 5 B of 5 B, 1 B/s"},
		{{.stage = "repodata", .bytes = 5, .item = LK_STR("a\033b")}, 0,
			"repodata: 5 B, a\\x1bb"},
		{{.stage = "link", .done = 1, .total = 4}, 0, "link: 1 of 4"},
		{{.stage = "squash"}, 0, "squash ..."},
	};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 16);
		lk_progress_put_line(&rows[i].progress, rows[i].rate, &out);
		assert_string_equal(lk_buf_cstr(&out), rows[i].text);
	}
}

static void test_json(void **state)
{
	(void)state;
	struct lk_progress_file file = {LK_STR("a\nb"), 1, 2};
	struct lk_progress p = progress;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 16);
	p.files = &file;
	p.n_files = 1;
	lk_progress_put_json(&p, &out);
	assert_string_equal(lk_buf_cstr(&out),
		"{\"event\":\"progress\",\"stage\":\"fetch\",\"done\":12,\"total\":300,"
		"\"bytes\":1200000000,\"bytes_all\":3400000000,"
		"\"files\":[{\"name\":\"a\\nb\",\"bytes\":1,\"size\":2}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

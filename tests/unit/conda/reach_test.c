/*
 * What root names lead to, through one source and several.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/stream.h"
#include "conda/reach.h"
#include "tests/support/repodata_source.h"

#define NBN(name) "\"name\":\"" name "\",\"version\":\"1\",\"build\":\"0\",\"build_number\":0"

struct fixture {
	struct lk_error err;
	struct lk_repodata *repodata[2];
	struct lk_source sources[2];
	struct lk_reach reach;
};

static int setup(void **state)
{
	*state = lk_calloc(1, sizeof(struct fixture));
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_reach_done(&f->reach);
	lk_repodata_free(f->repodata[0]);
	lk_repodata_free(f->repodata[1]);
	lk_free(f);
	return 0;
}

static void add_json(struct fixture *f, unsigned which, struct lk_buf *json /* taken */)
{
	const struct lk_repodata_origin origin = {
		.channel_name = LK_STR("c"),
		.channel_url = LK_STR("https://h/c"),
		.subdir = LK_STR("noarch"),
		.file = "r.json",
	};
	lk_repodata_free(f->repodata[which]);
	assert_int_equal(lk_repodata_open(json, &origin, &f->repodata[which], &f->err), 0);
	f->sources[which] = source_of_repodata(f->repodata[which], which + 5);
}

/* One record of version 1 for each row: its name and further members. */
static void add_source(struct fixture *f, unsigned which, const char *const (*rows)[2], size_t n)
{
	struct lk_buf json = LK_BUF_INIT(1 << 20);
	lk_buf_puts(&json, "{\"packages.conda\":{");
	for (size_t i = 0; i < n; i++) {
		lk_buf_appendf(&json,
			"%s\"%s-1-%zu.conda\":{\"name\":\"%s\",\"version\":\"1\",\"build\":\"%zu\","
			"\"build_number\":0,%s}",
			i ? "," : "", rows[i][0], i, rows[i][0], i, rows[i][1]);
	}
	lk_buf_puts(&json, "}}");
	add_json(f, which, &json);
}

static void check_names(const struct lk_reach *reach, const char *wanted)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < reach->n_names; i++) {
		lk_buf_appendf(&text, "%s" LK_STR_FMT ":%zu", i ? " " : "",
			LK_STR_ARG(reach->names[i].name), reach->names[i].n);
	}
	assert_string_equal(lk_buf_cstr(&text), wanted);
}

static void load(struct fixture *f, size_t n_sources, const char *a, const char *b)
{
	lk_str roots[] = {lk_str_of(a), lk_str_of(b)};
	lk_reach_done(&f->reach);
	assert_int_equal(
		lk_reach_load(f->sources, n_sources, roots, b ? 2 : 1, &f->reach, &f->err), 0);
}

static void dependencies_are_followed(void **state)
{
	static const char *const rows[][2] = {
		{"root", "\"depends\":[\"left >=1\",\"Right[version='1']\",\"__glibc >=2\"]"},
		{"left", "\"depends\":[\"root\",\"leaf\"],\"constrains\":[\"unseen\"]"},
		{"left", "\"depends\":[\"other\"]"},
		{"right", "\"extra_depends\":{\"g\":[\"extra\"]}"},
		{"leaf", "\"depends\":[\"gone >=3\",\"py* 1\",\"broken >=\",\"\"]"},
		{"other", "\"depends\":[\"cond[when='__win']\"]"},
		{"extra", "\"depends\":[]"},
		{"cond", "\"depends\":[]"},
		{"unseen", "\"depends\":[]"},
		{"python", "\"depends\":[]"},
	};
	struct fixture *f = *state;
	add_source(f, 0, rows, LK_COUNTOF(rows));
	load(f, 1, "root", NULL);
	check_names(&f->reach, "cond:1 extra:1 leaf:1 left:2 other:1 right:1 root:1");
	assert_int_equal(f->reach.n_records, 8);
	const struct lk_reached *left = lk_reach_find(&f->reach, LK_STR("left"));
	assert_true(lk_str_is(left->records[0].build, "1"));
	assert_true(lk_str_is(left->records[1].build, "2"));
	assert_int_equal(left->channels[1], 5);
	assert_null(lk_reach_find(&f->reach, LK_STR("unseen")));
	const struct lk_matchspec *spec = lk_reach_spec(&f->reach, LK_STR("Right[version='1']"));
	assert_true(lk_str_is(spec->name, "right") && lk_str_is(spec->version_text, "==1"));
	assert_non_null(lk_reach_spec(&f->reach, LK_STR("extra")));
	assert_null(lk_reach_spec(&f->reach, LK_STR("broken >=")));
	assert_null(lk_reach_spec(&f->reach, LK_STR("unseen")));
	load(f, 1, "gone", "__cuda");
	check_names(&f->reach, "");
	assert_null(lk_reach_find(&f->reach, LK_STR("root")));
	load(f, 1, "unseen", "python");
	check_names(&f->reach, "python:1 unseen:1");
}

static void sources_keep_their_order(void **state)
{
	static const char *const first[][2] = {{"a", "\"depends\":[\"b\"]"}};
	static const char *const second[][2] = {
		{"a", "\"depends\":[\"c\"]"},
		{"b", "\"depends\":[]"},
		{"c", "\"depends\":[]"},
	};
	struct fixture *f = *state;
	add_source(f, 0, first, LK_COUNTOF(first));
	add_source(f, 1, second, LK_COUNTOF(second));
	load(f, 2, "a", NULL);
	check_names(&f->reach, "a:2 b:1 c:1");
	const struct lk_reached *a = lk_reach_find(&f->reach, LK_STR("a"));
	assert_int_equal(a->channels[0], 5);
	assert_int_equal(a->channels[1], 6);
}

/* Of a distribution's two archives the .conda counts, unless it is the newer one: then a date may
 * leave the other alone. Wheels are there for names that have nothing else. */
static void one_archive_of_a_distribution(void **state)
{
	static const struct {
		const char *bz2, *conda, *wanted;
	} rows[] = {
		{"\"x\":0", "\"x\":0", "a:1"},
		{"\"timestamp\":5", "\"timestamp\":5", "a:1"},
		{"\"timestamp\":6", "\"timestamp\":5", "a:1"},
		{"\"timestamp\":5", "\"timestamp\":6", "a:2"},
		{"\"timestamp\":5", "\"timestamp\":4,\"indexed_timestamp\":6", "a:2"},
		{"\"x\":0", "\"sha256\":\"broken\"", "a:1"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_buf json = LK_BUF_INIT(1 << 20);
		lk_buf_appendf(&json,
			"{\"packages\":{\"a-1-0.tar.bz2\":{" NBN(
				"a") ",%s}},"
				     "\"packages.conda\":{\"a-1-0.conda\":{" NBN(
					     "a") ",%s}},"
						  "\"v3\":{\"whl\":{\"a-2\":{" NBN(
							  "a") ",\"url\":\"u\",\"depends\":[\"w\"]}"
							       ","
							       "\"w-1\":{" NBN(
								       "w") ",\"url\":\"u\","
									    "\"depends\":[\"a\"]}}}"
									    "}",
			rows[i].bz2, rows[i].conda);
		add_json(f, 0, &json);
		load(f, 1, "a", NULL);
		check_names(&f->reach, rows[i].wanted);
		const struct lk_record *first = &f->reach.names[0].records[0];
		bool broken = strstr(rows[i].conda, "broken") != NULL;
		assert_int_equal(lk_archive_kind_of(first->fn, NULL),
			broken || f->reach.names[0].n == 2 ? LK_ARCHIVE_TAR_BZ2 : LK_ARCHIVE_CONDA);
		load(f, 1, "w", NULL);
		check_names(&f->reach, "w:1");
	}
}

static int failing(void *ctx, lk_str name, struct lk_arena *arena, struct lk_records *ret,
	struct lk_error *err)
{
	(void)ctx;
	(void)arena;
	(void)ret;
	return lk_fail(err, LK_E_NETWORK, "no " LK_STR_FMT, LK_STR_ARG(name));
}

static void errors_of_a_source_come_through(void **state)
{
	struct fixture *f = *state;
	f->sources[0] = (struct lk_source){.records = failing};
	lk_str root = LK_STR("a");
	assert_int_equal(lk_reach_load(f->sources, 1, &root, 1, &f->reach, &f->err), LK_E_NETWORK);
	assert_string_equal(f->err.message, "no a");
}

static void real_channel_is_walked(void **state)
{
	static const char *const subdirs[] = {"linux-64", "noarch"};
	struct fixture *f = *state;
	for (unsigned i = 0; i < LK_COUNTOF(subdirs); i++) {
		char path[4096];
		snprintf(path, sizeof(path),
			LK_SHARED_DATA "/channels/conda-forge/%s/repodata.json.zst", subdirs[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			skip();
		}
		struct lk_stream *stream =
			lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_ZSTD);
		struct lk_buf json = LK_BUF_INIT((size_t)1 << 30);
		assert_int_equal(lk_stream_read_all(stream, &json, &f->err), 0);
		lk_stream_free(stream);
		add_json(f, i, &json);
	}
	load(f, 2, "pytorch-gpu", "python");
	print_message("pytorch-gpu reaches %zu names, %zu records\n", f->reach.n_names,
		f->reach.n_records);
	assert_true(f->reach.n_names > 100 && f->reach.n_records > 3000);
	assert_non_null(lk_reach_find(&f->reach, LK_STR("cuda-version")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(dependencies_are_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(sources_keep_their_order, setup, teardown),
		cmocka_unit_test_setup_teardown(one_archive_of_a_distribution, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_of_a_source_come_through, setup, teardown),
		cmocka_unit_test_setup_teardown(real_channel_is_walked, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The index of shards and single shards: good ones, and wrong kinds of values everywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conda/shard_index.h"
#include "tests/support/shards.h"

struct fixture {
	struct lk_buf bytes;
	struct lk_shard_index *index;
	struct lk_repodata *shard;
	struct lk_error err;
	struct lk_arena arena;
	struct lk_records records;
};

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	lk_buf_init(&f->bytes, 1 << 20);
	lk_arena_init(&f->arena);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_buf_done(&f->bytes);
	lk_vec_done(&f->records);
	lk_repodata_free(f->shard);
	lk_shard_index_free(f->index);
	lk_arena_done(&f->arena);
	lk_free(f);
	return 0;
}

static const struct lk_sha256 some_hash = {{1, 2, 3}};
static const struct lk_sha256 other_hash = {{9}};

static int parse(struct fixture *f)
{
	const struct lk_repodata_origin origin = {
		.channel_name = LK_STR("ch"),
		.channel_url = LK_STR("https://h/c"),
		.subdir = LK_STR("noarch"),
		.file = "index",
	};
	lk_shard_index_free(f->index);
	f->index = NULL;
	return lk_shard_index_parse(lk_buf_view(&f->bytes), &origin, &f->index, &f->err);
}

static int open_shard(struct fixture *f)
{
	lk_repodata_free(f->shard);
	f->shard = NULL;
	return lk_shard_open(f->index, lk_buf_view(&f->bytes), "shard", &f->shard, NULL, &f->err);
}

static void a_good_index(void **state)
{
	struct fixture *f = *state;
	struct lk_sha256 got;
	mp_map(&f->bytes, 4);
	mp_str(&f->bytes, "shards");
	mp_map(&f->bytes, 6);
	mp_int(&f->bytes, 7);
	mp_int(&f->bytes, 7);
	mp_entry(&f->bytes, "b", &other_hash);
	mp_entry(&f->bytes, "c", &other_hash);
	mp_entry(&f->bytes, "a", &some_hash);
	mp_entry(&f->bytes, "../x", &some_hash);
	mp_entry(&f->bytes, "b", &some_hash);
	mp_str(&f->bytes, "unknown");
	mp_array(&f->bytes, 0);
	mp_str(&f->bytes, "repodata_version");
	mp_int(&f->bytes, 2);
	mp_str(&f->bytes, "info");
	mp_map(&f->bytes, 4);
	mp_str(&f->bytes, "base_url");
	mp_str(&f->bytes, "https://files/x");
	mp_str(&f->bytes, "shards_base_url");
	mp_str(&f->bytes, "./s");
	mp_str(&f->bytes, "created_at");
	mp_int(&f->bytes, 5);
	mp_str(&f->bytes, "channel_relations");
	mp_map(&f->bytes, 1);
	mp_str(&f->bytes, "base");
	mp_str(&f->bytes, "../forge");
	assert_int_equal(parse(f), 0);
	assert_int_equal(lk_shard_index_n_names(f->index), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(lk_shard_index_name_at(f->index, i).ptr[0], 'a' + (int)i);
	}
	assert_true(lk_str_is(lk_shard_index_base(f->index), "https://h/c/noarch/s/"));
	assert_true(lk_str_is(lk_shard_index_relations(f->index)->base, "../forge"));
	assert_true(lk_shard_index_find(f->index, LK_STR("a"), &got));
	assert_true(lk_sha256_eq(&got, &some_hash));
	assert_true(lk_shard_index_find(f->index, LK_STR("b"), &got));
	assert_true(lk_sha256_eq(&got, &some_hash));
	assert_false(lk_shard_index_find(f->index, LK_STR("bb"), &got));
	assert_false(lk_shard_index_find(f->index, LK_STR(""), &got));

	lk_buf_clear(&f->bytes);
	mp_shard(&f->bytes, "a", "1", "b >=1");
	assert_int_equal(open_shard(f), 0);
	assert_int_equal(
		lk_repodata_records(f->shard, LK_STR("a"), &f->arena, &f->records, &f->err), 0);
	assert_int_equal(f->records.len, 1);
	const struct lk_record *record = &f->records.items[0];
	assert_true(lk_str_is(record->url, "https://files/x/a-1-0.conda"));
	assert_true(record->has_sha256);
	struct lk_sha256 hash = lk_sha256_of("a", 1);
	assert_true(lk_sha256_eq(&record->sha256, &hash));
	assert_true(lk_str_is(record->depends.items[0], "b >=1"));
	assert_true(lk_str_is(record->subdir, "noarch"));
}

static void bases(void **state)
{
	static const struct {
		const char *base, *wanted, *refused; /* one of the latter two */
	} rows[] = {
		{"", "https://h/c/noarch/", NULL},
		{".", "https://h/c/noarch/", NULL},
		{"./shards/", "https://h/c/noarch/shards/", NULL},
		{"../s", "https://h/c/s/", NULL},
		{"/s", "https://h/s/", NULL},
		{"https://u:p@cdn/s/", "https://cdn/s/", NULL},
		{"HTTPS://cdn/s", "HTTPS://cdn/s/", NULL},
		{"file:///etc/", NULL, "out of the network"},
		{"gopher://x/", NULL, "out of the network"},
		{"http://cdn/s/", NULL, "from https to http"},
		{"Http://h/c/noarch", NULL, "from https to http"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_buf_clear(&f->bytes);
		mp_index(&f->bytes, 1, rows[i].base, 0);
		if (!rows[i].wanted) {
			assert_int_equal(parse(f), LK_E_FORMAT);
			assert_non_null(strstr(f->err.message, rows[i].refused));
			assert_string_equal(f->err.file, "index");
			continue;
		}
		assert_int_equal(parse(f), 0);
		lk_str base = lk_shard_index_base(f->index);
		if (!lk_str_is(base, rows[i].wanted)) {
			fail_msg("'%s' became '" LK_STR_FMT "'", rows[i].base, LK_STR_ARG(base));
		}
	}
}

/* Nor may the packages lie there. */
static void base_of_packages(void **state)
{
	struct fixture *f = *state;
	mp_map(&f->bytes, 1);
	mp_str(&f->bytes, "info");
	mp_map(&f->bytes, 1);
	mp_str(&f->bytes, "base_url");
	mp_str(&f->bytes, "http://cdn/c");
	assert_int_equal(parse(f), LK_E_FORMAT);
	assert_string_equal(f->err.message, "a base URL leads from https to http");
}

static void bad_indexes(void **state)
{
	struct fixture *f = *state;
	mp_index(&f->bytes, 3, "", 0);
	assert_int_equal(parse(f), LK_E_NOT_FOUND);

	lk_buf_clear(&f->bytes);
	mp_index(&f->bytes, 1, "", 1);
	mp_str(&f->bytes, "a");
	mp_bin(&f->bytes, &some_hash, 31);
	assert_int_equal(parse(f), LK_E_FORMAT);
	assert_non_null(strstr(f->err.message, "the hash of 'a' is no SHA-256"));
	assert_string_equal(f->err.file, "index");

	lk_buf_clear(&f->bytes);
	mp_index(&f->bytes, 1, "", 1);
	mp_str(&f->bytes, "a");
	mp_int(&f->bytes, 1);
	assert_int_equal(parse(f), LK_E_FORMAT);

	lk_buf_clear(&f->bytes);
	mp_map(&f->bytes, 2);
	for (size_t i = 0; i < 2; i++) {
		mp_str(&f->bytes, "info");
		mp_map(&f->bytes, 0);
	}
	assert_int_equal(parse(f), LK_E_FORMAT);
	assert_string_equal(f->err.message, "info stands there for the second time");

	lk_buf_clear(&f->bytes);
	lk_buf_put(&f->bytes, LK_STR("\x81\xa6shards\x81\xa3x\0y\xc0"));
	assert_int_equal(parse(f), LK_E_FORMAT);
	assert_string_equal(f->err.message, "a text with a NUL in it (byte 10)");
	assert_string_equal(f->err.file, "index");

	lk_buf_clear(&f->bytes);
	mp_array(&f->bytes, 0);
	assert_int_equal(parse(f), LK_E_FORMAT);
	assert_int_equal(f->err.line, 0);
	lk_buf_clear(&f->bytes);
	assert_int_equal(parse(f), LK_E_FORMAT);

	/* Values of other kinds say nothing. */
	static const char *const keys[] = {"info", "shards", "version"};
	for (size_t i = 0; i < LK_COUNTOF(keys); i++) {
		lk_buf_clear(&f->bytes);
		mp_map(&f->bytes, 1);
		mp_str(&f->bytes, keys[i]);
		mp_array(&f->bytes, 1);
		mp_map(&f->bytes, 0);
		assert_int_equal(parse(f), 0);
		assert_int_equal(lk_shard_index_n_names(f->index), 0);
	}
}

/* A hash may be written as text. */
static void a_hash_in_hex(void **state)
{
	struct fixture *f = *state;
	struct lk_sha256 got;
	char hex[LK_HEX_MAX];
	lk_hex(some_hash.bytes, LK_SHA256_LEN, hex);
	mp_index(&f->bytes, 1, "", 2);
	mp_str(&f->bytes, "a");
	mp_str(&f->bytes, hex);
	mp_entry(&f->bytes, "b", &other_hash);
	assert_int_equal(parse(f), 0);
	assert_true(lk_shard_index_find(f->index, LK_STR("a"), &got));
	assert_true(lk_sha256_eq(&got, &some_hash));
	assert_true(lk_shard_index_find(f->index, LK_STR("b"), &got));
	assert_true(lk_sha256_eq(&got, &other_hash));
}

static void every_truncation_is_seen(void **state)
{
	struct fixture *f = *state;
	mp_index(&f->bytes, 1, "./s", 1);
	mp_entry(&f->bytes, "a", &some_hash);
	size_t whole = f->bytes.len;
	assert_int_equal(parse(f), 0);
	for (size_t n = whole; n-- > 0;) {
		lk_buf_truncate(&f->bytes, n);
		assert_int_equal(parse(f), LK_E_FORMAT);
		assert_non_null(strstr(f->err.message, "ends in the middle"));
	}
}

static void bad_shards(void **state)
{
	struct fixture *f = *state;
	mp_index(&f->bytes, 1, "", 0);
	assert_int_equal(parse(f), 0);
	lk_buf_clear(&f->bytes);
	mp_shard(&f->bytes, "a", "1", NULL);
	size_t whole = f->bytes.len;
	for (size_t n = whole; n-- > 0;) {
		lk_buf_truncate(&f->bytes, n);
		assert_int_equal(open_shard(f), LK_E_FORMAT);
		assert_string_equal(f->err.file, "shard");
	}
	/* packages is a list, the shard is a number */
	mp_map(&f->bytes, 1);
	mp_str(&f->bytes, "packages");
	mp_array(&f->bytes, 0);
	assert_int_equal(open_shard(f), LK_E_FORMAT);
	assert_int_equal(f->err.line, 0);
	assert_string_equal(f->err.message, "expected an object");
	lk_buf_clear(&f->bytes);
	mp_int(&f->bytes, 1);
	assert_int_equal(open_shard(f), LK_E_FORMAT);
}

/* As in repodata.json: the one record is left out. */
static void a_bad_record(void **state)
{
	struct fixture *f = *state;
	mp_index(&f->bytes, 1, "", 0);
	assert_int_equal(parse(f), 0);
	lk_buf_clear(&f->bytes);
	mp_map(&f->bytes, 1);
	mp_str(&f->bytes, "packages");
	mp_map(&f->bytes, 2);
	mp_str(&f->bytes, "a-1-0.conda");
	mp_map(&f->bytes, 1);
	mp_str(&f->bytes, "name");
	mp_int(&f->bytes, 5);
	mp_str(&f->bytes, "b-1-0.conda");
	mp_bin(&f->bytes, "\xff", 1);
	assert_int_equal(open_shard(f), 0);
	assert_int_equal(lk_repodata_n_faults(f->shard), 2);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_good_index),
		CASE(bases),
		CASE(base_of_packages),
		CASE(bad_indexes),
		CASE(a_hash_in_hex),
		CASE(every_truncation_is_seen),
		CASE(bad_shards),
		CASE(a_bad_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

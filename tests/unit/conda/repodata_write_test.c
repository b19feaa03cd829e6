/*
 * Records of archives, repodata.json and shards as text: what is kept, what is refused, and that
 * both forms say the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conda/repodata.h"
#include "conda/repodata_write.h"
#include "conda/shard_index.h"

#define OUT_MAX ((size_t)1 << 20)
#define MD5 "\"md5\":\"02000000000000000000000000000000\""
#define SHA256 "\"sha256\":\"0100000000000000000000000000000000000000000000000000000000000000\""

static int make(const char *fn, const char *index, struct lk_arena *arena,
	struct lk_repodata_entry *ret, struct lk_error *err)
{
	const struct lk_indexed_archive archive = {.fn = lk_str_of(fn),
		.subdir = LK_STR("linux-64"),
		.size = 7,
		.sha256 = {{1}},
		.md5 = {{2}}};
	return lk_repodata_entry_make(lk_str_of(index), &archive, arena, ret, err);
}

/* Sorted at every level; old builders' keys dropped; what the file tells wins. */
static void test_record(void **state)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_repodata_entry entry;
	struct lk_error err = LK_ERROR_INIT;
	(void)state;
	assert_int_equal(make("a-1-0.conda",
				 "{\"version\": \"1\", \"name\": \"a\", \"build\": \"0\", "
				 "\"build_number\": 0, \"depends\": [\"z\", \"b >=1\"], "
				 "\"arch\": \"x86_64\", \"platform\": \"linux\", \"size\": 1, "
				 "\"sha256\": null, \"zz\": {\"d\": 1, \"c\": [{\"f\": 1.5, \"e\": "
				 "null}]}}",
				 &arena, &entry, &err),
		0);
	assert_string_equal(entry.name.ptr, "a");
	assert_string_equal(entry.map.ptr, "packages.conda");
	assert_string_equal(entry.key.ptr, "a-1-0.conda");
	assert_string_equal(entry.record.ptr,
		"{\"build\":\"0\",\"build_number\":0,\"depends\":[\"z\",\"b >=1\"]," MD5
		",\"name\":\"a\"," SHA256 ",\"size\":7,\"subdir\":\"linux-64\",\"version\":\"1\","
		"\"zz\":{\"c\":[{\"e\":null,\"f\":1.5}],\"d\":1}}");
}

#define INDEX(more)                                                                                \
	"{\"name\": \"a\", \"version\": \"1\", \"build\": \"0\", \"build_number\": 0" more "}"

static void test_place(void **state)
{
	static const struct {
		const char *fn, *index, *map, *key;
	} table[] = {
		{"a-1-0.tar.bz2", INDEX(""), "packages", "a-1-0.tar.bz2"},
		{"a-1-0.conda", INDEX(", \"depends\": [\"b[version='>=1']\"]"), "packages.conda",
			"a-1-0.conda"},
		{"a-1-0.conda", INDEX(", \"depends\": [\"b[when=\\\"python >3\\\"]\"]"), "v3/conda",
			"a-1-0"},
		{"a-1-0.conda", INDEX(", \"constrains\": [\"b[flags=[x]]\"]"), "v3/conda", "a-1-0"},
		{"a-1-0.tar.bz2", INDEX(", \"extra_depends\": {\"t\": [\"b\"]}"), "v3/tar.bz2",
			"a-1-0"},
		{"a-1-0.conda", INDEX(", \"flags\": [\"x\"]"), "v3/conda", "a-1-0"},
		{"a-1-0.conda", INDEX(", \"flags\": []"), "packages.conda", "a-1-0.conda"},
	};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_repodata_entry entry;
		struct lk_error err = LK_ERROR_INIT;
		assert_int_equal(make(table[i].fn, table[i].index, &arena, &entry, &err), 0);
		assert_true(lk_str_is(entry.map, table[i].map));
		assert_true(lk_str_is(entry.key, table[i].key));
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *fn, *index, *why;
	} table[] = {
		{"a-1-0.conda", "", "is empty"},
		{"a-1-0.conda", "[]", "is no object"},
		{"a-1-0.conda", "{\"name\": ", "package 'a-1-0.conda'"},
		{"a-1-0.conda", INDEX(", \"name\": \"b\""), "package 'a-1-0.conda'"},
		{"a-1-0.conda", "{\"version\": \"1\", \"build\": \"0\"}", "name"},
		{"a-1-0.conda", "{\"name\": \"../a\", \"version\": \"1\", \"build\": \"0\"}",
			"name"},
		{"b-1-0.conda", INDEX(""), "it is 'a-1-0', which is not what its file is called"},
		{"a-1-0_1.conda", INDEX(""), "which is not what its file is called"},
		{"A-1-0.conda", INDEX(""), "which is not what its file is called"},
		{"a-1-0.conda", INDEX(", \"subdir\": \"noarch\""), "but it lies in 'linux-64'"},
		{"a-1-0.conda", INDEX(", \"n\": 123456789012345678901234567890"),
			"package 'a-1-0.conda'"},
	};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_repodata_entry entry;
		struct lk_error err = LK_ERROR_INIT;
		assert_int_equal(
			make(table[i].fn, table[i].index, &arena, &entry, &err), LK_E_INTEGRITY);
		if (!strstr(err.message, table[i].why)) {
			fail_msg("%zu: '%s' lacks '%s'", i, err.message, table[i].why);
		}
	}
}

static const struct lk_repodata_entry some[] = {
	{LK_STR("b"), LK_STR("packages.conda"), LK_STR("b-1-0.conda"),
		LK_STR("{\"build\":\"0\",\"build_number\":0,\"name\":\"b\",\"version\":\"1\"}")},
	{LK_STR("a"), LK_STR("v3/conda"), LK_STR("a-2-0"),
		LK_STR("{\"build\":\"0\",\"build_number\":0,\"name\":\"a\"," MD5 "," SHA256
		       ",\"version\":\"2\"}")},
	{LK_STR("a"), LK_STR("removed"), LK_STR("a-0-0.conda"), LK_STR("")},
	{LK_STR("a"), LK_STR("packages"), LK_STR("a-1-0.tar.bz2"),
		LK_STR("{\"build\":\"0\",\"build_number\":0,\"name\":\"a\",\"version\":\"1\"}")},
};

static void test_print(void **state)
{
	struct lk_repodata_entry entries[LK_COUNTOF(some)];
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(OUT_MAX);
	struct lk_error err = LK_ERROR_INIT;
	(void)state;
	memcpy(entries, some, sizeof(some));
	lk_repodata_entries_sort(entries, LK_COUNTOF(entries));
	assert_int_equal(
		lk_repodata_print(LK_STR("noarch"), entries, LK_COUNTOF(entries), &out, &err), 0);
	assert_non_null(strstr(out.ptr, "\"repodata_revisions\": {\n"));
	assert_non_null(strstr(out.ptr, "\"n_packages\": 1\n"));
	assert_non_null(strstr(out.ptr, "\"removed\": [\n    \"a-0-0.conda\"\n  ]"));
	assert_true(strstr(out.ptr, "\"packages\"") < strstr(out.ptr, "\"packages.conda\""));
	assert_true(
		strstr(out.ptr, "\"repodata_version\": 1") < strstr(out.ptr, "\"v3\": {\n    \"c"));

	struct lk_buf LK_CLEANUP(lk_buf_done) empty = LK_BUF_INIT(OUT_MAX);
	assert_int_equal(lk_repodata_print(LK_STR("noarch"), NULL, 0, &empty, &err), 0);
	assert_string_equal(empty.ptr,
		"{\n  \"info\": {\n    \"subdir\": \"noarch\"\n  },\n  \"packages\": {},\n"
		"  \"packages.conda\": {},\n  \"removed\": [],\n  \"repodata_version\": 1\n}\n");

	struct lk_buf LK_CLEANUP(lk_buf_done) small = LK_BUF_INIT(100);
	assert_int_equal(
		lk_repodata_print(LK_STR("noarch"), entries, LK_COUNTOF(entries), &small, &err),
		LK_E_FORMAT);
}

static size_t count(struct lk_repodata *repodata, const char *name)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_records records = {0};
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_repodata_records(repodata, lk_str_of(name), &arena, &records, &err), 0);
	size_t n = records.len;
	lk_vec_done(&records);
	return n;
}

/* Our readers find in the index and the shard what went in. */
static void test_shards(void **state)
{
	static const struct lk_repodata_origin origin = {.channel_name = LK_STR("c"),
		.channel_url = LK_STR("https://h/c"),
		.subdir = LK_STR("noarch"),
		.file = "f"};
	struct lk_repodata_entry entries[LK_COUNTOF(some)];
	struct lk_buf LK_CLEANUP(lk_buf_done) shard = LK_BUF_INIT(OUT_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) index_bytes = LK_BUF_INIT(OUT_MAX);
	struct lk_json_doc *info LK_CLEANUP(lk_json_doc_free_p) = NULL;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_shard_index *index = NULL;
	struct lk_repodata *repodata = NULL;
	struct lk_sha256 found;
	(void)state;
	memcpy(entries, some, sizeof(some));
	lk_repodata_entries_group(entries, LK_COUNTOF(entries));
	assert_true(lk_str_is(entries[2].name, "a") && lk_str_is(entries[3].name, "b"));
	assert_int_equal(lk_shard_print(entries, 3, &shard, &err), 0);
	const struct lk_shard_ref refs[] = {
		{LK_STR("a"), lk_sha256_of(shard.ptr, shard.len)}, {LK_STR("b"), {{3}}}};
	assert_int_equal(lk_json_parse(LK_STR("{\"subdir\": \"noarch\"}"), "i", 4, &info, &err), 0);
	lk_shard_index_print(lk_json_root(info), refs, 2, &index_bytes);
	assert_int_equal(lk_shard_index_parse(lk_buf_view(&index_bytes), &origin, &index, &err), 0);
	assert_int_equal(lk_shard_index_n_names(index), 2);
	assert_true(lk_shard_index_find(index, LK_STR("a"), &found));
	assert_true(lk_sha256_eq(&found, &refs[0].sha256));
	assert_true(lk_str_is(lk_shard_index_base(index), "https://h/c/noarch/shards/"));
	assert_int_equal(lk_shard_open(index, lk_buf_view(&shard), "s", &repodata, NULL, &err), 0);
	assert_int_equal(count(repodata, "a"), 2);
	assert_int_equal(count(repodata, "b"), 0);
	assert_true(lk_repodata_is_removed(repodata, LK_STR("a-0-0.conda")));
	/* Hashes are bytes: half as long as their hex. */
	assert_null(memmem(shard.ptr, shard.len, "0100000000000000", 16));
	lk_repodata_free(repodata);
	lk_shard_index_free(index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_shards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

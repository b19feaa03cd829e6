/*
 * The scan of text that is still arriving, and repodata opened by its index.
 */
#include "conda/repodata_index.h"

#include "tests/unit/conda/repodata_support.h"

#include <unistd.h>

#include "tests/support/feed.h"
#include "tests/support/index_file.h"

#define R(name, version)                                                                           \
	"{\"name\":\"" name "\",\"version\":\"" version "\",\"build\":\"0\",\"build_number\":12}"

static const char *const texts[] = {
	" ",
	"{}",
	"\n{ \"info\" : {\"subdir\":\"noarch\", \"repodata_version\": "
	"2,\"base_url\":\"../x\\u00e9/\","
	"\"channel_relations\":{\"base\":\"../b\",\"overrides\":null}} }\r\n",
	"{\"packages\":{\"a-1-0.tar.bz2\":" R("a", "1") ",\"a-2-0.tar.bz2\":" R(
		"a", "2") "},"
			  "\"packages.conda\":{\"a-1-0.conda\":" R(
				  "a", "1") ", \"b-1-0.conda\" :" R("b", "1") "}}",
	/* not sorted, twice, with escapes, of the wrong kind, removed */
	"{\"packages\":{\"b-1-0.conda\":" R("b", "1") ",\"a-1-0.conda\":" R("a",
		"1") ","
		     "\"b-1-0.conda\":" R("b", "1") ",\"c\\u002d1-0.conda\":" R(
			     "c", "1") ",\"d\":" R("d",
			     "1") ",\"e-1-0.conda\":17,\"f-1-0.conda\":{},\"g-1-0.conda\":" R("__g",
			     "1") "},"
				  "\"removed\":[\"a-1-0.conda\",5,\"z-1-0.conda\","
				  "\"\\ud83d\\ude00\"],\"repodata_version\":1}",
	"{\"v3\":{\"conda\":{\"a-1-0\":" R("a", "1") ",\"b-1-0\":" R(
		"b", "1") "},\"whl\":{\"w-1\":" R("w",
		"1") "},\"new\":{\"x\":[1,2.5e-3,true]}},\"v4\":null,\"packages\":null}",
	"{\"packages\":{\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\":{\"k\":[[[{}]],-1.5E+7]}}}",
	/* damaged */
	"{\"packages\":{\"a-1-0.conda\":{\"name\":\"a\xff\"}}}",
	"{\"packages\":{\"a-1-0.conda\":{\"name\":\"a\\u12\"}}}",
	"{\"packages\":{\"a-1-0.conda\":{\"name\":01}}}",
	"{\"packages\":{\"a-1-0.conda\":{\"name\":\"a\"},}}",
	"{\"info\":{\"repodata_version\":30}}",
	"{\"packages\":{}}x",
	"{\"packages\":{},\"packages\":{}}",
	"{\"v3\":{\"whl\":{},\"whl\":null}}",
	"{\"packages\":{\"a-1-0.conda\":{\"name\":\"a\"",
	"{\"removed\":[\"a",
	"{\"a\":1.",
	"{\"a\":tru",
};

static void pieces_are_the_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		for (uint32_t seed = 0; seed < 300; seed++) {
			const char *differs = compare_in_pieces(
				lk_str_of(texts[i]), seed % 5 == 0 ? 1 : 1 + seed % 37, seed);
			if (differs) {
				fail_msg("%s: %s (seed %u)", texts[i], differs, seed);
			}
		}
	}
}

static const struct lk_repodata_origin here = {
	.channel_name = LK_STR("ch"),
	.channel_url = LK_STR("https://h/c"),
	.subdir = LK_STR("linux-64"),
	.file = "repodata.json",
};

static void put_answers(struct fixture *f, struct lk_buf *out)
{
	for (size_t i = 0; i < lk_repodata_n_names(f->repodata); i++) {
		lk_str name = lk_repodata_name_at(f->repodata, i);
		struct lk_strs removed = {0};
		lk_vec_clear(&f->records);
		assert_int_equal(
			lk_repodata_records(f->repodata, name, &f->arena, &f->records, &f->err), 0);
		for (size_t k = 0; k < f->records.len; k++) {
			const struct lk_record *r = &f->records.items[k];
			lk_buf_appendf(out, LK_STR_FMT " " LK_STR_FMT " " LK_STR_FMT "\n",
				LK_STR_ARG(r->url), LK_STR_ARG(r->version), LK_STR_ARG(r->fn));
		}
		lk_repodata_removed(f->repodata, name, &removed);
		lk_buf_appendf(out, "%zu removed\n", removed.len);
		lk_vec_done(&removed);
	}
	const struct lk_channel_relations *relations = lk_repodata_relations(f->repodata);
	lk_buf_appendf(out, LK_STR_FMT " " LK_STR_FMT "\n%s", LK_STR_ARG(relations->base),
		LK_STR_ARG(relations->overrides), told(f));
}

static void a_file_says_the_same(void **state)
{
	struct fixture *f = *state;
	const struct lk_index_token token = {"abc"};
	size_t opened = 0;
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		struct lk_buf memory LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(1 << 20);
		struct lk_buf file LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(1 << 20);
		struct lk_error err = LK_ERROR_INIT;
		int fd = index_file(lk_str_of(texts[i]), &token, &err);
		int rc = open_text(f, lk_str_of(texts[i]));
		assert_int_equal(rc, fd < 0 ? fd : 0);
		if (rc < 0) {
			assert_string_equal(err.message, f->err.message);
			continue;
		}
		put_answers(f, &memory);
		lk_repodata_free(f->repodata);
		f->repodata = NULL;
		assert_int_equal(
			lk_repodata_open_index(fd, &token, &here, &f->repodata, &f->err), 0);
		close(fd);
		put_answers(f, &file);
		assert_string_equal(lk_buf_cstr(&file), lk_buf_cstr(&memory));
		opened++;
	}
	assert_int_equal(opened, 7);
}

#define N_RECORDS 20000
#define LONG_LEN ((size_t)3 << 20)

/* More than the scanner asks for at a time, and a record that is longer than that by itself. */
static void long_texts_are_read_to_the_end(void **state)
{
	struct fixture *f = *state;
	const struct lk_index_token token = {"abc"};
	struct lk_buf text LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(16 << 20);
	char *license = lk_calloc(LONG_LEN, 1);
	memset(license, 'x', LONG_LEN - 1);
	lk_buf_puts(&text, "{\"packages.conda\":{");
	for (unsigned i = 0; i < N_RECORDS; i++) {
		lk_buf_appendf(&text, "\"a-%05u-0.conda\":{" BASE ",\"size\":%u},", i, i);
	}
	lk_buf_appendf(&text, "\"b-1-0.conda\":" R("b", "1") ",");
	lk_buf_appendf(&text, "\"c-1-0.conda\":{" BASE ",\"license\":\"%s\"}}}", license);
	lk_free(license);
	int fd = index_file(lk_buf_view(&text), &token, &f->err);
	assert_true(fd >= 0);
	assert_int_equal(lk_repodata_open_index(fd, &token, &here, &f->repodata, &f->err), 0);
	close(fd);
	assert_int_equal(lk_repodata_n_records(f->repodata), N_RECORDS + 2);
	assert_int_equal(records_of(f, "b")->len, 1);
	const struct lk_records *records = records_of(f, "a");
	assert_int_equal(records->len, N_RECORDS + 1);
	for (size_t i = 0; i < N_RECORDS; i++) {
		assert_int_equal(records->items[i].size, i);
	}
	assert_int_equal(records->items[N_RECORDS].license.len, LONG_LEN - 1);
}

static void another_token_is_another_text(void **state)
{
	struct fixture *f = *state;
	const struct lk_index_token token = {"abc"};
	const struct lk_index_token other = {"abd"};
	int fd = index_file(lk_str_of(texts[3]), &token, &f->err);
	assert_true(fd >= 0);
	assert_int_equal(
		lk_repodata_open_index(fd, &other, &here, &f->repodata, &f->err), LK_E_NOT_FOUND);
	close(fd);
}

/* Sums are no protection against who can compute them: numbers that lead astray are found. */
static void forged_numbers_are_harmless(void **state)
{
	struct fixture *f = *state;
	const struct lk_index_token token = {"abc"};
	int fd = index_file(lk_str_of(texts[4]), &token, &f->err);
	struct lk_index_head good;
	assert_int_equal(pread(fd, &good, sizeof(good), 0), sizeof(good));
	size_t refused = 0;
	for (size_t at = offsetof(struct lk_index_head, text_len); at < sizeof(good); at += 4) {
		static const uint32_t values[] = {0, 1, 2, 3, 100, 0x7fffffff, 0xffffffff};
		for (size_t v = 0; v < LK_COUNTOF(values); v++) {
			struct lk_index_head bad = good;
			memcpy((char *)&bad + at, &values[v], sizeof(values[v]));
			bad.sum = lk_index_head_sum(&bad);
			assert_int_equal(pwrite(fd, &bad, sizeof(bad), 0), sizeof(bad));
			lk_repodata_free(f->repodata);
			f->repodata = NULL;
			if (lk_repodata_open_index(fd, &token, &here, &f->repodata, &f->err) < 0) {
				assert_int_equal(f->err.code, LK_E_INTEGRITY);
				refused++;
				continue;
			}
			for (size_t i = 0; i < lk_repodata_n_names(f->repodata); i++) {
				int rc = lk_repodata_records(f->repodata,
					lk_repodata_name_at(f->repodata, i), &f->arena, &f->records,
					&f->err);
				assert_true(rc == 0 || f->err.code == LK_E_INTEGRITY);
			}
		}
	}
	assert_true(refused > 100);
	close(fd);
}

/* What stands in files: if the checksum of some text changes, raise the VERSION of the index. */
static void the_checksum_stays(void **state)
{
	(void)state;
	const uint16_t probe = 1;
	if (*(const unsigned char *)&probe == 1) {
		assert_int_equal(
			lk_index_sum(
				"a checksum of 59 bytes here, and of no other in any version", 59),
			0x234cf07f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_the_whole),
		CASE(a_file_says_the_same),
		CASE(long_texts_are_read_to_the_end),
		CASE(another_token_is_another_text),
		CASE(forged_numbers_are_harmless),
		cmocka_unit_test(the_checksum_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

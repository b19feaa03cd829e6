/*
 * YAML written: the one style, which text is quoted, and that the reader gets back what went in.
 */
#include "base/yaml.h"

#include "tests/unit/base/base_test.h"

/* TEXT as the value of a one-member mapping; what stands after "k: ". */
static void written_as(const char *text, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_yaml_writer *writer = lk_yaml_writer_new(out);
	lk_yaml_mapping(writer);
	lk_yaml_cstring(writer, "k");
	lk_yaml_cstring(writer, text);
	lk_yaml_end(writer);
	assert_ok(lk_yaml_finish(writer, &err), err);
	lk_yaml_writer_free(writer);
}

/* Writes TEXT as key and value and reads it back. */
static void check_round_trip(const char *text)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(10000);
	struct lk_yaml_writer *writer = lk_yaml_writer_new(&out);
	lk_yaml_mapping(writer);
	lk_yaml_cstring(writer, text);
	lk_yaml_sequence(writer);
	lk_yaml_cstring(writer, text);
	lk_yaml_end(writer);
	lk_yaml_end(writer);
	assert_ok(lk_yaml_finish(writer, &err), err);
	lk_yaml_writer_free(writer);
	const struct lk_yaml_limits limits = {10000, 3, 0};
	struct lk_yaml_doc doc;
	assert_ok(lk_yaml_parse(lk_buf_view(&out), "f", &limits, &doc, &err), err);
	assert_text(doc.root->first->key, text);
	assert_int_equal(doc.root->first->first->kind, LK_YAML_SCALAR);
	assert_text(doc.root->first->first->text, text);
	lk_yaml_doc_done(&doc);
}

static const char *const plain[] = {
	"a",
	"python 3.12.*",
	"__glibc >=2.17,<3.0.a0",
	"1=x86_64_v3",
	"12.6=0",
	"0=0",
	"2.1.3",
	"conda-forge/linux-64/_libgcc_mutex-0.1-conda_forge.tar.bz2",
	"https://conda.anaconda.org/conda-forge",
	"py312h58c1407_0",
	"BSD-3-Clause",
	"None",
	"_libgcc_mutex",
	"__cuda",
	"fe51de6107f9edc7aa4f786a70f4a883943bc9d39b3bb7307c04c41410990726",
	"0a1b2c",
	"1.0a",
	"1.0.0",
	"1e",
	"1e5x",
	"e5",
	"1:x",
	"a:b",
	"a#b",
	"-a",
	"--x",
	"a-",
	"1-2",
	"2024-01-02x",
	"2024-13",
	"10.0.0.1",
	"0xg",
	"0b",
	"nullx",
	"yesno",
	"x y z",
	"+",
	"-x",
	".",
	"..",
	"_1",
	"12:30:45x",
	"C:\\x",
	"a'b",
	"a\"b",
	"a, b",
	"a]b",
	"a}b",
	"a*",
	"a&b",
	"a!",
	"1_000x",
	"Apache-2.0 WITH LLVM-exception",
	"\xc3\xa9",
	"numpy[version='>=1']",
	"<1.0x=",
	"cuda-version=12.6",
	"1!2.0",
	"==1",
	"~=1",
};

static const char *const quoted[] = {
	"",
	"~",
	"null",
	"Null",
	"NULL",
	"true",
	"True",
	"FALSE",
	"yes",
	"No",
	"ON",
	"off",
	"y",
	"N",
	"=",
	"<<",
	"0",
	"1",
	"-1",
	"+1",
	"0.1",
	"1.",
	".5",
	"-.5",
	"12",
	"1_000",
	"+_1",
	"1e5",
	"1E5",
	"1e+5",
	"1.5e-3",
	"12e03",
	"0x1f",
	"0XFF",
	"0o17",
	"017",
	"0b101",
	"-0x1",
	"0x_1",
	".inf",
	"-.Inf",
	".NaN",
	"1:30",
	"1:30:45",
	"-1:30.5",
	"190:20:30",
	"2024-01-02",
	"2024-1-2",
	"2024-01-02T10:00:00Z",
	"2024-01-02 10:00:00",
	" a",
	"a ",
	" ",
	"a: b",
	"a:",
	":",
	":a",
	"a #b",
	"#a",
	"- a",
	"-",
	"? a",
	"?",
	"?a",
	"[a",
	"]",
	"{a",
	"}",
	",a",
	"&a",
	"*",
	"*a",
	"!a",
	"|",
	">=1",
	"'a",
	"\"a",
	"%a",
	"@a",
	"`a",
	"---",
	"--- a",
	"...",
	"12345678901234567890123456789012",
	"12345678901234567890e12345678901",
};

static const struct {
	const char *text;
	const char *written;
} escaped[] = {
	{"a\nb", "\"a\\nb\""},
	{"a\tb", "\"a\\tb\""},
	{"\x1b", "\"\\e\""},
	{"\x7f", "\"\\x7F\""},
	{"\xc2\x85", "\"\\N\""},
	{"\xe2\x80\xa8x", "\"\\Lx\""},
	{"\xef\xbb\xbf", "\"\\uFEFF\""},
	{"\xf0\x9f\x98\x80", "\"\\U0001F600\""},
	{"\n", "\"\\n\""},
};

static void test_quotes(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(plain); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1000);
		struct lk_buf LK_CLEANUP(lk_buf_done) expected = LK_BUF_INIT(1000);
		written_as(plain[i], &out);
		lk_buf_appendf(&expected, "k: %s\n", plain[i]);
		assert_string_equal(lk_buf_cstr(&out), lk_buf_cstr(&expected));
		check_round_trip(plain[i]);
	}
	for (size_t i = 0; i < LK_COUNTOF(quoted); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1000);
		written_as(quoted[i], &out);
		if (!lk_str_starts(lk_buf_view(&out), LK_STR("k: '"))) {
			fail_msg("not quoted: %s", lk_buf_cstr(&out));
		}
		check_round_trip(quoted[i]);
	}
	for (size_t i = 0; i < LK_COUNTOF(escaped); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1000);
		struct lk_buf LK_CLEANUP(lk_buf_done) expected = LK_BUF_INIT(1000);
		written_as(escaped[i].text, &out);
		lk_buf_appendf(&expected, "k: %s\n", escaped[i].written);
		assert_string_equal(lk_buf_cstr(&out), lk_buf_cstr(&expected));
		check_round_trip(escaped[i].text);
	}
}

/* Every pair of printable and some other bytes comes back as it went in. */
static void test_all_pairs(void **state)
{
	(void)state;
	for (int a = 1; a < 0x80; a++) {
		for (int b = 0x09; b < 0x80; b++) {
			const char text[] = {(char)a, (char)b, '\0'};
			check_round_trip(text);
		}
	}
}

static void test_layout(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(10000);
	lk_buf_puts(&out, "# comment\n");
	struct lk_yaml_writer *w = lk_yaml_writer_new(&out);
	lk_yaml_mapping(w);
	lk_yaml_cstring(w, "version");
	lk_yaml_plain(w, "1");
	lk_yaml_cstring(w, "channels");
	lk_yaml_sequence(w);
	for (int i = 0; i < 2; i++) {
		lk_yaml_mapping(w);
		lk_yaml_cstring(w, "name");
		lk_yaml_cstring(w, "conda-forge");
		lk_yaml_cstring(w, "depends");
		lk_yaml_sequence(w);
		lk_yaml_cstring(w, "libblas >=3.9.0,<4.0a0");
		lk_yaml_end(w);
		lk_yaml_end(w);
	}
	lk_yaml_end(w);
	lk_yaml_cstring(w, "none");
	lk_yaml_sequence(w);
	lk_yaml_end(w);
	lk_yaml_cstring(w, "empty");
	lk_yaml_mapping(w);
	lk_yaml_end(w);
	lk_yaml_end(w);
	assert_ok(lk_yaml_finish(w, &err), err);
	lk_yaml_writer_free(w);
	assert_string_equal(lk_buf_cstr(&out),
		"# comment\nversion: 1\nchannels:\n"
		"- name: conda-forge\n  depends:\n  - libblas >=3.9.0,<4.0a0\n"
		"- name: conda-forge\n  depends:\n  - libblas >=3.9.0,<4.0a0\n"
		"none: []\nempty: {}\n");
}

static void test_long_lines_stay_whole(void **state)
{
	(void)state;
	char text[3001];
	for (size_t i = 0; i < 3000; i++) {
		text[i] = i % 10 == 9 ? ' ' : 'a';
	}
	text[2999] = 'a';
	text[3000] = '\0';
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(10000);
	written_as(text, &out);
	assert_int_equal(out.len, 3000 + 4);
	check_round_trip(text);
}

static void test_failures(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	for (int which = 0; which < 6; which++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(20);
		struct lk_yaml_writer *w = lk_yaml_writer_new(&out);
		int expected = LK_E_BUG;
		if (which == 0) { /* left open */
			lk_yaml_mapping(w);
		} else if (which == 1) { /* a key without a value */
			lk_yaml_mapping(w);
			lk_yaml_cstring(w, "k");
			lk_yaml_end(w);
		} else if (which == 2) { /* ended too often */
			lk_yaml_sequence(w);
			lk_yaml_end(w);
			lk_yaml_end(w);
		} else if (which == 3) { /* two roots */
			lk_yaml_cstring(w, "a");
			lk_yaml_cstring(w, "b");
		} else if (which == 4) {
			lk_yaml_string(w, LK_STR("a\xff"));
			expected = LK_E_FORMAT;
		} else {
			lk_yaml_cstring(w, "longer than twenty bytes");
			expected = LK_E_FORMAT;
		}
		assert_int_equal(lk_yaml_finish(w, &err), expected);
		lk_yaml_writer_free(w);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(20);
	struct lk_yaml_writer *w = lk_yaml_writer_new(&out);
	assert_int_equal(lk_yaml_finish(w, &err), LK_E_BUG);
	lk_yaml_writer_free(w);
	lk_yaml_writer_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_long_lines_stay_whole),
		cmocka_unit_test(test_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

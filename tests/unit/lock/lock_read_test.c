/*
 * Reading a lock: every value in its place, and every fault refused where it stands.
 */
#include "lock_sample.h"

#include <stdlib.h>
#include <unistd.h>

static void test_values(void **state)
{
	(void)state;
	struct lk_lock lock;
	parse_ok(sample, &lock);
	assert_text(lock.file, "env.lock");
	assert_int_equal(lock.n_channels, 2);
	assert_text(lock.channels[1].name, "nvidia/label/cuda-12.4.0");
	assert_text(
		lock.channels[1].auth_url, "https://conda.anaconda.org/nvidia/label/cuda-12.4.0");
	assert_text(lock.channel_priority, "strict");
	assert_int_equal(lock.n_variables, 1);
	assert_text(lock.variables[0].value, "1");
	const struct lk_lock_platform *platform = lk_lock_find_platform(&lock, LK_STR("linux-64"));
	assert_non_null(platform);
	assert_null(lk_lock_find_platform(&lock, LK_STR("osx-64")));
	assert_int_equal(platform->specs.n, 2);
	assert_text(platform->pins.items[0], "numpy 2.*");
	assert_int_equal(platform->solved_with.len, 3);
	assert_text(platform->solved_with.items[0].version, "1");
	assert_text(platform->solved_with.items[0].build, "x86_64_v3");
	assert_text(platform->requires_constrains.items[0], "__cuda >=12.9");
	assert_int_equal(platform->n_packages, 4);
	const struct lk_record *record = lk_lock_find_package(platform, LK_STR("cuda-version"));
	assert_non_null(record);
	assert_text(record->channel, "conda-forge");
	assert_text(record->subdir, "noarch");
	assert_text(record->fn, "cuda-version-12.9-h4f385c5_3.conda");
	assert_text(record->url,
		"https://conda.anaconda.org/conda-forge/noarch/"
		"cuda-version-12.9-h4f385c5_3.conda");
	assert_true(record->has_sha256 && record->has_md5 && record->has_size);
	assert_int_equal(record->sha256.bytes[0], 0x5f);
	assert_int_equal(record->size, 21578);
	record = lk_lock_find_package(platform, LK_STR("libtool"));
	assert_non_null(record);
	assert_text(record->url, "https://example.org/elsewhere/libtool-2.4.0-h1_0.tar.bz2");
	assert_false(record->has_md5 || record->has_size);
	assert_int_equal(record->license.len + record->depends.n, 0);
	assert_null(lk_lock_find_package(platform, LK_STR("zlib")));
	lk_lock_done(&lock);
}

struct refusal {
	const char *needle, *replacement; /* in the sample */
	unsigned line, column;
	const char *message; /* a part of it */
};

static const struct refusal refusals[] = {
	/* the document */
	{"version: 1\n", "version: 2\n", 2, 10, "version 2 is not known"},
	{"version: 1\n", "version: '1'\n", 2, 10, "whole number"},
	{"version: 1\n", "version: -1\n", 2, 10, "whole number"},
	{"version: 1\n", "version: [1]\n", 2, 10, "whole number"},
	{"version: 1\n", "", 2, 1, "no field 'version'"},
	{"channel-priority: strict\n", "", 2, 1, "no field 'channel-priority'"},
	{"channel-priority: strict", "channel-priority: loose", 8, 19, "is not one of"},
	{"channel-priority: strict", "channel-priority:", 8, 18, "must be text"},
	{"channel-priority: strict", "exclude-newer: 2026-01-31", 8, 16, "is not an instant"},
	{"OMP_NUM_THREADS: '1'", "OMP_NUM_THREADS: [1]", 10, 20, "must be text"},
	{"OMP_NUM_THREADS: '1'", "\"A\\nB\": x", 10, 3, "control character"},
	{"OMP_NUM_THREADS: '1'", "X: &a b", 10, 6, ""},
	{"OMP_NUM_THREADS: '1'", "X: *a", 10, 6, ""},
	{"OMP_NUM_THREADS: '1'", "X: a\n  X: b", 11, 3, ""},
	{"version: 1\n", "version: 1\n<<<<<<< HEAD\n", 3, 1, "merge conflict"},
	{"version: 1\n", "<<<<<<< HEAD\n||||||| 1f\n=======\nversion: 1\n>>>>>>> a b\r\n", 2, 1,
		"'HEAD' against 'a b', up to line 6"},
	{"version: 1\n", "<<<<<<< a\n>>>>>>> b\n<<<<<<< c\n>>>>>>> d\n", 2, 1,
		"'a' against 'b', at 2 places up to line 5"},
	{"    specs:\n", ">>>>>>> theirs\n    specs:\n", 13, 1, "merge conflict"},
	/* channels */
	{"- name: conda-forge", "- name: ../up", 4, 9, "is not a channel name"},
	{"- name: conda-forge", "- name: nvidia/label/cuda-12.4.0", 6, 3, "stands twice"},
	{"url: https://conda.anaconda.org/conda-forge\n", "url: conda-forge\n", 5, 8,
		"is not a URL"},
	{"conda-forge\n- name: nv", "conda-forge/\n- name: nv", 5, 8, "ends in a slash"},
	{"https://conda.anaconda.org/conda-forge\n", "https://me:pw@host/conda-forge\n", 5, 8,
		"holds credentials"},
	{"https://conda.anaconda.org/conda-forge\n",
		"https://conda.anaconda.org/t/se-cret/conda-forge\n", 5, 8, "holds credentials"},
	{"    - numpy\n    pins", "    - https://me:pw@host/c::numpy\n    pins", 15, 7,
		"holds credentials"},
	{"    - numpy\n    pins", "    - numpy[channel=\"https://host/t/se-cret/c\"]\n    pins", 15,
		7, "holds credentials"},
	{"OMP_NUM_THREADS: '1'", "X: a http://h/ http://me:pw@h/", 10, 6, "holds credentials"},
	/* platforms */
	{"  linux-64:\n", "  noarch:\n", 12, 3, "is no platform"},
	{"  linux-64:\n", "  ../etc:\n", 12, 3, "is not a platform"},
	{"  linux-64:\n", "  linux-aarch64:\n", 42, 13, "is neither 'linux-aarch64' nor noarch"},
	{"    specs:\n    - python 3.12.*\n    - numpy\n", "", 13, 5, "no field 'specs'"},
	{"    - python 3.12.*\n    - numpy\n", "    - [python]\n", 14, 7, "must be text"},
	{"__glibc: 2.28=0", "glibc: 2.28=0", 21, 14, "is not a virtual package"},
	{"__glibc: 2.28=0", "__glibc: 2.28", 21, 16, "is not a virtual package"},
	/* requires */
	{"- __cuda >=12.9", "- __cuda >=12", 26, 9, "holds"},
	{"      constrains:\n      - __cuda >=12.9\n", "", 13, 5, "lacks '__cuda >=12.9'"},
	{"- __glibc >=2.17,<3.0.a0", "- __glibc >=2.17,<3.0.a0\n      - __unix", 25, 9, "holds"},
	{"      - __glibc >=2.17,<3.0.a0\n      constrains:\n      - __cuda",
		"      - __unix\n      constrains:\n      - __cuda", 24, 9,
		"lacks '__glibc >=2.17,<3.0.a0'"},
	/* packages */
	{"- name: libtool", "- name: cuda-version", 39, 7,
		"'cuda-version' stands twice, first on line 28"},
	{"- name: libtool", "- name: ..", 39, 13, "not a safe part"},
	{"- name: libtool", "- name: a/b", 39, 13, "not a safe part"},
	{"- name: libtool", "- name: __cuda", 39, 13, "virtual package"},
	{"- name: libtool", "- name: lib tool", 39, 13, "does not belong there"},
	{"- name: libtool", "- name: \"lib\\0tool\"", 39, 13, ""},
	{"- name: libtool", "- nom: libtool", 39, 7, "no field 'name'"},
	{"- name: libtool", "- - libtool\n    - name: libtool", 39, 7, "must be a mapping"},
	{"version: 2.4.0", "version: 2.4.0/../..", 40, 16, "not a safe part"},
	{"version: 2.4.0", "version: {}", 40, 16, "must be text"},
	{"build: h1_0", "build: ''\n      build: x", 42, 7, ""},
	{"build: h1_0", "build: ~", 41, 14, "must be text"},
	{"from: nvidia/label/cuda-12.4.0/linux-64/libtool-2.4.0-h1_0.tar.bz2",
		"from: libtool-2.4.0-h1_0.tar.bz2", 42, 13, "is not CHANNEL/SUBDIR/FILE"},
	{"libtool-2.4.0-h1_0.tar.bz2\n", "libtool-2.4.0-h1_0.zip\n", 42, 13, "is not an archive"},
	{"from: nvidia/label/cuda-12.4.0/linux-64/", "from: nvidia/label/cuda-12.4.0/linux-64/../",
		42, 13, "is neither"},
	{"from: nvidia/label/cuda-12.4.0/linux-64", "from: ../linux-64", 42, 13,
		"is not a channel name"},
	{"from: conda-forge/noarch", "from: bioconda/noarch", 31, 13,
		"is not among the lock's channels"},
	{"from: conda-forge/noarch", "from: conda-forge/osx-64", 31, 13, "nor noarch"},
	{"version: '12.9'", "version: '12.8'", 31, 13,
		"file 'cuda-version-12.9-h4f385c5_3.conda' is not that of cuda-version 12.8 "
		"h4f385c5_3"},
	{"build: h4f385c5_3", "build: h4f385c5_4", 31, 13, "is not that of"},
	{"cuda-version-12.9-h4f385c5_3.conda", "other-12.9-h4f385c5_3.conda", 31, 13,
		"is not that of"},
	{"cuda-version-12.9-h4f385c5_3.conda", "cuda-version-12.9.conda", 31, 13, "is not that of"},
	{"url: https://example.org/", "url: https://me:pw@example.org/", 43, 12,
		"holds credentials"},
	{"sha256: " HASH_D "\n", "license: MIT\n", 39, 7, "no field 'sha256'"},
	{"sha256: " HASH_D, "sha256: abc", 44, 15, "64 hexadecimal digits"},
	{"sha256: " HASH_D, "sha256: [" HASH_D "]", 44, 15, "64 hexadecimal digits"},
	{"md5: b6d5d7f1c171cbd228ea06b556cfa859", "md5: b6d5d7f1c171cbd228ea06b556cfa85g", 33, 12,
		"32 hexadecimal digits"},
	{"size: 21578", "size: 21578.5", 34, 13, "whole number"},
	{"size: 21578", "size: -1", 34, 13, "whole number"},
	{"size: 21578", "size: '21578'", 34, 13, "whole number"},
	{"size: 21578", "size: 99999999999999999999", 34, 13, "whole number"},
	{"size: 21578", "size: 17592186044417", 34, 13, "whole number"},
	{"license: LicenseRef-NVIDIA", "license: \"a\\tb\"", 35, 16, "control character"},
	{"      extras:\n      - fast\n", "      extras: fast\n", 52, 15, "must be a list"},
	{"- cudatoolkit 12.9|12.9.*", "- {a: b}", 37, 9, "must be text"},
};

static void refuse(const struct refusal *refusal)
{
	char *text = sample_with(refusal->needle, refusal->replacement);
	struct lk_lock lock;
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_lock_parse(lk_str_of(text), "env.lock", NULL, &lock, &err);
	bool right = rc == LK_E_FORMAT && err.line == refusal->line &&
		err.column == refusal->column && strstr(err.message, refusal->message) &&
		strcmp(err.file, "env.lock") == 0;
	if (!right) {
		print_error("'%s' -> '%s': wanted %u:%u %s, got %d %s:%u:%u: %s\n", refusal->needle,
			refusal->replacement, refusal->line, refusal->column, refusal->message, rc,
			err.file, err.line, err.column, err.message);
	}
	if (strstr(err.message, "credentials")) {
		assert_null(strstr(err.message, "pw"));
		assert_null(strstr(err.message, "se-cret"));
		assert_string_equal(err.excerpt, "");
	}
	assert_true(right);
	lk_free(text);
}

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(refusals); i++) {
		refuse(&refusals[i]);
	}
}

static void test_not_a_lock(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "# nothing\n", "[]\n", "hello\n", "name: env\n",
		"version: 1\n", "{", "\xff\xfe", "version: 1\n---\nversion: 1\n", "\t- x\n"};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		struct lk_lock lock;
		struct lk_error err = LK_ERROR_INIT;
		assert_int_equal(
			lk_lock_parse(lk_str_of(texts[i]), "x", NULL, &lock, &err), LK_E_FORMAT);
		assert_true(err.message[0] != '\0');
	}
}

static void test_deep(void **state)
{
	(void)state;
	char deep[200];
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	char *text = sample_with("OMP_NUM_THREADS: '1'", deep);
	struct lk_lock lock;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_lock_parse(lk_str_of(text), "x", NULL, &lock, &err), LK_E_FORMAT);
	assert_int_equal(err.line, 10);
	lk_free(text);
}

static void keep_warning(void *ctx, const char *message)
{
	struct lk_buf *buf = ctx;
	lk_buf_puts(buf, message);
	lk_buf_putc(buf, '\n');
}

static void test_unknown_fields(void **state)
{
	(void)state;
	struct lk_buf warnings = LK_BUF_INIT(4096);
	struct lk_report report = {.ctx = &warnings, .warn = keep_warning};
	struct lk_lock lock;
	struct lk_error err = LK_ERROR_INIT;
	char *text = sample_with("      build: h1_0\n", "      build: h1_0\n      colour: [red]\n");
	assert_int_equal(lk_lock_parse(lk_str_of(text), "env.lock", &report, &lock, &err), 0);
	assert_string_equal(lk_buf_cstr(&warnings),
		"env.lock:42: unknown field 'colour' of a package is ignored\n");
	lk_lock_done(&lock);
	lk_free(text);
	lk_buf_clear(&warnings);
	text = sample_with("channels:\n", "mood: good\nchannels:\n");
	assert_int_equal(lk_lock_parse(lk_str_of(text), "env.lock", &report, &lock, &err), 0);
	assert_string_equal(
		lk_buf_cstr(&warnings), "env.lock:3: unknown field 'mood' of a lock is ignored\n");
	lk_lock_done(&lock);
	lk_free(text);
	lk_buf_done(&warnings);
}

static void test_put_in_order(void **state)
{
	(void)state;
	struct lk_lock lock;
	char *text =
		sample_with("- name: cuda-version\n      version: '12.9'\n      build: h4f385c5_3\n"
			    "      from: conda-forge/noarch/cuda-version",
			"- name: zz-version\n      version: '12.9'\n      build: h4f385c5_3\n"
			"      from: conda-forge/noarch/zz-version");
	parse_ok(text, &lock);
	assert_text(lock.platforms[0].packages[0].name, "libtool");
	assert_text(lock.platforms[0].packages[3].name, "zz-version");
	lk_lock_done(&lock);
	lk_free(text);
	text = sample_with("  linux-64:\n",
		"  win-64: {specs: [], solved-with: {}, packages: []}\n  linux-64:\n");
	parse_ok(text, &lock);
	assert_int_equal(lock.n_platforms, 2);
	assert_text(lock.platforms[0].subdir, "linux-64");
	assert_text(lock.platforms[1].subdir, "win-64");
	lk_lock_done(&lock);
	lk_free(text);
}

static void test_too_large(void **state)
{
	(void)state;
	struct lk_lock lock;
	struct lk_error err = LK_ERROR_INIT;
	size_t len = LK_LOCK_MAX_BYTES + 1;
	char *LK_AUTO_FREE text = lk_calloc(1, len);
	memset(text, '\n', len);
	assert_int_equal(lk_lock_parse(lk_str_n(text, len), "x", NULL, &lock, &err), LK_E_FORMAT);
	assert_non_null(strstr(err.message, "larger than"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_not_a_lock),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_unknown_fields),
		cmocka_unit_test(test_put_in_order),
		cmocka_unit_test(test_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * A lock as components: identity, licences, edges over platforms.
 */
#include "lock_sample.h"

#include "base/json.h"
#include "lock/exchange.h"
#include "lock/sbom.h"

#define PACKAGE(subdir, name, hash, tail)                                                          \
	"    - name: " name "\n      version: '1'\n      build: '0'\n      from: m/" subdir        \
	"/" name "-1-0.conda\n      sha256: " hash "\n" tail
#define HEAD                                                                                       \
	"version: 1\nchannels:\n- name: m\n  url: https://h/m\nchannel-priority: "                 \
	"strict\nplatforms:\n"
#define PLATFORM(subdir, specs, packages)                                                          \
	"  " subdir ":\n    specs:\n" specs "    solved-with: {}\n    packages:\n" packages

static void test_sample(void **state)
{
	(void)state;
	struct lk_lock lock;
	struct lk_sbom sbom;
	parse_ok(sample, &lock);
	lk_sbom_make(&lock, LK_STR(""), &sbom);
	assert_int_equal(sbom.n_components, 4);
	assert_text(sbom.name, "environment");
	assert_text(sbom.components[0].purl,
		"pkg:conda/"
		"cuda-version@12.9?build=h4f385c5_3&channel=conda-forge&subdir=noarch&type="
		"conda");
	assert_text(sbom.components[0].licence.expression, "LicenseRef-NVIDIA");
	assert_int_equal(sbom.components[0].licence_refs.len, 1);
	assert_text(sbom.components[1].purl,
		"pkg:conda/libtool@2.4.0?build=h1_0&channel=nvidia/label/"
		"cuda-12.4.0&subdir=linux-64&type=tar.bz2");
	assert_text(
		sbom.components[1].url, "https://example.org/elsewhere/libtool-2.4.0-h1_0.tar.bz2");
	assert_int_equal(sbom.components[1].licence.expression.len, 0);
	assert_int_equal(sbom.components[1].licence.text.len, 0);
	assert_int_equal(sbom.components[2].n_needs, 1);
	assert_int_equal(sbom.components[2].needs[0], 3);
	assert_int_equal(sbom.platforms[0].n_roots, 2);
	assert_int_equal(sbom.platforms[0].roots[0], 2);
	lk_sbom_done(&sbom);
	lk_lock_done(&lock);
}

static void make(const char *text, struct lk_lock *lock, struct lk_sbom *sbom)
{
	parse_ok(text, lock);
	lk_sbom_make(lock, LK_STR("e"), sbom);
}

/* One archive on two platforms is one component; other content under its name another. */
static void test_platforms(void **state)
{
	(void)state;
	static const char shared[] = HEAD PLATFORM("linux-64", "    - a\n",
		PACKAGE("noarch", "a", HASH_A, "      depends:\n      - b\n")
			PACKAGE("linux-64", "b", HASH_B, "")) PLATFORM("osx-64", "    - a\n",
		PACKAGE("noarch", "a", HASH_A, "      depends:\n      - b\n")
			PACKAGE("osx-64", "b", HASH_C, ""));
	static const char other[] =
		HEAD PLATFORM("linux-64", "    - a\n", PACKAGE("noarch", "a", HASH_A, ""))
			PLATFORM("osx-64", "    - a\n", PACKAGE("noarch", "a", HASH_B, ""));
	struct lk_lock lock;
	struct lk_sbom sbom;
	make(shared, &lock, &sbom);
	assert_int_equal(sbom.n_components, 3);
	assert_int_equal(sbom.components[0].n_needs, 2);
	assert_text(sbom.components[1].ref, "m/linux-64/b-1-0.conda");
	assert_text(sbom.components[2].ref, "m/osx-64/b-1-0.conda");
	assert_int_equal(sbom.platforms[1].n_roots, 1);
	lk_sbom_done(&sbom);
	lk_lock_done(&lock);
	make(other, &lock, &sbom);
	assert_int_equal(sbom.n_components, 2);
	assert_text(sbom.components[0].ref, "m/noarch/a-1-0.conda");
	assert_text(sbom.components[1].ref, "m/noarch/a-1-0.conda#2");
	assert_int_equal(sbom.platforms[1].roots[0], 1);
	lk_sbom_done(&sbom);
	lk_lock_done(&lock);
}

/* What no purl and no URI may hold is escaped. */
static void test_escaping(void **state)
{
	(void)state;
	char *text = sample_with("https://example.org/elsewhere/", "https://h/a|b/%20/");
	struct lk_lock lock;
	struct lk_sbom sbom;
	make(text, &lock, &sbom);
	assert_text(sbom.components[1].url, "https://h/a%7Cb/%20/libtool-2.4.0-h1_0.tar.bz2");
	lk_sbom_done(&sbom);
	lk_lock_done(&lock);
	lk_free(text);
}

/* Each change that a document shows changes its identity. */
static void test_identity(void **state)
{
	(void)state;
	static const struct {
		const char *needle, *replacement;
	} rows[] = {
		{"OMP_NUM_THREADS", "OMP_NUM_THREADS"},
		{"- python 3.12.*", "- python 3.12.7"},
		{"- numpy 2.*", "- numpy 2.1.*"},
		{"__glibc: 2.28=0", "__glibc: 2.34=0"},
		{"sha256: " HASH_B, "sha256: " HASH_A},
		{"size: 21578", "size: 21579"},
		{"license: BSD-3-Clause", "license: MIT"},
		{"      - python >=3.12,<3.13.0a0\n", ""},
		{"channel-priority: strict", "channel-priority: flexible"},
	};
	char seen[LK_COUNTOF(rows)][37];
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		char *text = sample_with(rows[i].needle, rows[i].replacement);
		struct lk_lock lock;
		struct lk_sbom sbom;
		make(text, &lock, &sbom);
		memcpy(seen[i], sbom.uuid, sizeof(seen[i]));
		assert_int_equal(seen[i][14], '8');
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(seen[i], seen[k]);
		}
		lk_sbom_done(&sbom);
		lk_lock_done(&lock);
		lk_free(text);
	}
	/* On every machine. */
	assert_string_equal(seen[0], "c31dec8a-91e1-82f6-9a63-4325e5996f9c");
}

static void test_documents(void **state)
{
	(void)state;
	static lk_export_writer *const writers[] = {lk_export_cyclonedx, lk_export_spdx};
	struct lk_lock lock;
	parse_ok(sample, &lock);
	for (size_t i = 0; i < LK_COUNTOF(writers); i++) {
		struct lk_export_options options = {.name = LK_STR("e")};
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf out = LK_BUF_INIT(1 << 20);
		struct lk_buf small = LK_BUF_INIT(2000);
		struct lk_json_doc *doc;
		assert_int_equal(writers[i](&lock, &options, &out, NULL, &err), 0);
		assert_int_equal(lk_json_parse(lk_buf_view(&out), "bom", 16, &doc, &err), 0);
		lk_json_doc_free(doc);
		assert_int_equal(writers[i](&lock, &options, &small, NULL, &err), LK_E_FORMAT);
		lk_buf_done(&out);
		lk_buf_done(&small);
	}
	lk_lock_done(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_platforms),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

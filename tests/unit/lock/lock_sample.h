/*
 * A small lock in canonical bytes, and ways to bend it: shared by the tests of lock/.
 */
#ifndef LK_TESTS_LOCK_SAMPLE_H
#define LK_TESTS_LOCK_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/lockfile.h"

#define HASH_A "5f5f428031933f117ff9f7fcc650e6ea1b3fef5936cf84aa24af79167513b656"
#define HASH_B "26ab9386e80bf196e51ebe005da77d57decf6d989b4f34d96130560bc133479c"
#define HASH_C "a5a5e3a5a94a5e4a0a5f9c8e2b7f1e0d1c2b3a4958677685f4e3d2c1b0a99887"
#define HASH_D "c5c5e3a5a94a5e4a0a5f9c8e2b7f1e0d1c2b3a4958677685f4e3d2c1b0a99887"

/* Line numbers of what the tests bend. */
static const char sample[] =
	"# lockenv lock file. Review changes with: lockenv diff OLD NEW\n" /* 1 */
	"version: 1\n"
	"channels:\n"
	"- name: conda-forge\n"
	"  url: https://conda.anaconda.org/conda-forge\n" /* 5 */
	"- name: nvidia/label/cuda-12.4.0\n"
	"  url: https://conda.anaconda.org/nvidia/label/cuda-12.4.0\n"
	"channel-priority: strict\n"
	"variables:\n"
	"  OMP_NUM_THREADS: '1'\n" /* 10 */
	"platforms:\n"
	"  linux-64:\n"
	"    specs:\n"
	"    - python 3.12.*\n"
	"    - numpy\n" /* 15 */
	"    pins:\n"
	"    - numpy 2.*\n"
	"    solved-with:\n"
	"      __archspec: 1=x86_64_v3\n"
	"      __cuda: 13.0=0\n" /* 20 */
	"      __glibc: 2.28=0\n"
	"    requires:\n"
	"      depends:\n"
	"      - __glibc >=2.17,<3.0.a0\n"
	"      constrains:\n" /* 25 */
	"      - __cuda >=12.9\n"
	"    packages:\n"
	"    - name: cuda-version\n"
	"      version: '12.9'\n"
	"      build: h4f385c5_3\n" /* 30 */
	"      from: conda-forge/noarch/cuda-version-12.9-h4f385c5_3.conda\n"
	"      sha256: " HASH_A "\n"
	"      md5: b6d5d7f1c171cbd228ea06b556cfa859\n"
	"      size: 21578\n"
	"      license: LicenseRef-NVIDIA\n" /* 35 */
	"      constrains:\n"
	"      - cudatoolkit 12.9|12.9.*\n"
	"      - __cuda  >=12.9\n"
	"    - name: libtool\n"
	"      version: 2.4.0\n" /* 40 */
	"      build: h1_0\n"
	"      from: nvidia/label/cuda-12.4.0/linux-64/libtool-2.4.0-h1_0.tar.bz2\n"
	"      url: https://example.org/elsewhere/libtool-2.4.0-h1_0.tar.bz2\n"
	"      sha256: " HASH_D "\n"
	"    - name: numpy\n" /* 45 */
	"      version: 2.1.3\n"
	"      build: py312h58c1407_0\n"
	"      from: conda-forge/linux-64/numpy-2.1.3-py312h58c1407_0.conda\n"
	"      sha256: " HASH_B "\n"
	"      size: 8478406\n" /* 50 */
	"      license: BSD-3-Clause\n"
	"      extras:\n"
	"      - fast\n"
	"      depends:\n"
	"      - __glibc >=2.17,<3.0.a0\n" /* 55 */
	"      - python >=3.12,<3.13.0a0\n"
	"      constrains:\n"
	"      - numpy-base <0a0\n"
	"    - name: python\n"
	"      version: 3.12.7\n" /* 60 */
	"      build: hc5c86c4_0_cpython\n"
	"      from: conda-forge/linux-64/python-3.12.7-hc5c86c4_0_cpython.conda\n"
	"      sha256: " HASH_C "\n"
	"      size: 31574780\n"
	"      license: Python-2.0\n"; /* 65 */

/* The sample with the first NEEDLE replaced; free with lk_free. NEEDLE must be there. */
LK_UNUSED static char *sample_with(const char *needle, const char *replacement)
{
	const char *at = strstr(sample, needle);
	assert_non_null(at);
	return lk_asprintf(
		"%.*s%s%s", (int)(at - sample), sample, replacement, at + strlen(needle));
}

/* Parses TEXT, a copy of which the lock owns, or fails the test with the message. */
LK_UNUSED static void parse_ok(const char *text, struct lk_lock *ret)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_arena arena = {0};
	lk_str copy = lk_str_dup(&arena, lk_str_of(text));
	int rc = lk_lock_parse(copy, "env.lock", NULL, ret, &err);
	if (rc < 0) {
		print_error("%s:%u:%u: %s\n", err.file, err.line, err.column, err.message);
	}
	assert_int_equal(rc, 0);
	lk_arena_take(&ret->arena, &arena);
}

LK_UNUSED static void assert_text(lk_str text, const char *expected)
{
	if (!lk_str_is(text, expected)) {
		print_error("got '" LK_STR_FMT "', not '%s'\n", LK_STR_ARG(text), expected);
	}
	assert_true(lk_str_is(text, expected));
}

#endif

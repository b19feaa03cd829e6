/*
 * What the tests of keys and signatures share: the files of tests/data/keys.
 */
#ifndef LK_TESTS_KEYS_SUPPORT_H
#define LK_TESTS_KEYS_SUPPORT_H

#include "tests/unit/base/base_test.h"

static inline void key_file(const char *name, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	char *LK_AUTO_FREE path = lk_asprintf("%s/keys/%s", LK_TEST_DATA, name);
	lk_buf_init(out, 1 << 20);
	assert_ok(lk_fs_read_file(AT_FDCWD, path, out, &err), err);
}

#endif

/*
 * Headers of bundles: what tar makes of long names and large sizes.
 */
#include "store/bundle_layout.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/pack.h"

#define DIGITS "0123456789"
#define TEN DIGITS DIGITS DIGITS DIGITS DIGITS DIGITS DIGITS DIGITS DIGITS DIGITS
#define LARGEST 8589934591u /* that eleven octal digits can tell */

static const char *records(const struct lk_bundle_header *header)
{
	assert_int_equal(header->len, 3 * LK_BUNDLE_BLOCK);
	assert_string_equal((const char *)header->bytes, "pax-header");
	assert_int_equal(header->bytes[156], 'x');
	return (const char *)header->bytes + LK_BUNDLE_BLOCK;
}

static void headers(void **state)
{
	(void)state;
	struct lk_bundle_header header;
	lk_bundle_header_make(LK_STR(TEN), LARGEST, false, &header);
	assert_int_equal(header.len, LK_BUNDLE_BLOCK);
	assert_memory_equal(header.bytes, TEN, 100);
	assert_string_equal((const char *)header.bytes + 124, "77777777777");
	assert_string_equal((const char *)header.bytes + 100, "0000644");

	lk_bundle_header_make(LK_STR(TEN "x"), 1, true, &header);
	assert_string_equal(records(&header), "111 path=" TEN "x\n");
	assert_memory_equal(header.bytes + 2 * LK_BUNDLE_BLOCK, TEN, 100);
	assert_string_equal((const char *)header.bytes + 2 * LK_BUNDLE_BLOCK + 100, "0000755");

	lk_bundle_header_make(LK_STR("a"), LARGEST + 1, false, &header);
	assert_string_equal(records(&header), "19 size=8589934592\n");
	assert_string_equal((const char *)header.bytes + 2 * LK_BUNDLE_BLOCK + 124, "00000000000");

	lk_bundle_header_make(LK_STR(TEN "x"), LARGEST + 1, false, &header);
	assert_string_equal(records(&header), "111 path=" TEN "x\n19 size=8589934592\n");

	/* A length that counts itself: 99 bytes would need 100. */
	lk_bundle_header_make(LK_STR("\xc3\xa9"), 1, false, &header);
	assert_string_equal(records(&header), "11 path=\xc3\xa9\n");
	char name[100] = "\xc3\xa9";
	memset(name + 2, 'x', 88);
	lk_bundle_header_make(lk_str_n(name, 90), 1, false, &header);
	assert_int_equal(strlen(records(&header)), 99);
	lk_bundle_header_make(lk_str_n(name, 89), 1, false, &header);
	assert_int_equal(strlen(records(&header)), 98);
	name[90] = 'x';
	lk_bundle_header_make(lk_str_n(name, 91), 1, false, &header);
	assert_int_equal(strlen(records(&header)), 101);
}

static void paddings(void **state)
{
	(void)state;
	assert_int_equal(lk_bundle_padding(0), 0);
	assert_int_equal(lk_bundle_padding(1), 511);
	assert_int_equal(lk_bundle_padding(512), 0);
	assert_int_equal(lk_bundle_padding(LK_MANIFEST_MAX_SIZE - 1), 1);
}

/* A file of 9 GiB, all hole: other tars read its size. */
static void large(void **state)
{
	(void)state;
	char *root = pack_tmpdir();
	char *path = lk_asprintf("%s/large", root);
	struct lk_bundle_header header;
	uint64_t size = UINT64_C(9) << 30;
	lk_bundle_header_make(LK_STR("archives/" TEN), size, false, &header);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, header.bytes, header.len), header.len);
	int rc = ftruncate(fd, (off_t)(header.len + size + LK_BUNDLE_END));
	close(fd);
	char *line = lk_asprintf("for t in tar bsdtar; do command -v $t >/dev/null || continue; "
				 "$t tvf %s | grep -q ' 9663676416 .* archives/" TEN
				 "$' || exit 1; done",
		path);
	int status = rc == 0 ? system(line) : 0; /* NOLINT(cert-env33-c) */
	lk_free(line);
	lk_free(path);
	pack_rmdir(root);
	if (rc != 0) {
		skip(); /* no room for a hole of that size here */
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(paddings),
		cmocka_unit_test(large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

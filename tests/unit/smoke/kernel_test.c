/*
 * The two texts of our kernels: the PTX is what the source was compiled to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/hex.h"
#include "smoke/kernel.h"

static void test_ptx_is_of_the_source(void **state)
{
	(void)state;
	struct lk_sha256 digest = lk_sha256_of(lk_kernel_source, strlen(lk_kernel_source));
	char hex[LK_HEX_MAX];
	lk_hex(digest.bytes, sizeof(digest.bytes), hex);
	if (!strstr(lk_kernel_ptx, hex)) {
		fail_msg("smoke/kernel_attention.ptx is not of this source; see "
			 "scripts/kernel-ptx.py");
	}
	assert_non_null(strstr(lk_kernel_ptx, "\n.version 6.0\n.target sm_50\n"));
	assert_non_null(strstr(lk_kernel_ptx, ".entry lk_scores("));
	assert_non_null(strstr(lk_kernel_ptx, ".entry lk_softmax("));
	assert_non_null(strstr(lk_kernel_ptx, ".entry lk_mix("));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ptx_is_of_the_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * CUDA versions, version specs and the driver's own file, of any bytes: a spec with an alternative
 * that takes all takes all, and what is found in the file is a part of it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/cuda_version.h"
#include "smoke/cuda_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_spec(lk_str text, int version)
{
	bool within = false;
	struct lk_buf LK_CLEANUP(lk_buf_done) any = LK_BUF_INIT(1 << 20);
	bool good = lk_cuda_within(text, version, &within);
	lk_buf_put(&any, text);
	lk_buf_puts(&any, "|*");
	if (lk_cuda_within(lk_buf_view(&any), version, &within) != good || (good && !within)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lk_str text = lk_str_n((const char *)data, size);
	int version = 12040;
	if (lk_cuda_version_read(text, &version) && (version < 0 || version > 999990)) {
		abort();
	}
	check_spec(text, version);
	lk_str found = lk_cuda_kernel_module_version(text);
	if (found.len > 0 && lk_str_find(text, found) == SIZE_MAX) {
		abort();
	}
	return 0;
}

/*
 * Any text as what a driver's probe says: read, or refused; what is read makes a host's __cuda.
 */
#include <stdint.h>
#include <stdlib.h>

#include "conda/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_driver driver;
	struct lk_virtuals host = {0};
	const struct lk_host_overrides none = {0};
	int rc = lk_driver_parse(lk_str_n((const char *)data, size), &arena, &driver, &err);
	if (rc < 0 && (rc != LK_E_FORMAT || !*err.message)) {
		abort();
	}
	if (rc == 0 && (driver.cuda.len == 0) != (driver.reason.len > 0)) {
		abort();
	}
	if (rc == 0 && lk_host_virtuals(&none, &driver, &arena, &host, &err) < 0) {
		abort();
	}
	lk_vec_done(&host);
	return 0;
}

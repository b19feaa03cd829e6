/*
 * Any bytes as an environment file (first byte even) or a spec list (odd).
 */
#include <stdlib.h>

#include "conda/envspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	struct lk_envspec envspec;
	struct lk_error err = LK_ERROR_INIT;
	lk_str text = lk_str_n((const char *)data + 1, size - 1);
	if (lk_envspec_parse(text, "env", data[0] % 2 == 0, NULL, &envspec, &err) == 0) {
		for (size_t i = 0; i < envspec.n_specs; i++) {
			lk_envspec_line_applies(&envspec.specs[i], LK_STR("linux-64"));
		}
		for (size_t i = 0; i < envspec.n_pip; i++) {
			lk_envspec_line_applies(&envspec.pip[i], LK_STR("osx-arm64"));
		}
		lk_envspec_done(&envspec);
	} else if (err.code != LK_E_FORMAT) {
		abort();
	}
	return 0;
}

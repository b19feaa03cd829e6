/*
 * Any bytes as a file of variables: what is set has a name that a shell takes and a value that the
 * kernel passes on, each name once.
 */
#include <stdlib.h>

#include "base/map.h"
#include "install/env_vars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct lk_report report = {0};
	for (int is_state = 0; is_state < 2; is_state++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_map LK_CLEANUP(lk_map_done) names = {0};
		struct lk_env_vars vars = {0};
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_env_vars_parse(lk_str_n((const char *)data, size), "fuzz",
			is_state != 0, &arena, &report, &vars, &err);
		if (rc < 0 && (rc != LK_E_FORMAT || vars.len > 0 || !err.message[0])) {
			abort();
		}
		for (uint32_t i = 0; i < vars.len; i++) {
			const struct lk_env_var *var = &vars.items[i];
			if (!lk_env_var_is_name(var->name) || lk_str_is(var->name, "PATH") ||
				strlen(var->name.ptr) != var->name.len ||
				strlen(var->value.ptr) != var->value.len ||
				var->name.len + var->value.len + 2 > 131072 ||
				lk_map_add(&names, var->name, i) != i) {
				abort();
			}
		}
		lk_vec_done(&vars);
	}
	return 0;
}

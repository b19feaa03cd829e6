/*
 * Any bytes as the journal of an exchange: what is taken has single names alone.
 */
#include <stdlib.h>

#include "base/fs.h"
#include "install/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_journal journal = {0};
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_journal_parse(lk_str_n((const char *)data, size), &arena, &journal, &err);
	if (rc < 0 ? journal.names.len > 0 || rc != LK_E_FORMAT
		   : journal.names.len == 0 || (journal.keep && journal.rollback)) {
		abort();
	}
	for (size_t i = 0; i < journal.names.len; i++) {
		const struct lk_exchange *x = &journal.names.items[i];
		if (!lk_path_is_component(x->name) || x->name.ptr[x->name.len] != '\0' ||
			(unsigned)x->kind > LK_EXCHANGE_OUT) {
			abort();
		}
	}
	lk_vec_done(&journal.names);
	lk_error_clear(&err);
	return 0;
}

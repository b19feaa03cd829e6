/*
 * Any text as an inventory: refused with its place, or read; then what is written of it is read as
 * the same, and all that it lists is found.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/fs.h"
#include "store/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_inventory inventory;
	if (lk_inventory_parse(lk_str_n((const char *)data, size), "input", &inventory, &err) < 0) {
		must(err.code == LK_E_FORMAT && err.line > 0 && err.column > 0);
		return 0;
	}
	for (size_t i = 0; i < inventory.entries.len; i++) {
		const struct lk_inventory_entry *entry = &inventory.entries.items[i];
		struct lk_record record = {.has_sha256 = true,
			.sha256 = entry->sha256,
			.has_size = true,
			.size = entry->size};
		must(lk_inventory_has(&inventory, &record));
		must(lk_path_is_component(entry->fn));
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_INVENTORY_MAX_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) again = LK_BUF_INIT(LK_INVENTORY_MAX_BYTES);
	struct lk_inventory second;
	lk_inventory_write(&inventory, &text);
	must(lk_inventory_parse(lk_buf_view(&text), "written", &second, &err) == 0);
	lk_inventory_write(&second, &again);
	must(lk_str_eq(lk_buf_view(&text), lk_buf_view(&again)));
	lk_inventory_done(&second);
	lk_inventory_done(&inventory);
	return 0;
}

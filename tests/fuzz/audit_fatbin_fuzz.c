/*
 * Any bytes as a section of fat binaries, alone or among other data: what is told lies inside it,
 * and its payloads are looked into.
 */
#include <stdlib.h>

#include "audit/fatbin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

struct seen {
	struct lk_fatbin_section *section;
	struct lk_gpu_codes codes;
	uint64_t entries;
};

static int on_entry(void *ctx, const struct lk_fatbin_entry *entry, struct lk_error *err)
{
	struct seen *seen = ctx;
	struct lk_fatbin_inside inside;
	must(entry->offset <= seen->section->size);
	must(entry->stored <= seen->section->size - entry->offset);
	must(entry->code.form == LK_GPU_OTHER || (entry->code.sm >= 10 && entry->code.sm <= 999));
	must(strlen(entry->name) <= LK_FATBIN_NAME_MAX);
	lk_gpu_codes_add(&seen->codes, &entry->code);
	/* a few of them: a section of a thousand entries with one payload is slow, not wrong */
	if (seen->entries++ < 16) {
		must(lk_fatbin_look_inside(seen->section, entry, &inside, err) == 0);
	}
	return 0;
}

static void read_back(const struct lk_gpu_codes *codes)
{
	for (size_t i = 0; i < codes->len; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(64);
		struct lk_gpu_code code;
		lk_gpu_put_code(&codes->items[i], &text);
		must(lk_gpu_code_parse(lk_buf_view(&text), &code));
		must(code.sm == codes->items[i].sm && code.form == codes->items[i].form);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_bytes bytes;
	lk_bytes_of_memory(&bytes, data, size);
	for (int mixed = 0; mixed < 2; mixed++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_fatbin_stats stats;
		struct lk_fatbin_section section = {.bytes = &bytes, .size = size, .mixed = mixed};
		struct seen seen = {.section = &section};
		must(lk_fatbin_each(&section, on_entry, &seen, &stats, &err) == 0);
		must(stats.entries == seen.entries);
		must((stats.faults > 0) == (stats.fault != NULL) && (!mixed || stats.faults == 0));
		must(stats.fault_at <= size);
		read_back(&seen.codes);
		lk_gpu_codes_done(&seen.codes);
	}
	return 0;
}

/*
 * Fat binaries: real ones of our own kernel (tests/data/fatbin), and hostile ones made here from
 * the layout that audit/fatbin.h gives.
 */
#include "audit/fatbin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct seen {
	struct lk_fatbin_section section;
	struct lk_bytes bytes;
	struct lk_gpu_codes codes;
	struct lk_fatbin_stats stats;
	unsigned agree, differ, unknown; /* what payloads say of their headers */
	struct lk_fatbin_entry last;
};

static void seen_done(struct seen *seen)
{
	lk_gpu_codes_done(&seen->codes);
}

static int on_entry(void *ctx, const struct lk_fatbin_entry *entry, struct lk_error *err)
{
	struct seen *seen = ctx;
	struct lk_fatbin_inside inside;
	assert_true(entry->offset <= seen->section.size);
	assert_true(entry->stored <= seen->section.size - entry->offset);
	int rc = lk_fatbin_look_inside(&seen->section, entry, &inside, err);
	if (rc < 0) {
		return rc;
	}
	bool same = inside.sm == entry->code.sm &&
		(entry->code.form != LK_GPU_PTX || inside.variant == entry->code.variant);
	seen->unknown += !inside.known;
	seen->agree += inside.known && same;
	seen->differ += inside.known && !same;
	seen->last = *entry;
	lk_gpu_codes_add(&seen->codes, &entry->code);
	return 0;
}

static int walk(struct seen *seen, const void *bytes, size_t len, bool mixed)
{
	struct lk_error err = LK_ERROR_INIT;
	lk_bytes_of_memory(&seen->bytes, bytes, len);
	seen->section =
		(struct lk_fatbin_section){.bytes = &seen->bytes, .size = len, .mixed = mixed};
	return lk_fatbin_each(&seen->section, on_entry, seen, &seen->stats, &err);
}

static struct lk_buf load(const char *name)
{
	struct lk_buf buf = LK_BUF_INIT((size_t)64 << 20);
	char path[4096];
	char chunk[4096];
	size_t got;
	snprintf(path, sizeof(path), "%s/fatbin/%s", LK_TEST_DATA, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		lk_buf_append(&buf, chunk, got);
	}
	assert_int_equal(fclose(file), 0);
	return buf;
}

static void check_codes(const struct seen *seen, const char *want)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1000);
	lk_gpu_put_codes(&seen->codes, &text);
	assert_string_equal(lk_buf_cstr(&text), want);
}

/* Each file has what its README says, and payloads agree with their headers. */
static void real_files_are_listed(void **state)
{
	(void)state;
	static const struct {
		const char *name, *codes;
		unsigned entries, agree, unknown;
	} files[] = {
		{"zstd.fatbin",
			"sm_75 sm_80 sm_86 sm_90a sm_100f sm_120 sm_121a compute_90a compute_100f "
			"compute_120 lto_80",
			11, 10, 1},
		{"lz4.fatbin", "sm_75 compute_75", 2, 2, 0},
		{"plain.fatbin", "sm_75 compute_75", 2, 2, 0},
		{"concat.fatbin", "sm_75 sm_80 sm_90a sm_103a sm_120f compute_90a", 6, 1, 5},
	};
	for (size_t i = 0; i < LK_COUNTOF(files); i++) {
		struct seen LK_CLEANUP(seen_done) seen = {0};
		struct lk_buf LK_CLEANUP(lk_buf_done) bytes = load(files[i].name);
		assert_int_equal(walk(&seen, bytes.ptr, bytes.len, false), 0);
		check_codes(&seen, files[i].codes);
		assert_int_equal(seen.stats.containers, 1);
		assert_int_equal(seen.stats.entries, files[i].entries);
		assert_int_equal(seen.stats.faults, 0);
		assert_int_equal(seen.agree, files[i].agree);
		assert_int_equal(seen.differ, 0);
		assert_int_equal(seen.unknown, files[i].unknown);
	}
}

static void ptx_tells_its_isa(void **state)
{
	(void)state;
	struct seen LK_CLEANUP(seen_done) seen = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = load("plain.fatbin");
	assert_int_equal(walk(&seen, bytes.ptr, bytes.len, false), 0);
	assert_int_equal(seen.last.code.form, LK_GPU_PTX);
	assert_int_equal(seen.last.code.isa, 95);
	assert_int_equal(seen.last.packing, LK_FATBIN_PLAIN);
	assert_true(seen.last.bits64);
	assert_false(seen.last.debug);
}

/* Several containers with zeros between them, as linkers leave them; and among other data. */
static void containers_stand_one_after_the_other(void **state)
{
	(void)state;
	static const char zeros[24] = {0};
	static const char other[] =
		"some text \x50\xed\x55 of the library \x50\xed\x55\xba and more";
	struct lk_buf LK_CLEANUP(lk_buf_done) a = load("lz4.fatbin");
	struct lk_buf LK_CLEANUP(lk_buf_done) b = load("zstd.fatbin");
	for (int mixed = 0; mixed < 2; mixed++) {
		struct seen LK_CLEANUP(seen_done) seen = {0};
		struct lk_buf LK_CLEANUP(lk_buf_done) all = LK_BUF_INIT((size_t)1 << 20);
		lk_buf_append(&all, a.ptr, a.len);
		lk_buf_append(&all, mixed ? other : zeros, mixed ? sizeof(other) : sizeof(zeros));
		lk_buf_append(&all, b.ptr, b.len);
		lk_buf_append(&all, zeros, 7);
		assert_int_equal(walk(&seen, all.ptr, all.len, mixed), 0);
		assert_int_equal(seen.stats.containers, 2);
		assert_int_equal(seen.stats.entries, 13);
		assert_int_equal(seen.stats.faults, 0);
	}
}

static void what_belongs_to_no_container_is_a_fault(void **state)
{
	(void)state;
	struct seen LK_CLEANUP(seen_done) seen = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) all = LK_BUF_INIT((size_t)1 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) a = load("lz4.fatbin");
	lk_buf_append(&all, a.ptr, a.len);
	lk_buf_puts(&all, "not a container");
	lk_buf_append(&all, a.ptr, a.len);
	assert_int_equal(walk(&seen, all.ptr, all.len, false), 0);
	assert_int_equal(seen.stats.containers, 2);
	assert_int_equal(seen.stats.faults, 1);
	assert_int_equal(seen.stats.fault_at, a.len);
	assert_string_equal(seen.stats.fault, "bytes that belong to no container");
}

/* Every cut, and every byte of the headers at its extremes: nothing is read outside, and it ends.
 */
static void cuts_and_flips_do_no_harm(void **state)
{
	(void)state;
	static const char *const names[] = {"lz4.fatbin", "concat.fatbin"};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) bytes = load(names[i]);
		for (size_t len = 0; len < bytes.len; len += len < 400 ? 1 : 97) {
			struct seen LK_CLEANUP(seen_done) seen = {0};
			char *LK_AUTO_FREE cut = lk_strndup(bytes.ptr, len); /* for the sanitizer */
			assert_int_equal(walk(&seen, cut, len, false), 0);
			assert_true(len < 16 || seen.stats.faults > 0);
		}
		for (size_t at = 0; at < 1200 && at < bytes.len; at++) {
			struct seen LK_CLEANUP(seen_done) seen = {0};
			char was = bytes.ptr[at];
			bytes.ptr[at] = at % 2 ? (char)0xff : (char)(was ^ 0x80);
			assert_int_equal(walk(&seen, bytes.ptr, bytes.len, at % 3 == 0), 0);
			bytes.ptr[at] = was;
		}
	}
}

/* A header of its own making: sizes that wrap, counts that lie. */
struct header {
	uint32_t magic;
	uint16_t version, header_size;
	uint64_t size;
	uint16_t kind, one;
	uint32_t entry_header;
	uint64_t payload;
	uint32_t packed, options;
	uint16_t minor, major;
	uint32_t sm, name_at, name_len;
	uint64_t flags, zero, unpacked;
	char more[64];
};

static struct header sound(void)
{
	return (struct header){.magic = 0xBA55ED50,
		.version = 1,
		.header_size = 16,
		.size = sizeof(struct header) - 16,
		.kind = 2,
		.one = 0x101,
		.entry_header = 64,
		.payload = 64,
		.sm = 80,
		.flags = 0x11};
}

static void check_fault(const struct header *header, const char *want)
{
	struct seen LK_CLEANUP(seen_done) seen = {0};
	assert_int_equal(walk(&seen, header, sizeof(*header), false), 0);
	assert_int_equal(seen.stats.entries, 0);
	assert_true(seen.stats.faults > 0);
	assert_string_equal(seen.stats.fault, want);
	struct seen LK_CLEANUP(seen_done) mixed = {0};
	assert_int_equal(walk(&mixed, header, sizeof(*header), true), 0);
	assert_int_equal(mixed.stats.faults, 0);
	assert_int_equal(mixed.stats.entries, 0);
}

static void sizes_that_lie_are_faults(void **state)
{
	(void)state;
	struct header h = sound();
	h.size = UINT64_MAX - 8;
	check_fault(&h, "the section ends within a container");
	h = sound();
	h.size++;
	check_fault(&h, "the section ends within a container");
	h = sound();
	h.version = 2;
	check_fault(&h, "a container has an unknown version");
	h = sound();
	h.header_size = 8;
	check_fault(&h, "a container has an unknown version");
	h = sound();
	h.payload = UINT64_MAX;
	check_fault(&h, "an entry ends outside its container");
	h.payload = (uint64_t)0 - 64; /* header and payload together wrap to nothing */
	check_fault(&h, "an entry ends outside its container");
	h = sound();
	h.entry_header = 0;
	check_fault(&h, "an entry ends outside its container");
	h.entry_header = UINT32_MAX;
	check_fault(&h, "an entry ends outside its container");
	h = sound();
	h.sm = 0;
	check_fault(&h, "an entry names no architecture, or a size beyond its own");
	h.sm = UINT32_MAX;
	check_fault(&h, "an entry names no architecture, or a size beyond its own");
	h = sound();
	h.flags |= 0x8000;
	h.packed = 65;
	check_fault(&h, "an entry names no architecture, or a size beyond its own");
}

static void groups_that_lie_are_faults(void **state)
{
	(void)state;
	struct header h = sound();
	uint32_t directory[2] = {UINT32_MAX, 64};
	h.kind = 256;
	check_fault(&h, "a group of entries has no directory");
	h.entry_header = 128;
	h.payload = 0;
	memcpy(h.more, directory, sizeof(directory));
	check_fault(&h, "the directory of a group of entries is damaged");
	directory[1] = 65;
	memcpy(h.more, directory, sizeof(directory));
	check_fault(&h, "a group of entries has no directory");
}

static void a_payload_that_differs_is_seen(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = load("plain.fatbin");
	struct seen LK_CLEANUP(seen_done) seen = {0};
	bytes.ptr[16 + 28] = 80; /* the cubin is for 75 */
	assert_int_equal(walk(&seen, bytes.ptr, bytes.len, false), 0);
	assert_int_equal(seen.differ, 1);
	assert_int_equal(seen.agree, 1);
	/* nor is one agreed with that cannot be unpacked */
	struct lk_buf LK_CLEANUP(lk_buf_done) packed = load("zstd.fatbin");
	struct seen LK_CLEANUP(seen_done) broken = {0};
	packed.ptr[16 + 64] = 0;
	assert_int_equal(walk(&broken, packed.ptr, packed.len, false), 0);
	assert_int_equal(broken.differ, 1);
}

/* A frame that asks for a window of 2 TB, and one for as much as its 64-bit size can say. */
static void bombs_are_not_unpacked(void **state)
{
	(void)state;
	static const unsigned char frames[][20] = {
		{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0x01, 0, 0, 'x'},
		{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 0,
			0},
	};
	for (size_t i = 0; i < LK_COUNTOF(frames); i++) {
		struct seen LK_CLEANUP(seen_done) seen = {0};
		struct header h = sound();
		h.flags |= 0x8000;
		h.packed = sizeof(frames[i]);
		memcpy(h.more, frames[i], sizeof(frames[i]));
		assert_int_equal(walk(&seen, &h, sizeof(h), false), 0);
		assert_int_equal(seen.stats.entries, 1);
		assert_int_equal(seen.differ, 1);
	}
}

/* A million containers without entries. */
static void empty_containers_are_cheap(void **state)
{
	(void)state;
	enum {
		COUNT = 1000000
	};
	struct header empty = sound();
	struct seen LK_CLEANUP(seen_done) seen = {0};
	empty.size = 0;
	char *LK_AUTO_FREE bytes = lk_calloc(COUNT, 16);
	for (size_t i = 0; i < COUNT; i++) {
		memcpy(bytes + 16 * i, &empty, 16);
	}
	assert_int_equal(walk(&seen, bytes, (size_t)COUNT * 16, false), 0);
	assert_int_equal(seen.stats.containers, COUNT);
}

/* A file that became shorter than it was. */
static void a_failing_read_is_told(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct seen LK_CLEANUP(seen_done) seen = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = load("zstd.fatbin");
	FILE *file = tmpfile();
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len / 2, file), bytes.len / 2);
	assert_int_equal(fflush(file), 0);
	lk_bytes_of_file(&seen.bytes, fileno(file), bytes.len);
	seen.section = (struct lk_fatbin_section){.bytes = &seen.bytes, .size = bytes.len};
	assert_int_equal(
		lk_fatbin_each(&seen.section, on_entry, &seen, &seen.stats, &err), LK_E_FS);
	assert_int_equal(fclose(file), 0);
}

/* A section in the middle of a file, read through a descriptor. */
static void a_section_of_a_file_is_read(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct seen LK_CLEANUP(seen_done) seen = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = load("zstd.fatbin");
	FILE *file = tmpfile();
	assert_non_null(file);
	assert_int_equal(fwrite("before", 1, 6, file), 6);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
	assert_int_equal(fwrite("behind", 1, 6, file), 6);
	assert_int_equal(fflush(file), 0);
	lk_bytes_of_file(&seen.bytes, fileno(file), bytes.len + 12);
	seen.section = (struct lk_fatbin_section){.bytes = &seen.bytes, .at = 6, .size = bytes.len};
	assert_int_equal(lk_fatbin_each(&seen.section, on_entry, &seen, &seen.stats, &err), 0);
	assert_int_equal(seen.stats.entries, 11);
	assert_int_equal(seen.stats.faults, 0);
	assert_int_equal(seen.agree, 10);
	assert_int_equal(fclose(file), 0);
}

static void an_identifier_is_read(void **state)
{
	(void)state;
	struct header h = sound();
	struct seen LK_CLEANUP(seen_done) seen = {0};
	h.entry_header = 72;
	h.payload = 56;
	h.name_at = 64;
	h.name_len = 4;
	h.flags |= 0x2;
	memcpy(h.more, "k.cu", 4);
	assert_int_equal(walk(&seen, &h, sizeof(h), false), 0);
	assert_string_equal(seen.last.name, "k.cu");
	assert_true(seen.last.debug);
	h.name_at = 70; /* leads out of the header */
	assert_int_equal(walk(&seen, &h, sizeof(h), false), 0);
	assert_string_equal(seen.last.name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_files_are_listed),
		cmocka_unit_test(ptx_tells_its_isa),
		cmocka_unit_test(containers_stand_one_after_the_other),
		cmocka_unit_test(what_belongs_to_no_container_is_a_fault),
		cmocka_unit_test(cuts_and_flips_do_no_harm),
		cmocka_unit_test(sizes_that_lie_are_faults),
		cmocka_unit_test(groups_that_lie_are_faults),
		cmocka_unit_test(a_payload_that_differs_is_seen),
		cmocka_unit_test(bombs_are_not_unpacked),
		cmocka_unit_test(empty_containers_are_cheap),
		cmocka_unit_test(a_failing_read_is_told),
		cmocka_unit_test(a_section_of_a_file_is_read),
		cmocka_unit_test(an_identifier_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

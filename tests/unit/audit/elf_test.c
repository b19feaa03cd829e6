/*
 * ELF files read: of either class and byte order, whole, cut off anywhere, and with each byte
 * changed.
 */
#include "audit/elf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/survey.h"
#include "base/fs.h"
#include "tests/support/made_elf.h"

static const struct made_elf sample = {
	.is_64 = true,
	.type = ET_DYN,
	.machine = EM_X86_64,
	.soname = "libsample.so.1",
	.rpath = "$ORIGIN/old",
	.runpath = "$ORIGIN:/opt/lib",
	.needed = {"liba.so.1", "libc.so.6"},
	.versions =
		{
			{"libc.so.6", "GLIBC_2.17", false},
			{"liba.so.1", "A_2", true},
			{"libc.so.6", "GLIBC_2.34", false},
			{NULL, "S_2", false},
			{NULL, "S_1", false},
		},
	.stack = PF_R | PF_W,
	.isa = 1 | 4,
};

static void expect_sample(const struct made_elf *e, const struct lk_elf *elf)
{
	assert_int_equal(elf->is_64, e->is_64);
	assert_int_equal(elf->big_endian, e->big_endian);
	assert_int_equal(elf->type, e->type);
	assert_int_equal(elf->machine, e->machine);
	assert_true(elf->has_dynamic && elf->has_rpath && elf->has_runpath && elf->has_versions);
	assert_true(lk_str_is(elf->soname, "libsample.so.1"));
	assert_true(lk_str_is(elf->rpath, "$ORIGIN/old"));
	assert_true(lk_str_is(elf->runpath, "$ORIGIN:/opt/lib"));
	assert_int_equal(elf->n_needed, 2);
	assert_true(lk_str_is(elf->needed[0], "liba.so.1"));
	assert_true(lk_str_is(elf->needed[1], "libc.so.6"));
	assert_int_equal(elf->n_versions_needed, 3);
	assert_true(lk_str_is(elf->versions_needed[0].file, "libc.so.6"));
	assert_true(lk_str_is(elf->versions_needed[0].version, "GLIBC_2.17"));
	assert_false(elf->versions_needed[0].weak);
	assert_true(lk_str_is(elf->versions_needed[1].version, "A_2"));
	assert_true(elf->versions_needed[1].weak);
	assert_true(lk_str_is(elf->versions_needed[2].version, "GLIBC_2.34"));
	assert_int_equal(elf->n_versions_defined, 2);
	assert_true(lk_str_is(elf->versions_defined[0], "S_1"));
	assert_true(lk_str_is(elf->versions_defined[1], "S_2"));
	assert_false(elf->exec_stack || elf->no_stack || elf->textrel || elf->is_pie);
}

static void either_class_and_byte_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) file = LK_BUF_INIT(65536);
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_error err = LK_ERROR_INIT;
		struct lk_bytes bytes;
		struct lk_elf elf;
		struct made_elf e = sample;
		e.is_64 = i & 1;
		e.big_endian = i & 2;
		e.machine = e.big_endian ? EM_S390 : EM_X86_64;
		made_elf(&e, &file);
		lk_bytes_of_memory(&bytes, file.ptr, file.len);
		assert_true(lk_elf_is(&bytes));
		assert_int_equal(lk_elf_read(&bytes, &arena, &elf, &err), 0);
		expect_sample(&e, &elf);
		assert_int_equal(elf.x86_isa, e.big_endian ? 0 : 5);
		assert_int_equal(elf.interp.len, 0);
	}
}

/* The same through a file, whose bytes come by pieces. */
static void out_of_a_file(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) file = LK_BUF_INIT(65536);
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_bytes bytes;
	struct lk_seen seen;
	int fd LK_AUTO_CLOSE = -1;
	made_elf(&sample, &file);
	assert_int_equal(lk_fs_scratch_file(AT_FDCWD, &fd, &err), 0);
	assert_int_equal(lk_fs_write_all(fd, file.ptr, file.len, "it", &err), 0);
	lk_bytes_of_file(&bytes, fd, file.len);
	assert_int_equal(lk_survey_look(&bytes, &arena, &seen, &err), 0);
	assert_int_equal(seen.content, LK_CONTENT_ELF);
	expect_sample(&sample, seen.elf);
	/* A file that is shorter than it was a moment ago cannot be read: no verdict on it. */
	assert_int_equal(ftruncate(fd, 100), 0);
	lk_bytes_of_file(&bytes, fd, file.len);
	assert_int_equal(lk_survey_look(&bytes, &arena, &seen, &err), LK_E_FS);
}

static void programs(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) file = LK_BUF_INIT(65536);
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_bytes bytes;
	struct lk_elf elf;
	const struct made_elf e = {.is_64 = true,
		.type = ET_EXEC,
		.machine = EM_AARCH64,
		.interp = "/lib/ld-linux-aarch64.so.1",
		.stack = PF_X};
	made_elf(&e, &file);
	lk_bytes_of_memory(&bytes, file.ptr, file.len);
	assert_int_equal(lk_elf_read(&bytes, &arena, &elf, &err), 0);
	assert_true(lk_str_is(elf.interp, e.interp));
	assert_true(elf.exec_stack);
	assert_true(lk_str_is(lk_elf_machine_name(&elf, &arena), "AArch64"));
	elf.machine = 4711;
	assert_true(lk_str_is(lk_elf_machine_name(&elf, &arena), "machine 4711"));
}

/* Each beginning of it is no whole file, and says why. */
static void cut_off(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) file = LK_BUF_INIT(65536);
	made_elf(&sample, &file);
	for (size_t len = 4; len < file.len; len += len < 400 ? 1 : 61) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_error err = LK_ERROR_INIT;
		struct lk_bytes bytes;
		struct lk_seen seen;
		char *copy LK_AUTO_FREE = lk_strndup("", 0);
		copy = lk_reallocarray(copy, len, 1);
		memcpy(copy, file.ptr, len);
		lk_bytes_of_memory(&bytes, copy, len);
		assert_int_equal(lk_survey_look(&bytes, &arena, &seen, &err), 0);
		assert_int_equal(seen.content, LK_CONTENT_BROKEN);
		assert_true(seen.why.len > 0);
	}
}

/* Whatever one byte says: it is read, or is broken. */
static void each_byte_changed(void **state)
{
	(void)state;
	static const unsigned char values[] = {0x00, 0x01, 0x7f, 0xff};
	struct lk_buf LK_CLEANUP(lk_buf_done) file = LK_BUF_INIT(65536);
	made_elf(&sample, &file);
	for (size_t i = 0; i < 1024; i++) {
		char was = file.ptr[i];
		for (size_t k = 0; k < LK_COUNTOF(values); k++) {
			struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
			struct lk_error err = LK_ERROR_INIT;
			struct lk_bytes bytes;
			struct lk_seen seen;
			file.ptr[i] = (char)values[k];
			lk_bytes_of_memory(&bytes, file.ptr, file.len);
			assert_int_equal(lk_survey_look(&bytes, &arena, &seen, &err), 0);
		}
		file.ptr[i] = was;
	}
}

/* Where the word of N bytes VALUE stands for the I-th time in FILE. */
static size_t place_of(const struct lk_buf *file, uint64_t value, size_t n, size_t i)
{
	for (size_t at = 0; at + n <= file->len; at++) {
		uint64_t word = 0;
		for (size_t k = n; k > 0; k--) {
			word = word << 8 | (unsigned char)file->ptr[at + k - 1];
		}
		if (word == value && i-- == 0) {
			return at;
		}
	}
	fail();
	return 0;
}

static enum lk_content content_of(const struct lk_buf *file, char *why, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_bytes bytes;
	struct lk_seen seen;
	lk_bytes_of_memory(&bytes, file->ptr, file->len);
	assert_int_equal(lk_survey_look(&bytes, &arena, &seen, &err), 0);
	size_t len = seen.why.len < size - 1 ? seen.why.len : size - 1;
	memcpy(why, seen.why.ptr ? seen.why.ptr : "", len);
	why[len] = '\0';
	return seen.content;
}

/* Counts and chains that would cost more than the file is worth. */
static void hostile_counts(void **state)
{
	(void)state;
	char why[256];
	struct lk_buf LK_CLEANUP(lk_buf_done) file = LK_BUF_INIT(65536);
	made_elf(&sample, &file);
	/* The table of strings is said to be larger than the file. */
	size_t at = place_of(&file, DT_STRSZ, 8, 0);
	file.ptr[at + 10] = 1;
	assert_int_equal(content_of(&file, why, sizeof(why)), LK_CONTENT_BROKEN);
	assert_string_equal(why, "its table of strings is in no segment");
	file.ptr[at + 10] = 0;
	/* A chain of versions that goes on by one byte each, for ever. */
	at = place_of(&file, DT_VERNEEDNUM, 8, 0);
	memset(file.ptr + at + 8, 0xff, 4);
	file.ptr[64 + 5 * 56 + 12] = 1;
	assert_int_equal(content_of(&file, why, sizeof(why)), LK_CONTENT_BROKEN);
	/* No end of the dynamic section. */
	lk_buf_clear(&file);
	made_elf(&sample, &file);
	at = place_of(&file, DT_STRSZ, 8, 0);
	memset(file.ptr + at + 16, 0x11, 8);
	assert_int_equal(content_of(&file, why, sizeof(why)), LK_CONTENT_BROKEN);
	assert_string_equal(why, "its dynamic section has no end");
}

static void what_is_no_elf(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		enum lk_content content;
	} cases[] = {
		{"", 0, LK_CONTENT_OTHER},
		{"\x7f"
		 "EL",
			3, LK_CONTENT_OTHER},
		{"\x7f"
		 "ELF",
			4, LK_CONTENT_BROKEN},
		{"#!/bin/sh\n", 10, LK_CONTENT_OTHER},
		{"\xcf\xfa\xed\xfe\7\0\0\1", 8, LK_CONTENT_MACHO},
		{"\xca\xfe\xba\xbe\0\0\0\2", 8, LK_CONTENT_MACHO},
		{"\xca\xfe\xba\xbe\0\0\0\x34", 8, LK_CONTENT_OTHER}, /* a class file of Java 8 */
		{"MZ no more than that", 20, LK_CONTENT_OTHER},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_error err = LK_ERROR_INIT;
		struct lk_bytes bytes;
		struct lk_seen seen;
		lk_bytes_of_memory(&bytes, cases[i].bytes, cases[i].len);
		assert_int_equal(lk_survey_look(&bytes, &arena, &seen, &err), 0);
		assert_int_equal(seen.content, cases[i].content);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(either_class_and_byte_order),
		cmocka_unit_test(out_of_a_file),
		cmocka_unit_test(programs),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(each_byte_changed),
		cmocka_unit_test(hostile_counts),
		cmocka_unit_test(what_is_no_elf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

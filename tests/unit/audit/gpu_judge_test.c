/*
 * Device code found in ELF files, and what is said of an environment that has it. The ELF files are
 * made here: a header, the sections, their names; their fat binaries are real (tests/data/fatbin).
 */
#include "audit/gpu_judge.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void put_file(struct lk_buf *out, const char *name)
{
	char path[4096];
	char chunk[4096];
	size_t got;
	snprintf(path, sizeof(path), "%s/fatbin/%s", LK_TEST_DATA, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		lk_buf_append(out, chunk, got);
	}
	assert_int_equal(fclose(file), 0);
}

struct part {
	const char *section;
	const char *before; /* other data in front; NULL: none */
	const char *fatbin; /* of tests/data/fatbin; NULL: none */
};

/* A shared library of these sections, and nothing that a loader needs. */
static struct lk_buf make_elf(const struct part *parts, size_t n)
{
	struct lk_buf out = LK_BUF_INIT((size_t)1 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(4096);
	Elf64_Shdr headers[16] = {0};
	Elf64_Ehdr head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (Elf64_Half)(n + 2),
		.e_shstrndx = (Elf64_Half)(n + 1)};
	assert_true(n + 2 <= LK_COUNTOF(headers));
	lk_buf_append(&out, &head, sizeof(head));
	lk_buf_putc(&names, '\0');
	for (size_t i = 0; i < n; i++) {
		headers[i + 1] = (Elf64_Shdr){.sh_name = (Elf64_Word)names.len,
			.sh_type = SHT_PROGBITS,
			.sh_flags = SHF_ALLOC,
			.sh_offset = out.len};
		lk_buf_append(&names, parts[i].section, strlen(parts[i].section) + 1);
		if (parts[i].before) {
			lk_buf_puts(&out, parts[i].before);
		}
		if (parts[i].fatbin) {
			put_file(&out, parts[i].fatbin);
		}
		headers[i + 1].sh_size = out.len - headers[i + 1].sh_offset;
	}
	headers[n + 1] =
		(Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = out.len, .sh_size = names.len};
	lk_buf_append(&out, names.ptr, names.len);
	head.e_shoff = out.len;
	memcpy(out.ptr, &head, sizeof(head));
	lk_buf_append(&out, headers, (n + 2) * sizeof(*headers));
	return out;
}

static const struct lk_device_code *look(struct lk_arena *arena, const struct lk_buf *file)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_bytes bytes;
	const struct lk_device_code *code;
	lk_bytes_of_memory(&bytes, file->ptr, file->len);
	assert_int_equal(lk_device_code_read(&bytes, arena, &code, &err), 0);
	return code;
}

static void check(const struct part *parts, size_t n, const char *want, const char *wrong)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) file = make_elf(parts, n);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1000);
	const struct lk_device_code *code = look(&arena, &file);
	if (!want) {
		assert_null(code);
		return;
	}
	assert_non_null(code);
	lk_gpu_put_codes(&code->codes, &text);
	assert_string_equal(lk_buf_cstr(&text), want);
	assert_true(lk_str_is(code->wrong, wrong));
	assert_false(code->alone);
}

static void sections_are_found(void **state)
{
	(void)state;
	const struct part none[] = {{".data", "nothing", NULL}, {".data.rel", NULL, "lz4.fatbin"}};
	const struct part one[] = {{".rodata", "text", NULL}, {".nv_fatbin", NULL, "lz4.fatbin"}};
	const struct part two[] = {
		{"__nv_relfatbin", NULL, "plain.fatbin"}, {".nv_fatbin", NULL, "concat.fatbin"}};
	/* a library whose own section has next to nothing, and its data the rest */
	const struct part among[] = {{".nv_fatbin", NULL, "plain.fatbin"},
		{".ldata", "other data", "concat.fatbin"}, {".rodata", "more", NULL}};
	const struct part odd[] = {{".nv_fatbin", "junk", "lz4.fatbin"}};
	check(none, LK_COUNTOF(none), NULL, NULL);
	check(one, LK_COUNTOF(one), "sm_75 compute_75", "");
	check(two, LK_COUNTOF(two), "sm_75 sm_80 sm_90a sm_103a sm_120f compute_75 compute_90a",
		"");
	check(among, LK_COUNTOF(among), "sm_75 sm_80 sm_90a sm_103a sm_120f compute_75 compute_90a",
		"");
	check(odd, LK_COUNTOF(odd), "sm_75 compute_75",
		"has fat binaries that cannot be read whole: bytes that belong to no container, at "
		"byte 0 of .nv_fatbin");
}

static void files_that_are_device_code_are_known(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) file = LK_BUF_INIT((size_t)1 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) cubin = LK_BUF_INIT((size_t)1 << 20);
	put_file(&file, "plain.fatbin");
	const struct lk_device_code *code = look(&arena, &file);
	assert_true(code && code->alone && code->codes.len == 2);
	lk_buf_append(&cubin, file.ptr + 16 + 64, 1000); /* the first entry's payload */
	code = look(&arena, &cubin);
	assert_true(code && code->alone && code->codes.len == 1 && code->codes.items[0].sm == 75);
}

static void a_header_that_lies_is_told(void **state)
{
	(void)state;
	const struct part one[] = {{".nv_fatbin", NULL, "plain.fatbin"}};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) file = make_elf(one, 1);
	file.ptr[sizeof(Elf64_Ehdr) + 16 + 28] = 86;
	const struct lk_device_code *code = look(&arena, &file);
	assert_true(code &&
		lk_str_is(code->wrong, "has device code that says it is sm_86 and is for 7.5"));
}

/* An environment of libraries, each with the codes of a text. */
struct world {
	struct lk_survey survey;
	struct lk_flaws flaws;
	struct lk_buf text;
};

static void world_init(struct world *w)
{
	*w = (struct world){.text = LK_BUF_INIT(65536)};
	lk_survey_init(&w->survey, LK_STR("/env"));
}

static void world_done(struct world *w)
{
	lk_flaws_done(&w->flaws);
	lk_survey_done(&w->survey);
	lk_buf_done(&w->text);
}

static struct lk_device_code *add_library(
	struct world *w, uint32_t package, const char *path, const char *codes, uint64_t bytes)
{
	struct lk_gpu_codes set = {0};
	lk_str rest = lk_str_of(codes);
	lk_str part;
	while (lk_str_split(&rest, ' ', &part)) {
		struct lk_gpu_code code;
		assert_true(lk_gpu_code_parse(part, &code));
		code.isa = code.form == LK_GPU_PTX ? 87 : 0;
		lk_gpu_codes_add(&set, &code);
	}
	struct lk_device_code *device = lk_arena_calloc(&w->survey.arena, 1, sizeof(*device));
	*device = (struct lk_device_code){.entries = 1, .bytes = bytes, .codes = set};
	device->codes.items = lk_arena_calloc(&w->survey.arena, set.len, sizeof(*set.items));
	for (size_t i = 0; i < set.len; i++) {
		device->codes.items[i] = set.items[i];
	}
	lk_gpu_codes_done(&set);
	lk_survey_add(&w->survey, lk_str_of(path), LK_SURVEY_FILE, package)->seen.device = device;
	return device;
}

static const char *told(struct world *w)
{
	lk_buf_clear(&w->text);
	for (size_t i = 0; i < w->flaws.list.len; i++) {
		const struct lk_flaw *flaw = &w->flaws.list.items[i];
		lk_buf_appendf(&w->text, "%s %s " LK_STR_FMT " " LK_STR_FMT "\n",
			lk_flaw_level_name(flaw->level), lk_flaw_kind_name(flaw->kind),
			LK_STR_ARG(w->survey.files.items[flaw->file].path), LK_STR_ARG(flaw->text));
	}
	return lk_buf_cstr(&w->text);
}

static struct world torch(void)
{
	struct world w;
	world_init(&w);
	uint32_t package =
		lk_survey_add_package(&w.survey, LK_STR("pytorch"), LK_STR("pytorch-2.7.1-0"));
	uint32_t kernels =
		lk_survey_add_package(&w.survey, LK_STR("kernels"), LK_STR("kernels-1-0"));
	add_library(&w, package, "lib/libtorch_cuda.so", "sm_75 sm_80 sm_86 sm_90", 1000000);
	add_library(&w, package, "lib/libtorch_small.so", "sm_80", 100);
	add_library(&w, package, "lib/libtorch_linalg.so", "sm_80 sm_90", 500000);
	add_library(&w, kernels, "share/a.cubin", "sm_80", 1000)->alone = true;
	add_library(&w, kernels, "share/b.cubin", "sm_75", 1000)->alone = true;
	lk_survey_add(&w.survey, LK_STR("bin/other"), LK_SURVEY_FILE, package);
	return w;
}

static void judge(struct world *w, unsigned sm, const char *name, int cuda)
{
	const struct lk_gpu_target target = {.name = lk_str_of(name), .sm = sm, .cuda = cuda};
	lk_gpu_judge(&w->survey, &target, &w->flaws);
}

static void a_gpu_without_code_is_found(void **state)
{
	(void)state;
	struct world LK_CLEANUP(world_done) w = torch();
	judge(&w, 70, "sm_70", 0);
	assert_string_equal(told(&w),
		"finding gpu lib/libtorch_cuda.so has no code for sm_70 (has sm_75 sm_80 sm_86 "
		"sm_90, no PTX)\n"
		"finding gpu lib/libtorch_small.so has no code for sm_70 (has sm_80, no PTX)\n"
		"finding gpu lib/libtorch_linalg.so has no code for sm_70 (has sm_80 sm_90, no "
		"PTX)\n"
		"finding gpu share/a.cubin has no code for sm_70 (has sm_75 sm_80, no PTX)\n");
}

/* The whole package has code for it, a large library of it has none, and a small one neither. */
static void a_library_alone_is_found(void **state)
{
	(void)state;
	struct world LK_CLEANUP(world_done) w = torch();
	judge(&w, 75, "sm_75", 0);
	assert_string_equal(told(&w),
		"note gpu lib/libtorch_small.so has no code for sm_75 (has sm_80, no PTX)\n"
		"finding gpu lib/libtorch_linalg.so has no code for sm_75 (has sm_80 sm_90, no "
		"PTX)\n");
}

static void a_gpu_with_code_is_none(void **state)
{
	(void)state;
	struct world LK_CLEANUP(world_done) w = torch();
	judge(&w, 89, "sm_89", 0);
	judge(&w, 80, "sm_80", 0);
	assert_string_equal(told(&w), "");
}

static void ptx_takes_a_driver_that_knows_it(void **state)
{
	(void)state;
	static const struct {
		int cuda;
		const char *want;
	} cases[] = {
		{0,
			"hint gpu lib/a.so runs on sm_120 only as PTX that the driver compiles: "
			"that "
			"takes a driver for CUDA 12.8 or newer\n"},
		{12080,
			"note gpu lib/a.so runs on sm_120 only as PTX that the driver compiles: "
			"that "
			"takes a driver for CUDA 12.8 or newer\n"},
		{12040,
			"finding gpu lib/a.so runs on sm_120 only as PTX that the driver compiles: "
			"that takes a driver for CUDA 12.8 or newer, and there is 12.4\n"},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct world LK_CLEANUP(world_done) w;
		world_init(&w);
		add_library(&w, LK_SURVEY_NONE, "lib/a.so", "sm_90 compute_90", 1000);
		judge(&w, 120, "sm_120", cases[i].cuda);
		assert_string_equal(told(&w), cases[i].want);
	}
}

static void damage_is_told(void **state)
{
	(void)state;
	struct world LK_CLEANUP(world_done) w = torch();
	add_library(&w, LK_SURVEY_NONE, "lib/bad.so", "sm_75", 1)->wrong = LK_STR("is bad");
	lk_gpu_judge_damage(&w.survey, &w.flaws);
	assert_string_equal(told(&w), "finding gpu lib/bad.so is bad\n");
}

static void a_runtime_takes_a_driver(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		int cuda;
		const char *want;
	} cases[] = {
		{"lib/libcudart.so.12.6.77", 12060, ""},
		{"lib/libcudart.so.12.6.77", 13000, ""},
		{"lib/libcudart.so.12", 12000, ""},
		{"lib/libcudart.so.12.6.77", 12020,
			"note cuda lib/libcudart.so.12.6.77 is the runtime of CUDA 12.6 and runs "
			"by "
			"minor-version compatibility, PTX of that CUDA does not; the driver there "
			"is "
			"for 12.2\n"},
		{"lib/libcudart.so.12.6.77", 11040,
			"finding cuda lib/libcudart.so.12.6.77 is the runtime of CUDA 12.6, which "
			"takes a driver for CUDA 12.0 or newer (525.60.13); the driver there is "
			"for "
			"11.4\n"},
		{"lib/libcudart.so.10.2.89", 10010,
			"finding cuda lib/libcudart.so.10.2.89 is the runtime of CUDA 10.2, which "
			"takes a driver for CUDA 10.2 or newer; the driver there is for 10.1\n"},
		{"lib/libcudart_static.a", 11040, ""},
		{"lib/notlibcudart.so.12.6", 11040, ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct world LK_CLEANUP(world_done) w;
		world_init(&w);
		lk_survey_add(&w.survey, lk_str_of(cases[i].file), LK_SURVEY_FILE, LK_SURVEY_NONE);
		lk_survey_add(
			&w.survey, LK_STR("lib/libcudart.so.99"), LK_SURVEY_LINK, LK_SURVEY_NONE);
		lk_cuda_judge(&w.survey, LK_STR("node"), cases[i].cuda, &w.flaws);
		assert_string_equal(told(&w), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_are_found),
		cmocka_unit_test(files_that_are_device_code_are_known),
		cmocka_unit_test(a_header_that_lies_is_told),
		cmocka_unit_test(a_gpu_without_code_is_found),
		cmocka_unit_test(a_library_alone_is_found),
		cmocka_unit_test(a_gpu_with_code_is_none),
		cmocka_unit_test(ptx_takes_a_driver_that_knows_it),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(a_runtime_takes_a_driver),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Loading on paper: environments of hand-made files, and which file each needed library is.
 */
#include "audit/links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/judge.h"
#include "audit/search_path.h"
#include "tests/support/made_elf.h"

struct world {
	struct lk_survey survey;
	struct lk_links links;
	struct lk_flaws flaws;
};

static struct lk_survey_file *add(
	struct world *w, const char *path, const struct made_elf *made, uint16_t machine)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) file = LK_BUF_INIT(65536);
	struct lk_error err = LK_ERROR_INIT;
	struct lk_bytes bytes;
	struct made_elf e = *made;
	e.is_64 = true;
	e.machine = machine;
	e.type = e.type ? e.type : ET_DYN;
	e.stack = e.stack ? e.stack : PF_R;
	made_elf(&e, &file);
	lk_bytes_of_memory(&bytes, file.ptr, file.len);
	struct lk_survey_file *added =
		lk_survey_add(&w->survey, lk_str_of(path), LK_SURVEY_FILE, LK_SURVEY_NONE);
	assert_int_equal(lk_survey_look(&bytes, &w->survey.arena, &added->seen, &err), 0);
	assert_int_equal(added->seen.content, LK_CONTENT_ELF);
	return added;
}

static void add_link(struct world *w, const char *path, const char *target)
{
	lk_survey_add(&w->survey, lk_str_of(path), LK_SURVEY_LINK, LK_SURVEY_NONE)->target =
		lk_str_of(target);
}

static void load(struct world *w)
{
	const struct lk_target target = {.glibc = LK_STR("2.28")};
	lk_survey_settle(&w->survey);
	lk_links_make(&w->survey, lk_machine_of(LK_STR("linux-64")), &w->links);
	lk_judge(&w->survey, &w->links, &target, 1, &w->flaws);
}

static void done(struct world *w)
{
	lk_flaws_done(&w->flaws);
	lk_links_done(&w->links);
	lk_survey_done(&w->survey);
}

/* What the I-th library that PATH needs is: a path, or "host", "missing", "invalid", "untried". */
static const char *provider(const struct world *w, const char *path, size_t i)
{
	static const char *const states[] = {"untried", "", "host", "invalid", "missing"};
	uint32_t file = lk_map_get(&w->survey.by_path, lk_str_of(path));
	assert_int_not_equal(file, LK_MAP_NONE);
	const struct lk_link *link = lk_links_of(&w->links, file, i);
	return link->state == LK_LINK_FOUND ? w->survey.files.items[link->provider].path.ptr
					    : states[link->state];
}

static size_t count(const struct world *w, enum lk_flaw_level level, enum lk_flaw_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < w->flaws.list.len; i++) {
		n += w->flaws.list.items[i].level == level && w->flaws.list.items[i].kind == kind;
	}
	return n;
}

static void init(struct world *w)
{
	*w = (struct world){0};
	lk_survey_init(&w->survey, LK_STR("/opt/env/"));
}

static void paths(void **state)
{
	(void)state;
	struct world w;
	init(&w);
	lk_survey_add(&w.survey, LK_STR("lib/a"), LK_SURVEY_FILE, LK_SURVEY_NONE);
	add_link(&w, "lib64", "lib");
	add_link(&w, "lib/b", "/opt/env/lib64/./a");
	add_link(&w, "lib/loop", "loop");
	add_link(&w, "lib/out", "/usr/lib/a");
	add_link(&w, "lib/up", "../../env/lib/a");
	lk_survey_settle(&w.survey);
	static const struct {
		const char *path, *file;
	} cases[] = {
		{"lib/a", "lib/a"},
		{"lib64/a", "lib/a"},
		{"/opt/env/lib64/../lib//b", "lib/a"},
		{"lib/up", "lib/a"},
		{"lib", "lib"},
		{"", ""},
		{"/opt/env", ""},
		{"lib/loop", NULL},
		{"lib/out", NULL},
		{"lib/none", NULL},
		{"/opt/environment/lib/a", NULL},
		{"../other/lib/a", NULL},
		{"/", NULL},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		uint32_t file = lk_survey_resolve(&w.survey, lk_str_of(cases[i].path));
		if (!cases[i].file) {
			assert_int_equal(file, LK_SURVEY_NONE);
			continue;
		}
		assert_int_not_equal(file, LK_SURVEY_NONE);
		assert_true(lk_str_is(w.survey.files.items[file].path, cases[i].file));
	}
	lk_survey_done(&w.survey);
}

static void parts_of_search_paths(void **state)
{
	(void)state;
	struct world w;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	init(&w);
	static const struct {
		const char *part, *path;
		enum lk_part kind;
	} cases[] = {
		{"$ORIGIN/../x", "/opt/env/lib/../x", LK_PART_INSIDE},
		{"${ORIGIN}", "/opt/env/lib", LK_PART_INSIDE},
		{"$ORIGIN/../../..", "/opt/env/lib/../../..", LK_PART_OUTSIDE},
		{"/build/place/lib", "/opt/env/lib", LK_PART_INSIDE},
		{"/build/places/lib", "/build/places/lib", LK_PART_OUTSIDE},
		{"/opt/env/$LIB/$PLATFORM", "/opt/env/lib64/x86_64", LK_PART_INSIDE},
		{"/opt/environment", "/opt/environment", LK_PART_OUTSIDE},
		{"", "", LK_PART_RELATIVE},
		{"lib", "lib", LK_PART_RELATIVE},
		{"$OTHER/lib", "$OTHER/lib", LK_PART_RELATIVE},
		{"${ORIGIN", "${ORIGIN", LK_PART_RELATIVE},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		lk_str path;
		assert_int_equal(lk_search_part(&w.survey, lk_str_of(cases[i].part), LK_STR("lib"),
					 LK_STR("/build/place"), LK_STR("x86_64"), &arena, &path),
			cases[i].kind);
		assert_true(lk_str_is(path, cases[i].path));
	}
	lk_survey_done(&w.survey);
}

/* DT_RPATH comes down from the program, DT_RUNPATH does not and hides the DT_RPATH beside it. */
static void chains(void **state)
{
	(void)state;
	struct world w;
	init(&w);
	add(&w, "bin/a",
		&(struct made_elf){.interp = "/lib64/ld-linux-x86-64.so.2",
			.rpath = "$ORIGIN/../lib",
			.needed = {"libx.so", "libc.so.6"}},
		EM_X86_64);
	add(&w, "lib/libx.so", &(struct made_elf){.soname = "libx.so", .needed = {"liby.so"}},
		EM_X86_64);
	add(&w, "lib/liby.so",
		&(struct made_elf){.soname = "liby.so",
			.rpath = "$ORIGIN",
			.runpath = "$ORIGIN/none",
			.needed = {"libz.so", "libx.so"}},
		EM_X86_64);
	add(&w, "lib/libz.so", &(struct made_elf){.soname = "libz.so"}, EM_X86_64);
	load(&w);
	assert_string_equal(provider(&w, "bin/a", 0), "lib/libx.so");
	assert_string_equal(provider(&w, "bin/a", 1), "host");
	assert_string_equal(provider(&w, "lib/libx.so", 0), "lib/liby.so");
	assert_string_equal(provider(&w, "lib/liby.so", 0), "missing");
	assert_string_equal(provider(&w, "lib/liby.so", 1), "lib/libx.so"); /* loaded before */
	assert_int_equal(count(&w, LK_FLAW_FINDING, LK_FLAW_MISSING), 1);
	done(&w);
}

/* Another machine's file is passed over, and the next folder has the right one. */
static void other_machines(void **state)
{
	(void)state;
	struct world w;
	init(&w);
	add(&w, "lib/liba.so",
		&(struct made_elf){.runpath = "$ORIGIN/1:$ORIGIN/2", .needed = {"libb.so"}},
		EM_X86_64);
	add(&w, "lib/1/libb.so", &(struct made_elf){.soname = "libb.so"}, EM_AARCH64);
	add(&w, "lib/2/libb.so", &(struct made_elf){.soname = "libb.so"}, EM_X86_64);
	add(&w, "share/x/arm.so", &(struct made_elf){.soname = "arm.so"}, EM_ARM);
	add(&w, "share/x/intel.so", &(struct made_elf){.soname = "intel.so"}, EM_X86_64);
	add(&w, "share/code.hsaco", &(struct made_elf){.soname = "code"}, EM_AMDGPU);
	load(&w);
	assert_string_equal(provider(&w, "lib/liba.so", 0), "lib/2/libb.so");
	assert_int_equal(count(&w, LK_FLAW_FINDING, LK_FLAW_MACHINE), 1);
	assert_int_equal(count(&w, LK_FLAW_HINT, LK_FLAW_MACHINE), 1);
	done(&w);
}

/* What another root has loaded is not there for the next one. */
static void roots_apart(void **state)
{
	(void)state;
	struct world w;
	init(&w);
	add(&w, "bin/python3.11",
		&(struct made_elf){.interp = "/lib64/ld-linux-x86-64.so.2",
			.rpath = "$ORIGIN/../lib",
			.needed = {"libp.so"}},
		EM_X86_64);
	add_link(&w, "bin/python", "python3.11");
	add(&w, "lib/libp.so", &(struct made_elf){.soname = "libp.so"}, EM_X86_64);
	add(&w, "lib/python3.11/site-packages/a/_a.abi3.so",
		&(struct made_elf){.runpath = "$ORIGIN/lib", .needed = {"libq.so", "libp.so"}},
		EM_X86_64);
	add(&w, "lib/python3.11/site-packages/a/lib/libq.so",
		&(struct made_elf){.soname = "libq.so"}, EM_X86_64);
	add(&w, "lib/python3.11/site-packages/b/_b.abi3.so",
		&(struct made_elf){.needed = {"libq.so", "libp.so"}}, EM_X86_64);
	load(&w);
	const char *site = "lib/python3.11/site-packages/b/_b.abi3.so";
	assert_string_equal(provider(&w, site, 0), "missing");
	assert_string_equal(provider(&w, site, 1), "lib/libp.so");
	/* Loaded by python before, whatever its own path says. */
	assert_string_equal(
		provider(&w, "lib/python3.11/site-packages/a/_a.abi3.so", 1), "lib/libp.so");
	assert_int_equal(count(&w, LK_FLAW_HINT, LK_FLAW_MISSING), 1);
	assert_int_equal(count(&w, LK_FLAW_FINDING, LK_FLAW_MISSING), 0);
	done(&w);
}

static void symbol_versions(void **state)
{
	(void)state;
	struct world w;
	init(&w);
	add(&w, "lib/libuser.so",
		&(struct made_elf){.rpath = "$ORIGIN",
			.needed = {"libs.so.1", "libplain.so", "libc.so.6"},
			.versions = {{"libs.so.1", "S_1.10", false}, {"libs.so.1", "S_1.11", true},
				{"libplain.so", "P_1", false}, {"libc.so.6", "GLIBC_2.34", false},
				{"libc.so.6", "GLIBC_2.40", true}}},
		EM_X86_64);
	add(&w, "lib/libs.so.1",
		&(struct made_elf){.soname = "libs.so.1",
			.versions = {{NULL, "S_1.2", false}, {NULL, "S_1.9", false}}},
		EM_X86_64);
	add(&w, "lib/libplain.so", &(struct made_elf){.soname = "libplain.so"}, EM_X86_64);
	load(&w);
	assert_int_equal(count(&w, LK_FLAW_FINDING, LK_FLAW_VERSION), 1);
	assert_int_equal(count(&w, LK_FLAW_FINDING, LK_FLAW_GLIBC), 1);
	for (size_t i = 0; i < w.flaws.list.len; i++) {
		const struct lk_flaw *flaw = &w.flaws.list.items[i];
		if (flaw->kind == LK_FLAW_VERSION) {
			assert_true(lk_str_is(flaw->text,
				"needs S_1.10 of libs.so.1, which lib/libs.so.1 does not have: it "
				"has up to S_1.9"));
		} else if (flaw->kind == LK_FLAW_GLIBC) {
			assert_true(lk_str_is(
				flaw->text, "needs GLIBC_2.34; the target has glibc 2.28"));
		}
	}
	struct lk_highests highest = {0};
	lk_judge_highest(&w.survey, &w.links, &highest);
	assert_int_equal(highest.len, 1);
	assert_true(lk_str_is(highest.items[0].version, "2.34"));
	lk_vec_done(&highest);
	done(&w);
}

/* Libraries that need each other, and themselves. */
static void loops(void **state)
{
	(void)state;
	struct world w;
	init(&w);
	add(&w, "lib/liba.so",
		&(struct made_elf){
			.soname = "liba.so", .rpath = "$ORIGIN", .needed = {"libb.so", "liba.so"}},
		EM_X86_64);
	add(&w, "lib/libb.so",
		&(struct made_elf){.soname = "libb.so", .rpath = "$ORIGIN", .needed = {"liba.so"}},
		EM_X86_64);
	load(&w);
	assert_string_equal(provider(&w, "lib/liba.so", 0), "lib/libb.so");
	assert_string_equal(provider(&w, "lib/liba.so", 1), "lib/liba.so");
	assert_string_equal(provider(&w, "lib/libb.so", 0), "lib/liba.so");
	assert_int_equal(w.flaws.list.len, 0);
	done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(parts_of_search_paths),
		cmocka_unit_test(chains),
		cmocka_unit_test(other_machines),
		cmocka_unit_test(roots_apart),
		cmocka_unit_test(symbol_versions),
		cmocka_unit_test(loops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

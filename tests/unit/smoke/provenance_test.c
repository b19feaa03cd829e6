/*
 * Versions in file names, and the rules of where a library may lie, on this process's own
 * libraries.
 */
#include "planted.h"

#include <dlfcn.h>

#include <limits.h>

static void versions(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"libopenblasp-r0.3.21.so", "0.3.21"},
		{"/env/lib/libopenblasp-r0.3.21.so", "0.3.21"},
		{"/env-9.9/lib/libfoo.so", ""},
		{"libopenblas64_p-r0.3.21.so", "0.3.21"},
		{"libopenblas.so.0", "0"},
		{"libopenblasp-r0.3.21.so.0", "0.3.21"},
		{"libcudart.so.12.4.127", "12.4.127"},
		{"libcublas.so.12", "12"},
		{"libnvidia-ptxjitcompiler.so.535.129.03", "535.129.03"},
		{"libmkl_avx512.so.2", "2"},
		{"libmkl_rt.so", ""},
		{"libc10.so", ""},
		{"libc10_cuda.so", ""},
		{"libgcc_s.so.1", "1"},
		{"libstdc++.so.6.0.30", "6.0.30"},
		{"libgfortran-040039e1-0352e75f.so.5.0.0", "5.0.0"},
		{"libm-2.17.so", "2.17"},
		{"libfoo-9.so", "9"},
		{"libtcl8.6.so", "8.6"},
		{"libfoo-1.2a.so", "1.2"},
		{"libfoo.so.", ""},
		{"libfoo.so.1.", "1"},
		{"_ssl.cpython-311-x86_64-linux-gnu.so", ""},
		{"", ""},
		{"/", ""},
		{"....", ""},
		{"9", ""},
		{"1.2.3", "1.2.3"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str got = lk_library_version(lk_str_of(rows[i][0]));
		if (!lk_str_is(got, rows[i][1])) {
			fail_msg("%s: '" LK_STR_FMT "'", rows[i][0], LK_STR_ARG(got));
		}
	}
}

static struct lk_smoke_libraries look(
	struct planted *p, const char *prefix, const char *driver_folder)
{
	struct lk_smoke_libraries found = {0};
	lk_provenance(prefix, driver_folder, &p->arena, &found);
	return found;
}

/* This program has cmocka mapped; its path, and whether it counts as inside. */
static bool cmocka_is_inside(const struct lk_smoke_libraries *found, char *ret_path)
{
	for (size_t i = 0; i < found->len; i++) {
		if (lk_str_starts(lk_path_basename(found->items[i].path), LK_STR("libcmocka"))) {
			snprintf(ret_path, PATH_MAX, LK_STR_FMT, LK_STR_ARG(found->items[i].path));
			return found->items[i].inside;
		}
	}
	fail_msg("cmocka is not among %zu libraries", found->len);
	return false;
}

static void rules(void **state)
{
	struct planted *p = *state;
	char path[PATH_MAX];
	struct lk_smoke_libraries found = look(p, NULL, "");
	assert_false(cmocka_is_inside(&found, path));
	for (size_t i = 0; i < found.len; i++) {
		lk_str name = lk_path_basename(found.items[i].path);
		assert_true(lk_str_find_char(found.items[i].path, '/') != SIZE_MAX); /* no vdso */
		assert_false(lk_str_starts(name, LK_STR("libc.so")));
		assert_false(lk_str_starts(name, LK_STR("ld-linux")));
		assert_true(
			i == 0 || lk_str_cmp(found.items[i - 1].path, found.items[i].path) <= 0);
	}
	lk_vec_done(&found);

	char *real = realpath(path, NULL);
	assert_non_null(real);
	char *folder = lk_arena_strndup(&p->arena, real, (size_t)(strrchr(real, '/') - real));
	free(real);
	char *part = lk_arena_strndup(&p->arena, folder, strlen(folder) - 1);
	const struct {
		const char *prefix, *driver_folder;
		bool inside;
	} rows[] = {
		{folder, "", true},
		{part, "", false}, /* a prefix of the text, not of the path */
		{p->prefix, "", false},
		{p->prefix, folder, false}, /* in the driver's folder, but not the driver's */
		{"", "", false},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		found = look(p, rows[i].prefix, rows[i].driver_folder);
		assert_int_equal(cmocka_is_inside(&found, path), rows[i].inside);
		lk_vec_done(&found);
	}
}

/* Another process by its maps: what is executed counts, once, wherever its path has spaces. */
static void maps_of_another_process(void **state)
{
	struct planted *p = *state;
	Dl_info libc;
	assert_int_not_equal(dladdr(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &libc), 0);
	const char *maps = lk_arena_printf(&p->arena,
		"55d0-55d1 r--p 00000000 fe:00 11   %s/bin/python\n"
		"55d1-55d2 r-xp 00001000 fe:00 11   %s/bin/python\n"
		"55d4-55d5 rw-p 00000000 00:00 0    [heap]\n"
		"7f00-7f01 r--s 00000000 fe:00 12   /usr/share/locale/locale.alias\n"
		"7f01-7f02 r-xp 00000000 fe:00 13   /opt/o ther/libx.so.1.2.3\n"
		"7f02-7f03 r-xp 00004000 fe:00 13   /opt/o ther/libx.so.1.2.3\n"
		"7f03-7f04 r-xp 00000000 fe:00 14   /opt/libgone.so (deleted)\n"
		"7f04-7f05 r-xp 00000000 fe:00 15   %s\n"
		"7f05-7f06 r-xp 00000000 00:00 0\n"
		"7f06-7f07 r-xp 00000000 00:00 0    [vdso]\n"
		"nonsense\n\n/\n r-x/",
		p->prefix, p->prefix, libc.dli_fname);
	struct lk_smoke_libraries found = {0};
	lk_provenance_of_maps(maps, p->prefix, "", &p->arena, &found);
	assert_int_equal(found.len, 3);
	assert_true(lk_str_is(found.items[0].path, "/opt/libgone.so (deleted)"));
	assert_true(lk_str_is(found.items[1].path, "/opt/o ther/libx.so.1.2.3"));
	assert_true(lk_str_is(found.items[1].version, "1.2.3"));
	assert_false(found.items[0].inside || found.items[1].inside);
	assert_true(lk_str_ends(found.items[2].path, LK_STR("/an env/bin/python")));
	assert_true(found.items[2].inside);
	lk_provenance_of_maps(maps, p->prefix, "", &p->arena, &found);
	assert_int_equal(found.len, 3);
	lk_vec_done(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test_setup_teardown(rules, planted_setup, planted_teardown),
		cmocka_unit_test_setup_teardown(
			maps_of_another_process, planted_setup, planted_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

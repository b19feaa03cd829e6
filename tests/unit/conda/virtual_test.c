/*
 * Sets of virtual packages: defaults of a platform, changes in text form, this host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conda/host.h"
#include "conda/virtual.h"

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
	struct lk_virtuals set;
};

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	lk_arena_init(&f->arena);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_vec_done(&f->set);
	lk_arena_done(&f->arena);
	lk_free(f);
	return 0;
}

/* The set as "name=version=build name=…". */
static void check_set(struct fixture *f, const char *wanted)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < f->set.len; i++) {
		const struct lk_virtual *v = &f->set.items[i];
		lk_buf_appendf(&text, "%s" LK_STR_FMT "=" LK_STR_FMT "=" LK_STR_FMT, i ? " " : "",
			LK_STR_ARG(v->name), LK_STR_ARG(v->version), LK_STR_ARG(v->build));
	}
	assert_string_equal(lk_buf_cstr(&text), wanted);
}

static void platforms_have_defaults(void **state)
{
	static const struct {
		const char *subdir, *set;
	} rows[] = {
		{"linux-64", "__archspec=0=x86_64 __glibc=2.28=0 __linux=4.18=0 __unix=0=0"},
		{"linux-aarch64", "__archspec=0=aarch64 __glibc=2.28=0 __linux=4.18=0 __unix=0=0"},
		{"osx-arm64", "__archspec=0=aarch64 __osx=13.0=0 __unix=0=0"},
		{"win-64", "__archspec=0=x86_64 __win=10.0=0"},
		{"noarch", ""},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_virtuals_default(lk_str_of(rows[i].subdir), &f->arena, &f->set);
		check_set(f, rows[i].set);
	}
}

static void set(struct fixture *f, const char *text)
{
	if (lk_virtuals_set_text(&f->set, lk_str_of(text), &f->arena, &f->err) < 0) {
		fail_msg("%s: %s", text, f->err.message);
	}
}

static void text_adds_replaces_and_removes(void **state)
{
	struct fixture *f = *state;
	set(f, "__glibc=2.17");
	set(f, "__cuda=12.6");
	set(f, "__archspec=1=x86_64_v3");
	check_set(f, "__archspec=1=x86_64_v3 __cuda=12.6=0 __glibc=2.17=0");
	set(f, "__cuda=12.9=x");
	check_set(f, "__archspec=1=x86_64_v3 __cuda=12.9=x __glibc=2.17=0");
	set(f, "__archspec=");
	set(f, "__absent=");
	check_set(f, "__cuda=12.9=x __glibc=2.17=0");
	assert_true(lk_str_is(lk_virtuals_find(&f->set, LK_STR("__glibc"))->version, "2.17"));
	assert_null(lk_virtuals_find(&f->set, LK_STR("__archspec")));
}

static void bad_text_is_refused(void **state)
{
	static const char *const rows[] = {"", "__cuda", "cuda=12", "__cuda=1..2", "__cuda=12=a b",
		"__Cuda=1", "=1", "__cuda=1=2=3"};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		if (lk_virtuals_set_text(&f->set, lk_str_of(rows[i]), &f->arena, &f->err) == 0) {
			fail_msg("'%s' was not refused", rows[i]);
		}
		assert_int_equal(f->set.len, 0);
	}
}

static void kernel_releases_are_cut(void **state)
{
	static const struct {
		const char *release, *version;
	} rows[] = {
		{"5.14.0-427.el9.x86_64", "5.14.0"},
		{"6.1.0-18-amd64", "6.1.0"},
		{"4.18", "4.18"},
		{"5.15.133.1-microsoft-standard-WSL2", "5.15.133.1"},
		{"1.2.3.4.5", "1.2.3.4"},
		{"5", ""},
		{"5.", ""},
		{"5.x", ""},
		{"", ""},
		{"generic", ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str version = lk_host_kernel_version(lk_str_of(rows[i].release));
		if (!lk_str_is(version, rows[i].version)) {
			fail_msg("%s: '" LK_STR_FMT "'", rows[i].release, LK_STR_ARG(version));
		}
	}
	(void)state;
}

static void drivers_tell_cuda(void **state)
{
	static const struct {
		const char *text, *cuda;
	} rows[] = {
		{"NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 "
		 "UTC "
		 "2023\nGCC version:  gcc version 12.3.0",
			"12.2"},
		{"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release "
		 "Build",
			"12.8"},
		{"NVRM version: x  470.57.02  y", "11.4"},
		{"NVRM version: x  340.108  y", ""},
		{"NVRM version: x  999.1  y", "13.0"},
		{"nothing", ""},
		{"", ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		assert_true(
			lk_str_is(lk_driver_cuda_of_text(lk_str_of(rows[i].text)), rows[i].cuda));
	}
	(void)state;
}

static const struct lk_driver no_driver = {.reason = {"none", 4}};
static const struct lk_driver driver_12_4 = {.cuda = {"12.4", 4}, .arch = {"7.0", 3}};

static void this_host_is_looked_at(void **state)
{
	struct fixture *f = *state;
	struct lk_host_overrides none = {0};
	assert_int_equal(lk_host_virtuals(&none, &no_driver, &f->arena, &f->set, &f->err), 0);
	assert_non_null(lk_virtuals_find(&f->set, LK_STR("__unix")));
	assert_non_null(lk_virtuals_find(&f->set, LK_STR("__archspec")));
	assert_null(lk_virtuals_find(&f->set, LK_STR("__cuda")));
#ifdef __linux__
	assert_non_null(lk_virtuals_find(&f->set, LK_STR("__linux")));
	assert_non_null(lk_virtuals_find(&f->set, LK_STR("__glibc")));
#endif
	assert_int_equal(lk_host_virtuals(&none, &driver_12_4, &f->arena, &f->set, &f->err), 0);
	assert_true(lk_str_is(lk_virtuals_find(&f->set, LK_STR("__cuda"))->version, "12.4"));
	assert_int_equal(lk_host_virtuals(&none, NULL, &f->arena, &f->set, &f->err), 0);
}

static void overrides_win_over_the_host(void **state)
{
	struct fixture *f = *state;
	struct lk_host_overrides some = {.cuda = "12.9",
		.cuda_arch = "9.0",
		.glibc = "2.17",
		.linux_ = "",
		.archspec = "zen4"};
	assert_int_equal(lk_host_virtuals(&some, &no_driver, &f->arena, &f->set, &f->err), 0);
#ifdef __linux__
	check_set(f, "__archspec=1=zen4 __cuda=12.9=0 __cuda_arch=9.0=0 __glibc=2.17=0 __unix=0=0");
#endif
	some = (struct lk_host_overrides){.cuda = "", .cuda_arch = "9.0"};
	assert_int_equal(lk_host_virtuals(&some, &driver_12_4, &f->arena, &f->set, &f->err), 0);
	assert_null(lk_virtuals_find(&f->set, LK_STR("__cuda")));
	assert_null(lk_virtuals_find(&f->set, LK_STR("__cuda_arch")));
	some = (struct lk_host_overrides){.glibc = "2..1"};
	assert_true(lk_host_virtuals(&some, NULL, &f->arena, &f->set, &f->err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(platforms_have_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(text_adds_replaces_and_removes, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_text_is_refused, setup, teardown),
		cmocka_unit_test(kernel_releases_are_cut),
		cmocka_unit_test(drivers_tell_cuda),
		cmocka_unit_test_setup_teardown(this_host_is_looked_at, setup, teardown),
		cmocka_unit_test_setup_teardown(overrides_win_over_the_host, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

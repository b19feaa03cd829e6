/*
 * Names, markers and requirements: what they mean, and where they are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wheel/name.h"
#include "wheel/requirement.h"

static const struct lk_marker_environment here = {
	.values = {
		[LK_MARKER_EXTRA] = LK_STR("Dev_Tools"),
		[LK_MARKER_IMPLEMENTATION_NAME] = LK_STR("cpython"),
		[LK_MARKER_OS_NAME] = LK_STR("posix"),
		[LK_MARKER_PLATFORM_MACHINE] = LK_STR("x86_64"),
		[LK_MARKER_PYTHON_FULL_VERSION] = LK_STR("3.10.0rc1"),
		[LK_MARKER_PYTHON_VERSION] = LK_STR("3.10"),
		[LK_MARKER_SYS_PLATFORM] = LK_STR("linux"),
	}};

/* Source: PEP 503 and the specification "Names and normalization". */
static void names(void **state)
{
	(void)state;
	static const char *const rows[][2] = {{"Friendly-Bard", "friendly-bard"},
		{"friendly..__--bard", "friendly-bard"}, {"FRIENDLY_BARD", "friendly-bard"},
		{"zope.interface", "zope-interface"}, {"x", "x"}};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str name = lk_wheel_name(&arena, lk_str_of(rows[i][0]));
		assert_true(lk_str_is(name, rows[i][1]));
		assert_true(lk_wheel_name_is_valid(lk_str_of(rows[i][0])));
	}
	static const char *const invalid[] = {"", "-a", "a_", ".", "a b", "a/b", "\xc3\xa4"};
	for (size_t i = 0; i < LK_COUNTOF(invalid); i++) {
		assert_false(lk_wheel_name_is_valid(lk_str_of(invalid[i])));
	}
}

static void markers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
		{"python_version >= '3.9'", true}, /* as versions: as texts 3.10 is the smaller */
		{"python_version < '3.9'", false}, {"'3.9' <= python_version", true},
		{"python_version == '3.*'", true}, {"python_version ~= '3.8'", true},
		{"python_version in '3.9, 3.10'", true},
		{"python_version not in '3.9 3.10'", false},
		{"python_full_version < '3.10'", false}, /* PEP 440's rule on pre-releases */
		{"python_full_version < '3.10.1'", true}, {"python_version == 'three'", false},
		{"python_version != 'three'", true}, {"sys_platform == \"linux\"", true},
		{"sys.platform=='linux'", true}, {"os_name>'nt'", false}, /* texts have no order */
		{"os_name >= 'posix'", true}, {"'86' in platform_machine", true},
		{"extra == 'dev.tools'", true}, {"extra != 'dev-tools'", false},
		{"os_name == 'nt' and os_name == 'posix' or os_name == 'posix'", true},
		{"os_name == 'nt' and (os_name == 'posix' or os_name == 'posix')", false},
		{"os_name == 'posix' or os_name == 'nt' and os_name == 'nt'", true},
		{"((((os_name=='posix'))))", true},
		{"platform_version == ''", true}, /* not known */
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		const struct lk_marker *marker = NULL;
		struct lk_error err = LK_ERROR_INIT;
		if (lk_marker_parse(lk_str_of(rows[i].text), &arena, &marker, &err) < 0 ||
			lk_marker_holds(marker, &here) != rows[i].holds) {
			fail_msg("%s: %s", rows[i].text, err.message);
		}
	}
	assert_true(lk_marker_holds(NULL, &here));
}

static void requirements(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	struct lk_error err = LK_ERROR_INIT;
	struct lk_requirement r;
	static const char *const full =
		" Foo.bar [ Test_x ,b]( >=1.0 , <2 ) ; python_version < '4' and extra=='x' ";
	assert_int_equal(lk_requirement_parse(lk_str_of(full), &arena, &r, &err), 0);
	assert_true(lk_str_is(r.name, "Foo.bar") && r.url.len == 0);
	assert_int_equal(r.n_extras, 2);
	assert_true(lk_str_is(r.extras[0], "test-x") && lk_str_is(r.extras[1], "b"));
	assert_int_equal(r.specifiers.n, 2);
	assert_int_equal(r.specifiers.items[1].op, LK_SPECIFIER_BELOW);
	assert_int_equal(r.marker->kind, LK_MARKER_AND);
	assert_int_equal(r.marker->n_items, 2);

	assert_int_equal(lk_requirement_parse(LK_STR("a@ https://x/a.whl;b=1 ; os_name=='nt'"),
				 &arena, &r, &err),
		0);
	assert_true(lk_str_is(r.url, "https://x/a.whl;b=1") && r.marker && r.specifiers.n == 0);
	assert_int_equal(lk_requirement_parse(LK_STR("numpy"), &arena, &r, &err), 0);
	assert_true(r.n_extras == 0 && r.specifiers.n == 0 && !r.marker && r.url.len == 0);
	assert_int_equal(lk_requirement_parse(LK_STR("torch==2.7.1+cu126"), &arena, &r, &err), 0);
	assert_int_equal(r.specifiers.items[0].version.n_local, 1);
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned column;
	} rows[] = {
		{"", 1},
		{"-a", 1},
		{"a b", 3},
		{"a [x", 5},
		{"a[x y]", 5},
		{"a[,x]", 3},
		{"a (>=1", 7},
		{"a >=1,,<2", 3},
		{"a >=1 <2", 6},
		{"a >=x", 5},
		{"a @", 4},
		{"a @ https://x os_name=='nt'", 15},
		{"a;", 3},
		{"a; os_name", 11},
		{"a; os_name == 'x", 15},
		{"a; foo == 'x'", 4},
		{"a; os_name == os_name", 4},
		{"a; 'x' == 'y'", 4},
		{"a; os_name ~= 'x'", 4},
		{"a; os_name not 'x'", 16},
		{"a; (os_name == 'x'", 19},
		{"a; os_name == 'x' xor os_name == 'y'", 19},
		{"a; os_name == '\\x41'", 16},
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_requirement r;
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_requirement_parse(lk_str_of(rows[i].text), &arena, &r, &err);
		if (rc != LK_E_FORMAT || err.column != rows[i].column) {
			fail_msg("'%s': %d, column %u: %s", rows[i].text, rc, err.column,
				err.message);
		}
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) deep = LK_BUF_INIT(65536);
	lk_buf_puts(&deep, "a;");
	for (int i = 0; i <= LK_MARKER_MAX_DEPTH; i++) {
		lk_buf_putc(&deep, '(');
	}
	struct lk_requirement r;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_requirement_parse(lk_buf_view(&deep), &arena, &r, &err), LK_E_FORMAT);
	assert_non_null(strstr(err.message, "too many parentheses"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(markers),
		cmocka_unit_test(requirements),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

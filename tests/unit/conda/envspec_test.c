/*
 * Environment files and spec lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "conda/envspec.h"

struct fixture {
	struct lk_error err;
	struct lk_envspec spec;
	struct lk_report report;
	unsigned warnings;
};

static void count_warning(void *ctx, const char *message)
{
	struct fixture *f = ctx;
	f->warnings++;
	(void)message;
}

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	f->report = (struct lk_report){.ctx = f, .warn = count_warning};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_envspec_done(&f->spec);
	lk_free(f);
	return 0;
}

static int parse(struct fixture *f, const char *text, bool yaml)
{
	lk_envspec_done(&f->spec);
	return lk_envspec_parse(lk_str_of(text), yaml ? "env.yml" : "specs.txt", yaml, &f->report,
		&f->spec, &f->err);
}

static void must_parse(struct fixture *f, const char *text, bool yaml)
{
	if (parse(f, text, yaml) < 0) {
		fail_msg("%u:%u: %s", f->err.line, f->err.column, f->err.message);
	}
}

/* Lines as "text@selector:line:column|…". */
static void check_lines(const struct lk_envspec_line *lines, size_t n, const char *wanted)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < n; i++) {
		const struct lk_envspec_line *line = &lines[i];
		lk_buf_appendf(&text, "%s" LK_STR_FMT "@" LK_STR_FMT ":%u:%u", i ? "|" : "",
			LK_STR_ARG(line->text), LK_STR_ARG(line->selector), line->line,
			line->column);
	}
	assert_string_equal(lk_buf_cstr(&text), wanted);
}

static void check_specs(const struct lk_envspec *spec, const char *wanted)
{
	check_lines(spec->specs, spec->n_specs, wanted);
}

static void check_list(struct lk_str_list list, const char *wanted)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < list.n; i++) {
		lk_buf_appendf(&text, "%s" LK_STR_FMT, i ? "|" : "", LK_STR_ARG(list.items[i]));
	}
	assert_string_equal(lk_buf_cstr(&text), wanted);
}

static void environment_files_are_read(void **state)
{
	struct fixture *f = *state;
	must_parse(f,
		"name: gpu\n"
		"channels:\n"
		"- conda-forge\n"
		"- nodefaults\n"
		"- nvidia\n"
		"platforms: [linux-64, osx-arm64]\n"
		"prefix: /ignored\n"
		"category: main\n"
		"dependencies:\n"
		"- python 3.12.*\n"
		"- pytorch >=2 # why\n"
		"- cuda-version 12.6.*  # [linux]\n"
		"- 'x[build=\"*# [win]*\"]'\n"
		"- sel(osx): tk\n"
		"- sel(unix): sh\n"
		"variables:\n"
		"  A: '1'\n"
		"  B: two words\n",
		true);
	assert_true(lk_str_is(f->spec.name, "gpu"));
	check_list(f->spec.channels, "conda-forge|nvidia");
	assert_true(f->spec.nodefaults);
	check_list(f->spec.platforms, "linux-64|osx-arm64");
	check_specs(&f->spec,
		"python 3.12.*@:10:3|pytorch >=2@:11:3|cuda-version "
		"12.6.*@linux:12:3|x[build=\"*# [win]*\"]@:13:3|tk@osx:14:13|sh@unix:15:"
		"14");
	assert_int_equal(f->spec.n_variables, 2);
	assert_true(lk_str_is(f->spec.variables[1].name, "B"));
	assert_true(lk_str_is(f->spec.variables[1].value, "two words"));
	assert_false(f->spec.n_pip > 0 || f->spec.explicit_urls);
	assert_int_equal(f->warnings, 0);
}

static void small_files_are_fine(void **state)
{
	static const char *const rows[] = {"", "# only a comment\n", "dependencies:\n",
		"dependencies: []\n", "channels:\nvariables:\nplatforms:\n", "name: base\n",
		"name: root\n", "name:\n"};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		must_parse(f, rows[i], true);
		assert_int_equal(f->spec.n_specs, 0);
	}
}

static void pip_and_unknown_keys_are_told(void **state)
{
	struct fixture *f = *state;
	must_parse(f,
		"dependencies:\n"
		"- python\n"
		"- pip:\n"
		"  - requests>=2 # why\n"
		"  - -r more.txt\n"
		"  - 'pywin32 ; x'  # [win]\n"
		"- numpy\n"
		"- pip:\n"
		"- pip: []\n"
		"mystery: 1\n",
		true);
	check_specs(&f->spec, "python@:2:3|numpy@:7:3");
	check_lines(f->spec.pip, f->spec.n_pip,
		"requests>=2@:4:5|-r more.txt@:5:5|pywin32 ; x@win:6:5");
	assert_int_equal(f->warnings, 1);
}

static void comments_select(void **state)
{
	static const struct {
		const char *line, *wanted;
	} rows[] = {
		{"- a # [linux]", "a@linux:2:3"},
		{"- a #[linux64]", "a@linux64:2:3"},
		{"- a  # only here: [osx-arm64] ", "a@osx-arm64:2:3"},
		{"- a # [win] but why", "a@:2:3"},
		{"- a # see [docs]", "a@:2:3"},
		{"- a # [noarch]", "a@:2:3"}, /* told */
		{"- a # [py27]", "a@:2:3"},   /* told */
		{"- 'a # [win]'", "a # [win]@:2:3"},
		{"- 'a # [win]' # [osx]", "a # [win]@osx:2:3"},
		{"- 'a''s # [win]' # [osx]", "a's # [win]@osx:2:3"},
		{"- \"a\\\" # [win]\" # [osx]", "a\" # [win]@osx:2:3"},
		{"- https://h/a-1-0.conda#[linux]", "https://h/a-1-0.conda#[linux]@:2:3"},
		{"- a[build=x] # [unix]", "a[build=x]@unix:2:3"},
		{"- sel(aarch64): a", "a@aarch64:2:17"},
		{"- sel( osx-64 ): a", "a@osx-64:2:18"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		char text[256];
		snprintf(text, sizeof(text), "dependencies:\n%s\n", rows[i].line);
		must_parse(f, text, true);
		check_specs(&f->spec, rows[i].wanted);
	}
	assert_int_equal(f->warnings, 2);
	must_parse(f, "dependencies: ['\xc3\xa9\xc3\xa9', b, 'c']  # [win]\n", true);
	check_specs(&f->spec, "\xc3\xa9\xc3\xa9@win:1:16|b@win:1:22|c@win:1:25");
	must_parse(f, "dependencies:\n- >-\n  a # [win]\n- 'b # [win]\n  c'\n", true);
	check_specs(&f->spec, "a # [win]@:2:3|b # [win] c@:4:3");
}

static void bad_files_have_a_position(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *why;
	} rows[] = {
		{"- a\n", 1, 1, "mapping"},
		{"just text\n", 1, 1, "mapping"},
		{"name: a/b\n", 1, 7, "a/b"},
		{"name: a b\n", 1, 7, "a b"},
		{"name: [a]\n", 1, 7, "'name'"},
		{"channels: x\n", 1, 11, "'channels' must be a list"},
		{"channels:\n- [x]\n", 2, 3, "plain"},
		{"platforms:\n- Linux\n", 2, 3, "platform"},
		{"dependencies: x\n", 1, 15, "'dependencies' must be a list"},
		{"dependencies:\n- [x]\n", 2, 3, "must be a spec"},
		{"dependencies:\n- npm:\n  - x\n", 3, 3, "unknown section 'npm'"},
		{"dependencies:\n- sel(bsd): x\n", 2, 13, "bad selector"},
		{"dependencies:\n- sel(noarch): x\n", 2, 16, "bad selector"},
		{"dependencies:\n- pip: x\n", 2, 8, "'pip' must be a list"},
		{"dependencies:\n- pip:\n  - [x]\n", 3, 5, "plain text"},
		{"dependencies:\n- pip:\n  - ' '\n", 3, 5, "plain text"},
		{"dependencies:\n-\n", 2, 2, "must be a spec"},
		{"dependencies: &a [x]\n", 1, 15, "anchor"},
		{"dependencies:\n- *a\n", 2, 3, "alias"},
		{"dependencies:\n- !!str a\n", 2, 3, "tag"},
		{"name: x\n---\nname: y\n", 2, 1, ""},
		{"dependencies:\n- sel(win): [x]\n", 2, 13, "bad selector"},
		{"variables: [a]\n", 1, 12, "'variables'"},
		{"variables:\n  A: [x]\n", 2, 6, "variable"},
		{"variables:\n  A=B: x\n", 2, 8, "variable"},
		{"name: x\nname: y\n", 2, 1, ""},
		{"name: &a x\n", 1, 7, ""},
		{"name: [\n", 2, 1, ""},
		{"name: x\n<<: {dependencies: [a]}\n", 2, 1, "merge keys"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		if (parse(f, rows[i].text, true) != LK_E_FORMAT) {
			fail_msg("'%s' was not refused", rows[i].text);
		}
		if (f->err.line != rows[i].line || f->err.column != rows[i].column ||
			!strstr(f->err.message, rows[i].why)) {
			fail_msg("'%s': %u:%u %s", rows[i].text, f->err.line, f->err.column,
				f->err.message);
		}
		assert_string_equal(f->err.file, "env.yml");
	}
}

static void spec_lists_are_read(void **state)
{
	struct fixture *f = *state;
	must_parse(f, "# platform: linux-64\n\n  python 3.12.*\r\n# note\nnumpy #c\n", false);
	check_specs(&f->spec, "python 3.12.*@:3:3|numpy #c@:5:1");
	check_list(f->spec.platforms, "linux-64");
	assert_false(f->spec.explicit_urls);
	must_parse(f, "@EXPLICIT\nhttps://h/c/noarch/a-1-0.conda#00\n", false);
	assert_true(f->spec.explicit_urls);
	check_specs(&f->spec, "https://h/c/noarch/a-1-0.conda#00@:2:1");
	must_parse(f, "", false);
	assert_int_equal(f->spec.n_specs, 0);
	assert_int_equal(parse(f, "numpy\n# caf\xe9\n", false), LK_E_FORMAT);
	assert_int_equal(f->err.line, 2);
	assert_non_null(strstr(f->err.message, "not UTF-8"));
}

static void selectors_apply_to_platforms(void **state)
{
	static const struct {
		const char *selector, *subdir;
		bool applies;
	} rows[] = {
		{"", "linux-64", true},
		{"linux", "linux-64", true},
		{"linux", "osx-64", false},
		{"unix", "linux-64", true},
		{"unix", "osx-arm64", true},
		{"unix", "win-64", false},
		{"win", "win-64", true},
		{"osx", "linux-64", false},
		{"unix", "noarch", false},
		{"linux", "noarch", false},
		{"linux64", "linux-64", true},
		{"linux64", "linux-aarch64", false},
		{"linux64", "osx-64", false},
		{"aarch64", "linux-aarch64", true},
		{"aarch64", "osx-arm64", false},
		{"ppc64le", "linux-ppc64le", true},
		{"arm64", "osx-arm64", true},
		{"arm64", "win-arm64", true},
		{"arm64", "linux-aarch64", false},
		{"osx64", "osx-64", true},
		{"win64", "win-64", true},
		{"win64", "win-arm64", false},
		{"linux-64", "linux-64", true},
		{"linux-64", "linux-aarch64", false},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_envspec_line line = {.selector = lk_str_of(rows[i].selector)};
		assert_int_equal(
			lk_envspec_line_applies(&line, lk_str_of(rows[i].subdir)), rows[i].applies);
	}
	(void)state;
}

static void files_are_told_by_their_name(void **state)
{
	struct fixture *f = *state;
	char folder[] = "/tmp/envspec-XXXXXX";
	assert_non_null(mkdtemp(folder));
	static const char *const names[] = {"env.yml", "env.yaml", "specs.txt"};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		char path[256];
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		assert_int_equal(lk_envspec_read(path, NULL, &f->spec, &f->err), LK_E_USAGE);
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs(i < 2 ? "dependencies: [numpy]\n" : "numpy\n", file);
		fclose(file);
		assert_int_equal(lk_envspec_read(path, NULL, &f->spec, &f->err), 0);
		assert_int_equal(f->spec.n_specs, 1);
		assert_true(lk_str_is(f->spec.specs[0].text, "numpy"));
		assert_true(lk_str_is(f->spec.file, path));
		lk_envspec_done(&f->spec);
		unlink(path);
	}
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(environment_files_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(small_files_are_fine, setup, teardown),
		cmocka_unit_test_setup_teardown(pip_and_unknown_keys_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(comments_select, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_files_have_a_position, setup, teardown),
		cmocka_unit_test_setup_teardown(spec_lists_are_read, setup, teardown),
		cmocka_unit_test(selectors_apply_to_platforms),
		cmocka_unit_test_setup_teardown(files_are_told_by_their_name, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

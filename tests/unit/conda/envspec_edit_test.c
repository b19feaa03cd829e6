/*
 * Edits of environment files, byte for byte: what is asked for changes, nothing else does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/vec.h"
#include "conda/envspec_edit.h"

enum op {
	ADD,
	REMOVE,
	CHANNEL,
	LIST_ADD, /* the same to a list of specs */
	LIST_REMOVE,
	LIST_CHANNEL,
};

struct edit {
	const char *title;
	enum op op;
	const char *what;
	const char *before;
	const char *after; /* NULL: refused; equal to `before`: there already */
};

#define HEAD "name: x\nchannels:\n- conda-forge\n"

static const struct edit edits[] = {
	{"behind the last", ADD, "numpy >=2", HEAD "dependencies:\n- python\n- scipy  # why\n",
		HEAD "dependencies:\n- python\n- scipy  # why\n- numpy >=2\n"},
	{"indented", ADD, "numpy", HEAD "dependencies:\n    -   python\n\n# end\n",
		HEAD "dependencies:\n    -   python\n    -   numpy\n\n# end\n"},
	{"before pip", ADD, "numpy",
		"dependencies:\n  - python\n  - pip:\n    - left-pad\n  # tail\n",
		"dependencies:\n  - python\n  - numpy\n  - pip:\n    - left-pad\n  # tail\n"},
	{"before pip alone", ADD, "numpy", "dependencies:\n  - pip:\n    - left-pad\n",
		"dependencies:\n  - numpy\n  - pip:\n    - left-pad\n"},
	{"before a selector alone", ADD, "numpy", "dependencies:\n  - sel(win): x\n",
		"dependencies:\n  - numpy\n  - sel(win): x\n"},
	{"no line break at the end", ADD, "numpy", "dependencies:\n- python",
		"dependencies:\n- python\n- numpy"},
	{"carriage returns", ADD, "numpy", "dependencies:\r\n- python\r\nname: x\r\n",
		"dependencies:\r\n- python\r\n- numpy\r\nname: x\r\n"},
	{"a byte order mark", ADD, "numpy",
		"\xef\xbb\xbf"
		"dependencies:\n- python\nname: x\n",
		"\xef\xbb\xbf"
		"dependencies:\n- python\n- numpy\nname: x\n"},
	{"a byte order mark, in brackets", ADD, "numpy",
		"\xef\xbb\xbf"
		"dependencies: [python]\n",
		"\xef\xbb\xbf"
		"dependencies: [python, numpy]\n"},
	{"a byte order mark, nothing to do", ADD, "numpy",
		"\xef\xbb\xbf"
		"dependencies: [numpy]\n",
		"\xef\xbb\xbf"
		"dependencies: [numpy]\n"},
	{"a byte order mark, out", REMOVE, "numpy",
		"\xef\xbb\xbf"
		"dependencies:\n- a\n- numpy\n",
		"\xef\xbb\xbf"
		"dependencies:\n- a\n"},
	{"carriage returns, no end", ADD, "numpy", "name: x\r\ndependencies:\r\n- python",
		"name: x\r\ndependencies:\r\n- python\r\n- numpy"},
	{"quoted like its neighbour", ADD, "numpy", "dependencies:\n- \"python\"\n",
		"dependencies:\n- \"python\"\n- \"numpy\"\n"},
	{"quoted where it must be", ADD, "numpy[version='>=1', build=*cu*]",
		"dependencies: [python]\n",
		"dependencies: [python, 'numpy[version=''>=1'', build=*cu*]']\n"},
	{"quoted like a number", ADD, "7", "dependencies:\n- a\n", "dependencies:\n- a\n- '7'\n"},
	{"brackets", ADD, "numpy", "dependencies: [python, scipy]  # x\n",
		"dependencies: [python, scipy, numpy]  # x\n"},
	{"brackets, comma at the end", ADD, "numpy", "dependencies: [python, ]\n",
		"dependencies: [python, numpy, ]\n"},
	{"empty brackets", ADD, "numpy", "dependencies: []\n", "dependencies: [numpy]\n"},
	{"brackets with pip", ADD, "numpy", "dependencies: [python, {pip: [x]}]\n",
		"dependencies: [python, numpy, {pip: [x]}]\n"},
	{"brackets with pip alone", ADD, "numpy", "dependencies: [{pip: [x]}]\n",
		"dependencies: [numpy, {pip: [x]}]\n"},
	{"brackets over lines", ADD, "numpy", "dependencies: [\n  python,  # a\n  scipy  # b\n]\n",
		"dependencies: [\n  python,  # a\n  scipy,  # b\n  numpy\n]\n"},
	{"brackets over lines, comma", ADD, "numpy",
		"dependencies: [\n  python,\n  scipy, # b\n]\n",
		"dependencies: [\n  python,\n  scipy, # b\n  numpy,\n]\n"},
	{"all in brackets", ADD, "numpy", "{name: x, dependencies: [python]}\n",
		"{name: x, dependencies: [python, numpy]}\n"},
	{"all in brackets, none yet", ADD, "numpy", "{name: x}\n", NULL},
	{"nothing yet", ADD, "numpy", "", "dependencies:\n  - numpy\n"},
	{"no dependencies yet", ADD, "numpy", HEAD, HEAD "dependencies:\n- numpy\n"},
	{"no dependencies yet, no end", ADD, "numpy", "name: x",
		"name: x\ndependencies:\n  - numpy\n"},
	{"a key without value", ADD, "numpy", "dependencies:  # none\nchannels:\n    - a\n",
		"dependencies:  # none\n    - numpy\nchannels:\n    - a\n"},
	{"a key with null", ADD, "numpy", "dependencies: null\n", NULL},
	{"behind the end of the document", ADD, "numpy", "name: x\n...\n", NULL},
	{"there already", ADD, "numpy", "dependencies:\n- numpy >=2  # why\n",
		"dependencies:\n- numpy >=2  # why\n"},
	{"there already, otherwise written", ADD, "numpy>=2", "dependencies:\n- numpy >=2\n",
		"dependencies:\n- numpy >=2\n"},
	{"in place", ADD, "numpy >=2", "dependencies:\n- NumPy  # why\n- scipy\n",
		"dependencies:\n- numpy >=2  # why\n- scipy\n"},
	{"in place, quoted", ADD, "numpy 'x'", "dependencies:\n- 'numpy'\n", NULL},
	{"in place in brackets", ADD, "numpy >=2,<3", "dependencies: [ numpy , scipy]\n",
		"dependencies: [ 'numpy >=2,<3' , scipy]\n"},
	{"in place in double quotes", ADD, "numpy=2", "dependencies: [\"numpy=1\",b]\n",
		"dependencies: [\"numpy=2\",b]\n"},
	{"for one platform", ADD, "numpy=2", "dependencies:\n- numpy  # [linux]\n", NULL},
	{"for one platform, by section", ADD, "numpy=2", "dependencies:\n- sel(osx): numpy\n",
		NULL},
	{"twice", ADD, "numpy=2", "dependencies:\n- numpy\n- numpy <3\n", NULL},
	{"over two lines", ADD, "numpy=2", "dependencies:\n- numpy\n    >=1\n", NULL},
	{"a block", ADD, "numpy=2", "dependencies:\n- >-\n  numpy\n", NULL},
	{"behind a block", ADD, "numpy", "dependencies:\n- a\n- >-\n  b\n",
		"dependencies:\n- a\n- numpy\n- >-\n  b\n"},
	{"a selector that would hold for it", ADD, "numpy", "dependencies: [a]  # [linux]\n", NULL},
	{"a line that is no spec", ADD, "numpy", "dependencies:\n- '=='\n", NULL},
	{"a spec that is none", ADD, "numpy >=", "dependencies: []\n", NULL},
	{"a spec with a pattern", ADD, "num*", "dependencies: []\n", NULL},
	{"a spec with a line break", ADD, "numpy\n- evil", "dependencies: []\n", NULL},
	{"characters of several bytes", ADD, "numpy", "dependencies: [a, {pip: [\"é\"]}, b]\n",
		"dependencies: [a, {pip: [\"é\"]}, b, numpy]\n"},
	{"several bytes before it", ADD, "b=2", "{name: \"éé\", dependencies: [b]}\n",
		"{name: \"éé\", dependencies: [b=2]}\n"},

	{"a line", REMOVE, "numpy", "dependencies:\n- a\n- numpy >=2  # why\n# b\n- b\n",
		"dependencies:\n- a\n# b\n- b\n"},
	{"the last line", REMOVE, "numpy", "dependencies:\n- a\n- numpy", "dependencies:\n- a"},
	{"the last line, carriage returns", REMOVE, "numpy", "dependencies:\r\n- a\r\n- numpy",
		"dependencies:\r\n- a"},
	{"the only one", REMOVE, "numpy", "dependencies:\n- numpy\n", "dependencies:\n"},
	{"every line", REMOVE, "numpy",
		"dependencies:\n- numpy # [linux]\n- a\n- sel(osx): numpy <2\n- numpy-base\n",
		"dependencies:\n- a\n- numpy-base\n"},
	{"of a mapping", REMOVE, "numpy", "dependencies:\n- sel(osx): numpy\n  sel(win): b\n",
		NULL},
	{"first in brackets", REMOVE, "a", "dependencies: [a, b, c]\n", "dependencies: [b, c]\n"},
	{"middle in brackets", REMOVE, "b", "dependencies: [ a, b, c]\n",
		"dependencies: [ a, c]\n"},
	{"last in brackets", REMOVE, "c", "dependencies: [a, 'b' , c ]\n",
		"dependencies: [a, 'b'  ]\n"},
	{"only one in brackets", REMOVE, "a", "dependencies: [ a ]\n", "dependencies: [  ]\n"},
	{"own line in brackets", REMOVE, "b", "dependencies: [\n  a,  # x\n  b,  # y\n  c\n]\n",
		"dependencies: [\n  a,  # x\n  c\n]\n"},
	{"own last line in brackets", REMOVE, "c", "dependencies: [\n  a,  # x\n  c\n]\n",
		"dependencies: [\n  a,  # x\n]\n"},
	{"end of a line in brackets", REMOVE, "b", "dependencies: [a, b,\n  c]\n",
		"dependencies: [a,\n  c]\n"},
	{"behind a comment in brackets", REMOVE, "c", "dependencies: [a,  # x\n  c]\n", NULL},
	{"in a mapping in brackets", REMOVE, "c", "dependencies: [a, {sel(osx): c}]\n", NULL},
	{"not there", REMOVE, "nump", "dependencies: [numpy]\n", NULL},
	{"for pip", REMOVE, "left-pad", "dependencies:\n- a\n- pip:\n  - Left-Pad==1\n", NULL},

	{"a channel", CHANNEL, "bioconda", "channels:\n  - conda-forge\n  - nodefaults\n",
		"channels:\n  - conda-forge\n  - nodefaults\n  - bioconda\n"},
	{"a channel in brackets", CHANNEL, "https://h/x", "channels: [conda-forge]\n",
		"channels: [conda-forge, https://h/x]\n"},
	{"a channel there already", CHANNEL, "a", "channels: [a]\n", "channels: [a]\n"},
	{"the first channel", CHANNEL, "a", "dependencies:\n    - b\n",
		"dependencies:\n    - b\nchannels:\n    - a\n"},

	{"to a list", LIST_ADD, "numpy >=2", "# x\npython\n", "# x\npython\nnumpy >=2\n"},
	{"to a list without end", LIST_ADD, "numpy", "python", "python\nnumpy"},
	{"to an empty list", LIST_ADD, "numpy", "", "numpy\n"},
	{"in place in a list", LIST_ADD, "numpy >=2", "  numpy \r\nb\r\n", "  numpy >=2 \r\nb\r\n"},
	{"from a list", LIST_REMOVE, "numpy", "a\nnumpy 1\n#\nb\n", "a\n#\nb\n"},
	{"to archives", LIST_ADD, "numpy", "@EXPLICIT\n", NULL},
	{"a channel to a list", LIST_CHANNEL, "a", "b\n", NULL},
};

static int apply(const struct edit *edit, struct lk_buf *out, enum lk_envspec_effect *effect,
	struct lk_error *err)
{
	bool list = edit->op >= LIST_ADD;
	const struct lk_envspec_file file = {
		list ? "specs.txt" : "environment.yml", lk_str_of(edit->before), !list};
	lk_str what = lk_str_of(edit->what);

	*effect = LK_ENVSPEC_REPLACED;
	switch (edit->op) {
	case ADD:
	case LIST_ADD:
		return lk_envspec_add(&file, what, out, effect, err);
	case REMOVE:
	case LIST_REMOVE:
		return lk_envspec_remove(&file, what, out, err);
	default:
		return lk_envspec_add_channel(&file, what, out, effect, err);
	}
}

static void test_edits(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(edits); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 20);
		struct lk_error err = LK_ERROR_INIT;
		enum lk_envspec_effect effect;
		int rc = apply(&edits[i], &out, &effect, &err);
		lk_str want = lk_str_of(edits[i].after ? edits[i].after : "");
		bool same = edits[i].after && lk_str_is(want, edits[i].before);
		bool good = (rc == 0) == (edits[i].after != NULL) &&
			lk_str_eq(lk_buf_view(&out), want) &&
			(rc < 0 || same == (effect == LK_ENVSPEC_SAME));

		if (!good) {
			print_message("%s: %d %s:%u: %s\n%s", edits[i].title, rc, err.file,
				err.line, err.message, lk_buf_cstr(&out));
			failed++;
		}
		assert_true(rc == 0 || (err.message[0] && err.code != LK_E_BUG));
	}
	assert_int_equal(failed, 0);
}

/* The errors say where and what to do. */
static void test_errors(void **state)
{
	static const struct {
		enum op op;
		const char *what, *before, *message;
		unsigned line;
		enum lk_code code;
	} wrong[] = {
		{ADD, "numpy=2", "dependencies:\n- numpy # [osx]\n", "on some platforms alone", 2,
			LK_E_USAGE},
		{ADD, "numpy=2", "dependencies:\n- numpy\n- numpy\n", "another line", 3,
			LK_E_USAGE},
		{ADD, "numpy=2", "dependencies:\n- numpy\n   1\n", "several lines", 2, LK_E_USAGE},
		{ADD, "a", "dependencies:\n- 'b ='\n", "", 2, LK_E_FORMAT},
		{ADD, "a", "dependencies: 1\n", "must be a list", 1, LK_E_FORMAT},
		{REMOVE, "b", "dependencies: [a]\n", "does not ask for 'b'", 0, LK_E_NOT_FOUND},
		{REMOVE, "b_c", "dependencies:\n- pip:\n  - B_c[x]>1\n", "is for pip", 3,
			LK_E_USAGE},
	};

	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(wrong); i++) {
		const struct edit edit = {"", wrong[i].op, wrong[i].what, wrong[i].before, NULL};
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 20);
		struct lk_error err = LK_ERROR_INIT;
		enum lk_envspec_effect effect;

		assert_int_equal(apply(&edit, &out, &effect, &err), wrong[i].code);
		assert_non_null(strstr(err.message, wrong[i].message));
		assert_int_equal(err.line, wrong[i].line);
		assert_int_equal(out.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

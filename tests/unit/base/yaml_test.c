/*
 * YAML read: the tree with its positions, and everything that is refused.
 */
#include "base/yaml.h"

#include "tests/unit/base/base_test.h"

static const struct lk_yaml_limits limits = {1000, 6, 0};

static void put_tree(struct lk_buf *out, const struct lk_yaml *node)
{
	if (node->key.ptr) {
		lk_buf_appendf(out, LK_STR_FMT "@%u:%u ", LK_STR_ARG(node->key), node->key_line,
			node->key_column);
	}
	lk_buf_appendf(out, "%u:%u", node->line, node->column);
	if (node->kind == LK_YAML_NULL) {
		lk_buf_puts(out, "null ");
	} else if (node->kind == LK_YAML_SCALAR) {
		lk_buf_appendf(out, node->quoted ? "'" LK_STR_FMT "' " : "<" LK_STR_FMT "> ",
			LK_STR_ARG(node->text));
		assert_int_equal(node->text.ptr[node->text.len], '\0');
	} else {
		size_t n = 0;
		lk_buf_putc(out, node->kind == LK_YAML_MAPPING ? '{' : '[');
		for (const struct lk_yaml *child = node->first; child; child = child->next) {
			put_tree(out, child);
			n++;
		}
		assert_int_equal(n, node->n_children);
		lk_buf_puts(out, node->kind == LK_YAML_MAPPING ? "} " : "] ");
	}
}

static void test_trees(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *tree;
	} rows[] = {
		{"", "1:1null "},
		{"# only a comment\n", "1:1null "},
		{"a", "1:1<a> "},
		{"---\na\n...\n", "2:1<a> "},
		{"%YAML 1.2\n---\na\n", "3:1<a> "},
		{"\xef\xbb\xbf"
		 "a: b",
			"1:1{a@1:1 1:4<b> } "},
		{"a: 1\nb:\n- x\n- 'y'\n", "1:1{a@1:1 1:4<1> b@2:1 3:1[3:3<x> 4:3'y' ] } "},
		{"a: {b: [], c: {}}", "1:1{a@1:1 1:4{b@1:5 1:8[] c@1:12 1:15{} } } "},
		{"a:\nb: ~\nc: null\nd: ''\n\"\": 1",
			"1:1{a@1:1 1:3null b@2:1 2:4null c@3:1 3:4null d@4:1 4:4'' @5:1 "
			"5:5<1> } "},
		{"a: |\n  x\n  y\n", "1:1{a@1:1 1:4'x\ny\n' } "},
		{"a: x\n  y\r\nb: \"\\u00e9\\\"\"\r\n",
			"1:1{a@1:1 1:4<x y> b@3:1 3:4'\xc3\xa9\"' } "},
		{"- pip:\n  - x\n- __glibc >=2.17,<3.0.a0\n",
			"1:1[1:3{pip@1:3 2:3[2:5<x> ] } 3:3<__glibc >=2.17,<3.0.a0> ] "},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_yaml_doc doc;
		struct lk_buf tree = LK_BUF_INIT(1000);
		assert_ok(lk_yaml_parse(lk_str_of(rows[i].text), "f", &limits, &doc, &err), err);
		put_tree(&tree, doc.root);
		assert_string_equal(lk_buf_cstr(&tree), rows[i].tree);
		lk_buf_done(&tree);
		lk_yaml_doc_done(&doc);
	}
}

static const struct lk_yaml_limits with_aliases = {1000, 6, 6};

static void test_aliases(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *tree; /* NULL: refused as `said` at `column` of line 1 */
		unsigned column;
		const char *said;
	} rows[] = {
		{"[&x a, *x, *x]", "1:1[1:2<a> 1:8<a> 1:12<a> ] ", 0, NULL},
		{"{a: &x {k: [v]}, b: *x}",
			"1:1{a@1:2 1:5{k@1:9 1:12[1:13<v> ] } b@1:18 1:21{k@1:9 1:12[1:13<v> ] } "
			"} ",
			0, NULL},
		{"[&x a, &x b, *x]", "1:1[1:2<a> 1:8<b> 1:14<b> ] ", 0, NULL},
		{"[&x [1, 2], *x, *x]",
			"1:1[1:2[1:6<1> 1:9<2> ] 1:13[1:6<1> 1:9<2> ] 1:17[1:6<1> "
			"1:9<2> ] ] ",
			0, NULL},
		{"[&x [1, 2, 3], *x, *x]", NULL, 20, "too much"},
		{"[*x]", NULL, 2, "stands for nothing"},
		{"&x [*x]", NULL, 5, "stands for nothing"},
		{"[&x a, {*x : b}]", NULL, 9, "a key must be plain text"},
		{"[[[[&x [[1]], [*x]]]]]", NULL, 16, "too much"},
		{"[!!str a]", NULL, 2, "tags"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_yaml_doc doc;
		struct lk_buf tree = LK_BUF_INIT(1000);
		int rc = lk_yaml_parse(lk_str_of(rows[i].text), "f", &with_aliases, &doc, &err);
		if (!rows[i].tree) {
			assert_int_equal(rc, LK_E_FORMAT);
			assert_int_equal(err.column, rows[i].column);
			assert_non_null(strstr(err.message, rows[i].said));
			continue;
		}
		assert_ok(rc, err);
		put_tree(&tree, doc.root);
		assert_string_equal(lk_buf_cstr(&tree), rows[i].tree);
		lk_buf_done(&tree);
		lk_yaml_doc_done(&doc);
	}
}

static const struct {
	const char *text;
	unsigned line;
	unsigned column;
	const char *said;
} refused[] = {
	{"a: 1\nb: 2\na: 3", 3, 1, "the key 'a' is already on line 1"},
	{"{a: {b: 1, 'b': 2}}", 1, 12, "already"},
	{"a: &x 1", 1, 4, "anchors"},
	{"a: *x", 1, 4, "aliases"},
	{"&x [1]", 1, 1, "anchors"},
	{"&x a: 1", 1, 1, "anchors"},
	{"a: !!int 1", 1, 4, "tags"},
	{"a: ! 1", 1, 4, "tags"},
	{"!foo {}", 1, 1, "tags"},
	{"a\n---\nb", 2, 1, "second document"},
	{"---\n---\n", 2, 1, "second document"},
	{"? [a]\n: b", 1, 3, "a key must be plain text"},
	{"{a: 1}: b", 1, 1, "a key must be plain text"},
	{"?\n: b", 1, 2, "a key is missing"},
	{"[[[[[[[1]]]]]]]", 1, 7, "deeper than 6"},
	{"a: \"\\0\"", 1, 4, "NUL"},
	{"\"\\0\": a", 1, 1, "NUL"},
	{"a: b: c", 1, 5, "mapping values"},
	{"\xc3\xa9: b: c", 1, 6, "mapping values"},
	{"a: [b\n", 2, 1, "expected ',' or ']'"},
	{"a: 'b\n", 2, 1, "unexpected end of stream"},
	{"a: \"\\q\"", 1, 5, "unknown escape"},
	{"a:\n\t- b", 2, 1, "cannot start any token"},
	{"a: @b", 1, 4, "cannot start any token"},
	{"a: 1\nb: \xff", 2, 4, "UTF-8"},
	{"a: \x01", 1, 4, "control characters"},
	{"a: 1 # x\rb: 2", 1, 9, "line break"},
	{"a: 1 # x\xc2\x85"
	 "b: 2",
		1, 9, "line break"},
	{"a: 1\n# x\xe2\x80\xa8"
	 "b: 2",
		2, 4, "line break"},
	{"\xff\xfe"
	 "a\0:\0",
		1, 1, "UTF-8"},
	{"%TAG ! x\n---\na", 1, 1, "tag directives"},
	{"a\n...\n%TAG ! x\n---\na", 3, 1, "tag directives"},
	{"%YAML 3.0\n---\na", 1, 1, "incompatible"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(refused); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_yaml_doc doc;
		int rc = lk_yaml_parse(lk_str_of(refused[i].text), "f.yml", &limits, &doc, &err);
		if (rc != LK_E_FORMAT || !strstr(err.message, refused[i].said) ||
			err.line != refused[i].line || err.column != refused[i].column) {
			fail_msg("%s: %d %u:%u: %s", refused[i].text, rc, err.line, err.column,
				err.message);
		}
		assert_string_equal(err.file, "f.yml");
		lk_str line = lk_line_of(lk_str_of(refused[i].text), err.line);
		assert_text(line, err.excerpt);
	}
	struct lk_error err = LK_ERROR_INIT;
	struct lk_yaml_doc doc;
	assert_int_equal(lk_yaml_parse(lk_str_n("a\0b", 3), "f", &limits, &doc, &err), LK_E_FORMAT);
}

static void test_limits(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_yaml_doc doc;
	char text[1002];
	memset(text, 'a', sizeof(text));
	assert_int_equal(
		lk_yaml_parse(lk_str_n(text, 1001), "f", &limits, &doc, &err), LK_E_FORMAT);
	assert_string_equal(err.message, "larger than 1000 bytes");
	assert_ok(lk_yaml_parse(lk_str_n(text, 1000), "f", &limits, &doc, &err), err);
	lk_yaml_doc_done(&doc);
	/* Depth and size that would take libyaml long if it were let. */
	static const char *const units[] = {
		"[", "- ", "{a: ", "[a, ", "? ", "a: [", "%TAG !a! b\n"};
	const struct lk_yaml_limits wide = {10000000, 16, 0};
	for (size_t i = 0; i < LK_COUNTOF(units); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) bomb = LK_BUF_INIT(10000000);
		for (size_t k = 0; k < 300000; k++) {
			lk_buf_puts(&bomb, units[i]);
		}
		assert_int_equal(
			lk_yaml_parse(lk_buf_view(&bomb), "f", &wide, &doc, &err), LK_E_FORMAT);
	}
}

static void test_get_and_fail(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_yaml_doc doc;
	lk_str text = LK_STR("one: 1\n\xc3\xa9\xc3\xa9: [ x ]\n");
	assert_ok(lk_yaml_parse(text, "f.yml", &limits, &doc, &err), err);
	const struct lk_yaml *list = lk_yaml_get(doc.root, "\xc3\xa9\xc3\xa9");
	assert_non_null(list);
	assert_null(lk_yaml_get(doc.root, "two"));
	assert_null(lk_yaml_get(list, "x"));
	assert_null(lk_yaml_get(NULL, "x"));
	assert_int_equal(lk_yaml_fail(&doc, list->first, &err, "no %s", "good"), LK_E_FORMAT);
	assert_string_equal(err.message, "no good");
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 9); /* bytes */
	assert_string_equal(err.excerpt, "\xc3\xa9\xc3\xa9: [ x ]");
	lk_yaml_fail(&doc, NULL, &err, "nowhere");
	assert_int_equal(err.line, 0);
	assert_string_equal(err.file, "f.yml");
	lk_yaml_doc_done(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_get_and_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

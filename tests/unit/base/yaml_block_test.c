/*
 * The fast reader of our own style of YAML: the tree that libyaml gives, or none.
 */
#include "base/yaml.h"

#include "tests/support/yaml_same.h"
#include "tests/unit/base/base_test.h"

static const struct lk_yaml_limits limits = {1 << 20, 8, 0};

/* Whole documents that are taken, closed sequences and all. */
static const char *const taken[] = {
	"a: b\n",
	"# one\n# two: [\nkey-1: x y\n_k.2: 'it''s'\nempty: ''\n",
	"list:\n- a\n- 'b: c'\n- __glibc >=2.17,<3.0.a0\nnext: b\n",
	"map:\n  inner:\n    deep: x\n    list:\n    - y\nend: z\n",
	"none: []\nalso: {}\n",
	"a: ~\nb: null\nc: NULL\nd: nulL\n",
	"url: https://host:80/a#b?c\n",
	"v: 1:2\n",
	"things:\n- name: a\n  list:\n  - x\n  map:\n    k: v\n- plain\n- {}\nend: 1\n",
	"things:\n- name: b\n  inner:\n  - p: 1\n    q: 2\n  - p: 3\n",
	"quotes: ''''\nmore: 'a''''b'\nspaces: '  a  '\n",
	"t: a\\tb \"c\" 'd' {e} [f] , ! & * | > % @ ` ? - z\n",
};

/* YAML, or nearly so, that libyaml is left with. */
static const char *const left[] = {
	"",
	"\n",
	"# only a comment\n",
	"a\n",
	"- a\n",
	"a: b",
	"a: b\r\n",
	"a: b \n",
	"a:  b\n",
	"a: b\n\nc: d\n",
	"a: b\n# late\nc: d\n",
	"a: b # c\n",
	"a: b: c\n",
	"a: b:\n",
	"a: #c\n",
	"a:\n",
	"a:\nb: c\n",
	"a: - b\n",
	"a: -b\n",
	"a: [b]\n",
	"a: {b: c}\n",
	"a: \"b\"\n",
	"a: |\n  b\n",
	"a: >-\n  b\n",
	"a: &x b\n",
	"a: *x\n",
	"a: !t b\n",
	"a: 'b\n",
	"a: 'b' c\n",
	"a: 'b'c'\n",
	"a: '\n",
	"a: b\n  c\n",
	"a:\n   b: c\n",
	"a:\n b: c\n",
	"a:\n  - b\n",
	"a:\n- b\n  c\n",
	"a:\n-\n",
	"a:\n- \n",
	"a:\n- - b\n",
	"a:\n- b\n - c\n",
	"a: b\na: c\n",
	"'a': b\n",
	"\"a\": b\n",
	"a b: c\n",
	"? a\n: b\n",
	"-a: b\n",
	".a: b\n",
	"a : b\n",
	"a\t: b\n",
	"a:\tb\n",
	"a: b\tc\n",
	"a: \xc3\xa9\n",
	"\xef\xbb\xbf_: b\n",
	"a: \x01\n",
	"a: \x7f\n",
	"---\na: b\n",
	"a: b\n...\n",
	"a: b\n---\nc: d\n",
	"%YAML 1.2\n---\na: b\n",
	" a: b\n",
	"a: b\n c: d\n",
	"a: @b\n",
	"a: `b\n",
	"a: %b\n",
	"a: ,b\n",
	"a:\n  b: c\n d: e\n",
	"<<<<<<< a: b\n",
	"=======\n",
	">>>>>>> a: b\n",
	"a:\n  - b: c\n",
	"a: b\n- c\n",
	"a:\n- b: c\n- d\n  e\nf: g\n",
	"a:\n- b: c\n- b: c\n  b: d\n",
	"a:\n- b: c\n # d\n",
	"a:\n- b: c\n\n- d: e\n",
};

static void test_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(taken); i++) {
		if (yaml_block_compare(lk_str_of(taken[i]), &limits) != YAML_SAME) {
			fail_msg("not taken:\n%s", taken[i]);
		}
	}
}

static void test_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(left); i++) {
		if (yaml_block_compare(lk_str_of(left[i]), &limits) != YAML_LEFT) {
			fail_msg("not left to libyaml:\n%s", left[i]);
		}
	}
}

static enum yaml_verdict compare_and_clear(struct lk_buf *text)
{
	enum yaml_verdict verdict = yaml_block_compare(lk_buf_view(text), &limits);
	lk_buf_clear(text);
	return verdict;
}

static void test_depth(void **state)
{
	(void)state;
	/* libyaml takes one level more: it needs no room for an empty list in the innermost. */
	static const struct {
		unsigned levels;
		enum yaml_verdict verdict;
	} rows[] = {{7, YAML_SAME}, {8, YAML_LEFT}, {100, YAML_LEFT}};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(100000);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		for (unsigned k = 1; k <= rows[i].levels; k++) {
			lk_buf_appendf(&text, "%*sk:%s\n", 2 * (int)(k - 1), "",
				k == rows[i].levels ? " v" : "");
		}
		assert_int_equal(compare_and_clear(&text), rows[i].verdict);
	}
}

static void test_sizes(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(2 << 20);
	for (unsigned n = 32; n <= 33; n++) {
		for (unsigned i = 0; i < n; i++) {
			lk_buf_appendf(&text, "k%u: v\n", i);
		}
		assert_int_equal(compare_and_clear(&text), n == 32 ? YAML_SAME : YAML_LEFT);
	}
	for (int n = 128; n <= 129; n++) {
		lk_buf_appendf(&text, "%0*d: v\n", n, 0);
		assert_int_equal(compare_and_clear(&text), n == 128 ? YAML_SAME : YAML_LEFT);
	}
	lk_buf_appendf(&text, "k: %0*d\n", (1 << 20) - 4, 0);
	assert_int_equal(compare_and_clear(&text), YAML_SAME);
	lk_buf_appendf(&text, "k: %0*d\n", (1 << 20) - 3, 0);
	assert_int_equal(compare_and_clear(&text), YAML_LEFT);
}

/* Items larger than the nodes that are kept for them. */
static void test_large_items(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1 << 20);
	lk_buf_puts(&text, "things:\n");
	for (unsigned i = 0; i < 3; i++) {
		lk_buf_puts(&text, "- list:\n");
		for (unsigned k = 0; k < 1000; k++) {
			lk_buf_appendf(&text, "  - a%u\n", k);
		}
	}
	assert_int_equal(compare_and_clear(&text), YAML_SAME);
}

/* A sequence of mappings is counted and not looked into; each of its items is, in its turn. */
static void test_closed(void **state)
{
	(void)state;
	lk_str source = LK_STR("a:\n- b: c\n- b: d\n- b: &\ne: f\n");
	struct lk_error err = LK_ERROR_INIT;
	struct lk_yaml_doc doc;
	struct lk_yaml_items items;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_yaml *item;
	assert_true(lk_yaml_block_parse(source, "f", &limits, &doc));
	const struct lk_yaml *list = lk_yaml_get(doc.root, "a");
	assert_non_null(list->closed);
	assert_null(list->first);
	assert_int_equal(list->n_children, 3);
	lk_yaml_items_init(&items, list, &arena);
	assert_int_equal(lk_yaml_items_next(&items, &item, &err), 1);
	assert_text(lk_yaml_get(item, "b")->text, "c");
	assert_int_equal(lk_yaml_items_next(&items, &item, &err), 1);
	assert_text(lk_yaml_get(item, "b")->text, "d");
	assert_int_equal(lk_yaml_get(item, "b")->line, 3);
	assert_int_equal(lk_yaml_items_next(&items, &item, &err), LK_E_FORMAT);
	lk_yaml_doc_done(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_large_items),
		cmocka_unit_test(test_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

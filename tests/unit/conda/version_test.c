/*
 * Versions: the vectors of order and of refusal, total order on random versions, columns of errors.
 */
#include "conda/version.h"

#include "tests/unit/conda/vectors.h"

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
};

static const struct lk_version *parse(struct fixture *f, lk_str text)
{
	const struct lk_version *version = NULL;
	if (lk_version_parse(text, &f->arena, &version, &f->err) < 0) {
		fail_msg("'" LK_STR_FMT "': %s", LK_STR_ARG(text), f->err.message);
	}
	return version;
}

static char sign_of(int order)
{
	return order < 0 ? '<' : (order > 0 ? '>' : '=');
}

static void check_pair(struct fixture *f, lk_str a, lk_str b, char expected)
{
	const struct lk_version *x = parse(f, a);
	const struct lk_version *y = parse(f, b);
	char back = expected == '<' ? '>' : (expected == '>' ? '<' : '=');
	if (sign_of(lk_version_cmp(x, y)) != expected || sign_of(lk_version_cmp(y, x)) != back ||
		lk_version_eq(x, y) != (expected == '=')) {
		fail_msg(LK_STR_FMT " %c " LK_STR_FMT " does not hold", LK_STR_ARG(a), expected,
			LK_STR_ARG(b));
	}
}

/* Lines whose left side is the line before's right side form a chain: then all pairs are compared.
 */
static void order_vectors_hold(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	struct vectors LK_CLEANUP(vectors_done) v = vectors_read("version_order.txt", 3);
	size_t start = 0;
	for (size_t i = 0; i < v.len; i++) {
		if (i > 0 && !lk_str_eq(v.rows[i].field[0], v.rows[i - 1].field[1])) {
			start = i;
		}
		char expected = '=';
		for (size_t from = i + 1; from-- > start;) {
			expected = v.rows[from].field[2].ptr[0] == '<' ? '<' : expected;
			check_pair(&f, v.rows[from].field[0], v.rows[i].field[1], expected);
		}
	}
	assert_int_equal(v.len, 101);
	lk_arena_done(&f.arena);
	(void)state;
}

static void invalid_versions_are_refused(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	struct vectors LK_CLEANUP(vectors_done) v = vectors_read("version_invalid.txt", 1);
	const struct lk_version *version = NULL;
	for (size_t i = 0; i < v.len; i++) {
		lk_str text = v.rows[i].field[0];
		if (lk_version_parse(text, &f.arena, &version, &f.err) != LK_E_FORMAT) {
			fail_msg("'" LK_STR_FMT "' was accepted", LK_STR_ARG(text));
		}
		assert_in_range(f.err.column, 1, text.len + 1);
	}
	assert_int_equal(v.len, 7);
	assert_null(version); /* untouched on failure */
	lk_arena_done(&f.arena);
	(void)state;
}

static void errors_carry_the_column(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *says;
	} table[] = {
		{"", 1, "empty"},
		{"  ", 1, "empty"},
		{"1..2", 3, "segment is empty"},
		{" 1..2", 4, "segment is empty"},
		{"1.2.", 5, "segment is empty"},
		{".1", 1, "segment is empty"},
		{"0!1!1", 4, "two epochs"},
		{"a!1", 1, "epoch is not an integer"},
		{"!1", 1, "epoch is not an integer"},
		{"1!", 3, "segment is empty"},
		{"1.0+_", 5, "segment is empty"},
		{"1+", 3, "segment is empty"},
		{"1+2+3", 4, "two local parts"},
		{"+1", 1, "segment is empty"},
		{"1!+1", 3, "segment is empty"},
		{"1.0_a-b", 6, "may not be mixed"},
		{"1.0.*", 5, "'*' is not allowed"},
		{"1 0", 2, "invalid character"},
		{"1.\xc3\xa9", 3, "invalid character"},
		{"1__", 3, "segment is empty"},
		{"_", 1, "segment is empty"},
		{"1+a!2", 1, "epoch is not an integer"},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_version *version;
		lk_str text = lk_str_of(table[i].text);
		assert_int_equal(lk_version_parse(text, &f.arena, &version, &f.err), LK_E_FORMAT);
		if (f.err.column != table[i].column || !strstr(f.err.message, table[i].says)) {
			fail_msg("'%s': column %u, %s", table[i].text, f.err.column, f.err.message);
		}
		assert_string_equal(f.err.excerpt, table[i].text);
	}
	lk_arena_done(&f.arena);
	(void)state;
}

/* White space is cut off, case folded for the order and kept in the text; NUL is no version. */
static void text_is_kept(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	const struct lk_version *version = parse(&f, LK_STR(" \t1.0RC1\n"));
	assert_true(lk_str_is(lk_version_text(version), "1.0RC1"));
	assert_true(lk_version_eq(version, parse(&f, LK_STR("1.0rc1"))));
	assert_int_equal(
		lk_version_parse(lk_str_n("1\0002", 3), &f.arena, &version, &f.err), LK_E_FORMAT);
	assert_int_equal(f.err.column, 2);
	assert_int_equal(
		lk_version_parse((lk_str){NULL, 0}, &f.arena, &version, &f.err), LK_E_FORMAT);
	lk_arena_done(&f.arena);
	(void)state;
}

/* Runs around the length where the key takes more bytes, up to the limit. */
static void digit_runs_of_any_length(void **state)
{
	static const size_t lengths[] = {
		1, 9, 10, 19, 20, 124, 125, 126, 254, 255, 256, 257, 5000, LK_VERSION_MAX_LEN};
	struct fixture f = {.err = LK_ERROR_INIT};
	static char nines[LK_VERSION_MAX_LEN + 1];
	static char one_zeros[LK_VERSION_MAX_LEN];
	memset(nines, '9', sizeof(nines));
	memset(one_zeros, '0', sizeof(one_zeros));
	one_zeros[0] = '1';
	for (size_t i = 0; i + 1 < LK_COUNTOF(lengths); i++) {
		lk_str small = lk_str_n(nines, lengths[i]);
		check_pair(&f, small, lk_str_n(one_zeros, lengths[i] + 1), '<');
		check_pair(&f, small, lk_str_n(nines, lengths[i + 1]), '<');
		check_pair(&f, small, lk_str_n(nines, lengths[i]), '=');
	}
	const struct lk_version *version;
	assert_int_equal(
		lk_version_parse(lk_str_n(nines, sizeof(nines)), &f.arena, &version, &f.err),
		LK_E_FORMAT);
	assert_non_null(strstr(f.err.message, "longer than"));
	lk_arena_done(&f.arena);
	(void)state;
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Pieces whose neighbourhood is where an order breaks: zeros, specials, glue, epochs, locals. */
static lk_str random_version(struct fixture *f, uint32_t *seed)
{
	static const char *const runs[] = {
		"0", "00", "1", "01", "2", "10", "a", "rc", "dev", "post", "devel", "zz"};
	char text[128];
	struct lk_buf LK_CLEANUP(lk_buf_done) b = LK_BUF_INIT(sizeof(text) - 1);
	if (next_random(seed) % 8 == 0) {
		lk_buf_appendf(&b, "%u!", (unsigned)(next_random(seed) % 2));
	}
	unsigned parts = next_random(seed) % 3 == 0 ? 2 : 1;
	for (unsigned part = 0; part < parts; part++) {
		lk_buf_puts(&b, part == 1 ? "+" : "");
		unsigned segments = 1 + next_random(seed) % 3;
		for (unsigned i = 0; i < segments; i++) {
			lk_buf_puts(&b, i > 0 ? "." : "");
			for (unsigned n = 1 + next_random(seed) % 3; n > 0; n--) {
				lk_buf_puts(&b, runs[next_random(seed) % LK_COUNTOF(runs)]);
			}
		}
		lk_buf_puts(&b, part == 0 && next_random(seed) % 8 == 0 ? "_" : "");
	}
	return lk_str_dup(&f->arena, lk_buf_view(&b));
}

struct placed {
	const struct lk_version *version;
	int place; /* equal versions share one */
};

static int cmp_qsort(const void *a, const void *b)
{
	return lk_version_cmp(
		((const struct placed *)a)->version, ((const struct placed *)b)->version);
}

static void check_places(const struct placed *a, const struct placed *b)
{
	if (sign_of(lk_version_cmp(a->version, b->version)) != sign_of(a->place - b->place)) {
		fail_msg("'" LK_STR_FMT "' and '" LK_STR_FMT "' break the order",
			LK_STR_ARG(lk_version_text(a->version)),
			LK_STR_ARG(lk_version_text(b->version)));
	}
}

/* Sorted once, every pair must agree with its places: that is antisymmetry and transitivity. */
static void order_is_total(void **state)
{
	enum {
		COUNT = 900
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	uint32_t seed = 20240611;
	static struct placed sorted[COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		sorted[i].version = parse(&f, random_version(&f, &seed));
	}
	qsort(sorted, COUNT, sizeof(sorted[0]), cmp_qsort);
	for (size_t i = 1; i < COUNT; i++) {
		bool same = lk_version_eq(sorted[i].version, sorted[i - 1].version);
		sorted[i].place = sorted[i - 1].place + !same;
	}
	for (size_t i = 0; i < (size_t)COUNT * COUNT; i++) {
		check_places(&sorted[i / COUNT], &sorted[i % COUNT]);
	}
	assert_in_range(sorted[COUNT - 1].place, COUNT / 3, COUNT - 2);
	lk_arena_done(&f.arena);
	(void)state;
}

/* What "=PREFIX" takes in: atoms, missing ones, epochs, local parts. */
static void prefixes_hold(void **state)
{
	static const struct {
		const char *version, *prefix;
		bool within;
	} table[] = {
		{"1.0.1c", "1.0.1", true},
		{"1.70", "1.7", false},
		{"1.7", "1.7.0.0", true},
		{"1.7.0.1", "1.7.0.0", false},
		{"0", "0.0", true},
		{"0a", "0", true},
		{"a", "0", true},
		{"a", "0a", true},
		{"1.7a", "1.7a0", true},
		{"1.7", "1.7a", false},
		{"1.7a0b", "1.7a", true},
		{"1.7a", "1.7a0b", false},
		{"1.7.post1", "1.7.post", true},
		{"1.7", "1.7.post", false},
		{"1!1.7", "1.7", false},
		{"1.7", "0!1.7", true},
		{"1.7+1.2", "1.7", true},
		{"1.7+1.2", "1.7+1", true},
		{"1.7+12", "1.7+1", false},
		{"1.7.0+1", "1.7+1", true},
		{"1.7", "1.7+0", true},
		{"1.7.1+1", "1.7+1", false},
		{"1.0.1_", "1.0.1", true},
		{"1.0.1", "1.0.1_", false},
		{"1.0.1_", "1.0.1_", true},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		if (lk_version_starts_with(parse(&f, lk_str_of(table[i].version)),
			    parse(&f, lk_str_of(table[i].prefix))) != table[i].within) {
			fail_msg("%s in %s should be %d", table[i].version, table[i].prefix,
				table[i].within);
		}
	}
	assert_true(lk_version_is_one_segment(parse(&f, LK_STR("3!1rc2+1.2"))));
	assert_false(lk_version_is_one_segment(parse(&f, LK_STR("1.0"))));
	assert_true(lk_version_shares_parent(parse(&f, LK_STR("9")), parse(&f, LK_STR("1"))));
	assert_false(lk_version_shares_parent(parse(&f, LK_STR("1!9")), parse(&f, LK_STR("1"))));
	lk_arena_done(&f.arena);
	(void)state;
}

/* Everything starts with itself and with its own equals; equal versions share all prefixes. */
static void prefixes_agree_with_equality(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	uint32_t seed = 7;
	for (int i = 0; i < 20000; i++) {
		const struct lk_version *a = parse(&f, random_version(&f, &seed));
		const struct lk_version *b = parse(&f, random_version(&f, &seed));
		assert_true(lk_version_starts_with(a, a));
		assert_true(lk_version_shares_parent(a, a));
		if (lk_version_eq(a, b)) {
			assert_true(lk_version_starts_with(a, b));
		}
	}
	lk_arena_done(&f.arena);
	(void)state;
}

/* How far to the front two versions differ, both ways. */
static void steps_hold(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned step;
	} table[] = {
		{"1.2.3", "2.0", 0},
		{"1.2.3", "1.3", 1},
		{"1.2.3", "1.2.4", 2},
		{"1.2", "1.2.0.1", 2},
		{"1", "1.1", 1},
		{"1", "1.0.1", 2},
		{"1.0", "1", 2}, /* equal */
		{"1!1.2", "1.2", 0},
		{"1!1.2", "1!1.3", 1},
		{"9e", "9f", 2},
		{"9e.1", "9f.2", 1},
		{"2024a", "2025a", 0},
		{"2.0rc1", "2.0", 2},
		{"2.dev1", "2.1", 1},
		{"rc1", "1", 0}, /* the number of letters alone is 0 */
		{"1.post1", "1.0", 2},
		{"1.0+1", "1.0+2", 2},
		{"0.9", "0.10", 1},
		{"10.1", "9.1", 0},
		{"01.1", "1.1", 2},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_version *a = parse(&f, lk_str_of(table[i].a));
		const struct lk_version *b = parse(&f, lk_str_of(table[i].b));
		if (lk_version_step(a, b) != table[i].step ||
			lk_version_step(b, a) != table[i].step) {
			fail_msg("%s and %s: %u", table[i].a, table[i].b, lk_version_step(a, b));
		}
	}
	/* Runs of digits of any length. */
	char digits[600];
	memset(digits, '7', sizeof(digits));
	const struct lk_version *a = parse(&f, lk_str_printf(&f.arena, "%.*s.1", 600, digits));
	const struct lk_version *b = parse(&f, lk_str_printf(&f.arena, "%.*s.2", 600, digits));
	const struct lk_version *c = parse(&f, lk_str_printf(&f.arena, "%.*s.1", 599, digits));
	assert_int_equal(lk_version_step(a, b), 1);
	assert_int_equal(lk_version_step(a, c), 0);
	lk_arena_done(&f.arena);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_vectors_hold),
		cmocka_unit_test(invalid_versions_are_refused),
		cmocka_unit_test(errors_carry_the_column),
		cmocka_unit_test(text_is_kept),
		cmocka_unit_test(digit_runs_of_any_length),
		cmocka_unit_test(order_is_total),
		cmocka_unit_test(prefixes_hold),
		cmocka_unit_test(prefixes_agree_with_equality),
		cmocka_unit_test(steps_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

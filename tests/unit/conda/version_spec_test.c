/*
 * Version specs: the vectors, what real channels contain, both degrees of strictness, the canonical
 * form, columns of errors and the limits.
 */
#include "conda/version_spec.h"

#include "conda/pattern.h"
#include "tests/unit/conda/vectors.h"

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
};

static const struct lk_version_spec *parse(
	struct fixture *f, lk_str text, enum lk_spec_origin origin)
{
	const struct lk_version_spec *spec = NULL;
	if (lk_version_spec_parse(text, origin, &f->arena, &spec, &f->err) < 0) {
		fail_msg("'" LK_STR_FMT "': %s", LK_STR_ARG(text), f->err.message);
	}
	return spec;
}

static bool matches(struct fixture *f, const struct lk_version_spec *spec, lk_str text)
{
	const struct lk_version *version = NULL;
	assert_int_equal(lk_version_parse(text, &f->arena, &version, &f->err), 0);
	return lk_version_spec_matches(spec, version);
}

static lk_str canonical(struct fixture *f, const struct lk_version_spec *spec)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(1 << 16);
	lk_version_spec_canonical(spec, &buf);
	return lk_str_dup(&f->arena, lk_buf_view(&buf));
}

/* Parsing the canonical form gives the same form again; returns that second spec. */
static const struct lk_version_spec *canonical_again(
	struct fixture *f, const struct lk_version_spec *spec)
{
	lk_str once = canonical(f, spec);
	const struct lk_version_spec *again = parse(f, once, LK_SPEC_REPODATA);
	lk_str twice = canonical(f, again);
	if (!lk_str_eq(once, twice)) {
		fail_msg("'" LK_STR_FMT "' became '" LK_STR_FMT "'", LK_STR_ARG(once),
			LK_STR_ARG(twice));
	}
	return again;
}

static void match_vectors_hold(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	struct vectors LK_CLEANUP(vectors_done) v = vectors_read("version_spec_match.txt", 3);
	for (size_t i = 0; i < v.len; i++) {
		lk_str text = v.rows[i].field[0];
		bool expected = lk_str_is(v.rows[i].field[2], "yes");
		const struct lk_version_spec *spec = parse(&f, text, LK_SPEC_USER);
		const struct lk_version_spec *again = canonical_again(&f, spec);
		if (matches(&f, spec, v.rows[i].field[1]) != expected ||
			matches(&f, again, v.rows[i].field[1]) != expected) {
			fail_msg("'" LK_STR_FMT "' on " LK_STR_FMT " is not '" LK_STR_FMT "'",
				LK_STR_ARG(text), LK_STR_ARG(v.rows[i].field[1]),
				LK_STR_ARG(v.rows[i].field[2]));
		}
	}
	assert_int_equal(v.len, 102);
	lk_arena_done(&f.arena);
	(void)state;
}

static void invalid_specs_are_refused(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	struct vectors LK_CLEANUP(vectors_done) v = vectors_read("version_spec_invalid.txt", 1);
	const struct lk_version_spec *spec = NULL;
	for (size_t i = 0; i < v.len; i++) {
		for (int origin = LK_SPEC_USER; origin <= LK_SPEC_REPODATA; origin++) {
			lk_str text = v.rows[i].field[0];
			if (lk_version_spec_parse(text, (enum lk_spec_origin)origin, &f.arena,
				    &spec, &f.err) != LK_E_FORMAT) {
				fail_msg("'" LK_STR_FMT "' was accepted", LK_STR_ARG(text));
			}
			assert_in_range(f.err.column, 1, text.len + 1);
		}
	}
	assert_int_equal(v.len, 15);
	assert_null(spec);
	lk_arena_done(&f.arena);
	(void)state;
}

/* What channels contain although no grammar has it. */
static void real_oddities_match(void **state)
{
	static const struct {
		const char *spec, *yes, *no;
	} table[] = {
		{"0.2.18|0.2.18.*.", "0.2.18.5", "0.2.19"},
		{"2023.*.*", "2023.1.0", "2024.1.0"},
		{"==2.7.*.*|>=3.6", "2.7.18", "3.5"},
		{">=2.*.*", "2.0", "1.9"},
		{"=0.*,>=0.4.1", "0.5", "0.4"},
		{"*.*", "1.0", "1"},
		{">=1!164,<1!165", "1!164.5", "165"},
		{"~=2", "3", "1!3"},
		{"~=2", "2", "1.9"},
		{"=*", "1", NULL},
		{"==*", "1", NULL},
		{">=*", "1", NULL},
		{"<=*", "1", NULL},
		{"~=*", "1", NULL},
		{"**", "1", NULL},
		{"!=1.*.1", "1.2.3", "1.2.1"},
		{"==1.*.1", "1.2.1", "1.2.3"},
		{"1.*RC1", "1.0rc1", "1.0rc2"},
		{" ( 1.0 | >= 2 ) , != 2.5 ", "2.6", "2.5"},
		{"1.0 ,\t<2|3", "3", "2"},
		{"^[0-9]{4}\\.(1|2)$", "2024.1", "2024.3"},
		{"^[]*+{[:digit:]]+$", "2024", "2024.3"},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_version_spec *spec =
			parse(&f, lk_str_of(table[i].spec), LK_SPEC_REPODATA);
		const struct lk_version_spec *again = canonical_again(&f, spec);
		if (!matches(&f, spec, lk_str_of(table[i].yes)) ||
			!matches(&f, again, lk_str_of(table[i].yes))) {
			fail_msg("'%s' does not match %s", table[i].spec, table[i].yes);
		}
		if (table[i].no &&
			(matches(&f, spec, lk_str_of(table[i].no)) ||
				matches(&f, again, lk_str_of(table[i].no)))) {
			fail_msg("'%s' matches %s", table[i].spec, table[i].no);
		}
		assert_int_equal(lk_version_spec_is_any(spec), table[i].no == NULL);
	}
	assert_true(matches(&f, NULL, LK_STR("1")));
	assert_true(lk_version_spec_is_any(NULL));
	lk_arena_done(&f.arena);
	(void)state;
}

static void canonical_has_one_spelling(void **state)
{
	static const char *const table[][2] = {
		{"1.0", "==1.0"},
		{" == 1.0", "==1.0"},
		{"=1.0", "=1.0"},
		{"1.0.*", "=1.0"},
		{"1.0*", "=1.0"},
		{"==1.0.*", "=1.0"},
		{"=*", "*"},
		{"*,>=1", ">=1"},
		{"*|>=1", "*"},
		{"*,*", "*"},
		{"(*|1),2", "==2"},
		{"!=1.0*", "!=1.0.*"},
		{">=1.0.*", ">=1.0"},
		{">= 1.0 , < 2.0", ">=1.0,<2.0"},
		{"1.0|=1.2|1.3.*", "1.0|=1.2|=1.3"},
		{"((1.5))", "==1.5"},
		{"(1|2),(3,(4|5))", "(1|2),3,(4|5)"},
		{"(1,2)|3", "1,2|3"},
		{"^1 2$|1.*.2", "^1 2$|1.*.2"},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_version_spec *spec =
			parse(&f, lk_str_of(table[i][0]), LK_SPEC_USER);
		lk_str got = canonical(&f, spec);
		if (!lk_str_is(got, table[i][1])) {
			fail_msg("'%s' became '" LK_STR_FMT "'", table[i][0], LK_STR_ARG(got));
		}
		canonical_again(&f, spec);
	}
	lk_arena_done(&f.arena);
	(void)state;
}

static void dropped_stars_are_told(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	assert_true(lk_version_spec_dropped_star(parse(&f, LK_STR(">=1.7.*"), LK_SPEC_USER)));
	assert_true(lk_version_spec_dropped_star(parse(&f, LK_STR("(1|<1.8.*),*"), LK_SPEC_USER)));
	assert_false(lk_version_spec_dropped_star(parse(&f, LK_STR("=1.7.*"), LK_SPEC_USER)));
	assert_false(lk_version_spec_dropped_star(NULL));
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
		{"", 1, "missing"},
		{"=", 2, "missing after the operator"},
		{">= ", 4, "missing after the operator"},
		{"=>1.2", 1, "no such operator"},
		{"1,<>1.2", 3, "no such operator"},
		{"===1", 1, "no such operator"},
		{"!1", 1, "no such operator"},
		{">=1,", 5, "a version is missing"},
		{"1|", 3, "a version is missing"},
		{"1||2", 3, "a version is missing"},
		{"(1", 1, "not closed"},
		{"(1 (2)", 4, "unexpected text"},
		{"1)", 2, "')' without '('"},
		{"()", 2, "a version is missing"},
		{",", 1, "a version is missing"},
		{"1,^1.7", 3, "must end in '$'"},
		{"^1$2", 4, "unexpected text"},
		{"1.2.", 5, "segment is empty"},
		{">=2,1..2", 7, "segment is empty"},
		{">=1.2 <2", 6, "a space within"},
		{"1 2", 2, "a space within"},
		{"1=2", 2, "invalid character"},
		{"!=*", 3, "excludes every version"},
		{"<*", 2, "no order"},
		{"> *", 3, "no order"},
		{"~=1.2.*", 7, "takes no '*'"},
		{"~=1", 3, "two segments"},
		{">=1.*.2", 5, "order operator"},
		{"1.*.%", 5, "invalid character"},
		{"= !1*2", 3, "invalid character"},
		{"1.*.*.", 7, "segment is empty"},
		{".*", 1, "empty"},
		{"^(1$", 5, "bad regular expression"},
		{"1|^*a$", 4, "bad regular expression"},
		{"1|^((a{999}){999}){999}$", 25, "too large"},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_version_spec *spec;
		lk_str text = lk_str_of(table[i].text);
		if (lk_version_spec_parse(text, LK_SPEC_USER, &f.arena, &spec, &f.err) !=
				LK_E_FORMAT ||
			f.err.column != table[i].column || !strstr(f.err.message, table[i].says)) {
			fail_msg("'%s': column %u, %s", table[i].text, f.err.column, f.err.message);
		}
		assert_string_equal(f.err.excerpt, table[i].text);
	}
	lk_arena_done(&f.arena);
	(void)state;
}

/* TEXT repeated N times between HEAD and TAIL. */
static lk_str repeated(
	struct fixture *f, const char *head, const char *text, size_t n, const char *tail)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(1 << 20);
	lk_buf_puts(&buf, head);
	for (size_t i = 0; i < n; i++) {
		lk_buf_puts(&buf, text);
	}
	lk_buf_puts(&buf, tail);
	return lk_str_dup(&f->arena, lk_buf_view(&buf));
}

static void limits_hold(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	const struct lk_version_spec *spec;
	lk_str hostile[] = {
		repeated(&f, "", "(", LK_SPEC_MAX_DEPTH + 1, "1"),
		repeated(&f, "", "(", 10000, ""),
		repeated(&f, "1", "|1", LK_SPEC_MAX_LEN, ""),
		repeated(&f, "^", "a", 200, "$"),
		repeated(&f, "^", "(", 200, "$"),
		lk_str_n(NULL, 0),
	};
	for (size_t i = 0; i < LK_COUNTOF(hostile); i++) {
		assert_int_equal(lk_version_spec_parse(
					 hostile[i], LK_SPEC_REPODATA, &f.arena, &spec, &f.err),
			LK_E_FORMAT);
	}
	/* Costly for a matcher that backtracks. */
	lk_str as = repeated(&f, "", "a", 5000, "b");
	spec = parse(&f, repeated(&f, "", "*a", 1000, "*c"), LK_SPEC_REPODATA);
	assert_false(matches(&f, spec, as));
	spec = parse(&f, LK_STR("^(a*)*(a|aa)*(a*)*c$"), LK_SPEC_REPODATA);
	assert_false(matches(&f, spec, as));
	lk_arena_done(&f.arena);
	(void)state;
}

/* "[1.0,2.0)" */
static lk_str bounds_text(struct fixture *f, const struct lk_version_bounds *bounds)
{
	lk_str none = LK_STR("");
	lk_str lower = bounds->lower ? lk_version_text(bounds->lower) : none;
	lk_str upper = bounds->upper ? lk_version_text(bounds->upper) : none;
	return lk_str_printf(&f->arena, "%c" LK_STR_FMT "," LK_STR_FMT "%c%s",
		bounds->lower_open ? '(' : '[', LK_STR_ARG(lower), LK_STR_ARG(upper),
		bounds->upper_open ? ')' : ']', bounds->exact ? "" : "?");
}

static void bounds_hold(void **state)
{
	static const char *const table[][2] = {
		{"*", "[,]"},
		{">=1.0", "[1.0,]"},
		{">1.0", "(1.0,]"},
		{"<2", "[,2)"},
		{"<=2", "[,2]"},
		{">=1.0,<2.0", "[1.0,2.0)"},
		{"<2.0,>=1.0,>=1.5,<3", "[1.5,2.0)"},
		{">=1.0,>1.0", "(1.0,]"},
		{"<=1.0,<1.0.0", "[,1.0)"},
		{"==1.5", "[1.5,1.5]"},
		{"1.5", "[1.5,1.5]"},
		{"~=1.5", "[1.5,]?"},
		{"1.5.*", "[,]?"},
		{">=1.0,!=1.5", "[1.0,]?"},
		{">=1|<0.5", "[,]?"},
		{">=1,(2.*|3.*)", "[1,]?"},
		{"^1$", "[,]?"},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		struct lk_version_bounds bounds;
		lk_version_spec_bounds(
			parse(&f, lk_str_of(table[i][0]), LK_SPEC_REPODATA), &bounds);
		lk_str text = bounds_text(&f, &bounds);
		if (!lk_str_is(text, table[i][1])) {
			fail_msg("'%s': " LK_STR_FMT, table[i][0], LK_STR_ARG(text));
		}
	}
	struct lk_version_bounds any;
	lk_version_spec_bounds(NULL, &any);
	assert_true(any.exact && !any.lower && !any.upper);
	lk_arena_done(&f.arena);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(match_vectors_hold),
		cmocka_unit_test(invalid_specs_are_refused),
		cmocka_unit_test(real_oddities_match),
		cmocka_unit_test(canonical_has_one_spelling),
		cmocka_unit_test(dropped_stars_are_told),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(errors_carry_the_column),
		cmocka_unit_test(limits_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

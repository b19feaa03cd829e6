/*
 * MatchSpecs: canonical and match vectors, refusals with their column, every key against records,
 * channels, conditions, limits.
 */
#include "conda/matchspec.h"

#include "conda/debug_batch.h"
#include "tests/unit/conda/vectors.h"

#define MD5_TEXT "0123456789abcdef0123456789ABCDEF"
#define SHA256_TEXT MD5_TEXT MD5_TEXT

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
};

static const struct lk_matchspec *parse(struct fixture *f, lk_str text)
{
	const struct lk_matchspec *spec = NULL;
	if (lk_matchspec_parse(text, LK_SPEC_REPODATA, &f->arena, &spec, &f->err) < 0) {
		fail_msg("'" LK_STR_FMT "': %s", LK_STR_ARG(text), f->err.message);
	}
	return spec;
}

static int try_user(struct fixture *f, const char *text)
{
	const struct lk_matchspec *spec = NULL;
	return lk_matchspec_parse(lk_str_of(text), LK_SPEC_USER, &f->arena, &spec, &f->err);
}

static lk_str canonical(struct fixture *f, const struct lk_matchspec *spec)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(1 << 17);
	lk_matchspec_canonical(spec, &buf);
	assert_false(buf.overflow);
	return lk_str_dup(&f->arena, lk_buf_view(&buf));
}

/* TEXT has the canonical form EXPECTED (NULL: any), which is its own canonical form. */
static void check_canonical(struct fixture *f, lk_str text, const char *expected)
{
	lk_str once = canonical(f, parse(f, text));
	lk_str twice = canonical(f, parse(f, once));
	if (!lk_str_eq(once, twice) || (expected && !lk_str_is(once, expected))) {
		fail_msg("'" LK_STR_FMT "' became '" LK_STR_FMT "', then '" LK_STR_FMT "'",
			LK_STR_ARG(text), LK_STR_ARG(once), LK_STR_ARG(twice));
	}
}

static void canonical_vectors_hold(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	struct vectors LK_CLEANUP(vectors_done) v = vectors_read("matchspec_canonical.txt", 2);
	for (size_t i = 0; i < v.len; i++) {
		lk_str expected = lk_str_dup(&f.arena, v.rows[i].field[1]);
		check_canonical(&f, v.rows[i].field[0], expected.ptr);
	}
	assert_int_equal(v.len, 37);
	lk_arena_done(&f.arena);
	(void)state;
}

static void more_canonical_forms(void **state)
{
	static const char *const table[][2] = {
		{"\t foo >=1 ", "foo[version='>=1']"},
		{"foo (>=1|<0.5),!=0.3", "foo[version='(>=1|<0.5),!=0.3']"},
		{"foo * ^py2", "foo[build='^py2']"},
		{"foo ~=1.2", "foo~=1.2"},
		{"foo ~=1.2 b", "foo[version='~=1.2',build=b]"},
		{"foo 1.*.1", "foo[version='1.*.1']"},
		{"foo ^1\\.[0-9]$", "foo[version='^1\\.[0-9]$']"},
		{"x@", "*[track_features=x]"},
		{"foo[track_features='a b,c']", "foo[track_features=['a', 'b', 'c']]"},
		{"foo[track_features=['a b']]", "foo[track_features=['a b']]"},
		{"foo[build_number=3]", "foo[build_number=3]"},
		{"foo[build_number='==3']", "foo[build_number=3]"},
		{"foo[build_number=>=3]", "foo[build_number='>=3']"},
		{"foo[md5=" MD5_TEXT "]", "foo[md5=0123456789abcdef0123456789abcdef]"},
		{"foo[license=\"it's\"]", "foo[license=\"it's\"]"},
		{"foo[license='it\\'s \"so\"']", "foo[license=\"it's \\\"so\\\"\"]"},
		{"foo[license='a\\\\']", "foo[license='a\\\\']"},
		{"foo[license='a\\b']", "foo[license='a\\b']"},
		{"foo[license='a#b]c']", "foo[license='a#b]c']"},
		{"foo[channel=c/linux-64]", "c/linux-64::foo"},
		{"foo[channel='a b']", "foo[channel='a b']"},
		{"c::foo[subdir='linux-*']", "c::foo[subdir=linux-*]"},
		{"c/::foo", "c::foo"},
		{"c//linux-64/::foo", "c/linux-64::foo"},
		{"c/osx-64/linux-64::foo", "c/linux-64::foo"},
		{"ns:foo", "foo"},
		{"https://h:8080/~u/c::foo=1", "foo=1[channel='https://h:8080/~u/c']"},
		{"https://h/c/noarch/foo-1.0-0.conda#" MD5_TEXT " # why",
			"foo[url=https://h/c/noarch/foo-1.0-0.conda,"
			"md5=0123456789abcdef0123456789abcdef]"},
		{"https://h/c/noarch/foo-1.0-0.conda # why",
			"foo[url=https://h/c/noarch/foo-1.0-0.conda]"},
		{"./a-b-1.0-0.tar.bz2", "a-b[url=./a-b-1.0-0.tar.bz2]"},
		{"f 1.tar.bz2", "f==1.tar.bz2"},
		{"c/x::f =1-1-2.conda", "c/x::f=1-1-2.conda"},
		{"a-b-1.0-0.conda", "a-b[url=a-b-1.0-0.conda]"},
		{"a-1.0-0.conda#" MD5_TEXT,
			"a[url=a-1.0-0.conda,"
			"md5=0123456789abcdef0123456789abcdef]"},
		{"^fo[ox].*$ >1", "^fo[ox].*$[version='>1']"},
		{"^fo[ox]$[build=a]", "^fo[ox]$[build=a]"},
		{"foo[extras=a, flags=['cuda:*', b]]", "foo[extras=['a'],flags=['cuda:*', 'b']]"},
		{"foo[when='a>=1 and (b or c[version=\"<2\"])', build=x]",
			"foo[build=x,when='a>=1 and (b or c[version=\"<2\"])']"},
		{"foo[optional=true,target=x,namespace=n,features=z]", "foo"},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		check_canonical(&f, lk_str_of(table[i][0]), table[i][1]);
	}
	lk_arena_done(&f.arena);
	(void)state;
}

static bool matches_dist(struct fixture *f, lk_str spec, lk_str dist)
{
	bool matches = false;
	lk_str line = lk_str_printf(
		&f->arena, LK_STR_FMT "\t" LK_STR_FMT, LK_STR_ARG(spec), LK_STR_ARG(dist));
	assert_int_equal(lk_debug_match_line(line, &matches, &f->err), 0);
	return matches;
}

static void match_vectors_hold(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	struct vectors LK_CLEANUP(vectors_done) v = vectors_read("matchspec_match.txt", 3);
	for (size_t i = 0; i < v.len; i++) {
		lk_str spec = v.rows[i].field[0];
		lk_str dist = v.rows[i].field[1];
		bool expected = lk_str_is(v.rows[i].field[2], "yes");
		lk_str again = canonical(&f, parse(&f, spec));
		if (matches_dist(&f, spec, dist) != expected ||
			matches_dist(&f, again, dist) != expected) {
			fail_msg("'" LK_STR_FMT "' on " LK_STR_FMT " should be %d",
				LK_STR_ARG(spec), LK_STR_ARG(dist), expected);
		}
	}
	assert_in_range(v.len, 40, 1000);
	lk_arena_done(&f.arena);
	(void)state;
}

/* The vectors of version specs once more, through a quoted `version`. */
static void version_vectors_hold_in_brackets(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	struct vectors LK_CLEANUP(vectors_done) v = vectors_read("version_spec_match.txt", 3);
	for (size_t i = 0; i < v.len; i++) {
		const struct lk_matchspec *spec = parse(&f,
			lk_str_printf(&f.arena, "foo[version=\"" LK_STR_FMT "\"]",
				LK_STR_ARG(v.rows[i].field[0])));
		const struct lk_version *version = NULL;
		assert_int_equal(
			lk_version_parse(v.rows[i].field[1], &f.arena, &version, &f.err), 0);
		assert_int_equal(
			lk_matchspec_matches_nvb(spec, LK_STR("foo"), version, LK_STR("0")),
			lk_str_is(v.rows[i].field[2], "yes"));
	}
	lk_arena_done(&f.arena);
	(void)state;
}

static void virtual_packages_match(void **state)
{
	static const struct {
		const char *spec;
		bool matches;
	} rows[] = {
		{"__archspec", true},
		{"__archspec 1.*", true},
		{"__archspec 1 x86_64_v3", true},
		{"__archspec 1 x86_64_v4", false},
		{"__archspec >=2", false},
		{"__cuda", false},
	};
	const struct lk_virtual virtual = {LK_STR("__archspec"), LK_STR("1"), LK_STR("x86_64_v3")};
	const struct lk_virtual bad = {LK_STR("__archspec"), LK_STR("!"), LK_STR("0")};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		const struct lk_matchspec *spec = parse(&f, lk_str_of(rows[i].spec));
		assert_int_equal(lk_matchspec_matches_virtual(spec, &virtual), rows[i].matches);
		assert_false(lk_matchspec_matches_virtual(spec, &bad));
		assert_false(lk_matchspec_matches_virtual(spec, NULL));
	}
	lk_arena_done(&f.arena);
	(void)state;
}

static void invalid_specs_are_refused(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	struct vectors LK_CLEANUP(vectors_done) v = vectors_read("matchspec_invalid.txt", 1);
	const struct lk_matchspec *spec = NULL;
	for (size_t i = 0; i < v.len; i++) {
		for (int origin = LK_SPEC_USER; origin <= LK_SPEC_REPODATA; origin++) {
			lk_str text = v.rows[i].field[0];
			if (lk_matchspec_parse(text, (enum lk_spec_origin)origin, &f.arena, &spec,
				    &f.err) != LK_E_FORMAT) {
				fail_msg("'" LK_STR_FMT "' was accepted", LK_STR_ARG(text));
			}
			assert_in_range(f.err.column, 1, text.len + 1);
		}
	}
	assert_int_equal(v.len, 20);
	assert_null(spec);
	lk_arena_done(&f.arena);
	(void)state;
}

static const struct {
	const char *text;
	unsigned column;
	const char *says;
} bad_specs[] = {
	{"", 1, "name is missing"},
	{"# only", 1, "name is missing"},
	{"::", 3, "name is missing"},
	{"foo==", 6, "missing after the operator"},
	{"foo =", 6, "missing after the operator"},
	{"foo >=1,", 9, "a version is missing"},
	{"foo >=1.0 <2", 10, "a space within"},
	{"c::foo >=1..2", 12, "segment is empty"},
	{"foo[bar=1]", 5, "no such key 'bar'"},
	{"foo[]", 5, "a key is missing"},
	{"foo[build=a,]", 13, "a key is missing"},
	{"foo[build=a,build_string=b]", 13, "given twice"},
	{"foo[version>=1]", 12, "'=' is missing"},
	{"foo[version]", 12, "'=' is missing"},
	{"foo[version='>=1,<1..2']", 21, "segment is empty"},
	{"foo[version='\\'1..2']", 13, "invalid character"},
	{"foo[version='1]", 4, "not closed"},
	{"foo[version=1", 4, "not closed"},
	{"foo ^[[]$", 6, "not closed"},
	{"foo ^'$", 6, "a quote outside"},
	{"^a[[]$ 1 b]c", 1, "not closed in the name"},
	{"^]a$ 1", 2, "']' without '['"},
	{"c::foo-1-0.conda", 4, "is a file name"},
	{"*.tar.bz2 1", 1, "is a file name"},
	{"/::^:a$", 5, "invalid character in the name"},
	{"foo[version=1] x", 15, "unexpected text"},
	{"foo[version=''] ", 13, "value is empty"},
	{"foo[build=]", 11, "value is empty"},
	{"foo[build='a'b]", 14, "unexpected text"},
	{"foo[build=[a]]", 11, "takes no list"},
	{"foo[build='^($']", 15, "bad regular expression"},
	{"foo 1 ^a\\1$", 10, "bad regular expression"},
	{"foo[extras=[]]", 12, "list is empty"},
	{"foo[extras=A]", 12, "not the name of an extra"},
	{"foo[flags='a:b:c']", 11, "not a flag"},
	{"foo[flags=':c']", 11, "not a flag"},
	{"foo[md5=xyz]", 9, "no MD5"},
	{"foo[sha256=" MD5_TEXT "]", 12, "no SHA-256"},
	{"foo[build_number=x]", 18, "no number"},
	{"foo[build_number=-1]", 18, "no number"},
	{"foo[build=a][version=1]", 13, "a second"},
	{"[version=1]", 1, "name is missing"},
	{"___foo", 1, "not a package name"},
	{"foo__bar", 1, "not a package name"},
	{"foo!bar", 4, "no such operator"},
	{"foo~1.0", 4, "no such operator"},
	{"foo; if bar", 4, "invalid character"},
	{"foo if bar", 5, "'if'"},
	{"foo >=1 if bar", 9, "'if'"},
	{"f/oo", 2, "invalid character"},
	{"foo 1.0 b extra", 8, "a space within"},
	{"foo=1.0-py27_0", 13, "may not be mixed"},
	{"foo=1.0=", 8, "invalid character"},
	{"https://h/foo.conda", 11, "not name-version-build"},
	{"https://h/foo-1-0.conda#12", 25, "no MD5"},
	{"foo\x01", 4, "control character"},
	{"foo[[[[[[[[[", 12, "too deep"},
	{"foo[when=python]", 10, "must be quoted"},
	{"foo[when='a and']", 16, "a spec is missing"},
	{"foo[when='or a']", 11, "a spec is missing"},
	{"foo[when='(a']", 11, "not closed"},
	{"foo[when='a)']", 12, "without '('"},
	{"foo[when='a b']", 13, "'and' or 'or' is missing"},
	{"foo[when='a and b>=1..2']", 22, "segment is empty"},
	{"foo[when='a[when=\"b\"]']", 18, "'when' within"},
	{"foo[when='']", 10, "value is empty"},
};

static void errors_carry_the_column(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(bad_specs); i++) {
		if (try_user(&f, bad_specs[i].text) != LK_E_FORMAT ||
			f.err.column != bad_specs[i].column ||
			!strstr(f.err.message, bad_specs[i].says)) {
			fail_msg("'%s': column %u, %s", bad_specs[i].text, f.err.column,
				f.err.message);
		}
		assert_string_equal(f.err.excerpt, bad_specs[i].text);
	}
	lk_arena_done(&f.arena);
	(void)state;
}

/* Contradictions that channels may have are errors of a user; what is dropped is told. */
static void users_are_held_to_more(void **state)
{
	static const char *const table[] = {
		"foo 1.0[version=2]",
		"foo 1.0 b[build=c]",
		"bar::foo[channel=baz]",
		"bar/linux-64::foo[subdir=win-64]",
		"foo[name=bar]",
		"foo ~=1",
		"foo 0.2.18.*.",
		"foo[version=2,build_number=0,when=__unix]",
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		if (try_user(&f, table[i]) != LK_E_FORMAT) {
			fail_msg("'%s' was accepted", table[i]);
		}
		(void)parse(&f, lk_str_of(table[i]));
	}
	assert_int_equal(try_user(&f, "FOO[name=foo]"), 0);
	assert_int_equal(try_user(&f, NULL), LK_E_FORMAT);
	assert_non_null(parse(&f, LK_STR("foo 1[version=2]"))->warning);
	assert_non_null(parse(&f, LK_STR("foo >=1.*"))->warning);
	assert_null(parse(&f, LK_STR("foo 1.*"))->warning);
	lk_arena_done(&f.arena);
	(void)state;
}

static struct lk_record sample_record(void)
{
	static const lk_str features[] = {{"mkl", 3}, {"vc14", 4}};
	static const lk_str flags[] = {{"cuda:12", 7}, {"gpu", 3}};
	struct lk_record record = {
		.name = LK_STR("foo"),
		.version = LK_STR("1.5"),
		.build = LK_STR("py27_3"),
		.build_number = 3,
		.subdir = LK_STR("linux-64"),
		.fn = LK_STR("foo-1.5-py27_3.conda"),
		.url = LK_STR("https://h/c/linux-64/foo-1.5-py27_3.conda"),
		.license = LK_STR("BSD-3-Clause"),
		.license_family = LK_STR("BSD"),
		.has_md5 = true,
		.has_sha256 = true,
		.track_features = {features, LK_COUNTOF(features)},
		.flags = {flags, LK_COUNTOF(flags)},
	};
	assert_true(lk_unhex(LK_STR(MD5_TEXT), record.md5.bytes, LK_MD5_LEN));
	assert_true(lk_unhex(LK_STR(SHA256_TEXT), record.sha256.bytes, LK_SHA256_LEN));
	return record;
}

static void every_key_filters(void **state)
{
	static const struct {
		const char *yes, *no;
	} table[] = {
		{"foo", "fo"},
		{"foo[build_number=3]", "foo[build_number=2]"},
		{"foo[build_number='!=2']", "foo[build_number='!=3']"},
		{"foo[build_number='<4']", "foo[build_number='<3']"},
		{"foo[build_number='<=3']", "foo[build_number='<=2']"},
		{"foo[build_number='>2']", "foo[build_number='>3']"},
		{"foo[build_number='>= 3']", "foo[build_number='>=4']"},
		{"foo[subdir=linux-64]", "foo[subdir=noarch]"},
		{"foo[subdir='linux-*']", "foo[subdir='osx-*']"},
		{"*/linux-64::foo", "*/win-64::foo"},
		{"https://h/c/linux-64/foo-1.5-py27_3.conda",
			"https://h/d/linux-64/foo-1.5-py27_3.conda"},
		{"https://h/c/linux-64/foo-1.5-py27_3.conda#sha256:" SHA256_TEXT,
			"https://h/c/linux-64/foo-1.5-py27_3.conda"
			"#00000000000000000000000000000000"},
		{"foo[fn=foo-1.5-py27_3.conda]", "foo[fn=foo-1.5-py27_3.tar.bz2]"},
		{"foo[md5=" MD5_TEXT "]", "foo[md5=00000000000000000000000000000000]"},
		{"foo[sha256=" SHA256_TEXT "]",
			"foo[sha256="
			"00000000000000000000000000000000"
			"00000000000000000000000000000000]"},
		{"foo[license=bsd-3-clause]", "foo[license=MIT]"},
		{"foo[license='BSD*']", "foo[license='BSD']"},
		{"foo[license_family=bsd]", "foo[license_family=MIT]"},
		{"foo[track_features=mkl]", "foo[track_features='mkl nomkl']"},
		{"vc14@", "vc9@"},
		{"foo[flags='cuda:*']", "foo[flags=rocm]"},
		{"foo[flags=[gpu, 'cuda:12']]", "foo[flags=[gpu, 'cuda:11']]"},
		{"foo[extras=[a]]", "bar[extras=[a]]"},
		{"foo[when='bar']", "bar[when='foo']"},
		{"other::foo", "other::bar"},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	struct lk_record record = sample_record();
	struct lk_record bare = {.name = record.name, .version = record.version};
	const struct lk_version *version = NULL;
	assert_int_equal(lk_version_parse(record.version, &f.arena, &version, &f.err), 0);
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_matchspec *yes = parse(&f, lk_str_of(table[i].yes));
		if (!lk_matchspec_matches(yes, &record, version)) {
			fail_msg("'%s' does not match", table[i].yes);
		}
		const struct lk_matchspec *no = parse(&f, lk_str_of(table[i].no));
		if (lk_matchspec_matches(no, &record, version)) {
			fail_msg("'%s' matches", table[i].no);
		}
		if (lk_str_eq(no->name, record.name) && !lk_matchspec_asks_beyond(no)) {
			fail_msg("'%s' asks for a name and a version alone", table[i].no);
		}
		(void)lk_matchspec_matches(yes, &bare, version);
		check_canonical(&f, lk_str_of(table[i].yes), NULL);
	}
	assert_false(
		lk_matchspec_matches(parse(&f, LK_STR("foo[md5=" MD5_TEXT "]")), &bare, version));
	lk_arena_done(&f.arena);
	(void)state;
}

static void channels_match(void **state)
{
	static const struct {
		const char *spec;
		bool matches;
	} table[] = {
		{"foo", true},
		{"*::foo", true},
		{"conda-forge::foo", true},
		{"conda-forge/linux-64::foo", true},
		{"conda-*::foo", true},
		{"forge::foo", false},
		{"conda-forge/label/rc::foo", false},
		{"https://conda.anaconda.org/conda-forge::foo", true},
		{"https://conda.anaconda.org/conda-forge/::foo", true},
		{"https://conda.anaconda.org/other::foo", false},
		{"foo[channel='https://*/conda-forge']", true},
		{"/srv/conda-forge::foo", false},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	lk_str alias = LK_STR("https://conda.anaconda.org/");
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_matchspec *spec = parse(&f, lk_str_of(table[i].spec));
		if (lk_matchspec_channel_matches(spec, LK_STR("conda-forge"),
			    LK_STR("https://conda.anaconda.org/conda-forge/"),
			    alias) != table[i].matches) {
			fail_msg("'%s' should match: %d", table[i].spec, table[i].matches);
		}
	}
	const struct lk_matchspec *local = parse(&f, LK_STR("/srv/c::foo"));
	assert_true(lk_matchspec_channel_matches(
		local, LK_STR("file:///srv/c"), LK_STR("file:///srv/c"), alias));
	assert_false(lk_matchspec_asks_beyond(parse(&f, LK_STR("c::foo >=1,<2[when=bar]"))));
	lk_arena_done(&f.arena);
	(void)state;
}

static bool holds_if_listed(void *ctx, const struct lk_matchspec *leaf)
{
	return lk_str_find(lk_str_of(ctx), leaf->name) != SIZE_MAX;
}

static void conditions_evaluate(void **state)
{
	static const struct {
		const char *when;
		char true_names[4];
		bool value;
	} table[] = {
		{"a", "a", true},
		{"a", "b", false},
		{"a and b", "a", false},
		{"a and b", "ab", true},
		{"a or b and c", "a", true},
		{"a or b and c", "b", false},
		{"(a or b) and c", "a", false},
		{"(a or b)and(c)", "bc", true},
		{" ( a>=1 or b[version='<2|>3'] ) ", "b", true},
		{"a or a or b", "b", true},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_matchspec *spec =
			parse(&f, lk_str_printf(&f.arena, "foo[when=\"%s\"]", table[i].when));
		char names[4];
		memcpy(names, table[i].true_names, sizeof(names));
		assert_int_equal(
			lk_condition_eval(spec->when, holds_if_listed, names), table[i].value);
	}
	lk_arena_done(&f.arena);
	(void)state;
}

/* Not the CEP's form, but rattler takes it. */
static void conditions_with_spaces(void **state)
{
	static const char *const table[][2] = {
		{"a >=3.11", "a>=3.11"},
		{"a >= 3.11", "a>=3.11"},
		{"a >=3.11, <4 ", "a>=3.11,<4"},
		{"a 3.11.*", "a[version='3.11.*']"},
		{"a * x*", NULL},
		{"a * *x*", "a[build='*x*']"},
		{"a >=", NULL},
		{"a 3 (b)", NULL},
		{"a b", NULL},
		{"and >=3", NULL},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		const struct lk_matchspec *spec;
		lk_str text = lk_str_printf(&f.arena, "foo[when=\"%s\"]", table[i][0]);
		int rc = lk_matchspec_parse(text, LK_SPEC_USER, &f.arena, &spec, &f.err);
		if (!table[i][1]) {
			assert_int_equal(rc, LK_E_FORMAT);
			continue;
		}
		struct lk_buf LK_CLEANUP(lk_buf_done) got = LK_BUF_INIT(1000);
		struct lk_buf LK_CLEANUP(lk_buf_done) want = LK_BUF_INIT(1000);
		assert_int_equal(rc, 0);
		assert_int_equal(spec->when->op, LK_CONDITION_SPEC);
		lk_matchspec_canonical(spec->when->spec, &got);
		lk_matchspec_canonical(parse(&f, lk_str_of(table[i][1])), &want);
		assert_string_equal(lk_buf_cstr(&got), lk_buf_cstr(&want));
	}
	lk_arena_done(&f.arena);
	(void)state;
}

static void limits_hold(void **state)
{
	static char text[LK_SPEC_MAX_LEN + 2];
	struct fixture f = {.err = LK_ERROR_INIT};
	const struct lk_matchspec *spec;
	static const char *const fills[] = {
		"[", "(", "a,", "::", "a=", "[a]", " b", "'", "^$", "\\"};
	for (size_t i = 0; i < LK_COUNTOF(fills); i++) {
		for (size_t pos = 0; pos < LK_SPEC_MAX_LEN; pos++) {
			text[pos] = pos < 3 ? "a 1"[pos] : fills[i][pos % strlen(fills[i])];
		}
		int rc = lk_matchspec_parse(
			lk_str_n(text, LK_SPEC_MAX_LEN), LK_SPEC_REPODATA, &f.arena, &spec, &f.err);
		assert_true(rc == 0 || rc == LK_E_FORMAT);
	}
	memset(text, 'a', sizeof(text));
	assert_int_equal(lk_matchspec_parse(lk_str_n(text, LK_SPEC_MAX_LEN + 1), LK_SPEC_REPODATA,
				 &f.arena, &spec, &f.err),
		LK_E_FORMAT);
	assert_non_null(strstr(f.err.message, "longer than"));
	struct lk_buf LK_CLEANUP(lk_buf_done) deep = LK_BUF_INIT(1 << 16);
	lk_buf_puts(&deep, "foo[when='");
	for (int i = 0; i <= LK_SPEC_MAX_DEPTH; i++) {
		lk_buf_putc(&deep, '(');
	}
	lk_buf_puts(&deep, "a']");
	assert_int_equal(
		lk_matchspec_parse(lk_buf_view(&deep), LK_SPEC_REPODATA, &f.arena, &spec, &f.err),
		LK_E_FORMAT);
	assert_non_null(strstr(f.err.message, "too deep"));
	lk_arena_done(&f.arena);
	(void)state;
}

static void batch_lines_answer(void **state)
{
	static const struct {
		const char *line;
		unsigned column; /* 0: no error */
	} match_lines[] = {
		{"foo 1\tfoo-1-0", 0},
		{"foo >=1,\tfoo-1-0", 9},
		{"foo", 4},
		{"foo\tfoo-1", 5},
		{"foo\tfoo-1-0\tx", 12},
		{"foo\tfoo-1..2-0", 11},
	};
	struct fixture f = {.err = LK_ERROR_INIT};
	for (size_t i = 0; i < LK_COUNTOF(match_lines); i++) {
		bool yes = false;
		int rc = lk_debug_match_line(lk_str_of(match_lines[i].line), &yes, &f.err);
		assert_int_equal(rc, match_lines[i].column ? LK_E_FORMAT : 0);
		assert_int_equal(yes, rc == 0);
		if (rc < 0) {
			assert_int_equal(f.err.column, match_lines[i].column);
			assert_string_equal(f.err.excerpt, match_lines[i].line);
		}
	}
	char order = '?';
	assert_int_equal(lk_debug_compare_line(LK_STR("1.0\t1.0.1"), &order, &f.err), 0);
	assert_int_equal(order, '<');
	assert_int_equal(lk_debug_compare_line(LK_STR("1.0\t1"), &order, &f.err), 0);
	assert_int_equal(order, '=');
	assert_int_equal(lk_debug_compare_line(LK_STR("2\t1"), &order, &f.err), 0);
	assert_int_equal(order, '>');
	assert_int_equal(lk_debug_compare_line(LK_STR("2\t1..0"), &order, &f.err), LK_E_FORMAT);
	assert_int_equal(f.err.column, 5);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_vectors_hold),
		cmocka_unit_test(more_canonical_forms),
		cmocka_unit_test(match_vectors_hold),
		cmocka_unit_test(version_vectors_hold_in_brackets),
		cmocka_unit_test(invalid_specs_are_refused),
		cmocka_unit_test(virtual_packages_match),
		cmocka_unit_test(errors_carry_the_column),
		cmocka_unit_test(users_are_held_to_more),
		cmocka_unit_test(every_key_filters),
		cmocka_unit_test(channels_match),
		cmocka_unit_test(conditions_evaluate),
		cmocka_unit_test(conditions_with_spaces),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(batch_lines_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * MatchSpecs made at random from a grammar, and the same with a few bytes changed: whatever is
 * accepted, its canonical form is accepted too, says the same in every field, is its own canonical
 * form, and matches the same records.
 */
#include "conda/matchspec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT 40000
#define PICK(list) (list)[next_random(seed) % LK_COUNTOF(list)]

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
	size_t n_accepted, n_matched;
};

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void put_version(struct lk_buf *buf, uint32_t *seed)
{
	static const char *const ops[] = {"", "=", "==", "!=", "<", "<=", ">", ">=", "~=", ""};
	static const char *const versions[] = {"1", "1.0", "1.2.3", "2!1.0", "1.0+a.1", "1.0a1",
		"1.0.*", "1*", "1.*.2", "*", "1.0.post1", "1.0_", "2020.01.01", "1.*.*"};
	static const char *const regexes[] = {"^1\\.[0-9]$", "^(1|2).*$", "^1,2$", "^[]x]$"};
	if (next_random(seed) % 16 == 0) {
		lk_buf_puts(buf, PICK(regexes));
		return;
	}
	lk_buf_puts(buf, PICK(ops));
	lk_buf_puts(buf, next_random(seed) % 8 == 0 ? " " : "");
	lk_buf_puts(buf, PICK(versions));
}

static void put_versions(struct lk_buf *buf, uint32_t *seed, unsigned depth)
{
	static const char *const joints[] = {",", "|", " , ", "| "};
	for (unsigned n = 1 + next_random(seed) % 3; n > 0; n--) {
		if (depth > 0 && next_random(seed) % 4 == 0) {
			lk_buf_putc(buf, '(');
			put_versions(buf, seed, depth - 1);
			lk_buf_putc(buf, ')');
		} else {
			put_version(buf, seed);
		}
		lk_buf_puts(buf, n > 1 ? PICK(joints) : "");
	}
}

static void put_key(struct lk_buf *buf, uint32_t *seed)
{
	static const char *const pairs[] = {"build=py3*", "build_string='^py[23].$'",
		"build_number=3", "build_number='>=2'", "build_number='!=1'", "channel=c",
		"channel=https://h/c/noarch", "channel='a b'", "subdir=noarch", "subdir='linux-*'",
		"url=https://h/c/noarch/foo-1.0-0.conda", "url='./foo-1.0-py3.conda'",
		"fn=foo-1.0-0.conda", "fn='a b.conda'", "md5=0123456789abcdef0123456789abcdef",
		"sha256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"license=MIT", "license='G*L \"3\"'", "license=\"it's\"", "license='a\\\\b\\''",
		"license_family='^B.D$'", "track_features=mkl", "track_features='a b'",
		"track_features=[a, 'b c']", "extras=[a,b]", "extras=x", "flags=['cuda:*', b]",
		"flags=cuda", "when='python>=3.10 and (linux or osx)'", "when=\"a[version='<2']\"",
		"optional=true", "features=x", "namespace=n", "name=foo"};
	if (next_random(seed) % 4 == 0) {
		lk_buf_puts(buf, "version='");
		put_versions(buf, seed, 2);
		lk_buf_putc(buf, '\'');
	} else {
		lk_buf_puts(buf, PICK(pairs));
	}
}

static void put_spec(struct lk_buf *buf, uint32_t *seed)
{
	static const char *const channels[] = {"", "", "",
		"c::", "c/linux-64::", "c/label/rc::", "https://h/c::", "https://h:8080/c/noarch::",
		"*/noarch::", "file:///c::", "/c::", "c:ns:", "c*::"};
	static const char *const names[] = {
		"foo", "foo", "f-o.o_1", "FOO", "*", "f*o", "^fo[ox]$", "__cuda", "x@"};
	static const char *const builds[] = {"py3_0", "py*", "^py.$", "*", "0", "h1.2+3"};
	static const char *const urls[] = {"https://h/c/noarch/foo-1.0-0.conda",
		"./foo-1.0-0.tar.bz2", "/x/foo-1.0-0.conda#0123456789abcdef0123456789abcdef",
		"file:///foo-1-0.conda"};
	if (next_random(seed) % 12 == 0) {
		lk_buf_puts(buf, PICK(urls));
	} else {
		lk_buf_puts(buf, PICK(channels));
		lk_buf_puts(buf, PICK(names));
	}
	if (next_random(seed) % 2 == 0) {
		lk_buf_puts(buf, next_random(seed) % 2 == 0 ? " " : "");
		put_versions(buf, seed, next_random(seed) % 3);
		if (next_random(seed) % 3 == 0) {
			lk_buf_puts(buf, next_random(seed) % 2 == 0 ? " " : "=");
			lk_buf_puts(buf, PICK(builds));
		}
	}
	unsigned n_keys = next_random(seed) % 4;
	for (unsigned i = 0; i < n_keys; i++) {
		lk_buf_puts(buf, i == 0 ? "[" : ", ");
		put_key(buf, seed);
	}
	lk_buf_puts(buf, n_keys > 0 ? "]" : "");
}

/* The text with up to two bytes replaced, put in or left out. */
static void put_changed(struct lk_buf *buf, lk_str text, uint32_t *seed)
{
	static const char bytes[] = "=<>!~,|()[]'\"^$*#:@\\ \t.-_+/a1";
	unsigned changes = next_random(seed) % 3;
	size_t at[2] = {SIZE_MAX, SIZE_MAX};
	for (unsigned i = 0; i < changes; i++) {
		at[i] = next_random(seed) % (text.len + 1);
	}
	for (size_t i = 0; i < text.len; i++) {
		bool hit = i == at[0] || i == at[1];
		unsigned how = hit ? next_random(seed) % 3 : 3;
		if (how < 2) {
			lk_buf_putc(buf, bytes[next_random(seed) % (sizeof(bytes) - 1)]);
		}
		if (how != 0 && how != 2) {
			lk_buf_putc(buf, text.ptr[i]);
		}
	}
}

static bool same_list(struct lk_str_list a, struct lk_str_list b)
{
	bool same = a.n == b.n;
	for (size_t i = 0; same && i < a.n; i++) {
		same = lk_str_eq(a.items[i], b.items[i]);
	}
	return same;
}

static bool same_numbers(const struct lk_matchspec *a, const struct lk_matchspec *b)
{
	return a->name_kind == b->name_kind && a->build_number_op == b->build_number_op &&
		a->build_number == b->build_number && a->has_md5 == b->has_md5 &&
		a->has_sha256 == b->has_sha256 && memcmp(&a->md5, &b->md5, LK_MD5_LEN) == 0 &&
		lk_sha256_eq(&a->sha256, &b->sha256);
}

/* A field in which they differ, or NULL. */
static const char *difference(const struct lk_matchspec *a, const struct lk_matchspec *b)
{
	const struct {
		const char *name;
		lk_str a, b;
	} texts[] = {
		{"name", a->name, b->name},
		{"version", a->version_text, b->version_text},
		{"build", a->build_text, b->build_text},
		{"channel", a->channel, b->channel},
		{"subdir", a->subdir, b->subdir},
		{"url", a->url, b->url},
		{"fn", a->fn, b->fn},
		{"license", a->license_text, b->license_text},
		{"license_family", a->license_family_text, b->license_family_text},
		{"when", a->when_text, b->when_text},
	};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		if (!lk_str_eq(texts[i].a, texts[i].b)) {
			return texts[i].name;
		}
	}
	if (!same_list(a->track_features, b->track_features) || !same_list(a->extras, b->extras) ||
		!same_list(a->flags, b->flags)) {
		return "a list";
	}
	return same_numbers(a, b) ? NULL : "a number";
}

struct candidate {
	struct lk_record record;
	const struct lk_version *version;
};

#define N_CANDIDATES 6

static void make_candidates(struct lk_arena *arena, struct candidate *ret)
{
	const struct lk_record records[N_CANDIDATES] = {
		{.name = LK_STR("foo"), .version = LK_STR("1.0"), .build = LK_STR("py3_0")},
		{.name = LK_STR("foo"),
			.version = LK_STR("1.2.3"),
			.build = LK_STR("py37"),
			.build_number = 3,
			.subdir = LK_STR("noarch"),
			.license = LK_STR("MIT")},
		{.name = LK_STR("fo"),
			.version = LK_STR("1.0a1"),
			.build = LK_STR("0"),
			.build_number = 2},
		{.name = LK_STR("fox"), .version = LK_STR("2!1.0"), .subdir = LK_STR("linux-64")},
		{.name = LK_STR("foo"),
			.version = LK_STR("1.5.2"),
			.fn = LK_STR("foo-1.0-0.conda")},
		{.name = LK_STR("__cuda"), .version = LK_STR("9"), .build = LK_STR("0")},
	};
	for (size_t i = 0; i < N_CANDIDATES; i++) {
		struct lk_error err = LK_ERROR_INIT;
		ret[i].record = records[i];
		assert_int_equal(
			lk_version_parse(records[i].version, arena, &ret[i].version, &err), 0);
	}
}

static void check_meaning(struct fixture *f, const struct lk_matchspec *a,
	const struct lk_matchspec *b, const struct candidate *candidates)
{
	for (size_t i = 0; i < N_CANDIDATES; i++) {
		const struct candidate *c = &candidates[i];
		bool matches = lk_matchspec_matches(a, &c->record, c->version);
		if (lk_matchspec_matches(b, &c->record, c->version) != matches) {
			fail_msg("'" LK_STR_FMT "' and '" LK_STR_FMT "' differ on " LK_STR_FMT,
				LK_STR_ARG(a->text), LK_STR_ARG(b->text),
				LK_STR_ARG(c->record.version));
		}
		f->n_matched += matches;
	}
}

static void check_spec(struct fixture *f, lk_str text, enum lk_spec_origin origin,
	const struct candidate *candidates)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) once = LK_BUF_INIT(1 << 16);
	struct lk_buf LK_CLEANUP(lk_buf_done) twice = LK_BUF_INIT(1 << 16);
	const struct lk_matchspec *spec = NULL;
	const struct lk_matchspec *again = NULL;
	if (lk_matchspec_parse(text, origin, &f->arena, &spec, &f->err) < 0) {
		assert_in_range(f->err.column, 1, text.len + 1);
		return;
	}
	f->n_accepted++;
	lk_matchspec_canonical(spec, &once);
	if (lk_matchspec_parse(lk_buf_view(&once), origin, &f->arena, &again, &f->err) < 0) {
		fail_msg("'" LK_STR_FMT "' became '%s': %s", LK_STR_ARG(text), lk_buf_cstr(&once),
			f->err.message);
	}
	lk_matchspec_canonical(again, &twice);
	const char *wrong = difference(spec, again);
	if (wrong || !lk_str_eq(lk_buf_view(&once), lk_buf_view(&twice))) {
		fail_msg("'" LK_STR_FMT "' became '%s', then '%s': %s differs", LK_STR_ARG(text),
			lk_buf_cstr(&once), lk_buf_cstr(&twice), wrong ? wrong : "the text");
	}
	check_meaning(f, spec, again, candidates);
}

static void canonical_is_a_fixed_point(void **state)
{
	struct fixture f = {.err = LK_ERROR_INIT};
	struct lk_arena kept = {0};
	struct candidate candidates[N_CANDIDATES];
	make_candidates(&kept, candidates);
	uint32_t seed = 20261122;
	for (size_t i = 0; i < COUNT; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
		struct lk_buf LK_CLEANUP(lk_buf_done) changed = LK_BUF_INIT(4096);
		put_spec(&text, &seed);
		put_changed(&changed, lk_buf_view(&text), &seed);
		enum lk_spec_origin origin = i % 2 == 0 ? LK_SPEC_USER : LK_SPEC_REPODATA;
		check_spec(&f, lk_buf_view(&changed), origin, candidates);
		lk_arena_done(&f.arena);
	}
	print_message("%zu of %d accepted, %zu matches\n", f.n_accepted, COUNT, f.n_matched);
	assert_in_range(f.n_accepted, COUNT / 8, COUNT);
	assert_in_range(f.n_matched, COUNT / 50, SIZE_MAX);
	lk_arena_done(&kept);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_is_a_fixed_point),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

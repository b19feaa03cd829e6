/*
 * How a diff reads: text within 80 columns, summary, colour, JSON.
 */
#include "lock_small.h"

#include "lock/lock_diff_group.h"

static const struct small old_rows[] = {
	SMALL("app", "1.0", .depends = "lib >=1"),
	SMALL("gone", "1.0", .depends = "gone-too"),
	SMALL("gone-too", "1.0"),
	SMALL("lib", "1.0"),
	SMALL("numpy", "2.0.1", .build = "py311_0", .depends = "python >=3.11,<3.12"),
	SMALL("python", "3.11.9", .depends = "__glibc >=2.17", .size = 30000000),
	SMALL("scipy", "1.14.0", .build = "py311_0", .depends = "python >=3.11,<3.12"),
	SMALL("stolen", "1.0"),
	SMALL("torch", "2.5.1", .build = "cuda126_h1_0", .size = 900000000),
};
static const struct small new_rows[] = {
	SMALL("app", "2.0", .depends = "lib >=1;fresh"),
	SMALL("fresh", "0.1"),
	SMALL("lib", "1.0.1", .license = "MIT"),
	SMALL("numpy", "2.0.1", .build = "py312_0", .depends = "python >=3.12,<3.13"),
	SMALL("python", "3.12.7", .depends = "__glibc >=2.28", .size = 31200000),
	SMALL("scipy", "1.14.0", .build = "py312_0", .depends = "python >=3.12,<3.13"),
	SMALL("stolen", "1.0", .hash = 1),
	SMALL("torch", "2.5.1", .build = "cpu_h1_0", .size = 50000000),
};

static void make_samples(struct small_pair *pair)
{
	static const char before[] = "python 3.11.*;numpy;scipy;app;stolen;torch;gone";
	static const char after[] = "python 3.12.*;numpy;scipy;app;stolen;torch";
	small_init(&pair->from);
	small_init(&pair->to);
	small_add(&pair->from, "linux-64", before, old_rows, LK_COUNTOF(old_rows));
	small_add(&pair->from, "osx-arm64", before, old_rows, LK_COUNTOF(old_rows) - 1);
	small_add(&pair->to, "linux-64", after, new_rows, LK_COUNTOF(new_rows));
	small_add(&pair->to, "osx-arm64", after, new_rows, LK_COUNTOF(new_rows) - 1);
	small_add(&pair->to, "win-64", after, new_rows, 1);
	lk_lock_diff_make(&pair->from, &pair->to, NULL, &pair->diff);
}

static const char stat_text[] =
	"WARNING: 1 package has the same version but another hash\n"
	"  critical   same version, other hash 1\n"
	"  high       CUDA <-> CPU 1, requirement rose 1\n"
	"  medium     removed 2, licence changed 1, major upgrade 1\n"
	"  low        minor upgrade 1, added 1, new platform 1, rebuilt 2\n"
	"  info       specs changed 2\n"
	"                crit high  med  low info  packages      size            download\n"
	"  linux-64         1    2    4    4    2      8 -1   87.2 MB   -849 MB   87.2 MB\n"
	"  osx-arm64        1    1    4    4    2      7 -1   37.2 MB   +200 kB   37.2 MB\n"
	"  win-64         new platform                 1 +1    1.0 MB   +1.0 MB    1.0 MB\n";
static const char details_text[] =
	"\n"
	"same version, other hash (1)\n"
	"  ! stolen  1.0\n"
	"      - 73746f6c656e2d312e302d68305f300000000000000000000000000000000000\n"
	"      + 73746f6c656e2d312e302d68305f300000000000000000000000000000000001\n"
	"      asked for by spec stolen\n"
	"\n"
	"the host must offer more\n"
	"  ! __glibc  >=2.17 -> >=2.28  by python\n"
	"\n"
	"CUDA <-> CPU (1)\n"
	"  linux-64:\n"
	"  ! torch  2.5.1  -850 MB  no CUDA any more: cuda126_h1_0 -> cpu_h1_0\n"
	"      asked for by spec torch\n"
	"\n"
	"specs\n"
	"  ~ python 3.11.* -> python 3.12.*\n"
	"  - gone\n"
	"\n"
	"removed (2)\n"
	"  - gone      1.0  -1.0 MB  no longer in specs\n"
	"  - gone-too  1.0  -1.0 MB  via gone\n"
	"\n"
	"licence changed (1)\n"
	"  ! lib  1.0 -> 1.0.1  licence (none) -> MIT  via app\n"
	"\n"
	"major upgrade (1)\n"
	"  ^ app  1.0 -> 2.0  in specs\n"
	"\n"
	"minor upgrade (1)\n"
	"  ^ python  3.11.9 -> 3.12.7  +1.2 MB  spec changed\n"
	"\n"
	"added (1)\n"
	"  + fresh  0.1  +1.0 MB  with app\n"
	"\n"
	"rebuilt (2)\n"
	"  ~ with python (2): numpy, scipy\n";

static void test_text(void **state)
{
	(void)state;
	struct small_pair pair;
	make_samples(&pair);
	struct lk_diff_text_options options = {.stat = true};
	struct lk_buf out = LK_BUF_INIT(1 << 16);
	lk_lock_diff_text(&pair.diff, &options, &out);
	assert_string_equal(lk_buf_cstr(&out), stat_text);
	size_t stat = out.len;
	lk_buf_clear(&out);
	options.stat = false;
	lk_lock_diff_text(&pair.diff, &options, &out);
	assert_int_equal(strncmp(out.ptr, stat_text, stat), 0);
	assert_string_equal(out.ptr + stat, details_text);
	lk_buf_done(&out);
	small_pair_done(&pair);
}

/* What all platforms have stands above what some have, never under their names. */
static void test_requirements(void **state)
{
	(void)state;
	static const struct small before[] = {SMALL("app", "1", .depends = "__glibc >=2.17")};
	static const struct small both[] = {SMALL("app", "2", .depends = "__glibc >=2.28")};
	static const struct small cuda[] = {
		SMALL("app", "2", .depends = "__cuda >=12;__glibc >=2.28")};
	struct small_pair pair;
	small_init(&pair.from);
	small_init(&pair.to);
	small_add(&pair.from, "linux-64", "app", before, 1);
	small_add(&pair.from, "linux-aarch64", "app", before, 1);
	small_add(&pair.to, "linux-64", "app", cuda, 1);
	small_add(&pair.to, "linux-aarch64", "app", both, 1);
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	struct lk_diff_text_options options = {.colour = false};
	struct lk_buf out = LK_BUF_INIT(1 << 16);
	lk_lock_diff_text(&pair.diff, &options, &out);
	const char *all = strstr(lk_buf_cstr(&out), "the host must offer more\n  ! __glibc ");
	assert_non_null(all);
	assert_non_null(strstr(all, "\n  linux-64:\n  ! __cuda "));
	lk_buf_done(&out);
	small_pair_done(&pair);
}

static void test_same(void **state)
{
	(void)state;
	struct small_pair pair;
	struct lk_diff_text_options options = {.colour = true};
	struct lk_buf out = LK_BUF_INIT(1 << 16);
	small_init(&pair.from);
	small_init(&pair.to);
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	lk_lock_diff_text(&pair.diff, &options, &out);
	assert_string_equal(lk_buf_cstr(&out), "no difference\n");
	lk_buf_done(&out);
	small_pair_done(&pair);
}

/* Colour only adds escape sequences. */
static void test_colour(void **state)
{
	(void)state;
	struct small_pair pair;
	make_samples(&pair);
	struct lk_diff_text_options options = {.colour = true};
	struct lk_buf coloured = LK_BUF_INIT(1 << 16);
	struct lk_buf plain = LK_BUF_INIT(1 << 16);
	struct lk_buf stripped = LK_BUF_INIT(1 << 16);
	lk_lock_diff_text(&pair.diff, &options, &coloured);
	options.colour = false;
	lk_lock_diff_text(&pair.diff, &options, &plain);
	assert_null(strchr(lk_buf_cstr(&plain), '\033'));
	assert_non_null(strstr(lk_buf_cstr(&coloured), "\033[1;31mWARNING"));
	bool inside = false;
	for (size_t i = 0; i < coloured.len; i++) {
		inside = inside || coloured.ptr[i] == '\033';
		if (!inside) {
			lk_buf_putc(&stripped, coloured.ptr[i]);
		}
		inside = inside && coloured.ptr[i] != 'm';
	}
	assert_string_equal(lk_buf_cstr(&stripped), lk_buf_cstr(&plain));
	lk_buf_done(&coloured);
	lk_buf_done(&plain);
	lk_buf_done(&stripped);
	small_pair_done(&pair);
}

/* Every line has at most 80 columns (each character of these texts takes one) and no space at its
 * end. */
static void assert_narrow(const struct lk_buf *text)
{
	lk_str rest = lk_buf_view(text);
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		size_t columns = 0;
		for (size_t i = 0; i < line.len; i++) {
			columns += ((unsigned char)line.ptr[i] & 0xc0) != 0x80 ? 1 : 0;
		}
		if (columns > 80 || lk_str_ends(line, LK_STR(" "))) {
			fail_msg("%zu columns: '" LK_STR_FMT "'", columns, LK_STR_ARG(line));
		}
	}
}

#define LONG "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz"

/* Long names, versions, builds, licences, channels, addresses and specs wrap; nothing of what a
 * reviewer must see is cut. */
static void test_narrow(void **state)
{
	(void)state;
	static const struct small from[] = {
		SMALL(LONG, "1.0", .license = LONG " " LONG),
		SMALL("address", "1.0", .url = "https://example.org/" LONG "/" LONG),
		SMALL("b", "1.0." LONG, .build = "cuda_" LONG, .depends = LONG " >=1"),
		SMALL("channel", "1.0"),
		SMALL("d", "1.0", .depends = "c <1;__cuda >=1.0"),
		SMALL("removed-" LONG, "1.0." LONG),
		SMALL("rebuilt-" LONG, "1.0", .build = LONG "_0"),
	};
	static const struct small to[] = {
		SMALL(LONG, "1.0", .license = "MIT"),
		SMALL("address", "1.0", .url = "https://example.com/" LONG "/" LONG),
		SMALL("added-" LONG, "1.0." LONG),
		SMALL("b", "2.0." LONG, .build = "cpu_" LONG, .depends = LONG " >=1"),
		SMALL("channel", "1.0", .channel = "extra", .hash = 1),
		SMALL("d", "1.0", .depends = "c <2;__cuda >=1.0." LONG),
		SMALL("rebuilt-" LONG, "1.0", .build = LONG "_1"),
	};
	struct small_pair pair;
	struct lk_diff_text_options options = {0};
	struct lk_buf out = LK_BUF_INIT(1 << 16);
	small_init(&pair.from);
	small_init(&pair.to);
	pair.to.exclude_newer = LK_STR("2026-01-31T00:00:00Z");
	small_add(&pair.from, "linux-64", "b;d;removed-" LONG, from, LK_COUNTOF(from));
	small_add(&pair.to, "linux-64", "b " LONG "." LONG ";d;added-" LONG, to, LK_COUNTOF(to));
	small_add(&pair.to, "averylongsystem-averylongarchitecture", "a", to, 1);
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	lk_lock_diff_text(&pair.diff, &options, &out);
	assert_narrow(&out);
	/* Wrapped text is whole. */
	struct lk_buf joined = LK_BUF_INIT(1 << 16);
	for (size_t i = 0; i < out.len; i++) {
		if (out.ptr[i] != '\n' && out.ptr[i] != ' ') {
			lk_buf_putc(&joined, out.ptr[i]);
		}
	}
	assert_non_null(strstr(lk_buf_cstr(&joined), "https://example.com/" LONG "/" LONG));
	assert_non_null(strstr(lk_buf_cstr(&joined), LONG LONG "->MIT"));
	assert_non_null(strstr(lk_buf_cstr(&joined), "cuda_" LONG "->cpu_" LONG));
	assert_non_null(strstr(lk_buf_cstr(&joined), "+depends__cuda>=1.0." LONG));
	lk_buf_done(&joined);
	lk_buf_done(&out);
	small_pair_done(&pair);
}

/* Text that would move a terminal's cursor is shown escaped, and takes columns as such. */
static void test_escaped(void **state)
{
	(void)state;
	static const char escape[] = "\033[31m";
	static const char control[] = {(char)0xc2, (char)0x9b, '3', '1', 'm', '\0'};
	static const char override[] = {
		(char)0xe2, (char)0x80, (char)0xae, 'e', 'v', 'i', 'l', '\0'};
	static const char invalid[] = {(char)0xff, '\0'};
	const char *const texts[] = {escape, control, override, invalid};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		const struct small from = SMALL("a", "1.0", .license = "MIT");
		const struct small to = SMALL("a", "1.0", .license = texts[i]);
		struct small_pair pair;
		struct lk_diff_text_options options = {0};
		struct lk_buf out = LK_BUF_INIT(1 << 16);
		char *spec = lk_asprintf("a %s", texts[i]);
		small_init(&pair.from);
		small_init(&pair.to);
		small_add(&pair.from, "linux-64", "a", &from, 1);
		small_add(&pair.to, "linux-64", spec, &to, 1);
		lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
		lk_lock_diff_text(&pair.diff, &options, &out);
		assert_null(strstr(lk_buf_cstr(&out), texts[i]));
		assert_non_null(strchr(lk_buf_cstr(&out), '\\'));
		assert_narrow(&out);
		lk_buf_done(&out);
		small_pair_done(&pair);
		lk_free(spec);
	}
}

/* What the cache does not have is told once, with its number. */
static enum lk_scripts know_nothing(void *ctx, const struct lk_record *record)
{
	(void)ctx;
	(void)record;
	return LK_SCRIPTS_UNKNOWN;
}

static void test_unknown_scripts(void **state)
{
	(void)state;
	struct small_pair pair;
	make_samples(&pair);
	lk_lock_diff_done(&pair.diff);
	struct lk_diff_options wanted = {.scripts = know_nothing};
	struct lk_diff_text_options options = {.stat = true};
	struct lk_buf out = LK_BUF_INIT(1 << 16);
	lk_lock_diff_make(&pair.from, &pair.to, &wanted, &pair.diff);
	lk_lock_diff_text(&pair.diff, &options, &out);
	assert_non_null(strstr(lk_buf_cstr(&out),
		"\nlink scripts not known of 8 archives that the cache does not have\n"));
	lk_buf_done(&out);
	small_pair_done(&pair);
}

/* ---- grouping ---- */

static void test_groups(void **state)
{
	(void)state;
	struct small_pair pair;
	struct lk_diff_groups groups;
	make_samples(&pair);
	lk_diff_groups_make(&pair.diff, &groups);
	/* torch is on linux-64 only, all else on both. */
	assert_int_equal(groups.n_packages, 10);
	assert_int_equal(groups.n_sets, 2);
	assert_int_equal(groups.sets[0].n, 2);
	assert_true(groups.sets[0].is_all);
	assert_int_equal(groups.sets[1].n, 1);
	assert_false(groups.sets[1].is_all);
	assert_int_equal(groups.counts[LK_CHANGE_HASH], 1);
	assert_int_equal(groups.packages[0].set, 0);
	assert_text(groups.packages[0].change->name, "stolen");
	assert_text(groups.packages[1].change->name, "torch");
	assert_int_equal(groups.packages[1].set, 1);
	assert_int_equal(groups.packages[1].growth_min, -850000000);
	assert_int_equal(groups.n_edits, 2 + 2); /* and requires on linux-64 and osx-arm64 alike */
	lk_diff_groups_done(&groups);
	small_pair_done(&pair);
}

/* Other versions, hashes or build numbers are other changes; other builds of the same are not. */
static void test_group_keys(void **state)
{
	(void)state;
	static const struct {
		struct small from[2], to[2]; /* on two platforms */
		size_t n_groups;
		bool same_build;
	} rows[] = {
		{{SMALL("a", "1.0"), SMALL("a", "1.0")}, {SMALL("a", "1.1"), SMALL("a", "1.1")}, 1,
			true},
		{{SMALL("a", "1.0", .build = "h1_0"), SMALL("a", "1.0", .build = "h2_0")},
			{SMALL("a", "1.1", .build = "h3_0"), SMALL("a", "1.1", .build = "h4_0")}, 1,
			false},
		{{SMALL("a", "1.0"), SMALL("a", "1.0")}, {SMALL("a", "1.1"), SMALL("a", "1.2")}, 2,
			true},
		{{SMALL("a", "1.0"), SMALL("a", "1.0.1")}, {SMALL("a", "1.1"), SMALL("a", "1.1")},
			2, true},
		{{SMALL("a", "1.0", .build = "h1_0"), SMALL("a", "1.0", .build = "h2_0")},
			{SMALL("a", "1.0", .build = "h3_1"), SMALL("a", "1.0", .build = "h4_1")}, 1,
			false},
		{{SMALL("a", "1.0", .build = "h1_0"), SMALL("a", "1.0", .build = "h2_0")},
			{SMALL("a", "1.0", .build = "h3_1"), SMALL("a", "1.0", .build = "h4_2")}, 2,
			true},
		{{SMALL("a", "1.0"), SMALL("a", "1.0")},
			{SMALL("a", "1.0", .hash = 1), SMALL("a", "1.0", .hash = 2)}, 2, true},
		{{SMALL("a", "1.0"), SMALL("a", "1.0")},
			{SMALL("a", "1.0", .hash = 1), SMALL("a", "1.0", .hash = 1)}, 1, true},
		{{SMALL("a", "1.0"), SMALL("a", "1.0")},
			{SMALL("a", "1.1", .license = "MIT"), SMALL("a", "1.1")}, 2, true},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct small_pair pair;
		struct lk_diff_groups groups;
		small_init(&pair.from);
		small_init(&pair.to);
		for (size_t p = 0; p < 2; p++) {
			const char *platform = p == 0 ? "linux-64" : "win-64";
			small_add(&pair.from, platform, "a", &rows[i].from[p], 1);
			small_add(&pair.to, platform, "a", &rows[i].to[p], 1);
		}
		lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
		lk_diff_groups_make(&pair.diff, &groups);
		if (groups.n_packages != rows[i].n_groups ||
			groups.packages[0].same_build != rows[i].same_build) {
			fail_msg("row %zu: %zu groups", i, groups.n_packages);
		}
		lk_diff_groups_done(&groups);
		small_pair_done(&pair);
	}
}

/* ---- JSON ---- */

static void test_json(void **state)
{
	(void)state;
	struct small_pair pair;
	make_samples(&pair);
	struct lk_buf out = LK_BUF_INIT(1 << 20);
	struct lk_jw w;
	lk_jw_init(&w, &out, true);
	lk_lock_diff_json(&pair.diff, &w);
	struct lk_json_doc *doc;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_json_parse(lk_buf_view(&out), "diff", 16, &doc, &err), 0);
	const struct lk_json *root = lk_json_root(doc);
	assert_false(lk_json_bool(lk_json_get(root, "same"), true));
	const struct lk_json *platforms = lk_json_get(root, "platforms");
	assert_int_equal(lk_json_size(platforms), 3);
	assert_text(lk_json_string(lk_json_get(lk_json_at(platforms, 2), "status")), "added");
	assert_int_equal(lk_json_size(lk_json_get(lk_json_at(platforms, 2), "packages")), 0);
	const struct lk_json *linux_ = lk_json_at(platforms, 0);
	const struct lk_json *requirement = lk_json_at(lk_json_get(linux_, "requirements"), 0);
	assert_text(lk_json_string(lk_json_get(requirement, "change")), "requirement-rose");
	assert_text(lk_json_string(lk_json_get(requirement, "to")), "__glibc >=2.28");
	assert_text(lk_json_string(lk_json_get(requirement, "by")), "python");
	const struct lk_json *first = lk_json_at(lk_json_get(linux_, "packages"), 0);
	assert_text(lk_json_string(lk_json_get(first, "name")), "stolen");
	assert_text(lk_json_string(lk_json_get(first, "severity")), "critical");
	assert_text(lk_json_string(lk_json_at(lk_json_get(first, "changes"), 0)), "hash-changed");
	const struct lk_json *second = lk_json_at(lk_json_get(linux_, "packages"), 1);
	assert_text(lk_json_string(lk_json_get(second, "name")), "torch");
	assert_false(lk_json_bool(lk_json_get(second, "cuda"), true));
	assert_int_equal(lk_json_int(lk_json_get(second, "growth"), 0), -850000000);
	lk_json_doc_free(doc);
	lk_buf_done(&out);
	small_pair_done(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_requirements),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_unknown_scripts),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_group_keys),
		cmocka_unit_test(test_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

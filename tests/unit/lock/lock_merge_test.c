/*
 * Three locks made one: what each field takes from which side, what collides, and laws that hold
 * for any three.
 */
#include "lock_sample.h"

#include "lock/lock_merge.h"

/* A lock as a few words: what stands in the header, and lists of its one platform. */
struct sketch {
	const char *channels;  /* names, by spaces */
	const char *header;    /* lines before `platforms`, but the channels */
	const char *specs;     /* by commas */
	const char *virtuals;  /* lines of solved-with */
	const char *packages;  /* "name=version>dependency", by spaces */
	const char *platforms; /* by spaces, each with the same content; NULL: linux-64 */
};

static void put_package(struct lk_buf *out, lk_str word)
{
	lk_str version = word;
	lk_str name;
	lk_str needs = {NULL, 0};
	assert_true(lk_str_split(&version, '=', &name));
	size_t arrow = lk_str_find_char(version, '>');
	if (arrow != SIZE_MAX) {
		needs = lk_str_skip(version, arrow + 1);
		version = lk_str_slice(version, 0, arrow);
	}
	size_t at = lk_str_find_char(name, ':');
	lk_str channel = at == SIZE_MAX ? LK_STR("m") : lk_str_slice(name, 0, at);
	name = at == SIZE_MAX ? name : lk_str_skip(name, at + 1);
	lk_buf_appendf(out,
		"    - name: " LK_STR_FMT "\n      version: '" LK_STR_FMT
		"'\n      build: '0'\n      from: " LK_STR_FMT "/noarch/" LK_STR_FMT "-" LK_STR_FMT
		"-0.conda\n      sha256: " HASH_A "\n",
		LK_STR_ARG(name), LK_STR_ARG(version), LK_STR_ARG(channel), LK_STR_ARG(name),
		LK_STR_ARG(version));
	if (needs.len > 0) {
		lk_buf_appendf(out, "      depends:\n      - " LK_STR_FMT "\n", LK_STR_ARG(needs));
	}
}

static void put_platform(struct lk_buf *out, const struct sketch *s, lk_str subdir)
{
	lk_str word;
	lk_buf_appendf(out, "  " LK_STR_FMT ":\n    specs:", LK_STR_ARG(subdir));
	lk_buf_puts(out, *s->specs ? "\n" : " []\n");
	lk_str rest = lk_str_of(*s->specs ? s->specs : NULL);
	while (lk_str_split(&rest, ',', &word)) {
		lk_buf_appendf(out, "    - " LK_STR_FMT "\n", LK_STR_ARG(word));
	}
	lk_buf_appendf(out, "    solved-with:%s%s", *s->virtuals ? "\n" : " {}\n", s->virtuals);
	lk_buf_puts(out, *s->packages ? "    packages:\n" : "    packages: []\n");
	rest = lk_str_of(*s->packages ? s->packages : NULL);
	while (lk_str_split(&rest, ' ', &word)) {
		put_package(out, word);
	}
}

static void make(const struct sketch *s, struct lk_lock *ret)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 20);
	lk_buf_puts(&out, *s->channels ? "version: 1\nchannels:\n" : "version: 1\nchannels: []\n");
	lk_str rest = lk_str_of(*s->channels ? s->channels : NULL);
	lk_str word;
	while (lk_str_split(&rest, ' ', &word)) {
		size_t at = lk_str_find_char(word, '@');
		lk_str host = at == SIZE_MAX ? LK_STR("h") : lk_str_skip(word, at + 1);
		lk_str name = lk_str_slice(word, 0, at);
		lk_buf_appendf(&out,
			"- name: " LK_STR_FMT "\n  url: https://" LK_STR_FMT "/" LK_STR_FMT "\n",
			LK_STR_ARG(name), LK_STR_ARG(host), LK_STR_ARG(name));
	}
	lk_buf_puts(&out, *s->header ? s->header : "channel-priority: strict\n");
	rest = lk_str_of(s->platforms ? s->platforms : "linux-64");
	lk_buf_puts(&out, rest.len > 0 ? "platforms:\n" : "platforms: {}\n");
	while (rest.len > 0 && lk_str_split(&rest, ' ', &word)) {
		put_platform(&out, s, word);
	}
	parse_ok(lk_buf_cstr(&out), ret);
}

static void write_to(const struct lk_lock *lock, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	lk_buf_init(out, LK_LOCK_MAX_BYTES);
	int rc = lk_lock_write(lock, out, &err);
	assert_string_equal(err.message, "");
	assert_int_equal(rc, 0);
}

/* The collisions' and the unmet demands' lines, and what was dropped. */
static void put_findings(const struct lk_lock_merge *merge, struct lk_buf *out)
{
	for (size_t i = 0; i < merge->n_collisions; i++) {
		lk_merge_collision_text(&merge->collisions[i], out);
		lk_buf_putc(out, '\n');
	}
	for (size_t i = 0; i < merge->unmet.n; i++) {
		lk_buf_appendf(out, LK_STR_FMT "\n", LK_STR_ARG(merge->unmet.items[i]));
	}
	for (size_t i = 0; i < merge->n_dropped; i++) {
		lk_buf_appendf(out, "dropped " LK_STR_FMT "\n",
			LK_STR_ARG(merge->dropped[i].record->name));
	}
}

#define S(specs, packages)                                                                         \
	{                                                                                          \
		"m", "", specs, "", packages, NULL                                                 \
	}
#define HEADER(lines)                                                                              \
	{                                                                                          \
		"m", lines, "", "", "", NULL                                                       \
	}
#define CHANNELS(names)                                                                            \
	{                                                                                          \
		names, "", "", "", "", NULL                                                        \
	}
#define VIRTUALS(lines)                                                                            \
	{                                                                                          \
		"m", "", "", lines, "", NULL                                                       \
	}
#define ON(platforms, packages)                                                                    \
	{                                                                                          \
		"m", "", "", "", packages, platforms                                               \
	}

#define CUDA "      __cuda: 12.6=0\n"
#define REQUIRES "    requires:\n      depends:\n"

static const struct {
	const char *what;
	struct sketch base, ours, theirs;
	struct sketch merged; /* when findings are only "dropped", or none */
	const char *findings;
} cases[] = {
	{"packages changed on either side", S("a,b", "a=1 b=1"), S("a,b", "a=2 b=1"),
		S("a,b", "a=1 b=2"), S("a,b", "a=2 b=2"), ""},
	{"the same change", S("a", "a=1"), S("a", "a=2"), S("a", "a=2"), S("a", "a=2"), ""},
	{"both changed it", S("a", "a=1"), S("a", "a=2"), S("a", "a=3"), S("", ""),
		"linux-64: package 'a': ours 2 0 from m; theirs 3 0 from m; before 1 0 from m\n"},
	{"specs appended by both", S("a", "a=1"), S("a,b", "a=1 b=1"), S("a,c", "a=1 c=1"),
		S("a,b,c", "a=1 b=1 c=1"), ""},
	{"specs put before and after", S("a", "a=1"), S("b,a", "a=1 b=1"), S("a,c", "a=1 c=1"),
		S("b,a,c", "a=1 b=1 c=1"), ""},
	{"a spec taken out, another added", S("a,b", "a=1 b=1"), S("a", "a=1"),
		S("a,b,c", "a=1 b=1 c=1"), S("a,c", "a=1 c=1"), ""},
	{"specs reordered by one, added to by the other", S("a,b", "a=1 b=1"), S("b,a", "a=1 b=1"),
		S("a,c,b", "a=1 b=1 c=1"), S("b,a,c", "a=1 b=1 c=1"), ""},
	{"a spec changed twice", S("a", "a=1"), S("a 1", "a=1"), S("a <2", "a=1"), S("", ""),
		"linux-64: spec 'a': ours a 1; theirs a <2; before a\n"},
	{"a spec changed and taken out", S("a,b", "a=1 b=1"), S("a 1,b", "a=1 b=1"), S("b", "b=1"),
		S("", ""), "linux-64: spec 'a': ours a 1; theirs takes it out; before a\n"},
	{"orders that contradict", S("a,b,c", "a=1 b=1 c=1"), S("b,a,c", "a=1 b=1 c=1"),
		S("a,c,b", "a=1 b=1 c=1"), S("", ""),
		"linux-64: order of the specs: ours b, a, c; theirs a, c, b\n"},
	{"two specs for one name", S("a,a <3", "a=1"), S("a,a <3,a >0", "a=1"), S("a,a <4", "a=1"),
		S("a,a <4,a >0", "a=1"), ""},
	{"taken out and changed", S("a,b", "a=1 b=1"), S("a", "a=1"), S("a,b", "a=1 b=2"),
		S("", ""),
		"linux-64: package 'b': ours takes it out; theirs 2 0 from m; before 1 0 from m\n"},
	{"taken out by both", S("a,b", "a=1 b=1"), S("a", "a=1"), S("a", "a=1"), S("a", "a=1"), ""},
	{"both added it, otherwise", S("a", "a=1>a"), S("a", "a=1 b=1"), S("a", "a=1>a b=2"),
		S("", ""), "linux-64: package 'b': ours 1 0 from m; theirs 2 0 from m\n"},
	{"a demand that only the other side's change leaves unmet", S("a,b", "a=1 b=1"),
		S("a,b", "a=1>b<2 b=1"), S("a,b", "a=1 b=2"), S("", ""),
		"linux-64: a depends on 'b<2', but the lock has b 2 0\n"},
	{"a package that is needed and no longer there", S("a,b", "a=1>c b=1 c=1"),
		S("a,b", "a=2 b=1"), S("a,b", "a=1>c b=2>c c=1"), S("", ""),
		"linux-64: b depends on 'c', but no such package is in the lock\n"},
	{"a package that nothing needs any more", S("a,b", "a=1>c b=1>c c=1"),
		S("a,b", "a=2 b=1>c c=1"), S("a,b", "a=1>c b=2 c=1"), S("a,b", "a=2 b=2"),
		"dropped c\n"},
	{"a package that nothing ever needed stays", S("a,b", "a=1 b=1 c=1"),
		S("a,b", "a=2 b=1 c=1"), S("a,b", "a=1 b=2 c=1"), S("a,b", "a=2 b=2 c=1"), ""},
	{"channels before and after", CHANNELS("m"), CHANNELS("x m"), CHANNELS("m y"),
		CHANNELS("x m y"), ""},
	{"channels at one place", CHANNELS("m"), CHANNELS("m x"), CHANNELS("m y"), CHANNELS(""),
		"order of the channels: ours m, x; theirs m, y; before m\n"},
	{"the same channel added", CHANNELS("m"), CHANNELS("m x"), CHANNELS("m x"), CHANNELS("m x"),
		""},
	{"a channel moved twice", CHANNELS("m"), CHANNELS("m@a"), CHANNELS("m@b"), CHANNELS(""),
		"channel 'm': ours https://a/m; theirs https://b/m; before https://h/m\n"},
	{"a channel taken out, its package changed", {"m x", "", "a", "", "a=1", NULL},
		{"m", "", "a", "", "a=1", NULL}, {"m x", "", "a,b", "", "a=1 x:b=1", NULL},
		S("", ""),
		"linux-64: channel 'x': ours does not have it; theirs 'b' comes from it\n"},
	{"a channel moved, a package changed", {"m", "", "a,b", "", "a=1 b=1", NULL},
		{"m@new", "", "a,b", "", "a=1 b=1", NULL}, {"m", "", "a,b", "", "a=1 b=2", NULL},
		{"m@new", "", "a,b", "", "a=1 b=2", NULL}, ""},
	{"header fields", HEADER("channel-priority: strict\nvariables:\n  A: '1'\n  B: '1'\n"),
		HEADER("channel-priority: flexible\nvariables:\n  A: '2'\n  B: '1'\n"),
		HEADER("channel-priority: strict\nexclude-newer: 2026-01-31T00:00:00Z\n"
		       "variables:\n  A: '1'\n  C: '1'\n"),
		HEADER("channel-priority: flexible\nexclude-newer: 2026-01-31T00:00:00Z\n"
		       "variables:\n  A: '2'\n  C: '1'\n"),
		""},
	{"header fields that collide",
		HEADER("channel-priority: strict\nexclude-newer: 2026-01-31T00:00:00Z\n"
		       "variables:\n  A: '1'\n"),
		HEADER("channel-priority: flexible\nexclude-newer: 2026-02-28T00:00:00Z\n"
		       "variables:\n  A: '2'\n"),
		HEADER("channel-priority: disabled\nvariables:\n  A: '3'\n"), HEADER(""),
		"channel-priority: ours flexible; theirs disabled; before strict\n"
		"exclude-newer: ours 2026-02-28T00:00:00Z; theirs takes it out; before "
		"2026-01-31T00:00:00Z\n"
		"variable 'A': ours 2; theirs 3; before 1\n"},
	{"virtual packages", VIRTUALS("      __cuda: 12.6=0\n      __glibc: '2.28=0'\n"),
		VIRTUALS("      __cuda: 12.8=0\n      __glibc: '2.28=0'\n"),
		VIRTUALS("      __archspec: 1=v3\n      __cuda: 12.6=0\n"),
		VIRTUALS("      __archspec: 1=v3\n      __cuda: 12.8=0\n"), ""},
	{"virtual packages added by both stay sorted", VIRTUALS("      __glibc: '2.28=0'\n"),
		VIRTUALS("      __glibc: '2.28=0'\n      __unix: 0=0\n"),
		VIRTUALS("      __glibc: '2.28=0'\n      __linux: 4.18=0\n"),
		VIRTUALS("      __glibc: '2.28=0'\n      __linux: 4.18=0\n      __unix: 0=0\n"),
		""},
	{"what is required of the host", {"m", "", "", CUDA, "a=1 b=1", NULL},
		{"m", "", "", CUDA REQUIRES "      - __cuda<13\n", "a=1>__cuda<13 b=1", NULL},
		{"m", "", "", CUDA REQUIRES "      - __cuda>=12\n", "a=1 b=1>__cuda>=12", NULL},
		{"m", "", "", CUDA REQUIRES "      - __cuda<13\n      - __cuda>=12\n",
			"a=1>__cuda<13 b=1>__cuda>=12", NULL},
		""},
	{"virtual packages that collide", VIRTUALS("      __cuda: 12.6=0\n"),
		VIRTUALS("      __cuda: 12.8=0\n"), VIRTUALS("      __cuda: 12.9=0\n"), S("", ""),
		"linux-64: virtual package '__cuda': ours 12.8=0; theirs 12.9=0; before 12.6=0\n"},
	{"platforms added by either", ON("linux-64", ""), ON("linux-64 osx-64", ""),
		ON("linux-64 win-64", ""), ON("linux-64 osx-64 win-64", ""), ""},
	{"a platform taken out", ON("linux-64 osx-64", "a=1"), ON("linux-64", "a=1"),
		ON("linux-64 osx-64", "a=1"), ON("linux-64", "a=1"), ""},
	{"a platform taken out and changed", ON("linux-64 osx-64", "a=1"), ON("linux-64", "a=1"),
		ON("linux-64 osx-64", "a=2"), S("", ""),
		"platform 'osx-64': ours takes it out; theirs changed; before there\n"},
};

static void run_case(size_t i, bool swapped, struct lk_buf *findings, struct lk_buf *bytes)
{
	struct lk_lock base;
	struct lk_lock ours;
	struct lk_lock theirs;
	struct lk_lock_merge merge;
	make(&cases[i].base, &base);
	make(swapped ? &cases[i].theirs : &cases[i].ours, &ours);
	make(swapped ? &cases[i].ours : &cases[i].theirs, &theirs);
	lk_lock_merge_make(&base, &ours, &theirs, LK_MERGE_NEITHER, &merge);
	put_findings(&merge, findings);
	if (lk_lock_merge_is_clean(&merge)) {
		write_to(&merge.lock, bytes);
	}
	lk_lock_merge_done(&merge);
	lk_lock_done(&base);
	lk_lock_done(&ours);
	lk_lock_done(&theirs);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_buf findings = LK_BUF_INIT(1 << 16);
		struct lk_buf bytes = LK_BUF_INIT(0);
		run_case(i, false, &findings, &bytes);
		if (strcmp(lk_buf_cstr(&findings), cases[i].findings) != 0) {
			fail_msg("%s: findings are\n%snot\n%s", cases[i].what,
				lk_buf_cstr(&findings), cases[i].findings);
		}
		bool clean =
			*cases[i].findings == '\0' || strncmp(cases[i].findings, "dropped", 7) == 0;
		assert_int_equal(clean, bytes.len > 0);
		if (clean) {
			struct lk_lock wanted;
			struct lk_buf expected;
			make(&cases[i].merged, &wanted);
			write_to(&wanted, &expected);
			if (!lk_str_eq(lk_buf_view(&bytes), lk_buf_view(&expected))) {
				fail_msg("%s: got\n%snot\n%s", cases[i].what, lk_buf_cstr(&bytes),
					lk_buf_cstr(&expected));
			}
			lk_buf_done(&expected);
			lk_lock_done(&wanted);
		}
		struct lk_buf back = LK_BUF_INIT(1 << 16);
		struct lk_buf back_bytes = LK_BUF_INIT(0);
		run_case(i, true, &back, &back_bytes);
		if (clean != (back_bytes.len > 0)) {
			fail_msg("%s: the other way round: %s", cases[i].what, lk_buf_cstr(&back));
		}
		lk_buf_done(&findings);
		lk_buf_done(&bytes);
		lk_buf_done(&back);
		lk_buf_done(&back_bytes);
	}
}

static void test_prefer(void **state)
{
	(void)state;
	static const struct sketch base = S("a 1,b", "a=1 b=1");
	static const struct sketch ours = S("a 2,b", "a=2 b=1");
	static const struct sketch theirs = S("a 3,b", "a=3 b=2");
	static const struct sketch merged[] = {S("a 2,b", "a=2 b=2"), S("a 3,b", "a=3 b=2")};
	static const enum lk_merge_side sides[] = {LK_MERGE_OURS, LK_MERGE_THEIRS};
	struct lk_lock locks[3];
	make(&base, &locks[0]);
	make(&ours, &locks[1]);
	make(&theirs, &locks[2]);
	for (size_t i = 0; i < LK_COUNTOF(sides); i++) {
		struct lk_lock_merge merge;
		struct lk_lock wanted;
		struct lk_buf bytes;
		struct lk_buf expected;
		lk_lock_merge_make(&locks[0], &locks[1], &locks[2], sides[i], &merge);
		assert_int_equal(merge.n_collisions, 2);
		assert_int_equal(merge.unmet.n, 0);
		make(&merged[i], &wanted);
		write_to(&merge.lock, &bytes);
		write_to(&wanted, &expected);
		assert_string_equal(lk_buf_cstr(&bytes), lk_buf_cstr(&expected));
		lk_buf_done(&bytes);
		lk_buf_done(&expected);
		lk_lock_done(&wanted);
		lk_lock_merge_done(&merge);
	}
	for (size_t i = 0; i < 3; i++) {
		lk_lock_done(&locks[i]);
	}
}

static void test_no_ancestor(void **state)
{
	(void)state;
	static const struct sketch ours = S("a,b", "a=1 b=1");
	static const struct sketch theirs = S("a,c", "a=1 c=1");
	static const struct sketch both = S("a,b,c", "a=1 b=1 c=1");
	struct lk_lock locks[3];
	struct lk_lock_merge merge;
	struct lk_buf bytes;
	struct lk_buf expected;
	make(&ours, &locks[0]);
	make(&theirs, &locks[1]);
	make(&both, &locks[2]);
	lk_lock_merge_make(NULL, &locks[0], &locks[1], LK_MERGE_NEITHER, &merge);
	assert_true(lk_lock_merge_is_clean(&merge));
	write_to(&merge.lock, &bytes);
	write_to(&locks[2], &expected);
	assert_string_equal(lk_buf_cstr(&bytes), lk_buf_cstr(&expected));
	lk_buf_done(&bytes);
	lk_buf_done(&expected);
	lk_lock_merge_done(&merge);
	for (size_t i = 0; i < 3; i++) {
		lk_lock_done(&locks[i]);
	}
}

/* Laws, over locks drawn by chance. */

/* Locks of one family decide alike, but for some decisions of their own. */
struct chance {
	uint32_t family, own; /* seeds */
	uint32_t n;           /* decisions so far */
};

static uint32_t mix(uint32_t seed, uint32_t n)
{
	uint32_t x = seed * 2654435761u + n * 40503u + 1;
	x ^= x >> 15;
	x *= 2246822519u;
	x ^= x >> 13;
	x *= 3266489917u;
	return x ^ x >> 16;
}

static uint32_t draw(struct chance *c, uint32_t below)
{
	c->n++;
	uint32_t own = mix(c->own, c->n);
	return (own % 10 == 0 ? own / 16 : mix(c->family, c->n)) % below;
}

#define N_NAMES 6u /* from p on */

/* Some of the names, mostly in order. */
static void put_names(struct lk_buf *out, struct chance *c, uint32_t one_in, const char *separator)
{
	char at[N_NAMES];
	for (uint32_t i = 0; i < N_NAMES; i++) {
		at[i] = (char)('p' + (char)i);
	}
	for (uint32_t i = 0; i < N_NAMES; i++) {
		uint32_t moves = draw(c, 5);
		uint32_t k = draw(c, N_NAMES);
		char kept = at[i];
		k = moves == 0 ? k : i;
		at[i] = at[k];
		at[k] = kept;
	}
	for (uint32_t i = 0; i < N_NAMES; i++) {
		if (draw(c, one_in) == 0) {
			lk_buf_appendf(out, "%s%c", out->len > 0 ? separator : "", at[i]);
		}
	}
}

/* Most of them are there, some in another version, some with a dependency. */
static void put_packages(struct lk_buf *out, struct chance *c)
{
	for (uint32_t i = 0; i < N_NAMES; i++) {
		char name = (char)('p' + (char)i);
		uint32_t is_there = draw(c, 9);
		uint32_t version = draw(c, 3);
		uint32_t needs = draw(c, 4);
		uint32_t what = draw(c, N_NAMES);
		if (is_there == 0) {
			continue;
		}
		lk_buf_appendf(out, "%s%c=%u", out->len > 0 ? " " : "", name, version);
		if (needs == 0) {
			lk_buf_appendf(out, ">%c", (char)('p' + (char)what));
		}
	}
}

static void draw_lock(uint32_t family, uint32_t own, struct lk_lock *ret)
{
	struct chance c = {family, own, 0};
	struct lk_buf channels = LK_BUF_INIT(1000);
	struct lk_buf specs = LK_BUF_INIT(1000);
	struct lk_buf packages = LK_BUF_INIT(1000);
	lk_buf_puts(&channels, "m");
	put_names(&channels, &c, 6, " ");
	put_names(&specs, &c, 2, ",");
	put_packages(&packages, &c);
	bool two = draw(&c, 3) == 0;
	struct sketch sketch = {lk_buf_cstr(&channels), "", lk_buf_cstr(&specs), "",
		lk_buf_cstr(&packages), two ? "linux-64 osx-64" : "linux-64"};
	make(&sketch, ret);
	lk_buf_done(&channels);
	lk_buf_done(&specs);
	lk_buf_done(&packages);
}

static bool merges(const struct lk_lock *base, const struct lk_lock *ours,
	const struct lk_lock *theirs, struct lk_buf *bytes)
{
	struct lk_lock_merge merge;
	lk_lock_merge_make(base, ours, theirs, LK_MERGE_NEITHER, &merge);
	bool clean = lk_lock_merge_is_clean(&merge);
	assert_true(merge.n_collisions > 0 || merge.unmet.n > 0 || clean);
	if (clean && bytes) {
		write_to(&merge.lock, bytes);
	}
	lk_lock_merge_done(&merge);
	return clean;
}

static bool is_consistent(const struct lk_lock *lock)
{
	struct lk_error err = LK_ERROR_INIT;
	for (size_t i = 0; i < lock->n_platforms; i++) {
		if (lk_lock_check_consistent(&lock->platforms[i], NULL, &err) < 0) {
			return false;
		}
	}
	return true;
}

static void assert_is(const struct lk_lock *base, const struct lk_lock *ours,
	const struct lk_lock *theirs, const struct lk_lock *wanted)
{
	struct lk_buf bytes;
	struct lk_buf expected;
	if (!is_consistent(wanted)) {
		assert_false(merges(base, ours, theirs, NULL));
		return;
	}
	assert_true(merges(base, ours, theirs, &bytes));
	write_to(wanted, &expected);
	assert_string_equal(lk_buf_cstr(&bytes), lk_buf_cstr(&expected));
	lk_buf_done(&bytes);
	lk_buf_done(&expected);
}

static void test_laws(void **state)
{
	(void)state;
	size_t n_clean = 0;
	size_t n_consistent = 0;
	for (uint32_t i = 0; i < 500; i++) {
		struct lk_lock b;
		struct lk_lock x;
		struct lk_lock y;
		draw_lock(i, 0, &b);
		draw_lock(i, 2 * i + 1, &x);
		draw_lock(i, 2 * i + 2, &y);
		assert_is(&b, &x, &b, &x);
		assert_is(&b, &b, &x, &x);
		assert_is(&b, &x, &x, &x);
		assert_is(NULL, &x, &x, &x);
		bool clean = merges(&b, &x, &y, NULL);
		assert_int_equal(clean, merges(&b, &y, &x, NULL));
		n_clean += clean;
		n_consistent += is_consistent(&x);
		lk_lock_done(&b);
		lk_lock_done(&x);
		lk_lock_done(&y);
	}
	/* Else the laws would hold of next to nothing. */
	assert_true(n_clean > 30 && n_consistent > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_prefer),
		cmocka_unit_test(test_no_ancestor),
		cmocka_unit_test(test_laws),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Specs judged in the small world of a lock: the short way for plain dependencies never says more
 * than the whole one.
 */
#include "lock_sample.h"

#include "lock/lock_world_priv.h"

static const char world_lock[] =
	"version: 1\n"
	"channels:\n- name: c\n  url: https://example.org/c\n"
	"channel-priority: strict\n"
	"platforms:\n"
	"  linux-64:\n"
	"    specs: []\n"
	"    solved-with:\n      __glibc: 2.28=0\n"
	"    packages:\n"
	"    - name: a\n      version: 1.2.3\n      build: h1_0\n"
	"      from: c/noarch/a-1.2.3-h1_0.conda\n      sha256: " HASH_A "\n"
	"    - name: b.c\n      version: 2.0a0\n      build: h1_0\n"
	"      from: c/noarch/b.c-2.0a0-h1_0.conda\n      sha256: " HASH_A "\n"
	"    - name: if\n      version: '1'\n      build: h1_0\n"
	"      from: c/noarch/if-1-h1_0.conda\n      sha256: " HASH_A "\n"
	"    - name: x.conda\n      version: '1'\n      build: h1_0\n"
	"      from: c/noarch/x.conda-1-h1_0.conda\n      sha256: " HASH_A "\n";

static void fill(struct lk_lock *lock, struct lk_lock_world *w)
{
	parse_ok(world_lock, lock);
	lk_lock_world_init(w, &lock->platforms[0], &lock->platforms[0].solved_with);
}

/* What the whole way says. */
static bool is_met(struct lk_lock_world *w, lk_str text)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_matchspec *spec = lk_lock_world_spec(w, text, LK_SPEC_REPODATA, &err);
	return spec && lk_lock_world_is_live(w, spec) && lk_lock_world_is_met(w, spec) &&
		lk_lock_world_is_kept(w, spec);
}

static void test_plain(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool plain;
	} rows[] = {
		{"a", true},
		{"a >=1.2", true},
		{"a >=1.2,<2", true},
		{"a >=1.2,<2.0a0", true},
		{"a 1.2.*", true},
		{"a 1.2.3", true},
		{"a <=1.2.3", true},
		{"b.c >1", true},
		{"if", true},
		{"a >=1.3", false},
		{"a 1.2", false},
		{"a >=1.2,<1.2.3", false},
		{"d", false},
		{"", false},
		{"__glibc", false},
		{"__glibc >=2.17", false},
		/* met, but not plain */
		{" a", false},
		{"a ", false},
		{"a  >=1", false},
		{"A", false},
		{"a 1.2.3 h1_0", false},
		{"a=1.2", false},
		{"a ==1.2.3", false},
		{"a =1.2", false},
		{"a !=2", false},
		{"a 1.2.3=h1_0", false},
		{"a >=1|<1", false},
		{"a *", false},
		{"a[version='1.2.3']", false},
		{"c::a", false},
		/* none at all */
		{"x.conda", false},
		{"a if", false},
		{"a >=", false},
		{"a >=1,,<2", false},
		{"a ,", false},
		{"a >>1", false},
	};
	struct lk_lock lock;
	struct lk_lock_world w;
	fill(&lock, &w);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str text = lk_str_of(rows[i].text);
		bool plain = lk_lock_world_plainly_met(&w, text);
		if (plain != rows[i].plain || (plain && !is_met(&w, text))) {
			fail_msg("'%s' is%s plainly met", rows[i].text, plain ? "" : " not");
		}
	}
	lk_lock_world_done(&w);
	lk_lock_done(&lock);
}

/* Texts of pieces thrown together: no plain one that the whole way does not hold too. */
static void test_never_more(void **state)
{
	(void)state;
	static const char *const pieces[] = {"a", "b.c", "if", "x", "1", "2", "1.2", ".", "*", ",",
		" ", ">=", "<", "=", "==", "!", "~=", "|", "(", ")", ".conda", "[", "]", "_", "-",
		"+", "0a0", "::", "^", "$", "#", "@", "h1_0", "\t", "B"};
	struct lk_lock lock;
	struct lk_lock_world w;
	struct lk_arena arena = {0}; /* the world keeps the texts */
	uint64_t random = 1;
	size_t n_plain = 0;
	fill(&lock, &w);
	for (size_t i = 0; i < 100000; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(100);
		lk_buf_puts(&text, i % 3 == 0 ? "a " : i % 3 == 1 ? "a" : "");
		for (size_t k = i % 7; k > 0; k--) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			lk_buf_puts(&text, pieces[(random >> 33) % LK_COUNTOF(pieces)]);
		}
		lk_str kept = lk_str_dup(&arena, lk_buf_view(&text));
		bool plain = lk_lock_world_plainly_met(&w, kept);
		n_plain += plain;
		if (plain && !is_met(&w, kept)) {
			fail_msg("'%s' is plainly met and is not met", kept.ptr);
		}
	}
	assert_true(n_plain > 1000);
	lk_lock_world_done(&w);
	lk_lock_done(&lock);
	lk_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_never_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Facts: read, refused, written back, kept with their archive, told in a diff.
 */
#include "lock/lock_facts.h"

#include "lock_small.h"

#include "lock/lock_merge.h"

static const char place[] = "      license: BSD-3-Clause\n";
#define FACTS "      glibc: '2.28'\n      gpu: sm_75 sm_90a sm_100f compute_90\n"

static void facts_go_round(void **state)
{
	(void)state;
	char *LK_AUTO_FREE text = sample_with(place, "      license: BSD-3-Clause\n" FACTS);
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_error err = LK_ERROR_INIT;
	struct lk_lock lock;
	parse_ok(text, &lock);
	const struct lk_record *numpy = lk_lock_find_package(&lock.platforms[0], LK_STR("numpy"));
	assert_text(numpy->facts.glibc, "2.28");
	assert_text(numpy->facts.gpu, "sm_75 sm_90a sm_100f compute_90");
	assert_int_equal(lk_lock_write(&lock, &out, &err), 0);
	assert_string_equal(lk_buf_cstr(&out), text);
	lk_lock_done(&lock);
}

static void facts_that_cannot_be_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"      gpu: sm_7\n",
		"      gpu: sm_80 sm_75\n",
		"      gpu: sm_80 sm_80\n",
		"      gpu: compute_80 sm_80\n",
		"      gpu: sm_80  sm_90\n",
		"      gpu: sm_80 \n      size: x\n",
		"      gpu: volta\n",
		"      gpu:\n      - sm_80\n",
		"      gpu: ''\n",
		"      glibc: two\n",
		"      glibc: '2'\n",
		"      glibc: '2.'\n",
		"      glibc: 2..1\n",
		"      glibc: 1.2.3.4\n",
		"      glibc: ''\n",
	};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		char *LK_AUTO_FREE text = sample_with(place, bad[i]);
		struct lk_error err = LK_ERROR_INIT;
		struct lk_lock lock;
		if (lk_lock_parse(lk_str_of(text), "env.lock", NULL, &lock, &err) == 0) {
			fail_msg("taken: %s", bad[i]);
		}
		assert_int_equal(err.code, LK_E_FORMAT);
		assert_true(err.line > 0);
	}
}

static bool give(void *ctx, const struct lk_record *record, struct lk_facts *ret)
{
	const struct lk_facts *facts = ctx;
	*ret = *facts;
	return lk_str_is(record->name, "torch");
}

static const struct small torch_rows[] = {
	SMALL("torch", "2.0"),
	SMALL("zlib", "1.3"),
};

static void make(struct lk_lock *lock, const struct small *rows, const char *gpu, const char *glibc)
{
	struct lk_facts facts = {lk_str_of(gpu), lk_str_of(glibc)};
	small_init(lock);
	small_add(lock, "linux-64", "torch", rows, LK_COUNTOF(torch_rows));
	if (gpu || glibc) {
		assert_int_equal(lk_lock_set_facts(lock, give, &facts), 1);
		assert_int_equal(lk_lock_set_facts(lock, give, &facts), 0);
	}
}

/* With its archive, and not with another of the same name. */
static void facts_are_kept_with_their_archive(void **state)
{
	(void)state;
	static const struct small newer[] = {SMALL("torch", "2.1"), SMALL("zlib", "1.3")};
	struct lk_lock old;
	struct lk_lock same;
	struct lk_lock other;
	make(&old, torch_rows, "sm_80", "2.17");
	make(&same, torch_rows, NULL, NULL);
	make(&other, newer, NULL, NULL);
	lk_lock_keep_facts(&same, &old);
	lk_lock_keep_facts(&other, &old);
	const struct lk_record *kept = lk_lock_find_package(&same.platforms[0], LK_STR("torch"));
	assert_text(kept->facts.gpu, "sm_80");
	assert_text(kept->facts.glibc, "2.17");
	kept = lk_lock_find_package(&other.platforms[0], LK_STR("torch"));
	assert_false(lk_facts_are_there(&kept->facts));
	kept = lk_lock_find_package(&same.platforms[0], LK_STR("zlib"));
	assert_false(lk_facts_are_there(&kept->facts));
	lk_lock_done(&old);
	lk_lock_done(&same);
	lk_lock_done(&other);
}

#define BIT(kind) (1u << (kind))

static void a_diff_weighs_facts(void **state)
{
	(void)state;
	static const struct small newer[] = {SMALL("torch", "2.0.1"), SMALL("zlib", "1.3")};
	static const struct {
		const char *gpu[2], *glibc[2];
		bool other_archive;
		unsigned kinds;
	} cases[] = {
		{{"sm_70 sm_80", "sm_80 sm_100"}, {NULL, NULL}, true, BIT(LK_CHANGE_GPU)},
		/* 8.6 still runs the code for 8.0 */
		{{"sm_80 sm_86", "sm_80"}, {NULL, NULL}, true, BIT(LK_CHANGE_FACTS)},
		{{"sm_80", "sm_75 compute_75"}, {NULL, NULL}, true, BIT(LK_CHANGE_FACTS)},
		{{"sm_80 compute_80", "sm_80"}, {NULL, NULL}, true, BIT(LK_CHANGE_FACTS)},
		{{"sm_80", "sm_80 sm_90"}, {NULL, NULL}, true, BIT(LK_CHANGE_FACTS)},
		{{"sm_80", NULL}, {"2.17", "2.17"}, true, BIT(LK_CHANGE_GPU)},
		{{NULL, NULL}, {"2.17", "2.28"}, true, BIT(LK_CHANGE_GLIBC)},
		{{NULL, NULL}, {"2.9", "2.17"}, true, BIT(LK_CHANGE_GLIBC)},
		{{NULL, NULL}, {"2.28", "2.17"}, true, BIT(LK_CHANGE_FACTS)},
		{{"sm_70", "sm_80"}, {"2.17", "2.28"}, true,
			BIT(LK_CHANGE_GPU) | BIT(LK_CHANGE_GLIBC)},
		/* nobody has looked at the new one, or had at the old one */
		{{"sm_80", NULL}, {NULL, NULL}, true, 0},
		{{NULL, "sm_80"}, {NULL, "2.28"}, true, 0},
		{{NULL, "sm_80"}, {NULL, NULL}, false, BIT(LK_CHANGE_FACTS)},
		{{"sm_80", "sm_80"}, {"2.17", "2.17"}, false, 0},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct small_pair pair;
		make(&pair.from, torch_rows, cases[i].gpu[0], cases[i].glibc[0]);
		make(&pair.to, cases[i].other_archive ? newer : torch_rows, cases[i].gpu[1],
			cases[i].glibc[1]);
		lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
		const struct lk_platform_diff *platform = &pair.diff.platforms[0];
		unsigned kinds = platform->n_changes > 0 ? platform->changes[0].kinds : 0;
		if ((kinds & ~BIT(LK_CHANGE_PATCH)) != cases[i].kinds) {
			fail_msg("case %zu: kinds %x", i, kinds);
		}
		small_pair_done(&pair);
	}
}

static void a_diff_tells_facts(void **state)
{
	(void)state;
	static const struct small newer[] = {SMALL("torch", "2.0.1"), SMALL("zlib", "1.3")};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(65536);
	struct lk_buf LK_CLEANUP(lk_buf_done) json = LK_BUF_INIT(65536);
	struct lk_diff_text_options options = {0};
	struct small_pair pair;
	struct lk_jw w;
	make(&pair.from, torch_rows, "sm_70 sm_80", "2.17");
	make(&pair.to, newer, "sm_80 sm_90 sm_100", "2.28");
	lk_lock_diff_make(&pair.from, &pair.to, NULL, &pair.diff);
	lk_lock_diff_text(&pair.diff, &options, &text);
	assert_non_null(strstr(lk_buf_cstr(&text), "no code for a GPU any more"));
	assert_non_null(strstr(
		lk_buf_cstr(&text), "torch  2.0 -> 2.0.1  lost sm_70  gained sm_90 sm_100  "));
	assert_non_null(strstr(lk_buf_cstr(&text), "glibc 2.17 -> 2.28"));
	lk_jw_init(&w, &json, true);
	lk_lock_diff_json(&pair.diff, &w);
	assert_non_null(strstr(lk_buf_cstr(&json), "\"gpu-lost\""));
	assert_non_null(strstr(lk_buf_cstr(&json), "\"glibc-rose\""));
	assert_non_null(strstr(lk_buf_cstr(&json), "\"gpu\": \"sm_70 sm_80\""));
	small_pair_done(&pair);
}

/* One side has looked, the other has not; and both have touched other packages. */
static void a_merge_keeps_facts(void **state)
{
	(void)state;
	static const struct small zlib_newer[] = {SMALL("torch", "2.0"), SMALL("zlib", "1.4")};
	struct lk_lock base;
	struct lk_lock ours;
	struct lk_lock theirs;
	struct lk_lock_merge merge;
	make(&base, torch_rows, NULL, NULL);
	make(&ours, zlib_newer, NULL, NULL);
	make(&theirs, torch_rows, "sm_80", "2.17");
	lk_lock_merge_make(&base, &ours, &theirs, LK_MERGE_NEITHER, &merge);
	assert_true(lk_lock_merge_is_clean(&merge));
	const struct lk_lock_platform *platform = &merge.lock.platforms[0];
	assert_text(lk_lock_find_package(platform, LK_STR("torch"))->facts.gpu, "sm_80");
	assert_text(lk_lock_find_package(platform, LK_STR("zlib"))->version, "1.4");
	lk_lock_merge_done(&merge);
	/* facts on one side never collide with an upgrade on the other */
	static const struct small torch_newer[] = {SMALL("torch", "2.1"), SMALL("zlib", "1.3")};
	struct lk_lock upgraded;
	make(&upgraded, torch_newer, NULL, NULL);
	lk_lock_merge_make(&base, &upgraded, &theirs, LK_MERGE_NEITHER, &merge);
	assert_true(lk_lock_merge_is_clean(&merge));
	platform = &merge.lock.platforms[0];
	assert_text(lk_lock_find_package(platform, LK_STR("torch"))->version, "2.1");
	assert_text(lk_lock_find_package(platform, LK_STR("torch"))->facts.gpu, "");
	lk_lock_merge_done(&merge);
	lk_lock_done(&upgraded);
	lk_lock_done(&base);
	lk_lock_done(&ours);
	lk_lock_done(&theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_go_round),
		cmocka_unit_test(facts_that_cannot_be_are_refused),
		cmocka_unit_test(facts_are_kept_with_their_archive),
		cmocka_unit_test(a_diff_weighs_facts),
		cmocka_unit_test(a_diff_tells_facts),
		cmocka_unit_test(a_merge_keeps_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

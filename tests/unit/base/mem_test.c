/*
 * Allocation, arenas, vectors: alignment, zeroing, growth, and the end when memory is lost.
 */
#include "base/mem.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "base/vec.h"
#include "tests/unit/base/base_test.h"

static void test_heap(void **state)
{
	(void)state;
	char *LK_AUTO_FREE zeroed = lk_calloc(3, 5);
	for (size_t i = 0; i < 15; i++) {
		assert_int_equal(zeroed[i], 0);
	}
	char *LK_AUTO_FREE none = lk_calloc(0, 8);
	assert_non_null(none);
	char *copy = lk_strndup("abcdef", 3);
	assert_string_equal(copy, "abc");
	copy = lk_reallocarray(copy, 100, 1);
	assert_string_equal(copy, "abc");
	char *taken = LK_STEAL(copy);
	assert_null(copy);
	lk_free_p(&taken);
	assert_null(taken);
	char *LK_AUTO_FREE text = lk_asprintf("%s-%d", "x", 7);
	assert_string_equal(text, "x-7");
	char *LK_AUTO_FREE empty = lk_strndup(NULL, 0);
	assert_string_equal(empty, "");
}

static void test_arena(void **state)
{
	(void)state;
	struct lk_arena arena = {0};
	for (size_t i = 1; i < 3000; i++) {
		char *text = lk_arena_strndup(&arena, "xyz", i % 4);
		assert_int_equal(strlen(text), i % 4);
		unsigned char *bytes = lk_arena_calloc(&arena, i, 3);
		assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < i * 3; k++) {
			assert_int_equal(bytes[k], 0);
		}
		memset(bytes, 0xff, i * 3);
	}
	assert_string_equal(lk_arena_printf(&arena, "%0*d", 300000, 5) + 299998, "05");
	assert_true(arena.total > 3000u * 3000 * 3 / 2);
	lk_arena_done(&arena);
	assert_int_equal(arena.total, 0);
	lk_arena_done(&arena);
}

/* A text that does not fit into what is left of a block leaves that zeroed. */
static void test_arena_prints(void **state)
{
	(void)state;
	for (int width = 1; width < 6000; width += 7) {
		struct lk_arena arena = {0};
		assert_non_null(lk_arena_calloc(&arena, 1, 1000));
		const char *text = lk_arena_printf(&arena, "%0*d", width, 7);
		const unsigned char *bytes = lk_arena_calloc(&arena, 3000, 1);
		for (size_t i = 0; i < 3000; i++) {
			assert_int_equal(bytes[i], 0);
		}
		assert_int_equal(strlen(text), width);
		assert_int_equal(text[width - 1], '7');
		lk_arena_done(&arena);
	}
}

/* Large pieces among small ones must not make the small ones start new blocks. */
static void test_arena_wastes_little(void **state)
{
	(void)state;
	static const size_t large[] = {3000, 600000};
	for (size_t k = 0; k < LK_COUNTOF(large); k++) {
		struct lk_arena arena = {0};
		size_t asked = 0;
		for (size_t i = 0; i < 200; i++) {
			size_t size = i % 2 ? 16 : large[k];
			assert_non_null(lk_arena_calloc(&arena, 1, size));
			asked += size;
		}
		assert_true(arena.total < asked * 8 / 5);
		lk_arena_done(&arena);
	}
}

static void test_vec(void **state)
{
	(void)state;
	struct lk_u32s v = {0};
	for (uint32_t i = 0; i < 1000; i++) {
		lk_vec_push(&v, i * 2);
	}
	assert_int_equal(v.len, 1000);
	assert_true(v.cap >= 1000 && v.cap < 2000);
	assert_int_equal(v.items[999], 1998);
	lk_vec_clear(&v);
	assert_int_equal(v.len, 0);
	lk_vec_reserve(&v, 5000);
	assert_true(v.cap >= 5000);
	lk_vec_done(&v);
	assert_null(v.items);
	assert_int_equal(lk_vec_grown(0, 1), 8);
	assert_int_equal(lk_vec_grown(100, 101), 150);
	assert_int_equal(lk_vec_grown(100, 1000), 1000);
	assert_true(lk_vec_grown(SIZE_MAX - 1, SIZE_MAX) == SIZE_MAX);
}

static void *use_too_much(int which)
{
	struct lk_arena arena = {0};
	size_t huge = SIZE_MAX / 4 + 1;
	switch (which) {
	case 0:
		return lk_calloc(huge, 4);
	case 1:
		return lk_reallocarray(NULL, huge, 4);
	case 2:
		return lk_arena_calloc(&arena, huge, 4);
	case 3:
		return lk_arena_calloc(&arena, huge, 1);
	default:
		return lk_arena_strndup(&arena, "", SIZE_MAX);
	}
}

static void test_lost_memory_ends_the_run(void **state)
{
	(void)state;
	for (int which = 0; which < 5; which++) {
		int out[2];
		assert_int_equal(pipe(out), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			(void)dup2(out[1], STDERR_FILENO);
			_exit(use_too_much(which) ? 1 : 0);
		}
		close(out[1]);
		char said[4096] = {0};
		size_t len = 0;
		ssize_t got;
		while ((got = read(out[0], said + len, sizeof(said) - 1 - len)) > 0) {
			len += (size_t)got;
		}
		close(out[0]);
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 70);
		assert_non_null(strstr(said, "lockenv: out of memory\n"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_arena_prints),
		cmocka_unit_test(test_arena_wastes_little),
		cmocka_unit_test(test_vec),
		cmocka_unit_test(test_lost_memory_ends_the_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the address sanitizer would refuse by itself is what is tested here. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

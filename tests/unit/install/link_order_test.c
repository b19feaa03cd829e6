/*
 * Link order: rows worked out by hand, and random graphs held against a slow model.
 */
#include "install/link_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../support/pick.h"

#define MAX_PACKAGES 12

/* What a row asks for, as records. */
struct world {
	struct lk_arena arena;
	struct lk_record records[MAX_PACKAGES];
	lk_str depends[MAX_PACKAGES][2 * MAX_PACKAGES];
	size_t n;
};

/* TEXT: "name*: dependency, dependency"; '*' marks what is noarch. */
static void add(struct world *world, const char *text)
{
	lk_str rest = lk_str_of(text);
	struct lk_record *record = &world->records[world->n];
	lk_str *depends = world->depends[world->n++];
	lk_str one;
	size_t count = 0;
	assert_true(lk_str_split(&rest, ':', &one));
	record->noarch = lk_str_ends(one, LK_STR("*")) ? LK_NOARCH_PYTHON : LK_NOARCH_NO;
	one.len -= record->noarch != LK_NOARCH_NO;
	record->name = one;
	rest = lk_str_trim(rest);
	while (rest.len > 0 && lk_str_split(&rest, ',', &one)) {
		depends[count++] = lk_str_trim(one);
	}
	record->depends = (struct lk_str_list){depends, count};
}

static void test_rows(void **state)
{
	(void)state;
	static const struct {
		const char *packages[6];
		const char *order;
	} rows[] = {
		{{"a:b", "b:c", "c:"}, "c b a"},
		{{"a:", "b:", "c:"}, "a b c"},
		{{"a:z", "b:"}, "a b"}, /* not locked: passed over */
		{{"a:a", "b:"}, "a b"}, /* itself */
		{{"a:c,c", "b:a", "c:"}, "c a b"},
		/* what stands alone comes first, then round after round */
		{{"a:b", "b:", "c:"}, "c b a"},
		{{"a:d", "b:e", "c:", "d:", "e:d"}, "c d a e b"},
		{{"a:d", "b:c", "c:d", "d:", "e:"}, "e d a c b"},
		/* ways to write a dependency */
		{{"a:x::b >=1", "b:c[version='>=1']", "c:D=1.2=0", "d:"}, "d c b a"},
		/* cycles */
		{{"a*:b", "b:a", "c:a"}, "b a c"},
		{{"a*:b", "b*:a"}, "a b"},
		{{"a:b", "b:c", "c*:d", "d:c"}, "d c b a"}, /* a and b only hang on it */
		{{"a:b,c", "b:a", "c:a"}, "b a c"},         /* the fewest dependencies */
		/* a group of noarch packages that another group needs */
		{{"a*:b", "b*:a", "c:d,a", "d:c"}, "a b c d"},
		/* pip and python need each other; pip comes last whatever it is */
		{{"pip:python", "python:pip,zlib", "zlib:"}, "zlib python pip"},
		/* whatever uses python waits for menuinst */
		{{"app:python", "menuinst:python", "python:"}, "python menuinst app"},
		{{"app:python", "menuinst:python,win", "python:", "win:python"},
			"python win menuinst app"},
		{{"app:python", "menuinst:", "zed:app"}, "menuinst app zed"},
	};
	for (size_t r = 0; r < LK_COUNTOF(rows); r++) {
		struct world world = {0};
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(256);
		for (size_t i = 0; i < 6 && rows[r].packages[i]; i++) {
			add(&world, rows[r].packages[i]);
		}
		const uint32_t *order = lk_link_order(world.records, world.n, &world.arena);
		for (size_t i = 0; i < world.n; i++) {
			lk_buf_puts(&text, i > 0 ? " " : "");
			lk_buf_put(&text, world.records[order[i]].name);
		}
		lk_buf_putc(&text, '\0');
		assert_string_equal(text.ptr, rows[r].order);
		lk_arena_done(&world.arena);
	}
}

/* needs[i][j]: i depends on j. */
struct matrix {
	size_t n;
	bool needs[MAX_PACKAGES][MAX_PACKAGES];
	bool noarch[MAX_PACKAGES];
};

static void make_world(const struct matrix *matrix, bool reverse, struct world *world)
{
	static const char names[] = "a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l";
	world->n = matrix->n;
	for (size_t i = 0; i < matrix->n; i++) {
		size_t count = 0;
		world->records[i].name = lk_str_of(&names[2 * i]);
		world->records[i].noarch = matrix->noarch[i] ? LK_NOARCH_GENERIC : LK_NOARCH_NO;
		for (size_t k = 0; k < matrix->n; k++) {
			size_t j = reverse ? matrix->n - 1 - k : k;
			if (matrix->needs[i][j]) {
				world->depends[i][count++] = lk_str_of(&names[2 * j]);
			}
		}
		world->records[i].depends = (struct lk_str_list){world->depends[i], count};
	}
}

/* For a graph without cycles: what stands alone, then each round's in order. */
static void order_slowly(const struct matrix *m, uint32_t *out)
{
	bool placed[MAX_PACKAGES] = {false};
	size_t n = 0;
	for (uint32_t i = 0; i < m->n; i++) {
		bool alone = true;
		for (size_t j = 0; j < m->n; j++) {
			alone = alone && (i == j || (!m->needs[i][j] && !m->needs[j][i]));
		}
		if (alone) {
			placed[i] = true;
			out[n++] = i;
		}
	}
	while (n < m->n) {
		size_t before = n;
		for (uint32_t i = 0; i < m->n; i++) {
			bool ready = !placed[i];
			for (size_t j = 0; j < m->n; j++) {
				ready = ready && (i == j || !m->needs[i][j] || placed[j]);
			}
			if (ready) {
				out[n++] = i;
			}
		}
		assert_true(n > before);
		for (size_t i = before; i < n; i++) {
			placed[out[i]] = true;
		}
	}
}

static void close_over(const struct matrix *m, bool reach[MAX_PACKAGES][MAX_PACKAGES])
{
	for (size_t i = 0; i < m->n; i++) {
		for (size_t j = 0; j < m->n; j++) {
			reach[i][j] = m->needs[i][j];
		}
	}
	for (size_t k = 0; k < m->n; k++) {
		for (size_t i = 0; i < m->n; i++) {
			for (size_t j = 0; j < m->n; j++) {
				reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
			}
		}
	}
}

/* Every package once; after what it needs, but for what needs it too; of those that need each other
 * one that is not noarch comes first where there is one. */
static void check_order(const struct matrix *m, const uint32_t *order)
{
	bool reach[MAX_PACKAGES][MAX_PACKAGES];
	size_t at[MAX_PACKAGES];
	bool seen[MAX_PACKAGES] = {false};
	close_over(m, reach);
	for (size_t i = 0; i < m->n; i++) {
		assert_true(order[i] < m->n);
		assert_false(seen[order[i]]);
		seen[order[i]] = true;
		at[order[i]] = i;
	}
	for (size_t i = 0; i < m->n; i++) {
		bool first = true;
		bool has_arch = !m->noarch[i];
		for (size_t j = 0; j < m->n; j++) {
			bool together = i != j && reach[i][j] && reach[j][i];
			if (i != j && m->needs[i][j] && !together) {
				assert_true(at[j] < at[i]);
			}
			first = first && (!together || at[i] < at[j]);
			has_arch = has_arch || (together && !m->noarch[j]);
		}
		assert_true(!first || !m->noarch[i] || !has_arch);
	}
}

static void test_random(void **state)
{
	(void)state;
	uint64_t seed = PICK_SEED;
	for (size_t round = 0; round < 3000; round++) {
		struct matrix m = {.n = 1 + pick_from(&seed, MAX_PACKAGES)};
		bool cycles = round % 2 == 1;
		size_t sparse = 2 + pick_from(&seed, 9);
		for (size_t i = 0; i < m.n; i++) {
			m.noarch[i] = pick_from(&seed, 2) == 0;
			for (size_t j = 0; j < m.n; j++) {
				m.needs[i][j] = (cycles || (i * 7) % m.n > (j * 7) % m.n) &&
					pick_from(&seed, sparse) == 0;
			}
		}
		struct world world = {0};
		struct world other = {0};
		make_world(&m, false, &world);
		make_world(&m, true, &other);
		const uint32_t *order = lk_link_order(world.records, world.n, &world.arena);
		const uint32_t *again = lk_link_order(other.records, other.n, &other.arena);
		check_order(&m, order);
		assert_memory_equal(order, again, m.n * sizeof(*order));
		if (!cycles) {
			uint32_t want[MAX_PACKAGES];
			order_slowly(&m, want);
			assert_memory_equal(order, want, m.n * sizeof(*order));
		}
		lk_arena_done(&world.arena);
		lk_arena_done(&other.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

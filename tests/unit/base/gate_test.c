/*
 * The gate: nobody is inside beyond its room, and everybody gets in.
 */
#include "base/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/workers.h"

#define ROOM 10u

struct world {
	struct lk_gate *gate;
	atomic_size_t inside, entries, beyond;
};

static int enter(void *ctx, size_t index, struct lk_error *err)
{
	(void)err;
	struct world *world = ctx;
	size_t size = index % 13 + 1; /* some need more than there is */
	lk_gate_enter(world->gate, size);
	size_t before = atomic_fetch_add(&world->inside, size);
	if (before > 0 && before + size > ROOM) {
		atomic_fetch_add(&world->beyond, 1);
	}
	atomic_fetch_add(&world->entries, 1);
	atomic_fetch_sub(&world->inside, size);
	lk_gate_leave(world->gate, size);
	return 0;
}

static void nobody_is_inside_beyond_the_room(void **state)
{
	(void)state;
	struct world world = {.gate = lk_gate_new(ROOM)};
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_workers_run(8, 2000, enter, &world, &err), 0);
	assert_int_equal(atomic_load(&world.entries), 2000);
	assert_int_equal(atomic_load(&world.beyond), 0);
	lk_gate_free(world.gate);
	lk_gate_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_inside_beyond_the_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

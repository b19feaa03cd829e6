/*
 * What a level's process may tell: any bytes. A report that is taken is written again and read back
 * as the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "smoke/child.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct lk_smoke_level *level, struct lk_arena *arena)
{
	struct lk_level_report report = {
		.status = level->status,
	};
	for (size_t i = 0; i < level->n_measures; i++) {
		struct lk_level_measure *m = &report.measures[report.n_measures++];
		snprintf(m->precision, sizeof(m->precision), LK_STR_FMT,
			LK_STR_ARG(level->measures[i].precision));
		m->error = level->measures[i].error;
		m->bound = level->measures[i].bound;
		m->cases = level->measures[i].cases;
		m->seconds = level->measures[i].seconds;
	}
	for (size_t i = 0; i < level->n_facts; i++) {
		lk_level_fact(&report, "key", LK_STR_FMT, LK_STR_ARG(level->facts[i].value));
	}
	lk_level_say(&report, level->status, LK_STR_FMT, LK_STR_ARG(level->reason));
	struct lk_smoke_libraries libraries = {0};
	for (size_t i = 0; i < level->n_libraries; i++) {
		lk_vec_push(&libraries, level->libraries[i]);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(2 * LK_CHILD_REPORT_MAX);
	lk_child_report_put(&report, &libraries, &text);
	struct lk_smoke_level again = {0};
	if (!lk_child_report_parse(lk_buf_view(&text), arena, &again) ||
		again.status != level->status || again.n_libraries != level->n_libraries ||
		again.n_measures != level->n_measures || again.n_facts != level->n_facts) {
		abort();
	}
	lk_vec_done(&libraries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	struct lk_smoke_level level = {0};
	if (lk_child_report_parse(lk_str_n((const char *)data, size), &arena, &level)) {
		check_again(&level, &arena);
	}
	return 0;
}

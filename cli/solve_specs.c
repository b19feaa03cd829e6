/*
 * The channels that specs and pins name. Their URLs become free of credentials in the specs, which
 * the lock holds and errors show.
 */
#include "base/map.h"
#include "cli/solve_request_priv.h"

lk_str lk_solve_spell(const struct lk_matchspec *spec, struct lk_arena *arena)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)2 * LK_SPEC_MAX_LEN);
	lk_matchspec_canonical(spec, &text);
	return lk_str_dup(arena, lk_buf_view(&text));
}

bool lk_solve_is_bare(const struct lk_matchspec *spec)
{
	return spec->name_kind == LK_PATTERN_EXACT &&
		lk_str_eq(lk_str_trim(spec->text), spec->name);
}

/* The spec as it was written, unless that holds credentials. */
static lk_str open_text(const struct lk_matchspec *spec, lk_str text, struct lk_arena *arena)
{
	struct lk_matchspec open = *spec;
	open.channel = lk_url_without_credentials(spec->channel, arena);
	open.url = lk_url_without_credentials(spec->url, arena);
	bool same = lk_str_eq(open.channel, spec->channel) && lk_str_eq(open.url, spec->url);
	return same ? text : lk_solve_spell(&open, arena);
}

/* TOLD: the specs whose warning was told, for each platform has them anew. */
static int take_spec(const struct lk_solve_maker *m, struct lk_map *told, lk_str *text)
{
	struct lk_arena *arena = &m->request->arena;
	const struct lk_matchspec *spec;
	int rc = lk_matchspec_parse(*text, LK_SPEC_USER, arena, &spec, m->err);
	if (rc < 0) {
		return rc;
	}
	*text = open_text(spec, *text, arena);
	uint32_t next = told->len;
	if (spec->warning && lk_map_add(told, *text, next) == next) {
		lk_warn(&m->app->report, "'" LK_STR_FMT "': %s", LK_STR_ARG(*text), spec->warning);
	}
	if (spec->channel.len == 0 || lk_str_find_char(spec->channel, '*') != SIZE_MAX) {
		return 0;
	}
	return lk_solve_add_channel(m, spec->channel);
}

static int take_specs(const struct lk_solve_maker *m, struct lk_map *told, struct lk_strs *specs)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < specs->len; i++) {
		rc = take_spec(m, told, &specs->items[i]);
	}
	return rc;
}

int lk_solve_gather_spec_channels(const struct lk_solve_maker *m)
{
	struct lk_map LK_CLEANUP(lk_map_done) told = {0};
	int rc = 0;
	for (size_t t = 0; rc == 0 && t < m->request->n_targets; t++) {
		rc = take_specs(m, &told, &m->request->targets[t].specs);
		if (rc == 0) {
			rc = take_specs(m, &told, &m->request->targets[t].pins);
		}
	}
	return rc;
}

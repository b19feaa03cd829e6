/*
 * The channels that specs name. Credentials in them are used, and taken out of the specs, so that
 * the lock holds none.
 */
#include "cli/solve_request_priv.h"

/* TEXT with NEW in place of OLD, which is a part of it unless it was written with escapes. */
static lk_str replaced(struct lk_arena *arena, lk_str text, lk_str old, lk_str new)
{
	size_t at = lk_str_find(text, old);
	if (at == SIZE_MAX || lk_str_eq(old, new)) {
		return text;
	}
	return lk_str_printf(arena, LK_STR_FMT LK_STR_FMT LK_STR_FMT,
		LK_STR_ARG(lk_str_slice(text, 0, at)), LK_STR_ARG(new),
		LK_STR_ARG(lk_str_skip(text, at + old.len)));
}

static int take_channel(
	const struct lk_solve_maker *m, const struct lk_matchspec *spec, lk_str *text)
{
	struct lk_arena *arena = &m->request->arena;
	if (lk_str_find_char(spec->channel, '*') != SIZE_MAX) {
		return 0;
	}
	*text = replaced(
		arena, *text, spec->channel, lk_url_without_credentials(spec->channel, arena));
	return lk_solve_add_channel(m, spec->channel);
}

static int take_spec(const struct lk_solve_maker *m, lk_str *text)
{
	const struct lk_matchspec *spec;
	int rc = lk_matchspec_parse(*text, LK_SPEC_USER, &m->request->arena, &spec, m->err);
	if (rc < 0) {
		return rc;
	}
	if (spec->warning) {
		lk_warn(&m->app->report, "'" LK_STR_FMT "': %s", LK_STR_ARG(*text), spec->warning);
	}
	return spec->channel.len > 0 ? take_channel(m, spec, text) : 0;
}

int lk_solve_gather_spec_channels(const struct lk_solve_maker *m)
{
	int rc = 0;
	for (size_t t = 0; t < m->request->n_targets; t++) {
		struct lk_strs *specs = &m->request->targets[t].specs;
		for (size_t i = 0; rc == 0 && i < specs->len; i++) {
			rc = take_spec(m, &specs->items[i]);
		}
	}
	return rc;
}

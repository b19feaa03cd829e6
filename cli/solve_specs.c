/*
 * The channels that specs and pins name. Their URLs become free of credentials in the specs, which
 * the lock holds and errors show.
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

static int take_spec(const struct lk_solve_maker *m, lk_str *text)
{
	struct lk_arena *arena = &m->request->arena;
	const struct lk_matchspec *spec;
	int rc = lk_matchspec_parse(*text, LK_SPEC_USER, arena, &spec, m->err);
	if (rc < 0) {
		return rc;
	}
	if (spec->warning) {
		lk_warn(&m->app->report, "'" LK_STR_FMT "': %s", LK_STR_ARG(*text), spec->warning);
	}
	if (spec->channel.len == 0 || lk_str_find_char(spec->channel, '*') != SIZE_MAX) {
		return 0;
	}
	*text = replaced(
		arena, *text, spec->channel, lk_url_without_credentials(spec->channel, arena));
	return lk_solve_add_channel(m, spec->channel);
}

static int take_specs(const struct lk_solve_maker *m, struct lk_strs *specs)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < specs->len; i++) {
		rc = take_spec(m, &specs->items[i]);
	}
	return rc;
}

int lk_solve_gather_spec_channels(const struct lk_solve_maker *m)
{
	int rc = 0;
	for (size_t t = 0; rc == 0 && t < m->request->n_targets; t++) {
		rc = take_specs(m, &m->request->targets[t].specs);
		if (rc == 0) {
			rc = take_specs(m, &m->request->targets[t].pins);
		}
	}
	return rc;
}

/*
 * The channels that specs name, and specs without what may not be stored: an archive's URL or path
 * and a channel's URL become canonical, so that the lock holds no credentials.
 */
#include "cli/solve_request_priv.h"

#include "conda/subdir.h"

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

/* The directory of an archive as a channel's reference: without a scheme it is a path (conda). */
static lk_str directory_of(const struct lk_solve_maker *m, lk_str url)
{
	lk_str directory = lk_str_slice(url, 0, lk_str_rfind_char(url, '/'));
	if (lk_str_find(url, LK_STR("://")) == SIZE_MAX && url.ptr[0] != '/' && url.ptr[0] != '~') {
		return lk_str_printf(&m->request->arena, "./" LK_STR_FMT, LK_STR_ARG(directory));
	}
	return lk_str_of(lk_app_expand_home(m->app, directory));
}

/* CHANNEL/SUBDIR/FILE: the channel joins the list, and the artifact gets its canonical URL. What
 * lies elsewhere stays as it is: a channel may keep its files under another base_url. */
static int take_archive(
	const struct lk_solve_maker *m, const struct lk_matchspec *spec, lk_str *text)
{
	struct lk_solve_request *r = m->request;
	lk_str directory = directory_of(m, spec->url);
	lk_str subdir = lk_str_skip(directory, lk_str_rfind_char(directory, '/') + 1);
	struct lk_channel channel;
	if (!lk_subdir_is_known(subdir)) {
		return 0;
	}
	int rc = lk_channel_resolve(directory, r->alias, &r->arena, &channel, m->err);
	if (rc == 0) {
		rc = lk_solve_add_channel(m, directory);
	}
	if (rc < 0) {
		return rc;
	}
	lk_str canonical = lk_str_printf(&r->arena, LK_STR_FMT "/" LK_STR_FMT LK_STR_FMT,
		LK_STR_ARG(channel.url), LK_STR_ARG(subdir),
		LK_STR_ARG(lk_str_skip(spec->url, lk_str_rfind_char(spec->url, '/'))));
	*text = replaced(&r->arena, *text, spec->url, canonical);
	return 0;
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
	if (spec->url.len > 0) {
		return take_archive(m, spec, text);
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

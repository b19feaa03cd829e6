/*
 * Following relations: repodata of the channels at hand, then of those they name, until none is
 * new.
 */
#include "cli/solve_relations.h"

#include "conda/relations.h"

/* A list that grows beyond this was not made by people. */
#define CHANNELS_MAX 64

struct follower {
	struct lk_app *app;
	struct lk_fetch *fetch;
	struct lk_solve_request *request;
	struct lk_channels channels; /* the user's, then those found */
	struct lk_channel_edges edges;
	struct lk_error *err;
};

/* The index of the channel at that URL; new ones are appended. */
static int add_channel(struct follower *f, const struct lk_channel *channel, size_t *ret_index)
{
	for (size_t i = 0; i < f->channels.len; i++) {
		if (lk_str_eq(f->channels.items[i].url, channel->url)) {
			*ret_index = i;
			return 0;
		}
	}
	if (f->channels.len >= CHANNELS_MAX) {
		lk_fail(f->err, LK_E_NETWORK, "channels declare relations to more than %d channels",
			CHANNELS_MAX);
		lk_error_hint(f->err, "name the channels that are wanted, without relations");
		return LK_E_NETWORK;
	}
	*ret_index = f->channels.len;
	lk_vec_push(&f->channels, *channel);
	return 0;
}

/* One relation of the channel FROM: the other outranks it, or is outranked. */
static int add_relation(struct follower *f, size_t from, lk_str reference, bool outranks)
{
	struct lk_channel channel;
	size_t other = 0;
	if (reference.len == 0) {
		return 0;
	}
	int rc = lk_channel_related(&f->channels.items[from], reference, f->request->alias,
		&f->request->arena, &channel, f->err);
	size_t n_before = f->channels.len;
	if (rc == 0) {
		rc = add_channel(f, &channel, &other);
	}
	if (rc < 0) {
		return rc;
	}
	if (f->channels.len > n_before) {
		lk_note(&f->app->report, 0, "channel " LK_STR_FMT " is added: " LK_STR_FMT " %s it",
			LK_STR_ARG(channel.url), LK_STR_ARG(f->channels.items[from].name),
			outranks ? "builds upon" : "overrides");
	}
	struct lk_channel_edge edge = {outranks ? other : from, outranks ? from : other};
	lk_vec_push(&f->edges, edge);
	return 0;
}

static int read_relations(
	struct follower *f, size_t from, const struct lk_channel_relations *relations)
{
	if (relations->base.len > 0 && lk_str_eq(relations->base, relations->overrides)) {
		return lk_fail(f->err, LK_E_FORMAT,
			"channel '" LK_STR_FMT
			"' declares to build upon and to override '" LK_STR_FMT "'",
			LK_STR_ARG(f->channels.items[from].name), LK_STR_ARG(relations->base));
	}
	int rc = add_relation(f, from, relations->base, true);
	return rc < 0 ? rc : add_relation(f, from, relations->overrides, false);
}

/* What the channels from index FIRST up to END declare, in any of their subdirs. */
static int follow_round(struct follower *f, size_t first, size_t end)
{
	struct lk_strs subdirs = {0};
	struct lk_repodata_set *set = NULL;
	for (size_t i = 0; i < f->request->n_targets; i++) {
		lk_vec_push(&subdirs, f->request->targets[i].subdir);
	}
	lk_vec_push(&subdirs, LK_STR("noarch"));
	/* The set borrows the channels, and adding some may move them. */
	struct lk_channel *LK_AUTO_FREE channels = lk_calloc(end - first, sizeof(*channels));
	memcpy(channels, f->channels.items + first, (end - first) * sizeof(*channels));
	int rc = lk_fetch_repodata(f->fetch, channels, end - first, subdirs.items, subdirs.len,
		"repodata.json", &set, f->err);
	for (size_t c = first; rc == 0 && c < end; c++) {
		for (size_t d = 0; rc == 0 && d < subdirs.len; d++) {
			rc = read_relations(f, c, lk_repodata_set_relations(set, c - first, d));
		}
	}
	lk_repodata_set_free(set);
	lk_vec_done(&subdirs);
	return rc;
}

static int follow_all(struct follower *f)
{
	size_t first = 0;
	for (uint64_t depth = 0; first < f->channels.len; depth++) {
		size_t end = f->channels.len;
		if (depth > f->request->relations_depth) {
			lk_fail(f->err, LK_E_NETWORK,
				"relations of channels are declared more than %llu deep",
				(unsigned long long)f->request->relations_depth);
			lk_error_hint(f->err,
				"raise channel_relations_max_depth in .condarc, or name the "
				"channels that are wanted");
			return LK_E_NETWORK;
		}
		int rc = follow_round(f, first, end);
		if (rc < 0) {
			return rc;
		}
		first = end;
	}
	return 0;
}

/* The request's channels in the order found. */
static int reorder(struct follower *f)
{
	struct lk_solve_request *r = f->request;
	size_t *LK_AUTO_FREE order = lk_calloc(f->channels.len, sizeof(*order));
	int rc = lk_channels_order(&f->channels, r->channels.len, &f->edges, order, f->err);
	if (rc < 0) {
		return rc;
	}
	lk_vec_clear(&r->channels);
	for (size_t i = 0; i < f->channels.len; i++) {
		lk_vec_push(&r->channels, f->channels.items[order[i]]);
	}
	lk_channels_name(&r->channels, r->alias, &r->arena);
	return 0;
}

int lk_solve_follow_relations(struct lk_app *app, struct lk_fetch *fetch,
	struct lk_solve_request *request, struct lk_error *err)
{
	struct follower f = {.app = app, .fetch = fetch, .request = request, .err = err};
	if (request->relations_depth == 0) {
		return 0;
	}
	for (size_t i = 0; i < request->channels.len; i++) {
		lk_vec_push(&f.channels, request->channels.items[i]);
	}
	int rc = follow_all(&f);
	if (rc == 0) {
		rc = reorder(&f);
	}
	if (rc == LK_E_FORMAT) {
		/* What a channel declares is the channel's trouble. */
		err->code = LK_E_NETWORK;
		lk_error_hint(err, "name the channels that are wanted, without relations");
		rc = LK_E_NETWORK;
	}
	lk_vec_done(&f.channels);
	lk_vec_done(&f.edges);
	return rc;
}

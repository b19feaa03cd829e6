/*
 * The order of channels that declare relations to each other.
 */
#include "conda/relations.h"

#include "conda/url.h"

int lk_channel_related(const struct lk_channel *from, lk_str reference, lk_str alias,
	struct lk_arena *arena, struct lk_channel *ret, struct lk_error *err)
{
	struct lk_url_parts parts;
	lk_str joined = lk_url_join(from->url, reference, arena);
	if (lk_str_starts(reference, LK_STR("../")) && lk_url_split(joined, &parts) &&
		lk_str_trim_end(parts.path, '/').len > 0) {
		/* What stands before the path of auth_url: scheme, credentials, host, token. */
		struct lk_url_parts own;
		(void)lk_url_split(from->url, &own);
		lk_str head = lk_str_slice(from->auth_url, 0, from->auth_url.len - own.path.len);
		lk_str full = lk_str_printf(
			arena, LK_STR_FMT LK_STR_FMT, LK_STR_ARG(head), LK_STR_ARG(parts.path));
		if (lk_channel_resolve(full, alias, arena, ret, err) == 0) {
			return 0;
		}
	}
	return lk_fail(err, LK_E_FORMAT,
		"channel '" LK_STR_FMT "' declares a relation to '" LK_STR_FMT
		"', which is no channel beside it",
		LK_STR_ARG(from->name), LK_STR_ARG(reference));
}

struct sorter {
	const struct lk_channels *channels;
	size_t n_user;
	const struct lk_channel_edges *edges;
	bool *active, *done;
	size_t *order;
	size_t n;
	struct lk_error *err;
};

/* Does the user say that LOWER outranks UPPER? */
static bool is_contradicted(const struct sorter *s, const struct lk_channel_edge *edge)
{
	return edge->upper < s->n_user && edge->lower < s->n_user && edge->lower < edge->upper;
}

/* Is everything placed that outranks CHANNEL? */
static bool is_ready(const struct sorter *s, size_t channel)
{
	if (channel > 0 && channel < s->n_user && !s->done[channel - 1]) {
		return false;
	}
	for (size_t i = 0; i < s->edges->len; i++) {
		const struct lk_channel_edge *edge = &s->edges->items[i];
		if (edge->lower == channel && !s->done[edge->upper] && !is_contradicted(s, edge)) {
			return false;
		}
	}
	return true;
}

/* Places CHANNEL after all that outranks it, and before the next whatever it outranks. */
static int place(struct sorter *s, size_t channel) /* NOLINT(misc-no-recursion) */
{
	if (s->done[channel]) {
		return 0;
	}
	if (s->active[channel]) {
		return lk_fail(s->err, LK_E_FORMAT,
			"the relations that channel '" LK_STR_FMT "' declares run in a circle",
			LK_STR_ARG(s->channels->items[channel].name));
	}
	s->active[channel] = true;
	int rc = 0;
	if (channel > 0 && channel < s->n_user) {
		rc = place(s, channel - 1);
	}
	for (size_t i = 0; rc == 0 && i < s->edges->len; i++) {
		const struct lk_channel_edge *edge = &s->edges->items[i];
		if (edge->lower == channel && !is_contradicted(s, edge)) {
			rc = place(s, edge->upper);
		}
	}
	if (rc < 0) {
		return rc;
	}
	s->done[channel] = true;
	s->order[s->n++] = channel;
	for (size_t i = 0; rc == 0 && i < s->edges->len; i++) {
		const struct lk_channel_edge *edge = &s->edges->items[i];
		bool related = edge->upper == channel && edge->lower >= s->n_user;
		if (related && !s->active[edge->lower] && is_ready(s, edge->lower)) {
			rc = place(s, edge->lower);
		}
	}
	return rc;
}

int lk_channels_order(const struct lk_channels *channels, size_t n_user,
	const struct lk_channel_edges *edges, size_t *ret_order, struct lk_error *err)
{
	bool *LK_AUTO_FREE active = lk_calloc(channels->len, sizeof(*active));
	bool *LK_AUTO_FREE done = lk_calloc(channels->len, sizeof(*done));
	struct sorter s = {
		.channels = channels,
		.n_user = n_user,
		.edges = edges,
		.active = active,
		.done = done,
		.order = ret_order,
		.err = err,
	};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < channels->len; i++) {
		rc = place(&s, i);
	}
	return rc;
}

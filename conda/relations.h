/*
 * Relations between channels (CEP 42): where a reference leads, and the order that they give.
 */
#ifndef LK_CONDA_RELATIONS_H
#define LK_CONDA_RELATIONS_H

#include "conda/channel.h"

/* Resolves REFERENCE as FROM declares it: "../NAME" or "../..", against FROM's URL, whose
 * credentials it keeps. LK_E_FORMAT for anything else, and for one that leads to no channel. */
int lk_channel_related(const struct lk_channel *from, lk_str reference, lk_str alias,
	struct lk_arena *arena, struct lk_channel *ret, struct lk_error *err) LK_MUST_USE;

/* The channel UPPER outranks the channel LOWER; indices into a vector of channels. */
struct lk_channel_edge {
	size_t upper, lower;
};

struct lk_channel_edges LK_VEC_OF(struct lk_channel_edge);

/* The priority order of CHANNELS, highest first, as indices into RET_ORDER. The first N_USER of
 * them are the user's: they keep their order, and an edge that contradicts it is ignored. A related
 * channel stands beside the one that declares it where that is possible. LK_E_FORMAT when edges run
 * in a circle. */
int lk_channels_order(const struct lk_channels *channels, size_t n_user,
	const struct lk_channel_edges *edges, size_t *ret_order, struct lk_error *err) LK_MUST_USE;

#endif

/*
 * A map from text to a 32-bit index, usually into a vector beside it.
 *
 * Keys are borrowed: their bytes must outlive the map. There is no iteration, on purpose: iterate
 * the vector, so that order never depends on hashing. Hashing has a secret seed, different in each
 * process: keys from a hostile channel cannot be made to collide.
 */
#ifndef LK_BASE_MAP_H
#define LK_BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct lk_map_slot;

struct lk_map {
	struct lk_map_slot *slots;
	uint32_t cap; /* a power of two, or 0 */
	uint32_t len;
	uint64_t seed; /* the process's, when there are slots */
};

#define LK_MAP_NONE UINT32_MAX

/* A zeroed struct is an empty map. */
void lk_map_done(struct lk_map *map);

/* The index stored for KEY, or LK_MAP_NONE. */
uint32_t lk_map_get(const struct lk_map *map, lk_str key);

/* Stores VALUE unless KEY is there; returns what is stored for KEY now. */
uint32_t lk_map_add(struct lk_map *map, lk_str key, uint32_t value);

/* Stores VALUE, replacing what was there. */
void lk_map_set(struct lk_map *map, lk_str key, uint32_t value);

/* For keys whose text is far away: what a map makes of KEY, and whether it holds any key of which
 * it makes HASH (if not, then not that key). */
uint32_t lk_map_hash(lk_str key);
bool lk_map_may_have(const struct lk_map *map, uint32_t hash);

#endif

/*
 * Open addressing with linear probing, at most three quarters full. Nothing is ever removed.
 */
#include "base/map.h"

#include <stddef.h>
#include <sys/auxv.h>

#define FIRST_CAPACITY 16u

struct lk_map_slot {
	const char *ptr; /* NULL: the slot is free */
	size_t len;
	uint32_t hash; /* spares most comparisons, and all hashing when the map grows */
	uint32_t value;
};

/* The kernel gives each process 16 random bytes, but to find them takes longer than to hash. */
static uint64_t seed_of_process(void)
{
	uint64_t seed = 0;
	const void *random = (const void *)getauxval(AT_RANDOM); /* NOLINT: it is an address */
	if (random) {
		memcpy(&seed, random, sizeof(seed));
	}
	return seed;
}

/* The lower half is enough for 2^31 slots. */
static uint32_t hash_of(lk_str key, uint64_t seed)
{
	return (uint32_t)lk_str_hash_seeded(key, seed);
}

uint32_t lk_map_hash(lk_str key)
{
	return hash_of(key, seed_of_process());
}

void lk_map_done(struct lk_map *map)
{
	lk_free(map->slots);
	*map = (struct lk_map){0};
}

/* The slot of KEY, or the free one where it belongs. The map has slots. */
static struct lk_map_slot *find(const struct lk_map *map, lk_str key, uint32_t hash)
{
	uint32_t mask = map->cap - 1;
	uint32_t i = hash & mask;
	for (;;) {
		struct lk_map_slot *slot = &map->slots[i];
		if (!slot->ptr ||
			(slot->hash == hash && slot->len == key.len &&
				memcmp(slot->ptr, key.ptr, key.len) == 0)) {
			return slot;
		}
		i = (i + 1) & mask;
	}
}

static void grow(struct lk_map *map)
{
	if (map->cap > UINT32_MAX / 2) {
		lk_mem_lost();
	}
	struct lk_map bigger = {NULL, map->cap ? map->cap * 2 : FIRST_CAPACITY, map->len,
		map->cap ? map->seed : seed_of_process()};
	bigger.slots = lk_calloc(bigger.cap, sizeof(*bigger.slots));
	uint32_t mask = bigger.cap - 1;
	for (uint32_t i = 0; i < map->cap; i++) {
		const struct lk_map_slot *slot = &map->slots[i];
		if (!slot->ptr) {
			continue;
		}
		uint32_t to = slot->hash & mask;
		while (bigger.slots[to].ptr) {
			to = (to + 1) & mask;
		}
		bigger.slots[to] = *slot;
	}
	lk_free(map->slots);
	*map = bigger;
}

/* An empty key may have no bytes to point at, but a taken slot must point somewhere. */
static lk_str solid(lk_str key)
{
	return key.ptr ? key : LK_STR("");
}

uint32_t lk_map_get(const struct lk_map *map, lk_str key)
{
	if (map->len == 0) {
		return LK_MAP_NONE;
	}
	key = solid(key);
	const struct lk_map_slot *slot = find(map, key, hash_of(key, map->seed));
	return slot->ptr ? slot->value : LK_MAP_NONE;
}

/* The slot of KEY, taken with VALUE when it was free. */
static struct lk_map_slot *slot_of(struct lk_map *map, lk_str key, uint32_t value)
{
	if (map->len >= map->cap / 4 * 3) {
		grow(map);
	}
	key = solid(key);
	uint32_t hash = hash_of(key, map->seed);
	struct lk_map_slot *slot = find(map, key, hash);
	if (!slot->ptr) {
		*slot = (struct lk_map_slot){key.ptr, key.len, hash, value};
		map->len++;
	}
	return slot;
}

uint32_t lk_map_add(struct lk_map *map, lk_str key, uint32_t value)
{
	return slot_of(map, key, value)->value;
}

void lk_map_set(struct lk_map *map, lk_str key, uint32_t value)
{
	slot_of(map, key, value)->value = value;
}

bool lk_map_may_have(const struct lk_map *map, uint32_t hash)
{
	uint32_t mask = map->cap - 1;
	for (uint32_t i = hash & mask; map->len > 0 && map->slots[i].ptr; i = (i + 1) & mask) {
		if (map->slots[i].hash == hash) {
			return true;
		}
	}
	return false;
}

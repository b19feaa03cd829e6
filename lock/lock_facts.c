/*
 * Facts: compared, set, and kept from one lock to the next.
 */
#include "lock/lock_facts.h"

#include "base/map.h"

bool lk_facts_eq(const struct lk_facts *a, const struct lk_facts *b)
{
	return lk_str_eq(a->gpu, b->gpu) && lk_str_eq(a->glibc, b->glibc);
}

struct lk_gpu_codes lk_facts_gpu(const struct lk_facts *facts)
{
	struct lk_gpu_codes codes = {0};
	lk_str rest = facts->gpu;
	lk_str word;
	while (lk_str_split(&rest, ' ', &word)) {
		struct lk_gpu_code code;
		if (lk_gpu_code_parse(word, &code)) {
			lk_gpu_codes_add(&codes, &code);
		}
	}
	return codes;
}

static size_t set_platform(
	struct lk_lock *lock, struct lk_lock_platform *platform, lk_lock_facts_fn *fn, void *ctx)
{
	struct lk_record *packages =
		lk_arena_calloc(&lock->arena, platform->n_packages, sizeof(*packages));
	size_t changed = 0;
	for (size_t i = 0; i < platform->n_packages; i++) {
		struct lk_facts facts;
		packages[i] = platform->packages[i];
		if (fn(ctx, &packages[i], &facts) && !lk_facts_eq(&facts, &packages[i].facts)) {
			packages[i].facts.gpu = lk_str_dup(&lock->arena, facts.gpu);
			packages[i].facts.glibc = lk_str_dup(&lock->arena, facts.glibc);
			changed++;
		}
	}
	platform->packages = changed > 0 ? packages : platform->packages;
	return changed;
}

size_t lk_lock_set_facts(struct lk_lock *lock, lk_lock_facts_fn *fn, void *ctx)
{
	size_t changed = 0;
	for (size_t i = 0; i < lock->n_platforms; i++) {
		changed += set_platform(lock, &lock->platforms[i], fn, ctx);
	}
	return changed;
}

struct known {
	struct lk_map by_hash; /* of an archive, to the index of its record */
	struct lk_record_refs records;
};

static lk_str hash_of(const struct lk_record *record)
{
	return lk_str_n((const char *)record->sha256.bytes, sizeof(record->sha256.bytes));
}

static bool known_facts(void *ctx, const struct lk_record *record, struct lk_facts *ret)
{
	const struct known *known = ctx;
	uint32_t at = lk_map_get(&known->by_hash, hash_of(record));
	if (at == LK_MAP_NONE || lk_facts_are_there(&record->facts)) {
		return false;
	}
	*ret = known->records.items[at]->facts;
	return true;
}

void lk_lock_keep_facts(struct lk_lock *lock, const struct lk_lock *from)
{
	struct known known = {0};
	for (size_t i = 0; i < from->n_platforms; i++) {
		for (size_t k = 0; k < from->platforms[i].n_packages; k++) {
			const struct lk_record *record = &from->platforms[i].packages[k];
			uint32_t next = (uint32_t)known.records.len;
			if (lk_facts_are_there(&record->facts) &&
				lk_map_add(&known.by_hash, hash_of(record), next) == next) {
				lk_vec_push(&known.records, record);
			}
		}
	}
	if (known.records.len > 0) {
		(void)lk_lock_set_facts(lock, known_facts, &known);
	}
	lk_map_done(&known.by_hash);
	lk_vec_done(&known.records);
}

/*
 * Repodata of several channels and subdirs, each whole or in shards.
 */
#include "fetch/repodata_set_priv.h"

struct part {
	struct lk_repodata_file *whole; /* this, */
	struct lk_shards *shards;       /* or these */
};

struct lk_repodata_set {
	struct lk_shard_loader loader;
	size_t n_subdirs;
	size_t n;
	struct part parts[]; /* channel-major */
};

struct lk_repodata_set *lk_repodata_set_new(struct lk_fetch *fetch, size_t n, size_t n_subdirs)
{
	struct lk_repodata_set *set = lk_calloc(1, sizeof(*set) + n * sizeof(set->parts[0]));
	set->loader = (struct lk_shard_loader){.fetch = fetch, .dirfd = -1};
	set->n_subdirs = n_subdirs;
	set->n = n;
	return set;
}

void lk_repodata_set_put(struct lk_repodata_set *set, size_t at, const struct lk_channel *channel,
	struct lk_repodata_file *whole, struct lk_shard_index *index)
{
	set->parts[at] = (struct part){
		.whole = whole,
		.shards = index ? lk_shards_new(&set->loader, channel, index) : NULL,
	};
}

void lk_repodata_set_free(struct lk_repodata_set *set)
{
	if (!set) {
		return;
	}
	for (size_t i = 0; i < set->n; i++) {
		lk_repodata_file_free(set->parts[i].whole);
		lk_shards_free(set->parts[i].shards);
	}
	lk_shard_loader_done(&set->loader);
	lk_free(set);
}

static struct part *part_at(struct lk_repodata_set *set, size_t channel, size_t subdir)
{
	return &set->parts[channel * set->n_subdirs + subdir];
}

struct lk_source lk_repodata_set_source(struct lk_repodata_set *set, size_t channel, size_t subdir)
{
	struct part *part = part_at(set, channel, subdir);
	if (part->whole) {
		return lk_repodata_file_source(part->whole, (unsigned)channel);
	}
	return (struct lk_source){
		.ctx = part->shards,
		.records = lk_shards_records,
		.expect = lk_shards_expect,
		.channel = (unsigned)channel,
	};
}

/* The repodata, or the shard, that tells of NAME; NULL: none was loaded. */
static struct lk_repodata *repodata_of(
	struct lk_repodata_set *set, size_t channel, size_t subdir, lk_str name)
{
	if (channel * set->n_subdirs + subdir >= set->n) {
		return NULL; /* a channel that is known by the address of an archive alone */
	}
	const struct part *part = part_at(set, channel, subdir);
	return part->whole ? lk_repodata_file_get(part->whole)
			   : lk_shards_loaded(part->shards, name);
}

bool lk_repodata_set_is_removed(
	struct lk_repodata_set *set, size_t channel, size_t subdir, lk_str name, lk_str fn)
{
	struct lk_repodata *repodata = repodata_of(set, channel, subdir, name);
	return repodata && lk_repodata_is_removed(repodata, fn);
}

void lk_repodata_set_removed(struct lk_repodata_set *set, size_t channel, size_t subdir,
	lk_str name, struct lk_strs *ret)
{
	struct lk_repodata *repodata = repodata_of(set, channel, subdir, name);
	if (repodata) {
		lk_repodata_removed(repodata, name, ret);
	}
}

const struct lk_channel_relations *lk_repodata_set_relations(
	const struct lk_repodata_set *set, size_t channel, size_t subdir)
{
	const struct part *part = &set->parts[channel * set->n_subdirs + subdir];
	return part->whole ? lk_repodata_relations(lk_repodata_file_get(part->whole))
			   : lk_shard_index_relations(lk_shards_index(part->shards));
}

void lk_repodata_set_tell(struct lk_repodata_set *set, const struct lk_report *report)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->parts[i].whole) {
			lk_repodata_tell(lk_repodata_file_get(set->parts[i].whole), report);
		} else {
			lk_shards_tell(set->parts[i].shards, report);
		}
	}
}

void lk_repodata_set_names(const struct lk_repodata_set *set, struct lk_strs *ret)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct lk_repodata_file *whole = set->parts[i].whole;
		const struct lk_repodata *repodata = whole ? lk_repodata_file_get(whole) : NULL;
		const struct lk_shard_index *index =
			repodata ? NULL : lk_shards_index(set->parts[i].shards);
		size_t n = repodata ? lk_repodata_n_names(repodata) : lk_shard_index_n_names(index);
		for (size_t k = 0; k < n; k++) {
			lk_vec_push(ret,
				repodata ? lk_repodata_name_at(repodata, k)
					 : lk_shard_index_name_at(index, k));
		}
	}
}

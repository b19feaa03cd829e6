/*
 * Predicting a tree digest: the same facts that staging notes in the entries of a layout, from the
 * packages' trees alone.
 */
#include "install/install_priv.h"

#include "base/relay.h"
#include "base/workers.h"
#include "install/content.h"

#define ENTRIES_PER_ITEM 256

struct predict {
	struct lk_layout *layout;
	const struct lk_tree *trees;
	struct lk_relay relay;
};

/* Only these are read: of all other files the tree knows what they are. */
static int predict_content(const struct predict *predict, struct lk_entry *entry,
	const struct lk_report *report, struct lk_error *err)
{
	const struct lk_tree *tree = &predict->trees[entry->package];
	struct lk_content_source source = {.dirfd = -1};
	struct lk_content content = {0};
	if (entry->source != NULL) {
		source = (struct lk_content_source){tree, tree->fd, entry->source->path.ptr};
	}
	int rc = lk_content_write(predict->layout, entry, &source, -1, report, &content, err);
	if (rc == 0) {
		entry->mode = content.mode;
		entry->size = content.size;
		entry->sha256 = content.sha256;
	}
	return rc;
}

static int predict_entry(const struct predict *predict, struct lk_entry *entry,
	const struct lk_report *report, struct lk_error *err)
{
	const struct lk_tree *tree = &predict->trees[entry->package];
	static const struct lk_tree_file none; /* of a script */
	const struct lk_tree_file *file =
		entry->source == NULL ? &none : &tree->files[entry->source - tree->package->paths];
	int rc = 0;
	switch (entry->kind) {
	case LK_ENTRY_FILE:
		entry->mode = file->mode;
		entry->size = file->size;
		entry->sha256 = file->sha256;
		break;
	case LK_ENTRY_PATCHED:
	case LK_ENTRY_SCRIPT:
		rc = predict_content(predict, entry, report, err);
		break;
	case LK_ENTRY_SOFTLINK:
		entry->target = file->target;
		break;
	case LK_ENTRY_DIRECTORY:
		entry->mode = 0755;
		break;
	case LK_ENTRY_PYC:
		return 0;
	}
	entry->present = rc == 0;
	return rc;
}

static int predict_item(void *ctx, size_t index, struct lk_error *err)
{
	struct predict *predict = ctx;
	const struct lk_report *report = &predict->relay.items[index].report;
	size_t from = index * ENTRIES_PER_ITEM;
	size_t to = from + ENTRIES_PER_ITEM;
	to = to < predict->layout->n_entries ? to : predict->layout->n_entries;
	int rc = 0;
	for (size_t i = from; rc == 0 && i < to; i++) {
		struct lk_entry *entry = &predict->layout->entries[i];
		if (lk_report_stop(report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted while predicting");
		}
		rc = entry->lost ? 0 : predict_entry(predict, entry, report, err);
	}
	if (rc == 0) {
		lk_relay_step(&predict->relay, "predict");
	}
	return rc;
}

/* Notes mode, sha256, size and link target of every entry that did not lose; `present` stays false
 * for those of kind PYC. TREES: one for each package. */
static int predict_entries(struct lk_layout *layout, const struct lk_tree *trees, unsigned jobs,
	const struct lk_report *report, struct lk_error *err)
{
	struct predict predict = {.layout = layout, .trees = trees};
	size_t items = (layout->n_entries + ENTRIES_PER_ITEM - 1) / ENTRIES_PER_ITEM;
	lk_relay_init(&predict.relay, report, items);
	int rc = lk_workers_run(jobs, items, predict_item, &predict, err);
	lk_relay_flush(&predict.relay);
	lk_relay_done(&predict.relay);
	return rc;
}

static int predict_digest(struct lk_install_run *run, const struct lk_tree_place *scratch,
	struct lk_install_result *result, struct lk_error *err)
{
	const struct lk_install_options *o = run->options;
	const struct lk_tree_options options = {.strict = o->strict,
		.verify = o->verify,
		.safety_warn = o->safety_warn,
		.place = scratch,
		.now = o->now};
	const struct lk_meta_source source = {
		&run->layout, run->channels, run->n_channels, -1, -1, &o->specs, o->jobs};
	int rc = lk_trees_find(run->cache, run->records, run->n_records, run->report, err);
	if (rc == 0) {
		rc = lk_trees_ensure(run->cache, run->records, run->n_records, &options, o->jobs,
			run->report, &run->trees, err);
	}
	if (rc == 0) {
		rc = lk_build_layout(run, err);
	}
	if (rc == 0) {
		rc = predict_entries(&run->layout, run->trees.items, o->jobs, run->report, err);
	}
	return rc < 0 ? rc : lk_build_records(run, &source, result, NULL, err);
}

int lk_install_predict(struct lk_cache *cache, const char *prefix, const struct lk_record *records,
	size_t n_records, const struct lk_channel *channels, size_t n_channels,
	const struct lk_install_options *options, const struct lk_tree_place *scratch,
	const struct lk_report *report, struct lk_install_result *ret, struct lk_error *err)
{
	struct lk_install_run run = {
		.cache = cache,
		.records = records,
		.n_records = n_records,
		.channels = channels,
		.n_channels = n_channels,
		.options = options,
		.report = report,
		.stamp = {.subdir = options->subdir, .prefix = lk_str_of(prefix)},
		.new_fd = -1,
		.apart_fd = -1,
	};
	int rc = lk_site_check_prefix(prefix, err);
	if (rc < 0) {
		return rc;
	}
	lk_arena_init(&run.arena);
	*ret = (struct lk_install_result){0};
	rc = predict_digest(&run, scratch, ret, err);
	if (run.has_layout) {
		lk_layout_done(&run.layout);
	}
	lk_trees_done(&run.trees);
	lk_arena_done(&run.arena);
	return rc;
}

/*
 * Staging that places nothing.
 */
#include "install/predict.h"

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
	struct lk_content content;
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

int lk_predict_entries(struct lk_layout *layout, const struct lk_tree *trees, unsigned jobs,
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

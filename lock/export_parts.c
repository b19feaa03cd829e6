/*
 * Pieces of other tools' YAML that their writers share.
 */
#include "lock/export_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "lock/lock_rules_priv.h"

void lk_export_number(struct lk_yaml_writer *yaml, const char *key, uint64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, number);
	lk_yaml_cstring(yaml, key);
	lk_yaml_plain(yaml, text);
}

void lk_export_hex(
	struct lk_yaml_writer *yaml, const char *key, const unsigned char *bytes, size_t len)
{
	char hex[LK_HEX_MAX];
	lk_hex(bytes, len, hex);
	lk_export_pair(yaml, key, lk_str_of(hex));
}

void lk_export_list(struct lk_yaml_writer *yaml, const char *key, const struct lk_str_list *list)
{
	if (list->n == 0) {
		return;
	}
	lk_yaml_cstring(yaml, key);
	lk_yaml_sequence(yaml);
	for (size_t i = 0; i < list->n; i++) {
		lk_yaml_string(yaml, list->items[i]);
	}
	lk_yaml_end(yaml);
}

const struct lk_channel *lk_export_channel_of(
	const struct lk_lock *lock, const struct lk_record *record)
{
	for (size_t i = 0; i < lock->n_channels; i++) {
		if (lk_str_eq(lock->channels[i].name, record->channel)) {
			return &lock->channels[i];
		}
	}
	return NULL;
}

lk_str lk_export_channel_name(const struct lk_channel *channel, struct lk_arena *arena)
{
	lk_str usual =
		lk_str_printf(arena, LK_CHANNEL_ALIAS "/" LK_STR_FMT, LK_STR_ARG(channel->name));
	return lk_str_eq(usual, channel->url) ? channel->name : channel->url;
}

bool lk_export_name_follows(const struct lk_record *record)
{
	return lk_lock_file_follows(record) && lk_str_eq(lk_path_basename(record->url), record->fn);
}

static int by_name_and_platform(const void *a, const void *b)
{
	const struct lk_export_entry *left = a;
	const struct lk_export_entry *right = b;
	int order = lk_str_cmp(left->record->name, right->record->name);
	return order != 0 ? order : lk_str_cmp(left->platform->subdir, right->platform->subdir);
}

void lk_export_entries(const struct lk_lock *lock, struct lk_export_entries *ret)
{
	*ret = (struct lk_export_entries){0};
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *platform = &lock->platforms[i];
		for (size_t k = 0; k < platform->n_packages; k++) {
			lk_vec_push(
				ret, (struct lk_export_entry){platform, &platform->packages[k]});
		}
	}
	if (ret->len > 0) {
		qsort(ret->items, ret->len, sizeof(*ret->items), by_name_and_platform);
	}
}

int lk_export_finish(struct lk_yaml_writer *yaml, struct lk_error *err)
{
	int rc = lk_yaml_finish(yaml, err);
	lk_yaml_writer_free(yaml);
	return rc < 0 ? lk_wrap(err, "writing the file") : 0;
}

/*
 * Inventories: taken from a cache, written and read.
 */
#include "store/inventory.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/relay.h"
#include "base/workers.h"
#include "store/cache_priv.h"

#define FIRST_LINE "# lockenv-inventory 1"

static int entry_cmp(const void *a, const void *b)
{
	const struct lk_inventory_entry *left = a;
	const struct lk_inventory_entry *right = b;
	int order = memcmp(left->sha256.bytes, right->sha256.bytes, LK_SHA256_LEN);
	if (order == 0 && left->size != right->size) {
		order = left->size < right->size ? -1 : 1;
	}
	return order ? order : lk_str_cmp(left->fn, right->fn);
}

/* Sorted, each once. */
static void tidy(struct lk_inventory *inventory)
{
	struct lk_inventory_entry *items = inventory->entries.items;
	size_t n = 0;
	if (inventory->entries.len > 1) {
		qsort(items, inventory->entries.len, sizeof(*items), entry_cmp);
	}
	for (size_t i = 0; i < inventory->entries.len; i++) {
		if (n == 0 || entry_cmp(&items[n - 1], &items[i]) != 0) {
			items[n++] = items[i];
		}
	}
	inventory->entries.len = n;
}

void lk_inventory_done(struct lk_inventory *inventory)
{
	lk_vec_done(&inventory->entries);
	lk_arena_done(&inventory->arena);
}

bool lk_inventory_has(const struct lk_inventory *inventory, const struct lk_record *record)
{
	const struct lk_inventory_entry *items = inventory->entries.items;
	size_t from = 0;
	size_t to = inventory->entries.len;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		bool before =
			memcmp(items[middle].sha256.bytes, record->sha256.bytes, LK_SHA256_LEN) < 0;
		from = before ? middle + 1 : from;
		to = before ? to : middle;
	}
	for (; from < inventory->entries.len && record->has_sha256; from++) {
		if (!lk_sha256_eq(&items[from].sha256, &record->sha256)) {
			return false;
		}
		if (!record->has_size || items[from].size == record->size) {
			return true;
		}
	}
	return false;
}

/* ---- taken from a cache ---- */

/* One layer's part of an inventory. */
struct taking {
	const struct lk_layer *layer;
	struct lk_strs names; /* in archives/ */
	struct lk_inventory_entry *entries;
	bool *good; /* one for each name */
	bool verify;
	struct lk_relay relay;
};

/* What the name says, and the size. Others' files and what is not whole yet have no place here. */
static int take_entry(void *ctx, size_t index, struct lk_error *err)
{
	struct taking *taking = ctx;
	const char *name = taking->names.items[index].ptr;
	const struct lk_report *report = &taking->relay.items[index].report;
	struct lk_inventory_entry *entry = &taking->entries[index];
	struct lk_sha256 have;
	int fd LK_AUTO_CLOSE = -1;
	struct stat st;
	if (lk_report_stop(report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
	}
	if (!lk_cache_split_name(taking->names.items[index], &entry->fn, &entry->sha256) ||
		lk_fs_open_beneath(
			taking->layer->archives, name, O_RDONLY | O_NONBLOCK, 0, &fd, err) < 0 ||
		fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		return 0;
	}
	entry->size = (uint64_t)st.st_size;
	int rc = taking->verify ? lk_sha256_fd(fd, name, &have, NULL, err) : 0;
	if (rc < 0) {
		return rc;
	}
	taking->good[index] = !taking->verify || lk_sha256_eq(&have, &entry->sha256);
	if (!taking->good[index]) {
		lk_warn(report, "'%s/archives/%s' has other bytes than its name says: left out",
			taking->layer->path, name);
	}
	lk_relay_step(&taking->relay, "hash");
	return 0;
}

static int take_layer(const struct lk_layer *layer, bool verify, unsigned jobs,
	const struct lk_report *report, struct lk_inventory *ret, struct lk_error *err)
{
	struct taking taking = {.layer = layer, .verify = verify};
	int rc = lk_fs_list(layer->archives, ".", &ret->arena, &taking.names, err);
	if (rc < 0) {
		return lk_wrap(err, "cache '%s'", layer->path);
	}
	size_t n = taking.names.len;
	taking.entries = lk_calloc(n, sizeof(*taking.entries));
	taking.good = lk_calloc(n, sizeof(*taking.good));
	lk_relay_init(&taking.relay, report, n);
	rc = lk_workers_run(verify ? jobs : 1, n, take_entry, &taking, err);
	lk_relay_flush(&taking.relay);
	lk_relay_done(&taking.relay);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (taking.good[i]) {
			lk_vec_push(&ret->entries, taking.entries[i]);
		}
	}
	lk_free(taking.good);
	lk_free(taking.entries);
	lk_vec_done(&taking.names);
	return rc;
}

int lk_inventory_take(const struct lk_cache *cache, bool verify, unsigned jobs,
	const struct lk_report *report, struct lk_inventory *ret, struct lk_error *err)
{
	struct lk_inventory inventory = {0};
	int rc = 0;
	for (size_t i = 0; i < cache->n_layers && rc == 0; i++) {
		if (cache->layers[i].archives < 0) {
			continue; /* no cache, but a bundle or another tool's folder */
		}
		rc = take_layer(&cache->layers[i], verify, jobs, report, &inventory, err);
	}
	if (rc < 0) {
		lk_inventory_done(&inventory);
		return rc;
	}
	lk_error_clear(err); /* of files that are not ours */
	tidy(&inventory);
	*ret = inventory;
	return 0;
}

/* ---- text ---- */

void lk_inventory_write(const struct lk_inventory *inventory, struct lk_buf *out)
{
	lk_buf_puts(out, FIRST_LINE "\n");
	for (size_t i = 0; i < inventory->entries.len; i++) {
		const struct lk_inventory_entry *entry = &inventory->entries.items[i];
		char hex[LK_HEX_MAX];
		lk_hex(entry->sha256.bytes, LK_SHA256_LEN, hex);
		lk_buf_appendf(out, "%s %" PRIu64 " " LK_STR_FMT "\n", hex, entry->size,
			LK_STR_ARG(entry->fn));
	}
}

/* NULL when LINE is one of an archive, else what is wrong; *RET_COLUMN says where. */
static const char *parse_line(lk_str line, struct lk_inventory_entry *ret, unsigned *ret_column)
{
	lk_str rest = line;
	lk_str hex;
	lk_str size;
	*ret_column = 1;
	if (!lk_str_split(&rest, ' ', &hex) || !lk_unhex(hex, ret->sha256.bytes, LK_SHA256_LEN)) {
		return "a sha256 is wanted here, 64 hexadecimal digits";
	}
	*ret_column += (unsigned)hex.len + 1;
	if (!lk_str_split(&rest, ' ', &size) || !lk_str_to_u64(size, &ret->size)) {
		return "a size in bytes is wanted here";
	}
	*ret_column += (unsigned)size.len + 1;
	if (!lk_path_is_component(rest) || lk_str_has_control(rest)) {
		return "the file name of an archive is wanted here";
	}
	ret->fn = rest;
	return NULL;
}

int lk_inventory_parse(
	lk_str text, const char *name, struct lk_inventory *ret, struct lk_error *err)
{
	struct lk_inventory inventory = {0};
	lk_str rest = text;
	lk_str line;
	const char *wrong = NULL;
	unsigned column = 1;
	unsigned n = 0;
	while (!wrong && rest.len > 0 && lk_str_split(&rest, '\n', &line)) {
		struct lk_inventory_entry entry = {0};
		n++;
		if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
			line.len--;
		}
		if (n == 1 && !lk_str_is(line, FIRST_LINE)) {
			wrong = "an inventory begins with '" FIRST_LINE "'";
		} else if (line.len > 0 && line.ptr[0] != '#') {
			wrong = parse_line(line, &entry, &column);
			entry.fn = wrong ? line : lk_str_dup(&inventory.arena, entry.fn);
			if (!wrong) {
				lk_vec_push(&inventory.entries, entry);
			}
		}
	}
	if (!wrong && n == 0) {
		n = 1;
		wrong = "an inventory begins with '" FIRST_LINE "'";
	}
	if (wrong) {
		lk_inventory_done(&inventory);
		lk_fail_at(err, name, n, column, "%s", wrong);
		lk_error_excerpt_from(err, text);
		lk_error_hint(err, "inventories are made by 'lockenv cache inventory'");
		return err->code;
	}
	tidy(&inventory);
	*ret = inventory;
	return 0;
}

int lk_inventory_read(const char *path, struct lk_inventory *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_INVENTORY_MAX_BYTES);
	int rc = lk_fs_read_file(AT_FDCWD, path, &text, err);
	return rc < 0 ? rc : lk_inventory_parse(lk_buf_view(&text), path, ret, err);
}

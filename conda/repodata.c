/*
 * The records of a repodata, by way of the index of its text.
 */
#include "conda/repodata.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/map.h"
#include "conda/record_scan_priv.h"
#include "conda/repodata_index_priv.h"
#include "conda/version.h"

/* Records of a name are read together while no more than so many bytes lie between them. */
#define GAP_MAX ((size_t)16 << 10)

/* A record that cannot be used. */
struct fault {
	lk_str fn;
	const char *why;
	size_t offset; /* of its object in the text */
};

struct lk_repodata {
	struct lk_arena arena;
	struct lk_repodata_origin origin;
	lk_str base;         /* URL that file names are joined to, with a trailing slash */
	int fd;              /* an index file; or -1: all is in memory */
	struct lk_buf text;  /* in memory */
	struct lk_buf image; /* in memory, the tables */
	struct lk_index_head head;
	const struct lk_index_row *rows;
	const char *names;
	size_t n_names;
	unsigned char *bad;        /* bit for each entry: was read, is no record; NULL while none */
	const char *removed_bytes; /* the table */
	bool has_removed;          /* the two that follow are filled */
	struct lk_map removed;     /* file names */
	struct lk_strs removed_fns; /* the same in their order */
	struct {
		struct fault *items;
		size_t len, cap;
	} faults;
	size_t n_told;         /* of the faults */
	struct lk_strs notes;  /* what else was left out, told with the first faults */
	struct lk_strs wheels; /* file names */
	struct lk_channel_relations relations;
};

static int fail_damaged(const struct lk_repodata *repodata, struct lk_error *err)
{
	return lk_fail(err, LK_E_INTEGRITY, "the index of '%s' is damaged", repodata->origin.file);
}

/* LEN bytes from AT on of the index file, in memory owned by ARENA. */
static int read_file(const struct lk_repodata *repodata, uint64_t at, size_t len,
	struct lk_arena *arena, const char **ret, struct lk_error *err)
{
	char *bytes = lk_arena_calloc(arena, 1, len + 1);
	*ret = bytes;
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(repodata->fd, bytes + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot read the index of '%s'",
				repodata->origin.file);
		}
		if (n == 0) {
			return fail_damaged(repodata, err);
		}
		done += (size_t)n;
	}
	return 0;
}

/* LEN bytes from AT on of the tables. */
static int read_tables(const struct lk_repodata *repodata, uint64_t at, size_t len,
	struct lk_arena *arena, const char **ret, struct lk_error *err)
{
	if (repodata->fd >= 0) {
		return read_file(repodata, at, len, arena, ret, err);
	}
	*ret = repodata->image.ptr ? repodata->image.ptr + at : "";
	return 0;
}

/* A whole table, checked against its sum. */
static int read_table(struct lk_repodata *repodata, enum lk_index_table table, const char **ret,
	struct lk_error *err)
{
	const struct lk_index_section *section = &repodata->head.tables[table];
	int rc = read_tables(repodata, section->at, section->len, &repodata->arena, ret, err);
	if (rc < 0) {
		return rc;
	}
	return lk_index_sum(*ret, section->len) == section->sum ? 0 : fail_damaged(repodata, err);
}

/* ---- opening ---- */

/* The item at *AT of the LEN bytes at BYTES; false at the end. Sizes that lie are cut. */
static bool next_item(
	const char *bytes, size_t len, size_t *at, struct lk_index_item *ret, lk_str *ret_text)
{
	if (len - *at < sizeof(*ret)) {
		return false;
	}
	memcpy(ret, bytes + *at, sizeof(*ret));
	*at += sizeof(*ret);
	*ret_text = lk_str_slice(lk_str_n(bytes, len), *at, *at + ret->len);
	*at += ret_text->len;
	return true;
}

static void keep_fact(struct lk_repodata *repodata, const struct lk_index_item *item, lk_str text)
{
	switch (item->kind) {
	case LK_FACT_BASE_URL:
		repodata->base = text;
		break;
	case LK_FACT_RELATION_BASE:
		repodata->relations.base = text;
		break;
	case LK_FACT_RELATION_OVERRIDES:
		repodata->relations.overrides = text;
		break;
	case LK_FACT_NOTE:
		lk_vec_push(&repodata->notes, text);
		break;
	case LK_FACT_WHEEL:
		lk_vec_push(&repodata->wheels, text);
		break;
	default:
		if (item->kind - LK_FACT_FAULT < LK_N_FAULTS) {
			struct fault fault = {
				text, lk_index_faults[item->kind - LK_FACT_FAULT], item->offset};
			lk_vec_push(&repodata->faults, fault);
		}
		break;
	}
}

static int load_facts(struct lk_repodata *repodata, struct lk_error *err)
{
	const char *bytes = NULL;
	int rc = read_table(repodata, LK_INDEX_FACTS, &bytes, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_index_item item;
	lk_str text;
	for (size_t at = 0;
		next_item(bytes, repodata->head.tables[LK_INDEX_FACTS].len, &at, &item, &text);) {
		keep_fact(repodata, &item, text);
	}
	return 0;
}

/* Do the rows lead only to what is there? */
static bool rows_are_sound(const struct lk_repodata *repodata)
{
	const struct lk_index_section *tables = repodata->head.tables;
	const struct lk_index_row *rows = repodata->rows;
	uint32_t n_entries = tables[LK_INDEX_ENTRIES].count;
	for (size_t i = 0; i < repodata->n_names; i++) {
		if (rows[i].name_at > rows[i + 1].name_at || rows[i].first > rows[i + 1].first) {
			return false;
		}
	}
	return rows[repodata->n_names].name_at <= tables[LK_INDEX_NAMES].len &&
		rows[repodata->n_names].first <= n_entries &&
		tables[LK_INDEX_ENTRIES].len == n_entries * sizeof(struct lk_index_entry);
}

static int load_names(struct lk_repodata *repodata, struct lk_error *err)
{
	const struct lk_index_section *rows = &repodata->head.tables[LK_INDEX_ROWS];
	const char *bytes = NULL;
	int rc = read_table(repodata, LK_INDEX_ROWS, &bytes, err);
	if (rc == 0) {
		rc = read_table(repodata, LK_INDEX_NAMES, &repodata->names, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (rows->count == 0 || rows->len != rows->count * sizeof(*repodata->rows)) {
		return fail_damaged(repodata, err);
	}
	repodata->rows = (const void *)bytes;
	repodata->n_names = rows->count - 1;
	return rows_are_sound(repodata) ? 0 : fail_damaged(repodata, err);
}

static int set_base(struct lk_repodata *repodata, struct lk_error *err)
{
	const struct lk_repodata_origin *origin = &repodata->origin;
	lk_str directory = lk_str_printf(&repodata->arena, LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(origin->channel_url), LK_STR_ARG(origin->subdir));
	lk_str reference = repodata->base.len > 0 ? repodata->base : origin->base_url;
	if (!lk_url_base(directory, reference, &repodata->arena, &repodata->base)) {
		return lk_fail_at(err, origin->file, 1, 1,
			"base_url '" LK_STR_FMT "' leads out of the network",
			LK_STR_ARG(reference));
	}
	if (lk_url_loses_tls(directory, repodata->base)) {
		return lk_fail_at(err, origin->file, 1, 1,
			"base_url '" LK_STR_FMT "' leads from https to http",
			LK_STR_ARG(reference));
	}
	return 0;
}

static struct lk_repodata *new_repodata(const struct lk_repodata_origin *origin)
{
	struct lk_repodata *repodata = lk_calloc(1, sizeof(*repodata));
	lk_arena_init(&repodata->arena);
	repodata->fd = -1;
	repodata->origin = (struct lk_repodata_origin){
		.channel_name = lk_str_dup(&repodata->arena, origin->channel_name),
		.channel_url = lk_str_dup(&repodata->arena, origin->channel_url),
		.subdir = lk_str_dup(&repodata->arena, origin->subdir),
		.file = lk_str_dup(&repodata->arena, lk_str_of(origin->file)).ptr,
		.base_url = lk_str_dup(&repodata->arena, origin->base_url),
		.transcribed = origin->transcribed,
	};
	return repodata;
}

/* Loads what the tables say as a whole; takes REPODATA, gives it back when all is well. */
static int load(
	struct lk_repodata *repodata /* taken */, struct lk_repodata **ret, struct lk_error *err)
{
	int rc = load_names(repodata, err);
	if (rc == 0) {
		rc = load_facts(repodata, err);
	}
	if (rc == 0) {
		rc = set_base(repodata, err);
	}
	if (rc == 0) {
		const char *bytes = NULL;
		rc = read_table(repodata, LK_INDEX_REMOVED, &bytes, err);
		repodata->removed_bytes = bytes;
	}
	if (rc < 0) {
		lk_repodata_free(repodata);
		return rc;
	}
	*ret = repodata;
	return 0;
}

int lk_repodata_open(struct lk_buf *json, const struct lk_repodata_origin *origin,
	struct lk_repodata **ret, struct lk_error *err)
{
	struct lk_repodata *repodata = new_repodata(origin);
	repodata->text = *json;
	lk_buf_init(json, json->max);
	lk_buf_init(&repodata->image, LK_INDEX_IMAGE_MAX);
	struct lk_index_draft draft;
	int rc = lk_index_scan(lk_buf_view(&repodata->text), NULL, repodata->origin.file,
		origin->transcribed, &draft, err);
	if (rc == 0) {
		lk_index_lay_out(&draft, 0, &repodata->image, &repodata->head);
	}
	lk_index_draft_done(&draft);
	if (rc < 0) {
		lk_repodata_free(repodata);
		return rc;
	}
	return load(repodata, ret, err);
}

static int read_head(
	struct lk_repodata *repodata, const struct lk_index_token *token, struct lk_error *err)
{
	const char *bytes = NULL;
	int rc = read_file(repodata, 0, sizeof(repodata->head), &repodata->arena, &bytes, err);
	if (rc < 0) {
		return rc;
	}
	memcpy(&repodata->head, bytes, sizeof(repodata->head));
	if (!lk_index_head_is_ours(&repodata->head) ||
		memcmp(&repodata->head.token, token, sizeof(*token)) != 0) {
		return lk_fail(err, LK_E_NOT_FOUND, "the index is not that of '%s'",
			repodata->origin.file);
	}
	if (lk_index_head_sum(&repodata->head) != repodata->head.sum) {
		return fail_damaged(repodata, err);
	}
	struct stat st;
	uint64_t size = fstat(repodata->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	if (size < LK_INDEX_TEXT_AT || repodata->head.text_len > size - LK_INDEX_TEXT_AT) {
		return fail_damaged(repodata, err);
	}
	for (int i = 0; i < LK_INDEX_N_TABLES; i++) {
		const struct lk_index_section *section = &repodata->head.tables[i];
		if (section->at > size || section->len > size - section->at) {
			return fail_damaged(repodata, err);
		}
	}
	return 0;
}

int lk_repodata_open_index(int fd, const struct lk_index_token *token,
	const struct lk_repodata_origin *origin, struct lk_repodata **ret, struct lk_error *err)
{
	struct lk_repodata *repodata = new_repodata(origin);
	repodata->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (repodata->fd < 0) {
		lk_repodata_free(repodata);
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", origin->file);
	}
	int rc = read_head(repodata, token, err);
	if (rc < 0) {
		lk_repodata_free(repodata);
		return rc;
	}
	return load(repodata, ret, err);
}

void lk_repodata_free(struct lk_repodata *repodata)
{
	if (!repodata) {
		return;
	}
	lk_close_p(&repodata->fd);
	lk_map_done(&repodata->removed);
	lk_vec_done(&repodata->removed_fns);
	lk_vec_done(&repodata->faults);
	lk_vec_done(&repodata->notes);
	lk_vec_done(&repodata->wheels);
	lk_free(repodata->bad);
	lk_buf_done(&repodata->text);
	lk_buf_done(&repodata->image);
	lk_arena_done(&repodata->arena);
	lk_free(repodata);
}

/* ---- records ---- */

static bool is_bad(const struct lk_repodata *repodata, size_t entry)
{
	return repodata->bad && (repodata->bad[entry / 8] >> entry % 8 & 1);
}

static void mark_bad(struct lk_repodata *repodata, size_t entry)
{
	if (!repodata->bad) {
		repodata->bad = lk_calloc(lk_repodata_n_records(repodata) / 8 + 1, 1);
	}
	repodata->bad[entry / 8] = (unsigned char)(repodata->bad[entry / 8] | 1u << entry % 8);
}

/* Records of one name, in the order of their entries. */
struct run {
	struct lk_repodata *repodata;
	const struct lk_index_entry *entries;
	size_t first; /* number of the first entry in the table */
	size_t n;
	struct lk_arena *arena;
	struct lk_records *ret;
	lk_str version; /* of the record before */
};

/* Many records of a name in a row are of one version. */
static bool is_version(struct run *run, lk_str text)
{
	const struct lk_version *version;
	struct lk_error ignored;
	if (run->version.len > 0 && lk_str_eq(run->version, text)) {
		return true;
	}
	if (lk_version_parse(text, run->arena, &version, &ignored) < 0) {
		return false;
	}
	run->version = text;
	return true;
}

/* What keeps the record from being used now that it was read, or NULL. */
static const char *fault_of(struct run *run, lk_str fn, const struct lk_record_scan *facts)
{
	if (facts->fault) {
		return facts->fault;
	}
	if (!facts->has_build_number) {
		return "bad 'build_number'";
	}
	if (!is_version(run, facts->record.version)) {
		return "bad 'version'";
	}
	bool wheel = lk_archive_kind_of(fn, NULL) == LK_ARCHIVE_WHEEL;
	return wheel && facts->url.len == 0 ? "no 'url'" : NULL;
}

/* The run's record I, whose KEY and what follows are at hand: 1 when it is fit for use. */
static int read_record(
	struct run *run, size_t i, const char *key, struct lk_record *ret, struct lk_error *err)
{
	struct lk_repodata *repodata = run->repodata;
	const struct lk_index_entry *entry = &run->entries[i];
	struct lk_arena *arena = run->arena;
	struct lk_scan scan;
	struct lk_record_scan facts;
	lk_str fn = lk_index_fn(entry, lk_str_n(key, entry->key_len), arena);
	lk_scan_init(&scan, lk_str_n(key + entry->record_after, entry->record_len),
		repodata->origin.file, err);
	int rc = lk_record_scan(&scan, arena, &facts);
	if (rc < 0) {
		return rc;
	}
	const char *why = fault_of(run, fn, &facts);
	if (why) {
		struct fault fault = {lk_str_dup(&repodata->arena, fn), why,
			(size_t)(entry->at + entry->record_after)};
		lk_vec_push(&repodata->faults, fault);
		mark_bad(repodata, run->first + i);
		return 0;
	}
	*ret = facts.record;
	ret->fn = fn;
	ret->subdir = repodata->origin.subdir;
	ret->channel = repodata->origin.channel_name;
	bool wheel = lk_archive_kind_of(fn, NULL) == LK_ARCHIVE_WHEEL;
	ret->url = wheel
		? lk_url_without_credentials(lk_url_join(repodata->base, facts.url, arena), arena)
		: lk_str_printf(arena, LK_STR_FMT LK_STR_FMT, LK_STR_ARG(repodata->base),
			  LK_STR_ARG(lk_url_encode_path(fn, arena)));
	return 1;
}

static size_t entry_len(const struct lk_index_entry *entry)
{
	return (size_t)entry->record_after + entry->record_len;
}

static bool entry_is_sound(const struct lk_repodata *repodata, const struct lk_index_entry *entry)
{
	uint64_t text_len = repodata->head.text_len;
	return entry->at <= text_len && entry_len(entry) <= text_len - entry->at &&
		entry->key_len < entry->record_after &&
		entry->extension < LK_COUNTOF(lk_index_extensions);
}

/* How many entries from FROM on lie so near to each other that they are read at once; and bytes. */
static size_t near_entries(const struct run *run, size_t from, size_t *ret_len)
{
	const struct lk_index_entry *entries = run->entries;
	uint64_t begin = entries[from].at;
	uint64_t end = begin + entry_len(&entries[from]);
	size_t i = from + 1;
	while (i < run->n && entries[i].at >= end && entries[i].at - end <= GAP_MAX) {
		end = entries[i].at + entry_len(&entries[i]);
		i++;
	}
	*ret_len = (size_t)(end - begin);
	return i - from;
}

static int read_near(struct run *run, size_t from, size_t n, size_t len, struct lk_error *err)
{
	struct lk_repodata *repodata = run->repodata;
	uint64_t begin = run->entries[from].at;
	const char *text = repodata->fd < 0 ? repodata->text.ptr + begin : NULL;
	int rc = 0;
	if (repodata->fd >= 0) {
		rc = read_file(repodata, LK_INDEX_TEXT_AT + begin, len, run->arena, &text, err);
	}
	for (size_t i = from; rc >= 0 && i < from + n; i++) {
		const struct lk_index_entry *entry = &run->entries[i];
		const char *key = text + (entry->at - begin);
		struct lk_record record = {0};
		if (is_bad(repodata, run->first + i)) {
			continue;
		}
		if (repodata->fd >= 0 && lk_index_sum(key, entry_len(entry)) != entry->sum) {
			return fail_damaged(repodata, err);
		}
		rc = read_record(run, i, key, &record, err);
		if (rc > 0) {
			lk_vec_push(run->ret, record);
		}
	}
	return rc < 0 ? rc : 0;
}

static int read_run(struct run *run, struct lk_error *err)
{
	for (size_t i = 0; i < run->n; i++) {
		if (!entry_is_sound(run->repodata, &run->entries[i])) {
			return fail_damaged(run->repodata, err);
		}
	}
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < run->n;) {
		size_t len;
		size_t n = near_entries(run, i, &len);
		rc = read_near(run, i, n, len, err);
		i += n;
	}
	return rc;
}

static int cmp_names(lk_str name, const struct lk_repodata *repodata, size_t index)
{
	return lk_str_cmp(name, lk_repodata_name_at(repodata, index));
}

/* The row of NAME, or SIZE_MAX. */
static size_t find_name(const struct lk_repodata *repodata, lk_str name)
{
	size_t from = 0;
	size_t to = repodata->n_names;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int cmp = cmp_names(name, repodata, middle);
		if (cmp == 0) {
			return middle;
		}
		if (cmp < 0) {
			to = middle;
		} else {
			from = middle + 1;
		}
	}
	return SIZE_MAX;
}

int lk_repodata_records(struct lk_repodata *repodata, lk_str name, struct lk_arena *arena,
	struct lk_records *ret, struct lk_error *err)
{
	size_t at = find_name(repodata, name);
	if (at == SIZE_MAX) {
		return 0;
	}
	const struct lk_index_row *row = &repodata->rows[at];
	size_t n = row[1].first - row[0].first;
	size_t size = sizeof(struct lk_index_entry);
	const char *bytes = NULL;
	int rc = read_tables(repodata,
		repodata->head.tables[LK_INDEX_ENTRIES].at + row->first * size, n * size, arena,
		&bytes, err);
	if (rc == 0 && lk_index_sum(bytes, n * size) != row->sum) {
		rc = fail_damaged(repodata, err);
	}
	if (rc < 0) {
		return rc;
	}
	size_t n_before = ret->len;
	struct run run = {repodata, (const void *)bytes, row->first, n, arena, ret, {0}};
	rc = read_run(&run, err);
	if (rc < 0) {
		ret->len = n_before;
	}
	return rc;
}

/* ---- what else the channel says ---- */

/* The removed files as views; mostly nobody asks. */
static const struct lk_strs *removed_files(struct lk_repodata *repodata)
{
	const struct lk_index_section *section = &repodata->head.tables[LK_INDEX_REMOVED];
	struct lk_index_item item;
	lk_str fn;
	size_t at = repodata->has_removed ? section->len : 0;
	while (next_item(repodata->removed_bytes, section->len, &at, &item, &fn)) {
		lk_vec_push(&repodata->removed_fns, fn);
		lk_map_add(&repodata->removed, fn, 0);
	}
	repodata->has_removed = true;
	return &repodata->removed_fns;
}

bool lk_repodata_is_removed(struct lk_repodata *repodata, lk_str fn)
{
	return removed_files(repodata)->len > 0 &&
		lk_map_get(&repodata->removed, fn) != LK_MAP_NONE;
}

void lk_repodata_removed(struct lk_repodata *repodata, lk_str name, struct lk_strs *ret)
{
	const struct lk_strs *removed = removed_files(repodata);
	for (size_t i = 0; i < removed->len; i++) {
		lk_str fn = removed->items[i];
		lk_str dist;
		lk_str of;
		lk_str version;
		lk_str build;

		if (lk_str_starts(fn, name) &&
			lk_archive_kind_of(fn, &dist) != LK_ARCHIVE_UNKNOWN &&
			lk_dist_split(dist, &of, &version, &build) && lk_str_eq(of, name)) {
			lk_vec_push(ret, fn);
		}
	}
}

static void tell_fault(const struct lk_repodata *repodata, const struct fault *fault,
	const struct lk_report *report)
{
	const char *file = repodata->origin.file;
	if (repodata->origin.transcribed) {
		lk_note(report, 1, "%s: '" LK_STR_FMT "': %s", file, LK_STR_ARG(fault->fn),
			fault->why);
		return;
	}
	lk_note(report, 1, "%s: byte %zu: '" LK_STR_FMT "': %s", file, fault->offset,
		LK_STR_ARG(fault->fn), fault->why);
}

void lk_repodata_tell(struct lk_repodata *repodata, const struct lk_report *report)
{
	const char *file = repodata->origin.file;
	for (size_t i = 0; i < repodata->notes.len; i++) {
		lk_note(report, 1, "%s: " LK_STR_FMT, file, LK_STR_ARG(repodata->notes.items[i]));
	}
	lk_vec_clear(&repodata->notes);
	for (size_t i = 0; i < repodata->wheels.len; i++) {
		lk_note(report, 2, "%s: '" LK_STR_FMT "' is a wheel", file,
			LK_STR_ARG(repodata->wheels.items[i]));
	}
	lk_vec_clear(&repodata->wheels);
	size_t n = repodata->faults.len - repodata->n_told;
	if (n > 0) {
		lk_warn(report, "'%s': %zu broken record%s left out (-v lists %s)", file, n,
			n == 1 ? " is" : "s are", n == 1 ? "it" : "them");
	}
	while (repodata->n_told < repodata->faults.len) {
		tell_fault(repodata, &repodata->faults.items[repodata->n_told++], report);
	}
}

size_t lk_repodata_n_names(const struct lk_repodata *repodata)
{
	return repodata->n_names;
}

lk_str lk_repodata_name_at(const struct lk_repodata *repodata, size_t index)
{
	const struct lk_index_row *row = &repodata->rows[index];
	return lk_str_n(repodata->names + row[0].name_at, row[1].name_at - row[0].name_at);
}

size_t lk_repodata_n_records(const struct lk_repodata *repodata)
{
	return repodata->head.tables[LK_INDEX_ENTRIES].count;
}

size_t lk_repodata_n_faults(const struct lk_repodata *repodata)
{
	return repodata->faults.len;
}

const struct lk_channel_relations *lk_repodata_relations(const struct lk_repodata *repodata)
{
	return &repodata->relations;
}

const struct lk_repodata_origin *lk_repodata_origin(const struct lk_repodata *repodata)
{
	return &repodata->origin;
}

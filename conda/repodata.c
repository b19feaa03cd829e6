/*
 * One pass over repodata.json that notes where each record's text lies, grouped by name.
 */
#include "conda/repodata.h"

#include <stdlib.h>

#include "base/map.h"
#include "conda/record_scan_priv.h"
#include "conda/version.h"

#define REPODATA_VERSION_MAX 2

/* A record that was seen: its file name, its package name and where its object stands. */
struct entry {
	lk_str fn;
	lk_str text;
	uint32_t name; /* in the order of first sight */
	bool dead;     /* removed or replaced */
};

struct entries LK_VEC_OF(struct entry);

struct lk_repodata {
	struct lk_arena arena;
	struct lk_buf json;
	struct lk_repodata_origin origin;
	lk_str base; /* URL that file names are joined to, with a trailing slash */
	struct entries entries;
	struct lk_strs names;   /* sorted, only those with live records */
	struct lk_map by_name;  /* into names; LK_MAP_NONE for those without */
	struct lk_u32s first;   /* beside names, and one more: index into grouped */
	struct lk_u32s grouped; /* live entries, by name, in the order of the text */
	size_t n_skipped;
};

/* What only the scan needs. */
struct indexer {
	struct lk_repodata *repodata;
	struct lk_scan scan;
	struct lk_map by_fn; /* into entries */
	struct lk_strs seen_names;
	struct lk_strs removed; /* file names */
	lk_str base_url;        /* as written */
	const char *extension;  /* of the files at hand, where their names lack it */
	unsigned seen_sections; /* bit for each section that was there */
};

/* Facts of one record that decide whether it can be used at all. */
struct glance {
	lk_str name;
	bool version, build, build_number;
};

static int glance_member(struct indexer *ix, struct glance *glance)
{
	struct lk_scan *scan = &ix->scan;
	struct lk_scan_text key;
	int rc = lk_scan_key(scan, &key);
	if (rc < 0) {
		return rc;
	}
	char c = lk_scan_peek(scan);
	if (c == '"' && lk_scan_is(key, "name")) {
		struct lk_scan_text text;
		rc = lk_scan_string(scan, &text);
		if (rc == 0) {
			glance->name = lk_scan_decode(text, &ix->repodata->arena);
		}
		return rc;
	}
	if (c == '"') {
		glance->version |= lk_scan_is(key, "version");
		glance->build |= lk_scan_is(key, "build");
	} else if (lk_is_digit(c)) {
		glance->build_number |= lk_scan_is(key, "build_number");
	}
	return lk_scan_skip(scan, NULL);
}

static bool is_usable(lk_str fn, const struct glance *glance)
{
	enum lk_archive_kind kind = lk_archive_kind_of(fn, NULL);
	return (kind == LK_ARCHIVE_CONDA || kind == LK_ARCHIVE_TAR_BZ2) &&
		lk_is_safe_component(fn) && lk_name_is_valid(glance->name) && glance->version &&
		glance->build && glance->build_number;
}

/* Records of a name mostly follow each other: then the map is not asked. */
static uint32_t name_index(struct indexer *ix, lk_str name)
{
	const struct entries *entries = &ix->repodata->entries;
	if (entries->len > 0) {
		uint32_t last = entries->items[entries->len - 1].name;
		if (lk_str_eq(ix->seen_names.items[last], name)) {
			return last;
		}
	}
	uint32_t next = (uint32_t)ix->seen_names.len;
	uint32_t index = lk_map_add(&ix->repodata->by_name, name, next);
	if (index == next) {
		lk_vec_push(&ix->seen_names, name);
	}
	return index;
}

static int index_record(struct indexer *ix, lk_str fn)
{
	struct lk_repodata *repodata = ix->repodata;
	struct lk_scan *scan = &ix->scan;
	if (lk_scan_peek(scan) != '{') {
		repodata->n_skipped++;
		return lk_scan_skip(scan, NULL);
	}
	const char *from = scan->at;
	struct glance glance = {0};
	int rc = lk_scan_enter(scan, '{');
	while (rc == 0 && (rc = lk_scan_next(scan, '}')) > 0) {
		rc = glance_member(ix, &glance);
	}
	if (rc < 0) {
		return rc;
	}
	if (!is_usable(fn, &glance)) {
		repodata->n_skipped++;
		return 0;
	}
	struct entry entry = {.fn = fn,
		.text = lk_str_n(from, (size_t)(scan->at - from)),
		.name = name_index(ix, glance.name)};
	uint32_t index = (uint32_t)repodata->entries.len;
	uint32_t known = lk_map_add(&ix->by_fn, fn, index);
	if (known != index) {
		/* The same file twice: the last one counts, as in every JSON reader. */
		repodata->entries.items[known].dead = true;
		lk_map_set(&ix->by_fn, fn, index);
		repodata->n_skipped++;
	}
	lk_vec_push(&repodata->entries, entry);
	return 0;
}

/* Calls ONE for each member of the object at the cursor; null is an empty object. */
static int each_member(struct indexer *ix, int (*one)(struct indexer *ix, struct lk_scan_text key))
{
	struct lk_scan *scan = &ix->scan;
	if (lk_scan_peek(scan) == 'n') {
		return lk_scan_skip(scan, NULL);
	}
	int rc = lk_scan_enter(scan, '{');
	while (rc == 0 && (rc = lk_scan_next(scan, '}')) > 0) {
		struct lk_scan_text key;
		rc = lk_scan_key(scan, &key);
		if (rc == 0) {
			rc = one(ix, key);
		}
	}
	return rc;
}

static int index_file(struct indexer *ix, struct lk_scan_text key)
{
	struct lk_arena *arena = &ix->repodata->arena;
	lk_str fn = lk_scan_decode(key, arena);
	if (ix->extension[0] != '\0') {
		fn = lk_str_printf(arena, LK_STR_FMT "%s", LK_STR_ARG(fn), ix->extension);
	}
	return index_record(ix, fn);
}

/* A map of file names to records; EXTENSION completes names that lack it (CEP 48). */
static int index_records(struct indexer *ix, const char *extension)
{
	ix->extension = extension;
	return each_member(ix, index_file);
}

static int index_bucket(struct indexer *ix, struct lk_scan_text key)
{
	if (lk_scan_is(key, "conda")) {
		return index_records(ix, ".conda");
	}
	if (lk_scan_is(key, "tar.bz2")) {
		return index_records(ix, ".tar.bz2");
	}
	return lk_scan_skip(&ix->scan, NULL);
}

static int index_removed(struct indexer *ix)
{
	struct lk_scan *scan = &ix->scan;
	if (lk_scan_peek(scan) == 'n') {
		return lk_scan_skip(scan, NULL);
	}
	int rc = lk_scan_enter(scan, '[');
	while (rc == 0 && (rc = lk_scan_next(scan, ']')) > 0) {
		if (lk_scan_peek(scan) != '"') {
			rc = lk_scan_skip(scan, NULL);
			continue;
		}
		struct lk_scan_text text;
		rc = lk_scan_string(scan, &text);
		if (rc == 0) {
			lk_vec_push(&ix->removed, lk_scan_decode(text, &ix->repodata->arena));
		}
	}
	return rc;
}

static int check_version(struct indexer *ix)
{
	lk_scan_peek(&ix->scan);
	struct lk_scan before = ix->scan;
	lk_str text;
	uint64_t version;
	int rc = lk_scan_skip(&ix->scan, &text);
	if (rc == 0 && lk_str_to_u64(text, &version) && version > REPODATA_VERSION_MAX) {
		rc = lk_scan_fail(&before, "a repodata version that this lockenv cannot read");
		lk_error_hint(ix->scan.err, "a newer lockenv may read it");
	}
	return rc;
}

static int index_info(struct indexer *ix, struct lk_scan_text key)
{
	if (lk_scan_is(key, "repodata_version")) {
		return check_version(ix);
	}
	if (lk_scan_is(key, "base_url") && lk_scan_peek(&ix->scan) == '"') {
		struct lk_scan_text text;
		int rc = lk_scan_string(&ix->scan, &text);
		if (rc == 0) {
			ix->base_url = lk_scan_decode(text, &ix->repodata->arena);
		}
		return rc;
	}
	return lk_scan_skip(&ix->scan, NULL);
}

static int index_section(struct indexer *ix, struct lk_scan_text key)
{
	static const char *const sections[] = {
		"info", "packages", "packages.conda", "v3", "removed", "repodata_version"};
	size_t which = 0;
	while (which < LK_COUNTOF(sections) && !lk_scan_is(key, sections[which])) {
		which++;
	}
	if (ix->seen_sections & (1u << which)) {
		return lk_scan_fail(&ix->scan, "a section stands here for the second time");
	}
	if (which < LK_COUNTOF(sections)) {
		ix->seen_sections |= 1u << which;
	}
	switch (which) {
	case 0:
		return each_member(ix, index_info);
	case 1:
	case 2:
		return index_records(ix, "");
	case 3:
		return each_member(ix, index_bucket);
	case 4:
		return index_removed(ix);
	case 5:
		return check_version(ix);
	default:
		return lk_scan_skip(&ix->scan, NULL);
	}
}

static void drop_removed(struct indexer *ix)
{
	for (size_t i = 0; i < ix->removed.len; i++) {
		uint32_t at = lk_map_get(&ix->by_fn, ix->removed.items[i]);
		if (at != LK_MAP_NONE) {
			ix->repodata->entries.items[at].dead = true;
		}
	}
}

/* A .tar.bz2 gives way to the .conda of the same distribution. */
static void drop_doubles(struct indexer *ix)
{
	struct entries *entries = &ix->repodata->entries;
	struct lk_buf LK_CLEANUP(lk_buf_done) fn = LK_BUF_INIT(4096);
	for (size_t i = 0; i < entries->len; i++) {
		lk_str dist;
		if (lk_archive_kind_of(entries->items[i].fn, &dist) != LK_ARCHIVE_TAR_BZ2) {
			continue;
		}
		lk_buf_clear(&fn);
		lk_buf_put(&fn, dist);
		lk_buf_puts(&fn, ".conda");
		uint32_t at = lk_map_get(&ix->by_fn, lk_buf_view(&fn));
		if (at != LK_MAP_NONE && !entries->items[at].dead) {
			entries->items[i].dead = true;
		}
	}
}

/* A name and its index in the order of first sight. */
struct seen_name {
	lk_str text;
	uint32_t index;
};

static int cmp_seen_names(const void *a, const void *b)
{
	const struct seen_name *left = a;
	const struct seen_name *right = b;
	return lk_str_cmp(left->text, right->text);
}

/* Sorts the names that have live records (N_LIVE says how many each has) into the repodata. RANKS
 * gets each seen name's place there, `first` where its records will begin. */
static void sort_names(struct indexer *ix, const uint32_t *n_live, uint32_t *ranks)
{
	struct lk_repodata *repodata = ix->repodata;
	size_t n_seen = ix->seen_names.len;
	struct seen_name *LK_AUTO_FREE sorted = lk_calloc(n_seen, sizeof(*sorted));
	size_t n = 0;
	for (uint32_t i = 0; i < n_seen; i++) {
		lk_map_set(&repodata->by_name, ix->seen_names.items[i], LK_MAP_NONE);
		if (n_live[i] > 0) {
			sorted[n++] = (struct seen_name){ix->seen_names.items[i], i};
		}
	}
	qsort(sorted, n, sizeof(*sorted), cmp_seen_names);
	lk_vec_push(&repodata->first, 0u);
	for (uint32_t i = 0; i < n; i++) {
		lk_vec_push(&repodata->names, sorted[i].text);
		lk_map_set(&repodata->by_name, sorted[i].text, i);
		ranks[sorted[i].index] = i;
		lk_vec_push(&repodata->first, repodata->first.items[i] + n_live[sorted[i].index]);
	}
}

/* Counting sort of the live entries by name; keeps the order of the text within a name. */
static void group_by_name(struct indexer *ix)
{
	struct lk_repodata *repodata = ix->repodata;
	const struct entries *entries = &repodata->entries;
	uint32_t *LK_AUTO_FREE n_live = lk_calloc(ix->seen_names.len, sizeof(*n_live));
	uint32_t *LK_AUTO_FREE ranks = lk_calloc(ix->seen_names.len, sizeof(*ranks));
	for (size_t i = 0; i < entries->len; i++) {
		n_live[entries->items[i].name] += !entries->items[i].dead;
	}
	sort_names(ix, n_live, ranks);
	size_t n = repodata->names.len;
	uint32_t *LK_AUTO_FREE next = lk_calloc(n + 1, sizeof(*next));
	memcpy(next, repodata->first.items, (n + 1) * sizeof(*next));
	lk_vec_reserve(&repodata->grouped, repodata->first.items[n]);
	repodata->grouped.len = repodata->first.items[n];
	for (uint32_t i = 0; i < entries->len; i++) {
		if (!entries->items[i].dead) {
			uint32_t name = ranks[entries->items[i].name];
			repodata->grouped.items[next[name]++] = i;
		}
	}
}

static void set_base(struct indexer *ix)
{
	struct lk_repodata *repodata = ix->repodata;
	struct lk_arena *arena = &repodata->arena;
	lk_str base = lk_str_printf(arena, LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(repodata->origin.channel_url), LK_STR_ARG(repodata->origin.subdir));
	if (ix->base_url.len > 0) {
		base = lk_url_join(base, lk_url_without_credentials(ix->base_url, arena), arena);
	}
	repodata->base = lk_str_printf(arena, LK_STR_FMT "%s", LK_STR_ARG(base),
		lk_str_ends(base, LK_STR("/")) ? "" : "/");
}

static int build_index(struct indexer *ix)
{
	struct lk_repodata *repodata = ix->repodata;
	if (lk_str_trim(lk_buf_view(&repodata->json)).len > 0) {
		int rc = each_member(ix, index_section);
		if (rc == 0) {
			rc = lk_scan_finish(&ix->scan);
		}
		if (rc < 0) {
			return rc;
		}
	}
	drop_removed(ix);
	drop_doubles(ix);
	group_by_name(ix);
	set_base(ix);
	return 0;
}

int lk_repodata_open(struct lk_buf *json, const struct lk_repodata_origin *origin,
	const struct lk_report *report, struct lk_repodata **ret, struct lk_error *err)
{
	struct lk_repodata *repodata = lk_calloc(1, sizeof(*repodata));
	lk_arena_init(&repodata->arena);
	repodata->json = *json;
	lk_buf_init(json, json->max);
	repodata->origin = (struct lk_repodata_origin){
		.channel_name = lk_str_dup(&repodata->arena, origin->channel_name),
		.channel_url = lk_str_dup(&repodata->arena, origin->channel_url),
		.subdir = lk_str_dup(&repodata->arena, origin->subdir),
		.file = lk_str_dup(&repodata->arena, lk_str_of(origin->file)).ptr,
	};
	struct indexer ix = {.repodata = repodata};
	lk_scan_init(&ix.scan, lk_buf_view(&repodata->json), repodata->origin.file, err);
	int rc = build_index(&ix);
	lk_map_done(&ix.by_fn);
	lk_vec_done(&ix.removed);
	lk_vec_done(&ix.seen_names);
	if (rc < 0) {
		lk_repodata_free(repodata);
		return rc;
	}
	if (repodata->n_skipped > 0) {
		lk_note(report, 1, "%s: %zu records cannot be used and are left out",
			repodata->origin.file, repodata->n_skipped);
	}
	*ret = repodata;
	return 0;
}

void lk_repodata_free(struct lk_repodata *repodata)
{
	if (!repodata) {
		return;
	}
	lk_vec_done(&repodata->entries);
	lk_vec_done(&repodata->names);
	lk_vec_done(&repodata->first);
	lk_vec_done(&repodata->grouped);
	lk_map_done(&repodata->by_name);
	lk_buf_done(&repodata->json);
	lk_arena_done(&repodata->arena);
	lk_free(repodata);
}

/* 1 when the record at ENTRY is fit for use. */
static int read_record(const struct lk_repodata *repodata, const struct entry *entry,
	struct lk_arena *arena, struct lk_record *ret, struct lk_error *err)
{
	struct lk_scan scan;
	lk_scan_init(&scan, entry->text, repodata->origin.file, err);
	bool has_build_number;
	const char *fault;
	int rc = lk_record_scan(&scan, arena, ret, &has_build_number, &fault);
	if (rc < 0) {
		return rc;
	}
	const struct lk_version *version;
	struct lk_error ignored;
	if (fault || !has_build_number ||
		lk_version_parse(ret->version, arena, &version, &ignored) < 0) {
		return 0;
	}
	ret->fn = entry->fn;
	ret->subdir = repodata->origin.subdir;
	ret->channel = repodata->origin.channel_name;
	ret->url = lk_str_printf(arena, LK_STR_FMT LK_STR_FMT, LK_STR_ARG(repodata->base),
		LK_STR_ARG(lk_url_encode_path(entry->fn, arena)));
	return 1;
}

int lk_repodata_records(const struct lk_repodata *repodata, lk_str name, struct lk_arena *arena,
	struct lk_records *ret, struct lk_error *err)
{
	uint32_t at = lk_map_get(&repodata->by_name, name);
	if (at == LK_MAP_NONE) {
		return 0;
	}
	size_t n_before = ret->len;
	for (uint32_t i = repodata->first.items[at]; i < repodata->first.items[at + 1]; i++) {
		const struct entry *entry = &repodata->entries.items[repodata->grouped.items[i]];
		struct lk_record record;
		int rc = read_record(repodata, entry, arena, &record, err);
		if (rc < 0) {
			ret->len = n_before;
			return rc;
		}
		if (rc > 0) {
			lk_vec_push(ret, record);
		}
	}
	return 0;
}

size_t lk_repodata_n_names(const struct lk_repodata *repodata)
{
	return repodata->names.len;
}

lk_str lk_repodata_name_at(const struct lk_repodata *repodata, size_t index)
{
	return repodata->names.items[index];
}

size_t lk_repodata_n_records(const struct lk_repodata *repodata)
{
	return repodata->grouped.len;
}

size_t lk_repodata_n_skipped(const struct lk_repodata *repodata)
{
	return repodata->n_skipped;
}

const struct lk_repodata_origin *lk_repodata_origin(const struct lk_repodata *repodata)
{
	return &repodata->origin;
}

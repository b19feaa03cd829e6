/*
 * One pass over repodata.json that notes where each record's text lies, grouped by name.
 */
#include "conda/repodata.h"

#include <stdlib.h>

#include "base/map.h"
#include "conda/record_scan_priv.h"
#include "conda/relations_scan_priv.h"
#include "conda/version.h"

#define REPODATA_VERSION_MAX 2
#define REVISION_MAX 3

/* A record that was seen: its file name, its package name and where its object stands. */
struct entry {
	lk_str fn;
	lk_str text;
	uint32_t name; /* in the order of first sight */
	bool dead;     /* removed, replaced or found faulty */
};

struct entries LK_VEC_OF(struct entry);

/* A record that cannot be used. */
struct fault {
	lk_str fn;
	const char *why;
	size_t offset; /* of its object in the text */
};

struct faults LK_VEC_OF(struct fault);

struct lk_repodata {
	struct lk_arena arena;
	struct lk_buf json;
	struct lk_repodata_origin origin;
	lk_str base; /* URL that file names are joined to, with a trailing slash */
	struct entries entries;
	struct lk_strs names;       /* sorted, only those with live records */
	struct lk_map by_name;      /* into names; LK_MAP_NONE for those without */
	struct lk_u32s first;       /* beside names, and one more: index into grouped */
	struct lk_u32s grouped;     /* live entries, by name, in the order of the text */
	struct lk_map removed;      /* file names */
	struct lk_strs removed_fns; /* the same in their order */
	struct faults faults;
	size_t n_told;         /* of the faults */
	struct lk_strs notes;  /* what else was left out, told with the first faults */
	struct lk_strs wheels; /* file names */
	struct lk_channel_relations relations;
};

/* What only the scan needs. */
struct indexer {
	struct lk_repodata *repodata;
	struct lk_scan scan;
	struct lk_map by_fn; /* into entries */
	struct lk_strs seen_names;
	lk_str base_url;        /* as written */
	const char *extension;  /* of the files at hand, where their names lack it */
	unsigned seen_sections; /* bit for each section that was there */
};

/* Facts of one record that decide whether it can be used at all. */
struct glance {
	lk_str name;
	bool version, build, build_number;
};

static void add_fault(struct lk_repodata *repodata, lk_str fn, const char *at, const char *why)
{
	size_t offset = (size_t)(at - repodata->json.ptr);
	lk_vec_push(&repodata->faults, (struct fault){fn, why, offset});
}

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

/* What keeps the record from being used, as far as a glance tells, or NULL. */
static const char *fault_at_glance(lk_str fn, const struct glance *glance)
{
	if (lk_archive_kind_of(fn, NULL) == LK_ARCHIVE_UNKNOWN || !lk_is_safe_component(fn)) {
		return "not the file name of a package";
	}
	if (glance->name.len == 0) {
		return "no 'name'";
	}
	if (!lk_name_is_valid(glance->name)) {
		return lk_name_is_virtual(glance->name) ? "the name of a virtual package"
							: "bad 'name'";
	}
	if (!glance->version) {
		return "no 'version'";
	}
	if (!glance->build) {
		return "no 'build'";
	}
	return glance->build_number ? NULL : "no 'build_number'";
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
		add_fault(repodata, fn, scan->at, "not an object");
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
	const char *why = fault_at_glance(fn, &glance);
	if (why) {
		add_fault(repodata, fn, from, why);
		return 0;
	}
	if (lk_archive_kind_of(fn, NULL) == LK_ARCHIVE_WHEEL) {
		lk_vec_push(&repodata->wheels, fn);
	}
	struct entry entry = {.fn = fn,
		.text = lk_str_n(from, (size_t)(scan->at - from)),
		.name = name_index(ix, glance.name)};
	uint32_t index = (uint32_t)repodata->entries.len;
	uint32_t known = lk_map_add(&ix->by_fn, fn, index);
	if (known != index) {
		/* The same file twice: the last one counts, as in every JSON reader. */
		struct entry *earlier = &repodata->entries.items[known];
		earlier->dead = true;
		add_fault(repodata, fn, earlier->text.ptr, "given again later");
		lk_map_set(&ix->by_fn, fn, index);
	}
	lk_vec_push(&repodata->entries, entry);
	return 0;
}

/* As lk_scan_each; null is an empty object. */
static int each_member(struct indexer *ix, lk_scan_member_fn *one)
{
	return lk_scan_peek(&ix->scan) == 'n' ? lk_scan_skip(&ix->scan, NULL)
					      : lk_scan_each(&ix->scan, one, ix);
}

static int index_file(void *ctx, struct lk_scan_text key)
{
	struct indexer *ix = ctx;
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

static void add_note(struct lk_repodata *repodata, const char *what, lk_str key)
{
	lk_vec_push(&repodata->notes,
		lk_str_printf(&repodata->arena, "%s '" LK_STR_FMT "' are not known and left out",
			what, LK_STR_ARG(key)));
}

/* The kinds of archives that this version knows (CEP 48); a kind to come is one row more. */
static int index_bucket(void *ctx, struct lk_scan_text key)
{
	struct indexer *ix = ctx;
	static const char *const buckets[][2] = {
		{"conda", ".conda"}, {"tar.bz2", ".tar.bz2"}, {"whl", ".whl"}};
	for (size_t i = 0; i < LK_COUNTOF(buckets); i++) {
		if (lk_scan_is(key, buckets[i][0])) {
			return index_records(ix, buckets[i][1]);
		}
	}
	add_note(ix->repodata, "archives of the kind", lk_scan_decode(key, &ix->repodata->arena));
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
			lk_str fn = lk_scan_decode(text, &ix->repodata->arena);
			lk_map_add(&ix->repodata->removed, fn, 0);
			lk_vec_push(&ix->repodata->removed_fns, fn);
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

struct relations_scan {
	struct lk_scan *scan;
	struct lk_arena *arena;
	struct lk_channel_relations *relations;
};

static int scan_relation(void *ctx, struct lk_scan_text key)
{
	struct relations_scan *rs = ctx;
	if (lk_scan_is(key, "base")) {
		return lk_scan_text_or_none(rs->scan, rs->arena, &rs->relations->base);
	}
	if (lk_scan_is(key, "overrides")) {
		return lk_scan_text_or_none(rs->scan, rs->arena, &rs->relations->overrides);
	}
	return lk_scan_skip(rs->scan, NULL);
}

int lk_channel_relations_scan(
	struct lk_scan *scan, struct lk_arena *arena, struct lk_channel_relations *ret)
{
	struct relations_scan rs = {scan, arena, ret};
	return lk_scan_peek(scan) == '{' ? lk_scan_each(scan, scan_relation, &rs)
					 : lk_scan_skip(scan, NULL);
}

static int index_info(void *ctx, struct lk_scan_text key)
{
	struct indexer *ix = ctx;
	if (lk_scan_is(key, "repodata_version")) {
		return check_version(ix);
	}
	if (lk_scan_is(key, "base_url")) {
		return lk_scan_text_or_none(&ix->scan, &ix->repodata->arena, &ix->base_url);
	}
	if (lk_scan_is(key, "channel_relations")) {
		return lk_channel_relations_scan(
			&ix->scan, &ix->repodata->arena, &ix->repodata->relations);
	}
	return lk_scan_skip(&ix->scan, NULL);
}

/* "v4" and later: records in a form that is not known yet (CEP 48). */
static bool is_later_revision(struct lk_scan_text key)
{
	uint64_t number;
	return lk_str_starts(key.raw, LK_STR("v")) &&
		lk_str_to_u64(lk_str_skip(key.raw, 1), &number) && number > REVISION_MAX;
}

static int index_section(void *ctx, struct lk_scan_text key)
{
	struct indexer *ix = ctx;
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
		if (is_later_revision(key)) {
			add_note(ix->repodata, "records of the revision", key.raw);
		}
		return lk_scan_skip(&ix->scan, NULL);
	}
}

static void drop_removed(struct lk_repodata *repodata)
{
	for (size_t i = 0; i < repodata->entries.len; i++) {
		struct entry *entry = &repodata->entries.items[i];
		entry->dead |= lk_map_get(&repodata->removed, entry->fn) != LK_MAP_NONE;
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

static int set_base(struct indexer *ix)
{
	struct lk_repodata *repodata = ix->repodata;
	const struct lk_repodata_origin *origin = &repodata->origin;
	lk_str directory = lk_str_printf(&repodata->arena, LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(origin->channel_url), LK_STR_ARG(origin->subdir));
	lk_str reference = ix->base_url.len > 0 ? ix->base_url : origin->base_url;
	if (!lk_url_base(directory, reference, &repodata->arena, &repodata->base)) {
		return lk_fail_at(ix->scan.err, origin->file, 1, 1,
			"base_url '" LK_STR_FMT "' leads out of the network",
			LK_STR_ARG(reference));
	}
	return 0;
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
	drop_removed(repodata);
	group_by_name(ix);
	return set_base(ix);
}

int lk_repodata_open(struct lk_buf *json, const struct lk_repodata_origin *origin,
	struct lk_repodata **ret, struct lk_error *err)
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
		.base_url = lk_str_dup(&repodata->arena, origin->base_url),
		.transcribed = origin->transcribed,
	};
	struct indexer ix = {.repodata = repodata};
	lk_scan_init(&ix.scan, lk_buf_view(&repodata->json), repodata->origin.file, err);
	ix.scan.transcribed = origin->transcribed;
	int rc = build_index(&ix);
	lk_map_done(&ix.by_fn);
	lk_vec_done(&ix.seen_names);
	if (rc < 0) {
		lk_repodata_free(repodata);
		return rc;
	}
	if (repodata->wheels.len > 0) {
		lk_vec_push(&repodata->notes,
			lk_str_printf(&repodata->arena,
				"%zu wheel%s cannot be installed by this version",
				repodata->wheels.len, repodata->wheels.len == 1 ? "" : "s"));
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
	lk_map_done(&repodata->removed);
	lk_vec_done(&repodata->removed_fns);
	lk_vec_done(&repodata->faults);
	lk_vec_done(&repodata->notes);
	lk_vec_done(&repodata->wheels);
	lk_buf_done(&repodata->json);
	lk_arena_done(&repodata->arena);
	lk_free(repodata);
}

/* What keeps the record from being used now that it was read, or NULL. */
static const char *fault_of(
	const struct entry *entry, const struct lk_record_scan *facts, struct lk_arena *arena)
{
	const struct lk_version *version;
	struct lk_error ignored;
	if (facts->fault) {
		return facts->fault;
	}
	if (!facts->has_build_number) {
		return "bad 'build_number'";
	}
	if (lk_version_parse(facts->record.version, arena, &version, &ignored) < 0) {
		return "bad 'version'";
	}
	bool wheel = lk_archive_kind_of(entry->fn, NULL) == LK_ARCHIVE_WHEEL;
	return wheel && facts->url.len == 0 ? "no 'url'" : NULL;
}

/* 1 when the record at ENTRY is fit for use. */
static int read_record(struct lk_repodata *repodata, struct entry *entry, struct lk_arena *arena,
	struct lk_record *ret, struct lk_error *err)
{
	struct lk_scan scan;
	struct lk_record_scan facts;
	lk_scan_init(&scan, entry->text, repodata->origin.file, err);
	int rc = lk_record_scan(&scan, arena, &facts);
	if (rc < 0) {
		return rc;
	}
	const char *why = fault_of(entry, &facts, arena);
	if (why) {
		entry->dead = true;
		add_fault(repodata, entry->fn, entry->text.ptr, why);
		return 0;
	}
	*ret = facts.record;
	ret->fn = entry->fn;
	ret->subdir = repodata->origin.subdir;
	ret->channel = repodata->origin.channel_name;
	bool wheel = lk_archive_kind_of(entry->fn, NULL) == LK_ARCHIVE_WHEEL;
	ret->url = wheel
		? lk_url_without_credentials(lk_url_join(repodata->base, facts.url, arena), arena)
		: lk_str_printf(arena, LK_STR_FMT LK_STR_FMT, LK_STR_ARG(repodata->base),
			  LK_STR_ARG(lk_url_encode_path(entry->fn, arena)));
	return 1;
}

int lk_repodata_records(struct lk_repodata *repodata, lk_str name, struct lk_arena *arena,
	struct lk_records *ret, struct lk_error *err)
{
	uint32_t at = lk_map_get(&repodata->by_name, name);
	if (at == LK_MAP_NONE) {
		return 0;
	}
	size_t n_before = ret->len;
	for (uint32_t i = repodata->first.items[at]; i < repodata->first.items[at + 1]; i++) {
		struct entry *entry = &repodata->entries.items[repodata->grouped.items[i]];
		struct lk_record record;
		int rc = entry->dead ? 0 : read_record(repodata, entry, arena, &record, err);
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

bool lk_repodata_is_removed(const struct lk_repodata *repodata, lk_str fn)
{
	return lk_map_get(&repodata->removed, fn) != LK_MAP_NONE;
}

void lk_repodata_removed(const struct lk_repodata *repodata, lk_str name, struct lk_strs *ret)
{
	for (size_t i = 0; i < repodata->removed_fns.len; i++) {
		lk_str fn = repodata->removed_fns.items[i];
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

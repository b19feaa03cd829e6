/*
 * One pass over repodata.json that notes where each record's text lies.
 *
 * The text may still be arriving: whatever runs into the end of what is there is begun again when
 * there is more. So a step has effects only once it has succeeded.
 */
#include "base/map.h"
#include "conda/record_scan_priv.h"
#include "conda/relations_scan_priv.h"
#include "conda/repodata_index_priv.h"

#define REPODATA_VERSION_MAX 2
#define REVISION_MAX 3
/* Bytes to wait for at least when the text has to go on. */
#define TOP_UP ((size_t)1 << 20)

const char *const lk_index_extensions[4] = {"", ".conda", ".tar.bz2", ".whl"};

const char *const lk_index_faults[LK_N_FAULTS] = {
	[LK_FAULT_NOT_AN_OBJECT] = "not an object",
	[LK_FAULT_FILE_NAME] = "not the file name of a package",
	[LK_FAULT_NO_NAME] = "no 'name'",
	[LK_FAULT_BAD_NAME] = "bad 'name'",
	[LK_FAULT_VIRTUAL_NAME] = "the name of a virtual package",
	[LK_FAULT_NO_VERSION] = "no 'version'",
	[LK_FAULT_NO_BUILD] = "no 'build'",
	[LK_FAULT_NO_BUILD_NUMBER] = "no 'build_number'",
	[LK_FAULT_GIVEN_AGAIN] = "given again later",
};

/* Finds file names that were there before. As long as each section has one kind of archive, another
 * than the others, and its keys are sorted, all are different and no map is needed. */
struct repeats {
	bool mapping;
	struct lk_map by_fn;       /* into draft->records, when mapping */
	lk_str last;               /* key of the section */
	enum lk_archive_kind kind; /* of the section */
	unsigned kinds;            /* bit for each kind that had a section */
};

struct indexer {
	struct lk_index_draft *draft;
	struct lk_scan scan;
	const struct lk_index_feed *feed; /* or NULL: all of the text is there */
	struct repeats repeats;
	uint8_t extension; /* index into lk_index_extensions, of the section at hand */
	size_t n_wheels;
	unsigned seen_sections, seen_buckets; /* bit for each that was there */
};

/* ---- text that arrives ---- */

/* Waits for more text than there is, now that the cursor stands at FROM again. */
static int top_up(struct indexer *ix, const char *from)
{
	struct lk_scan *scan = &ix->scan;
	size_t have = (size_t)(scan->end - scan->start);
	size_t begun = (size_t)(scan->end - from);
	bool whole = false;
	int rc = ix->feed->more(ix->feed->ctx, (size_t)(from - scan->start),
		have + (begun > TOP_UP ? begun : TOP_UP), &have, &whole, scan->err);
	scan->end = scan->start + have;
	scan->partial = !whole;
	return rc;
}

typedef int step_fn(struct indexer *ix, void *arg);

/* ONE, begun again with more text as often as it runs into the end of what there is. */
static int step(struct indexer *ix, step_fn *one, void *arg)
{
	for (;;) {
		struct lk_scan before = ix->scan;
		int rc = one(ix, arg);
		if (rc != LK_SCAN_CUT) {
			return rc;
		}
		before.end = ix->scan.end;
		ix->scan = before;
		rc = top_up(ix, before.at);
		if (rc < 0) {
			return rc;
		}
	}
}

static int skip_value(struct indexer *ix, void *arg LK_UNUSED)
{
	return lk_scan_skip(&ix->scan, NULL);
}

/* 1 at an object, 0 past a null: that is an empty one. */
static int enter_object(struct indexer *ix, void *arg LK_UNUSED)
{
	if (lk_scan_peek(&ix->scan) == 'n') {
		return lk_scan_skip(&ix->scan, NULL);
	}
	int rc = lk_scan_enter(&ix->scan, '{');
	return rc < 0 ? rc : 1;
}

static int next_member(struct indexer *ix, void *key)
{
	int rc = lk_scan_next(&ix->scan, '}');
	if (rc > 0) {
		int bad = lk_scan_key(&ix->scan, key);
		return bad < 0 ? bad : 1;
	}
	return rc;
}

/* As lk_scan_each; ONE takes its own steps. */
static int each_member(struct indexer *ix, int (*one)(struct indexer *, struct lk_scan_text))
{
	int rc = step(ix, enter_object, NULL);
	while (rc > 0) {
		struct lk_scan_text key = {0};
		rc = step(ix, next_member, &key);
		if (rc > 0) {
			int bad = one(ix, key);
			rc = bad < 0 ? bad : 1;
		}
	}
	return rc;
}

/* ---- records ---- */

static void add_fact(struct indexer *ix, uint32_t kind, lk_str text, uint64_t offset)
{
	struct lk_seen_item item = {text, offset, kind};
	lk_vec_push(&ix->draft->facts, item);
}

static void add_fault(struct indexer *ix, enum lk_index_fault why, lk_str fn, uint64_t offset)
{
	add_fact(ix, LK_FACT_FAULT + (uint32_t)why, fn, offset);
}

lk_str lk_index_fn(const struct lk_index_entry *entry, lk_str key, struct lk_arena *arena)
{
	lk_str fn = lk_scan_decode((struct lk_scan_text){key, entry->escaped}, arena);
	if (entry->extension > 0) {
		fn = lk_str_printf(arena, LK_STR_FMT "%s", LK_STR_ARG(fn),
			lk_index_extensions[entry->extension]);
	}
	return fn;
}

static lk_str seen_fn(struct indexer *ix, const struct lk_seen_record *seen)
{
	const char *key = ix->scan.start + seen->entry.at;
	return lk_index_fn(&seen->entry, lk_str_n(key, seen->entry.key_len), &ix->draft->arena);
}

static void start_mapping(struct indexer *ix)
{
	const struct lk_index_draft *draft = ix->draft;
	ix->repeats.mapping = true;
	for (uint32_t i = 0; i < draft->records.len; i++) {
		lk_map_set(&ix->repeats.by_fn, seen_fn(ix, &draft->records.items[i]), i);
	}
}

static void begin_files(struct indexer *ix, enum lk_archive_kind kind)
{
	struct repeats *repeats = &ix->repeats;
	if (!repeats->mapping && (repeats->kinds & (1u << kind))) {
		start_mapping(ix);
	}
	repeats->kinds |= 1u << kind;
	repeats->kind = kind;
	repeats->last = LK_STR("");
}

/* The file FN with KEY is given here: as in every JSON reader an earlier one of that name counts no
 * more. */
static void replace_earlier(
	struct indexer *ix, const struct lk_scan_text *key, lk_str fn, enum lk_archive_kind kind)
{
	struct repeats *repeats = &ix->repeats;
	if (!repeats->mapping) {
		if (kind == repeats->kind && !key->escaped &&
			lk_str_cmp(repeats->last, key->raw) < 0) {
			repeats->last = key->raw;
			return;
		}
		start_mapping(ix);
	}
	uint32_t known = lk_map_get(&repeats->by_fn, fn);
	if (known != LK_MAP_NONE && !ix->draft->records.items[known].dead) {
		struct lk_seen_record *earlier = &ix->draft->records.items[known];
		earlier->dead = true;
		add_fault(ix, LK_FAULT_GIVEN_AGAIN, fn,
			earlier->entry.at + earlier->entry.record_after);
	}
}

/* Facts of one record that decide whether it can be used at all. */
struct glance {
	lk_str name;
	bool version, build, build_number;
};

static int glance_member(struct indexer *ix, struct glance *glance)
{
	struct lk_scan *scan = &ix->scan;
	struct lk_scan_text key = {0};
	int rc = lk_scan_key(scan, &key);
	if (rc < 0) {
		return rc;
	}
	char c = lk_scan_peek(scan);
	if (c == '"' && lk_scan_is(key, "name")) {
		struct lk_scan_text text = {0};
		rc = lk_scan_string(scan, &text);
		if (rc == 0) {
			glance->name = lk_scan_decode(text, &ix->draft->arena);
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

/* Records of a name mostly follow each other. */
static bool is_last_name(const struct lk_index_draft *draft, lk_str name)
{
	size_t n = draft->records.len;
	return n > 0 && lk_str_eq(draft->names.items[draft->records.items[n - 1].name], name);
}

/* What keeps the record from being used, as far as a glance tells, or LK_N_FAULTS. */
static enum lk_index_fault fault_at_glance(const struct lk_index_draft *draft, lk_str fn,
	enum lk_archive_kind kind, const struct glance *glance)
{
	if (kind == LK_ARCHIVE_UNKNOWN || !lk_is_safe_component(fn)) {
		return LK_FAULT_FILE_NAME;
	}
	if (glance->name.len == 0) {
		return LK_FAULT_NO_NAME;
	}
	if (!is_last_name(draft, glance->name) && !lk_name_is_valid(glance->name)) {
		return lk_name_is_virtual(glance->name) ? LK_FAULT_VIRTUAL_NAME : LK_FAULT_BAD_NAME;
	}
	if (!glance->version) {
		return LK_FAULT_NO_VERSION;
	}
	if (!glance->build) {
		return LK_FAULT_NO_BUILD;
	}
	return glance->build_number ? LK_N_FAULTS : LK_FAULT_NO_BUILD_NUMBER;
}

static uint32_t name_index(struct lk_index_draft *draft, lk_str name)
{
	if (is_last_name(draft, name)) {
		return draft->records.items[draft->records.len - 1].name;
	}
	uint32_t known = lk_map_get(&draft->by_name, name);
	if (known == LK_MAP_NONE) {
		/* A copy: the text is to be looked at no more. */
		name = lk_str_dup(&draft->arena, name);
		known = (uint32_t)draft->names.len;
		lk_map_add(&draft->by_name, name, known);
		lk_vec_push(&draft->names, name);
	}
	return known;
}

static void add_record(
	struct indexer *ix, const struct lk_index_entry *entry, lk_str fn, lk_str name)
{
	struct lk_index_draft *draft = ix->draft;
	struct lk_seen_record seen = {
		.entry = *entry, .fn_hash = lk_map_hash(fn), .name = name_index(draft, name)};
	if (ix->repeats.mapping) {
		lk_map_set(&ix->repeats.by_fn, fn, (uint32_t)draft->records.len);
	}
	lk_vec_push(&draft->records, seen);
}

/* The value of KEY was read: ENTRY says where it stands, GLANCE what it is; NULL: no object. */
static void note_file(struct indexer *ix, const struct lk_index_entry *entry,
	const struct lk_scan_text *key, const struct glance *glance)
{
	bool short_key = key->raw.len <= UINT16_MAX;
	lk_str fn = short_key ? lk_index_fn(entry, key->raw, &ix->draft->arena) : key->raw;
	enum lk_archive_kind kind = short_key ? lk_archive_kind_of(fn, NULL) : LK_ARCHIVE_UNKNOWN;
	enum lk_index_fault fault =
		glance ? fault_at_glance(ix->draft, fn, kind, glance) : LK_FAULT_NOT_AN_OBJECT;
	if (kind != LK_ARCHIVE_UNKNOWN) {
		replace_earlier(ix, key, fn, kind);
	}
	if (fault != LK_N_FAULTS) {
		add_fault(ix, fault, fn, entry->at + entry->record_after);
		return;
	}
	if (kind == LK_ARCHIVE_WHEEL) {
		add_fact(ix, LK_FACT_WHEEL, fn, 0);
		ix->n_wheels++;
	}
	add_record(ix, entry, fn, glance->name);
}

static int index_record(struct indexer *ix, void *arg)
{
	const struct lk_scan_text *key = arg;
	struct lk_scan *scan = &ix->scan;
	struct lk_index_entry entry = {
		.at = (uint64_t)(key->raw.ptr - scan->start),
		.key_len = (uint16_t)key->raw.len,
		.escaped = key->escaped,
		.extension = ix->extension,
	};
	struct glance glance = {0};
	bool is_object = lk_scan_peek(scan) == '{';
	const char *from = scan->at;
	int rc = is_object ? lk_scan_enter(scan, '{') : lk_scan_skip(scan, NULL);
	while (is_object && rc == 0 && (rc = lk_scan_next(scan, '}')) > 0) {
		rc = glance_member(ix, &glance);
	}
	if (rc < 0) {
		return rc;
	}
	entry.record_after = (uint32_t)(from - key->raw.ptr);
	entry.record_len = (uint32_t)(scan->at - from);
	entry.sum = lk_index_sum(key->raw.ptr, (size_t)(scan->at - key->raw.ptr));
	note_file(ix, &entry, key, is_object ? &glance : NULL);
	return 0;
}

static int index_file(struct indexer *ix, struct lk_scan_text key)
{
	return step(ix, index_record, &key);
}

/* A map of file names to records of KIND; EXTENSION completes names that lack it (CEP 48). */
static int index_files(struct indexer *ix, enum lk_archive_kind kind, uint8_t extension)
{
	begin_files(ix, kind);
	ix->extension = extension;
	return each_member(ix, index_file);
}

/* ---- the other sections ---- */

static void add_note(struct indexer *ix, const char *what, lk_str key)
{
	add_fact(ix, LK_FACT_NOTE,
		lk_str_printf(&ix->draft->arena, "%s '" LK_STR_FMT "' are not known and left out",
			what, LK_STR_ARG(key)),
		0);
}

static int fail_second(struct indexer *ix, void *arg LK_UNUSED)
{
	return lk_scan_fail(&ix->scan, "a section stands here for the second time");
}

/* Marks the section at hand as SEEN; it is damage when it is there twice. */
static int no_second(struct indexer *ix, unsigned *seen, size_t which)
{
	if (*seen & (1u << which)) {
		return step(ix, fail_second, NULL);
	}
	*seen |= 1u << which;
	return 0;
}

/* The kinds of archives that this version knows (CEP 48); a kind to come is one row more. */
static int index_bucket(struct indexer *ix, struct lk_scan_text key)
{
	static const struct {
		const char *name;
		enum lk_archive_kind kind;
		uint8_t extension;
	} buckets[] = {
		{"conda", LK_ARCHIVE_CONDA, 1},
		{"tar.bz2", LK_ARCHIVE_TAR_BZ2, 2},
		{"whl", LK_ARCHIVE_WHEEL, 3},
	};
	for (size_t i = 0; i < LK_COUNTOF(buckets); i++) {
		if (lk_scan_is(key, buckets[i].name)) {
			int rc = no_second(ix, &ix->seen_buckets, i);
			return rc < 0 ? rc : index_files(ix, buckets[i].kind, buckets[i].extension);
		}
	}
	add_note(ix, "archives of the kind", lk_scan_decode(key, &ix->draft->arena));
	return step(ix, skip_value, NULL);
}

/* 1 at an array, 0 past a null. */
static int enter_removed(struct indexer *ix, void *arg LK_UNUSED)
{
	if (lk_scan_peek(&ix->scan) == 'n') {
		return lk_scan_skip(&ix->scan, NULL);
	}
	int rc = lk_scan_enter(&ix->scan, '[');
	return rc < 0 ? rc : 1;
}

static int next_removed(struct indexer *ix, void *arg LK_UNUSED)
{
	struct lk_scan *scan = &ix->scan;
	int rc = lk_scan_next(scan, ']');
	if (rc <= 0) {
		return rc;
	}
	bool is_text = lk_scan_peek(scan) == '"';
	lk_str fn;
	rc = lk_scan_text_or_none(scan, &ix->draft->arena, &fn);
	if (rc < 0) {
		return rc;
	}
	if (is_text) {
		lk_vec_push(&ix->draft->removed, fn);
	}
	return 1;
}

static int index_removed(struct indexer *ix)
{
	int rc = step(ix, enter_removed, NULL);
	while (rc > 0) {
		rc = step(ix, next_removed, NULL);
	}
	return rc;
}

static int check_version(struct indexer *ix, void *arg LK_UNUSED)
{
	bool is_number = lk_is_digit(lk_scan_peek(&ix->scan));
	struct lk_scan before = ix->scan;
	lk_str text;
	uint64_t version;
	int rc = lk_scan_skip(&ix->scan, &text);
	if (rc == 0 && is_number &&
		(!lk_str_to_u64(text, &version) || version > REPODATA_VERSION_MAX)) {
		rc = lk_scan_fail(&before, "a repodata version that this lockenv cannot read");
		lk_error_hint(ix->scan.err, "a newer lockenv may read it");
	}
	return rc;
}

static int read_base_url(struct indexer *ix, void *arg LK_UNUSED)
{
	lk_str url;
	int rc = lk_scan_text_or_none(&ix->scan, &ix->draft->arena, &url);
	if (rc == 0) {
		add_fact(ix, LK_FACT_BASE_URL, url, 0);
	}
	return rc;
}

static int read_relations(struct indexer *ix, void *arg LK_UNUSED)
{
	struct lk_channel_relations relations = {0};
	int rc = lk_channel_relations_scan(&ix->scan, &ix->draft->arena, &relations);
	if (rc == 0) {
		add_fact(ix, LK_FACT_RELATION_BASE, relations.base, 0);
		add_fact(ix, LK_FACT_RELATION_OVERRIDES, relations.overrides, 0);
	}
	return rc;
}

static int index_info(struct indexer *ix, struct lk_scan_text key)
{
	static const struct {
		const char *key;
		step_fn *read;
	} members[] = {
		{"repodata_version", check_version},
		{"base_url", read_base_url},
		{"channel_relations", read_relations},
	};
	for (size_t i = 0; i < LK_COUNTOF(members); i++) {
		if (lk_scan_is(key, members[i].key)) {
			return step(ix, members[i].read, NULL);
		}
	}
	return step(ix, skip_value, NULL);
}

/* "v4" and later: records in a form that is not known yet (CEP 48). */
static bool is_later_revision(struct lk_scan_text key)
{
	uint64_t number;
	return lk_str_starts(key.raw, LK_STR("v")) &&
		lk_str_to_u64(lk_str_skip(key.raw, 1), &number) && number > REVISION_MAX;
}

static int index_section(struct indexer *ix, struct lk_scan_text key)
{
	static const char *const sections[] = {
		"info", "packages", "packages.conda", "v3", "removed", "repodata_version"};
	size_t which = 0;
	while (which < LK_COUNTOF(sections) && !lk_scan_is(key, sections[which])) {
		which++;
	}
	if (which < LK_COUNTOF(sections)) {
		int rc = no_second(ix, &ix->seen_sections, which);
		if (rc < 0) {
			return rc;
		}
	}
	switch (which) {
	case 0:
		return each_member(ix, index_info);
	case 1:
		return index_files(ix, LK_ARCHIVE_TAR_BZ2, 0);
	case 2:
		return index_files(ix, LK_ARCHIVE_CONDA, 0);
	case 3:
		return each_member(ix, index_bucket);
	case 4:
		return index_removed(ix);
	case 5:
		return step(ix, check_version, NULL);
	default:
		if (is_later_revision(key)) {
			add_note(ix, "records of the revision", key.raw);
		}
		return step(ix, skip_value, NULL);
	}
}

/* ---- the whole ---- */

static void drop_removed(struct indexer *ix)
{
	struct lk_index_draft *draft = ix->draft;
	struct lk_map removed = {0};
	for (size_t i = 0; i < draft->removed.len; i++) {
		lk_map_add(&removed, draft->removed.items[i], 0);
	}
	for (size_t i = 0; removed.len > 0 && i < draft->records.len; i++) {
		struct lk_seen_record *seen = &draft->records.items[i];
		seen->dead = seen->dead ||
			(lk_map_may_have(&removed, seen->fn_hash) &&
				lk_map_get(&removed, seen_fn(ix, seen)) != LK_MAP_NONE);
	}
	lk_map_done(&removed);
}

/* 1 when there is anything but white space. */
static int look_for_text(struct indexer *ix, void *arg LK_UNUSED)
{
	bool none = lk_scan_peek(&ix->scan) == '\0' && ix->scan.at == ix->scan.end;
	return !none ? 1 : ix->scan.partial ? LK_SCAN_CUT : 0;
}

static int finish(struct indexer *ix, void *arg LK_UNUSED)
{
	return lk_scan_finish(&ix->scan);
}

static int scan_all(struct indexer *ix)
{
	int rc = step(ix, look_for_text, NULL);
	if (rc <= 0) {
		return rc;
	}
	rc = each_member(ix, index_section);
	return rc < 0 ? rc : step(ix, finish, NULL);
}

int lk_index_scan(lk_str text, const struct lk_index_feed *feed, const char *file, bool transcribed,
	struct lk_index_draft *ret, struct lk_error *err)
{
	*ret = (struct lk_index_draft){0};
	lk_arena_init(&ret->arena);
	struct indexer ix = {.draft = ret, .feed = feed};
	if (feed) {
		text = lk_str_n(feed->text, 0);
	}
	lk_scan_init(&ix.scan, text, file, err);
	ix.scan.transcribed = transcribed;
	ix.scan.partial = feed != NULL;
	int rc = scan_all(&ix);
	if (rc == 0) {
		ret->text_len = (size_t)(ix.scan.end - ix.scan.start);
		drop_removed(&ix);
	}
	if (ix.n_wheels > 0) {
		add_fact(&ix, LK_FACT_NOTE,
			lk_str_printf(&ret->arena,
				"%zu wheel%s cannot be installed by this version", ix.n_wheels,
				ix.n_wheels == 1 ? "" : "s"),
			0);
	}
	lk_map_done(&ix.repeats.by_fn);
	return rc;
}

void lk_index_draft_done(struct lk_index_draft *draft)
{
	lk_vec_done(&draft->records);
	lk_vec_done(&draft->names);
	lk_vec_done(&draft->facts);
	lk_vec_done(&draft->removed);
	lk_map_done(&draft->by_name);
	lk_arena_done(&draft->arena);
}

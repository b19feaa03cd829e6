/*
 * Manifests of bundles: what may stand in one, written and read.
 */
#include "store/manifest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/fs.h"
#include "conda/subdir.h"
#include "store/cache_priv.h"

#define HEAD "# lockpack 1\n"
#define SUM "# sum "
#define LOCK_FOLDER "locks/"
#define LOCK_END ".lock"
#define BIN_FOLDER "bin/"
#define INSTALLER_END "/lockenv-install"
#define SMOKE_END "/lockenv-smoke"
#define ARCHIVE_FOLDER "archives/"
#define HEX_LEN ((size_t)2 * LK_SHA256_LEN)
#define PATH_MAX_BYTES ((size_t)1024)

struct kind {
	lk_str folder, end;
};

static const struct kind kinds[] = {
	[LK_MANIFEST_LOCK] = {{LOCK_FOLDER, sizeof(LOCK_FOLDER) - 1},
		{LOCK_END, sizeof(LOCK_END) - 1}},
	[LK_MANIFEST_INSTALLER] = {{BIN_FOLDER, sizeof(BIN_FOLDER) - 1},
		{INSTALLER_END, sizeof(INSTALLER_END) - 1}},
	[LK_MANIFEST_SMOKE] = {{BIN_FOLDER, sizeof(BIN_FOLDER) - 1},
		{SMOKE_END, sizeof(SMOKE_END) - 1}},
	[LK_MANIFEST_ARCHIVE] = {{ARCHIVE_FOLDER, sizeof(ARCHIVE_FOLDER) - 1}, {"", 0}},
};

/* What stands between folder and end; empty when PATH is not of that kind. */
static lk_str middle(lk_str path, const struct kind *kind)
{
	bool fits = lk_str_starts(path, kind->folder) && lk_str_ends(path, kind->end) &&
		path.len > kind->folder.len + kind->end.len;
	return fits ? lk_str_slice(path, kind->folder.len, path.len - kind->end.len) : LK_STR("");
}

lk_str lk_manifest_name(const struct lk_manifest_entry *entry)
{
	lk_str name = middle(entry->path, &kinds[entry->kind]);
	return entry->kind == LK_MANIFEST_ARCHIVE ? lk_str_slice(name, 0, name.len - 1 - HEX_LEN)
						  : name;
}

bool lk_manifest_is_program(const struct lk_manifest_entry *entry)
{
	return entry->kind == LK_MANIFEST_INSTALLER || entry->kind == LK_MANIFEST_SMOKE;
}

/* ---- what may be ---- */

static bool is_plain(lk_str text)
{
	return !lk_str_has_control(text) && lk_str_find_char(text, '\\') == SIZE_MAX &&
		lk_utf8_is_valid(text);
}

/* "<something>-<the hash in lower case>"? */
static bool ends_in_hash(lk_str name, const struct lk_sha256 *sha256)
{
	char hex[LK_HEX_MAX];
	lk_hex(sha256->bytes, LK_SHA256_LEN, hex);
	return name.len > HEX_LEN + 1 && lk_str_ends(name, lk_str_of(hex)) &&
		name.ptr[name.len - HEX_LEN - 1] == '-';
}

static bool is_platform(lk_str name)
{
	return lk_subdir_is_valid(name) && !lk_str_is(name, "noarch");
}

/* What is wrong with an entry's path, or NULL. */
static const char *path_fault(const struct lk_manifest_entry *entry)
{
	lk_str part = middle(entry->path, &kinds[entry->kind]);
	if (!lk_path_is_component(part) || !lk_path_is_component(lk_path_basename(entry->path)) ||
		!is_plain(part)) {
		return "is no path of a member";
	}
	if (entry->kind == LK_MANIFEST_ARCHIVE && !ends_in_hash(part, &entry->sha256)) {
		return "does not end in the hash of the archive";
	}
	if (lk_manifest_is_program(entry) && !is_platform(part)) {
		return "is not a program of a platform";
	}
	return NULL;
}

static const char *entry_fault(const struct lk_manifest_entry *entry)
{
	const char *fault = path_fault(entry);
	if (fault) {
		return fault;
	}
	if (entry->size > LK_MANIFEST_MAX_SIZE) {
		return "is larger than a member may be";
	}
	bool is_lock = entry->kind == LK_MANIFEST_LOCK;
	if (is_lock != (entry->platforms.n > 0)) {
		return is_lock ? "is a lock without platforms" : "is no lock, but has platforms";
	}
	for (size_t i = 0; i < entry->platforms.n; i++) {
		if (!is_platform(entry->platforms.items[i]) ||
			(i > 0 &&
				lk_str_cmp(entry->platforms.items[i - 1],
					entry->platforms.items[i]) >= 0)) {
			return "has no sorted list of platforms";
		}
	}
	return entry->absent && entry->kind != LK_MANIFEST_ARCHIVE ? "cannot be absent" : NULL;
}

/* The order of members. */
static int cmp_entries(const void *a, const void *b)
{
	const struct lk_manifest_entry *left = a;
	const struct lk_manifest_entry *right = b;
	if (left->kind != right->kind) {
		return left->kind < right->kind ? -1 : 1;
	}
	return lk_str_cmp(left->path, right->path);
}

/* Puts ENTRY, whose texts MANIFEST's arena owns, behind the others. */
static void add(struct lk_manifest *manifest, struct lk_manifest_entries *entries,
	const struct lk_manifest_entry *entry)
{
	manifest->n_locks += entry->kind == LK_MANIFEST_LOCK;
	manifest->n_programs += lk_manifest_is_program(entry);
	lk_map_set(&manifest->by_path, entry->path, (uint32_t)entries->len);
	lk_vec_push(entries, *entry);
}

/* The vector becomes the manifest's list. */
static void finish(struct lk_manifest *manifest, struct lk_manifest_entries *entries)
{
	struct lk_manifest_entry *list =
		lk_arena_calloc(&manifest->arena, entries->len, sizeof(*list));
	if (entries->len > 0) {
		memcpy(list, entries->items, entries->len * sizeof(*list));
	}
	manifest->entries = list;
	manifest->n_entries = entries->len;
	lk_vec_done(entries);
}

void lk_manifest_done(struct lk_manifest *manifest)
{
	lk_map_done(&manifest->by_path);
	lk_arena_done(&manifest->arena);
	*manifest = (struct lk_manifest){0};
}

static struct lk_manifest_entry keep(struct lk_arena *arena, const struct lk_manifest_entry *entry)
{
	struct lk_manifest_entry kept = *entry;
	kept.path = lk_str_dup(arena, entry->path);
	lk_str *platforms = lk_arena_calloc(arena, entry->platforms.n, sizeof(*platforms));
	for (size_t i = 0; i < entry->platforms.n; i++) {
		platforms[i] = lk_str_dup(arena, entry->platforms.items[i]);
	}
	kept.platforms.items = platforms;
	return kept;
}

int lk_manifest_make(const struct lk_manifest_entry *entries, size_t n, struct lk_manifest *ret,
	struct lk_error *err)
{
	struct lk_manifest manifest = {0};
	struct lk_manifest_entries sorted = {0};
	struct lk_manifest_entries kept = {0};
	for (size_t i = 0; i < n; i++) {
		lk_vec_push(&sorted, entries[i]);
	}
	if (n > 0) {
		qsort(sorted.items, n, sizeof(*sorted.items), cmp_entries);
	}
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct lk_manifest_entry *entry = &sorted.items[i];
		const char *fault = entry_fault(entry);
		if (!fault && i > 0 && cmp_entries(entry - 1, entry) == 0) {
			fault = "is there twice";
		}
		if (fault) {
			rc = lk_fail(err, LK_E_FORMAT, "'" LK_STR_FMT "' %s",
				LK_STR_ARG(entry->path), fault);
			break;
		}
		struct lk_manifest_entry copy = keep(&manifest.arena, entry);
		add(&manifest, &kept, &copy);
	}
	lk_vec_done(&sorted);
	finish(&manifest, &kept);
	if (rc < 0) {
		lk_manifest_done(&manifest);
		return rc;
	}
	*ret = manifest;
	return 0;
}

/* ---- written ---- */

static void put_entry(const struct lk_manifest_entry *entry, struct lk_buf *out)
{
	char hex[LK_HEX_MAX];
	lk_hex(entry->sha256.bytes, LK_SHA256_LEN, hex);
	lk_buf_appendf(out, "# %s%" PRIu64 " bytes", entry->absent ? "absent " : "", entry->size);
	for (size_t i = 0; i < entry->platforms.n; i++) {
		lk_buf_puts(out, i == 0 ? " for " : " ");
		lk_buf_put(out, entry->platforms.items[i]);
	}
	lk_buf_appendf(out, "%c%s  ", entry->absent ? ' ' : '\n', hex);
	lk_buf_put(out, entry->path);
	lk_buf_putc(out, '\n');
}

void lk_manifest_write(const struct lk_manifest *manifest, struct lk_buf *out)
{
	size_t begin = out->len;
	lk_buf_puts(out, HEAD);
	for (size_t i = 0; i < manifest->n_entries; i++) {
		put_entry(&manifest->entries[i], out);
	}
	char hex[LK_HEX_MAX];
	struct lk_sha256 sum = lk_sha256_of(lk_buf_cstr(out) + begin, out->len - begin);
	lk_hex(sum.bytes, LK_SHA256_LEN, hex);
	lk_buf_appendf(out, SUM "%s\n", hex);
}

/* ---- read ---- */

struct reader {
	lk_str text;
	const char *name;
	size_t at;
	struct lk_manifest *manifest;
	struct lk_error *err;
};

static int fail(const struct reader *r, size_t at, const char *what)
{
	return lk_fail_at_offset(r->err, r->name, r->text, at, "%s", what);
}

static bool accept(struct reader *r, lk_str word)
{
	bool there = lk_str_starts(lk_str_skip(r->text, r->at), word);
	r->at += there ? word.len : 0;
	return there;
}

static int expect(struct reader *r, lk_str word, const char *what)
{
	return accept(r, word) ? 0 : fail(r, r->at, what);
}

/* Up to the next line feed, which must be there and is passed. */
static int read_line_end(struct reader *r, lk_str *ret, struct lk_error *err)
{
	lk_str rest = lk_str_skip(r->text, r->at);
	size_t len = lk_str_find_char(rest, '\n');
	if (len == SIZE_MAX) {
		return lk_fail_at_offset(
			err, r->name, r->text, r->text.len, "the last line has no end");
	}
	*ret = lk_str_slice(rest, 0, len);
	r->at += len + 1;
	return 0;
}

static int read_size(struct reader *r, uint64_t *ret)
{
	size_t begin = r->at;
	while (r->at < r->text.len && lk_is_digit(r->text.ptr[r->at])) {
		r->at++;
	}
	lk_str digits = lk_str_slice(r->text, begin, r->at);
	bool is_canonical = digits.len == 1 || !lk_str_starts(digits, LK_STR("0"));
	if (!is_canonical || !lk_str_to_u64(digits, ret)) {
		return fail(r, begin, "expected a size in bytes");
	}
	return expect(r, LK_STR(" bytes"), "expected ' bytes'");
}

/* " for linux-64 osx-64" and the line's end, which is passed. */
static int read_platforms(struct reader *r, struct lk_manifest_entry *entry)
{
	struct lk_strs names = {0};
	lk_str rest = {0};
	size_t begin = r->at;
	int rc = read_line_end(r, &rest, r->err);
	if (rc == 0 && rest.len > 0) {
		if (!lk_str_starts(rest, LK_STR(" for "))) {
			return fail(r, begin, "expected the line's end or ' for ' and platforms");
		}
		lk_str name;
		rest = lk_str_skip(rest, strlen(" for "));
		while (lk_str_split(&rest, ' ', &name)) {
			lk_vec_push(&names, lk_str_dup(&r->manifest->arena, name));
		}
	}
	lk_str *list = lk_arena_calloc(&r->manifest->arena, names.len, sizeof(*list));
	if (names.len > 0) {
		memcpy(list, names.items, names.len * sizeof(*list));
	}
	entry->platforms = (struct lk_str_list){list, names.len};
	lk_vec_done(&names);
	return rc;
}

static int read_hash(struct reader *r, struct lk_sha256 *ret)
{
	char hex[LK_HEX_MAX];
	lk_str shown = lk_str_slice(r->text, r->at, r->at + HEX_LEN);
	bool is_hash = lk_unhex(shown, ret->bytes, LK_SHA256_LEN);
	lk_hex(ret->bytes, LK_SHA256_LEN, hex);
	if (!is_hash || !lk_str_is(shown, hex)) {
		return fail(r, r->at, "expected a SHA-256 in lower case");
	}
	r->at += HEX_LEN;
	return 0;
}

/* "<sha256>  <path>" and the line's end. */
static int read_file_line(struct reader *r, struct lk_manifest_entry *entry)
{
	lk_str path = {0};
	int rc = read_hash(r, &entry->sha256);
	if (rc == 0) {
		rc = expect(r, LK_STR("  "), "expected two blanks and a path");
	}
	if (rc == 0) {
		rc = read_line_end(r, &path, r->err);
	}
	if (rc < 0) {
		return rc;
	}
	entry->path = lk_str_dup(&r->manifest->arena, path);
	/* By its folder; of those that share one, by the end. */
	for (unsigned kind = LK_MANIFEST_LOCK; kind <= LK_MANIFEST_ARCHIVE; kind++) {
		bool known = lk_str_starts(path, kinds[entry->kind].folder);
		if (lk_str_starts(path, kinds[kind].folder) &&
			(!known || lk_str_ends(path, kinds[kind].end))) {
			entry->kind = (enum lk_manifest_kind)kind;
		}
	}
	return 0;
}

static int read_entry(struct reader *r, struct lk_manifest_entry *ret)
{
	struct lk_manifest_entry entry = {.kind = LK_MANIFEST_LOCK};
	int rc = expect(r, LK_STR("# "), "expected '# ' and a size, or '# sum '");
	if (rc == 0) {
		entry.absent = accept(r, LK_STR("absent "));
		rc = read_size(r, &entry.size);
	}
	if (rc == 0) {
		rc = entry.absent ? expect(r, LK_STR(" "), "expected a blank and a SHA-256")
				  : read_platforms(r, &entry);
	}
	if (rc == 0) {
		rc = read_file_line(r, &entry);
	}
	if (rc == 0) {
		*ret = entry;
	}
	return rc;
}

/* What the sum, which begins at BEGIN, tells of the text before it; and nothing follows. */
static int check_sum(struct reader *r, size_t begin)
{
	struct lk_sha256 told;
	struct lk_sha256 have = lk_sha256_of(r->text.ptr, begin);
	int rc = read_hash(r, &told);
	if (rc == 0 && !lk_sha256_eq(&told, &have)) {
		rc = fail(r, begin, "the manifest does not have the sum at its end");
	}
	if (rc == 0) {
		rc = expect(r, LK_STR("\n"), "the last line has no end");
	}
	return rc == 0 && r->at < r->text.len ? fail(r, r->at, "something follows the sum") : rc;
}

static int read_entries(struct reader *r, struct lk_manifest_entries *entries)
{
	int rc = expect(r, LK_STR(HEAD), "expected '# lockpack 1'");
	size_t last = r->at;
	while (rc == 0 && !accept(r, LK_STR(SUM))) {
		struct lk_manifest_entry entry;
		size_t begin = r->at;
		rc = read_entry(r, &entry);
		const char *fault = rc == 0 ? entry_fault(&entry) : NULL;
		if (rc == 0 && !fault && entries->len > 0 &&
			cmp_entries(&entries->items[entries->len - 1], &entry) >= 0) {
			fault = "is not behind the member before it";
		}
		if (fault) {
			rc = lk_fail_at_offset(r->err, r->name, r->text, begin,
				"'" LK_STR_FMT "' %s", LK_STR_ARG(entry.path), fault);
		}
		if (rc == 0) {
			add(r->manifest, entries, &entry);
			last = r->at;
		}
	}
	return rc < 0 ? rc : check_sum(r, last);
}

int lk_manifest_parse(lk_str text, const char *name, struct lk_manifest *ret, struct lk_error *err)
{
	struct lk_manifest manifest = {0};
	struct lk_manifest_entries entries = {0};
	struct reader r = {text, name, 0, &manifest, err};
	int rc = text.len <= LK_MANIFEST_MAX_BYTES
		? read_entries(&r, &entries)
		: lk_fail_at(err, name, 0, 0, "the manifest is larger than %zu bytes",
			  LK_MANIFEST_MAX_BYTES);
	finish(&manifest, &entries);
	if (rc < 0) {
		lk_manifest_done(&manifest);
		return rc;
	}
	*ret = manifest;
	return 0;
}

/* ---- looked into ---- */

const struct lk_manifest_entry *lk_manifest_find(const struct lk_manifest *manifest, lk_str path)
{
	uint32_t index = lk_map_get(&manifest->by_path, path);
	return index == LK_MAP_NONE ? NULL : &manifest->entries[index];
}

const struct lk_manifest_entry *lk_manifest_find_lock(
	const struct lk_manifest *manifest, lk_str name)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) path = LK_BUF_INIT(PATH_MAX_BYTES);
	lk_buf_puts(&path, LOCK_FOLDER);
	lk_buf_put(&path, name);
	const struct lk_manifest_entry *entry = lk_manifest_find(manifest, lk_buf_view(&path));
	if (!entry) {
		lk_buf_puts(&path, LOCK_END);
		entry = lk_manifest_find(manifest, lk_buf_view(&path));
	}
	return entry;
}

const struct lk_manifest_entry *lk_manifest_find_archive(
	const struct lk_manifest *manifest, const struct lk_record *record)
{
	if (!record->has_sha256) {
		return NULL;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) path = LK_BUF_INIT(PATH_MAX_BYTES);
	lk_buf_puts(&path, ARCHIVE_FOLDER);
	lk_cache_archive_name(record, &path);
	return lk_manifest_find(manifest, lk_buf_view(&path));
}

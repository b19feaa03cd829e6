/*
 * paths.json as builders write it: no tree, no copies but of the paths themselves.
 */
#include "conda/json_scan_priv.h"
#include "conda/package_priv.h"

#define SCRATCH_MAX ((size_t)1 << 20) /* bytes of decoded texts; more is not the usual text */

enum key {
	KEY_PATH = 1 << 0,
	KEY_MODE = 1 << 1,
	KEY_NO_LINK = 1 << 2,
	KEY_TYPE = 1 << 3,
	KEY_PLACEHOLDER = 1 << 4,
	KEY_SHA256 = 1 << 5,
	KEY_SIZE = 1 << 6,
};

struct entry_scan {
	struct lk_scan *scan;
	struct lk_arena *arena; /* of decoded texts */
	struct lk_package_path_fields fields;
	unsigned seen; /* keys */
};

/* Any of them gives up. */
static const int other = -1;

static enum key key_of(struct lk_scan_text text)
{
	static const struct {
		const char *name;
		enum key key;
	} keys[] = {
		{"_path", KEY_PATH},
		{"file_mode", KEY_MODE},
		{"no_link", KEY_NO_LINK},
		{"path_type", KEY_TYPE},
		{"prefix_placeholder", KEY_PLACEHOLDER},
		{"sha256", KEY_SHA256},
		{"size_in_bytes", KEY_SIZE},
	};
	for (size_t i = 0; i < LK_COUNTOF(keys); i++) {
		if (lk_scan_is(text, keys[i].name)) {
			return keys[i].key;
		}
	}
	return 0;
}

static int read_text(struct entry_scan *e, lk_str *ret)
{
	struct lk_scan_text text = {0};
	int rc = lk_scan_string(e->scan, &text);
	if (rc == 0) {
		*ret = lk_scan_decode(text, e->arena);
	}
	return rc;
}

static int read_size(struct entry_scan *e)
{
	lk_str text;
	uint64_t size;
	if (lk_scan_skip(e->scan, &text) < 0 || !lk_str_to_u64(text, &size) || size > INT64_MAX) {
		return other;
	}
	e->fields.size = (int64_t)size;
	e->fields.has_size = true;
	return 0;
}

static int read_no_link(struct entry_scan *e)
{
	lk_str text;
	int rc = lk_scan_skip(e->scan, &text);
	e->fields.no_link = rc == 0 && lk_str_is(text, "true");
	return rc == 0 && (e->fields.no_link || lk_str_is(text, "false")) ? 0 : other;
}

static int read_member(void *ctx, struct lk_scan_text text)
{
	struct entry_scan *e = ctx;
	enum key key = key_of(text);
	if (key == 0 || (e->seen & key)) {
		return other;
	}
	e->seen |= key;
	if (lk_scan_peek(e->scan) == 'n') {
		return lk_scan_skip(e->scan, NULL); /* null: as good as absent */
	}
	switch (key) {
	case KEY_PATH:
		return read_text(e, &e->fields.path);
	case KEY_TYPE:
		return read_text(e, &e->fields.type);
	case KEY_MODE:
		e->fields.has_mode = true;
		return read_text(e, &e->fields.mode);
	case KEY_PLACEHOLDER:
		e->fields.has_placeholder = true;
		return read_text(e, &e->fields.placeholder);
	case KEY_SHA256:
		e->fields.has_sha256 = true;
		return read_text(e, &e->fields.sha256);
	case KEY_SIZE:
		return read_size(e);
	case KEY_NO_LINK:
		return read_no_link(e);
	}
	return other;
}

struct list_scan {
	const struct lk_package_reader *reader;
	struct lk_scan scan;
	struct lk_arena arena;
	struct lk_package_paths *paths;
	bool has_paths, has_version;
};

static int read_list(struct list_scan *l)
{
	int rc = lk_scan_enter(&l->scan, '[');
	while (rc == 0 && (rc = lk_scan_next(&l->scan, ']')) > 0) {
		struct entry_scan e = {.scan = &l->scan, .arena = &l->arena};
		struct lk_package_path path;
		rc = lk_scan_each(&l->scan, read_member, &e);
		if (rc == 0) {
			rc = lk_package_read_entry(l->reader, &e.fields, l->paths->len, &path);
		}
		if (rc == 0) {
			lk_vec_push(l->paths, path);
		}
		if (rc == 0 && l->arena.total > SCRATCH_MAX) {
			rc = other;
		}
	}
	return rc;
}

static int read_root(void *ctx, struct lk_scan_text key)
{
	struct list_scan *l = ctx;
	lk_str version;
	if (lk_scan_is(key, "paths") && !l->has_paths) {
		l->has_paths = true;
		return read_list(l);
	}
	if (lk_scan_is(key, "paths_version") && !l->has_version) {
		l->has_version = true;
		int rc = lk_scan_skip(&l->scan, &version);
		return rc == 0 && lk_str_is(version, "1") ? 0 : other;
	}
	return other;
}

bool lk_package_scan_paths(
	const struct lk_package_reader *reader, lk_str text, struct lk_package_paths *paths)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_package_reader silent = {reader->archive, reader->package, &ignored};
	struct list_scan l = {.reader = &silent, .paths = paths};
	size_t before = paths->len;
	lk_scan_init(&l.scan, text, "info/paths.json", &ignored);
	bool good = lk_scan_each(&l.scan, read_root, &l) == 0 && lk_scan_finish(&l.scan) == 0 &&
		l.has_paths;
	paths->len = good ? paths->len : before;
	lk_arena_done(&l.arena);
	return good;
}

/*
 * The list of an archive's files: paths.json, or info/files with has_prefix and no_link.
 */
#include <stdlib.h>

#include "base/fs.h"
#include "base/sort.h"
#include "conda/package_priv.h"

/* What conda-build used before placeholders were written down. */
#define LEGACY_PLACEHOLDER "/opt/anaconda1anaconda2anaconda3"

static const char paths_member[] = "info/paths.json";

/* What is wrong with a payload path, or NULL. */
static const char *path_fault(lk_str path)
{
	if (!lk_path_is_contained(path) || lk_str_has_control(path)) {
		return "leaves the prefix or is malformed";
	}
	if (path.len > 1 && lk_is_alpha(path.ptr[0]) && path.ptr[1] == ':') {
		return "names a drive";
	}
	size_t slash = lk_str_find_char(path, '/');
	lk_str top = slash == SIZE_MAX ? path : lk_str_slice(path, 0, slash);
	if (lk_str_eq_nocase(top, LK_STR("conda-meta"))) {
		return "lies under conda-meta/, which belongs to the installer";
	}
	return lk_str_is(top, "info") ? "lies under info/, which is not payload" : NULL;
}

static int check_path(const struct lk_package_reader *reader, const char *member, lk_str path)
{
	const char *fault = path_fault(path);
	return fault ? lk_package_fail(reader, member, "'" LK_STR_FMT "' %s",
			       LK_STR_ARG(lk_package_shown(reader, path)), fault)
		     : 0;
}

/* A text that replacing makes sense for: more than slashes, no control characters. */
static bool is_placeholder(lk_str text)
{
	bool more = false;
	for (size_t i = 0; i < text.len; i++) {
		more = more || text.ptr[i] != '/';
	}
	return more && text.len > 1 && !lk_str_has_control(text);
}

static int fail_entry(const struct lk_package_reader *reader, lk_str path, const char *what)
{
	return lk_package_fail(reader, paths_member, "'" LK_STR_FMT "': %s",
		LK_STR_ARG(lk_package_shown(reader, path)), what);
}

static int read_type(const struct lk_package_reader *reader,
	const struct lk_package_path_fields *fields, struct lk_package_path *path)
{
	if (lk_str_is(fields->type, "hardlink")) {
		path->type = LK_PATH_FILE;
	} else if (lk_str_is(fields->type, "softlink")) {
		path->type = LK_PATH_SOFTLINK;
	} else if (lk_str_is(fields->type, "directory")) {
		path->type = LK_PATH_DIRECTORY;
	} else {
		return fail_entry(reader, path->path, "unknown 'path_type'");
	}
	return 0;
}

static int read_placeholder(const struct lk_package_reader *reader,
	const struct lk_package_path_fields *fields, struct lk_package_path *path)
{
	if (!fields->has_placeholder) {
		return 0;
	}
	if (!is_placeholder(fields->placeholder)) {
		return fail_entry(reader, path->path, "bad 'prefix_placeholder'");
	}
	enum lk_prefix_mode prefix_mode = LK_PREFIX_TEXT;
	if (lk_str_is(fields->mode, "binary")) {
		prefix_mode = LK_PREFIX_BINARY;
	} else if (fields->has_mode && !lk_str_is(fields->mode, "text")) {
		return fail_entry(reader, path->path, "unknown 'file_mode'");
	}
	/* A link is recreated as it is: there is nothing to replace in it. conda refuses it too. */
	if (path->type == LK_PATH_SOFTLINK) {
		return fail_entry(reader, path->path, "a softlink with 'prefix_placeholder'");
	}
	if (path->type == LK_PATH_FILE) {
		path->prefix_mode = prefix_mode;
		path->placeholder = lk_str_dup(&reader->package->arena, fields->placeholder);
	}
	return 0;
}

static int read_content(const struct lk_package_reader *reader,
	const struct lk_package_path_fields *fields, struct lk_package_path *path)
{
	path->has_sha256 = fields->has_sha256;
	if (path->has_sha256 && !lk_unhex(fields->sha256, path->sha256.bytes, LK_SHA256_LEN)) {
		return fail_entry(reader, path->path, "bad 'sha256'");
	}
	path->has_size = fields->has_size;
	if (path->has_size && fields->size < 0) {
		return fail_entry(reader, path->path, "bad 'size_in_bytes'");
	}
	path->size = path->has_size ? (uint64_t)fields->size : 0;
	return 0;
}

int lk_package_read_entry(const struct lk_package_reader *reader,
	const struct lk_package_path_fields *fields, size_t index, struct lk_package_path *ret)
{
	if (fields->path.len == 0) {
		return lk_package_fail(reader, paths_member, "entry %zu has no '_path'", index);
	}
	int rc = check_path(reader, paths_member, fields->path);
	if (rc < 0) {
		return rc;
	}
	*ret = (struct lk_package_path){.path = lk_str_dup(&reader->package->arena, fields->path),
		.no_link = fields->no_link};
	rc = read_type(reader, fields, ret);
	if (rc == 0) {
		rc = read_placeholder(reader, fields, ret);
	}
	if (rc == 0) {
		rc = read_content(reader, fields, ret);
	}
	return rc;
}

static bool has_member(const struct lk_json *entry, const char *key, lk_str *ret)
{
	const struct lk_json *value = lk_json_get(entry, key);
	enum lk_json_kind kind = lk_json_kind(value);
	*ret = lk_json_string(value);
	return kind != LK_JSON_ABSENT && kind != LK_JSON_NULL;
}

static struct lk_package_path_fields fields_of(const struct lk_json *entry)
{
	const struct lk_json *size = lk_json_get(entry, "size_in_bytes");
	enum lk_json_kind kind = lk_json_kind(size);
	struct lk_package_path_fields fields = {
		.path = lk_json_string(lk_json_get(entry, "_path")),
		.type = lk_json_string(lk_json_get(entry, "path_type")),
		.no_link = lk_json_bool(lk_json_get(entry, "no_link"), false),
		.has_size = kind != LK_JSON_ABSENT && kind != LK_JSON_NULL,
		.size = lk_json_int(size, -1),
	};
	fields.has_placeholder = has_member(entry, "prefix_placeholder", &fields.placeholder);
	fields.has_mode = has_member(entry, "file_mode", &fields.mode);
	fields.has_sha256 = has_member(entry, "sha256", &fields.sha256);
	return fields;
}

static int read_paths_json(
	const struct lk_package_reader *reader, lk_str text, struct lk_package_paths *paths)
{
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	if (lk_package_scan_paths(reader, text, paths)) {
		return 0;
	}
	int rc = lk_package_json(reader, paths_member, text, &doc);
	if (rc < 0) {
		return rc;
	}
	const struct lk_json *root = lk_json_root(doc);
	if (lk_json_int(lk_json_get(root, "paths_version"), 1) != 1) {
		return lk_package_fail(reader, paths_member, "unknown 'paths_version'");
	}
	const struct lk_json *list = lk_json_get(root, "paths");
	if (lk_json_kind(list) != LK_JSON_ARRAY) {
		return lk_package_fail(reader, paths_member, "no array 'paths'");
	}
	size_t n = lk_json_size(list);
	for (size_t i = 0; i < n; i++) {
		struct lk_package_path path;
		struct lk_package_path_fields fields = fields_of(lk_json_at(list, i));
		rc = lk_package_read_entry(reader, &fields, i, &path);
		if (rc < 0) {
			return rc;
		}
		lk_vec_push(paths, path);
	}
	return 0;
}

static int read_files(
	const struct lk_package_reader *reader, lk_str text, struct lk_package_paths *paths)
{
	lk_str rest = text;
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		line = lk_str_trim(line);
		if (line.len == 0) {
			continue;
		}
		int rc = check_path(reader, "info/files", line);
		if (rc < 0) {
			return rc;
		}
		struct lk_package_path path = {.path = lk_str_dup(&reader->package->arena, line)};
		lk_vec_push(paths, path);
	}
	return 0;
}

/* The next blank-separated token; quotes of either kind around it are taken off. */
static bool next_token(lk_str *rest, lk_str *ret)
{
	lk_str s = lk_str_trim(*rest);
	if (s.len == 0) {
		return false;
	}
	char quote = s.ptr[0];
	if (quote == '"' || quote == '\'') {
		s = lk_str_skip(s, 1);
		size_t end = lk_str_find_char(s, quote);
		*ret = lk_str_slice(s, 0, end);
		*rest = lk_str_skip(s, end == SIZE_MAX ? s.len : end + 1);
		return true;
	}
	size_t end = 0;
	while (end < s.len && !lk_is_space(s.ptr[end])) {
		end++;
	}
	*ret = lk_str_slice(s, 0, end);
	*rest = lk_str_skip(s, end);
	return true;
}

/* "PATH", or "PLACEHOLDER MODE PATH". */
static int read_has_prefix_line(const struct lk_package_reader *reader, lk_str line,
	const struct lk_map *by_path, struct lk_package_paths *paths)
{
	static const char member[] = "info/has_prefix";
	lk_str tokens[4];
	size_t n = 0;
	lk_str rest = line;
	while (n < LK_COUNTOF(tokens) && next_token(&rest, &tokens[n])) {
		n++;
	}
	lk_str placeholder = LK_STR(LEGACY_PLACEHOLDER);
	enum lk_prefix_mode mode = LK_PREFIX_TEXT;
	if (n == 3 && lk_str_is(tokens[1], "binary")) {
		mode = LK_PREFIX_BINARY;
	} else if (n != 1 && !(n == 3 && lk_str_is(tokens[1], "text"))) {
		return lk_package_fail(reader, member, "bad line '" LK_STR_FMT "'",
			LK_STR_ARG(lk_package_shown(reader, line)));
	}
	if (n == 3) {
		placeholder = tokens[0];
	}
	if (!is_placeholder(placeholder)) {
		return lk_package_fail(reader, member, "bad placeholder in '" LK_STR_FMT "'",
			LK_STR_ARG(lk_package_shown(reader, line)));
	}
	uint32_t at = lk_map_get(by_path, tokens[n - 1]);
	if (at >= paths->len) {
		return lk_package_fail(reader, member, "'" LK_STR_FMT "' is not in info/files",
			LK_STR_ARG(lk_package_shown(reader, tokens[n - 1])));
	}
	paths->items[at].prefix_mode = mode;
	paths->items[at].placeholder = lk_str_dup(&reader->package->arena, placeholder);
	return 0;
}

/* Marks what has_prefix and no_link say about the listed files. */
static int apply_lists(const struct lk_package_reader *reader, const struct lk_package_texts *texts,
	const struct lk_map *by_path, struct lk_package_paths *paths)
{
	lk_str rest = texts->has_prefix;
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		if (lk_str_trim(line).len == 0) {
			continue;
		}
		int rc = read_has_prefix_line(reader, lk_str_trim(line), by_path, paths);
		if (rc < 0) {
			return rc;
		}
	}
	const lk_str lists[] = {texts->no_link, texts->no_softlink};
	for (size_t i = 0; i < LK_COUNTOF(lists); i++) {
		rest = lists[i];
		while (lk_str_split(&rest, '\n', &line)) {
			uint32_t at = lk_map_get(by_path, lk_str_trim(line));
			if (at < paths->len) {
				paths->items[at].no_link = true;
			}
		}
	}
	return 0;
}

static int cmp_paths(const void *a, const void *b)
{
	const struct lk_package_path *left = a;
	const struct lk_package_path *right = b;
	return lk_str_cmp(left->path, right->path);
}

lk_str lk_package_script_path(lk_str name, size_t i, struct lk_arena *arena)
{
	static const char *const stages[LK_LINK_SCRIPTS_UNIX] = {
		"pre-link", "post-link", "pre-unlink", "post-unlink"};
	bool is_unix = i < LK_LINK_SCRIPTS_UNIX;
	return lk_str_printf(arena, "%s/." LK_STR_FMT "-%s.%s", is_unix ? "bin" : "Scripts",
		LK_STR_ARG(name), stages[i % LK_LINK_SCRIPTS_UNIX], is_unix ? "sh" : "bat");
}

void lk_package_find_scripts(struct lk_package *package)
{
	lk_str *items = lk_arena_calloc(&package->arena, LK_LINK_SCRIPTS_UNIX, sizeof(*items));
	size_t n = 0;
	for (size_t i = 0; package->n_paths > 0 && i < LK_LINK_SCRIPTS_UNIX; i++) {
		const struct lk_package_path script = {
			.path = lk_package_script_path(package->name, i, &package->arena)};
		if (bsearch(&script, package->paths, package->n_paths, sizeof(script), cmp_paths)) {
			items[n++] = script.path;
		}
	}
	package->scripts = (struct lk_str_list){items, n};
}

/* Fills BY_PATH; refuses a path that is there twice. */
static int index_paths(const struct lk_package_reader *reader, const char *member,
	const struct lk_package_paths *paths, struct lk_map *by_path)
{
	for (uint32_t i = 0; i < paths->len; i++) {
		lk_str path = paths->items[i].path;
		if (lk_map_add(by_path, path, i) != i) {
			return lk_package_fail(reader, member,
				"'" LK_STR_FMT "' stands there twice",
				LK_STR_ARG(lk_package_shown(reader, path)));
		}
	}
	return 0;
}

/* No path may lie beneath another that is no directory: it would be written through a link. */
static int check_parents(const struct lk_package_reader *reader, const char *member,
	const struct lk_package_paths *paths, const struct lk_map *by_path)
{
	lk_str known = LK_STR(""); /* the directory that was looked at last */
	for (size_t i = 0; i < paths->len; i++) {
		lk_str path = paths->items[i].path;
		lk_str parent = path;
		if (lk_str_eq(lk_path_dirname(path), known)) {
			continue;
		}
		known = lk_path_dirname(path);
		for (size_t slash; (slash = lk_str_rfind_char(parent, '/')) != SIZE_MAX;) {
			parent = lk_str_slice(parent, 0, slash);
			uint32_t at = lk_map_get(by_path, parent);
			if (at != LK_MAP_NONE && paths->items[at].type != LK_PATH_DIRECTORY) {
				return lk_package_fail(reader, member,
					"'" LK_STR_FMT "' lies beneath '" LK_STR_FMT
					"', which is no directory",
					LK_STR_ARG(lk_package_shown(reader, path)),
					LK_STR_ARG(lk_package_shown(reader, parent)));
			}
		}
	}
	return 0;
}

static int read_list(const struct lk_package_reader *reader, const struct lk_package_texts *texts,
	struct lk_package_paths *paths, struct lk_map *by_path)
{
	bool json = texts->paths_json.ptr != NULL;
	const char *member = json ? paths_member : "info/files";
	int rc = json ? read_paths_json(reader, texts->paths_json, paths)
		      : read_files(reader, texts->files, paths);
	if (rc == 0) {
		rc = index_paths(reader, member, paths, by_path);
	}
	if (rc == 0) {
		rc = check_parents(reader, member, paths, by_path);
	}
	if (rc == 0 && !json && texts->files.ptr) {
		rc = apply_lists(reader, texts, by_path, paths);
	}
	return rc;
}

int lk_package_read_paths(
	const struct lk_package_reader *reader, const struct lk_package_texts *texts)
{
	struct lk_package *package = reader->package;
	struct lk_package_paths paths = {0};
	struct lk_map by_path = {0};
	int rc = read_list(reader, texts, &paths, &by_path);
	if (rc == 0 && paths.len > 0) {
		lk_sort_runs(paths.items, paths.len, sizeof(paths.items[0]), cmp_paths);
		package->paths =
			lk_arena_calloc(&package->arena, paths.len, sizeof(paths.items[0]));
		memcpy(package->paths, paths.items, paths.len * sizeof(paths.items[0]));
		package->n_paths = paths.len;
	}
	package->has_paths_json = texts->paths_json.ptr != NULL;
	package->has_list = package->has_paths_json || texts->files.ptr != NULL;
	lk_vec_done(&paths);
	lk_map_done(&by_path);
	return rc;
}

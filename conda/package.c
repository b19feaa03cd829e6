/*
 * What an archive says about itself: index.json and link.json, and the checks over the whole.
 */
#include "conda/package_priv.h"

#include <stdio.h>

#include "conda/record_scan_priv.h"
#include "conda/subdir.h"

int lk_package_fail(
	const struct lk_package_reader *reader, const char *member, const char *fmt, ...)
{
	char what[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	lk_fail(reader->err, LK_E_INTEGRITY, "package '%s': %s: %s", reader->archive, member, what);
	lk_error_hint(reader->err, "the archive is damaged or badly built; nothing of it is used");
	return LK_E_INTEGRITY;
}

lk_str lk_package_shown(const struct lk_package_reader *reader, lk_str text)
{
	return lk_str_shorten(&reader->package->arena, text, 200);
}

/* Turns a syntax error of a member into one of the package; keeps line and column. */
static int fail_syntax(const struct lk_package_reader *reader)
{
	struct lk_error *err = reader->err;
	lk_wrap(err, "package '%s'", reader->archive); /* err->file is the member */
	err->code = LK_E_INTEGRITY;
	return LK_E_INTEGRITY;
}

int lk_package_json(const struct lk_package_reader *reader, const char *member, lk_str text,
	struct lk_json_doc **ret)
{
	if (lk_str_trim(text).len == 0) {
		return lk_package_fail(reader, member, "is empty");
	}
	struct lk_json_doc *doc;
	if (lk_json_parse(text, member, LK_PACKAGE_MAX_DEPTH, &doc, reader->err) < 0) {
		return fail_syntax(reader);
	}
	if (lk_json_kind(lk_json_root(doc)) != LK_JSON_OBJECT) {
		lk_json_doc_free(doc);
		return lk_package_fail(reader, member, "is no object");
	}
	*ret = doc;
	return 0;
}

/* The record in TEXT, whose strings are views of it or owned by ARENA; *RET_DOC: all of it. */
static int scan_index(const struct lk_package_reader *reader, lk_str text, struct lk_arena *arena,
	struct lk_json_doc **ret_doc, struct lk_record *ret)
{
	static const char member[] = "info/index.json";
	if (!text.ptr) {
		return lk_package_fail(reader, member, "is missing");
	}
	int rc = lk_package_json(reader, member, text, ret_doc);
	if (rc < 0) {
		return rc;
	}
	struct lk_scan scan;
	struct lk_record_scan facts;
	lk_scan_init(&scan, text, member, reader->err);
	if (lk_record_scan(&scan, arena, &facts) < 0 || lk_scan_finish(&scan) < 0) {
		return fail_syntax(reader);
	}
	if (facts.fault) {
		return lk_package_fail(reader, member, "%s", facts.fault);
	}
	lk_str subdir = lk_json_string(lk_json_get(lk_json_root(*ret_doc), "subdir"));
	*ret = facts.record;
	ret->build_number = facts.has_build_number ? facts.record.build_number : 0;
	ret->subdir = lk_subdir_is_valid(subdir) ? lk_str_dup(arena, subdir) : LK_STR("");
	return 0;
}

int lk_package_read_index(lk_str text, const char *archive, struct lk_arena *arena,
	struct lk_record *ret, struct lk_error *err)
{
	struct lk_package_reader reader = {.archive = archive, .err = err};
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	return scan_index(&reader, lk_str_dup(arena, text), arena, &doc, ret);
}

/* Words that conda knows as a platform; at another one it could not read the whole environment. */
static bool is_platform(lk_str text)
{
	static const char *const words[] = {"linux", "osx", "darwin", "win", "win32", "freebsd",
		"openbsd", "openbsd5", "zos", "emscripten", "wasi"};
	bool found = false;
	for (size_t i = 0; i < LK_COUNTOF(words); i++) {
		found = found || lk_str_is(text, words[i]);
	}
	return found;
}

static void read_old_keys(struct lk_package *package, const struct lk_json *root)
{
	lk_str platform = lk_json_string(lk_json_get(root, "platform"));
	lk_str arch = lk_json_string(lk_json_get(root, "arch"));
	lk_str features = lk_json_string(lk_json_get(root, "features"));
	if (is_platform(platform)) {
		package->platform = lk_str_dup(&package->arena, platform);
	}
	if (!lk_str_has_control(arch)) {
		package->arch = lk_str_dup(&package->arena, arch);
	}
	if (!lk_str_has_control(features)) {
		package->features = lk_str_dup(&package->arena, features);
	}
}

static int read_index(const struct lk_package_reader *reader, lk_str text)
{
	struct lk_package *package = reader->package;
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	struct lk_record *index = &package->index;
	/* The copy is what the record's strings are views of. */
	lk_str copy = text.ptr ? lk_str_dup(&package->arena, text) : text;
	int rc = scan_index(reader, copy, &package->arena, &doc, index);
	if (rc < 0) {
		return rc;
	}
	package->name = lk_str_dup(&package->arena, index->name);
	package->version = lk_str_dup(&package->arena, index->version);
	package->build = lk_str_dup(&package->arena, index->build);
	package->build_number = index->build_number;
	package->noarch = index->noarch;
	package->subdir = index->subdir;
	package->python_site_packages_path =
		lk_str_dup(&package->arena, index->python_site_packages_path);
	read_old_keys(package, lk_json_root(doc));
	return 0;
}

static bool is_dotted(lk_str text)
{
	lk_str rest = text;
	lk_str part;
	while (lk_str_split(&rest, '.', &part)) {
		if (part.len == 0 || lk_is_digit(part.ptr[0])) {
			return false;
		}
		for (size_t i = 0; i < part.len; i++) {
			if (!lk_is_alnum(part.ptr[i]) && part.ptr[i] != '_') {
				return false;
			}
		}
	}
	return text.len > 0;
}

/* TEXT without an "[extra, extra]" at its end, which asks for nothing here. */
static lk_str without_extras(lk_str text)
{
	size_t open = lk_str_find_char(text, '[');
	bool extras = open != SIZE_MAX && lk_str_ends(text, LK_STR("]"));
	return extras ? lk_str_trim(lk_str_slice(text, 0, open)) : text;
}

/* "COMMAND = MODULE:FUNCTION", what follows the '=' in quotes or not, as conda takes it. Hidden
 * names are refused: link scripts have such. */
static bool parse_entry_point(lk_str text, struct lk_arena *arena, struct lk_entry_point *ret)
{
	size_t equal = lk_str_find_char(text, '=');
	if (equal == SIZE_MAX) {
		return false;
	}
	lk_str command = lk_str_trim(lk_str_slice(text, 0, equal));
	lk_str object = lk_str_trim(lk_str_skip(text, equal + 1));
	if (object.len >= 2 && (object.ptr[0] == '"' || object.ptr[0] == '\'') &&
		object.ptr[object.len - 1] == object.ptr[0]) {
		object = lk_str_trim(lk_str_slice(object, 1, object.len - 1));
	}
	object = without_extras(object);
	size_t colon = lk_str_find_char(object, ':');
	if (colon == SIZE_MAX) {
		return false;
	}
	lk_str module = lk_str_trim(lk_str_slice(object, 0, colon));
	lk_str function = lk_str_trim(lk_str_skip(object, colon + 1));
	if (!lk_is_safe_component(command) || command.ptr[0] == '.' || !is_dotted(module) ||
		!is_dotted(function)) {
		return false;
	}
	*ret = (struct lk_entry_point){
		lk_str_dup(arena, command), lk_str_dup(arena, module), lk_str_dup(arena, function)};
	return true;
}

static int read_entry_points(const struct lk_package_reader *reader, const struct lk_json *list)
{
	static const char member[] = "info/link.json";
	enum lk_json_kind kind = lk_json_kind(list);
	if (kind == LK_JSON_ABSENT || kind == LK_JSON_NULL) {
		return 0;
	}
	if (kind != LK_JSON_ARRAY) {
		return lk_package_fail(reader, member, "'entry_points' is no array");
	}
	struct lk_package *package = reader->package;
	size_t n = lk_json_size(list);
	package->entry_points =
		lk_arena_calloc(&package->arena, n + 1, sizeof(*package->entry_points));
	struct lk_map LK_CLEANUP(lk_map_done) commands = {0};
	for (uint32_t i = 0; i < n; i++) {
		lk_str text = lk_json_string(lk_json_at(list, i));
		struct lk_entry_point point;
		if (!parse_entry_point(text, &package->arena, &point)) {
			return lk_package_fail(reader, member, "bad entry point '" LK_STR_FMT "'",
				LK_STR_ARG(lk_package_shown(reader, text)));
		}
		if (lk_map_add(&commands, point.command, i) != i) {
			return lk_package_fail(reader, member,
				"entry point '" LK_STR_FMT "' stands there twice",
				LK_STR_ARG(point.command));
		}
		package->entry_points[package->n_entry_points++] = point;
	}
	return 0;
}

/* "generic", "python", true; old builders wrote "True". */
static int read_link_type(
	const struct lk_package_reader *reader, const struct lk_json *type, enum lk_noarch *ret)
{
	lk_str text = lk_json_string(type);
	if (lk_str_is(text, "python")) {
		*ret = LK_NOARCH_PYTHON;
	} else if (lk_str_is(text, "generic") || lk_str_is(text, "True") ||
		lk_json_bool(type, false)) {
		*ret = LK_NOARCH_GENERIC;
	} else {
		return lk_package_fail(reader, "info/link.json", "unknown 'noarch.type'");
	}
	return 0;
}

static int read_link(const struct lk_package_reader *reader, lk_str text)
{
	static const char member[] = "info/link.json";
	if (!text.ptr) {
		return 0;
	}
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	int rc = lk_package_json(reader, member, text, &doc);
	if (rc < 0) {
		return rc;
	}
	const struct lk_json *root = lk_json_root(doc);
	if (lk_json_int(lk_json_get(root, "package_metadata_version"), 1) > 1) {
		return lk_package_fail(reader, member, "unknown 'package_metadata_version'");
	}
	const struct lk_json *noarch = lk_json_get(root, "noarch");
	enum lk_json_kind kind = lk_json_kind(noarch);
	if (kind == LK_JSON_ABSENT || kind == LK_JSON_NULL) {
		return 0;
	}
	if (kind != LK_JSON_OBJECT) {
		return lk_package_fail(reader, member, "'noarch' is no object");
	}
	enum lk_noarch type = LK_NOARCH_NO;
	rc = read_link_type(reader, lk_json_get(noarch, "type"), &type);
	if (rc == 0 && type == LK_NOARCH_PYTHON) {
		rc = read_entry_points(reader, lk_json_get(noarch, "entry_points"));
	}
	if (reader->package->noarch == LK_NOARCH_NO) {
		reader->package->noarch = type;
	}
	return rc;
}

int lk_package_parse(const struct lk_package_texts *texts, const char *archive,
	struct lk_package **ret, struct lk_error *err)
{
	struct lk_package *package = lk_calloc(1, sizeof(*package));
	lk_arena_init(&package->arena);
	struct lk_package_reader reader = {archive, package, err};
	int rc = read_index(&reader, texts->index_json);
	if (rc == 0) {
		rc = read_link(&reader, texts->link_json);
	}
	if (rc == 0) {
		rc = lk_package_read_paths(&reader, texts);
	}
	if (rc < 0) {
		lk_package_free(package);
		return rc;
	}
	package->index.noarch = package->noarch;
	lk_package_find_scripts(package);
	*ret = package;
	return 0;
}

void lk_package_free(struct lk_package *package)
{
	if (package) {
		lk_arena_done(&package->arena);
		lk_free(package);
	}
}

int lk_package_check_record(
	const struct lk_package *package, const struct lk_record *record, struct lk_error *err)
{
	const struct {
		const char *field;
		lk_str archive, locked;
	} rows[] = {
		{"name", package->name, record->name},
		{"version", package->version, record->version},
		{"build", package->build, record->build},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		if (!lk_str_eq(rows[i].archive, rows[i].locked)) {
			return lk_fail(err, LK_E_INTEGRITY,
				"package '" LK_STR_FMT "': info/index.json: '%s' is '" LK_STR_FMT
				"', not '" LK_STR_FMT "'",
				LK_STR_ARG(record->fn), rows[i].field, LK_STR_ARG(rows[i].archive),
				LK_STR_ARG(rows[i].locked));
		}
	}
	return 0;
}

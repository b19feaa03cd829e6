/*
 * conda-meta records: read from anyone's, written for everyone.
 */
#include "conda/prefix_record.h"

#include "base/fs.h"
#include "conda/record_scan_priv.h"

#define MAX_DEPTH 32

/* Names of path types, in the order of enum lk_installed_type; OTHER has none. */
static const char *const type_names[] = {
	"hardlink",
	"softlink",
	"directory",
	"pyc_file",
	"unix_python_entry_point",
};

struct parser {
	const char *file;
	struct lk_prefix_record *record;
	struct lk_error *err;
};

static int fail(const struct parser *p, const char *fault)
{
	lk_fail(p->err, LK_E_FORMAT, "not the record of a package: %s", fault);
	lk_error_file(p->err, p->file);
	return LK_E_FORMAT;
}

static int fail_path(const struct parser *p, lk_str path)
{
	lk_fail(p->err, LK_E_FORMAT, "unsafe path '" LK_STR_FMT "' in the record of a package",
		LK_STR_ARG(path));
	lk_error_file(p->err, p->file);
	return LK_E_FORMAT;
}

/* The strings of an array; anything else in it is passed over. */
static struct lk_str_list list_of(const struct lk_json *value, struct lk_arena *arena)
{
	size_t n = lk_json_kind(value) == LK_JSON_ARRAY ? lk_json_size(value) : 0;
	lk_str *items = lk_arena_calloc(arena, n + 1, sizeof(*items));
	struct lk_str_list list = {items, 0};
	for (size_t i = 0; i < n; i++) {
		const struct lk_json *item = lk_json_at(value, i);
		if (lk_json_kind(item) == LK_JSON_STRING) {
			items[list.n++] = lk_json_string(item);
		}
	}
	return list;
}

static int read_files(const struct parser *p, const struct lk_json *root)
{
	struct lk_prefix_record *record = p->record;
	record->files = list_of(lk_json_get(root, "files"), &record->arena);
	for (size_t i = 0; i < record->files.n; i++) {
		if (!lk_path_is_contained(record->files.items[i])) {
			return fail_path(p, record->files.items[i]);
		}
	}
	return 0;
}

static enum lk_installed_type type_of(lk_str name)
{
	size_t type = 0;
	while (type < LK_COUNTOF(type_names) && !lk_str_is(name, type_names[type])) {
		type++;
	}
	return type < LK_COUNTOF(type_names) ? (enum lk_installed_type)type : LK_INSTALLED_OTHER;
}

static bool read_hash(const struct lk_json *value, struct lk_sha256 *ret)
{
	return lk_unhex(lk_json_string(value), ret->bytes, LK_SHA256_LEN);
}

static int read_path(
	const struct parser *p, const struct lk_json *entry, struct lk_prefix_path *ret)
{
	struct lk_prefix_path path = {
		.path = lk_json_string(lk_json_get(entry, "_path")), .source = entry};
	if (!lk_path_is_contained(path.path)) {
		return fail_path(p, path.path);
	}
	path.original_path = lk_json_string(lk_json_get(entry, "original_path"));
	if (path.original_path.len > 0 && !lk_path_is_contained(path.original_path)) {
		return fail_path(p, path.original_path);
	}
	path.type = type_of(lk_json_string(lk_json_get(entry, "path_type")));
	path.placeholder = lk_json_string(lk_json_get(entry, "prefix_placeholder"));
	if (path.placeholder.len > 0) {
		bool binary = lk_str_is(lk_json_string(lk_json_get(entry, "file_mode")), "binary");
		path.prefix_mode = binary ? LK_PREFIX_BINARY : LK_PREFIX_TEXT;
	}
	path.no_link = lk_json_bool(lk_json_get(entry, "no_link"), false);
	path.executable = lk_json_bool(lk_json_get(entry, "executable"), false);
	path.target = lk_json_string(lk_json_get(entry, "link_target"));
	path.has_sha256 = read_hash(lk_json_get(entry, "sha256"), &path.sha256);
	path.has_sha256_in_prefix =
		read_hash(lk_json_get(entry, "sha256_in_prefix"), &path.sha256_in_prefix);
	int64_t size = lk_json_int(lk_json_get(entry, "size_in_bytes"), -1);
	path.has_size = size >= 0;
	path.size = size >= 0 ? (uint64_t)size : 0;
	*ret = path;
	return 0;
}

static int read_paths(const struct parser *p, const struct lk_json *root)
{
	struct lk_prefix_record *record = p->record;
	const struct lk_json *list = lk_json_get(lk_json_get(root, "paths_data"), "paths");
	size_t n = lk_json_kind(list) == LK_JSON_ARRAY ? lk_json_size(list) : 0;
	struct lk_prefix_path *paths = lk_arena_calloc(&record->arena, n + 1, sizeof(*paths));
	record->paths = paths;
	for (size_t i = 0; i < n; i++) {
		int rc = read_path(p, lk_json_at(list, i), &paths[i]);
		if (rc < 0) {
			return rc;
		}
		record->n_paths++;
	}
	return 0;
}

/* requested_specs, or the one requested_spec of older records; conda wrote "None" for none. */
static void read_requested(struct lk_prefix_record *record, const struct lk_json *root)
{
	record->requested_specs = list_of(lk_json_get(root, "requested_specs"), &record->arena);
	lk_str single = lk_json_string(lk_json_get(root, "requested_spec"));
	if (record->requested_specs.n == 0 && single.len > 0 && !lk_str_is(single, "None")) {
		lk_str *item = lk_arena_calloc(&record->arena, 1, sizeof(*item));
		*item = single;
		record->requested_specs = (struct lk_str_list){item, 1};
	}
}

static int read_record(const struct parser *p, lk_str text)
{
	struct lk_prefix_record *record = p->record;
	struct lk_record *package = &record->record;
	const struct lk_json *root = lk_json_root(record->doc);
	if (lk_json_kind(root) != LK_JSON_OBJECT) {
		return fail(p, "no object");
	}
	struct lk_scan scan;
	struct lk_record_scan facts;
	/* The views it hands out must outlive TEXT. */
	record->text = lk_str_dup(&record->arena, text);
	lk_scan_init(&scan, record->text, p->file, p->err);
	int rc = lk_record_scan(&scan, &record->arena, &facts);
	if (rc < 0) {
		return rc;
	}
	if (facts.fault) {
		return fail(p, facts.fault);
	}
	*package = facts.record;
	package->fn = lk_json_string(lk_json_get(root, "fn"));
	package->url = lk_json_string(lk_json_get(root, "url"));
	package->subdir = lk_json_string(lk_json_get(root, "subdir"));
	package->channel = lk_json_string(lk_json_get(root, "channel"));
	record->arch = lk_json_string(lk_json_get(root, "arch"));
	record->platform = lk_json_string(lk_json_get(root, "platform"));
	record->features = lk_json_string(lk_json_get(root, "features"));
	read_requested(record, root);
	rc = read_files(p, root);
	return rc < 0 ? rc : read_paths(p, root);
}

int lk_prefix_record_parse(
	lk_str text, const char *file, struct lk_prefix_record *ret, struct lk_error *err)
{
	struct lk_prefix_record record = {0};
	lk_arena_init(&record.arena);
	struct parser parser = {file, &record, err};
	int rc = lk_json_parse(text, file, MAX_DEPTH, &record.doc, err);
	if (rc == 0) {
		rc = read_record(&parser, text);
	}
	if (rc < 0) {
		lk_prefix_record_done(&record);
		return rc;
	}
	*ret = record;
	return 0;
}

void lk_prefix_record_done(struct lk_prefix_record *record)
{
	lk_json_doc_free(record->doc);
	lk_arena_done(&record->arena);
	*record = (struct lk_prefix_record){0};
}

/* The keys that are written in their own place; every other key of a record that was read stays. */
static const char *const own_keys[] = {
	"arch",
	"build",
	"build_number",
	"channel",
	"constrains",
	"depends",
	"extracted_package_dir",
	"features",
	"files",
	"fn",
	"license",
	"license_family",
	"link",
	"md5",
	"name",
	"noarch",
	"package_tarball_full_path",
	"paths_data",
	"platform",
	"python_site_packages_path",
	"requested_spec",
	"requested_specs",
	"sha256",
	"size",
	"subdir",
	"timestamp",
	"track_features",
	"url",
	"version",
};

/* The same for an entry of paths_data. */
static const char *const own_path_keys[] = {
	"_path",
	"executable",
	"file_mode",
	"link_target",
	"no_link",
	"original_path",
	"path_type",
	"prefix_placeholder",
	"sha256",
	"sha256_in_prefix",
	"size_in_bytes",
};

struct kept_keys {
	struct lk_jw *w;
	const char *const *own;
	size_t n_own;
};

static int keep_key(void *ctx, lk_str key, const struct lk_json *value)
{
	const struct kept_keys *kept = ctx;
	for (size_t i = 0; i < kept->n_own; i++) {
		if (lk_str_is(key, kept->own[i])) {
			return 0;
		}
	}
	lk_jw_key_str(kept->w, key);
	lk_jw_value(kept->w, value);
	return 0;
}

/* Writes the members of SOURCE (may be NULL) that are not in OWN. */
static void keep_keys(
	struct lk_jw *w, const struct lk_json *source, const char *const *own, size_t n_own)
{
	struct kept_keys kept = {w, own, n_own};
	if (source) {
		lk_json_each(source, keep_key, &kept);
	}
}

static void write_path(struct lk_jw *w, const struct lk_prefix_path *path)
{
	lk_str type = path->type < LK_COUNTOF(type_names)
		? lk_str_of(type_names[path->type])
		: lk_json_string(lk_json_get(path->source, "path_type"));
	lk_jw_object(w);
	lk_jw_key_string(w, "_path", path->path);
	if (path->executable) {
		lk_jw_key(w, "executable");
		lk_jw_bool(w, true);
	}
	if (path->prefix_mode != LK_PREFIX_NONE) {
		bool binary = path->prefix_mode == LK_PREFIX_BINARY;
		lk_jw_key_string(w, "file_mode", binary ? LK_STR("binary") : LK_STR("text"));
	}
	lk_jw_opt_string(w, "link_target", path->target);
	if (path->no_link) {
		lk_jw_key(w, "no_link");
		lk_jw_bool(w, true);
	}
	lk_jw_opt_string(w, "original_path", path->original_path);
	lk_jw_opt_string(w, "path_type", type);
	if (path->prefix_mode != LK_PREFIX_NONE) {
		lk_jw_key_string(w, "prefix_placeholder", path->placeholder);
	}
	if (path->has_sha256) {
		lk_jw_key_hex(w, "sha256", path->sha256.bytes, LK_SHA256_LEN);
	}
	if (path->has_sha256_in_prefix) {
		lk_jw_key_hex(w, "sha256_in_prefix", path->sha256_in_prefix.bytes, LK_SHA256_LEN);
	}
	if (path->has_size) {
		lk_jw_key_uint(w, "size_in_bytes", path->size);
	}
	keep_keys(w, path->source, own_path_keys, LK_COUNTOF(own_path_keys));
	lk_jw_end(w);
}

static void write_paths(struct lk_jw *w, const struct lk_prefix_record *record)
{
	lk_jw_key(w, "paths_data");
	lk_jw_object(w);
	lk_jw_key(w, "paths");
	lk_jw_array(w);
	for (size_t i = 0; i < record->n_paths; i++) {
		write_path(w, &record->paths[i]);
	}
	lk_jw_end(w);
	lk_jw_key_uint(w, "paths_version", 1);
	lk_jw_end(w);
}

static void write_features(struct lk_jw *w, const struct lk_str_list *features)
{
	if (features->n == 0) {
		return;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)64 * 1024);
	for (size_t i = 0; i < features->n; i++) {
		lk_buf_puts(&text, i > 0 ? " " : "");
		lk_buf_put(&text, features->items[i]);
	}
	lk_jw_key_string(w, "track_features", lk_buf_view(&text));
}

/* A record that was read keeps what it says under KEY: true when it did. */
static bool write_kept(struct lk_jw *w, const struct lk_json *root, const char *key)
{
	const struct lk_json *value = lk_json_get(root, key);
	if (value) {
		lk_jw_key(w, key);
		lk_jw_value(w, value);
	}
	return value;
}

/* What conda notes of old archives' index.json. */
static void write_old_keys(
	struct lk_jw *w, const struct lk_json *root, const struct lk_prefix_record *record)
{
	const struct {
		const char *key;
		lk_str value;
	} rows[] = {{"arch", record->arch}, {"features", record->features},
		{"platform", record->platform}};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		if (!write_kept(w, root, rows[i].key)) {
			lk_jw_opt_string(w, rows[i].key, rows[i].value);
		}
	}
}

/* Where conda notes the machine it ran on. */
static void write_host_constants(struct lk_jw *w, const struct lk_json *root)
{
	if (!write_kept(w, root, "extracted_package_dir")) {
		lk_jw_key_string(w, "extracted_package_dir", LK_STR(""));
	}
	if (!write_kept(w, root, "link")) {
		lk_jw_key(w, "link");
		lk_jw_object(w);
		lk_jw_key_string(w, "source", LK_STR(""));
		lk_jw_key_uint(w, "type", 1);
		lk_jw_end(w);
	}
	if (!write_kept(w, root, "package_tarball_full_path")) {
		lk_jw_key_string(w, "package_tarball_full_path", LK_STR(""));
	}
}

static void write_list(struct lk_jw *w, const char *key, struct lk_str_list list)
{
	lk_jw_strings(w, key, list.items, list.n);
}

static void write_hashes(struct lk_jw *w, const struct lk_record *package)
{
	if (package->has_md5) {
		lk_jw_key_hex(w, "md5", package->md5.bytes, LK_MD5_LEN);
	}
	if (package->has_sha256) {
		lk_jw_key_hex(w, "sha256", package->sha256.bytes, LK_SHA256_LEN);
	}
	if (package->has_size) {
		lk_jw_key_uint(w, "size", package->size);
	}
}

static void write_package(struct lk_jw *w, const struct lk_record *package)
{
	lk_jw_key_string(w, "build", package->build);
	lk_jw_key_uint(w, "build_number", package->build_number);
	lk_jw_opt_string(w, "channel", package->channel);
	write_list(w, "constrains", package->constrains);
	write_list(w, "depends", package->depends);
	lk_jw_opt_string(w, "fn", package->fn);
	lk_jw_opt_string(w, "license", package->license);
	lk_jw_opt_string(w, "license_family", package->license_family);
	lk_jw_key_string(w, "name", package->name);
	if (package->noarch != LK_NOARCH_NO) {
		bool python = package->noarch == LK_NOARCH_PYTHON;
		lk_jw_key_string(w, "noarch", python ? LK_STR("python") : LK_STR("generic"));
	}
	lk_jw_opt_string(w, "python_site_packages_path", package->python_site_packages_path);
	write_hashes(w, package);
	lk_jw_opt_string(w, "subdir", package->subdir);
	if (package->timestamp > 0) {
		lk_jw_key_uint(w, "timestamp", package->timestamp);
	}
	write_features(w, &package->track_features);
	lk_jw_opt_string(w, "url", package->url);
	lk_jw_key_string(w, "version", package->version);
}

int lk_prefix_record_write(
	const struct lk_prefix_record *record, struct lk_buf *out, struct lk_error *err)
{
	const struct lk_json *root = record->doc ? lk_json_root(record->doc) : NULL;
	struct lk_jw w;
	lk_jw_init(&w, out, true);
	lk_jw_object(&w);
	write_package(&w, &record->record);
	write_old_keys(&w, root, record);
	write_host_constants(&w, root);
	write_list(&w, "files", record->files);
	if (!root || record->n_paths > 0 || lk_json_get(root, "paths_data")) {
		write_paths(&w, record);
	}
	if (record->requested_specs.n > 0) {
		lk_jw_key_string(&w, "requested_spec", record->requested_specs.items[0]);
	}
	write_list(&w, "requested_specs", record->requested_specs);
	keep_keys(&w, root, own_keys, LK_COUNTOF(own_keys));
	lk_jw_end(&w);
	lk_buf_putc(out, '\n');
	if (out->overflow) {
		return lk_fail(err, LK_E_FORMAT,
			"the record of '" LK_STR_FMT "' is larger than %zu bytes",
			LK_STR_ARG(record->record.name), out->max);
	}
	return 0;
}

lk_str lk_prefix_record_file_name(const struct lk_record *record, struct lk_arena *arena)
{
	return lk_str_printf(arena, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT ".json",
		LK_STR_ARG(record->name), LK_STR_ARG(record->version), LK_STR_ARG(record->build));
}

/*
 * conda-meta records: read from anyone's, written for everyone.
 */
#include "conda/prefix_record.h"

#include "base/fs.h"
#include "base/json.h"
#include "conda/record_scan_priv.h"

#define MAX_DEPTH 32
#define DRAIN_BYTES ((size_t)32 << 10)

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

/* ---- one path ---- */

struct path_scan {
	struct lk_scan *scan;
	struct lk_arena *arena;
	struct lk_prefix_path path;
	lk_str type, mode;
};

static enum lk_installed_type type_of(lk_str name)
{
	size_t type = 0;
	while (type < LK_COUNTOF(type_names) && !lk_str_is(name, type_names[type])) {
		type++;
	}
	return type < LK_COUNTOF(type_names) ? (enum lk_installed_type)type : LK_INSTALLED_OTHER;
}

static int read_hash(struct path_scan *s, bool *ret_has, struct lk_sha256 *ret)
{
	lk_str text;
	int rc = lk_scan_text_or_none(s->scan, s->arena, &text);
	*ret_has = rc == 0 && lk_unhex(text, ret->bytes, LK_SHA256_LEN);
	return rc;
}

static int read_bool(struct path_scan *s, bool *ret)
{
	lk_str text;
	int rc = lk_scan_skip(s->scan, &text);
	*ret = rc == 0 && lk_str_is(text, "true");
	return rc;
}

static int read_size(struct path_scan *s)
{
	lk_str text;
	int rc = lk_scan_skip(s->scan, &text);
	s->path.has_size = rc == 0 && lk_str_to_u64(text, &s->path.size);
	return rc;
}

static int read_path_member(void *ctx, struct lk_scan_text key)
{
	struct path_scan *s = ctx;
	struct lk_prefix_path *path = &s->path;
	const struct {
		const char *key;
		lk_str *text;
	} texts[] = {
		{"_path", &path->path},
		{"path_type", &s->type},
		{"link_target", &path->target},
		{"file_mode", &s->mode},
		{"prefix_placeholder", &path->placeholder},
		{"original_path", &path->original_path},
	};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		if (lk_scan_is(key, texts[i].key)) {
			return lk_scan_text_or_none(s->scan, s->arena, texts[i].text);
		}
	}
	if (lk_scan_is(key, "sha256")) {
		return read_hash(s, &path->has_sha256, &path->sha256);
	}
	if (lk_scan_is(key, "sha256_in_prefix")) {
		return read_hash(s, &path->has_sha256_in_prefix, &path->sha256_in_prefix);
	}
	if (lk_scan_is(key, "size_in_bytes")) {
		return read_size(s);
	}
	if (lk_scan_is(key, "executable")) {
		return read_bool(s, &path->executable);
	}
	if (lk_scan_is(key, "no_link")) {
		return read_bool(s, &path->no_link);
	}
	return lk_scan_skip(s->scan, NULL);
}

/* ---- the record ---- */

struct record_scan {
	const struct parser *parser;
	struct lk_scan scan;
	struct lk_prefix_record *record;
	struct LK_VEC_OF(struct lk_prefix_path) paths;
	lk_str requested; /* the single one of older records */
};

/* The text at the cursor as a path that may be used; NUL-ended. */
static int check_path(const struct record_scan *r, lk_str *path)
{
	if (!lk_path_is_contained(*path)) {
		return fail_path(r->parser, *path);
	}
	*path = lk_str_dup(&r->record->arena, *path);
	return 0;
}

static int read_path(struct record_scan *r)
{
	struct path_scan s = {.scan = &r->scan, .arena = &r->record->arena};
	struct lk_prefix_path *path = &s.path;
	int rc = lk_scan_peek(&r->scan) == '{' ? lk_scan_each(&r->scan, read_path_member, &s)
					       : lk_scan_skip(&r->scan, NULL);
	rc = rc < 0 ? rc : check_path(r, &path->path);
	if (rc == 0 && path->original_path.len > 0) {
		rc = check_path(r, &path->original_path);
	}
	if (rc < 0) {
		return rc;
	}
	path->type = type_of(s.type);
	if (path->target.len > 0) {
		path->target = lk_str_dup(&r->record->arena, path->target);
	}
	if (path->placeholder.len > 0) {
		path->prefix_mode = lk_str_is(s.mode, "binary") ? LK_PREFIX_BINARY : LK_PREFIX_TEXT;
	}
	lk_vec_push(&r->paths, s.path);
	return 0;
}

static int read_paths(struct record_scan *r)
{
	int rc = lk_scan_enter(&r->scan, '[');
	r->paths.len = 0;
	while (rc == 0 && (rc = lk_scan_next(&r->scan, ']')) > 0) {
		rc = read_path(r);
	}
	return rc;
}

static int read_paths_data_member(void *ctx, struct lk_scan_text key)
{
	struct record_scan *r = ctx;
	bool is_list = lk_scan_is(key, "paths") && lk_scan_peek(&r->scan) == '[';
	return is_list ? read_paths(r) : lk_scan_skip(&r->scan, NULL);
}

/* The strings of an array; anything else in it is passed over. */
static int read_list(struct record_scan *r, struct lk_str_list *ret)
{
	struct lk_strs items = {0};
	lk_str text;
	if (lk_scan_peek(&r->scan) != '[') {
		return lk_scan_skip(&r->scan, NULL);
	}
	int rc = lk_scan_enter(&r->scan, '[');
	while (rc == 0 && (rc = lk_scan_next(&r->scan, ']')) > 0) {
		bool is_text = lk_scan_peek(&r->scan) == '"';
		rc = lk_scan_text_or_none(&r->scan, &r->record->arena, &text);
		if (rc == 0 && is_text) {
			lk_vec_push(&items, lk_str_dup(&r->record->arena, text));
		}
	}
	lk_str *copy = lk_arena_calloc(&r->record->arena, items.len + 1, sizeof(*copy));
	if (items.len > 0) {
		memcpy(copy, items.items, items.len * sizeof(*copy));
	}
	*ret = (struct lk_str_list){copy, items.len};
	lk_vec_done(&items);
	return rc;
}

static int read_member(void *ctx, struct lk_scan_text key)
{
	struct record_scan *r = ctx;
	struct lk_record *package = &r->record->record;
	const struct {
		const char *key;
		lk_str *text;
	} texts[] = {
		{"fn", &package->fn},
		{"url", &package->url},
		{"subdir", &package->subdir},
		{"channel", &package->channel},
		{"arch", &r->record->arch},
		{"platform", &r->record->platform},
		{"features", &r->record->features},
		{"requested_spec", &r->requested},
	};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		if (lk_scan_is(key, texts[i].key)) {
			int rc = lk_scan_text_or_none(&r->scan, &r->record->arena, texts[i].text);
			*texts[i].text = lk_str_dup(&r->record->arena, *texts[i].text);
			return rc;
		}
	}
	if (lk_scan_is(key, "files")) {
		return read_list(r, &r->record->files);
	}
	if (lk_scan_is(key, "requested_specs")) {
		return read_list(r, &r->record->requested_specs);
	}
	if (lk_scan_is(key, "paths_data") && lk_scan_peek(&r->scan) == '{') {
		return lk_scan_each(&r->scan, read_paths_data_member, r);
	}
	return lk_scan_skip(&r->scan, NULL);
}

/* What only installed packages have. */
static int read_rest(const struct parser *p, struct record_scan *r)
{
	struct lk_prefix_record *record = p->record;
	lk_scan_init(&r->scan, record->text, p->file, p->err);
	int rc = lk_scan_each(&r->scan, read_member, r);
	for (size_t i = 0; rc == 0 && i < record->files.n; i++) {
		if (!lk_path_is_contained(record->files.items[i])) {
			rc = fail_path(p, record->files.items[i]);
		}
	}
	if (rc < 0) {
		return rc;
	}
	struct lk_prefix_path *paths =
		lk_arena_calloc(&record->arena, r->paths.len + 1, sizeof(*paths));
	if (r->paths.len > 0) {
		memcpy(paths, r->paths.items, r->paths.len * sizeof(*paths));
	}
	record->paths = paths;
	record->n_paths = r->paths.len;
	/* conda wrote "None" for none. */
	if (record->requested_specs.n == 0 && r->requested.len > 0 &&
		!lk_str_is(r->requested, "None")) {
		lk_str *item = lk_arena_calloc(&record->arena, 1, sizeof(*item));
		*item = r->requested;
		record->requested_specs = (struct lk_str_list){item, 1};
	}
	return 0;
}

static int read_record(const struct parser *p)
{
	struct lk_prefix_record *record = p->record;
	struct record_scan rest = {.parser = p, .record = record};
	struct lk_scan scan;
	struct lk_record_scan facts;
	lk_scan_init(&scan, record->text, p->file, p->err);
	if (lk_scan_peek(&scan) != '\0' && lk_scan_peek(&scan) != '{') {
		return fail(p, "no object");
	}
	int rc = lk_record_scan(&scan, &record->arena, &facts);
	rc = rc < 0 ? rc : lk_scan_finish(&scan);
	if (rc < 0) {
		return rc;
	}
	if (facts.fault) {
		return fail(p, facts.fault);
	}
	record->record = facts.record;
	rc = read_rest(p, &rest);
	lk_vec_done(&rest.paths);
	return rc;
}

int lk_prefix_record_parse(
	lk_str text, const char *file, struct lk_prefix_record *ret, struct lk_error *err)
{
	struct lk_prefix_record record = {0};
	lk_arena_init(&record.arena);
	struct parser parser = {file, &record, err};
	record.text = lk_str_dup(&record.arena, text); /* what is handed out are views of it */
	int rc = read_record(&parser);
	if (rc < 0) {
		lk_prefix_record_done(&record);
		return rc;
	}
	*ret = record;
	return 0;
}

void lk_prefix_record_done(struct lk_prefix_record *record)
{
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

/* SOURCE: the entry that PATH was read from, or NULL. */
static void write_path(
	struct lk_jw *w, const struct lk_prefix_path *path, const struct lk_json *source)
{
	lk_str type = path->type < LK_COUNTOF(type_names)
		? lk_str_of(type_names[path->type])
		: lk_json_string(lk_json_get(source, "path_type"));
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
	keep_keys(w, source, own_path_keys, LK_COUNTOF(own_path_keys));
	lk_jw_end(w);
}

/* A record on its way out. */
struct writing {
	const struct lk_prefix_record *record;
	const struct lk_json *root;               /* of the text it was read from; or NULL */
	const struct lk_prefix_record_flow *flow; /* or NULL */
	struct lk_jw jw;
	uint64_t gone; /* bytes that the flow took */
	int rc;        /* of that */
	struct lk_error *err;
};

static size_t count_paths(const struct writing *w)
{
	return w->flow ? w->flow->n_paths : w->record->n_paths;
}

static bool path_at(const struct writing *w, size_t i, struct lk_prefix_path *ret)
{
	if (w->flow) {
		return w->flow->path(w->flow->ctx, i, ret);
	}
	*ret = w->record->paths[i];
	return true;
}

/* Gives what there is to the flow, once it is MOST bytes. */
static void drain(struct writing *w, size_t most)
{
	struct lk_buf *out = w->jw.out;
	if (w->flow && w->rc == 0 && !out->overflow && out->len >= most) {
		w->gone += out->len;
		out->overflow = w->gone > LK_PREFIX_RECORD_MAX_BYTES;
		w->rc = w->flow->put(w->flow->ctx, lk_buf_view(out), w->err);
		lk_buf_truncate(out, 0);
	}
}

static void write_files(struct writing *w)
{
	if (!w->flow) {
		lk_jw_strings(&w->jw, "files", w->record->files.items, w->record->files.n);
		return;
	}
	lk_jw_key(&w->jw, "files");
	lk_jw_array(&w->jw);
	for (size_t i = 0; i < count_paths(w); i++) {
		struct lk_prefix_path path;
		if (path_at(w, i, &path) && path.type != LK_INSTALLED_DIRECTORY) {
			lk_jw_string(&w->jw, path.path);
			drain(w, DRAIN_BYTES);
		}
	}
	lk_jw_end(&w->jw);
}

static void write_paths(struct writing *w)
{
	struct lk_jw *jw = &w->jw;
	const struct lk_json *sources = lk_json_get(lk_json_get(w->root, "paths_data"), "paths");
	lk_jw_key(jw, "paths_data");
	lk_jw_object(jw);
	lk_jw_key(jw, "paths");
	lk_jw_array(jw);
	for (size_t i = 0; i < count_paths(w); i++) {
		struct lk_prefix_path path;
		if (path_at(w, i, &path)) {
			write_path(jw, &path, sources ? lk_json_at(sources, i) : NULL);
			drain(w, DRAIN_BYTES);
		}
	}
	lk_jw_end(jw);
	lk_jw_key_uint(jw, "paths_version", 1);
	lk_jw_end(jw);
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

static int write_record(struct writing *writing, struct lk_buf *out)
{
	const struct lk_prefix_record *record = writing->record;
	const struct lk_json *root = writing->root;
	struct lk_jw *w = &writing->jw;
	lk_jw_init(w, out, true);
	lk_jw_object(w);
	write_package(w, &record->record);
	write_old_keys(w, root, record);
	write_host_constants(w, root);
	write_files(writing);
	if (!root || record->n_paths > 0 || lk_json_get(root, "paths_data")) {
		write_paths(writing);
	}
	if (record->requested_specs.n > 0) {
		lk_jw_key_string(w, "requested_spec", record->requested_specs.items[0]);
	}
	write_list(w, "requested_specs", record->requested_specs);
	keep_keys(w, root, own_keys, LK_COUNTOF(own_keys));
	lk_jw_end(w);
	lk_buf_putc(out, '\n');
	drain(writing, 0);
	if (out->overflow && writing->rc == 0) {
		return lk_fail(writing->err, LK_E_FORMAT,
			"the record of '" LK_STR_FMT "' is larger than %zu bytes",
			LK_STR_ARG(record->record.name), out->max);
	}
	return writing->rc;
}

int lk_prefix_record_write(
	const struct lk_prefix_record *record, struct lk_buf *out, struct lk_error *err)
{
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	struct lk_error ignored = LK_ERROR_INIT;
	if (record->text.len > 0) {
		/* What only a scanner reads, such as very deep nesting, loses unknown keys. */
		(void)!lk_json_parse(record->text, "conda-meta", MAX_DEPTH, &doc, &ignored);
	}
	struct writing writing = {
		.record = record, .root = doc ? lk_json_root(doc) : NULL, .err = err};
	return write_record(&writing, out);
}

int lk_prefix_record_write_flow(const struct lk_prefix_record *record,
	const struct lk_prefix_record_flow *flow, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(LK_PREFIX_RECORD_MAX_BYTES);
	struct writing writing = {.record = record, .flow = flow, .err = err};
	return write_record(&writing, &out);
}

lk_str lk_prefix_record_file_name(const struct lk_record *record, struct lk_arena *arena)
{
	return lk_str_printf(arena, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT ".json",
		LK_STR_ARG(record->name), LK_STR_ARG(record->version), LK_STR_ARG(record->build));
}

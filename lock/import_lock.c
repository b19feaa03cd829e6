/*
 * From the text of another tool's lock file to a lock: what kind of file it is, its reader, and
 * what a lock needs that the file does not say.
 */
#include "lock/import_lock.h"

#include <stdlib.h>

#include "lock/import_priv.h"

/* Deep enough for every format; aliases stand for as many nodes as a file may well have. */
static const struct lk_yaml_limits limits = {LK_IMPORT_MAX_BYTES, 16, 4000000};

enum kind {
	KIND_UNKNOWN,
	KIND_PIXI,
	KIND_CONDA_LOCK,
	KIND_EXPLICIT,
	KIND_ENVIRONMENT,
	KIND_LOCK,
};

bool lk_import_is_explicit(lk_str text)
{
	lk_str rest = text;
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		line = lk_str_trim(line);
		if (lk_str_is(line, "@EXPLICIT") || lk_str_is(line, "\xef\xbb\xbf@EXPLICIT")) {
			return true;
		}
	}
	return false;
}

static enum kind kind_of(const struct lk_yaml *root)
{
	if (lk_yaml_get(root, "environments") && lk_yaml_get(root, "packages")) {
		return KIND_PIXI;
	}
	if (lk_yaml_get(root, "package") && lk_yaml_get(root, "metadata")) {
		return KIND_CONDA_LOCK;
	}
	if (lk_yaml_get(root, "channel-priority") && lk_yaml_get(root, "platforms")) {
		return KIND_LOCK;
	}
	return lk_yaml_get(root, "dependencies") ? KIND_ENVIRONMENT : KIND_UNKNOWN;
}

static void file_done(struct lk_import_file *f)
{
	for (size_t i = 0; i < f->platforms.len; i++) {
		lk_vec_done(&f->platforms.items[i].packages);
		lk_vec_done(&f->platforms.items[i].virtuals);
	}
	lk_vec_done(&f->platforms);
	lk_vec_done(&f->channels);
	lk_vec_done(&f->pip);
	lk_map_done(&f->pip_index);
	lk_arena_done(&f->arena);
	lk_yaml_doc_done(&f->doc);
}

static int refuse_kind(struct lk_import_file *f, enum kind kind, struct lk_error *err)
{
	static const struct {
		enum kind kind;
		const char *is, *hint;
	} refused[] = {
		{KIND_EXPLICIT, "an @EXPLICIT list says nothing of its packages but where they are",
			"lockenv solve -f reads what they say of themselves"},
		{KIND_ENVIRONMENT, "an environment file is to be solved",
			"lock it with lockenv solve -f"},
		{KIND_LOCK, "this is a lock of lockenv already", "use it as it is"},
		{KIND_UNKNOWN, "neither a pixi.lock nor a conda-lock.yml",
			"import reads these two, and lists that begin with @EXPLICIT"},
	};
	size_t i = 0;
	while (refused[i].kind != kind && i + 1 < LK_COUNTOF(refused)) {
		i++;
	}
	int rc = lk_yaml_fail(&f->doc, f->doc.root, err, "%s", refused[i].is);
	lk_error_hint(err, "%s", refused[i].hint);
	return rc;
}

/* The file's own version; conda-lock's is 1 where it does not say. */
static int read_version(
	const struct lk_import_file *f, uint64_t fallback, uint64_t *ret, struct lk_error *err)
{
	lk_str text;
	int rc = lk_import_text(f, f->doc.root, "version", &text, err);
	*ret = fallback;
	if (rc == 0 && text.len > 0 && !lk_str_to_u64(text, ret)) {
		rc = lk_yaml_fail(&f->doc, lk_yaml_get(f->doc.root, "version"), err,
			"'version' must be a whole number");
	}
	return rc;
}

static int refuse_version(
	const struct lk_import_file *f, const char *what, uint64_t version, struct lk_error *err)
{
	const struct lk_yaml *node = lk_yaml_get(f->doc.root, "version");
	int rc = lk_yaml_fail(&f->doc, node ? node : f->doc.root, err,
		"version %llu of %s is not known", (unsigned long long)version, what);
	lk_error_hint(err, "pixi.lock is read up to version 7, conda-lock.yml in version 1");
	return rc;
}

static int read_file(struct lk_import_file *f, lk_str *ret_format, struct lk_error *err)
{
	enum kind kind = kind_of(f->doc.root);
	if (kind != KIND_PIXI && kind != KIND_CONDA_LOCK) {
		return refuse_kind(f, kind, err);
	}
	uint64_t version;
	int rc = read_version(f, kind == KIND_PIXI ? 0 : 1, &version, err);
	bool pixi = kind == KIND_PIXI || version > 1; /* 2 and 3 have conda-lock's shape */
	const char *what = pixi ? "pixi.lock" : "conda-lock.yml";
	bool known =
		kind == KIND_PIXI ? version >= 4 && version <= 7 : version >= 1 && version <= 3;
	if (rc == 0 && !known) {
		rc = refuse_version(f, what, version, err);
	}
	if (rc == 0) {
		*ret_format = lk_str_printf(
			&f->arena, "%s version %llu", what, (unsigned long long)version);
		rc = kind == KIND_PIXI ? lk_import_read_pixi(f, version, err)
				       : lk_import_read_conda_lock(f, version, err);
	}
	return rc;
}

static int by_name_and_line(const void *a, const void *b)
{
	const struct lk_import_package *left = a;
	const struct lk_import_package *right = b;
	int order = lk_str_cmp(left->record.name, right->record.name);
	return order != 0 ? order : (left->node->line < right->node->line ? -1 : 1);
}

/* In the order of names; what stands twice in the same words counts once. */
static int sort_packages(
	struct lk_import_file *f, struct lk_import_platform *platform, struct lk_error *err)
{
	struct lk_import_package *items = platform->packages.items;
	size_t n = 0;
	if (platform->packages.len > 0) {
		qsort(items, platform->packages.len, sizeof(*items), by_name_and_line);
	}
	for (size_t i = 0; i < platform->packages.len; i++) {
		const struct lk_record *last = n > 0 ? &items[n - 1].record : NULL;
		const struct lk_record *record = &items[i].record;
		if (!last || !lk_str_eq(last->name, record->name)) {
			items[n++] = items[i];
		} else if (!lk_str_eq(last->url, record->url) ||
			!lk_sha256_eq(&last->sha256, &record->sha256)) {
			return lk_yaml_fail(&f->doc, items[i].node, err,
				"package '" LK_STR_FMT "' of " LK_STR_FMT
				" stands twice, first on line %u",
				LK_STR_ARG(record->name), LK_STR_ARG(platform->name),
				items[n - 1].node->line);
		}
	}
	platform->packages.len = n;
	return 0;
}

static int refuse_unhashed(const struct lk_import_file *f, const struct lk_import_package *package,
	struct lk_error *err)
{
	lk_yaml_fail(&f->doc, package->node, err, "'" LK_STR_FMT "' has no sha256",
		LK_STR_ARG(package->record.fn));
	lk_url_hide_credentials(err->excerpt);
	lk_error_hint(err,
		"every package of a lock has one: list the addresses behind a line @EXPLICIT, and "
		"lockenv solve -f downloads and hashes them");
	err->code = LK_E_INTEGRITY;
	return LK_E_INTEGRITY;
}

static int check_packages(const struct lk_import_file *f, const struct lk_import_platform *platform,
	struct lk_error *err)
{
	for (size_t i = 0; i < platform->packages.len; i++) {
		const struct lk_import_package *package = &platform->packages.items[i];
		const struct lk_record *record = &package->record;
		if (!record->has_sha256) {
			return refuse_unhashed(f, package, err);
		}
		if (!lk_str_eq(record->subdir, platform->subdir) &&
			!lk_str_is(record->subdir, "noarch")) {
			return lk_yaml_fail(&f->doc, package->node, err,
				"subdir '" LK_STR_FMT "' is neither '" LK_STR_FMT "' nor noarch",
				LK_STR_ARG(record->subdir), LK_STR_ARG(platform->subdir));
		}
	}
	return 0;
}

/* What the file states, else the defaults; the options over that. */
static int make_virtuals(
	struct lk_import_file *f, struct lk_import_platform *platform, struct lk_error *err)
{
	if (!platform->states_virtuals) {
		lk_virtuals_default(platform->subdir, &f->arena, &platform->virtuals);
	}
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < f->options->virtuals.n; i++) {
		rc = lk_virtuals_set_text(
			&platform->virtuals, f->options->virtuals.items[i], &f->arena, err);
	}
	return rc;
}

/* The channels that packages lie in and the file does not list. */
static int keep_channels(struct lk_import_file *f, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < f->platforms.len; i++) {
		const struct lk_import_platform *platform = &f->platforms.items[i];
		for (size_t k = 0; rc == 0 && k < platform->packages.len; k++) {
			const struct lk_import_package *package = &platform->packages.items[k];
			const struct lk_channel channel = {.url = package->record.channel};
			rc = lk_import_keep_channel(f, package->node, &channel, err);
		}
	}
	return rc;
}

static lk_str name_of_channel(const struct lk_import_file *f, lk_str url)
{
	size_t i = 0;
	while (i < f->channels.len && !lk_str_eq(f->channels.items[i].url, url)) {
		i++;
	}
	return i < f->channels.len ? f->channels.items[i].name : (lk_str){0};
}

static int add_platform(struct lk_import_file *f, struct lk_import_platform *platform,
	struct lk_lock *lock, struct lk_error *err)
{
	int rc = sort_packages(f, platform, err);
	if (rc == 0) {
		rc = check_packages(f, platform, err);
	}
	if (rc == 0) {
		rc = make_virtuals(f, platform, err);
	}
	if (rc < 0) {
		return rc;
	}
	size_t n = platform->packages.len;
	const struct lk_record **records = lk_arena_calloc(&f->arena, n, sizeof(*records));
	for (size_t i = 0; i < n; i++) {
		struct lk_record *record = &platform->packages.items[i].record;
		record->channel = name_of_channel(f, record->channel);
		records[i] = record;
	}
	const struct lk_lock_input input = {
		.subdir = platform->subdir,
		.solved_with = &platform->virtuals,
		.records = records,
		.n_records = n,
	};
	return lk_lock_add_platform(lock, &input, err);
}

static int check_wanted(const struct lk_import_file *f, struct lk_error *err)
{
	const struct lk_str_list *wanted = &f->options->platforms;
	for (size_t i = 0; i < wanted->n; i++) {
		bool found = false;
		for (size_t k = 0; k < f->platforms.len; k++) {
			found = found || lk_str_eq(f->platforms.items[k].name, wanted->items[i]) ||
				lk_str_eq(f->platforms.items[k].subdir, wanted->items[i]);
		}
		if (!found) {
			lk_fail(err, LK_E_USAGE, "%s has nothing for " LK_STR_FMT, f->name,
				LK_STR_ARG(wanted->items[i]));
			lk_error_hint(err, "leave out --platform to import all that it has");
			return LK_E_USAGE;
		}
	}
	if (f->platforms.len == 0) {
		return lk_yaml_fail(&f->doc, f->doc.root, err, "no platform has packages in it");
	}
	return 0;
}

static int make_lock(struct lk_import_file *f, struct lk_lock *lock, struct lk_error *err)
{
	lk_str alias = f->options->alias.len > 0 ? f->options->alias : lk_str_of(LK_CHANNEL_ALIAS);
	int rc = check_wanted(f, err);
	if (rc == 0) {
		rc = keep_channels(f, err);
	}
	if (rc < 0) {
		return rc;
	}
	lk_channels_name(&f->channels, alias, &f->arena);
	lk_lock_init(lock, f->channels.items, f->channels.len,
		f->priority.len > 0 ? f->priority : LK_STR("strict"));
	lock->file = lk_str_dup(&lock->arena, lk_str_of(f->name));
	lock->exclude_newer = lk_str_dup(&lock->arena, f->exclude_newer);
	for (size_t i = 0; rc == 0 && i < f->platforms.len; i++) {
		rc = add_platform(f, &f->platforms.items[i], lock, err);
	}
	for (size_t i = 0; rc == 0 && i < lock->n_platforms; i++) {
		lock->platforms[i].specs = lk_import_guess_specs(&lock->platforms[i], &lock->arena);
	}
	if (rc < 0) {
		lk_lock_done(lock);
	}
	return rc;
}

static struct lk_str_list keep_texts(const struct lk_strs *texts, struct lk_arena *arena)
{
	lk_str *items = lk_arena_calloc(arena, texts->len, sizeof(*items));
	for (size_t i = 0; i < texts->len; i++) {
		items[i] = lk_str_dup(arena, texts->items[i]);
	}
	return (struct lk_str_list){items, texts->len};
}

int lk_import(lk_str source, const char *name, const struct lk_import_options *options,
	const struct lk_report *report, struct lk_imported *ret, struct lk_error *err)
{
	struct lk_import_file LK_CLEANUP(file_done)
		f = {.name = name, .options = options, .report = report};
	lk_str format = {0};
	int rc = lk_import_is_explicit(source) ? refuse_kind(&f, KIND_EXPLICIT, err)
					       : lk_yaml_parse(source, name, &limits, &f.doc, err);
	if (rc == 0) {
		rc = read_file(&f, &format, err);
	}
	struct lk_imported imported = {0};
	if (rc == 0) {
		rc = make_lock(&f, &imported.lock, err);
	}
	if (rc < 0) {
		return rc;
	}
	imported.format = lk_str_dup(&imported.lock.arena, format).ptr;
	imported.pip = keep_texts(&f.pip, &imported.lock.arena);
	*ret = imported;
	return 0;
}

void lk_imported_done(struct lk_imported *imported)
{
	lk_lock_done(&imported->lock);
	*imported = (struct lk_imported){0};
}

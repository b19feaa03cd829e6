/*
 * conda-lock.yml version 1 (CEP 37), and pixi.lock versions 2 and 3, which have its shape with
 * dependencies as lists.
 */
#include "conda/subdir.h"
#include "lock/import_priv.h"

static int read_channels(
	struct lk_import_file *f, const struct lk_yaml *metadata, struct lk_error *err)
{
	const struct lk_yaml *channels = lk_yaml_get(metadata, "channels");
	if (!channels || channels->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(
			&f->doc, channels ? channels : metadata, err, "'channels' must be a list");
	}
	for (const struct lk_yaml *item = channels->first; item; item = item->next) {
		lk_str reference = item->text;
		int rc = 0;
		if (item->kind != LK_YAML_SCALAR) {
			rc = lk_import_needed(f, item, "url", &reference, err);
		}
		if (rc == 0) {
			rc = lk_import_channel(f, item, reference, err);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int read_platforms(
	struct lk_import_file *f, const struct lk_yaml *metadata, struct lk_error *err)
{
	const struct lk_yaml *platforms = lk_yaml_get(metadata, "platforms");
	if (!platforms || platforms->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&f->doc, platforms ? platforms : metadata, err,
			"'platforms' must be a list");
	}
	if (platforms->n_children > LK_IMPORT_MAX_PLATFORMS) {
		return lk_yaml_fail(
			&f->doc, platforms, err, "more than %d platforms", LK_IMPORT_MAX_PLATFORMS);
	}
	for (const struct lk_yaml *item = platforms->first; item; item = item->next) {
		struct lk_import_platform *ignored;
		if (!lk_import_wants(f, NULL, item->text, item->text)) {
			continue;
		}
		int rc = lk_import_add_platform(f, item, item->text, item->text, &ignored, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* As `conda-lock install` has it when nobody asks: all but the extras. */
static bool wants_category(const struct lk_import_file *f, lk_str category)
{
	const struct lk_str_list *wanted = &f->options->categories;
	for (size_t i = 0; i < wanted->n; i++) {
		if (lk_str_eq(wanted->items[i], category)) {
			return true;
		}
	}
	return wanted->n == 0 && (lk_str_is(category, "main") || lk_str_is(category, "dev"));
}

static int read_record(struct lk_import_file *f, const struct lk_yaml *node,
	struct lk_record *record, struct lk_error *err)
{
	lk_str url = {0};
	lk_str build = {0};
	lk_str license = {0};
	lk_str size = {0};
	int rc = lk_import_needed(f, node, "url", &url, err);
	rc = rc ? rc : lk_import_address(f, lk_yaml_get(node, "url"), url, record, err);
	rc = rc ? rc : lk_import_needed(f, node, "name", &record->name, err);
	rc = rc ? rc : lk_import_needed(f, node, "version", &record->version, err);
	rc = rc ? rc : lk_import_text(f, node, "build", &build, err);
	rc = rc ? rc : lk_import_hashes(f, lk_yaml_get(node, "hash"), record, err);
	rc = rc ? rc : lk_import_specs(f, node, "dependencies", &record->depends, err);
	rc = rc ? rc : lk_import_specs(f, node, "constrains", &record->constrains, err);
	rc = rc ? rc : lk_import_text(f, node, "license", &license, err);
	rc = rc ? rc : lk_import_text(f, node, "size", &size, err);
	if (rc < 0) {
		return rc;
	}
	record->build = build.len > 0 ? build : record->build;
	record->license = license;
	record->has_size = lk_str_to_u64(size, &record->size);
	return 0;
}

static struct lk_import_platform *find_platform(struct lk_import_file *f, lk_str name)
{
	for (size_t i = 0; i < f->platforms.len; i++) {
		if (lk_str_eq(f->platforms.items[i].name, name)) {
			return &f->platforms.items[i];
		}
	}
	return NULL;
}

struct left_out {
	size_t n;
	lk_str category; /* of the first */
	unsigned line;
};

static int read_package(struct lk_import_file *f, const struct lk_yaml *node, struct left_out *out,
	struct lk_error *err)
{
	lk_str manager = {0};
	lk_str platform_name = {0};
	lk_str category = {0};
	int rc = lk_import_needed(f, node, "manager", &manager, err);
	rc = rc ? rc : lk_import_needed(f, node, "platform", &platform_name, err);
	rc = rc ? rc : lk_import_text(f, node, "category", &category, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_import_platform *platform = find_platform(f, platform_name);
	if (!platform && lk_import_wants(f, NULL, platform_name, platform_name)) {
		return lk_yaml_fail(&f->doc, lk_yaml_get(node, "platform"), err,
			"platform '" LK_STR_FMT "' is not among the file's platforms",
			LK_STR_ARG(platform_name));
	}
	category = category.len > 0 ? category : LK_STR("main");
	if (!platform) {
		return 0;
	}
	if (!wants_category(f, category)) {
		if (out->n++ == 0) {
			out->category = category;
			out->line = node->line;
		}
		return 0;
	}
	if (!lk_str_is(manager, "conda")) {
		lk_str name = {0};
		rc = lk_import_needed(f, node, "name", &name, err);
		return rc ? rc : lk_import_leave_to_pip(f, node, name, err);
	}
	struct lk_import_package package = {.node = node};
	rc = read_record(f, node, &package.record, err);
	if (rc == 0 && !lk_subdir_is_known(package.record.subdir)) {
		package.record.subdir = platform->subdir; /* the address does not tell */
	}
	if (rc == 0 && !lk_str_starts(package.record.name, LK_STR("__"))) {
		lk_vec_push(&platform->packages, package);
	}
	return rc;
}

static int check_categories(const struct lk_import_file *f, struct lk_error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < f->platforms.len; i++) {
		n += f->platforms.items[i].packages.len;
	}
	if (n > 0 || f->options->categories.n == 0) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "%s has no package of category " LK_STR_FMT, f->name,
		LK_STR_ARG(f->options->categories.items[0]));
	lk_error_hint(err, "leave out --category to import main and dev");
	return LK_E_USAGE;
}

int lk_import_read_conda_lock(struct lk_import_file *f, uint64_t version, struct lk_error *err)
{
	(void)version; /* its readers differ in nothing else than what lk_import_specs takes */
	const struct lk_yaml *metadata = lk_yaml_get(f->doc.root, "metadata");
	const struct lk_yaml *packages = lk_yaml_get(f->doc.root, "package");
	struct left_out out = {0};
	int rc = read_channels(f, metadata, err);
	if (rc == 0) {
		rc = read_platforms(f, metadata, err);
	}
	if (rc == 0 && packages->kind != LK_YAML_SEQUENCE && packages->kind != LK_YAML_NULL) {
		rc = lk_yaml_fail(&f->doc, packages, err, "'package' must be a list");
	}
	const struct lk_yaml *item = packages->first;
	for (; rc == 0 && item; item = item->next) {
		rc = read_package(f, item, &out, err);
	}
	if (rc == 0 && out.n > 0 && f->options->categories.n == 0) {
		lk_warn(f->report,
			"%s:%u: %zu packages are left out that are neither of category main nor "
			"dev, "
			"first one of '" LK_STR_FMT "': --category takes them",
			f->name, out.line, out.n, LK_STR_ARG(out.category));
	}
	return rc ? rc : check_categories(f, err);
}

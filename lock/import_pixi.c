/*
 * pixi.lock versions 4 to 7: one of its environments. An environment lists addresses for each of
 * its platforms; what the packages at those addresses are stands once in `packages`.
 *
 * 4 and 5 tell packages by `kind` and `url`, 6 and 7 by the key that holds the address. 7 describes
 * its platforms beforehand, with the virtual packages that they offer.
 */
#include "conda/subdir.h"
#include "lock/import_priv.h"

#define NO_PACKAGE UINT32_MAX

struct entry {
	const struct lk_yaml *node;
	uint32_t next;   /* of the same address */
	uint32_t n_more; /* of those, behind the first */
};

struct reader {
	struct lk_import_file *f;
	uint64_t version;
	struct lk_map addresses; /* to the first entry */
	struct LK_VEC_OF(struct entry) entries;
	struct lk_error *err;
};

/* Fills the map from addresses to the packages that are there. */
static int index_packages(struct reader *r)
{
	const struct lk_yaml *packages = lk_yaml_get(r->f->doc.root, "packages");
	if (packages->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&r->f->doc, packages, r->err, "'packages' must be a list");
	}
	const char *key = r->version < 6 ? "url" : "conda";
	for (const struct lk_yaml *item = packages->first; item; item = item->next) {
		lk_str address = {0};
		lk_str kind = {0};
		int rc = lk_import_text(r->f, item, key, &address, r->err);
		if (rc == 0 && r->version < 6) {
			rc = lk_import_needed(r->f, item, "kind", &kind, r->err);
		}
		if (rc < 0) {
			return rc;
		}
		if (address.len == 0 || (r->version < 6 && !lk_str_is(kind, "conda"))) {
			continue;
		}
		uint32_t index = (uint32_t)r->entries.len;
		uint32_t first = lk_map_add(&r->addresses, address, index);
		lk_vec_push(&r->entries, (struct entry){item, NO_PACKAGE, 0});
		if (first != index) {
			if (++r->entries.items[first].n_more == LK_IMPORT_MAX_SAME_ADDRESS) {
				return lk_yaml_fail(&r->f->doc, item, r->err,
					"more than %d packages have this address",
					LK_IMPORT_MAX_SAME_ADDRESS);
			}
			/* Kept in the order of the text, behind the first. */
			r->entries.items[index].next = r->entries.items[first].next;
			r->entries.items[first].next = index;
		}
	}
	return 0;
}

/* How much of what SELECTOR asks for PACKAGE answers; SIZE_MAX: something else. */
static size_t answers(const struct lk_yaml *selector, const struct lk_yaml *package, lk_str subdir)
{
	static const char *const keys[] = {"name", "version", "build", "subdir"};
	size_t n = 0;
	for (size_t i = 0; i < LK_COUNTOF(keys); i++) {
		const struct lk_yaml *wanted = lk_yaml_get(selector, keys[i]);
		const struct lk_yaml *has = lk_yaml_get(package, keys[i]);
		if (wanted && has && !lk_str_eq(wanted->text, has->text)) {
			return SIZE_MAX;
		}
		n += wanted && has;
	}
	const struct lk_yaml *own = lk_yaml_get(package, "subdir");
	return n + (own && lk_str_eq(own->text, subdir));
}

static const struct lk_yaml *find_package(
	const struct reader *r, const struct lk_yaml *selector, lk_str address, lk_str subdir)
{
	const struct lk_yaml *best = NULL;
	size_t best_answers = 0;
	uint32_t i = r->entries.len > 0 ? lk_map_get(&r->addresses, address) : NO_PACKAGE;
	for (; i != NO_PACKAGE; i = r->entries.items[i].next) {
		const struct lk_yaml *node = r->entries.items[i].node;
		size_t n = answers(selector, node, subdir);
		if (n != SIZE_MAX && (!best || n > best_answers)) {
			best = node;
			best_answers = n;
		}
	}
	return best;
}

/* What the file says differently from the address. Before version 6 its `subdir` is the platform
 * that uses the package, whatever the address says. */
static int read_own_names(struct reader *r, const struct lk_yaml *node, struct lk_record *record,
	struct lk_error *err)
{
	struct lk_import_file *f = r->f;
	bool keeps_subdir = r->version < 6 && lk_subdir_is_known(record->subdir);
	const struct {
		const char *key;
		lk_str *slot;
	} fields[] = {
		{"name", &record->name},
		{"version", &record->version},
		{"build", &record->build},
		{"subdir", &record->subdir},
	};
	for (size_t i = 0; i < LK_COUNTOF(fields); i++) {
		lk_str text = {0};
		int rc = lk_import_text(f, node, fields[i].key, &text, err);
		if (rc < 0) {
			return rc;
		}
		if (text.len > 0 && !(keeps_subdir && fields[i].slot == &record->subdir)) {
			*fields[i].slot = text;
		}
	}
	lk_str channel = {0};
	int rc = lk_import_text(f, node, "channel", &channel, err);
	if (rc == 0 && channel.len > 0) {
		struct lk_channel resolved;
		rc = lk_import_resolve_channel(
			f, lk_yaml_get(node, "channel"), channel, &resolved, err);
		record->channel = rc == 0 ? resolved.url : record->channel;
	}
	return rc;
}

static int read_record(struct reader *r, const struct lk_yaml *node, lk_str address,
	struct lk_record *record, struct lk_error *err)
{
	struct lk_import_file *f = r->f;
	lk_str size = {0};
	int rc = lk_import_address(f, node, address, record, err);
	rc = rc ? rc : read_own_names(r, node, record, err);
	rc = rc ? rc : lk_import_hashes(f, node, record, err);
	rc = rc ? rc : lk_import_specs(f, node, "depends", &record->depends, err);
	rc = rc ? rc : lk_import_specs(f, node, "constrains", &record->constrains, err);
	rc = rc ? rc : lk_import_text(f, node, "license", &record->license, err);
	rc = rc ? rc : lk_import_text(f, node, "size", &size, err);
	if (rc == 0) {
		record->has_size = lk_str_to_u64(size, &record->size);
	}
	return rc;
}

static bool is_archive(lk_str address)
{
	size_t hash = lk_str_find_char(address, '#');
	return lk_archive_kind_of(lk_str_slice(address, 0, hash == SIZE_MAX ? address.len : hash),
		       NULL) != LK_ARCHIVE_UNKNOWN;
}

/* "- conda: ADDRESS" and the like. */
static int read_selector(
	struct reader *r, const struct lk_yaml *item, struct lk_import_platform *platform)
{
	struct lk_import_file *f = r->f;
	lk_str conda = {0};
	lk_str pypi = {0};
	lk_str source = {0};
	int rc = lk_import_text(f, item, "conda", &conda, r->err);
	rc = rc ? rc : lk_import_text(f, item, "pypi", &pypi, r->err);
	rc = rc ? rc : lk_import_text(f, item, "conda_source", &source, r->err);
	if (rc < 0) {
		return rc;
	}
	if (pypi.len > 0) {
		return lk_import_leave_to_pip(f, item, pypi, r->err);
	}
	if (source.len > 0 || (conda.len > 0 && !is_archive(conda))) {
		return lk_import_leave_source(f, item, source.len > 0 ? source : conda, r->err);
	}
	if (conda.len == 0) {
		return lk_yaml_fail(
			&f->doc, item, r->err, "an entry must name a package by 'conda' or 'pypi'");
	}
	const struct lk_yaml *node = find_package(r, item, conda, platform->subdir);
	if (!node) {
		return lk_yaml_fail(&f->doc, item, r->err, "'packages' does not have this one");
	}
	struct lk_import_package package = {.node = node};
	rc = read_record(r, node, conda, &package.record, r->err);
	if (rc == 0) {
		lk_vec_push(&platform->packages, package);
	}
	return rc;
}

/* The description of the platform NAME in version 7, or NULL. */
static const struct lk_yaml *find_platform(const struct lk_import_file *f, lk_str name)
{
	const struct lk_yaml *list = lk_yaml_get(f->doc.root, "platforms");
	if (!list || list->kind != LK_YAML_SEQUENCE) {
		return NULL;
	}
	for (const struct lk_yaml *item = list->first; item; item = item->next) {
		const struct lk_yaml *own = lk_yaml_get(item, "name");
		if (own && lk_str_eq(own->text, name)) {
			return item;
		}
	}
	return NULL;
}

static int read_virtuals(struct lk_import_file *f, const struct lk_yaml *described,
	struct lk_import_platform *platform)
{
	const struct lk_yaml *list = lk_yaml_get(described, "virtual-packages");
	if (!list || list->kind != LK_YAML_SEQUENCE) {
		return 0;
	}
	for (const struct lk_yaml *item = list->first; item; item = item->next) {
		struct lk_error why = LK_ERROR_INIT;
		if (item->kind != LK_YAML_SCALAR ||
			lk_virtuals_set_text(&platform->virtuals, item->text, &f->arena, &why) <
				0) {
			lk_warn(f->report,
				"%s:%u: '" LK_STR_FMT
				"' is left out: it is no virtual package such "
				"as __glibc=2.28",
				f->name, item->line, LK_STR_ARG(item->text));
		} else {
			platform->states_virtuals = true;
		}
	}
	return 0;
}

static int read_platform(struct reader *r, const struct lk_yaml *names, const struct lk_yaml *list)
{
	struct lk_import_file *f = r->f;
	const struct lk_yaml *described = r->version < 7 ? NULL : find_platform(f, list->key);
	lk_str subdir = {0};
	int rc = lk_import_text(f, described, "subdir", &subdir, r->err);
	subdir = subdir.len > 0 ? subdir : list->key;
	if (rc < 0 || !lk_import_wants(f, names, list->key, subdir)) {
		return rc;
	}
	struct lk_import_platform *platform;
	rc = lk_import_add_platform(f, list, list->key, subdir, &platform, r->err);
	if (rc == 0) {
		rc = read_virtuals(f, described, platform);
	}
	if (rc == 0 && list->kind != LK_YAML_SEQUENCE) {
		rc = lk_yaml_fail(&f->doc, list, r->err, "the packages must be a list");
	}
	for (const struct lk_yaml *item = list->first; rc == 0 && item; item = item->next) {
		rc = read_selector(r, item, platform);
	}
	return rc;
}

/* "2025-04-15T12:15:00Z", of the forms that pixi writes. */
static lk_str instant_of(lk_str text, struct lk_arena *arena)
{
	const size_t seconds = sizeof("2025-04-15T12:15:00") - 1;
	lk_str zone = lk_str_skip(text, seconds);
	if (zone.len > 0 && zone.ptr[0] == '.') {
		size_t n = 1;
		while (n < zone.len && lk_is_digit(zone.ptr[n])) {
			n++;
		}
		zone = lk_str_skip(zone, n);
	}
	if (text.len < seconds || !(lk_str_is(zone, "Z") || lk_str_is(zone, "+00:00"))) {
		return (lk_str){0};
	}
	lk_str day = lk_str_slice(text, 0, seconds);
	return lk_str_printf(arena, LK_STR_FMT "Z", LK_STR_ARG(day));
}

static int read_options(struct reader *r, const struct lk_yaml *environment)
{
	struct lk_import_file *f = r->f;
	const struct lk_yaml *options = lk_yaml_get(environment, "options");
	lk_str priority = {0};
	lk_str newer = {0};
	lk_str strategy = {0};
	int rc = lk_import_text(f, options, "channel-priority", &priority, r->err);
	rc = rc ? rc : lk_import_text(f, options, "exclude-newer", &newer, r->err);
	rc = rc ? rc : lk_import_text(f, options, "strategy", &strategy, r->err);
	if (rc < 0) {
		return rc;
	}
	if (lk_str_is(priority, "disabled") || lk_str_is(priority, "flexible")) {
		f->priority = priority;
	}
	f->exclude_newer = instant_of(newer, &f->arena);
	if (newer.len > 0 && f->exclude_newer.len == 0) {
		lk_warn(f->report,
			"%s:%u: exclude-newer '" LK_STR_FMT "' is left out: it is no instant",
			f->name, lk_yaml_get(options, "exclude-newer")->line, LK_STR_ARG(newer));
	}
	if (strategy.len > 0 && !lk_str_is(strategy, "highest")) {
		lk_warn(f->report,
			"%s:%u: the strategy '" LK_STR_FMT "' is left out: a new solve takes the "
			"highest versions",
			f->name, lk_yaml_get(options, "strategy")->line, LK_STR_ARG(strategy));
	}
	return 0;
}

static int read_environment(struct reader *r, const struct lk_yaml *environment)
{
	struct lk_import_file *f = r->f;
	const struct lk_yaml *channels = lk_yaml_get(environment, "channels");
	const struct lk_yaml *packages = lk_yaml_get(environment, "packages");
	if (!channels || channels->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&f->doc, channels ? channels : environment, r->err,
			"'channels' must be a list");
	}
	if (!packages || packages->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(&f->doc, packages ? packages : environment, r->err,
			"'packages' must be a mapping of platforms");
	}
	const struct lk_yaml *described = lk_yaml_get(f->doc.root, "platforms");
	const struct lk_yaml *longer =
		described && described->n_children > packages->n_children ? described : packages;
	if (longer->n_children > LK_IMPORT_MAX_PLATFORMS) {
		return lk_yaml_fail(
			&f->doc, longer, r->err, "more than %d platforms", LK_IMPORT_MAX_PLATFORMS);
	}
	int rc = read_options(r, environment);
	for (const struct lk_yaml *item = channels->first; rc == 0 && item; item = item->next) {
		lk_str url = {0};
		rc = lk_import_needed(f, item, "url", &url, r->err);
		rc = rc ? rc : lk_import_channel(f, item, url, r->err);
	}
	for (const struct lk_yaml *item = packages->first; rc == 0 && item; item = item->next) {
		rc = read_platform(r, packages, item);
	}
	return rc;
}

/* The names of all environments but WANTED, as a list for people. */
static void put_names(const struct lk_yaml *environments, lk_str wanted, struct lk_buf *out)
{
	for (const struct lk_yaml *item = environments->first; item; item = item->next) {
		if (!lk_str_eq(item->key, wanted)) {
			lk_buf_appendf(out, "%s" LK_STR_FMT, out->len > 0 ? ", " : "",
				LK_STR_ARG(item->key));
		}
	}
}

static int find_environment(struct reader *r, const struct lk_yaml **ret, struct lk_error *err)
{
	struct lk_import_file *f = r->f;
	lk_str wanted =
		f->options->environment.len > 0 ? f->options->environment : LK_STR("default");
	const struct lk_yaml *environments = lk_yaml_get(f->doc.root, "environments");
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(512);
	put_names(environments, wanted, &names);
	*ret = lk_yaml_get(environments, lk_str_dup(&f->arena, wanted).ptr);
	if (!*ret) {
		lk_fail(err, LK_E_USAGE, "%s has no environment '" LK_STR_FMT "'", f->name,
			LK_STR_ARG(wanted));
		lk_error_hint(err, "choose with --environment: it has %s",
			names.len > 0 ? lk_buf_cstr(&names) : "none");
		return LK_E_USAGE;
	}
	if (names.len > 0) {
		lk_note(f->report, 0,
			"environment " LK_STR_FMT " is taken; --environment takes another: %s",
			LK_STR_ARG(wanted), lk_buf_cstr(&names));
	}
	return 0;
}

int lk_import_read_pixi(struct lk_import_file *f, uint64_t version, struct lk_error *err)
{
	struct reader r = {.f = f, .version = version, .err = err};
	const struct lk_yaml *environment;
	int rc = find_environment(&r, &environment, err);
	if (rc == 0) {
		rc = index_packages(&r);
	}
	if (rc == 0) {
		rc = read_environment(&r, environment);
	}
	lk_map_done(&r.addresses);
	lk_vec_done(&r.entries);
	return rc;
}

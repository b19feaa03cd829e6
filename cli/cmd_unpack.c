/*
 * lockenv unpack: what a bundle holds, into the cache or a folder; listed; checked.
 */
#include "base/fs.h"
#include "base/json.h"
#include "cli/app.h"
#include "cli/bundle_tell.h"
#include "cli/signing.h"
#include "store/bundle_unpack.h"

struct context {
	const char *folder;
	bool list, check, require_signature;
};

struct result {
	struct lk_bundle_unpacked unpacked;
	size_t absent; /* archives that the bundle was packed without */
	const char *to;
};

/* Nothing of the bundle is looked at before its signature, but where its members lie. */
static int open_bundle(struct lk_app *app, const struct context *c, const char *path,
	struct lk_bundle **ret, struct lk_error *err)
{
	int rc = lk_bundle_open(path, ret, err);
	if (rc == LK_E_NOT_FOUND) {
		err->code = LK_E_USAGE;
		lk_error_hint(err, "name the bundle, or of volumes the first");
		return LK_E_USAGE;
	}
	if (rc == LK_E_INTEGRITY && err->hint[0] == '\0') {
		lk_error_hint(err, "copy the bundle again");
	}
	return rc < 0 ? rc
		      : lk_app_check_signature(app, c->require_signature, lk_bundle_path(*ret),
				lk_bundle_manifest_text(*ret), err);
}

/* Packages that a delta left out have to be in the cache already. */
static int check_absent(struct lk_app *app, const struct lk_bundle *bundle,
	const struct lk_cache *cache, struct lk_error *err)
{
	const struct lk_manifest *manifest = lk_bundle_manifest(bundle);
	size_t missing = 0;
	for (size_t i = 0; i < manifest->n_entries; i++) {
		const struct lk_manifest_entry *entry = &manifest->entries[i];
		const struct lk_record record = {
			.fn = lk_manifest_name(entry),
			.has_sha256 = true,
			.sha256 = entry->sha256,
			.has_size = true,
			.size = entry->size,
		};
		if (entry->absent && !lk_cache_has_archive(cache, &record)) {
			lk_warn(&app->report,
				"neither in the bundle nor in the cache: '" LK_STR_FMT "'",
				LK_STR_ARG(record.fn));
			missing++;
		}
	}
	if (missing == 0) {
		return 0;
	}
	lk_fail(err, LK_E_OFFLINE,
		"%zu package%s that '%s' was packed without %s not in the cache '%s'", missing,
		missing == 1 ? "" : "s", lk_bundle_path(bundle), missing == 1 ? "is" : "are",
		lk_cache_names(cache));
	lk_error_hint(err, "unpack the bundles before it, or pack again with a new inventory");
	return LK_E_OFFLINE;
}

static int into_cache(struct lk_app *app, const struct lk_bundle *bundle, struct result *ret,
	struct lk_error *err)
{
	struct lk_cache *cache = NULL;
	int rc = lk_app_cache(app, &cache, err);
	if (rc == 0) {
		ret->to = lk_arena_printf(&app->arena, "%s", lk_cache_path(cache));
		rc = lk_bundle_unpack_cache(
			bundle, cache, app->common.jobs, &app->report, &ret->unpacked, err);
	}
	if (rc == 0) {
		rc = check_absent(app, bundle, cache, err);
	}
	lk_cache_free(cache);
	return rc;
}

static size_t count_absent(const struct lk_manifest *manifest)
{
	size_t n = 0;
	for (size_t i = 0; i < manifest->n_entries; i++) {
		n += manifest->entries[i].absent;
	}
	return n;
}

static void tell_json(
	struct lk_app *app, const struct lk_bundle *bundle, const struct result *result)
{
	const struct lk_manifest *manifest = lk_bundle_manifest(bundle);
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "bundle", lk_str_of(lk_bundle_path(bundle)));
	lk_jw_key_string(&w, "to", lk_str_of(result->to));
	lk_jw_key_uint(&w, "written", result->unpacked.written);
	lk_jw_key_uint(&w, "present", result->unpacked.present);
	lk_jw_key_uint(&w, "bytes", result->unpacked.bytes);
	lk_jw_key_uint(&w, "absent", result->absent);
	lk_jw_key(&w, "locks");
	lk_jw_array(&w);
	for (size_t i = 0; i < manifest->n_locks; i++) {
		lk_jw_string(&w, lk_manifest_name(&manifest->entries[i]));
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void tell(struct lk_app *app, const struct lk_bundle *bundle, const struct result *result,
	bool in_folder)
{
	const struct lk_manifest *manifest = lk_bundle_manifest(bundle);
	struct lk_buf LK_CLEANUP(lk_buf_done) size = LK_BUF_INIT(32);
	lk_buf_put_size(&size, result->unpacked.bytes);
	lk_note(&app->report, 0, "unpacked %zu %s%s (%s) into %s, %zu %s there",
		result->unpacked.written, in_folder ? "file" : "package",
		result->unpacked.written == 1 ? "" : "s", lk_buf_cstr(&size), result->to,
		result->unpacked.present, result->unpacked.present == 1 ? "was" : "were");
	if (in_folder && result->absent > 0) {
		lk_note(&app->report, 0, "%zu package%s not in this bundle: it is a delta",
			result->absent, result->absent == 1 ? " is" : "s are");
	}
	if (manifest->n_locks == 0) {
		return;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) locks = LK_BUF_INIT(4096);
	for (size_t i = 0; i < manifest->n_locks; i++) {
		lk_buf_puts(&locks, i ? ", " : "");
		lk_buf_put(&locks, lk_manifest_name(&manifest->entries[i]));
	}
	if (in_folder) {
		lk_note(&app->report, 0,
			"its locks (%s) are in %s/locks, to be installed with --from %s",
			lk_buf_cstr(&locks), result->to, result->to);
	} else {
		lk_note(&app->report, 0,
			"its locks (%s): 'lockenv install %s' reads them there, -d DIR writes them",
			lk_buf_cstr(&locks), lk_bundle_path(bundle));
	}
}

static int unpack(struct lk_app *app, const struct context *c, const struct lk_bundle *bundle,
	struct lk_error *err)
{
	struct result result = {.to = c->folder};
	result.absent = count_absent(lk_bundle_manifest(bundle));
	int rc = c->folder ? lk_bundle_unpack_folder(bundle, c->folder, app->common.jobs,
				     &app->report, &result.unpacked, err)
			   : into_cache(app, bundle, &result, err);
	if (rc < 0) {
		return rc;
	}
	if (app->common.json) {
		tell_json(app, bundle, &result);
	} else {
		tell(app, bundle, &result, c->folder != NULL);
	}
	return 0;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	if (c->list + c->check + (c->folder != NULL) > 1) {
		lk_fail(err, LK_E_USAGE, "'--list', '--check' and '-d' exclude each other");
		lk_error_hint(err, "give one of them");
		return LK_E_USAGE;
	}
	if (c->check && c->require_signature) {
		lk_fail(err, LK_E_USAGE, "'--check' is about bytes, not about signatures");
		lk_error_hint(err, "use --list with --require-signature");
		return LK_E_USAGE;
	}
	if (c->check) {
		int rc = lk_bundle_tell_check(app, args->items[0], err);
		return rc == LK_E_NOT_FOUND ? LK_E_USAGE : rc;
	}
	struct lk_bundle *LK_CLEANUP(lk_bundle_free_p) bundle = NULL;
	int rc = open_bundle(app, c, args->items[0], &bundle, err);
	if (rc == 0 && c->list) {
		lk_bundle_tell_members(app, bundle);
		return 0;
	}
	return rc < 0 ? rc : unpack(app, c, bundle, err);
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"directory", 'd', LK_OPT_STRING, FIELD(folder), "DIR",
		"all of it into this folder (default: the packages into the cache)", NULL},
	{"list", 0, LK_OPT_FLAG, FIELD(list), NULL, "unpack nothing; list what is in it", NULL},
	{"check", 0, LK_OPT_FLAG, FIELD(check), NULL,
		"unpack nothing; is it whole, and what has to be copied again?", NULL},
	{"require-signature", 0, LK_OPT_FLAG, FIELD(require_signature), NULL,
		"refuse what is not signed (BUNDLE.sig) by a key that is trusted here", NULL},
};

const struct lk_cmd lk_cmd_unpack = {
	.name = "unpack",
	.arguments = "BUNDLE",
	.summary = "a bundle's packages into the cache, or all of it into a folder",
	.description =
		"BUNDLE is what pack wrote; of volumes any one, or their name without the number. "
		"Each file is hashed while it is copied and appears only when it is right; what is "
		"there already with the right bytes stays, so a second run goes on where the "
		"first was broken off. DIR is a cache and a folder for install --from afterwards. "
		"With --check a bundle that is still being copied, or lacks volumes, is held "
		"against its manifest: 0 when it is whole, 6 when some of it is not there yet, 5 "
		"when some of it is damaged; the bytes to be copied again are told.",
	.examples = {"lockenv unpack env.lockpack -d far",
		"lockenv unpack --check /mnt/usb/env.lockpack.001"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};

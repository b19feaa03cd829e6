/*
 * lockenv pack: locks, their archives and an installer in one file for the air gap.
 */
#include <limits.h>

#include "base/fs.h"
#include "base/json.h"
#include "cli/amount.h"
#include "cli/fetching.h"
#include "cli/pack_image.h"
#include "cli/pack_sign.h"
#include "cli/packing.h"

#define DEFAULT_END ".lockpack"

static int parse_size(const char *text, uint64_t *ret, struct lk_error *err)
{
	int rc = lk_size_parse(lk_str_of(text), ret, err);
	if (rc == 0 && *ret == 0) {
		lk_fail(err, LK_E_USAGE, "volumes of no size hold nothing");
		lk_error_hint(err, "write it as 4G (4,000,000,000 bytes) or 700MiB");
		rc = LK_E_USAGE;
	}
	return rc < 0 ? lk_wrap(err, "--volume-size") : 0;
}

/* ---- what is missing ---- */

/* Each is brought by the lock that names it first: its channels know the way. */
static int fetch_missing(struct lk_packing *p, struct lk_error *err)
{
	struct lk_fetch *fetch = NULL;
	int rc = lk_app_fetch(p->app, p->cache, false, &fetch, err);
	for (size_t i = 0; rc == 0 && i < p->n_locks; i++) {
		const struct lk_lock *lock = &p->locks[i].lock;
		struct lk_records records = {0};
		struct lk_fetch_stats stats;
		for (size_t k = 0; k < p->members.len; k++) {
			const struct lk_pack_member *member = &p->members.items[k];
			if (member->lock == lock && !member->found && !p->entries.items[k].absent) {
				lk_vec_push(&records, member->record);
			}
		}
		rc = lk_app_fetch_locked(p->app, fetch, lock, &records, &stats, err);
		lk_vec_done(&records);
	}
	lk_fetch_free(fetch);
	return rc < 0 ? rc : lk_pack_find_missing(p, err);
}

static int fail_missing(struct lk_packing *p, struct lk_error *err)
{
	size_t n = p->missing.len;
	for (size_t i = 0; i < n; i++) {
		lk_warn(&p->app->report, "not in the cache: '" LK_STR_FMT "'",
			LK_STR_ARG(p->missing.items[i]->fn));
	}
	if (n == 1) {
		lk_fail(err, LK_E_OFFLINE, "'" LK_STR_FMT "' is not in the cache",
			LK_STR_ARG(p->missing.items[0]->fn));
	} else {
		lk_fail(err, LK_E_OFFLINE,
			"'" LK_STR_FMT "' and %zu more packages are not in the cache",
			LK_STR_ARG(p->missing.items[0]->fn), n - 1);
	}
	lk_error_hint(err,
		"run 'lockenv fetch' first, pack with --fetch, or name a folder that "
		"has them with --from");
	return LK_E_OFFLINE;
}

static int complete(struct lk_packing *p, struct lk_error *err)
{
	int rc = lk_pack_find(p, err);
	if (rc < 0 || p->missing.len == 0) {
		return rc;
	}
	if (p->options->fetch && p->options->dry_run) {
		return 0;
	}
	if (p->options->fetch) {
		rc = fetch_missing(p, err);
	}
	return rc == 0 && p->missing.len > 0 ? fail_missing(p, err) : rc;
}

/* ---- telling ---- */

struct sums {
	size_t packed, absent;
	uint64_t bytes, absent_bytes;
};

static struct sums sum_archives(const struct lk_manifest *manifest)
{
	struct sums sums = {0};
	size_t first = manifest->n_locks + manifest->n_programs;
	for (size_t i = first; i < manifest->n_entries; i++) {
		const struct lk_manifest_entry *entry = &manifest->entries[i];
		*(entry->absent ? &sums.absent : &sums.packed) += 1;
		*(entry->absent ? &sums.absent_bytes : &sums.bytes) += entry->size;
	}
	return sums;
}

static struct lk_sha256 manifest_hash(const struct lk_manifest *manifest)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_MANIFEST_MAX_BYTES);
	lk_manifest_write(manifest, &text);
	return lk_sha256_of(lk_buf_cstr(&text), text.len);
}

/* The platforms that have a program of this kind. */
static void put_programs(const struct lk_manifest *manifest, enum lk_manifest_kind kind,
	const char *key, struct lk_jw *w)
{
	lk_jw_key(w, key);
	lk_jw_array(w);
	for (size_t i = 0; i < manifest->n_programs; i++) {
		const struct lk_manifest_entry *entry = &manifest->entries[manifest->n_locks + i];
		if (entry->kind == kind) {
			lk_jw_string(w, lk_manifest_name(entry));
		}
	}
	lk_jw_end(w);
}

static void put_members(
	const struct lk_packing *p, const struct lk_manifest *manifest, struct lk_jw *w)
{
	lk_jw_key(w, "locks");
	lk_jw_array(w);
	for (size_t i = 0; i < manifest->n_locks; i++) {
		const struct lk_manifest_entry *entry = &manifest->entries[i];
		uint32_t index = lk_map_get(&p->by_path, entry->path);
		lk_jw_object(w);
		lk_jw_key_string(w, "name", lk_manifest_name(entry));
		lk_jw_key_string(w, "file", lk_str_of(p->members.items[index].file));
		lk_jw_strings(w, "platforms", entry->platforms.items, entry->platforms.n);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	put_programs(manifest, LK_MANIFEST_INSTALLER, "installers", w);
	put_programs(manifest, LK_MANIFEST_SMOKE, "smoke_tests", w);
}

static void tell_json(const struct lk_packing *p, const struct lk_manifest *manifest, uint64_t size,
	size_t n_volumes)
{
	const struct sums sums = sum_archives(manifest);
	struct lk_sha256 hash = manifest_hash(manifest);
	struct lk_jw w;
	lk_jw_init(&w, &p->app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "bundle", lk_str_of(p->options->output));
	lk_jw_key(&w, "dry_run");
	lk_jw_bool(&w, p->options->dry_run);
	lk_jw_key_uint(&w, "size", size);
	lk_jw_key_uint(&w, "volumes", n_volumes);
	lk_jw_key_hex(&w, "manifest_sha256", hash.bytes, LK_SHA256_LEN);
	lk_jw_opt_string(&w, "signed_by", lk_str_of(p->signing->fingerprint));
	put_members(p, manifest, &w);
	lk_jw_key_uint(&w, "archives", sums.packed);
	lk_jw_key_uint(&w, "archives_bytes", sums.bytes);
	lk_jw_key_uint(&w, "absent", sums.absent);
	lk_jw_key_uint(&w, "absent_bytes", sums.absent_bytes);
	if (p->options->dry_run && p->options->fetch) {
		lk_jw_key(&w, "would_fetch");
		lk_jw_array(&w);
		for (size_t i = 0; i < p->missing.len; i++) {
			lk_jw_string(&w, p->missing.items[i]->url);
		}
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_buf_putc(&p->app->out, '\n');
}

static void tell(
	const struct lk_packing *p, const struct lk_manifest *manifest, uint64_t volume_size)
{
	uint64_t size = lk_bundle_size_of(manifest);
	size_t n_volumes = lk_bundle_volumes_of(size, volume_size);
	if (p->app->common.json) {
		tell_json(p, manifest, size, n_volumes);
		return;
	}
	const struct lk_report *report = &p->app->report;
	const struct sums sums = sum_archives(manifest);
	for (size_t i = 0; p->options->dry_run && i < p->missing.len; i++) {
		lk_note(report, 0, "would fetch '" LK_STR_FMT "'",
			LK_STR_ARG(p->missing.items[i]->url));
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(512);
	lk_buf_appendf(&text, "%s %s: ", p->options->dry_run ? "would pack" : "packed",
		p->options->output);
	lk_buf_put_size(&text, size);
	if (volume_size > 0) {
		lk_buf_appendf(&text, " in %zu volume%s", n_volumes, n_volumes == 1 ? "" : "s");
	}
	lk_buf_appendf(&text, ", %zu lock%s, %zu program%s, %zu package%s", manifest->n_locks,
		manifest->n_locks == 1 ? "" : "s", manifest->n_programs,
		manifest->n_programs == 1 ? "" : "s", sums.packed, sums.packed == 1 ? "" : "s");
	if (p->options->delta.len > 0) {
		lk_buf_appendf(&text, "; %zu left out (", sums.absent);
		lk_buf_put_size(&text, sums.absent_bytes);
		lk_buf_puts(&text, ")");
	}
	lk_note(report, 0, "%s", lk_buf_cstr(&text));
	if (p->signing->wanted) {
		lk_note(report, 0, "%s by %s: %s.sig",
			p->options->dry_run ? "would sign" : "signed", p->signing->fingerprint,
			p->options->output);
	}
}

/* ---- the command ---- */

static int write_bundle(struct lk_packing *p, const struct lk_manifest *manifest,
	uint64_t volume_size, struct lk_error *err)
{
	const struct lk_bundle_write_options options = {
		.volume_size = volume_size, .jobs = p->app->common.jobs};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_MANIFEST_MAX_BYTES);
	const struct lk_manifest_entry *wrong = NULL;
	lk_manifest_write(manifest, &text);
	int rc = lk_pack_sign_prepare(p->signing, p->options->output, lk_buf_view(&text), err);
	if (rc == 0) {
		rc = lk_bundle_write(manifest, p->options->output, lk_pack_open, p, &options,
			&p->app->report, &wrong, err);
	}
	if (wrong && rc == LK_E_INTEGRITY) {
		return lk_pack_set_aside(p, wrong, err);
	}
	return rc < 0 ? rc : lk_pack_sign_publish(p->signing, err);
}

static int pack(struct lk_packing *p, const struct lk_args *locks, uint64_t volume_size,
	struct lk_error *err)
{
	struct lk_manifest manifest = {0};
	int rc = lk_pack_add_locks(p, locks, err);
	if (rc == 0) {
		rc = lk_pack_leave_out(p, err);
	}
	if (rc == 0) {
		rc = lk_pack_add_installers(p, err);
	}
	if (rc == 0) {
		rc = complete(p, err);
	}
	if (rc == 0) {
		rc = lk_manifest_make(p->entries.items, p->entries.len, &manifest, err);
	}
	if (rc == 0 && !p->options->dry_run) {
		rc = write_bundle(p, &manifest, volume_size, err);
	}
	if (rc == 0) {
		tell(p, &manifest, volume_size);
	}
	lk_manifest_done(&manifest);
	return rc;
}

/* What only images have. */
static int check_options(const struct lk_pack_options *options, struct lk_error *err)
{
	const char *other = options->prefix ? "--prefix"
		: options->compress         ? "--compress"
		: options->no_compile       ? "--no-compile"
					    : NULL;
	if (!other) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "%s is for images, not for bundles", other);
	lk_error_hint(err, "add --format squashfs, or leave it out");
	return LK_E_USAGE;
}

static int check_source(
	const struct lk_pack_options *options, const char *source, struct lk_error *err)
{
	static const char *const ends[] = {"", ".sig", ".001"};
	for (size_t i = 0; source && i < LK_COUNTOF(ends); i++) {
		char *LK_AUTO_FREE file = lk_asprintf("%s%s", options->output, ends[i]);
		if (lk_fs_same_file(source, file)) {
			lk_fail(err, LK_E_USAGE,
				"'%s' goes into what is packed, which would replace it", source);
			lk_error_hint(err, "give another file with -o");
			return LK_E_USAGE;
		}
	}
	return 0;
}

/* Nothing that is read may be what is written. */
static int check_sources(
	const struct lk_pack_options *options, const struct lk_args *locks, struct lk_error *err)
{
	const struct lk_args *lists[] = {locks, &options->from, &options->delta};
	int rc = check_source(options, options->sign, err);
	for (size_t i = 0; i < LK_COUNTOF(lists); i++) {
		for (size_t k = 0; rc == 0 && k < lists[i]->len; k++) {
			rc = check_source(options, lists[i]->items[k], err);
		}
	}
	for (size_t i = 0; rc == 0 && i < options->installers.len; i++) {
		const char *equals = strchr(options->installers.items[i], '=');
		rc = check_source(options, equals ? equals + 1 : NULL, err);
	}
	return rc;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct lk_pack_options *options = context;
	uint64_t volume_size = 0;
	if (!options->output) {
		lk_fail(err, LK_E_USAGE, "no file to write given");
		lk_error_hint(err, "say where with -o, such as -o env" DEFAULT_END);
		return LK_E_USAGE;
	}
	int rc = check_sources(options, args, err);
	if (rc == 0) {
		rc = lk_fs_check_replaceable(AT_FDCWD, options->output, err);
	}
	if (rc == 0 && options->format && strcmp(options->format, "squashfs") == 0) {
		return lk_pack_image(app, options, args, err);
	}
	rc = rc < 0 ? rc : check_options(options, err);
	if (rc == 0 && options->volume_size) {
		rc = parse_size(options->volume_size, &volume_size, err);
	}
	if (rc == 0) {
		struct lk_pack_signing LK_CLEANUP(lk_pack_sign_done) signing = {0};
		struct lk_packing p = {.app = app, .options = options, .signing = &signing};
		rc = lk_pack_sign_open(app, options->sign, &signing, err);
		rc = rc < 0 ? rc : pack(&p, args, volume_size, err);
		lk_pack_done(&p);
	}
	return rc;
}

#define FIELD(name) offsetof(struct lk_pack_options, name)

static const struct lk_opt options[] = {
	{"output", 'o', LK_OPT_STRING, FIELD(output), "FILE", "the bundle to write", NULL},
	{"platform", 0, LK_OPT_LIST, FIELD(platforms), "P",
		"this platform of the locks only; repeatable (default: all)", NULL},
	{"from", 0, LK_OPT_LIST, FIELD(from), "DIR|BUNDLE",
		"take packages that the cache lacks from here; repeatable", NULL},
	{"fetch", 0, LK_OPT_FLAG, FIELD(fetch), NULL, "download what is missing into the cache",
		NULL},
	{"delta-from", 0, LK_OPT_LIST, FIELD(delta), "FILE",
		"leave out what this inventory or bundle of the far side has; repeatable", NULL},
	{"volume-size", 0, LK_OPT_STRING, FIELD(volume_size), "SIZE",
		"cut into FILE.001, FILE.002 … of this size: 4G, 700MiB", NULL},
	{"installer", 0, LK_OPT_LIST, FIELD(installers), "P=FILE",
		"the static lockenv-install for platform P, and the lockenv-smoke beside it; "
		"repeatable",
		NULL},
	{"no-installer", 0, LK_OPT_FLAG, FIELD(no_installer), NULL,
		"take no programs but those of --installer", NULL},
	{"sign", 0, LK_OPT_STRING, FIELD(sign), "KEY",
		"write FILE.sig with this private Ed25519 key (default: LOCKENV_SIGN_KEY)", NULL},
	{"format", 0, LK_OPT_STRING, FIELD(format), "FORM",
		"a bundle, or the environment as an image to mount at PREFIX", "lockpack|squashfs"},
	{"prefix", 'p', LK_OPT_STRING, FIELD(prefix), "PREFIX",
		"of an image: where it will be mounted; nothing need be there", NULL},
	{"compress", 0, LK_OPT_STRING, FIELD(compress), "HOW",
		"of an image (default: zstd, which needs Linux 4.14)", "zstd|xz|gzip|lz4|lzo"},
	{"no-compile", 0, LK_OPT_FLAG, FIELD(no_compile), NULL,
		"of an image: do not compile noarch python packages", NULL},
	{"dry-run", 0, LK_OPT_FLAG, FIELD(dry_run), NULL,
		"write nothing, fetch nothing; tell what would be packed", NULL},
};

const struct lk_cmd lk_cmd_pack = {
	.name = "pack",
	.arguments = "LOCK... -o FILE",
	.summary = "locks, packages and installer in one file for the air gap",
	.description =
		"Writes a bundle: a tar that holds the locks, the packages of their platforms as "
		"they came, a static lockenv-install and lockenv-smoke for these platforms, and a "
		"MANIFEST with "
		"sizes and SHA-256 that sha256sum can check. The same locks give the same bytes. "
		"Packages come from the cache; each is hashed while it is copied, and FILE appears "
		"only when all are right. What is missing is listed at once. With --delta-from "
		"only what the far side lacks is packed; of several lists a package must be in "
		"all. --sign signs the MANIFEST as ssh-keygen -Y sign -n lockenv or openssl "
		"pkeyutl -sign -rawin would, as the key is one of ssh-keygen or PEM. --format "
		"squashfs makes an image of the installed environment instead, with mksquashfs.",
	.examples = {"lockenv pack env.lock -o env.lockpack",
		"lockenv pack a.lock b.lock --platform linux-64 --volume-size 4G -o both.lockpack"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct lk_pack_options),
	.min_args = 1,
	.max_args = UINT_MAX,
	.run = run,
};

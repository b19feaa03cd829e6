/*
 * Packages that specs name by address: fetched, hashed, and described by their own info/index.json.
 */
#include "cli/solve_artifacts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/solve_request_priv.h"
#include "conda/package.h"
#include "conda/subdir.h"
#include "store/archive.h"

#define INDEX_MAX ((size_t)16 << 20) /* bytes of info/index.json */

static bool is_variable_char(char c)
{
	return lk_is_alnum(c) || c == '_';
}

/* The value of "$NAME" or "${NAME}" at the start of TEXT and how long that is; NULL when there is
 * no such variable. */
static const char *variable_at(struct lk_app *app, lk_str text, size_t *ret_len)
{
	bool braced = text.len > 1 && text.ptr[1] == '{';
	size_t start = braced ? 2 : 1;
	size_t end = start;
	while (end < text.len && is_variable_char(text.ptr[end])) {
		end++;
	}
	if (end == start || (braced && (end == text.len || text.ptr[end] != '}'))) {
		return NULL;
	}
	*ret_len = end + braced;
	return getenv(lk_arena_strndup(&app->arena, text.ptr + start, end - start));
}

/* A path with "~" and "$NAME" replaced (CEP 23); a URL as it is. */
static lk_str expand(struct lk_app *app, lk_str reference)
{
	if (lk_str_find(reference, LK_STR("://")) != SIZE_MAX) {
		return reference;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(LK_SPEC_MAX_LEN);
	lk_str path = lk_str_of(lk_app_expand_home(app, reference));
	for (size_t i = 0; i < path.len;) {
		size_t len = 0;
		const char *value =
			path.ptr[i] == '$' ? variable_at(app, lk_str_skip(path, i), &len) : NULL;
		if (value) {
			lk_buf_puts(&out, value);
			i += len;
		} else {
			lk_buf_putc(&out, path.ptr[i++]);
		}
	}
	return lk_str_dup(&app->arena, lk_buf_view(&out));
}

static const struct lk_solve_artifact *find_artifact(
	const struct lk_solve_request *request, lk_str url)
{
	uint32_t index = lk_map_get(&request->artifact_index, url);
	return index == LK_MAP_NONE ? NULL : &request->artifacts.items[index];
}

/* Is it a package that can be read at all? */
static int check_file(const struct lk_solve_maker *m, const struct lk_artifact *address)
{
	lk_str path;
	enum lk_archive_kind kind = lk_archive_kind_of(address->fn, NULL);
	if (kind != LK_ARCHIVE_CONDA && kind != LK_ARCHIVE_TAR_BZ2) {
		lk_fail(m->err, LK_E_USAGE, "'" LK_STR_FMT "' is no .conda and no .tar.bz2",
			LK_STR_ARG(address->url));
		lk_error_hint(m->err, "only these archives can be installed");
		return LK_E_USAGE;
	}
	if (!lk_url_to_path(address->url, &m->request->arena, &path)) {
		return 0;
	}
	struct stat st;
	const char *name = lk_arena_strndup(&m->request->arena, path.ptr, path.len);
	if (m->options->lock || (stat(name, &st) == 0 && S_ISREG(st.st_mode))) {
		return 0;
	}
	lk_fail(m->err, LK_E_USAGE, "there is no file '%s'", name);
	lk_error_hint(m->err, "check the path; it counts from the working directory");
	return LK_E_USAGE;
}

/* Notes what the spec *TEXT names by address; the spec then says that address in full. */
static int gather_artifact(const struct lk_solve_maker *m, lk_str *text)
{
	struct lk_solve_request *r = m->request;
	const struct lk_matchspec *spec;
	int rc = lk_matchspec_parse(*text, LK_SPEC_USER, &r->arena, &spec, m->err);
	if (rc < 0 || spec->url.len == 0) {
		return rc;
	}
	struct lk_solve_artifact artifact = {.spec = spec};
	rc = lk_artifact_resolve(
		expand(m->app, spec->url), r->alias, &r->arena, &artifact.address, m->err);
	if (rc == 0) {
		rc = check_file(m, &artifact.address);
	}
	if (rc < 0) {
		return rc;
	}
	if (!lk_str_eq(artifact.address.url, spec->url)) {
		struct lk_matchspec resolved = *spec;
		resolved.url = artifact.address.url;
		*text = lk_solve_spell(&resolved, &r->arena);
	}
	uint32_t next = (uint32_t)r->artifacts.len;
	if (lk_map_add(&r->artifact_index, artifact.address.url, next) == next) {
		lk_vec_push(&r->artifacts, artifact);
	}
	return 0;
}

/* NAME, or with a number behind it what no channel is named yet. */
static lk_str free_name(const struct lk_solve_request *r, lk_str name, struct lk_arena *arena)
{
	lk_str candidate = name;
	for (unsigned n = 2;; n++) {
		bool taken = false;
		for (size_t i = 0; i < r->all_channels.len; i++) {
			taken = taken || lk_str_eq(r->all_channels.items[i].name, candidate);
		}
		if (!taken) {
			return candidate;
		}
		candidate = lk_str_printf(arena, LK_STR_FMT "-%u", LK_STR_ARG(name), n);
	}
}

/* The channel of the request that the artifact lies in, or one more that none but it is in. */
static void place(struct lk_solve_request *r, struct lk_solve_artifact *artifact)
{
	struct lk_channel channel = artifact->address.channel;
	for (size_t i = 0; i < r->all_channels.len; i++) {
		if (lk_str_eq(r->all_channels.items[i].url, channel.url)) {
			artifact->channel = (unsigned)i;
			return;
		}
	}
	bool unnamed = lk_str_find(channel.name, LK_STR("://")) != SIZE_MAX;
	channel.name = free_name(r, unnamed ? LK_STR("local") : channel.name, &r->arena);
	artifact->channel = (unsigned)r->all_channels.len;
	lk_vec_push(&r->all_channels, channel);
}

int lk_solve_gather_artifacts(const struct lk_solve_maker *m)
{
	struct lk_solve_request *r = m->request;
	for (size_t t = 0; t < r->n_targets; t++) {
		for (size_t i = 0; i < r->targets[t].specs.len; i++) {
			int rc = gather_artifact(m, &r->targets[t].specs.items[i]);
			if (rc < 0) {
				return rc;
			}
		}
	}
	return 0;
}

static void place_all(struct lk_solve_request *request)
{
	for (size_t i = 0; i < request->channels.len; i++) {
		lk_vec_push(&request->all_channels, request->channels.items[i]);
	}
	for (size_t i = 0; i < request->artifacts.len; i++) {
		place(request, &request->artifacts.items[i]);
	}
}

static bool is_local(const struct lk_record *record)
{
	return lk_str_starts(record->url, LK_STR("file:"));
}

static bool is_updated(const struct lk_solve_request *r, lk_str name)
{
	bool updated = r->update_all;
	for (size_t i = 0; i < r->update.len; i++) {
		updated = updated || lk_str_eq(r->update.items[i], name);
	}
	return updated;
}

/* The bytes that the old lock holds for RECORD's address, if the cache has them: what is locked is
 * not fetched again. A local file is always looked at: it is built anew and costs nothing. */
static void take_locked_hash(
	const struct lk_solve_request *r, struct lk_cache *cache, struct lk_record *record)
{
	for (size_t p = 0; r->has_old && p < r->old.n_platforms; p++) {
		const struct lk_record *locked =
			lk_lock_find_package(&r->old.platforms[p], record->name);
		bool same_md5 = locked && locked->has_md5 && record->has_md5 &&
			memcmp(&locked->md5, &record->md5, sizeof(locked->md5)) == 0;
		if (locked && lk_str_eq(locked->url, record->url) &&
			(same_md5 || !record->has_md5) && lk_cache_has_archive(cache, locked)) {
			record->has_sha256 = true;
			record->sha256 = locked->sha256;
			record->has_md5 = locked->has_md5;
			record->md5 = locked->md5;
			return;
		}
	}
}

/* What is known of the artifact before its bytes are. */
static void begin_record(const struct lk_solve_request *r, struct lk_cache *cache,
	struct lk_solve_artifact *artifact)
{
	const struct lk_matchspec *spec = artifact->spec;
	struct lk_record *record = &artifact->record;
	*record = (struct lk_record){
		.name = spec->name,
		.fn = artifact->address.fn,
		.channel = r->all_channels.items[artifact->channel].name,
		.url = artifact->address.url,
		.has_md5 = spec->has_md5,
		.md5 = spec->md5,
		.has_sha256 = spec->has_sha256,
		.sha256 = spec->sha256,
	};
	if (!record->has_sha256 && !is_local(record) && !is_updated(r, record->name)) {
		take_locked_hash(r, cache, record);
	}
}

/* Brings all archives into the cache; their hashes are known then. */
static int fetch_all(struct lk_solve_request *r, struct lk_fetch *fetch, struct lk_arena *arena,
	struct lk_error *err)
{
	size_t n = r->artifacts.len;
	struct lk_record *hashed = lk_arena_calloc(arena, n, sizeof(*hashed));
	const struct lk_record **others = lk_arena_calloc(arena, n, sizeof(*others));
	struct lk_record **targets = lk_arena_calloc(arena, n, sizeof(*targets));
	struct lk_sha256 *hashes = lk_arena_calloc(arena, n, sizeof(*hashes));
	size_t n_hashed = 0;
	size_t n_others = 0;
	for (size_t i = 0; i < n; i++) {
		struct lk_record *record = &r->artifacts.items[i].record;
		if (record->has_sha256) {
			hashed[n_hashed++] = *record;
		} else {
			others[n_others] = record;
			targets[n_others++] = record;
		}
	}
	struct lk_fetch_stats ignored;
	int rc = lk_fetch_packages(
		fetch, r->all_channels.items, r->all_channels.len, hashed, n_hashed, &ignored, err);
	if (rc == 0 && n_others > 0) {
		rc = lk_fetch_hashes(fetch, r->all_channels.items, r->all_channels.len, others,
			n_others, hashes, err);
	}
	for (size_t i = 0; rc == 0 && i < n_others; i++) {
		targets[i]->has_sha256 = true;
		targets[i]->sha256 = hashes[i];
	}
	return rc;
}

static int read_index(const struct lk_cache *cache, const struct lk_record *record,
	struct lk_arena *arena, struct lk_record *ret, uint64_t *ret_size, struct lk_error *err)
{
	struct lk_blob blob;
	const char *fn = lk_arena_strndup(arena, record->fn.ptr, record->fn.len);
	int rc = lk_cache_open_archive(cache, record, &blob, err);
	if (rc < 0) {
		return rc;
	}
	*ret_size = blob.size;
	struct lk_archive *LK_CLEANUP(lk_archive_free_p) archive = NULL;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(INDEX_MAX);
	rc = lk_archive_open(&blob, fn, lk_archive_kind_of(record->fn, NULL), &archive, err);
	if (rc == 0) {
		rc = lk_archive_find(archive, "info/index.json", &text, err);
	}
	return rc < 0 ? rc : lk_package_read_index(lk_buf_view(&text), fn, arena, ret, err);
}

/* The folder's subdir, for an archive that does not say its own. */
static lk_str subdir_of(const struct lk_record *index, lk_str url)
{
	lk_str folder = lk_str_slice(url, 0, lk_str_rfind_char(url, '/'));
	lk_str last = lk_str_skip(folder, lk_str_rfind_char(folder, '/') + 1);
	return index->subdir.len > 0 || !lk_subdir_is_known(last) ? index->subdir : last;
}

/* Fills the record from the archive. */
static int complete_record(const struct lk_cache *cache, struct lk_solve_artifact *artifact,
	struct lk_arena *arena, struct lk_error *err)
{
	struct lk_record *record = &artifact->record;
	struct lk_record index;
	int rc = read_index(cache, record, arena, &index, &record->size, err);
	if (rc < 0) {
		return rc;
	}
	if (!lk_str_eq(index.name, artifact->spec->name)) {
		lk_fail(err, LK_E_INTEGRITY,
			"'" LK_STR_FMT "' is the package '" LK_STR_FMT "', not '" LK_STR_FMT "'",
			LK_STR_ARG(record->url), LK_STR_ARG(index.name),
			LK_STR_ARG(artifact->spec->name));
		lk_error_hint(err, "a package's file is named name-version-build");
		return LK_E_INTEGRITY;
	}
	index.fn = record->fn;
	index.channel = record->channel;
	index.url = record->url;
	index.subdir = subdir_of(&index, record->url);
	index.has_size = true;
	index.size = record->size;
	index.has_sha256 = true;
	index.sha256 = record->sha256;
	index.has_md5 = record->has_md5;
	index.md5 = record->md5;
	*record = index;
	return 0;
}

/* A date holds back what nobody asked for; an address asks for just this. */
static void tell_newer(struct lk_app *app, const struct lk_solve_request *r)
{
	for (size_t i = 0; r->exclude_newer && i < r->artifacts.len; i++) {
		const struct lk_record *record = &r->artifacts.items[i].record;
		if (lk_record_time(record) > r->exclude_newer) {
			lk_note(&app->report, 0,
				"'" LK_STR_FMT "' is taken though it is newer than exclude-newer",
				LK_STR_ARG(record->url));
		}
	}
}

int lk_solve_load_artifacts(struct lk_app *app, struct lk_solve_request *request,
	struct lk_cache *cache, struct lk_fetch *fetch, struct lk_error *err)
{
	place_all(request);
	if (request->artifacts.len == 0) {
		return 0;
	}
	for (size_t i = 0; i < request->artifacts.len; i++) {
		begin_record(request, cache, &request->artifacts.items[i]);
	}
	int rc = fetch_all(request, fetch, &app->arena, err);
	for (size_t i = 0; rc == 0 && i < request->artifacts.len; i++) {
		rc = complete_record(cache, &request->artifacts.items[i], &request->arena, err);
	}
	if (rc == 0) {
		tell_newer(app, request);
	}
	return rc;
}

static int artifact_records(void *ctx, lk_str name, struct lk_arena *arena, struct lk_records *ret,
	struct lk_error *err)
{
	const struct lk_solve_artifact *artifact = ctx;
	(void)arena;
	(void)err;
	if (lk_str_eq(artifact->record.name, name)) {
		lk_vec_push(ret, artifact->record);
	}
	return 0;
}

int lk_solve_artifact_sources(const struct lk_solve_request *request,
	const struct lk_solve_target *target, const struct lk_matchspec *const *specs,
	struct lk_source *ret, size_t *ret_n, struct lk_error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < target->specs.len; i++) {
		const struct lk_solve_artifact *artifact = find_artifact(request, specs[i]->url);
		if (!artifact) {
			continue;
		}
		lk_str subdir = artifact->record.subdir;
		if (!lk_str_eq(subdir, target->subdir) && !lk_str_is(subdir, "noarch")) {
			lk_fail(err, LK_E_UNSAT,
				"'" LK_STR_FMT "' is for '" LK_STR_FMT "', not for " LK_STR_FMT,
				LK_STR_ARG(artifact->record.url), LK_STR_ARG(subdir),
				LK_STR_ARG(target->subdir));
			lk_error_hint(err, "name another package, or solve for its platform alone");
			return LK_E_UNSAT;
		}
		ret[n++] = (struct lk_source){.ctx = (void *)artifact,
			.records = artifact_records,
			.channel = artifact->channel};
	}
	*ret_n = n;
	return 0;
}

/* Leaves out what a channel tells of an artifact that is in REACHED: its archive's word counts. */
static void drop_others(struct lk_reach *reach, struct lk_reached *reached,
	const struct lk_solve_artifact *artifact)
{
	struct lk_record *records = lk_arena_calloc(&reach->arena, reached->n, sizeof(*records));
	unsigned *channels = lk_arena_calloc(&reach->arena, reached->n, sizeof(*channels));
	size_t n = 0;
	bool seen = false;
	for (size_t i = 0; i < reached->n; i++) {
		bool same = lk_str_eq(reached->records[i].url, artifact->record.url);
		if (!same || !seen) {
			records[n] = reached->records[i];
			channels[n++] = reached->channels[i];
		}
		seen = seen || same;
	}
	reach->n_records -= reached->n - n;
	reached->records = records;
	reached->channels = channels;
	reached->n = n;
}

void lk_solve_prefer_artifacts(const struct lk_solve_request *request, struct lk_reach *reach)
{
	for (size_t i = 0; i < request->artifacts.len; i++) {
		const struct lk_solve_artifact *artifact = &request->artifacts.items[i];
		const struct lk_reached *reached = lk_reach_find(reach, artifact->record.name);
		if (reached) {
			drop_others(reach, &reach->names[reached - reach->names], artifact);
		}
	}
}

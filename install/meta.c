/*
 * Records and history.
 */
#include "install/meta.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/sort.h"
#include "base/workers.h"
#include "conda/history.h"
#include "install/stamp.h"
#include "install/write.h"

#define MAX_HISTORY_BYTES ((size_t)64 << 20)

/* Records on their way out of a prefix. */
struct reading {
	int meta_fd;
	const struct lk_strs *names;
	struct read_one {
		struct lk_prefix_record record;
		bool read;
		struct lk_error *why; /* it is damaged; or NULL */
	} * items;                    /* one for each name */
};

static int read_record(void *ctx, size_t index, struct lk_error *err)
{
	struct reading *reading = ctx;
	struct read_one *item = &reading->items[index];
	lk_str name = reading->names->items[index];
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_PREFIX_RECORD_MAX_BYTES);
	if (!lk_str_ends(name, LK_STR(".json"))) {
		return 0;
	}
	char *LK_AUTO_FREE shown = lk_asprintf("conda-meta/%s", name.ptr);
	int rc = lk_fs_read_beneath(reading->meta_fd, name.ptr, &text, err);
	if (rc == 0) {
		rc = lk_prefix_record_parse(lk_buf_view(&text), shown, &item->record, err);
	}
	item->read = rc == 0;
	if (rc == LK_E_FORMAT) {
		item->why = lk_calloc(1, sizeof(*item->why));
		*item->why = *err;
		lk_error_clear(err);
		rc = 0;
	}
	return rc;
}

/* Joins them in their order. REPORT: it is warned about a damaged record, which is passed over;
 * NULL: it is an error. */
static int join_records(const struct reading *reading, const struct lk_report *report,
	struct lk_prefix_records *out, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; i < reading->names->len; i++) {
		const struct read_one *item = &reading->items[i];
		if (item->read) {
			lk_vec_push(out, item->record);
		} else if (item->why != NULL && report != NULL) {
			lk_warn(report, "%s: %s", item->why->file, item->why->message);
		} else if (item->why != NULL && rc == 0) {
			*err = *item->why;
			rc = err->code;
			lk_error_hint(
				err, "the lock mends it: lockenv verify --repair PREFIX LOCK");
		}
		lk_free(item->why);
	}
	return rc;
}

int lk_meta_open(int prefix_fd, int *ret, struct lk_error *err)
{
	struct stat status;
	int rc = lk_fs_open_beneath(prefix_fd, "conda-meta", O_RDONLY | O_DIRECTORY, 0, ret, err);
	if (rc == LK_E_FS && fstatat(prefix_fd, "conda-meta", &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		!S_ISDIR(status.st_mode)) {
		lk_error_clear(err);
		lk_fail(err, LK_E_USAGE, "'conda-meta' is %s, not a directory",
			S_ISLNK(status.st_mode) ? "a symlink" : "a file");
		lk_error_hint(err, "move the directory itself there, with its records");
		rc = LK_E_USAGE;
	}
	return rc;
}

static int read_records(unsigned jobs, int prefix_fd, const struct lk_report *report,
	struct lk_prefix_records *ret, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_prefix_records records = {0};
	struct lk_strs names = {0};
	int LK_AUTO_CLOSE meta = -1;
	int rc = lk_meta_open(prefix_fd, &meta, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		*ret = records;
		return 0;
	}
	if (rc == 0) {
		rc = lk_fs_list(meta, ".", &arena, &names, err);
	}
	struct reading reading = {meta, &names, lk_calloc(names.len, sizeof(*reading.items))};
	if (rc == 0) {
		struct lk_error damage = LK_ERROR_INIT;
		rc = lk_workers_run(jobs, names.len, read_record, &reading, err);
		int joined = join_records(&reading, report, &records, &damage);
		if (rc == 0 && joined < 0) {
			*err = damage;
			rc = joined;
		}
	}
	lk_free(reading.items);
	lk_vec_done(&names);
	if (rc < 0) {
		lk_prefix_records_done(&records);
		return rc;
	}
	*ret = records;
	return 0;
}

int lk_meta_read(unsigned jobs, int prefix_fd, struct lk_prefix_records *ret, struct lk_error *err)
{
	return read_records(jobs, prefix_fd, NULL, ret, err);
}

int lk_meta_read_sound(unsigned jobs, int prefix_fd, const struct lk_report *report,
	struct lk_prefix_records *ret, struct lk_error *err)
{
	return read_records(jobs, prefix_fd, report, ret, err);
}

struct lk_str_list lk_meta_asked(const struct lk_prefix_records *records, struct lk_arena *arena)
{
	struct lk_map LK_CLEANUP(lk_map_done) known = {0};
	size_t max = 0;
	for (size_t i = 0; i < records->len; i++) {
		max += records->items[i].requested_specs.n;
	}
	lk_str *items = lk_arena_calloc(arena, max + 1, sizeof(*items));
	uint32_t n = 0;
	for (size_t i = 0; i < records->len; i++) {
		const struct lk_str_list *specs = &records->items[i].requested_specs;
		for (size_t k = 0; k < specs->n; k++) {
			if (lk_map_add(&known, specs->items[k], n) == n) {
				items[n++] = specs->items[k];
			}
		}
	}
	return (struct lk_str_list){items, n};
}

void lk_prefix_records_done(struct lk_prefix_records *records)
{
	for (size_t i = 0; i < records->len; i++) {
		lk_prefix_record_done(&records->items[i]);
	}
	lk_vec_done(records);
}

/* What the record says of the file as it was shipped. */
static void tell_shipped(const struct lk_layout_package *package,
	const struct lk_package_path *source, struct lk_prefix_path *path)
{
	path->prefix_mode = source->prefix_mode;
	path->placeholder = source->placeholder;
	path->no_link = source->no_link;
	path->has_sha256 = source->has_sha256;
	path->sha256 = source->sha256;
	path->has_size = source->has_size;
	path->size = source->size;
	if (package->files && source->type == LK_PATH_FILE) {
		/* Archives without paths.json do not tell; and where theirs is wrong
		 * (safety_warn), this is what lies there. */
		const struct lk_tree_file *file = &package->files[source - package->package->paths];
		path->has_sha256 = true;
		path->sha256 = file->sha256;
		path->has_size = true;
		path->size = file->size;
	}
}

static struct lk_prefix_path path_of(
	const struct lk_layout_package *package, const struct lk_entry *entry)
{
	static const enum lk_installed_type types[] = {
		[LK_ENTRY_FILE] = LK_INSTALLED_FILE,
		[LK_ENTRY_PATCHED] = LK_INSTALLED_FILE,
		[LK_ENTRY_SOFTLINK] = LK_INSTALLED_SOFTLINK,
		[LK_ENTRY_DIRECTORY] = LK_INSTALLED_DIRECTORY,
		[LK_ENTRY_SCRIPT] = LK_INSTALLED_ENTRY_POINT,
		[LK_ENTRY_PYC] = LK_INSTALLED_PYC,
	};
	struct lk_prefix_path path = {.path = entry->path,
		.original_path = entry->original_path,
		.type = types[entry->kind]};
	if (entry->source != NULL && entry->kind != LK_ENTRY_PYC) {
		tell_shipped(package, entry->source, &path);
	} else {
		path.has_size = true;
		path.size = entry->size;
	}
	if (path.type == LK_INSTALLED_FILE || path.type == LK_INSTALLED_ENTRY_POINT ||
		path.type == LK_INSTALLED_PYC) {
		path.has_sha256_in_prefix = true;
		path.sha256_in_prefix = entry->sha256;
		path.executable = (entry->mode & 0111) != 0;
	} else if (path.type == LK_INSTALLED_SOFTLINK) {
		path.target = entry->target;
	}
	return path;
}

/* "https://conda.anaconda.org/conda-forge/linux-64": where the package came from. */
static lk_str channel_of(
	const struct lk_meta_source *source, const struct lk_record *record, struct lk_arena *arena)
{
	for (size_t i = 0; i < source->n_channels; i++) {
		if (lk_str_eq(source->channels[i].name, record->channel)) {
			return lk_str_printf(arena, LK_STR_FMT "/" LK_STR_FMT,
				LK_STR_ARG(source->channels[i].url), LK_STR_ARG(record->subdir));
		}
	}
	return lk_path_dirname(record->url);
}

struct entry_refs LK_VEC_OF(const struct lk_entry *);

/* The records on their way; what each worker needs an arena for is made before. */
struct writing {
	const struct lk_meta_source *source;
	struct entry_refs *entries; /* one for each package; so are those below */
	lk_str *channels;
	struct lk_str_list *requested;
	struct lk_tree_line *lines;
	struct lk_sha256 *written;
	uint32_t *turns; /* the packages, those with most paths first */
	struct lk_tree_text *text;
};

static int cmp_turn(const void *a, const void *b, void *ctx)
{
	const struct writing *writing = ctx;
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;
	if (writing->entries[x].len != writing->entries[y].len) {
		return writing->entries[x].len > writing->entries[y].len ? -1 : 1;
	}
	return x < y ? -1 : x > y;
}

/* As conda has them: what the archive holds in its order, compiled files in that of their sources,
 * entry points. */
static int class_of(const struct lk_entry *entry)
{
	return entry->kind == LK_ENTRY_PYC ? 1 : entry->kind == LK_ENTRY_SCRIPT ? 2 : 0;
}

static int cmp_in_record(const void *a, const void *b)
{
	const struct lk_entry *x = *(const struct lk_entry *const *)a;
	const struct lk_entry *y = *(const struct lk_entry *const *)b;
	if (class_of(x) != class_of(y)) {
		return class_of(x) - class_of(y);
	}
	if (x->kind == LK_ENTRY_PYC) {
		return lk_str_cmp(x->compiled_from, y->compiled_from);
	}
	if (x->kept && y->kept) {
		return x->kept < y->kept ? -1 : x->kept > y->kept;
	}
	if (x->source && y->source) { /* of one array, which is in order of path */
		return x->source < y->source ? -1 : x->source > y->source;
	}
	return x->entry_point < y->entry_point ? -1 : x->entry_point > y->entry_point;
}

static bool has_pyc(const struct entry_refs *entries)
{
	for (size_t i = 0; i < entries->len; i++) {
		if (entries->items[i]->kind == LK_ENTRY_PYC) {
			return true;
		}
	}
	return false;
}

/* One record on its way: hashed, and written or compared. */
struct record_out {
	const struct writing *writing;
	size_t index; /* of the package */
	bool pyc;     /* with the compiled files */
	int fd;       /* -1: not written */
	lk_str old;   /* what is left of an old record that it may equal */
	bool equal;   /* so far */
	const char *name;
	struct lk_digest *digest;
};

static bool next_path(void *ctx, size_t i, struct lk_prefix_path *ret)
{
	const struct record_out *out = ctx;
	const struct lk_entry *entry = out->writing->entries[out->index].items[i];
	if (!out->pyc && entry->kind == LK_ENTRY_PYC) {
		return false;
	}
	*ret = path_of(&out->writing->source->layout->packages[out->index], entry);
	return true;
}

static int put_bytes(void *ctx, lk_str bytes, struct lk_error *err)
{
	struct record_out *out = ctx;
	lk_digest_update(out->digest, bytes.ptr, bytes.len);
	out->equal = out->equal && lk_str_starts(out->old, bytes);
	out->old = out->equal ? lk_str_skip(out->old, bytes.len) : out->old;
	return out->fd < 0 ? 0 : lk_fs_write_all(out->fd, bytes.ptr, bytes.len, out->name, err);
}

/* OUT's digest goes to *RET. */
static int format_record(struct record_out *out, struct lk_sha256 *ret, struct lk_error *err)
{
	const struct writing *writing = out->writing;
	const struct lk_layout_package *package = &writing->source->layout->packages[out->index];
	const struct lk_prefix_record *kept = package->kept;
	struct lk_prefix_record record = {.record = package->record,
		.arch = kept ? kept->arch : package->package->arch,
		.platform = kept ? kept->platform : package->package->platform,
		.features = kept ? kept->features : package->package->features,
		.requested_specs = writing->requested[out->index]};
	record.record.channel = writing->channels[out->index];
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	const struct lk_prefix_record_flow flow = {
		writing->entries[out->index].len, next_path, put_bytes, out};
	out->digest = digest;
	int rc = lk_prefix_record_write_flow(&record, &flow, err);
	lk_digest_final(digest, ret->bytes);
	return rc;
}

/* Links the record where the old prefix has the same. */
static bool link_record(
	const struct writing *writing, size_t index, const char *name, struct lk_sha256 *ret)
{
	const struct lk_meta_source *source = writing->source;
	const struct lk_prefix_record *kept = source->layout->packages[index].kept;
	struct lk_error ignored = LK_ERROR_INIT;
	if (kept == NULL || source->old_meta_fd < 0 || source->meta_fd < 0) {
		return false;
	}
	struct record_out out = {.writing = writing,
		.index = index,
		.pyc = true,
		.fd = -1,
		.old = kept->text,
		.equal = true};
	return format_record(&out, ret, &ignored) == 0 && out.equal && out.old.len == 0 &&
		linkat(source->old_meta_fd, name, source->meta_fd, name, 0) == 0;
}

static int put_record(const struct writing *writing, size_t index, const char *name,
	struct lk_sha256 *ret, struct lk_error *err)
{
	const struct timespec when = {.tv_sec = LK_WRITE_EPOCH};
	struct record_out out = {
		.writing = writing, .index = index, .pyc = true, .fd = -1, .name = name};
	int LK_AUTO_CLOSE fd = -1;
	int rc = writing->source->meta_fd < 0
		? 0
		: lk_write_open(writing->source->meta_fd, name, name, &fd, err);
	out.fd = fd;
	rc = rc < 0 ? rc : format_record(&out, ret, err);
	return rc < 0 || fd < 0 ? rc : lk_write_finish(fd, 0644, when, name, err);
}

static int write_record(struct writing *writing, size_t turn, struct lk_error *err)
{
	size_t index = writing->turns[turn];
	struct lk_tree_line *line = &writing->lines[index];
	struct lk_sha256 *written = &writing->written[index];
	const char *name = lk_path_basename(line->path).ptr;
	struct entry_refs *entries = &writing->entries[index];
	lk_sort_runs(entries->items, entries->len, sizeof(*entries->items), cmp_in_record);
	int rc = link_record(writing, index, name, written)
		? 0
		: put_record(writing, index, name, written, err);
	line->sha256 = *written;
	if (rc == 0 && has_pyc(entries)) {
		struct record_out bare = {.writing = writing, .index = index, .fd = -1};
		rc = format_record(&bare, &line->sha256, err);
	}
	return rc;
}

/* The text of the layout is much work as well, and goes first. */
static int write_part(void *ctx, size_t part, struct lk_error *err)
{
	struct writing *writing = ctx;
	if (part > 0) {
		return write_record(writing, part - 1, err);
	}
	lk_tree_text_make(writing->source->layout, writing->text);
	return 0;
}

/* The specs that name each package, as conda notes them in its record. */
static void find_requested(
	const struct lk_meta_source *source, struct writing *writing, struct lk_arena *arena)
{
	const struct lk_layout *layout = source->layout;
	for (size_t s = 0; s < source->specs->n; s++) {
		lk_str spec = source->specs->items[s];
		lk_str name = lk_history_name(spec, arena);
		for (size_t i = 0; name.len > 0 && i < layout->n_packages; i++) {
			struct lk_str_list *list = &writing->requested[i];
			if (!lk_str_eq(layout->packages[i].record.name, name)) {
				continue;
			}
			lk_str *items = lk_arena_calloc(arena, list->n + 1, sizeof(*items));
			if (list->n > 0) {
				memcpy(items, list->items, list->n * sizeof(*items));
			}
			items[list->n] = spec;
			*list = (struct lk_str_list){items, list->n + 1};
		}
	}
}

int lk_meta_write_records(const struct lk_meta_source *source, struct lk_arena *arena,
	struct lk_tree_text *ret_text, struct lk_tree_lines *lines, struct lk_buf *stamp,
	struct lk_error *err)
{
	const struct lk_layout *layout = source->layout;
	size_t n = layout->n_packages;
	struct writing writing = {.source = source,
		.text = ret_text,
		.entries = lk_arena_calloc(arena, n + 1, sizeof(*writing.entries)),
		.channels = lk_arena_calloc(arena, n + 1, sizeof(*writing.channels)),
		.requested = lk_arena_calloc(arena, n + 1, sizeof(*writing.requested)),
		.lines = lk_arena_calloc(arena, n + 1, sizeof(*writing.lines)),
		.written = lk_arena_calloc(arena, n + 1, sizeof(*writing.written)),
		.turns = lk_arena_calloc(arena, n + 1, sizeof(*writing.turns))};
	for (uint32_t i = 0; i < n; i++) {
		writing.turns[i] = i;
		const struct lk_record *record = &layout->packages[i].record;
		lk_str name = lk_prefix_record_file_name(record, arena);
		lk_str path = lk_str_printf(arena, "conda-meta/" LK_STR_FMT, LK_STR_ARG(name));
		writing.channels[i] = channel_of(source, record, arena);
		writing.lines[i] = (struct lk_tree_line){.path = path, .type = 'f', .mode = 0644};
	}
	for (size_t i = 0; i < layout->n_entries; i++) {
		const struct lk_entry *entry = &layout->entries[i];
		if (entry->present && !entry->lost) {
			lk_vec_push(&writing.entries[entry->package], entry);
		}
	}
	if (n > 0) {
		qsort_r(writing.turns, n, sizeof(*writing.turns), cmp_turn, &writing);
	}
	find_requested(source, &writing, arena);
	int rc = lk_workers_run(source->jobs, n + 1, write_part, &writing, err);
	for (size_t i = 0; i < n; i++) {
		lk_vec_push(lines, writing.lines[i]);
		if (stamp != NULL) {
			lk_stamp_add_record(stamp, lk_path_basename(writing.lines[i].path),
				&writing.written[i]);
		}
		lk_vec_done(&writing.entries[i]);
	}
	return rc;
}

static void put_change(
	struct lk_buf *out, char sign, lk_str channel, const struct lk_record *record)
{
	lk_buf_putc(out, sign);
	lk_history_put(out, channel.len > 0 ? channel : lk_record_channel_url(record), record);
	lk_buf_putc(out, '\n');
}

static bool is_change(const struct lk_plan_step *step)
{
	return step->action != LK_PLAN_KEEP && step->action != LK_PLAN_RELINK;
}

/* What PLAN takes away, then what it brings. */
static void put_changes(
	const struct lk_meta_source *source, const struct lk_plan *plan, struct lk_buf *out)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct lk_plan_step *step = &plan->steps[i];
		if (step->have != NULL && is_change(step)) {
			put_change(out, '-', step->have->record.channel, &step->have->record);
		}
	}
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct lk_plan_step *step = &plan->steps[i];
		if (step->want != NULL && is_change(step)) {
			put_change(out, '+', channel_of(source, step->want, &arena), step->want);
		}
	}
}

int lk_meta_write_history(const struct lk_meta_source *source, int old_fd,
	const struct lk_plan *plan, uint64_t when, struct timespec began, struct lk_sha256 *ret,
	struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_HISTORY_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) asked = LK_BUF_INIT(MAX_HISTORY_BYTES);
	time_t seconds = (time_t)when;
	struct tm tm;
	char date[32] = "1970-01-01 00:00:00";
	int rc = old_fd < 0 ? 0 : lk_fs_read_beneath(old_fd, "conda-meta/history", &text, err);
	if (rc < 0 && rc != LK_E_NOT_FOUND) {
		lk_error_hint(err, "move conda-meta/history out of the environment");
		return rc;
	}
	if (gmtime_r(&seconds, &tm) != NULL) {
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	}
	if (text.len > 0 && text.ptr[text.len - 1] != '\n') {
		lk_buf_putc(&text, '\n');
	}
	lk_history_note(lk_buf_view(&text), source->specs, &asked);
	lk_buf_appendf(&text, "==> %s <==\n# cmd: lockenv install\n", date);
	put_changes(source, plan, &text);
	lk_buf_put(&text, lk_buf_view(&asked));
	if (text.overflow || asked.overflow) {
		return lk_fail(err, LK_E_FS, "conda-meta/history is longer than %zu bytes",
			MAX_HISTORY_BYTES);
	}
	/* Not synced here: the whole tree is, once. */
	*ret = lk_sha256_of(text.ptr, text.len);
	return lk_write_new(source->meta_fd, "history", lk_buf_view(&text), 0644, began,
		"conda-meta/history", err);
}

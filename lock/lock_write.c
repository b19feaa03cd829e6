/*
 * A lock to its canonical bytes (docs/lockfile.md): field order fixed here, style fixed by
 * base/yaml.
 *
 * Every value passes the rules of the reader on its way, so that no file is written that cannot be
 * read again; the first one that fails is kept in the writer and told at the end.
 */
#include "lock/lockfile.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/map.h"
#include "base/yaml.h"
#include "lock/lock_rules_priv.h"

struct writer {
	struct lk_yaml_writer *yaml;
	struct lk_arena scratch;
	const struct lk_lock *lock;
	lk_str where; /* package or platform at hand, for errors */
	int rc;
	struct lk_error *err;
};

static void writer_done(struct writer *w)
{
	lk_yaml_writer_free(w->yaml);
	lk_arena_done(&w->scratch);
}

static void refuse(struct writer *w, const char *field, lk_str text, const char *wrong)
{
	if (w->rc == 0) {
		w->rc = lk_fail(w->err, LK_E_FORMAT,
			"cannot lock '" LK_STR_FMT "': its %s '" LK_STR_FMT "' %s",
			LK_STR_ARG(w->where), field, LK_STR_ARG(text), wrong);
	}
}

/* Without the text: it must not be shown. */
static void refuse_credentials(struct writer *w, const char *field)
{
	if (w->rc == 0) {
		w->rc = lk_fail(w->err, LK_E_FORMAT,
			"cannot lock '" LK_STR_FMT "': its %s holds credentials",
			LK_STR_ARG(w->where), field);
		lk_error_hint(w->err,
			"a lock is shared: name the URL without them and keep them in "
			"the configuration");
	}
}

static void put_item(struct writer *w, const char *field, lk_str text, lk_lock_rule *rule)
{
	if (lk_lock_holds_credentials(text)) {
		refuse_credentials(w, field);
	}
	const char *wrong = lk_lock_wrong_text(text);
	if (!wrong && rule) {
		wrong = rule(text);
	}
	if (wrong) {
		refuse(w, field, text, wrong);
	}
	lk_yaml_string(w->yaml, text);
}

static void put_text(struct writer *w, const char *field, lk_str text, lk_lock_rule *rule)
{
	lk_yaml_cstring(w->yaml, field);
	put_item(w, field, text, rule);
}

static void put_list(struct writer *w, const char *field, const struct lk_str_list *list)
{
	lk_yaml_cstring(w->yaml, field);
	lk_yaml_sequence(w->yaml);
	for (size_t i = 0; i < list->n; i++) {
		put_item(w, field, list->items[i], NULL);
	}
	lk_yaml_end(w->yaml);
}

static void put_list_unless_empty(
	struct writer *w, const char *field, const struct lk_str_list *list)
{
	if (list->n > 0) {
		put_list(w, field, list);
	}
}

static void put_hex(struct writer *w, const char *field, const unsigned char *bytes, size_t len)
{
	char hex[LK_HEX_MAX];
	lk_hex(bytes, len, hex);
	lk_yaml_cstring(w->yaml, field);
	lk_yaml_cstring(w->yaml, hex);
}

static void put_number(struct writer *w, const char *field, uint64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, number);
	lk_yaml_cstring(w->yaml, field);
	lk_yaml_plain(w->yaml, text);
}

static const struct lk_channel *channel_of(const struct lk_lock *lock, lk_str name)
{
	for (size_t i = 0; i < lock->n_channels; i++) {
		if (lk_str_eq(lock->channels[i].name, name)) {
			return &lock->channels[i];
		}
	}
	return NULL;
}

/* `from`, and `url` where the address does not follow from it, or the file's name not from the
 * rest. */
static void put_origin(struct writer *w, const struct lk_record *record)
{
	const char *wrong = lk_lock_wrong_channel_name(record->channel);
	if (wrong) {
		refuse(w, "channel", record->channel, wrong);
	}
	wrong = lk_lock_wrong_file(record->fn);
	if (wrong) {
		refuse(w, "file name", record->fn, wrong);
	}
	lk_str from = lk_str_printf(&w->scratch, LK_STR_FMT "/" LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(record->channel), LK_STR_ARG(record->subdir), LK_STR_ARG(record->fn));
	put_text(w, "from", from, NULL);
	const struct lk_channel *channel = channel_of(w->lock, record->channel);
	if (!channel && record->url.len == 0) {
		refuse(w, "channel", record->channel, "is not among the lock's channels");
	}
	lk_str derived =
		channel ? lk_lock_derived_url(channel->url, record, &w->scratch) : (lk_str){0};
	lk_str url = record->url.len > 0 ? record->url : derived;
	if (!lk_str_eq(url, derived) || !lk_lock_file_follows(record)) {
		put_text(w, "url", url, lk_lock_wrong_url);
	}
}

static void put_package(
	struct writer *w, const struct lk_lock_platform *platform, const struct lk_record *record)
{
	w->where = record->name;
	if (!lk_str_eq(record->subdir, platform->subdir) && !lk_str_is(record->subdir, "noarch")) {
		refuse(w, "subdir", record->subdir, "is neither the platform nor noarch");
	}
	if (!record->has_sha256) {
		refuse(w, "sha256", LK_STR(""), "is missing");
	}
	if (record->has_size && record->size > LK_LOCK_MAX_SIZE) {
		refuse(w, "size", LK_STR(""), "is too large");
	}
	lk_yaml_mapping(w->yaml);
	put_text(w, "name", record->name, lk_lock_wrong_name);
	put_text(w, "version", record->version, lk_lock_wrong_version);
	put_text(w, "build", record->build, lk_lock_wrong_build);
	put_origin(w, record);
	put_hex(w, "sha256", record->sha256.bytes, sizeof(record->sha256.bytes));
	if (record->has_md5) {
		put_hex(w, "md5", record->md5.bytes, sizeof(record->md5.bytes));
	}
	if (record->has_size) {
		put_number(w, "size", record->size);
	}
	if (record->license.len > 0) {
		put_text(w, "license", record->license, NULL);
	}
	if (record->facts.glibc.len > 0) {
		put_text(w, "glibc", record->facts.glibc, lk_lock_wrong_glibc);
	}
	if (record->facts.gpu.len > 0) {
		put_text(w, "gpu", record->facts.gpu, lk_lock_wrong_gpu);
	}
	put_list_unless_empty(w, "extras", &record->active_extras);
	put_list_unless_empty(w, "depends", &record->depends);
	put_list_unless_empty(w, "constrains", &record->constrains);
	lk_yaml_end(w->yaml);
}

static void put_packages(struct writer *w, const struct lk_lock_platform *platform)
{
	lk_yaml_cstring(w->yaml, "packages");
	lk_yaml_sequence(w->yaml);
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_record *record = &platform->packages[i];
		if (i > 0 && lk_str_cmp(record[-1].name, record->name) >= 0) {
			w->where = platform->subdir;
			refuse(w, "package", record->name, "stands twice or out of order");
		}
		put_package(w, platform, record);
	}
	lk_yaml_end(w->yaml);
}

static void put_solved_with(struct writer *w, const struct lk_virtuals *virtuals)
{
	lk_yaml_cstring(w->yaml, "solved-with");
	lk_yaml_mapping(w->yaml);
	for (size_t i = 0; i < virtuals->len; i++) {
		const struct lk_virtual *virtual = &virtuals->items[i];
		if (i > 0 && lk_str_cmp(virtual[-1].name, virtual->name) >= 0) {
			refuse(w, "virtual package", virtual->name, "stands twice or out of order");
		}
		if (virtual->version.len == 0 ||
			lk_str_find_char(virtual->version, '=') != SIZE_MAX) {
			refuse(w, "virtual package", virtual->name,
				"has no version that can be written");
		}
		lk_str value = lk_str_printf(&w->scratch, LK_STR_FMT "=" LK_STR_FMT,
			LK_STR_ARG(virtual->version), LK_STR_ARG(virtual->build));
		put_item(w, "virtual package", virtual->name, lk_lock_wrong_virtual_name);
		put_item(w, "virtual package", value, NULL);
	}
	lk_yaml_end(w->yaml);
}

static void put_requires(struct writer *w, const struct lk_lock_platform *platform)
{
	if (platform->requires_depends.n + platform->requires_constrains.n == 0) {
		return;
	}
	lk_yaml_cstring(w->yaml, "requires");
	lk_yaml_mapping(w->yaml);
	put_list_unless_empty(w, "depends", &platform->requires_depends);
	put_list_unless_empty(w, "constrains", &platform->requires_constrains);
	lk_yaml_end(w->yaml);
}

static void put_platform(struct writer *w, const struct lk_lock_platform *platform)
{
	w->where = platform->subdir;
	put_item(w, "platform", platform->subdir, lk_lock_wrong_platform);
	lk_yaml_mapping(w->yaml);
	put_list(w, "specs", &platform->specs);
	put_list_unless_empty(w, "pins", &platform->pins);
	put_solved_with(w, &platform->solved_with);
	put_requires(w, platform);
	put_packages(w, platform);
	lk_yaml_end(w->yaml);
}

static void put_channels(struct writer *w)
{
	lk_yaml_cstring(w->yaml, "channels");
	lk_yaml_sequence(w->yaml);
	for (size_t i = 0; i < w->lock->n_channels; i++) {
		const struct lk_channel *channel = &w->lock->channels[i];
		w->where = channel->name;
		if (channel_of(w->lock, channel->name) != channel) {
			refuse(w, "channel", channel->name, "stands twice");
		}
		lk_yaml_mapping(w->yaml);
		put_text(w, "name", channel->name, lk_lock_wrong_channel_name);
		put_text(w, "url", channel->url, lk_lock_wrong_url);
		lk_yaml_end(w->yaml);
	}
	lk_yaml_end(w->yaml);
}

static void put_variables(struct writer *w)
{
	const struct lk_lock *lock = w->lock;
	struct lk_map names = {0};
	if (lock->n_variables == 0) {
		return;
	}
	lk_yaml_cstring(w->yaml, "variables");
	lk_yaml_mapping(w->yaml);
	for (size_t i = 0; i < lock->n_variables; i++) {
		const struct lk_lock_variable *variable = &lock->variables[i];
		if (lk_map_add(&names, variable->name, (uint32_t)i) != i) {
			refuse(w, "variable", variable->name, "stands twice");
		}
		put_item(w, "variable", variable->name, NULL);
		put_item(w, "variable", variable->value, NULL);
	}
	lk_yaml_end(w->yaml);
	lk_map_done(&names);
}

static void put_header(struct writer *w)
{
	const struct lk_lock *lock = w->lock;
	put_number(w, "version", LK_LOCK_VERSION);
	put_channels(w);
	w->where = LK_STR("environment");
	put_text(w, "channel-priority", lock->channel_priority, lk_lock_wrong_priority);
	if (lock->exclude_newer.len > 0) {
		put_text(w, "exclude-newer", lock->exclude_newer, lk_lock_wrong_instant);
	}
	put_variables(w);
}

int lk_lock_write(const struct lk_lock *lock, struct lk_buf *out, struct lk_error *err)
{
	size_t start = out->len;
	lk_buf_puts(out, "# lockenv lock file. Review changes with: lockenv diff OLD NEW\n");
	struct writer LK_CLEANUP(writer_done)
		w = {.yaml = lk_yaml_writer_new(out), .lock = lock, .err = err};
	lk_yaml_mapping(w.yaml);
	put_header(&w);
	lk_yaml_cstring(w.yaml, "platforms");
	lk_yaml_mapping(w.yaml);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *platform = &lock->platforms[i];
		if (i > 0 && lk_str_cmp(platform[-1].subdir, platform->subdir) >= 0) {
			refuse(&w, "platform", platform->subdir, "stands twice or out of order");
		}
		put_platform(&w, platform);
	}
	lk_yaml_end(w.yaml);
	lk_yaml_end(w.yaml);
	struct lk_error late = LK_ERROR_INIT;
	int rc = lk_yaml_finish(w.yaml, &late);
	if (w.rc == 0 && rc < 0) {
		*err = late;
		w.rc = lk_wrap(err, "writing the lock");
	}
	if (w.rc < 0) {
		lk_buf_truncate(out, start);
	}
	return w.rc;
}

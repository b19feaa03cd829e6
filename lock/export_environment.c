/*
 * A lock as environment.yml (CEP 24): exact pins, or the specs that it answers; and with stronger
 * pins, as micromamba reads them.
 */
#include "lock/export_priv.h"

enum pins {
	PINS_EXACT,  /* name=version=build */
	PINS_HASHED, /* channel/subdir::name=version=build[sha256=…] */
	PINS_SPECS,  /* none: the specs */
};

static void put_channels(
	const struct lk_lock *lock, struct lk_yaml_writer *yaml, struct lk_arena *arena)
{
	lk_yaml_cstring(yaml, "channels");
	lk_yaml_sequence(yaml);
	for (size_t i = 0; i < lock->n_channels; i++) {
		lk_yaml_string(yaml, lk_export_channel_name(&lock->channels[i], arena));
	}
	lk_yaml_cstring(yaml, "nodefaults");
	lk_yaml_end(yaml);
}

/* A package of another channel than the first is asked for there: the first may have its like. */
static void put_pin(const struct lk_lock *lock, const struct lk_record *record, enum pins pins,
	struct lk_buf *line, struct lk_arena *arena)
{
	const struct lk_channel *channel = lk_export_channel_of(lock, record);
	if (channel && (pins == PINS_HASHED || channel != &lock->channels[0])) {
		lk_buf_put(line, lk_export_channel_name(channel, arena));
		if (pins == PINS_HASHED) {
			lk_buf_appendf(line, "/" LK_STR_FMT, LK_STR_ARG(record->subdir));
		}
		lk_buf_puts(line, "::");
	}
	lk_buf_appendf(line, LK_STR_FMT "=" LK_STR_FMT, LK_STR_ARG(record->name),
		LK_STR_ARG(record->version));
	if (record->build.len > 0) {
		lk_buf_appendf(line, "=" LK_STR_FMT, LK_STR_ARG(record->build));
	}
	char hex[LK_HEX_MAX];
	if (pins == PINS_HASHED && record->has_sha256) {
		lk_hex(record->sha256.bytes, sizeof(record->sha256.bytes), hex);
		lk_buf_appendf(line, "[sha256=%s]", hex);
	} else if (pins == PINS_HASHED && record->has_md5) {
		lk_hex(record->md5.bytes, sizeof(record->md5.bytes), hex);
		lk_buf_appendf(line, "[md5=%s]", hex);
	}
}

static void put_dependencies(const struct lk_lock *lock, const struct lk_lock_platform *platform,
	enum pins pins, struct lk_yaml_writer *yaml, struct lk_arena *arena)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(SIZE_MAX);
	lk_yaml_cstring(yaml, "dependencies");
	lk_yaml_sequence(yaml);
	for (size_t i = 0; pins == PINS_SPECS && i < platform->specs.n; i++) {
		lk_yaml_string(yaml, platform->specs.items[i]);
	}
	for (size_t i = 0; pins != PINS_SPECS && i < platform->n_packages; i++) {
		lk_buf_clear(&line);
		put_pin(lock, &platform->packages[i], pins, &line, arena);
		lk_yaml_string(yaml, lk_buf_view(&line));
	}
	lk_yaml_end(yaml);
}

static void put_variables(const struct lk_lock *lock, struct lk_yaml_writer *yaml)
{
	if (lock->n_variables == 0) {
		return;
	}
	lk_yaml_cstring(yaml, "variables");
	lk_yaml_mapping(yaml);
	for (size_t i = 0; i < lock->n_variables; i++) {
		lk_yaml_string(yaml, lock->variables[i].name);
		lk_yaml_string(yaml, lock->variables[i].value);
	}
	lk_yaml_end(yaml);
}

/* Whose address does not follow from its channel cannot be told by name, version and build alone.
 */
static void tell_addresses(const struct lk_lock *lock, const struct lk_lock_platform *platform,
	const struct lk_report *report)
{
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_record *record = &platform->packages[i];
		if (!lk_export_channel_of(lock, record)) {
			lk_warn(report,
				LK_STR_FMT " is locked by its address, and its channel '" LK_STR_FMT
					   "' is none of the lock's: a solver may not find it",
				LK_STR_ARG(record->fn), LK_STR_ARG(record->channel));
		}
	}
}

static int export(const struct lk_lock *lock, const struct lk_export_options *options,
	enum pins pins, struct lk_buf *out, const struct lk_report *report, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_lock_platform *platform = &lock->platforms[0];
	lk_buf_appendf(out, "# platform: " LK_STR_FMT "\n", LK_STR_ARG(platform->subdir));
	struct lk_yaml_writer *yaml = lk_yaml_writer_new(out);
	lk_yaml_mapping(yaml);
	if (options->name.len > 0) {
		lk_export_pair(yaml, "name", options->name);
	}
	put_channels(lock, yaml, &arena);
	put_dependencies(lock, platform, pins, yaml, &arena);
	put_variables(lock, yaml);
	lk_yaml_end(yaml);
	if (pins != PINS_SPECS) {
		tell_addresses(lock, platform, report);
	}
	return lk_export_finish(yaml, err);
}

int lk_export_environment(const struct lk_lock *lock, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report, struct lk_error *err)
{
	return export(
		lock, options, options->from_specs ? PINS_SPECS : PINS_EXACT, out, report, err);
}

int lk_export_micromamba(const struct lk_lock *lock, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report, struct lk_error *err)
{
	return export(lock, options, PINS_HASHED, out, report, err);
}

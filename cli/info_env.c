/*
 * Summaries of locks and environments.
 */
#include "cli/info_env.h"

#include <fcntl.h>

#include "base/fs.h"
#include "install/stamp.h"

void lk_info_line(struct lk_app *app, const char *label, lk_str value)
{
	lk_buf_appendf(&app->out, "%18s: ", label);
	lk_app_text(app, value, 0);
	lk_buf_putc(&app->out, '\n');
}

static void put_strings(struct lk_app *app, const char *label, const struct lk_str_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		lk_info_line(app, i ? "" : label, list->items[i]);
	}
}

static lk_str hex_text(struct lk_app *app, const struct lk_sha256 *sha256)
{
	char hex[LK_HEX_MAX];
	lk_hex(sha256->bytes, LK_SHA256_LEN, hex);
	return lk_str_dup(&app->arena, lk_str_of(hex));
}

static lk_str file_digest(struct lk_app *app, const struct lk_lock_arg *arg)
{
	struct lk_sha256 digest = lk_sha256_of(lk_buf_cstr(&arg->text), arg->text.len);
	return hex_text(app, &digest);
}

struct sum {
	uint64_t bytes;
	size_t unknown; /* packages without a size */
};

static struct sum sum_of(const struct lk_lock_platform *platform)
{
	struct sum sum = {0, 0};
	for (size_t i = 0; i < platform->n_packages; i++) {
		sum.bytes += platform->packages[i].size;
		sum.unknown += platform->packages[i].size == 0;
	}
	return sum;
}

/* ---- what both have ---- */

static void put_packages(struct lk_app *app, const struct lk_lock_platform *platform)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(256);
	struct sum sum = sum_of(platform);
	lk_buf_appendf(&text, "%zu", platform->n_packages);
	if (sum.bytes > 0) {
		lk_buf_puts(&text, ", ");
		lk_buf_put_size(&text, sum.bytes);
	}
	if (sum.bytes > 0 && sum.unknown > 0) {
		lk_buf_appendf(&text, " and %zu of unknown size", sum.unknown);
	}
	lk_info_line(app, "packages", lk_buf_view(&text));
}

static void put_requires(struct lk_app *app, const struct lk_lock_platform *platform)
{
	put_strings(app, "requires", &platform->requires_depends);
	put_strings(app, "requires if there", &platform->requires_constrains);
}

static void put_platform_json(struct lk_jw *w, const struct lk_lock_platform *platform)
{
	struct sum sum = sum_of(platform);
	lk_jw_strings(w, "specs", platform->specs.items, platform->specs.n);
	lk_jw_strings(w, "pins", platform->pins.items, platform->pins.n);
	lk_jw_key_uint(w, "packages", platform->n_packages);
	lk_jw_key_uint(w, "size", sum.bytes);
	lk_jw_key_uint(w, "without_size", sum.unknown);
	lk_jw_key(w, "requires");
	lk_jw_object(w);
	lk_jw_strings(w, "depends", platform->requires_depends.items, platform->requires_depends.n);
	lk_jw_strings(w, "constrains", platform->requires_constrains.items,
		platform->requires_constrains.n);
	lk_jw_end(w);
}

/* ---- locks ---- */

static void put_lock_platform(struct lk_app *app, const struct lk_lock_platform *platform)
{
	lk_buf_putc(&app->out, '\n');
	lk_info_line(app, "platform", platform->subdir);
	put_strings(app, "specs", &platform->specs);
	put_strings(app, "pins", &platform->pins);
	put_packages(app, platform);
	put_requires(app, platform);
	for (size_t i = 0; i < platform->solved_with.len; i++) {
		const struct lk_virtual *v = &platform->solved_with.items[i];
		lk_info_line(app, i ? "" : "solved with",
			lk_str_printf(&app->arena, LK_STR_FMT "=" LK_STR_FMT "=" LK_STR_FMT,
				LK_STR_ARG(v->name), LK_STR_ARG(v->version), LK_STR_ARG(v->build)));
	}
}

static void put_lock(struct lk_app *app, const struct lk_lock_arg *arg)
{
	const struct lk_lock *lock = &arg->lock;
	lk_info_line(app, "lock", lk_str_of(arg->path));
	lk_info_line(app, "sha256", file_digest(app, arg));
	for (size_t i = 0; i < lock->n_channels; i++) {
		const struct lk_channel *channel = &lock->channels[i];
		lk_info_line(app, i ? "" : "channels",
			lk_str_printf(&app->arena, LK_STR_FMT "  " LK_STR_FMT,
				LK_STR_ARG(channel->name), LK_STR_ARG(channel->url)));
	}
	lk_info_line(app, "channel priority", lock->channel_priority);
	if (lock->exclude_newer.len > 0) {
		lk_info_line(app, "exclude newer", lock->exclude_newer);
	}
	for (size_t i = 0; i < lock->n_variables; i++) {
		lk_info_line(app, i ? "" : "variables",
			lk_str_printf(&app->arena, LK_STR_FMT "=" LK_STR_FMT,
				LK_STR_ARG(lock->variables[i].name),
				LK_STR_ARG(lock->variables[i].value)));
	}
	for (size_t i = 0; i < lock->n_platforms; i++) {
		put_lock_platform(app, &lock->platforms[i]);
	}
}

static void put_lock_json(struct lk_app *app, const struct lk_lock_arg *arg, struct lk_jw *w)
{
	const struct lk_lock *lock = &arg->lock;
	lk_jw_key_string(w, "lock", lk_str_of(arg->path));
	lk_jw_key_string(w, "sha256", file_digest(app, arg));
	lk_jw_key_uint(w, "version", LK_LOCK_VERSION);
	lk_jw_key(w, "channels");
	lk_jw_array(w);
	for (size_t i = 0; i < lock->n_channels; i++) {
		lk_jw_object(w);
		lk_jw_key_string(w, "name", lock->channels[i].name);
		lk_jw_key_string(w, "url", lock->channels[i].url);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_key_string(w, "channel_priority", lock->channel_priority);
	lk_jw_opt_string(w, "exclude_newer", lock->exclude_newer);
	lk_jw_key(w, "variables");
	lk_jw_object(w);
	for (size_t i = 0; i < lock->n_variables; i++) {
		lk_jw_key_str(w, lock->variables[i].name);
		lk_jw_string(w, lock->variables[i].value);
	}
	lk_jw_end(w);
	lk_jw_key(w, "platforms");
	lk_jw_array(w);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *platform = &lock->platforms[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "platform", platform->subdir);
		put_platform_json(w, platform);
		lk_jw_key(w, "solved_with");
		lk_jw_array(w);
		for (size_t k = 0; k < platform->solved_with.len; k++) {
			lk_jw_object(w);
			lk_jw_key_string(w, "name", platform->solved_with.items[k].name);
			lk_jw_key_string(w, "version", platform->solved_with.items[k].version);
			lk_jw_key_string(w, "build", platform->solved_with.items[k].build);
			lk_jw_end(w);
		}
		lk_jw_end(w);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

/* ---- environments ---- */

/* What lockenv noted when it installed. */
struct state {
	bool found, changed; /* packages came or went by other means since */
	struct lk_stamp stamp;
};

static int read_state(
	struct lk_app *app, const char *prefix, struct state *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_STAMP_MAX);
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_sha256 records;
	int LK_AUTO_CLOSE fd = open(prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int LK_AUTO_CLOSE meta = -1;
	int rc = lk_fs_open_beneath(fd, "conda-meta", O_RDONLY | O_DIRECTORY, 0, &meta, err);
	if (rc < 0 || lk_fs_read_beneath(meta, LK_STAMP_NAME, &text, &ignored) < 0) {
		return rc; /* without a state it is somebody else's environment */
	}
	ret->found = lk_stamp_parse(lk_str_dup(&app->arena, lk_buf_view(&text)), &ret->stamp);
	if (ret->found) {
		rc = lk_stamp_records(meta, &records, err);
		ret->changed = rc == 0 && !lk_sha256_eq(&records, &ret->stamp.records);
	}
	return rc;
}

static lk_str python_of(const struct lk_lock_platform *platform)
{
	const struct lk_record *python = lk_lock_find_package(platform, LK_STR("python"));
	return python ? python->version : LK_STR("");
}

static void put_prefix(struct lk_app *app, const struct lk_env_arg *arg, const struct state *state)
{
	const struct lk_lock_platform *platform = arg->platform;
	lk_info_line(app, "environment", lk_str_of(arg->path));
	lk_info_line(app, "platform", platform->subdir);
	if (state->found) {
		lk_info_line(app, "lock's sha256", hex_text(app, &state->stamp.lock));
		lk_info_line(app, "tree digest", state->stamp.tree_digest);
		lk_info_line(app, "state",
			state->changed ? LK_STR("packages were changed since by other means")
				       : LK_STR("as it was installed"));
	} else {
		lk_info_line(app, "state", LK_STR("not installed by lockenv"));
	}
	lk_str python = python_of(platform);
	if (python.len > 0) {
		lk_info_line(app, "python", python);
	}
	put_strings(app, "specs", &platform->specs);
	put_strings(app, "pins", &platform->pins);
	put_packages(app, platform);
	put_requires(app, platform);
}

static void put_prefix_json(struct lk_app *app, const struct lk_env_arg *arg,
	const struct state *state, struct lk_jw *w)
{
	lk_env_arg_json(arg, w);
	if (state->found) {
		lk_jw_key(w, "installed");
		lk_jw_object(w);
		lk_jw_key_string(w, "lock_sha256", hex_text(app, &state->stamp.lock));
		lk_jw_key_string(w, "tree_digest", state->stamp.tree_digest);
		lk_jw_key_uint(w, "files", state->stamp.files);
		lk_jw_key_string(w, "prefix", state->stamp.prefix);
		lk_jw_key(w, "changed_since");
		lk_jw_bool(w, state->changed);
		lk_jw_end(w);
	}
	lk_jw_opt_string(w, "python", python_of(arg->platform));
	put_platform_json(w, arg->platform);
}

int lk_info_env(struct lk_app *app, const char *what, bool is_prefix, struct lk_error *err)
{
	struct lk_env_arg LK_CLEANUP(lk_env_arg_done) arg = {0};
	struct state state = {0};
	int rc = lk_env_arg_read(app, NULL, what, is_prefix, &arg, err);
	if (rc == 0 && is_prefix) {
		rc = read_state(app, what, &state, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (!app->common.json) {
		if (is_prefix) {
			put_prefix(app, &arg, &state);
		} else {
			put_lock(app, &arg.lock);
		}
		return 0;
	}
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	if (is_prefix) {
		put_prefix_json(app, &arg, &state, &w);
	} else {
		put_lock_json(app, &arg.lock, &w);
	}
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
	return 0;
}

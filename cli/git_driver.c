/*
 * git config and .gitattributes.
 *
 * Attributes may be shared: where nobody set the driver up, git takes its own way with the files.
 * The commands in the configuration name this program: "lockenv" where PATH leads to it, else its
 * absolute path.
 */
#include "cli/git_driver.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/git.h"

#define MAX_ANSWER ((size_t)1 << 20)
#define MAX_ATTRIBUTES ((size_t)16 << 20)

struct setting {
	const char *key;
	const char *arguments; /* of the program, or NULL */
	const char *value;     /* where no program is run */
};

static const struct setting merge_settings[] = {
	{"merge.lockenv.name", NULL, "union of independent changes to a lock"},
	{"merge.lockenv.driver", " merge %O %A %B -L %P", NULL},
};
static const struct setting diff_settings[] = {
	{"diff.lockenv.command", " diff --git-driver --", NULL},
	{"diff.lockenv.xfuncname", NULL, "^ +- name: (.*)$"},
};

static const struct driver {
	const char *attribute;
	const struct setting *settings;
	size_t n_settings;
	bool expands; /* git expands %X in the command */
} drivers[] = {
	[LK_GIT_DRIVER_MERGE] = {"merge=lockenv", merge_settings, LK_COUNTOF(merge_settings), true},
	[LK_GIT_DRIVER_DIFF] = {"diff=lockenv", diff_settings, LK_COUNTOF(diff_settings), false},
};

static const char *const default_patterns[] = {"env.lock", "*.env.lock", "*-env.lock"};

struct done {
	struct lk_strs settings; /* "key = value" */
	const char *file;        /* of the attributes */
	struct lk_strs added;    /* lines */
	struct lk_strs present;
};

static void done_done(struct done *done)
{
	lk_vec_done(&done->settings);
	lk_vec_done(&done->added);
	lk_vec_done(&done->present);
}

/* git's answer without the line feed, owned by ARENA; empty with another exit code than 0. */
static int ask(struct lk_arena *arena, const char *const *args, lk_str *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) answer = LK_BUF_INIT(MAX_ANSWER);
	int status = 0;
	int rc = lk_git_run(NULL, args, &answer, &status, err);
	if (rc == 0) {
		lk_str text = lk_str_trim_end(lk_buf_view(&answer), '\n');
		*ret = status == 0 ? lk_str_dup(arena, text) : (lk_str){NULL, 0};
	}
	return rc;
}

/* The program. */

static bool is_file(const char *path, const struct stat *wanted)
{
	struct stat st;
	return stat(path, &st) == 0 && st.st_dev == wanted->st_dev && st.st_ino == wanted->st_ino &&
		access(path, X_OK) == 0;
}

static int put_program(struct lk_app *app, bool expands, struct lk_buf *out, struct lk_error *err)
{
	char exe[PATH_MAX];
	struct stat st;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe));
	if (len <= 0 || (size_t)len == sizeof(exe) || stat("/proc/self/exe", &st) != 0) {
		return lk_fail(err, LK_E_FS, "cannot tell where this program is");
	}
	const char *found = lk_app_find_program(app, "lockenv");
	if (found && found[0] == '/' && is_file(found, &st)) {
		lk_buf_puts(out, "lockenv");
		return 0;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) word = LK_BUF_INIT((size_t)8 * PATH_MAX);
	lk_buf_put_shell_word(&word, lk_str_n(exe, (size_t)len));
	for (size_t i = 0; i < word.len; i++) {
		lk_buf_puts(out, expands && word.ptr[i] == '%' ? "%" : "");
		lk_buf_putc(out, word.ptr[i]);
	}
	return 0;
}

/* The configuration. */

static int set(struct lk_app *app, const struct lk_git_driver_options *options, const char *key,
	const char *value, struct done *done, struct lk_error *err)
{
	const char *const args[] = {
		"config", options->global ? "--global" : "--local", key, value, NULL};
	struct lk_buf LK_CLEANUP(lk_buf_done) answer = LK_BUF_INIT(MAX_ANSWER);
	int status = 0;
	int rc = lk_git_run(NULL, args, &answer, &status, err);
	if (rc == 0 && status != 0) {
		rc = lk_fail(err, LK_E_FS, "git cannot set '%s' (exit code %d)", key, status);
		lk_error_hint(err, "try it: git config %s %s ''", args[1], key);
	}
	if (rc == 0) {
		lk_vec_push(&done->settings, lk_str_printf(&app->arena, "%s = %s", key, value));
	}
	return rc;
}

static int configure(struct lk_app *app, const struct driver *driver,
	const struct lk_git_driver_options *options, struct done *done, struct lk_error *err)
{
	for (size_t i = 0; i < driver->n_settings; i++) {
		const struct setting *setting = &driver->settings[i];
		struct lk_buf LK_CLEANUP(lk_buf_done) value = LK_BUF_INIT(MAX_ANSWER);
		int rc = 0;
		if (setting->value) {
			lk_buf_puts(&value, setting->value);
		} else {
			rc = put_program(app, driver->expands, &value, err);
			lk_buf_puts(&value, setting->arguments);
		}
		if (rc == 0) {
			rc = set(app, options, setting->key, lk_buf_cstr(&value), done, err);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* The attributes. */

static int find_top(struct lk_app *app, const char **ret, struct lk_error *err)
{
	static const char *const args[] = {"rev-parse", "--show-toplevel", NULL};
	lk_str top = {NULL, 0};
	int rc = ask(&app->arena, args, &top, err);
	if (rc == 0 && top.len == 0) {
		rc = lk_fail(err, LK_E_USAGE, "there is no git work tree here");
		lk_error_hint(err, "run it inside one, or with --global for all of yours");
	}
	if (rc == 0) {
		*ret = lk_arena_printf(&app->arena, LK_STR_FMT "/.gitattributes", LK_STR_ARG(top));
	}
	return rc;
}

/* Where git looks when core.attributesFile is not set; its folder is made. */
static int find_default(struct lk_app *app, const char **ret, struct lk_error *err)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	const char *folder = NULL;
	if (config && *config) {
		folder = lk_arena_printf(&app->arena, "%s/git", config);
	} else if (home && *home) {
		folder = lk_arena_printf(&app->arena, "%s/.config/git", home);
	} else {
		return lk_fail(err, LK_E_USAGE, "neither HOME nor XDG_CONFIG_HOME is set");
	}
	*ret = lk_arena_printf(&app->arena, "%s/attributes", folder);
	return lk_fs_mkdirs(AT_FDCWD, folder, 0, false, err);
}

static int find_global(struct lk_app *app, const char **ret, struct lk_error *err)
{
	static const char *const args[] = {
		"config", "--global", "--type=path", "core.attributesFile", NULL};
	lk_str named = {NULL, 0};
	int rc = ask(&app->arena, args, &named, err);
	if (rc < 0) {
		return rc;
	}
	if (named.len == 0) {
		return find_default(app, ret, err);
	}
	*ret = lk_arena_strndup(&app->arena, named.ptr, named.len);
	return 0;
}

static int check_pattern(const char *pattern, struct lk_error *err)
{
	lk_str text = lk_str_of(pattern);
	const char *wrong = text.len == 0       ? "is empty"
		: lk_str_has_control(text)      ? "holds a control character"
		: text.ptr[0] == '!'            ? "begins with '!', which attributes do not know"
		: text.ptr[text.len - 1] == '/' ? "names a folder"
		: lk_str_starts(text, LK_STR("[attr]")) ? "defines an attribute"
							: NULL;
	if (!wrong) {
		return 0;
	}
	int rc = lk_fail(err, LK_E_USAGE, "the pattern '%s' %s", pattern, wrong);
	lk_error_hint(err, "a pattern is as in .gitattributes: 'train.lock', 'locks/*.lock'");
	return rc;
}

/* As git reads it: quoted where it would end or mean something else. */
static void put_pattern(struct lk_buf *out, lk_str pattern)
{
	bool plain = lk_str_find_char(pattern, ' ') == SIZE_MAX && pattern.ptr[0] != '"' &&
		pattern.ptr[0] != '#';
	if (plain) {
		lk_buf_put(out, pattern);
		return;
	}
	lk_buf_putc(out, '"');
	for (size_t i = 0; i < pattern.len; i++) {
		if (pattern.ptr[i] == '"' || pattern.ptr[i] == '\\') {
			lk_buf_putc(out, '\\');
		}
		lk_buf_putc(out, pattern.ptr[i]);
	}
	lk_buf_putc(out, '"');
}

/* Does a line of TEXT begin with PATTERN and name ATTRIBUTE? */
static bool has_line(lk_str text, lk_str pattern, lk_str attribute)
{
	lk_str line;
	while (lk_str_split(&text, '\n', &line)) {
		line = lk_str_trim(line);
		lk_str rest = lk_str_skip(line, pattern.len);
		if (!lk_str_starts(line, pattern) || rest.len == 0 || !lk_is_space(rest.ptr[0])) {
			continue;
		}
		lk_str word;
		while (lk_str_split(&rest, ' ', &word)) {
			if (lk_str_eq(lk_str_trim(word), attribute)) {
				return true;
			}
		}
	}
	return false;
}

static void add_pattern(struct lk_app *app, const char *pattern, const char *attribute,
	struct lk_buf *text, struct done *done)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) word = LK_BUF_INIT((size_t)4 * PATH_MAX);
	put_pattern(&word, lk_str_of(pattern));
	bool present = has_line(lk_buf_view(text), lk_buf_view(&word), lk_str_of(attribute));
	lk_str line = lk_str_printf(&app->arena, "%s %s", lk_buf_cstr(&word), attribute);
	if (present) {
		lk_vec_push(&done->present, line);
		return;
	}
	if (text->len > 0 && text->ptr[text->len - 1] != '\n') {
		lk_buf_putc(text, '\n');
	}
	lk_buf_put(text, line);
	lk_buf_putc(text, '\n');
	lk_vec_push(&done->added, line);
}

/* A symlink, as among a user's dot files, is written through; the mode stays. */
static int write_attributes(const char *file, const struct lk_buf *text, struct lk_error *err)
{
	struct stat st;
	bool exists = stat(file, &st) == 0;
	char *target = realpath(file, NULL);
	int rc = lk_fs_write_atomic(AT_FDCWD, target ? target : file, lk_buf_cstr(text), text->len,
		exists ? st.st_mode & 0777 : 0, err);
	free(target); /* realpath's own allocation */
	return rc;
}

static int name_files(struct lk_app *app, const struct driver *driver,
	const struct lk_git_driver_options *options, struct done *done, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_ATTRIBUTES);
	int rc = lk_fs_read_file(AT_FDCWD, done->file, &text, err);
	if (rc < 0 && rc != LK_E_NOT_FOUND) {
		return rc;
	}
	lk_error_clear(err);
	for (size_t i = 0; i < options->patterns.len; i++) {
		add_pattern(app, options->patterns.items[i], driver->attribute, &text, done);
	}
	for (size_t i = 0; options->patterns.len == 0 && i < LK_COUNTOF(default_patterns); i++) {
		add_pattern(app, default_patterns[i], driver->attribute, &text, done);
	}
	return done->added.len > 0 ? write_attributes(done->file, &text, err) : 0;
}

static void put_json(struct lk_app *app, const struct done *done)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_strings(&w, "config", done->settings.items, done->settings.len);
	lk_jw_key_string(&w, "attributes", lk_str_of(done->file));
	lk_jw_strings(&w, "added", done->added.items, done->added.len);
	lk_jw_strings(&w, "present", done->present.items, done->present.len);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void put_lines(
	struct lk_app *app, const char *label, lk_str file, const struct lk_strs *lines)
{
	for (size_t i = 0; i < lines->len; i++) {
		lk_buf_puts(&app->out, label);
		lk_app_text(app, file, 0);
		lk_buf_puts(&app->out, file.len > 0 ? ": " : "");
		lk_app_text(app, lines->items[i], 0);
		lk_buf_putc(&app->out, '\n');
	}
}

int lk_git_driver_install(struct lk_app *app, enum lk_git_driver which,
	const struct lk_git_driver_options *options, struct lk_error *err)
{
	const struct driver *driver = &drivers[which];
	struct done LK_CLEANUP(done_done) done = {.file = ""};
	for (size_t i = 0; i < options->patterns.len; i++) {
		int rc = check_pattern(options->patterns.items[i], err);
		if (rc < 0) {
			return rc;
		}
	}
	int rc = options->global ? find_global(app, &done.file, err)
				 : find_top(app, &done.file, err);
	if (rc == 0) {
		rc = configure(app, driver, options, &done, err);
	}
	if (rc == 0) {
		rc = name_files(app, driver, options, &done, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (app->common.json) {
		put_json(app, &done);
		return 0;
	}
	put_lines(app,
		options->global ? "git config --global: " : "git config: ", (lk_str){NULL, 0},
		&done.settings);
	put_lines(app, "added to ", lk_str_of(done.file), &done.added);
	put_lines(app, "is in ", lk_str_of(done.file), &done.present);
	return 0;
}

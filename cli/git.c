/*
 * git, through a pipe.
 */
#include "cli/git.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"

#define CHUNK ((size_t)65536)
#define MAX_ARGS 12
#define MAX_LISTING ((size_t)1 << 20)

static int spawn_git(char *const *argv, int out_fd, pid_t *ret_pid, struct lk_error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int rc = posix_spawnp(ret_pid, "git", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc == 0 ? 0 : lk_fail_errno(err, LK_E_USAGE, rc, "cannot run git");
}

static int read_pipe(int fd, struct lk_buf *out, struct lk_error *err)
{
	for (;;) {
		size_t left = out->max - out->len;
		size_t want = left < CHUNK ? left : CHUNK;
		if (want == 0) {
			return lk_fail(err, LK_E_FORMAT, "git gives %zu bytes or more", out->max);
		}
		ssize_t got = read(fd, lk_buf_room(out, want), want);
		if (got < 0 && errno != EINTR) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot read from git");
		}
		if (got == 0) {
			return 0;
		}
		out->len += got > 0 ? (size_t)got : 0;
	}
}

static int wait_for(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* The words belong to ARENA. */
static void put_words(struct lk_arena *arena, const char *dir, const char *const *args, char **argv)
{
	size_t n = 0;
	argv[n++] = lk_arena_strndup(arena, "git", 3);
	if (dir) {
		argv[n++] = lk_arena_strndup(arena, "-C", 2);
		argv[n++] = lk_arena_strndup(arena, dir, strlen(dir));
	}
	for (size_t i = 0; args[i] && n < MAX_ARGS; i++) {
		argv[n++] = lk_arena_strndup(arena, args[i], strlen(args[i]));
	}
	argv[n] = NULL;
}

int lk_git_run(const char *dir, const char *const *args, struct lk_buf *out, int *ret_status,
	struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	char *argv[MAX_ARGS + 1];
	put_words(&arena, dir, args, argv);
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make a pipe");
	}
	int LK_AUTO_CLOSE read_end = fds[0];
	int LK_AUTO_CLOSE write_end = fds[1];
	pid_t pid;
	int rc = spawn_git(argv, write_end, &pid, err);
	if (rc < 0) {
		return rc;
	}
	lk_close_p(&write_end);
	rc = read_pipe(read_end, out, err);
	lk_close_p(&read_end);
	*ret_status = wait_for(pid);
	return rc;
}

int lk_git_show(const char *object, struct lk_buf *out, struct lk_error *err)
{
	if (object[0] == '-') {
		return lk_fail(err, LK_E_USAGE, "'%s' is no REV:PATH", object);
	}
	const char *const args[] = {"show", "--no-textconv", object, NULL};
	int status = 0;
	int rc = lk_git_run(NULL, args, out, &status, err);
	if (rc < 0) {
		return lk_wrap(err, "'%s'", object);
	}
	if (status != 0) {
		lk_fail(err, LK_E_USAGE, "git has no '%s'", object);
		lk_error_hint(err,
			"REV:PATH counts PATH from the top of the repository; REV:./PATH from "
			"here");
		return LK_E_USAGE;
	}
	return 0;
}

int lk_git_read_lock(
	struct lk_app *app, const char *side, struct lk_lock_arg *ret, struct lk_error *err)
{
	if (access(side, F_OK) == 0 || !strchr(side, ':')) {
		return lk_lock_arg_read(app, side, ret, err);
	}
	*ret = (struct lk_lock_arg){.path = side};
	lk_buf_init(&ret->text, LK_LOCK_MAX_BYTES);
	int rc = lk_git_show(side, &ret->text, err);
	return rc < 0 ? rc : lk_lock_arg_parse(app, ret, err);
}

static int no_conflict(const char *path, struct lk_error *err)
{
	int rc = lk_fail(err, LK_E_USAGE, "git has no conflict in '%s'", path);
	lk_error_hint(err,
		"'git status' lists the paths that a merge left unmerged; three files "
		"are merged with: lockenv merge BASE OURS THEIRS");
	return rc;
}

static int read_blob(const char *dir, lk_str hash, struct lk_buf *out, struct lk_error *err)
{
	char *LK_AUTO_FREE object = lk_strndup(hash.ptr, hash.len);
	const char *const args[] = {"cat-file", "blob", object, NULL};
	int status = 0;
	int rc = lk_git_run(dir, args, out, &status, err);
	if (rc == 0 && status != 0) {
		rc = lk_fail(err, LK_E_USAGE, "git cannot read its object %s", object);
	}
	return rc;
}

/* Each entry "MODE HASH STAGE\tPATH", with a NUL behind it. */
static int read_stages(const char *dir, lk_str listing, struct lk_buf texts[LK_GIT_N_STAGES],
	bool ret_has[LK_GIT_N_STAGES], struct lk_error *err)
{
	lk_str entry;
	while (lk_str_split(&listing, '\0', &entry)) {
		lk_str mode;
		lk_str hash;
		lk_str stage;
		if (!lk_str_split(&entry, ' ', &mode) || !lk_str_split(&entry, ' ', &hash) ||
			!lk_str_split(&entry, '\t', &stage) || stage.len != 1 ||
			stage.ptr[0] < '1' || stage.ptr[0] > '3') {
			continue;
		}
		size_t at = (size_t)(stage.ptr[0] - '1');
		int rc = ret_has[at] ? 0 : read_blob(dir, hash, &texts[at], err);
		if (rc < 0) {
			return rc;
		}
		ret_has[at] = true;
	}
	return 0;
}

int lk_git_stages(const char *path, struct lk_buf texts[LK_GIT_N_STAGES],
	bool ret_has[LK_GIT_N_STAGES], struct lk_error *err)
{
	lk_str dirname = lk_path_dirname(lk_str_of(path));
	lk_str name = lk_path_basename(lk_str_of(path));
	char *LK_AUTO_FREE dir =
		dirname.len > 0 ? lk_strndup(dirname.ptr, dirname.len) : lk_strdup(".");
	char *LK_AUTO_FREE spec = lk_asprintf(":(literal)" LK_STR_FMT, LK_STR_ARG(name));
	const char *const args[] = {"ls-files", "-u", "-z", "--", spec, NULL};
	struct lk_buf LK_CLEANUP(lk_buf_done) listing = LK_BUF_INIT(MAX_LISTING);
	int status = 0;
	int rc = lk_git_run(dir, args, &listing, &status, err);
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < LK_GIT_N_STAGES; i++) {
		ret_has[i] = false;
	}
	if (status != 0 || listing.len == 0) {
		return no_conflict(path, err);
	}
	return read_stages(dir, lk_buf_view(&listing), texts, ret_has, err);
}

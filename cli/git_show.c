/*
 * git show, through a pipe.
 */
#include "cli/git_show.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"

#define CHUNK ((size_t)65536)

/* OBJECT holds a colon and does not start with a dash, so git cannot take it for an option. */
static int spawn_git(const char *object, int out_fd, pid_t *ret_pid, struct lk_error *err)
{
	char *LK_AUTO_FREE copy = lk_strdup(object);
	char words[][16] = {"git", "show", "--no-textconv"};
	char *argv[] = {words[0], words[1], words[2], copy, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int rc = posix_spawnp(ret_pid, "git", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		return lk_fail_errno(err, LK_E_USAGE, rc, "cannot run git for '%s'", object);
	}
	return 0;
}

static int read_pipe(int fd, const char *object, struct lk_buf *out, struct lk_error *err)
{
	for (;;) {
		char *room = lk_buf_room(out, CHUNK);
		if (!room) {
			return lk_fail(err, LK_E_FORMAT, "'%s' is larger than %zu bytes", object,
				out->max);
		}
		ssize_t got = read(fd, room, CHUNK);
		if (got < 0 && errno != EINTR) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot read from git");
		}
		if (got == 0) {
			return 0;
		}
		out->len += got > 0 ? (size_t)got : 0;
	}
}

int lk_git_show(const char *object, struct lk_buf *out, struct lk_error *err)
{
	if (object[0] == '-') {
		return lk_fail(err, LK_E_USAGE, "'%s' is no REV:PATH", object);
	}
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make a pipe");
	}
	int LK_AUTO_CLOSE read_end = fds[0];
	int LK_AUTO_CLOSE write_end = fds[1];
	pid_t pid;
	int rc = spawn_git(object, write_end, &pid, err);
	if (rc < 0) {
		return rc;
	}
	lk_close_p(&write_end);
	rc = read_pipe(read_end, object, out, err);
	lk_close_p(&read_end);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (rc == 0 && status != 0) {
		lk_fail(err, LK_E_USAGE, "git has no '%s'", object);
		lk_error_hint(err,
			"REV:PATH counts PATH from the top of the repository; REV:./PATH from "
			"here");
		rc = LK_E_USAGE;
	}
	return rc;
}

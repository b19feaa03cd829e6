/*
 * posix_spawn and waitpid.
 */
#include "install/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

static int set_actions(const struct lk_spawn *spawn, posix_spawn_file_actions_t *actions)
{
	int rc = posix_spawn_file_actions_addfchdir_np(actions, spawn->dirfd);
	for (int fd = 0; rc == 0 && fd <= 2; fd++) {
		int from = fd == 0 ? spawn->stdin_fd : spawn->output_fd;
		rc = from >= 0 ? posix_spawn_file_actions_adddup2(actions, from, fd)
			       : posix_spawn_file_actions_addopen(actions, fd, "/dev/null",
					 fd == 0 ? O_RDONLY : O_WRONLY, 0);
	}
	return rc;
}

/* Workers block all signals; a program must not inherit that. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t defaults;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGTERM);
	sigaddset(&defaults, SIGPIPE);
	int rc = posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = rc == 0 ? posix_spawnattr_setsigmask(attributes, &none) : rc;
	return rc == 0 ? posix_spawnattr_setsigdefault(attributes, &defaults) : rc;
}

static int start(const struct lk_spawn *spawn, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0) {
		return rc;
	}
	rc = posix_spawnattr_init(&attributes);
	if (rc == 0) {
		rc = set_actions(spawn, &actions);
		rc = rc == 0 ? set_attributes(&attributes) : rc;
		if (rc == 0) {
			rc = posix_spawn(ret_pid, spawn->program, &actions, &attributes,
				(char *const *)spawn->argv, (char *const *)spawn->env);
		}
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

int lk_spawn_wait(const struct lk_spawn *spawn, int *ret_status, struct lk_error *err)
{
	pid_t pid = -1;
	int status = 0;
	int rc = start(spawn, &pid);
	if (rc != 0) {
		lk_fail_errno(err, LK_E_NOT_FOUND, rc, "cannot run '%s'", spawn->program);
		return LK_E_NOT_FOUND;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return lk_fail_errno(
				err, LK_E_FS, errno, "cannot wait for '%s'", spawn->program);
		}
	}
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

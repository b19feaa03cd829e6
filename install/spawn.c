/*
 * posix_spawn and waitpid; fork and exec where a sandbox forbids the former.
 */
#include "install/spawn.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"

#define N_STREAMS 3 /* standard input, output and error */

static const int default_signals[] = {SIGINT, SIGTERM, SIGPIPE};

static int set_actions(
	const struct lk_spawn *spawn, const int *streams, posix_spawn_file_actions_t *actions)
{
	int rc = posix_spawn_file_actions_addfchdir_np(actions, spawn->dirfd);
	for (int fd = 0; rc == 0 && fd < N_STREAMS; fd++) {
		rc = posix_spawn_file_actions_adddup2(actions, streams[fd], fd);
	}
	return rc;
}

/* Workers block all signals; a program must not inherit that. */
static int set_attributes(bool own_group, posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t defaults;
	sigemptyset(&none);
	sigemptyset(&defaults);
	for (size_t i = 0; i < LK_COUNTOF(default_signals); i++) {
		sigaddset(&defaults, default_signals[i]);
	}
	int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	int rc = posix_spawnattr_setflags(
		attributes, (short)(own_group ? flags | POSIX_SPAWN_SETPGROUP : flags));
	rc = rc == 0 ? posix_spawnattr_setsigmask(attributes, &none) : rc;
	return rc == 0 ? posix_spawnattr_setsigdefault(attributes, &defaults) : rc;
}

/* 0 or an errno. */
static int start(const struct lk_spawn *spawn, const int *streams, bool own_group, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0) {
		return rc;
	}
	rc = posix_spawnattr_init(&attributes);
	if (rc == 0) {
		rc = set_actions(spawn, streams, &actions);
		rc = rc == 0 ? set_attributes(own_group, &attributes) : rc;
		if (rc == 0) {
			rc = posix_spawn(ret_pid, spawn->program, &actions, &attributes,
				(char *const *)spawn->argv, (char *const *)spawn->env);
		}
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* The child's side of start_forked. Only what a child of threads may call; returns what failed. */
static int become(const struct lk_spawn *spawn, const int *streams, bool own_group)
{
	sigset_t none;
	sigemptyset(&none);
	for (size_t i = 0; i < LK_COUNTOF(default_signals); i++) {
		(void)signal(default_signals[i], SIG_DFL);
	}
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0 || fchdir(spawn->dirfd) != 0 ||
		(own_group && setpgid(0, 0) != 0)) {
		return errno;
	}
	for (int fd = 0; fd < N_STREAMS; fd++) {
		if (dup2(streams[fd], fd) < 0) {
			return errno;
		}
	}
	(void)execve(spawn->program, (char *const *)spawn->argv, (char *const *)spawn->env);
	return errno;
}

/* The C library's posix_spawn makes its child by clone3, which older sandboxes answer with EPERM.
 * 0 or an errno: the child tells why it could not become the program by a pipe, which exec closes.
 */
static int start_forked(
	const struct lk_spawn *spawn, const int *streams, bool own_group, pid_t *ret_pid)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0) {
		return errno;
	}
	pid_t pid = fork();
	if (pid == 0) {
		int errnum = become(spawn, streams, own_group);
		(void)!write(ends[1], &errnum, sizeof(errnum));
		_exit(127);
	}
	int errnum = pid < 0 ? errno : 0;
	lk_close_p(&ends[1]);
	if (pid > 0 && TEMP_FAILURE_RETRY(read(ends[0], &errnum, sizeof(errnum))) > 0) {
		(void)TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
	}
	lk_close_p(&ends[0]);
	*ret_pid = pid;
	return errnum;
}

/* Where a stream goes that nobody asked for; a bare root may have no devices. */
static int open_null(int dirfd, int *ret_fd, struct lk_error *err)
{
	*ret_fd = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
	return *ret_fd >= 0 ? 0 : lk_fs_scratch_file(dirfd, ret_fd, err);
}

int lk_spawn_start(
	const struct lk_spawn *spawn, bool own_group, pid_t *ret_pid, struct lk_error *err)
{
	int LK_AUTO_CLOSE null = -1;
	int rc = open_null(spawn->dirfd, &null, err);
	if (rc < 0) {
		return lk_wrap(err, "cannot run '%s'", spawn->program);
	}
	int output = spawn->output_fd >= 0 ? spawn->output_fd : null;
	const int streams[N_STREAMS] = {
		spawn->stdin_fd >= 0 ? spawn->stdin_fd : null, output, output};
	int errnum = start(spawn, streams, own_group, ret_pid);
	if (errnum == EPERM) {
		errnum = start_forked(spawn, streams, own_group, ret_pid);
	}
	return errnum != 0
		? lk_fail_errno(err, LK_E_NOT_FOUND, errnum, "cannot run '%s'", spawn->program)
		: 0;
}

int lk_spawn_reap(const struct lk_spawn *spawn, pid_t pid, int *ret_status, struct lk_error *err)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return lk_fail_errno(
				err, LK_E_FS, errno, "cannot wait for '%s'", spawn->program);
		}
	}
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

int lk_spawn_wait(const struct lk_spawn *spawn, int *ret_status, struct lk_error *err)
{
	pid_t pid = -1;
	int rc = lk_spawn_start(spawn, false, &pid, err);
	return rc < 0 ? rc : lk_spawn_reap(spawn, pid, ret_status, err);
}

/*
 * Owners: this process lives, one that had its pid before does not, and what cannot be seen is not
 * gone.
 */
#include "base/owner.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_names(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) who = LK_BUF_INIT(256);
	char *LK_AUTO_FREE self = lk_owner_self();
	assert_true(lk_owner_is_name(lk_str_of(self)));
	assert_false(lk_owner_is_name(LK_STR("owner,host,boot,1,2")));
	assert_false(lk_owner_is_name(LK_STR("free")));
	lk_owner_describe(LK_STR("owner,node1,boot,1,23,4"), &who);
	assert_string_equal(lk_buf_cstr(&who), "process 23 on node1");
}

static void test_gone(void **state)
{
	(void)state;
	char other[256];
	char *LK_AUTO_FREE self = lk_owner_self();
	assert_false(lk_owner_is_gone(lk_str_of(self)));
	/* The same pid, begun at another time. */
	snprintf(other, sizeof(other), "%s0", self);
	assert_true(lk_owner_is_gone(lk_str_of(other)));
	assert_false(lk_owner_is_gone(LK_STR("owner,far,boot,1,2,3")));
}

static void test_ended(void **state)
{
	(void)state;
	char name[256] = "";
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char *self = lk_owner_self();
		_exit(write(ends[1], self, strlen(self)) < 0);
	}
	int status;
	assert_true(read(ends[0], name, sizeof(name) - 1) > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(lk_owner_is_gone(lk_str_of(name)));
	close(ends[0]);
	close(ends[1]);
}

/* In a child, for which nothing is to be seen in /proc of its parent, as where users do not see
 * each other's processes: 0 when NAME counts as living. */
static int look_hidden(lk_str name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%ld", (long)getppid());
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("none", path, "tmpfs", 0, NULL) != 0) {
		return 77;
	}
	return lk_owner_is_gone(name);
}

static void test_hidden(void **state)
{
	(void)state;
	char *self = lk_owner_self();
	int status = 0;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		_exit(look_hidden(lk_str_of(self)));
	}
	lk_free(self);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_hidden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

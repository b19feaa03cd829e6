/*
 * Programs that end, do not end, or do not stop to talk.
 */
#include "base/watched.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool at_once(void *ctx)
{
	(void)ctx;
	return true;
}

static const struct lk_report stopping = {.stop = at_once};

struct outcome {
	int rc, status;
	enum lk_watched_end end;
	char text[64];
};

static struct outcome run(
	const char *script, int report_fd, unsigned limit_ms, const struct lk_report *report)
{
	const char *const words[] = {"/bin/sh", "-c", script, NULL};
	const struct lk_watched what = {
		.program = words[0],
		.argv = words,
		.env = (const char *const *)environ,
		.report_fd = report_fd,
		.limit_ms = limit_ms,
		.report = report,
	};
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(sizeof((struct outcome){0}.text));
	struct outcome ret = {0};
	ret.rc = lk_watched_run(&what, &out, &ret.end, &ret.status);
	snprintf(ret.text, sizeof(ret.text), LK_STR_FMT, LK_STR_ARG(lk_buf_view(&out)));
	return ret;
}

static void what_is_written_is_taken(void **state)
{
	struct outcome o = run("echo out; echo err >&2; exit 3", 1, 60000, NULL);
	assert_int_equal(o.rc, 0);
	assert_int_equal(o.end, LK_WATCHED_ENDED);
	assert_int_equal(WEXITSTATUS(o.status), 3);
	assert_string_equal(o.text, "out\n");
	o = run("echo out; echo three >&3; kill -9 $$", 3, 60000, NULL);
	assert_int_equal(o.end, LK_WATCHED_ENDED);
	assert_int_equal(WTERMSIG(o.status), SIGKILL);
	assert_string_equal(o.text, "three\n");
	(void)state;
}

static void limits_hold(void **state)
{
	assert_int_equal(
		run("trap '' TERM; sleep 60; sleep 60", 1, 100, NULL).end, LK_WATCHED_LATE);
	assert_int_equal(run("while :; do echo more; done", 1, 60000, NULL).end, LK_WATCHED_LOUD);
	assert_int_equal(run("sleep 60", 1, 60000, &stopping).end, LK_WATCHED_STOPPED);
	(void)state;
}

/* One that lives on and holds the pipe is not waited for, and not left behind. */
static void others_are_ended(void **state)
{
	struct outcome o = run("sleep 60 & echo $!", 1, 60000, NULL);
	assert_int_equal(o.end, LK_WATCHED_ENDED);
	uint64_t pid;
	assert_true(lk_str_to_u64(lk_str_trim(lk_str_of(o.text)), &pid));
	int tries = 0;
	while (kill((pid_t)pid, 0) == 0 && tries++ < 500) {
		usleep(10000); /* until init has taken it */
	}
	assert_true(tries < 500);
	(void)state;
}

static void not_startable(void **state)
{
	const char *const words[] = {"/no/such/program", NULL};
	const struct lk_watched what = {.program = words[0],
		.argv = words,
		.env = words + 1,
		.report_fd = 1,
		.limit_ms = 1000};
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(64);
	enum lk_watched_end end;
	int status;
	assert_int_equal(lk_watched_run(&what, &out, &end, &status), ENOENT);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_taken),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(others_are_ended),
		cmocka_unit_test(not_startable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

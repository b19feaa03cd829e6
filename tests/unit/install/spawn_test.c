/*
 * Programs run and waited for.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "install/spawn.h"

static const char *const no_env[] = {NULL};

/* Runs the script in the root folder; returns the program's status. */
static int run_shell(const char *script, int stdin_fd, int output_fd)
{
	struct lk_error err = LK_ERROR_INIT;
	int LK_AUTO_CLOSE root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *const argv[] = {"sh", "-c", script, NULL};
	const struct lk_spawn spawn = {root, "/bin/sh", argv, no_env, stdin_fd, output_fd};
	int status = -1;
	assert_int_equal(lk_spawn_wait(&spawn, &status, &err), LK_OK);
	return status;
}

static void test_status(void **state)
{
	(void)state;
	assert_int_equal(run_shell("exit 0", -1, -1), 0);
	assert_int_equal(run_shell("exit 3", -1, -1), 3);
	assert_int_equal(run_shell("kill -9 $$", -1, -1), 128 + SIGKILL);
	assert_int_equal(run_shell("[ \"$PWD\" = / ] && [ -z \"$HOME\" ]", -1, -1), 0);
	assert_int_equal(run_shell("echo lost; echo lost >&2; ! read line", -1, -1), 0);
}

static void test_streams(void **state)
{
	(void)state;
	int LK_AUTO_CLOSE in = memfd_create("in", MFD_CLOEXEC);
	int LK_AUTO_CLOSE out = memfd_create("out", MFD_CLOEXEC);
	char bytes[16] = {0};
	assert_int_equal(write(in, "word\n", 5), 5);
	assert_int_equal(lseek(in, 0, SEEK_SET), 0);
	assert_int_equal(run_shell("read line; echo $line; echo two >&2", in, out), 0);
	assert_int_equal(pread(out, bytes, sizeof(bytes), 0), 9);
	assert_string_equal(bytes, "word\ntwo\n");
}

/* A worker blocks all signals and the command ignores SIGPIPE: a program gets neither. */
static void test_signals(void **state)
{
	(void)state;
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &all, &before), 0);
	void (*on_pipe)(int) = signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run_shell("kill -TERM $$; exit 1", -1, -1), 128 + SIGTERM);
	assert_int_equal(run_shell("kill -PIPE $$; exit 1", -1, -1), 128 + SIGPIPE);
	(void)signal(SIGPIPE, on_pipe);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

static void test_not_there(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	int LK_AUTO_CLOSE root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *const argv[] = {"no", NULL};
	const struct lk_spawn spawn = {root, "no/such/program", argv, no_env, -1, -1};
	int status = -1;
	assert_int_equal(lk_spawn_wait(&spawn, &status, &err), LK_E_NOT_FOUND);
	assert_int_equal(status, -1);
}

struct heard {
	struct lk_buf text; /* each line in brackets */
	unsigned lines;
	unsigned stop_after; /* so many lines; 0: never */
};

static void hear(void *ctx, lk_str line)
{
	struct heard *heard = ctx;
	heard->lines++;
	lk_buf_putc(&heard->text, '[');
	lk_buf_put(&heard->text, line);
	lk_buf_putc(&heard->text, ']');
}

static bool stop(void *ctx)
{
	const struct heard *heard = ctx;
	return heard->stop_after > 0 && heard->lines >= heard->stop_after;
}

/* Listens to the script; returns its status, and what was heard in HEARD. */
static int listen_to(const char *script, struct heard *heard)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_report report = {.ctx = heard, .stop = stop};
	const struct lk_listener listener = {hear, heard, &report};
	int LK_AUTO_CLOSE root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *const argv[] = {"sh", "-c", script, NULL};
	const struct lk_spawn spawn = {root, "/bin/sh", argv, no_env, -1, -1};
	int status = -1;
	lk_buf_init(&heard->text, (size_t)1 << 20);
	assert_int_equal(lk_spawn_listen(&spawn, &listener, &status, &err), LK_OK);
	return status;
}

static void test_listen(void **state)
{
	(void)state;
	static const struct {
		const char *script, *text;
		int status;
	} cases[] = {
		{":", "", 0},
		{"exit 7", "", 7},
		{"echo one; echo two >&2; printf three; exit 2", "[one][two][three]", 2},
		{"printf '\\n\\nx\\n'", "[][][x]", 0},
		{"exec >&- 2>&-; exit 3", "", 3},
		/* What is left running holds the pipe, and nothing up. */
		{"echo here; sleep 3 & exit 4", "[here]", 4},
		/* A group of its own. */
		{"kill -KILL 0", "", 128 + SIGKILL},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct heard heard = {0};
		assert_int_equal(listen_to(cases[i].script, &heard), cases[i].status);
		assert_string_equal(lk_buf_cstr(&heard.text), cases[i].text);
		lk_buf_done(&heard.text);
	}
}

static void test_listen_long_line(void **state)
{
	(void)state;
	struct heard heard = {0};
	assert_int_equal(listen_to("printf '%09999d\\n' 1", &heard), 0);
	assert_int_equal(heard.lines, 3);
	assert_int_equal(heard.text.len, 9999 + 6);
	lk_buf_done(&heard.text);
}

/* Told to stop, by SIGTERM; what it started is, too. */
static void test_listen_stop(void **state)
{
	(void)state;
	struct heard heard = {.stop_after = 1};
	assert_int_equal(listen_to("echo 1; sleep 60 & wait", &heard), 128 + SIGTERM);
	assert_int_equal(heard.lines, 1);
	lk_buf_done(&heard.text);
	heard = (struct heard){.stop_after = 1};
	assert_int_equal(
		listen_to("trap 'echo 2; exit 9' TERM; echo 1; sleep 60 & wait", &heard), 9);
	assert_string_equal(lk_buf_cstr(&heard.text), "[1][2]");
	lk_buf_done(&heard.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_listen_long_line),
		cmocka_unit_test(test_listen_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

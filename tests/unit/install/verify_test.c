/*
 * Verifying and repairing, as calls; what is found is tests/cli/verify.sh's matter. Here: what
 * world.h leaves open, and what a command cannot show.
 */
#include "install/verify.h"

#include <sys/stat.h>
#include <unistd.h>

#include "install/repair.h"
#include "install/verify_path.h"
#include "world.h"

static int verify(struct world *w, struct lk_verify *ret)
{
	const struct lk_verify_options options = {.jobs = 2};
	return lk_verify_prefix(w->prefix, &options, &w->report, ret, &w->err);
}

static void add_python_module(struct world *w)
{
	static const struct pack_member python[] = {
		{.name = "bin/python3.12", .link = "/usr/bin/python3", .type = '2'}, {0}};
	static const struct pack_member members[] = {
		{.name = "site-packages/m/a.py", .text = "x = 1\n", .type = '0'}, {0}};
	add(w, "m", "1",
		"{\"noarch\": {\"type\": \"python\", \"entry_points\": [\"run = m.a:main\"]}, "
		"\"package_metadata_version\": 1}",
		NULL, members);
	add(w, "python", "3.12.1", NULL, NULL, python);
}

/* What differs at PATH; the test fails when nothing does. */
static unsigned look(struct world *w, const char *path, const char *change)
{
	struct lk_verify found;
	bool is_found = false;
	unsigned what = 0;
	assert_int_equal(verify(w, &found), 0);
	for (size_t i = 0; i < found.findings.len; i++) {
		const struct lk_finding *finding = &found.findings.items[i];
		if (lk_str_is(finding->path, path) && finding->kind != LK_FINDING_FOREIGN) {
			is_found = true;
			what = finding->what;
		}
	}
	lk_verify_done(&found);
	if (!is_found) {
		fail_msg("%s: %s was not found", path, change);
	}
	return what;
}

static void change_bytes(struct world *w, const char *name, int fd, off_t size)
{
	for (off_t at = 0; at < size; at += 1 + size / 7) {
		unsigned char byte;
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		const unsigned char other = byte ^ 4;
		assert_int_equal(pwrite(fd, &other, 1, at), 1);
		(void)look(w, name, lk_arena_printf(&w->arena, "byte %d", (int)at));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
}

/* Another byte, another mode, and gone. */
static void change_file(struct world *w, const char *name)
{
	const char *path = path_of(w, name);
	const char *aside = path_of(w, "../aside");
	struct stat before;
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &before), 0);
	change_bytes(w, name, fd, before.st_size);
	assert_int_equal(fchmod(fd, before.st_mode ^ 0001), 0);
	assert_int_equal(look(w, name, "a mode"), LK_DIFFERS_MODE);
	assert_int_equal(fchmod(fd, before.st_mode), 0);
	close(fd);
	assert_int_equal(rename(path, aside), 0);
	(void)look(w, name, "that it is gone");
	assert_int_equal(rename(aside, path), 0);
}

static void test_each_file(void **state)
{
	static const char *const files[] = {
		"bin/run",
		"conda-meta/history",
		"conda-meta/lockenv-state",
		"conda-meta/m-1-0.json",
		"conda-meta/python-3.12.1-0.json",
		"lib/python3.12/site-packages/m/a.py",
		"lib/python3.12/site-packages/m/__pycache__/a.cpython-312.pyc",
	};
	struct world *w = *state;
	if (access("/usr/bin/python3", X_OK) < 0) {
		skip();
	}
	w->options.compile = true;
	w->options.link = LK_LINK_COPY;
	add_python_module(w);
	assert_int_equal(install(w), 0);
	for (size_t i = 0; i < LK_COUNTOF(files); i++) {
		change_file(w, files[i]);
	}
	assert_verified(w);
}

static void test_interrupted(void **state)
{
	struct world *w = *state;
	struct lk_verify found;
	add_tool(w, "1", "one");
	assert_int_equal(install(w), 0);
	w->stop = true;
	assert_int_equal(verify(w, &found), LK_E_INTERRUPTED);
	lk_verify_done(&found);
	w->stop = false;
}

/* A repair that would not give what was installed changes nothing. */
static void test_expected(void **state)
{
	struct world *w = *state;
	struct lk_verify found;
	struct lk_install_result result;
	add_tool(w, "1", "one");
	assert_int_equal(install(w), 0);
	assert_int_equal(chmod(path_of(w, "bin/tool"), 0700), 0);
	assert_int_equal(verify(w, &found), 0);
	assert_int_equal(lk_repair_check(&found, w->prefix, &w->err), 0);
	lk_str right = found.stamp.tree_digest;
	found.stamp.tree_digest = LK_STR("another");
	assert_int_equal(
		lk_repair(w->cache, w->prefix, &found, &w->options, &w->report, &result, &w->err),
		LK_E_INTEGRITY);
	assert_clean(w);
	struct stat status;
	assert_int_equal(stat(path_of(w, "bin/tool"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	found.stamp.tree_digest = right;
	lk_error_clear(&w->err);
	assert_int_equal(
		lk_repair(w->cache, w->prefix, &found, &w->options, &w->report, &result, &w->err),
		0);
	assert_true(lk_str_is(right, result.tree_digest));
	lk_verify_done(&found);
	assert_verified(w);
}

/* By its state an environment can be repaired; without it, or with damaged records, it cannot. */
static void test_repairable(void **state)
{
	struct world *w = *state;
	struct lk_verify found;
	add_tool(w, "1", "one");
	assert_int_equal(install(w), 0);
	put_text(w, "conda-meta/tool-1-0.json", "{}");
	assert_int_equal(verify(w, &found), 0);
	assert_true(found.records_changed);
	assert_int_equal(lk_repair_check(&found, w->prefix, &w->err), LK_E_FINDING);
	lk_verify_done(&found);
	put_text(w, "conda-meta/lockenv-state", "lockenv-state 1\n");
	assert_int_equal(verify(w, &found), 0);
	assert_int_equal(found.state, LK_VERIFY_DAMAGED);
	assert_int_equal(lk_repair_check(&found, w->prefix, &w->err), LK_E_FINDING);
	lk_verify_done(&found);
	assert_int_equal(unlink(path_of(w, "conda-meta/lockenv-state")), 0);
	assert_int_equal(verify(w, &found), 0);
	assert_int_equal(found.state, LK_VERIFY_DAMAGED);
	assert_true(found.stateless);
	lk_verify_done(&found);
	put_text(w, "conda-meta/history", "# cmd: conda create\n");
	assert_int_equal(verify(w, &found), 0);
	assert_int_equal(found.state, LK_VERIFY_FOREIGN);
	assert_int_equal(lk_repair_check(&found, w->prefix, &w->err), LK_E_USAGE);
	lk_verify_done(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repairable, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

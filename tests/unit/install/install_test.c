/*
 * Whole installs of small archives: fresh, unchanged, upgraded; foreign and changed files; prefixes
 * that are not ours; owners dead and alive; hostile archives.
 */
#include "install/install.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/owner.h"
#include "install/journal.h"
#include "install/site.h"
#include "store/cache.h"
#include "tests/unit/install/world.h"

static void test_fresh_and_unchanged(void **state)
{
	struct world *w = *state;
	char target[64] = "";
	add_tool(w, "1", "#!/bin/sh\n");
	assert_int_equal(install(w), 0);
	assert_int_equal(w->result.added, 1);
	assert_int_equal(w->result.files, 3);
	assert_string_equal(w->result.link_mode, "hardlink");
	assert_string_equal(text_of(w, "bin/tool"), "#!/bin/sh\n");
	assert_int_equal(readlink(path_of(w, "lib/libtool.so"), target, sizeof(target) - 1), 12);
	assert_string_equal(target, "libtool.so.1");
	assert_non_null(strstr(text_of(w, "conda-meta/history"), "+c/linux-64::tool-1-0\n"));
	const char *record = text_of(w, "conda-meta/tool-1-0.json");
	assert_non_null(strstr(record, "\"https://conda.anaconda.org/c/linux-64\""));
	assert_clean(w);
	char digest[LK_HEX_MAX];
	memcpy(digest, w->result.tree_digest, sizeof(digest));

	assert_int_equal(install(w), 0);
	assert_true(w->result.unchanged);
	assert_string_equal(w->result.tree_digest, digest);

	/* Somebody else changes conda-meta: no longer taken for unchanged; made the same again. */
	put_text(w, "conda-meta/tool-1-0.json", record);
	assert_int_equal(install(w), 0);
	assert_false(w->result.unchanged);
	assert_int_equal(w->result.relinked, 1);
	assert_string_equal(w->result.tree_digest, digest);
	assert_string_equal(text_of(w, "conda-meta/tool-1-0.json"), record);

	/* By copies, in one thread, the same tree. */
	assert_int_equal(lk_fs_remove_tree(AT_FDCWD, w->prefix, &w->err), 0);
	w->options.link = LK_LINK_COPY;
	w->options.jobs = 1;
	w->options.verify = true;
	assert_int_equal(install(w), 0);
	assert_string_equal(w->result.link_mode, "copy");
	assert_string_equal(w->result.tree_digest, digest);
}

static void test_upgrade_keeps_foreign(void **state)
{
	struct world *w = *state;
	struct stat status;
	add_tool(w, "1", "one");
	const struct pack_member gone[] = {
		{.name = "share/gone", .text = "gone", .type = '0'}, {0}};
	add(w, "other", "1", NULL, NULL, gone);
	/* names sorted: other, tool */
	struct lk_record tool = w->records[0];
	w->records[0] = w->records[1];
	w->records[1] = tool;
	w->options.link = LK_LINK_COPY; /* so that changing a file does not reach into the cache */
	assert_int_equal(install(w), 0);
	assert_int_equal(mkdir(path_of(w, "notes"), 0700), 0);
	put_text(w, "notes/mine", "mine");
	put_text(w, "bin/tool", "changed by hand");
	put_text(w, "lib/new", "foreign, and soon a package's");
	assert_int_equal(symlink("/nowhere", path_of(w, "notes/link")), 0);
	w->n = 0;
	const struct pack_member members[] = {
		{.name = "bin/tool", .text = "two", .type = '0', .mode = 0755},
		{.name = "lib/new", .text = "the package's", .type = '0'},
		{0},
	};
	add(w, "tool", "2", NULL, NULL, members);
	assert_int_equal(install(w), 0);
	assert_int_equal(w->result.replaced, 1);
	assert_int_equal(w->result.removed, 1);
	assert_string_equal(text_of(w, "bin/tool"), "two");
	assert_string_equal(text_of(w, "notes/mine"), "mine");
	assert_int_equal(stat(path_of(w, "notes"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(lstat(path_of(w, "notes/link"), &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_string_equal(text_of(w, "bin/tool.lockenv-saved"), "changed by hand");
	assert_string_equal(text_of(w, "lib/new"), "the package's");
	assert_string_equal(text_of(w, "lib/new.lockenv-saved"), "foreign, and soon a package's");
	assert_string_equal(text_of(w, "share/gone"), "(none)");
	assert_true(stat(path_of(w, "share"), &status) < 0);
	assert_string_equal(text_of(w, "conda-meta/tool-1-0.json"), "(none)");
	assert_non_null(strstr(text_of(w, "conda-meta/history"), "-c/linux-64::tool-1-0\n"));
	assert_non_null(strstr(w->warnings.ptr, "'bin/tool' was changed: kept as"));
	assert_clean(w);
}

static void test_prefix_written(void **state)
{
	struct world *w = *state;
	struct stat status;
	const struct pack_member members[] = {
		{.name = "bin/run",
			.text = "#!" PLACEHOLDER "/bin/sh\n",
			.type = '0',
			.mode = 0755},
		{.name = "etc/plain", .text = "nothing here", .type = '0'},
		{0},
	};
	add(w, "run", "1", NULL,
		"{\"_path\": \"bin/run\", \"path_type\": \"hardlink\", \"file_mode\": \"text\", "
		"\"prefix_placeholder\": \"" PLACEHOLDER
		"\"}, {\"_path\": \"etc/plain\", \"path_type\": "
		"\"hardlink\", \"prefix_placeholder\": \"" PLACEHOLDER "\"}",
		members);
	assert_int_equal(install(w), 0);
	assert_string_equal(
		text_of(w, "bin/run"), lk_arena_printf(&w->arena, "#!%s/bin/sh\n", w->prefix));
	assert_int_equal(stat(path_of(w, "bin/run"), &status), 0);
	assert_int_equal(status.st_mtime, PACK_MTIME + 2);
	assert_int_equal(status.st_mode & 07777, 0755);
	assert_int_equal(stat(path_of(w, "etc/plain"), &status), 0);
	assert_int_equal(status.st_mtime, PACK_MTIME);
	assert_non_null(strstr(w->warnings.ptr, "does not hold its prefix placeholder"));
}

/* Built elsewhere for a prefix, and moved there, it is what an install there makes. */
static void test_final_prefix(void **state)
{
	struct world *w = *state;
	const struct pack_member members[] = {
		{.name = "bin/run",
			.text = "#!" PLACEHOLDER "/bin/sh\n",
			.type = '0',
			.mode = 0755},
		{0},
	};
	add(w, "run", "1", NULL,
		"{\"_path\": \"bin/run\", \"path_type\": \"hardlink\", \"file_mode\": \"text\", "
		"\"prefix_placeholder\": \"" PLACEHOLDER "\"}",
		members);
	assert_int_equal(install(w), 0);
	const char *final = lk_arena_printf(&w->arena, "%s", w->prefix);
	const char *digest = lk_arena_printf(&w->arena, "%s", w->result.tree_digest);
	assert_int_equal(lk_fs_remove_tree(AT_FDCWD, final, &w->err), 0);
	lk_free(w->prefix);
	w->prefix = lk_asprintf("%s/elsewhere", w->root);
	w->options.final_prefix = "relative";
	assert_int_equal(install(w), LK_E_USAGE);
	w->options.final_prefix = final;
	assert_int_equal(install(w), 0);
	assert_string_equal(w->result.tree_digest, digest);
	assert_int_equal(access(final, F_OK), -1);
	assert_string_equal(
		text_of(w, "bin/run"), lk_arena_printf(&w->arena, "#!%s/bin/sh\n", final));
	assert_int_equal(rename(w->prefix, final), 0);
	lk_free(w->prefix);
	w->prefix = lk_asprintf("%s", final);
	w->options.final_prefix = NULL;
	assert_int_equal(install(w), 0);
	assert_true(w->result.unchanged);
}

static void add_python(struct world *w)
{
	const struct pack_member members[] = {{.name = "bin/python3.12",
						      .type = '0',
						      .mode = 0755,
						      .text = "#!/bin/sh\nexit 1\n"},
		{0}};
	add(w, "python", "3.12.1", NULL, NULL, members);
}

static void test_noarch(void **state)
{
	struct world *w = *state;
	const struct pack_member members[] = {
		{.name = "site-packages/m.py", .text = "x = 1\n", .type = '0'}, {0}};
	const char *link =
		"{\"noarch\": {\"type\": \"python\", \"entry_points\": [\"m = m:main\"]}, "
		"\"package_metadata_version\": 1}";
	w->options.compile = true;
	add(w, "m", "1", link, NULL, members);
	assert_int_equal(install(w), LK_E_INTEGRITY);
	assert_non_null(strstr(w->err.message, "needs a python"));
	add_python(w);
	assert_int_equal(install(w), 0);
	assert_string_equal(text_of(w, "lib/python3.12/site-packages/m.py"), "x = 1\n");
	assert_non_null(strstr(text_of(w, "bin/m"), "from m import main\n"));
	/* That python does not run: no pyc, no record of one, one warning. */
	assert_non_null(strstr(w->warnings.ptr, "does not run here"));
	assert_null(strstr(text_of(w, "conda-meta/m-1-0.json"), ".pyc"));
}

/* A python of the machine stands for the environment's. */
static void test_pyc(void **state)
{
	struct world *w = *state;
	const struct pack_member python[] = {
		{.name = "bin/python3.12", .link = "/usr/bin/python3", .type = '2'}, {0}};
	const struct pack_member members[] = {
		{.name = "site-packages/m/a.py", .text = "x = 1\n", .type = '0'},
		{.name = "site-packages/m/bad.py", .text = "print 'two'\n", .type = '0'},
		{0},
	};
	static const char pyc[] = "lib/python3.12/site-packages/m/__pycache__/a.cpython-312.pyc";
	if (access("/usr/bin/python3", X_OK) < 0) {
		skip();
	}
	w->options.compile = true;
	add(w, "m", "1", "{\"noarch\": {\"type\": \"python\"}, \"package_metadata_version\": 1}",
		NULL, members);
	add(w, "python", "3.12.1", NULL, NULL, python);
	assert_int_equal(install(w), 0);
	struct lk_buf LK_CLEANUP(lk_buf_done) first = LK_BUF_INIT(1 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) again = LK_BUF_INIT(1 << 20);
	assert_int_equal(lk_fs_read_file(AT_FDCWD, path_of(w, pyc), &first, &w->err), 0);
	/* The final name is inside, time-stamped by the archive's mtime. */
	assert_true(lk_str_find(lk_buf_view(&first), lk_str_of(path_of(w, "lib/python3.12"))) !=
		SIZE_MAX);
	assert_true(lk_str_find(lk_buf_view(&first), LK_STR(".lockenv")) == SIZE_MAX);
	const char *record = text_of(w, "conda-meta/m-1-0.json");
	assert_non_null(strstr(record, "a.cpython-312.pyc"));
	assert_null(strstr(record, "bad.cpython-312.pyc"));
	assert_non_null(strstr(record, "\"pyc_file\""));
	w->options.verify = true;
	w->options.jobs = 1;
	assert_int_equal(install(w), 0);
	assert_int_equal(lk_fs_read_file(AT_FDCWD, path_of(w, pyc), &again, &w->err), 0);
	assert_true(lk_str_eq(lk_buf_view(&first), lk_buf_view(&again)));
	assert_string_equal(text_of(w, "conda-meta/m-1-0.json"), record);
}

/* The pyc of MODULE, which the python of test_pyc_units leaves: the process that compiled it. */
static const char *compiler_of(struct world *w, const char *module)
{
	const char *text = text_of(w,
		lk_arena_printf(&w->arena,
			"lib/python3.12/site-packages/__pycache__/%s.cpython-312.pyc", module));
	assert_string_not_equal(text, "(none)");
	return text;
}

/* Each package's files are compiled by a process that has compiled nothing else, in runs of 128. */
static void test_pyc_units(void **state)
{
	enum {
		MANY = 130
	};
	static const char link[] =
		"{\"noarch\": {\"type\": \"python\"}, \"package_metadata_version\": 1}";
	const struct pack_member python[] = {
		{.name = "bin/python3.12",
			.text = "#!/bin/sh\nPYTHONPATH=${0%/*}/../shim exec /usr/bin/python3 "
				"\"$@\"\n",
			.mode = 0755,
			.type = '0'},
		{.name = "shim/py_compile.py",
			.text = "import os\n"
				"def compile(file, cfile, dfile, doraise):\n"
				"    with open(cfile, 'w') as out:\n"
				"        out.write(str(os.getpid()))\n",
			.type = '0'},
		{0},
	};
	const struct pack_member one[] = {
		{.name = "site-packages/a.py", .text = "", .type = '0'},
		{.name = "site-packages/z.py", .text = "", .type = '0'},
		{0},
	};
	struct world *w = *state;
	struct pack_member many[MANY + 1] = {{0}};
	if (access("/usr/bin/python3", X_OK) < 0) {
		skip();
	}
	for (int i = 0; i < MANY; i++) {
		many[i].name = lk_arena_printf(&w->arena, "site-packages/m%03d.py", i);
		many[i].text = "";
		many[i].type = '0';
	}
	w->options.compile = true;
	add(w, "many", "1", link, NULL, many);
	add(w, "one", "1", link, NULL, one);
	add(w, "python", "3.12.1", NULL, NULL, python);
	assert_int_equal(install(w), 0);
	assert_string_equal(compiler_of(w, "a"), compiler_of(w, "z"));
	assert_string_equal(compiler_of(w, "m000"), compiler_of(w, "m127"));
	assert_string_equal(compiler_of(w, "m128"), compiler_of(w, "m129"));
	assert_string_not_equal(compiler_of(w, "m000"), compiler_of(w, "m128"));
	assert_string_not_equal(compiler_of(w, "m000"), compiler_of(w, "a"));
	assert_string_not_equal(compiler_of(w, "m128"), compiler_of(w, "a"));
}

static void test_usage(void **state)
{
	struct world *w = *state;
	add_tool(w, "1", "one");
	assert_int_equal(mkdir(w->prefix, 0755), 0);
	put_text(w, "precious", "precious");
	assert_int_equal(install(w), LK_E_USAGE);
	assert_string_equal(text_of(w, "precious"), "precious");
	assert_clean(w);
	assert_int_equal(unlink(path_of(w, "precious")), 0);
	/* an empty directory is fine */
	assert_int_equal(install(w), 0);
	put_text(w, "conda-meta/frozen", "");
	w->options.verify = true;
	assert_int_equal(install(w), LK_E_USAGE);
	assert_non_null(strstr(w->err.message, "frozen"));
	assert_clean(w);

	static const char *const bad[] = {"/", "relative", "/tmp/new\nline"};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		struct lk_site site;
		assert_int_equal(lk_site_open(bad[i], &site, &w->err), LK_E_USAGE);
	}
	struct lk_site site;
	const char *link = lk_arena_printf(&w->arena, "%s/link", w->root);
	assert_int_equal(symlink(w->prefix, link), 0);
	assert_int_equal(lk_site_open(link, &site, &w->err), LK_E_USAGE);
	assert_non_null(strstr(w->err.message, "symlink"));
	const char *below = lk_arena_printf(&w->arena, "%s/bin/tool", w->prefix);
	assert_int_equal(lk_site_open(below, &site, &w->err), LK_E_USAGE);
	assert_non_null(strstr(w->err.message, "not a directory"));
}

static void test_missing_and_stopped(void **state)
{
	struct world *w = *state;
	add_tool(w, "1", "one");
	w->records[0].sha256.bytes[0] ^= 1;
	assert_int_equal(install(w), LK_E_OFFLINE);
	assert_non_null(strstr(w->warnings.ptr, "tool-1-0.tar.bz2"));
	w->records[0].sha256.bytes[0] ^= 1;
	w->stop = true;
	assert_int_equal(install(w), LK_E_INTERRUPTED);
	assert_true(access(w->prefix, F_OK) < 0);
	assert_clean(w);
	w->stop = false;
	w->options.dry_run = true;
	assert_int_equal(install(w), 0);
	assert_int_equal(w->result.added, 1);
	assert_true(access(w->prefix, F_OK) < 0);
	assert_clean(w);
}

static void test_owner(void **state)
{
	struct world *w = *state;
	struct lk_site site;
	add_tool(w, "1", "one");
	assert_int_equal(lk_site_open(w->prefix, &site, &w->err), 0);
	assert_int_equal(lk_site_own(&site, 0, &w->report, &w->err), 0);
	assert_int_equal(install(w), LK_E_FS);
	assert_non_null(strstr(w->err.message, "another install"));
	lk_site_done(&site);
	/* What is not ours stays, and the hint names it. */
	const char *work = lk_arena_printf(&w->arena, "%s/.env.lockenv", w->root);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			i == 0 ? mknod(work, S_IFREG | 0644, 0) : symlink("cache", work), 0);
		assert_int_equal(install(w), LK_E_FS);
		assert_non_null(strstr(w->err.message, "/.env.lockenv' is in the way"));
		assert_non_null(strstr(w->err.hint, "move it elsewhere"));
		assert_int_equal(unlink(work), 0);
	}
	assert_int_equal(install(w), 0);
	assert_clean(w);
}

/* Who waits gets the prefix when the other lets go of it, and not before. */
static void test_wait(void **state)
{
	struct world *w = *state;
	struct lk_site site;
	int held[2];
	char byte;
	add_tool(w, "1", "one");
	assert_int_equal(pipe2(held, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		const struct timespec pause = {.tv_nsec = 300000000L};
		bool good = lk_site_open(w->prefix, &site, &w->err) == 0 &&
			lk_site_own(&site, 0, &w->report, &w->err) == 0 &&
			write(held[1], "x", 1) == 1 && nanosleep(&pause, NULL) == 0 &&
			access(w->prefix, F_OK) < 0;
		lk_site_done(&site);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(read(held[0], &byte, 1), 1);
	assert_int_equal(install(w), LK_E_FS);
	w->options.wait = 60;
	assert_int_equal(install(w), 0);
	assert_string_equal(text_of(w, "bin/tool"), "one");
	int wait_status = -1;
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	assert_int_equal(wait_status, 0);
	close(held[0]);
	close(held[1]);
	assert_clean(w);
}

/* Moves the prefix aside, as a process that died after the first of three renames has; the new tree
 * is empty. */
static int move_aside(struct world *w)
{
	struct lk_site site;
	struct stat status;
	struct lk_journal journal = {0};
	struct lk_exchange x = {LK_EXCHANGE_BOTH, LK_STR("env"), 0};
	int rc = lk_site_open(w->prefix, &site, &w->err);
	rc = rc < 0 ? rc : lk_site_own(&site, 0, &w->report, &w->err);
	if (rc < 0 || mkdirat(site.work_fd, LK_SITE_NEW, 0700) < 0 ||
		fstatat(site.work_fd, LK_SITE_NEW, &status, 0) < 0) {
		return -1;
	}
	x.inode = status.st_ino;
	lk_vec_push(&journal.names, x);
	rc = lk_journal_write(site.work_fd, &journal, &w->err);
	return rc < 0 ? rc
		      : lk_fs_rename(site.parent_fd, "env", site.work_fd, LK_SITE_OLD, &w->err);
}

static void die_between_renames(struct world *w)
{
	int wait_status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		_exit(move_aside(w) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	assert_int_equal(wait_status, 0);
	assert_true(access(w->prefix, F_OK) < 0);
}

/* The exchange is completed, and what else is left goes; also where somebody made an empty
 * directory in the prefix's place meanwhile. */
static void test_dead_owner(void **state)
{
	struct world *w = *state;
	static const char *const versions[] = {"2", "3"};
	add_tool(w, "1", "one");
	assert_int_equal(install(w), 0);
	for (size_t i = 0; i < LK_COUNTOF(versions); i++) {
		die_between_renames(w);
		assert_true(i == 0 || mkdir(w->prefix, 0755) == 0);
		w->n = 0;
		add_tool(w, versions[i], versions[i]);
		assert_int_equal(install(w), 0);
		assert_int_equal(w->result.added, 1);
		assert_non_null(strstr(w->warnings.ptr, "is completed"));
		assert_string_equal(text_of(w, "bin/tool"), versions[i]);
		assert_clean(w);
	}
}

/* What somebody made in the prefix's place since is not replaced, be it an environment or not, and
 * what was there is not removed. */
static void test_dead_owner_and_another(void **state)
{
	struct world *w = *state;
	static const char *const others[] = {"file", "conda-meta/history"};
	add_tool(w, "1", "one");
	for (size_t i = 0; i < LK_COUNTOF(others); i++) {
		assert_int_equal(install(w), 0);
		die_between_renames(w);
		assert_int_equal(mkdir(w->prefix, 0755), 0);
		assert_int_equal(mkdir(path_of(w, "conda-meta"), 0755), 0);
		put_text(w, others[i], "another's");
		assert_int_equal(install(w), LK_E_FS);
		assert_non_null(strstr(w->err.message, "something else was made in the place"));
		assert_string_equal(text_of(w, others[i]), "another's");
		assert_string_equal(text_of(w, "../.env.lockenv/" LK_SITE_OLD "/bin/tool"), "one");
		lk_error_clear(&w->err);
		assert_int_equal(lk_fs_remove_tree(AT_FDCWD, w->prefix, &w->err), 0);
	}
	assert_int_equal(install(w), 0);
	assert_string_equal(text_of(w, "bin/tool"), "one");
	assert_clean(w);
}

static void test_owner_names(void **state)
{
	(void)state;
	char *LK_AUTO_FREE self = lk_owner_self();
	struct lk_buf LK_CLEANUP(lk_buf_done) other = LK_BUF_INIT(255);
	assert_true(lk_owner_is_name(lk_str_of(self)));
	assert_false(lk_owner_is_gone(lk_str_of(self)));
	lk_str start = lk_str_of(strrchr(self, ',') + 1);
	lk_buf_append(&other, self, strlen(self) - start.len);
	lk_buf_puts(&other, "1");
	assert_true(lk_owner_is_gone(lk_buf_view(&other))); /* our pid, born at another time */
	assert_false(lk_owner_is_gone(LK_STR("owner,elsewhere,boot,1,2,3")));
	assert_false(lk_owner_is_gone(LK_STR("owner,h,,1,2,3")));
	assert_false(lk_owner_is_name(LK_STR("owner,h,b,1,2")));
	assert_false(lk_owner_is_name(LK_STR("new")));
}

/* Paths stand in a record as conda has them: the archive's in its order, then entry points; it
 * tells who asked for the package, and generated files have their size. */
static void test_record(void **state)
{
	struct world *w = *state;
	static const lk_str specs[] = {{"m >=1", 5}, {"python", 6}, {"c::m", 4}, {"[broken", 7}};
	const struct pack_member none[] = {{0}};
	const struct pack_member members[] = {
		{.name = "site-packages/m.py", .text = "def f(): pass", .type = '0'},
		{.name = "a/first", .text = "1", .type = '0'},
		{0},
	};
	add(w, "m", "1",
		"{\"noarch\": {\"type\": \"python\", \"entry_points\": [\"z = m:f\", \"y = "
		"m:f\"]}}",
		NULL, members);
	add(w, "python", "3.12.1", NULL, "", none);
	w->options.specs = (struct lk_str_list){specs, LK_COUNTOF(specs)};
	assert_int_equal(install(w), 0);
	const char *at = strstr(text_of(w, "conda-meta/m-1-0.json"), "\"files\"");
	static const char *const order[] = {"\"a/first\"", "site-packages/m.py\"", "\"bin/z\"",
		"\"bin/y\"", "\"paths\"", "\"a/first\"", "site-packages/m.py\"", "\"bin/z\"",
		"size_in_bytes", "\"bin/y\"", "\"requested_spec\": \"m >=1\"", "\"m >=1\"",
		"\"c::m\""};
	for (size_t i = 0; i < LK_COUNTOF(order); i++) {
		assert_non_null(at);
		at = strstr(at, order[i]);
	}
	assert_non_null(at);
	assert_non_null(strstr(
		text_of(w, "conda-meta/history"), "# update specs: ['m >=1', 'python', 'c::m']\n"));
}

static void test_pycache_and_scripts(void **state)
{
	struct world *w = *state;
	const struct pack_member members[] = {
		{.name = "lib/m.py", .text = "x = 1\n", .type = '0'},
		{.name = "bin/.hook-post-link.sh",
			.type = '0',
			.mode = 0755,
			.text = "echo made > \"$PREFIX/made\"; test \"$PKG_NAME\" = hook\n"},
		{0},
	};
	add(w, "hook", "1", NULL, NULL, members);
	assert_int_equal(install(w), 0);
	assert_int_equal(w->result.skipped_scripts, 1);
	assert_string_equal(text_of(w, "made"), "(none)");
	assert_int_equal(mkdir(path_of(w, "lib/__pycache__"), 0755), 0);
	put_text(w, "lib/__pycache__/m.cpython-312.pyc", "derived");
	put_text(w, "lib/__pycache__/mine.cpython-312.pyc", "foreign");
	w->options.verify = true;
	assert_int_equal(install(w), 0);
	assert_string_equal(text_of(w, "lib/__pycache__/m.cpython-312.pyc"), "(none)");
	assert_string_equal(text_of(w, "lib/__pycache__/mine.cpython-312.pyc"), "foreign");
	assert_int_equal(lk_fs_remove_tree(AT_FDCWD, w->prefix, &w->err), 0);
	w->options.run_link_scripts = true;
	assert_int_equal(install(w), 0);
	assert_string_equal(text_of(w, "made"), "made\n");

	/* A script that fails takes the exchange back. */
	w->n = 0;
	const struct pack_member bad[] = {
		{.name = "bin/.hook-post-link.sh", .type = '0', .mode = 0755, .text = "exit 3\n"},
		{0}};
	add(w, "hook", "2", NULL, NULL, bad);
	assert_int_equal(install(w), LK_E_FS);
	assert_non_null(strstr(w->err.message, "ended with 3"));
	assert_string_equal(text_of(w, "lib/m.py"), "x = 1\n");
	assert_clean(w);
}

static void test_hostile(void **state)
{
	struct world *w = *state;
	const struct pack_member binary[] = {{.name = "lib/b", .text = "/p/x", .type = '0'}, {0}};
	add(w, "b", "1", NULL,
		"{\"_path\": \"lib/b\", \"path_type\": \"hardlink\", \"file_mode\": \"binary\", "
		"\"prefix_placeholder\": \"/p\"}",
		binary);
	assert_int_equal(install(w), LK_E_INTEGRITY);
	assert_non_null(strstr(w->err.message, "no room in binary file 'lib/b'"));
	assert_true(access(w->prefix, F_OK) < 0);
	assert_clean(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fresh_and_unchanged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_upgrade_keeps_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prefix_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_final_prefix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_noarch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pyc, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pyc_units, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_and_stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead_owner_and_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_record, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pycache_and_scripts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test(test_owner_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

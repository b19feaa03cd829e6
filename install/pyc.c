/*
 * Byte-compilation.
 */
#include "install/pyc.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/relay.h"
#include "base/workers.h"
#include "install/link.h"
#include "install/spawn.h"

#define FILES_PER_PROCESS 256 /* at least; but for the last */
#define FILES_PER_UNIT 128    /* at most */

/* Runs in the new tree. Standard input: a mark, source, pyc and final name of each file, NUL after
 * each; where the mark is not empty a unit begins. Works in every python since 2.7; of others than
 * CPython (PyPy, GraalPy), which name what they compile otherwise, it ends at once. A file that
 * fails is left without a pyc. Modules are python's own, not what lies at the top of the tree. */
static const char program[] =
	"import sys\n"
	"sys.path = [path for path in sys.path if path]\n"
	"import os, py_compile\n"
	"tag = getattr(getattr(sys, 'implementation', None), 'cache_tag', None)\n"
	"if tag and not tag.startswith('cpython-'):\n"
	"    sys.exit(1)\n"
	"os.umask(0o22)\n"
	"data = getattr(sys.stdin, 'buffer', sys.stdin).read().split(b'\\0')\n"
	"text = getattr(os, 'fsdecode', str)\n"
	"def work(unit):\n"
	"    for fields in unit:\n"
	"        source, target, name = [text(field) for field in fields]\n"
	"        try:\n"
	"            parent = os.path.dirname(target)\n"
	"            if not os.path.isdir(parent):\n"
	"                try:\n"
	"                    os.mkdir(parent, 0o755)\n"
	"                except OSError:\n"
	"                    pass\n"
	"            py_compile.compile(source, target, name, True)\n"
	"        except Exception:\n"
	"            pass\n"
	"units = []\n"
	"for i in range(0, len(data) - 3, 4):\n"
	"    if data[i]:\n"
	"        units.append([])\n"
	"    units[-1].append(data[i + 1:i + 4])\n"
	"for unit in units:\n"
	"    try:\n"
	"        pid = os.fork()\n"
	"    except OSError:\n"
	"        work(unit)\n"
	"        continue\n"
	"    if pid == 0:\n"
	"        try:\n"
	"            work(unit)\n"
	"        finally:\n"
	"            os._exit(0)\n"
	"    os.waitpid(pid, 0)\n";

struct compile {
	struct lk_layout *layout;
	int stage_fd;
	struct lk_u32s files;     /* indices of the layout's entries, package by package */
	struct lk_u32s units;     /* where in `files` a unit begins */
	struct lk_u32s processes; /* where in `units` a process's begin, and the end */
	struct lk_relay relay;
	atomic_size_t failed; /* files of processes that did not end well */
};

static void put_field(struct lk_buf *out, lk_str text)
{
	lk_buf_put(out, text);
	lk_buf_putc(out, '\0');
}

/* Where in `files` unit INDEX begins; INDEX may be their number. */
static size_t unit_start(const struct compile *compile, size_t index)
{
	return index < compile->units.len ? compile->units.items[index] : compile->files.len;
}

/* The list for the units FROM..TO, as an open file. */
static int make_list(
	const struct compile *compile, size_t from, size_t to, int *ret_fd, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) list = LK_BUF_INIT((size_t)64 << 20);
	const struct lk_entry *entries = compile->layout->entries;
	size_t unit = from;
	for (size_t i = unit_start(compile, from); i < unit_start(compile, to); i++) {
		const struct lk_entry *entry = &entries[compile->files.items[i]];
		bool begins = i == unit_start(compile, unit);
		unit += begins;
		put_field(&list, begins ? LK_STR("unit") : LK_STR(""));
		put_field(&list, entry->compiled_from);
		put_field(&list, entry->path);
		lk_buf_put(&list, compile->layout->prefix);
		lk_buf_putc(&list, '/');
		put_field(&list, entry->compiled_from);
	}
	int LK_AUTO_CLOSE fd = -1;
	int rc = lk_fs_scratch_file(compile->stage_fd, &fd, err);
	if (rc == 0) {
		rc = lk_fs_write_all(fd, list.ptr, list.len, "the list of files to compile", err);
	}
	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot use a temporary file");
	}
	if (rc == 0) {
		*ret_fd = lk_fd_take(&fd);
	}
	return rc;
}

static int hash_pyc(const struct compile *compile, struct lk_entry *entry)
{
	struct lk_error ignored = LK_ERROR_INIT;
	int LK_AUTO_CLOSE fd =
		openat(compile->stage_fd, entry->path.ptr, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -1 : lk_sha256_fd(fd, entry->path.ptr, &entry->sha256, NULL, &ignored);
}

/* The pyc, if there is one, gets its source's mtime and a mode that no umask touched. */
static void finish(const struct compile *compile, struct lk_entry *entry)
{
	struct stat source;
	struct stat pyc;
	struct lk_error ignored = LK_ERROR_INIT;
	if (fstatat(compile->stage_fd, entry->path.ptr, &pyc, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(pyc.st_mode) ||
		fstatat(compile->stage_fd, entry->compiled_from.ptr, &source, 0) < 0) {
		return;
	}
	entry->present = fchmodat(compile->stage_fd, entry->path.ptr, 0644, 0) == 0 &&
		lk_link_set_mtime(compile->stage_fd, entry->path.ptr, &source, &ignored) == 0 &&
		hash_pyc(compile, entry) == 0;
	entry->mode = 0644;
	entry->size = (uint64_t)pyc.st_size;
}

static int compile_item(void *ctx, size_t index, struct lk_error *err)
{
	struct compile *compile = ctx;
	size_t first = compile->processes.items[index];
	size_t last = compile->processes.items[index + 1];
	size_t from = unit_start(compile, first);
	size_t to = unit_start(compile, last);
	int LK_AUTO_CLOSE list = -1;
	const char *python = compile->layout->python.program.ptr;
	const char *const argv[] = {python, "-S", "-s", "-B", "-c", program, NULL};
	const char *const env[] = {"PYTHONHASHSEED=0", NULL};
	if (lk_report_stop(&compile->relay.items[index].report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while compiling");
	}
	int rc = make_list(compile, first, last, &list, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_spawn spawn = {compile->stage_fd, python, argv, env, list, -1};
	int status = 0;
	rc = lk_spawn_wait(&spawn, &status, err);
	if (rc < 0 && rc != LK_E_NOT_FOUND) {
		return rc;
	}
	if (rc < 0 || status != 0) {
		atomic_fetch_add(&compile->failed, to - from);
		return 0;
	}
	for (size_t i = from; i < to; i++) {
		finish(compile, &compile->layout->entries[compile->files.items[i]]);
	}
	lk_relay_step(&compile->relay, "compile");
	return 0;
}

/* The files that are to be compiled, each package's together. */
static void collect(struct compile *compile)
{
	const struct lk_layout *layout = compile->layout;
	struct lk_u32s *of_package = lk_calloc(layout->n_packages, sizeof(*of_package));
	for (size_t i = 0; i < layout->n_entries; i++) {
		const struct lk_entry *entry = &layout->entries[i];
		if (entry->kind == LK_ENTRY_PYC && !entry->lost && entry->kept == NULL) {
			lk_vec_push(&of_package[entry->package], (uint32_t)i);
		}
	}
	for (size_t p = 0; p < layout->n_packages; p++) {
		for (size_t i = 0; i < of_package[p].len; i++) {
			if (i % FILES_PER_UNIT == 0) {
				lk_vec_push(&compile->units, (uint32_t)compile->files.len);
			}
			lk_vec_push(&compile->files, of_package[p].items[i]);
		}
		lk_vec_done(&of_package[p]);
	}
	lk_free(of_package);
}

/* Units in a row to each process. */
static void deal(struct compile *compile)
{
	size_t next = 0;
	for (size_t unit = 0; unit < compile->units.len; unit++) {
		if (compile->units.items[unit] >= next) {
			lk_vec_push(&compile->processes, (uint32_t)unit);
			next = compile->units.items[unit] + FILES_PER_PROCESS;
		}
	}
	lk_vec_push(&compile->processes, (uint32_t)compile->units.len);
}

int lk_pyc_compile(struct lk_layout *layout, int stage_fd, unsigned jobs,
	const struct lk_report *report, struct lk_error *err)
{
	struct compile compile = {.layout = layout, .stage_fd = stage_fd};
	collect(&compile);
	deal(&compile);
	size_t items = compile.processes.len - 1;
	lk_relay_init(&compile.relay, report, items);
	int rc = lk_workers_run(jobs, items, compile_item, &compile, err);
	size_t failed = atomic_load(&compile.failed);
	if (rc == 0 && failed > 0) {
		lk_warn(report,
			"the environment's python ('%s') does not run here, or is not CPython: %zu "
			"noarch file(s) stay uncompiled",
			layout->python.program.ptr, failed);
	}
	lk_relay_done(&compile.relay);
	lk_vec_done(&compile.files);
	lk_vec_done(&compile.units);
	lk_vec_done(&compile.processes);
	return rc;
}

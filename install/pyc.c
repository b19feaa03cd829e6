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

#define FILES_PER_PROCESS 256

/* Runs in the new tree. Standard input: source, pyc and final name of each file, NUL after each.
 * Works in every python since 2.7. A file that fails is left without a pyc. */
static const char program[] =
	"import os, sys, py_compile\n"
	"os.umask(0o22)\n"
	"data = getattr(sys.stdin, 'buffer', sys.stdin).read().split(b'\\0')\n"
	"text = getattr(os, 'fsdecode', str)\n"
	"for i in range(0, len(data) - 2, 3):\n"
	"    source, target, name = [text(part) for part in data[i:i + 3]]\n"
	"    try:\n"
	"        parent = os.path.dirname(target)\n"
	"        if not os.path.isdir(parent):\n"
	"            try:\n"
	"                os.mkdir(parent, 0o755)\n"
	"            except OSError:\n"
	"                pass\n"
	"        py_compile.compile(source, target, name, True)\n"
	"    except Exception:\n"
	"        pass\n";

struct compile {
	struct lk_layout *layout;
	int stage_fd;
	struct lk_u32s files; /* indices of the layout's entries */
	struct lk_relay relay;
	atomic_size_t failed; /* files of processes that did not end well */
};

static void put_field(struct lk_buf *out, lk_str text)
{
	lk_buf_put(out, text);
	lk_buf_putc(out, '\0');
}

/* The list for one process, as an open file. */
static int make_list(
	const struct compile *compile, size_t from, size_t to, int *ret_fd, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) list = LK_BUF_INIT((size_t)64 << 20);
	const struct lk_entry *entries = compile->layout->entries;
	for (size_t i = from; i < to; i++) {
		const struct lk_entry *entry = &entries[compile->files.items[i]];
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
	size_t from = index * FILES_PER_PROCESS;
	size_t to = from + FILES_PER_PROCESS;
	to = to < compile->files.len ? to : compile->files.len;
	int LK_AUTO_CLOSE list = -1;
	const char *python = compile->layout->python.program.ptr;
	const char *const argv[] = {python, "-S", "-s", "-B", "-c", program, NULL};
	const char *const env[] = {"PYTHONHASHSEED=0", NULL};
	if (lk_report_stop(&compile->relay.items[index].report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while compiling");
	}
	int rc = make_list(compile, from, to, &list, err);
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

int lk_pyc_compile(struct lk_layout *layout, int stage_fd, unsigned jobs,
	const struct lk_report *report, struct lk_error *err)
{
	struct compile compile = {.layout = layout, .stage_fd = stage_fd};
	for (size_t i = 0; i < layout->n_entries; i++) {
		if (layout->entries[i].kind == LK_ENTRY_PYC && !layout->entries[i].lost &&
			layout->entries[i].kept == NULL) {
			lk_vec_push(&compile.files, (uint32_t)i);
		}
	}
	size_t items = (compile.files.len + FILES_PER_PROCESS - 1) / FILES_PER_PROCESS;
	lk_relay_init(&compile.relay, report, items);
	int rc = lk_workers_run(jobs, items, compile_item, &compile, err);
	size_t failed = atomic_load(&compile.failed);
	if (rc == 0 && failed > 0) {
		lk_warn(report,
			"the environment's python ('%s') does not run here: %zu noarch file(s) "
			"stay uncompiled",
			layout->python.program.ptr, failed);
	}
	lk_relay_done(&compile.relay);
	lk_vec_done(&compile.files);
	return rc;
}

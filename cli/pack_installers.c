/*
 * The programs that go into a bundle: for each platform packed an installer that runs on its own,
 * and the smoke test.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/packing.h"
#include "conda/subdir.h"
#include "store/installer.h"

#define PROGRAM "lockenv-install"
#define SMOKE "lockenv-smoke"

int lk_pack_open_file(const char *path, struct lk_blob *ret, struct lk_error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		bool none = errno == ENOENT || errno == ENOTDIR;
		return lk_fail_errno(
			err, none ? LK_E_USAGE : LK_E_FS, errno, "cannot open '%s'", path);
	}
	return lk_blob_from_fd(fd, path, ret, err);
}

/* Checks and hashes FILE, and notes it as SUBDIR's program of KIND. */
static int add_program(struct lk_packing *p, enum lk_manifest_kind kind, lk_str subdir,
	const char *file, struct lk_error *err)
{
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	bool is_installer = kind == LK_MANIFEST_INSTALLER;
	struct lk_manifest_entry entry = {
		.kind = kind,
		.path = lk_str_printf(&p->app->arena, "bin/" LK_STR_FMT "/%s", LK_STR_ARG(subdir),
			is_installer ? PROGRAM : SMOKE),
	};
	int rc = lk_pack_open_file(file, &blob, err);
	if (rc == 0) {
		rc = lk_installer_check(&blob, file, subdir, is_installer, err);
	}
	if (rc == 0) {
		rc = lk_blob_sha256(&blob, file, &entry.sha256, err);
	}
	if (rc == 0) {
		entry.size = blob.size;
		lk_pack_add(p, &entry, &(struct lk_pack_member){.file = file});
	}
	return rc;
}

/* The smoke test that lies beside the installer FILE goes with it, where there is one. */
static int add_smoke(struct lk_packing *p, lk_str subdir, const char *file, struct lk_error *err)
{
	lk_str folder = lk_path_dirname(lk_str_of(file));
	const char *smoke = lk_arena_printf(&p->app->arena, LK_STR_FMT "%s" SMOKE,
		LK_STR_ARG(folder), folder.len > 0 ? "/" : "");
	if (access(smoke, F_OK) != 0) {
		return 0;
	}
	int rc = add_program(p, LK_MANIFEST_SMOKE, subdir, smoke, err);
	if (rc == LK_E_USAGE) {
		lk_warn(&p->app->report, "%s: it is not in the bundle", err->message);
		lk_error_clear(err);
		rc = 0;
	}
	return rc;
}

/* FILE as the installer of SUBDIR, and what goes with it. */
static int add(struct lk_packing *p, lk_str subdir, const char *file, struct lk_error *err)
{
	int rc = add_program(p, LK_MANIFEST_INSTALLER, subdir, file, err);
	if (rc == LK_E_USAGE) {
		lk_error_hint(err,
			"name a static " PROGRAM " with --installer " LK_STR_FMT
			"=PATH, or pack without any: --no-installer",
			LK_STR_ARG(subdir));
	}
	return rc < 0 ? rc : add_smoke(p, subdir, file, err);
}

static bool is_added(const struct lk_packing *p, lk_str subdir)
{
	for (size_t i = 0; i < p->entries.len; i++) {
		if (p->entries.items[i].kind == LK_MANIFEST_INSTALLER &&
			lk_str_eq(lk_manifest_name(&p->entries.items[i]), subdir)) {
			return true;
		}
	}
	return false;
}

/* Those of --installer SUBDIR=PATH. */
static int add_named(struct lk_packing *p, struct lk_error *err)
{
	const struct lk_args *named = &p->options->installers;
	for (size_t i = 0; i < named->len; i++) {
		lk_str text = lk_str_of(named->items[i]);
		size_t sign = lk_str_find_char(text, '=');
		lk_str subdir = lk_str_slice(text, 0, sign);
		if (sign == SIZE_MAX || !lk_installer_is_known(subdir)) {
			lk_fail(err, LK_E_USAGE, "'--installer %s' names no Linux platform",
				named->items[i]);
			lk_error_hint(err, "write it as linux-aarch64=PATH");
			return LK_E_USAGE;
		}
		if (is_added(p, subdir)) {
			return lk_fail(err, LK_E_USAGE, "two installers for " LK_STR_FMT,
				LK_STR_ARG(subdir));
		}
		int rc = add(p, subdir, text.ptr + sign + 1, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* The folder of this program; NULL where the host does not tell. */
static const char *program_folder(struct lk_packing *p)
{
	char exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe));
	if (len <= 0 || (size_t)len == sizeof(exe)) {
		return NULL;
	}
	return lk_str_dup(&p->app->arena, lk_path_dirname(lk_str_n(exe, (size_t)len))).ptr;
}

/* Beside this program for its own platform, in libexec/lockenv/SUBDIR for all. */
static const char *find(struct lk_packing *p, const char *folder, lk_str subdir)
{
	const char *beside = lk_arena_printf(&p->app->arena, "%s/" PROGRAM, folder);
	const char *libexec = lk_arena_printf(&p->app->arena,
		"%s/../libexec/lockenv/" LK_STR_FMT "/" PROGRAM, folder, LK_STR_ARG(subdir));
	if (access(libexec, R_OK) == 0) {
		return libexec;
	}
	bool native = lk_str_is(subdir, lk_subdir_native());
	return native && access(beside, R_OK) == 0 ? beside : NULL;
}

static int add_found(struct lk_packing *p, const char *folder, lk_str subdir, struct lk_error *err)
{
	if (!lk_installer_is_known(subdir) || is_added(p, subdir)) {
		return 0;
	}
	const char *file = folder ? find(p, folder, subdir) : NULL;
	if (file) {
		return add(p, subdir, file, err);
	}
	lk_warn(&p->app->report,
		"no " PROGRAM " for " LK_STR_FMT " at hand: it is not in the bundle "
		"(--installer " LK_STR_FMT "=PATH)",
		LK_STR_ARG(subdir), LK_STR_ARG(subdir));
	return 0;
}

int lk_pack_add_installers(struct lk_packing *p, struct lk_error *err)
{
	int rc = add_named(p, err);
	size_t n_locks = p->options->no_installer ? 0 : p->n_locks;
	const char *folder = n_locks > 0 ? program_folder(p) : NULL;
	/* The locks are the first entries that have platforms. */
	for (size_t i = 0; rc == 0 && i < p->entries.len && n_locks > 0; i++) {
		struct lk_str_list platforms = p->entries.items[i].platforms;
		for (size_t k = 0; rc == 0 && k < platforms.n; k++) {
			rc = add_found(p, folder, platforms.items[k], err);
		}
	}
	return rc;
}

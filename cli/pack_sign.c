/*
 * Signatures beside bundles.
 */
#include "cli/pack_sign.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/signature.h"

int lk_pack_sign_open(
	struct lk_app *app, const char *option, struct lk_pack_signing *ret, struct lk_error *err)
{
	const char *path = option ? option : getenv("LOCKENV_SIGN_KEY");
	bool open = false;
	*ret = (struct lk_pack_signing){.app = app, .wanted = path && *path};
	if (!ret->wanted) {
		return 0;
	}
	int rc = lk_sign_key_read(path, &ret->key, &open, err);
	if (rc == 0 && open) {
		lk_warn(&app->report, "others can read the private key '%s': chmod 600 it", path);
	}
	if (rc == 0) {
		lk_public_key_fingerprint(&ret->key.public, ret->fingerprint);
	}
	return rc;
}

/* Of a bundle that is not signed now: a signature that lies there from before is of another one,
 * unless it can be seen that it is not. */
static void warn_of_old(const struct lk_pack_signing *signing, lk_str message)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_SIGNATURE_MAX_BYTES);
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_signature old = {.is_ssh = false};
	int rc = lk_fs_read_file(AT_FDCWD, signing->path, &text, &ignored);
	if (rc == LK_E_NOT_FOUND) {
		return;
	}
	if (rc == 0) {
		rc = lk_signature_parse(
			lk_buf_view(&text), signing->path, &signing->app->arena, &old, &ignored);
	}
	if (rc < 0 || !old.is_ssh || !lk_signature_holds(&old, &old.key, message)) {
		lk_warn(&signing->app->report,
			"'%s' was there before: remove it, or sign again with --sign",
			signing->path);
	}
}

int lk_pack_sign_prepare(
	struct lk_pack_signing *signing, const char *path, lk_str message, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_SIGNATURE_MAX_BYTES);
	int LK_AUTO_CLOSE fd = -1;
	signing->path = lk_arena_printf(&signing->app->arena, "%s.sig", path);
	if (!signing->wanted) {
		warn_of_old(signing, message);
		return 0;
	}
	lk_signature_put(&text, &signing->key, message);
	int rc = lk_fs_temp_file(
		AT_FDCWD, signing->path, 0, &signing->app->arena, &signing->prepared, &fd, err);
	if (rc == 0) {
		rc = lk_fs_write_all(fd, text.ptr, text.len, signing->path, err);
	}
	if (rc == 0 && fsync(fd) != 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", signing->path);
	}
	return rc;
}

int lk_pack_sign_publish(struct lk_pack_signing *signing, struct lk_error *err)
{
	if (!signing->prepared) {
		return 0;
	}
	int rc = lk_fs_rename(AT_FDCWD, signing->prepared, AT_FDCWD, signing->path, err);
	if (rc == 0) {
		signing->prepared = NULL;
		lk_str dir = lk_path_dirname(lk_str_of(signing->path));
		rc = lk_fs_sync_dir(AT_FDCWD,
			dir.len > 0 ? lk_str_dup(&signing->app->arena, dir).ptr : ".", err);
	}
	return rc;
}

void lk_pack_sign_done(struct lk_pack_signing *signing)
{
	if (signing->prepared) {
		(void)unlink(signing->prepared);
		signing->prepared = NULL;
	}
	lk_sign_key_wipe(&signing->key);
}

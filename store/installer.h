/*
 * The programs that go into bundles, lockenv-install and lockenv-smoke: is a file one for a
 * platform?
 */
#ifndef LK_STORE_INSTALLER_H
#define LK_STORE_INSTALLER_H

#include "store/blob.h"

/* Is the program in BLOB, called NAME in errors, made for the machine of SUBDIR ("linux-64"), and,
 * where it must stand ALONE, linked statically, so that it runs there without anything else?
 * LK_E_USAGE when it is not, or when SUBDIR is no Linux platform that is known here. (System V ABI,
 * ELF header and program headers; gABI 4.1.) */
int lk_installer_check(const struct lk_blob *blob, const char *name, lk_str subdir, bool alone,
	struct lk_error *err) LK_MUST_USE;
/* Could there be an installer for SUBDIR at all? */
bool lk_installer_is_known(lk_str subdir);

#endif

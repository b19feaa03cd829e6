/*
 * Whole bundles, in memory: opened, every member read, checked. Whatever is in them, nothing is
 * read that is not there; what opens has just the size that its manifest says.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/bundle_check.h"

#define NAME_MAX_BYTES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

/* How many members that are not absent have their bytes. */
static size_t read_members(const struct lk_bundle *bundle)
{
	size_t whole = 0;
	const struct lk_manifest *manifest = lk_bundle_manifest(bundle);
	for (size_t i = 0; i < manifest->n_entries; i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
		struct lk_sha256 have;
		const struct lk_manifest_entry *entry = &manifest->entries[i];
		int rc = lk_bundle_open_member(bundle, entry, &blob, &err);
		must(rc == 0 || rc == LK_E_INTEGRITY || (rc == LK_E_NOT_FOUND && entry->absent));
		if (rc == 0) {
			must(lk_blob_sha256(&blob, "bundle", &have, &err) == 0);
			whole += lk_sha256_eq(&have, &entry->sha256);
		}
	}
	return whole;
}

static void check_parts(const char *path, size_t whole, bool opened)
{
	struct lk_bundle_check check;
	struct lk_error err = LK_ERROR_INIT;
	if (lk_bundle_check(path, 1, NULL, &check, &err) < 0) {
		must(!opened);
		return;
	}
	size_t members = 0;
	for (size_t i = 0; i < check.parts.len; i++) {
		members +=
			check.parts.items[i].entry && check.parts.items[i].state == LK_BUNDLE_WHOLE;
	}
	must(!opened || (members == whole && check.n_missing == 0));
	must(check.whole <= check.total);
	lk_bundle_check_done(&check);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	char path[NAME_MAX_BYTES];
	int fd = memfd_create("bundle", MFD_CLOEXEC);
	must(fd >= 0);
	must(lk_fs_write_all(fd, data, size, "bundle", &err) == 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct lk_bundle *bundle = NULL;
	int rc = lk_bundle_open(path, &bundle, &err);
	must(rc == 0 || rc == LK_E_INTEGRITY);
	must(rc < 0 || lk_bundle_size(bundle) == size);
	size_t whole = rc == 0 ? read_members(bundle) : 0;
	lk_bundle_free(bundle);
	check_parts(path, whole, rc == 0);
	close(fd);
	return 0;
}

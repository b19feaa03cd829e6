/*
 * Archives of any bytes, extracted into a temporary directory: a ZIP as a .conda, bzip2 data as a
 * .tar.bz2, anything else as a bare tar (what mutations of a tar reach without a compressor
 * between). Whatever happens, nothing appears beside the directory, and a listing goes through its
 * seal.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/extract.h"
#include "store/seal.h"

#define MAX_UNPACKED (UINT64_C(1) << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_bytes(const uint8_t *data, size_t size)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0) {
		abort();
	}
	return fd;
}

static struct lk_archive *open_archive(const uint8_t *data, size_t size, struct lk_error *err)
{
	lk_str bytes = lk_str_n((const char *)data, size);
	enum lk_archive_kind kind = lk_str_starts(bytes, LK_STR("PK")) ? LK_ARCHIVE_CONDA
		: lk_str_starts(bytes, LK_STR("BZh"))                  ? LK_ARCHIVE_TAR_BZ2
								       : LK_ARCHIVE_UNKNOWN;
	struct lk_archive *archive = NULL;
	if (kind == LK_ARCHIVE_UNKNOWN) {
		return lk_archive_from_tar(
			lk_stream_from_memory(data, size, "a.tar"), "a.tar", MAX_UNPACKED);
	}
	struct lk_blob blob = {.fd = open_bytes(data, size), .size = size};
	if (lk_archive_open(&blob, "a", kind, &archive, err) < 0) {
		return NULL;
	}
	return archive;
}

static void check_seal(const struct lk_listing *listing, int dirfd, struct lk_error *err)
{
	struct lk_listing LK_CLEANUP(lk_listing_done) back = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)64 << 20);
	if (lk_seal_format(listing, &text, err) < 0 ||
		lk_seal_parse(lk_buf_view(&text), &back, err) < 0 ||
		lk_seal_check(dirfd, &back, NULL, true, &(bool){false}, err) < 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_archive *archive = open_archive(data, size, &err);
	if (!archive) {
		return 0;
	}
	/* In memory where there is such a place: thousands of trees are made and removed. */
	char root[64];
	snprintf(root, sizeof(root), "%s/lockenv-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(root)) {
		abort();
	}
	int outer = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(outer, "tree", 0700) != 0) {
		abort();
	}
	int tree = openat(outer, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct lk_listing LK_CLEANUP(lk_listing_done) listing = {0};
	struct lk_extract_options options = {
		.subdir = size % 2 ? LK_STR("linux-64") : LK_STR("win-64")};
	if (lk_extract(archive, tree, &options, &listing, &err) == 0) {
		check_seal(&listing, tree, &err);
	}
	lk_archive_free(archive);
	close(tree);
	if (lk_fs_remove_tree(outer, "tree", &err) < 0) {
		abort();
	}
	close(outer);
	/* Fails when something was written beside the tree. */
	if (rmdir(root) != 0) {
		abort();
	}
	return 0;
}

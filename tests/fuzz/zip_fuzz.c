/*
 * Any bytes as the ZIP of a .conda. What is accepted is unambiguous: members of different plain
 * names that follow one upon the other from the first byte, each as long as it says.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void check_member(const struct lk_zip *zip, size_t i, uint64_t size)
{
	const struct lk_zip_member *member = &zip->members.items[i];
	struct lk_error err = LK_ERROR_INIT;
	uint64_t after = i + 1 < zip->members.len ? zip->members.items[i + 1].header : size;
	must(i > 0 || member->header == 0);
	must(member->header < member->start && member->start <= after);
	must(member->size <= after - member->start);
	must(!lk_str_has_control(member->name) && member->name.ptr[0] != '/');
	for (size_t j = 0; j < i; j++) {
		must(!lk_str_eq(zip->members.items[j].name, member->name));
	}
	struct lk_stream *stream = lk_zip_stream(zip, i);
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT((size_t)size);
	int rc = lk_stream_read_all(stream, &bytes, &err);
	must(rc == LK_E_INTEGRITY || (rc == 0 && bytes.len == member->size));
	lk_stream_free(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_blob blob = {.fd = memfd_create("zip", MFD_CLOEXEC), .size = size};
	must(blob.fd >= 0 && write(blob.fd, data, size) == (ssize_t)size);
	struct lk_zip zip = {0};
	int rc = lk_zip_open(&blob, "a-1-0.conda", &zip, &err);
	must(rc == 0 || rc == LK_E_INTEGRITY);
	for (size_t i = 0; rc == 0 && i < zip.members.len; i++) {
		check_member(&zip, i, size);
	}
	lk_zip_done(&zip);
	lk_blob_done(&blob);
	return 0;
}

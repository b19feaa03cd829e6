/*
 * The index of a text, in a file that has no name.
 */
#ifndef LK_TESTS_INDEX_FILE_H
#define LK_TESTS_INDEX_FILE_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conda/repodata_index.h"

/* The descriptor, or a negative enum lk_code. */
static inline int index_file(lk_str text, const struct lk_index_token *token, struct lk_error *err)
{
	struct lk_spool *spool = NULL;
	int fd = memfd_create("index", MFD_CLOEXEC);
	if (fd < 0 || lk_spool_new(fd, LK_INDEX_TEXT_AT, text.len + 1, "text", &spool, err) < 0) {
		abort();
	}
	int rc = lk_spool_append(spool, text.ptr, text.len, err);
	lk_spool_end(spool, rc == 0);
	if (rc == 0) {
		rc = lk_repodata_index_make(spool, fd, token, "repodata.json", err);
	}
	lk_spool_free(spool);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

#endif

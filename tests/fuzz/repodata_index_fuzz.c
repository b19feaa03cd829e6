/*
 * Text that arrives in pieces is scanned as the whole is; an index whose tables were changed by
 * somebody who can compute checksums is refused, or read without harm.
 *
 * Input: a byte of seed, a byte that says how long pieces are at most, then the text.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lk_index_token token = {"fuzz"};

/* Changes a few bytes of the image at BASE and makes all sums right again. */
static void forge(struct lk_buf *image, uint64_t base, struct lk_index_head *head, uint32_t seed)
{
	for (int i = 0; i < 3 && image->len > 0; i++) {
		seed = seed * 1664525u + 1013904223u;
		image->ptr[(seed >> 8) % image->len] ^= (char)(1u << (seed & 7));
	}
	const struct lk_index_section *tables = head->tables;
	struct lk_index_row *rows = (void *)(image->ptr + (tables[LK_INDEX_ROWS].at - base));
	const char *entries = image->ptr + (tables[LK_INDEX_ENTRIES].at - base);
	for (size_t i = 0; i + 1 < tables[LK_INDEX_ROWS].count; i++) {
		size_t n = (size_t)rows[i + 1].first - rows[i].first;
		if (rows[i + 1].first <= tables[LK_INDEX_ENTRIES].count &&
			rows[i].first <= rows[i + 1].first) {
			size_t entry = sizeof(struct lk_index_entry);
			rows[i].sum = lk_index_sum(entries + rows[i].first * entry, n * entry);
		}
	}
	for (int i = 0; i < LK_INDEX_N_TABLES; i++) {
		if (i != LK_INDEX_ENTRIES) {
			head->tables[i].sum =
				lk_index_sum(image->ptr + (tables[i].at - base), tables[i].len);
		}
	}
	head->token = token;
	head->sum = lk_index_head_sum(head);
}

static void read_all(struct lk_repodata *repodata)
{
	struct lk_arena arena = {0};
	struct lk_records records = {0};
	struct lk_strs removed = {0};
	struct lk_error err = LK_ERROR_INIT;
	for (size_t i = 0; i < lk_repodata_n_names(repodata); i++) {
		lk_str name = lk_repodata_name_at(repodata, i);
		int rc = lk_repodata_records(repodata, name, &arena, &records, &err);
		if (rc < 0 && rc != LK_E_INTEGRITY && rc != LK_E_FORMAT) {
			abort();
		}
		lk_repodata_removed(repodata, name, &removed);
	}
	lk_repodata_tell(repodata, NULL);
	lk_vec_done(&removed);
	lk_vec_done(&records);
	lk_arena_done(&arena);
}

static void try_forged(lk_str text, uint32_t seed)
{
	static const struct lk_repodata_origin origin = {
		.channel_name = LK_STR("c"),
		.channel_url = LK_STR("https://h/c"),
		.subdir = LK_STR("noarch"),
		.file = "repodata.json",
	};
	struct lk_buf image LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(LK_INDEX_IMAGE_MAX);
	struct lk_error err = LK_ERROR_INIT;
	struct lk_index_draft draft;
	struct lk_index_head head = {0};
	struct lk_repodata *repodata;
	uint64_t base = (LK_INDEX_TEXT_AT + text.len + 7) / 8 * 8;
	int rc = lk_index_scan(text, NULL, "repodata.json", false, &draft, &err);
	if (rc == 0) {
		lk_index_lay_out(&draft, base, &image, &head);
	}
	lk_index_draft_done(&draft);
	if (rc < 0) {
		return;
	}
	forge(&image, base, &head, seed);
	int fd = memfd_create("index", MFD_CLOEXEC);
	if (pwrite(fd, &head, sizeof(head), 0) < 0 ||
		pwrite(fd, text.ptr, text.len, LK_INDEX_TEXT_AT) < 0 ||
		pwrite(fd, image.ptr, image.len, (off_t)base) < 0) {
		abort();
	}
	if (lk_repodata_open_index(fd, &token, &origin, &repodata, &err) == 0) {
		read_all(repodata);
		lk_repodata_free(repodata);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3) {
		return 0;
	}
	lk_str text = lk_str_n((const char *)data + 2, size - 2);
	if (compare_in_pieces(text, (size_t)data[1] + 1, data[0])) {
		abort();
	}
	try_forged(text, data[0]);
	return 0;
}

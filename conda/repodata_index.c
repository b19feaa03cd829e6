/*
 * What a scan found, laid out as tables and written behind the text.
 */
#include "conda/repodata_index_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"

/* Raise VERSION whenever the layout, lk_str_hash, or what the scan keeps changes. */
#define MAGIC UINT64_C(0x0a78646e496b6f6c)
#define VERSION 1

uint32_t lk_index_sum(const void *bytes, size_t len)
{
	uint64_t hash = lk_str_hash(lk_str_n(bytes, len));
	return (uint32_t)(hash ^ hash >> 32);
}

uint32_t lk_index_head_sum(const struct lk_index_head *head)
{
	struct lk_index_head plain = *head;
	plain.sum = 0;
	return lk_index_sum(&plain, sizeof(plain));
}

bool lk_index_head_is_ours(const struct lk_index_head *head)
{
	return head->magic == MAGIC && head->version == VERSION;
}

/* A table under construction. */
struct layout {
	struct lk_buf *image;
	uint64_t base; /* byte of the file where the image begins */
	size_t begin;  /* of image, when there was something before */
	struct lk_index_head *head;
};

static void begin_table(struct layout *l, enum lk_index_table table)
{
	static const char zeros[8] = {0};
	lk_buf_append(l->image, zeros, (0 - l->image->len) % 8);
	l->head->tables[table].at = l->base + l->image->len;
	l->begin = l->image->len;
}

static void end_table(struct layout *l, enum lk_index_table table, size_t count)
{
	struct lk_index_section *section = &l->head->tables[table];
	section->len = l->image->len - l->begin;
	section->count = (uint32_t)count;
	if (table != LK_INDEX_ENTRIES) {
		section->sum = lk_index_sum(l->image->ptr + l->begin, section->len);
	}
}

static void put_item(struct lk_buf *image, uint32_t kind, lk_str text, uint64_t offset)
{
	struct lk_index_item item = {kind, (uint32_t)text.len, offset};
	lk_buf_append(image, &item, sizeof(item));
	lk_buf_put(image, text);
}

static void put_facts(struct layout *l, const struct lk_index_draft *draft)
{
	begin_table(l, LK_INDEX_FACTS);
	for (size_t i = 0; i < draft->facts.len; i++) {
		const struct lk_seen_item *fact = &draft->facts.items[i];
		put_item(l->image, fact->kind, fact->text, fact->offset);
	}
	end_table(l, LK_INDEX_FACTS, draft->facts.len);
	begin_table(l, LK_INDEX_REMOVED);
	for (size_t i = 0; i < draft->removed.len; i++) {
		put_item(l->image, 0, draft->removed.items[i], 0);
	}
	end_table(l, LK_INDEX_REMOVED, draft->removed.len);
}

/* A name and its index in the order of first sight. */
struct seen_name {
	lk_str text;
	uint32_t index;
	uint32_t n_live;
};

static int cmp_seen_names(const void *a, const void *b)
{
	const struct seen_name *left = a;
	const struct seen_name *right = b;
	return lk_str_cmp(left->text, right->text);
}

/* The names that have live records, sorted; *ret_n of them. */
static struct seen_name *sort_names(const struct lk_index_draft *draft, size_t *ret_n)
{
	size_t n = 0;
	struct seen_name *names = lk_calloc(draft->names.len, sizeof(*names));
	for (uint32_t i = 0; i < draft->names.len; i++) {
		names[i] = (struct seen_name){draft->names.items[i], i, 0};
	}
	for (size_t i = 0; i < draft->records.len; i++) {
		names[draft->records.items[i].name].n_live += !draft->records.items[i].dead;
	}
	for (size_t i = 0; i < draft->names.len; i++) {
		if (names[i].n_live > 0) {
			names[n++] = names[i];
		}
	}
	qsort(names, n, sizeof(*names), cmp_seen_names);
	*ret_n = n;
	return names;
}

/* Copies the live entries to where their names have them; keeps the order of the text within a
 * name. ROWS say where each name begins and are given the sums. */
static void put_entries(struct layout *l, const struct lk_index_draft *draft,
	const struct seen_name *names, struct lk_index_row *rows, size_t n_rows)
{
	uint32_t *LK_AUTO_FREE next = lk_calloc(draft->names.len, sizeof(*next));
	for (size_t i = 0; i < n_rows; i++) {
		next[names[i].index] = rows[i].first;
	}
	size_t n_live = rows[n_rows].first;
	size_t len = n_live * sizeof(struct lk_index_entry);
	begin_table(l, LK_INDEX_ENTRIES);
	struct lk_index_entry *entries = len > 0 ? (void *)lk_buf_room(l->image, len) : NULL;
	for (size_t i = 0; entries && i < draft->records.len; i++) {
		const struct lk_seen_record *seen = &draft->records.items[i];
		if (!seen->dead) {
			entries[next[seen->name]++] = seen->entry;
		}
	}
	for (size_t i = 0; entries && i < n_rows; i++) {
		rows[i].sum = lk_index_sum(&entries[rows[i].first],
			(rows[i + 1].first - rows[i].first) * sizeof(*entries));
	}
	l->image->len += entries ? len : 0;
	end_table(l, LK_INDEX_ENTRIES, n_live);
}

static void put_names(struct layout *l, const struct lk_index_draft *draft)
{
	size_t n;
	struct seen_name *LK_AUTO_FREE names = sort_names(draft, &n);
	struct lk_index_row *LK_AUTO_FREE rows = lk_calloc(n + 1, sizeof(*rows));
	begin_table(l, LK_INDEX_NAMES);
	for (size_t i = 0; i < n; i++) {
		rows[i + 1].name_at = rows[i].name_at + (uint32_t)names[i].text.len;
		rows[i + 1].first = rows[i].first + names[i].n_live;
		lk_buf_put(l->image, names[i].text);
	}
	end_table(l, LK_INDEX_NAMES, n);
	put_entries(l, draft, names, rows, n);
	begin_table(l, LK_INDEX_ROWS);
	lk_buf_append(l->image, rows, (n + 1) * sizeof(*rows));
	end_table(l, LK_INDEX_ROWS, n + 1);
}

void lk_index_lay_out(const struct lk_index_draft *draft, uint64_t base, struct lk_buf *image,
	struct lk_index_head *ret)
{
	*ret = (struct lk_index_head){
		.magic = MAGIC, .version = VERSION, .text_len = draft->text_len};
	struct layout l = {.image = image, .base = base, .head = ret};
	put_names(&l, draft);
	put_facts(&l, draft);
	if (image->overflow) {
		lk_mem_lost();
	}
}

static int write_around(int fd, const struct lk_index_token *token,
	const struct lk_index_draft *draft, const char *file, struct lk_error *err)
{
	struct lk_buf image LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(LK_INDEX_IMAGE_MAX);
	struct lk_index_head head;
	uint64_t base = (LK_INDEX_TEXT_AT + draft->text_len + 7) / 8 * 8;
	lk_index_lay_out(draft, base, &image, &head);
	head.token = *token;
	head.sum = lk_index_head_sum(&head);
	int rc = lk_fs_write_at(fd, image.ptr, image.len, base, file, err);
	if (rc == 0) {
		rc = lk_fs_write_at(fd, &head, sizeof(head), 0, file, err);
	}
	if (rc == 0 && ftruncate(fd, (off_t)(base + image.len)) != 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", file);
	}
	return rc < 0 ? lk_wrap(err, "index of repodata") : 0;
}

struct spool_feed {
	struct lk_spool *spool;
	const char *file;
};

static int more_of_spool(void *ctx, size_t passed, size_t want, size_t *ret_len, bool *ret_whole,
	struct lk_error *err)
{
	const struct spool_feed *feed = ctx;
	enum lk_spool_state state;
	lk_spool_pass(feed->spool, passed);
	size_t have = lk_spool_wait(feed->spool, want, &state);
	/* No more than was asked for, however much there is: what is passed is given back in time.
	 */
	*ret_len = have < want ? have : want;
	*ret_whole = state == LK_SPOOL_WHOLE && have == *ret_len;
	return state != LK_SPOOL_BROKEN
		? 0
		: lk_fail(err, LK_E_INTEGRITY, "'%s' could not be read", feed->file);
}

int lk_repodata_index_make(struct lk_spool *spool, int fd, const struct lk_index_token *token,
	const char *file, struct lk_error *err)
{
	struct lk_index_draft draft;
	struct spool_feed ctx = {spool, file};
	const struct lk_index_feed feed = {lk_spool_text(spool), &ctx, more_of_spool};
	int rc = lk_index_scan((lk_str){0}, &feed, file, false, &draft, err);
	if (rc == 0) {
		rc = write_around(fd, token, &draft, file, err);
	}
	lk_index_draft_done(&draft);
	return rc;
}

/*
 * The index of a repodata's text: what a scan found, and how it is laid out.
 *
 * Five tables, each a section; behind the text in an index file, in memory without one. All numbers
 * are in the byte order of the machine, which the magic number shows. A row belongs to a name, in
 * bytewise order; its entries, in the order of the text, follow each other in the table of entries.
 * Each entry says where a record's key and object stand in the text, with a checksum of both; a
 * row has that of its entries, the other tables have theirs in the head, and the head its own: so
 * whatever is used was compared, and what is not used costs nothing.
 *
 *     head | text | rows | names | entries | facts | removed
 */
#ifndef LK_CONDA_REPODATA_INDEX_PRIV_H
#define LK_CONDA_REPODATA_INDEX_PRIV_H

#include "base/map.h"
#include "conda/json_scan_priv.h"
#include "conda/repodata_index.h"

/* The tables of 2 GiB of text need less: at most 16 bytes for each 3, an empty text in `removed`.
 */
#define LK_INDEX_IMAGE_MAX ((size_t)16 << 30)

enum lk_index_table {
	LK_INDEX_ROWS,    /* struct lk_index_row, one more than there are names */
	LK_INDEX_NAMES,   /* text, one behind the other */
	LK_INDEX_ENTRIES, /* struct lk_index_entry */
	LK_INDEX_FACTS,   /* struct lk_index_item with enum lk_index_fact */
	LK_INDEX_REMOVED, /* struct lk_index_item: file names */
	LK_INDEX_N_TABLES,
};

struct lk_index_section {
	uint64_t at, len; /* bytes of the file */
	uint32_t count;   /* of what it holds */
	uint32_t sum;     /* of the whole section; of ENTRIES: 0, the rows have it */
};

struct lk_index_head {
	uint64_t magic;
	uint32_t version;
	uint32_t sum; /* of the head, taken while this is 0 */
	struct lk_index_token token;
	uint64_t text_len;
	struct lk_index_section tables[LK_INDEX_N_TABLES];
};

struct lk_index_row {
	uint32_t name_at; /* in NAMES; the next row's is its end */
	uint32_t first;   /* in ENTRIES, the same */
	uint32_t sum;     /* of these entries */
};

struct lk_index_entry {
	uint64_t at;           /* of the key, in the text */
	uint32_t record_after; /* bytes from there to the object */
	uint32_t record_len;
	uint32_t sum; /* from the key to the object's end */
	uint16_t key_len;
	uint8_t escaped;   /* the key has escapes */
	uint8_t extension; /* index into lk_index_extensions: what the key lacks (CEP 48) */
};

extern const char *const lk_index_extensions[4];

enum lk_index_fact {
	LK_FACT_BASE_URL,
	LK_FACT_RELATION_BASE,
	LK_FACT_RELATION_OVERRIDES,
	LK_FACT_NOTE,
	LK_FACT_WHEEL, /* a file name */
	LK_FACT_FAULT, /* the same; from here on, what is wrong with it: lk_index_faults */
};

/* An item is this and then its text. */
struct lk_index_item {
	uint32_t kind;
	uint32_t len;
	uint64_t offset; /* a fault's, in the text */
};

enum lk_index_fault {
	LK_FAULT_NOT_AN_OBJECT,
	LK_FAULT_FILE_NAME,
	LK_FAULT_NO_NAME,
	LK_FAULT_BAD_NAME,
	LK_FAULT_VIRTUAL_NAME,
	LK_FAULT_NO_VERSION,
	LK_FAULT_NO_BUILD,
	LK_FAULT_NO_BUILD_NUMBER,
	LK_FAULT_GIVEN_AGAIN,
	LK_N_FAULTS,
};

extern const char *const lk_index_faults[LK_N_FAULTS];

/* A record that was seen. */
struct lk_seen_record {
	struct lk_index_entry entry;
	uint32_t name;    /* index into names */
	uint32_t fn_hash; /* lk_map_hash of the file name */
	bool dead;        /* removed, or given again */
};

struct lk_seen_item {
	lk_str text;
	uint64_t offset;
	uint32_t kind;
};

/* What a scan found, in the order of the text. */
struct lk_index_draft {
	struct lk_arena arena;
	size_t text_len;
	struct {
		struct lk_seen_record *items;
		size_t len, cap;
	} records;
	struct lk_strs names;  /* in the order of first sight */
	struct lk_map by_name; /* into names */
	struct {
		struct lk_seen_item *items;
		size_t len, cap;
	} facts;
	struct lk_strs removed;
};

/* Text that is still arriving. */
struct lk_index_feed {
	const char *text; /* does not move */
	void *ctx;
	/* Waits until WANT bytes of text are there, or more, or all; the first PASSED are hardly
	 * needed any more. */
	int (*more)(void *ctx, size_t passed, size_t want, size_t *ret_len, bool *ret_whole,
		struct lk_error *err);
};

/* Scans TEXT, or what FEED gives when that is not NULL. Text of 0 bytes is an empty repodata. Views
 * in RET lie in the text. LK_E_FORMAT, and what the feed fails with. RET is to be freed in any
 * case. */
int lk_index_scan(lk_str text, const struct lk_index_feed *feed, const char *file, bool transcribed,
	struct lk_index_draft *ret, struct lk_error *err) LK_MUST_USE;
void lk_index_draft_done(struct lk_index_draft *draft);

/* Lays the tables out, to stand from byte BASE (a multiple of 8) on: appended to IMAGE, described
 * by RET. */
void lk_index_lay_out(const struct lk_index_draft *draft, uint64_t base, struct lk_buf *image,
	struct lk_index_head *ret);

uint32_t lk_index_sum(const void *bytes, size_t len);
/* Of this layout, on a machine like this? */
bool lk_index_head_is_ours(const struct lk_index_head *head);
/* Of the head, as lk_index_head.sum has it. */
uint32_t lk_index_head_sum(const struct lk_index_head *head);

/* The file name that ENTRY's KEY stands for; owned by ARENA unless it is KEY. */
lk_str lk_index_fn(const struct lk_index_entry *entry, lk_str key, struct lk_arena *arena);

#endif

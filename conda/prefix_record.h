/*
 * The conda-meta record of an installed package: PREFIX/conda-meta/NAME-VERSION-BUILD.json.
 *
 * Readable by conda, mamba and rattler, and reads theirs, old conda's records without paths_data
 * included; keys and path fields that we do not know are kept, after our own, when a record is read
 * and written again (conda-formats.md 6.6, CEP 32). Where conda notes facts of the host (package
 * cache, link source) a fresh record has constants: the same package in the same prefix gives the
 * same bytes. Neither function touches the disk.
 *
 *     lk_prefix_record_parse(text, file, &record, err);   a record somebody wrote
 *     lk_prefix_record_write(&record, &out, err);
 *     lk_prefix_record_done(&record);
 */
#ifndef LK_CONDA_PREFIX_RECORD_H
#define LK_CONDA_PREFIX_RECORD_H

#include "conda/package.h"
#include "conda/record.h"

#define LK_PREFIX_RECORD_MAX_BYTES ((size_t)256 << 20)

enum lk_installed_type {
	LK_INSTALLED_FILE, /* "hardlink", whatever way it was placed */
	LK_INSTALLED_SOFTLINK,
	LK_INSTALLED_DIRECTORY,
	LK_INSTALLED_PYC,         /* compiled at install time */
	LK_INSTALLED_ENTRY_POINT, /* "unix_python_entry_point" */
	LK_INSTALLED_OTHER,       /* any other type; kept as written */
};

struct lk_prefix_path {
	lk_str path; /* relative to the prefix, with '/' */
	/* Where the package means it to be, when another package's file is there: the file is
	 * parked at `path` meanwhile. Else empty. rattler's key. */
	lk_str original_path;
	enum lk_installed_type type;
	enum lk_prefix_mode prefix_mode;
	lk_str placeholder; /* when prefix_mode is not NONE */
	/* Keys of ours, which other tools pass over: without them nothing in a prefix tells that a
	 * mode or a link was changed. */
	lk_str target;   /* SOFTLINK: the link's text; empty when unknown */
	bool executable; /* FILE, ENTRY_POINT: mode 0755, else 0644 */
	bool no_link;
	bool has_sha256, has_sha256_in_prefix, has_size;
	struct lk_sha256 sha256;           /* as shipped */
	struct lk_sha256 sha256_in_prefix; /* as it lies in the prefix */
	uint64_t size;                     /* as shipped, bytes */
};

struct lk_prefix_record {
	/* What the channel or lock said. channel here is the URL of the channel's subdir, as conda
	 * writes it ("https://conda.anaconda.org/conda-forge/linux-64"). */
	struct lk_record record;
	lk_str arch, platform, features; /* old keys of index.json; empty: none */
	struct lk_str_list files;        /* every installed path, '/' between components */
	const struct lk_prefix_path *paths;
	size_t n_paths;
	struct lk_str_list requested_specs; /* empty when nobody asked for the package by name */
	/* Of a record that was read: its text, with the keys that we do not know, and what owns the
	 * strings. One that is to be written as a new one has no text. */
	lk_str text;
	struct lk_arena arena;
};

/* Parses TEXT; FILE is the name for errors. LK_E_FORMAT (with line and column where the text is no
 * JSON) for anything that is no record or names a file outside the prefix. */
int lk_prefix_record_parse(lk_str text, const char *file, struct lk_prefix_record *ret,
	struct lk_error *err) LK_MUST_USE;
/* A zeroed record, or one that was filled by hand with borrowed strings, is fine. */
void lk_prefix_record_done(struct lk_prefix_record *record);

/* Appends the file's bytes. LK_E_FORMAT when they do not fit into OUT. */
int lk_prefix_record_write(const struct lk_prefix_record *record, struct lk_buf *out,
	struct lk_error *err) LK_MUST_USE;

/* The paths of a record that is being made, and where its bytes go, some thousands at a time: a
 * record of 100,000 paths is never in memory. */
struct lk_prefix_record_flow {
	size_t n_paths;
	/* The path at I; false: it is left out. Asked for more than once. */
	bool (*path)(void *ctx, size_t i, struct lk_prefix_path *ret);
	int (*put)(void *ctx, lk_str bytes, struct lk_error *err);
	void *ctx;
};

/* The same bytes of a record without text, whose files and paths FLOW has instead. LK_E_FORMAT when
 * it is larger than LK_PREFIX_RECORD_MAX_BYTES, and what FLOW->put says. */
int lk_prefix_record_write_flow(const struct lk_prefix_record *record,
	const struct lk_prefix_record_flow *flow, struct lk_error *err) LK_MUST_USE;

/* "NAME-VERSION-BUILD.json", owned by ARENA. */
lk_str lk_prefix_record_file_name(const struct lk_record *record, struct lk_arena *arena);

#endif

/*
 * What an archive says about itself: info/index.json, paths.json (or files, has_prefix, no_link),
 * link.json. CEP 34. Parsed and checked for safety here; the bytes of the payload are store's
 * matter.
 */
#ifndef LK_CONDA_PACKAGE_H
#define LK_CONDA_PACKAGE_H

#include "base/report.h"
#include "conda/record.h"

enum lk_path_type {
	LK_PATH_FILE, /* "hardlink" in paths.json */
	LK_PATH_SOFTLINK,
	LK_PATH_DIRECTORY,
};

enum lk_prefix_mode {
	LK_PREFIX_NONE,
	LK_PREFIX_TEXT,
	LK_PREFIX_BINARY,
};

struct lk_package_path {
	lk_str path; /* relative, as in the archive, contained */
	enum lk_path_type type;
	enum lk_prefix_mode prefix_mode; /* always NONE for softlinks and directories */
	lk_str placeholder;              /* when prefix_mode is not NONE */
	bool no_link;                    /* copy, never link */
	bool has_sha256, has_size;
	struct lk_sha256 sha256; /* of the file as shipped; of a softlink's target */
	uint64_t size;           /* bytes, of the same */
};

struct lk_entry_point {
	lk_str command;  /* a plain file name */
	lk_str module;   /* dotted identifiers */
	lk_str function; /* dotted identifiers */
};

struct lk_package {
	struct lk_arena arena;
	/* index.json */
	lk_str name, version, build;
	uint64_t build_number;
	lk_str subdir;
	enum lk_noarch noarch; /* index.json, else link.json */
	lk_str python_site_packages_path;
	struct lk_record index;          /* all that index.json tells; noarch as above */
	lk_str arch, platform, features; /* old keys, where conda could read them */
	/* paths, sorted bytewise by path, no duplicates */
	struct lk_package_path *paths;
	size_t n_paths;
	bool has_paths_json; /* else types, sizes and hashes are the archive's to tell */
	bool has_list;       /* false: neither paths.json nor files; every payload entry counts */
	/* link.json */
	struct lk_entry_point *entry_points;
	size_t n_entry_points;
	/* bin/.<name>-{pre-link,post-link,pre-unlink,post-unlink}.sh that the paths hold */
	struct lk_str_list scripts;
};

/* The texts of the info files. An absent one has ptr NULL; one that is there but empty has not. */
struct lk_package_texts {
	lk_str index_json, paths_json, link_json, files, has_prefix, no_link, no_softlink;
};

/* LK_E_INTEGRITY naming ARCHIVE and the member and field that is wrong or unsafe; with line and
 * column where a member is no JSON. Paths that leave the prefix, lie under info/ or conda-meta/,
 * stand there twice or beneath another file are refused; so are paths_version and
 * package_metadata_version above
 * 1. Tolerated because real archives have it: build_number that is no number, noarch "True", hashes
 * and sizes that are missing, a placeholder on a softlink (dropped), no list of files at all. */
int lk_package_parse(const struct lk_package_texts *texts, const char *archive,
	struct lk_package **ret, struct lk_error *err) LK_MUST_USE;
void lk_package_free(struct lk_package *package);

/* The record that the info/index.json TEXT of ARCHIVE describes, as its builder wrote it; its
 * strings are owned by ARENA. Without fn, channel, url, hashes and size, which an archive cannot
 * tell; the subdir is empty when it is none. Errors as above. */
int lk_package_read_index(lk_str text, const char *archive, struct lk_arena *arena,
	struct lk_record *ret, struct lk_error *err) LK_MUST_USE;

/* The paths that a link script of the package NAME may have: bin/.NAME-STAGE.sh, from
 * LK_LINK_SCRIPTS_UNIX on Scripts/.NAME-STAGE.bat. I is below LK_LINK_SCRIPTS. NUL-ended, owned by
 * ARENA. */
#define LK_LINK_SCRIPTS_UNIX 4
#define LK_LINK_SCRIPTS 8
lk_str lk_package_script_path(lk_str name, size_t i, struct lk_arena *arena);

/* Sets `scripts` from the name and the sorted paths; for who fills the paths where the archive has
 * no list of them. */
void lk_package_find_scripts(struct lk_package *package);

/* Does the archive say the same name, version and build as the locked record? LK_E_INTEGRITY. */
int lk_package_check_record(const struct lk_package *package, const struct lk_record *record,
	struct lk_error *err) LK_MUST_USE;

#endif

/*
 * What an archive says about itself: info/index.json, paths.json (or files, has_prefix, no_link),
 * link.json. CEP 34. Parsed and checked for safety here; the bytes of the payload are store's matter.
 */
#ifndef LK_CONDA_PACKAGE_H
#define LK_CONDA_PACKAGE_H

#include "base/report.h"
#include "conda/record.h"

enum lk_path_type {
	LK_PATH_FILE,	   /* "hardlink" in paths.json */
	LK_PATH_SOFTLINK,
	LK_PATH_DIRECTORY,
};

enum lk_prefix_mode {
	LK_PREFIX_NONE,
	LK_PREFIX_TEXT,
	LK_PREFIX_BINARY,
};

struct lk_package_path {
	lk_str path;	   /* relative, as in the archive, contained */
	enum lk_path_type type;
	enum lk_prefix_mode prefix_mode;
	lk_str placeholder; /* when prefix_mode is not NONE */
	bool no_link;	    /* copy, never link */
	bool has_sha256, has_size;
	struct lk_sha256 sha256; /* of the file as shipped */
	uint64_t size;
};

struct lk_entry_point {
	lk_str command;	 /* a plain file name */
	lk_str module;	 /* dotted identifiers */
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
	/* paths, sorted bytewise by path, no duplicates */
	struct lk_package_path *paths;
	size_t n_paths;
	bool has_paths_json;
	/* link.json */
	struct lk_entry_point *entry_points;
	size_t n_entry_points;
	/* bin/.<name>-{pre-link,post-link,pre-unlink,post-unlink}.sh that the paths hold */
	struct lk_str_list scripts;
};

/* The texts of the info files; empty views for absent ones. ARCHIVE names the package in errors. */
struct lk_package_texts {
	lk_str index_json, paths_json, link_json, files, has_prefix, no_link, no_softlink;
};

/* LK_E_INTEGRITY naming the member and field (with line and column) that is wrong or unsafe. */
int lk_package_parse(const struct lk_package_texts *texts, const char *archive,
		struct lk_package **ret, struct lk_error *err) LK_MUST_USE;
void lk_package_free(struct lk_package *package);

/* Does the archive say the same name, version and build as the locked record? LK_E_INTEGRITY. */
int lk_package_check_record(const struct lk_package *package, const struct lk_record *record,
		struct lk_error *err) LK_MUST_USE;

#endif

/*
 * The tree digest: one SHA-256 for all that an install owns.
 *
 * Over one line for each owned path, in bytewise order of path:
 *
 *     path NUL type NUL mode NUL content NEWLINE
 *
 * type is f, l or d; mode octal ("644", "755"; "-" for links); content the file's sha256 in hex,
 * the link's text, or nothing for a directory. A newline in a path or a link's text enters as \n, a
 * backslash as \\. In: what packages bring, entry points, and conda-meta records in a normal form
 * that says nothing of compiled pyc (install/meta.h). Out: conda-meta/history and lockenv-state,
 * foreign files, and pyc, which are derived from owned sources by the environment's own python,
 * where it can run.
 */
#ifndef LK_INSTALL_TREE_DIGEST_H
#define LK_INSTALL_TREE_DIGEST_H

#include "base/digest.h"
#include "install/layout.h"

struct lk_tree_line {
	lk_str path;
	char type;
	unsigned mode;
	struct lk_sha256 sha256; /* type f */
	lk_str target;           /* type l */
	size_t end;              /* of what is written of it, in lk_tree_text */
};

struct lk_tree_lines LK_VEC_OF(struct lk_tree_line);

/* Lines that are sorted and written, so that only the hashing is left. */
struct lk_tree_text {
	struct lk_tree_lines lines;
	struct lk_buf text;
};

/* Of a staged layout; strings borrowed from it, *RET given back with lk_tree_text_done. */
void lk_tree_text_make(const struct lk_layout *layout, struct lk_tree_text *ret);
void lk_tree_text_done(struct lk_tree_text *text);
/* Of what is in TEXT and of LINES, which are sorted for it. */
struct lk_sha256 lk_tree_digest(const struct lk_tree_text *text, struct lk_tree_lines *lines);

#endif

/*
 * Editing the user's file (environment.yml, or a list of specs) as a careful person would: only the
 * bytes of the line in question change. Comments, order, quoting, indentation, line ends and lists
 * in brackets stay as they are.
 *
 *     struct lk_envspec_file file = {"environment.yml", text, true};
 *     rc = lk_envspec_add(&file, LK_STR("numpy >=2"), &out, &effect, &err);
 *
 * What comes out has been read again: it holds what the old text held and the change, nothing else.
 * Where that cannot be had (a spec over several lines, a place that no line can be put at) the
 * file is refused: LK_E_USAGE at file:line, with what to do by hand. Nothing is read or written.
 */
#ifndef LK_CONDA_ENVSPEC_EDIT_H
#define LK_CONDA_ENVSPEC_EDIT_H

#include "base/err.h"
#include "base/str.h"
#include "conda/matchspec.h"

struct lk_envspec_file {
	const char *name; /* for errors */
	lk_str text;
	bool yaml; /* else one spec a line */
};

enum lk_envspec_effect {
	LK_ENVSPEC_SAME, /* it is there already: the text is as it was */
	LK_ENVSPEC_ADDED,
	LK_ENVSPEC_REPLACED,
};

/* Puts SPEC (as the user typed it) into the dependencies: in place of the one line that asks for
 * the same name, else behind the last. A bare name that is asked for already changes nothing.
 * Several lines of that name, or one for some platforms alone, are refused. The new text is
 * appended to OUT. LK_E_FORMAT when the file or SPEC is none. */
int lk_envspec_add(const struct lk_envspec_file *file, lk_str spec, struct lk_buf *out,
	enum lk_envspec_effect *ret, struct lk_error *err) LK_MUST_USE;

/* Does LINE, which asks for SPEC's name, ask for SPEC already: a name alone, or the same in other
 * words? */
bool lk_envspec_asks(lk_str line, const struct lk_matchspec *spec);

/* Takes out every line that asks for the package NAME. LK_E_NOT_FOUND when there is none: the
 * message then tells if it is one for pip. */
int lk_envspec_remove(const struct lk_envspec_file *file, lk_str name, struct lk_buf *out,
	struct lk_error *err) LK_MUST_USE;

/* Puts CHANNEL behind the others, unless it is there. */
int lk_envspec_add_channel(const struct lk_envspec_file *file, lk_str channel, struct lk_buf *out,
	enum lk_envspec_effect *ret, struct lk_error *err) LK_MUST_USE;

#endif

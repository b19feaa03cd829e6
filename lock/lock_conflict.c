/*
 * Finds git's conflict markers and says what they are and what helps.
 *
 * Markers are seven characters at the start of a line (gitattributes, conflict-marker-size):
 * "<<<<<<< LABEL", "||||||| LABEL" (the ancestor, with merge.conflictStyle diff3), "=======",
 * ">>>>>>> LABEL". No line of a lock begins so.
 */
#include "lock/lock_conflict_priv.h"

struct markers {
	unsigned line;       /* of the first one, 0: none */
	unsigned last;       /* of the last one */
	unsigned n;          /* conflicts that were begun */
	lk_str ours, theirs; /* labels of the first conflict, or empty */
};

/* LINE's label when it begins with the marker of C. */
static bool is_marker(lk_str line, char c, lk_str *ret_label)
{
	size_t n = 0;
	while (n < line.len && line.ptr[n] == c) {
		n++;
	}
	if (n != 7 || (line.len > 7 && line.ptr[7] != ' ')) {
		return false;
	}
	*ret_label = lk_str_trim(lk_str_skip(line, n));
	return true;
}

static void find_markers(lk_str source, struct markers *m)
{
	unsigned number = 0;
	lk_str line;
	while (lk_str_split(&source, '\n', &line)) {
		number++;
		lk_str label;
		bool begins = is_marker(line, '<', &label);
		bool ends = !begins && is_marker(line, '>', &label);
		if (!begins && !ends) {
			continue;
		}
		m->line = m->line > 0 ? m->line : number;
		m->last = number;
		m->n += begins;
		if (begins && m->n == 1) {
			m->ours = label;
		} else if (ends && m->theirs.len == 0) {
			m->theirs = label;
		}
	}
}

/* ": 'HEAD' against 'feature'" */
static void put_sides(const struct markers *m, struct lk_buf *out)
{
	if (m->ours.len > 0 && m->theirs.len > 0) {
		lk_buf_appendf(out, ": '" LK_STR_FMT "' against '" LK_STR_FMT "'",
			LK_STR_ARG(m->ours), LK_STR_ARG(m->theirs));
	}
	if (m->n > 1) {
		lk_buf_appendf(out, ", at %u places up to line %u", m->n, m->last);
	} else if (m->last > m->line) {
		lk_buf_appendf(out, ", up to line %u", m->last);
	}
}

int lk_lock_refuse_conflict(lk_str source, const char *name, struct lk_error *err)
{
	struct markers m = {0};
	find_markers(source, &m);
	if (m.line == 0) {
		return 0;
	}
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) sides = LK_BUF_INIT(1024);
	struct lk_buf LK_CLEANUP(lk_buf_done) path = LK_BUF_INIT(4096);
	m.ours = lk_str_shorten(&arena, m.ours, 100);
	m.theirs = lk_str_shorten(&arena, m.theirs, 100);
	put_sides(&m, &sides);
	lk_buf_put_shell_word(&path, lk_str_of(name));
	int rc = lk_fail_at(err, name, m.line, 1, "git left a merge conflict in the lock%s",
		lk_buf_cstr(&sides));
	lk_error_hint(err,
		"merge it by package: lockenv merge --resolve %s (git does so itself after: "
		"lockenv "
		"merge --install-git-driver); or take one side: git checkout --ours %s (or "
		"--theirs), and solve again: lockenv solve -o %s",
		lk_buf_cstr(&path), lk_buf_cstr(&path), lk_buf_cstr(&path));
	return rc;
}

/*
 * The journal of an exchange.
 */
#include "install/journal.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"

#define FIRST_LINE "lockenv-journal 1"
#define LAST_LINE "end"
#define MAX_BYTES ((size_t)64 << 20)

static const char *const kinds[] = {"both", "in", "out"};
static const char *const actions[] = {"install", "install keep", "rollback"};

static const char *action_of(const struct lk_journal *journal)
{
	return actions[journal->rollback ? 2 : journal->keep];
}

static void put_line(struct lk_buf *text, const char *line)
{
	lk_buf_puts(text, line);
	lk_buf_putc(text, '\0');
}

int lk_journal_write(int work_fd, const struct lk_journal *journal, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_BYTES);
	put_line(&text, FIRST_LINE);
	put_line(&text, action_of(journal));
	for (size_t i = 0; i < journal->names.len; i++) {
		const struct lk_exchange *x = &journal->names.items[i];
		lk_buf_appendf(&text, "%s %llu ", kinds[x->kind], (unsigned long long)x->inode);
		put_line(&text, x->name.ptr);
	}
	put_line(&text, LAST_LINE);
	if (text.overflow) {
		return lk_fail(err, LK_E_FS, "the prefix has too many names to be exchanged");
	}
	int rc = lk_fs_write_atomic(work_fd, LK_JOURNAL_NAME, text.ptr, text.len, 0600, err);
	return rc < 0 ? rc : lk_fs_sync_dir(work_fd, ".", err);
}

static int fail_parse(struct lk_error *err)
{
	lk_fail(err, LK_E_FORMAT, "'" LK_JOURNAL_NAME "' is not a journal of lockenv's");
	lk_error_hint(err, "somebody else changed it; look at the prefix, then remove it");
	return err->code;
}

static bool parse_action(lk_str line, struct lk_journal *ret)
{
	for (size_t i = 0; i < LK_COUNTOF(actions); i++) {
		if (lk_str_is(line, actions[i])) {
			ret->keep = i == 1;
			ret->rollback = i == 2;
			return true;
		}
	}
	return false;
}

static bool parse_name(lk_str line, struct lk_arena *arena, struct lk_exchange *ret)
{
	lk_str kind;
	lk_str inode;
	if (!lk_str_split(&line, ' ', &kind) || !lk_str_split(&line, ' ', &inode) ||
		!lk_str_to_u64(inode, &ret->inode) || !lk_path_is_component(line)) {
		return false;
	}
	ret->name = lk_str_dup(arena, line);
	for (size_t i = 0; i < LK_COUNTOF(kinds); i++) {
		if (lk_str_is(kind, kinds[i])) {
			ret->kind = (enum lk_exchange_kind)i;
			return true;
		}
	}
	return false;
}

int lk_journal_parse(
	lk_str text, struct lk_arena *arena, struct lk_journal *ret, struct lk_error *err)
{
	struct lk_journal journal = {0};
	lk_str line;
	bool good = lk_str_split(&text, '\0', &line) && lk_str_is(line, FIRST_LINE) &&
		lk_str_split(&text, '\0', &line) && parse_action(line, &journal);
	while (good && lk_str_split(&text, '\0', &line) && !lk_str_is(line, LAST_LINE)) {
		struct lk_exchange x = {0};
		good = parse_name(line, arena, &x);
		lk_vec_push(&journal.names, x);
	}
	if (!good || !lk_str_is(line, LAST_LINE) || text.len > 0 || journal.names.len == 0) {
		lk_vec_done(&journal.names);
		return fail_parse(err);
	}
	*ret = journal;
	return 0;
}

int lk_journal_read(
	int work_fd, struct lk_arena *arena, struct lk_journal *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_BYTES);
	int rc = lk_fs_read_beneath(work_fd, LK_JOURNAL_NAME, &text, err);
	return rc < 0 ? rc : lk_journal_parse(lk_buf_view(&text), arena, ret, err);
}

int lk_journal_remove(int work_fd, struct lk_error *err)
{
	if (unlinkat(work_fd, LK_JOURNAL_NAME, 0) < 0 && errno != ENOENT) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot remove '" LK_JOURNAL_NAME "'");
	}
	return 0;
}

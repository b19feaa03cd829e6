/*
 * The marker of a frozen environment.
 */
#include "install/frozen.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/json.h"

#define NAME "conda-meta/frozen"
#define MAX_BYTES ((size_t)64 << 10)
#define MAX_DEPTH 16
#define MAX_SHOWN 1000 /* bytes of the message */

/* TEXT with each run of white space as one blank. */
static void put_line(struct lk_buf *out, lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool space = lk_is_space(text.ptr[i]);
		if (!space) {
			lk_buf_putc(out, text.ptr[i]);
		} else if (out->len > 0 && out->ptr[out->len - 1] != ' ') {
			lk_buf_putc(out, ' ');
		}
	}
}

/* Appends what the marker says; nothing when it is empty, cannot be read or is none of ours to
 * understand: it counts all the same. */
static void read_message(int prefix_fd, struct lk_buf *out)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_BYTES);
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	if (lk_fs_read_beneath(prefix_fd, NAME, &text, &ignored) == 0 &&
		lk_json_parse(lk_buf_view(&text), NAME, MAX_DEPTH, &doc, &ignored) == 0) {
		lk_str message = lk_json_string(lk_json_get(lk_json_root(doc), "message"));
		put_line(out, lk_str_trim_end(lk_str_trim(message), '.'));
	}
}

int lk_frozen_check(int prefix_fd, const char *prefix, struct lk_error *err)
{
	struct stat status;
	struct lk_buf LK_CLEANUP(lk_buf_done) message = LK_BUF_INIT(MAX_BYTES);
	if (prefix_fd < 0 || fstatat(prefix_fd, NAME, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return 0;
	}
	if (S_ISREG(status.st_mode)) {
		read_message(prefix_fd, &message);
	}
	size_t shown = message.len < MAX_SHOWN ? message.len : MAX_SHOWN;
	while (shown < message.len && shown > 0 &&
		((unsigned char)message.ptr[shown] & 0xc0) == 0x80) {
		shown--;
	}
	lk_fail(err, LK_E_USAGE, "environment '%s' is frozen%s%.*s%s", prefix,
		shown > 0 ? ": " : "", (int)shown, lk_buf_cstr(&message),
		shown < message.len ? "..." : "");
	lk_error_hint(err, "give --override-frozen to change it all the same");
	return err->code;
}

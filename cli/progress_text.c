/*
 * Frames, lines and events of progress.
 */
#include "cli/progress_text.h"

#include <inttypes.h>

#include "base/json.h"

#define BAR 20
#define BAR_WIDTH (BAR + 3) /* " [####    ]" */
#define PERCENT_WIDTH 5
#define AMOUNT_WIDTH 10
#define RATE_WIDTH 12
#define RIGHT_WIDTH (PERCENT_WIDTH + AMOUNT_WIDTH + RATE_WIDTH)
#define NAME_WIDTH_MIN 20
#define FILES_MAX 16 /* lines of them, however high the terminal is */
#define GREEN "\033[32m"
#define PLAIN "\033[0m"
#define TEXT_MAX 4096

/* As much of TEXT as WIDTH columns hold, filled with spaces. What is not printable ASCII, whose
 * width nobody knows, becomes a question mark. */
static void put_name(struct lk_buf *out, lk_str text, size_t width)
{
	bool cut = text.len > width;
	for (size_t i = 0; i < width; i++) {
		char c = i < text.len ? text.ptr[i] : ' ';
		c = c >= ' ' && c < 0x7f ? c : '?';
		lk_buf_putc(out, cut && i + 2 >= width ? '.' : c);
	}
}

static void put_right(struct lk_buf *out, const struct lk_buf *text, size_t width)
{
	for (size_t i = text->len; i < width; i++) {
		lk_buf_putc(out, ' ');
	}
	lk_buf_put(out, lk_buf_view(text));
}

static void put_amount(struct lk_buf *out, uint64_t bytes, const char *unit, size_t width)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(TEXT_MAX);
	if (bytes > 0 || *unit == '\0') {
		lk_buf_put_size(&text, bytes);
		lk_buf_puts(&text, unit);
	}
	put_right(out, &text, width);
}

/* PART of WHOLE, in steps; all of it at most. */
static unsigned share(uint64_t part, uint64_t whole, unsigned steps)
{
	double exact = whole > 0 ? (double)part / (double)whole * steps : 0;
	return exact < steps ? (unsigned)exact : steps;
}

static void put_bar(struct lk_buf *out, uint64_t part, uint64_t whole, bool color)
{
	unsigned filled = share(part, whole, BAR);
	lk_buf_puts(out, " [");
	lk_buf_puts(out, color ? GREEN : "");
	for (unsigned i = 0; i < BAR; i++) {
		lk_buf_putc(out, i < filled ? '#' : ' ');
	}
	lk_buf_puts(out, color ? PLAIN : "");
	lk_buf_putc(out, ']');
}

static void put_percent(struct lk_buf *out, uint64_t part, uint64_t whole)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(TEXT_MAX);
	if (whole > 0) {
		lk_buf_appendf(&text, "%u%%", share(part, whole, 100));
	}
	put_right(out, &text, PERCENT_WIDTH);
}

/* NAME [####    ]  45%    12.3 MB    3.4 MB/s: all of it, without the bar, or the percentage alone.
 */
static void put_file(struct lk_buf *out, const struct lk_progress_file *file, uint64_t rate,
	size_t width, bool color)
{
	bool bar = width >= NAME_WIDTH_MIN + BAR_WIDTH + RIGHT_WIDTH;
	bool amounts = width >= NAME_WIDTH_MIN + RIGHT_WIDTH;
	size_t right = (bar ? BAR_WIDTH : 0u) + (amounts ? RIGHT_WIDTH : PERCENT_WIDTH + 0u);
	if (width <= right) {
		put_name(out, file->name, width);
		return;
	}
	put_name(out, file->name, width - right);
	if (bar) {
		put_bar(out, file->bytes, file->size, color);
	}
	put_percent(out, file->bytes, file->size);
	if (amounts) {
		put_amount(out, file->bytes, "", AMOUNT_WIDTH);
		put_amount(out, rate, "/s", RATE_WIDTH);
	}
}

static void put_time_left(struct lk_buf *out, uint64_t seconds)
{
	if (seconds < 60) {
		lk_buf_appendf(out, "%" PRIu64 " s left", seconds);
	} else if (seconds < 3600) {
		lk_buf_appendf(
			out, "%" PRIu64 " min %02" PRIu64 " s left", seconds / 60, seconds % 60);
	} else {
		lk_buf_appendf(out, "%" PRIu64 " h %02" PRIu64 " min left", seconds / 3600,
			seconds / 60 % 60);
	}
}

/* "12 of 300, 1.2 GB of 3.4 GB, 85.0 MB/s, 26 s left", each part where it is known. */
static void put_counts(struct lk_buf *out, const struct lk_progress *p, uint64_t rate)
{
	const char *comma = "";
	if (p->total > 0) {
		lk_buf_appendf(out, "%" PRIu64 " of %" PRIu64, p->done, p->total);
		comma = ", ";
	}
	if (p->bytes > 0) {
		lk_buf_puts(out, comma);
		lk_buf_put_size(out, p->bytes);
		if (p->bytes_all > 0) {
			lk_buf_puts(out, " of ");
			lk_buf_put_size(out, p->bytes_all);
		}
		comma = ", ";
	}
	if (rate > 0) {
		lk_buf_puts(out, comma);
		lk_buf_put_size(out, rate);
		lk_buf_puts(out, "/s");
		if (p->bytes_all > p->bytes) {
			lk_buf_puts(out, ", ");
			put_time_left(out, (p->bytes_all - p->bytes - 1) / rate + 1);
		}
	}
	if (p->item.len > 0) {
		lk_buf_puts(out, *comma ? ", " : "");
		lk_buf_put_escaped(out, p->item);
	}
}

/* The line for all. */
static void put_all(
	struct lk_buf *out, const struct lk_progress *p, const struct lk_frame *frame, size_t width)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(TEXT_MAX);
	size_t used = strlen(p->stage);
	bool by_bytes = p->bytes_all > 0;
	put_name(out, lk_str_of(p->stage), used < width ? used : width);
	if ((by_bytes || p->total > 0) && width >= used + BAR_WIDTH + NAME_WIDTH_MIN) {
		put_bar(out, by_bytes ? p->bytes : p->done, by_bytes ? p->bytes_all : p->total,
			frame->color);
		used += BAR_WIDTH;
	}
	lk_buf_putc(&text, ' ');
	put_counts(&text, p, frame->rate);
	if (text.len > 1 && used < width) {
		put_name(
			out, lk_buf_view(&text), text.len < width - used ? text.len : width - used);
	}
}

unsigned lk_progress_put_frame(
	const struct lk_progress *progress, const struct lk_frame *frame, struct lk_buf *out)
{
	size_t width = frame->columns > 1 ? frame->columns - 1 : 1;
	size_t room = frame->rows > 2 ? frame->rows - 2 : 0;
	room = room < FILES_MAX ? room : FILES_MAX;
	size_t shown = progress->n_files;
	if (shown > room) {
		shown = room > 0 ? room - 1 : 0; /* the last line tells how many more there are */
	}
	unsigned lines = 1;
	for (size_t i = 0; i < shown; i++) {
		put_file(out, &progress->files[i], frame->file_rates ? frame->file_rates[i] : 0,
			width, frame->color);
		lk_buf_putc(out, '\n');
		lines++;
	}
	if (shown < progress->n_files && room > 0) {
		struct lk_buf LK_CLEANUP(lk_buf_done) more = LK_BUF_INIT(TEXT_MAX);
		lk_buf_appendf(&more, "and %zu more", progress->n_files - shown);
		put_name(out, lk_buf_view(&more), more.len < width ? more.len : width);
		lk_buf_putc(out, '\n');
		lines++;
	}
	put_all(out, progress, frame, width);
	return lines;
}

void lk_progress_put_line(const struct lk_progress *progress, uint64_t rate, struct lk_buf *out)
{
	size_t start = out->len;
	lk_buf_appendf(out, "%s: ", progress->stage);
	size_t stage_end = out->len;
	put_counts(out, progress, rate);
	if (out->len == stage_end) {
		out->len = start + strlen(progress->stage);
		lk_buf_puts(out, " ...");
	}
}

void lk_progress_put_json(const struct lk_progress *progress, struct lk_buf *out)
{
	struct lk_jw w;
	lk_jw_init(&w, out, false);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "event", LK_STR("progress"));
	lk_jw_key_string(&w, "stage", lk_str_of(progress->stage));
	lk_jw_key_uint(&w, "done", progress->done);
	lk_jw_key_uint(&w, "total", progress->total);
	lk_jw_key_uint(&w, "bytes", progress->bytes);
	lk_jw_key_uint(&w, "bytes_all", progress->bytes_all);
	lk_jw_opt_string(&w, "item", progress->item);
	lk_jw_key(&w, "files");
	lk_jw_array(&w);
	for (size_t i = 0; i < progress->n_files; i++) {
		const struct lk_progress_file *file = &progress->files[i];
		lk_jw_object(&w);
		lk_jw_key_string(&w, "name", file->name);
		lk_jw_key_uint(&w, "bytes", file->bytes);
		lk_jw_key_uint(&w, "size", file->size);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
}

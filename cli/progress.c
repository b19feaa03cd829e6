/*
 * When progress is shown, and how a terminal is kept in order.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "cli/progress_text.h"

#define FIRST_AFTER_MS 300 /* what is done sooner shows nothing */
#define REDRAW_MS 80
#define LINE_AFTER_MS 10000 /* logs get the first line then, later ones in growing distances */
#define LINE_DISTANCE_MAX_MS 60000
#define EVENT_MS 1000
#define SAMPLES 8
#define SAMPLE_MS 500
#define TEXT_MAX ((size_t)64 << 10)

/* Bytes over the last few seconds. */
struct meter {
	uint64_t ms[SAMPLES], bytes[SAMPLES]; /* the newest last */
	unsigned n;
};

struct file_meter {
	char *name;
	struct meter meter;
	bool seen;
};

struct file_meters LK_VEC_OF(struct file_meter);
struct rates LK_VEC_OF(uint64_t);

struct lk_progress_view {
	enum lk_progress_kind kind;
	bool color;
	unsigned lines; /* on the screen; the cursor is at the end of the last */
	uint64_t started_ms;
	uint64_t last_ms;
	uint64_t distance_ms; /* between lines of a log */
	const char *stage;
	bool told_end; /* an event has said that the stage is done */
	struct meter all;
	struct file_meters files;
	struct rates rates; /* of the files at hand */
};

static uint64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Bytes a second since the oldest sample, and NOW as one more if it is time. */
static uint64_t measure(struct meter *meter, uint64_t now, uint64_t bytes)
{
	if (meter->n > 0 && bytes < meter->bytes[meter->n - 1]) {
		meter->n = 0; /* begun anew */
	}
	uint64_t rate = 0;
	if (meter->n > 0 && now > meter->ms[0]) {
		rate = (bytes - meter->bytes[0]) * 1000 / (now - meter->ms[0]);
	}
	if (meter->n > 0 && now - meter->ms[meter->n - 1] < SAMPLE_MS) {
		return rate;
	}
	if (meter->n == SAMPLES) {
		meter->n--;
		memmove(meter->ms, meter->ms + 1, meter->n * sizeof(meter->ms[0]));
		memmove(meter->bytes, meter->bytes + 1, meter->n * sizeof(meter->bytes[0]));
	}
	meter->ms[meter->n] = now;
	meter->bytes[meter->n++] = bytes;
	return rate;
}

static struct meter *meter_of(struct lk_progress_view *view, lk_str name)
{
	for (size_t i = 0; i < view->files.len; i++) {
		struct file_meter *file = &view->files.items[i];
		if (lk_str_is(name, file->name)) {
			file->seen = true;
			return &file->meter;
		}
	}
	lk_vec_push(&view->files,
		((struct file_meter){.name = lk_strndup(name.ptr, name.len), .seen = true}));
	return &view->files.items[view->files.len - 1].meter;
}

/* Forgets the meters of files that were not SEEN; all when FORGET. */
static void forget_files(struct lk_progress_view *view, bool forget)
{
	size_t kept = 0;
	for (size_t i = 0; i < view->files.len; i++) {
		struct file_meter *file = &view->files.items[i];
		if (file->seen && !forget) {
			file->seen = false;
			view->files.items[kept++] = *file;
		} else {
			lk_free(file->name);
		}
	}
	view->files.len = kept;
}

static void measure_files(struct lk_progress_view *view, const struct lk_progress *p, uint64_t now)
{
	lk_vec_clear(&view->rates);
	for (size_t i = 0; i < p->n_files; i++) {
		const struct lk_progress_file *file = &p->files[i];
		uint64_t rate = measure(meter_of(view, file->name), now, file->bytes);
		lk_vec_push(&view->rates, rate);
	}
	forget_files(view, false);
}

struct lk_progress_view *lk_progress_view_new(enum lk_progress_kind kind, bool color)
{
	struct lk_progress_view *view = lk_calloc(1, sizeof(*view));
	view->kind = kind;
	view->color = color;
	return view;
}

void lk_progress_view_free(struct lk_progress_view *view)
{
	if (view) {
		lk_progress_view_clear(view);
		forget_files(view, true);
		lk_vec_done(&view->files);
		lk_vec_done(&view->rates);
	}
	lk_free(view);
}

/* To the first column of the first line drawn. */
static void put_home(const struct lk_progress_view *view, struct lk_buf *out)
{
	if (view->lines > 1) {
		lk_buf_appendf(out, "\033[%uA", view->lines - 1);
	}
	lk_buf_putc(out, '\r');
}

/* In one write: a terminal that shows half of a frame flickers. */
static void flush_text(const struct lk_buf *text)
{
	(void)fwrite(lk_buf_cstr(text), 1, text->len, stderr);
	(void)fflush(stderr);
}

void lk_progress_view_clear(struct lk_progress_view *view)
{
	if (view->lines > 0) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(TEXT_MAX);
		put_home(view, &text);
		lk_buf_puts(&text, "\033[J");
		flush_text(&text);
		view->lines = 0;
	}
}

static void draw(struct lk_progress_view *view, const struct lk_progress *p, uint64_t rate)
{
	struct winsize size = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) frame = LK_BUF_INIT(TEXT_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(2 * TEXT_MAX);
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
		size = (struct winsize){.ws_col = 80, .ws_row = 24};
	}
	const struct lk_frame shape = {
		size.ws_col, size.ws_row, view->color, rate, view->rates.items};
	unsigned lines = lk_progress_put_frame(p, &shape, &frame);
	put_home(view, &text);
	lk_str rest = lk_buf_view(&frame);
	lk_str line;
	for (unsigned i = 0; i < lines && lk_str_split(&rest, '\n', &line); i++) {
		lk_buf_puts(&text, i > 0 ? "\n" : "");
		lk_buf_put(&text, line);
		lk_buf_puts(&text, "\033[K");
	}
	lk_buf_puts(&text, "\033[J");
	flush_text(&text);
	view->lines = lines;
}

static void print(const struct lk_progress *p, uint64_t rate, bool json)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(TEXT_MAX);
	if (json) {
		lk_progress_put_json(p, &text);
	} else {
		lk_progress_put_line(p, rate, &text);
	}
	lk_buf_putc(&text, '\n');
	flush_text(&text);
}

static bool is_end(const struct lk_progress *p)
{
	return p->total > 0 && p->done == p->total;
}

/* Is it time? */
static bool is_due(const struct lk_progress_view *view, const struct lk_progress *p, uint64_t now)
{
	uint64_t since = now - view->last_ms;
	switch (view->kind) {
	case LK_PROGRESS_TERMINAL:
		return now - view->started_ms >= FIRST_AFTER_MS && since >= REDRAW_MS;
	case LK_PROGRESS_LINES:
		return since >= view->distance_ms;
	case LK_PROGRESS_JSON:
		return since >= EVENT_MS || (is_end(p) && !view->told_end);
	case LK_PROGRESS_NONE:
		break;
	}
	return false;
}

void lk_progress_view_show(struct lk_progress_view *view, const struct lk_progress *p)
{
	if (view->kind == LK_PROGRESS_NONE) {
		return;
	}
	uint64_t now = now_ms();
	if (view->stage != p->stage || (view->told_end && !is_end(p))) {
		view->stage = p->stage;
		view->told_end = false;
		view->started_ms = now;
		view->distance_ms = LINE_AFTER_MS;
		view->last_ms = view->kind == LK_PROGRESS_LINES ? now : 0;
		view->all.n = 0;
		forget_files(view, true);
	}
	uint64_t rate = measure(&view->all, now, p->bytes);
	if (!is_due(view, p, now)) {
		return;
	}
	view->last_ms = now;
	view->told_end = is_end(p);
	if (view->kind == LK_PROGRESS_TERMINAL) {
		measure_files(view, p, now);
		draw(view, p, rate);
		return;
	}
	print(p, rate, view->kind == LK_PROGRESS_JSON);
	view->distance_ms += view->distance_ms / 2;
	if (view->distance_ms > LINE_DISTANCE_MAX_MS) {
		view->distance_ms = LINE_DISTANCE_MAX_MS;
	}
}

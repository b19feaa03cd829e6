/*
 * A merge of natural runs: a heap tells which run has the least item, a search by doubling steps
 * how many of that run go before the least of all others.
 */
#include "base/sort.h"

#include <stdbool.h>
#include <string.h>

#include "base/vec.h"

struct run {
	const char *from, *to;
};

struct runs LK_VEC_OF(struct run);

struct sort {
	size_t size;
	lk_sort_fn *cmp;
	struct runs heap; /* the run with the least item first */
};

/* Equal items stay in their order: of two runs the one that lies before is the lesser. */
static bool is_less(const struct sort *s, const struct run *a, const struct run *b)
{
	int order = s->cmp(a->from, b->from);
	return order < 0 || (order == 0 && a->from < b->from);
}

static void sink(const struct sort *s, size_t at)
{
	struct run *heap = s->heap.items;
	struct run moved = heap[at];
	for (size_t child; (child = 2 * at + 1) < s->heap.len; at = child) {
		if (child + 1 < s->heap.len && is_less(s, &heap[child + 1], &heap[child])) {
			child++;
		}
		if (!is_less(s, &heap[child], &moved)) {
			break;
		}
		heap[at] = heap[child];
	}
	heap[at] = moved;
}

/* How many items of RUN go before the first of NEXT; at least one does. */
static size_t count_before(const struct sort *s, const struct run *run, const struct run *next)
{
	size_t n = (size_t)(run->to - run->from) / s->size;
	size_t low = 1; /* so many do */
	size_t step = 1;
	struct run item = *run;
	while (low < n) {
		size_t at = low + step - 1 < n ? low + step - 1 : n - 1;
		item.from = run->from + at * s->size;
		if (!is_less(s, &item, next)) {
			n = at;
			break;
		}
		low = at + 1;
		step *= 2;
	}
	while (low < n) {
		size_t middle = low + (n - low) / 2;
		item.from = run->from + middle * s->size;
		if (is_less(s, &item, next)) {
			low = middle + 1;
		} else {
			n = middle;
		}
	}
	return low;
}

static void find_runs(struct sort *s, const char *items, size_t n)
{
	const char *end = items + n * s->size;
	const char *from = items;
	for (const char *at = items + s->size; at < end; at += s->size) {
		if (s->cmp(at - s->size, at) > 0) {
			lk_vec_push(&s->heap, ((struct run){from, at}));
			from = at;
		}
	}
	lk_vec_push(&s->heap, ((struct run){from, end}));
}

static void merge(struct sort *s, char *out)
{
	while (s->heap.len > 0) {
		struct run *least = &s->heap.items[0];
		size_t next = 1;
		if (s->heap.len > 2 && is_less(s, &least[2], &least[1])) {
			next = 2;
		}
		size_t len = s->heap.len > 1 ? count_before(s, least, &least[next]) * s->size
					     : (size_t)(least->to - least->from);
		memcpy(out, least->from, len);
		out += len;
		least->from += len;
		if (least->from == least->to) {
			*least = s->heap.items[--s->heap.len];
		}
		if (s->heap.len > 0) {
			sink(s, 0);
		}
	}
}

void lk_sort_runs(void *items, size_t n, size_t size, lk_sort_fn *cmp)
{
	struct sort s = {.size = size, .cmp = cmp};
	if (n < 2) {
		return;
	}
	find_runs(&s, items, n);
	if (s.heap.len > 1) {
		char *LK_AUTO_FREE out = lk_reallocarray(NULL, n, size);
		for (size_t i = s.heap.len / 2; i-- > 0;) {
			sink(&s, i);
		}
		merge(&s, out);
		memcpy(items, out, n * size);
	}
	lk_vec_done(&s.heap);
}

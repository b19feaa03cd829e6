/*
 * A lock as an @EXPLICIT list (CEP 23): what conda, mamba, micromamba and pixi install without a
 * solver, in the order of the lines.
 */
#include "lock/exchange.h"

#include "lock/lock_graph.h"

struct order {
	const struct lk_lock_graph *graph;
	uint32_t *items; /* packages, each after what it needs */
	size_t n;
	bool *seen;
	struct LK_VEC_OF(struct visit {
		uint32_t package;
		size_t next; /* of its edges */
	}) stack;
};

/* Depth first; where packages need each other in a circle, the one that was come to first is last.
 */
static void visit(struct order *o, uint32_t package)
{
	if (o->seen[package]) {
		return;
	}
	o->seen[package] = true;
	lk_vec_push(&o->stack, (struct visit){package, 0});
	while (o->stack.len > 0) {
		struct visit *top = &o->stack.items[o->stack.len - 1];
		const struct lk_graph_node *node = &o->graph->nodes[top->package];
		if (top->next == node->n_needs) {
			o->items[o->n++] = top->package;
			o->stack.len--;
			continue;
		}
		uint32_t to = node->needs[top->next++].to;
		if (!o->seen[to]) {
			o->seen[to] = true;
			lk_vec_push(&o->stack, (struct visit){to, 0});
		}
	}
}

/* The hash that is wanted, else the other one, which is told. */
static void put_line(const struct lk_record *record, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report)
{
	char hex[LK_HEX_MAX];
	bool md5 = record->has_md5 && (options->md5 || !record->has_sha256);
	bool sha256 = record->has_sha256 && !md5;
	lk_buf_put(out, record->url);
	if (md5) {
		lk_hex(record->md5.bytes, sizeof(record->md5.bytes), hex);
	} else if (sha256) {
		lk_hex(record->sha256.bytes, sizeof(record->sha256.bytes), hex);
	}
	lk_buf_appendf(out, "%s%s\n", md5 || sha256 ? "#" : "", md5 || sha256 ? hex : "");
	if (options->md5 ? !md5 : !sha256) {
		lk_warn(report, "nothing tells the %s of " LK_STR_FMT "%s",
			options->md5 ? "md5" : "sha256", LK_STR_ARG(record->fn),
			md5              ? ": its md5 is given"
				: sha256 ? ": its sha256 is given"
					 : "");
	}
}

static void put_platform(const struct lk_lock_platform *platform,
	const struct lk_export_options *options, struct lk_buf *out, const struct lk_report *report)
{
	struct lk_lock_graph LK_CLEANUP(lk_lock_graph_done) graph;
	lk_lock_graph_make(platform, &graph);
	struct order order = {.graph = &graph};
	order.items = lk_calloc(platform->n_packages, sizeof(*order.items));
	order.seen = lk_calloc(platform->n_packages, sizeof(*order.seen));
	for (size_t i = 0; i < platform->n_packages; i++) {
		visit(&order, (uint32_t)i);
	}
	for (size_t i = 0; i < order.n; i++) {
		put_line(&platform->packages[order.items[i]], options, out, report);
	}
	lk_free(order.items);
	lk_free(order.seen);
	lk_vec_done(&order.stack);
}

int lk_export_explicit(const struct lk_lock *lock, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report, struct lk_error *err)
{
	lk_buf_puts(out,
		"# This file may be used to create an environment using:\n"
		"# $ conda create --name <env> --file <this file>\n");
	for (size_t i = 0; i < lock->n_platforms && i < 1; i++) {
		lk_buf_appendf(
			out, "# platform: " LK_STR_FMT "\n", LK_STR_ARG(lock->platforms[i].subdir));
		lk_buf_puts(out, "@EXPLICIT\n");
		put_platform(&lock->platforms[i], options, out, report);
	}
	return out->overflow ? lk_fail(err, LK_E_FORMAT, "the list is too long") : 0;
}

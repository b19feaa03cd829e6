/*
 * The two readers of YAML held against each other: what the fast one takes is, to the last column,
 * the tree that libyaml gives.
 */
#ifndef LK_TESTS_YAML_SAME_H
#define LK_TESTS_YAML_SAME_H

#include <stdio.h>
#include <stdlib.h>

#include "base/yaml.h"

enum yaml_verdict {
	YAML_SAME, /* both take it */
	YAML_LEFT, /* the fast one does not */
};

static inline void yaml_must(bool condition, const char *what, const struct lk_yaml *node)
{
	if (!condition) {
		fprintf(stderr, "the fast reader differs in %s near %u:%u\n", what, node->line,
			node->column);
		abort();
	}
}

static inline void yaml_same_node(const struct lk_yaml *fast, const struct lk_yaml *slow)
{
	yaml_must(fast->kind == slow->kind && fast->quoted == slow->quoted, "kind", slow);
	yaml_must(fast->line == slow->line && fast->column == slow->column, "place", slow);
	yaml_must(lk_str_eq(fast->text, slow->text), "text", slow);
	yaml_must(lk_str_eq(fast->key, slow->key), "key", slow);
	yaml_must(fast->key_line == slow->key_line && fast->key_column == slow->key_column,
		"place of the key", slow);
	yaml_must(fast->closed || fast->n_children == slow->n_children, "number of children", slow);
}

/* Walks both; aborts where they differ. False when an item of a closed sequence turns out not to be
 * of the style. SLOW may be NULL: FAST is only walked then. */
static inline bool yaml_same(
	const struct lk_yaml *fast, const struct lk_yaml *slow, struct lk_arena *arena)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_yaml_items items;
	const struct lk_yaml *child;
	const struct lk_yaml *other = slow ? slow->first : NULL;
	size_t n = 0;
	int more;
	if (slow) {
		yaml_same_node(fast, slow);
	}
	lk_yaml_items_init(&items, fast, arena);
	while ((more = lk_yaml_items_next(&items, &child, &ignored)) > 0) {
		yaml_must(!slow || other, "a child too many", fast);
		if (!yaml_same(child, other, arena)) {
			return false;
		}
		other = other ? other->next : NULL;
		n++;
	}
	yaml_must(more < 0 || (!other && n == fast->n_children), "a child too few", fast);
	return more == 0;
}

/* Aborts where the two differ, or where the fast one takes what libyaml refuses. */
static inline enum yaml_verdict yaml_block_compare(
	lk_str source, const struct lk_yaml_limits *limits)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_yaml_doc fast;
	struct lk_yaml_doc slow;
	if (!lk_yaml_block_parse(source, "f", limits, &fast)) {
		return YAML_LEFT;
	}
	enum yaml_verdict verdict = YAML_LEFT;
	if (lk_yaml_parse(source, "f", limits, &slow, &err) == LK_OK) {
		verdict = yaml_same(fast.root, slow.root, &arena) ? YAML_SAME : YAML_LEFT;
		lk_yaml_doc_done(&slow);
	} else {
		yaml_must(!yaml_same(fast.root, NULL, &arena), "what it takes", fast.root);
	}
	lk_yaml_doc_done(&fast);
	return verdict;
}

#endif

/*
 * YAML: any text is read or refused; what was read is written and read back as the same tree.
 */
#include <stdlib.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_node(struct lk_yaml_writer *writer, const struct lk_yaml *node)
{
	if (node->kind == LK_YAML_NULL) {
		lk_yaml_plain(writer, "null");
		return;
	}
	if (node->kind == LK_YAML_SCALAR) {
		lk_yaml_string(writer, node->text);
		return;
	}
	bool mapping = node->kind == LK_YAML_MAPPING;
	if (mapping) {
		lk_yaml_mapping(writer);
	} else {
		lk_yaml_sequence(writer);
	}
	for (const struct lk_yaml *child = node->first; child; child = child->next) {
		if (mapping) {
			lk_yaml_string(writer, child->key);
		}
		write_node(writer, child);
	}
	lk_yaml_end(writer);
}

static void check_same(const struct lk_yaml *a, const struct lk_yaml *b)
{
	bool text = a->kind != LK_YAML_SCALAR || lk_str_eq(a->text, b->text);
	if (a->kind != b->kind || a->n_children != b->n_children || !text ||
		!lk_str_eq(a->key, b->key)) {
		abort();
	}
	const struct lk_yaml *other = b->first;
	for (const struct lk_yaml *child = a->first; child; child = child->next) {
		check_same(child, other);
		other = other->next;
	}
}

static const struct lk_yaml_limits limits = {16000000, 16, 0};
static const struct lk_yaml_limits with_aliases = {16000000, 16, 10};

static void write_and_read_back(const struct lk_yaml_doc *doc, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_yaml_doc again;
	struct lk_yaml_writer *writer = lk_yaml_writer_new(out);
	write_node(writer, doc->root);
	if (lk_yaml_finish(writer, &err) != LK_OK ||
		lk_yaml_parse(lk_buf_view(out), "again", &limits, &again, &err) != LK_OK) {
		abort();
	}
	check_same(doc->root, again.root);
	lk_yaml_doc_done(&again);
	lk_yaml_writer_free(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_yaml_doc doc;
	lk_str source = lk_str_n((const char *)data, size);
	if (size > 64000) {
		return 0;
	}
	const struct lk_yaml_limits *ways[] = {&limits, &with_aliases};
	for (size_t i = 0; i < LK_COUNTOF(ways); i++) {
		if (lk_yaml_parse(source, "input", ways[i], &doc, &err) == LK_OK) {
			struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(16000000);
			write_and_read_back(&doc, &out);
			lk_yaml_doc_done(&doc);
		} else if (err.code != LK_E_FORMAT || err.line == 0) {
			abort();
		}
	}
	return 0;
}

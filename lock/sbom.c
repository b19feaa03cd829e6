/*
 * Components out of the platforms of a lock: each archive once, with its identity, its licence and
 * what it needs.
 */
#include "lock/sbom.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "conda/channel.h"
#include "lock/lock_graph.h"
#include "lock/spdx.h"

struct needs LK_VEC_OF(uint32_t);

struct maker {
	struct lk_sbom *sbom;
	struct LK_VEC_OF(struct lk_sbom_component) components;
	struct lk_map refs;     /* to components */
	uint32_t **of_platform; /* for each platform: package to component */
	struct needs *needs;    /* beside the components */
};

/* Identity. */

static bool is_unreserved(char c)
{
	return lk_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void put_encoded(struct lk_buf *out, lk_str text, const char *also_plain)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (is_unreserved(c) || (c && strchr(also_plain, c))) {
			lk_buf_putc(out, c);
		} else {
			lk_buf_appendf(out, "%%%02X", (unsigned)(unsigned char)c);
		}
	}
}

/* The channel's name when that leads there by itself, else its address. */
static lk_str channel_of(const struct lk_lock *lock, lk_str name, struct lk_arena *arena)
{
	for (size_t i = 0; i < lock->n_channels; i++) {
		const struct lk_channel *channel = &lock->channels[i];
		if (lk_str_eq(channel->name, name)) {
			lk_str known = lk_str_printf(
				arena, LK_CHANNEL_ALIAS "/" LK_STR_FMT, LK_STR_ARG(name));
			return lk_str_eq(channel->url, known) ? name : channel->url;
		}
	}
	return name;
}

/* https://github.com/package-url/purl-spec, type conda: qualifiers sorted by key. */
static lk_str purl_of(struct maker *m, const struct lk_record *record)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT((size_t)1 << 20);
	struct lk_arena *arena = &m->sbom->arena;
	lk_buf_puts(&out, "pkg:conda/");
	put_encoded(&out, record->name, "");
	lk_buf_putc(&out, '@');
	put_encoded(&out, record->version, ":");
	if (record->build.len > 0) {
		lk_buf_puts(&out, "?build=");
		put_encoded(&out, record->build, ":");
	}
	lk_buf_puts(&out, record->build.len > 0 ? "&channel=" : "?channel=");
	put_encoded(&out, channel_of(m->sbom->lock, record->channel, arena), ":/");
	lk_buf_puts(&out, "&subdir=");
	put_encoded(&out, record->subdir, ":");
	lk_str dist;
	(void)lk_archive_kind_of(record->fn, &dist);
	lk_buf_puts(&out, "&type=");
	put_encoded(&out, lk_str_skip(record->fn, dist.len + 1), ":");
	return lk_str_dup(arena, lk_buf_view(&out));
}

/* What no URI may hold is escaped. */
static lk_str uri_of(struct maker *m, lk_str url)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	put_encoded(&out, url, ":/?#[]@!$&'()*+,;=%");
	return lk_str_dup(&m->sbom->arena, lk_buf_view(&out));
}

/* Recipes that state none leave "None" in the records of old channels. */
static bool says_nothing(lk_str license)
{
	return license.len == 0 || lk_str_eq_nocase(license, LK_STR("None"));
}

static uint32_t add_component(struct maker *m, const struct lk_record *record, lk_str ref)
{
	struct lk_sbom_component component = {
		.record = record,
		.ref = ref,
		.purl = purl_of(m, record),
		.url = uri_of(m, record->url),
	};
	if (!says_nothing(record->license) &&
		!lk_spdx_expression(record->license, &m->sbom->arena, &component.licence.expression,
			&component.licence_refs)) {
		component.licence.text = record->license;
	}
	uint32_t at = (uint32_t)m->components.len;
	lk_vec_push(&m->components, component);
	lk_map_add(&m->refs, ref, at);
	return at;
}

static bool is_same(const struct lk_record *a, const struct lk_record *b)
{
	return lk_sha256_eq(&a->sha256, &b->sha256) && lk_str_eq(a->name, b->name) &&
		lk_str_eq(a->version, b->version) && lk_str_eq(a->build, b->build) &&
		lk_str_eq(a->url, b->url);
}

/* The same file of a channel is the same component, unless other content is locked under its name.
 */
static uint32_t component_of(struct maker *m, const struct lk_record *record)
{
	struct lk_arena *arena = &m->sbom->arena;
	lk_str ref = lk_str_printf(arena, LK_STR_FMT "/" LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(record->channel), LK_STR_ARG(record->subdir), LK_STR_ARG(record->fn));
	for (;;) {
		uint32_t at = lk_map_get(&m->refs, ref);
		if (at >= m->components.len) {
			return add_component(m, record, ref);
		}
		if (is_same(m->components.items[at].record, record)) {
			return at;
		}
		ref = lk_str_printf(arena, LK_STR_FMT "#2", LK_STR_ARG(ref));
	}
}

static void add_platform(struct maker *m, size_t index)
{
	const struct lk_lock_platform *platform = &m->sbom->lock->platforms[index];
	uint32_t *of = lk_arena_calloc(&m->sbom->arena, platform->n_packages, sizeof(*of));
	for (size_t i = 0; i < platform->n_packages; i++) {
		of[i] = component_of(m, &platform->packages[i]);
	}
	m->of_platform[index] = of;
}

/* Order. */

static int by_name(const void *a, const void *b)
{
	const struct lk_sbom_component *left = a;
	const struct lk_sbom_component *right = b;
	int order = lk_str_cmp(left->record->name, right->record->name);
	return order != 0 ? order : lk_str_cmp(left->ref, right->ref);
}

/* Sorts the components; what pointed to one points to its new place. */
static void sort_components(struct maker *m)
{
	size_t n = m->components.len;
	uint32_t *moved = lk_calloc(n, sizeof(*moved));
	struct lk_sbom_component *items = lk_arena_calloc(&m->sbom->arena, n, sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		items[i] = m->components.items[i];
	}
	if (n > 0) {
		qsort(items, n, sizeof(*items), by_name);
	}
	for (size_t i = 0; i < n; i++) {
		moved[lk_map_get(&m->refs, items[i].ref)] = (uint32_t)i;
	}
	const struct lk_lock *lock = m->sbom->lock;
	for (size_t p = 0; p < lock->n_platforms; p++) {
		for (size_t i = 0; i < lock->platforms[p].n_packages; i++) {
			m->of_platform[p][i] = moved[m->of_platform[p][i]];
		}
	}
	lk_free(moved);
	m->sbom->components = items;
	m->sbom->n_components = n;
}

/* Edges. */

static int by_number(const void *a, const void *b)
{
	const uint32_t *left = a;
	const uint32_t *right = b;
	return *left < *right ? -1 : *left > *right;
}

/* The vector's content, sorted, each once; the vector is emptied. */
static const uint32_t *take_numbers(struct maker *m, struct needs *numbers, size_t *ret_n)
{
	uint32_t *items = lk_arena_calloc(&m->sbom->arena, numbers->len, sizeof(*items));
	size_t n = 0;
	if (numbers->len > 0) {
		qsort(numbers->items, numbers->len, sizeof(*numbers->items), by_number);
	}
	for (size_t i = 0; i < numbers->len; i++) {
		if (n == 0 || items[n - 1] != numbers->items[i]) {
			items[n++] = numbers->items[i];
		}
	}
	lk_vec_done(numbers);
	*ret_n = n;
	return items;
}

static void add_edges(struct maker *m, size_t index)
{
	const struct lk_lock_platform *platform = &m->sbom->lock->platforms[index];
	const uint32_t *of = m->of_platform[index];
	struct lk_sbom_platform *into = &m->sbom->platforms[index];
	struct needs roots = {0};
	struct lk_lock_graph LK_CLEANUP(lk_lock_graph_done) graph;
	lk_lock_graph_make(platform, &graph);
	for (size_t i = 0; i < platform->n_packages; i++) {
		for (size_t e = 0; e < graph.nodes[i].n_needs; e++) {
			lk_vec_push(&m->needs[of[i]], of[graph.nodes[i].needs[e].to]);
		}
	}
	for (size_t i = 0; i < graph.n_roots; i++) {
		lk_vec_push(&roots, of[graph.roots[i].to]);
	}
	into->platform = platform;
	into->roots = take_numbers(m, &roots, &into->n_roots);
}

static void make_edges(struct maker *m)
{
	struct lk_sbom *sbom = m->sbom;
	m->needs = lk_calloc(sbom->n_components, sizeof(*m->needs));
	for (size_t i = 0; i < sbom->lock->n_platforms; i++) {
		add_edges(m, i);
	}
	for (size_t i = 0; i < sbom->n_components; i++) {
		sbom->components[i].needs =
			take_numbers(m, &m->needs[i], &sbom->components[i].n_needs);
	}
	lk_free(m->needs);
}

static void digest_text(struct lk_digest *digest, lk_str text)
{
	lk_digest_update(digest, text.ptr ? text.ptr : "", text.len);
	lk_digest_update(digest, "", 1);
}

static void digest_facts(struct lk_digest *digest, struct lk_sbom_facts *facts)
{
	for (size_t i = 0; i < facts->len; i++) {
		digest_text(digest, lk_str_of(facts->items[i].name));
		digest_text(digest, facts->items[i].value);
	}
	lk_vec_done(facts);
}

static void digest_refs(
	const struct lk_sbom *sbom, struct lk_digest *digest, const uint32_t *refs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		digest_text(digest, sbom->components[refs[i]].ref);
	}
	digest_text(digest, LK_STR(""));
}

static void digest_component(
	struct lk_sbom *sbom, struct lk_digest *digest, const struct lk_sbom_component *c)
{
	const struct lk_record *record = c->record;
	digest_text(digest, c->ref);
	digest_text(digest, c->purl);
	digest_text(digest, c->url);
	digest_text(digest, record->license);
	lk_digest_update(digest, record->sha256.bytes, sizeof(record->sha256.bytes));
	lk_digest_update(digest, record->md5.bytes, sizeof(record->md5.bytes));
	digest_text(digest, lk_str_printf(&sbom->arena, "%" PRIu64, record->size));
	digest_refs(sbom, digest, c->needs, c->n_needs);
}

/* A UUID of version 8 (RFC 9562) out of all that a document can say. */
static void make_uuid(struct lk_sbom *sbom)
{
	struct lk_digest *digest = lk_digest_new(LK_DIGEST_SHA256);
	struct lk_sbom_facts header = {0};
	lk_sbom_header_facts(sbom->lock, &header);
	digest_text(digest, sbom->name);
	digest_facts(digest, &header);
	for (size_t i = 0; i < sbom->lock->n_platforms; i++) {
		const struct lk_sbom_platform *platform = &sbom->platforms[i];
		struct lk_sbom_facts facts = {0};
		lk_sbom_platform_facts(platform->platform, &sbom->arena, &facts);
		digest_text(digest, platform->platform->subdir);
		digest_facts(digest, &facts);
		digest_refs(sbom, digest, platform->roots, platform->n_roots);
	}
	for (size_t i = 0; i < sbom->n_components; i++) {
		digest_component(sbom, digest, &sbom->components[i]);
	}
	struct lk_sha256 hash;
	lk_digest_final(digest, hash.bytes);
	lk_digest_free(digest);
	hash.bytes[6] = (unsigned char)((hash.bytes[6] & 0x0f) | 0x80);
	hash.bytes[8] = (unsigned char)((hash.bytes[8] & 0x3f) | 0x80);
	char hex[LK_HEX_MAX];
	lk_hex(hash.bytes, 16, hex);
	snprintf(sbom->uuid, sizeof(sbom->uuid), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
		hex + 12, hex + 16, hex + 20);
}

void lk_sbom_make(const struct lk_lock *lock, lk_str name, struct lk_sbom *ret)
{
	*ret = (struct lk_sbom){.lock = lock, .name = name.len > 0 ? name : LK_STR("environment")};
	lk_arena_init(&ret->arena);
	struct maker m = {.sbom = ret};
	m.of_platform = lk_arena_calloc(&ret->arena, lock->n_platforms, sizeof(*m.of_platform));
	ret->platforms = lk_arena_calloc(&ret->arena, lock->n_platforms, sizeof(*ret->platforms));
	for (size_t i = 0; i < lock->n_platforms; i++) {
		add_platform(&m, i);
	}
	sort_components(&m);
	make_edges(&m);
	make_uuid(ret);
	lk_vec_done(&m.components);
	lk_map_done(&m.refs);
}

void lk_sbom_done(struct lk_sbom *sbom)
{
	for (size_t i = 0; i < sbom->n_components; i++) {
		lk_vec_done(&sbom->components[i].licence_refs);
	}
	lk_arena_done(&sbom->arena);
	*sbom = (struct lk_sbom){0};
}

static void put_list(const char *name, const struct lk_str_list *list, struct lk_sbom_facts *ret)
{
	for (size_t i = 0; i < list->n; i++) {
		lk_vec_push(ret, (struct lk_sbom_fact){name, list->items[i]});
	}
}

void lk_sbom_platform_facts(
	const struct lk_lock_platform *platform, struct lk_arena *arena, struct lk_sbom_facts *ret)
{
	put_list("spec", &platform->specs, ret);
	put_list("pin", &platform->pins, ret);
	for (size_t i = 0; i < platform->solved_with.len; i++) {
		const struct lk_virtual *virtual = &platform->solved_with.items[i];
		lk_str value = lk_str_printf(arena, LK_STR_FMT "=" LK_STR_FMT "=" LK_STR_FMT,
			LK_STR_ARG(virtual->name), LK_STR_ARG(virtual->version),
			LK_STR_ARG(virtual->build));
		lk_vec_push(ret, (struct lk_sbom_fact){"solved-with", value});
	}
}

void lk_sbom_header_facts(const struct lk_lock *lock, struct lk_sbom_facts *ret)
{
	for (size_t i = 0; i < lock->n_channels; i++) {
		lk_vec_push(ret, (struct lk_sbom_fact){"channel", lock->channels[i].url});
	}
	lk_vec_push(ret, (struct lk_sbom_fact){"channel-priority", lock->channel_priority});
	if (lock->exclude_newer.len > 0) {
		lk_vec_push(ret, (struct lk_sbom_fact){"exclude-newer", lock->exclude_newer});
	}
}

static void put_digest(const struct lk_sbom_digests *format, const char *name,
	const unsigned char *bytes, size_t len, struct lk_jw *w)
{
	lk_jw_object(w);
	lk_jw_key_string(w, format->algorithm, lk_str_of(name));
	lk_jw_key_hex(w, format->value, bytes, len);
	lk_jw_end(w);
}

void lk_sbom_put_digests(
	const struct lk_sbom_digests *format, const struct lk_record *record, struct lk_jw *w)
{
	if (!record->has_md5 && !record->has_sha256) {
		return;
	}
	lk_jw_key(w, format->list);
	lk_jw_array(w);
	if (record->has_md5) {
		put_digest(format, "MD5", record->md5.bytes, sizeof(record->md5.bytes), w);
	}
	if (record->has_sha256) {
		put_digest(format, format->sha256, record->sha256.bytes,
			sizeof(record->sha256.bytes), w);
	}
	lk_jw_end(w);
}

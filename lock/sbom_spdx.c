/*
 * A lock as an SPDX 2.3 document, JSON (https://spdx.github.io/spdx-spec/v2.3/).
 *
 * The environment is the package that the document describes; below it, where there are several,
 * its platforms. Archives are packages whose files nobody looked at. A licence that is no
 * expression of listed licences is a reference to the text that the channel gives.
 */
#include "lock/exchange.h"

#include "base/json.h"
#include "base/map.h"
#include "lock/sbom.h"

#define ROOT "SPDXRef-Environment"
#define MAX_SLUG 80
/* SPDX wants an instant; nobody made this document at one. */
#define NO_INSTANT "1970-01-01T00:00:00Z"

struct reference {
	lk_str id, text;
};

struct writer {
	struct lk_jw *w;
	const struct lk_sbom *sbom;
	struct lk_arena *scratch;
	lk_str *ids;               /* of the components */
	struct lk_map used;        /* SPDX identifiers */
	struct lk_map texts;       /* of licences, to references */
	struct lk_map licence_ids; /* that are taken, to references */
	struct LK_VEC_OF(struct reference) references;
};

/* Letters, digits, dots and dashes only. */
static lk_str slug(struct lk_arena *arena, lk_str text)
{
	char *out = lk_arena_calloc(arena, MAX_SLUG + 1, 1);
	size_t n = 0;
	for (size_t i = 0; i < text.len && n < MAX_SLUG; i++) {
		bool plain = lk_is_alnum(text.ptr[i]) || text.ptr[i] == '.';
		if (plain || (n > 0 && out[n - 1] != '-')) {
			out[n++] = plain ? text.ptr[i] : '-';
		}
	}
	return lk_str_trim_end(lk_str_n(out, n), '-');
}

/* BASE, or with a number from VALUE on behind it when that is taken; VALUE is stored for it. */
static lk_str unique(struct writer *s, struct lk_map *taken, lk_str base, uint32_t value)
{
	lk_str id = base;
	for (uint32_t n = value; lk_map_get(taken, id) != LK_MAP_NONE; n++) {
		id = lk_str_printf(s->scratch, LK_STR_FMT "-%u", LK_STR_ARG(base), n);
	}
	lk_map_add(taken, id, value);
	return id;
}

static void name_components(struct writer *s)
{
	s->ids = lk_arena_calloc(s->scratch, s->sbom->n_components, sizeof(*s->ids));
	for (size_t i = 0; i < s->sbom->n_components; i++) {
		const struct lk_record *record = s->sbom->components[i].record;
		lk_str dist;
		(void)lk_archive_kind_of(record->fn, &dist);
		lk_str text = lk_str_printf(s->scratch, LK_STR_FMT "-" LK_STR_FMT, LK_STR_ARG(dist),
			LK_STR_ARG(record->subdir));
		lk_str base = lk_str_printf(s->scratch, "SPDXRef-Package-" LK_STR_FMT,
			LK_STR_ARG(slug(s->scratch, text)));
		s->ids[i] = unique(s, &s->used, base, (uint32_t)i);
	}
}

/* Licences. */

static void add_reference(struct writer *s, lk_str id, lk_str text)
{
	lk_map_add(&s->texts, text, (uint32_t)s->references.len);
	lk_vec_push(&s->references, (struct reference){id, text});
}

/* First those that expressions name, so that none of ours takes their place. */
static void collect_references(struct writer *s)
{
	const struct lk_sbom *sbom = s->sbom;
	for (size_t i = 0; i < sbom->n_components; i++) {
		const struct lk_strs *refs = &sbom->components[i].licence_refs;
		for (size_t k = 0; k < refs->len; k++) {
			uint32_t at = (uint32_t)s->references.len;
			if (lk_map_add(&s->licence_ids, refs->items[k], at) == at) {
				add_reference(s, refs->items[k], refs->items[k]);
			}
		}
	}
	for (size_t i = 0; i < sbom->n_components; i++) {
		lk_str text = sbom->components[i].licence.text;
		if (text.len == 0 || lk_map_get(&s->texts, text) != LK_MAP_NONE) {
			continue;
		}
		lk_str base = lk_str_printf(s->scratch, "LicenseRef-conda-" LK_STR_FMT,
			LK_STR_ARG(slug(s->scratch, text)));
		uint32_t at = (uint32_t)s->references.len;
		add_reference(s, unique(s, &s->licence_ids, base, at), text);
	}
}

static lk_str licence_of(const struct writer *s, const struct lk_sbom_component *component)
{
	if (component->licence.expression.len > 0) {
		return component->licence.expression;
	}
	uint32_t at = lk_map_get(&s->texts, component->licence.text);
	return component->licence.text.len > 0 && at < s->references.len
		? s->references.items[at].id
		: LK_STR("NOASSERTION");
}

static void put_references(struct writer *s)
{
	if (s->references.len == 0) {
		return;
	}
	lk_jw_key(s->w, "hasExtractedLicensingInfos");
	lk_jw_array(s->w);
	for (size_t i = 0; i < s->references.len; i++) {
		lk_jw_object(s->w);
		lk_jw_key_string(s->w, "licenseId", s->references.items[i].id);
		lk_jw_key_string(s->w, "extractedText", s->references.items[i].text);
		lk_jw_key_string(s->w, "comment",
			LK_STR("what the channel says of the licence; the text itself is in the "
			       "package"));
		lk_jw_end(s->w);
	}
	lk_jw_end(s->w);
}

/* Packages. */

/* A part of the lock that is no archive; FACTS are dropped. */
static void put_part(struct writer *s, lk_str id, lk_str name, struct lk_sbom_facts *facts)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) comment = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	for (size_t i = 0; i < facts->len; i++) {
		lk_buf_appendf(&comment, "%s%s: " LK_STR_FMT, i > 0 ? "\n" : "",
			facts->items[i].name, LK_STR_ARG(facts->items[i].value));
	}
	lk_vec_done(facts);
	lk_jw_object(s->w);
	lk_jw_key_string(s->w, "SPDXID", id);
	lk_jw_key_string(s->w, "name", name);
	lk_jw_key_string(s->w, "downloadLocation", LK_STR("NOASSERTION"));
	lk_jw_key(s->w, "filesAnalyzed");
	lk_jw_bool(s->w, false);
	lk_jw_key_string(s->w, "licenseConcluded", LK_STR("NOASSERTION"));
	lk_jw_key_string(s->w, "licenseDeclared", LK_STR("NOASSERTION"));
	lk_jw_key_string(s->w, "copyrightText", LK_STR("NOASSERTION"));
	lk_jw_opt_string(s->w, "comment", lk_buf_view(&comment));
	lk_jw_end(s->w);
}

static lk_str platform_id(struct writer *s, lk_str subdir)
{
	return lk_str_printf(s->scratch, ROOT "-" LK_STR_FMT, LK_STR_ARG(subdir));
}

static void put_environment(struct writer *s)
{
	const struct lk_lock *lock = s->sbom->lock;
	struct lk_sbom_facts facts = {0};
	lk_sbom_header_facts(lock, &facts);
	if (lock->n_platforms == 1) {
		lk_vec_push(&facts, (struct lk_sbom_fact){"platform", lock->platforms[0].subdir});
		lk_sbom_platform_facts(&lock->platforms[0], s->scratch, &facts);
	}
	put_part(s, LK_STR(ROOT), s->sbom->name, &facts);
	for (size_t i = 0; lock->n_platforms > 1 && i < lock->n_platforms; i++) {
		lk_str subdir = lock->platforms[i].subdir;
		struct lk_sbom_facts own = {0};
		lk_sbom_platform_facts(&lock->platforms[i], s->scratch, &own);
		put_part(s, platform_id(s, subdir),
			lk_str_printf(s->scratch, LK_STR_FMT " " LK_STR_FMT,
				LK_STR_ARG(s->sbom->name), LK_STR_ARG(subdir)),
			&own);
	}
}

static void put_component(struct writer *s, size_t index)
{
	struct lk_jw *w = s->w;
	const struct lk_sbom_component *component = &s->sbom->components[index];
	const struct lk_record *record = component->record;
	lk_jw_object(w);
	lk_jw_key_string(w, "SPDXID", s->ids[index]);
	lk_jw_key_string(w, "name", record->name);
	lk_jw_key_string(w, "versionInfo", record->version);
	lk_jw_key_string(w, "packageFileName", record->fn);
	lk_jw_key_string(w, "downloadLocation", component->url);
	lk_jw_key(w, "filesAnalyzed");
	lk_jw_bool(w, false);
	static const struct lk_sbom_digests digests = {
		"checksums", "algorithm", "checksumValue", "SHA256"};
	lk_sbom_put_digests(&digests, record, w);
	lk_jw_key_string(w, "licenseConcluded", LK_STR("NOASSERTION"));
	lk_jw_key_string(w, "licenseDeclared", licence_of(s, component));
	lk_jw_key_string(w, "copyrightText", LK_STR("NOASSERTION"));
	lk_jw_key(w, "externalRefs");
	lk_jw_array(w);
	lk_jw_object(w);
	lk_jw_key_string(w, "referenceCategory", LK_STR("PACKAGE-MANAGER"));
	lk_jw_key_string(w, "referenceType", LK_STR("purl"));
	lk_jw_key_string(w, "referenceLocator", component->purl);
	lk_jw_end(w);
	lk_jw_end(w);
	lk_jw_end(w);
}

/* Relationships. */

static void put_relationship(struct lk_jw *w, lk_str from, const char *type, lk_str to)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "spdxElementId", from);
	lk_jw_key_string(w, "relationshipType", lk_str_of(type));
	lk_jw_key_string(w, "relatedSpdxElement", to);
	lk_jw_end(w);
}

static void put_needs(struct writer *s, lk_str id, const uint32_t *needs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put_relationship(s->w, id, "DEPENDS_ON", s->ids[needs[i]]);
	}
}

static void put_relationships(struct writer *s)
{
	const struct lk_sbom *sbom = s->sbom;
	size_t n_platforms = sbom->lock->n_platforms;
	lk_jw_key(s->w, "relationships");
	lk_jw_array(s->w);
	put_relationship(s->w, LK_STR("SPDXRef-DOCUMENT"), "DESCRIBES", LK_STR(ROOT));
	for (size_t i = 0; i < n_platforms; i++) {
		const struct lk_sbom_platform *platform = &sbom->platforms[i];
		lk_str id = LK_STR(ROOT);
		if (n_platforms > 1) {
			id = platform_id(s, platform->platform->subdir);
			put_relationship(s->w, LK_STR(ROOT), "CONTAINS", id);
		}
		put_needs(s, id, platform->roots, platform->n_roots);
	}
	for (size_t i = 0; i < sbom->n_components; i++) {
		put_needs(s, s->ids[i], sbom->components[i].needs, sbom->components[i].n_needs);
	}
	lk_jw_end(s->w);
}

/* The document. */

static void put_creation(struct writer *s, const struct lk_export_options *options)
{
	lk_str newer = s->sbom->lock->exclude_newer;
	lk_str created = options->created.len > 0 ? options->created
		: newer.len > 0                   ? newer
						  : LK_STR(NO_INSTANT);
	lk_str tool = LK_STR("Tool: lockenv-" LOCKENV_VERSION);
	lk_jw_key(s->w, "creationInfo");
	lk_jw_object(s->w);
	lk_jw_key_string(s->w, "created", created);
	lk_jw_strings(s->w, "creators", &tool, 1);
	lk_jw_end(s->w);
}

static void put_document(struct writer *s, const struct lk_export_options *options)
{
	lk_jw_object(s->w);
	lk_jw_key_string(s->w, "spdxVersion", LK_STR("SPDX-2.3"));
	lk_jw_key_string(s->w, "dataLicense", LK_STR("CC0-1.0"));
	lk_jw_key_string(s->w, "SPDXID", LK_STR("SPDXRef-DOCUMENT"));
	lk_jw_key_string(s->w, "name", s->sbom->name);
	lk_jw_key_string(s->w, "documentNamespace",
		lk_str_printf(s->scratch, "https://spdx.org/spdxdocs/" LK_STR_FMT "-%s",
			LK_STR_ARG(slug(s->scratch, s->sbom->name)), s->sbom->uuid));
	put_creation(s, options);
	lk_jw_key(s->w, "packages");
	lk_jw_array(s->w);
	put_environment(s);
	for (size_t i = 0; i < s->sbom->n_components; i++) {
		put_component(s, i);
	}
	lk_jw_end(s->w);
	put_references(s);
	put_relationships(s);
	lk_jw_end(s->w);
}

int lk_export_spdx(const struct lk_lock *lock, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report, struct lk_error *err)
{
	(void)report;
	struct lk_arena LK_CLEANUP(lk_arena_done) scratch = {0};
	struct lk_sbom LK_CLEANUP(lk_sbom_done) sbom;
	lk_sbom_make(lock, options->name, &sbom);
	struct lk_jw w;
	lk_jw_init(&w, out, true);
	struct writer s = {.w = &w, .sbom = &sbom, .scratch = &scratch};
	name_components(&s);
	collect_references(&s);
	put_document(&s, options);
	lk_buf_putc(out, '\n');
	lk_vec_done(&s.references);
	lk_map_done(&s.used);
	lk_map_done(&s.texts);
	lk_map_done(&s.licence_ids);
	return out->overflow
		? lk_fail(err, LK_E_FORMAT, "the document is larger than %zu bytes", out->max)
		: 0;
}

/*
 * A lock as a CycloneDX 1.6 document, JSON (https://cyclonedx.org/docs/1.6/json/).
 *
 * The environment is the subject; below it, where there are several, its platforms. Its archives
 * are the components. What has no field of its own is a property "lockenv:…".
 */
#include "lock/exchange.h"

#include <inttypes.h>

#include "base/json.h"
#include "lock/sbom.h"
#include "lock/spdx.h"

#define ROOT "environment"

struct writer {
	struct lk_jw *w;
	const struct lk_sbom *sbom;
	struct lk_arena *scratch;
};

static void put_property(struct writer *cdx, const char *name, lk_str value)
{
	lk_jw_object(cdx->w);
	lk_jw_key_string(cdx->w, "name", lk_str_printf(cdx->scratch, "lockenv:%s", name));
	lk_jw_key_string(cdx->w, "value", value);
	lk_jw_end(cdx->w);
}

static void put_facts(struct writer *cdx, struct lk_sbom_facts *facts)
{
	lk_jw_key(cdx->w, "properties");
	lk_jw_array(cdx->w);
	for (size_t i = 0; i < facts->len; i++) {
		put_property(cdx, facts->items[i].name, facts->items[i].value);
	}
	lk_jw_end(cdx->w);
	lk_vec_done(facts);
}

static lk_str platform_ref(struct writer *cdx, lk_str subdir)
{
	return lk_str_printf(cdx->scratch, ROOT "/" LK_STR_FMT, LK_STR_ARG(subdir));
}

static void put_platform(struct writer *cdx, const struct lk_lock_platform *platform)
{
	struct lk_sbom_facts facts = {0};
	lk_jw_object(cdx->w);
	lk_jw_key_string(cdx->w, "type", LK_STR("application"));
	lk_jw_key_string(cdx->w, "bom-ref", platform_ref(cdx, platform->subdir));
	lk_jw_key_string(cdx->w, "name", platform->subdir);
	lk_sbom_platform_facts(platform, cdx->scratch, &facts);
	put_facts(cdx, &facts);
	lk_jw_end(cdx->w);
}

/* The environment; of a single platform also what that says. */
static void put_environment(struct writer *cdx)
{
	const struct lk_lock *lock = cdx->sbom->lock;
	struct lk_sbom_facts facts = {0};
	lk_jw_object(cdx->w);
	lk_jw_key_string(cdx->w, "type", LK_STR("application"));
	lk_jw_key_string(cdx->w, "bom-ref", LK_STR(ROOT));
	lk_jw_key_string(cdx->w, "name", cdx->sbom->name);
	lk_sbom_header_facts(lock, &facts);
	if (lock->n_platforms == 1) {
		lk_vec_push(&facts, (struct lk_sbom_fact){"platform", lock->platforms[0].subdir});
		lk_sbom_platform_facts(&lock->platforms[0], cdx->scratch, &facts);
	}
	put_facts(cdx, &facts);
	if (lock->n_platforms > 1) {
		lk_jw_key(cdx->w, "components");
		lk_jw_array(cdx->w);
		for (size_t i = 0; i < lock->n_platforms; i++) {
			put_platform(cdx, &lock->platforms[i]);
		}
		lk_jw_end(cdx->w);
	}
	lk_jw_end(cdx->w);
}

static void put_metadata(struct writer *cdx, const struct lk_export_options *options)
{
	struct lk_jw *w = cdx->w;
	lk_jw_key(w, "metadata");
	lk_jw_object(w);
	lk_jw_opt_string(w, "timestamp", options->created);
	lk_jw_key(w, "tools");
	lk_jw_object(w);
	lk_jw_key(w, "components");
	lk_jw_array(w);
	lk_jw_object(w);
	lk_jw_key_string(w, "type", LK_STR("application"));
	lk_jw_key_string(w, "name", LK_STR("lockenv"));
	lk_jw_key_string(w, "version", LK_STR(LOCKENV_VERSION));
	lk_jw_end(w);
	lk_jw_end(w);
	lk_jw_end(w);
	lk_jw_key(w, "component");
	put_environment(cdx);
	lk_jw_end(w);
}

/* A listed licence by its identifier, other expressions whole, other texts as names. */
static void put_licence(struct lk_jw *w, const struct lk_sbom_licence *licence)
{
	if (licence->expression.len + licence->text.len == 0) {
		return;
	}
	bool is_expression = licence->expression.len > 0 && !lk_spdx_licence(licence->expression);
	lk_jw_key(w, "licenses");
	lk_jw_array(w);
	lk_jw_object(w);
	if (is_expression) {
		lk_jw_key_string(w, "expression", licence->expression);
		lk_jw_key_string(w, "acknowledgement", LK_STR("declared"));
	} else {
		lk_jw_key(w, "license");
		lk_jw_object(w);
		lk_jw_opt_string(w, "id", licence->expression);
		lk_jw_opt_string(w, "name", licence->text);
		lk_jw_key_string(w, "acknowledgement", LK_STR("declared"));
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

static void put_component(struct writer *cdx, const struct lk_sbom_component *component)
{
	struct lk_jw *w = cdx->w;
	const struct lk_record *record = component->record;
	lk_jw_object(w);
	lk_jw_key_string(w, "type", LK_STR("library"));
	lk_jw_key_string(w, "bom-ref", component->ref);
	lk_jw_key_string(w, "name", record->name);
	lk_jw_key_string(w, "version", record->version);
	static const struct lk_sbom_digests digests = {"hashes", "alg", "content", "SHA-256"};
	lk_sbom_put_digests(&digests, record, w);
	put_licence(w, &component->licence);
	lk_jw_key_string(w, "purl", component->purl);
	lk_jw_key(w, "externalReferences");
	lk_jw_array(w);
	lk_jw_object(w);
	lk_jw_key_string(w, "type", LK_STR("distribution"));
	lk_jw_key_string(w, "url", component->url);
	lk_jw_end(w);
	lk_jw_end(w);
	if (record->has_size) {
		lk_jw_key(w, "properties");
		lk_jw_array(w);
		put_property(cdx, "size", lk_str_printf(cdx->scratch, "%" PRIu64, record->size));
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_dependency(struct writer *cdx, lk_str ref, const uint32_t *needs, size_t n)
{
	lk_jw_object(cdx->w);
	lk_jw_key_string(cdx->w, "ref", ref);
	lk_jw_key(cdx->w, "dependsOn");
	lk_jw_array(cdx->w);
	for (size_t i = 0; i < n; i++) {
		lk_jw_string(cdx->w, cdx->sbom->components[needs[i]].ref);
	}
	lk_jw_end(cdx->w);
	lk_jw_end(cdx->w);
}

static void put_roots(struct writer *cdx)
{
	const struct lk_sbom *sbom = cdx->sbom;
	size_t n = sbom->lock->n_platforms;
	if (n == 1) {
		put_dependency(
			cdx, LK_STR(ROOT), sbom->platforms[0].roots, sbom->platforms[0].n_roots);
		return;
	}
	lk_jw_object(cdx->w);
	lk_jw_key_string(cdx->w, "ref", LK_STR(ROOT));
	lk_jw_key(cdx->w, "dependsOn");
	lk_jw_array(cdx->w);
	for (size_t i = 0; i < n; i++) {
		lk_jw_string(cdx->w, platform_ref(cdx, sbom->platforms[i].platform->subdir));
	}
	lk_jw_end(cdx->w);
	lk_jw_end(cdx->w);
	for (size_t i = 0; i < n; i++) {
		const struct lk_sbom_platform *platform = &sbom->platforms[i];
		put_dependency(cdx, platform_ref(cdx, platform->platform->subdir), platform->roots,
			platform->n_roots);
	}
}

static void put_document(struct writer *cdx, const struct lk_export_options *options)
{
	struct lk_jw *w = cdx->w;
	const struct lk_sbom *sbom = cdx->sbom;
	lk_jw_object(w);
	lk_jw_key_string(w, "$schema", LK_STR("http://cyclonedx.org/schema/bom-1.6.schema.json"));
	lk_jw_key_string(w, "bomFormat", LK_STR("CycloneDX"));
	lk_jw_key_string(w, "specVersion", LK_STR("1.6"));
	lk_jw_key_string(w, "serialNumber", lk_str_printf(cdx->scratch, "urn:uuid:%s", sbom->uuid));
	lk_jw_key_uint(w, "version", 1);
	put_metadata(cdx, options);
	lk_jw_key(w, "components");
	lk_jw_array(w);
	for (size_t i = 0; i < sbom->n_components; i++) {
		put_component(cdx, &sbom->components[i]);
	}
	lk_jw_end(w);
	lk_jw_key(w, "dependencies");
	lk_jw_array(w);
	put_roots(cdx);
	for (size_t i = 0; i < sbom->n_components; i++) {
		const struct lk_sbom_component *component = &sbom->components[i];
		put_dependency(cdx, component->ref, component->needs, component->n_needs);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

int lk_export_cyclonedx(const struct lk_lock *lock, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report, struct lk_error *err)
{
	(void)report;
	struct lk_arena LK_CLEANUP(lk_arena_done) scratch = {0};
	struct lk_sbom LK_CLEANUP(lk_sbom_done) sbom;
	lk_sbom_make(lock, options->name, &sbom);
	struct lk_jw w;
	lk_jw_init(&w, out, true);
	struct writer cdx = {&w, &sbom, &scratch};
	put_document(&cdx, options);
	lk_buf_putc(out, '\n');
	return out->overflow
		? lk_fail(err, LK_E_FORMAT, "the document is larger than %zu bytes", out->max)
		: 0;
}

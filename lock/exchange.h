/*
 * A lock in the formats of other tools, and back (docs/exchange.md).
 *
 * Records without sha256, which no lock has but an environment may, are written with what they
 * have. Who exports gives a writer the lock with the platforms that are wanted; formats of one
 * platform take the first. What a format has no place for is told by lk_lock_tell_lost from the
 * parts that it carries; what a writer must leave out beside that, it reports itself as a warning.
 *
 *     lk_lock_tell_lost(&lock, "explicit", LK_EXPORT_EXPLICIT_PARTS, report);
 *     lk_export_explicit(&lock, &options, &out, report, err);
 */
#ifndef LK_LOCK_EXCHANGE_H
#define LK_LOCK_EXCHANGE_H

#include "base/report.h"
#include "lock/lockfile.h"

/* What a lock says, as far as formats differ in it. */
enum lk_lock_part {
	LK_PART_SPECS = 1 << 0,
	LK_PART_PINS = 1 << 1,
	LK_PART_SOLVED_WITH = 1 << 2,
	LK_PART_CHANNELS = 1 << 3, /* which ones were searched, and their order */
	LK_PART_PRIORITY = 1 << 4, /* of channels: strict, flexible, disabled */
	LK_PART_NEWER = 1 << 5,    /* exclude-newer */
	LK_PART_VARIABLES = 1 << 6,
	LK_PART_FILE = 1 << 7, /* the very file: its address */
	LK_PART_SHA256 = 1 << 8,
	LK_PART_MD5 = 1 << 9,
	LK_PART_SIZE = 1 << 10,
	LK_PART_LICENCE = 1 << 11,
	LK_PART_DEPENDS = 1 << 12,
	LK_PART_CONSTRAINS = 1 << 13,
	LK_PART_EXTRAS = 1 << 14,
	LK_PART_FACTS = 1 << 15,
};

struct lk_export_options {
	lk_str name;     /* of the environment, where a format has a place for one; may be empty */
	bool md5;        /* explicit: md5 instead of sha256 */
	bool from_specs; /* environment: the specs instead of exact pins */
	/* When a bill of materials says that it was made, "2026-01-31T00:00:00Z"; empty: nobody
	 * said, and the answer follows from the lock. */
	lk_str created;
};

/* Appends the document to OUT. Strings are escaped as the format has it; the order of everything is
 * fixed by the lock. LK_E_FORMAT when it does not fit into OUT or cannot be said in the format at
 * all; OUT is then to be thrown away. */
typedef int lk_export_writer(const struct lk_lock *lock, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report, struct lk_error *err);

/* @EXPLICIT (CEP 23): the addresses, each after those it depends on, with the hash behind it. */
#define LK_EXPORT_EXPLICIT_PARTS (LK_PART_FILE | LK_PART_SHA256)
lk_export_writer lk_export_explicit;

/* conda-lock.yml version 1 (CEP 37). One constraint a name: what more a package asks for is told.
 */
#define LK_EXPORT_CONDA_LOCK_PARTS                                                                 \
	(LK_PART_CHANNELS | LK_PART_FILE | LK_PART_SHA256 | LK_PART_MD5 | LK_PART_DEPENDS)
lk_export_writer lk_export_conda_lock;

/* pixi.lock with one environment, "default". Version 7 holds what it was solved with, version 6 the
 * instant that packages had to be older than. Neither knows the channel priority "flexible". */
#define LK_EXPORT_PIXI_COMMON                                                                      \
	(LK_PART_CHANNELS | LK_PART_PRIORITY | LK_PART_FILE | LK_PART_SHA256 | LK_PART_MD5 |       \
		LK_PART_SIZE | LK_PART_LICENCE | LK_PART_DEPENDS | LK_PART_CONSTRAINS)
#define LK_EXPORT_PIXI_PARTS (LK_EXPORT_PIXI_COMMON | LK_PART_NEWER)
#define LK_EXPORT_PIXI_V7_PARTS (LK_EXPORT_PIXI_COMMON | LK_PART_SOLVED_WITH)
lk_export_writer lk_export_pixi;
lk_export_writer lk_export_pixi_v7;

/* environment.yml (CEP 24): exact pins, or with from_specs the specs. For micromamba the pins say
 * channel, subdir and sha256 too. All are solved when they are read. */
#define LK_EXPORT_ENVIRONMENT_PARTS (LK_PART_CHANNELS | LK_PART_VARIABLES)
#define LK_EXPORT_SPECS_PARTS (LK_EXPORT_ENVIRONMENT_PARTS | LK_PART_SPECS)
#define LK_EXPORT_MICROMAMBA_PARTS (LK_EXPORT_ENVIRONMENT_PARTS | LK_PART_SHA256)
lk_export_writer lk_export_environment;
lk_export_writer lk_export_micromamba;

/* CycloneDX 1.6 and SPDX 2.3, both JSON: bills of materials (docs/sbom.md). */
#define LK_EXPORT_CYCLONEDX_PARTS                                                                  \
	(LK_PART_SPECS | LK_PART_PINS | LK_PART_SOLVED_WITH | LK_PART_CHANNELS |                   \
		LK_PART_PRIORITY | LK_PART_NEWER | LK_PART_FILE | LK_PART_SHA256 | LK_PART_MD5 |   \
		LK_PART_SIZE | LK_PART_LICENCE | LK_PART_DEPENDS)
#define LK_EXPORT_SPDX_PARTS (LK_EXPORT_CYCLONEDX_PARTS & ~(unsigned)LK_PART_SIZE)
lk_export_writer lk_export_cyclonedx;
lk_export_writer lk_export_spdx;

/* One warning that names every part that LOCK has and a FORMAT of PARTS has no place for; nothing
 * when there is none. The number of those parts. */
unsigned lk_lock_tell_lost(const struct lk_lock *lock, const char *format, unsigned parts,
	const struct lk_report *report);

#endif

/*
 * Channels: from what a user writes to a canonical URL and a short name.
 *
 * A reference is a name under the channel alias ("conda-forge", "nvidia/label/cuda-12.4.0"), a URL
 * (http, https, file, s3) or a path (/, ./ or ../ in front; "~" is refused: whoever knows the home
 * directory expands it). CEP 26. Trailing slashes and known subdirs are stripped, credentials
 * (user:pass@ and /t/TOKEN/) are taken out of `url` and kept apart in `auth_url`, which must never
 * be printed, logged or stored.
 */
#ifndef LK_CONDA_CHANNEL_H
#define LK_CONDA_CHANNEL_H

#include "base/err.h"
#include "conda/url.h"

#define LK_CHANNEL_ALIAS "https://conda.anaconda.org"

struct lk_channel {
	lk_str name;     /* short name, as the lock shows it; unique among the channels of a lock */
	lk_str url;      /* canonical: no trailing slash, no credentials, file:// for paths */
	lk_str auth_url; /* as url, with the credentials given, where there were any; else equal */
};

struct lk_channels LK_VEC_OF(struct lk_channel);

/* Resolves one reference; ALIAS is the channel alias (no trailing slash). Relative paths are made
 * absolute against the working directory. LK_E_USAGE for an unusable reference. Strings are owned
 * by ARENA. The name is provisional until lk_channels_name. */
int lk_channel_resolve(lk_str reference, lk_str alias, struct lk_arena *arena,
	struct lk_channel *ret, struct lk_error *err) LK_MUST_USE;

/* Gives each channel its lock name: short under ALIAS, else the last component of the URL path,
 * lengthened by earlier components until unique (lockfile.md). Equal URLs keep the first. */
void lk_channels_name(struct lk_channels *channels, lk_str alias, struct lk_arena *arena);

/* An archive that a spec names by its address. */
struct lk_artifact {
	lk_str url;                /* canonical: no credentials, file:// for paths */
	lk_str auth_url;           /* with the credentials given; see struct lk_channel */
	lk_str fn;                 /* the file's name */
	struct lk_channel channel; /* the folder it lies in, without its subdir */
};

/* The same for an archive's URL (http, https, file) or path, which may be relative. LK_E_USAGE. */
int lk_artifact_resolve(lk_str reference, lk_str alias, struct lk_arena *arena,
	struct lk_artifact *ret, struct lk_error *err) LK_MUST_USE;

#endif

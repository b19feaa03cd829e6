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
#include "base/str.h"

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

/* URL without user:pass@ and without /t/TOKEN. For anything that is shown or stored. */
lk_str lk_url_without_credentials(lk_str url, struct lk_arena *arena);
/* Puts an asterisk over each byte of these in the URLs that stand somewhere in TEXT, such as a line
 * of the user's file that an error shows: its columns stay. */
void lk_url_hide_credentials(char *text);
/* Joins BASE (a directory, with or without trailing slash) and a relative, absolute-path or
 * absolute REFERENCE (RFC 3986 as far as base_url of CEP 15 needs it). */
lk_str lk_url_join(lk_str base, lk_str reference, struct lk_arena *arena);
/* Where files lie (base_url of CEP 15, shards_base_url of CEP 16): REFERENCE, which may be empty,
 * joined to DIRECTORY, without credentials and with a slash at its end. False when it leads from
 * the network to local files, to files of another host, or to a scheme that is none of http, https,
 * s3 and file. */
bool lk_url_base(lk_str directory, lk_str reference, struct lk_arena *arena, lk_str *ret);
/* Is FROM protected by TLS (https) and TO plain http? */
bool lk_url_loses_tls(lk_str from, lk_str to);
/* Percent-encodes what may not stand in a URL path component; '/' is kept. PATH itself when there
 * is nothing to encode. */
lk_str lk_url_encode_path(lk_str path, struct lk_arena *arena);
/* file://PATH to PATH (percent-decoded); false for other schemes or other hosts. */
bool lk_url_to_path(lk_str url, struct lk_arena *arena, lk_str *ret_path);

#endif

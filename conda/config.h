/*
 * Settings of conda's that lockenv honours: .condarc files.
 *
 * The caller (cli/) finds the files and passes their paths, weakest first; keys of a later file
 * win, lists of a later file stand before those of earlier ones (conda's merge). Keys that lockenv
 * does not use are ignored without a word: conda has many. Source: conda-formats.md 6.6.
 */
#ifndef LK_CONDA_CONFIG_H
#define LK_CONDA_CONFIG_H

#include "base/err.h"
#include "conda/record.h"

/* A member of a mapping: a name, or what else the setting says, and one text or several. */
struct lk_config_entry {
	lk_str name;
	lk_str text;               /* the text, or */
	struct lk_str_list values; /* the list */
};

struct lk_config_map {
	const struct lk_config_entry *items; /* of later files first */
	size_t n;
};

#define LK_CONFIG_UNSET UINT64_MAX

struct lk_config {
	struct lk_arena arena;
	struct lk_str_list channels;         /* `channels`; empty when no file says */
	struct lk_str_list default_channels; /* what "defaults" stands for */
	lk_str channel_alias; /* without trailing slash; LK_CHANNEL_ALIAS unless set */
	struct lk_config_map custom_channels;        /* channel name to the URL it lies under */
	struct lk_config_map custom_multichannels;   /* name to the channels it stands for */
	struct lk_str_list migrated_channel_aliases; /* old values of channel_alias */
	struct lk_str_list allowlist_channels, denylist_channels;
	struct lk_config_map mirrored_channels; /* channel or URL to the URLs that stand for it */
	lk_str channel_priority; /* "strict", "flexible", "disabled"; empty when no file says */
	struct lk_str_list pkgs_dirs, envs_dirs; /* ~ is not expanded */
	struct lk_str_list pinned_packages;
	bool ssl_verify;     /* true unless a file says no */
	bool ssl_truststore; /* ssl_verify: truststore */
	lk_str ssl_ca_path;  /* ssl_verify: PATH, a file or folder; as written, as are these: */
	lk_str client_ssl_cert, client_ssl_cert_key;
	struct lk_config_map proxy_servers; /* scheme or scheme://host to an address */
	/* Milliseconds; and a number. LK_CONFIG_UNSET when no file says. */
	uint64_t remote_connect_timeout_ms, remote_read_timeout_ms, remote_backoff_ms;
	uint64_t remote_max_retries;
	uint64_t fetch_threads;  /* the same, also as download_threads */
	bool add_anaconda_token; /* anaconda-client's tokens are used; true unless a file says no */
	bool register_envs; /* environments are noted in ~/.conda; true unless a file says no */
	bool offline;
	uint64_t local_repodata_ttl;     /* 0: always ask, 1: what the server says (default), else
					    seconds */
	struct lk_str_list repodata_fns; /* file names, in the order to be tried */
	bool repodata_use_shards, repodata_use_zst; /* true unless a file says no */
	uint64_t channel_relations_max_depth; /* CEP 42; 0 (relations are not followed) unless a
						 file says otherwise */
};

/* Reads the files of PATHS that exist, then the variables CONDA_KEY of ENVIRONMENT (texts
 * NAME=VALUE, the last NULL; NULL: none), which win; an empty one says nothing, a list has commas
 * between its items, and mappings have none, as in conda.
 * $NAME and ${NAME} in the files' texts stand for values of ENVIRONMENT, if set. LK_E_FORMAT with
 * file:line:column or the variable for bad YAML or a value of the wrong kind. With no path: the
 * defaults. */
int lk_config_read(const lk_str *paths, size_t n_paths, const char *const *environment,
	struct lk_config *ret, struct lk_error *err) LK_MUST_USE;
void lk_config_done(struct lk_config *config);

/* Appends the channel references that REFERENCE stands for: "defaults" and names of multichannels
 * expand, a custom channel becomes its URL, one under an old alias comes under the present one,
 * everything else stays. Strings are owned by CONFIG or ARENA. */
void lk_config_expand_channel(const struct lk_config *config, lk_str reference,
	struct lk_arena *arena, struct lk_strs *ret);

#endif

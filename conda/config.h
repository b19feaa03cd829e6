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

struct lk_config_mapping {
	lk_str name, url;
};

struct lk_config {
	struct lk_arena arena;
	struct lk_str_list channels;         /* `channels`; empty when no file says */
	struct lk_str_list default_channels; /* what "defaults" stands for */
	lk_str channel_alias; /* without trailing slash; LK_CHANNEL_ALIAS unless set */
	const struct lk_config_mapping *custom_channels; /* channel name to the URL it lies under */
	size_t n_custom_channels;
	lk_str channel_priority; /* "strict", "flexible", "disabled"; empty when no file says */
	struct lk_str_list pkgs_dirs, envs_dirs; /* as written; ~ and $VAR are not expanded */
	struct lk_str_list pinned_packages;
	bool ssl_verify;    /* true unless a file says no */
	lk_str ssl_ca_file; /* ssl_verify: PATH */
	bool add_anaconda_token; /* anaconda-client's tokens are used; true unless a file says no */
	bool offline;
	uint64_t local_repodata_ttl;     /* 0: always ask, 1: what the server says (default), else
					    seconds */
	struct lk_str_list repodata_fns; /* file names, in the order to be tried */
	bool repodata_use_shards, repodata_use_zst; /* true unless a file says no */
	uint64_t channel_relations_max_depth; /* CEP 42; 0 (relations are not followed) unless a
						 file says otherwise */
};

/* Reads the files of PATHS that exist. LK_E_FORMAT with file:line:column for bad YAML or a value of
 * the wrong kind. With no path: the defaults. */
int lk_config_read(const lk_str *paths, size_t n_paths, struct lk_config *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_config_done(struct lk_config *config);

/* Appends the channel references that REFERENCE stands for: "defaults" expands to default_channels,
 * a custom channel becomes its URL, everything else stays. Strings are owned by CONFIG or ARENA. */
void lk_config_expand_channel(const struct lk_config *config, lk_str reference,
	struct lk_arena *arena, struct lk_strs *ret);

#endif

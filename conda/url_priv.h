/*
 * The parts of a URL, shared by url.c and channel.c.
 */
#ifndef LK_CONDA_URL_PRIV_H
#define LK_CONDA_URL_PRIV_H

#include "conda/channel.h"

/* Views into the URL: scheme "://" [userinfo "@"] host path. */
struct lk_url_parts {
	lk_str scheme;
	lk_str userinfo; /* without the "@" */
	bool has_userinfo;
	lk_str host; /* with the port */
	lk_str path; /* from the first slash on; may be empty */
};

/* False when there is no "scheme://" in front. */
bool lk_url_split(lk_str url, struct lk_url_parts *ret);
/* Length of "/t/TOKEN", as often as it stands at the start of an http(s) URL's path; 0 for none. */
size_t lk_url_token_len(const struct lk_url_parts *parts);
/* As lk_url_encode_path, but %XX that is there already stays. */
lk_str lk_url_encode_path_again(lk_str path, struct lk_arena *arena);
/* %XX to the bytes they stand for. */
lk_str lk_url_decode(lk_str text, struct lk_arena *arena);
/* "." and ".." components resolved, never above the root; doubled slashes kept apart from that. */
lk_str lk_url_remove_dots(lk_str path, struct lk_arena *arena);

#endif

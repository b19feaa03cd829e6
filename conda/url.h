/*
 * URLs as far as channels need them: parts, joining, encoding, credentials (RFC 3986).
 */
#ifndef LK_CONDA_URL_H
#define LK_CONDA_URL_H

#include "base/str.h"

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
/* The name or address of parts->host in lower case (brackets of IPv6 stay), and its port, empty
 * where none is written. */
void lk_url_host(const struct lk_url_parts *parts, struct lk_arena *arena, lk_str *ret_name,
	lk_str *ret_port);
/* Is HOST a name or an address with, perhaps, a port, and nothing that two readers of URLs could
 * take for different hosts? */
bool lk_url_host_is_plain(lk_str host);
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
/* As lk_url_encode_path, but %XX that is there already stays. */
lk_str lk_url_encode_path_again(lk_str path, struct lk_arena *arena);
/* %XX to the bytes they stand for. */
lk_str lk_url_decode(lk_str text, struct lk_arena *arena);
/* "." and ".." components resolved, never above the root; doubled slashes kept apart from that. */
lk_str lk_url_remove_dots(lk_str path, struct lk_arena *arena);

#endif

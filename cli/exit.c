/*
 * What is said about an error code where the error itself says nothing.
 */
#include "cli/exit.h"

#include <stddef.h>

static const struct outcome {
	enum lk_code code;
	const char *kind;
	const char *hint; /* when the error has none of its own */
} outcomes[] = {
	{LK_E_BUG, "bug", "please report it, with the command and its input"},
	{LK_OK, "ok", ""},
	{LK_E_USAGE, "usage", "--help after the command's name tells what it takes"},
	{LK_E_FORMAT, "format", "mend the input where the line above points"},
	{LK_E_UNSAT, "unsatisfiable", "loosen one of the specs named above"},
	{LK_E_NETWORK, "network", "check the network and the address, then run it again"},
	{LK_E_INTEGRITY, "integrity",
		"take the file away and fetch it again from a channel you trust"},
	{LK_E_OFFLINE, "offline", "run 'lockenv fetch' where there is a network"},
	{LK_E_HOST, "host", "solve for this host, or check another one's profile with --host FILE"},
	{LK_E_FS, "file-system", "look at the path's owner, mode and free space"},
	{LK_E_INTERRUPTED, "interrupted", "run it again: nothing is half-written"},
	{LK_E_NOT_FOUND, "not-found", "check the path"},
	{LK_E_FINDING, "finding", "see what is named above"},
};

static const struct outcome *find(int code)
{
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if ((int)outcomes[i].code == code) {
			return &outcomes[i];
		}
	}
	return &outcomes[0]; /* a code that nobody knows is a bug */
}

const char *lk_exit_kind(int code)
{
	return find(code)->kind;
}

const char *lk_exit_hint(int code)
{
	return find(code)->hint;
}

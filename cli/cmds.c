/*
 * The table of lockenv's commands.
 */
#include "cli/cmds.h"

#include <string.h>

#include "base/str.h"

const struct lk_cmd *lk_cmd_find(const struct lk_program *program, const char *name)
{
	for (size_t i = 0; i < program->n_commands; i++) {
		if (strcmp(program->commands[i]->name, name) == 0) {
			return program->commands[i];
		}
	}
	return NULL;
}

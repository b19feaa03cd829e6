/*
 * lockenv: the whole program with the network and the solver.
 */
#include "cli/cmds.h"

int main(int argc, char **argv)
{
	static const struct lk_cmd *const commands[] = {
		&lk_cmd_solve,
		&lk_cmd_add,
		&lk_cmd_remove,
		&lk_cmd_update,
		&lk_cmd_fetch,
		&lk_cmd_pack,
		&lk_cmd_unpack,
		&lk_cmd_install,
		&lk_cmd_digest,
		&lk_cmd_verify,
		&lk_cmd_rollback,
		&lk_cmd_diff,
		&lk_cmd_merge,
		&lk_cmd_check,
		&lk_cmd_run,
		&lk_cmd_shell_hook,
		&lk_cmd_smoke,
		&lk_cmd_audit,
		&lk_cmd_list,
		&lk_cmd_tree,
		&lk_cmd_why,
		&lk_cmd_search,
		&lk_cmd_info,
		&lk_cmd_index,
		&lk_cmd_cache,
		&lk_cmd_clean,
		&lk_cmd_export,
		&lk_cmd_import,
		&lk_cmd_debug,
	};
	static const struct lk_program program = {
		.name = "lockenv",
		.summary = "exact, offline-installable conda environments for GPU clusters",
		.commands = commands,
		.n_commands = LK_COUNTOF(commands),
	};
	return lk_main(&program, argc, argv);
}

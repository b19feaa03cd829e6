/*
 * lockenv-install: the installer alone, without network and solver; linked statically for bundles.
 */
#include "base/digest.h"
#include "cli/cmds.h"

int main(int argc, char **argv)
{
	static const struct lk_cmd *const commands[] = {
		&lk_cmd_install, &lk_cmd_run, &lk_cmd_shell_hook};
	static const struct lk_program program = {
		.name = "lockenv-install",
		.summary = "install a lock's environment, offline",
		.commands = commands,
		.n_commands = LK_COUNTOF(commands),
		.only = &lk_cmd_install,
	};
	lk_digest_ignore_config();
	return lk_main(&program, argc, argv);
}

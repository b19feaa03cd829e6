#include "resolver/explain_priv.h"
int lk_explain(struct lk_state *state, struct lk_solution *solution, struct lk_error *err)
{
	(void)state;
	(void)solution;
	return lk_fail(err, LK_E_UNSAT, "unsat");
}

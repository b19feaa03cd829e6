/*
 * Why there is no solution, as short lines for people.
 */
#ifndef LK_RESOLVER_EXPLAIN_PRIV_H
#define LK_RESOLVER_EXPLAIN_PRIV_H

#include "resolver/narrow_priv.h"

/* The lines so far; texts are owned by the solution's arena. */
struct lk_explanation {
	struct lk_problem *problem;
	struct lk_arena *arena;
	const struct lk_matchspec
		*virtual;   /* the first that the target lacks; NULL: none is told of */
	uint32_t supposed;  /* the candidate whose clash is told; LK_NO_INDEX: none */
	bool whole_version; /* it stands for all of its version */
	struct lk_reasons LK_VEC_OF(struct lk_reason) lines;
	struct lk_culprits LK_VEC_OF(struct lk_culprit) culprits;
};

/* STATE is back at before any choice. Fills the reasons and err; returns LK_E_UNSAT, or
 * LK_E_INTERRUPTED. */
int lk_explain(struct lk_state *state, const struct lk_report *report, struct lk_solution *solution,
	struct lk_error *err);

/* --- explain_text.c: single lines --- */

void lk_explain_line(struct lk_explanation *explanation, unsigned depth, lk_str text);
/* A spec as the user or the channel wrote it, in quotes. */
lk_str lk_explain_spec(const struct lk_explanation *explanation, uint32_t spec);
/* The spec or pin behind item ITEM of the root: its needs, then its limits. */
struct lk_culprit lk_explain_culprit(const struct lk_explanation *explanation, uint32_t item);
/* The same in words. */
lk_str lk_explain_root(const struct lk_explanation *explanation, uint32_t item);
/* "name 1.0 build", "name 1.0 (3 builds)" or "name 1.0 … 2.0 (7 records)". */
lk_str lk_explain_candidates(
	const struct lk_explanation *explanation, const uint32_t *candidates, size_t n);
/* Lines at DEPTH for the records that one of SPECS matches but that a hard filter took out; false:
 * none. */
bool lk_explain_outs(struct lk_explanation *explanation, unsigned depth,
	const struct lk_matchspec *const *specs, size_t n_specs);
/* One line for what a hard filter says of OUT. */
void lk_explain_out(struct lk_explanation *explanation, const struct lk_out *out);
/* Why nothing at all matches SPEC: an unknown name with near misses, or versions that there are. */
lk_str lk_explain_nothing(struct lk_explanation *explanation, const struct lk_matchspec *spec);
/* How solve is told that the target has the virtual package that was missed: "--cuda VERSION". */
lk_str lk_explain_option(const struct lk_explanation *explanation);

/* --- explain_tree.c --- */

/* The clash of NARROW as lines, from DEPTH on. */
void lk_explain_clash(
	struct lk_explanation *explanation, unsigned depth, const struct lk_narrow *narrow);

#endif

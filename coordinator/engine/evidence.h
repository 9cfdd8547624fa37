/* evidence.h - the readings that a hold stands on, as JSON. */
#ifndef EVIDENCE_H
#define EVIDENCE_H

struct fleet;
struct json_out;
struct op;

/*
 * Writes "evidence" of that OP_HOLD, or nothing when there is none: the fact
 * that a look gave, or what the rows say where no look decides.
 */
void evidence_out(struct json_out *out, const struct fleet *fleet,
		  const struct op *op);

#endif

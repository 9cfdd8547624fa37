/*
 * findings.h - what plan, check and doctor found, for a person.
 *
 * The rows are those of fleet.finding: severity, code, host, backend, message,
 * hint.  One that several backends have is told once, with their names, when
 * its rows stand together.
 */
#ifndef DRYDOCK_FINDINGS_H
#define DRYDOCK_FINDINGS_H

#include "cli.h"
#include "rows.h"

/* problems first, each with its hint */
int findings_print(struct cli *cli, const struct rows *findings);
/* one line per check, then what is not ok in full */
int findings_summary(struct cli *cli, const struct rows *findings);
/* how many are of that severity */
size_t findings_count(const struct rows *findings, const char *severity);

#endif

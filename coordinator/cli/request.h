/*
 * request.h - ask the coordinator to find something out, and wait for it.
 */
#ifndef DRYDOCK_REQUEST_H
#define DRYDOCK_REQUEST_H

#include "cli.h"
#include "rows.h"

/*
 * File a request (plan, check, discover, scan) and wait for its answer.
 * 0: *request_r is its row (ok, result, message), whatever the answer, and
 * *findings_r its findings; EXIT_COORDINATOR when none takes it within 10 s.
 */
int request_run(struct cli *cli, const char *kind, const char *fleet,
		const char *args, struct rows **request_r,
		struct rows **findings_r);

/* The same for one that is filed already. */
int request_follow(struct cli *cli, const char *kind, const char *id,
		   struct rows **request_r, struct rows **findings_r);

/* text of a key of the request's result; free() it; NULL when it is absent */
char *request_result(const struct rows *request, const char *key);

#endif

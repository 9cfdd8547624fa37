/*
 * listing.h - commands that show one view: a query, its columns, a JSON key.
 */
#ifndef DRYDOCK_LISTING_H
#define DRYDOCK_LISTING_H

#include "cli.h"
#include "rows.h"
#include "table.h"

struct listing {
	const char *key;   /* of the array in JSON */
	const char *empty; /* said when there are no rows */
	const char *sql;
	const struct column *columns;
};

/* query and print; an exit code */
int listing_run(struct cli *cli, const struct listing *l, size_t nparams,
		const char *const *params);
/* print rows that are there already */
int listing_print(struct cli *cli, const struct listing *l,
		  const struct rows *rows);
/* one row as "name  value" lines, or as a JSON object under `key` */
int listing_print_one(struct cli *cli, const char *key, const struct rows *rows,
		      size_t row);
/* the database's clock into cli->face.now */
int listing_now(struct cli *cli);

#endif

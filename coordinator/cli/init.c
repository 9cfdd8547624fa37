/*
 * init.c - drydock init: create or upgrade schema and roles.
 *
 * Migrations (tables) run once each and have a row in schema_migration; a file
 * that changed after it was applied is an error.  Code (functions, views) is
 * whole and applied again each time.  All of it is one transaction: tables of
 * one release and functions of another serve nobody.  Two at once:
 * the lock is polled, since waiting inside PostgreSQL for it deadlocks with
 * CREATE INDEX CONCURRENTLY.
 */
#include "init.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "clock.h"
#include "commands.h"
#include "sha256.h"

enum { OLDEST_SERVER = 150000, LOCK_WAIT_MS = 60000, LOCK_POLL_MS = 250 };

/* the same key as sql/apply.sh */
#define LOCK_SQL(f) "select " f "(7233401) as ok"

struct migration {
	int version;
	char name[64];
	char sha256[SHA256_TEXT_SIZE];
	const char *text;
};

/* "0001_base.sql" */
static struct migration
migration_of(const struct embedded *file)
{
	struct migration m = { .text = file->text };
	int fields = sscanf(file->name, "%4d_%63[a-z0-9_]", &m.version, m.name);

	assert(fields == 2);
	(void)fields;
	(void)sha256_of(file->text, file->size, m.sha256);
	return m;
}

int
init_schema(void)
{
	const struct embedded *file = sql_migrations;

	while (file[1].name != NULL)
		file++;
	return migration_of(file).version;
}

static void
migration_record(struct buf *sql, const struct migration *m, long long ms)
{
	/* number, name and checksum are ours: nothing to quote */
	(void)buf_addf(sql,
		       "insert into fleet_internal.schema_migration"
		       " (version, name, sha256, duration_ms)"
		       " values (%d, '%s', '%s', %lld);\n",
		       m->version, m->name, m->sha256, ms);
}

static int
print_sql(struct cli *cli)
{
	const struct embedded *file;
	struct migration m;
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	(void)buf_adds(
		&out,
		"-- drydock " DRYDOCK_VERSION
		", for an empty database: psql -v ON_ERROR_STOP=1 -f FILE\n");
	for (file = sql_migrations; file->name != NULL; file++) {
		m = migration_of(file);
		(void)buf_addf(&out, "\n-- %s\nbegin;\n%s\n", file->name,
			       file->text);
		migration_record(&out, &m, 0);
		(void)buf_adds(&out, "commit;\n");
	}
	for (file = sql_code; file->name != NULL; file++)
		(void)buf_addf(&out, "\n-- %s\nbegin;\n%s\ncommit;\n",
			       file->name, file->text);
	code = cli_print(cli, &out);
	buf_free(&out);
	return code;
}

static int
lock_poll(struct cli *cli)
{
	int64_t end = clock_boot_ms() + LOCK_WAIT_MS;
	struct rows *r;
	bool ok, said = false;
	int code;

	for (;;) {
		code = cli_query(cli, &r, LOCK_SQL("pg_try_advisory_lock"), 0,
				 NULL);
		if (code != EXIT_OK)
			return code;
		ok = rows_bool(r, 0, "ok");
		rows_free(&r);
		if (ok)
			return EXIT_OK;
		if (clock_boot_ms() > end)
			return cli_error(
				cli, EXIT_ERROR,
				"its session still holds the lock",
				"select * from pg_locks where locktype = "
				"'advisory';",
				"another drydock init is running");
		if (!said)
			cli_note(cli, "waiting for another drydock init");
		said = true;
		(void)db_wait(&cli->db, -1, LOCK_POLL_MS);
	}
}

/* what is applied already; no row when there is no schema */
static int
applied_load(struct cli *cli, struct rows **rows_r)
{
	struct rows *r;
	bool there;
	int code;

	code = cli_query(
		cli, &r,
		"select to_regclass("
		"'fleet_internal.schema_migration') is not null as there",
		0, NULL);
	if (code != EXIT_OK)
		return code;
	there = rows_bool(r, 0, "there");
	rows_free(&r);
	return cli_query(cli, rows_r,
			 there ? "select version, name, sha256 from "
				 "fleet_internal.schema_migration"
				 " order by version"
			       : "select 0 as version, '' as name, '' as "
				 "sha256 where false",
			 0, NULL);
}

static int
migration_compare(struct cli *cli, const struct rows *applied, size_t row,
		  const struct migration *m)
{
	if (strcmp(rows_str(applied, row, "sha256"), m->sha256) == 0)
		return EXIT_OK;
	return cli_error(
		cli, EXIT_ERROR,
		"an applied migration never changes: what is in the database "
		"was "
		"made by another text",
		"use the drydock that made this database, or a later release",
		"migration %04d_%s is not the one that was applied", m->version,
		m->name);
}

static int
sql_run(struct cli *cli, const char *name, const char *sql)
{
	struct complaint c = { 0 }, ignored = { 0 };
	char *what;

	if (db_run(&cli->db, sql, &c) == 0)
		return EXIT_OK;
	if (db_alive(&cli->db) && db_run(&cli->db, "rollback", &ignored) < 0)
		complaint_free(&ignored);
	what = x_asprintf("%s: %s", name, c.what);
	x_free(&c.what);
	c.what = what;
	if (strcmp(c.sqlstate, "42501") == 0)
		x_strset(&c.hint, "drydock init --print-sql prints what a "
				  "database administrator has to run");
	return cli_complain(cli, &c);
}

/*
 * Nobody who was built for the schema before writes from here on: fleets have
 * another epoch, and are taken by a coordinator of this schema alone.
 */
static const char fence[] =
	"update fleet_internal.fleet set epoch = epoch + 1, holder = null";

static int
migration_apply(struct cli *cli, const struct migration *m)
{
	int64_t begun = clock_boot_ms();
	struct buf sql;
	int code;

	buf_init(&sql, CLI_OUT_MAX);
	code = sql_run(cli, m->name, m->text);
	if (code == EXIT_OK) {
		migration_record(&sql, m, (long long)(clock_boot_ms() - begun));
		code = sql_run(cli, m->name, buf_str(&sql));
	}
	buf_free(&sql);
	return code;
}

/* *done gets the names of what was applied now */
static int
migrations_run(struct cli *cli, struct buf *done, int *from_r, int *to_r)
{
	const struct embedded *file;
	struct rows *applied = NULL;
	struct migration m;
	size_t row = 0;
	int code = applied_load(cli, &applied);

	*from_r = 0;
	for (file = sql_migrations; code == EXIT_OK && file->name != NULL;
	     file++, row++) {
		m = migration_of(file);
		if (row < rows_count(applied)) {
			code = migration_compare(cli, applied, row, &m);
			*from_r = m.version;
		} else {
			if (row > 0 && row == rows_count(applied))
				code = sql_run(cli, "fence", fence);
			if (code == EXIT_OK)
				code = migration_apply(cli, &m);
			(void)buf_addf(done, "  %04d_%s", m.version, m.name);
		}
		*to_r = m.version;
	}
	if (code == EXIT_OK && row < rows_count(applied))
		code = cli_error(
			cli, EXIT_ERROR, "it was made by a later release",
			"use that drydock",
			"the database has migration %s, which this program "
			"does not know",
			rows_str(applied, row, "version"));
	rows_free(&applied);
	return code;
}

static int
code_run(struct cli *cli, size_t *count_r)
{
	const struct embedded *file;
	int code = EXIT_OK;

	*count_r = 0;
	for (file = sql_code; code == EXIT_OK && file->name != NULL; file++) {
		code = sql_run(cli, file->name, file->text);
		*count_r += 1;
	}
	return code;
}

static int
report(struct cli *cli, int from, int to, const char *done, size_t files)
{
	char *where = db_describe(&cli->db);
	struct buf out;
	int code;

	buf_init(&out, CLI_OUT_MAX);
	(void)buf_adds(&out, "database   ");
	face_text(&out, &cli->face, where);
	(void)buf_addf(&out, "\nschema     ");
	if (from == to)
		(void)buf_addf(&out, "%d, nothing to do\n", to);
	else if (from == 0)
		(void)buf_addf(&out, "none -> %d%s\n", to, done);
	else
		(void)buf_addf(&out, "%d -> %d%s\n", from, to, done);
	(void)buf_addf(
		&out,
		"code       %zu files of functions and views\n"
		"roles      fleet_reader fleet_operator fleet_coordinator\n",
		files);
	code = cli_print(cli, &out);
	buf_free(&out);
	x_free(&where);
	if (from == 0)
		cli_note(cli, "Next:  drydock import fleet.yaml");
	return code;
}

int
run_init(struct cli *cli)
{
	struct buf done;
	size_t files = 0;
	int code, from = 0, to = 0;

	if (args_has(&cli->args, FLAG_PRINT_SQL))
		return print_sql(cli);
	code = cli_open(cli);
	if (code != EXIT_OK)
		return code;
	if (db_server_version(&cli->db) < OLDEST_SERVER)
		return cli_error(cli, EXIT_ERROR, NULL, NULL,
				 "PostgreSQL 15 or later is needed, this is %d",
				 db_server_version(&cli->db) / 10000);
	buf_init(&done, CLI_OUT_MAX);
	code = lock_poll(cli);
	if (code == EXIT_OK)
		code = sql_run(cli, "begin",
			       "begin; set local statement_timeout = 0");
	if (code == EXIT_OK)
		code = migrations_run(cli, &done, &from, &to);
	if (code == EXIT_OK)
		code = code_run(cli, &files);
	if (code == EXIT_OK)
		code = sql_run(cli, "commit", "commit");
	if (code == EXIT_OK)
		code = report(cli, from, to, buf_str(&done), files);
	buf_free(&done);
	return code;
}

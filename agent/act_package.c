/*
 * act_package.c - a set of packages in one transaction, as apt-get and dpkg do
 * it, called with argv.
 *
 * The versions that were there are kept before the first change; the undo puts
 * that set back, in one transaction too.  A dry run simulates, tells removals
 * (which are never done) and, with `fetch`, downloads both the new versions and
 * the present ones, so that neither the change nor its undo needs the network.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act.h"
#include "alloc.h"
#include "apt.h"
#include "file.h"
#include "services.h"

#define KEPT                                                                   \
	"packages" /* in kept/ATTEMPT: lines "name version" or "name -"        \
		    */

/* Every installed package that matches, at the one version. */
static int
set_match(struct act *a, struct apt_set *set, struct err *err)
{
	if (apt_match(a->spec->package.match, a->spec->package.version, set,
		      err) < 0)
		return -1;
	for (size_t i = 0; i < set->n; i++) {
		if (allow_package(a->allow, set->item[i].name, err) < 0)
			return -1;
	}
	return 0;
}

static int
set_resolve(struct act *a, struct apt_set *set, struct err *err)
{
	if (a->spec->package.match != NULL) {
		if (set_match(a, set, err) < 0)
			return -1;
	} else {
		for (size_t i = 0; i < a->spec->package.n; i++)
			apt_set_add(set, a->spec->package.list[i].name,
				    a->spec->package.list[i].version);
	}
	return apt_present(set, err);
}

static void
set_print(struct act *a, const struct apt_set *set)
{
	json_out_array(&a->o, "packages");
	for (size_t i = 0; i < set->n; i++) {
		json_out_object(&a->o, NULL);
		json_out_str(&a->o, "name", set->item[i].name);
		json_out_str(&a->o, "old", set->item[i].present);
		json_out_str(&a->o, "new", set->item[i].version);
		json_out_end(&a->o);
	}
	json_out_end(&a->o);
}

static int
kept_write(struct act *a, const struct apt_set *set, struct err *err)
{
	int kept = act_kept(a, a->attempt, true, err), rc;
	struct buf text;

	if (kept < 0)
		return -1;
	buf_init(&text, 65536);
	for (size_t i = 0; i < set->n; i++)
		buf_addf(&text, "%s %s\n", set->item[i].name,
			 set->item[i].present != NULL ? set->item[i].present
						      : "-");
	rc = file_write(kept, KEPT, buf_str(&text), text.len, 0600, err);
	buf_free(&text);
	close(kept);
	return rc;
}

/* The set as it was before that attempt; n 0: it changed nothing. */
static int
kept_read(struct act *a, struct apt_set *set, struct err *err)
{
	int kept = act_kept(a, a->undo_of, false, err);
	char *line, *rest, *version;
	struct buf text;

	if (kept < 0)
		return -1;
	buf_init(&text, 65536);
	(void)file_read(kept, KEPT, &text, NULL);
	close(kept);
	rest = text.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		version = strchr(line, ' ');
		if (version == NULL)
			continue;
		*version++ = '\0';
		apt_set_add(set, line,
			    strcmp(version, "-") == 0 ? NULL : version);
	}
	buf_free(&text);
	return apt_present(set, err);
}

static int
set_verify(struct apt_set *set, struct err *err)
{
	if (apt_present(set, err) < 0)
		return -1;
	for (size_t i = 0; i < set->n; i++) {
		const struct apt_item *it = &set->item[i];
		const char *is = it->present != NULL ? it->present : "absent";
		const char *want = it->version != NULL ? it->version : "absent";

		if (strcmp(is, want) != 0)
			return err_set(err, ERR_FAILED, "%s is %s, not %s",
				       it->name, is, want);
	}
	return 0;
}

/*
 * What was left half installed is configured first.  When that fails it may
 * only want a sibling that the set brings: apt sees to it, or fails.
 */
static int
change_set(struct act *a, const struct apt_set *set, struct err *err)
{
	struct err half;

	if (apt_configure(&half) < 0)
		fprintf(stderr, "%s\n", half.text);
	return apt_change(a->state, set, a->undo_of != NULL, err);
}

static int
change_held(struct act *a, struct apt_set *set, struct err *err)
{
	struct services s;
	struct err end;
	int rc;

	if (!a->spec->package.hold_services)
		return change_set(a, set, err);
	if (services_hold(&s, a->state, set, err) < 0)
		return -1;
	rc = change_set(a, set, err);
	if (services_release(&s, &end) < 0) {
		fprintf(stderr, "%s\n", end.text);
		if (rc == 0)
			*err = end;
		rc = -1;
	}
	return rc;
}

static int
package_change(struct act *a, struct apt_set *set, struct err *err)
{
	int rc;

	/* The whole group gets TERM: apt ends, we still tidy up after it. */
	signal(SIGTERM, SIG_IGN);
	if (kept_write(a, set, err) < 0)
		return -1;
	rc = change_held(a, set, err);
	if (rc == 0)
		rc = set_verify(set, err);
	return rc;
}

/* What would be refused later is refused before anybody is drained. */
static int
package_dry(struct act *a, struct apt_set *set, struct err *err)
{
	if (a->spec->package.hold_services &&
	    services_can_hold(set, err) < 0)
		return -1;
	return apt_dry(a->state, set, a->fetch, &a->o, err);
}

static int
package_do(struct act *a, struct apt_set *set, struct err *err)
{
	if (a->undo_of != NULL) {
		if (kept_read(a, set, err) < 0)
			return -1;
		if (set->n == 0)
			return act_nothing(a);
	} else if (set_resolve(a, set, err) < 0) {
		return -1;
	}
	set_print(a, set);
	if (a->attempt == NULL)
		return package_dry(a, set, err);
	return package_change(a, set, err);
}

int
act_package(struct act *a, struct err *err)
{
	struct apt_set set = { .n = 0 };
	int rc = package_do(a, &set, err);

	apt_set_free(&set);
	return rc;
}

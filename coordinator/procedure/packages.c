/* packages.c - see packages.h. */
#include "packages.h"

#include <string.h>

#include "alloc.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
name_valid(const char *name)
{
	size_t len = strlen(name);

	return len >= 2 && len <= 100 && strspn(name, LOWER) > 0 &&
	       strspn(name, LOWER "+.-*") == len;
}

static bool
version_valid(const char *version)
{
	size_t len = strlen(version);

	return len > 0 && len <= 100 && strspn(version, LOWER UPPER) > 0 &&
	       strspn(version, LOWER UPPER ".+:~-") == len;
}

static int
item_add(struct packages *p, const char *text, size_t len, struct err *err)
{
	char *name = x_strndup(text, len), *version = strchr(name, '=');
	int ret = -1;

	if (version != NULL)
		*version++ = '\0';
	if (version == NULL)
		(void)err_set(err, ERR_USAGE, "\"%.60s\" has no =VERSION",
			      name);
	else if (!name_valid(name))
		(void)err_set(err, ERR_USAGE, "\"%.60s\" is not a package",
			      name);
	else if (!version_valid(version))
		(void)err_set(err, ERR_USAGE, "\"%.60s\" is not a version",
			      version);
	else if (p->n == PACKAGES_MAX)
		(void)err_set(err, ERR_USAGE, "more than %d packages",
			      PACKAGES_MAX);
	else
		ret = 0;
	for (size_t i = 0; ret == 0 && i < p->n; i++)
		if (strcmp(p->item[i].name, name) == 0)
			ret = err_set(err, ERR_USAGE, "%s is named twice",
				      name);
	if (ret == 0) {
		p->match |= strchr(name, '*') != NULL;
		p->item[p->n++] = (struct package_item){
			.name = x_strdup(name),
			.version = x_strdup(version),
		};
	}
	free(name);
	return ret;
}

int
packages_parse(const char *text, struct packages *p, struct err *err)
{
	while (*(text += strspn(text, ", \t\n")) != '\0') {
		size_t len = strcspn(text, ", \t\n");

		if (item_add(p, text, len, err) < 0)
			return -1;
		text += len;
	}
	if (p->match && p->n > 1)
		return err_set(err, ERR_USAGE,
			       "a pattern with * stands alone, not beside "
			       "others");
	return 0;
}

void
packages_free(struct packages *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->item[i].name);
		free(p->item[i].version);
	}
	p->n = 0;
}

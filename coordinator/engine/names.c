/* names.c - the hosts and backends of a fleet's document, by name. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "jdoc.h"

struct name {
	const char *name;
	const struct json_object *item;
};

static int
name_cmp(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->name,
		      ((const struct name *)b)->name);
}

static struct name *
name_list(const struct json_object *array, size_t *n_r)
{
	size_t n = jdoc_count(array);
	struct name *list = x_calloc(n + 1, sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		list[i].item = json_item(array, i);
		list[i].name = jdoc_str(list[i].item, "name", "");
	}
	qsort(list, n, sizeof(*list), name_cmp);
	*n_r = n;
	return list;
}

static const struct json_object *
name_find(const struct name *list, size_t n, const char *name)
{
	const struct name key = { .name = name };
	const struct name *found =
		n == 0 ? NULL : bsearch(&key, list, n, sizeof(key), name_cmp);

	return found != NULL ? found->item : NULL;
}

void
names_make(struct names *names, const struct json_object *doc)
{
	names_free(names);
	names->hosts = name_list(jdoc_in(doc, "hosts"), &names->nhosts);
	names->backends = name_list(jdoc_in(doc, "backends"),
				    &names->nbackends);
}

void
names_free(struct names *names)
{
	free(names->hosts);
	free(names->backends);
	*names = (struct names){ 0 };
}

const struct json_object *
names_host(const struct names *names, const char *name)
{
	return name_find(names->hosts, names->nhosts, name);
}

const struct json_object *
names_backend(const struct names *names, const char *name)
{
	return name_find(names->backends, names->nbackends, name);
}

/*
 * host_pin.c - drydock host pin: whose keys a host is known by.
 *
 * From a file that came another way than over the line, or by --scan: what
 * the host shows now, which a person then compares and confirms.
 */
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "commands.h"
#include "file.h"
#include "hostkeys.h"
#include "json.h"
#include "num.h"
#include "request.h"

enum { FILE_MAX = 1 << 20 };

static int
host_address(struct cli *cli, const char *host, char **address_r)
{
	struct rows *r = NULL;
	int code = cli_query(cli, &r,
			     "select address from fleet.host where host = $1",
			     DB(host));

	if (code == EXIT_OK && rows_count(r) == 0)
		code = cli_error(
			cli, EXIT_ERROR, "hosts come with the inventory",
			"drydock host list", "there is no host %s", host);
	if (code == EXIT_OK)
		*address_r = x_strdup(rows_str(r, 0, "address"));
	rows_free(&r);
	return code;
}

static int
keys_from_file(struct cli *cli, const char *host, const char *address,
	       struct hostkeys *keys)
{
	const char *path = args_value(&cli->args, FLAG_FROM_FILE);
	struct buf text;
	struct err err;
	int code;

	buf_init(&text, FILE_MAX);
	code = file_read(cli, path, FILE_MAX, &text);
	if (code == EXIT_OK && strlen(buf_str(&text)) != text.len)
		code = cli_error(cli, EXIT_USAGE, NULL, NULL,
				 "%s has a NUL byte in it", path);
	else if (code == EXIT_OK &&
		 hostkeys_parse(keys, buf_str(&text), host, address, &err) < 0)
		code = cli_error(
			cli, EXIT_USAGE, err.text,
			"on the host: cat /etc/ssh/ssh_host_ed25519_key.pub",
			"no key of %s can be pinned from %s", host, path);
	buf_free(&text);
	return code;
}

/* the answer of a scan: {"keys":["ssh-ed25519 AAAA…",…]} */
static int
keys_of_answer(struct cli *cli, const char *host, const struct rows *request,
	       struct hostkeys *keys)
{
	char *list = request_result(request, "keys");
	struct json_object *doc = NULL;
	const char *key;
	struct err err;
	size_t i;
	int code = EXIT_OK;

	*keys = (struct hostkeys){ .count = 0 };
	if (list == NULL ||
	    json_parse(list, strlen(list), &json_limits_doc, &doc, NULL) < 0 ||
	    json_kind(doc) != JSON_ARRAY)
		code = cli_error(cli, EXIT_ERROR,
				 rows_text(request, 0, "message"), NULL,
				 "%s showed no host key", host);
	for (i = 0; code == EXIT_OK && i < json_count(doc) &&
		    keys->count < HOSTKEYS_MAX;
	     i++) {
		if (json_item_str(doc, i, 4096, &key, &err) < 0 ||
		    hostkeys_check(key, &err) < 0)
			continue; /* RSA and what else cannot be pinned */
		keys->key[keys->count++] = x_strdup(key);
	}
	if (code == EXIT_OK && keys->count == 0)
		code = cli_error(cli, EXIT_ERROR, NULL, NULL,
				 "%s showed no key that can be pinned", host);
	json_free(&doc);
	x_free(&list);
	return code;
}

static int
keys_from_scan(struct cli *cli, const char *host, struct hostkeys *keys)
{
	struct rows *request = NULL, *findings = NULL;
	struct json_out o;
	struct buf args;
	int code;

	buf_init(&args, 4096);
	json_out_init(&o, &args);
	json_out_object(&o, NULL);
	json_out_str(&o, "host", host);
	json_out_end(&o);
	code = request_run(cli, "scan", NULL, buf_str(&args), &request,
			   &findings);
	buf_free(&args);
	if (code == EXIT_OK && !rows_bool(request, 0, "ok"))
		code = cli_error(cli, EXIT_ERROR,
				 rows_text(request, 0, "message"), NULL,
				 "%s could not be scanned", host);
	if (code == EXIT_OK)
		code = keys_of_answer(cli, host, request, keys);
	rows_free(&request);
	rows_free(&findings);
	return code;
}

static void
keys_show(struct cli *cli, const char *host, const struct hostkeys *keys)
{
	struct buf print;
	size_t i;

	buf_init(&print, 4096);
	for (i = 0; i < keys->count; i++) {
		buf_clear(&print);
		hostkeys_fingerprint(&print, keys->key[i]);
		cli_note(cli, "%s  %.*s  %s", host,
			 (int)strcspn(keys->key[i], " "), keys->key[i],
			 buf_str(&print));
	}
	buf_free(&print);
}

static int
keys_pin(struct cli *cli, const char *host, const struct hostkeys *keys)
{
	struct rows *r = NULL;
	struct buf array;
	int code;

	buf_init(&array, CLI_OUT_MAX);
	hostkeys_array(&array, keys);
	code = cli_query(cli, &r, "select fleet.pin($1, $2::text[]) as pinned",
			 DB(host, buf_str(&array)));
	if (code == EXIT_OK && cli->json) {
		buf_clear(&array);
		(void)buf_addf(&array, "%s\n", rows_str(r, 0, "pinned"));
		code = cli_print(cli, &array);
	} else if (code == EXIT_OK) {
		buf_clear(&array);
		(void)buf_addf(&array, "%s: %zu %s pinned\n", host, keys->count,
			       num_noun(keys->count, "key", "keys"));
		code = cli_print(cli, &array);
	}
	buf_free(&array);
	rows_free(&r);
	return code;
}

int
run_host_pin(struct cli *cli)
{
	bool scan = args_has(&cli->args, FLAG_SCAN);
	const char *host = cli_word(cli, 0);
	struct hostkeys keys = { .count = 0 };
	char *address = NULL, *question = NULL;
	int code;

	if (scan == args_has(&cli->args, FLAG_FROM_FILE)) {
		question = x_asprintf("drydock host pin %s --scan   or: "
				      "drydock host pin %s --from-file FILE",
				      host, host);
		code = cli_error(cli, EXIT_USAGE, NULL, question,
				 "where are the keys from?");
		x_free(&question);
		return code;
	}
	code = host_address(cli, host, &address);
	if (code == EXIT_OK)
		code = scan ? keys_from_scan(cli, host, &keys)
			    : keys_from_file(cli, host, address, &keys);
	if (code == EXIT_OK)
		keys_show(cli, host, &keys);
	if (code == EXIT_OK && scan) {
		question = x_asprintf("Are these the keys that %s has on its "
				      "own disk?",
				      host);
		code = cli_ask_yes(cli, question);
	}
	if (code == EXIT_OK)
		code = keys_pin(cli, host, &keys);
	x_free(&question);
	x_free(&address);
	hostkeys_free(&keys);
	return code;
}

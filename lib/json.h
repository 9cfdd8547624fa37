/*
 * json.h - JSON from strangers, read strictly; and one-line JSON, written.
 *
 * json-c forgives much (see json_scan.c); nothing is forgiven here.  Refused
 * are: bytes that are not UTF-8, control characters and \u0000 in strings, lone
 * surrogates, ' strings, comments, NaN, numbers that are not JSON, integers
 * outside int64, duplicate keys, anything behind the value, and whatever is
 * above the limits.
 *
 * `struct json_object` is json-c's; users of this header need not know more
 * than that json_free() lets go of a document and that everything got out of it
 * lives as long as the document.
 */
#ifndef DRYDOCK_JSON_H
#define DRYDOCK_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct json_object;

struct json_limits {
	size_t bytes;
	unsigned int depth;  /* at most JSON_DEPTH_MAX */
	unsigned int tokens; /* strings, numbers, literals, { and [ */
};

#define JSON_DEPTH_MAX 32

extern const struct json_limits json_limits_wire; /* 64 KiB, 8, 512 */
extern const struct json_limits json_limits_doc; /* 4 MiB, 32, 262144 */

/* ERR_PROTO with the byte where it stopped.  The document may be any value. */
int json_parse(const char *text, size_t len, const struct json_limits *limits,
	       struct json_object **doc_r, struct err *err);
/* The same, and it must be an object: what every line of ours is. */
int json_parse_object(const char *text, size_t len,
		      const struct json_limits *limits,
		      struct json_object **doc_r, struct err *err);
void json_free(struct json_object **doc);

/*
 * Members of an object.  `get`: must be there, of that type, and in range, else
 * ERR_PROTO naming the key.  `opt`: when the key is absent or null, the answer
 * is 0 and *out_r keeps what the caller put there; a wrong type is an error.
 * Strings end with a NUL and have no other.
 */
int json_get_int(const struct json_object *obj, const char *key, int64_t min,
		 int64_t max, int64_t *out_r, struct err *err);
int json_get_bool(const struct json_object *obj, const char *key, bool *out_r,
		  struct err *err);
int json_get_str(const struct json_object *obj, const char *key, size_t max,
		 const char **out_r, struct err *err);
int json_get_array(const struct json_object *obj, const char *key, size_t max,
		   const struct json_object **out_r, struct err *err);
int json_get_object(const struct json_object *obj, const char *key,
		    const struct json_object **out_r, struct err *err);

int json_opt_int(const struct json_object *obj, const char *key, int64_t min,
		 int64_t max, int64_t *out_r, struct err *err);
int json_opt_bool(const struct json_object *obj, const char *key, bool *out_r,
		  struct err *err);
int json_opt_str(const struct json_object *obj, const char *key, size_t max,
		 const char **out_r, struct err *err);
int json_opt_array(const struct json_object *obj, const char *key, size_t max,
		   const struct json_object **out_r, struct err *err);
int json_opt_object(const struct json_object *obj, const char *key,
		    const struct json_object **out_r, struct err *err);

/* NULL-terminated list of allowed keys; ERR_PROTO names the first stranger. */
int json_only_keys(const struct json_object *obj, const char *const keys[],
		   struct err *err);

/* Any member or NULL (also for null): for those who look at the type. */
const struct json_object *json_member(const struct json_object *obj,
				      const char *key);

/* Arrays.  Items are values; json_item_*() say "item N" in errors. */
size_t json_count(const struct json_object *array);
const struct json_object *json_item(const struct json_object *array, size_t i);
int json_item_str(const struct json_object *array, size_t i, size_t max,
		  const char **out_r, struct err *err);
int json_item_object(const struct json_object *array, size_t i,
		     const struct json_object **out_r, struct err *err);

/* What a value is, and its plain content. */
enum json_kind {
	JSON_NULL, /* also for a NULL pointer */
	JSON_BOOL,
	JSON_INT,
	JSON_DOUBLE,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};
enum json_kind json_kind(const struct json_object *value);
const char *json_kind_name(enum json_kind kind);
/* Only for a value of that kind (asserted). */
const char *json_as_str(const struct json_object *value);
int64_t json_as_int(const struct json_object *value);
double json_as_double(const struct json_object *value); /* or JSON_INT */
bool json_as_bool(const struct json_object *value);

/* Walk the members: fn returns false to stop. */
typedef bool json_member_fn(void *self, const char *key,
			    const struct json_object *value);
void json_each(const struct json_object *obj, json_member_fn *fn, void *self);

/*
 * Writing: pieces in order onto a buf, on one line, commas by itself.
 *
 *	struct json_out o;
 *	json_out_init(&o, &buf);
 *	json_out_object(&o, NULL);
 *	json_out_str(&o, "m", "open");
 *	json_out_int(&o, "port", 22);
 *	json_out_end(&o);
 *
 * `key` is NULL inside an array and for the outermost value.  A string given as
 * NULL becomes null.  What is not UTF-8, and NUL, becomes U+FFFD.  Errors are
 * the buffer's: ask buf_over() at the end.
 */
struct json_out {
	struct buf *to;
	unsigned int depth;
	bool comma[JSON_DEPTH_MAX + 1]; /* a sibling stands before */
	char close[JSON_DEPTH_MAX + 1];
};

void json_out_init(struct json_out *o, struct buf *to);
void json_out_object(struct json_out *o, const char *key);
void json_out_array(struct json_out *o, const char *key);
void json_out_end(struct json_out *o); /* closes the innermost */
void json_out_str(struct json_out *o, const char *key, const char *s);
void json_out_strn(struct json_out *o, const char *key, const char *s,
		   size_t len);
void json_out_int(struct json_out *o, const char *key, int64_t n);
void json_out_double(struct json_out *o, const char *key, double n);
void json_out_bool(struct json_out *o, const char *key, bool b);
void json_out_null(struct json_out *o, const char *key);
/* `json` is already one valid value on one line. */
void json_out_raw(struct json_out *o, const char *key, const char *json);
/* A value that was read: written again. */
void json_out_value(struct json_out *o, const char *key,
		    const struct json_object *value);

#endif

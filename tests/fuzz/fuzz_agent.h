/*
 * fuzz_agent.h - two hosts without wires and a clock without time.
 *
 * mail1 says what agents_say() has it say, and answers nothing by itself but,
 * if it `greets`, hello; mail2 is honest, and both are when `honest` is set.
 */
#ifndef DRYDOCK_FUZZ_AGENT_H
#define DRYDOCK_FUZZ_AGENT_H

#include "buf.h"
#include "call.h"
#include "json.h"
#include "transport.h"
#include "wire.h"

struct agents_line;

/* A line that left for mail1 (host 0) or mail2 (1). */
typedef void agents_given_fn(void *ctx, unsigned int host, uint64_t wire_id,
			     const char *verb, const char *line);

struct agents {
	struct transport transport; /* first */
	struct call_clock clock;
	struct call_set *set;
	struct agents_line *lines[2]; /* the channel of each, or NULL */
	agents_given_fn *given;
	void *ctx;
	int64_t now_ms, wake_ms;
	unsigned int ticks; /* since the owner last set it to 0 */
	bool greets, honest;
};

void agents_begin(struct agents *a, const struct call_hooks *hooks,
		  agents_given_fn *given, void *ctx);
void agents_end(struct agents *a);
/* A line of mail1's; false: it has no channel. */
bool agents_say(struct agents *a, const char *line, size_t len);
/* Its channel ends. */
void agents_break(struct agents *a);
/* It takes no line for a while; a new channel, with nothing in it, does. */
void agents_fill(struct agents *a);
/* So long nothing is said but by who is honest. */
void agents_wait(struct agents *a, int64_t ms);

#endif

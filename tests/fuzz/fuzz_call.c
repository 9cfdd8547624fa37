/*
 * fuzz_call.c - what a host says to drydockd, and when.
 *
 * One question of each kind is put to mail1, and the input is mail1's side of
 * the conversation, a line at a time.  An even first byte: an agent greets as
 * it should, and the rest is said after that; its next bit: the content of the
 * copy is sent in two pieces.  Lines that are not said but done:
 *
 *	!c	the channel closes
 *	!f	the transport takes no line for a while, but on a new channel
 *	!0 …	nothing is said for 0.1 s, 0.2 s … !9: 51.2 s
 *
 * mail2 is honest all the time, and mail1 is when the input is at its end: by
 * then every question must have had its one end, and both must serve.
 */
#include "call_private.h"
#include "fuzz.h"
#include "fuzz_agent.h"
#include "transport.h"
#include "uuid.h"

#define ATTEMPT "5b2ff4f0-5f0d-4d37-9a9b-2d5f2f1f6f01"
#define COPY	"5b2ff4f0-5f0d-4d37-9a9b-2d5f2f1f6f09"
#define FLEET	"0d9c8f3e-3f57-4f40-8d8e-1f5f2f1f6f02"
#define STEP	FLEET "/mail1/stop"
#define SHA_PUT	 "aa"
#define SHA_COPY "bb"

enum {
	PATIENCE_MS = 200000, /* longer than any question or rest takes */
	TICKS_MAX = 2000,     /* in one wait; more is a loop */
	PROBE_BYTES = 100000,
	COPY_LARGE = CALL_PUT_PIECE + 8, /* two pieces */
};

/* X(name, word): one question of each; the last is dropped when it is out. */
#define QUESTIONS(X)                                                           \
	X(PROBE, "probe")                                                      \
	X(TCP, "tcp")                                                          \
	X(RUN, "run")                                                          \
	X(COPY, "copy")                                                        \
	X(PUT, "put")                                                          \
	X(ASK, "ask")                                                          \
	X(BEGUN, "begun")                                                      \
	X(PEEK, "peek")                                                        \
	X(MAY, "may")                                                          \
	X(DRY, "dry")                                                          \
	X(SHEET, "sheet")                                                      \
	X(FORGET, "forget")                                                    \
	X(LEFT, "left")                                                        \
	X(DROPPED, "tcp")

enum asked {
#define X(name, word) ASKED_##name,
	QUESTIONS(X)
#undef X
		ASKED_COUNT
};

static const char *const words[] = {
#define X(name, word) word,
	QUESTIONS(X)
#undef X
};

struct world;

struct question {
	struct world *w;
	uint64_t id, wire_id; /* wire_id 0: the agent was not given it */
	unsigned int ended;
	enum call_outcome outcome;
};

struct world {
	struct agents agents; /* first */
	struct call *mail1, *mail2;
	bool large;
	bool asking; /* nobody is told anything from inside */
	bool over;   /* all that is asked now is `again` and `other` */
	struct question q[ASKED_COUNT], other, again;
};

/* --- what is promised --- */

static bool
is_ended(const struct json_object *doc)
{
	const char *state = json_as_str(json_member(doc, "state"));
	enum wire_state known;

	FUZZ_MUST(wire_state_find(state, &known) == 0);
	FUZZ_MUST((known == WIRE_STATE_ENDED) ==
		  (json_member(doc, "result") != NULL));
	return known == WIRE_STATE_ENDED;
}

static void
on_done(void *ctx, const struct call_answer *answer)
{
	struct question *q = ctx;
	enum wire_code code;

	FUZZ_MUST(!q->w->asking && q->ended++ == 0);
	q->outcome = answer->outcome;
	switch (answer->outcome) {
	case CALL_ANSWERED:
	case CALL_REFUSED:
		/* nobody is told an answer to what was not put there */
		FUZZ_MUST(q->wire_id != 0 && answer->body != NULL);
		FUZZ_MUST((uint64_t)json_as_int(json_member(
				  answer->body, "id")) == q->wire_id);
		FUZZ_MUST(json_as_bool(json_member(answer->body, "ok")) ==
			  (answer->outcome == CALL_ANSWERED));
		FUZZ_MUST(answer->outcome == CALL_ANSWERED ||
			  wire_code_find(answer->code, &code) == 0);
		break;
	case CALL_UNSENT:
		FUZZ_MUST(q->wire_id == 0 && answer->why[0] != '\0');
		break;
	case CALL_LOST:
		FUZZ_MUST(answer->why[0] != '\0');
		break;
	}
	FUZZ_MUST(answer->out.size <= PROBE_BYTES);
	FUZZ_MUST(answer->err.size <= PROBE_BYTES);
	if (answer->outcome == CALL_ANSWERED &&
	    (q == &q->w->q[ASKED_RUN] || q == &q->w->q[ASKED_ASK]))
		(void)is_ended(answer->body);
}

/* Who is up is who was meant, and follows the epoch it was told. */
static void
on_up(void *ctx, struct call *call)
{
	struct world *w = ctx;
	const struct call_facts *facts = call_facts(call);
	const struct call_floor *floor = call_facts_fleet(facts, FLEET);

	FUZZ_MUST(call_is_up(call) && call_misfit(call) == CALL_MISFIT_NONE);
	FUZZ_MUST(strcmp(facts->name, call_name(call)) == 0);
	FUZZ_MUST(strcmp(facts->machine_id, call_name(call)) == 0);
	FUZZ_MUST(facts->proto == WIRE_PROTO);
	FUZZ_MUST(floor != NULL && (floor->epoch == 3 || floor->code != NULL));
	if (call == w->mail1)
		call_drop(call, w->q[ASKED_DROPPED].id);
}

static void
on_down(void *ctx, struct call *call, const char *why)
{
	(void)ctx;
	FUZZ_MUST(!call_is_up(call) && why[0] != '\0');
}

/* Unasked: it may be a stranger's, but it is whole, and from a known host. */
static void
on_ended(void *ctx, struct call *call, const char *attempt, const char *state,
	 const struct json_object *result, const char *text)
{
	(void)ctx;
	FUZZ_MUST(call_is_up(call) && uuid_valid(attempt));
	FUZZ_MUST((strcmp(state, "ended") == 0) == (result != NULL));
	FUZZ_MUST((text[0] == '{') == (result != NULL));
}

static const struct call_hooks hooks = {
	.up = on_up, .down = on_down, .ended = on_ended,
};

/* Whatever was said, it takes no more than what was asked for. */
static void
is_bounded(const struct call *call)
{
	FUZZ_MUST(call->pending <= CALL_PENDING_MAX);
	FUZZ_MUST(call->state != CALL_BANNER || call->noise <= WIRE_NOISE_MAX);
	LIST_EACH (struct call_question, q, &call->questions, link) {
		FUZZ_MUST(q->out.len <= q->max_bytes);
		FUZZ_MUST(q->err.len <= q->max_bytes);
	}
}

/* --- what is asked --- */

/* A line left for a host: which question is that? */
static void
on_given(void *ctx, unsigned int host, uint64_t wire_id, const char *verb,
	 const char *line)
{
	struct world *w = ctx;

	if (w->over) {
		(host == 0 ? &w->again : &w->other)->wire_id = wire_id;
		return;
	}
	/* the content of a copy is not yet the copy */
	if (host != 0 || strstr(line, "\"" SHA_COPY "\"") != NULL)
		return;
	for (size_t i = 0; i < ASKED_DROPPED; i++)
		if (w->q[i].wire_id == 0 && strcmp(verb, words[i]) == 0)
			w->q[i].wire_id = wire_id;
}

static void
ask_changes(struct world *w)
{
	static const char content[COPY_LARGE] = "x";
	struct call_change change = {
		.verb = "run", .attempt = ATTEMPT, .fleet = FLEET, .epoch = 3,
		.seq = 1, .step = STEP, .who = "anna", .timeout_ms = 60000,
		.spec = "{\"argv\":[\"true\"]}",
	};

	w->q[ASKED_RUN].id = call_change(w->mail1, &change, on_done,
					 &w->q[ASKED_RUN]);
	change.verb = "copy";
	change.attempt = COPY;
	change.spec = "{\"to\":\"/etc/x\"}";
	change.content = (struct call_content){ SHA_COPY, content,
						w->large ? COPY_LARGE : 8 };
	w->q[ASKED_COPY].id = call_change(w->mail1, &change, on_done,
					  &w->q[ASKED_COPY]);
}

static const char *const date[] = { "date", NULL };

static void
ask_all(struct world *w)
{
	struct call *call = w->mail1;
	struct question *q = w->q;

	for (size_t i = 0; i < ASKED_COUNT; i++)
		q[i].w = w;
	w->other.w = w->again.w = w;
	(void)call_probe(call, date, 5000, PROBE_BYTES, on_done,
			 &q[ASKED_PROBE]);
	(void)call_tcp(call, "10.0.0.9", 25, 5000, on_done, &q[ASKED_TCP]);
	ask_changes(w);
	(void)call_put(call, SHA_PUT, "x", 1, on_done, &q[ASKED_PUT]);
	(void)call_ask(call, ATTEMPT, on_done, &q[ASKED_ASK]);
	(void)call_begun(call, FLEET, 3, "r/mail1/x", NULL, on_done,
			 &q[ASKED_BEGUN]);
	(void)call_peek(call, ATTEMPT, "out", 0, on_done, &q[ASKED_PEEK]);
	(void)call_may(call, "[]", "[]", on_done, &q[ASKED_MAY]);
	(void)call_dry(call, "copy", "{\"to\":\"/etc/x\"}", false, 5000,
		       on_done, &q[ASKED_DRY]);
	(void)call_sheet(call, FLEET, 3, FLEET, "text", on_done,
			 &q[ASKED_SHEET]);
	(void)call_forget(call, FLEET, 3, 7, on_done, &q[ASKED_FORGET]);
	(void)call_left(call, FLEET, 3, false, on_done, &q[ASKED_LEFT]);
	q[ASKED_DROPPED].id = call_tcp(call, "10.0.0.9", 26, 5000, on_done,
				       &q[ASKED_DROPPED]);
}

static struct call *
greet(struct world *w, const char *name, const char *address)
{
	static const struct call_fleet fleet = { FLEET, "mail", 3 };
	const struct call_host host = {
		.name = name, .address = address, .port = 22, .user = "drydock",
		.machine_id = name, .backend_address = address,
		.coordinator = "ops1", .fleets = &fleet, .nfleets = 1,
	};

	return call_get(w->agents.set, &host);
}

/* --- the input --- */

static void
take(struct world *w, const char *line, size_t len)
{
	w->agents.ticks = 0;
	if (len == 2 && line[0] == '!' && line[1] == 'c')
		agents_break(&w->agents);
	else if (len == 2 && line[0] == '!' && line[1] == 'f')
		agents_fill(&w->agents);
	else if (len == 2 && line[0] == '!' && line[1] >= '0' &&
		 line[1] <= '9')
		agents_wait(&w->agents, 100 << (line[1] - '0'));
	else if (agents_say(&w->agents, line, len))
		FUZZ_MUST(len <= WIRE_LINE_MAX || !call_is_up(w->mail1));
	FUZZ_MUST(w->agents.ticks < TICKS_MAX);
	is_bounded(w->mail1);
}

static void
take_all(struct world *w, char *text, size_t size)
{
	char *end = text + size, *nl;

	for (; text < end; text = nl + 1) {
		nl = memchr(text, '\n', (size_t)(end - text));
		if (nl == NULL)
			nl = end;
		*nl = '\0';
		take(w, text, strlen(text));
	}
}

static bool
all_ended(const struct world *w)
{
	for (size_t i = 0; i < ASKED_DROPPED; i++)
		if (w->q[i].ended == 0)
			return false;
	return true;
}

/* All is honest now: what was asked ends, what is asked is answered. */
static void
at_its_end(struct world *w)
{
	int64_t limit_ms = w->agents.now_ms + PATIENCE_MS;

	w->agents.ticks = 0;
	w->agents.honest = true;
	while (!(all_ended(w) && call_is_up(w->mail1))) {
		FUZZ_MUST(w->agents.now_ms < limit_ms);
		agents_wait(&w->agents, 1000);
	}
	FUZZ_MUST(call_is_up(w->mail2));
	w->over = true;
	(void)call_probe(w->mail1, date, 5000, 10, on_done, &w->again);
	(void)call_probe(w->mail2, date, 5000, 10, on_done, &w->other);
	agents_wait(&w->agents, 1000);
	FUZZ_MUST(w->again.ended == 1 && w->again.outcome == CALL_ANSWERED);
	FUZZ_MUST(w->other.ended == 1 && w->other.outcome == CALL_ANSWERED);
	FUZZ_MUST(w->agents.ticks < TICKS_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .asking = true };
	char *text;

	if (size == 0)
		return 0;
	text = fuzz_text(data, size);
	agents_begin(&w.agents, &hooks, on_given, &w);
	w.agents.greets = data[0] % 2 == 0;
	w.large = (data[0] & 2) != 0;
	w.mail1 = greet(&w, "mail1", "10.0.0.1");
	w.mail2 = greet(&w, "mail2", "10.0.0.2");
	call_open(w.mail2);
	ask_all(&w);
	w.asking = false;
	agents_wait(&w.agents, 50);
	FUZZ_MUST(call_is_up(w.mail1) == w.agents.greets);
	take_all(&w, text + 1, size - 1);
	at_its_end(&w);
	agents_end(&w.agents);
	free(text);
	return 0;
}

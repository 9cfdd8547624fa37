/*
 * wire.h - the words that coordinator and agent share; each list is here once.
 *
 * After connect the agent's side prints WIRE_MAGIC on a line of its own (noise
 * before it is skipped up to WIRE_NOISE_MAX bytes).  Then one JSON object a
 * line, both ways, read with json_limits_wire and without unknown keys.
 *
 * Request: {"id":7,"verb":"hello",…}.  Answers come in any order and carry the
 * same id: {"id":7,"ok":true,…} or {"id":7,"ok":false,"code":"epoch","why":…,
 * "hint":…}.  Long streams are {"id":7,"chunk":"out","data":BASE64} lines
 * before the answer.  Unasked:
 * {"push":"ended","attempt":…,"state":"ended","result":…}. What each key means
 * stands at the X-macros below.
 *
 * A hello names fleets as {"uuid","name","epoch","seq"}: seq is the highest
 * number of a change given out so far.  An agent whose journal is new to the
 * fleet, or lost records, begins nothing up to there (the answer's "floor").
 */
#ifndef DRYDOCK_WIRE_H
#define DRYDOCK_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#define WIRE_MAGIC "drydock-agent 1"
#define WIRE_PROTO 1

/* name, value, what it bounds */
#define WIRE_LIMITS(X)                                                         \
	X(LINE_MAX, 65536, "bytes of a line, without its end")                 \
	X(NOISE_MAX, 4096, "bytes before the magic line")                      \
	X(CHUNK_MAX, 45000, "raw bytes in one chunk, peek or put")             \
	X(HEAD_MAX, 8192, "raw bytes of a stream carried in a result")         \
	X(KEEP_MAX, 1048576, "raw bytes of a stream kept for peek")            \
	X(PROBE_MAX, 4194304, "raw bytes a probe may read")                    \
	X(CONTENT_MAX, 16777216, "bytes of one content (put)")                 \
	X(TIMEOUT_MAX, 86400000, "timeout_ms of a change")                     \
	X(PROBE_TIMEOUT_MAX, 600000, "timeout_ms of a probe")                  \
	X(DRY_TIMEOUT_MAX, 3600000, "timeout_ms of a dry run")                 \
	X(ARGV_MAX, 128, "words of a command")                                 \
	X(WORD_MAX, 4096, "bytes of a word, of a path, of who")                \
	X(STEP_MAX, 512, "bytes of step (rollout/backend/step)")               \
	X(SHEET_MAX, 32768, "bytes of the break-glass sheet")                  \
	X(LIST_MAX, 64, "fleets, packages, changes or reads in one request")   \
	X(EPOCH_JUMP_MAX, 1000000, "an epoch that grows by more is a mistake")

enum wire_limit {
#define X(name, value, text) WIRE_##name = value,
	WIRE_LIMITS(X)
#undef X
};

/*
 * The verbs: name, word, keys of the request besides id and verb, keys of the
 * answer besides id and ok.  A change may bring WIRE_CHANGE_KEYS too; every
 * refusal has WIRE_REFUSAL_KEYS.
 */
#define WIRE_VERBS(X)                                                          \
	X(HELLO, "hello", "fleets host coordinator",                           \
	  "agent proto name machine_id boot_id boottime_ms wall_ms "           \
	  "addresses fleets hold sheet journal allow_sha256")                        \
	X(PROBE, "probe", "argv timeout_ms max_bytes output",                  \
	  "exit signal timed_out out err ms")                                  \
	X(TCP, "tcp", "address port timeout_ms", "connected line ms why")      \
	X(RUN, "run", "argv", "state result why")                              \
	X(COPY, "copy", "sha256 staged to mode owner group validate",          \
	  "state result why")                                                  \
	X(CLEAN, "clean",                                                      \
	  "inside match unless_running purge_after purge_of",                  \
	  "state result why")                                                  \
	X(PACKAGE, "package", "packages match version services",               \
	  "state result why")                                                  \
	X(ASK, "ask", "attempt", "state result why")                           \
	X(BEGUN, "begun", "fleet epoch step after", "record")                  \
	X(PEEK, "peek", "attempt stream offset", "data bytes eof")             \
	X(MAY, "may", "changes reads", "changes reads")                        \
	X(DRY, "dry",                                                          \
	  "kind timeout_ms fetch sha256 staged to mode owner group validate "  \
	  "inside match unless_running purge_after packages version services", \
	  "text data")                                                  \
	X(PUT, "put", "sha256 size offset data", "have")                       \
	X(FORGET, "forget", "fleet epoch floor", "floor")                            \
	X(SHEET, "sheet", "fleet epoch rollout text", "")                      \
	X(PING, "ping", "", "wall_ms")                                         \
	X(LEFT, "left", "fleet epoch fix", "left more")

/* What people find on a host: files it was sent, what a clean put aside. */
#define WIRE_CONTENT_DIR "/var/lib/drydock/content"
#define WIRE_TRASH	 ".drydock-trash-"

#define WIRE_CHANGE_KEYS                                                       \
	"attempt fleet epoch seq step after abandoned note who timeout_ms "    \
	"output undo_of"
#define WIRE_REFUSAL_KEYS "code why hint epoch record"

enum wire_verb {
#define X(name, word, request, answer) WIRE_##name,
	WIRE_VERBS(X)
#undef X
		WIRE_VERB_COUNT
};

/* Why a request was refused: name, word, what it means. */
#define WIRE_CODES(X)                                                          \
	X(CODE_EPOCH, "epoch", "the fleet is held under another epoch")        \
	X(CODE_ALLOW, "allow", "the allow file has no line for it")            \
	X(CODE_HOLD, "hold", "a person holds this host")                       \
	X(CODE_HOST, "host", "this is another host")                           \
	X(CODE_FLEET, "fleet", "this host does not belong to that fleet")      \
	X(CODE_AFTER, "after", "the step's last attempt is another one")       \
	X(CODE_FLOOR, "floor", "too old: its record may have been pruned")     \
	X(CODE_CONFLICT, "conflict", "the id was used for something else")     \
	X(CODE_JOURNAL, "journal", "the journal is damaged or missing")        \
	X(CODE_SPACE, "space", "no room for what must be written")             \
	X(CODE_USAGE, "usage", "the request is not well formed")               \
	X(CODE_PROBE, "probe", "the probe could not be started")               \
	X(CODE_BUSY, "busy", "too much runs here already")                     \
	X(CODE_SYSTEM, "system", "the operating system refused")

enum wire_code {
	WIRE_CODE_NONE,
#define X(name, word, text) WIRE_##name,
	WIRE_CODES(X)
#undef X
};

/* What an agent knows of an attempt. */
#define WIRE_STATES(X)                                                         \
	X(STATE_NONE, "none")	    /* never begun here */                     \
	X(STATE_RUNNING, "running") /* begun, and this runner has it */        \
	X(STATE_ENDED, "ended")	    /* with a result */                        \
	X(STATE_UNKNOWN, "unknown") /* begun; its end was seen by nobody */

enum wire_state {
#define X(name, word) WIRE_##name,
	WIRE_STATES(X)
#undef X
};

const char *wire_verb_name(enum wire_verb verb);
const char *wire_code_name(enum wire_code code);
const char *wire_state_name(enum wire_state state);

/* -1: there is no such word. */
int wire_verb_find(const char *word, enum wire_verb *verb_r);
int wire_code_find(const char *word, enum wire_code *code_r);
int wire_state_find(const char *word, enum wire_state *state_r);

/* run copy clean package: what goes through the one door. */
bool wire_verb_is_change(enum wire_verb verb);

/* Is this a key of that verb's request (id and verb, change keys included)? */
bool wire_request_key(enum wire_verb verb, const char *key);
/* …of its answer (id, ok and refusal keys included)? */
bool wire_answer_key(enum wire_verb verb, const char *key);

#endif

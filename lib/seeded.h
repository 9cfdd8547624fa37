/* seeded.h - bugs that are put in on purpose: the tests must find each. */
#ifndef SEEDED_H
#define SEEDED_H

#include <stdbool.h>

/*
 * How it works
 *
 * A place that one of these would break says so:
 *
 *   if (unknown && !SEEDED(UNKNOWN_PASSES))
 *
 * In a build for tests (DRYDOCK_TEST) a program that is started with
 * DRYDOCK_SEEDED=UNKNOWN_PASSES has that bug; tests/seeded/run starts those
 * that must find it.  In what is shipped SEEDED() is false, and nothing of
 * this is left.
 */

/*
 * X(name, what is wrong then, which must find it: see tests/seeded/run; of a
 * file of flow tests all, or the one after the colon)
 */
#define SEEDED_BUGS(X)							\
	X(STALE_EPOCH, "an agent obeys who was fenced",			\
	  agent-run.t:epochs_fence_at_every_request)			\
	X(OTHER_CHANGE, "an attempt's id stands for two changes",	\
	  agent-run.t:the_same_id_twice_runs_once)			\
	X(DAMAGE_READ, "a damaged record is read as a good one", agent_journal) \
	X(UNKNOWN_ENDED, "begun counts as ended after a restart", agent_book) \
	X(NO_EXIT_IS_0, "a missing exit status counts as 0", sim)	\
	X(SILENT_IS_UP, "who cannot be asked counts as in service", plan_next) \
	X(OTHERS_UNSEEN, "nobody looks at the others before a drain", sim) \
	X(BLIND_RETRY, "what destroys is begun again on a guess", sim whole) \
	X(UNKNOWN_PASSES, "a step of unknown end has passed", sim)	\
	X(UNPROVED, "a turn is done before it is seen in service", sim)	\
	X(NOT_KEPT, "what was proved is not proved again", plan_next)	\
	X(GAP_UNKEPT, "two changes of a group follow at once", sim whole)	\
	X(HELD_IS_OVER, "a backend is taken while another is held", sim) \
	X(HALF_UNDONE, "what a failed step did is not undone", plan_undo) \
	X(UNFLUSHED, "a command starts before its record is on disk",	\
	  agent-run.t:a_failed_flush_stops_everything)			\
	X(ENDED_AT_EOF, "who closes its output counts as ended",	\
	  agent-run.t:who_closes_its_output_has_not_ended)		\
	X(PRUNED_EARLY, "a record goes before its end was asked for",	\
	  agent-run.t:a_forgotten_attempt_comes_back_with_its_note)	\
	X(UNREPLICATED, "a commit that no standby has counts", pg)	\
	X(UNKEPT, "who starts anew knows of no failover", timelines)	\
	X(CLOSED_FIRST, "libssh2 may write to another's socket", session) \
	X(WALL_LEASE, "who jumps in time takes a fleet", 22-clock.t)

#ifdef DRYDOCK_TEST

bool seeded_is(const char *name);

#define SEEDED(name)	seeded_is(#name)

#else

#define SEEDED(name)	false

#endif

#endif

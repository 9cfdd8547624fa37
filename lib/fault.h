/* fault.h - named places where a test can let things go wrong. */
#ifndef FAULT_H
#define FAULT_H

/*
 * How it works
 *
 * Before and after everything that persists, sends, receives, starts a process
 * or renames stands a point of this list.  A test names points, the
 * occurrence, and what happens there:
 *
 *   DRYDOCK_FAULT="work.begun.after:2:exit,db.answer.advance:1:drop"
 *
 *   exit    the process ends at once, by SIGKILL
 *   stop    it stands still, as by SIGSTOP, until SIGCONT
 *   delay=N it sleeps for N ms
 *   error   the call fails with EIO      } where the code asks for it:
 *   drop    the message is lost          } FAULT() returns it, and the
 *   twice   the message is sent again    } place does what it says
 *
 * Occurrences are counted by each process.  With DRYDOCK_FAULT_FILE (a file) a
 * fault happens once for all processes together, so that who is started again
 * is not killed again.  The file has 16 bytes for each point of the list, in
 * its order: the first is 1 when a process came by, the n-th behind it when
 * what was asked of the n-th occurrence happened.  A process maps it at its
 * first point, so that a sandbox that it enters later is not in the way.
 *
 * A place in a family ("call.send" and the verb's name) is a point if the list
 * has it; of each statement there are two, "db.send", before it is handed to
 * libpq, and "db.answer", when its answer came and nobody knows it yet.  Only
 * builds for tests have any of this (DRYDOCK_TEST); in what is shipped FAULT()
 * is a constant, and nothing is left of it.
 */
enum fault {
	FAULT_NONE,
	FAULT_ERROR,
	FAULT_DROP,
	FAULT_TWICE,
};

/* X(name, where it is) */
#define FAULT_POINTS(X)							\
	/* drydockd */							\
	X("engine.decided",	"after a decision, nothing is done yet") \
	X("engine.acted",	"ops are in the view, not yet in a batch") \
	X("engine.written",	"the batch is on its way")		\
	X("engine.sent",	"the changes are on their way")		\
	X("call.send.hello",	"before a question goes to an agent")	\
	X("call.send.probe",	"")					\
	X("call.send.run",	"")					\
	X("call.send.copy",	"")					\
	X("call.send.clean",	"")					\
	X("call.send.sheet",	"")					\
	X("call.send.put",	"")					\
	X("call.hear",		"a line of an agent, before it is read") \
	X("call.push",		"an agent says that a change ended")	\
	X("ssh.spawn",		"before drydock-ssh is started")	\
	X("ssh.spawned",	"it runs")				\
	X("hook.spawn",		"before a hook is started")		\
	X("hook.spawned",	"it runs")				\
	X("hook.ended",		"it has ended, the database does not know") \
	/* drydock-ssh */						\
	X("ssh.start",		"before it listens to drydockd")	\
	X("ssh.open",		"before a session begins")		\
	X("ssh.opened",		"the channel stands, drydockd not told") \
	X("ssh.line.out",	"a line from drydockd, before the session") \
	X("ssh.line.in",	"a line from an agent, before drydockd") \
	/* drydock-agent: the relay */					\
	X("relay.start",	"before a runner is looked for")	\
	X("relay.runner",	"connected to the runner")		\
	X("relay.forward",	"a request, before the runner has it")	\
	X("relay.answer",	"the runner's answer, before it is passed on") \
	/* drydock-agent: the runner */					\
	X("runner.lock",	"it has the lock, the journal is not read") \
	X("runner.journal",	"the journal is read")			\
	X("runner.listen",	"before its socket has its name")	\
	X("runner.listening",	"anybody can connect now")		\
	X("runner.request",	"a change was asked for")		\
	X("epoch.before",	"a new epoch, before it is in the journal") \
	X("epoch.after",	"it is in the journal, not told")	\
	X("work.begun.before",	"before a change is in the journal")	\
	X("work.begun.after",	"it is in the journal, not started")	\
	X("work.started",	"the command runs")			\
	X("work.ended.before",	"it has ended, the journal does not know") \
	X("work.ended.after",	"its end is in the journal, not told")	\
	X("work.told",		"who is connected was told")		\
	X("journal.anew",	"a new one is there under another name") \
	X("journal.renamed",	"it has its place")			\
	X("journal.write",	"before a record is written; error")	\
	X("journal.flush",	"written, not flushed; error")		\
	X("copy.keep",		"the old file is there under another name; error") \
	X("copy.kept",		"it is kept")				\
	X("copy.written",	"the new file is there under another name; error") \
	X("copy.renamed",	"it has its place")			\
	X("clean.aside",	"before an entry is put aside")		\
	X("clean.moved",	"all are aside, not flushed")		\
	X("clean.purge",	"before what is aside goes for good")	\
	X("clean.purged",	"it has gone")				\
	X("put.written",	"a content is there under another name; error") \
	X("put.renamed",	"it has its name")			\
	X("file.written",	"a small file is there under another name; error") \
	X("file.renamed",	"it has its place")

/*
 * The statements of store.h and request.h, as check_faults sees to.  Their
 * points come behind the others.
 */
#define FAULT_STATEMENTS(X)						\
	X("hello") X("beat") X("take") X("release") X("goodbye")	\
	X("load") X("fleet") X("advance") X("content") X("tidy")	\
	X("schedule_tick") X("hook_offer") X("hook_take") X("hook_done") \
	X("pull_next") X("pull_done") X("revision")			\
	X("request_take") X("request_done")				\
	X("request_fleet") X("request_procedure") X("request_plan")	\
	X("request_save") X("request_content") X("request_host")

#ifdef DRYDOCK_TEST

/* Aborts when there is no such point.  Sets errno to EIO for FAULT_ERROR. */
enum fault fault_at(const char *point);

/* member may be in capitals, as a list of ours has it. */
enum fault fault_of(const char *family, const char *member);

#define FAULT(point)		fault_at(point)
#define FAULT_OF(family, member) fault_of((family), (member))

#else

#define FAULT(point)		FAULT_NONE
#define FAULT_OF(family, member) ((void)(member), FAULT_NONE)

#endif

#endif

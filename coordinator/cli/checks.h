/*
 * checks.h - what plan, check and doctor may find, once: code, meaning.  A
 * procedure's own preflight has its own codes.  tests/check_commands compares.
 */
#ifndef DRYDOCK_CHECKS_H
#define DRYDOCK_CHECKS_H

#define DRYDOCK_CHECKS(GROUP, X)                                               \
	GROUP("planning")                                                      \
	X(PROCEDURE, "the procedure does not fit the backend, or has a fault") \
	X(UNKNOWN_BACKEND, "--only or --except names what is not there")       \
	X(NO_BACKEND, "nothing is left to work on")                            \
	X(EXCLUDED, "a backend has no part in it until it is included")        \
	GROUP("every host")                                                    \
	X(AGENT_REACHABLE, "ssh, its pinned key, and an agent that answers")   \
	X(AGENT_VERSION, "agent and coordinator are of one release")           \
	X(HOST_NAME, "the agent calls itself as the inventory does")           \
	X(MACHINE_ID, "it is the machine that was there before")               \
	X(ADDRESS, "the backend's address is configured on that machine")      \
	X(FLEET_NAME, "the host's agent.conf names this fleet")                \
	X(EPOCH, "no other coordinator was ahead of ours on that host")        \
	X(CLOCK_SKEW, "its clock agrees with ours")                            \
	X(HOST_HELD, "somebody put /etc/drydock/hold there")                   \
	X(JOURNAL, "the agent's journal is whole")                             \
	GROUP("the fleet as it is now")                                        \
	X(GROUP_READY, "every member of a group is ready for a change")        \
	X(IN_SERVICE, "each backend is in service, as the fleet defines it")   \
	X(MEMBERS_AGREE, "the members of the group show the same")             \
	X(MEMBERS_DISAGREE, "they do not: wait, or look why")                  \
	X(STRANGER, "a member routes to what is no backend of this fleet")     \
	X(PREFLIGHT, "what the procedure demands before it begins")            \
	X(REMEMBER, "a value that a step will need can be read")               \
	GROUP("what would be done")                                            \
	X(NOT_ALLOWED, "a host's allow file does not permit a command")        \
	X(ASKED_ALL, "all planned commands and reads were put to the host")    \
	X(NOT_ASKED, "it could not be asked of something, or not yet")         \
	X(CONTENT, "the content of a file is stored")                          \
	X(COPY, "what a copy would change")                                    \
	X(CLEAN, "what would be deleted: names and bytes")                     \
	X(PACKAGE, "the package set, downloaded and simulated")                \
	X(DRY, "any other change, tried without doing it")                     \
	GROUP("import --discover")                                             \
	X(NEW_BACKEND, "the members know one that the inventory does not")     \
	X(NOT_THERE, "no member names a backend of the inventory")             \
	X(SILENT, "not every member answered")                                 \
	GROUP("doctor")                                                        \
	X(LISTEN, "notifications reach this session")                          \
	X(SCHEMA, "the schema is the one this drydock was made for")           \
	X(ROLE_MISSING, "a role of the schema is gone")                        \
	X(STRANGE_ROW, "a row makes no sense, so its fleet stands still")      \
	X(DATABASE_REFUSES, "a write is refused, so its fleet stands still")   \
	X(CLOCK_MOVED, "the database's clock is moved, as tests do")           \
	X(NO_COORDINATOR, "nobody drives a fleet")                             \
	X(DEAD_COORDINATOR, "a coordinator fell silent without goodbye")       \
	X(BACKEND_OUT, "a backend is out, its rollout over, nobody owns it")   \
	X(PIN_MISSING, "a host without a pinned key is not contacted")         \
	X(LEFT_NOTHING, "nothing of ours is left on the host")                 \
	X(LEFT_UNKNOWN, "the host did not say what is left")                   \
	X(LEFT_MASK, "a unit is still masked by us")                           \
	X(LEFT_POLICY, "services are still kept from starting by us")          \
	X(LEFT_SHEET, "a sheet says how to finish by hand")                    \
	X(LEFT_KEPT, "an old file is kept for an undo")                        \
	X(LEFT_TRASH, "what a clean put aside was not purged")                 \
	X(APT_HOLD, "a package is on hold, so no step can change it")

#endif

/* notify.h - a word to the service manager, without its library. */
#ifndef NOTIFY_H
#define NOTIFY_H

/* Nothing happens when nobody listens ($NOTIFY_SOCKET is not set). */
void notify_send(const char *state);

#endif

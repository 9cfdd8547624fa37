/* tri.h - yes, no, and "nobody could tell": unknown is not success. */
#ifndef TRI_H
#define TRI_H

enum tri { TRI_FALSE, TRI_TRUE, TRI_UNKNOWN };

#endif

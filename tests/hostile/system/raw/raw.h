/* What the parts of the hostile component know of each other. */
#ifndef RAW_H
#define RAW_H

#include <stdio.h>

enum { CONTROL = 3, LINE = 65536 };

/* main.c */
extern int is_outside; /* Not in a sandbox, where attempts succeed. */
long long now_ms(void);

/* calls.c: makes the calls of one line, and writes `name succeeded`, or the step, from 0, that was refused and its errno. */
void attempt(char *steps, FILE *in, FILE *out);

/* bombs.c */
long bomb(const char *name, long milliseconds);
int has_storm(void);

/* frames.c */
void notify(const char *kind); /* Tells the root server. */
void tell(const char *text, long times);
void exchange(const char *name, const char *path, const char *text, long milliseconds, long frames, FILE *out);

#endif

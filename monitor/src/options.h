/* The command line of PROTOCOL.md. */
#pragma once

#include <stdbool.h>

#include "logfile.h"

struct options {
	const char *dir, *id, *bundle, *process, *spill_dir, *oom_file;
	bool exec, tty, stdin_open, stdin_once;
	unsigned rows, columns;
	struct logfile_options log; /* path NULL: no log */
	char **runtime;             /* NULL at the end */
};

/* Returns NULL, or what is wrong. */
const char *options_parse(struct options *options, int argc, char **argv);

#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { DIR_OPT = 1, KIND, ID, BUNDLE, PROCESS, TTY, ROWS, COLUMNS, STDIN, STDIN_ONCE, LOG, LOG_SIZE, LOG_FILES, LOG_COMPRESS, LOG_ATTRS, SPILL, OOM };

static const struct option table[] = {
    {"dir", required_argument, NULL, DIR_OPT},
    {"kind", required_argument, NULL, KIND},
    {"id", required_argument, NULL, ID},
    {"bundle", required_argument, NULL, BUNDLE},
    {"process", required_argument, NULL, PROCESS},
    {"tty", no_argument, NULL, TTY},
    {"rows", required_argument, NULL, ROWS},
    {"columns", required_argument, NULL, COLUMNS},
    {"stdin", no_argument, NULL, STDIN},
    {"stdin-once", no_argument, NULL, STDIN_ONCE},
    {"log", required_argument, NULL, LOG},
    {"log-max-size", required_argument, NULL, LOG_SIZE},
    {"log-max-files", required_argument, NULL, LOG_FILES},
    {"log-compress", no_argument, NULL, LOG_COMPRESS},
    {"log-attrs", required_argument, NULL, LOG_ATTRS},
    {"spill-dir", required_argument, NULL, SPILL},
    {"oom-file", required_argument, NULL, OOM},
    {0},
};

/* A decimal number of that range, and nothing else. */
static bool number(long long *out, long long least, long long most)
{
	char *end;
	errno = 0;
	*out = strtoll(optarg, &end, 10);
	return end != optarg && *end == 0 && errno == 0 && *out >= least && *out <= most;
}

static bool take(struct options *options, int option)
{
	long long n;
	switch (option) {
	case DIR_OPT: options->dir = optarg; return true;
	case KIND: options->exec = strcmp(optarg, "exec") == 0; return options->exec || strcmp(optarg, "container") == 0;
	case ID: options->id = optarg; return true;
	case BUNDLE: options->bundle = optarg; return true;
	case PROCESS: options->process = optarg; return true;
	case TTY: options->tty = true; return true;
	case ROWS: if (!number(&n, 0, USHRT_MAX)) return false; options->rows = (unsigned)n; return true;
	case COLUMNS: if (!number(&n, 0, USHRT_MAX)) return false; options->columns = (unsigned)n; return true;
	case STDIN: options->stdin_open = true; return true;
	case STDIN_ONCE: options->stdin_once = true; return true;
	case LOG: options->log.path = optarg; return true;
	case LOG_SIZE: return number(&options->log.max_size, 0, LLONG_MAX / 4);
	case LOG_FILES: if (!number(&n, 1, INT_MAX)) return false; options->log.max_files = (int)n; return true;
	case LOG_COMPRESS: options->log.compress = true; return true;
	case LOG_ATTRS: options->log.attrs = optarg; return true;
	case SPILL: options->spill_dir = optarg; return true;
	case OOM: options->oom_file = optarg; return true;
	default: return false;
	}
}

const char *options_parse(struct options *options, int argc, char **argv)
{
	int option;
	*options = (struct options){.spill_dir = "/var/tmp", .log = {.max_files = 1}};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+", table, NULL)) != -1)
		if (!take(options, option))
			return "bad option or value";
	options->runtime = argv + optind;
	if (!options->dir || !options->id || !options->runtime[0])
		return "--dir, --id and a runtime are needed";
	if (options->exec ? !options->process : !options->bundle)
		return "--bundle or --process is needed";
	return NULL;
}

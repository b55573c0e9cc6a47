/* JSON string escaping as Docker's json-file log does it. */
#pragma once

#include <stddef.h>

/* The most bytes one input byte becomes. */
#define ESCAPE_GROWTH 6

/*
 * Writes the inside of a JSON string (no quotes) for `length` bytes to `out`, which has room for ESCAPE_GROWTH bytes each.
 * Invalid UTF-8 becomes U+FFFD, one per bad byte; `<`, `>`, `&`, U+2028 and U+2029 are escaped. Returns the bytes written.
 */
size_t json_escape(char *out, const char *in, size_t length);

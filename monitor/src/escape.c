#include "escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* True for bytes that stand for themselves. */
static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\' && byte != '<' && byte != '>' && byte != '&';
}

static size_t escape_ascii(char *out, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	out[0] = '\\';
	switch (byte) {
	case '"':
	case '\\':
		out[1] = (char)byte;
		return 2;
	case '\n':
		out[1] = 'n';
		return 2;
	case '\r':
		out[1] = 'r';
		return 2;
	default:
		memcpy(out + 1, "u00", 3);
		out[4] = hex[byte >> 4];
		out[5] = hex[byte & 15];
		return 6;
	}
}

/* Length of the valid UTF-8 sequence at `in` (RFC 3629: no overlong forms, no surrogates), 0 when there is none. */
static size_t utf8_length(const unsigned char *in, size_t length)
{
	unsigned char first = in[0];
	unsigned char low = 0x80, high = 0xbf;
	size_t size;
	if (first >= 0xc2 && first <= 0xdf)
		size = 2;
	else if (first >= 0xe0 && first <= 0xef)
		size = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		size = 4;
	else
		return 0;
	if (size > length)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (in[1] < low || in[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if (in[i] < 0x80 || in[i] > 0xbf)
			return 0;
	return size;
}

static size_t escape_wide(char *out, const unsigned char *in, size_t length, size_t *consumed)
{
	size_t size = utf8_length(in, length);
	if (size == 0) {
		*consumed = 1;
		memcpy(out, "\\ufffd", 6);
		return 6;
	}
	*consumed = size;
	if (size == 3 && in[0] == 0xe2 && in[1] == 0x80 && (in[2] == 0xa8 || in[2] == 0xa9)) {
		memcpy(out, in[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
		return 6;
	}
	memcpy(out, in, size);
	return size;
}

size_t json_escape(char *out, const char *in, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)in;
	char *start = out;
	size_t i = 0;
	while (i < length) {
		size_t run = i;
		while (run < length && is_plain(bytes[run]))
			run++;
		memcpy(out, in + i, run - i);
		out += run - i;
		i = run;
		if (i == length)
			break;
		if (bytes[i] < 0x80) {
			out += escape_ascii(out, bytes[i++]);
		} else {
			size_t consumed;
			out += escape_wide(out, bytes + i, length - i, &consumed);
			i += consumed;
		}
	}
	return (size_t)(out - start);
}

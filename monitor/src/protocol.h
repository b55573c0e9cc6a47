/* Numbers of PROTOCOL.md. src/linux/monitor/protocol.ts holds the same; a test compares them. */
#pragma once

#define PROTOCOL_VERSION 1
#define LINE_MAX_BYTES 255
#define QUEUE_MEMORY_BYTES (256 * 1024)
#define QUEUE_SPILL_BYTES (1024LL * 1024 * 1024)
#define SOCKET_BUFFER_BYTES (32 * 1024)
#define STDIN_QUEUE_BYTES (64 * 1024)
#define LOG_RECORD_BYTES (16 * 1024)
#define RUNTIME_MESSAGE_BYTES 4096
#define CONNECT_TIMEOUT_MS 60000
#define DRAIN_TIMEOUT_MS 2000
#define CLIENTS_MAX 256
#define FRAME_HEADER_BYTES 8
#define CREDIT_MAX_BYTES 1099511627776

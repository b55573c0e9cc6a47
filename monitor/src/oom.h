/* Did the OOM killer strike in the container's cgroup? */
#pragma once

#include <stdbool.h>

/* Reads `oom_kill N` of v1 memory.oom_control or v2 memory.events. False when the file is gone or NULL. */
bool oom_killed(const char *path);

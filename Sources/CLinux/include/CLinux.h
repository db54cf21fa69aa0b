// What glibc declares only under _GNU_SOURCE, or only as macros, as plain prototypes.
#pragma once
int clinux_placeholder(void);

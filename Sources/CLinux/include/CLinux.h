// What Glibc's Swift module lacks: the calls that glibc declares only under _GNU_SOURCE, or in headers that the module
// leaves out. The bodies are in CLinux.c. Each returns what the system call returns, -1 with `errno` set on failure,
// unless it says otherwise.
//
// Plain prototypes only, and no header of the system but stdint.h: the importer of this header does not define
// _GNU_SOURCE, and a structure that two modules include belongs to either of them.
#pragma once

#include <stdint.h>

// epoll(7): level-triggered.
static const uint32_t CLINUX_EPOLLIN = 0x001;
static const uint32_t CLINUX_EPOLLOUT = 0x004;
static const uint32_t CLINUX_EPOLLERR = 0x008;
static const uint32_t CLINUX_EPOLLHUP = 0x010;

// Events that one wait can bring.
enum { CLINUX_MAX_EVENTS = 256 };

// `word` comes back with each event of the descriptor it was added with.
struct clinux_event {
    uint64_t word;
    uint32_t events;
};

// The descriptor is closed on exec.
int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t word);
int clinux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t word);
int clinux_epoll_remove(int epoll, int descriptor);
// `most` events, and never more than CLINUX_MAX_EVENTS.
int clinux_epoll_wait(int epoll, struct clinux_event *events, int most, int milliseconds);

// A counter at zero; non-blocking, closed on exec.
int clinux_eventfd(void);

// The ends of a pipe to read from and to write to; non-blocking, closed on exec.
int clinux_pipe(int ends[2]);

// From now on, whenever signal `number` comes, its number is written to `descriptor` as one byte, and nothing else
// happens. `descriptor` has to stay open.
int clinux_watch_signal(int number, int descriptor);

// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC. `address` is a struct sockaddr, `length` a socklen_t.
int clinux_accept(int listener, void *address, uint32_t *length);

// From now on a TCP listener leaves those without an answer who begin to connect: of their first packet nothing is kept, so
// that their systems send it again after a while. Those who are connecting already go on.
int clinux_ignore_newcomers(int listener);

// Whether a descriptor is a TCP socket that listens: 1 or 0.
int clinux_is_listening(int descriptor);

// Names the calling thread; the kernel keeps the first 15 bytes.
void clinux_name_thread(const char *name);

// After this the process leaves no core dump and no other process of the same user may read its memory.
int clinux_forbid_dumps(void);

// Whether neither of that holds: 1 or 0.
int clinux_may_be_dumped(void);

// From now on the handler that somebody installed for signal `number`, if any, finds the process as it was before
// clinux_forbid_dumps: another process of the same user may look into it, as the one does that reports a crash.
int clinux_open_to_crash_report(int number);

// Hands memory that was freed back to the kernel.
void clinux_trim_heap(void);

// getaddrinfo(3): the name exists but has no address. glibc hides the constant.
static const int32_t CLINUX_EAI_NODATA = -5;

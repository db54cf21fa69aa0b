#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(EPOLLIN == 0x001 && EPOLLOUT == 0x004 && EPOLLERR == 0x008 && EPOLLHUP == 0x010, "as in the header");
_Static_assert(EAI_NODATA == -5, "as in the header");
_Static_assert(sizeof(socklen_t) == sizeof(uint32_t), "as in the header");

static int control(int epoll, int operation, int descriptor, uint32_t events, uint64_t word) {
    struct epoll_event event = {.events = events, .data = {.u64 = word}};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t word) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, events, word);
}

int clinux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t word) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, events, word);
}

int clinux_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

// The kernel's structure is packed on some architectures and not on others, so it stays in here.
int clinux_epoll_wait(int epoll, struct clinux_event *events, int milliseconds) {
    struct epoll_event ready[CLINUX_MAX_EVENTS];
    int count = epoll_wait(epoll, ready, CLINUX_MAX_EVENTS, milliseconds);
    for (int i = 0; i < count; i++) {
        events[i].word = ready[i].data.u64;
        events[i].events = ready[i].events;
    }
    return count;
}

int clinux_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int clinux_pipe(int ends[2]) { return pipe2(ends, O_NONBLOCK | O_CLOEXEC); }

// Where each watched signal goes. Lock-free, as a signal handler requires.
static atomic_int signal_descriptors[NSIG];

// signal-safety(7): write is allowed here, and errno belongs to the code that was interrupted.
static void pass_on(int number) {
    int interrupted = errno;
    unsigned char byte = (unsigned char)number;
    // A full pipe already holds more signals than anyone needs to hear of.
    ssize_t ignored = write(atomic_load(&signal_descriptors[number]), &byte, 1);
    (void)ignored;
    errno = interrupted;
}

int clinux_watch_signal(int number, int descriptor) {
    if (number < 1 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    atomic_store(&signal_descriptors[number], descriptor);
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    return sigaction(number, &action, NULL);
}

int clinux_accept(int listener, void *address, uint32_t *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int clinux_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

void clinux_trim_heap(void) { malloc_trim(0); }

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
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
int clinux_epoll_wait(int epoll, struct clinux_event *events, int most, int milliseconds) {
    struct epoll_event ready[CLINUX_MAX_EVENTS];
    int count = epoll_wait(epoll, ready, most < CLINUX_MAX_EVENTS ? most : CLINUX_MAX_EVENTS, milliseconds);
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

// socket(7), SO_ATTACH_FILTER: the program sees the TCP header (RFC 9293 3.1) of each packet for the listener; its flags are
// the byte at 13. What it answers is how much of the packet is kept.
int clinux_ignore_newcomers(int listener) {
    enum { flags = 13, syn = 0x02, ack = 0x10 };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, syn | ack),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, syn, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int option(int descriptor, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

int clinux_is_listening(int descriptor) {
    return option(descriptor, SO_ACCEPTCONN) == 1 && option(descriptor, SO_PROTOCOL) == IPPROTO_TCP;
}

void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int clinux_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int clinux_may_be_dumped(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

// The handlers of those who report crashes.
static struct sigaction crash_handlers[NSIG];

static void open_to_report(int number, siginfo_t *info, void *context) {
    int interrupted = errno;
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    errno = interrupted;
    crash_handlers[number].sa_sigaction(number, info, context);
}

int clinux_open_to_crash_report(int number) {
    if (number < 1 || number >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    struct sigaction *former = &crash_handlers[number];
    if (sigaction(number, NULL, former) < 0) return -1;
    // The system's own ways with a signal have no such handler.
    if (!(former->sa_flags & SA_SIGINFO)) return 0;
    struct sigaction action = *former;
    action.sa_sigaction = open_to_report;
    return sigaction(number, &action, NULL);
}

void clinux_trim_heap(void) { malloc_trim(0); }

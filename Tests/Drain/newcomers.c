// Clients that come one after another, open a session and end it at once: `newcomers PORT KEY A_SECOND`, until SIGTERM.
//
// Prints a line for each that is over: the time on the monotonic clock, `open` and how many microseconds it took from
// connecting until the 101, or `refused`, `reset`, `ended`, `answered STATUS` or `silence` for whoever had none.
#include "../Flood/sockets.h"
#include <signal.h>

enum { MOST = 8192, HERE = 0x7f000101, ADDRESSES = 64 };
#define LAST_PATIENCE 10

static struct newcomer {
    int fd, has_asked, is_open;
    double since;
} newcomers[MOST];
static int idle[MOST], idle_count, epoll;
static volatile sig_atomic_t is_over;

static void stop(int signal) { is_over = signal; }

static void begin(int port) {
    static int turn;
    if (idle_count == 0) return;
    int number = idle[--idle_count];
    double since = now();
    int fd = start_connecting(HERE + turn++ % ADDRESSES, port);
    if (fd < 0) fail("connect");
    newcomers[number] = (struct newcomer){.fd = fd, .since = since};
    watch(epoll, fd, EPOLLOUT, EPOLL_CTL_ADD, number);
}

static void end(int number, const char *what) {
    if (what) printf("%.6f %s\n", now(), what);
    close(newcomers[number].fd);
    newcomers[number].fd = -1;
    idle[idle_count++] = number;
}

static void ask(int number, const char *key) {
    struct newcomer *newcomer = &newcomers[number];
    int code = 0;
    socklen_t size = sizeof code;
    getsockopt(newcomer->fd, SOL_SOCKET, SO_ERROR, &code, &size);
    if (code == ECONNREFUSED) return end(number, "refused");
    char request[1024];
    int count = handshake(request, sizeof request, key, "");
    if (code || send(newcomer->fd, request, count, MSG_NOSIGNAL) != count) return end(number, "reset");
    newcomer->has_asked = 1;
    watch(epoll, newcomer->fd, EPOLLIN, EPOLL_CTL_MOD, number);
}

static void hear(int number) {
    static char bytes[1 << 14];
    struct newcomer *newcomer = &newcomers[number];
    ssize_t count = recv(newcomer->fd, bytes, sizeof bytes - 1, 0);
    if (newcomer->is_open) {
        // It has said its farewell, and what comes is the relay's.
        if (count <= 0) end(number, NULL);
        return;
    }
    if (count <= 0) return end(number, count < 0 ? "reset" : "ended");
    bytes[count] = 0;
    if (strncmp(bytes, "HTTP/1.1 101 ", 13) != 0) {
        char what[32];
        snprintf(what, sizeof what, "answered %.3s", bytes + 9);
        return end(number, what);
    }
    printf("%.6f open %.0f\n", now(), (now() - newcomer->since) * 1e6);
    newcomer->is_open = 1;
    static const char farewell[] = {(char)0x88, (char)0x82, 0, 0, 0, 0, 3, (char)0xe8};
    send(newcomer->fd, farewell, sizeof farewell, MSG_NOSIGNAL);
}

int main(int words, char **word) {
    if (words != 4) return 64;
    signal(SIGTERM, stop);
    int port = atoi(word[1]);
    double pause = 1 / atof(word[3]), next = now();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int number = 0; number < MOST; number++) {
        newcomers[number].fd = -1;
        idle[idle_count++] = number;
    }
    double until = 0;
    while (!until || (idle_count < MOST && now() < until)) {
        if (is_over && !until) until = now() + LAST_PATIENCE;
        for (; !until && next < now(); next += pause) begin(port);
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 1);
        for (int index = 0; index < ready; index++) {
            int number = events[index].data.u64;
            if (newcomers[number].fd < 0) continue;
            if (newcomers[number].has_asked) hear(number);
            else ask(number, word[2]);
        }
    }
    for (int number = 0; number < MOST; number++)
        if (newcomers[number].fd >= 0 && !newcomers[number].is_open) end(number, "silence");
    return 0;
}

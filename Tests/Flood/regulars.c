// Good clients of a relay whose provider sends back what it hears: `regulars PORT KEY SESSIONS NEW_A_SECOND SECONDS`.
//
// Each of the sessions sends 100 ms of audio in real time and takes the echo; new sessions are opened steadily and
// closed at once. Prints a line for each: the time on the monotonic clock, `echo` or `open`, and how long it took in
// microseconds: until the last byte of the echo, and from connecting until the 101. Ends before its time on SIGTERM.
#include "sockets.h"
#include <signal.h>

enum { MOST = 4096, PAYLOAD = 3200, SENT = 8 + PAYLOAD, ECHOED = 4 + PAYLOAD, HERE = 0x7f000001, ON_THE_WAY = 64 };
#define PACE 0.1

static struct regular {
    int fd, stays, is_open, has_asked;
    double since, next, sent[ON_THE_WAY];
    long count, heard;
} regulars[MOST];
static int idle[MOST], idle_count, epoll;
static struct sample {
    double time, took;
    char is_open;
} *samples;
static size_t sample_count, sample_room;

static void note(int is_open, double since) {
    if (sample_count == sample_room) {
        sample_room = sample_room ? 2 * sample_room : 1 << 16;
        samples = realloc(samples, sample_room * sizeof *samples);
        if (!samples) fail("realloc");
    }
    double time = now();
    samples[sample_count++] = (struct sample){time, time - since, is_open};
}

static struct regular *begin(int port, int stays) {
    if (idle_count == 0) return NULL;
    int number = idle[--idle_count];
    double since = now();
    int fd = start_connecting(HERE, port);
    if (fd < 0) fail("connect");
    regulars[number] = (struct regular){.fd = fd, .stays = stays, .since = since};
    watch(epoll, fd, EPOLLOUT, EPOLL_CTL_ADD, number);
    return &regulars[number];
}

static void end(int number) {
    if (regulars[number].stays) {
        fprintf(stderr, "a good session was ended\n");
        exit(1);
    }
    close(regulars[number].fd);
    regulars[number].fd = -1;
    idle[idle_count++] = number;
}

static void ask(int number, const char *key) {
    char request[1024];
    int count = handshake(request, sizeof request, key, "");
    if (send(regulars[number].fd, request, count, MSG_NOSIGNAL) != count) fail("send");
    regulars[number].has_asked = 1;
    watch(epoll, regulars[number].fd, EPOLLIN, EPOLL_CTL_MOD, number);
}

static void speak(struct regular *regular) {
    static char frame[SENT] = {(char)0x82, (char)(0x80 | 126), PAYLOAD >> 8, PAYLOAD & 255, 1, 2, 3, 4};
    regular->sent[regular->count++ % ON_THE_WAY] = now();
    regular->next += PACE;
    if (send(regular->fd, frame, SENT, MSG_NOSIGNAL) != SENT) fail("send: the relay takes nothing");
}

static void opened(int number, const char *answer) {
    struct regular *regular = &regulars[number];
    if (strncmp(answer, "HTTP/1.1 101 ", 13) != 0) {
        fprintf(stderr, "a good client was answered: %s\n", answer);
        exit(1);
    }
    note(1, regular->since);
    regular->is_open = 1;
    // Spread over the pace.
    regular->next = now() + PACE * (random() % 1000) / 1000;
    static const char farewell[] = {(char)0x88, (char)0x82, 0, 0, 0, 0, 3, (char)0xe8};
    if (!regular->stays) send(regular->fd, farewell, sizeof farewell, MSG_NOSIGNAL);
}

static void hear(int number) {
    static char bytes[1 << 16];
    struct regular *regular = &regulars[number];
    ssize_t count = recv(regular->fd, bytes, sizeof bytes - 1, 0);
    if (count <= 0) return end(number);
    bytes[count] = 0;
    // The relay sends its 101 with one call, and nothing with it.
    if (!regular->is_open) return opened(number, bytes);
    if (!regular->stays) return;
    long before = regular->heard / ECHOED;
    regular->heard += count;
    for (long echo = before; echo < regular->heard / ECHOED; echo++) note(0, regular->sent[echo % ON_THE_WAY]);
}

static volatile sig_atomic_t has_been_told;

static void tell(int signal) { has_been_told = signal; }

int main(int count, char **words) {
    if (count < 6) return 64;
    signal(SIGTERM, tell);
    int port = atoi(words[1]), sessions = atoi(words[3]);
    double rate = atof(words[4]), end_at = now() + atof(words[5]), next_new = now();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int number = 0; number < MOST; number++) {
        regulars[number].fd = -1;
        idle[idle_count++] = number;
    }
    for (int session = 0; session < sessions; session++) begin(port, 1);
    while (now() < end_at && !has_been_told) {
        for (; next_new < now(); next_new += 1 / rate) begin(port, 0);
        for (int number = 0; number < MOST; number++) {
            struct regular *regular = &regulars[number];
            if (regular->fd >= 0 && regular->stays && regular->is_open && regular->next < now()) speak(regular);
        }
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 1);
        for (int index = 0; index < ready; index++) {
            int number = events[index].data.u64;
            if (regulars[number].has_asked) hear(number);
            else ask(number, words[2]);
        }
    }
    for (size_t index = 0; index < sample_count; index++)
        printf("%.6f %s %.0f\n", samples[index].time, samples[index].is_open ? "open" : "echo", samples[index].took * 1e6);
}

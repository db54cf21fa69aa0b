// Asks for sessions with wrong keys, each time another, at a steady rate and from many addresses of 127.0.0.0/8:
// `strangers PORT RATE SECONDS ADDRESSES [FIELDS]`. Prints, as JSON, how many were answered with what.
#include "sockets.h"

enum { MOST_AT_ONCE = 4000, FIRST_ADDRESS = 0x7f010000 };

static struct stranger {
    int fd, has_asked, status;
} strangers[MOST_AT_ONCE];
static int idle[MOST_AT_ONCE], idle_count;
static long begun, skipped, failed, answers[600];
static int epoll;
static const char *more_fields = "";

static void begin(int port, uint32_t addresses) {
    int number = idle_count > 0 ? idle[idle_count - 1] : -1;
    int fd = number < 0 ? -1 : start_connecting(FIRST_ADDRESS + (uint32_t)random() % addresses, port);
    if (fd < 0) {
        skipped++;
        return;
    }
    idle_count--;
    begun++;
    strangers[number] = (struct stranger){.fd = fd};
    watch(epoll, fd, EPOLLOUT, EPOLL_CTL_ADD, number);
}

static void end(int number) {
    struct stranger *stranger = &strangers[number];
    if (stranger->status > 0 && stranger->status < 600) answers[stranger->status]++;
    else failed++;
    close(stranger->fd);
    idle[idle_count++] = number;
}

static void ask(int number) {
    char key[48], request[1024];
    snprintf(key, sizeof key, "tg_%08lx%08lx%08lx%08lx00000000000", random(), random(), random(), random());
    int count = handshake(request, sizeof request, key, more_fields);
    if (send(strangers[number].fd, request, count, MSG_NOSIGNAL) != count) return end(number);
    strangers[number].has_asked = 1;
    watch(epoll, strangers[number].fd, EPOLLIN, EPOLL_CTL_MOD, number);
}

static void hear(int number) {
    char answer[4096];
    ssize_t count = recv(strangers[number].fd, answer, sizeof answer - 1, 0);
    if (count <= 0) return end(number);
    answer[count] = 0;
    if (strangers[number].status == 0) sscanf(answer, "HTTP/1.1 %d ", &strangers[number].status);
}

int main(int count, char **words) {
    if (count < 5) return 64;
    int port = atoi(words[1]);
    double rate = atof(words[2]), seconds = atof(words[3]), start = now();
    uint32_t addresses = atoi(words[4]);
    if (count > 5) more_fields = words[5];
    epoll = epoll_create1(EPOLL_CLOEXEC);
    srandom(getpid());
    for (int number = 0; number < MOST_AT_ONCE; number++) idle[idle_count++] = number;
    while (now() < start + seconds) {
        while (begun + skipped < (now() - start) * rate) begin(port, addresses);
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 1);
        for (int index = 0; index < ready; index++) {
            int number = events[index].data.u64;
            if (strangers[number].has_asked) hear(number);
            else ask(number);
        }
    }
    printf("{\"begun\": %ld, \"skipped\": %ld, \"failed\": %ld", begun, skipped, failed);
    for (int status = 0; status < 600; status++)
        if (answers[status] > 0) printf(", \"%d\": %ld", status, answers[status]);
    printf("}\n");
}

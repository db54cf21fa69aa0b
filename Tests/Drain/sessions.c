// Sessions that stay until the relay ends them: `sessions PORT KEY COUNT`.
//
// Opens so many, a few at a time, and lets each of them say a tenth of a second of silence now and then. Prints `open` when
// the provider has begun all of them; then for each that ends a line: the time on the monotonic clock, and the code of the
// relay's Close, which is answered, or what else came: `lost` without a Close, `cut` without the FIN behind it, `answer` for
// anything but a 101. Ends with the last of them.
#include "../Flood/sockets.h"

enum { AT_ONCE = 64, PAYLOAD = 3200, SENT = 8 + PAYLOAD, HELD = 4096, HERE = 0x7f000001, PER_ADDRESS = 20000 };
#define PACE 5.0

static struct session {
    int fd, has_asked, is_open, has_begun, code;
    double next;
    int held;
    unsigned char bytes[HELD];
} *sessions;
static int epoll, port, count, opened, begun, ended;
static const char *key;

static void begin(int number) {
    int fd = start_connecting(HERE + number / PER_ADDRESS, port);
    if (fd < 0) fail("connect");
    sessions[number] = (struct session){.fd = fd};
    watch(epoll, fd, EPOLLOUT, EPOLL_CTL_ADD, number);
}

static void end(struct session *session, const char *what) {
    if (session->code) printf("%.6f %d%s\n", now(), session->code, what);
    else printf("%.6f%s\n", now(), what);
    fflush(stdout);
    close(session->fd);
    session->fd = -1;
    ended++;
}

static void put(struct session *session, const void *bytes, size_t size) {
    // What a relay that goes away does not take, nobody misses.
    if (send(session->fd, bytes, size, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET && errno != EAGAIN)
        fail("send");
}

static void ask(int number) {
    char request[1024];
    put(&sessions[number], request, handshake(request, sizeof request, key, ""));
    sessions[number].has_asked = 1;
    watch(epoll, sessions[number].fd, EPOLLIN, EPOLL_CTL_MOD, number);
}

static void speak(struct session *session) {
    static char frame[SENT] = {(char)0x82, (char)(0x80 | 126), (char)(PAYLOAD >> 8), (char)(PAYLOAD & 255), 1, 2, 3, 4};
    session->next += PACE;
    put(session, frame, SENT);
}

// A control frame, masked with zeros.
static void answer(struct session *session, int opcode, const unsigned char *payload, int size) {
    unsigned char frame[6 + 125] = {(unsigned char)(0x80 | opcode), (unsigned char)(0x80 | size)};
    memcpy(frame + 6, payload, size);
    put(session, frame, 6 + size);
}

static void hear_frame(struct session *session, int opcode, const unsigned char *payload, int size) {
    if (opcode == 9) return answer(session, 10, payload, size);
    if (opcode == 8 && !session->code) {
        session->code = size < 2 ? 1005 : payload[0] << 8 | payload[1];
        return answer(session, 8, payload, size < 2 ? 0 : 2);
    }
    if (opcode != 1 || session->has_begun || !memmem(payload, size, "\"Begin\"", 7)) return;
    session->has_begun = 1;
    session->next = now() + PACE * (random() % 1000) / 1000;
    if (++begun == count) {
        printf("open\n");
        fflush(stdout);
    }
}

// Takes what is whole from the front of what is held; how much that was, or -1 for what cannot be taken.
static int take(struct session *session) {
    unsigned char *bytes = session->bytes;
    if (!session->is_open) {
        unsigned char *blank = memmem(bytes, session->held, "\r\n\r\n", 4);
        if (!blank) return 0;
        if (session->held < 13 || memcmp(bytes, "HTTP/1.1 101 ", 13) != 0) return -1;
        session->is_open = 1;
        opened++;
        return blank + 4 - bytes;
    }
    if (session->held < 2) return 0;
    int head = bytes[1] == 126 ? 4 : 2, size = bytes[1];
    if (size > 126) return -1;
    if (session->held < head) return 0;
    if (head == 4) size = bytes[2] << 8 | bytes[3];
    if (head + size > HELD) return -1;
    if (session->held < head + size) return 0;
    hear_frame(session, bytes[0] & 15, bytes + head, size);
    return head + size;
}

static void hear(struct session *session) {
    ssize_t got = recv(session->fd, session->bytes + session->held, HELD - session->held, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end(session, session->code ? (got ? " cut" : "") : " lost");
    session->held += got;
    int taken;
    while ((taken = take(session)) > 0) {
        session->held -= taken;
        memmove(session->bytes, session->bytes + taken, session->held);
    }
    if (taken < 0 || session->held == HELD) end(session, " answer");
}

int main(int words, char **word) {
    if (words != 4) return 64;
    port = atoi(word[1]);
    key = word[2];
    count = atoi(word[3]);
    sessions = calloc(count, sizeof *sessions);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!sessions || epoll < 0) fail("calloc");
    int started = 0;
    double look = 0;
    while (ended < count) {
        while (started < count && started - begun - ended < AT_ONCE) begin(started++);
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 20);
        for (int index = 0; index < ready; index++) {
            int number = events[index].data.u64;
            if (sessions[number].fd < 0) continue;
            if (sessions[number].has_asked) hear(&sessions[number]);
            else ask(number);
        }
        if (now() < look) continue;
        look = now() + 0.05;
        for (int number = 0; number < started; number++) {
            struct session *session = &sessions[number];
            if (session->fd >= 0 && session->has_begun && !session->code && session->next < now()) speak(session);
        }
    }
    return 0;
}

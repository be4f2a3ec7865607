// The transport floor: what a call costs before anything is read or decided.
//
// One thread, epoll and libnghttp2, no more. It gathers each call's message, as any server must,
// but never looks at it, and answers with the same message always, as long as an answer of
// Authorize to one check. Verdict's own numbers are quoted as multiples of this server's in the
// same run.
//
// Like any server it answers all that one read brought with one write.
//
// usage: floor tcp:PORT [FILE] | floor unix:PATH [FILE]
//
// Port 0: any; the line printed says which.
//
// FILE holds a framed message to answer with instead.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  READ_BYTES = 64 * 1024,
  EVENTS_MAX = 128,
  STREAMS_MAX = 1000,
  MESSAGE_BYTES = 512,  // what is longer is cut
  // 5 of gRPC's prefix; decision id 18, digest 34, generation 2, effects 3, reasons 3.
  ANSWER_BYTES = 5 + 60,
  ANSWER_BYTES_MAX = 4096,
};

struct connection {
  int fd;
  nghttp2_session *session;
  uint8_t *out;
  size_t out_count, out_capacity;
};

struct call {
  size_t gathered, sent;
  uint8_t message[MESSAGE_BYTES];
};

static uint8_t answer[ANSWER_BYTES_MAX] = {0, 0, 0, 0, ANSWER_BYTES - 5};
static size_t answer_count = ANSWER_BYTES;
static uint8_t input[READ_BYTES];

#define HEADER(name, value)                                                                \
  {(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1,             \
   NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE}

static const nghttp2_nv head[] = {
    HEADER(":status", "200"), HEADER("content-type", "application/grpc")};
static const nghttp2_nv trailer[] = {HEADER("grpc-status", "0")};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// A message that looks like an answer, so that a client can parse it.
static void write_answer(void) {
  uint8_t *at = answer + 5;
  *at++ = 0x0a, *at++ = 16, memset(at, 0x5a, 16), at += 16;
  *at++ = 0x12, *at++ = 32, memset(at, 0xa5, 32), at += 32;
  *at++ = 0x18, *at++ = 1;
  *at++ = 0x22, *at++ = 1, *at++ = 1;
  *at++ = 0x2a, *at++ = 1, *at++ = 1;
  if (at != answer + ANSWER_BYTES) abort();
}

static void read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) fail("floor: the file with the answer");
  answer_count = fread(answer, 1, sizeof answer, file);
  if (answer_count < 5 || !feof(file)) fail("floor: an answer of that length");
  fclose(file);
}

static ssize_t read_answer(
    nghttp2_session *session, int32_t stream, uint8_t *into, size_t room, uint32_t *flags,
    nghttp2_data_source *source, void *user) {
  (void)user;
  struct call *call = source->ptr;
  size_t left = answer_count - call->sent;
  size_t count = left < room ? left : room;
  memcpy(into, answer + call->sent, count);
  call->sent += count;
  if (count == left) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (nghttp2_submit_trailer(session, stream, trailer, 1) != 0) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }
  return (ssize_t)count;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  (void)user;
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  struct call *call = calloc(1, sizeof *call);
  if (!call) fail("floor: calloc");
  return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, call);
}

// Real servers look at headers; this is here so that nghttp2 hands them over.
static int on_header(
    nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_count,
    const uint8_t *value, size_t value_count, uint8_t flags, void *user) {
  (void)session, (void)frame, (void)name, (void)name_count, (void)value, (void)value_count;
  (void)flags, (void)user;
  return 0;
}

static int on_data(
    nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t count,
    void *user) {
  (void)flags, (void)user;
  struct call *call = nghttp2_session_get_stream_user_data(session, stream);
  if (!call) return 0;
  size_t room = MESSAGE_BYTES - call->gathered;
  size_t kept = count < room ? count : room;
  memcpy(call->message + call->gathered, data, kept);
  call->gathered += kept;
  return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  (void)user;
  uint8_t type = frame->hd.type;
  if ((type == NGHTTP2_DATA || type == NGHTTP2_HEADERS) &&
      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
    int32_t stream = frame->hd.stream_id;
    nghttp2_data_provider body = {
        .source.ptr = nghttp2_session_get_stream_user_data(session, stream),
        .read_callback = read_answer};
    return nghttp2_submit_response(session, stream, head, 2, &body);
  }
  return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *user) {
  (void)error, (void)user;
  free(nghttp2_session_get_stream_user_data(session, stream));
  return 0;
}

static int write_all(int fd, const uint8_t *from, size_t count) {
  while (count > 0) {
    ssize_t written = write(fd, from, count);
    if (written >= 0) {
      from += written;
      count -= (size_t)written;
    } else if (errno == EAGAIN) {
      struct pollfd room = {.fd = fd, .events = POLLOUT};
      poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return -1;
    }
  }
  return 0;
}

// Everything that the session has to say, in one write. 0: the connection goes on.
static int flush(struct connection *c) {
  for (;;) {
    const uint8_t *bytes;
    ssize_t count = nghttp2_session_mem_send(c->session, &bytes);
    if (count < 0) return -1;
    if (count == 0) break;
    size_t needed = c->out_count + (size_t)count;
    if (needed > c->out_capacity) {
      c->out_capacity = needed * 2;
      c->out = realloc(c->out, c->out_capacity);
      if (!c->out) fail("floor: realloc");
    }
    memcpy(c->out + c->out_count, bytes, (size_t)count);
    c->out_count = needed;
  }
  int written = write_all(c->fd, c->out, c->out_count);
  c->out_count = 0;
  if (written != 0) return -1;
  return nghttp2_session_want_read(c->session) || nghttp2_session_want_write(c->session) ? 0 : -1;
}

static void drop(struct connection *c) {
  close(c->fd);
  nghttp2_session_del(c->session);
  free(c->out);
  free(c);
}

static void serve(struct connection *c) {
  ssize_t count = read(c->fd, input, sizeof input);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0 || nghttp2_session_mem_recv(c->session, input, (size_t)count) < 0 ||
      flush(c) != 0) {
    drop(c);
  }
}

static void accept_one(int listener, int epoll, nghttp2_session_callbacks *callbacks) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on a Unix socket, rightly

  struct connection *c = calloc(1, sizeof *c);
  if (!c || nghttp2_session_server_new(&c->session, callbacks, c) != 0) fail("floor: session");
  c->fd = fd;
  nghttp2_settings_entry streams = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, &streams, 1) != 0 ||
      epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    fail("floor: new connection");
  }
  if (flush(c) != 0) drop(c);
}

static int listen_tcp(const char *port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 512) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
    fail("floor: tcp");
  }
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  return fd;
}

static int listen_unix(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    fprintf(stderr, "floor: the path of a Unix socket has at most %zu bytes\n",
            sizeof address.sun_path - 1);
    exit(64);
  }
  strcpy(address.sun_path, path);
  unlink(path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(fd, 512) != 0) {
    fail("floor: unix");
  }
  printf("listening on unix:%s\n", path);
  return fd;
}

int main(int argc, char **argv) {
  int listener = -1;
  if (argc >= 2 && strncmp(argv[1], "tcp:", 4) == 0) listener = listen_tcp(argv[1] + 4);
  if (argc >= 2 && strncmp(argv[1], "unix:", 5) == 0) listener = listen_unix(argv[1] + 5);
  if (listener < 0) {
    fputs("usage: floor tcp:PORT [FILE] | floor unix:PATH [FILE]\n", stderr);
    return 64;
  }
  fflush(stdout);
  signal(SIGPIPE, SIG_IGN);
  if (argc > 2) {
    read_file(argv[2]);
  } else {
    write_answer();
  }

  nghttp2_session_callbacks *callbacks;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) fail("floor: callbacks");
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);

  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) fail("floor: epoll");
  for (;;) {
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr) {
        serve(events[i].data.ptr);
      } else {
        accept_one(listener, epoll, callbacks);
      }
    }
  }
}

// A gRPC load client whose messages differ from call to call (h2load sends one body again and
// again, which trains the server's branch predictor).
//
// One thread keeps CONNECTIONS x STREAMS calls in flight until CALLS were answered, taking their
// messages from FILE in turn, and prints one line of JSON. A call counts as answered only with HTTP
// status 200, grpc-status 0 and a message; if any other outcome is seen the exit status is 1.
//
// With RATE calls begin at even times, so many a second, whether or not earlier ones were answered,
// and each one's time counts from when it should have begun: a server that stalls can't hide it.
// 0: as soon as one before is answered.
//
// With MESSAGES a call is a stream of so many messages, each of which has to be answered by one.
//
// usage: loadgen ADDRESS PATH FILE CONNECTIONS STREAMS CALLS SECONDS_MAX [RATE [MESSAGES]]
//   ADDRESS  tcp:PORT (loopback) or unix:PATH
//   PATH     /package.Service/Method
//   FILE     messages one after the other, each as gRPC frames it: 0, four bytes of length, bytes

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "loadgen.h"

enum { PREFIX_BYTES = 5, READ_BYTES = 256 * 1024, PENDING_BYTES_MAX = 256 * 1024, EVENTS_MAX = 64 };

struct message {
  const uint8_t *bytes;
  size_t count;
};

struct call {
  struct message message;
  size_t sent, answer_count;
  // Of this call: messages still to send, answers that were whole, and where the next one stands.
  uint64_t left, answers;
  size_t prefix_count, body_left;
  uint8_t prefix[PREFIX_BYTES];
  uint64_t start_nanoseconds;
  bool status_is_200, grpc_status_is_0;
};

struct connection {
  int fd;
  bool waits_for_room;
  nghttp2_session *session;
  uint8_t *out;
  size_t out_count, out_sent, out_capacity;
  int streams_open;
};

static struct {
  const char *path;
  struct message *messages;
  size_t message_count;
  int streams;
  uint64_t calls, started, answered, failed, answer_bytes, messages_a_call, next_message;
  double rate;
  uint64_t begin_nanoseconds;
  uint32_t *nanoseconds;
} load;

// MARK: calls

static ssize_t read_message(
    nghttp2_session *session, int32_t stream, uint8_t *into, size_t room, uint32_t *flags,
    nghttp2_data_source *source, void *user) {
  (void)session, (void)stream, (void)user;
  struct call *call = source->ptr;
  size_t done = 0;
  while (done < room) {
    size_t left = call->message.count - call->sent;
    size_t count = left < room - done ? left : room - done;
    memcpy(into + done, call->message.bytes + call->sent, count);
    call->sent += count;
    done += count;
    if (count < left) break;
    if (--call->left == 0) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      break;
    }
    call->message = load.messages[load.next_message++ % load.message_count];
    call->sent = 0;
  }
  return (ssize_t)done;
}

// Count the answers that are whole.
static void count_answers(struct call *call, const uint8_t *data, size_t count) {
  while (count > 0) {
    if (call->prefix_count < PREFIX_BYTES) {
      call->prefix[call->prefix_count++] = *data++;
      count--;
      if (call->prefix_count < PREFIX_BYTES) continue;
      uint32_t length;
      memcpy(&length, call->prefix + 1, sizeof length);
      call->body_left = ntohl(length);
    }
    size_t step = count < call->body_left ? count : call->body_left;
    call->body_left -= step;
    data += step;
    count -= step;
    if (call->body_left == 0) {
      call->answers++;
      call->prefix_count = 0;
    }
  }
}

#define HEADER(name, value) \
  {(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1, NGHTTP2_NV_FLAG_NONE}

// When the next call is to begin, at a rate.
static uint64_t due(void) {
  return load.begin_nanoseconds + (uint64_t)((double)load.started * 1e9 / load.rate);
}

static void start_call(struct connection *c, uint64_t start_nanoseconds) {
  nghttp2_nv headers[] = {
      HEADER(":method", "POST"), HEADER(":scheme", "http"), HEADER(":path", ""),
      HEADER(":authority", "localhost"), HEADER("content-type", "application/grpc"),
      HEADER("te", "trailers")};
  headers[2].value = (uint8_t *)load.path;
  headers[2].valuelen = strlen(load.path);

  struct call *call = allocated(calloc(1, sizeof *call));
  load.started++;
  call->message = load.messages[load.next_message++ % load.message_count];
  call->left = load.messages_a_call;
  call->start_nanoseconds = start_nanoseconds;
  nghttp2_data_provider body = {.source.ptr = call, .read_callback = read_message};
  if (nghttp2_submit_request(c->session, NULL, headers, 6, &body, call) < 0) {
    fail("a request could not be submitted");
  }
  c->streams_open++;
}

static int on_header(
    nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_count,
    const uint8_t *value, size_t value_count, uint8_t flags, void *user) {
  (void)flags, (void)user;
  struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (!call) return 0;
  if (name_count == 7 && memcmp(name, ":status", 7) == 0) {
    call->status_is_200 = value_count == 3 && memcmp(value, "200", 3) == 0;
  } else if (name_count == 11 && memcmp(name, "grpc-status", 11) == 0) {
    call->grpc_status_is_0 = value_count == 1 && *value == '0';
  }
  return 0;
}

static int on_data(
    nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t count,
    void *user) {
  (void)flags, (void)user;
  struct call *call = nghttp2_session_get_stream_user_data(session, stream);
  if (!call) return 0;
  call->answer_count += count;
  count_answers(call, data, count);
  return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *user) {
  struct connection *c = user;
  struct call *call = nghttp2_session_get_stream_user_data(session, stream);
  if (!call) return 0;
  bool good = error == NGHTTP2_NO_ERROR && call->status_is_200 && call->grpc_status_is_0 &&
              call->answers == load.messages_a_call &&
              call->answer_count > PREFIX_BYTES * load.messages_a_call;
  if (!good) load.failed++;
  load.answer_bytes += call->answer_count;
  uint64_t took = now() - call->start_nanoseconds;
  load.nanoseconds[load.answered++] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
  free(call);
  c->streams_open--;
  return 0;
}

// MARK: connections

static void open_connection(
    struct connection *c, const char *address, nghttp2_session_callbacks *callbacks, int epoll) {
  nghttp2_settings_entry settings = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 16 * 1024 * 1024};
  c->fd = connected_socket(address);
  if (nghttp2_session_client_new(&c->session, callbacks, c) != 0 ||
      nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, &settings, 1) != 0 ||
      nghttp2_session_set_local_window_size(
          c->session, NGHTTP2_FLAG_NONE, 0, 16 * 1024 * 1024) != 0) {
    fail("a session could not be made");
  }
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) fail("epoll: %s", strerror(errno));
}

static void wait_for_room(struct connection *c, int epoll, bool waits) {
  if (c->waits_for_room == waits) return;
  c->waits_for_room = waits;
  struct epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event) != 0) fail("epoll: %s", strerror(errno));
}

// Gather what the session has to say, up to a limit that bounds the copy. False: nothing is left.
static bool gather(struct connection *c) {
  while (c->out_count < PENDING_BYTES_MAX) {
    const uint8_t *bytes;
    ssize_t count = nghttp2_session_mem_send(c->session, &bytes);
    if (count < 0) fail("nghttp2: %s", nghttp2_strerror((int)count));
    if (count == 0) break;
    size_t needed = c->out_count + (size_t)count;
    if (needed > c->out_capacity) {
      c->out_capacity = needed * 2;
      c->out = allocated(realloc(c->out, c->out_capacity));
    }
    memcpy(c->out + c->out_count, bytes, (size_t)count);
    c->out_count = needed;
  }
  return c->out_count > 0;
}

// New calls for finished ones, and everything written that there is room for.
static void pump(struct connection *c, int epoll) {
  while (load.rate == 0 && c->streams_open < load.streams && load.started < load.calls) {
    start_call(c, now());
  }
  for (;;) {
    while (c->out_sent < c->out_count) {
      ssize_t count = write(c->fd, c->out + c->out_sent, c->out_count - c->out_sent);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return wait_for_room(c, epoll, true);
      if (count < 0) fail("write: %s", strerror(errno));
      c->out_sent += (size_t)count;
    }
    c->out_sent = c->out_count = 0;
    if (!gather(c)) return wait_for_room(c, epoll, false);
  }
}

static void receive(struct connection *c) {
  static uint8_t input[READ_BYTES];
  ssize_t count = read(c->fd, input, sizeof input);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) fail("read: %s", strerror(errno));
  if (count == 0) fail("the server closed a connection with %d calls open", c->streams_open);
  ssize_t taken = nghttp2_session_mem_recv(c->session, input, (size_t)count);
  if (taken < 0) fail("nghttp2: %s", nghttp2_strerror((int)taken));
}

// Begins the calls that are due, on one connection after the other; those without room wait.
static void start_due(struct connection *all, int connections, int epoll) {
  static int next;
  int full = 0, begun = 0;
  while (load.started < load.calls && full < connections && due() <= now()) {
    struct connection *c = &all[next];
    next = (next + 1) % connections;
    if (c->streams_open >= load.streams) {
      full++;
      continue;
    }
    full = 0;
    start_call(c, due());
    begun++;
  }
  for (int i = 0; begun > 0 && i < connections; i++) {
    if (!all[i].waits_for_room) pump(&all[i], epoll);
  }
}

// Waits for events, at a rate no longer than until the next call is due.
static int wait_for_events(int epoll, struct epoll_event *events) {
  uint64_t nanoseconds = 1000000000u;
  if (load.rate > 0 && load.started < load.calls) {
    uint64_t next = due(), at = now();
    nanoseconds = next > at ? next - at : 0;
    // Where every connection is full, answers come first.
    if (nanoseconds == 0) nanoseconds = 20000;
    if (nanoseconds > 1000000000u) nanoseconds = 1000000000u;
  }
  struct timespec timeout = {.tv_sec = (time_t)(nanoseconds / 1000000000u),
                             .tv_nsec = (long)(nanoseconds % 1000000000u)};
  int count = epoll_pwait2(epoll, events, EVENTS_MAX, &timeout, NULL);
  if (count < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
  return count;
}

// MARK: the whole run

static void read_messages(const char *path) {
  struct stat about;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &about) != 0) fail("%s: %s", path, strerror(errno));
  size_t count = (size_t)about.st_size;
  const uint8_t *at = mmap(NULL, count, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (at == MAP_FAILED) fail("%s: %s", path, strerror(errno));
  for (const uint8_t *end = at + count; at < end;) {
    if (end - at < PREFIX_BYTES) fail("%s: ends inside a prefix", path);
    uint32_t length;
    memcpy(&length, at + 1, 4);
    size_t framed = PREFIX_BYTES + (size_t)ntohl(length);
    if (*at != 0 || framed > (size_t)(end - at)) fail("%s: not framed messages", path);
    if ((load.message_count & (load.message_count - 1)) == 0) {
      size_t capacity = load.message_count ? load.message_count * 2 : 1;
      load.messages = allocated(realloc(load.messages, capacity * sizeof *load.messages));
    }
    load.messages[load.message_count++] = (struct message){at, framed};
    at += framed;
  }
  close(fd);
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double microseconds_at(double share) {
  uint64_t index = (uint64_t)((double)load.answered * share);
  return load.nanoseconds[index < load.answered ? index : load.answered - 1] / 1e3;
}

static void report(double seconds) {
  qsort(load.nanoseconds, load.answered, sizeof *load.nanoseconds, by_size);
  printf(
      "{\"calls\": %lu, \"failed\": %lu, \"seconds\": %.6f, \"calls_per_second\": %.1f, "
      "\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, "
      "\"answer_bytes\": %lu}\n",
      load.answered, load.failed, seconds, (double)load.answered / seconds, microseconds_at(0.5),
      microseconds_at(0.99), microseconds_at(0.999), microseconds_at(1), load.answer_bytes);
}

int main(int argc, char **argv) {
  if (argc < 8 || argc > 10) {
    fputs(
        "usage: loadgen ADDRESS PATH FILE CONNECTIONS STREAMS CALLS SECONDS_MAX "
        "[RATE [MESSAGES]]\n", stderr);
    return 64;
  }
  load.path = argv[2];
  read_messages(argv[3]);
  int connections = atoi(argv[4]);
  load.streams = atoi(argv[5]);
  load.calls = strtoull(argv[6], NULL, 10);
  load.messages_a_call = argc == 10 ? strtoull(argv[9], NULL, 10) : 1;
  uint64_t limit = strtoull(argv[7], NULL, 10) * 1000000000u;
  load.rate = argc > 8 ? atof(argv[8]) : 0;
  if (load.rate < 0 || connections < 1 || load.streams < 1 || load.calls < 1 || limit < 1 ||
      load.messages_a_call < 1 || !load.message_count) {
    fail("the counts start at 1, and FILE holds a message");
  }
  load.nanoseconds = allocated(malloc(load.calls * sizeof *load.nanoseconds));

  nghttp2_session_callbacks *callbacks;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) fail("out of memory");
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);

  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll: %s", strerror(errno));
  struct connection *all = allocated(calloc((size_t)connections, sizeof *all));
  for (int i = 0; i < connections; i++) open_connection(&all[i], argv[1], callbacks, epoll);

  uint64_t start = load.begin_nanoseconds = now();
  for (int i = 0; i < connections; i++) pump(&all[i], epoll);
  while (load.answered < load.calls) {
    struct epoll_event events[EVENTS_MAX];
    if (load.rate > 0) start_due(all, connections, epoll);
    int count = wait_for_events(epoll, events);
    for (int i = 0; i < count; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & ~(uint32_t)EPOLLOUT) receive(c);
      pump(c, epoll);
    }
    if (now() - start > limit) {
      fail("%lu of %lu calls were answered in %s s", load.answered, load.calls, argv[7]);
    }
  }
  report((double)(now() - start) / 1e9);
  return load.failed == 0 ? 0 : 1;
}

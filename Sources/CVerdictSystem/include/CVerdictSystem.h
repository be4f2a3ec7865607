// The system calls that Swift cannot import, and prefetch. Every call answers as the kernel does:
// a result of zero or more, or the negated errno. Nothing here decides anything.
#pragma once

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

/// One ready descriptor: what is ready, and the word that was given at registration.
struct verdict_event {
  uint64_t user;
  uint32_t ready;
};

enum {
  VERDICT_READABLE = 0x001,  // EPOLLIN
  VERDICT_WRITABLE = 0x004,  // EPOLLOUT
  VERDICT_FAILED = 0x008,    // EPOLLERR
  VERDICT_HUNG_UP = 0x010,   // EPOLLHUP
};

int verdict_epoll_create(void);
int verdict_epoll_add(int epoll, int descriptor, uint32_t interest, uint64_t user);
/// Watches a timer of `verdict_timerfd`.
int verdict_epoll_add_timer(int epoll, int timer, uint64_t user);
int verdict_epoll_modify(int epoll, int descriptor, uint32_t interest, uint64_t user);
int verdict_epoll_remove(int epoll, int descriptor);
/// Waits for at most `capacity` (up to 128) events; a negative timeout waits without end. The one
/// with the word `timer` is left out, and sets `is_due`.
int verdict_epoll_wait(int epoll, struct verdict_event *events, int capacity, int timeout_ms,
                       uint64_t timer, bool *is_due);

/// A non-blocking, close-on-exec timer of CLOCK_MONOTONIC.
int verdict_timerfd(void);
/// When it comes due next, in nanoseconds above 0; instead of what was set before.
int verdict_timerfd_set(int timer, uint64_t nanoseconds);

/// A non-blocking, close-on-exec event counter.
int verdict_eventfd(void);
/// Blocks the signals in the calling thread and answers a non-blocking descriptor for them.
int verdict_signalfd(const int *signals, int count);
/// The number of the next pending signal.
int verdict_signalfd_read(int descriptor);

/// Accepts a non-blocking, close-on-exec connection.
int verdict_accept(int listener);
/// A close-on-exec stream socket.
int verdict_socket(int family);
/// An option of one int.
int verdict_set_option(int descriptor, int level, int name, int value);
int verdict_set_nonblocking(int descriptor, int on);
/// `read` and `send` (without SIGPIPE), not repeated when a signal interrupts them.
intptr_t verdict_read(int descriptor, void *bytes, size_t count);
intptr_t verdict_send(int descriptor, const void *bytes, size_t count);

/// Opens for reading, without blocking, what stays below the directory whatever links say.
int verdict_open_beneath(int directory, const char *path);

/// Maps `count` bytes of fresh memory, in huge pages where the system has them; null and `*error`
/// on failure.
void *verdict_map(size_t count, int *error);
/// Forbids writing to what `verdict_map` answered.
int verdict_map_protect(void *base, size_t count);

/// Fills `bytes` from the kernel's random source.
int verdict_random(void *bytes, size_t count);
uint64_t verdict_monotonic_ns(void);
int64_t verdict_real_ns(void);
/// Processor time that the calling thread has taken.
uint64_t verdict_thread_cpu_ns(void);
/// Names the calling thread; 15 bytes at most.
void verdict_name_thread(const char *name);
/// Processors that this process may run on.
int verdict_processor_count(void);

/// Asks for the cache line at `address`, which need not be mapped.
static inline void verdict_prefetch(const void *address) { __builtin_prefetch(address); }

/// The environment of the process: null after the last `NAME=VALUE`. Nobody here changes it.
char *const *verdict_environment(void);

#define _GNU_SOURCE
#include "CVerdictSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

_Static_assert(VERDICT_READABLE == EPOLLIN && VERDICT_WRITABLE == EPOLLOUT, "epoll's words");
_Static_assert(VERDICT_FAILED == EPOLLERR && VERDICT_HUNG_UP == EPOLLHUP, "epoll's words");

static inline int answer(int result) { return result < 0 ? -errno : result; }

int verdict_epoll_create(void) { return answer(epoll_create1(EPOLL_CLOEXEC)); }

static int control(int epoll, int operation, int descriptor, uint32_t interest, uint64_t user) {
  struct epoll_event event = {.events = interest, .data = {.u64 = user}};
  return answer(epoll_ctl(epoll, operation, descriptor, &event));
}

int verdict_epoll_add(int epoll, int descriptor, uint32_t interest, uint64_t user) {
  return control(epoll, EPOLL_CTL_ADD, descriptor, interest, user);
}

int verdict_epoll_add_timer(int epoll, int timer, uint64_t user) {
  // By edge: what has come due needs no reading.
  return control(epoll, EPOLL_CTL_ADD, timer, EPOLLIN | EPOLLET, user);
}

int verdict_epoll_modify(int epoll, int descriptor, uint32_t interest, uint64_t user) {
  return control(epoll, EPOLL_CTL_MOD, descriptor, interest, user);
}

int verdict_epoll_remove(int epoll, int descriptor) {
  return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
}

int verdict_epoll_wait(int epoll, struct verdict_event *events, int capacity, int timeout_ms,
                       uint64_t timer, bool *is_due) {
  // epoll's own record is packed on some machines, which Swift cannot express; hence the copy.
  struct epoll_event ready[128];
  int count = epoll_wait(epoll, ready, capacity < 128 ? capacity : 128, timeout_ms);
  if (count < 0) return -errno;
  int taken = 0;
  for (int i = 0; i < count; i++) {
    if (ready[i].data.u64 == timer) {
      *is_due = true;
      continue;
    }
    events[taken].user = ready[i].data.u64;
    events[taken].ready = ready[i].events;
    taken++;
  }
  return taken;
}

int verdict_timerfd(void) {
  return answer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
}

int verdict_timerfd_set(int timer, uint64_t nanoseconds) {
  struct itimerspec due = {.it_value = {.tv_sec = (time_t)(nanoseconds / 1000000000),
                                        .tv_nsec = (long)(nanoseconds % 1000000000)}};
  return answer(timerfd_settime(timer, TFD_TIMER_ABSTIME, &due, NULL));
}

int verdict_eventfd(void) { return answer(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

int verdict_signalfd(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (error != 0) return -error;
  return answer(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

int verdict_signalfd_read(int descriptor) {
  struct signalfd_siginfo info;
  ssize_t count = read(descriptor, &info, sizeof info);
  if (count < 0) return -errno;
  return count == sizeof info ? (int)info.ssi_signo : -EIO;
}

int verdict_accept(int listener) {
  return answer(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int verdict_socket(int family) { return answer(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

int verdict_set_option(int descriptor, int level, int name, int value) {
  return answer(setsockopt(descriptor, level, name, &value, sizeof value));
}

int verdict_set_nonblocking(int descriptor, int on) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -errno;
  return answer(fcntl(descriptor, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

intptr_t verdict_read(int descriptor, void *bytes, size_t count) {
  ssize_t result = read(descriptor, bytes, count);
  return result < 0 ? -errno : result;
}

intptr_t verdict_send(int descriptor, const void *bytes, size_t count) {
  ssize_t result = send(descriptor, bytes, count, MSG_NOSIGNAL);
  return result < 0 ? -errno : result;
}

int verdict_open_beneath(int directory, const char *path) {
  struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  return answer((int)syscall(SYS_openat2, directory, path, &how, sizeof how));
}

void *verdict_map(size_t count, int *error) {
  // What is large begins at a multiple of a huge page; what is reserved around it is given back.
  const size_t huge = (size_t)2 << 20;
  const size_t spare = count >= huge ? huge : 0;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  char *base = mmap(NULL, count + spare, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (base == MAP_FAILED) {
    *error = errno;
    return NULL;
  }
  if (spare == 0) return base;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t kept = (count + page - 1) / page * page;
  const size_t before = (huge - (uintptr_t)base % huge) % huge;
  const size_t after = (count + spare + page - 1) / page * page - before - kept;
  if (before > 0) munmap(base, before);
  if (after > 0) munmap(base + before + kept, after);
  // A wish: without it everything works, with more misses of address translation.
  madvise(base + before, kept, MADV_HUGEPAGE);
  return base + before;
}

int verdict_map_protect(void *base, size_t count) {
  return answer(mprotect(base, count, PROT_READ));
}

int verdict_random(void *bytes, size_t count) {
  unsigned char *next = bytes;
  while (count > 0) {
    ssize_t filled = getrandom(next, count, 0);
    if (filled < 0 && errno == EINTR) continue;
    if (filled < 0) return -errno;
    next += filled;
    count -= (size_t)filled;
  }
  return 0;
}

static int64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

uint64_t verdict_monotonic_ns(void) { return (uint64_t)nanoseconds(CLOCK_MONOTONIC); }

int64_t verdict_real_ns(void) { return nanoseconds(CLOCK_REALTIME); }

uint64_t verdict_thread_cpu_ns(void) { return (uint64_t)nanoseconds(CLOCK_THREAD_CPUTIME_ID); }

void verdict_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int verdict_processor_count(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

char *const *verdict_environment(void) { return environ; }

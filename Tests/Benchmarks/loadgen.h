// What a load client needs before it has a session: how it fails, its clock, its sockets.

#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("loadgen: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *allocated(void *memory) {
  if (!memory) fail("out of memory");
  return memory;
}

static int connected_socket(const char *address) {
  union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
  } to = {0};
  socklen_t size;
  if (strncmp(address, "tcp:", 4) == 0) {
    to.in.sin_family = AF_INET;
    to.in.sin_port = htons((uint16_t)atoi(address + 4));
    to.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size = sizeof to.in;
  } else if (strncmp(address, "unix:", 5) == 0 &&
             strlen(address + 5) < sizeof to.un.sun_path) {
    to.un.sun_family = AF_UNIX;
    strcpy(to.un.sun_path, address + 5);
    size = sizeof to.un;
  } else {
    fail("`%s` is not tcp:PORT or unix:PATH", address);
  }
  int on = 1, fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, &to.any, size) != 0) fail("%s: %s", address, strerror(errno));
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on a Unix socket, rightly
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl: %s", strerror(errno));
  return fd;
}

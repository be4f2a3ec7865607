// Counts heap allocations by who asked: preload it and name a file in MALLOCCOUNT_FILE.
//
//   MALLOCCOUNT_FILE=counts LD_PRELOAD=malloccount.so program
//
// The caller of malloc, calloc, realloc and the aligned forms is looked up by its return address
// among the loaded objects. The counts live in a mapping of the file, so that whoever measures
// reads them while the program runs and needs no signal. The file is an array of `struct row`, one
// per loaded object; row 0 is for callers that are in none.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROWS_MAX = 64, NAME_BYTES = 104 };

struct row {
  char name[NAME_BYTES];
  _Atomic uint64_t allocations;
  _Atomic uint64_t releases;
  _Atomic uint64_t bytes;
};

struct range {
  uintptr_t start, end;
  size_t row;
};

// glibc's own names for what is replaced here.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static struct row before_start[ROWS_MAX];
static struct row *rows = before_start;
static struct range ranges[ROWS_MAX * 8];
static size_t range_count, row_count = 1;

static int add_object(struct dl_phdr_info *object, size_t size, void *user) {
  (void)size, (void)user;
  if (row_count == ROWS_MAX) return 1;
  const char *slash = strrchr(object->dlpi_name, '/');
  const char *name = slash ? slash + 1 : object->dlpi_name;
  strncpy(rows[row_count].name, *name ? name : "program", NAME_BYTES - 1);
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
    if (range_count == sizeof ranges / sizeof *ranges) return 1;
    uintptr_t start = object->dlpi_addr + segment->p_vaddr;
    ranges[range_count++] = (struct range){start, start + segment->p_memsz, row_count};
  }
  row_count++;
  return 0;
}

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("MALLOCCOUNT_FILE");
  if (!path) return;
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  void *mapped = MAP_FAILED;
  if (fd >= 0 && ftruncate(fd, sizeof before_start) == 0) {
    mapped = mmap(NULL, sizeof before_start, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (mapped == MAP_FAILED) abort();  // a count of nothing would look like a good result
  close(fd);
  rows = mapped;
  strcpy(rows[0].name, "elsewhere");
  dl_iterate_phdr(add_object, NULL);
  unsetenv("LD_PRELOAD");  // children are not counted
}

static struct row *row_of(const void *caller) {
  uintptr_t address = (uintptr_t)caller;
  for (size_t i = 0; i < range_count; i++) {
    if (address >= ranges[i].start && address < ranges[i].end) return &rows[ranges[i].row];
  }
  return &rows[0];
}

static void count(const void *caller, size_t bytes) {
  struct row *row = row_of(caller);
  atomic_fetch_add_explicit(&row->allocations, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&row->bytes, bytes, memory_order_relaxed);
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t bytes) {
  count(CALLER, bytes);
  return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes) {
  count(CALLER, items * bytes);
  return __libc_calloc(items, bytes);
}

void *realloc(void *old, size_t bytes) {
  count(CALLER, bytes);
  return __libc_realloc(old, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
  count(CALLER, bytes);
  return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  count(CALLER, bytes);
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  count(CALLER, bytes);
  void *got = __libc_memalign(alignment, bytes);
  if (!got) return ENOMEM;
  *memory = got;
  return 0;
}

void free(void *memory) {
  if (!memory) return;
  atomic_fetch_add_explicit(&row_of(CALLER)->releases, 1, memory_order_relaxed);
  __libc_free(memory);
}

/* Makes calls of the system fail, for benchmarks/robust_faults.py: loaded with LD_PRELOAD.

   fault_set(call, number, first, last, below) has the calls number `first` to `last` of a kind fail
   with an errno, of those that are made to paths below a folder; the environment variable FAULT,
   "call number first last below", does the same in a process that is started. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char the_call[16], the_folder[4096];
static int the_number, the_first, the_last;
static atomic_int count;

void fault_set(const char *call, int number, int first, int last, const char *below) {
    snprintf(the_call, sizeof the_call, "%s", call);
    snprintf(the_folder, sizeof the_folder, "%s", below);
    the_number = number, the_first = first, the_last = last;
    atomic_store(&count, 0);
}

int fault_count(void) { return atomic_load(&count); }

__attribute__((constructor)) static void read_environment(void) {
    char call[16], below[4096];
    int number, first, last;
    const char *text = getenv("FAULT");
    if (text && sscanf(text, "%15s %d %d %d %4095s", call, &number, &first, &last, below) == 5)
        fault_set(call, number, first, last, below);
}

static int fails(const char *call, const char *path) {
    if (strcmp(call, the_call) || !path || strncmp(path, the_folder, strlen(the_folder))) return 0;
    int now = atomic_fetch_add(&count, 1) + 1;
    if (now < the_first || now > the_last) return 0;
    errno = the_number;
    return 1;
}

static int fails_by_number(const char *call, int file) {
    if (strcmp(call, the_call)) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(call, path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define HAS_MODE(flags) ((flags) & (O_CREAT | O_TMPFILE))
#define OPENED(flags) (((flags) & O_ACCMODE) == O_RDONLY ? "read_open" : "open")
#define MODE \
    mode_t mode = 0; \
    if (HAS_MODE(flags)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) {
    MODE
    return fails(OPENED(flags), path) ? -1 : NEXT(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE
    return fails(OPENED(flags), path) ? -1 : NEXT(open64)(path, flags, mode);
}
FILE *fopen(const char *path, const char *mode) {
    return fails(*mode == 'r' ? "read_open" : "open", path) ? NULL : NEXT(fopen)(path, mode);
}
FILE *fopen64(const char *path, const char *mode) {
    return fails(*mode == 'r' ? "read_open" : "open", path) ? NULL : NEXT(fopen64)(path, mode);
}
ssize_t write(int file, const void *data, size_t size) {
    return fails_by_number("write", file) ? -1 : NEXT(write)(file, data, size);
}
ssize_t read(int file, void *data, size_t size) {
    return fails_by_number("read", file) ? -1 : NEXT(read)(file, data, size);
}
int rename(const char *from, const char *to) { return fails("rename", to) ? -1 : NEXT(rename)(from, to); }
int mkdir(const char *path, mode_t mode) { return fails("mkdir", path) ? -1 : NEXT(mkdir)(path, mode); }
int unlink(const char *path) { return fails("unlink", path) ? -1 : NEXT(unlink)(path); }
int fsync(int file) { return fails_by_number("fsync", file) ? -1 : NEXT(fsync)(file); }
int flock(int file, int operation) {
    return fails_by_number("flock", file) ? -1 : ((int (*)(int, int))dlsym(RTLD_NEXT, "flock"))(file, operation);
}
void *mmap(void *at, size_t size, int access, int flags, int file, off_t offset) {
    return file >= 0 && fails_by_number("mmap", file) ? MAP_FAILED : NEXT(mmap)(at, size, access, flags, file, offset);
}
void *mmap64(void *at, size_t size, int access, int flags, int file, off64_t offset) {
    return file >= 0 && fails_by_number("mmap", file) ? MAP_FAILED : NEXT(mmap64)(at, size, access, flags, file, offset);
}
pid_t fork(void) { return fails("fork", the_folder) ? -1 : NEXT(fork)(); }
int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*call)(void *), void *data) {
    if (!strcmp(the_call, "thread") && fails("thread", the_folder)) return the_number;
    return NEXT(pthread_create)(thread, how, call, data);
}

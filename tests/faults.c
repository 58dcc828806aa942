/* A library to preload, in which the nth call of one kind fails.
 *
 * Calls on files count where these lie below a folder; `pthread_create` always; allocations where
 * the core asks, or the loader for a thread's variables. Nothing is flushed to a disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { NONE, OPEN, READ, WRITE, SYNC, RENAME, LINK, REMOVE, MAKE, THREAD, MEMORY, VARIABLES };

static char root[PATH_MAX];
static _Atomic int watched = NONE;
static _Atomic long calls;
static long first;
static int lasting, code;

/* Count the calls of a kind from now on, and let the nth fail (0: none), or all from it on. */
void faults_watch(const char* folder, int kind, long nth, int all, int error) {
    snprintf(root, sizeof root, "%s", folder);
    calls = 0;
    first = nth;
    lasting = all;
    code = error;
    watched = kind;
}

/* Return how many there were. */
long faults_count(void) {
    watched = NONE;
    return calls;
}

static int fails(void) {
    const long call = ++calls;
    if (first == 0 || call < first || (call > first && !lasting)) return 0;
    errno = code;
    return 1;
}

static int below(const char* path) {
    return strncmp(path, root, strlen(root)) == 0;
}

static int descriptor_below(int descriptor) {
    char link[64], path[PATH_MAX];
    const int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t size = readlink(link, path, sizeof path - 1);
    errno = before;
    path[size < 0 ? 0 : size] = 0;
    return below(path);
}

static int path_fails(int kind, int folder, const char* path) {
    if (watched != kind) return 0;
    return (path[0] != '/' && folder != AT_FDCWD ? descriptor_below(folder) : below(path)) && fails();
}

static int file_fails(int kind, int descriptor) {
    return watched == kind && descriptor_below(descriptor) && fails();
}

/* The system's own function of this name. */
#define NEXT(name)                                         \
    static __typeof__(&name) next;                         \
    if (next == NULL) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define MODE                                               \
    va_list rest;                                          \
    va_start(rest, flags);                                 \
    const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
    va_end(rest)

#define OPENING(name)                                      \
    int name(const char* path, int flags, ...) {           \
        MODE;                                              \
        NEXT(name);                                        \
        return path_fails(OPEN, AT_FDCWD, path) ? -1 : next(path, flags, mode); \
    }
#define OPENING_AT(name)                                   \
    int name(int folder, const char* path, int flags, ...) { \
        MODE;                                              \
        NEXT(name);                                        \
        return path_fails(OPEN, folder, path) ? -1 : next(folder, path, flags, mode); \
    }
OPENING(open)
OPENING(open64)
OPENING_AT(openat)
OPENING_AT(openat64)

ssize_t read(int file, void* to, size_t size) {
    NEXT(read);
    return file_fails(READ, file) ? -1 : next(file, to, size);
}

ssize_t write(int file, const void* from, size_t size) {
    NEXT(write);
    return file_fails(WRITE, file) ? -1 : next(file, from, size);
}

int fsync(int file) {
    return file_fails(SYNC, file) ? -1 : 0;
}

#define ON_PATH(kind, name, parameters, arguments, folder, path) \
    int name parameters {                                  \
        NEXT(name);                                        \
        return path_fails(kind, folder, path) ? -1 : next arguments; \
    }
ON_PATH(RENAME, rename, (const char* a, const char* b), (a, b), AT_FDCWD, b)
ON_PATH(RENAME, renameat, (int f, const char* a, int g, const char* b), (f, a, g, b), g, b)
ON_PATH(LINK, link, (const char* a, const char* b), (a, b), AT_FDCWD, b)
ON_PATH(LINK, linkat, (int f, const char* a, int g, const char* b, int flags), (f, a, g, b, flags),
        g, b)
ON_PATH(REMOVE, unlink, (const char* a), (a), AT_FDCWD, a)
ON_PATH(REMOVE, unlinkat, (int f, const char* a, int flags), (f, a, flags), f, a)
ON_PATH(REMOVE, rmdir, (const char* a), (a), AT_FDCWD, a)
ON_PATH(MAKE, mkdir, (const char* a, mode_t mode), (a, mode), AT_FDCWD, a)
ON_PATH(MAKE, mkdirat, (int f, const char* a, mode_t mode), (f, a, mode), f, a)

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument) {
    NEXT(pthread_create);
    return watched == THREAD && fails() ? EAGAIN : next(thread, attributes, run, argument);
}

extern void* __libc_malloc(size_t);

static int memory_fails(int kind, const void* caller, const char* library) {
    Dl_info info;
    if (watched != kind || dladdr(caller, &info) == 0 || info.dli_fname == NULL) return 0;
    return strstr(info.dli_fname, library) != NULL && fails();
}

void* malloc(size_t size) {
    const void* caller = __builtin_return_address(0);
    return memory_fails(VARIABLES, caller, "/ld-linux") ? NULL : __libc_malloc(size);
}

extern void _ZSt17__throw_bad_allocv(void);

/* operator new */
void* _Znwm(size_t size) {
    if (memory_fails(MEMORY, __builtin_return_address(0), "/_core.")) _ZSt17__throw_bad_allocv();
    NEXT(_Znwm);
    return next(size);
}

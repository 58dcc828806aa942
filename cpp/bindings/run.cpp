#include "run.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace kac::python {

namespace {

/// Never destroyed: the process may end while its threads wait.
ThreadPool* pool_of_process = nullptr;

/// A fork copies no threads, so it starts without a pool.
void forget_in_forks() {
#if defined(__unix__) || defined(__APPLE__)
    static const int registered =
        pthread_atfork(nullptr, nullptr, [] { pool_of_process = nullptr; });
    static_cast<void>(registered);
#endif
}

}  // namespace

ThreadPool& thread_pool() {
    if (pool_of_process == nullptr) {
        forget_in_forks();
        pool_of_process = new ThreadPool;
    }
    return *pool_of_process;
}

void check_signals() {
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

}  // namespace kac::python

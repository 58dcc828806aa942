#include "run.hpp"

#include <chrono>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace kac::python {

namespace {

/// Never destroyed: the process may end while its threads wait.
ThreadPool* pool_of_process = nullptr;

/// Threads in a scope of `GilReleased`, and whether the interpreter is about to end, in which
/// thread: all three are looked at with the GIL.
int released_threads = 0;
bool ending = false;
std::thread::id ending_thread;

/// A fork copies no other threads.
void forget_other_threads() {
    pool_of_process = nullptr;
    released_threads = 0;
}

/// Throw SystemExit, which ends a thread in silence, where the interpreter ends in another one.
void check_ending() {
    if (!ending || std::this_thread::get_id() == ending_thread) return;
    PyErr_SetNone(PyExc_SystemExit);
    throw py::error_already_set();
}

void wait_for_released_threads() {
    ending = true;
    ending_thread = std::this_thread::get_id();
    while (released_threads > 0) {
        const py::gil_scoped_release release;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

}  // namespace

ThreadPool& thread_pool() {
    if (pool_of_process == nullptr) pool_of_process = new ThreadPool;
    return *pool_of_process;
}

void check_signals() {
    const py::gil_scoped_acquire gil;
    check_ending();
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

GilReleased::Counted::Counted() {
    check_ending();
    ++released_threads;
}

GilReleased::Counted::~Counted() {
    --released_threads;
}

void watch_process() {
#if defined(__unix__) || defined(__APPLE__)
    pthread_atfork(nullptr, nullptr, &forget_other_threads);
#endif
    py::module_::import("atexit").attr("register")(py::cpp_function(&wait_for_released_threads));
}

}  // namespace kac::python

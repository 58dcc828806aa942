#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "arguments.hpp"
#include "arrays.hpp"
#include "kac/machine.hpp"
#include "kac/parallel.hpp"

/// Running kernels: without the GIL, on the threads of the process, cancelled by Ctrl-C.
namespace kac::python {

/// The threads of this process that help with all calls. To be called with the GIL.
ThreadPool& thread_pool();

/// Lets Ctrl-C and the end of the interpreter through: to be called without the GIL, throws
/// `py::error_already_set`.
void check_signals();

/// The GIL is released in its scope, and the interpreter does not end: a thread that asked for the
/// GIL afterwards would be torn out of C++, and abort the process.
///
/// Once the interpreter is about to end, it waits for the scopes of other threads, which
/// `check_signals` leaves by SystemExit, and new ones are refused in the same way.
class GilReleased {
  public:
    GilReleased() = default;
    GilReleased(const GilReleased&) = delete;
    GilReleased& operator=(const GilReleased&) = delete;

  private:
    /// Both with the GIL.
    struct Counted {
        Counted();
        ~Counted();
    };

    Counted counted_;
    py::gil_scoped_release release_;
};

/// Register what is to be done after a fork and before the interpreter ends.
void watch_process();

/// Call `kernel(executor)` without the GIL. A KAC_ISA that cannot be met is refused by all kernels
/// alike, before there are threads.
template <typename Kernel>
void run(unsigned threads, Kernel&& kernel) {
    static_cast<void>(kac::instruction_set());
    const Executor executor = {thread_pool(), threads, check_signals};
    const GilReleased released;
    kernel(executor);
}

/// `body(i)` for each of `count` items.
template <typename Body>
void run_each(std::size_t count, unsigned threads, Body&& body) {
    run(threads, [&](const Executor& executor) { executor.parallel_for(count, body); });
}

/// One kernel on the calling thread.
template <typename Body>
void run_one(Body&& body) {
    run_each(1, 1, [&](std::size_t) { body(); });
}

/// Put `place` before the message of what `body` throws.
template <typename Body>
void at(const std::string& place, Body&& body) {
    try {
        body();
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(place + ": " + error.what());
    }
}

/// `run_each` over sounds, whose errors name the sound.
template <typename Body>
void run_sounds(std::size_t sounds, unsigned threads, Body&& body) {
    run_each(sounds, threads,
             [&](std::size_t i) { at("sound " + std::to_string(i), [&] { body(i); }); });
}

/// `render(i, out)` for every sound, into a new array.
template <typename Real, typename Render>
ArrayOf<Real> render_sounds(std::size_t sounds, std::size_t length, unsigned threads,
                            Render&& render) {
    ArrayOf<Real> result = empty<Real>({sounds, length});
    const std::span<Real> out = writable(result);
    run_sounds(sounds, threads, [&](std::size_t i) { render(i, row(out, length, i)); });
    return result;
}

/// The same in the precision of this name; `render` takes both.
template <typename Render>
py::array render_sounds(const std::string& precision, std::size_t sounds, std::size_t length,
                        unsigned threads, Render&& render) {
    if (is_single(precision)) return render_sounds<float>(sounds, length, threads, render);
    return render_sounds<double>(sounds, length, threads, render);
}

}  // namespace kac::python

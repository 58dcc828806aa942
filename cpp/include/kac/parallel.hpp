#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kac {

/// Called by the calling thread from time to time; may throw to cancel the loop.
using Poll = std::function<void()>;

/// The body of a loop, called with the index of an item.
using Body = std::function<void(std::size_t)>;

class Loop;

/// Threads that help with loops and wait in between: a loop that must start its own loses from
/// 30 us to some milliseconds, where the system puts a new thread on the processor of the old one.
///
/// Any number of loops may run on a pool at once, from any threads: it grows to as many threads as
/// they ask for, and stays as large. Its threads keep the affinity of those that first asked, and
/// leave signals to others. A forked process needs a pool of its own, as a fork copies no threads;
/// it must not return into a loop that was running.
class ThreadPool {
  public:
    ThreadPool() = default;
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool();

    /// Call `body(i)` once for every i in [0, count), on `threads` threads (0:
    /// `available_threads()`), the calling one among them; where the system has fewer to give, on
    /// those.
    ///
    /// Items are handed out by an atomic counter, so `body` must not depend on the order or on the
    /// thread. After an exception, from `body` or from `poll`, no new item is started, and those
    /// under way end at their next cancellation point; the first exception is rethrown here once
    /// every thread has stopped. `poll` is called at cancellation points, and while other threads
    /// still work, once in an `interval`.
    void parallel_for(std::size_t count, unsigned threads, const Body& body, const Poll& poll = {},
                      std::chrono::milliseconds interval = std::chrono::milliseconds(50));

  private:
    friend class Loop;

    void run_worker();

    std::mutex mutex_;
    std::condition_variable requested_;
    std::deque<Loop*> requests_;  // one for each helper that a loop has asked for and not yet got
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    bool shutting_down_ = false;
};

/// The same on a pool of its own.
void parallel_for(std::size_t count, unsigned threads, const Body& body, const Poll& poll = {},
                  std::chrono::milliseconds interval = std::chrono::milliseconds(50));

/// Where a kernel that takes a whole batch runs its loops: threads of a pool, and what cancels
/// them.
struct Executor {
    ThreadPool& pool;
    unsigned threads = 0;  ///< 0: `available_threads()`
    Poll poll = {};

    /// How many threads a loop may use.
    std::size_t workers() const;

    void parallel_for(std::size_t count, const Body& body) const {
        pool.parallel_for(count, threads, body, poll);
    }
};

/// A cancellation point: in a body that takes long, to be called every millisecond or so. Polls
/// where it is time, and throws out of a body whose loop was cancelled. Outside of a
/// `parallel_for` it does nothing.
void check_cancelled();

/// How many samples are worth a cancellation point.
inline constexpr std::size_t samples_per_check = 8192;

/// Call `body(begin, end)` for [0, size) in chunks of `samples_per_check`, a cancellation point
/// before each.
template <typename ChunkBody>
void for_each_chunk(std::size_t size, ChunkBody&& body) {
    for (std::size_t begin = 0; begin < size; begin += samples_per_check) {
        check_cancelled();
        body(begin, std::min(begin + samples_per_check, size));
    }
}

}  // namespace kac

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

/// Called now and then by the calling thread; may throw to stop the loop.
using Poll = std::function<void()>;

class Loop;

/// Threads that help with loops and wait in between: a loop that must start its own loses from
/// 30 us to some milliseconds, where the system puts a new thread on the processor of the old one.
///
/// Any number of loops may run on a crew at once, from any threads: it grows to as many as they ask
/// for, and stays as large. Its threads keep the affinity of those that first asked, and leave
/// signals to others. A process that was forked off needs a crew of its own, as a fork copies no
/// threads; it must not return into a loop that was running.
class Crew {
  public:
    Crew() = default;
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew();

    /// Call `body(i)` once for every i in [0, count), on `threads` threads (0:
    /// `available_threads()`), the calling one among them; where the system has fewer to give, on
    /// those.
    ///
    /// Items are handed out by an atomic counter, so `body` must not depend on the order or on the
    /// thread. After an exception, from `body` or from `poll`, no new item is started, and those
    /// under way end at their next `checkpoint`; the first exception is rethrown here once every
    /// thread has stopped. `poll` is called at checkpoints, and while others still work, once in an
    /// `interval`.
    void parallel_for(std::size_t count, unsigned threads,
                      const std::function<void(std::size_t)>& body, const Poll& poll = {},
                      std::chrono::milliseconds interval = std::chrono::milliseconds(50));

  private:
    friend class Loop;

    void serve();

    std::mutex mutex_;
    std::condition_variable called_;
    std::deque<Loop*> calls_;  // one for each helper that a loop asks for and that has not begun
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    bool dismissed_ = false;
};

/// The same on a crew of its own.
void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& body,
                  const Poll& poll = {},
                  std::chrono::milliseconds interval = std::chrono::milliseconds(50));

/// For a body that takes long to call every millisecond or so: polls where it is time, and throws
/// out of a body whose loop was stopped. Outside of a `parallel_for` it does nothing.
void checkpoint();

/// How many samples are worth a checkpoint.
inline constexpr std::size_t checkpoint_samples = 8192;

/// `body(begin, end)` for [0, size) in parts of `checkpoint_samples`, a checkpoint before each.
template <typename Body>
void in_parts(std::size_t size, Body&& body) {
    for (std::size_t begin = 0; begin < size; begin += checkpoint_samples) {
        checkpoint();
        body(begin, std::min(begin + checkpoint_samples, size));
    }
}

}  // namespace kac

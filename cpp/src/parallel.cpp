#include "kac/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "kac/machine.hpp"

namespace kac {

namespace {

constexpr auto poll_interval = std::chrono::milliseconds(50);

/// What the threads of one loop share.
class Loop {
  public:
    Loop(std::size_t count, unsigned workers, const std::function<void(std::size_t)>& body)
        : count_(count), running_(workers), body_(body) {}

    void work() {
        try {
            for (std::size_t i; !stopped_ && (i = next_++) < count_;) body_(i);
        } catch (...) {
            fail(std::current_exception());
        }
        const std::lock_guard lock(mutex_);
        if (--running_ == 0) done_.notify_all();
    }

    void fail(std::exception_ptr error) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::move(error);
        stopped_ = true;
    }

    void wait(const Poll& poll) {
        std::unique_lock lock(mutex_);
        while (!done_.wait_for(lock, poll_interval, [this] { return running_ == 0; })) {
            if (!poll || stopped_) continue;
            lock.unlock();
            try {
                poll();
            } catch (...) {
                fail(std::current_exception());
            }
            lock.lock();
        }
    }

    void rethrow() const {
        if (error_) std::rethrow_exception(error_);
    }

  private:
    const std::size_t count_;
    unsigned running_;
    const std::function<void(std::size_t)>& body_;
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> stopped_{false};
    std::mutex mutex_;
    std::condition_variable done_;
    std::exception_ptr error_;
};

}  // namespace

void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& body,
                  const Poll& poll) {
    if (count == 0) return;
    const std::size_t wanted = threads == 0 ? available_threads() : threads;
    const auto workers = static_cast<unsigned>(std::min(wanted, count));
    if (workers == 1 && (!poll || count == 1)) {
        for (std::size_t i = 0; i < count; ++i) body(i);
        return;
    }
    Loop loop(count, workers, body);
    std::vector<std::jthread> team;
    team.reserve(workers);
    for (unsigned t = 0; t < workers; ++t) team.emplace_back([&loop] { loop.work(); });
    loop.wait(poll);
    team.clear();
    loop.rethrow();
}

}  // namespace kac

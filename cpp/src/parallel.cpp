#include "kac/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "kac/machine.hpp"

namespace kac {

namespace {

using Clock = std::chrono::steady_clock;

/// Leaves a body that is not wanted any more.
struct Stopped {};

class Loop;

/// The loop whose body this thread is in.
thread_local Loop* current = nullptr;

/// What the threads of one loop share.
class Loop {
  public:
    Loop(std::size_t count, const std::function<void(std::size_t)>& body, const Poll& poll,
         Clock::duration interval)
        : count_(count),
          body_(body),
          poll_(poll),
          interval_(interval),
          next_poll_(Clock::now() + interval) {}
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() {
        stopped_ = true;
        for (std::thread& helper : helpers_) helper.join();
    }

    void run(std::size_t workers) {
        hire(workers - 1);
        work();
        wait();
        if (error_) std::rethrow_exception(error_);
    }

    void checkpoint() {
        if (stopped_) throw Stopped();
        if (!poll_ || std::this_thread::get_id() != caller_ || Clock::now() < next_poll_) return;
        poll_();
        next_poll_ = Clock::now() + interval_;
    }

  private:
    void hire(std::size_t wanted) {
        helpers_.reserve(wanted);
        try {
            while (helpers_.size() < wanted) helpers_.emplace_back([this] { help(); });
        } catch (const std::system_error&) {
            // The system has no more threads to give: those there are do the work.
            return;
        }
    }

    void help() {
        work();
        const std::lock_guard lock(mutex_);
        ++finished_;
        done_.notify_all();
    }

    void work() {
        Loop* const outer = std::exchange(current, this);
        try {
            for (std::size_t i; (i = next_++) < count_;) {
                checkpoint();
                body_(i);
            }
        } catch (const Stopped&) {
            // Whoever stopped the loop has said why.
        } catch (...) {
            fail(std::current_exception());
        }
        current = outer;
    }

    void fail(std::exception_ptr error) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::move(error);
        stopped_ = true;
    }

    /// Until the last helper is done, without an item of one's own.
    void wait() {
        std::unique_lock lock(mutex_);
        while (!done_.wait_for(lock, interval_, [this] { return finished_ == helpers_.size(); })) {
            if (!poll_ || stopped_) continue;
            lock.unlock();
            try {
                poll_();
            } catch (...) {
                fail(std::current_exception());
            }
            lock.lock();
        }
    }

    const std::size_t count_;
    const std::function<void(std::size_t)>& body_;
    const Poll& poll_;
    const Clock::duration interval_;
    const std::thread::id caller_ = std::this_thread::get_id();
    Clock::time_point next_poll_;  // the caller's own
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> stopped_{false};
    std::mutex mutex_;
    std::condition_variable done_;
    std::size_t finished_ = 0;
    std::exception_ptr error_;
    std::vector<std::thread> helpers_;
};

}  // namespace

void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& body,
                  const Poll& poll, std::chrono::milliseconds interval) {
    if (count == 0) return;
    const std::size_t wanted = threads == 0 ? available_threads() : threads;
    Loop(count, body, poll, interval).run(std::min(wanted, count));
}

void checkpoint() {
    if (current != nullptr) current->checkpoint();
}

}  // namespace kac

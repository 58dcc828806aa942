#include "kac/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "kac/machine.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <signal.h>
#define KAC_SIGNALS
#endif

namespace kac {

namespace {

#ifdef KAC_SIGNALS

/// Threads that start while this is there run no handlers of the program's signals: those are for
/// the threads that it knows, whatever these block. A fault of their own is told as any.
class WithoutSignals {
  public:
    WithoutSignals() {
        sigset_t blocked;
        sigfillset(&blocked);
        for (const int fault : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP}) {
            sigdelset(&blocked, fault);
        }
        pthread_sigmask(SIG_SETMASK, &blocked, &before_);
    }
    WithoutSignals(const WithoutSignals&) = delete;
    WithoutSignals& operator=(const WithoutSignals&) = delete;
    ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_;
};

#else

struct WithoutSignals {};

#endif

using Clock = std::chrono::steady_clock;

/// Leaves a body that is not wanted any more.
struct Stopped {};

/// The loop whose body this thread is in.
thread_local Loop* current = nullptr;

}  // namespace

/// What the threads of one loop share.
class Loop {
  public:
    Loop(Crew& crew, std::size_t count, const std::function<void(std::size_t)>& body,
         const Poll& poll, Clock::duration interval)
        : crew_(crew),
          count_(count),
          body_(body),
          poll_(poll),
          interval_(interval),
          next_poll_(Clock::now() + interval) {}
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void run(std::size_t workers) {
        call(workers - 1);
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

    /// One helper less, to be said with the crew's mutex held: the loop may be gone right after.
    void leave() {
        if (--helpers_ == 0) left_.notify_one();
    }

  private:
    void call(std::size_t wanted) {
        if (wanted == 0) return;
        const std::lock_guard lock(crew_.mutex_);
        try {
            for (; helpers_ < wanted; ++helpers_) {
                if (crew_.idle_ == crew_.calls_.size()) {
                    [[maybe_unused]] const WithoutSignals starting{};
                    crew_.threads_.emplace_back([&crew = crew_] { crew.serve(); });
                    ++crew_.idle_;
                }
                crew_.calls_.push_back(this);
                crew_.called_.notify_one();
            }
        } catch (const std::exception&) {
            // The system has no more threads to give: those there are do the work.
        }
    }

    /// Until the last helper has left, without an item of one's own. Who has not begun is not
    /// wanted any more.
    void wait() {
        std::unique_lock lock(crew_.mutex_);
        helpers_ -= std::erase(crew_.calls_, this);
        while (!left_.wait_for(lock, interval_, [this] { return helpers_ == 0; })) {
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

    void fail(std::exception_ptr error) {
        const std::lock_guard lock(crew_.mutex_);
        if (!error_) error_ = std::move(error);
        stopped_ = true;
    }

    Crew& crew_;
    const std::size_t count_;
    const std::function<void(std::size_t)>& body_;
    const Poll& poll_;
    const Clock::duration interval_;
    const std::thread::id caller_ = std::this_thread::get_id();
    Clock::time_point next_poll_;  // the caller's own
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> stopped_{false};
    std::condition_variable left_;  // with the crew's mutex, as are the two below
    std::size_t helpers_ = 0;
    std::exception_ptr error_;
};

Crew::~Crew() {
    {
        const std::lock_guard lock(mutex_);
        dismissed_ = true;
    }
    called_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Crew::serve() {
    std::unique_lock lock(mutex_);
    while (true) {
        called_.wait(lock, [this] { return dismissed_ || !calls_.empty(); });
        if (dismissed_) return;
        Loop& loop = *calls_.front();
        calls_.pop_front();
        --idle_;
        lock.unlock();
        loop.work();
        lock.lock();
        ++idle_;
        loop.leave();
    }
}

void Crew::parallel_for(std::size_t count, unsigned threads,
                        const std::function<void(std::size_t)>& body, const Poll& poll,
                        std::chrono::milliseconds interval) {
    if (count == 0) return;
    const std::size_t wanted = threads == 0 ? available_threads() : threads;
    Loop(*this, count, body, poll, interval).run(std::min(wanted, count));
}

void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& body,
                  const Poll& poll, std::chrono::milliseconds interval) {
    Crew().parallel_for(count, threads, body, poll, interval);
}

void checkpoint() {
    if (current != nullptr) current->checkpoint();
}

}  // namespace kac

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

// Room that each thread has from its start: a shared library's is otherwise allocated when a thread
// first asks for it, and where there is no memory left, glibc then aborts the process.
#if defined(__GLIBC__)
#define KAC_THREAD_LOCAL [[gnu::tls_model("initial-exec")]] thread_local
#else
#define KAC_THREAD_LOCAL thread_local
#endif

namespace kac {

namespace {

#ifdef KAC_SIGNALS

/// Threads that start in its scope run no handlers of the program's signals: those are for the
/// program's own threads, whatever these block. Faults are still delivered.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t blocked;
        sigfillset(&blocked);
        for (const int fault : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP}) {
            sigdelset(&blocked, fault);
        }
        pthread_sigmask(SIG_SETMASK, &blocked, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_;
};

#else

struct SignalsBlocked {};

#endif

using Clock = std::chrono::steady_clock;

/// Thrown out of a body whose loop was cancelled.
struct Cancelled {};

/// The loop whose body this thread is in.
KAC_THREAD_LOCAL Loop* current = nullptr;

}  // namespace

/// What the threads of one loop share.
class Loop {
  public:
    Loop(ThreadPool& pool, std::size_t count, const Body& body, const Poll& poll,
         Clock::duration interval)
        : pool_(pool),
          count_(count),
          body_(body),
          poll_(poll),
          interval_(interval),
          next_poll_(Clock::now() + interval) {}
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void run(std::size_t workers) {
        request_helpers(workers - 1);
        work();
        wait();
        if (error_) std::rethrow_exception(error_);
    }

    void check_cancelled() {
        if (cancelled_) throw Cancelled();
        if (!poll_ || std::this_thread::get_id() != caller_ || Clock::now() < next_poll_) return;
        poll_();
        next_poll_ = Clock::now() + interval_;
    }

    void work() {
        Loop* const outer = std::exchange(current, this);
        try {
            for (std::size_t i; (i = next_++) < count_;) {
                check_cancelled();
                body_(i);
            }
        } catch (const Cancelled&) {
            // The error that cancelled the loop has been kept by `fail`.
        } catch (...) {
            fail(std::current_exception());
        }
        current = outer;
    }

    /// Count one helper less, with the pool's mutex held: the loop may be destroyed right after.
    void release_helper() {
        if (--helpers_ == 0) finished_.notify_one();
    }

  private:
    void request_helpers(std::size_t wanted) {
        if (wanted == 0) return;
        const std::lock_guard lock(pool_.mutex_);
        try {
            for (; helpers_ < wanted; ++helpers_) {
                if (pool_.idle_ == pool_.requests_.size()) {
                    [[maybe_unused]] const SignalsBlocked starting{};
                    pool_.threads_.emplace_back([&pool = pool_] { pool.run_worker(); });
                    ++pool_.idle_;
                }
                pool_.requests_.push_back(this);
                pool_.requested_.notify_one();
            }
        } catch (const std::exception&) {
            // The system has no more threads to give: the existing ones do the work.
        }
    }

    /// Wait until the last helper has finished; requests that no thread has taken are withdrawn.
    void wait() {
        std::unique_lock lock(pool_.mutex_);
        helpers_ -= std::erase(pool_.requests_, this);
        while (!finished_.wait_for(lock, interval_, [this] { return helpers_ == 0; })) {
            if (!poll_ || cancelled_) continue;
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
        const std::lock_guard lock(pool_.mutex_);
        if (!error_) error_ = std::move(error);
        cancelled_ = true;
    }

    ThreadPool& pool_;
    const std::size_t count_;
    const Body& body_;
    const Poll& poll_;
    const Clock::duration interval_;
    const std::thread::id caller_ = std::this_thread::get_id();
    Clock::time_point next_poll_;  // the caller's own
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> cancelled_{false};
    std::condition_variable finished_;  // with the pool's mutex, as are the two below
    std::size_t helpers_ = 0;
    std::exception_ptr error_;
};

ThreadPool::~ThreadPool() {
    {
        const std::lock_guard lock(mutex_);
        shutting_down_ = true;
    }
    requested_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::run_worker() {
    std::unique_lock lock(mutex_);
    while (true) {
        requested_.wait(lock, [this] { return shutting_down_ || !requests_.empty(); });
        if (shutting_down_) return;
        Loop& loop = *requests_.front();
        requests_.pop_front();
        --idle_;
        lock.unlock();
        loop.work();
        lock.lock();
        ++idle_;
        loop.release_helper();
    }
}

void ThreadPool::parallel_for(std::size_t count, unsigned threads, const Body& body,
                              const Poll& poll, std::chrono::milliseconds interval) {
    if (count == 0) return;
    const std::size_t wanted = threads == 0 ? available_threads() : threads;
    Loop(*this, count, body, poll, interval).run(std::min(wanted, count));
}

void parallel_for(std::size_t count, unsigned threads, const Body& body, const Poll& poll,
                  std::chrono::milliseconds interval) {
    ThreadPool().parallel_for(count, threads, body, poll, interval);
}

std::size_t Executor::workers() const {
    return threads == 0 ? available_threads() : threads;
}

void check_cancelled() {
    if (current != nullptr) current->check_cancelled();
}

}  // namespace kac

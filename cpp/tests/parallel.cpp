#include "kac/parallel.hpp"

#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

TEST_CASE("every item is visited exactly once, whatever the number of threads") {
    for (const unsigned threads : {0U, 1U, 2U, 7U, 64U}) {
        std::vector<std::atomic<int>> visits(101);
        kac::parallel_for(visits.size(), threads, [&](std::size_t i) { ++visits[i]; });
        for (const auto& count : visits) CHECK(count == 1);
    }
}

TEST_CASE("no items, no calls") {
    kac::parallel_for(0, 4, [](std::size_t) { FAIL("called"); });
}

TEST_CASE("the first exception stops the loop and comes out of it") {
    for (const unsigned threads : {1U, 3U}) {
        std::atomic<int> calls = 0;
        const auto body = [&](std::size_t i) {
            ++calls;
            if (i == 3) throw std::invalid_argument("item 3");
        };
        CHECK_THROWS_WITH_AS(kac::parallel_for(100000, threads, body), "item 3",
                             std::invalid_argument);
        CHECK(calls < 100000);
    }
}

TEST_CASE("after an exception the other bodies end at their next cancellation point") {
    std::atomic<bool> waiting = false, finished = false;
    const auto body = [&](std::size_t i) {
        if (i == 1) {
            while (!waiting) std::this_thread::yield();
            throw std::invalid_argument("item 1");
        }
        waiting = true;
        for (int k = 0; k < 10000; ++k) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            kac::check_cancelled();
        }
        finished = true;
    };
    CHECK_THROWS_WITH_AS(kac::parallel_for(2, 2, body), "item 1", std::invalid_argument);
    CHECK(!finished);
}

TEST_CASE(
    "one item on one thread stays on the calling thread, which polls at cancellation points") {
    const auto caller = std::this_thread::get_id();
    const auto body = [&](std::size_t) {
        CHECK(std::this_thread::get_id() == caller);
        while (true) kac::check_cancelled();
    };
    const auto poll = [] { throw std::runtime_error("interrupted"); };
    CHECK_THROWS_WITH_AS(kac::parallel_for(1, 8, body, poll), "interrupted", std::runtime_error);
}

TEST_CASE("the calling thread polls while it waits for the others") {
    const auto caller = std::this_thread::get_id();
    std::atomic<bool> helped = false;
    const auto body = [&](std::size_t) {
        const bool helper = std::this_thread::get_id() != caller;
        if (helper) helped = true;
        while (helper) kac::check_cancelled();
        while (!helped) std::this_thread::yield();
    };
    const auto poll = [] { throw std::runtime_error("interrupted"); };
    CHECK_THROWS_WITH_AS(kac::parallel_for(2, 2, body, poll), "interrupted", std::runtime_error);
}

TEST_CASE("outside of a loop, and after one, a cancellation point does nothing") {
    kac::check_cancelled();
    const auto fail = [](std::size_t) { throw std::invalid_argument("no"); };
    CHECK_THROWS_AS(kac::parallel_for(3, 2, fail), std::invalid_argument);
    kac::check_cancelled();
}

TEST_CASE("a pool helps one loop after the other with the same threads, also after an exception") {
    kac::ThreadPool pool;
    std::set<std::thread::id> helpers;
    for (int i = 0; i < 200; ++i) {
        std::atomic<int> arrived = 0;
        std::vector<std::thread::id> ids(3);
        const auto body = [&](std::size_t k) {
            ids[k] = std::this_thread::get_id();
            ++arrived;
            while (arrived < 3) std::this_thread::yield();  // three threads, or never
            if (i % 2 == 0) throw std::invalid_argument("even");
        };
        if (i % 2 == 0) CHECK_THROWS_AS(pool.parallel_for(3, 3, body), std::invalid_argument);
        if (i % 2 == 1) pool.parallel_for(3, 3, body);
        helpers.insert(ids.begin(), ids.end());
    }
    CHECK(helpers.erase(std::this_thread::get_id()) == 1);
    CHECK(helpers.size() == 2);
}

TEST_CASE("a pool grows when more helpers are asked for, and not otherwise") {
    kac::ThreadPool pool;
    std::set<std::thread::id> seen;
    for (const unsigned threads : {2U, 5U, 3U, 5U}) {
        std::atomic<unsigned> arrived = 0;
        std::vector<std::thread::id> ids(threads);
        pool.parallel_for(threads, threads, [&](std::size_t k) {
            ids[k] = std::this_thread::get_id();
            ++arrived;
            while (arrived < threads) std::this_thread::yield();
        });
        seen.insert(ids.begin(), ids.end());
    }
    CHECK(seen.size() == 5);
}

TEST_CASE("a pool helps loops of many threads, and loops within loops, at once") {
    kac::ThreadPool pool;
    std::atomic<int> visits = 0;
    const auto inner = [&](std::size_t) { ++visits; };
    const auto outer = [&](std::size_t) { pool.parallel_for(5, 3, inner); };
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i) {
        callers.emplace_back([&] {
            for (int k = 0; k < 50; ++k) pool.parallel_for(7, 3, outer);
        });
    }
    for (std::thread& caller : callers) caller.join();
    CHECK(visits == 4 * 50 * 7 * 5);
}

#if defined(__unix__) || defined(__APPLE__)
TEST_CASE("helpers leave signals to the threads of the program") {
    const auto caller = std::this_thread::get_id();
    std::atomic<int> arrived = 0, blocked = 0;
    kac::parallel_for(2, 2, [&](std::size_t) {
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        CHECK(sigismember(&mask, SIGSEGV) == 0);
        if (std::this_thread::get_id() != caller) blocked = sigismember(&mask, SIGTERM);
        if (std::this_thread::get_id() == caller) CHECK(sigismember(&mask, SIGTERM) == 0);
        ++arrived;
        while (arrived < 2) std::this_thread::yield();
    });
    CHECK(blocked == 1);
}
#endif

#if defined(__GLIBC__)
TEST_CASE("where the system gives no more threads, those there are do the work") {
    // A stack that fits no address space: no thread can be started.
    pthread_attr_t usual, impossible;
    pthread_getattr_default_np(&usual);
    pthread_attr_init(&impossible);
    pthread_attr_setstacksize(&impossible, std::size_t{1} << 50);
    REQUIRE(pthread_setattr_default_np(&impossible) == 0);
    CHECK_THROWS_AS(std::thread([] {}), std::system_error);
    std::vector<int> visits(101);
    kac::parallel_for(visits.size(), 7, [&](std::size_t i) { ++visits[i]; });
    pthread_setattr_default_np(&usual);
    pthread_attr_destroy(&impossible);
    pthread_attr_destroy(&usual);
    for (const int count : visits) CHECK(count == 1);
}
#endif

TEST_CASE("a poll that throws stops the loop") {
    std::atomic<int> calls = 0;
    const auto body = [&](std::size_t) {
        ++calls;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    const auto poll = [] { throw std::runtime_error("interrupted"); };
    CHECK_THROWS_WITH_AS(kac::parallel_for(100000, 2, body, poll), "interrupted",
                         std::runtime_error);
    CHECK(calls < 100000);
}

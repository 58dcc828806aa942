#include "kac/parallel.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
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

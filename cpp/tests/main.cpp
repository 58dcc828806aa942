#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <stdexcept>

#include "kac/machine.hpp"

int main(int count, char** arguments) {
    try {
        kac::instruction_set();
    } catch (const std::invalid_argument& error) {
        std::printf("skipped: %s\n", error.what());
        return 77;
    }
    return doctest::Context(count, arguments).run();
}

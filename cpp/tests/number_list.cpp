#include "kac/number_list.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Numbers = std::vector<double>;

constexpr double inf = std::numeric_limits<double>::infinity();

struct Found {
    Numbers values;
    bool complete;
    std::size_t used, rows, columns;
};

/// Read a text through windows that grow by `block` bytes, as a reader of a file does.
Found read(const std::string& text, std::size_t block) {
    Numbers values(text.size());
    kac::NumberList list(values);
    std::size_t used = 0;
    for (std::size_t end = 0; !list.complete() && end < text.size();) {
        end = std::min(text.size(), end + block);
        used += list.read(std::string_view(text).substr(used, end - used));
    }
    values.resize(list.size());
    return {values, list.complete(), used, list.rows(), list.columns()};
}

Numbers numbers(const std::string& text) {
    const Found found = read(text, text.size());
    CHECK(found.complete);
    CHECK(found.used == text.size());
    return found.values;
}

/// One number, and the C library's opinion of it.
void check_number(const std::string& text) {
    CAPTURE(text);
    const Numbers found = numbers("[" + text + "]");
    REQUIRE(found.size() == 1);
    CHECK(std::bit_cast<std::uint64_t>(found[0]) ==
          std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)));
}

std::string printed(double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*e", digits - 1, value);
    return text;
}

}  // namespace

TEST_CASE("lists, and lists of lists") {
    CHECK(numbers("[]").empty());
    CHECK(numbers(" \t\r\n[ 1 ,\n-2.5e3,0 ]") == Numbers{1, -2500, 0});
    const Found found = read("[[1, 2, 3], [4, 5, 6]]", 99);
    CHECK(found.values == Numbers{1, 2, 3, 4, 5, 6});
    CHECK(found.rows == 2);
    CHECK(found.columns == 3);
    CHECK(read("[[], []]", 99).rows == 2);
    CHECK(read("[1] , 2]", 99).used == 3);
}

TEST_CASE("numbers that are not finite") {
    const Numbers found = numbers("[nan,-nan,NaN,-NaN,inf,-inf,Infinity,-Infinity,1e999,-1e999]");
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::isnan(found[i]));
    CHECK(Numbers(found.begin() + 4, found.end()) == Numbers{inf, -inf, inf, -inf, inf, -inf});
}

TEST_CASE("the nearest double, at the edges of the range") {
    for (const char* text : {"0",
                             "-0",
                             "-0.0",
                             "0e999",
                             "1e-999",
                             "-1e-999",
                             "5e-324",
                             "2.4703282292062327e-324",
                             "2.4703282292062328e-324",
                             "2.2250738585072011e-308",
                             "2.2250738585072014e-308",
                             "1.7976931348623157e308",
                             "1.7976931348623158e308",
                             "9007199254740993",
                             "9007199254740992.5",
                             "9007199254740993.00000000000000000000000000000000000001",
                             "0.1000000000000000055511151231257827021181583404541015625",
                             "1E+22",
                             "1e23",
                             "8.5e-320",
                             "123456789012345678901234567890"}) {
        check_number(text);
    }
    check_number("0." + std::string(400, '0') + "1e400");
    check_number("1" + std::string(400, '0') + "e-400");
    check_number("0." + std::string(2000, '3'));
}

TEST_CASE("the nearest double of random bits, with 1 to 25 digits") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20000; ++i) {
        const auto value = std::bit_cast<double>(random());
        if (std::isfinite(value)) check_number(printed(value, 1 + i % 25));
    }
}

TEST_CASE("a comma of the user's locale changes nothing") {
    const std::string before = std::setlocale(LC_ALL, nullptr);
    for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C"}) {
        if (std::setlocale(LC_ALL, name) != nullptr) break;
    }
    CHECK(numbers("[1.5,2.25,1e-400,1.5e400]") == Numbers{1.5, 2.25, 0.0, inf});
    std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("windows end anywhere") {
    const std::string text = "[ [1.25e-3, -nan, 12345678901234567890],\n[ Infinity, 0.5 ,-1E+5] ]";
    const Found whole = read(text, text.size());
    CHECK(whole.complete);
    for (std::size_t block = 1; block < text.size(); ++block) {
        const Found found = read(text, block);
        CHECK(found.complete);
        CHECK(found.used == text.size());
        CHECK(found.rows == 2);
        CHECK(found.columns == 3);
        for (const std::size_t i : {0U, 2U, 3U, 4U, 5U}) CHECK(found.values[i] == whole.values[i]);
        CHECK(std::isnan(found.values[1]));
    }
    for (std::size_t length = 0; length < text.size(); ++length) {
        CHECK_FALSE(read(text.substr(0, length), 7).complete);
    }
}

TEST_CASE("no byte beyond a window is read") {
    for (const std::string text : {"[1", "[1.5e", "[-", "[na", "[0", "[1e999", "[1.", "[", ""}) {
        // A window of its own allocation: the sanitisers see its end.
        const std::vector<char> window(text.begin(), text.end());
        Numbers values(9);
        kac::NumberList list(values);
        CHECK(list.read({window.data(), window.size()}) <= 1);
        CHECK(list.size() == 0);
    }
}

TEST_CASE("malformed text is refused with its byte, what was expected and what was found") {
    const auto check = [](const std::string& text, const char* message) {
        CAPTURE(text);
        for (const std::size_t block : {std::size_t{1}, std::size_t{3}, text.size()}) {
            CHECK_THROWS_WITH_AS(read(text, block), doctest::Contains(message),
                                 std::invalid_argument);
        }
    };
    check("1", "byte 0: expected '[', got '1'");
    check("[1,]", "byte 3: expected a number, got ']'");
    check("[1 2]", "byte 3: expected ',' or ']', got '2");
    check("[,1]", "byte 1: expected a number, got ','");
    check("[01]", "byte 2: expected ',' or ']', got '1");
    check("[-01]", "byte 3: expected ',' or ']', got '1");
    check("[1.]", "byte 1: expected a number, got '1.");
    check("[.5]", "byte 1: expected a number, got '.");
    check("[+1]", "byte 1: expected a number, got '+");
    check("[--1]", "byte 1: expected a number, got '-");
    check("[1e]", "byte 1: expected a number, got '1e");
    check("[1e+]", "byte 1: expected a number, got '1e");
    check("[0x10]", "byte 2: expected ',' or ']', got 'x");
    check("[1_0]", "byte 2: expected ',' or ']', got '_");
    check("[nann]", "byte 4: expected ',' or ']', got 'n");
    check("[infinity]", "byte 4: expected ',' or ']', got 'i");
    check("[Infinit]", "byte 1: expected a number, got 'I");
    check("[true]", "byte 1: expected a number, got 't");
    check("[1, \"x\"]", "byte 4: expected a number, got '\"");
    check("[1}", "byte 2: expected ',' or ']', got '}");
    check("[1\xff", "byte 2: expected ',' or ']', got '\\xff'");
    check("[[[1]]]", "byte 2: expected a number, got '['");
    check("[1, [2]]", "byte 4: expected a number, got '['");
    check("[[1], 2]", "byte 6: expected a list, got '2");
    check("[[1, 2], [3]]", "byte 11: expected a list of 2 numbers, not of 1, got ']'");
    check("[1" + std::string(400, '0') + "]",
          "byte 1: expected a number within the range of float64, got '1");
}

TEST_CASE("errors count from the list's place in its file, whatever the windows") {
    Numbers values(3);
    kac::NumberList list(values, 1000);
    CHECK(list.read("[1, 2") == 4);
    CHECK_THROWS_WITH_AS(list.read("25, x]"),
                         doctest::Contains("byte 1008: expected a number, got 'x'"),
                         std::invalid_argument);
}

TEST_CASE("what exceeds the values is counted alone") {
    Numbers values(2);
    kac::NumberList list(values);
    CHECK(list.read("[1, 2, 3, 4]") == 12);
    CHECK(list.size() == 4);
    CHECK(values == Numbers{1, 2});
}

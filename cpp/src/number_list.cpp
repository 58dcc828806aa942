#include "kac/number_list.hpp"

#include <algorithm>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>

#if __has_include(<xlocale.h>)
#include <xlocale.h>  // macOS has strtod_l here
#endif

namespace kac {

namespace {

/// What was found where something else was expected.
struct Unexpected {
    const char* at;
    std::string wanted;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_separator(char c) {
    return c == ',' || c == ']' || is_space(c);
}

const char* skip_digits(const char* at, const char* end) {
    while (at != end && is_digit(*at)) ++at;
    return at;
}

/// Pass digits, of which there must be one; nullptr where the window may cut them.
const char* require_digits(const char* at, const char* end, const char* number) {
    const char* after = skip_digits(at, end);
    if (after == end) return nullptr;
    if (after == at) throw Unexpected{number, "a number"};
    return after;
}

/// The end of a number, by the grammar of JSON; nullptr where the window may cut it.
///
/// @param whole set to whether it has neither a point nor an exponent
const char* number_end(const char* begin, const char* end, bool& whole) {
    const char* at = begin + (*begin == '-');
    if (at != end && *at == '0') {
        if (++at == end) return nullptr;
    } else if ((at = require_digits(at, end, begin)) == nullptr) {
        return nullptr;
    }
    whole = *at != '.' && *at != 'e' && *at != 'E';
    if (*at == '.' && (at = require_digits(at + 1, end, begin)) == nullptr) return nullptr;
    if (*at == 'e' || *at == 'E') {
        ++at;
        at += at != end && (*at == '+' || *at == '-');
        if ((at = require_digits(at, end, begin)) == nullptr) return nullptr;
    }
    return at;
}

/// By the C library, whatever the user's locale; 0 and infinity where the range ends.
double converted_by_library(const char* begin) {
    static const locale_t plain = ::newlocale(LC_ALL_MASK, "C", nullptr);
    return ::strtod_l(begin, nullptr, plain);
}

/// The double nearest to a number that is followed by a separator.
double converted(const char* begin, [[maybe_unused]] const char* end) {
#ifdef __cpp_lib_to_chars
    double value = 0.0;
    if (std::from_chars(begin, end, value).ec == std::errc()) return value;
    // Out of range: of which end of it, from_chars does not say.
#endif
    return converted_by_library(begin);
}

struct Word {
    std::string_view text;
    double value;
};

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr Word words[] = {{"nan", nan}, {"NaN", nan}, {"inf", infinity}, {"Infinity", infinity}};

/// The word that a text begins with; nullptr where the window may cut it.
const Word* find_word(const char* at, const char* end, const char* number) {
    const std::string_view text(at, static_cast<std::size_t>(end - at));
    for (const Word& word : words) {
        if (text.starts_with(word.text)) return &word;
        if (word.text.starts_with(text)) return nullptr;
    }
    throw Unexpected{number, "a number"};
}

/// What begins at a place within the window, up to a separator, as an error message shows it.
std::string excerpt(const char* at, const char* end) {
    constexpr std::ptrdiff_t longest = 20;
    end = at + std::min(end - at, longest);
    const char* after = std::find_if(at, end, [](char c) { return is_separator(c) || c == '['; });
    if (after == at) ++after;
    constexpr char digits[] = "0123456789abcdef";
    std::string text = "'";
    for (; at != after; ++at) {
        const auto byte = static_cast<unsigned char>(*at);
        if (byte >= 0x20 && byte < 0x7f) {
            text += *at;
        } else {
            text += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
        }
    }
    return text + "'";
}

}  // namespace

NumberList::NumberList(std::span<double> values, std::size_t position)
    : values_(values), position_(position) {}

std::size_t NumberList::read(std::string_view window) {
    const char* const begin = window.data();
    const char* const end = begin + window.size();
    const char* at = begin;
    try {
        while (!complete()) {
            at = std::find_if_not(at, end, is_space);
            const char* next = at == end ? nullptr : step(at, end);
            if (next == nullptr) break;
            at = next;
        }
    } catch (const Unexpected& found) {
        const auto offset = static_cast<std::size_t>(found.at - begin);
        throw std::invalid_argument("byte " + std::to_string(position_ + offset) + ": expected " +
                                    found.wanted + ", got " + excerpt(found.at, end));
    }
    const auto used = static_cast<std::size_t>(at - begin);
    position_ += used;
    return used;
}

/// Read one bracket, comma or number; nullptr where the window may cut it.
const char* NumberList::step(const char* at, const char* end) {
    if (expected_ == Expected::separator && *at == ',') {
        expected_ = Expected::item;
        return at + 1;
    }
    if (*at == ']' && (expected_ == Expected::separator || expected_ == Expected::item_or_end)) {
        close(at);
        return at + 1;
    }
    if (expected_ == Expected::separator) throw Unexpected{at, "',' or ']'"};
    if (*at == '[') {
        open(at);
        return at + 1;
    }
    if (expected_ == Expected::list) throw Unexpected{at, "'['"};
    return number(at, end);
}

const char* NumberList::number(const char* at, const char* end) {
    if (depth_ == 1) require(Kind::numbers, at);
    const char* after = at + (*at == '-');
    double value = 0.0;
    if (after != end && !is_digit(*after)) {
        const Word* word = find_word(after, end, at);
        if (word == nullptr) return nullptr;
        after += word->text.size();
        value = *at == '-' ? -word->value : word->value;
    } else {
        bool whole = false;
        after = number_end(at, end, whole);
        if (after == nullptr) return nullptr;
        // It may be followed by what a library takes for a part of it.
        if (!is_separator(*after)) throw Unexpected{after, "',' or ']'"};
        value = converted(at, after);
        if (whole && std::isinf(value))
            throw Unexpected{at, "a number within the range of float64"};
    }
    if (size_ < values_.size()) values_[size_] = value;
    ++size_;
    expected_ = Expected::separator;
    return after;
}

void NumberList::require(Kind kind, const char* at) {
    if (kind_ == Kind::unknown) kind_ = kind;
    if (kind_ != kind) throw Unexpected{at, kind_ == Kind::rows ? "a list" : "a number"};
}

void NumberList::open(const char* at) {
    if (depth_ == 2) throw Unexpected{at, "a number"};
    if (depth_ == 1) require(Kind::rows, at);
    ++depth_;
    before_row_ = size_;
    expected_ = Expected::item_or_end;
}

void NumberList::close(const char* at) {
    if (--depth_ == 0) {
        expected_ = Expected::nothing;
        return;
    }
    const std::size_t columns = size_ - before_row_;
    if (rows_ > 0 && columns != columns_) {
        throw Unexpected{at, "a list of " + std::to_string(columns_) + " numbers, not of " +
                                 std::to_string(columns)};
    }
    columns_ = columns;
    ++rows_;
    expected_ = Expected::separator;
}

}  // namespace kac

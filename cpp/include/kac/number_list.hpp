#pragma once

#include <cstddef>
#include <span>
#include <string_view>

/// Parsing lists of numbers: those of JSON, each to the nearest double, and non-finite ones.
namespace kac {

/// One list of numbers, or of equally long lists of numbers, read from text a window at a time.
///
/// Numbers are those of JSON; nan, NaN, inf and Infinity may stand among them, with a minus or
/// without. What JSON refuses is refused: a plus, a leading zero, a point without a digit on both
/// sides, hexadecimals. A whole number beyond the range of doubles is refused, too; with a point or
/// an exponent it is infinite, as in Python.
class NumberList {
  public:
    /// @param values where the numbers go, row after row; those that exceed it are counted alone
    /// @param position of the list in its file, for errors
    explicit NumberList(std::span<double> values, std::size_t position = 0);

    /// Read on, from the opening bracket to the one that closes it, with space before and between.
    ///
    /// @param window the text after what has been used; its end may fall anywhere
    /// @return how many bytes of the window have been used: all, or those up to the end of the
    ///         list, or up to a number that may go on beyond the window and has to come again whole
    /// @throws std::invalid_argument naming the byte, what was expected and what was found
    std::size_t read(std::string_view window);

    /// The list has been closed.
    bool complete() const { return expected_ == Expected::nothing; }

    /// It holds lists.
    bool nested() const { return kind_ == Kind::rows; }

    /// Numbers in all, also those that exceed the values.
    std::size_t size() const { return size_; }

    /// Lists in the list, and numbers in each of them.
    std::size_t rows() const { return rows_; }
    std::size_t columns() const { return columns_; }

  private:
    enum class Expected { list, item_or_end, item, separator, nothing };
    enum class Kind { unknown, numbers, rows };

    const char* step(const char* at, const char* end);
    const char* number(const char* at, const char* end);
    void require(Kind kind, const char* at);
    void open(const char* at);
    void close(const char* at);

    std::span<double> values_;
    std::size_t position_;
    std::size_t size_ = 0;
    std::size_t rows_ = 0;
    std::size_t columns_ = 0;
    std::size_t before_row_ = 0;  // numbers before the row that is open
    int depth_ = 0;
    Expected expected_ = Expected::list;
    Kind kind_ = Kind::unknown;
};

}  // namespace kac

#pragma once

#include <array>
#include <concepts>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "arrays.hpp"

/// Arguments from Python. `define` registers a function whose arguments are converted one by one,
/// so that one of a wrong type is refused by its name, in a sentence, where pybind11 would list
/// signatures.
namespace kac::python {

/// What an argument of type T must be, for error messages.
template <typename T>
struct Kind;
template <>
struct Kind<bool> {
    static std::string name() { return "True or False"; }
};
template <std::integral T>
struct Kind<T> {
    static std::string name() {
        if (std::is_signed_v<T>) return "a whole number";
        return "a whole number from 0 to " + std::to_string(std::numeric_limits<T>::max());
    }
};
template <>
struct Kind<double> {
    static std::string name() { return "a number"; }
};
template <>
struct Kind<std::string> {
    static std::string name() { return "a string"; }
};
template <>
struct Kind<py::bytes> {
    static std::string name() { return "bytes"; }
};
template <>
struct Kind<py::buffer> {
    static std::string name() { return "bytes or an array"; }
};
template <>
struct Kind<py::sequence> {
    static std::string name() { return "a sequence"; }
};
template <typename Real, int Flags>
struct Kind<py::array_t<Real, Flags>> {
    static std::string name() { return "an array of numbers"; }
};
template <typename T>
struct Kind<std::shared_ptr<T>> : Kind<T> {};
template <typename T>
struct Kind<std::optional<T>> {
    static std::string name() { return Kind<T>::name() + " or None"; }
};
template <typename First, typename Second>
struct Kind<std::pair<First, Second>> {
    static std::string name() { return "a pair"; }
};
template <typename T>
struct Kind<std::vector<T>> {
    static std::string name() { return "a sequence, each item " + Kind<T>::name(); }
};

/// A value as an error message shows it: itself, or its type where it may be long.
std::string brief(const py::object& value);

/// @throws py::type_error naming the argument, unless the value converts to a T
template <typename T>
T convert(const py::object& value, const char* name) {
    if constexpr (std::is_same_v<T, py::object>) {
        return value;
    } else {
        try {
            T converted = value.cast<T>();
            if constexpr (requires { converted.get() == nullptr; }) {
                if (converted == nullptr) throw py::cast_error();
            }
            return converted;
        } catch (const py::builtin_exception&) {  // a cast_error or type_error of pybind11
        } catch (const py::error_already_set& error) {
            if (!error.matches(PyExc_TypeError) && !error.matches(PyExc_ValueError)) throw;
        }
        throw py::type_error(std::string(name) + " must be " + Kind<T>::name() + ", got " +
                             brief(value));
    }
}

/// Call `function` with the values of arguments that have these names.
template <typename... Parameters, typename Function, typename... Objects>
decltype(auto) call_converted(const Function& function,
                              const std::array<const char*, sizeof...(Parameters)>& names,
                              const Objects&... given) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
        const std::tuple<std::decay_t<Parameters>...> values{
            convert<std::decay_t<Parameters>>(given, names[I])...};
        return std::apply(function, values);
    }(std::index_sequence_for<Parameters...>());
}

/// For each parameter one object.
template <typename Parameter>
using ObjectFor = py::object;

template <typename Result, typename... Parameters, typename... Arguments>
void define(py::module_& module, const char* name, Result (*function)(Parameters...),
            const char* doc, const Arguments&... arguments) {
    const std::array<const char*, sizeof...(Parameters)> names = {arguments.name...};
    module.def(
        name,
        [=](const ObjectFor<Parameters>&... given) {
            return call_converted<Parameters...>(function, names, given...);
        },
        doc, arguments...);
}

/// A method, as a function of the object.
template <typename Class, typename... Options, typename Result, typename Self,
          typename... Parameters, typename... Arguments>
void define(py::class_<Class, Options...>& to, const char* name,
            Result (*function)(Self, Parameters...), const char* doc,
            const Arguments&... arguments) {
    const std::array<const char*, sizeof...(Parameters)> names = {arguments.name...};
    to.def(
        name,
        [=](Self self, const ObjectFor<Parameters>&... given) {
            const auto method = [&](const auto&... values) { return function(self, values...); };
            return call_converted<Parameters...>(method, names, given...);
        },
        doc, arguments...);
}

/// A constructor, by the function that makes the object. Where there is no memory to register it,
/// its holder alone frees it: with py::init, Python would too, or the process end.
template <typename Class, typename... Options, typename... Parameters, typename... Arguments>
void define_constructor(py::class_<Class, Options...>& of, Class (*make)(Parameters...),
                        const Arguments&... arguments) {
    using Holder = typename py::class_<Class, Options...>::holder_type;
    const std::array<const char*, sizeof...(Parameters)> names = {arguments.name...};
    of.def(
        "__init__",
        [=](py::detail::value_and_holder& self, const ObjectFor<Parameters>&... given) {
            Holder holder(new Class(call_converted<Parameters...>(make, names, given...)));
            self.value_ptr() = holder.get();
            try {
                self.type->init_instance(self.inst, &holder);
            } catch (...) {
                self.value_ptr() = nullptr;
                throw;
            }
        },
        py::detail::is_new_style_constructor(), arguments...);
}

inline void require_dimensions(const py::array& array, py::ssize_t dimensions, const char* name) {
    if (array.ndim() == dimensions) return;
    throw std::invalid_argument(std::string(name) + " must have " + std::to_string(dimensions) +
                                " dimension(s), got " + std::to_string(array.ndim()));
}

/// `values` has one number for each of `count` things, which are called `things`.
void require_one_each(const Array& values, std::size_t count, const char* name, const char* things);

std::size_t at_least_one(py::ssize_t value, const char* name);

/// A count; 0 is refused, with all else, where it is used.
std::size_t not_negative(py::ssize_t value, const char* name);

bool is_single(const std::string& precision);

}  // namespace kac::python

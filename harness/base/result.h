// Errors as values. A function that can fail returns Result<T> (or Status when there is nothing to return); the caller must look at it.
//
// A message says what was attempted, on what, and why it failed, and where the reader can do something about it, what.
// `code` is for callers that branch; `reason` is a machine word that travels from the layer that knows it (an API's "NotFound",
// a store's "Compacted"); `http_status` is set by whatever spoke HTTP.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace plumb {

enum class Code {
  invalid_argument,
  not_found,
  already_exists,
  conflict,            // a precondition on the current value did not hold
  expired,             // the version asked for is no longer kept
  unauthenticated,
  permission_denied,
  resource_exhausted,  // a limit or a full queue: trying later may help
  unavailable,         // the other side cannot be reached or is not ready: trying again may help
  deadline_exceeded,
  cancelled,
  unsupported,
  internal,
};

std::string_view to_string(Code code);

struct Error {
  Code code = Code::internal;
  std::string message;
  std::string reason;
  int http_status = 0;

  // The same error seen from one layer up: "context: message".
  Error in(std::string_view context) const&;
  Error in(std::string_view context) &&;
};

inline Error fail(Code code, std::string message, std::string reason = {}) {
  return Error{code, std::move(message), std::move(reason), 0};
}
// For a failed system call: appends strerror(errno).
Error fail_errno(std::string_view attempted);

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition: ok(). Anything else is a defect of the caller and stops the program.
  T& value() & { return check(), *std::get_if<0>(&state_); }
  const T& value() const& { return check(), *std::get_if<0>(&state_); }
  T&& value() && { return check(), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Precondition: !ok().
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  void check() const;
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  void value() const {}
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

namespace detail {
[[noreturn]] void die_on_error(const Error& error);
}

template <class T>
void Result<T>::check() const {
  if (!ok()) detail::die_on_error(error());
}

}  // namespace plumb

// Evaluates to the value, or returns the error from the enclosing function.
#define PLUMB_TRY(expression)                                        \
  ({                                                                 \
    auto&& plumb_try_ = (expression);                                \
    if (!plumb_try_.ok()) [[unlikely]]                               \
      return std::forward<decltype(plumb_try_)>(plumb_try_).error(); \
    std::forward<decltype(plumb_try_)>(plumb_try_).value();          \
  })

// The small values of API fields. For each, all-zero bytes mean "not set".
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "harness/base/clock.h"
#include "reference/api/values/list.h"
#include "reference/api/values/str.h"

namespace plumb::api {

// An optional field that is a number or a flag.
template <class T>
class Opt {
 public:
  Opt() = default;
  Opt(T value) : set_(true), value_(value) {}
  explicit operator bool() const { return set_; }
  bool has_value() const { return set_; }
  const T& operator*() const { return value_; }
  T& operator*() { return value_; }
  T value_or(T otherwise) const { return set_ ? value_ : otherwise; }
  void reset() { *this = Opt(); }
  friend bool operator==(const Opt&, const Opt&) = default;

 private:
  bool set_ = false;
  T value_{};
};

// An optional string: absent differs from present and empty.
template <>
class Opt<Str> {
 public:
  Opt() = default;
  Opt(Str value) : value_(value.is_set() ? std::move(value) : Str(std::string_view())) {}
  Opt(std::string_view value) : value_(value) {}
  Opt(const char* value) : value_(value) {}
  explicit operator bool() const { return value_.is_set(); }
  bool has_value() const { return value_.is_set(); }
  const Str& operator*() const { return value_; }
  const Str* operator->() const { return &value_; }
  Str value_or(Str otherwise) const { return value_.is_set() ? value_ : otherwise; }
  void reset() { value_.reset(); }
  friend bool operator==(const Opt& a, const Opt& b) { return a.has_value() == b.has_value() && a.value_ == b.value_; }

 private:
  Str value_;
};

// An optional struct, with the value semantics of the struct: copying copies, comparing compares.
template <class T>
class Box {
 public:
  Box() = default;
  Box(T value) : pointer_(make(std::move(value))) {}
  Box(const Box& other) : pointer_(other.pointer_ ? make(*other.pointer_) : nullptr) {}
  Box(Box&& other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
  Box& operator=(const Box& other) {
    Box copy(other);
    std::swap(pointer_, copy.pointer_);
    return *this;
  }
  Box& operator=(Box&& other) noexcept {
    std::swap(pointer_, other.pointer_);
    return *this;
  }
  ~Box() { reset(); }

  explicit operator bool() const { return pointer_ != nullptr; }
  bool has_value() const { return pointer_ != nullptr; }
  const T& operator*() const { return *pointer_; }
  T& operator*() { return *pointer_; }
  const T* operator->() const { return pointer_; }
  T* operator->() { return pointer_; }
  const T* get() const { return pointer_; }
  // The struct, made empty when absent.
  T& ensure() {
    if (!pointer_) pointer_ = make(T{});
    return *pointer_;
  }
  void reset() {
    if (T* gone = std::exchange(pointer_, nullptr)) {
      gone->~T();
      std::free(static_cast<void*>(gone));
    }
  }
  friend bool operator==(const Box& a, const Box& b) { return a.pointer_ && b.pointer_ ? *a == *b : !a.pointer_ && !b.pointer_; }

 private:
  static T* make(T value) {
    void* memory = std::malloc(sizeof(T));
    if (!memory) std::abort();
    return new (memory) T(std::move(value));
  }
  T* pointer_ = nullptr;
};

// The wire can name times that 64 bits of nanoseconds cannot (years 1678 to 2261): those become the nearest that they can.
inline WallTime clamped_wall_time(std::int64_t seconds, std::int32_t nanos) {
  constexpr std::int64_t limit = INT64_MAX / 1'000'000'000 - 3;  // an int32 of nanoseconds is at most 2.2 s
  return WallTime(std::chrono::seconds(std::clamp(seconds, -limit, limit)) + std::chrono::nanoseconds(nanos));
}

// metav1.Time: seconds since 1970, UTC. Unset is "null" on the wire.
struct Time {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  bool set = false;

  static Time from(WallTime wall) {
    const auto since = wall.time_since_epoch();
    const auto whole = std::chrono::floor<std::chrono::seconds>(since);
    return {whole.count(), 0, true};
  }
  WallTime wall() const { return clamped_wall_time(seconds, nanos); }
  explicit operator bool() const { return set; }
  friend bool operator==(const Time&, const Time&) = default;
  friend bool operator<(const Time& a, const Time& b) { return std::pair(a.seconds, a.nanos) < std::pair(b.seconds, b.nanos); }
};

// metav1.MicroTime: the same with microseconds on the wire.
struct MicroTime {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  bool set = false;

  static MicroTime from(WallTime wall) {
    const auto since = wall.time_since_epoch();
    const auto whole = std::chrono::floor<std::chrono::seconds>(since);
    const auto micros = std::chrono::floor<std::chrono::microseconds>(since - whole);
    return {whole.count(), static_cast<std::int32_t>(micros.count() * 1000), true};
  }
  WallTime wall() const { return clamped_wall_time(seconds, nanos); }
  explicit operator bool() const { return set; }
  friend bool operator==(const MicroTime&, const MicroTime&) = default;
};

// metav1.Duration.
struct DurationValue {
  std::int64_t nanoseconds = 0;
  friend bool operator==(const DurationValue&, const DurationValue&) = default;
};

// resource.Quantity in its canonical text ("100m", "1Gi"); arithmetic is in reference/api/text/quantity.h. Unset differs from "0".
struct QuantityText {
  Str text;
  QuantityText() = default;
  QuantityText(std::string_view canonical) : text(canonical) {}
  QuantityText(const char* canonical) : text(canonical) {}
  explicit operator bool() const { return text.is_set(); }
  friend bool operator==(const QuantityText&, const QuantityText&) = default;
};

// intstr.IntOrString.
struct IntOrString {
  enum class Kind : std::uint8_t { unset, integer, string };
  Kind kind = Kind::unset;
  std::int32_t number = 0;
  Str text;

  IntOrString() = default;
  IntOrString(std::int32_t value) : kind(Kind::integer), number(value) {}
  IntOrString(std::string_view value) : kind(Kind::string), text(value) {}
  IntOrString(const char* value) : kind(Kind::string), text(value) {}
  explicit operator bool() const { return kind != Kind::unset; }
  bool is_string() const { return kind == Kind::string; }
  friend bool operator==(const IntOrString&, const IntOrString&) = default;
};

// A byte string: base64 in JSON.
struct Bytes {
  Str data;
  Bytes() = default;
  explicit Bytes(std::string_view bytes) : data(bytes) {}
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

// JSON kept as text: runtime.RawExtension, FieldsV1. Compact; unset is absent.
struct Raw {
  Str json;
  Raw() = default;
  explicit Raw(std::string_view text) : json(text) {}
  explicit operator bool() const { return json.is_set(); }
  friend bool operator==(const Raw&, const Raw&) = default;
};

}  // namespace plumb::api

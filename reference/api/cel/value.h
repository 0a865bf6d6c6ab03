// A value of the Common Expression Language. https://github.com/google/cel-spec/blob/master/doc/langdef.md
//
// Cheap to copy: texts, lists and maps are shared and never change. Lists and maps are views, so that a large object is looked at and not
// converted: whoever has data in a form of its own gives a ListView or MapView of it.
//
// Safe from any thread, as far as the views are.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference/api/doc/document.h"
#include "reference/api/text/quantity.h"

namespace plumb::cel {

// `dyn` and `object` are kinds of types alone; values of an object type are maps.
enum class Kind : std::uint8_t {
  null, boolean, integer, unsigned_integer, number, string, bytes, list, map, timestamp, duration, type, optional, quantity, semver, dyn, object
};
// As CEL calls the type: "int", "google.protobuf.Timestamp", "kubernetes.Quantity".
std::string_view to_string(Kind kind);

class Value;

class ListView {
 public:
  virtual ~ListView() = default;
  virtual std::size_t size() const = 0;
  virtual Value at(std::size_t index) const = 0;  // index < size()
};

class MapView {
 public:
  virtual ~MapView() = default;
  virtual std::size_t size() const = 0;
  // Keys are booleans, integers, unsigned integers and strings; numbers of equal value are the same key.
  virtual std::optional<Value> find(const Value& key) const = 0;
  virtual std::vector<Value> keys() const = 0;
};

// Seconds since 1970, from the year 1 to 9999.
struct Timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;  // 0 to 999,999,999
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};
struct Span {
  std::int64_t nanoseconds = 0;
  friend auto operator<=>(const Span&, const Span&) = default;
};
// Semantic version 2.0.0.
struct Semver {
  std::uint64_t major = 0, minor = 0, patch = 0;
  std::vector<std::string> pre;  // identifiers of the pre-release
  std::string build;             // means nothing to the order
};
std::weak_ordering compare(const Semver& a, const Semver& b);

class Value {
 public:
  Value() = default;  // null
  static Value of(bool value) { return Value(Held(value)); }
  static Value of(std::int64_t value) { return Value(Held(value)); }
  static Value of(std::uint64_t value) { return Value(Held(value)); }
  static Value of(double value) { return Value(Held(value)); }
  static Value of(std::string_view text) { return Value(Held(Text{std::make_shared<const std::string>(text)})); }
  static Value of(const std::string& text) { return of(std::string_view(text)); }
  static Value of(const char* text) { return of(std::string_view(text)); }
  static Value bytes(std::string_view bytes) { return Value(Held(Bytes{std::make_shared<const std::string>(bytes)})); }
  static Value of(Timestamp time) { return Value(Held(time)); }
  static Value of(Span duration) { return Value(Held(duration)); }
  static Value of(Kind type) { return Value(Held(type)); }
  static Value of(std::shared_ptr<const ListView> list) { return Value(Held(std::move(list))); }
  static Value of(std::shared_ptr<const MapView> map) { return Value(Held(std::move(map))); }
  static Value of(const api::Quantity& quantity) { return Value(Held(std::make_shared<const api::Quantity>(quantity))); }
  static Value of(Semver version) { return Value(Held(std::make_shared<const Semver>(std::move(version)))); }
  static Value list(std::vector<Value> items);
  // Of equal keys the last counts.
  static Value map(std::vector<std::pair<Value, Value>> entries);
  static Value optional(std::optional<Value> held);
  // JSON as CEL sees it: whole numbers are integers; arrays and objects are viewed.
  static Value of(const api::Doc& doc);

  Kind kind() const { return static_cast<Kind>(held_.index()); }
  // Precondition: of that kind.
  bool boolean() const { return std::get<bool>(held_); }
  std::int64_t integer() const { return std::get<std::int64_t>(held_); }
  std::uint64_t unsigned_integer() const { return std::get<std::uint64_t>(held_); }
  double number() const { return std::get<double>(held_); }
  const std::string& text() const { return *std::get<Text>(held_).text; }
  const std::string& bytes() const { return *std::get<Bytes>(held_).text; }
  const ListView& list() const { return *std::get<std::shared_ptr<const ListView>>(held_); }
  const MapView& map() const { return *std::get<std::shared_ptr<const MapView>>(held_); }
  Timestamp timestamp() const { return std::get<Timestamp>(held_); }
  Span duration() const { return std::get<Span>(held_); }
  Kind type() const { return std::get<Kind>(held_); }
  const std::optional<Value>& optional() const;
  const api::Quantity& quantity() const { return *std::get<std::shared_ptr<const api::Quantity>>(held_); }
  const Semver& semver() const { return *std::get<std::shared_ptr<const Semver>>(held_); }

  bool is(Kind kind) const { return this->kind() == kind; }
  bool is_number() const { return is(Kind::integer) || is(Kind::unsigned_integer) || is(Kind::number); }

  // CEL's ==: numbers of different kinds by value, other kinds are never equal to each other.
  friend bool operator==(const Value& a, const Value& b);
  // nullopt for kinds that have no order between them; unordered with NaN.
  static std::optional<std::partial_ordering> compare(const Value& a, const Value& b);
  // For people: close to what an expression would say.
  std::string describe() const;

 private:
  struct Text {
    std::shared_ptr<const std::string> text;
  };
  struct Bytes {
    std::shared_ptr<const std::string> text;
  };
  struct Optional;
  // In the order of Kind.
  using Held = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, Text, Bytes, std::shared_ptr<const ListView>,
                            std::shared_ptr<const MapView>, Timestamp, Span, Kind, std::shared_ptr<const Optional>, std::shared_ptr<const api::Quantity>,
                            std::shared_ptr<const Semver>>;
  explicit Value(Held held) : held_(std::move(held)) {}
  Held held_;
};

}  // namespace plumb::cel

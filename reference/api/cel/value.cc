#include "reference/api/cel/value.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "reference/api/cel/times.h"

namespace plumb::cel {

namespace {

class Items final : public ListView {
 public:
  explicit Items(std::vector<Value> items) : items_(std::move(items)) {}
  std::size_t size() const override { return items_.size(); }
  Value at(std::size_t index) const override { return items_[index]; }

 private:
  std::vector<Value> items_;
};

// An order of keys: kinds of keys apart, numbers together.
bool key_before(const Value& a, const Value& b) {
  const auto rank = [](const Value& key) { return key.is_number() ? Kind::integer : key.kind(); };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  const auto order = Value::compare(a, b);
  return order && *order < 0;
}

class Entries final : public MapView {
 public:
  explicit Entries(std::vector<std::pair<Value, Value>> entries) : entries_(std::move(entries)) {
    std::stable_sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return key_before(a.first, b.first); });
    std::vector<std::pair<Value, Value>> last;
    for (auto& entry : entries_) {
      if (!last.empty() && last.back().first == entry.first) last.back() = std::move(entry);
      else last.push_back(std::move(entry));
    }
    entries_ = std::move(last);
  }
  std::size_t size() const override { return entries_.size(); }
  std::optional<Value> find(const Value& key) const override {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), key, [](const auto& entry, const Value& wanted) { return key_before(entry.first, wanted); });
    if (found == entries_.end() || !(found->first == key)) return std::nullopt;
    return found->second;
  }
  std::vector<Value> keys() const override {
    std::vector<Value> keys;
    for (const auto& entry : entries_) keys.push_back(entry.first);
    return keys;
  }

 private:
  std::vector<std::pair<Value, Value>> entries_;
};

class DocItems final : public ListView {
 public:
  explicit DocItems(api::Doc doc) : doc_(std::move(doc)) {}
  std::size_t size() const override { return doc_.size(); }
  Value at(std::size_t index) const override { return Value::of(doc_.items()[index]); }

 private:
  api::Doc doc_;
};

class DocMembers final : public MapView {
 public:
  explicit DocMembers(api::Doc doc) : doc_(std::move(doc)) {}
  std::size_t size() const override { return doc_.size(); }
  std::optional<Value> find(const Value& key) const override {
    const api::Doc* found = key.is(Kind::string) ? doc_.find(key.text()) : nullptr;
    if (!found) return std::nullopt;
    return Value::of(*found);
  }
  std::vector<Value> keys() const override {
    std::vector<Value> keys;
    for (const api::Doc::Member& member : doc_.members()) keys.push_back(Value::of(member.name()));
    return keys;
  }

 private:
  api::Doc doc_;
};

bool equal(const ListView& a, const ListView& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(a.at(i) == b.at(i))) return false;
  return true;
}

bool equal(const MapView& a, const MapView& b) {
  if (a.size() != b.size()) return false;
  for (const Value& key : a.keys()) {
    const auto other = b.find(key);
    if (!other || !(*other == *a.find(key))) return false;
  }
  return true;
}

template <class T>
T as(const Value& value) {
  return value.is(Kind::integer) ? static_cast<T>(value.integer())
         : value.is(Kind::unsigned_integer) ? static_cast<T>(value.unsigned_integer())
                                            : static_cast<T>(value.number());
}

// Whole numbers exactly; beside a double they are one, too.
std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  if (a.is(Kind::number) || b.is(Kind::number)) return as<double>(a) <=> as<double>(b);
  return as<__int128>(a) <=> as<__int128>(b);
}

std::weak_ordering compare_identifiers(const std::string& a, const std::string& b) {
  const auto numeric = [](const std::string& text) { return text.find_first_not_of("0123456789") == std::string::npos; };
  if (numeric(a) != numeric(b)) return numeric(a) ? std::weak_ordering::less : std::weak_ordering::greater;
  if (numeric(a) && a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

}  // namespace

struct Value::Optional {
  std::optional<Value> held;
};

std::string_view to_string(Kind kind) {
  static constexpr std::string_view names[] = {"null_type", "bool", "int", "uint", "double", "string", "bytes", "list", "map",
                                               "google.protobuf.Timestamp", "google.protobuf.Duration", "type", "optional_type", "kubernetes.Quantity",
                                               "kubernetes.Semver", "dyn", "object"};
  return names[static_cast<std::size_t>(kind)];
}

std::weak_ordering compare(const Semver& a, const Semver& b) {
  if (const auto order = std::tie(a.major, a.minor, a.patch) <=> std::tie(b.major, b.minor, b.patch); order != 0) return order;
  if (a.pre.empty() || b.pre.empty()) return b.pre.size() == 0 && a.pre.size() == 0 ? std::weak_ordering::equivalent : a.pre.empty() ? std::weak_ordering::greater : std::weak_ordering::less;
  for (std::size_t i = 0; i < std::min(a.pre.size(), b.pre.size()); ++i)
    if (const auto order = compare_identifiers(a.pre[i], b.pre[i]); order != 0) return order;
  return a.pre.size() <=> b.pre.size();
}

Value Value::list(std::vector<Value> items) { return of(std::shared_ptr<const ListView>(std::make_shared<Items>(std::move(items)))); }
Value Value::map(std::vector<std::pair<Value, Value>> entries) { return of(std::shared_ptr<const MapView>(std::make_shared<Entries>(std::move(entries)))); }
Value Value::optional(std::optional<Value> held) { return Value(Held(std::make_shared<const Optional>(Optional{std::move(held)}))); }
const std::optional<Value>& Value::optional() const { return std::get<std::shared_ptr<const Optional>>(held_)->held; }

Value Value::of(const api::Doc& doc) {
  switch (doc.kind()) {
    case api::Doc::Kind::null: return {};
    case api::Doc::Kind::boolean: return of(doc.as_bool());
    case api::Doc::Kind::integer: return of(doc.as_int());
    case api::Doc::Kind::number: return of(doc.as_double());
    case api::Doc::Kind::string: return of(doc.as_string());
    case api::Doc::Kind::array: return of(std::shared_ptr<const ListView>(std::make_shared<DocItems>(doc)));
    case api::Doc::Kind::object: return of(std::shared_ptr<const MapView>(std::make_shared<DocMembers>(doc)));
  }
  return {};
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::null: return true;
    case Kind::boolean: return a.boolean() == b.boolean();
    case Kind::string: return a.text() == b.text();
    case Kind::bytes: return a.bytes() == b.bytes();
    case Kind::list: return equal(a.list(), b.list());
    case Kind::map: return equal(a.map(), b.map());
    case Kind::timestamp: return a.timestamp() == b.timestamp();
    case Kind::duration: return a.duration() == b.duration();
    case Kind::type: return a.type() == b.type();
    case Kind::optional: return a.optional().has_value() == b.optional().has_value() && (!a.optional() || *a.optional() == *b.optional());
    case Kind::quantity: return a.quantity() == b.quantity();
    case Kind::semver: return compare(a.semver(), b.semver()) == 0;
    default: return false;
  }
}

std::optional<std::partial_ordering> Value::compare(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case Kind::boolean: return a.boolean() <=> b.boolean();
    case Kind::string: return a.text() <=> b.text();
    case Kind::bytes: return a.bytes() <=> b.bytes();
    case Kind::timestamp: return a.timestamp() <=> b.timestamp();
    case Kind::duration: return a.duration() <=> b.duration();
    default: return std::nullopt;
  }
}

std::string Value::describe() const {
  const auto quoted = [](std::string_view text) { return api::Doc(text).to_json(); };
  switch (kind()) {
    case Kind::null: return "null";
    case Kind::boolean: return boolean() ? "true" : "false";
    case Kind::integer: return std::to_string(integer());
    case Kind::unsigned_integer: return std::to_string(unsigned_integer()) + "u";
    case Kind::number: return api::Doc(number()).to_json();
    case Kind::string: return quoted(text());
    case Kind::bytes: return "b" + quoted(bytes());
    case Kind::timestamp: return "timestamp(\"" + format(timestamp()) + "\")";
    case Kind::duration: return "duration(\"" + format(duration()) + "\")";
    case Kind::type: return std::string(to_string(type()));
    case Kind::quantity: return "quantity(\"" + quantity().to_string() + "\")";
    case Kind::semver: return "semver(\"" + std::to_string(semver().major) + "." + std::to_string(semver().minor) + "." + std::to_string(semver().patch) + "\")";
    case Kind::optional: return optional() ? "optional.of(" + optional()->describe() + ")" : "optional.none()";
    case Kind::list: {
      std::string text;
      for (std::size_t i = 0; i < list().size(); ++i) text += (i ? ", " : "") + list().at(i).describe();
      return "[" + text + "]";
    }
    case Kind::map: {
      std::string text;
      for (const Value& key : map().keys()) text += (text.empty() ? "" : ", ") + key.describe() + ": " + map().find(key)->describe();
      return "{" + text + "}";
    }
    default: return {};
  }
}

}  // namespace plumb::cel

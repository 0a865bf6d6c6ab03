// Doc: an immutable JSON value whose parts are shared. Copying a Doc copies 16 bytes; changing one (with, without, …) gives a
// new Doc that shares all untouched parts with the old. Patches and custom resources work on it.
//
// Values: null, boolean, integer (int64), number (double), string, array, object. As Go does for Kubernetes, a JSON number
// without fraction and exponent is an integer when it fits int64, and a double otherwise.
// Objects keep their members sorted by the bytes of the key, which is also the order in which Kubernetes writes maps.
// Accessors are total: asking for another kind than what is there gives false, 0, "" or nothing.
// Doc is safe to read and to copy from any thread; a single handle must not be assigned while others read it.
//
// Parsing is RFC 8259, strict, with what Go's decoder does where the RFC leaves room: bytes that are not UTF-8 and lone
// surrogate escapes become U+FFFD, a number beyond double's range is an error, the last of duplicate keys wins. simdjson
// refuses the first and cannot represent the second, hence a parser of our own.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"

namespace plumb::api {

class Doc {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, number, string, array, object };
  struct Member;

  Doc() noexcept { clear(); }
  Doc(std::nullptr_t) noexcept { clear(); }
  Doc(bool value) noexcept { set(Tag::boolean, std::int64_t{value}); }
  Doc(int value) noexcept { set(Tag::integer, std::int64_t{value}); }
  Doc(std::int64_t value) noexcept { set(Tag::integer, value); }
  Doc(double value) noexcept { set(Tag::number, value); }
  Doc(std::string_view text);
  Doc(const char* text) : Doc(std::string_view(text)) {}
  Doc(const std::string& text) : Doc(std::string_view(text)) {}
  Doc(const Doc& other) noexcept {
    std::memcpy(raw_, other.raw_, sizeof raw_);
    if (tag() >= Tag::string) retain();
  }
  Doc(Doc&& other) noexcept {
    std::memcpy(raw_, other.raw_, sizeof raw_);
    other.clear();
  }
  Doc& operator=(Doc other) noexcept {
    swap(other);
    return *this;
  }
  ~Doc() {
    if (tag() >= Tag::string) release();
  }
  void swap(Doc& other) noexcept;

  static Doc array(std::vector<Doc> items = {});
  // Of duplicate names the last wins.
  static Doc object(std::vector<std::pair<std::string, Doc>> members);
  static Doc object(std::initializer_list<std::pair<std::string_view, Doc>> members = {});

  Kind kind() const;
  bool is_null() const { return tag() == Tag::null; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_array() const { return tag() == Tag::array; }
  bool is_object() const { return tag() == Tag::object; }

  bool as_bool() const;
  std::int64_t as_int() const;    // integers only
  double as_double() const;       // integers and numbers
  std::string_view as_string() const;  // lives as long as this handle

  std::size_t size() const;  // items or members
  std::size_t depth() const;  // 0 for a scalar, 1 + the deepest part for arrays and objects; O(1)
  std::span<const Doc> items() const;
  std::span<const Member> members() const;
  const Doc* find(std::string_view name) const;           // nullptr when there is no such member
  const Doc& operator[](std::string_view name) const;     // null when there is no such member
  // RFC 6901; nullptr when nothing is there.
  const Doc* at_pointer(std::string_view pointer) const;

  // New objects: on anything but an object these start from {}.
  Doc with(std::string_view name, Doc value) const;
  Doc without(std::string_view name) const;
  // New arrays. Precondition: the index is in range (for inserted: at most size()).
  Doc with_item(std::size_t index, Doc value) const;
  Doc inserted(std::size_t index, Doc value) const;
  Doc without_item(std::size_t index) const;
  Doc appended(Doc value) const { return inserted(size(), std::move(value)); }

  // Same value: member order does not matter, 1 and 1.0 are equal.
  friend bool operator==(const Doc& left, const Doc& right);
  // Same memory, hence the same value; a quick "nothing changed".
  bool same(const Doc& other) const { return std::memcmp(raw_, other.raw_, sizeof raw_) == 0; }

  // Compact JSON as Go's encoding/json writes it: <, >, & and U+2028/9 escaped, keys sorted, shortest numbers.
  std::string to_json() const;
  void append_json(std::string& out) const;
  // Length of to_json(), counted no further than `limit`.
  std::size_t json_size(std::size_t limit = SIZE_MAX) const;

  struct Node;  // shared part: string, array or object

 private:
  friend class DocBuilder;
  enum class Tag : std::uint8_t { null, boolean, integer, number, short_string, string, array, object };
  static constexpr std::size_t short_max = 14;

  Tag tag() const { return static_cast<Tag>(raw_[15]); }
  void clear() noexcept { std::memset(raw_, 0, sizeof raw_); }
  template <class T>
  void set(Tag tag, T value) noexcept {
    clear();
    std::memcpy(raw_, &value, sizeof value);
    raw_[15] = static_cast<char>(tag);
  }
  template <class T>
  T get() const {
    T value;
    std::memcpy(&value, raw_, sizeof value);
    return value;
  }
  void append_scalar(std::string& out) const;
  Doc(Tag tag, Node* node) noexcept { set(tag, node); }
  Node* node() const { return get<Node*>(); }
  void retain() const noexcept;
  void release() const noexcept;

  alignas(8) char raw_[16];  // payload or short text; [14] length of a short text; [15] tag
};

struct Doc::Member {
  Doc key;
  Doc value;
  std::string_view name() const { return key.as_string(); }
};

struct ParseOptions {
  std::size_t max_bytes = SIZE_MAX;
  std::size_t max_depth = 10'000;  // Go's own limit
  // When set, receives the path of each duplicate key once, e.g. spec.containers[0].name. Upstream words it
  // `duplicate field "spec.containers[0].name"`.
  std::vector<std::string>* duplicates = nullptr;
};

// invalid_argument with Go's wording of syntax errors; resource_exhausted when too long or too deep.
Result<Doc> parse_json(std::string_view text, const ParseOptions& options = {});

// JSON text pieces for codecs that write without a Doc; the same rules as to_json().
void append_json_string(std::string& out, std::string_view text);
void append_json_number(std::string& out, double value);

}  // namespace plumb::api

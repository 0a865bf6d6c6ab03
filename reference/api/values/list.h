// Lists and maps of API structs, eight bytes when empty. All-zero bytes are the empty list; elements are relocatable by memcpy, which
// every API value type is, and which lets the codecs grow a list without knowing its element type.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>
#include <utility>

#include "reference/api/values/str.h"

namespace plumb::api {

// What List<T> looks like to code that only knows the element's size.
struct RawList {
  struct Header {
    std::uint32_t size, capacity;
  };
  Header* header = nullptr;

  std::uint32_t size() const { return header ? header->size : 0; }
  char* data() const { return reinterpret_cast<char*>(header + 1); }
  // Appends an all-zero element and returns its place.
  void* append_zero(std::size_t element_size) {
    if (!header || header->size == header->capacity) grow(element_size, header ? header->capacity * 2 : 1);
    void* place = data() + header->size++ * element_size;
    std::memset(place, 0, element_size);
    return place;
  }
  void grow(std::size_t element_size, std::uint32_t capacity) {
    auto* bigger = static_cast<Header*>(std::realloc(static_cast<void*>(header), sizeof(Header) + capacity * element_size));
    if (!bigger) std::abort();
    if (!header) bigger->size = 0;
    bigger->capacity = capacity;
    header = bigger;
  }
  // Gives back room that was reserved by doubling; objects that are kept call it once when they are complete.
  void shrink(std::size_t element_size) {
    if (header && header->size < header->capacity) grow(element_size, header->size);
  }
};

// Memory for a struct that a Box will own, all-zero. (calloc is slower for small sizes: it passes by malloc's cache.)
inline char* allocate_zero(std::size_t size) {
  void* memory = std::malloc(size ? size : 1);
  if (!memory) std::abort();
  return static_cast<char*>(std::memset(memory, 0, size));
}

template <class T>
class List {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  List() = default;
  List(std::initializer_list<T> items) { assign(items.begin(), items.end()); }
  template <class It>
  List(It first, It last) {
    assign(first, last);
  }
  List(const List& other) { assign(other.begin(), other.end()); }
  List(List&& other) noexcept : raw_{std::exchange(other.raw_.header, nullptr)} {}
  List& operator=(const List& other) {
    if (this != &other) {
      List copy(other);
      std::swap(raw_, copy.raw_);
    }
    return *this;
  }
  List& operator=(List&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~List() {
    for (T& item : *this) item.~T();
    std::free(raw_.header);
  }

  std::size_t size() const { return raw_.size(); }
  bool empty() const { return size() == 0; }
  T* begin() { return data(); }
  T* end() { return data() + size(); }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }
  T& operator[](std::size_t i) { return assert(i < size()), data()[i]; }
  const T& operator[](std::size_t i) const { return assert(i < size()), data()[i]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size() - 1]; }
  const T& back() const { return (*this)[size() - 1]; }

  T& push_back(T item) { return *new (raw_.append_zero(sizeof(T))) T(std::move(item)); }
  T& emplace_back() { return *new (raw_.append_zero(sizeof(T))) T(); }
  void reserve(std::size_t capacity) {
    if (!raw_.header || raw_.header->capacity < capacity) raw_.grow(sizeof(T), static_cast<std::uint32_t>(capacity));
  }
  T* insert(const T* before, T item) {
    const std::size_t at = static_cast<std::size_t>(before - data());
    push_back(std::move(item));
    std::rotate(begin() + at, end() - 1, end());
    return begin() + at;
  }
  T* erase(const T* item) {
    T* at = begin() + (item - begin());
    std::move(at + 1, end(), at);
    end()[-1].~T();
    --raw_.header->size;
    return at;
  }
  template <class Predicate>
  std::size_t erase_if(Predicate predicate) {
    T* keep = std::remove_if(begin(), end(), predicate);
    const std::size_t gone = static_cast<std::size_t>(end() - keep);
    for (T* item = keep; item != end(); ++item) item->~T();
    if (raw_.header) raw_.header->size -= static_cast<std::uint32_t>(gone);
    return gone;
  }
  void clear() { *this = List(); }

  friend bool operator==(const List& a, const List& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

 private:
  T* data() const { return raw_.header ? reinterpret_cast<T*>(raw_.data()) : nullptr; }
  template <class It>
  void assign(It first, It last) {
    const auto count = std::distance(first, last);
    if (count > 0) reserve(static_cast<std::size_t>(count));
    for (; first != last; ++first) push_back(T(*first));
  }
  RawList raw_;
};
static_assert(sizeof(List<Str>) == 8);

// A map by string, kept sorted by key, as the wire and `kubectl` show it.
template <class V>
class Map {
 public:
  struct Entry {
    Str key;
    V value;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  Map() = default;
  Map(std::initializer_list<Entry> entries) {
    for (const Entry& entry : entries) set(entry.key, entry.value);
  }

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  Entry* begin() { return entries_.begin(); }
  Entry* end() { return entries_.end(); }
  const Entry* begin() const { return entries_.begin(); }
  const Entry* end() const { return entries_.end(); }

  const V* find(std::string_view key) const { return const_cast<Map*>(this)->find(key); }
  V* find(std::string_view key) {
    Entry* at = lower_bound(key);
    return at != end() && at->key == key ? &at->value : nullptr;
  }
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  // The value, or an empty one.
  const V& get(std::string_view key) const {
    static const V none{};
    const V* found = find(key);
    return found ? *found : none;
  }
  V& operator[](std::string_view key) {
    Entry* at = lower_bound(key);
    if (at == end() || at->key != key) at = entries_.insert(at, Entry{Str(key), V{}});
    return at->value;
  }
  void set(std::string_view key, V value) { (*this)[key] = std::move(value); }
  bool erase(std::string_view key) {
    Entry* at = lower_bound(key);
    if (at == end() || at->key != key) return false;
    entries_.erase(at);
    return true;
  }
  void clear() { entries_.clear(); }
  // Not defaulted: V may be a type that is not complete yet, as in a schema of schemas.
  friend bool operator==(const Map& a, const Map& b) { return a.entries_ == b.entries_; }

 private:
  Entry* lower_bound(std::string_view key) {
    return std::lower_bound(begin(), end(), key, [](const Entry& entry, std::string_view k) { return entry.key.view() < k; });
  }
  List<Entry> entries_;
};

}  // namespace plumb::api

// An immutable string of 16 bytes: up to 15 characters in place, longer ones shared by reference count, so that copying an object
// copies no text. All-zero bytes are the empty, unset string. A string can also be empty and set, which is how an optional string
// field that is present but "" is told from an absent one.
//
// Distinct Str values may share text between threads; one Str itself is as thread-safe as an int.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>

namespace plumb::api {

class Str {
 public:
  Str() noexcept : words_{0, 0} {}
  Str(std::string_view text) { init(text); }
  Str(const char* text) : Str(std::string_view(text)) {}
  Str(const std::string& text) : Str(std::string_view(text)) {}
  Str(const Str& other) noexcept : words_{other.words_[0], other.words_[1]} {
    if (is_heap()) block()->references.fetch_add(1, std::memory_order_relaxed);
  }
  Str(Str&& other) noexcept : words_{other.words_[0], other.words_[1]} { other.words_[0] = other.words_[1] = 0; }
  Str& operator=(const Str& other) noexcept {
    Str copy(other);
    swap(copy);
    return *this;
  }
  Str& operator=(Str&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Str() { release(); }

  std::string_view view() const {
    if (is_heap()) return {block()->text(), block()->size};
    return {reinterpret_cast<const char*>(words_), tag() & 0x0fu};
  }
  operator std::string_view() const { return view(); }
  std::string str() const { return std::string(view()); }
  std::size_t size() const { return view().size(); }
  bool empty() const { return size() == 0; }
  // False only for the unset string.
  bool is_set() const { return tag() != 0; }
  void reset() {
    release();
    words_[0] = words_[1] = 0;
  }
  // Heap bytes this string keeps alive (counted in full for each of several owners).
  std::size_t heap_bytes() const { return is_heap() ? sizeof(Block) + block()->size : 0; }

  friend bool operator==(const Str& a, const Str& b) {
    return (a.words_[0] == b.words_[0] && a.words_[1] == b.words_[1]) || a.view() == b.view();
  }
  friend bool operator==(const Str& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const Str& a, const char* b) { return a.view() == b; }
  friend bool operator==(const Str& a, const std::string& b) { return a.view() == b; }
  friend auto operator<=>(const Str& a, const Str& b) { return a.view() <=> b.view(); }
  friend std::string operator+(std::string a, const Str& b) { return std::move(a.append(b.view())); }
  friend std::string operator+(const Str& a, std::string_view b) { return a.str().append(b); }

 private:
  struct Block {
    std::atomic<std::uint32_t> references;
    std::uint32_t size;
    char* text() { return reinterpret_cast<char*>(this + 1); }
  };
  static constexpr unsigned heap_tag = 0x40, inline_tag = 0x80;
  static constexpr std::size_t inline_capacity = 15;

  void init(std::string_view text) {
    if (text.size() <= inline_capacity) return pack(text.data(), text.size());
    void* memory = std::malloc(sizeof(Block) + text.size());
    if (!memory) std::abort();
    Block* made = new (memory) Block{{1}, static_cast<std::uint32_t>(text.size())};
    std::memcpy(made->text(), text.data(), text.size());
    words_[0] = reinterpret_cast<std::uintptr_t>(made);
    words_[1] = tag_word(heap_tag);
  }
  // Up to 15 characters, by loads of fixed size that may overlap: copying a size known only at run time would be a call.
  void pack(const char* text, std::size_t size) {
    std::uint64_t low = 0, high = 0;
    if (size >= 8) {
      low = load<std::uint64_t>(text);
      high = load<std::uint64_t>(text + size - 8) >> 8 >> 8 * (15 - size);
    } else if (size >= 4) {
      low = load<std::uint32_t>(text) | std::uint64_t{load<std::uint32_t>(text + size - 4)} << 8 * (size - 4);
    } else if (size > 0) {
      for (const std::size_t i : {std::size_t{0}, size / 2, size - 1}) low |= std::uint64_t{static_cast<unsigned char>(text[i])} << 8 * i;
    }
    words_[0] = low;
    words_[1] = high | tag_word(static_cast<unsigned>(inline_tag | size));
  }
  template <class Word>
  static Word load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
  }
  // A sole owner needs no atomic write: nobody else can be taking a copy.
  void release() noexcept {
    if (!is_heap()) return;
    if (block()->references.load(std::memory_order_acquire) == 1 || block()->references.fetch_sub(1, std::memory_order_acq_rel) == 1) std::free(block());
  }
  void swap(Str& other) noexcept {
    std::swap(words_[0], other.words_[0]);
    std::swap(words_[1], other.words_[1]);
  }
  unsigned tag() const { return static_cast<unsigned>(words_[1] >> 56); }
  static constexpr std::uint64_t tag_word(unsigned tag) { return std::uint64_t{tag} << 56; }
  bool is_heap() const { return tag() == heap_tag; }
  Block* block() const { return reinterpret_cast<Block*>(words_[0]); }

  std::uint64_t words_[2];
};
static_assert(sizeof(Str) == 16);

}  // namespace plumb::api

template <>
struct std::hash<plumb::api::Str> {
  std::size_t operator()(const plumb::api::Str& text) const { return std::hash<std::string_view>()(text.view()); }
};

// The shared parts behind Doc, and how they are built. Only for the sources of this folder.
#pragma once

#include <atomic>

#include "reference/api/doc/document.h"

namespace plumb::api {

struct Doc::Node {
  std::atomic<std::uint32_t> references{1};
  std::uint32_t depth = 0;
  std::uint64_t count = 0;  // bytes, items or members; they follow

  template <class T>
  T* data() {
    return reinterpret_cast<T*>(this + 1);
  }
};

// Builds arrays and objects from values that lie side by side in memory and are moved away: afterwards the source is raw memory.
class DocBuilder {
 public:
  static Doc text(std::string_view text);
  static Doc take_array(Doc* items, std::size_t count);
  // Sorts; of equal names the last stays. `duplicate`, if any, is called with each name that came again.
  template <class OnDuplicate>
  static Doc take_object(Doc::Member* members, std::size_t count, OnDuplicate&& duplicate);

 private:
  struct Raw {  // a Member as plain bytes: Doc may be moved in memory by copying
    char bytes[sizeof(Doc::Member)];
  };
  static bool before(const Doc::Member& left, const Doc::Member& right) { return left.name() < right.name(); }
  static void sort(Doc::Member* members, std::size_t count);
  static Doc make(Doc::Tag tag, const void* parts, std::size_t count, std::size_t bytes, std::uint32_t depth);
  static std::uint32_t deepest(const Doc* values, std::size_t count, std::size_t stride);
};

template <class OnDuplicate>
Doc DocBuilder::take_object(Doc::Member* members, std::size_t count, OnDuplicate&& duplicate) {
  sort(members, count);
  std::size_t kept = count ? 1 : 0;
  for (std::size_t i = 1; i < count; ++i) {
    if (members[kept - 1].name() == members[i].name()) [[unlikely]] {
      duplicate(members[i].name());
      members[kept - 1].~Member();
      --kept;
    }
    if (kept != i) std::memcpy(static_cast<void*>(members + kept), members + i, sizeof(Doc::Member));
    ++kept;
  }
  const auto depth = kept ? 1 + deepest(&members[0].value, kept, 2) : 1;
  return make(Doc::Tag::object, members, kept, kept * sizeof(Doc::Member), depth);
}

}  // namespace plumb::api

// All objects of a resource at one revision, ordered by key. A snapshot that was handed out is never changed again: the cache goes on
// with a copy, which shares everything with the first until it is touched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "reference/apiserver/cache/cached_object.h"

namespace plumb::apiserver {

class Snapshot {
 public:
  Snapshot() = default;
  Snapshot(const Snapshot& other);
  Snapshot& operator=(const Snapshot&) = delete;

  std::size_t size() const { return size_; }
  const CachedPtr* find(std::string_view key) const;
  // Calls visit(CachedPtr) for every object with start <= key that has the prefix, in order, until it returns false.
  template <class Visit>
  void visit(std::string_view prefix, std::string_view start, Visit&& visit) const;

  // How many visit() would visit.
  std::size_t count(std::string_view prefix, std::string_view start) const;

  // Puts or replaces; returns what was there.
  CachedPtr put(CachedPtr object);
  CachedPtr remove(std::string_view key);

 private:
  using Chunk = std::vector<CachedPtr>;  // sorted, never empty
  struct Slot {
    std::shared_ptr<Chunk> chunk;
    bool own;  // no other snapshot has it
  };
  static constexpr std::size_t chunk_limit = 64;

  std::size_t chunk_for(std::string_view key) const;  // the last chunk that begins at or before the key
  Chunk& own(std::size_t index);
  static std::size_t position(const Chunk& chunk, std::string_view key);

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

template <class Visit>
void Snapshot::visit(std::string_view prefix, std::string_view start, Visit&& visit) const {
  const std::string_view from = std::max(prefix, start);
  if (slots_.empty()) return;
  std::size_t index = chunk_for(from);
  std::size_t at = position(*slots_[index].chunk, from);
  for (; index < slots_.size(); ++index, at = 0) {
    const Chunk& chunk = *slots_[index].chunk;
    for (; at < chunk.size(); ++at) {
      if (!chunk[at]->key().starts_with(prefix)) return;
      if (!visit(chunk[at])) return;
    }
  }
}

}  // namespace plumb::apiserver

#include "reference/apiserver/cache/snapshot.h"

#include <algorithm>

namespace plumb::apiserver {

Snapshot::Snapshot(const Snapshot& other) : slots_(other.slots_), size_(other.size_) {
  for (Slot& slot : slots_) slot.own = false;
}

std::size_t Snapshot::chunk_for(std::string_view key) const {
  const auto after = std::upper_bound(slots_.begin(), slots_.end(), key,
                                      [](std::string_view k, const Slot& slot) { return k < slot.chunk->front()->key(); });
  return after == slots_.begin() ? 0 : static_cast<std::size_t>(after - slots_.begin()) - 1;
}

std::size_t Snapshot::position(const Chunk& chunk, std::string_view key) {
  const auto at = std::lower_bound(chunk.begin(), chunk.end(), key, [](const CachedPtr& object, std::string_view k) { return object->key() < k; });
  return static_cast<std::size_t>(at - chunk.begin());
}

const CachedPtr* Snapshot::find(std::string_view key) const {
  if (slots_.empty()) return nullptr;
  const Chunk& chunk = *slots_[chunk_for(key)].chunk;
  const std::size_t at = position(chunk, key);
  return at < chunk.size() && chunk[at]->key() == key ? &chunk[at] : nullptr;
}

std::size_t Snapshot::count(std::string_view prefix, std::string_view start) const {
  if (slots_.empty()) return 0;
  const std::string_view from = std::max(prefix, start);
  std::size_t total = 0;
  std::size_t index = chunk_for(from);
  std::size_t at = position(*slots_[index].chunk, from);
  for (; index < slots_.size(); ++index, at = 0) {
    const Chunk& chunk = *slots_[index].chunk;
    if (chunk.back()->key().starts_with(prefix) && (at == chunk.size() || chunk[at]->key().starts_with(prefix))) {
      total += chunk.size() - at;
      continue;
    }
    while (at < chunk.size() && chunk[at]->key().starts_with(prefix)) ++at, ++total;
    return total;
  }
  return total;
}

Snapshot::Chunk& Snapshot::own(std::size_t index) {
  Slot& slot = slots_[index];
  if (!slot.own) slot = {std::make_shared<Chunk>(*slot.chunk), true};
  return *slot.chunk;
}

CachedPtr Snapshot::put(CachedPtr object) {
  if (slots_.empty()) {
    slots_.push_back({std::make_shared<Chunk>(), true});
    slots_.back().chunk->push_back(std::move(object));
    ++size_;
    return nullptr;
  }
  const std::size_t index = chunk_for(object->key());
  Chunk& chunk = own(index);
  const std::size_t at = position(chunk, object->key());
  if (at < chunk.size() && chunk[at]->key() == object->key()) {
    std::swap(chunk[at], object);
    return object;
  }
  chunk.insert(chunk.begin() + static_cast<std::ptrdiff_t>(at), std::move(object));
  ++size_;
  if (chunk.size() > chunk_limit) {
    // Keys mostly come in ascending order at the end of a chunk: leave it nearly full then.
    const std::size_t keep = at + 1 == chunk.size() ? chunk.size() - 1 : chunk.size() / 2;
    auto rest = std::make_shared<Chunk>(chunk.begin() + static_cast<std::ptrdiff_t>(keep), chunk.end());
    chunk.resize(keep);
    slots_.insert(slots_.begin() + static_cast<std::ptrdiff_t>(index) + 1, Slot{std::move(rest), true});
  }
  return nullptr;
}

CachedPtr Snapshot::remove(std::string_view key) {
  if (slots_.empty()) return nullptr;
  const std::size_t index = chunk_for(key);
  const std::size_t at = position(*slots_[index].chunk, key);
  if (at == slots_[index].chunk->size() || (*slots_[index].chunk)[at]->key() != key) return nullptr;
  Chunk& chunk = own(index);
  CachedPtr gone = std::move(chunk[at]);
  chunk.erase(chunk.begin() + static_cast<std::ptrdiff_t>(at));
  if (chunk.empty()) slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(index));
  --size_;
  return gone;
}

}  // namespace plumb::apiserver

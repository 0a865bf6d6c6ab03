// Maps are kept sorted by key (values/list.h), but may arrive in any order: here they get into theirs in no worse than n log n steps, however
// many entries a client sends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "reference/api/codec/list_scratch.h"

namespace plumb::api {

inline std::string_view entry_key(const char* entry) { return reinterpret_cast<const Str*>(entry)->view(); }

// Entries one behind the other become those at order[0], order[1], …
inline void reorder_entries(char* entries, std::size_t entry_size, const std::vector<std::uint32_t>& order) {
  const std::size_t bytes = order.size() * entry_size;
  const auto moved = std::make_unique_for_overwrite<char[]>(bytes);
  for (std::size_t i = 0; i < order.size(); ++i) std::memcpy(moved.get() + i * entry_size, entries + order[i] * entry_size, entry_size);
  std::memcpy(entries, moved.get(), bytes);
}

// False when they were sorted, each key once. Entries with equal keys keep their order.
inline bool sort_entries(RawList& list, std::size_t entry_size) {
  const auto key = [&](std::uint32_t i) { return entry_key(list.data() + i * entry_size); };
  std::uint32_t sorted = 1;
  while (sorted < list.size() && key(sorted - 1) < key(sorted)) ++sorted;
  if (sorted >= list.size()) return false;
  std::vector<std::uint32_t> order(list.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  reorder_entries(list.data(), entry_size, order);
  return true;
}

// The entries of a map under construction, each key once. They stand in the order in which they came until sort().
class MapEntries {
 public:
  MapEntries(ListScratch::Building& entries, std::size_t entry_size) : entries_(entries), entry_size_(entry_size) {}
  MapEntries(const MapEntries&) = delete;
  MapEntries& operator=(const MapEntries&) = delete;

  // The entry with that key; a new one has its key set and an all-zero value.
  char* find_or_add(std::string_view key, bool& found) {
    const std::uint32_t size = entries_.size();
    if (!order_ && size > 0 && !(entry_key(entries_.at(size - 1)) < key)) start_order();
    if (order_) {
      if (const auto at = order_->find(key); at != order_->end()) return found = true, entries_.at(*at);
    }
    char* entry = entries_.append_zero();
    new (entry) Str(key);
    if (order_) order_->insert(size);
    return entry;
  }
  void sort() {
    if (order_) reorder_entries(entries_.at(0), entry_size_, {order_->begin(), order_->end()});
  }

 private:
  // By key, of entries known by their index: their place in memory changes as more come.
  struct Less {
    using is_transparent = void;
    const ListScratch::Building* entries;
    std::string_view key(std::uint32_t index) const { return entry_key(entries->at(index)); }
    static std::string_view key(std::string_view text) { return text; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return key(a) < key(b);
    }
  };
  void start_order() {
    order_.emplace(Less{&entries_});
    for (std::uint32_t i = 0; i < entries_.size(); ++i) order_->insert(order_->end(), i);
  }

  ListScratch::Building& entries_;
  std::size_t entry_size_;
  std::optional<std::set<std::uint32_t, Less>> order_;  // only when keys do not come sorted
};

}  // namespace plumb::api

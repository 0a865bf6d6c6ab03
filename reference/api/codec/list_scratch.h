// Where decoders put the elements of lists and maps until it is known how many there are, so that a list is allocated once and holds room
// for exactly what is in it. Elements are relocatable by memcpy (values/list.h). Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "reference/api/values/list.h"

namespace plumb::api {

class ListScratch {
  // The memory of one list under construction. A list inside an element of another uses the level below, so that an element stays
  // where it is while what it holds is read.
  struct Level {
    std::unique_ptr<Level> below;
    char* memory = nullptr;
    std::size_t capacity = 0;  // bytes

    Level() = default;
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { std::free(memory); }
    void grow(std::size_t wanted) {
      capacity = wanted + wanted / 2 + 1024;
      void* bigger = std::realloc(memory, capacity);
      if (!bigger) std::abort();
      memory = static_cast<char*>(bigger);
    }
  };

 public:
  // Collects elements for `list` and appends them to it at the end of its scope, on failure too: what was read has an owner then.
  class Building {
   public:
    Building(ListScratch& scratch, RawList& list, std::size_t element_size)
        : scratch_(scratch), level_(*scratch.next_), list_(list), element_size_(element_size) {
      if (!level_.below) level_.below = std::make_unique<Level>();
      scratch.next_ = level_.below.get();
    }
    Building(const Building&) = delete;
    Building& operator=(const Building&) = delete;
    ~Building() {
      scratch_.next_ = &level_;
      if (count_ == 0) return;
      const std::uint32_t old = list_.size(), wanted = old + count_;
      if (!list_.header)
        list_.grow(element_size_, wanted);
      else if (list_.header->capacity < wanted)  // comes in several parts: growing by doubling keeps the work linear
        list_.grow(element_size_, std::max(wanted, 2 * list_.header->capacity));
      std::memcpy(list_.data() + old * element_size_, level_.memory, count_ * element_size_);
      list_.header->size = wanted;
    }

    std::uint32_t size() const { return count_; }
    char* at(std::uint32_t index) const { return level_.memory + index * element_size_; }
    char* append_zero() {
      const std::size_t used = count_ * element_size_;
      if (level_.capacity < used + element_size_) [[unlikely]] level_.grow(used + element_size_);
      ++count_;
      return static_cast<char*>(std::memset(level_.memory + used, 0, element_size_));
    }

   private:
    ListScratch& scratch_;
    Level& level_;
    RawList& list_;
    std::size_t element_size_;
    std::uint32_t count_ = 0;
  };

  // Between two texts: a single huge one does not keep its memory for ever.
  void trim() {
    std::size_t held = 0;
    for (const Level* level = &top_; level; level = level->below.get()) held += level->capacity;
    if (held <= std::size_t{1} << 20) return;
    top_.below.reset();
    std::free(std::exchange(top_.memory, nullptr));
    top_.capacity = 0;
  }

 private:
  Level top_;
  Level* next_ = &top_;
};

}  // namespace plumb::api

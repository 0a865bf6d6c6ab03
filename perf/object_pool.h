// Which objects of one template exist, and the account of all that were made. Safe from any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "harness/base/random.h"
#include "harness/load/outcome.h"

namespace plumb::perf {

class ObjectPool {
 public:
  explicit ObjectPool(std::uint64_t seed) : random_(seed) {}

  std::uint64_t begin_create() { return next_++; }  // one thread at a time
  void created(std::uint64_t number);
  void create_failed();
  // A living object at random, or the `turn`th in the order of making, from the first again after the last (for `each`); nullopt when there is none. It is not removed until end_use().
  std::optional<std::uint64_t> use_any();
  std::optional<std::uint64_t> use_in_turn(std::uint64_t turn);
  void end_use(std::uint64_t number);
  // Takes the oldest living object out that nobody uses; remove_failed() gives it back.
  std::optional<std::uint64_t> begin_remove();
  void removed();
  void remove_failed(std::uint64_t number);

  harness::ObjectCount count() const;  // `left`: what lives

 private:
  std::uint64_t use(std::uint64_t number);

  mutable std::mutex mutex_;
  Random random_;
  std::vector<std::uint64_t> living_;  // in order of making; what stands before first_ has gone
  std::size_t first_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> users_;  // of what is in use now
  std::uint64_t next_ = 0;
  std::uint64_t made_ = 0, failed_ = 0, removed_ = 0;
};

}  // namespace plumb::perf

#include "perf/object_pool.h"

#include <algorithm>

namespace plumb::perf {

void ObjectPool::created(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  ++made_;
  living_.push_back(number);
}

void ObjectPool::create_failed() {
  std::lock_guard lock(mutex_);
  ++failed_;
}

std::uint64_t ObjectPool::use(std::uint64_t number) {
  ++users_[number];
  return number;
}

std::optional<std::uint64_t> ObjectPool::use_any() {
  std::lock_guard lock(mutex_);
  if (first_ == living_.size()) return std::nullopt;
  return use(living_[first_ + random_.below(living_.size() - first_)]);
}

std::optional<std::uint64_t> ObjectPool::use_in_turn(std::uint64_t turn) {
  std::lock_guard lock(mutex_);
  if (first_ == living_.size()) return std::nullopt;
  return use(living_[first_ + turn % (living_.size() - first_)]);
}

void ObjectPool::end_use(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  const auto found = users_.find(number);
  if (found != users_.end() && --found->second == 0) users_.erase(found);
}

std::optional<std::uint64_t> ObjectPool::begin_remove() {
  std::lock_guard lock(mutex_);
  const auto begin = living_.begin() + static_cast<std::ptrdiff_t>(first_);
  const auto free = std::find_if(begin, living_.end(), [this](std::uint64_t number) { return !users_.contains(number); });
  if (free == living_.end()) return std::nullopt;
  std::rotate(begin, free, free + 1);  // those in use stay in the order of making
  return living_[first_++];
}

void ObjectPool::removed() {
  std::lock_guard lock(mutex_);
  ++removed_;
}

void ObjectPool::remove_failed(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  living_.push_back(number);
}

harness::ObjectCount ObjectPool::count() const {
  std::lock_guard lock(mutex_);
  return {"", made_, failed_, removed_, made_ - removed_};
}

}  // namespace plumb::perf

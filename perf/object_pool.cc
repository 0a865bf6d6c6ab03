#include "perf/object_pool.h"

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

std::optional<std::uint64_t> ObjectPool::any() {
  std::lock_guard lock(mutex_);
  if (first_ == living_.size()) return std::nullopt;
  return living_[first_ + random_.below(living_.size() - first_)];
}

std::optional<std::uint64_t> ObjectPool::in_turn(std::uint64_t turn) {
  std::lock_guard lock(mutex_);
  if (turn >= living_.size() - first_) return std::nullopt;
  return living_[first_ + turn];
}

std::optional<std::uint64_t> ObjectPool::begin_remove() {
  std::lock_guard lock(mutex_);
  if (first_ == living_.size()) return std::nullopt;
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

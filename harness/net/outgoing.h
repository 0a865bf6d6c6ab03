// The bytes of a body or stream that wait to go out, in order. counted() may be read from any thread and rises when the writer
// writes, before the reactor has seen it; the rest is for the reactor thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "harness/net/http.h"
#include "harness/net/reactor.h"

namespace plumb::net::detail {

class Outgoing {
 public:
  void count(std::size_t size) { counted_.fetch_add(size, std::memory_order_relaxed); }  // before push(), on the writer's thread
  std::size_t counted() const { return counted_.load(std::memory_order_relaxed); }

  void push(Bytes chunk) {
    if (!chunk || chunk->empty()) return;
    size_ += chunk->size();
    chunks_.push_back(std::move(chunk));
  }
  void push(const Body& body) {
    for (const Bytes& chunk : body.chunks()) push(chunk);
  }
  std::size_t size() const { return size_; }

  // Moves up to `limit` bytes to the end of `out`.
  std::size_t take(std::string& out, std::size_t limit) {
    std::size_t left = std::min(limit, size_);
    const std::size_t total = left;
    while (left) {
      const Bytes& chunk = chunks_[head_];
      const std::size_t part = std::min(left, chunk->size() - offset_);
      out.append(*chunk, offset_, part);
      left -= part;
      offset_ += part;
      if (offset_ == chunk->size()) pop();
    }
    size_ -= total;
    counted_.fetch_sub(total, std::memory_order_relaxed);
    return total;
  }
  void clear() {
    counted_.fetch_sub(size_, std::memory_order_relaxed);
    chunks_.clear();
    head_ = offset_ = size_ = 0;
  }

  void watch(std::size_t low_water, std::function<void()> callback, Reactor& reactor) {
    low_water_ = low_water;
    on_writable_ = std::move(callback);
    drained(reactor);
  }
  // To be called after take(); the callback runs in a later turn.
  void drained(Reactor& reactor) {
    if (!on_writable_ || counted() > low_water_) return;
    reactor.post(std::move(on_writable_));
    on_writable_ = nullptr;
  }
  void forget_watch() { on_writable_ = nullptr; }

 private:
  void pop() {
    chunks_[head_++] = nullptr;
    offset_ = 0;
    if (head_ == chunks_.size()) chunks_.clear(), head_ = 0;
    else if (head_ >= 64 && head_ * 2 >= chunks_.size()) chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(head_)), head_ = 0;
  }

  std::vector<Bytes> chunks_;
  std::size_t head_ = 0, offset_ = 0, size_ = 0;
  std::atomic<std::size_t> counted_{0};
  std::size_t low_water_ = 0;
  std::function<void()> on_writable_;
};

// A body on its way out through HTTP/2's data provider.
struct OutgoingBody {
  Outgoing queue;
  bool ended = false;     // nothing more will be pushed
  bool deferred = false;  // the session waits for more
  Headers trailers;
};

}  // namespace plumb::net::detail

#include "reference/apiserver/compaction.h"

#include "harness/base/log.h"

namespace plumb::apiserver {
namespace {

constexpr Duration interval = std::chrono::minutes(5);

}  // namespace

Compaction::Compaction(store::Store& store, Clock& clock) : store_(store), clock_(clock) { schedule(); }

Compaction::~Compaction() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    clock_.cancel(timer_);
  }
  worker_.stop();
}

void Compaction::schedule() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  timer_ = clock_.after(interval, [this] {
    worker_.try_post([this] { run(); });
    schedule();
  });
}

void Compaction::run() {
  const auto now = store_.current_revision();
  if (!now.ok()) return;
  const store::Revision before = std::exchange(seen_, *now);
  if (before <= 1 || before == *now) return;
  // Another API server on the same store may have been faster.
  const Status done = store_.compact(before);
  if (!done.ok() && done.error().code != Code::expired) log::warning("apiserver", "cannot compact the store: " + done.error().message);
}

}  // namespace plumb::apiserver

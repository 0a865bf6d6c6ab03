#include "reference/apiserver/compaction.h"

#include <utility>

#include "harness/base/log.h"

namespace plumb::apiserver {
namespace {

constexpr Duration interval = std::chrono::minutes(5);

}  // namespace

Compaction::Compaction(store::Store& store, Clock& clock) : store_(store), ticker_(clock, interval, [this] { run(); }) {}

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

// A performance run's numbers while it goes on, for Prometheus: plumb_perf_* under GET /metrics.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "harness/base/result.h"
#include "perf/runner.h"

namespace plumb::perf {

class LiveMetrics {
 public:
  // `address` is "host:port"; port 0 takes any free one.
  static Result<std::unique_ptr<LiveMetrics>> serve(const std::string& address);
  ~LiveMetrics();
  std::uint16_t port() const;

  // Hooks for RunHooks; safe from any thread.
  void progress(const std::vector<LiveOperation>& operations);
  void ended(const LiveOperation& operation, double intended_seconds, double sent_seconds, bool ok);

 private:
  struct Impl;
  LiveMetrics();
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumb::perf

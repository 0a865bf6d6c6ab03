// What was scraped of nodes and pods, and the usage that follows from it: CPU from the last two readings of a counter, as metrics-server does.
// A counter that went back, or whose container began anew, starts again; a container that is younger than the time between two readings is
// measured from its start. Safe from any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::metrics_api {

// One reading.
struct Point {
  WallTime at, started;  // `started` is the epoch where it is not known
  double cpu_seconds = 0;
  std::uint64_t memory_bytes = 0;
};

struct PodName {
  std::string namespace_, name;
  auto operator<=>(const PodName&) const = default;
};
using ContainerPoints = std::map<std::string, Point>;

// A kubelet's /metrics/resource.
struct Scrape {
  std::optional<Point> node;
  std::map<PodName, ContainerPoints> pods;
};
// `received` stands for timestamps that are missing.
Result<Scrape> read_scrape(std::string_view text, WallTime received);

struct Measured {
  WallTime at;
  Duration window{};
  std::uint64_t nano_cpu = 0, memory_bytes = 0;
};
using ContainerUse = std::map<std::string, Measured>;

// nullopt: nothing follows from these yet. `resolution` is the time between two readings.
std::optional<Measured> measure(const Point& last, const std::optional<Point>& before, Duration resolution);

class Samples {
 public:
  explicit Samples(Duration resolution) : resolution_(resolution) {}

  void store(const std::string& node, Scrape scrape);
  // The node is gone, and its pods.
  void forget(const std::string& node);

  std::optional<Measured> node(const std::string& name) const;
  // Only where every container of the pod can be measured.
  std::optional<ContainerUse> pod(const PodName& name) const;

 private:
  struct Series {
    Point last;
    std::optional<Point> before;
    void add(const Point& point);
  };
  struct Pod {
    std::string node;
    std::map<std::string, Series> containers;
  };
  const Duration resolution_;
  mutable std::mutex mutex_;
  std::map<std::string, Series> nodes_;                 // under mutex_
  std::map<PodName, Pod> pods_;                         // under mutex_
  std::map<std::string, std::vector<PodName>> on_node_;  // under mutex_
};

}  // namespace plumb::metrics_api

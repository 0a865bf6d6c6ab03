// What the metrics APIs answer, as values: metrics.k8s.io (PodMetricsList), custom.metrics.k8s.io (MetricValueList) and
// external.metrics.k8s.io (ExternalMetricValueList). Values are thousandths, as upstream reckons. An answer that is not of that form is an
// error; a single item without a name, or a value that is no quantity, is left out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::controllers::hpa {

struct ContainerUsage {
  std::string name;
  std::map<std::string, std::int64_t, std::less<>> usage;  // thousandths, by resource
};
struct PodUsage {
  WallTime at;
  Duration window{};
  std::vector<ContainerUsage> containers;
  friend bool operator==(const PodUsage&, const PodUsage&);
};
// Of one namespace, by pod.
using PodUsages = std::map<std::string, PodUsage, std::less<>>;
Result<PodUsages> read_pod_metrics(std::string_view json);

// One metric of one pod.
struct Sample {
  WallTime at;
  Duration window{};
  std::int64_t milli = 0;
};
using Samples = std::map<std::string, Sample, std::less<>>;  // by the name of what is described
// The sum over a pod's containers; a pod with a container that lacks the resource is left out.
Samples samples_of(const PodUsages& usages, std::string_view resource);
// Of one container; an error where a pod does not have it.
Result<Samples> samples_of(const PodUsages& usages, std::string_view resource, std::string_view container, std::string_view namespace_);

Result<Samples> read_custom_metrics(std::string_view json);
Result<std::vector<std::int64_t>> read_external_metrics(std::string_view json);

}  // namespace plumb::controllers::hpa

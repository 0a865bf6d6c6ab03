#include "reference/controllers/horizontalpodautoscaler/metric_samples.h"

#include <algorithm>
#include <optional>

#include "reference/api/doc/document.h"
#include "reference/api/text/quantity.h"
#include "reference/api/text/time.h"

namespace plumb::controllers::hpa {
namespace {

using api::Doc;

constexpr Duration usual_window = std::chrono::minutes(1);  // of custom metrics that do not say theirs
constexpr std::size_t most_bytes = std::size_t{256} << 20;

Result<Doc> read_list(std::string_view json) {
  api::ParseOptions options;
  options.max_bytes = most_bytes;
  options.max_depth = 100;
  Doc list = PLUMB_TRY(api::parse_json(json, options));
  if (!list.is_object() || !(list["items"].is_array() || list["items"].is_null())) return fail(Code::internal, "the answer is no list of metrics");
  return list;
}

std::optional<std::int64_t> milli_of(const Doc& value) {
  const auto quantity = api::Quantity::parse(value.as_string());
  if (!quantity.ok()) return std::nullopt;
  return quantity->milli_value();
}

WallTime time_of(const Doc& value) {
  const auto time = api::parse_time(value.as_string());
  return time.ok() ? *time : WallTime();
}

ContainerUsage container_of(const Doc& value) {
  ContainerUsage container;
  container.name = value["name"].as_string();
  for (const auto& each : value["usage"].members())
    if (const auto milli = milli_of(each.value)) container.usage.emplace(each.name(), *milli);
  return container;
}

std::int64_t saturated_sum(std::int64_t left, std::int64_t right) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(left, right, &sum) ? INT64_MAX : sum;
}

}  // namespace

bool operator==(const PodUsage& left, const PodUsage& right) {
  return left.at == right.at && std::equal(left.containers.begin(), left.containers.end(), right.containers.begin(), right.containers.end(),
                                           [](const ContainerUsage& a, const ContainerUsage& b) { return a.name == b.name && a.usage == b.usage; });
}

Result<PodUsages> read_pod_metrics(std::string_view json) {
  const Doc list = PLUMB_TRY(read_list(json));
  PodUsages usages;
  for (const Doc& item : list["items"].items()) {
    const std::string_view name = item["metadata"]["name"].as_string();
    if (name.empty()) continue;
    PodUsage usage;
    usage.at = time_of(item["timestamp"]);
    const auto window = api::parse_duration(item["window"].as_string());
    if (window.ok()) usage.window = *window;
    for (const Doc& container : item["containers"].items()) usage.containers.push_back(container_of(container));
    usages.insert_or_assign(std::string(name), std::move(usage));
  }
  return usages;
}

Samples samples_of(const PodUsages& usages, std::string_view resource) {
  Samples samples;
  for (const auto& [pod, usage] : usages) {
    Sample sample{usage.at, usage.window};
    bool complete = !usage.containers.empty();
    for (const ContainerUsage& container : usage.containers) {
      const auto found = container.usage.find(resource);
      complete = complete && found != container.usage.end();
      if (!complete) break;
      sample.milli = saturated_sum(sample.milli, found->second);
    }
    if (complete) samples.emplace(pod, sample);
  }
  return samples;
}

Result<Samples> samples_of(const PodUsages& usages, std::string_view resource, std::string_view container, std::string_view namespace_) {
  Samples samples;
  for (const auto& [pod, usage] : usages) {
    const auto found = std::find_if(usage.containers.begin(), usage.containers.end(), [&](const ContainerUsage& each) { return each.name == container; });
    if (found == usage.containers.end())
      return fail(Code::not_found, "container " + std::string(container) + " not present in metrics for pod " + std::string(namespace_) + "/" + pod);
    const auto value = found->usage.find(resource);
    if (value != found->usage.end()) samples.emplace(pod, Sample{usage.at, usage.window, value->second});
  }
  return samples;
}

Result<Samples> read_custom_metrics(std::string_view json) {
  const Doc list = PLUMB_TRY(read_list(json));
  Samples samples;
  for (const Doc& item : list["items"].items()) {
    const auto milli = milli_of(item["value"]);
    const std::string_view name = item["describedObject"]["name"].as_string();
    if (!milli || name.empty()) continue;
    const Doc& seconds = item["windowSeconds"];
    const Duration window = seconds.kind() == Doc::Kind::integer && seconds.as_int() >= 0 && seconds.as_int() < 1'000'000'000 ? std::chrono::seconds(seconds.as_int()) : usual_window;
    samples.insert_or_assign(std::string(name), Sample{time_of(item["timestamp"]), window, *milli});
  }
  return samples;
}

Result<std::vector<std::int64_t>> read_external_metrics(std::string_view json) {
  const Doc list = PLUMB_TRY(read_list(json));
  std::vector<std::int64_t> values;
  for (const Doc& item : list["items"].items())
    if (const auto milli = milli_of(item["value"])) values.push_back(*milli);
  return values;
}

}  // namespace plumb::controllers::hpa

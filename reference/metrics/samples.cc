#include "reference/metrics/samples.h"

#include <cmath>

#include "reference/metrics/exposition.h"

namespace plumb::metrics_api {
namespace {

using namespace std::chrono_literals;

// Younger ones are not measured from their start: too little has happened.
constexpr Duration freshest = 10s;
constexpr double largest_count = 1e12;  // of seconds or bytes that are taken for a number at all: 30,000 years, and more below

bool sound(double value) { return std::isfinite(value) && value >= 0 && value < largest_count * 1e6; }

WallTime unix_time(double seconds) { return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(std::min(seconds, 9e9)))); }

}  // namespace

Result<Scrape> read_scrape(std::string_view text, WallTime received) {
  Scrape scrape;
  struct Seen {
    bool cpu = false, memory = false;
  };
  Seen node_seen;
  Point node;
  std::map<std::pair<PodName, std::string>, std::pair<Seen, Point>> containers;
  const auto time_of = [&](const Sample& sample) { return sample.milliseconds ? WallTime(std::chrono::milliseconds(*sample.milliseconds)) : received; };
  PLUMB_TRY(read_exposition(text, [&](const Sample& sample) {
    if (!sound(sample.value)) return;
    if (sample.name == "node_cpu_usage_seconds_total") {
      node.cpu_seconds = sample.value;
      node.at = time_of(sample);
      node_seen.cpu = true;
    } else if (sample.name == "node_memory_working_set_bytes") {
      node.memory_bytes = static_cast<std::uint64_t>(sample.value);
      node_seen.memory = true;
    } else if (sample.name == "container_cpu_usage_seconds_total" || sample.name == "container_memory_working_set_bytes" || sample.name == "container_start_time_seconds") {
      auto& [seen, point] = containers[{{std::string(sample.label("namespace")), std::string(sample.label("pod"))}, std::string(sample.label("container"))}];
      if (sample.name == "container_cpu_usage_seconds_total") {
        point.cpu_seconds = sample.value;
        point.at = time_of(sample);
        seen.cpu = true;
      } else if (sample.name == "container_memory_working_set_bytes") {
        point.memory_bytes = static_cast<std::uint64_t>(sample.value);
        seen.memory = true;
      } else {
        point.started = unix_time(sample.value);
      }
    }
  }));
  if (node_seen.cpu && node_seen.memory) scrape.node = node;
  for (const auto& [key, value] : containers)
    if (value.first.cpu && value.first.memory) scrape.pods[key.first][key.second] = value.second;
  return scrape;
}

std::optional<Measured> measure(const Point& last, const std::optional<Point>& before, Duration resolution) {
  Point from;
  const Duration age = last.at - last.started;
  if (before) {
    from = *before;
  } else if (last.started != WallTime() && age >= freshest && age < resolution) {
    from.at = last.started;
  } else {
    return std::nullopt;
  }
  const Duration window = last.at - from.at;
  if (window <= Duration::zero() || last.cpu_seconds < from.cpu_seconds) return std::nullopt;
  const double cores = (last.cpu_seconds - from.cpu_seconds) / std::chrono::duration<double>(window).count();
  return Measured{last.at, window, static_cast<std::uint64_t>(std::llround(cores * 1e9)), last.memory_bytes};
}

void Samples::Series::add(const Point& point) {
  if (point.at <= last.at) return;  // the same reading again, or an older one
  const bool anew = point.cpu_seconds < last.cpu_seconds || point.started > last.at;
  before = anew ? std::nullopt : std::optional(last);
  last = point;
}

void Samples::store(const std::string& node, Scrape scrape) {
  std::lock_guard lock(mutex_);
  if (scrape.node) {
    const auto [at, fresh] = nodes_.try_emplace(node, Series{*scrape.node, std::nullopt});
    if (!fresh) at->second.add(*scrape.node);
  }
  std::vector<PodName>& here = on_node_[node];
  for (const PodName& name : here) {
    const auto known = pods_.find(name);
    if (!scrape.pods.contains(name) && known != pods_.end() && known->second.node == node) pods_.erase(known);
  }
  here.clear();
  for (const auto& [name, points] : scrape.pods) {
    here.push_back(name);
    Pod& pod = pods_[name];
    if (pod.node != node) pod = {node, {}};
    std::erase_if(pod.containers, [&listed = points](const auto& each) { return !listed.contains(each.first); });
    for (const auto& [container, point] : points) {
      const auto [at, fresh] = pod.containers.try_emplace(container, Series{point, std::nullopt});
      if (!fresh) at->second.add(point);
    }
  }
}

void Samples::forget(const std::string& node) {
  store(node, {});
  std::lock_guard lock(mutex_);
  nodes_.erase(node);
  on_node_.erase(node);
}

std::optional<Measured> Samples::node(const std::string& name) const {
  std::lock_guard lock(mutex_);
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? std::nullopt : measure(found->second.last, found->second.before, Duration::zero());
}

std::optional<ContainerUse> Samples::pod(const PodName& name) const {
  std::lock_guard lock(mutex_);
  const auto found = pods_.find(name);
  if (found == pods_.end() || found->second.containers.empty()) return std::nullopt;
  ContainerUse use;
  for (const auto& [container, series] : found->second.containers) {
    const auto measured = measure(series.last, series.before, resolution_);
    if (!measured) return std::nullopt;
    use.emplace(container, *measured);
  }
  return use;
}

}  // namespace plumb::metrics_api

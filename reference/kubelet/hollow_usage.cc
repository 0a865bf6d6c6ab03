#include "reference/kubelet/hollow_usage.h"

#include <algorithm>

#include "reference/api/text/quantity.h"

namespace plumb::kubelet {
namespace {

constexpr std::int64_t default_milli_cpu = 1, default_memory = 1 << 20;

// What cannot be read, or is below zero, counts as not said.
std::int64_t amount(const corev1::Pod& pod, const char* annotation, bool milli, std::int64_t otherwise) {
  const api::Str* text = pod.metadata.annotations.find(annotation);
  if (!text) return otherwise;
  const auto value = api::Quantity::parse(text->view());
  if (!value.ok()) return otherwise;
  const std::int64_t number = milli ? value->milli_value() : value->value();
  return number < 0 ? otherwise : number;
}

}  // namespace

std::uint64_t SimulatedUsage::Meter::at(WallTime now) const {
  const auto passed = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(now - since).count());
  return counted + static_cast<std::uint64_t>(passed) * static_cast<std::uint64_t>(milli_cpu);  // a thousandth of a CPU for a microsecond is a nanosecond
}

void SimulatedUsage::saw(const corev1::Pod& pod, WallTime now) {
  const std::int64_t milli = amount(pod, kCpuUsageAnnotation, true, default_milli_cpu);
  const auto memory = static_cast<std::uint64_t>(amount(pod, kMemoryUsageAnnotation, false, default_memory));
  std::lock_guard lock(mutex_);
  const auto [at, fresh] = meters_.try_emplace(pod.metadata.uid.str());
  Meter& meter = at->second;
  if (!fresh && meter.milli_cpu == milli && meter.memory_bytes == memory) return;
  meter = {fresh ? 0 : meter.at(now), milli, memory, now};
}

void SimulatedUsage::gone(const corev1::Pod& pod) {
  std::lock_guard lock(mutex_);
  meters_.erase(pod.metadata.uid.str());
}

PodUsage SimulatedUsage::read(const PodPtr& pod, const std::vector<std::pair<std::string, WallTime>>& running, WallTime now) const {
  PodUsage usage{pod, {}};
  std::lock_guard lock(mutex_);
  const auto found = meters_.find(pod->metadata.uid.view());
  if (found == meters_.end() || running.empty()) return usage;
  const Usage share{found->second.at(now) / running.size(), found->second.memory_bytes / running.size()};
  for (const auto& [name, started] : running) usage.containers.push_back({name, now, started, share, 0, 0});
  return usage;
}

}  // namespace plumb::kubelet

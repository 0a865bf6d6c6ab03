#include "reference/scheduler/pod_info.h"

#include <algorithm>

#include "reference/api/text/quantity.h"

namespace plumb::scheduler {

namespace {

constexpr std::int64_t assumed_cpu = 100;
constexpr std::int64_t assumed_memory = 200 * 1024 * 1024;

using Amounts = api::Map<api::QuantityText>;

std::int64_t& scalar_of(Resources& resources, const api::Str& name) {
  const auto at = std::lower_bound(resources.scalars.begin(), resources.scalars.end(), name,
                                   [](const auto& entry, const api::Str& key) { return entry.first < key; });
  if (at != resources.scalars.end() && at->first == name) return at->second;
  return resources.scalars.insert(at, {name, 0})->second;
}

bool is_sidecar(const corev1::Container& container) {
  return container.restartPolicy && *container.restartPolicy == corev1::ContainerRestartPolicyAlways;
}

Resources of_container(const corev1::Container& container, bool fill_in) {
  Resources amounts = resources_of(container.resources.requests);
  if (fill_in && !container.resources.requests.contains("cpu")) amounts.cpu = assumed_cpu;
  if (fill_in && !container.resources.requests.contains("memory")) amounts.memory = assumed_memory;
  return amounts;
}

Resources peak_of_containers(const corev1::PodSpec& spec, bool fill_in) {
  Resources together, sidecars, starting;
  for (const corev1::Container& container : spec.containers) together += of_container(container, fill_in);
  for (const corev1::Container& container : spec.initContainers) {
    Resources step = of_container(container, fill_in);
    if (is_sidecar(container)) {
      together += step;
      sidecars += step;
      starting.raise_to(sidecars);
    } else {
      step += sidecars;
      starting.raise_to(step);
    }
  }
  together.raise_to(starting);
  return together;
}

Resources peak_of(const corev1::PodSpec& spec, bool fill_in) {
  Resources amounts = peak_of_containers(spec, fill_in);
  if (spec.resources) {
    const Resources whole = resources_of(spec.resources->requests);
    if (spec.resources->requests.contains("cpu")) amounts.cpu = whole.cpu;
    if (spec.resources->requests.contains("memory")) amounts.memory = whole.memory;
    for (const auto& [name, amount] : whole.scalars)
      if (name.view().starts_with("hugepages-")) scalar_of(amounts, name) = amount;
  }
  amounts += resources_of(spec.overhead);
  return amounts;
}

void collect_ports(const corev1::Container& container, std::vector<HostPort>& ports) {
  for (const corev1::ContainerPort& port : container.ports) {
    if (port.hostPort <= 0) continue;
    ports.push_back({port.hostIP.empty() ? api::Str("0.0.0.0") : port.hostIP, port.protocol.empty() ? api::Str("TCP") : port.protocol,
                     port.hostPort});
  }
}

}  // namespace

std::int64_t Resources::scalar(std::string_view name) const {
  const auto at = std::lower_bound(scalars.begin(), scalars.end(), name,
                                   [](const auto& entry, std::string_view key) { return entry.first.view() < key; });
  return at != scalars.end() && at->first == name ? at->second : 0;
}

Resources& Resources::operator+=(const Resources& other) {
  cpu += other.cpu;
  memory += other.memory;
  ephemeral_storage += other.ephemeral_storage;
  for (const auto& [name, amount] : other.scalars) scalar_of(*this, name) += amount;
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  cpu -= other.cpu;
  memory -= other.memory;
  ephemeral_storage -= other.ephemeral_storage;
  for (const auto& [name, amount] : other.scalars) scalar_of(*this, name) -= amount;
  return *this;
}

void Resources::raise_to(const Resources& other) {
  cpu = std::max(cpu, other.cpu);
  memory = std::max(memory, other.memory);
  ephemeral_storage = std::max(ephemeral_storage, other.ephemeral_storage);
  for (const auto& [name, amount] : other.scalars) {
    std::int64_t& mine = scalar_of(*this, name);
    mine = std::max(mine, amount);
  }
}

Resources resources_of(const Amounts& amounts) {
  Resources result;
  for (const auto& [name, text] : amounts) {
    const auto quantity = api::Quantity::parse(text.text);
    if (!quantity.ok() || name == "pods") continue;
    if (name == "cpu") result.cpu = quantity->milli_value();
    else if (name == "memory") result.memory = quantity->value();
    else if (name == "ephemeral-storage") result.ephemeral_storage = quantity->value();
    else scalar_of(result, name) = quantity->value();
  }
  return result;
}

bool HostPort::clashes_with(const HostPort& other) const {
  if (port != other.port || protocol != other.protocol) return false;
  return ip == other.ip || ip == "0.0.0.0" || other.ip == "0.0.0.0";
}

PodInfo::PodInfo(std::shared_ptr<const corev1::Pod> from) : pod(std::move(from)) {
  const corev1::PodSpec& spec = pod->spec;
  priority = spec.priority.value_or(0);
  terms = PodTerms::of(*pod);
  requests = peak_of(spec, false);
  const Resources scored = peak_of(spec, true);
  scored_cpu = scored.cpu;
  scored_memory = scored.memory;
  for (const corev1::Container& container : spec.containers) collect_ports(container, ports);
  for (const corev1::Container& container : spec.initContainers)
    if (is_sidecar(container)) collect_ports(container, ports);
}

}  // namespace plumb::scheduler

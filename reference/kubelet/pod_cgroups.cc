#include "reference/kubelet/pod_cgroups.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "reference/api/text/quantity.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMinShares = 2, kMaxShares = 262144, kQuotaPeriod = 100'000, kMinQuota = 1000;

void write_value(const fs::path& file, const std::string& value) {
  std::ofstream out(file);
  out << value;
}

struct PodAmounts {
  std::int64_t milli_request = 0, milli_limit = 0, memory_limit = 0;  // limits are 0 unless every container has one
};

PodAmounts amounts_of(const corev1::Pod& pod) {
  PodAmounts sum;
  bool cpu_limited = true, memory_limited = true;
  for (const auto& container : pod.spec.containers) {
    const auto limit = milli_cpu(container.resources.limits), memory = bytes_of(container.resources.limits);
    sum.milli_request += milli_cpu(container.resources.requests);
    sum.milli_limit += limit;
    sum.memory_limit += memory;
    cpu_limited &= limit > 0;
    memory_limited &= memory > 0;
  }
  for (const auto& container : pod.spec.initContainers) {
    sum.milli_request = std::max(sum.milli_request, milli_cpu(container.resources.requests));
    sum.milli_limit = std::max(sum.milli_limit, milli_cpu(container.resources.limits));
    sum.memory_limit = std::max(sum.memory_limit, bytes_of(container.resources.limits));
    cpu_limited &= milli_cpu(container.resources.limits) > 0;
    memory_limited &= bytes_of(container.resources.limits) > 0;
  }
  if (!cpu_limited) sum.milli_limit = 0;
  if (!memory_limited) sum.memory_limit = 0;
  return sum;
}

void apply(const fs::path& folder, const PodAmounts& sum) {
  const auto exists = [&](const char* file) {
    std::error_code error;
    return fs::exists(folder / file, error);
  };
  const std::int64_t shares = cpu_shares(sum.milli_request), quota = cpu_quota(sum.milli_limit);
  if (exists("cpu.shares")) write_value(folder / "cpu.shares", std::to_string(shares));
  if (exists("cpu.cfs_quota_us") && quota > 0) write_value(folder / "cpu.cfs_quota_us", std::to_string(quota));
  if (exists("memory.limit_in_bytes") && sum.memory_limit > 0) write_value(folder / "memory.limit_in_bytes", std::to_string(sum.memory_limit));
  if (exists("cpu.weight")) write_value(folder / "cpu.weight", std::to_string(1 + (shares - 2) * 9999 / 262142));
  if (exists("cpu.max") && quota > 0) write_value(folder / "cpu.max", std::to_string(quota) + " " + std::to_string(kQuotaPeriod));
  if (exists("memory.max") && sum.memory_limit > 0) write_value(folder / "memory.max", std::to_string(sum.memory_limit));
}

// v1 cpusets start empty and take no process until they are filled.
void fill_cpuset(const fs::path& folder) {
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    std::string own, above;
    std::getline(std::ifstream(folder / file), own);
    std::getline(std::ifstream(folder.parent_path() / file), above);
    if (own.empty() && !above.empty()) write_value(folder / file, above);
  }
}

void hand_down_controllers(const fs::path& folder) {
  std::ifstream available(folder / "cgroup.controllers");
  std::string controller;
  while (available >> controller) write_value(folder / "cgroup.subtree_control", "+" + controller);
}

void remove_tree(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.is_directory(error)) remove_tree(entry.path());
  rmdir(folder.c_str());
}

}  // namespace

std::int64_t milli_cpu(const api::Map<api::QuantityText>& resources) {
  const auto* found = resources.find("cpu");
  if (!found) return 0;
  const auto value = api::Quantity::parse(found->text);
  return value.ok() ? value->milli_value() : 0;
}

std::int64_t bytes_of(const api::Map<api::QuantityText>& resources, std::string_view name) {
  const auto* found = resources.find(name);
  if (!found) return 0;
  const auto value = api::Quantity::parse(found->text);
  return value.ok() ? value->value() : 0;
}

std::int64_t cpu_shares(std::int64_t milli) { return milli <= 0 ? kMinShares : std::clamp(milli * 1024 / 1000, kMinShares, kMaxShares); }

std::int64_t cpu_quota(std::int64_t milli) { return milli <= 0 ? 0 : std::max(milli * kQuotaPeriod / 1000, kMinQuota); }

std::int64_t oom_score(const corev1::Pod& pod, const corev1::Container& container, std::int64_t memory_capacity) {
  constexpr std::int64_t kGuaranteed = -997, kBestEffort = 1000;
  if (pod.spec.priority.value_or(0) >= 2'000'000'000) return kGuaranteed;
  const auto qos = qos_class(pod);
  if (qos == "Guaranteed") return kGuaranteed;
  if (qos == "BestEffort") return kBestEffort;
  const auto request = bytes_of(container.resources.requests);
  const std::int64_t score = 1000 - (memory_capacity > 0 ? 1000 * request / memory_capacity : 0);
  if (score < 1000 + kGuaranteed) return 1000 + kGuaranteed;
  return score == kBestEffort ? score - 1 : score;
}

cri::Resources container_resources(const corev1::Pod& pod, const corev1::Container& container, std::int64_t memory_capacity) {
  const auto& resources = container.resources;
  const bool only_limit = !resources.requests.contains("cpu") && resources.limits.contains("cpu");
  cri::Resources result;
  result.cpu_shares = cpu_shares(milli_cpu(only_limit ? resources.limits : resources.requests));
  result.cpu_quota_us = cpu_quota(milli_cpu(resources.limits));
  if (result.cpu_quota_us > 0) result.cpu_period_us = kQuotaPeriod;
  result.memory_limit_bytes = bytes_of(resources.limits);
  result.oom_score_adj = oom_score(pod, container, memory_capacity);
  return result;
}

PodCgroups PodCgroups::of_this_machine(std::string root) {
  std::error_code error;
  const fs::path top = "/sys/fs/cgroup";
  if (fs::exists(top / "cgroup.controllers", error)) return {std::move(root), {top.string()}};
  std::vector<std::string> mounts;
  for (const auto& entry : fs::directory_iterator(top, error))
    if (entry.is_directory(error) && !entry.is_symlink(error) && fs::exists(entry.path() / "cgroup.procs", error)) mounts.push_back(entry.path().string());
  return {std::move(root), std::move(mounts)};
}

std::string PodCgroups::parent_of(const corev1::Pod& pod) const {
  const auto qos = qos_class(pod);
  const std::string level = qos == "Guaranteed" ? "" : qos == "Burstable" ? "/burstable" : "/besteffort";
  return root_ + "/kubepods" + level + "/pod" + pod.metadata.uid.str();
}

Status PodCgroups::make(const corev1::Pod& pod) const {
  const PodAmounts sum = amounts_of(pod);
  for (const auto& mount : mounts_) {
    const fs::path whole = mount + parent_of(pod);
    fs::path at = mount;
    for (const auto& part : fs::path(parent_of(pod)).relative_path()) {
      hand_down_controllers(at);
      at /= part;
      std::error_code error;
      fs::create_directory(at, error);
      if (error) return fail(Code::internal, "making cgroup " + at.string() + ": " + error.message());
      fill_cpuset(at);
    }
    hand_down_controllers(at);
    apply(whole, sum);
  }
  return {};
}

void PodCgroups::remove(const corev1::Pod& pod) const {
  for (const auto& mount : mounts_) remove_tree(mount + parent_of(pod));
}

}  // namespace plumb::kubelet
